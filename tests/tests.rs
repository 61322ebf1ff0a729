//! All integration tests, as one program.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod kernels;
mod layout;
mod network;
mod spec;
mod spikes;
mod traces;
