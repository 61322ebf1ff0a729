//! The program as people run it: its results, its exit codes and what it says when something is wrong.

use crate::models::data_dir;
use sha2::{Digest, Sha256};
use spiking_playground::spec::Dataset;
use std::path::Path;
use std::process::{Command, Output};

pub fn spiking(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_spiking")).args(arguments).output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The exit code and what was said beside the results.
pub fn refused(arguments: &[&str]) -> (i32, String) {
    let output = spiking(arguments);
    assert!(!output.status.success(), "{arguments:?} went well");
    (output.status.code().unwrap(), text(&output.stderr))
}

pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// One epoch on real MNIST: over 93 %, files that are whole, and a run that can be gone on with.
#[test]
fn one_epoch_on_real_digits() {
    let folder = tempfile::tempdir().unwrap();
    let Some(data) = data_dir(Dataset::Mnist) else { return };
    let output = folder.path().join("run");
    let (data, place) = (data.to_str().unwrap(), output.to_str().unwrap());
    let train = |more: &[&str]| {
        let fixed = ["train", "--data-dir", data, "--output", place, "--hidden", "64"];
        spiking(&[&fixed[..], more].concat())
    };
    let first = train(&["--epochs", "1"]);
    assert!(first.status.success(), "{}", text(&first.stderr));
    let line = text(&first.stdout);
    let accuracy =
        |line: &str| -> f64 { line.split("test ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap() };
    assert!(line.starts_with("Epoch 1/1") && accuracy(&line) > 93.0, "{line}");
    let files = ["checkpoint.safetensors", "curves.svg", "digit.svg", "metrics.csv", "model.safetensors"];
    assert_eq!(names(&output), files);
    let picture = |name: &str| std::fs::read_to_string(output.join(name)).unwrap();
    assert!(picture("digit.svg").contains("Test image 0, labelled 7"));
    assert!(picture("curves.svg").contains("After epoch 1: "));
    let metrics = std::fs::read_to_string(output.join("metrics.csv")).unwrap();
    assert!(metrics.starts_with("epoch,loss,") && metrics.lines().count() == 2, "{metrics}");

    let evaluated = spiking(&["evaluate", output.join("model.safetensors").to_str().unwrap(), "--data-dir", data]);
    let evaluated = text(&evaluated.stdout);
    assert!(evaluated.contains(&format!("Test accuracy {:.2} %", accuracy(&line))), "{evaluated} after {line}");

    let (code, message) = refused(&["train", "--data-dir", data, "--output", place, "--epochs", "1"]);
    assert!(code == 1 && message.contains("--resume") && message.contains("--force"), "{code}: {message}");
    let (code, message) = refused(&["train", "--data-dir", data, "--output", place, "--resume", "--beta", "0.5"]);
    assert!(code == 1 && message.contains("--beta 0.9"), "{code}: {message}");

    let second = train(&["--epochs", "2", "--resume"]);
    assert!(second.status.success(), "{}", text(&second.stderr));
    assert!(text(&second.stdout).starts_with("Epoch 2/2"), "{}", text(&second.stdout));
    assert_eq!(std::fs::read_to_string(output.join("metrics.csv")).unwrap().lines().count(), 3);
    let dots = picture("curves.svg").matches("<circle").count();
    assert_eq!(dots, 6, "two epochs of three curves, the first from before");
}

#[test]
fn wrong_usage_is_exit_code_2() {
    for (arguments, says) in [
        (&["train", "--hidden", "0"][..], "between 1 and 4096"),
        (&["train", "--beta", "2"], "between 0 and 1"),
        (&["train", "--schedule", "linear"], "cosine, constant"),
        (&["train", "--dataset", "mnits"], "mnist, fashion-mnist, folder"),
        (&["train", "--augment=maybe"], "off, on"),
        (&["train", "--epochs", "many"], "whole number"),
        (&["train", "--hiden", "64"], "--hidden"),
        (&["tain"], "train"),
        (&["evaluate"], "<MODEL>"),
    ] {
        let (code, message) = refused(arguments);
        assert!(code == 2 && message.contains(says), "{arguments:?}: {code}, {message}");
    }
    let help = spiking(&["train", "--help"]);
    // Lines are broken anywhere.
    let help = text(&help.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains("--hidden") && help.contains("[default: 256]") && help.contains("--schedule"), "{help}");
}

#[test]
#[cfg(not(feature = "gpu"))]
fn a_program_without_kernels_for_a_card_says_how_to_build_one() {
    let (code, said) = refused(&["train", "--device", "gpu"]);
    assert_eq!(code, 1);
    assert!(said.contains("--features gpu"), "{said}");
}

#[test]
fn what_cannot_be_done_is_said_with_exit_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join("odd.safetensors");
    std::fs::write(&odd, b"not weights").unwrap();
    let odd = odd.to_str().unwrap();
    for (arguments, says) in [
        (&["train", "--resume"][..], "--output"),
        (&["train", "--resume", "--force"], "--output"),
        (&["train", "--resume", "--output", "/nowhere/run"], "/nowhere/run/checkpoint.safetensors"),
        (&["evaluate", "/nowhere/model.safetensors"], "/nowhere/model.safetensors"),
        (&["evaluate", odd], "odd.safetensors"),
    ] {
        let (code, message) = refused(arguments);
        assert!(code == 1 && message.contains(says), "{arguments:?}: {code}, {message}");
        assert!(!message.contains("panicked"), "{message}");
    }
}

/// A folder that cannot be made or written is said before an epoch is spent on it.
#[test]
fn an_output_that_cannot_be_written_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let Some(data) = data_dir(Dataset::Mnist) else { return };
    let place = file.join("run");
    let (code, message) =
        refused(&["train", "--data-dir", data.to_str().unwrap(), "--output", place.to_str().unwrap(), "--epochs", "1"]);
    assert!(code == 1 && message.contains("file/run") && !message.contains("Epoch"), "{code}: {message}");
}

/// The first Ctrl-C saves where the run is; resumed, it ends with the weights of a run that nobody stopped.
#[cfg(unix)]
#[test]
fn an_interrupted_run_is_saved_and_goes_on() {
    let Some(data) = data_dir(Dataset::Mnist) else { return };
    interrupt(&data, &["--hidden", "32"], "Training", &["checkpoint.safetensors", "digit.svg"]);
    interrupt(&data, &["--rule", "stdp"], "Learning without labels", &["checkpoint.safetensors"]);
}

/// Interrupts a run with these flags soon after it has said how it begins; what it then leaves, and whether it goes on as if nothing
/// had been.
#[cfg(unix)]
fn interrupt(data: &Path, flags: &[&str], begins: &str, leaves: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let arguments = |output: &str| {
        let ours = ["train", "--data-dir", data.to_str().unwrap(), "--epochs", "1", "--output", output];
        ours.iter().chain(flags).map(|word| (*word).to_owned()).collect::<Vec<_>>()
    };
    let (stopped, whole) = (place("stopped"), place("whole"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_spiking"))
        .args(arguments(&stopped))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // It says what it trains when it begins.
    let mut said = std::io::BufReader::new(child.stderr.take().unwrap());
    let begun = std::io::BufRead::lines(&mut said).map_while(Result::ok).any(|line| line.starts_with(begins));
    assert!(begun, "it never began to train");
    std::thread::sleep(std::time::Duration::from_millis(300));
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut said, &mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    assert!(rest.contains("--resume") && rest.contains(&stopped), "{rest}");
    assert_eq!(names(Path::new(&stopped)), leaves);
    let resumed = spiking(&["train", "--data-dir", data.to_str().unwrap(), "--output", &stopped, "--resume"]);
    assert!(resumed.status.success(), "{}", text(&resumed.stderr));
    let arguments: Vec<String> = arguments(&whole);
    assert!(spiking(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).status.success());
    let model = |place: &str| std::fs::read(Path::new(place).join("model.safetensors")).unwrap();
    assert!(model(&stopped) == model(&whole), "the interruption left a trace");
}

/// What 200 steps come to, on any machine, with any instructions and any number of threads: tests/page/training.test.mjs asks the same of the engine
/// in the browser. Each number is written by one thread, in a fixed order, by operations that round alike everywhere.
#[test]
fn the_same_spec_gives_the_same_weights_everywhere() {
    let expected: serde_json::Value = serde_json::from_str(include_str!("reproducible.json")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let Some(data) = data_dir(Dataset::Mnist) else { return };
    for case in expected.as_array().unwrap() {
        // An epoch of 200 steps.
        // What learns without labels is counted in pictures (tests/plasticity.rs).
        let Some(flags) = case["flags"].as_str() else { continue };
        let sum = |threads: &str, lanes: &str| {
            let place = folder.path().join(threads);
            let output = Command::new(env!("CARGO_BIN_EXE_spiking"))
                .args([
                    "train",
                    "--epochs",
                    "1",
                    "--schedule",
                    "constant",
                    "--force",
                    "--batch-size",
                    "300",
                    "--data-dir",
                ])
                .args([&data, Path::new("--output"), &place])
                .args(flags.split_whitespace())
                .env("RAYON_NUM_THREADS", threads)
                .env("SPIKING_LANES", lanes)
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", text(&output.stderr));
            let file = std::fs::read(place.join("model.safetensors")).unwrap();
            // What follows the header, whose length stands first.
            let header = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
            Sha256::digest(&file[8 + header..]).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        let ways = [("1", "widest"), ("2", "avx2"), ("5", "plain")];
        // The default network goes every way, the others one.
        let ways = if flags.is_empty() { &ways[..] } else { &ways[1..2] };
        for (threads, lanes) in ways {
            assert_eq!(sum(threads, lanes), case["sha256"], "{flags}, {threads} threads, {lanes}");
        }
    }
}
