//! The rules of the house (see ARCHITECTURE.md), read off the sources.

use spiking_playground::spec::Spec;
use spiking_playground::weights::checkpoint::spec_from_bytes;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A source file: its path below src/, and its code without comments.
struct Source {
    path: String,
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                // An address in a string has no blank before its slashes.
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                let code = code.map(|line| line.split(" //").next().unwrap_or_default()).collect::<Vec<_>>();
                let path = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
                found.push(Source { path, code: code.join("\n") });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.len() > 20, "the sources are not where they are looked for");
    found
}

/// The module of the map to which a file belongs; none for lib.rs, main.rs and the programs in bin/.
fn module(path: &str) -> Option<&str> {
    let name = path.split('/').next()?.trim_end_matches(".rs");
    (!["lib", "main", "bin"].contains(&name)).then_some(name)
}

/// The modules in the order of lib.rs.
fn map() -> Vec<String> {
    let lib = sources().into_iter().find(|source| source.path == "lib.rs").unwrap();
    let name = |line: &str| Some(line.trim().strip_prefix("pub mod ")?.trim_end_matches(';').to_owned());
    lib.code.lines().filter_map(name).collect()
}

/// The modules of this crate that a file names.
fn uses(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        // `spiking_playground::` ends in no `crate::`; `$crate::` would be ours too.
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let group = &group[..group.find('}').unwrap_or(group.len())];
            found.extend(group.split(',').map(str::to_owned));
        } else {
            found.push(rest.to_owned());
        }
    }
    let word = |text: String| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    found.into_iter().map(word).collect()
}

fn offenders(allowed: &[&str], patterns: &[&str]) -> Vec<String> {
    let outside = |source: &Source| !allowed.iter().any(|place| source.path.starts_with(place));
    let all = sources();
    let hits = all.iter().filter(|source| outside(source)).flat_map(|source| {
        let found = patterns.iter().filter(|pattern| source.code.contains(**pattern));
        found.map(|pattern| format!("{} has `{pattern}`", source.path))
    });
    hits.collect()
}

#[test]
fn a_module_uses_only_those_above_it() {
    let place: BTreeMap<String, usize> = map().into_iter().enumerate().map(|(at, name)| (name, at)).collect();
    assert!(place.len() > 10, "lib.rs lists no modules");
    let mut edges = 0;
    for source in sources() {
        let Some(own) = module(&source.path) else { continue };
        let at = place[own];
        for used in uses(&source.code) {
            let Some(other) = place.get(&used) else { continue };
            edges += usize::from(*other != at);
            assert!(*other <= at, "{} uses {used}, which stands below it in lib.rs", source.path);
        }
    }
    assert!(edges > 20, "no edges were found, so none were checked");
}

#[test]
fn nothing_above_the_line_knows_burn() {
    let map = map();
    let line = map.iter().position(|name| name == "kernels").unwrap();
    for source in sources() {
        let Some(at) = module(&source.path).and_then(|own| map.iter().position(|name| name == own)) else { continue };
        let above = at < line || matches!(module(&source.path), Some("dom" | "page" | "article"));
        assert!(!(above && source.code.contains("burn")), "{} knows burn", source.path);
    }
}

#[test]
fn only_kernels_name_a_backend() {
    let none: Vec<String> = Vec::new();
    assert_eq!(offenders(&["kernels/"], &["Flex", "flex()", "burn_flex", "burn::backend", "burn_wgpu", "Cube"]), none);
}

/// The files that know the browser. The page's model is not among them: it is compiled without it.
const BROWSER: &[&str] = &[
    "dom/",
    "exporter/",
    "bin/exporter.rs",
    "page/app.rs",
    "page/queue.rs",
    "page/ports/",
    "page/view/",
    "article/view.rs",
    "plasticity_view/view.rs",
    "bin/plasticity_view.rs",
    "bin/chips.rs",
];

/// The files of `src/page` that a file of it imports from, by their `use` lines.
fn imports(source: &Source, files: &BTreeMap<String, String>) -> Vec<String> {
    let own = source.path.trim_end_matches(".rs").trim_end_matches("/mod").replace('/', "::");
    let folder = if source.path.ends_with("/mod.rs") { own } else { own.rsplit_once("::").unwrap().0.to_owned() };
    let above = folder.rsplit_once("::").map_or("", |(above, _)| above);
    let lines = source.code.split(';').filter_map(|line| Some(line.rsplit_once("use ")?.1.trim().to_owned()));
    let full = lines.map(|line| match line.strip_prefix("crate::") {
        Some(path) => path.to_owned(),
        None => {
            line.replacen("super::super::", &format!("{above}::"), 1).replacen("super::", &format!("{folder}::"), 1)
        }
    });
    let mut found = Vec::new();
    for path in full.filter(|path| path.starts_with("page::")) {
        let (stem, group) = path.split_once("::{").unwrap_or((&path, ""));
        let names = group.trim_end_matches('}').split(',').map(|name| format!("{stem}::{}", name.trim()));
        // The longest part of a path that is a file.
        for path in std::iter::once(stem.to_owned()).chain(names) {
            let parts: Vec<&str> = path.split("::").collect();
            let file = (1..=parts.len()).rev().find_map(|end| files.get(&parts[..end].join("::")));
            found.extend(file.filter(|file| **file != source.path).cloned());
        }
    }
    found
}

#[test]
fn the_page_has_no_circle_of_imports() {
    let sources: Vec<Source> = sources().into_iter().filter(|source| source.path.starts_with("page/")).collect();
    let name = |path: &str| path.trim_end_matches(".rs").trim_end_matches("/mod").replace('/', "::");
    let files: BTreeMap<String, String> =
        sources.iter().map(|source| (name(&source.path), source.path.clone())).collect();
    let mut left: BTreeMap<String, Vec<String>> =
        sources.iter().map(|source| (source.path.clone(), imports(source, &files))).collect();
    assert!(left.values().map(Vec::len).sum::<usize>() > 100, "no imports were found");
    // Files that import none of those that are left go, until there is none, or a circle.
    loop {
        let free: Vec<String> = left
            .iter()
            .filter(|(_, imports)| imports.iter().all(|import| !left.contains_key(import)))
            .map(|(path, _)| path.clone())
            .collect();
        if free.is_empty() {
            break;
        }
        free.iter().for_each(|path| drop(left.remove(path)));
    }
    assert_eq!(left.keys().collect::<Vec<_>>(), Vec::<&String>::new(), "these import each other");
}

#[test]
fn the_browser_and_the_network_are_known_to_entry_points_alone() {
    let none: Vec<String> = Vec::new();
    assert_eq!(offenders(&[&["engine.rs", "helpers.rs", "port.rs"][..], BROWSER].concat(), &["web_sys"]), none);
    assert_eq!(offenders(&["cli/"], &["ureq"]), none);
}

#[test]
fn only_the_toolkit_page_and_article_touch_the_document() {
    let none: Vec<String> = Vec::new();
    assert_eq!(offenders(BROWSER, &["Document", "HtmlElement", "Canvas", "window()"]), none);
}

/// What stands between each `start` of a text and the `end` after it.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    text.split(start).skip(1).map(|rest| rest.split(end).next().unwrap()).collect()
}

/// The `<option>`s of the page's control that sets `name`: (value, the rest of their attributes).
fn options(page: &str, name: &str) -> Vec<(String, String)> {
    let select = between(page, &format!("data-set=\"{name}\">"), "</select");
    assert_eq!(select.len(), 1, "index.html has one control for {name}");
    let option = |option: &str| {
        let (value, rest) = option.trim_start().strip_prefix("value=\"")?.split_once('"')?;
        Some((value.to_owned(), rest.to_owned()))
    };
    between(select[0], "<option", ">").into_iter().filter_map(option).collect()
}

#[test]
fn the_page_offers_the_networks_that_ship() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("www/index.html")).unwrap();
    let set = |(name, rest): (String, String)| (name, between(&rest, "data-of=\"", "\"")[0].to_owned());
    let mut offered: Vec<(String, String)> = options(&page, "model").into_iter().map(set).collect();
    offered.sort();
    let files = std::fs::read_dir(root.join("models")).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|file| file.extension().is_some_and(|end| end == "safetensors"));
    let shipped = files.map(|file| {
        let spec = spec_from_bytes(&std::fs::read(&file).unwrap()).unwrap();
        (file.file_stem().unwrap().to_str().unwrap().to_owned(), spec.dataset.word().to_owned())
    });
    let mut shipped: Vec<_> = shipped.collect();
    shipped.sort();
    assert_eq!(offered, shipped, "(file, data set): what index.html offers, and what models/ holds");
    let sets: Vec<String> = options(&page, "dataset").into_iter().map(|(name, _)| name).collect();
    // The reader's own drawings are no shards.
    let sets: Vec<String> = sets.into_iter().filter(|set| set != "folder").collect();
    for set in sets {
        assert!(offered.contains(&(set.clone(), set.clone())), "{set} is opened with a network of its name");
    }
}

/// What the menu says of a network, so that an address without settings means its own before the file is there, is what the
/// file says.
#[test]
fn the_page_knows_the_settings_of_every_network() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("www/index.html")).unwrap();
    for (name, rest) in options(&page, "model") {
        let mut own = Spec::on_page();
        own.set("dataset", between(&rest, "data-of=\"", "\"")[0]).unwrap();
        let settings = between(&rest, "data-settings=\"", "\"").concat().replace("&amp;", "&");
        let (own, rest, errors) = Spec::from_hash(&own, &settings);
        assert_eq!((rest, errors), (Vec::new(), Vec::new()), "{name}");
        let file = std::fs::read(root.join(format!("models/{name}.safetensors"))).unwrap();
        // For how long, and from which pictures it learnt, is no setting that a page takes over.
        let Spec { epochs, schedule, augment, .. } = own.clone();
        assert_eq!(Spec { epochs, schedule, augment, ..spec_from_bytes(&file).unwrap() }, own, "{name}");
    }
}

#[test]
fn features_stand_in_the_map_alone() {
    let none: Vec<String> = Vec::new();
    assert_eq!(offenders(&["lib.rs", "kernels/mod.rs", "cli/mod.rs", "page/mod.rs"], &["feature ="]), none);
}
