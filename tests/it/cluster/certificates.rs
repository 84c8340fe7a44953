use std::fs;
use std::path::{Path, PathBuf};

/// What the server shows and what it knows its administrator by.
pub(super) struct Credentials {
    /// A certificate for 127.0.0.1 that is its own authority, as PEM.
    pub(super) certificate: PathBuf,
    /// Its key; the server also signs the tokens of service accounts with it.
    pub(super) key: PathBuf,
    /// A file with one static token.
    pub(super) tokens: PathBuf,
    /// That token.
    pub(super) token: &'static str,
}

/// Makes them in a folder. The token is no secret: the server listens on loopback, for minutes, and holds nothing.
pub(super) fn write(dir: &Path) -> Credentials {
    let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let credentials = Credentials {
        certificate: dir.join("server.crt"),
        key: dir.join("server.key"),
        tokens: dir.join("tokens.csv"),
        token: "administrator",
    };
    fs::write(&credentials.certificate, made.cert.pem()).unwrap();
    fs::write(&credentials.key, made.signing_key.serialize_pem()).unwrap();
    fs::write(&credentials.tokens, format!("{},admin,1,system:masters\n", credentials.token)).unwrap();
    credentials
}
