//! The integration tests, in one binary.

mod pod_security_fixtures;
