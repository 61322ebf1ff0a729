//! The page: the only part of the program that touches the document.
//!
//! What happens (an `input::Input`) is heard by the `app::App`, which asks the engine through `link` and lets the
//! views draw. Views come in two halves: one is pure and turns what is known into `marks` in 0–1 coordinates (they
//! are tested natively), the other knows the elements of `www/index.html`; `canvas` alone paints.

// What a link says, and what controls set.
pub mod address;
pub mod knob;
pub mod settings;
pub mod strokes;

// What the page knows.
pub mod clock;
pub mod phrases;
pub mod reading;
pub mod run;
pub mod supply;
pub mod synapses;

// Pure views.
pub mod axis;
pub mod confusion;
pub mod csv;
pub mod curves;
pub mod field;
pub mod forecast;
pub mod graph;
pub mod marks;
pub mod outputs;
pub mod pulses;
pub mod race;
pub mod raster;
pub mod rates;
pub mod slope;
pub mod smooth;
pub mod svg;
pub mod tip;
pub mod verdict;
pub mod voltage;

// The document.
pub mod canvas;
pub mod connections;
pub mod controls;
pub mod document;
pub mod faces;
pub mod input;
pub mod keys;
pub mod learning;
pub mod mistakes;
pub mod mosaic;
pub mod notes;
pub mod pad;
pub mod result;
pub mod samples;
pub mod saving;
pub mod score;
pub mod sets;
pub mod sheet;

// The engine, the network, and the whole.
pub mod app;
pub mod asking;
mod card;
pub mod conversation;
pub mod data;
pub mod fetching;
pub mod frame;
pub mod link;
pub mod opening;
pub mod outside;
pub mod own;
pub mod picture;
mod reader;
pub mod training;
pub mod watch;
pub mod weights;

/// Starts the page.
pub fn start() {
    console_error_panic_hook::set_once();
    app::open();
}
