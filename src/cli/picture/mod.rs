//! Pictures of a run as SVG files: pure functions from the data to the text of the file.

pub mod axis;
pub mod curves;
pub mod digit;
pub mod neurons;
pub mod staves;
pub mod svg;
