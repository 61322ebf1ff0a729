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
/// that moves (0 for one that stands), and `reached` is where the cursor stands in its tracks, 0 to 1. With `pixels` above 0 it is
/// a PNG of so many pixels, each way, for one of the page's, else an SVG.
///
/// # Errors
/// In words, when the numbers are no pictures or the browser makes no file of them.
pub async fn drawing(
    name: &str,
    root: &Element,
    canvases: &Array,
    numbers: &[f32],
    [runs, rests, reached, pixels]: [f64; 4],
) -> Result<(), JsValue> {
    let pictures = unpack(numbers).ok_or("the pictures are not whole")?;
    let painted: Vec<_> = canvases.iter().zip(pictures).collect();
    let motion = (runs > 0.0).then_some(Motion { runs, rests });
    let palette = read_palette(&Palette::default());
    let svg = sheet::drawing(root, &painted, &palette, motion, reached);
    if pixels <= 0.0 {
        return save(name, ".svg", &svg);
    }
    let blob = rasterise(&svg, pixels).await.map_err(|error| in_words(&error))?;
    download(&blob, &[name, ".png"].concat()).map_err(|error| in_words(&error).into())
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
