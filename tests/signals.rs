//! Runs that are interrupted, listened to, left alone, killed, or begun beside each other.

use crate::program::{names, refused, spiking, text};
use crate::runs::{stripes_in, tiny, trained};
use std::fs;
use std::io::{BufRead, BufReader, Lines, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A run that goes on for long.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    /// One whose first epoch is saved. `script` begins it, as `"$@"`.
    fn begin(data: &Path, output: &Path, script: &str) -> Self {
        let mut command = Command::new("sh");
        listens(&mut command);
        let mut child = command
            .args(["-c", script, "sh", env!("CARGO_BIN_EXE_spiking")])
            .args(tiny(data, output))
            .args(["--epochs", "10000"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut running = Self { child, lines };
        running.goes_on(1);
        running
    }

    /// Waits for so many more epochs.
    fn goes_on(&mut self, epochs: usize) {
        for _ in 0..epochs {
            let line = self.lines.next().and_then(Result::ok).unwrap_or_default();
            assert!(line.starts_with("Epoch"), "it ended: {line}");
        }
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Its exit code, and what it said.
    fn end(mut self) -> (Option<i32>, String) {
        // What it prints goes on being read, so that it does not wait for that.
        let rest = self.lines.map_while(Result::ok).count();
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), format!("{said} after {rest} more epochs"))
    }
}

/// Lets a program hear the signals that the tests were told to ignore, as in the background of a script or under nohup.
#[cfg(unix)]
#[expect(unsafe_code, reason = "what runs between fork and exec is unsafe; setting signals is allowed there (POSIX)")]
fn listens(command: &mut Command) {
    use nix::sys::signal::{SigHandler, Signal, signal};
    use std::os::unix::process::CommandExt;
    let reset = || {
        for name in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM] {
            // SAFETY: the default action runs no code of ours.
            unsafe { signal(name, SigHandler::SigDfl) }?;
        }
        Ok(())
    };
    // SAFETY: the closure only calls `signal`, which is async-signal-safe, and allocates nothing.
    unsafe { command.pre_exec(reset) };
}

#[cfg(not(unix))]
fn listens(_: &mut Command) {}

fn place() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (data, output) = (stripes_in(folder.path()), folder.path().join("run"));
    (folder, data, output)
}

fn epochs_in(output: &Path) -> usize {
    fs::read_to_string(output.join("metrics.csv")).unwrap().lines().count() - 1
}

#[cfg(unix)]
#[test]
fn what_was_ignored_when_a_run_began_stays_ignored() {
    for (ignored, heard) in [("HUP", "-INT"), ("INT", "-TERM"), ("TERM", "-HUP")] {
        let (_folder, data, output) = place();
        let mut running = Running::begin(&data, &output, &format!("trap '' {ignored}; exec \"$@\""));
        running.signal(&format!("-{ignored}"));
        // Whoever is stopped stops before the next epoch, or the one after.
        running.goes_on(4);
        running.signal(heard);
        let (code, said) = running.end();
        assert_eq!(code, Some(130), "{said}");
        assert!(said.contains("Saving") && said.contains("--resume"), "{said}");
    }
}

#[cfg(unix)]
#[test]
fn each_polite_signal_saves_and_ends() {
    for signal in ["-HUP", "-INT", "-TERM"] {
        let (_folder, data, output) = place();
        let running = Running::begin(&data, &output, "exec \"$@\"");
        running.signal(signal);
        let (code, said) = running.end();
        assert_eq!(code, Some(130), "{signal}: {said}");
        assert!(said.contains("Saving"), "{said}");
    }
}

#[test]
fn a_run_goes_on_when_nobody_reads_it_any_more() {
    let (_folder, data, output) = place();
    let mut child = Command::new(env!("CARGO_BIN_EXE_spiking"))
        .args(tiny(&data, &output))
        .args(["--epochs", "30"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("Epoch"), "{first}");
    // The reader is gone now.
    let ended = child.wait_with_output().unwrap();
    let said = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(0), "{said}");
    assert_eq!(said.matches("nobody reads").count(), 1, "{said}");
    assert_eq!(epochs_in(&output), 30);
    // Answers are another matter: there, nothing is left to do.
    let model = output.join("model.safetensors");
    let script = "\"$0\" evaluate \"$1\" --data-dir \"$2\" | true";
    let quiet = Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_spiking")]).args([&model, &data]).output();
    assert_eq!(text(&quiet.unwrap().stderr), "");
}

#[cfg(target_os = "linux")]
#[test]
fn an_epoch_that_cannot_be_printed_is_saved() {
    let (_folder, data, output) = place();
    let ended = Command::new(env!("CARGO_BIN_EXE_spiking"))
        .args(tiny(&data, &output))
        .args(["--epochs", "3"])
        .stdout(fs::File::options().write(true).open("/dev/full").unwrap())
        .output()
        .unwrap();
    let said = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("standard output cannot be written") && said.contains("Saved in"), "{said}");
    assert_eq!(epochs_in(&output), 3);
}

/// Files cannot be made in the system's own folders, even by those who may write everywhere.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_is_told_before_the_first_epoch() {
    let (_folder, data, _) = place();
    let arguments = tiny(&data, Path::new("/proc/self/fdinfo"));
    let (code, message) = refused(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(code == 1 && message.contains("cannot write into the folder /proc/self/fdinfo"), "{code}: {message}");
    assert!(!message.contains("Training"), "{message}");
}

#[cfg(unix)]
#[test]
fn one_run_at_a_time_writes_a_folder() {
    let (_folder, data, output) = place();
    let mut running = Running::begin(&data, &output, "exec \"$@\"");
    let arguments = tiny(&data, &output);
    let again = |flag: &str| {
        let arguments = arguments.iter().map(String::as_str).filter(|word| flag != "--resume" || *word != "--hidden");
        refused(&arguments.chain([flag]).collect::<Vec<_>>())
    };
    let resume = ["train", "--resume", "--data-dir", data.to_str().unwrap(), "--output", output.to_str().unwrap()];
    for (code, message) in [again("--force"), refused(&resume)] {
        assert!(code == 1 && message.contains("another run writes into"), "{code}: {message}");
        assert!(message.contains(output.to_str().unwrap()) && message.contains("--output"), "{message}");
    }
    running.goes_on(2);
    // The lock dies with the program, however it ends.
    running.signal("-KILL");
    running.end();
    let reached = epochs_in(&output);
    let more = (reached + 2).to_string();
    let resumed = spiking(&[&resume[..], &["--epochs", &more]].concat());
    assert!(resumed.status.success(), "{}", text(&resumed.stderr));
    let files = ["checkpoint.safetensors", "curves.svg", "digit.svg", "metrics.csv", "model.safetensors"];
    assert_eq!(names(&output), files, "nothing is left of locks and of what was half-written");
}

#[test]
fn runs_that_begin_together_have_folders_of_their_own() {
    let (folder, data, _) = place();
    let run = |seed: u32| {
        let arguments = tiny(&data, Path::new("unused"));
        Command::new(env!("CARGO_BIN_EXE_spiking"))
            .args(&arguments[..arguments.len() - 2])
            .args(["--epochs", "1", "--seed", &seed.to_string()])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let children: Vec<Child> = (1..=4).map(run).collect();
    let mut said: Vec<String> =
        children.into_iter().map(|child| text(&child.wait_with_output().unwrap().stderr)).collect();
    let outputs = folder.path().join("outputs");
    let folders = names(&outputs);
    assert_eq!(folders.len(), 4, "{folders:?}: {said:?}");
    said.sort();
    said.dedup_by_key(|said| said.lines().last().unwrap_or_default().to_owned());
    assert_eq!(said.len(), 4, "each says where it is saved: {said:?}");
    let whole = |run: &String| outputs.join(run).join("checkpoint.safetensors").is_file();
    assert!(folders.iter().all(whole), "{folders:?}");
}

#[cfg(unix)]
#[test]
fn what_killed_runs_left_is_removed_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (data, model) = trained(folder.path());
    let output = model.parent().unwrap();
    let mut gone = Command::new("true").spawn().unwrap();
    gone.wait().unwrap();
    let mut sleeper = Command::new("sleep").arg("1000").spawn().unwrap();
    let left = format!(".model.safetensors.{}.partial", gone.id());
    let stay = [
        format!(".model.safetensors.{}.partial", sleeper.id()),
        format!("model.{}.partial", gone.id()),
        format!("..{}.partial", gone.id()),
        ".model.safetensors.x.partial".to_owned(),
        ".1.partial.swp".to_owned(),
        "mine.partial".to_owned(),
    ];
    for name in stay.iter().chain([&left]) {
        fs::write(output.join(name), "half").unwrap();
    }
    let resumed = spiking(&[
        "train",
        "--resume",
        "--epochs",
        "2",
        "--data-dir",
        data.to_str().unwrap(),
        "--output",
        output.to_str().unwrap(),
    ]);
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
    assert!(resumed.status.success(), "{}", text(&resumed.stderr));
    assert!(!output.join(&left).exists(), "{left} is still there");
    for name in stay {
        assert!(output.join(&name).exists(), "{name} is gone");
    }
}

#[test]
fn a_run_that_was_cut_off_before_its_first_checkpoint_can_be_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (data, model) = trained(folder.path());
    let output = model.parent().unwrap();
    fs::remove_file(output.join("checkpoint.safetensors")).unwrap();
    let arguments = tiny(&data, output);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(["--epochs", "1"]).collect();
    let resume = ["train", "--resume", "--data-dir", data.to_str().unwrap(), "--output", output.to_str().unwrap()];
    for (code, message) in [refused(&arguments), refused(&resume)] {
        assert!(code == 1 && message.contains("--force") && message.contains("checkpoint"), "{code}: {message}");
    }
    assert!(model.is_file(), "what was there is kept");
    let forced = spiking(&[&arguments[..], &["--force"]].concat());
    assert!(forced.status.success(), "{}", text(&forced.stderr));
}

/// A limit that is exceeded is told as a full disk is, and does not end the program in silence.
#[cfg(unix)]
#[test]
fn a_limit_on_the_size_of_files_is_told() {
    let (_folder, data, output) = place();
    let limited = Command::new("sh")
        .args(["-c", "ulimit -f 1; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_spiking")])
        .args(tiny(&data, &output))
        .output()
        .unwrap();
    let said = text(&limited.stderr);
    assert_eq!(limited.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot write") && said.contains("disk full"), "{said}");
    assert_eq!(names(&output), [""; 0], "nothing half-written");
}

/// More threads than cores are of no use, and a hundred thousand end a machine.
#[test]
fn threads_are_not_more_than_cores() {
    let (folder, data, _) = place();
    let model = |threads: &str| {
        let output = folder.path().join(format!("threads-{threads}"));
        let run = Command::new(env!("CARGO_BIN_EXE_spiking"))
            .args(tiny(&data, &output))
            .args(["--epochs", "1"])
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .unwrap();
        assert!(run.status.success(), "{}", text(&run.stderr));
        fs::read(output.join("model.safetensors")).unwrap()
    };
    assert!(model("1") == model("100000"));
}
