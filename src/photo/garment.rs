//! The preparation of photos of clothes in the way of Fashion-MNIST (Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747,
//! section 2): trimmed to what is on the light ground, the longer side scaled to the image's, in the middle, as a
//! negative.

use super::candidate::Bounds;
use super::plane;
use image::imageops::{self, FilterType};
use image::{GrayImage, Luma, RgbaImage};

/// The grey level above which a ground is a shop's white; an image of the data set has a black one.
const LIGHT: u8 = 160;
/// The minimal difference of the garment from its ground: a twentieth of the range, as the data set's trimming of 5 %.
const FUZZ: u8 = 13;

/// The prepared image, u8 [side, side].
pub(super) fn prepare(picture: &RgbaImage, side: usize) -> Vec<u8> {
    let grey = plane::lightness(&plane::searched(picture));
    let (side, (width, height)) = (side as u32, grey.dimensions());
    let ground = border_median(&grey);
    if ground <= LIGHT && (width, height) == (side, side) {
        return grey.into_raw();
    }
    let (cut, ground) = if ground > LIGHT { (negative(&trimmed(&grey, ground), ground), 0) } else { (grey, ground) };
    let longer = cut.width().max(cut.height());
    let scaled = |pixels: u32| ((f64::from(pixels * side) / f64::from(longer)).round() as u32).clamp(1, side);
    let small = imageops::resize(&cut, scaled(cut.width()), scaled(cut.height()), FilterType::Triangle);
    let mut image = GrayImage::from_pixel(side, side, Luma([ground]));
    let [x, y] = [(side - small.width()) / 2, (side - small.height()) / 2].map(i64::from);
    imageops::replace(&mut image, &small, x, y);
    image.into_raw()
}

/// The part of the picture that differs from its ground; all of it if nothing does.
fn trimmed(grey: &GrayImage, ground: u8) -> GrayImage {
    let differs = |at: &usize| grey.as_raw()[*at].abs_diff(ground) > FUZZ;
    match Bounds::of((0..grey.len()).filter(differs), grey.width() as usize) {
        Some(bounds) => {
            let [x, y, width, height] =
                [bounds.left, bounds.top, bounds.width(), bounds.height()].map(|pixels| pixels as u32);
            imageops::crop_imm(grey, x, y, width, height).to_image()
        }
        None => grey.clone(),
    }
}

/// The negative: how much darker than the ground each pixel is.
fn negative(grey: &GrayImage, ground: u8) -> GrayImage {
    GrayImage::from_fn(grey.width(), grey.height(), |x, y| Luma([ground.saturating_sub(grey.get_pixel(x, y)[0])]))
}

/// The median of the outermost pixels.
fn border_median(grey: &GrayImage) -> u8 {
    let (width, height) = grey.dimensions();
    let mut border: Vec<u8> = grey
        .enumerate_pixels()
        .filter(|(x, y, _)| *x == 0 || *y == 0 || *x == width - 1 || *y == height - 1)
        .map(|(_, _, Luma([value]))| *value)
        .collect();
    let middle = border.len() / 2;
    *border.select_nth_unstable(middle).1
}
