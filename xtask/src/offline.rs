//! What lets the built page live without a network: the list of its files, which its service worker reads.

use crate::build_script::{files, fnv};
use crate::run::write_whole;
use anyhow::Result;
use fs_err as fs;
use serde_json::{Map, Value, json};
use std::path::Path;

/// The service worker, and the script with the list. It lies where the worker finds it without knowing a build: browsers
/// look whether it has changed as they do for the worker itself.
const WORKER: &str = "service.js";
const LIST: &str = "files.js";

/// Writes the list of all files of the page; a build that is not to be kept has none.
pub fn write_list(folder: &Path, is_kept: bool) -> Result<()> {
    let mut found = Vec::new();
    if is_kept {
        walk(folder, folder, &mut found)?;
    }
    found.sort();
    let mut list = Map::new();
    for path in found {
        let bytes = fs::read(folder.join(&path))?;
        let sum = bytes.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
        let always = u8::from(is_always_needed(&path));
        list.insert(path, json!([bytes.len(), sum, always]));
    }
    write_whole(&folder.join(LIST), &script(list, is_kept))
}

fn script(list: Map<String, Value>, is_kept: bool) -> String {
    let list = Value::Object(list);
    let build = is_kept.then(|| format!("{:016x}", fnv(list.to_string().as_bytes())));
    format!("globalThis.release = {};\n", json!({ "build": build, "files": list }))
}

/// Paths from `folder` of all files in `inside`, with `/`; the worker, its list and hidden ones left out.
fn walk(folder: &Path, inside: &Path, found: &mut Vec<String>) -> Result<()> {
    for file in files(inside)? {
        let path = file.strip_prefix(folder).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        if file.is_dir() {
            walk(folder, &file, found)?;
        } else if path != WORKER && path != LIST && !path.split('/').any(|name| name.starts_with('.')) {
            found.push(path);
        }
    }
    Ok(())
}

/// Whether a visitor without a network misses this file, even who never asked for it. Pieces of the training data, the
/// engine for graphics cards, what lets networks leave and what is for others than visitors are kept once they were fetched.
fn is_always_needed(path: &str) -> bool {
    let is_piece = path.starts_with("shards/") && !path.ends_with("/manifest.json") && !path.contains("-samples-");
    let is_wanted_by_few = path.contains("/engine_gpu") || path.contains("/chips");
    !(is_piece || is_wanted_by_few || path.ends_with(".png") || path.ends_with(".md"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build_script::tests::Folder;

    #[test]
    fn another_file_is_another_build_and_a_build_for_development_has_none() {
        let folder = Folder::new("offline");
        let list = |text: &str, is_kept: bool| {
            fs::write(folder.0.join("index.html"), text).unwrap();
            write_list(&folder.0, is_kept).unwrap();
            let script = fs::read_to_string(folder.0.join(LIST)).unwrap();
            let json = script.strip_prefix("globalThis.release = ").unwrap().strip_suffix(";\n").unwrap();
            serde_json::from_str::<Value>(json).unwrap()
        };
        let (first, second, none) = (list("1", true), list("22", true), list("22", false));
        assert_eq!(first["files"]["index.html"][0], 1);
        assert!(first["build"].is_string() && first["build"] != second["build"]);
        assert_eq!(second["files"].as_object().unwrap().len(), 1, "the list is not in itself");
        assert_eq!(none, json!({ "build": null, "files": {} }));
    }

    #[test]
    fn what_a_visit_may_do_without_is_not_fetched_for_it() {
        for path in [
            "index.html",
            "programs/0f/engine_cpu.js",
            "programs/0f/photo_reader_bg.wasm",
            "shards/mnist/manifest.json",
            "shards/mnist/mnist-samples-0a.images",
        ] {
            assert!(is_always_needed(path), "{path}");
        }
        for path in [
            "programs/0f/engine_gpu_bg.wasm",
            "programs/0f/chips_bg.wasm",
            "shards/mnist/mnist-train-00-0a.images.gz",
            "card.png",
        ] {
            assert!(!is_always_needed(path), "{path}");
        }
    }
}
