//! Every picture of the program, as pure functions: page, article and command line draw with these. A picture is a list of
//! `marks` in 0–1 coordinates; `svg` makes files of them, the page's canvases paint them.

pub mod marks;
pub mod mosaic;
pub mod numbers;
pub mod packed;
pub mod palette;
pub mod svg;

pub mod analysis;
pub mod receptive_fields;

pub mod axis;
pub mod chip_sheet;
pub mod class_scores;
pub mod confusion;
pub mod connections;
pub mod courses;
pub mod curves;
pub mod curves_sheet;
pub mod digit_sheet;
pub mod enlarge;
pub mod field;
pub mod fields_sheet;
pub mod outputs;
pub mod progress;
pub mod raster;
pub mod rates;
pub mod score_bars;
pub mod stdp_window;
pub mod stopping;
pub mod sum;
pub mod surrogate;
pub mod ticks;
pub mod travelling_spikes;
pub mod voltage;

pub mod csv;
