//! All integration tests, as one program.

mod drawing;
mod idx;
mod shards;
