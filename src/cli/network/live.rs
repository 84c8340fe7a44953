//! What a live cluster says of policies that are validated.

use crate::cli::cluster::AccessArgs;
use crate::cli::error::CliError;
use crate::cli::options::LoggingArgs;
use crate::stream::Stream;
use crate::verdict::{Validation, ValidationRequest};

/// Says that there is no client.
#[cfg(not(feature = "cluster"))]
pub(super) fn validate(
    _: &AccessArgs,
    _: ValidationRequest,
    _: &[Stream<'_>],
    _: Option<String>,
    _: impl Fn(&ValidationRequest) -> Result<Validation, CliError>,
    _: &LoggingArgs,
) -> Result<(Validation, bool), CliError> {
    Err(CliError::WithoutCluster("--cluster"))
}

#[cfg(feature = "cluster")]
pub(super) use with_client::validate;

#[cfg(feature = "cluster")]
mod with_client {
    use super::{AccessArgs, CliError, LoggingArgs, Stream, Validation, ValidationRequest};
    use crate::cli::{log, plugins};
    use crate::cluster::{Applied, ApplyError, ClusterError, Commitment, OnConflict};
    use crate::cni::detect;
    use crate::verdict::{Refusal, ServerAnswer, candidates, of_server};

    /// Validates for a cluster: `judge` with its plugin, then what its API server says of each policy. Also whether
    /// everything could be seen that tells of plugins.
    pub(in crate::cli::network) fn validate(
        access: &AccessArgs,
        request: ValidationRequest,
        streams: &[Stream<'_>],
        home: Option<String>,
        judge: impl Fn(&ValidationRequest) -> Result<Validation, CliError>,
        logging: &LoggingArgs,
    ) -> Result<(Validation, bool), CliError> {
        let cluster = access.open(None)?;
        let seen = plugins::live(&cluster)?;
        log::unseen(&seen.unseen, logging);
        let mut validation = judge(&ValidationRequest { enforcers: Some(detect(&seen.observed)), ..request })?;
        let asked = candidates(streams);
        let objects: Vec<_> = asked.iter().map(|it| it.value.clone()).collect();
        let home = home.unwrap_or_else(|| cluster.namespace().to_owned());
        let answers = cluster.apply(&objects, &home, Commitment::DryRun, OnConflict::Take, |_| ());
        let answers: Vec<ServerAnswer> = answers.into_iter().map(answer).collect::<Result<_, _>>()?;
        validation.add(of_server(&asked, &answers, streams));
        Ok((validation, seen.unseen.is_empty()))
    }

    /// What an answer says of the object; an error if it says something of the user or the server.
    fn answer(applied: Result<Applied, ApplyError>) -> Result<ServerAnswer, CliError> {
        let whole = |message: String| ServerAnswer::Refused(vec![Refusal { field: String::new(), message }]);
        match applied {
            Ok(Applied::Unjudged) => Ok(ServerAnswer::NotJudged),
            Ok(Applied::Created | Applied::Configured | Applied::Unchanged) => Ok(ServerAnswer::Taken),
            Err(ApplyError::Cluster(ClusterError::Refused { causes, message, .. })) if causes.is_empty() => {
                // The server names a field that it does not know in its words only.
                let field = message.split([' ', '"']).find(|word| word.trim_start_matches('.').starts_with("spec."));
                let field = field.unwrap_or_default().trim_end_matches(':').to_owned();
                Ok(ServerAnswer::Refused(vec![Refusal { field, message }]))
            }
            Err(ApplyError::Cluster(ClusterError::Refused { causes, .. })) => {
                let refusal = |(field, message): (String, String)| {
                    let message = if field.is_empty() { message } else { format!("{field}: {message}") };
                    Refusal { field, message }
                };
                Ok(ServerAnswer::Refused(causes.into_iter().map(refusal).collect()))
            }
            // Admission plugins and webhooks refuse with the status that a missing right has.
            Err(ApplyError::Cluster(ClusterError::Forbidden { message, .. })) if !is_missing_right(&message) => {
                Ok(whole(message))
            }
            Err(error @ (ApplyError::NoSuchKind(_) | ApplyError::Conflicts(_))) => Ok(whole(error.to_string())),
            Err(ApplyError::Cluster(error)) => Err(error.into()),
        }
    }

    /// Whether a refusal is that of RBAC: `… is forbidden: User "x" cannot patch resource …`.
    fn is_missing_right(message: &str) -> bool {
        message.contains("is forbidden: User \"") && message.contains(" cannot ")
    }
}
