//! What objects mean, and that all readings of them agree.

mod agreement;
mod exceptions;
mod families;
mod reading;
