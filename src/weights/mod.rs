//! Weights in files.

pub mod checkpoint;
