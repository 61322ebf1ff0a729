//! The toolkit that page and article share: the document, canvases, knobs, what a reader saves.

pub mod canvas;
pub mod document;
pub mod knob;
pub mod save;
