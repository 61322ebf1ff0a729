//! Files from the page's own origin.

use super::input::{Input, Post};
use super::link::Who;
use super::outside;
use crate::digits::shard::{FileEntry, Manifest, ShardEntry, Split};
use crate::spec::Dataset;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};

/// Whether an older copy will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copy {
    /// One that the browser has kept will do.
    Kept,
    /// It is to be fetched anew: the last one was not right.
    Fresh,
}

/// The bytes of files, or what went wrong.
type Files = Result<Vec<Vec<u8>>, String>;

/// Reads files, each a path beside the page or a file of the reader's, one after the other, and hands them on. The browser's
/// own functions wait for each other, in `www/start.js`: to wait here would take a thirtieth of the page's program.
pub fn read(files: &Array, copy: Copy, then: Box<dyn FnOnce(Files)>) {
    let then = Closure::once_into_js(move |files: Array, error: JsValue| {
        let bytes = || files.iter().map(|file| file.unchecked_into::<Uint8Array>().to_vec()).collect();
        then(error.as_string().map_or_else(|| Ok(bytes()), Err));
    });
    outside::load(files, copy == Copy::Fresh, &then);
}

/// The two files of a shard.
fn pair(dataset: Dataset, entry: &ShardEntry, copy: Copy, then: impl FnOnce(Result<[Vec<u8>; 2], String>) + 'static) {
    let path = |file: &FileEntry| JsValue::from([&folder(dataset), &*file.file].concat());
    let files = Array::of2(&path(&entry.images), &path(&entry.labels));
    read(
        &files,
        copy,
        Box::new(move |files| then(files.and_then(|files| files.try_into().map_err(|_| String::new())))),
    );
}

/// A file that was read alone.
pub fn only(files: Files) -> Result<Vec<u8>, String> {
    files.map(|mut files| files.pop().unwrap_or_default())
}

/// Fetches the shipped network of that name.
pub fn model(name: String, post: Post, copy: Copy) {
    let path = ["models/", &name, ".safetensors"].concat();
    read(&Array::of1(&path.into()), copy, Box::new(move |files| post.tell(Input::Model(name, only(files)))));
}

/// The folder of a data set, beside the page.
fn folder(dataset: Dataset) -> String {
    ["shards/", dataset.word(), "/"].concat()
}

/// Fetches the list of the training data, then the ten test pictures.
pub fn data(dataset: Dataset, post: Post, copy: Copy) {
    let path = folder(dataset) + "manifest.json";
    let then = move |files: Files| {
        let list = only(files).and_then(|bytes| manifest(&bytes));
        let samples = list.as_ref().ok().map(|manifest| manifest.samples.clone());
        post.tell(Input::Manifest(dataset, list));
        if let Some(samples) = samples {
            pair(dataset, &samples, copy, move |files| post.tell(Input::Samples(dataset, files)));
        }
    };
    read(&Array::of1(&path.into()), copy, Box::new(then));
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
    let get = |value: &JsValue, name: &str| js_sys::Reflect::get(value, &name.into()).ok();
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

/// Fetches the two files of a shard.
pub fn shard(who: Who, dataset: Dataset, entry: &ShardEntry, (split, index): (Split, usize), post: Post, copy: Copy) {
    pair(dataset, entry, copy, move |files| post.tell(Input::Shard(who, dataset, split, index, files)));
}
