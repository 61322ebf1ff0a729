//! The reading and writing of files: reads are bounded, writes are atomic.

use super::Closed;
use anyhow::{Context, Result, bail, ensure};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::sync::Arc;

/// The name that stands for standard output in place of a file's.
const STDOUT: &str = "-";
/// The number of symbolic links that are followed to a file, as on Linux.
const MAX_LINKS: usize = 40;
/// The maximal number of bytes read from a pipe or a device, which have no size.
const MAX_STREAM_BYTES: u64 = 256 << 20;
/// The number of characters of a file's name in that of its temporary file: systems allow 255 bytes for all of it.
const NAME_IN_TEMPORARY: usize = 48;

/// The maximal size of a kind of file.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// The maximal number of bytes.
    pub most: u64,
    /// The kind of file, for messages.
    pub what: &'static str,
}

/// Weights, or a checkpoint: three times those of the largest network over images of 28 × 28 pixels are 0.7 GB.
pub const WEIGHTS: Bound = Bound { most: 4 << 30, what: "a file of weights" };
/// idx files, gzipped or not.
pub const IDX: Bound = Bound { most: crate::digits::idx::MOST_BYTES + (1 << 20), what: "an idx file" };
/// Drawings, in text.
pub const DRAWINGS: Bound = Bound { most: 256 << 20, what: "a file of drawings" };
/// Pictures, and anything else that is not large.
const OTHERS: Bound = Bound { most: 512 << 20, what: "a picture" };

/// Makes a write beyond the size that a shell allows (`ulimit -f`) fail with an error; otherwise such a write ends the
/// program silently.
pub fn hear_of_limits() {
    #[cfg(unix)]
    {
        // Any handler will do. If it cannot be set, nothing changes.
        let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
    }
}

/// The destination of a write.
#[derive(Debug)]
enum Place {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A thing that is written directly: a device, a pipe, another open file of the program.
    Special,
    /// A file, which need not exist, after following symbolic links.
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
            // The write will show whether it can be written.
            _ => Self::behind_links(path),
        }
    }

    fn behind_links(path: &Path) -> io::Result<Self> {
        let mut path = path.to_owned();
        for _ in 0..MAX_LINKS {
            let folder = folder_of(&path);
            // These are the program's open files, even if they look like links to one.
            if folder.canonicalize().is_ok_and(|folder| folder.starts_with("/proc") || folder == Path::new("/dev/fd")) {
                return Ok(Self::Special);
            }
            match fs::read_link(&path) {
                Ok(to) => path = folder.join(to),
                // It is not a link, or does not exist yet.
                Err(_) => return Ok(Self::File(path)),
            }
        }
        Err(io::Error::other("its symbolic links have no end"))
    }
}

/// The folder of a file.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The metadata of one of the program's standard streams.
#[cfg(unix)]
fn stream(stream: impl std::os::fd::AsFd) -> Option<Metadata> {
    File::from(stream.as_fd().try_clone_to_owned().ok()?).metadata().ok()
}

#[cfg(not(unix))]
fn stream(_: impl Write) -> Option<Metadata> {
    None
}

/// Whether both are the same file on the disk, or the same stream.
#[cfg(unix)]
fn is_one(found: &Metadata, other: Option<Metadata>) -> bool {
    use std::os::unix::fs::MetadataExt;
    other.is_some_and(|other| (found.dev(), found.ino()) == (other.dev(), other.ino()))
}

#[cfg(not(unix))]
fn is_one(_: &Metadata, _: Option<Metadata>) -> bool {
    false
}

/// Whether this path is standard output, so that nothing else may be printed there.
pub fn is_stdout(path: &Path) -> bool {
    matches!(Place::of(path), Ok(Place::Stdout))
}

/// Whether both paths name the same file, through any links.
pub fn is_same(one: &Path, other: &Path) -> bool {
    let is_file = |path: &Path| fs::metadata(path).is_ok_and(|found| found.is_file());
    if !is_file(one) || !is_file(other) {
        return false;
    }
    let same_path = fs::canonicalize(one).ok().zip(fs::canonicalize(other).ok()).is_some_and(|(a, b)| a == b);
    // Hard links: two names of one file on the disk.
    same_path || fs::metadata(one).is_ok_and(|found| is_one(&found, fs::metadata(other).ok()))
}

/// Refuses to write, for the flag `flag`, over an input file.
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
/// created if it is missing; a replaced file's permissions are kept. A symbolic link is followed; devices and pipes,
/// and standard output, for which `-` stands, are written directly.
///
/// # Errors
/// Names the path; the earlier file is then unchanged. [`Closed`] if the reader of standard output has gone.
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
    // An earlier process with our id may have left one.
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
        // The error is the same whether or not it could be removed.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Gives a file the owner and the permissions of another, as far as the system permits.
fn like(file: &File, other: &Metadata) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let _ = fchown(file, Some(other.uid()), Some(other.gid()));
    }
    let _ = file.set_permissions(other.permissions());
}

/// The temporary name under which this process writes a file.
fn temporary_name(name: &str) -> String {
    format!(".{name}.{}.partial", std::process::id())
}

/// The id of the process that writes under this temporary name; `None` if it is not such a name.
fn writer(name: &str) -> Option<u32> {
    name.strip_prefix('.')?
        .strip_suffix(".partial")?
        .rsplit_once('.')
        .filter(|(name, _)| !name.is_empty())?
        .1
        .parse()
        .ok()
}

/// Removes the temporary files that killed processes left in a folder.
pub fn remove_left_over(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let left = entry.file_name().to_str().and_then(writer).is_some_and(|writer| !is_alive(writer));
        if left && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            // If it cannot be removed, it only takes up space.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether a process with that id exists.
#[cfg(unix)]
fn is_alive(process: u32) -> bool {
    use nix::{errno::Errno, sys::signal::kill, unistd::Pid};
    let Ok(process) = i32::try_from(process) else { return false };
    // Signal 0 only checks. EPERM means another user's process, which exists.
    process > 0 && kill(Pid::from_raw(process), None) != Err(Errno::ESRCH)
}

/// Elsewhere this is not known: all files stay.
#[cfg(not(unix))]
fn is_alive(_: u32) -> bool {
    true
}

/// Creates a folder if it is missing, and checks that files can be written there.
///
/// # Errors
/// Names the folder.
pub fn make_writable(folder: &Path) -> Result<()> {
    ensure_usable(folder)?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    try_writing(folder)
}

/// Checks that a folder exists or can be created, and that files can be written there, and changes nothing.
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

/// The bytes of a picture, or of any other file that is not large.
///
/// # Errors
/// Names the file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    read_at_most(path, &OTHERS)
}

/// The bytes of a file.
///
/// # Errors
/// Names the file when it cannot be read or exceeds the bound.
pub fn read_at_most(path: &Path, bound: &Bound) -> Result<Vec<u8>> {
    let cannot = || format!("cannot read {}", path.display());
    let file = File::open(path).with_context(cannot)?;
    let found = file.metadata().with_context(cannot)?;
    let most = if found.is_file() { bound.most } else { bound.most.min(MAX_STREAM_BYTES) };
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
