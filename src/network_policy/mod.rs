//! Network policies: the flows that a configuration declares, and the policies that allow exactly those.
