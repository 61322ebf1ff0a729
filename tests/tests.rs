//! All integration tests, as one program.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a program of its own"
)]

mod chips;
mod data;
mod drawing;
mod files;
#[cfg(feature = "web")]
mod fuzz;
mod idx;
mod imitated;
mod jobs;
mod kernels;
mod layout;
mod mismatches;
mod models;
mod network;
mod oracle;
mod pen;
#[cfg(feature = "web")]
mod photo_reader;
mod photos;
mod plasticity;
mod predict;
mod program;
mod resume;
mod rounded;
mod runs;
mod session;
mod session_stdp;
mod session_team;
mod shards;
mod shares;
mod signals;
mod spec;
mod spikes;
mod traces;
mod weights;
