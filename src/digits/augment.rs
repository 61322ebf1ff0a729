//! Augmentation of training images: shift, rotation, scaling, shear, a thicker or thinner pen (Simard, Steinkraus and
//! Platt 2003, doi:10.1109/ICDAR.2003.1227801, without the elastic part). MNIST's digits come from paper; so that those
//! drawn on a screen are classified as well, many are rendered as a pen there would have written them
//! (`handwriting`).
//!
//! The augmented image is a pure function of (seed, epoch, sample). Where a pixel comes from is computed with +, -, ·
//! and / alone, once an image and in a fixed order, and from there on in integers, so every machine sees the same
//! pixels: the rotation by φ is given by h = tan(φ/2), for cos φ = (1 - h²)/(1 + h²) and sin φ = 2h/(1 + h²).

use super::drawing::SIDE;
use super::handwriting::{Hands, redrawn, written};
use super::scanned::scanned;
use crate::random::{Generator, Stream};
use crate::spec::Augmentation;

/// The largest tan(φ/2): 12 degrees.
const HALF_TURN: f32 = 0.105;
/// The maximal change of each side's length, as a fraction of it.
const SCALE: f32 = 0.12;
/// The maximal shear, in pixels to the side per pixel of height.
const SHEAR: f32 = 0.15;
/// The maximal shift in each direction, as a fraction of the side: 2 pixels of 28.
const SHIFT: f32 = 1.0 / 14.0;
/// The maximal step of a pixel towards the darkest or the brightest of its neighbours: half a pixel of pen on either
/// side.
const PEN: f32 = 0.5;

/// The fractions of the digits that are written anew by a pen, redrawn along the lines of the image, and left as they
/// are: a drawing comes straightened and centred, so many changes are not needed.
const WRITTEN: f32 = 0.4;
const REDRAWN: f32 = 0.1;
const UNCHANGED: f32 = 0.3;
/// The same with [`Augmentation::Hands`], and of those that are scanned coarsely: written ones, and those of the data set.
const WRITTEN_BY_HANDS: f32 = 0.45;
const REDRAWN_BY_HANDS: f32 = 0.1;
const SCANNED: f32 = 0.2;
const UNCHANGED_BESIDE_HANDS: f32 = 0.15;
/// The fraction of scanned ones that are written by a pen before.
const WRITTEN_BEFORE: f32 = 0.35;

/// The augmented image for this epoch, u8 [side, side]; an image that is not square is returned unchanged. `sample` is
/// its number in the data set. `digit` is its label if the images are MNIST's.
///
/// ```
/// use spiking_playground::digits::augment::augment;
/// use spiking_playground::spec::Augmentation;
/// let image = [0, 0, 0, 0, 0, 255, 255, 0, 0, 255, 255, 0, 0, 0, 0, 0];
/// let augmented = |epoch| augment(&image, None, Augmentation::On, 1, epoch, 17);
/// assert_eq!(augmented(0), augmented(0));
/// assert_ne!(augmented(0), augmented(1));
/// ```
pub fn augment(
    image: &[u8],
    digit: Option<u8>,
    augmentation: Augmentation,
    seed: u64,
    epoch: u32,
    sample: u64,
) -> Vec<u8> {
    let side = image.len().isqrt();
    if side * side != image.len() {
        return image.to_vec();
    }
    let mut generator = Generator::new(seed, Stream::Handwriting(epoch, sample));
    let kind = generator.unit();
    let changed = || Change::drawn(seed, epoch, sample).apply(image, side);
    let (hands, [write, redraw, scan, leave]) = match augmentation {
        Augmentation::Off => return image.to_vec(),
        Augmentation::Flip => {
            return flipped(image, side, &mut Generator::new(seed, Stream::Augmentation(epoch, sample)));
        }
        Augmentation::On => (Hands::USUAL, [WRITTEN, REDRAWN, 0.0, UNCHANGED]),
        Augmentation::Hands => (Hands::MANY, [WRITTEN_BY_HANDS, REDRAWN_BY_HANDS, SCANNED, UNCHANGED_BESIDE_HANDS]),
    };
    let Some(digit) = digit.filter(|digit| *digit < 10 && side == SIDE) else { return changed() };
    if kind < write {
        written(digit, hands, &mut generator).to_vec()
    } else if kind < write + redraw {
        redrawn(image, hands, &mut generator).to_vec()
    } else if kind < write + redraw + scan {
        let is_written = generator.unit() < WRITTEN_BEFORE;
        let paper = if is_written { written(digit, hands, &mut generator).to_vec() } else { changed() };
        scanned(&paper, &mut generator).map_or(paper, |pixels| pixels.to_vec())
    } else if kind < write + redraw + scan + leave {
        image.to_vec()
    } else {
        changed()
    }
}

/// The image, mirrored left to right or not, and shifted by a pixel or not, in both directions; what comes in is 0.
fn flipped(image: &[u8], side: usize, generator: &mut Generator) -> Vec<u8> {
    let is_mirrored = generator.unit() < 0.5;
    // The source of a pixel is at its own place plus 0, 1 or 2, less 1.
    let [right, down] = [(); 2].map(|()| (3.0 * generator.unit()) as usize);
    let mut pixels = vec![0; image.len()];
    for (y, row) in pixels.chunks_exact_mut(side.max(1)).enumerate() {
        let Some(source) = (y + down).checked_sub(1).and_then(|y| image.chunks_exact(side.max(1)).nth(y)) else {
            continue;
        };
        for (x, pixel) in row.iter_mut().enumerate() {
            let x = if is_mirrored { side - 1 - x } else { x };
            *pixel = (x + right).checked_sub(1).and_then(|x| source.get(x)).copied().unwrap_or(0);
        }
    }
    pixels
}

/// The parameters of one image's augmentation.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Change {
    /// tan(φ/2).
    half_turn: f32,
    /// To the right and downwards.
    scale: [f32; 2],
    /// To the right per pixel downwards.
    shear: f32,
    /// To the right and downwards, in sides of the image.
    shift: [f32; 2],
    /// Positive values thicken.
    pen: f32,
}

/// Fractional bits of a position.
const PLACES: u32 = 32;

/// A position in pixels, in fixed point with [`PLACES`] fractional bits.
fn fixed(pixels: f64) -> i64 {
    (pixels * (1u64 << PLACES) as f64) as i64
}

impl Change {
    /// The parameters drawn for this sample in this epoch.
    fn drawn(seed: u64, epoch: u32, sample: u64) -> Self {
        let mut generator = Generator::new(seed, Stream::Augmentation(epoch, sample));
        // Uniform in [-max, max].
        let mut within = |max: f32| (2.0 * generator.unit() - 1.0) * max;
        Self {
            half_turn: within(HALF_TURN),
            scale: [1.0 + within(SCALE), 1.0 + within(SCALE)],
            shear: within(SHEAR),
            shift: [within(SHIFT), within(SHIFT)],
            pen: within(PEN),
        }
    }

    fn apply(self, image: &[u8], side: usize) -> Vec<u8> {
        let pairs = Pairs::new(image, side, self.pen);
        let [start, right, down] = self.positions(side);
        let mut pixels = vec![0; image.len()];
        for (row, pixels) in (0..).zip(pixels.chunks_exact_mut(side.max(1))) {
            let mut from = [0, 1].map(|axis| start[axis] + row * down[axis]);
            for pixel in pixels {
                *pixel = pairs.between(from);
                from = [from[0] + right[0], from[1] + right[1]];
            }
        }
        pixels
    }

    /// The source position (x, y) of the first pixel, and its increments for a pixel to the right and one downwards:
    /// the inverse of shift, rotation, shear and scaling, which together are affine.
    fn positions(self, side: usize) -> [[i64; 2]; 3] {
        let wide = |values: [f32; 2]| values.map(f64::from);
        let (h, shear, side) = (f64::from(self.half_turn), f64::from(self.shear), side as f64);
        let (scale, shift) = (wide(self.scale), wide(self.shift));
        let (cos, sin) = ((1.0 - h * h) / (1.0 + h * h), 2.0 * h / (1.0 + h * h));
        let right = [(cos + shear * sin) / scale[0], -sin / scale[1]];
        let down = [(sin - shear * cos) / scale[0], cos / scale[1]];
        let middle = (side - 1.0) / 2.0;
        let first = shift.map(|shift| -middle - shift * side);
        let start = [0, 1].map(|axis| middle + first[0] * right[axis] + first[1] * down[axis]);
        [start, right, down].map(|position| position.map(fixed))
    }
}

/// The image under a pen, every pixel with the one below it: the interpolation between four pixels then takes two reads
/// and two multiplications for both rows at once. A border of zeros stands around it, so that no position needs a test.
struct Pairs {
    side: usize,
    /// [side + 2, side + 3]: the lower 16 bits are the pixel, the upper ones the pixel below it.
    values: Vec<u32>,
}

impl Pairs {
    fn new(image: &[u8], side: usize, pen: f32) -> Self {
        let drawn = draw(image, side, pen);
        let width = side + 3;
        let mut values = vec![0; (side + 2) * width];
        for (y, row) in drawn.chunks_exact(side.max(1)).enumerate() {
            let at = (y + 1) * width + 1;
            values[at..].iter_mut().zip(row).for_each(|(own, pixel)| *own |= u32::from(*pixel));
            values[at - width..].iter_mut().zip(row).for_each(|(above, pixel)| *above |= u32::from(*pixel) << 16);
        }
        Self { side, values }
    }

    /// The image at (x, y), interpolated bilinearly in steps of 1/256 pixel; 0 outside.
    fn between(&self, position: [i64; 2]) -> u8 {
        let most = (self.side as i64) << PLACES;
        let [x, y] = position.map(|at| at.clamp(-1 << PLACES, most));
        let part = |at: i64| (at >> (PLACES - 8)) as u32 & 255;
        let whole = |at: i64| ((at >> PLACES) + 1) as usize;
        let at = whole(y) * (self.side + 3) + whole(x);
        let [left, right] = self.values[at..at + 2] else { return 0 };
        // At most 255 · 256 in each half.
        let both = left * (256 - part(x)) + right * part(x);
        let (upper, lower) = (both & 0xffff, both >> 16);
        ((upper * (256 - part(y)) + lower * part(y) + 0x8000) >> 16) as u8
    }
}

/// Each pixel moved by `share` towards the brightest of itself and its four neighbours; below 0 towards the darkest.
fn draw(image: &[u8], side: usize, share: f32) -> Vec<u8> {
    if share > 0.0 { moved(image, side, share, u8::max) } else { moved(image, side, -share, u8::min) }
}

/// Each pixel moved by `share` towards the `extreme` of itself and its four neighbours.
fn moved(image: &[u8], side: usize, share: f32, extreme: impl Fn(u8, u8) -> u8 + Copy) -> Vec<u8> {
    let share = (share * 256.0 + 0.5) as i32;
    let mut extremes = image.to_vec();
    let mut meet = |at: usize, other: &[u8]| {
        extremes[at..].iter_mut().zip(other).for_each(|(pixel, other)| *pixel = extreme(*pixel, *other));
    };
    meet(0, image.get(side..).unwrap_or(&[]));
    meet(side, image);
    for (y, row) in image.chunks_exact(side.max(1)).enumerate() {
        meet(y * side, &row[1..]);
        // One pixel fewer, so that the last does not reach into the next row.
        meet(y * side + 1, &row[..side - 1]);
    }
    let moved = |(own, extreme): (&u8, &u8)| {
        let (own, extreme) = (i32::from(*own), i32::from(*extreme));
        (own + (((extreme - own) * share + 128) >> 8)) as u8
    };
    image.iter().zip(&extremes).map(moved).collect()
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

    /// Of a picture whose left is not its right: all 18 ways of mirroring and shifting it come up, and no other.
    #[test]
    fn a_flip_mirrors_and_shifts_by_a_pixel() {
        let image: Vec<u8> = (1..=25).collect();
        let at = |x: i32, y: i32| {
            if (0..5).contains(&x) && (0..5).contains(&y) { image[(y * 5 + x) as usize] } else { 0 }
        };
        let ways: std::collections::BTreeSet<Vec<u8>> = (0..18)
            .map(|way: i32| {
                let (right, down) = (way % 3 - 1, way / 3 % 3 - 1);
                let from = |i: i32| if way < 9 { i % 5 } else { 4 - i % 5 };
                (0..25).map(|i| at(from(i) + right, i / 5 + down)).collect()
            })
            .collect();
        let seen = (0..500).map(|sample| augment(&image, Some(3), Augmentation::Flip, 1, 0, sample)).collect();
        assert_eq!(ways, seen);
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
            let moved = augment(&image, None, Augmentation::On, 1, 0, sample);
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
            assert_eq!(augment(&vec![255; length], None, Augmentation::On, 3, 1, 4).len(), length);
        }
    }

    /// The same pixel by pixel in floats: the reference for the fast implementation.
    fn reference(change: Change, image: &[u8], side: usize) -> Vec<f32> {
        let inside = |at: i32| at >= 0 && at < side as i32;
        let at = |x: i32, y: i32| {
            if inside(x) && inside(y) { f32::from(image[y as usize * side + x as usize]) } else { 0.0 }
        };
        let last = side as i32 - 1;
        let drawn = |x: i32, y: i32| {
            let near = [(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)];
            let near = near.map(|(x, y)| at(x.clamp(0, last), y.clamp(0, last)));
            let extreme = near.into_iter().fold(at(x, y), if change.pen > 0.0 { f32::max } else { f32::min });
            if inside(x) && inside(y) { at(x, y) + change.pen.abs() * (extreme - at(x, y)) } else { 0.0 }
        };
        let (sin, cos) = (2.0 * change.half_turn.atan()).sin_cos();
        let middle = (side as f32 - 1.0) / 2.0;
        let pixel = |i: usize| {
            let right = (i % side) as f32 - middle - change.shift[0] * side as f32;
            let down = (i / side) as f32 - middle - change.shift[1] * side as f32;
            let (turned_right, turned_down) = (cos * right + sin * down, cos * down - sin * right);
            let x = (turned_right - change.shear * turned_down) / change.scale[0] + middle;
            let y = turned_down / change.scale[1] + middle;
            let ((left, top), (right, down)) = ((x.floor() as i32, y.floor() as i32), (x - x.floor(), y - y.floor()));
            let upper = drawn(left, top) * (1.0 - right) + drawn(left + 1, top) * right;
            let lower = drawn(left, top + 1) * (1.0 - right) + drawn(left + 1, top + 1) * right;
            upper * (1.0 - down) + lower * down
        };
        (0..image.len()).map(pixel).collect()
    }

    /// Where black meets white 1/256 pixel is worth a level, in x and in y; the pen and the interpolation are rounded
    /// by half a level each.
    #[test]
    fn the_fast_way_is_the_plain_way() {
        let image: Vec<u8> = (0..784).map(|i| if (i / 28 + i % 28) % 9 < 3 { (i % 256) as u8 } else { 0 }).collect();
        for sample in 0..200 {
            let change = Change::drawn(5, 1, sample);
            let (fast, plain) = (change.apply(&image, 28), reference(change, &image, 28));
            let far = fast.iter().zip(&plain).map(|(fast, plain)| (f32::from(*fast) - plain).abs()).fold(0.0, f32::max);
            assert!(far <= 3.0, "sample {sample}: {far} levels apart");
        }
    }

    /// The same pixels on every machine: this number was computed once and must not change.
    #[test]
    fn the_pixels_are_the_same_everywhere() {
        let image: Vec<u8> = (0..784).map(|i| if (i / 28 + i % 28) % 9 < 3 { 255 } else { 0 }).collect();
        let hash = (0..20)
            .flat_map(|sample| augment(&image, None, Augmentation::On, 7, 2, sample))
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, pixel| (hash ^ u64::from(pixel)).wrapping_mul(0x0100_0000_01b3));
        assert_eq!(hash, GOLDEN);
    }
    const GOLDEN: u64 = 6_910_681_732_652_614_980;
}
