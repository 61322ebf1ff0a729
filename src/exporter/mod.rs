//! The program that saves pictures: as SVG, standing or moving, as PNG, and as tables. It is fetched for the first picture that a reader
//! saves; page and article hand it what they have painted.

mod download;
mod sheet;

use crate::dom::canvas::{rasterise, read_palette};
use crate::dom::document::in_words;
use crate::pictures::csv;
use crate::pictures::packed::unpack;
use crate::pictures::palette::Palette;
use crate::pictures::svg::Motion;
use download::{blob, download};
use js_sys::Array;
use wasm_bindgen::JsValue;
use web_sys::Element;

/// Saves a part of the page as a drawing. `numbers` are the packed pictures of its canvases, `runs` and `rests` the seconds of one
/// that moves (0 for one that stands), and `reached` is where the cursor stands in its tracks, 0 to 1.
///
/// # Errors
/// In words, when the numbers are no pictures or the browser makes no file of them.
pub fn drawing(
    name: &str,
    root: &Element,
    canvases: &Array,
    numbers: &[f32],
    [runs, rests, reached]: [f64; 3],
) -> Result<(), JsValue> {
    let motion = (runs > 0.0).then_some(Motion { runs, rests });
    save(name, ".svg", &svg(root, canvases, numbers, motion, reached)?)
}

/// Saves the same as a PNG, with twice as many pixels each way as the page takes.
///
/// # Errors
/// As for [`drawing`].
pub async fn pixels(
    name: String,
    root: Element,
    canvases: Array,
    numbers: Vec<f32>,
    reached: f64,
) -> Result<(), JsValue> {
    let svg = svg(&root, &canvases, &numbers, None, reached)?;
    let blob = rasterise(&svg, 2.0).await.map_err(|error| in_words(&error))?;
    download(&blob, &[&name, ".png"].concat()).map_err(|error| in_words(&error).into())
}

fn svg(
    root: &Element,
    canvases: &Array,
    numbers: &[f32],
    motion: Option<Motion>,
    reached: f64,
) -> Result<String, JsValue> {
    let pictures = unpack(numbers).ok_or("the pictures are not whole")?;
    let painted: Vec<_> = canvases.iter().zip(pictures).collect();
    Ok(sheet::drawing(root, &painted, &read_palette(&Palette::default()), motion, reached))
}

/// Saves a table: its columns and its cells, as [`csv::Table`] has them.
///
/// # Errors
/// In words, when the browser makes no file of it.
pub fn table(name: &str, columns: &str, cells: &[f64]) -> Result<(), JsValue> {
    save(name, ".csv", &csv::text(columns, cells))
}

/// Saves a file as it is.
///
/// # Errors
/// In words, when the browser makes no file of it.
pub fn file(name: &str, bytes: &[u8]) -> Result<(), JsValue> {
    let save = || download(&blob(bytes)?, name);
    save().map_err(|error| in_words(&error).into())
}

fn save(name: &str, end: &str, text: &str) -> Result<(), JsValue> {
    file(&[name, end].concat(), text.as_bytes())
}
