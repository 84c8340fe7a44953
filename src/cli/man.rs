use std::path::PathBuf;

use clap::Args;
use clap_mangen::Man;

use super::error::CliError;
use super::exit::Exit;
use super::write;

/// Arguments of `floe man`.
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Write one page for each command to this folder, which must exist
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints the manual page of floe, or writes the pages of all commands.
pub(super) fn run(arguments: &ManArgs, command: &clap::Command) -> Result<Exit, CliError> {
    if let Some(folder) = &arguments.out {
        clap_mangen::generate_to(command.clone(), folder)
            .map_err(|source| CliError::Write { what: folder.display().to_string(), source })?;
        return Ok(Exit::Done);
    }
    let mut page = Vec::new();
    Man::new(command.clone())
        .render(&mut page)
        .map_err(|source| CliError::Write { what: "the manual page".to_owned(), source })?;
    write::stdout(|out| out.write_all(&page))?;
    Ok(Exit::Done)
}
