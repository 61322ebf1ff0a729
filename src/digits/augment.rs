//! Training images as others might have written them: shifted, turned, scaled, slanted, with a thicker or thinner pen
//! (Simard, Steinkraus and Platt 2003, doi:10.1109/ICDAR.2003.1227801, without the elastic part).
//!
//! What becomes of an image is a pure function of (seed, epoch, sample). It is computed with +, -, · and / alone, in a
//! fixed order, so every machine sees the same pixels: the rotation by φ is given by h = tan(φ/2), for cos φ =
//! (1 - h²)/(1 + h²) and sin φ = 2h/(1 + h²).

use crate::random::{Generator, Stream};

/// The largest tan(φ/2): 12 degrees.
const HALF_TURN: f32 = 0.105;
/// The most by which each side is scaled, as a share of it.
const SCALE: f32 = 0.12;
/// The most that a row is slanted, in pixels to the side per pixel of height.
const SHEAR: f32 = 0.15;
/// The most that the image is shifted each way, as a share of its side: 2 pixels of 28.
const SHIFT: f32 = 1.0 / 14.0;
/// How far a pixel may go towards the darkest or the brightest of its neighbours: half a pixel of pen on either side.
const PEN: f32 = 0.5;

/// The square image as it is shown in this epoch. `sample` is its number in the data set. One that is not square stays
/// as it is.
///
/// ```
/// use spiking_playground::digits::augment::augment;
/// let image = [0, 0, 0, 0, 0, 255, 255, 0, 0, 255, 255, 0, 0, 0, 0, 0];
/// assert_eq!(augment(&image, 1, 0, 17), augment(&image, 1, 0, 17));
/// assert_ne!(augment(&image, 1, 0, 17), augment(&image, 1, 1, 17)); // another epoch
/// ```
pub fn augment(image: &[u8], seed: u64, epoch: u32, sample: u64) -> Vec<u8> {
    let side = image.len().isqrt();
    if side * side != image.len() {
        return image.to_vec();
    }
    let mut generator = Generator::new(seed, Stream::Augmentation(epoch, sample));
    // From -most to most.
    let mut within = |most: f32| (2.0 * generator.unit() - 1.0) * most;
    let change = Change {
        half_turn: within(HALF_TURN),
        scale: [1.0 + within(SCALE), 1.0 + within(SCALE)],
        shear: within(SHEAR),
        shift: [within(SHIFT), within(SHIFT)],
        pen: within(PEN),
    };
    change.apply(image, side)
}

/// What is done to one image.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Change {
    /// tan(φ/2).
    half_turn: f32,
    /// To the right and downwards.
    scale: [f32; 2],
    /// To the right per pixel downwards.
    shear: f32,
    /// To the right and downwards, in sides.
    shift: [f32; 2],
    /// Above 0 thickens.
    pen: f32,
}

impl Change {
    fn apply(self, image: &[u8], side: usize) -> Vec<u8> {
        let drawn = pen(image, side, self.pen);
        let h = self.half_turn;
        let (cos, sin) = ((1.0 - h * h) / (1.0 + h * h), 2.0 * h / (1.0 + h * h));
        let middle = (side as f32 - 1.0) / 2.0;
        let mut pixels = Vec::with_capacity(image.len());
        for y in 0..side {
            for x in 0..side {
                // Where the pixel comes from: back along shift, rotation, shear and scaling.
                let right = x as f32 - middle - self.shift[0] * side as f32;
                let down = y as f32 - middle - self.shift[1] * side as f32;
                let (turned_right, turned_down) = (cos * right + sin * down, cos * down - sin * right);
                let slanted = turned_right - self.shear * turned_down;
                let from = [slanted / self.scale[0] + middle, turned_down / self.scale[1] + middle];
                pixels.push((between(&drawn, side, from) + 0.5) as u8);
            }
        }
        pixels
    }
}

/// Each pixel moved by `share` towards the brightest of itself and its four neighbours; below 0 towards the darkest.
fn pen(image: &[u8], side: usize, share: f32) -> Vec<f32> {
    let at = |x: usize, y: usize| image[y * side + x];
    let mut drawn = Vec::with_capacity(image.len());
    for y in 0..side {
        for x in 0..side {
            let last = side - 1;
            let near = [at(x.max(1) - 1, y), at((x + 1).min(last), y), at(x, y.max(1) - 1), at(x, (y + 1).min(last))];
            let own = at(x, y);
            let extreme = near.into_iter().fold(own, if share > 0.0 { u8::max } else { u8::min });
            let own = f32::from(own);
            drawn.push(own + share.abs() * (f32::from(extreme) - own));
        }
    }
    drawn
}

/// The image between its pixels, bilinearly; 0 outside.
fn between(image: &[f32], side: usize, [x, y]: [f32; 2]) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let (right, down) = (x - left, y - top);
    let at = |dx: f32, dy: f32| {
        let (x, y) = (left + dx, top + dy);
        let inside = |value: f32| value >= 0.0 && value < side as f32;
        if inside(x) && inside(y) { image[y as usize * side + x as usize] } else { 0.0 }
    };
    let upper = at(0.0, 0.0) * (1.0 - right) + at(1.0, 0.0) * right;
    let lower = at(0.0, 1.0) * (1.0 - right) + at(1.0, 1.0) * right;
    upper * (1.0 - down) + lower * down
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Change = Change { half_turn: 0.0, scale: [1.0, 1.0], shear: 0.0, shift: [0.0, 0.0], pen: 0.0 };

    #[test]
    fn no_change_leaves_the_image() {
        let image: Vec<u8> = (0..784).map(|i| (i * 37 % 256) as u8).collect();
        assert_eq!(NONE.apply(&image, 28), image);
    }

    #[test]
    fn whole_pixels_are_shifted_exactly() {
        let mut image = vec![0; 16];
        image[5] = 200;
        let moved = Change { shift: [0.25, 0.0], ..NONE }.apply(&image, 4);
        assert_eq!(moved.iter().position(|pixel| *pixel == 200), Some(6));
        assert_eq!(moved.iter().filter(|pixel| **pixel > 0).count(), 1);
    }

    #[test]
    fn a_pen_thickens_and_thins() {
        let line: Vec<u8> = (0..100).map(|i| if i % 10 == 5 { 255 } else { 0 }).collect();
        let ink = |pen: f32| Change { pen, ..NONE }.apply(&line, 10).iter().map(|pixel| u32::from(*pixel)).sum::<u32>();
        // Half of each neighbour of a line of one pixel; half of the line itself.
        assert_eq!([ink(0.5), ink(0.0), ink(-0.5)], [2 * 2550 + 10, 2550, 1280]);
    }

    /// A dot at the border of MNIST's box of 20 stays within the bounds that the constants give: 10 pixels from the
    /// middle, scaled by 1.12 and slanted by 0.15 · 11.2, turned by 12 degrees, shifted by 2 pixels.
    #[test]
    fn nothing_goes_far() {
        for sample in 0..500 {
            let mut image = vec![0; 784];
            image[4 * 28 + 14] = 255;
            let moved = augment(&image, 1, 0, sample);
            let mass: f64 = moved.iter().map(|pixel| f64::from(*pixel)).sum();
            assert!(mass > 50.0, "the dot of sample {sample} is gone");
            let mean = |of: fn(usize) -> usize| {
                moved.iter().enumerate().map(|(i, pixel)| of(i) as f64 * f64::from(*pixel)).sum::<f64>() / mass
            };
            let (right, down) = (mean(|i| i % 28) - 14.0, mean(|i| i / 28) - 4.0);
            assert!(right.abs() < 6.5 && down.abs() < 4.5, "{right}, {down}");
        }
    }

    #[test]
    fn any_size_is_taken() {
        for length in [0, 1, 2, 4, 9, 10] {
            assert_eq!(augment(&vec![255; length], 3, 1, 4).len(), length);
        }
    }

    /// The same pixels on every machine: this number was computed once and must not change.
    #[test]
    fn the_pixels_are_the_same_everywhere() {
        let image: Vec<u8> = (0..784).map(|i| if (i / 28 + i % 28) % 9 < 3 { 255 } else { 0 }).collect();
        let hash = (0..20)
            .flat_map(|sample| augment(&image, 7, 2, sample))
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, pixel| (hash ^ u64::from(pixel)).wrapping_mul(0x0100_0000_01b3));
        assert_eq!(hash, GOLDEN);
    }
    const GOLDEN: u64 = 3_721_968_251_032_034_716;
}
