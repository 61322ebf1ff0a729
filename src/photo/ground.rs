//! The contrast of a picture with its local ground, independent of the light.
//!
//! Ink is thin and the ground around it is wide, so a morphological closing with a square wider than any stroke removes
//! dark ink and leaves the ground, its shadows and gradients included; what it changed is the ink (the top-hat
//! transform: Serra 1982, *Image Analysis and Mathematical Morphology*, ISBN 0-12-637240-3). An opening does the same
//! for light ink. The picture is continued beyond its border by its outermost pixels first, so that dark regions there
//! (a table, the edge of a scan, a frame) count as wide and stay ground.

use image::{GrayImage, Luma};
use imageproc::morphology::{Mask, grayscale_dilate, grayscale_erode};

/// Whether ink is darker or lighter than its ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Polarity {
    Dark,
    Light,
}

/// The minimal brightness of the ground in a ratio: the ratio of two numbers near 0 is noise.
const MIN_GROUND: f32 = 48.0;

/// The contrast of each pixel with its local ground, 0 to 255, row by row. `radius` is half the side of the square, in
/// pixels.
pub(super) fn contrast(grey: &GrayImage, polarity: Polarity, radius: u32) -> Vec<f32> {
    // Light ink on a dark ground is dark ink in the negative, except for shadows.
    let ground = match polarity {
        Polarity::Dark => closing(grey, radius),
        Polarity::Light => {
            let mut negative = grey.clone();
            image::imageops::invert(&mut negative);
            let mut ground = closing(&negative, radius);
            image::imageops::invert(&mut ground);
            ground
        }
    };
    let pairs = grey.as_raw().iter().zip(ground.as_raw());
    let between = |(value, ground): (&u8, &u8)| contrast_of(polarity, *value.min(ground), *value.max(ground));
    pairs.map(between).collect()
}

/// The contrast, 0 to 255, of two grey values, one of which is ink and the other its ground.
pub(super) fn contrast_of(polarity: Polarity, darker: u8, lighter: u8) -> f32 {
    let (darker, lighter) = (f32::from(darker), f32::from(lighter));
    match polarity {
        // Light multiplies: in a shadow ink and paper are darker by the same factor.
        Polarity::Dark => 255.0 * (lighter - darker) / lighter.max(MIN_GROUND),
        Polarity::Light => lighter - darker,
    }
}

/// A morphological closing: fills dark regions into which a square of 2·radius + 1 pixels does not fit.
fn closing(grey: &GrayImage, radius: u32) -> GrayImage {
    let (width, height) = grey.dimensions();
    let margin = 2 * radius;
    let inside = |at: u32, size: u32| at.saturating_sub(margin).min(size - 1);
    let padded = GrayImage::from_fn(width + 2 * margin, height + 2 * margin, |x, y| {
        *grey.get_pixel(inside(x, width), inside(y, height))
    });
    // A square is a row of columns, so two lines have the same effect in less time.
    let [row, column] = lines(radius);
    let widest = grayscale_dilate(&grayscale_dilate(&padded, &row), &column);
    let closed = grayscale_erode(&grayscale_erode(&widest, &row), &column);
    image::imageops::crop_imm(&closed, margin, margin, width, height).to_image()
}

/// The structuring elements: a horizontal and a vertical line of 2·radius + 1 pixels.
fn lines(radius: u32) -> [Mask; 2] {
    let radius = radius.min(127);
    let line = |width, height| GrayImage::from_pixel(width, height, Luma([255]));
    let length = 2 * radius + 1;
    [Mask::from_image(&line(length, 1), radius as u8, 0), Mask::from_image(&line(1, length), 0, radius as u8)]
}
