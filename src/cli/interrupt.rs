//! The handling of Ctrl-C and of requests to terminate: the first is handled between two steps, so that the run can be
//! saved; the second ends the program at once.

use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// The exit code of a program that was interrupted.
pub const EXIT_CODE: u8 = 130;

/// The error of a run that was interrupted.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Interrupted(pub String);

/// Installs the handlers.
///
/// # Errors
/// When the system refuses.
pub fn listen() -> anyhow::Result<()> {
    watch()
}

/// Handles a request to terminate.
fn handle_request() {
    if REQUESTED.swap(true, Ordering::Relaxed) {
        std::process::exit(i32::from(EXIT_CODE));
    }
    super::tell("\nSaving; press Ctrl-C again to quit without");
}

/// Installs handlers for Ctrl-C, `kill` and a closed terminal. A signal that was ignored at the start stays so: that is
/// the intention of `nohup` and of a shell's background jobs.
#[cfg(unix)]
fn watch() -> anyhow::Result<()> {
    use nix::sys::signal::Signal::{SIGHUP, SIGINT, SIGTERM};
    let heard =
        [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !was_ignored(*signal)).map(|signal| signal as i32);
    let mut signals = signal_hook::iterator::Signals::new(heard)?;
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || signals.forever().for_each(|_| handle_request()))?;
    Ok(())
}

/// Whether the signal was ignored. It is afterwards: there is no other way to find out.
#[cfg(unix)]
#[allow(unsafe_code)]
fn was_ignored(signal: nix::sys::signal::Signal) -> bool {
    use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, sigaction};
    let ignore = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    // SAFETY: signals are unsafe because of the code that their handlers run, and an ignored signal runs none.
    unsafe { sigaction(signal, &ignore) }.is_ok_and(|before| matches!(before.handler(), SigHandler::SigIgn))
}

#[cfg(windows)]
fn watch() -> anyhow::Result<()> {
    Ok(ctrlc::set_handler(handle_request)?)
}

/// Whether a request to terminate has come.
pub fn is_asked() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}
