//! Weights in files.

pub mod checkpoint;
pub mod format;
pub mod pieces;
pub mod pytorch;
pub mod writer;
