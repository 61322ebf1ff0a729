//! Files from the page's own origin, and those that the reader gives.

use super::host;
use crate::digits::shard::{FileEntry, Manifest, ShardEntry, Split};
use crate::dom::document::{find, listen, window};
use crate::page::model::effect::CachePolicy;
use crate::page::model::input::{EngineKind, Input};
use crate::page::queue::Queue;
use crate::spec::Dataset;
use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, HtmlInputElement};

/// The bytes of files, or what went wrong.
type Files = Result<Vec<Vec<u8>>, String>;

/// Reads files, each a path beside the page or a file of the reader's, one after the other, and hands them on. The browser's
/// own functions wait for each other, in `www/start.js`: to wait here would take a thirtieth of the page's program.
pub fn read(files: &Array, policy: CachePolicy, then: Box<dyn FnOnce(Files)>) {
    let then = Closure::once_into_js(move |files: Array, error: JsValue| {
        let bytes = || files.iter().map(|file| file.unchecked_into::<Uint8Array>().to_vec()).collect();
        then(error.as_string().map_or_else(|| Ok(bytes()), Err));
    });
    host::load(files, policy == CachePolicy::Fresh, &then);
}

/// The two files of a shard.
fn pair(
    dataset: Dataset,
    entry: &ShardEntry,
    policy: CachePolicy,
    then: impl FnOnce(Result<[Vec<u8>; 2], String>) + 'static,
) {
    let path = |file: &FileEntry| JsValue::from([&folder(dataset), &*file.file].concat());
    let files = Array::of2(&path(&entry.images), &path(&entry.labels));
    read(
        &files,
        policy,
        Box::new(move |files| then(files.and_then(|files| files.try_into().map_err(|_| String::new())))),
    );
}

/// A file that was read alone.
pub fn only(files: Files) -> Result<Vec<u8>, String> {
    files.map(|mut files| files.pop().unwrap_or_default())
}

/// Fetches the shipped network of that name.
pub fn model(name: String, queue: Queue, policy: CachePolicy) {
    let path = ["models/", &name, ".safetensors"].concat();
    read(&Array::of1(&path.into()), policy, Box::new(move |files| queue.send(Input::Model(name, only(files)))));
}

/// The folder of a data set, beside the page.
fn folder(dataset: Dataset) -> String {
    ["shards/", dataset.word(), "/"].concat()
}

/// Fetches the manifest of a data set, then its sample pictures.
pub fn data(dataset: Dataset, queue: Queue, policy: CachePolicy) {
    let path = folder(dataset) + "manifest.json";
    let then = move |files: Files| {
        let list = only(files).and_then(|bytes| manifest(&bytes));
        let samples = list.as_ref().ok().map(|manifest| manifest.samples.clone());
        queue.send(Input::Manifest(dataset, list));
        if let Some(samples) = samples {
            pair(dataset, &samples, policy, move |files| queue.send(Input::Samples(dataset, files)));
        }
    };
    read(&Array::of1(&path.into()), policy, Box::new(then));
}

/// The browser parses the JSON: a parser of our own would be a tenth of the page's program.
fn manifest(bytes: &[u8]) -> Result<Manifest, String> {
    let json = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let value = js_sys::JSON::parse(json).map_err(|_| "manifest.json is no JSON".to_owned())?;
    let manifest = manifest_of(&value).ok_or("something is missing in manifest.json")?;
    manifest.check().map_err(|error| error.to_string())?;
    Ok(manifest)
}

/// The manifest that a value is. By hand, for the reader that would be derived is ten times as large.
fn manifest_of(value: &JsValue) -> Option<Manifest> {
    let get = |value: &JsValue, name: &str| Reflect::get(value, &name.into()).ok();
    let number = |value: &JsValue, name: &str| get(value, name)?.as_f64();
    let file = |value: &JsValue, name: &str| {
        let value = get(value, name)?;
        Some(FileEntry {
            file: get(&value, "file")?.as_string()?,
            bytes: number(&value, "bytes")? as u64,
            sha256: get(&value, "sha256")?.as_string()?,
        })
    };
    let shard = |value: &JsValue| {
        Some(ShardEntry {
            count: number(value, "count")? as usize,
            images: file(value, "images")?,
            labels: file(value, "labels")?,
        })
    };
    let shards = |name: &str| {
        let list: Array = get(value, name)?.dyn_into().ok()?;
        list.iter().map(|value| shard(&value)).collect::<Option<Vec<ShardEntry>>>()
    };
    Some(Manifest {
        name: get(value, "name")?.as_string()?,
        width: number(value, "width")? as usize,
        height: number(value, "height")? as usize,
        classes: number(value, "classes")? as usize,
        train: shards("train")?,
        test: shards("test")?,
        samples: shard(&get(value, "samples")?)?,
    })
}

/// Fetches the two files of a shard for an engine.
pub fn shard(
    engine: EngineKind,
    dataset: Dataset,
    entry: &ShardEntry,
    (split, index): (Split, usize),
    queue: Queue,
    policy: CachePolicy,
) {
    pair(dataset, entry, policy, move |files| queue.send(Input::Shard(engine, dataset, split, index, files)));
}

/// The file that "Open weights" chooses, and the pictures that `www/photo.js` is given, are read.
pub fn listen_to_files(queue: &Queue) {
    let (field, sender): (HtmlInputElement, _) = (find("open"), queue.clone());
    let chosen = field.clone();
    listen(&field, "change", move |_: Event| {
        let file = Reflect::get(&chosen, &"files".into()).and_then(|files| Reflect::get_u32(&files, 0));
        if let Ok(file) = file
            && file.is_object()
        {
            let queue = sender.clone();
            let then = move |files| queue.send(Input::File(only(files)));
            read(&Array::of1(&file), CachePolicy::Kept, Box::new(then));
        }
        // So that the same file can be chosen again.
        chosen.set_value("");
    });
    let sender = queue.clone();
    listen(&window(), "picture", move |event: Event| {
        let queue = sender.clone();
        if let Ok(file) = Reflect::get(&event, &"detail".into()) {
            let then = move |files| queue.send(Input::Picture(only(files)));
            read(&Array::of1(&file), CachePolicy::Kept, Box::new(then));
        }
    });
}
