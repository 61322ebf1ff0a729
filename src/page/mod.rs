//! The page. `model` is what it knows and decides, without the browser; `view` draws the model into the elements of
//! `www/index.html`; `ports` bring what happens to the model and do what it wants; `app` is the loop of the three.

pub mod model;

#[cfg(feature = "web")]
mod app;
#[cfg(feature = "web")]
mod ports;
#[cfg(feature = "web")]
mod queue;
#[cfg(feature = "web")]
mod view;

/// Starts the page.
#[cfg(feature = "web")]
pub fn start() {
    console_error_panic_hook::set_once();
    app::open();
}
