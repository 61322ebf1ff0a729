//! The page without its document: what it knows, and what follows from what happens. [`state::Model::update`] takes an
//! [`input::Input`] and gives [`effect::Effect`]s; the views draw what is in the [`state::Model`]. Nothing here knows the
//! browser: these modules are compiled without the feature `web`, and tested natively.

// Values.
pub mod catalogue;
pub mod clock;
pub mod forecast;
pub mod knobs;
pub mod phrases;
pub mod run;
pub mod shard_retry;
pub mod strokes;

// Settings: the link, its table, and the controls of the page's sentences.
pub mod controls;
pub mod link;
pub mod networks;

// What happens, what is done about it, and what is waited for.
pub mod effect;
pub mod input;
pub mod requests;

// The whole, and what is done with it.
pub mod state;

mod checkpoints;
mod chip;
mod data;
mod frames;
mod glimpse;
mod gpu;
mod image;
pub mod inspection;
pub mod mistakes;
mod opening;
mod reports;
mod selection;
mod settings;
pub mod standing;
mod training;
mod update;
mod user_drawings;
