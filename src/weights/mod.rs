//! Weights in files.

pub mod checkpoint;
pub mod format;
pub mod pytorch;
