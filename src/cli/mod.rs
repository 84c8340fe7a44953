//! The command line: the only place that reads and writes streams, files and the environment.

mod args;
mod cluster;
mod compile;
mod completions;
mod configuration;
mod deploy;
mod error;
mod exit;
mod explain;
mod fetched;
mod findings;
mod folder;
mod input;
mod log;
mod man;
mod manifests;
mod network;
mod options;
mod plugins;
mod pods;
mod render;
mod run_log;
mod schema;
mod write;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use args::{Args, Command};
use error::CliError;
use exit::Exit;
use options::{LogFormat, LoggingArgs};

/// Runs the program with the arguments of the process and gives its exit code.
pub fn run() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version are results, everything else is a usage error.
            let logging = LoggingArgs { verbose: 0, log_format: LogFormat::Text };
            return print_instead(&error).unwrap_or_else(|error| error.report(&logging)).into();
        }
    };
    log::init(&args.active_render().logging);
    let result = match &args.command {
        None => render::run(&args.render),
        Some(Command::Render(render)) => render::run(render),
        Some(Command::Pods(arguments)) => pods::run(arguments, &args.render.logging),
        Some(Command::Compile(arguments)) => compile::run(arguments, &args.render.logging),
        Some(Command::Deploy(arguments)) => deploy::run(arguments, &args.render.logging),
        Some(Command::Network(arguments)) => network::run(arguments, &args.render.logging),
        Some(Command::Explain(arguments)) => explain::run(arguments),
        Some(Command::Schema(arguments)) => schema::run(arguments),
        Some(Command::Completions(arguments)) => completions::run(arguments, &mut Args::command()),
        Some(Command::Man(arguments)) => man::run(arguments, &Args::command()),
    };
    let result = match result {
        Err(CliError::NothingToRead(command)) => print_help(command),
        result => result,
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => error.report(&args.active_render().logging).into(),
    }
}

/// Prints what clap has to say in place of a run: wrong usage, or help and the version, which are results.
fn print_instead(error: &clap::Error) -> Result<Exit, CliError> {
    if error.use_stderr() {
        let _ = error.print();
        return Ok(Exit::Usage);
    }
    let text = error.render();
    let is_colored = log::is_stdout_colored();
    let written = write::stdout(|out| if is_colored { write!(out, "{}", text.ansi()) } else { write!(out, "{text}") });
    match written {
        // `floe --help | head`
        Err(CliError::Write { source, .. }) if source.kind() == std::io::ErrorKind::BrokenPipe => Ok(Exit::Done),
        written => written.map(|()| Exit::Done),
    }
}

/// Prints the help of a command, named by its words.
fn print_help(command: &[&str]) -> Result<Exit, CliError> {
    let mut program = Args::command();
    program.build();
    let found = command.iter().try_fold(&mut program, |command, name| command.find_subcommand_mut(name));
    let help = found.map(|command| command.render_long_help().to_string()).unwrap_or_default();
    write::stdout(|out| write!(out, "{help}"))?;
    Ok(Exit::Done)
}
