//! Ctrl-C and a polite request to end: the first is heard between two steps, so that what was reached can be saved; the
//! second ends the program at once.

use std::sync::atomic::{AtomicBool, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);

/// The exit code of a program that was interrupted.
pub const EXIT_CODE: u8 = 130;

/// Why a run ended before its time.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Interrupted(pub String);

/// Listens from now on.
///
/// # Errors
/// When the system does not let us.
pub fn listen() -> anyhow::Result<()> {
    ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(EXIT_CODE));
        }
        super::tell("\nSaving; press Ctrl-C again to quit without");
    })?;
    Ok(())
}

/// Whether somebody asked to end.
pub fn is_asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
