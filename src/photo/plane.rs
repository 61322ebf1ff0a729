//! The grey planes of a picture: lightness, colours, opacity.

use image::{GrayImage, Luma, Rgba, RgbaImage, imageops};
use std::borrow::Cow;

/// The maximal longer side of a picture that is searched, in pixels: a digit of a twentieth of it still has MNIST's
/// resolution.
const MAX_SEARCHED_SIDE: u32 = 448;

/// The picture, scaled down to the size at which it is searched.
pub(super) fn searched(picture: &RgbaImage) -> Cow<'_, RgbaImage> {
    let side = picture.width().max(picture.height());
    if side <= MAX_SEARCHED_SIDE {
        return Cow::Borrowed(picture);
    }
    let scaled = |pixels: u32| (u64::from(pixels) * u64::from(MAX_SEARCHED_SIDE) / u64::from(side)).max(1) as u32;
    Cow::Owned(imageops::thumbnail(picture, scaled(picture.width()), scaled(picture.height())))
}

/// Lightness (luma, Rec. 601), on white where the picture is transparent.
pub(super) fn lightness(picture: &RgbaImage) -> GrayImage {
    grey_of(picture, |Rgba([r, g, b, a])| {
        let luma = (299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) + 500) / 1000;
        on_white(luma, a)
    })
}

/// The planes in which ink may differ: lightness first; two colours if there are colours, since red on equally light
/// green does not differ in lightness; and opacity if any pixel is transparent.
pub(super) fn planes(picture: &RgbaImage) -> Vec<GrayImage> {
    // A hundredth of the pixels is less than the smallest digit has.
    let many = (picture.pixels().len() / 300).max(4);
    let is_coloured = |Rgba([r, g, b, a]): &Rgba<u8>| *a > 127 && r.max(g).max(b) - r.min(g).min(b) > 40;
    let mut planes = vec![lightness(picture)];
    if picture.pixels().filter(|pixel| is_coloured(pixel)).count() > many {
        planes.push(grey_of(picture, |Rgba([r, _, _, a])| on_white(u32::from(r), a)));
        planes.push(grey_of(picture, |Rgba([_, _, b, a])| on_white(u32::from(b), a)));
    }
    let clear = picture.pixels().filter(|pixel| pixel[3] < 128).count();
    if clear > many && picture.pixels().len() - clear > many {
        planes.push(grey_of(picture, |Rgba([_, _, _, a])| a));
    }
    planes
}

fn grey_of(picture: &RgbaImage, value: impl Fn(Rgba<u8>) -> u8) -> GrayImage {
    GrayImage::from_fn(picture.width(), picture.height(), |x, y| Luma([value(*picture.get_pixel(x, y))]))
}

fn on_white(value: u32, alpha: u8) -> u8 {
    ((value * u32::from(alpha) + 255 * u32::from(255 - alpha) + 127) / 255).min(255) as u8
}
