//! What lets the built page live without a network, and one build beside the next: its own scripts go where their hash
//! says, and the service worker learns which files this build has.

use crate::hook::{files, fnv, hash, move_into};
use crate::run::write_whole;
use anyhow::{Context, Result, ensure};
use fs_err as fs;
use std::path::{Path, PathBuf};

/// Scripts and styles that name each other, and have no hash in their names.
const SCRIPTS: [&str; 10] = [
    "start.js",
    "below.css",
    "around.js",
    "keep.js",
    "after.js",
    "hands.js",
    "paper.js",
    "photo.js",
    "part.css",
    "print.css",
];
/// Of these, so many are named by index.html.
const NAMED: usize = 2;
/// The service worker.
const WORKER: &str = "service.js";
/// What stands in the worker before and after its build, and before and after its list.
const BUILD: [&str; 2] = ["const BUILD = \"", "\";"];
const FILES: [&str; 2] = ["const FILES = {", "};"];

/// Moves the page's scripts to `parts/<hash>/` and tells the page; tells the page about embedding what its styles are
/// called.
pub fn place_scripts(folder: &Path) -> Result<()> {
    let scripts: Vec<PathBuf> = SCRIPTS.iter().map(|name| folder.join(name)).collect();
    let place = format!("parts/{:016x}", hash(&scripts)?);
    for script in &scripts {
        let text = fs::read_to_string(script)?;
        fs::write(script, without_remarks(&text))?;
    }
    let named = SCRIPTS[..NAMED].iter().map(|name| (*name, format!("{place}/{name}"))).collect::<Vec<_>>();
    let named: Vec<(&str, &str)> = named.iter().map(|(name, path)| (*name, path.as_str())).collect();
    replace(&folder.join("index.html"), &named)?;
    move_into(&folder.join(&place), &scripts)?;
    let called = |start: &str, end: &str| {
        let names = files(folder)?.into_iter().filter_map(|file| Some(file.file_name()?.to_str()?.to_owned()));
        let found = names.into_iter().find(|name| name.starts_with(start) && name.ends_with(end));
        found.with_context(|| format!("the page has no {start}…{end}"))
    };
    let (style, icon) = (called("style-", ".css")?, called("icon-", ".svg")?);
    replace(&folder.join("embed.html"), &[("style.css", &style), ("icon.svg", &icon)])
}

/// A script or style without the lines that are nothing but a remark, and without what lines begin with: Trunk shortens
/// only the styles that it names itself, and nobody who visits reads these.
fn without_remarks(text: &str) -> String {
    let mut kept = String::new();
    let mut in_remark = false;
    for line in text.lines().map(str::trim) {
        let starts = line.starts_with("/*");
        if in_remark || starts || line.starts_with("//") || line.is_empty() {
            in_remark = (in_remark || starts) && !line.contains("*/");
            continue;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

/// Replaces the only place of each of these words.
fn replace(file: &Path, words: &[(&str, &str)]) -> Result<()> {
    let mut text = fs::read_to_string(file)?;
    for (from, to) in words {
        ensure!(text.matches(from).count() == 1, "{} names {from} not once", file.display());
        text = text.replacen(from, to, 1);
    }
    Ok(fs::write(file, text)?)
}

/// Writes the list of all files of the page into its service worker.
pub fn list_files(folder: &Path) -> Result<()> {
    let mut found = Vec::new();
    walk(folder, folder, &mut found)?;
    found.sort();
    let lines = found.iter().map(|path| {
        let bytes = fs::read(folder.join(path))?;
        let sum = bytes.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
        Ok(format!("\"{path}\":[{},{sum},{}]", bytes.len(), u8::from(is_always_needed(path))))
    });
    let list = lines.collect::<Result<Vec<_>>>()?.join(",\n");
    let worker = folder.join(WORKER);
    let text = fs::read_to_string(&worker)?;
    let text = with_list(&text, &list).with_context(|| format!("{} has no place for a list", worker.display()))?;
    write_whole(&worker, &text)
}

/// The worker with this list, and a build that is called after it.
fn with_list(worker: &str, list: &str) -> Option<String> {
    let put = |text: &str, [start, end]: [&str; 2], inner: &str| {
        let from = text.find(start)? + start.len();
        let to = from + text[from..].find(end)?;
        Some(format!("{}{inner}{}", &text[..from], &text[to..]))
    };
    put(&put(worker, FILES, list)?, BUILD, &format!("{:016x}", fnv(list.as_bytes())))
}

/// Paths from `folder` of all files in `inside`, with `/`; the worker itself and hidden ones left out.
fn walk(folder: &Path, inside: &Path, found: &mut Vec<String>) -> Result<()> {
    for file in files(inside)? {
        let path = file.strip_prefix(folder).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        if file.is_dir() {
            walk(folder, &file, found)?;
        } else if path != WORKER && !path.split('/').any(|name| name.starts_with('.')) {
            found.push(path);
        }
    }
    Ok(())
}

/// Whether a visitor without a network misses this file, even who never asked for it. Pieces of the training data, the
/// engine for graphics cards and what is for others than visitors are kept once they were fetched.
fn is_always_needed(path: &str) -> bool {
    let is_piece = path.starts_with("shards/") && !path.ends_with("/manifest.json") && !path.contains("-samples-");
    !(is_piece || path.contains("/engine_gpu") || path.ends_with(".png") || path.ends_with(".md"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worker_learns_the_list_and_is_another_with_another_list() {
        let worker = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../www/service.js")).unwrap();
        let first = with_list(&worker, "\"a\":[1,2,1]").unwrap();
        assert!(first.contains("const FILES = {\"a\":[1,2,1]};") && !first.contains("BUILD = \"none\";\n//"));
        let second = with_list(&first, "\"b\":[1,2,1]").unwrap();
        assert!(second.contains("{\"b\":[1,2,1]}") && !second.contains("\"a\""));
        let build = |text: &str| text.split(BUILD[0]).nth(1).unwrap().split('"').next().unwrap().to_owned();
        assert_ne!(build(&first), build(&second));
    }

    #[test]
    fn remarks_are_not_fetched() {
        let script = "// a\n/** b */\nf(); // c\n  /*\n   * d();\n   */\n\n  g(`//`);\n/* e\n   h */\ni();";
        assert_eq!(without_remarks(script), "f(); // c\ng(`//`);\ni();\n");
    }

    #[test]
    fn what_a_visit_may_do_without_is_not_fetched_for_it() {
        for path in [
            "index.html",
            "engine/0f/engine_cpu.js",
            "engine/0f/photo_reader_bg.wasm",
            "shards/mnist/manifest.json",
            "shards/mnist/mnist-samples-0a.images",
        ] {
            assert!(is_always_needed(path), "{path}");
        }
        for path in ["engine/0f/engine_gpu_bg.wasm", "shards/mnist/mnist-train-00-0a.images.gz", "card.png"] {
            assert!(!is_always_needed(path), "{path}");
        }
    }
}
