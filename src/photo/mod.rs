//! The preparation of picture files and photos of paper as a network's input.
//!
//! The preparation depends on the data set that the network learnt: MNIST's digits were cut out, scaled and centred,
//! Fashion-MNIST's photos trimmed, scaled and turned to their negatives, and the images of a folder are taken as they
//! are.
//!
//! A digit is searched for in several views (lightness, colours and transparency, dark on light and light on dark, a
//! thin and a thick pen), each of which gives candidates with a score; the sheet or the frame around another is left
//! out, and the best candidate is cut out of its local ground (`ground.rs`, `ink.rs`).

mod candidate;
mod decode;
mod garment;
mod ground;
mod ink;
mod plane;

pub use decode::decode;

use crate::digits::drawing;
use crate::spec::Dataset;
use image::RgbaImage;
use image::imageops::{self, FilterType};

/// Why a picture cannot be prepared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhotoError {
    /// Its format is not supported; the name of the format, if it is known.
    #[error("{}it is neither PNG nor JPEG, WebP, GIF or BMP: save it as one of these", .0.map_or(String::new(), |name| format!("it looks like {name}; ")))]
    Format(Option<&'static str>),
    /// It is damaged, for this reason.
    #[error("it is damaged, or no whole picture ({0})")]
    Damaged(String),
    /// It is too large.
    #[error("it has {width} × {height} pixels, too many: make it smaller, some 1000 pixels a side are enough")]
    TooLarge {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// Nothing stands out from the ground.
    #[error("there is nothing on it: it is the same everywhere")]
    Empty,
    /// Something stands out, but nothing that looks drawn by a pen.
    #[error("ink cannot be told from the rest: take the photo nearer, in even light, with only the digit on the paper")]
    Unclear,
    /// The network does not take square images.
    #[error("the network reads images of {0} pixels, which are no square")]
    NoSquare(usize),
}

/// A network's input made of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// u8 [side, side], 0 for the background and 255 for full ink.
    pub pixels: Vec<u8>,
    /// The ink that was cut out of the picture; `None` if the whole picture is the input.
    pub ink: Option<InkRegion>,
}

/// The ink that was cut out of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InkRegion {
    /// Pixels in a row of the picture as it was searched, which may be smaller than the file's.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Its lightness, u8 [height, width].
    pub grey: Vec<u8>,
    /// The ink, u8 [height, width]: 0 without ink.
    pub ink: Vec<u8>,
    /// Whether something else on the picture could as well be the digit.
    pub has_rival: bool,
}

impl InkRegion {
    /// A preview of the result: u8 [side, side], the picture scaled to fit and centred, from 0 for the lightest to 254
    /// for the darkest, and 255 for the outline of the ink.
    pub fn preview(&self, side: usize) -> Vec<u8> {
        let longer = self.width.max(self.height).max(1);
        let [left, top] = [self.width, self.height].map(|size| (longer - size) / 2);
        // The pixel of the picture at that position of the preview.
        let at = |x: usize, y: usize| {
            let [x, y] =
                [(x, left), (y, top)].map(|(at, margin)| ((2 * at + 1) * longer / (2 * side)).checked_sub(margin));
            let (x, y) = (x.filter(|x| *x < self.width)?, y.filter(|y| *y < self.height)?);
            Some(y * self.width + x)
        };
        let is_ink = |x: usize, y: usize| x < side && y < side && at(x, y).is_some_and(|at| self.ink[at] > 63);
        let is_outline = |x: usize, y: usize| {
            let beside = [(x + 1, y), (x.wrapping_sub(1), y), (x, y + 1), (x, y.wrapping_sub(1))];
            !is_ink(x, y) && beside.into_iter().any(|(x, y)| is_ink(x, y))
        };
        let shade = |x: usize, y: usize| match at(x, y) {
            _ if is_outline(x, y) => 255,
            Some(at) => (255 - self.grey[at]).min(254),
            None => 0,
        };
        (0..side * side).map(|place| shade(place % side, place / side)).collect()
    }
}

/// The input made of a picture file for a network that learnt `dataset` and takes `pixels` pixels: [`decode`], then
/// [`prepare`].
///
/// # Errors
/// As for those two.
pub fn read(file: &[u8], dataset: Dataset, pixels: usize) -> Result<Prepared, PhotoError> {
    prepare(&decode(file)?, dataset, pixels)
}

/// The input made of a picture for a network that learnt `dataset` and takes `pixels` pixels.
///
/// # Errors
/// When nothing on the picture can be told from its ground, or `pixels` is not a square number.
pub fn prepare(picture: &RgbaImage, dataset: Dataset, pixels: usize) -> Result<Prepared, PhotoError> {
    let side = pixels.isqrt();
    if side * side != pixels || side == 0 {
        return Err(PhotoError::NoSquare(pixels));
    }
    let whole = |pixels| Ok(Prepared { pixels, ink: None });
    match dataset {
        Dataset::Mnist if side == drawing::SIDE => ink::prepare(picture),
        Dataset::FashionMnist => whole(garment::prepare(picture, side)),
        Dataset::Mnist | Dataset::Folder => {
            let side = side as u32;
            let grey = plane::lightness(&plane::searched(picture));
            let is_its_size = grey.dimensions() == (side, side);
            let scaled = if is_its_size { grey } else { imageops::resize(&grey, side, side, FilterType::Triangle) };
            whole(scaled.into_raw())
        }
    }
}
