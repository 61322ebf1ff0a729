//! What the page finds when it opens.

use super::host;
use crate::dom::document::{all, window};
use crate::page::model::catalogue::{Catalogue, Choice, ShippedNetwork};
use crate::page::model::state::{Environment, KeptRun};
use crate::spec::Dataset;
use js_sys::Reflect;
use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

/// Under this name the browser keeps the reader's drawings.
const DRAWINGS: &str = "spiking-playground-drawings";

/// All of it.
pub fn read() -> Environment {
    let matches = |query: &str| window().match_media(query).ok().flatten().is_some_and(|media| media.matches());
    let kept = host::kept().map(|link| KeptRun {
        link,
        when: host::kept_when(),
        checkpoint: host::kept_file(),
        curves: host::kept_curves(),
    });
    Environment {
        hash: hash(),
        catalogue: catalogue(),
        kept,
        drawings: drawings(),
        reduced_motion: matches("(prefers-reduced-motion: reduce)"),
        unseen: host::unseen(),
        has_gpu_engine: host::worker("engine_gpu").is_some(),
        may_have_gpu: may_have_gpu(),
    }
}

/// The hash of the page's address.
pub fn hash() -> String {
    window().location().hash().unwrap_or_default()
}

/// The data sets that were cut, and the networks, by the options of the document.
fn catalogue() -> Catalogue {
    let mut there: Vec<String> = host::sets().split_whitespace().map(str::to_owned).collect();
    // Drawings are always to be had.
    there.push(Dataset::Folder.word().to_owned());
    let attribute = |element: &HtmlElement, name: &str| element.get_attribute(name).unwrap_or_default();
    let set = |option: &HtmlElement| Choice {
        dataset: attribute(option, "value"),
        names: attribute(option, "data-names").split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        one: attribute(option, "data-one"),
    };
    let sets = all::<HtmlElement>("[data-set=dataset] option");
    let network = |option: &HtmlElement| ShippedNetwork {
        name: attribute(option, "value"),
        dataset: attribute(option, "data-of"),
        settings: attribute(option, "data-settings"),
    };
    let networks = all::<HtmlElement>("[data-set=model] option");
    Catalogue {
        sets: sets.iter().map(set).filter(|set| there.contains(&set.dataset)).collect(),
        networks: networks.iter().map(network).collect(),
    }
}

/// Whether this browser could reach a GPU.
fn may_have_gpu() -> bool {
    let navigator = Reflect::get(&window(), &"navigator".into());
    let gpu = navigator.and_then(|navigator| Reflect::get(&navigator, &"gpu".into()));
    gpu.is_ok_and(|gpu| gpu.is_object())
}

/// What the browser keeps for this page; nothing where it keeps nothing.
fn storage() -> Option<JsValue> {
    Reflect::get(&window(), &"localStorage".into()).ok().filter(|storage| storage.is_object())
}

fn drawings() -> String {
    let kept = storage().and_then(|storage| Reflect::get(&storage, &DRAWINGS.into()).ok()?.as_string());
    kept.unwrap_or_default()
}

/// Has the browser keep the reader's drawings. Where its store is full or forbidden they are there until the page is left.
pub fn keep_drawings(drawings: &str) {
    if let Some(storage) = storage() {
        drop(Reflect::set(&storage, &DRAWINGS.into(), &drawings.into()));
    }
}
