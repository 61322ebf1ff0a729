//! What happens to a page that Trunk has put together, before it is served (`cargo xtask hook`, called by Trunk): shards
//! and models are copied beside it, scripts and programs are made shorter, and each goes where its hash says, so that a
//! cache can keep it for ever. Where that is, `build.js` says (`build_script`).

use crate::build_script::{self, Build, files, programs};
use crate::gpu;
use crate::minify;
use crate::page::SPIKING;
use crate::published;
use crate::run::says;
use crate::tools::Tools;
use anyhow::{Context, Result};
use fs_err as fs;
use std::path::{Path, PathBuf};

/// The page as it is written.
pub(crate) const PAGE: &str = "www/index.html";

/// Where `spiking shards` puts the data sets.
const SHARDS: &str = "www/shards";
/// Scripts whose place is known to others: pages that embed this one, and browsers that keep it.
const KNOWN: [&str; 2] = ["embed.js", "service.js"];

/// Finishes the page in the folder that Trunk names.
///
/// # Errors
/// When a file of the page is not what it should be, or cannot be written.
pub fn run() -> Result<()> {
    let folder =
        std::env::var_os("TRUNK_STAGING_DIR").context("`hook` is called by Trunk, which says where the page is")?;
    let folder = PathBuf::from(folder);
    // While the page is being developed, nothing is to be kept of it, and a build is to be quick.
    let is_release = std::env::var_os("TRUNK_PROFILE").is_some_and(|profile| profile == "release");
    for (from, to) in [(SHARDS, "shards"), ("models", "models")] {
        copy(Path::new(from), &folder.join(to))?;
    }
    let tools = Tools::here()?;
    if is_release {
        let known = KNOWN.map(|name| folder.join(name));
        let scripts = files(&build_script::parts(&folder)?)?.into_iter().chain(known).filter(|file| is_code(file));
        minify::scripts(&tools, &folder, &scripts.collect::<Vec<_>>(), &[])?;
        programs(&folder)?.iter().try_for_each(|name| minify::program(&tools, &folder, name))?;
    }
    gpu::lay_into(&folder)?;
    let mut build = Build::new(&folder, is_release);
    build.view_settings = view_settings(&tools)?;
    build.place_programs(&folder)?;
    // Before the list of files is written, which has the sums of the documents.
    if let Ok(url) = std::env::var(published::VARIABLE) {
        published::write(&folder, &url)?;
    }
    build.write(&folder)
}

/// The names of the settings in a link that say how a run looks, as the program says (`page::model::link::SETTINGS`).
fn view_settings(tools: &Tools) -> Result<Vec<String>> {
    let json = says(&tools.cmd("cargo", SPIKING.into_iter().chain(["page-settings"])))
        .context("`spiking page-settings` cannot be run")?;
    serde_json::from_str(&json).context("`spiking page-settings` says no list of names")
}

fn is_code(file: &Path) -> bool {
    file.extension().is_some_and(|end| end == "js" || end == "css")
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
