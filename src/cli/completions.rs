use clap::Args;
use clap_complete::Shell;

use super::error::CliError;
use super::exit::Exit;
use super::write;

/// Arguments of `floe completions`.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints a completion script.
pub(super) fn run(arguments: &CompletionsArgs, command: &mut clap::Command) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, command, "floe", &mut script);
    write::stdout(|out| out.write_all(&script))?;
    Ok(Exit::Done)
}
