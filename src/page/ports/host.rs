//! What is around the page: the page that embeds it, and what this browser keeps. Both are plain scripts beside the
//! page (`www/start.js` and what it loads), which the program reaches under the name `outside`.

use js_sys::Array;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(js_namespace = outside)]
extern "C" {
    /// Reads files, each a path beside the page or a `Blob`; `then` is called with a list of their bytes and nothing, or
    /// with any list and what went wrong, in words.
    pub fn load(files: &Array, fresh: bool, then: &JsValue);
    /// Where the worker of this program starts; nothing where the page was built without it.
    pub fn worker(program: &str) -> Option<String>;
    /// The names of the data sets that are beside the page, with spaces between.
    pub fn sets() -> String;
    /// Whether nobody sees the page: its tab is hidden, or the page around it was scrolled on.
    pub fn unseen() -> bool;
    /// Tells the page around this one that there is a network.
    pub fn ready();
    /// Tells it how training goes: epochs, loss, accuracy, images a second; NaN where unknown.
    pub fn progress(epochs: f64, loss: f64, accuracy: f64, images_per_second: f64);
    /// Tells it what the picture was classified as: the class, its name and probability, and since which time step, from 1.
    pub fn prediction(class: u32, name: &str, probability: f32, decided_at: u32);
    /// Shows what there is to see of a layer that learns by STDP: the program that draws it is fetched for the first time.
    pub fn glimpse(bytes: &[u8]);
    /// Shows how often each of its neurons fires for the picture in hand.
    pub fn firing(counts: &[u32]);
    /// Shows a network on a chip, if there is another one, and a picture with its number in the test set, or -1.
    pub fn chip(network: &[u8], pixels: &[u8], image: i32, set: &str);
    /// The link under which a run was kept that this page's link means; nothing where there is none.
    pub fn kept() -> Option<String>;
    /// When that was, in words.
    pub fn kept_when() -> String;
    /// Its checkpoint, which is given once.
    pub fn kept_file() -> Vec<u8>;
    /// Its curves.
    pub fn kept_curves() -> Vec<u8>;
    /// Keeps a run under its link.
    pub fn keep(link: &str, file: &[u8], curves: &[u8]);
    /// What was kept under that link is no longer wanted; or it is, and cannot be read, which the reader is told.
    pub fn forget(link: &str, broken: bool);
}
