//! page
pub fn start() {}
