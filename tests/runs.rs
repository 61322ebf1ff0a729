//! Runs of the program on a small data set of one's own: where they start, and what bad input comes to.

use crate::network::stripes;
use crate::program::{names, refused, spiking, text};
use sha2::{Digest, Sha256};
use spiking_playground::digits::idx::{write_images, write_labels};
use spiking_playground::kernels;
use spiking_playground::weights::checkpoint::{note_from_bytes, run_from_bytes};
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
    // Where they came from stands in both files, and a resumed run keeps it.
    let sha256: String =
        Sha256::digest(std::fs::read(model).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect();
    let says =
        |file: &str, name: &str| note_from_bytes(&std::fs::read(at("second").join(file)).unwrap(), name).unwrap();
    let told = |file: &str| {
        assert_eq!(says(file, "weights_file").as_deref(), Some("model.safetensors"), "{file}");
        assert_eq!(says(file, "weights_sha256").as_ref(), Some(&sha256), "{file}");
    };
    ["model.safetensors", "checkpoint.safetensors"].into_iter().for_each(told);
    let places = ["train", "--resume", "--data-dir", data.to_str().unwrap(), "--output"];
    let resumed = spiking(&[&places[..], &[at("second").to_str().unwrap(), "--epochs", "2"]].concat());
    assert!(resumed.status.success(), "{}", text(&resumed.stderr));
    ["model.safetensors", "checkpoint.safetensors"].into_iter().for_each(told);
    let own = std::fs::read(at("first").join("checkpoint.safetensors")).unwrap();
    assert_eq!(note_from_bytes(&own, "weights_file").unwrap(), None);

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

/// A data set, and a network that was trained on it.
pub fn trained(folder: &Path) -> (PathBuf, PathBuf) {
    let (data, output) = (stripes_in(folder), folder.join("run"));
    let done = train(&data, &output, &["--epochs", "1"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    (data, output.join("model.safetensors"))
}

#[test]
fn models_and_data_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (data, model) = trained(folder.path());
    let evaluate = |model: &Path, data: &Path| {
        refused(&["evaluate", model.to_str().unwrap(), "--data-dir", data.to_str().unwrap()])
    };
    // Images of another size.
    let other = folder.path().join("other");
    std::fs::create_dir_all(&other).unwrap();
    for name in ["train", "t10k"] {
        std::fs::write(other.join(format!("{name}-images-idx3-ubyte")), write_images(5, 5, &[9; 75])).unwrap();
        std::fs::write(other.join(format!("{name}-labels-idx1-ubyte")), write_labels(&[0, 1, 2])).unwrap();
    }
    let (code, message) = evaluate(&model, &other);
    assert!(code == 1 && message.contains("36 pixels") && message.contains("25 pixels"), "{code}: {message}");
    // Weights that are no numbers: the file ends with the last tensor.
    let mut bytes = std::fs::read(&model).unwrap();
    let last = bytes.len() - 4;
    bytes[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    let broken = folder.path().join("nan.safetensors");
    std::fs::write(&broken, &bytes).unwrap();
    let (code, message) = evaluate(&broken, &data);
    assert!(code == 1 && message.contains("nan.safetensors") && message.contains("NaN"), "{code}: {message}");
    let broken = broken.to_str().unwrap();
    let (code, message) = train_refused(&data, &folder.path().join("next"), &["--weights", broken]);
    assert!(code == 1 && message.contains("NaN"), "{code}: {message}");
    // A folder's images are 6 × 6, so `predict` brings pictures to that.
    let picture = folder.path().join("any.png");
    image::GrayImage::from_fn(12, 12, |x, _| image::Luma([(20 * x) as u8])).save(&picture).unwrap();
    let answered = spiking(&["predict", model.to_str().unwrap(), picture.to_str().unwrap()]);
    assert!(answered.status.success() && text(&answered.stdout).contains("any.png: "), "{}", text(&answered.stderr));
}

/// A file of another program: tensors with PyTorch's names, and no word on the network.
#[test]
fn a_file_without_a_spec_needs_flags() {
    let folder = tempfile::tempdir().unwrap();
    let (data, model) = trained(folder.path());
    let (data, model) = (data.to_str().unwrap(), std::fs::read(&model).unwrap());
    let tensors = safetensors::SafeTensors::deserialize(&model).unwrap();
    let bare = folder.path().join("bare.safetensors");
    std::fs::write(&bare, safetensors::serialize(tensors.iter(), None).unwrap()).unwrap();
    let bare = bare.to_str().unwrap();
    let (code, message) = refused(&["evaluate", bare, "--data-dir", data]);
    assert!(code == 1 && message.contains("--hidden") && message.contains("bare.safetensors"), "{code}: {message}");
    let (code, message) = refused(&["evaluate", bare, "--data-dir", data, "--dataset", "folder", "--hidden", "17"]);
    assert!(code == 1 && message.contains("layers.0.weight"), "{code}: {message}");
    let export = folder.path().join("export.json");
    let flags = ["--dataset", "folder", "--hidden", "16", "--time-steps", "8"];
    let places = ["evaluate", bare, "--data-dir", data, "--export", export.to_str().unwrap()];
    let measured = spiking(&[&places[..], &flags[..]].concat());
    assert!(measured.status.success(), "{}", text(&measured.stderr));
    let exported: serde_json::Value = serde_json::from_slice(&std::fs::read(&export).unwrap()).unwrap();
    let images = exported["images"].as_array().unwrap();
    assert_eq!(exported["spec"]["time-steps"], 8);
    let length = |value: &serde_json::Value| value.as_array().map_or(0, Vec::len);
    for image in images {
        assert_eq!([&image["input"], &image["spikes"], &image["logits"]].map(length), [8, 1, 3], "{image}");
        assert!(image["input"][0].as_array().unwrap().iter().all(|neuron| neuron.as_u64().unwrap() < 36));
    }
    assert_eq!(images.len(), 16);
}

/// A disk that is full when the checkpoint is written: the shell's limit on the size of a file stands for it.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_older_files_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (data, model) = trained(folder.path());
    let output = model.parent().unwrap();
    let before = files(output);
    // Blocks of 512 or 1024 bytes, as the shell has it: less than the model needs either way.
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"";
    let places = ["train", "--resume", "--data-dir", data.to_str().unwrap(), "--output", output.to_str().unwrap()];
    let full = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_spiking")])
        .args(places)
        .args(["--epochs", "2"])
        .output()
        .unwrap();
    let message = text(&full.stderr);
    assert_eq!(full.status.code(), Some(1), "{message}");
    assert!(message.contains("cannot write") && message.contains("disk full"), "{message}");
    assert!(files(output) == before, "a write that failed changed something");
}

/// Names and contents of a folder's files.
#[cfg(unix)]
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    names(folder).into_iter().map(|name| (name.clone(), std::fs::read(folder.join(name)).unwrap())).collect()
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_read_only_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let data = stripes_in(folder.path());
    let closed = folder.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o555)).unwrap();
    if std::fs::write(closed.join("probe"), b"").is_ok() {
        // Nothing is read-only to root.
        eprintln!("skipped: this user may write everywhere");
        return;
    }
    let (code, message) = train_refused(&data, &closed.join("run"), &["--epochs", "1"]);
    assert!(code == 1 && message.contains("closed/run"), "{code}: {message}");
}

/// Whenever a run is killed, its checkpoint is the older one or the newer one, and whole.
#[test]
fn a_killed_run_leaves_a_whole_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let (data, model) = trained(folder.path());
    let output = model.parent().unwrap();
    let places = ["train", "--resume", "--data-dir", data.to_str().unwrap(), "--output", output.to_str().unwrap()];
    let epoch = || {
        let bytes = std::fs::read(output.join("checkpoint.safetensors")).unwrap();
        run_from_bytes(&bytes, &kernels::cpu().autodiff()).unwrap().position.epoch
    };
    let mut reached = epoch();
    for round in 0..12 {
        // Epochs take milliseconds here, so most of the time goes into writing.
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_spiking"))
            .args(places)
            .args(["--epochs", "10000"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(60 + 13 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let now = epoch();
        assert!(now >= reached, "epoch {now} after {reached}");
        reached = now;
    }
    assert!(reached > 1, "no run came as far as its next checkpoint");
}
