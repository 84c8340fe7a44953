use std::error::Error as StdError;
use std::time::Duration;

use hyper_util::client::legacy::Error as ConnectionError;
use kube::core::Status;
use kube::core::response::StatusCause;

/// How the TLS library calls a certificate authority that stands for a server.
const CA_AS_SERVER: &str = "CaUsedAsEndEntity";

/// Why a cluster does not tell or do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClusterError {
    /// The kubeconfig is missing, broken, or has no such context.
    #[error("the kubeconfig cannot be used: {0}")]
    Kubeconfig(String),
    /// The credentials of the kubeconfig cannot be had: an exec plugin fails, a file is missing.
    #[error("there are no credentials for {server}: {reason}")]
    Credentials {
        /// The URL of the server.
        server: String,
        /// What fails.
        reason: String,
    },
    /// There is no connection.
    #[error("{server} cannot be reached: {reason}")]
    Unreachable {
        /// The URL of the server.
        server: String,
        /// What fails.
        reason: String,
    },
    /// There is a server, but not the one that the kubeconfig trusts.
    #[error("{server} cannot be trusted: {reason}")]
    Tls {
        /// The URL of the server.
        server: String,
        /// What TLS says.
        reason: String,
    },
    /// The server shows the certificate of a certificate authority as its own.
    #[error("{server} cannot be trusted: its certificate is itself one of a certificate authority (CA:TRUE)")]
    CaAsServer {
        /// The URL of the server.
        server: String,
    },
    /// The server took longer than `--request-timeout`.
    #[error("{server} gave no answer within {} s: {what}", after.as_secs_f64())]
    Timeout {
        /// The URL of the server.
        server: String,
        /// What was asked.
        what: String,
        /// How long was waited.
        after: Duration,
    },
    /// The connection was cut, again and again.
    #[error("the connection to {server} was cut: {what}: {reason}")]
    Cut {
        /// The URL of the server.
        server: String,
        /// What was asked.
        what: String,
        /// What fails.
        reason: String,
    },
    /// HTTP 401: a wrong or expired token.
    #[error("{server} does not accept the credentials: {what}: {message}")]
    Unauthorized {
        /// The URL of the server.
        server: String,
        /// What was asked.
        what: String,
        /// The server's words.
        message: String,
    },
    /// HTTP 403: the user may not do it.
    #[error("{message}")]
    Forbidden {
        /// What was asked.
        what: String,
        /// The server's words, which name user, verb and resource.
        message: String,
    },
    /// Another answer that is none.
    #[error("{what}: the API server answered {status}: {message}")]
    Refused {
        /// What was asked.
        what: String,
        /// The HTTP status.
        status: u16,
        /// The server's words.
        message: String,
        /// The fields at fault with the server's words on each, if it names them.
        causes: Vec<(String, String)>,
    },
    /// An answer that cannot be read.
    #[error("{what}: the answer of the API server cannot be read: {reason}")]
    Garbled {
        /// What was asked.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl ClusterError {
    /// A way out.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Kubeconfig(_) => {
                "`kubectl config get-contexts` lists the contexts; choose with --kubeconfig, KUBECONFIG and --context"
            }
            Self::Credentials { .. } => {
                "run the login of your provider, or the command under `users` of the kubeconfig"
            }
            Self::Unreachable { .. } => "is the cluster up, and the network (VPN, proxy) too? Try `kubectl version`",
            Self::Tls { .. } => {
                "compare `certificate-authority` and `server` of the kubeconfig with the cluster; it may have been \
                 made anew"
            }
            Self::CaAsServer { .. } => {
                "kubectl takes such a certificate, floe's TLS does not: give the server one with `basicConstraints=CA:FALSE`, \
                 signed by that authority or by itself, or go through `kubectl proxy`"
            }
            Self::Timeout { .. } => "give it more time with --request-timeout, such as 5m",
            Self::Cut { .. } => "a proxy or load balancer may end long answers; try again",
            Self::Unauthorized { .. } => "the token may have expired: log in again, then try `kubectl auth whoami`",
            Self::Forbidden { .. } => {
                "ask for the right, or use another user (--context, --as); `kubectl auth can-i --list` shows the rights"
            }
            Self::Refused { .. } | Self::Garbled { .. } => {
                "`floe -vv` shows every request; is this an API server of Kubernetes?"
            }
        }
    }

    /// Whether the same request may succeed the next time.
    pub(super) const fn is_passing(&self) -> bool {
        matches!(self, Self::Cut { .. })
    }

    /// What an answer that is no success means.
    pub(super) fn of_answer(server: &str, what: &str, status: u16, text: &str) -> Self {
        let (what, message) = (what.to_owned(), message(text));
        match status {
            401 => Self::Unauthorized { server: server.to_owned(), what, message },
            403 => Self::Forbidden { what, message },
            _ => Self::Refused { what, status, message, causes: fields_at_fault(text) },
        }
    }

    /// What a request that got no answer died of.
    pub(super) fn of_request(server: &str, what: &str, error: &(dyn StdError + 'static)) -> Self {
        let server = server.to_owned();
        let chain = || std::iter::successors(Some(error), |&error| cause(error));
        if let Some(tls) = chain().find_map(|error| error.downcast_ref::<rustls::Error>()) {
            return if tls.to_string().contains(CA_AS_SERVER) {
                Self::CaAsServer { server }
            } else {
                Self::Tls { server, reason: tls.to_string() }
            };
        }
        if let Some(auth) = chain().find(|error| is_auth(*error)) {
            return Self::Credentials { server, reason: auth.to_string() };
        }
        // The last cause says most: "Connection refused", where the first says "client error".
        let reason = chain().last().map(ToString::to_string).unwrap_or_default();
        let is_connect = |error: &(dyn StdError + 'static)| {
            error.downcast_ref::<ConnectionError>().is_some_and(ConnectionError::is_connect)
        };
        if chain().any(is_connect) {
            Self::Unreachable { server, reason }
        } else {
            Self::Cut { server, what: what.to_owned(), reason }
        }
    }
}

/// What is behind an error. An I/O error does not name as its source what sits inside it, but the source of that.
fn cause<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    let inside = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    inside.map(|inside| inside as &(dyn StdError + 'static)).or_else(|| error.source())
}

fn is_auth(error: &(dyn StdError + 'static)) -> bool {
    error.is::<kube::client::AuthError>() || matches!(error.downcast_ref::<kube::Error>(), Some(kube::Error::Auth(_)))
}

/// The `Status` of an answer; other answers, such as those of a proxy, are none.
fn status(text: &str) -> Option<Status> {
    serde_json::from_str(text).ok()
}

/// What a `Status` names as its causes.
pub(super) fn causes(text: &str) -> Vec<StatusCause> {
    status(text).and_then(|status| status.details).map(|details| details.causes).unwrap_or_default()
}

/// The fields that a `Status` says are wrong, with its words on each.
fn fields_at_fault(text: &str) -> Vec<(String, String)> {
    causes(text).into_iter().filter(|it| !it.field.is_empty()).map(|it| (it.field, it.message)).collect()
}

/// The words of a `Status`; of other answers the first line.
pub(super) fn message(text: &str) -> String {
    match status(text).map(|status| status.message).filter(|message| !message.is_empty()) {
        Some(message) => message,
        None => text.lines().next().unwrap_or("nothing").chars().take(200).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        let status = r#"{"kind":"Status","message":"pods is forbidden: User \"x\" cannot list"}"#;
        let of = |code| ClusterError::of_answer("https://s", "list pods", code, status);
        assert!(matches!(of(403), ClusterError::Forbidden { .. }));
        assert_eq!(of(403).to_string(), "pods is forbidden: User \"x\" cannot list");
        assert!(matches!(of(401), ClusterError::Unauthorized { .. }));
        assert!(matches!(of(500), ClusterError::Refused { status: 500, .. }));
        assert_eq!(message("<html>\nBad gateway"), "<html>");
        assert_eq!(message(""), "nothing");
    }

    #[test]
    fn a_refused_connection_is_no_cut() {
        let refused = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "reset");
        assert!(ClusterError::of_request("https://s", "list pods", &refused).is_passing());
        let tls = std::io::Error::new(
            std::io::ErrorKind::InvalidData,
            rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer),
        );
        let nested = std::io::Error::other(tls);
        assert!(matches!(ClusterError::of_request("https://s", "x", &nested), ClusterError::Tls { .. }));
    }
}
