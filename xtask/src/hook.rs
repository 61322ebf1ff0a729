//! What happens to a page that Trunk has put together, before it is served (`cargo xtask hook`, called by Trunk).
//!
//! Trunk gives the files of a worker no hash, and they name each other. So the files of each worker move to
//! `engine/<hash>/`, the article's to `article/<hash>/`, and index.html learns the paths: a cache can keep them for ever.
//! Shards (whose names have hashes) and models are copied beside the page, and index.html learns which data sets there
//! are. The programs of page and article get shorter: imports are numbered.

use crate::gpu;
use crate::html::{content, with_content, without_preloads};
use crate::offline;
use crate::run::write_whole;
use anyhow::{Context, Result};
use fs_err as fs;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What an engine's worker starts from.
const LOADER: &str = "_loader.js";

/// The program of the article's figures: its file, its folder, and what index.html calls it.
const ARTICLE: &str = "article";

/// The page as it is written.
pub(crate) const PAGE: &str = "www/index.html";

/// Where `spiking shards` puts the data sets.
const SHARDS: &str = "www/shards";
/// Under this name index.html lists the data sets that the page has words for; the page in dist/, those that are there.
const SETS: &str = "sets";

/// The data sets that the page has words for, the one that it opens with first.
pub(crate) fn sets() -> Result<Vec<String>> {
    let html = fs::read_to_string(PAGE)?;
    let sets = content(&html, SETS).with_context(|| format!("{PAGE} has no <meta name=\"{SETS}\">"))?;
    Ok(sets.split_whitespace().map(str::to_owned).collect())
}

/// Those of the page's data sets that were cut into `shards`.
fn there(html: &str, shards: &Path) -> Result<String> {
    let sets = content(html, SETS).with_context(|| format!("index.html has no <meta name=\"{SETS}\">"))?;
    let cut = |set: &&str| shards.join(set).join("manifest.json").is_file();
    Ok(sets.split_whitespace().filter(cut).collect::<Vec<_>>().join(" "))
}

/// Finishes the page in the folder that Trunk names.
///
/// # Errors
/// When a file of the page is not what it should be, or cannot be written.
pub fn run() -> Result<()> {
    let folder =
        std::env::var_os("TRUNK_STAGING_DIR").context("`hook` is called by Trunk, which says where the page is")?;
    let folder = PathBuf::from(folder);
    gpu::lay_into(&folder)?;
    place_engines(&folder)?;
    let page = folder.join("index.html");
    let mut html = fs::read_to_string(&page)?;
    let there = there(&html, Path::new(SHARDS))?;
    html = with_content(&html, SETS, &there).with_context(|| format!("index.html has no <meta name=\"{SETS}\">"))?;
    // While the page is being developed, nothing is to be kept of it.
    let service =
        if std::env::var_os("TRUNK_PROFILE").is_some_and(|it| it == "release") { "service.js" } else { "none" };
    html = with_content(&html, "service", service).context("index.html has no <meta name=\"service\">")?;
    fs::write(&page, without_preloads(&html))?;
    number_imports(&folder, "page-")?;
    number_imports(&folder, ARTICLE)?;
    place_article(&folder)?;
    for (from, to) in [(SHARDS, "shards"), ("models", "models")] {
        copy(Path::new(from), &folder.join(to))?;
    }
    offline::place_scripts(&folder)?;
    if service == "none" { Ok(()) } else { offline::list_files(&folder) }
}

/// Moves the files of engines that lie beside a page to where they belong, and tells the page.
pub(crate) fn place_engines(folder: &Path) -> Result<()> {
    let page = folder.join("index.html");
    let mut html = fs::read_to_string(&page)?;
    for (engine, files) in engines(folder)? {
        let path = format!("engine/{:016x}", hash(&files)?);
        remove_older(&folder.join("engine"), &format!("{engine}{LOADER}"))?;
        move_into(&folder.join(&path), &files)?;
        let meta = engine.replace('_', "-");
        html = with_content(&html, &meta, &format!("./{path}/{engine}{LOADER}")).with_context(|| {
            format!("index.html has no <meta name=\"{meta}\" content=\"\"> to say where {engine} is")
        })?;
    }
    write_whole(&page, &html)
}

/// Moves the files of the article's program to where they belong, and tells the page.
fn place_article(folder: &Path) -> Result<()> {
    let page = folder.join("index.html");
    let html = fs::read_to_string(&page)?;
    let script = format!("{ARTICLE}.js");
    let files = [script.clone(), format!("{ARTICLE}_bg.wasm")].map(|file| folder.join(file));
    let path = format!("{ARTICLE}/{:016x}", hash(&files)?);
    remove_older(&folder.join(ARTICLE), &script)?;
    move_into(&folder.join(&path), &files)?;
    let html = with_content(&html, ARTICLE, &format!("./{path}/{script}")).with_context(|| {
        format!("index.html has no <meta name=\"{ARTICLE}\" content=\"\"> to say where its program is")
    })?;
    Ok(fs::write(&page, html)?)
}

/// wasm-bindgen ends the names of imports in hashes, which stand both in the page's script and in its program and which
/// no compression makes smaller: together 4 KB of what a visitor fetches. Numbers of the same length do as well.
fn number_imports(folder: &Path, start: &str) -> Result<()> {
    let is_it =
        |file: &PathBuf| file.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(start));
    let (scripts, programs): (Vec<_>, Vec<_>) = files(folder)?
        .into_iter()
        .filter(|file| is_it(file) && file.is_file())
        .partition(|file| file.extension().is_some_and(|end| end == "js"));
    for script in scripts {
        let mut text = fs::read(&script)?;
        let hashes = hashes(&text);
        renumber(&mut text, &hashes);
        fs::write(&script, text)?;
        for program in &programs {
            let mut bytes = fs::read(program)?;
            renumber(&mut bytes, &hashes);
            fs::write(program, bytes)?;
        }
    }
    Ok(())
}

/// How many digits the hash of an import has.
const HASH: usize = 16;

/// The hashes of the imports that a script gives, in order.
fn hashes(script: &[u8]) -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    for word in script.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_') {
        let Some(at) = word.len().checked_sub(HASH + 1).filter(|_| word.starts_with(b"__wbg_")) else { continue };
        let is_hash = word[at] == b'_' && word[at + 1..].iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_hash && !found.iter().any(|hash| *hash == word[at + 1..]) {
            found.push(word[at + 1..].to_vec());
        }
    }
    found
}

/// Puts the number of each hash in its place.
fn renumber(bytes: &mut [u8], hashes: &[Vec<u8>]) {
    let after_bar = |at: &usize| bytes[*at - 1] == b'_';
    for at in (1..=bytes.len().saturating_sub(HASH)).filter(after_bar).collect::<Vec<_>>() {
        let window = &mut bytes[at..at + HASH];
        if let Some(number) = hashes.iter().position(|hash| *hash == *window) {
            window.copy_from_slice(format!("{number:0HASH$}").as_bytes());
        }
    }
}

/// The files in a folder.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    Ok(fs::read_dir(folder)?.filter_map(|file| Some(file.ok()?.path())).collect())
}

/// The engines in the folder, by name, with their files in order.
fn engines(folder: &Path) -> Result<BTreeMap<String, Vec<PathBuf>>> {
    let files = files(folder)?;
    let name = |file: &PathBuf| Some(file.file_name()?.to_str()?.to_owned());
    let names = files.iter().filter_map(name).filter_map(|name| name.strip_suffix(LOADER).map(str::to_owned));
    let of = |engine: &str| {
        let ends = [LOADER, ".js", "_bg.wasm"].map(|end| folder.join(format!("{engine}{end}")));
        files.iter().filter(|file| ends.contains(file)).cloned().collect::<Vec<_>>()
    };
    Ok(names
        .map(|engine| (engine.clone(), of(&engine)))
        .map(|(engine, mut files)| {
            files.sort();
            (engine, files)
        })
        .collect())
}

/// FNV-1a over the files: no secret depends on it, it only has to change with them.
pub(crate) fn hash(files: &[PathBuf]) -> Result<u64> {
    files.iter().try_fold(FNV, |hash: u64, file| Ok(fnv_from(hash, &fs::read(file)?)))
}

const FNV: u64 = 0xcbf2_9ce4_8422_2325;

fn fnv_from(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// FNV-1a of these bytes.
pub(crate) fn fnv(bytes: &[u8]) -> u64 {
    fnv_from(FNV, bytes)
}

/// Removes what was placed of the program that starts with this file before.
fn remove_older(placed: &Path, start: &str) -> Result<()> {
    let Ok(folders) = fs::read_dir(placed) else { return Ok(()) };
    let folders = folders.filter_map(|folder| Some(folder.ok()?.path()));
    let mut older = folders.filter(|folder| folder.join(start).is_file());
    older.try_for_each(|folder| Ok(fs::remove_dir_all(&folder)?))
}

/// Moves the files into the folder, which is made if it is not there.
pub(crate) fn move_into(folder: &Path, files: &[PathBuf]) -> Result<()> {
    fs::create_dir_all(folder)?;
    files.iter().try_for_each(|file| Ok(fs::rename(file, folder.join(file.file_name().unwrap_or_default()))?))
}

/// Copies a folder with all that is in it, hidden files left out; one that is not there makes none.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let Ok(entries) = fs::read_dir(from) else { return Ok(()) };
    fs::create_dir_all(to)?;
    for entry in entries {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if source.is_dir() {
            copy(&source, &target)?;
        } else {
            fs::copy(&source, &target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_numbered_alike_in_script_and_program() {
        let mut script = b"{__wbg_a_00112233445566ff:1,__wbg_b_0123456789abcdef(){},__wbg_c_d:2}".to_vec();
        let mut program = b"\x1b__wbg_b_0123456789abcdef\x00__wbg_a_00112233445566ff".to_vec();
        let hashes = hashes(&script);
        renumber(&mut script, &hashes);
        renumber(&mut program, &hashes);
        assert_eq!(script, b"{__wbg_a_0000000000000000:1,__wbg_b_0000000000000001(){},__wbg_c_d:2}");
        assert_eq!(program, b"\x1b__wbg_b_0000000000000001\x00__wbg_a_0000000000000000");
    }

    #[test]
    fn the_page_lists_the_sets_that_were_cut() {
        let shards = std::env::temp_dir().join(format!("spiking-hook-{}", std::process::id()));
        fs::create_dir_all(shards.join("b")).unwrap();
        fs::create_dir_all(shards.join("c")).unwrap();
        fs::write(shards.join("c/manifest.json"), "{}").unwrap();
        let there = there("<meta name=sets content=\"a b c\">", &shards);
        fs::remove_dir_all(&shards).unwrap();
        assert_eq!(there.unwrap(), "c");
    }
}
