//! Files that are read and written: what a path may name, what is never overwritten, and how messages tell a cause.

use crate::program::{names, refused, spiking, text};
use crate::runs::{stripes_in, trained};
use flate2::{Compression, write::GzEncoder};
use spiking_playground::digits::idx::{self, IdxError};
use spiking_playground::kernels;
use spiking_playground::spec::Spec;
use spiking_playground::weights::checkpoint::{Notes, model_from_bytes, model_to_bytes};
use spiking_playground::weights::rounding::WeightsType;
use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder, a picture of a seven in it, and a network that reads such pictures.
struct Pictures {
    folder: tempfile::TempDir,
    picture: String,
    model: String,
}

impl Pictures {
    fn new() -> Self {
        let (folder, root) = (tempfile::tempdir().unwrap(), Path::new(env!("CARGO_MANIFEST_DIR")));
        let picture = folder.path().join("seven.png");
        // A copy has its permissions, and here it shall be written.
        fs::write(&picture, fs::read(root.join("tests/cases/seven.png")).unwrap()).unwrap();
        let model = root.join("models/mnist.safetensors").to_str().unwrap().to_owned();
        Self { picture: picture.to_str().unwrap().to_owned(), folder, model }
    }

    fn at(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn draw(&self, svg: &str) -> std::process::Output {
        spiking(&["predict", &self.model, &self.picture, "--svg", svg])
    }
}

fn is_svg(text: &str) -> bool {
    text.starts_with("<svg") && text.ends_with("</svg>\n")
}

#[test]
fn a_dash_is_standard_output_with_nothing_else_in_it() {
    let pictures = Pictures::new();
    let drawn = pictures.draw("-");
    assert!(drawn.status.success() && is_svg(&text(&drawn.stdout)), "{}", text(&drawn.stdout));
    assert!(text(&drawn.stderr).contains("seven.png: 7, probability"), "{}", text(&drawn.stderr));
    assert_eq!(names(pictures.folder.path()), ["seven.png"]);

    let folder = tempfile::tempdir().unwrap();
    let (data, model) = trained(folder.path());
    let exported =
        spiking(&["evaluate", model.to_str().unwrap(), "--data-dir", data.to_str().unwrap(), "--export", "-"]);
    assert!(exported.status.success(), "{}", text(&exported.stderr));
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&exported.stdout).unwrap()["spec"]["time-steps"], 8);
    assert!(text(&exported.stderr).contains("Test accuracy"), "{}", text(&exported.stderr));
}

#[cfg(unix)]
#[test]
fn what_a_link_names_is_written_and_the_link_stays() {
    let pictures = Pictures::new();
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, pictures.at(name)).unwrap();
    fs::write(pictures.at("real.svg"), "old").unwrap();
    link("real.svg", "one.svg");
    link("one.svg", "two.svg");
    link("new.svg", "dangling.svg");
    link("loop.svg", "loop.svg");
    for (name, real) in [("two.svg", "real.svg"), ("dangling.svg", "new.svg")] {
        let drawn = pictures.draw(&pictures.at(name));
        assert!(drawn.status.success(), "{}", text(&drawn.stderr));
        assert!(fs::symlink_metadata(pictures.at(name)).unwrap().is_symlink(), "{name} is no link any more");
        assert!(!fs::symlink_metadata(pictures.at(real)).unwrap().is_symlink());
        assert!(is_svg(&fs::read_to_string(pictures.at(real)).unwrap()), "{name}");
    }
    let (code, message) = refused(&["predict", &pictures.model, &pictures.picture, "--svg", &pictures.at("loop.svg")]);
    assert!(code == 1 && message.contains("loop.svg"), "{code}: {message}");
}

#[cfg(unix)]
#[test]
fn streams_and_devices_are_written_as_they_are() {
    use std::os::unix::fs::FileTypeExt;
    let pictures = Pictures::new();
    // A redirected file, too, is standard output, and keeps what stood in it.
    let script = "echo before; \"$0\" \"$@\" --svg /dev/stdout; echo after";
    let redirected = pictures.at("redirected");
    let status = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_spiking"), "predict", &pictures.model, &pictures.picture])
        .stdout(fs::File::create(&redirected).unwrap())
        .stderr(std::process::Stdio::null())
        .status();
    assert!(status.unwrap().success());
    let written = fs::read_to_string(&redirected).unwrap();
    let inside = written.strip_prefix("before\n").and_then(|rest| rest.strip_suffix("after\n"));
    assert!(inside.is_some_and(is_svg), "{written}");
    assert!(fs::symlink_metadata("/dev/stdout").unwrap().is_symlink());

    let drawn = pictures.draw("/dev/null");
    assert!(drawn.status.success() && text(&drawn.stdout).contains("seven.png: 7"), "{}", text(&drawn.stderr));
    assert!(fs::symlink_metadata("/dev/null").unwrap().file_type().is_char_device());

    let pipe = pictures.at("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    let drawn = pictures.draw(&pipe);
    assert!(drawn.status.success(), "{}", text(&drawn.stderr));
    assert!(is_svg(&reader.join().unwrap()));
    assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
}

#[cfg(unix)]
#[test]
fn a_file_that_is_replaced_leaves_its_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let pictures = Pictures::new();
    let svg = pictures.at("seven.svg");
    for mode in [0o600, 0o664] {
        fs::write(&svg, "old").unwrap();
        fs::set_permissions(&svg, fs::Permissions::from_mode(mode)).unwrap();
        assert!(pictures.draw(&svg).status.success());
        assert_eq!(fs::metadata(&svg).unwrap().permissions().mode() & 0o777, mode);
        assert!(is_svg(&fs::read_to_string(&svg).unwrap()));
    }
    // A name as long as names may be.
    let long = pictures.at(&format!("{}.svg", "é".repeat(125)));
    let drawn = pictures.draw(&long);
    assert!(drawn.status.success() && Path::new(&long).is_file(), "{}", text(&drawn.stderr));
}

#[test]
fn what_is_read_is_not_overwritten() {
    let pictures = Pictures::new();
    fs::copy(&pictures.model, pictures.at("model.safetensors")).unwrap();
    fs::hard_link(&pictures.picture, pictures.at("other-name.svg")).unwrap();
    let mut ways = vec![
        ("seven.png", pictures.picture.clone()),
        ("seven.png", pictures.at("./seven.png")),
        ("seven.png", pictures.at("other-name.svg")),
        ("model.safetensors", pictures.at("model.safetensors")),
    ];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("seven.png", pictures.at("link.svg")).unwrap();
        ways.push(("seven.png", pictures.at("link.svg")));
    }
    for (kept, svg) in ways {
        let before = fs::read(pictures.at(kept)).unwrap();
        let (code, message) =
            refused(&["predict", &pictures.at("model.safetensors"), &pictures.picture, "--svg", &svg]);
        assert!(code == 1 && message.contains("would overwrite") && message.contains(kept), "{code}: {message}");
        assert!(fs::read(pictures.at(kept)).unwrap() == before, "{kept} was written by way of {svg}");
    }

    let folder = tempfile::tempdir().unwrap();
    let (data, model) = trained(folder.path());
    let images = data.join("t10k-images-idx3-ubyte");
    for file in [&model, &images] {
        let before = fs::read(file).unwrap();
        let places = ["evaluate", model.to_str().unwrap(), "--data-dir", data.to_str().unwrap(), "--export"];
        let (code, message) = refused(&[&places[..], &[file.to_str().unwrap()]].concat());
        assert!(code == 1 && message.contains("would overwrite"), "{code}: {message}");
        assert!(fs::read(file).unwrap() == before, "{} was written", file.display());
    }
    let run = model.parent().unwrap();
    let arguments = crate::runs::tiny(&data, run);
    let arguments = arguments.iter().map(String::as_str).chain(["--force", "--weights", model.to_str().unwrap()]);
    let (code, message) = refused(&arguments.collect::<Vec<_>>());
    assert!(code == 1 && message.contains("--weights") && model.is_file(), "{code}: {message}");
}

/// A drawing that cannot be written is no picture that cannot be read.
#[test]
fn a_picture_is_answered_though_its_drawing_cannot_be_written() {
    let pictures = Pictures::new();
    for svg in [pictures.at("seven.png/seven.svg"), pictures.at("")] {
        let drawn = pictures.draw(&svg);
        let (answer, said) = (text(&drawn.stdout), text(&drawn.stderr));
        assert_eq!(drawn.status.code(), Some(1), "{said}");
        assert!(answer.contains("seven.png: 7, probability"), "{answer}");
        assert!(said.contains("cannot") && !said.contains("could not be read"), "{said}");
    }
    let folder = tempfile::tempdir().unwrap();
    let (data, model) = trained(folder.path());
    let into = model.join("export.json");
    let places = ["evaluate", model.to_str().unwrap(), "--data-dir", data.to_str().unwrap(), "--export"];
    let measured = spiking(&[&places[..], &[into.to_str().unwrap()]].concat());
    assert_eq!(measured.status.code(), Some(1), "{}", text(&measured.stderr));
    assert!(text(&measured.stdout).contains("Test accuracy"), "{}", text(&measured.stdout));
}

#[test]
fn the_file_that_is_wrong_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (data, model) = trained(folder.path());
    let labels = data.join("train-labels-idx1-ubyte");
    let good = fs::read(&labels).unwrap();
    // The same labels as 32-bit integers.
    let count = good.len() - 8;
    let wide = [&[0, 0, 0x0c, 1], &(count as u32).to_be_bytes()[..]].concat();
    let wide: Vec<u8> = wide.into_iter().chain(good[8..].iter().flat_map(|label| [0, 0, 0, *label])).collect();
    let places = ["evaluate", model.to_str().unwrap(), "--data-dir", data.to_str().unwrap()];
    for (bytes, says) in [
        (wide, "32-bit integers (type 0x0c), 1-dimensional; only unsigned bytes (type 0x08) are read: labels"),
        (fs::read(data.join("train-images-idx3-ubyte")).unwrap(), "3 dimensions; 1 expected"),
        (good[..good.len() - 1].to_vec(), "truncated"),
        (b"label,pixel".to_vec(), "not an idx file"),
        (idx::write_labels(&good[9..]), "200 images but 199 labels"),
    ] {
        fs::write(&labels, bytes).unwrap();
        let (code, message) = refused(&places);
        assert!(code == 1 && message.contains("train-labels-idx1-ubyte") && message.contains(says), "{message}");
        assert!(!message.contains("images-idx3") || message.contains("199 labels"), "{message}");
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn zeros_behind_gzip_are_padding_and_anything_else_is_not() {
    let images = idx::write_images(2, 2, &[1, 2, 3, 4]);
    let (first, second) = images.split_at(9);
    let two_members = [gzip(first), gzip(second)].concat();
    for zipped in [gzip(&images), two_members] {
        for zeros in [0, 1, 2, 512, 100_000] {
            let padded = [&zipped[..], &vec![0; zeros]].concat();
            assert_eq!(idx::read_images(&padded).map(|images| images.pixels), Ok(vec![1, 2, 3, 4]), "{zeros} zeros");
            assert_eq!(idx::uncompressed(&padded, 20), Ok(images.clone()), "{zeros} zeros");
        }
        for garbage in [&[1][..], &[0, 0, 0, 7], b"\x1f", b"\x1f\x8b", b"\0\x1f\x8b\x08", b"PAX header"] {
            let error = idx::read_images(&[&zipped[..], garbage].concat()).unwrap_err();
            assert!(matches!(error, IdxError::Gzip(_)), "{garbage:?}: {error}");
        }
    }
    // Zeros behind bytes that are not zipped are data too many.
    assert_eq!(idx::read_images(&[&images[..], &[0]].concat()), Err(IdxError::Trailing { expected: 20 }));
}

#[test]
fn a_file_is_unzipped_no_further_than_it_should_reach() {
    let bomb = gzip(&vec![0; 64 << 20]);
    assert_eq!(idx::uncompressed(&bomb, 7_840_016), Err(IdxError::TooLong { most: 7_840_016 }));
}

#[test]
fn images_beyond_any_memory_are_refused_by_their_header() {
    let folder = tempfile::tempdir().unwrap();
    let (data, model) = trained(folder.path());
    // 30,000 pixels a side would be a network of 28 GB; the pixels are not looked at, nor needed here.
    let header = |side: u32| [&[0, 0, 8, 3, 0, 0, 0, 1][..], &side.to_be_bytes(), &side.to_be_bytes()].concat();
    fs::write(data.join("train-images-idx3-ubyte"), header(30_000)).unwrap();
    let (code, message) = refused(&["evaluate", model.to_str().unwrap(), "--data-dir", data.to_str().unwrap()]);
    assert!(code == 1 && message.contains("30000 × 30000") && message.contains("1024"), "{code}: {message}");
    assert!(message.contains("train-images"), "{message}");
    let read = |side: u32| idx::read_images(&header(side)).unwrap_err();
    assert_eq!(read(1025), IdxError::LargeImages { width: 1025, height: 1025 });
    assert!(matches!(read(1024), IdxError::Truncated { .. }));
}

/// Devices have no end.
#[cfg(unix)]
#[test]
fn what_has_no_end_is_read_to_a_bound() {
    let pictures = Pictures::new();
    for arguments in [
        &["predict", "/dev/zero", &pictures.picture][..],
        &["predict", &pictures.model, "/dev/zero"],
        &["evaluate", "/dev/zero"],
        &["evaluate", &pictures.model, "--drawings", "/dev/zero"],
        &["train", "--dataset", "folder", "--weights", "/dev/zero", "--data-dir", "DATA"],
    ] {
        let folder = tempfile::tempdir().unwrap();
        let data = stripes_in(folder.path());
        let arguments: Vec<&str> =
            arguments.iter().map(|word| if *word == "DATA" { data.to_str().unwrap() } else { word }).collect();
        let (code, message) = refused(&arguments);
        assert!(code == 1 && message.contains("/dev/zero has more than"), "{arguments:?}: {code}, {message}");
        assert!(message.contains("right file?"), "{message}");
    }
}

#[test]
fn drawings_are_told_by_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/mnist.safetensors");
    let evaluate = |bytes: &[u8]| {
        let file = folder.path().join("drawings.csv");
        fs::write(&file, bytes).unwrap();
        spiking(&["evaluate", model.to_str().unwrap(), "--drawings", file.to_str().unwrap()])
    };
    let good = "{\"label\": 1, \"strokes\": [[[5, 0], [5, 9]]]}\r\n50, 100, 50, 0, 1\n";
    for start in ["", "\u{feff}"] {
        let measured = evaluate(format!("{start}{good}").as_bytes());
        assert!(measured.status.success(), "{}", text(&measured.stderr));
        assert!(text(&measured.stdout).contains("of 2)"), "{}", text(&measured.stdout));
    }
    let utf_16 =
        |bytes: fn(u16) -> [u8; 2]| format!("\u{feff}{good}").encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let line = |text: &str| [good.as_bytes(), text.as_bytes()].concat();
    for (bytes, says) in [
        (utf_16(u16::to_le_bytes), "UTF-16: save it as UTF-8"),
        (utf_16(u16::to_be_bytes), "UTF-16: save it as UTF-8"),
        (line("nan, 0, 1, 1, 1"), "line 3 is no drawing: `nan` is no number"),
        (line("\n0, inf, 1, 1, 1"), "line 4 is no drawing: `inf` is no number"),
        (line("0, 1e99, 1, 1, 1"), "line 3 is no drawing: `1e99` is no number"),
        (line("0, 3e38, 1, -3e38, 1"), "line 3 is no drawing: a coordinate is beyond"),
        (line("{\"label\": 1, \"strokes\": [[[1e39, 0]]]}"), "line 3 is no drawing: number out of range at column"),
        (line("{\"label\": 1, \"strokes\": [[[NaN, 0]]]}"), "line 3 is no drawing: expected"),
        (line("\u{feff}0, 0, 1, 1, 1"), "line 3 is no drawing: there is a byte order mark"),
        ([good.as_bytes(), b"\xe9, 0, 1"].concat(), "line 3 is no drawing: it is no text in UTF-8"),
    ] {
        let measured = evaluate(&bytes);
        let message = text(&measured.stderr);
        assert_eq!(measured.status.code(), Some(1), "{message}");
        assert!(message.contains(says) && message.contains("drawings.csv"), "{message} does not say {says}");
        assert!(!message.contains("line 1 column"), "{message}");
    }
}

#[test]
fn a_data_folder_that_cannot_be_used_is_told_before_anything_is_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    for place in [file.clone(), file.join("data")] {
        let (code, message) = refused(&["train", "--data-dir", place.to_str().unwrap()]);
        assert!(code == 1 && message.contains(place.to_str().unwrap()), "{code}: {message}");
        assert!(!message.contains("Fetching"), "{message}");
    }
}

/// Pieces of a message, between colons and brackets, that stand in it twice.
fn repeated(message: &str) -> Vec<String> {
    let pieces: Vec<&str> =
        message.split([':', '(', ')', '\n', ';']).map(str::trim).filter(|piece| piece.len() > 9).collect();
    let twice = |piece: &&&str| pieces.iter().filter(|other| other.contains(**piece)).count() > 1;
    pieces.iter().filter(twice).map(|piece| (*piece).to_owned()).collect()
}

/// Errors of every kind that a person can provoke, with what the program says.
#[test]
fn a_message_tells_its_cause_once() {
    let pictures = Pictures::new();
    let folder = tempfile::tempdir().unwrap();
    let (data, model) = trained(folder.path());
    let file = |name: &str, bytes: &[u8]| {
        let path: PathBuf = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let whole = fs::read(&model).unwrap();
    let edited = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let at = whole.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        [&whole[..at], to.as_bytes(), &whole[at + from.len()..]].concat()
    };
    let models = [
        file("empty", b""),
        file("short", &whole[..4]),
        file("cut", &whole[..whole.len() / 2]),
        file("longer", &[&whole[..], b"!"].concat()),
        file("text", b"not weights, and long enough"),
        file("json", &edited("{\"", "{!")),
        file("range", &edited("time-steps\\\":8", "time-steps\\\":0")),
        file("field", &edited("time-steps", "time-steqs")),
        file("dtype", &edited("\"F32\"", "\"I32\"")),
    ];
    let mut provoked: Vec<Vec<String>> = Vec::new();
    let mut provoke = |words: &[&str]| provoked.push(words.iter().map(|word| (*word).to_owned()).collect());
    let data = data.to_str().unwrap();
    for model in &models {
        provoke(&["evaluate", model, "--data-dir", data]);
        provoke(&["train", "--dataset", "folder", "--data-dir", data, "--weights", model]);
        let run = folder.path().join(format!("run-{}", Path::new(model).file_name().unwrap().to_str().unwrap()));
        fs::create_dir(&run).unwrap();
        fs::copy(model, run.join("checkpoint.safetensors")).unwrap();
        provoke(&["train", "--resume", "--data-dir", data, "--output", run.to_str().unwrap()]);
    }
    provoke(&["evaluate", "/nowhere/model"]);
    provoke(&["evaluate", &pictures.model, "--data-dir", "/nowhere", "--dataset", "folder"]);
    provoke(&["evaluate", &pictures.model, "--drawings", &file("drawings", b"0,1")]);
    provoke(&["evaluate", &pictures.model, "--drawings", &file("more-drawings", b"{\"label\": }")]);
    provoke(&["predict", &pictures.model, "/nowhere/picture.png"]);
    provoke(&["predict", &pictures.model, &pictures.picture, "--svg", &pictures.at("seven.png/x.svg")]);
    provoke(&["train", "--resume", "--output", "/nowhere"]);
    provoke(&["train", "--data-dir", &file("data-file", b"")]);
    provoke(&["shards", "--data-dir", data, "--dataset", "folder", "--output", &file("shards-file", b"")]);
    let broken = folder.path().join("broken");
    for (name, bytes) in [
        ("train-images-idx3-ubyte", &gzip(&[0; 30])[..20]),
        ("train-labels-idx1-ubyte", b"\0\0\x0c\x01\0\0\0\x01"),
        ("train-images-idx3-ubyte", b"<html>"),
    ] {
        stripes_in(&broken);
        fs::write(broken.join("data").join(name), bytes).unwrap();
        let message = text(
            &spiking(&["evaluate", model.to_str().unwrap(), "--data-dir", broken.join("data").to_str().unwrap()])
                .stderr,
        );
        assert!(message.contains(name) && repeated(&message).is_empty(), "{:?}: {message}", repeated(&message));
    }
    for arguments in provoked {
        let output = Command::new(env!("CARGO_BIN_EXE_spiking"))
            .args(&arguments)
            .current_dir(folder.path())
            .env("SPIKING_MIRRORS", "")
            .output()
            .unwrap();
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {message}");
        assert!(message.contains("error: ") && !message.contains("panicked"), "{arguments:?}: {message}");
        assert!(repeated(&message).is_empty(), "{arguments:?}: {:?} stands twice in: {message}", repeated(&message));
        assert!(!message.contains("\n\n") && !message.contains("\\\""), "{arguments:?}: {message}");
    }
}

/// The library's own errors: what a message tells is not its source too.
#[test]
fn an_error_that_tells_its_cause_has_it_not_as_its_source() {
    let device = kernels::cpu();
    let (spec, network) = (Spec::default(), crate::network::run(&crate::network::small(), 4).network);
    let bytes = model_to_bytes(&Spec { time_steps: 0, ..spec }, &network, WeightsType::F32, Notes::default()).unwrap();
    let errors: Vec<Box<dyn Error>> = vec![
        Box::new(model_from_bytes(b"", &device).unwrap_err()),
        Box::new(model_from_bytes(&bytes, &device).unwrap_err()),
        Box::new(idx::read_images(b"<html>").unwrap_err()),
        Box::new(spiking_playground::digits::shard::Manifest::parse("{").unwrap_err()),
        Box::new(spiking_playground::trace::Trace::from_bytes(&[]).unwrap_err()),
    ];
    for error in errors {
        let mut cause = error.source();
        while let Some(told) = cause {
            assert!(!error.to_string().contains(&told.to_string()), "{error} tells its source: {told}");
            cause = told.source();
        }
    }
}
