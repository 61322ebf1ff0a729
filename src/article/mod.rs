//! The article's figures: a small program of its own, fetched when a reader comes near them.
//!
//! Each figure is a pure `figure::Figure`: what a reader does to it changes it, and it gives a picture made of
//! `crate::pictures::marks` and sentences whose words stand in `www/index.html`. What it shows is computed by the network's
//! own code: `crate::neuron`, `crate::spikes::encode` and `crate::plasticity`. `view` alone knows the document.

// What figures are made of.
pub mod figure;
pub mod knobs;

// The figures.
pub mod blame;
pub mod coding;
pub mod current;
pub mod energy;
pub mod surrogate;
pub mod timing;

// The document.
pub mod view;

use figure::Figure;

/// The figures by the ids that they have in the document.
pub fn figures() -> Vec<(&'static str, Box<dyn Figure>)> {
    vec![
        ("figure-1", Box::new(current::Current::default())),
        ("figure-2", Box::new(coding::Coding::default())),
        ("figure-3", Box::new(surrogate::Slopes::default())),
        ("figure-4", Box::new(blame::Blame::default())),
        ("figure-5", Box::new(energy::Energy::default())),
        ("figure-6", Box::new(timing::Timing::default())),
    ]
}

/// Starts the figures.
pub fn start() {
    console_error_panic_hook::set_once();
    view::open();
}
