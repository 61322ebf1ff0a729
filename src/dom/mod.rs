//! The toolkit that page and article share: the document, canvases, knobs, files for the reader.

pub mod canvas;
pub mod document;
pub mod knob;
pub mod save;
