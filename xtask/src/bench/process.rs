//! Programs that are given so much time and no more.

use crate::run::{Result, text};
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long a program may take.
#[derive(Clone, Copy, Debug)]
pub struct Limit(Duration);

impl Limit {
    /// So many seconds.
    pub fn seconds(seconds: f64) -> Self {
        Self(Duration::from_secs_f64(seconds))
    }
}

/// Runs a program and gives what it wrote to standard output.
///
/// # Errors
/// When it fails, with the last line of its standard error, or is not done within the limit; then it is ended.
pub fn output(command: &mut Command, limit: Limit) -> Result<String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("`{}` cannot be run: {error}", text(command)))?;
    let (out, err) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let status = end(&mut child, limit).map_err(|error| format!("`{}` {error}", text(command)))?;
    // A grandchild that lives on could hold the pipes open.
    let said = |from: Receiver<String>| from.recv_timeout(Duration::from_secs(5)).unwrap_or_default();
    let (out, err) = (said(out), said(err));
    if status {
        return Ok(out);
    }
    let lines = || err.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = lines().rfind(|line| line.contains("Error") || line.contains("error")).or_else(|| lines().next_back());
    Err(error.unwrap_or("it failed and said nothing").to_owned())
}

/// Runs a program with its output on the terminal.
///
/// # Errors
/// When it fails or is not done within the limit; then it is ended.
pub fn shown(command: &mut Command, limit: Limit) -> Result<()> {
    let program = text(command);
    // What this prints itself is the report: whatever else is said goes to standard error.
    let child = command.stdin(Stdio::null()).stdout(std::io::stderr()).spawn();
    let mut child = child.map_err(|error| format!("`{program}` cannot be run: {error}"))?;
    match end(&mut child, limit) {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!("`{program}` failed")),
        Err(error) => Err(format!("`{program}` {error}")),
    }
}

/// Reads to the end beside the program, so that it never waits for a reader.
fn reader(stream: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            let _ = stream.read_to_end(&mut bytes);
        }
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

/// Waits for the end; says whether it was a good one.
fn end(child: &mut Child, Limit(limit): Limit) -> Result<bool> {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status.success()),
            Ok(None) if start.elapsed() < limit => std::thread::sleep(Duration::from_millis(50)),
            waiting => {
                let _ = child.kill();
                let _ = child.wait();
                return match waiting {
                    Err(error) => Err(format!("cannot be waited for: {error}")),
                    _ => Err(format!("was not done after {} s", limit.as_secs())),
                };
            }
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_long_is_ended() {
        let start = Instant::now();
        let slow = output(Command::new("sleep").arg("60"), Limit::seconds(0.2));
        assert!(slow.is_err_and(|error| error.contains("not done")));
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn output_and_errors_are_told_apart() {
        let sh = |script: &str| output(Command::new("sh").args(["-c", script]), Limit::seconds(20.0));
        assert_eq!(sh("echo loss 1; echo noise >&2").as_deref(), Ok("loss 1\n"));
        assert_eq!(sh("echo 'An Error: no' >&2; echo bye >&2; exit 1"), Err("An Error: no".to_owned()));
    }
}
