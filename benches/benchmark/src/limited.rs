//! Programs that are given so much time and no more.

use anyhow::{Context, Result, bail};
use duct::Expression;
use std::time::Duration;

/// Runs a program and gives what it wrote to standard output.
///
/// # Errors
/// When it fails, with the telling line of its standard error, or is not done in time; then it is ended.
pub fn output(command: &Expression, limit: Duration) -> Result<String> {
    let (succeeds, out, err) = ended(&command.stdout_capture().stderr_capture(), limit)?;
    if succeeds {
        return Ok(out);
    }
    let lines = || err.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = lines().rfind(|line| line.contains("Error") || line.contains("error")).or_else(|| lines().next_back());
    bail!("{}", error.unwrap_or("it failed and said nothing"))
}

/// Runs a program with its output on the terminal.
///
/// # Errors
/// When it fails or is not done in time; then it is ended.
pub fn shown(command: &Expression, limit: Duration) -> Result<()> {
    // What this prints itself is the report: whatever else is said goes to standard error.
    let (succeeds, ..) = ended(&command.stdout_to_stderr(), limit)?;
    if succeeds { Ok(()) } else { bail!("it failed: {command:?}") }
}

/// Waits for the end: whether it was a good one, and what was captured of both outputs.
fn ended(command: &Expression, limit: Duration) -> Result<(bool, String, String)> {
    let running = command.stdin_null().unchecked().start().with_context(|| format!("cannot be run: {command:?}"))?;
    let Some(output) = running.wait_timeout(limit)? else {
        running.kill()?;
        bail!("not done after {} s: {command:?}", limit.as_secs_f32());
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((output.status.success(), text(&output.stdout), text(&output.stderr)))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use duct::cmd;
    use std::time::Instant;

    #[test]
    fn what_takes_too_long_is_ended() {
        let start = Instant::now();
        let slow = output(&cmd("sleep", ["60"]), Duration::from_millis(200));
        assert!(slow.is_err_and(|error| error.to_string().contains("not done")));
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn output_and_errors_are_told_apart() {
        let sh = |script: &str| output(&cmd("sh", ["-c", script]), Duration::from_secs(20));
        assert_eq!(sh("echo loss 1; echo noise >&2").unwrap(), "loss 1\n");
        assert_eq!(sh("echo 'An Error: no' >&2; echo bye >&2; exit 1").unwrap_err().to_string(), "An Error: no");
        assert!(output(&cmd("/nowhere/program", ["x"]), Duration::from_secs(1)).is_err());
    }
}
