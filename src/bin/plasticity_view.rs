//! What shows a layer as it learns by STDP, on the main thread, beside the page. Its functions are exported here: those of the library
//! would be in every program.

use spiking_playground::plasticity_view::view;
use wasm_bindgen::prelude::wasm_bindgen;

fn main() {
    console_error_panic_hook::set_once();
    view::open();
}

/// [`view::glimpse`].
#[wasm_bindgen]
pub fn glimpse(bytes: &[u8]) {
    view::glimpse(bytes);
}

/// [`view::firing`].
#[wasm_bindgen]
pub fn firing(counts: &[u32]) {
    view::firing(counts);
}
