//! Files from the page's own origin.

use super::document::{in_words, window};
use super::input::{Input, Post};
use super::link::Who;
use crate::digits::shard::{FileEntry, Manifest, ShardEntry, Split};
use crate::spec::Dataset;
use js_sys::{Array, ArrayBuffer, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{RequestCache, RequestInit, Response};

/// Whether an older copy will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copy {
    /// One that the browser has kept will do.
    Kept,
    /// It is to be fetched anew: the last one was not right.
    Fresh,
}

/// The bytes of one file.
async fn bytes(path: &str, copy: Copy) -> Result<Vec<u8>, String> {
    let in_words = |error: JsValue| in_words(&error);
    let options = RequestInit::new();
    if copy == Copy::Fresh {
        options.set_cache(RequestCache::Reload);
    }
    let answer = JsFuture::from(window().fetch_with_str_and_init(path, &options)).await;
    let response: Response = answer.map_err(|e| format!("{path}: {}", in_words(e)))?.unchecked_into();
    if !response.ok() {
        return Err(format!("{path}: {} {}", response.status(), response.status_text()).trim().to_owned());
    }
    let body = response.array_buffer().map_err(in_words)?;
    let buffer: ArrayBuffer = JsFuture::from(body).await.map_err(in_words)?.unchecked_into();
    Ok(Uint8Array::new(&buffer).to_vec())
}

async fn pair(dataset: Dataset, entry: &ShardEntry, copy: Copy) -> Result<[Vec<u8>; 2], String> {
    let folder = folder(dataset);
    let images = bytes(&format!("{folder}{}", entry.images.file), copy).await?;
    let labels = bytes(&format!("{folder}{}", entry.labels.file), copy).await?;
    Ok([images, labels])
}

/// Fetches the shipped network of that name.
pub fn model(name: String, post: Post, copy: Copy) {
    spawn_local(async move {
        let model = bytes(&format!("models/{name}.safetensors"), copy).await;
        post.tell(Input::Model(name, model));
    });
}

/// The folder of a data set, beside the page.
fn folder(dataset: Dataset) -> String {
    format!("shards/{}/", dataset.word())
}

/// Fetches the list of the training data, then the ten test pictures.
pub fn data(dataset: Dataset, post: Post, copy: Copy) {
    spawn_local(async move {
        let list = bytes(&format!("{}manifest.json", folder(dataset)), copy).await.and_then(|bytes| manifest(&bytes));
        let manifest = list.as_ref().ok().cloned();
        post.tell(Input::Manifest(dataset, list));
        if let Some(manifest) = manifest {
            post.tell(Input::Samples(dataset, pair(dataset, &manifest.samples, copy).await));
        }
    });
}

/// The browser parses the JSON: a parser of our own would be a tenth of the page's program.
fn manifest(bytes: &[u8]) -> Result<Manifest, String> {
    let json = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let value = js_sys::JSON::parse(json).map_err(|_| "manifest.json is no JSON".to_owned())?;
    let manifest = read(&value).ok_or("something is missing in manifest.json")?;
    manifest.check().map_err(|error| error.to_string())?;
    Ok(manifest)
}

/// The manifest that a value is. By hand, for the reader that would be derived is ten times as large.
fn read(value: &JsValue) -> Option<Manifest> {
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
pub fn shard(who: Who, dataset: Dataset, entry: ShardEntry, (split, index): (Split, usize), post: Post, copy: Copy) {
    spawn_local(async move {
        let files = pair(dataset, &entry, copy).await;
        post.tell(Input::Shard(who, dataset, split, index, files));
    });
}
