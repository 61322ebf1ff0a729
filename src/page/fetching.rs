//! Files from the page's own origin.

use super::document::window;
use super::input::{Input, Post};
use crate::digits::Digits;
use crate::digits::shard::{Manifest, ShardEntry, Split, open_samples};
use js_sys::{ArrayBuffer, Uint8Array};
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
    let in_words = |error: JsValue| {
        error.dyn_ref::<js_sys::Error>().map_or_else(|| "no answer".to_owned(), |e| String::from(e.message()))
    };
    let options = RequestInit::new();
    if copy == Copy::Fresh {
        options.set_cache(RequestCache::Reload);
    }
    let window = window().map_err(|error| error.to_string())?;
    let answer = JsFuture::from(window.fetch_with_str_and_init(path, &options)).await;
    let response: Response = answer.map_err(|e| format!("{path}: {}", in_words(e)))?.unchecked_into();
    if !response.ok() {
        return Err(format!("{path}: {} {}", response.status(), response.status_text()).trim().to_owned());
    }
    let body = response.array_buffer().map_err(in_words)?;
    let buffer: ArrayBuffer = JsFuture::from(body).await.map_err(in_words)?.unchecked_into();
    Ok(Uint8Array::new(&buffer).to_vec())
}

async fn pair(folder: &str, entry: &ShardEntry, copy: Copy) -> Result<[Vec<u8>; 2], String> {
    let images = bytes(&format!("{folder}{}", entry.images.file), copy).await?;
    let labels = bytes(&format!("{folder}{}", entry.labels.file), copy).await?;
    Ok([images, labels])
}

/// Fetches the shipped network.
pub fn model(path: String, post: Post) {
    spawn_local(async move { post.tell(Input::Model(bytes(&path, Copy::Kept).await)) });
}

/// Fetches the list of the training data, then the ten test digits.
pub fn data(folder: String, post: Post, copy: Copy) {
    spawn_local(async move {
        let list = bytes(&format!("{folder}manifest.json"), copy).await.and_then(|bytes| manifest(&bytes));
        let manifest = list.as_ref().ok().cloned();
        post.tell(Input::Manifest(list));
        if let Some(manifest) = manifest {
            post.tell(Input::Samples(samples(&folder, &manifest).await));
        }
    });
}

/// The browser parses the JSON: a parser of our own would be a tenth of the page's program.
fn manifest(bytes: &[u8]) -> Result<Manifest, String> {
    let json = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let value = js_sys::JSON::parse(json).map_err(|_| "manifest.json is no JSON".to_owned())?;
    let manifest: Manifest = serde_wasm_bindgen::from_value(value).map_err(|error| error.to_string())?;
    manifest.check().map_err(|error| error.to_string())?;
    Ok(manifest)
}

async fn samples(folder: &str, manifest: &Manifest) -> Result<Digits, String> {
    let [images, labels] = pair(folder, &manifest.samples, Copy::Kept).await?;
    open_samples(manifest, &images, &labels).map_err(|error| error.to_string())
}

/// Fetches the two files of a shard.
pub fn shard(folder: String, entry: ShardEntry, split: Split, index: usize, post: Post, copy: Copy) {
    spawn_local(async move {
        let files = pair(&folder, &entry, copy).await;
        post.tell(Input::Shard(split, index, files));
    });
}
