//! The model drawn into the elements of `www/index.html`: one file for each thing on the screen. Views write nothing into the
//! model, and keep only what they have drawn.

mod bar;
mod connections;
mod controls;
mod cure;
mod data_set;
mod export;
mod forecast_text;
mod learning;
mod mistakes;
mod notices;
mod pad;
mod phrases;
mod receptive_fields;
mod result;
mod thumbnails;
mod timeline;
mod tooltip;
mod verdict;
mod weight_grid;
mod whole;

pub use export::listen_to_saving;
pub use whole::View;
