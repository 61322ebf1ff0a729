//! Between the world and the model: what happens becomes an event in the queue, and effects are done.

pub mod effects;
pub mod environment;
pub mod fetch;
pub mod host;
pub mod listeners;
pub mod observers;
pub mod worker;
