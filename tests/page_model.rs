//! The page's model in a world whose engines compute nothing: what the page does, whatever happens and in whatever order.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::wildcard_enum_match_arm, clippy::print_stderr, reason = "a program of its own")]

#[path = "page_model/crashes.rs"]
mod crashes;
#[path = "page_model/opening.rs"]
mod opening;
#[path = "page_model/random.rs"]
mod random;
#[path = "page_model/training.rs"]
mod training;
#[path = "page_model/world.rs"]
mod world;
