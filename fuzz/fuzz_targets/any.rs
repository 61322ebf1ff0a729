//! Every target in one program, so that burn is built and linked once: the variable `SPIKING_FUZZ` names the one that runs.

#![no_main]

// How many cases there are is for the tests.
#[allow(dead_code)]
#[path = "../checks.rs"]
mod checks;

use std::sync::LazyLock;

static CHOSEN: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("SPIKING_FUZZ").unwrap_or_default();
    let target = checks::TARGETS.iter().find(|target| target.name == name);
    let names: Vec<&str> = checks::TARGETS.iter().map(|target| target.name).collect();
    target.unwrap_or_else(|| panic!("SPIKING_FUZZ must be one of: {}", names.join(", "))).check
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| CHOSEN(bytes));
