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
    use nix::sys::signal::Signal::{SIGHUP, SIGINT, SIGTERM};
    let heard =
        [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !was_ignored(*signal)).map(|signal| signal as i32);
    let mut signals = signal_hook::iterator::Signals::new(heard)?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || signals.forever().for_each(|_| asked()))?;
    Ok(())
}

/// Whether the signal was ignored. It is now: there is no other way to ask.
#[cfg(unix)]
#[allow(unsafe_code)]
fn was_ignored(signal: nix::sys::signal::Signal) -> bool {
    use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, sigaction};
    let ignore = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    // SAFETY: what is unsafe about signals is the code that they run, and none is run by one that is ignored.
    unsafe { sigaction(signal, &ignore) }.is_ok_and(|before| matches!(before.handler(), SigHandler::SigIgn))
}

#[cfg(windows)]
fn watch() -> anyhow::Result<()> {
    Ok(ctrlc::set_handler(asked)?)
}

/// Whether somebody asked to end.
pub fn is_asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
