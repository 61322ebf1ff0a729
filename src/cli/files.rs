//! Files as the program reads and writes them: what is read is bounded, what is written is there whole or not at all.

use super::Closed;
use anyhow::{Context, Result, bail, ensure};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::sync::Arc;

/// What stands for standard output in place of a file's name.
const STDOUT: &str = "-";
/// How many symbolic links are followed to a file: as many as Linux follows.
const MOST_LINKS: usize = 40;
/// What is read at most of a thing that does not say its size, as a pipe or a device does not.
const MOST_OF_A_STREAM: u64 = 256 << 20;
/// Characters that a temporary file's name has of the file's own: systems allow 255 bytes for all of it.
const NAME_IN_TEMPORARY: usize = 48;

/// The most bytes that are read of a kind of file.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// So many.
    pub most: u64,
    /// Of what, for messages.
    pub what: &'static str,
}

/// Weights, or a checkpoint: three times those of the largest network over images of 28 × 28 pixels are 0.7 GB.
pub const WEIGHTS: Bound = Bound { most: 4 << 30, what: "a file of weights" };
/// idx files, gzipped or not.
pub const IDX: Bound = Bound { most: crate::digits::idx::MOST_BYTES + (1 << 20), what: "an idx file" };
/// Drawings, in text.
pub const DRAWINGS: Bound = Bound { most: 256 << 20, what: "a file of drawings" };
/// Anything else, as a picture.
const OTHERS: Bound = Bound { most: 512 << 20, what: "a picture" };

/// Has a write fail, and be told, where it would exceed the size that a shell allows (`ulimit -f`); such a write ends a
/// program otherwise, in silence.
pub fn hear_of_limits() {
    #[cfg(unix)]
    {
        // Any handler will do. Without one the program is as it was.
        let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
    }
}

/// Where something goes that is written.
#[derive(Debug)]
enum Place {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// Something that is written as it stands: a device, a pipe, another open file of the program.
    Special,
    /// A file, which need not be there: symbolic links are followed.
    File(PathBuf),
}

impl Place {
    fn of(path: &Path) -> io::Result<Self> {
        if path == Path::new(STDOUT) {
            return Ok(Self::Stdout);
        }
        match fs::metadata(path) {
            Ok(found) if is_one(&found, stream(io::stdout())) => Ok(Self::Stdout),
            Ok(found) if is_one(&found, stream(io::stderr())) => Ok(Self::Stderr),
            Ok(found) if found.is_dir() => Err(io::Error::new(ErrorKind::IsADirectory, "it is a folder")),
            Ok(found) if !found.is_file() => Ok(Self::Special),
            // Whether it can be written will be seen.
            _ => Self::behind_links(path),
        }
    }

    fn behind_links(path: &Path) -> io::Result<Self> {
        let mut path = path.to_owned();
        for _ in 0..MOST_LINKS {
            let folder = folder_of(&path);
            // What stands there are the program's open files, even where it looks like a link to one.
            if folder.canonicalize().is_ok_and(|folder| folder.starts_with("/proc") || folder == Path::new("/dev/fd")) {
                return Ok(Self::Special);
            }
            match fs::read_link(&path) {
                Ok(to) => path = folder.join(to),
                // It is none, or there is nothing yet.
                Err(_) => return Ok(Self::File(path)),
            }
        }
        Err(io::Error::other("its symbolic links have no end"))
    }
}

/// The folder that a file is in.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What one of the program's standard streams is.
#[cfg(unix)]
fn stream(stream: impl std::os::fd::AsFd) -> Option<Metadata> {
    File::from(stream.as_fd().try_clone_to_owned().ok()?).metadata().ok()
}

#[cfg(not(unix))]
fn stream(_: impl Write) -> Option<Metadata> {
    None
}

/// Whether both are the same thing on the disk, or the same stream.
#[cfg(unix)]
fn is_one(found: &Metadata, other: Option<Metadata>) -> bool {
    use std::os::unix::fs::MetadataExt;
    other.is_some_and(|other| (found.dev(), found.ino()) == (other.dev(), other.ino()))
}

#[cfg(not(unix))]
fn is_one(_: &Metadata, _: Option<Metadata>) -> bool {
    false
}

/// Whether what is written to this path goes to standard output, so that nothing else may.
pub fn is_stdout(path: &Path) -> bool {
    matches!(Place::of(path), Ok(Place::Stdout))
}

/// Whether both paths name one file, by whatever links.
pub fn is_same(one: &Path, other: &Path) -> bool {
    let is_file = |path: &Path| fs::metadata(path).is_ok_and(|found| found.is_file());
    if !is_file(one) || !is_file(other) {
        return false;
    }
    let same_path = fs::canonicalize(one).ok().zip(fs::canonicalize(other).ok()).is_some_and(|(a, b)| a == b);
    // Two names of one file on the disk.
    same_path || fs::metadata(one).is_ok_and(|found| is_one(&found, fs::metadata(other).ok()))
}

/// Refuses to write, for the flag `flag`, over a file that is read.
///
/// # Errors
/// Names both.
pub fn ensure_apart<'a>(flag: &str, output: &Path, inputs: impl IntoIterator<Item = &'a PathBuf>) -> Result<()> {
    match inputs.into_iter().find(|input| is_same(output, input)) {
        Some(input) => {
            bail!("{flag} {} would overwrite {}, which is read: name another file", output.display(), input.display())
        }
        None => Ok(()),
    }
}

/// Writes a file under a temporary name beside it, makes sure that it is on the disk, and renames it. The folder is
/// made where it is missing; a file that is replaced leaves its permissions. Of a symbolic link the file that it names is
/// written; devices and pipes, and standard output, for which `-` stands, are written as they are.
///
/// # Errors
/// Names the path; what was there before is then still there, and nothing new. [`Closed`] where nobody reads standard
/// output any more.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let put = |stream: &mut dyn Write| stream.write_all(bytes).and_then(|()| stream.flush());
    let written = match Place::of(path) {
        Ok(Place::Stdout) => return put(&mut io::stdout().lock()).map_err(Closed::or),
        Ok(Place::Stderr) => put(&mut io::stderr().lock()),
        Ok(Place::Special) => {
            OpenOptions::new().write(true).truncate(true).open(path).and_then(|mut file| put(&mut file))
        }
        Ok(Place::File(file)) => {
            let folder = folder_of(&file);
            fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
            return replace(&file, bytes).with_context(|| {
                format!("cannot write {}: is the disk full, or the folder read-only?", path.display())
            });
        }
        Err(error) => Err(error),
    };
    written.with_context(|| format!("cannot write {}", path.display()))
}

fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let name: String = file.file_name().unwrap_or_default().to_string_lossy().chars().take(NAME_IN_TEMPORARY).collect();
    let temporary = folder_of(file).join(temporary_name(&name));
    // A program that had our number may have left one.
    let _ = fs::remove_file(&temporary);
    let written = (|| {
        let mut new = File::create_new(&temporary)?;
        if let Ok(before) = fs::metadata(file) {
            like(&new, &before);
        }
        new.write_all(bytes)?;
        new.sync_all()?;
        fs::rename(&temporary, file)
    })();
    if written.is_err() {
        // Whether it could be removed makes no difference to the error that is told.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Gives a file the owner and the permissions of another, as far as the system lets us.
fn like(file: &File, other: &Metadata) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let _ = fchown(file, Some(other.uid()), Some(other.gid()));
    }
    let _ = file.set_permissions(other.permissions());
}

/// The name under which this program writes a file before it is whole.
fn temporary_name(name: &str) -> String {
    format!(".{name}.{}.partial", std::process::id())
}

/// The number of the program that writes under this temporary name; none where it is no such name.
fn writer(name: &str) -> Option<u32> {
    name.strip_prefix('.')?
        .strip_suffix(".partial")?
        .rsplit_once('.')
        .filter(|(name, _)| !name.is_empty())?
        .1
        .parse()
        .ok()
}

/// Removes what programs that were killed have left of the files that they were writing in a folder.
pub fn remove_left_over(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let left = entry.file_name().to_str().and_then(writer).is_some_and(|writer| !is_alive(writer));
        if left && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            // In the way it is not: if it stays, nothing is lost but room.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether there is a program with that number.
#[cfg(unix)]
fn is_alive(process: u32) -> bool {
    use nix::{errno::Errno, sys::signal::kill, unistd::Pid};
    let Ok(process) = i32::try_from(process) else { return false };
    // No signal is sent. Another's program may not be asked, so it is there.
    process > 0 && kill(Pid::from_raw(process), None) != Err(Errno::ESRCH)
}

/// Elsewhere nobody can tell without more ado: all stay.
#[cfg(not(unix))]
fn is_alive(_: u32) -> bool {
    true
}

/// Makes a folder where it is missing, and tries whether files can be written there.
///
/// # Errors
/// Names the folder.
pub fn make_writable(folder: &Path) -> Result<()> {
    ensure_usable(folder)?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    try_writing(folder)
}

/// Sees to it that a folder can be made, or is there, and that something can be written there, and leaves all as it is.
///
/// # Errors
/// Names the folder.
pub fn ensure_usable(folder: &Path) -> Result<()> {
    let there = folder.ancestors().find(|path| path.symlink_metadata().is_ok()).unwrap_or(Path::new("."));
    let found = fs::metadata(there).with_context(|| format!("cannot use the folder {}", folder.display()))?;
    if !found.is_dir() {
        let what = if there == folder { String::new() } else { format!("{}: ", folder.display()) };
        bail!("{what}{} is a file, and a folder is needed: name another", there.display());
    }
    try_writing(there)
}

fn try_writing(folder: &Path) -> Result<()> {
    let probe = folder.join(temporary_name("probe"));
    let tried = File::create(&probe).and_then(|mut file| file.write_all(b"?"));
    let _ = fs::remove_file(&probe);
    tried.with_context(|| {
        format!("cannot write into the folder {}: is it read-only, or the disk full?", folder.display())
    })
}

/// A picture's bytes, or those of anything else that is not large.
///
/// # Errors
/// Names the file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    read_at_most(path, &OTHERS)
}

/// A file's bytes.
///
/// # Errors
/// Names the file when it cannot be read or has more bytes than that.
pub fn read_at_most(path: &Path, bound: &Bound) -> Result<Vec<u8>> {
    let cannot = || format!("cannot read {}", path.display());
    let file = File::open(path).with_context(cannot)?;
    let found = file.metadata().with_context(cannot)?;
    let most = if found.is_file() { bound.most } else { bound.most.min(MOST_OF_A_STREAM) };
    let right = |length: u64| {
        ensure!(
            length <= most,
            "{} has more than {most} bytes, too many for {}: is it the right file?",
            path.display(),
            bound.what
        );
        Ok(())
    };
    let mut bytes = Vec::new();
    if found.is_file() {
        right(found.len())?;
        bytes.try_reserve_exact(found.len() as usize + 1).with_context(cannot)?;
    }
    file.take(most + 1).read_to_end(&mut bytes).with_context(cannot)?;
    right(bytes.len() as u64)?;
    Ok(bytes)
}
