//! Laws and regressions of the whole path from configuration to policies.

mod golden;
mod merge;
mod plugins;
mod proof;
mod real_charts;
mod regression;
pub(super) mod world;
