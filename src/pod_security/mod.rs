//! Pod Security: the checks of Pod Security Admission, and hardening.
