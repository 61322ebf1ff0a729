//! Networks and runs as files.

pub mod checkpoint;
pub mod format;
pub mod pieces;
pub mod pytorch;
pub mod rounding;
pub mod stdp;
pub mod writer;
