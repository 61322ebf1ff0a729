//! The page: the only part of the program that touches the document.
//!
//! Views come in two halves: one is pure and turns what is known into [`marks`] in 0–1 coordinates (they
//! are tested natively), the other knows the elements of `www/index.html`.

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

// Pure views.
pub mod axis;
pub mod bucket;
pub mod curves;
pub mod field;
pub mod marks;
pub mod outputs;
pub mod race;
pub mod raster;
pub mod rates;
pub mod slope;
pub mod smooth;
pub mod verdict;
pub mod voltage;

/// Starts the page.
pub fn start() {}
