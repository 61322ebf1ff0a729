//! What saves pictures, on the main thread, beside the page. Its functions are exported here: those of the library would be in
//! every program.

use js_sys::Array;
use spiking_playground::exporter;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::Element;

fn main() {
    console_error_panic_hook::set_once();
}

/// [`exporter::drawing`].
///
/// # Errors
/// Its own.
#[wasm_bindgen]
#[allow(clippy::too_many_arguments, reason = "as JavaScript hands them over")]
pub async fn drawing(
    name: String,
    root: Element,
    canvases: Array,
    numbers: Vec<f32>,
    runs: f64,
    rests: f64,
    reached: f64,
    pixels: f64,
) -> Result<(), JsValue> {
    exporter::drawing(&name, &root, &canvases, &numbers, [runs, rests, reached, pixels]).await
}

/// [`exporter::table`].
///
/// # Errors
/// Its own.
#[wasm_bindgen]
pub fn table(name: &str, columns: &str, cells: &[f64]) -> Result<(), JsValue> {
    exporter::table(name, columns, cells)
}

/// [`exporter::file`].
///
/// # Errors
/// Its own.
#[wasm_bindgen]
pub fn file(name: &str, bytes: &[u8]) -> Result<(), JsValue> {
    exporter::file(name, bytes)
}
