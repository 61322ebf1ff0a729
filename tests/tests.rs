//! All integration tests, as one program.

mod idx;
mod shards;
