//! `build.js`, the one script in which the build says where things are. `www/start.js` reads it, and hands on to the
//! programs what they need of it; they ask nothing of the document.
//!
//! It lies in `parts/<hash>/`, beside the scripts and styles that index.html names: the hash is that of all of them, so
//! document, scripts and programs are always of one build, whatever caches hold. index.html and embed.html are written with
//! [`UNBUILT`] in its place. The list of the build's files is a script of its own (`offline`): only the service worker
//! reads it, from a place that it knows before it knows a build.

use crate::offline;
use crate::run::write_whole;
use anyhow::{Context, Result, ensure};
use fs_err as fs;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// The data sets that the page has words for, the one that it opens with first.
pub(crate) const SETS: [&str; 2] = ["mnist", "fashion-mnist"];

/// The script.
const SCRIPT: &str = "build.js";
/// What stands in it before and after the JSON.
const BEFORE: &str = "globalThis.build = ";
const AFTER: &str = ";\n";

/// The folder of scripts and styles.
const PARTS: &str = "parts";
/// What its folder is called before the build, in the documents too.
#[cfg(test)]
const UNBUILT: &str = "BUILD";
/// The documents that name it.
const DOCUMENTS: [&str; 2] = ["index.html", "embed.html"];

/// The folder of programs.
const PROGRAMS: &str = "programs";
/// What follows a program's name in the names of its files: the program, its script, and the script that a worker starts
/// from, which not every program has.
pub(crate) const ENDS: [&str; 3] = ["_bg.wasm", ".js", "_loader.js"];

/// What `build.js` says.
#[derive(Debug, PartialEq)]
pub(crate) struct Build {
    /// The path of each program, by its name, without what its files' names end in.
    pub programs: Map<String, Value>,
    /// Which of the data sets were cut.
    pub sets: Vec<String>,
    /// Whether the service worker may keep this build; not while the page is being developed.
    pub offline: bool,
    /// The names of the settings in a link that say how a run looks and not what it is.
    pub view_settings: Vec<String>,
}

impl Build {
    /// A page in this folder without programs.
    pub fn new(folder: &Path, offline: bool) -> Self {
        let is_cut = |set: &&str| folder.join("shards").join(set).join("manifest.json").is_file();
        let sets = SETS.into_iter().filter(is_cut).map(str::to_owned).collect();
        Self { programs: Map::new(), sets, offline, view_settings: Vec::new() }
    }

    fn to_json(&self) -> Value {
        json!({
            "programs": self.programs,
            "sets": self.sets,
            "offline": self.offline,
            "viewSettings": self.view_settings,
        })
    }

    fn from_json(json: &Value) -> Option<Self> {
        let names = |key: &str| -> Option<Vec<String>> {
            json[key].as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect()
        };
        let programs = json["programs"].as_object()?.clone();
        Some(Self {
            programs,
            sets: names("sets")?,
            offline: json["offline"].as_bool()?,
            view_settings: names("viewSettings")?,
        })
    }

    /// What the page in this folder says.
    pub fn read(folder: &Path) -> Result<Self> {
        let file = parts(folder)?.join(SCRIPT);
        let text = fs::read_to_string(&file)?;
        let json = text.strip_prefix(BEFORE).and_then(|text| text.strip_suffix(AFTER));
        let json = json.and_then(|json| serde_json::from_str(json).ok());
        json.as_ref().and_then(Self::from_json).with_context(|| format!("{} is not as it was written", file.display()))
    }

    /// Moves the programs that lie beside the page to where they belong, in place of older ones of the same names.
    pub fn place_programs(&mut self, folder: &Path) -> Result<()> {
        for name in programs(folder)? {
            let files = files_of(folder, &name);
            let place = format!("{PROGRAMS}/{:016x}", hash(&files)?);
            if let Some(Value::String(older)) = self.programs.get(&name)
                && let Some(older) = folder.join(older).parent()
            {
                fs::remove_dir_all(older)?;
            }
            move_into(&folder.join(&place), &files)?;
            self.programs.insert(name.clone(), format!("{place}/{name}").into());
        }
        Ok(())
    }

    /// Writes the script, gives the folder of parts the name that follows from what is in it, and tells the documents; and
    /// writes the list of files, which is another now.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let before = parts(folder)?;
        write_whole(&before.join(SCRIPT), &format!("{BEFORE}{}{AFTER}", self.to_json()))?;
        let after = folder.join(PARTS).join(format!("{:016x}", hash(&files(&before)?)?));
        if before != after {
            fs::rename(&before, &after)?;
            let name = |path: &Path| format!("{PARTS}/{}/", path.file_name().unwrap_or_default().to_string_lossy());
            for document in DOCUMENTS.map(|document| folder.join(document)) {
                let html = fs::read_to_string(&document)?;
                ensure!(html.contains(&name(&before)), "{} names no {}", document.display(), name(&before));
                write_whole(&document, &html.replace(&name(&before), &name(&after)))?;
            }
        }
        offline::write_list(folder, self.offline)
    }
}

/// The only folder of parts.
pub(crate) fn parts(folder: &Path) -> Result<PathBuf> {
    let place = folder.join(PARTS);
    let found = files(&place)?;
    ensure!(found.len() == 1, "{} holds {} builds, not one", place.display(), found.len());
    Ok(place.join(found[0].file_name().unwrap_or_default()))
}

/// The names of the programs whose files lie in this folder.
pub(crate) fn programs(folder: &Path) -> Result<Vec<String>> {
    let name = |file: &PathBuf| Some(file.file_name()?.to_str()?.strip_suffix(ENDS[0])?.to_owned());
    let mut names: Vec<String> = files(folder)?.iter().filter_map(name).collect();
    names.sort();
    Ok(names)
}

/// The program's files in this folder.
pub(crate) fn files_of(folder: &Path, program: &str) -> Vec<PathBuf> {
    let [wasm, script, loader] = ENDS.map(|end| folder.join(format!("{program}{end}")));
    let loader = Some(loader).filter(|loader| loader.is_file());
    [wasm, script].into_iter().chain(loader).collect()
}

/// What is in a folder, in order.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?.filter_map(|file| Some(file.ok()?.path())).collect();
    files.sort();
    Ok(files)
}

/// FNV-1a over the files: no secret depends on it, it only has to change with them.
fn hash(files: &[PathBuf]) -> Result<u64> {
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

/// Moves the files into the folder, which is made if it is not there.
fn move_into(folder: &Path, files: &[PathBuf]) -> Result<()> {
    fs::create_dir_all(folder)?;
    files.iter().try_for_each(|file| Ok(fs::rename(file, folder.join(file.file_name().unwrap_or_default()))?))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// A folder for one test, gone after it.
    pub(crate) struct Folder(pub PathBuf);

    impl Folder {
        pub fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("spiking-{name}-{}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    /// A page as Trunk has put it together.
    pub(crate) fn unbuilt(folder: &Path) {
        let parts = folder.join(PARTS).join(UNBUILT);
        fs::create_dir_all(&parts).unwrap();
        fs::write(parts.join("start.js"), "start()").unwrap();
        for document in DOCUMENTS {
            fs::write(folder.join(document), format!("<script src={PARTS}/{UNBUILT}/start.js>")).unwrap();
        }
    }

    fn program(folder: &Path, name: &str, text: &str) {
        for end in &ENDS[..2] {
            fs::write(folder.join(format!("{name}{end}")), text).unwrap();
        }
    }

    #[test]
    fn documents_programs_and_parts_are_of_one_build() {
        let folder = Folder::new("build");
        let page = &folder.0;
        unbuilt(page);
        fs::create_dir_all(page.join("shards/mnist")).unwrap();
        fs::write(page.join("shards/mnist/manifest.json"), "{}").unwrap();
        program(page, "page", "1");
        fs::write(page.join("page_loader.js"), "1").unwrap();
        let mut places = BTreeSet::new();
        let mut build = Build::new(page, true);
        build.view_settings = vec!["digit".to_owned()];
        assert_eq!(build.sets, ["mnist"], "a set that was not cut is not there");
        for text in ["1", "2"] {
            program(page, "page", text);
            program(page, "article", "1");
            build.place_programs(page).unwrap();
            build.write(page).unwrap();
            let place = parts(page).unwrap();
            let named = format!("{PARTS}/{}/start.js", place.file_name().unwrap().to_string_lossy());
            for document in DOCUMENTS {
                assert!(fs::read_to_string(page.join(document)).unwrap().contains(&named));
            }
            assert!(page.join(&named).is_file() && place.join(SCRIPT).is_file());
            assert_eq!(Build::read(page).unwrap(), build, "what was written is read");
            let stem = build.programs["page"].as_str().unwrap();
            assert_eq!(fs::read_to_string(page.join(format!("{stem}_bg.wasm"))).unwrap(), text);
            assert_eq!(files(&page.join(PROGRAMS)).unwrap().len(), 2, "one folder a program, without older ones");
            places.insert(named);
        }
        assert_eq!(places.len(), 2, "another program is another build");
        assert!(programs(page).unwrap().is_empty());
    }

    #[test]
    fn a_document_that_names_no_build_is_an_error() {
        let folder = Folder::new("build-unnamed");
        unbuilt(&folder.0);
        fs::write(folder.0.join("index.html"), "<script src=start.js>").unwrap();
        let error = Build::new(&folder.0, false).write(&folder.0).unwrap_err().to_string();
        assert!(error.contains("index.html"), "{error}");
    }

    #[test]
    fn the_page_offers_the_sets_that_are_cut() {
        let html = fs::read_to_string(crate::root().join(crate::hook::PAGE)).unwrap();
        let (_, menu) = html.split_once("data-set=\"dataset\">").unwrap();
        let (menu, _) = menu.split_once("</select").unwrap();
        let values = menu.split("value=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        // The reader's own drawings are no shards.
        assert_eq!(values.filter(|value| *value != "folder").collect::<Vec<_>>(), SETS);
    }
}
