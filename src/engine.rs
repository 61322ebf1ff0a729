//! engine
pub fn start() {}
