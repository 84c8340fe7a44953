use clap::{Args, ValueEnum};

use super::input::{InputArgs, named_texts, print};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::log;
use crate::cli::manifests::frame_all;
use crate::cli::options::LoggingArgs;
use crate::object::Protocol;
use crate::report::{write_explanation_json, write_explanation_text};
use crate::snapshot::{ConnectionQuery, Trace, TraceError, trace};

/// Arguments of `floe network explain`.
#[derive(Debug, Args)]
#[command(
    long_about = "Says whether a connection is made, and why: for each side which policies isolate the pod, which rule \
                  of \
        which policy allows the connection, or why none does, each with its place. Without a port: all that may pass, \
        and each rule that adds to it.\n\n\
        SRC and DST are NAMESPACE/NAME, NAMESPACE/NAME[Kind] or an address. DST may also be a Service, \
        NAMESPACE/NAME[Service]: policy sees the port of the pods behind it, never that of the Service. A name that a \
        workload has as well means the Service where PORT is one of its ports. What depends on whether ipBlock matches pods is said; \
        the exit code is that of a CNI where it does not.",
    after_long_help = "Examples:\n  \
        floe network explain shop/web shop/db 5432/TCP -f manifests/\n  \
        floe network explain 203.0.113.7 shop/web -f manifests/\n  \
        kubectl get all,ns,netpol,svc -A -o yaml | floe network explain shop/web shop/db 5432\n\n\
        Exit codes:\n  \
        0   allowed; without a port: something is\n  \
        1   denied; for a Service: to some of its pods\n  \
        2   wrong usage or configuration, or nothing of that name\n  \
        3   the input cannot be read or processed\n  \
        70  internal error"
)]
pub(super) struct ExplainArgs {
    /// Who opens the connection
    #[arg(value_name = "SRC")]
    source: String,

    /// Who accepts it
    #[arg(value_name = "DST")]
    destination: String,

    /// A port of DST; TCP where no protocol is named
    #[arg(value_name = "PORT[/PROTO]", value_parser = port)]
    port: Option<ConnectionQuery>,

    #[command(flatten)]
    cluster: InputArgs,

    /// Form of the answer
    #[arg(short, long, value_name = "FORM", value_enum, default_value_t = Form::Text)]
    output: Form,
}

/// Forms of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// One JSON document
    Json,
}

fn port(text: &str) -> Result<ConnectionQuery, String> {
    let (number, protocol) = text.split_once('/').unwrap_or((text, "TCP"));
    let protocol = Protocol::parse(&protocol.to_ascii_uppercase()).ok_or("the protocol must be TCP, UDP or SCTP")?;
    let number =
        number.parse().ok().filter(|&number| number != 0).ok_or("the port must be a number from 1 to 65535")?;
    Ok(ConnectionQuery::Port(protocol, number))
}

/// Explains a connection: files or standard input to standard output.
pub(super) fn run(arguments: &ExplainArgs, logging: &LoggingArgs) -> Result<Exit, CliError> {
    let sources = arguments.cluster.sources(&["network", "explain"])?;
    let streams = frame_all(&sources);
    let (config, snapshot) = arguments.cluster.snapshot(&sources, &streams, logging)?;
    let question = arguments.port.unwrap_or(ConnectionQuery::Everything);
    let ends = (arguments.source.as_str(), arguments.destination.as_str());
    let traces = trace(&streams, &snapshot, &config, ends, question).map_err(|error| match error {
        TraceError::NoSuchWorkload(error) => CliError::of_workload(error),
        error => CliError::Ends(error.to_string()),
    })?;
    let named_texts = named_texts(&sources);
    print(|out| match arguments.output {
        Form::Text => write_explanation_text(&traces, &named_texts, &log::painter_for_stdout(), out),
        Form::Json => write_explanation_json(&traces, &named_texts, out),
    })?;
    Ok(if traces.iter().all(Trace::is_allowed) { Exit::Done } else { Exit::Findings })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ports() {
        let shown = |text| port(text).map(|it| it.to_string());
        assert_eq!(shown("80"), Ok("TCP 80".to_owned()));
        assert_eq!(shown("53/UDP"), Ok("UDP 53".to_owned()));
        assert_eq!(shown("65535/sctp"), Ok("SCTP 65535".to_owned()));
        for bad in ["", "0", "65536", "http", "80/", "80/ICMP", "/TCP", "-1"] {
            assert!(port(bad).is_err(), "{bad}");
        }
    }
}
