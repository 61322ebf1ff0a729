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
    watch()
}

/// Somebody asks to end.
fn asked() {
    if ASKED.swap(true, Ordering::Relaxed) {
        std::process::exit(i32::from(EXIT_CODE));
    }
    super::tell("\nSaving; press Ctrl-C again to quit without");
}

/// Has Ctrl-C, `kill` and a terminal that is closed heard. What was ignored when the program began stays so: `nohup` and
/// a shell's background jobs have that meant.
#[cfg(unix)]
fn watch() -> anyhow::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let heard = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !is_ignored(*signal));
    let mut signals = signal_hook::iterator::Signals::new(heard)?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || signals.forever().for_each(|_| asked()))?;
    Ok(())
}

#[cfg(unix)]
#[allow(unsafe_code, reason = "no safe way to ask is known to any library")]
fn is_ignored(signal: i32) -> bool {
    // SAFETY: given no new action, the call does nothing but write the present one into memory that is ours; an action of
    // zeros is a valid one.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0 && action.sa_sigaction == libc::SIG_IGN
    }
}

#[cfg(windows)]
fn watch() -> anyhow::Result<()> {
    Ok(ctrlc::set_handler(asked)?)
}

/// Whether somebody asked to end.
pub fn is_asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
