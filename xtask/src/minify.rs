//! Shorter scripts, styles and programs, for a page that is published.

use crate::build_script::files_of;
use crate::tools::Tools;
use anyhow::{Context, Result, ensure};
use fs_err as fs;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Scripts and styles in this folder, in place. Each stays a file of its own: which are needed is found out at a visit.
///
/// # Errors
/// When one is none, or cannot be written.
pub(crate) fn scripts(tools: &Tools, folder: &Path, files: &[PathBuf], more: &[String]) -> Result<()> {
    let to = |flag: &str| [OsString::from(flag), folder.into()].into_iter().collect::<OsString>();
    let usual = ["--minify", "--charset=utf8", "--legal-comments=none", "--log-level=warning", "--allow-overwrite"];
    let flags = usual.iter().map(OsString::from).chain(more.iter().map(OsString::from));
    let arguments = flags.chain([to("--outdir="), to("--outbase=")]).chain(files.iter().map(OsString::from));
    tools.cmd("esbuild", arguments).run().context("scripts and styles cannot be made shorter")?;
    Ok(())
}

/// A program in this folder: what it imports and exports has long names with hashes in them, which stand in its script
/// too and which no compression makes smaller. wasm-opt gives short ones and says which, and esbuild puts the same into
/// the script.
///
/// # Errors
/// When the tools fail, or a name stands for something else as well.
pub(crate) fn program(tools: &Tools, folder: &Path, name: &str) -> Result<()> {
    let files = files_of(folder, name);
    let (wasm, script) = (&files[0], &files[1]);
    let arguments = [OsString::from("--minify-imports-and-exports-and-modules"), wasm.into(), "-o".into(), wasm.into()];
    let said =
        tools.cmd("wasm-opt", arguments).read().with_context(|| format!("{} has other names", wasm.display()))?;
    let names = names(&said).with_context(|| format!("wasm-opt does not say its new names for {name}: {said}"))?;
    let text = fs::read_to_string(script)?;
    if let Some(name) = names.keys().find(|name| is_ambiguous(&text, name)) {
        ensure!(false, "{}: `{name}` is a name of the program and of something else", script.display());
    }
    let job = json!({ "script": script, "names": names });
    let renamed = tools.cmd("node", ["-e", RENAME]).stdin_bytes(job.to_string());
    renamed.run().with_context(|| format!("{} cannot be made shorter", script.display()))?;
    Ok(())
}

/// esbuild by its interface for programs: so many names are too long for a command line.
const RENAME: &str = r#"
const { readFileSync, writeFileSync } = require("node:fs");
const { transformSync } = require("esbuild");
const { script, names } = JSON.parse(readFileSync(0, "utf8"));
const pattern = Object.keys(names).map((name) => name.replace(/[^\w]/g, "\\$&")).join("|");
const { code } = transformSync(readFileSync(script, "utf8"), {
  format: "esm",
  minify: true,
  charset: "utf8",
  legalComments: "none",
  mangleProps: new RegExp(`^(${pattern})$`),
  mangleQuoted: true,
  mangleCache: names,
});
writeFileSync(script, code);
"#;

/// The name that wasm-opt gives the only module of imports.
const MODULE: &str = "a";

/// The new name of each module, import and export.
fn names(said: &str) -> Option<Map<String, Value>> {
    let said: Value = serde_json::from_str(said).ok()?;
    let mut names = Map::new();
    let mut modules = BTreeSet::new();
    for import in said["imports"].as_array()? {
        modules.insert(import[0].as_str()?);
        names.insert(import[1].as_str()?.to_owned(), import[2].clone());
    }
    for export in said["exports"].as_array()? {
        names.insert(export[0].as_str()?.to_owned(), export[1].clone());
    }
    if modules.len() != 1 || names.values().any(|name| !name.is_string()) {
        return None;
    }
    names.insert(modules.pop_first()?.to_owned(), MODULE.into());
    Some(names)
}

/// Whether the script has a property of this name that is not of the program: wasm-bindgen's names cannot be mistaken, but
/// the program's memory and its start have plain ones.
fn is_ambiguous(script: &str, name: &str) -> bool {
    let is_word = |character: char| character.is_alphanumeric() || matches!(character, '_' | '$');
    let is_other = |(at, _): (usize, &str)| {
        let (before, after) = (&script[..at], &script[at + 1 + name.len()..]);
        !after.starts_with(is_word) && !before.ends_with("wasm")
    };
    let is_plain = !name.contains("__") && name.chars().all(is_word);
    is_plain && script.match_indices(&format!(".{name}")).any(is_other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_names_are_read_off_wasm_opt() {
        let said = r#"{ "imports": [ ["./p.js", "__wbg_a_0f", "$"], ["./p.js", "__wbg_b_1e", "c"] ],
            "exports": [ ["memory", "d"] ] }"#;
        let names = names(said).unwrap();
        assert_eq!(
            Value::Object(names),
            json!({
                "./p.js": "a", "__wbg_a_0f": "$", "__wbg_b_1e": "c", "memory": "d"
            })
        );
        assert_eq!(super::names("{}"), None);
        assert_eq!(super::names(&said.replacen("./p.js", "./q.js", 1)), None, "two modules would be one");
    }

    #[test]
    fn a_name_that_means_two_things_is_found() {
        assert!(!is_ambiguous("wasm.memory.buffer; wasm.memory; x.memoryOf", "memory"));
        assert!(is_ambiguous("wasm.memory; performance.memory", "memory"));
        assert!(!is_ambiguous("x.__wbindgen_malloc", "__wbindgen_malloc"));
    }
}
