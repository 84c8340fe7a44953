use clap::Args;

use super::error::CliError;
use super::exit::Exit;
use super::write;
use crate::config;

/// Arguments of `floe schema`: none.
#[derive(Debug, Args)]
pub(super) struct SchemaArgs {}

/// Prints the JSON Schema of the configuration, for editors and for `krm/schema.json`.
pub(super) fn run(_: &SchemaArgs) -> Result<Exit, CliError> {
    let schema = config::schema();
    write::stdout(|out| writeln!(out, "{schema:#}"))?;
    Ok(Exit::Done)
}
