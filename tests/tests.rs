//! All integration tests, as one program.

mod data;
mod drawing;
mod idx;
mod shards;
