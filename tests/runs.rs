//! Runs of the program on a small data set of one's own: where they start, and what bad input comes to.

use crate::network::stripes;
use crate::program::{refused, spiking, text};
use spiking_playground::digits::idx::{write_images, write_labels};
use std::path::{Path, PathBuf};

/// A folder with idx files of 6 × 6 stripes in three classes, `--dataset folder`.
pub fn stripes_in(folder: &Path) -> PathBuf {
    let data = folder.join("data");
    std::fs::create_dir_all(&data).unwrap();
    for (name, count, seed) in [("train", 200, 1), ("t10k", 60, 2)] {
        let digits = stripes(count, seed);
        std::fs::write(
            data.join(format!("{name}-images-idx3-ubyte")),
            write_images(digits.width, digits.height, &digits.images),
        )
        .unwrap();
        std::fs::write(data.join(format!("{name}-labels-idx1-ubyte")), write_labels(&digits.labels)).unwrap();
    }
    data
}

/// The flags of a tiny run.
pub fn tiny(data: &Path, output: &Path) -> Vec<String> {
    let (data, output) = (data.to_str().unwrap(), output.to_str().unwrap());
    let fixed = ["train", "--dataset", "folder", "--hidden", "16", "--time-steps", "8", "--learning-rate", "0.01"];
    let places = ["--data-dir", data, "--output", output];
    fixed.into_iter().chain(places).map(str::to_owned).collect()
}

/// Runs a tiny run with more flags.
fn train(data: &Path, output: &Path, more: &[&str]) -> std::process::Output {
    let arguments = tiny(data, output);
    spiking(&arguments.iter().map(String::as_str).chain(more.iter().copied()).collect::<Vec<_>>())
}

/// What a run says that is refused.
fn train_refused(data: &Path, output: &Path, more: &[&str]) -> (i32, String) {
    let arguments = tiny(data, output);
    refused(&arguments.iter().map(String::as_str).chain(more.iter().copied()).collect::<Vec<_>>())
}

fn loss(line: &str) -> f64 {
    line.split("loss ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn a_run_starts_from_given_weights() {
    let folder = tempfile::tempdir().unwrap();
    let (data, at) = (stripes_in(folder.path()), |name: &str| folder.path().join(name));
    let first = train(&data, &at("first"), &["--epochs", "3"]);
    assert!(first.status.success(), "{}", text(&first.stderr));
    let model = at("first").join("model.safetensors");
    let model = model.to_str().unwrap();
    let second = train(&data, &at("second"), &["--epochs", "1", "--weights", model]);
    assert!(second.status.success(), "{}", text(&second.stderr));
    let (first, second) = (text(&first.stdout), text(&second.stdout));
    assert!(second.starts_with("Epoch 1/1"), "{second}");
    assert!(loss(&second) < loss(&first), "{second} after {first}");

    let (data_dir, third) = (data.to_str().unwrap(), at("third"));
    let places = ["train", "--dataset", "folder", "--data-dir", data_dir, "--output", third.to_str().unwrap()];
    let (code, message) = refused(&[&places[..], &["--weights", model, "--hidden", "17"]].concat());
    assert!(code == 1 && message.contains("first/model.safetensors"), "{code}: {message}");
    assert!(message.contains("another network") && message.contains("--hidden 16"), "{message}");
    assert!(!at("third").exists(), "a folder was made for a run that cannot start");
    let (code, message) = train_refused(&data, &at("third"), &["--weights", model, "--resume"]);
    assert!(code == 2 && message.contains("--resume"), "{code}: {message}");
}

#[test]
fn augmentation_is_a_switch_that_a_resumed_run_keeps() {
    let folder = tempfile::tempdir().unwrap();
    let (data, output) = (stripes_in(folder.path()), folder.path().join("run"));
    let first = train(&data, &output, &["--augment", "--epochs", "1"]);
    assert!(first.status.success() && text(&first.stderr).contains("augment=on"), "{}", text(&first.stderr));
    let resume = |more: &[&str]| {
        let places = ["train", "--data-dir", data.to_str().unwrap(), "--output", output.to_str().unwrap(), "--resume"];
        spiking(&[&places[..], more].concat())
    };
    let off = resume(&["--augment=off", "--epochs", "2"]);
    assert!(text(&off.stderr).contains("--augment on"), "{}", text(&off.stderr));
    let second = resume(&["--epochs", "2"]);
    assert!(second.status.success() && text(&second.stderr).contains("augment=on"), "{}", text(&second.stderr));
}
