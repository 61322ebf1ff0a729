//! The normalisation of strokes, or of a picture of any size, to the network's 28 × 28 pixels.
//!
//! It is MNIST's (LeCun et al. 1998, doi:10.1109/5.726791): the ink's bounding box is scaled so that its longer side has
//! 20 pixels, and the box is moved by whole pixels until the ink's centre of mass is on the pixel (14, 14), counted from
//! 0, within half a pixel. Measured on MNIST's test set, the longer side is 20 in 9,997 of 10,000 images and both
//! coordinates of the centre of mass are in [13.5, 14.5) in all of them; so an image of MNIST stays as it is.
//!
//! Strokes have no thickness of their own: what is scaled is their path, which a pen of constant width then draws in
//! the 28 × 28 frame. So a small drawing does not get fat, nor a large one faint. The pen is as wide as MNIST's median
//! stroke, 2.5 pixels (twice the ink over its outline).
//!
//! A speck far from a digit, such as a hand leaves that rests on the pad, is no part of it: the box would reach to it,
//! and the digit be small and out of place. No digit has a small isolated stroke.

use crate::decimal::Between;

/// Pixels in a row, and rows.
pub const SIDE: usize = 28;
/// Pixels of a normalised picture.
pub const PIXELS: usize = SIDE * SIDE;
/// The longer side of the ink, in pixels.
pub const BOX: usize = 20;
/// The pen's radius, in pixels of the 28 × 28 frame.
pub const PEN_RADIUS: f32 = 1.25;

/// The pixel, counted from 0, on which the centre of mass is put.
const CENTRE: f64 = 14.0;
/// The brightest pixel of each of MNIST's 70,000 images is at least as bright.
const BRIGHTEST: f64 = 254.0;
/// Samples along each side of a pixel when strokes are drawn: 64 a pixel give 65 greys.
const SAMPLES: usize = 8;
/// A drawing smaller than this fraction of the pad is not enlarged further: a dot stays a dot.
const MIN_EXTENT: f32 = 0.05;
/// Strokes belong together if the gap between them is at most this fraction of the larger one's extent. (The dot of an
/// i is some 0.3 of its stem above it.)
const MAX_GAP: f32 = 0.4;
/// An isolated drawing smaller than this fraction of the largest one is a speck.
const MAX_SPECK: f32 = 0.25;

/// The normalised picture of strokes, u8 [28, 28]. A stroke is a list of points [x, y], x to the right and y downwards,
/// both 0 to 1 on the pad; the points of a stroke are joined, and one alone is a dot. Points outside are moved to the
/// pad's border; points with a NaN are left out, and so is a speck far from all the rest. Without ink all pixels are 0.
///
/// ```
/// use spiking_playground::digits::drawing::{normalise, SIDE};
/// let one = [vec![[0.5, 0.1], [0.5, 0.9]]];
/// let pixels = normalise(&one);
/// assert_eq!(pixels[14 * SIDE + 14], 255); // ink in the middle
/// assert_eq!(pixels, normalise(&[vec![[0.2, 0.4], [0.2, 0.6]]])); // wherever it was drawn, and how large
/// assert_eq!(pixels, normalise(&[vec![[0.2, 0.4], [0.2, 0.6]], vec![[0.9, 0.1]]])); // and what slipped
/// ```
pub fn normalise(strokes: &[Vec<[f32; 2]>]) -> [u8; PIXELS] {
    let strokes = without_specks(strokes.iter().map(|stroke| valid(stroke)).collect());
    if strokes.is_empty() {
        return [0; PIXELS];
    }
    let [(left, right), (top, bottom)] = extrema(&strokes);
    let extent = extent(&strokes).max(MIN_EXTENT);
    // Samples per unit of the pad, such that path and pen together fill the box.
    let scale = (BOX as f32 - 2.0 * PEN_RADIUS) * SAMPLES as f32 / extent;
    let pen = PEN_RADIUS * SAMPLES as f32;
    let size = |low: f32, high: f32| (((high - low) * scale + 2.0 * pen).round() as usize).clamp(1, BOX * SAMPLES);
    let mut ink = Ink::new(size(left, right), size(top, bottom));
    for stroke in &strokes {
        let path: Vec<_> = stroke.iter().map(|[x, y]| [(x - left) * scale + pen, (y - top) * scale + pen]).collect();
        match path[..] {
            [dot] => ink.draw(dot, dot, pen),
            _ => path.windows(2).for_each(|ends| ink.draw(ends[0], ends[1], pen)),
        }
    }
    ink.place(1.0 / SAMPLES as f64)
}

/// The normalised picture of a grey image, u8 [28, 28]: `grey` has `height` rows of `width` pixels, 0 for the
/// background and 255 for full ink. The ink's box is averaged over areas, so the strokes get thinner or thicker with
/// it; where they would get thinner than a pixel they do not fade, for the brightest pixel becomes full ink, as in
/// MNIST's images. Missing rows count as background. Without ink all pixels are 0.
///
/// ```
/// use spiking_playground::digits::drawing::{picture, SIDE};
/// let pixels = picture(2, 40, &[[0, 255]; 40].concat()); // a line, 1 × 40
/// assert_eq!(pixels.iter().map(|p| u32::from(*p)).sum::<u32>(), 20 * 255); // is 1 × 20 now
/// assert_eq!(pixels[10 * SIDE + 14], 255);
/// ```
pub fn picture(width: usize, height: usize, grey: &[u8]) -> [u8; PIXELS] {
    if width == 0 {
        return [0; PIXELS];
    }
    let rows: Vec<&[u8]> = grey.chunks_exact(width).take(height).collect();
    let inked = |column: usize| rows.iter().any(|row| row[column] > 0);
    let columns = (0..width).find(|x| inked(*x)).zip((0..width).rfind(|x| inked(*x)));
    let has_ink = |row: &&[u8]| row.iter().any(|pixel| *pixel > 0);
    let (Some((left, right)), Some(top)) = (columns, rows.iter().position(has_ink)) else { return [0; PIXELS] };
    let bottom = rows.iter().rposition(has_ink).unwrap_or(top);
    let cropped: Vec<u8> = rows[top..=bottom].iter().flat_map(|row| &row[left..=right]).copied().collect();
    let ink = Ink { width: right - left + 1, height: bottom - top + 1, values: cropped };
    ink.place(BOX as f64 / ink.width.max(ink.height) as f64)
}

/// The points without NaN, clamped to the pad.
fn valid(stroke: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let finite = stroke.iter().filter(|point| point.iter().all(|value| value.is_finite()));
    finite.map(|point| point.map(|value| value.between(0.0, 1.0))).collect()
}

type Stroke = Vec<[f32; 2]>;

/// The minimum and maximum of x, and of y, over strokes that have points.
fn extrema(strokes: &[Stroke]) -> [(f32, f32); 2] {
    [0, 1].map(|axis| {
        let values = strokes.iter().flatten().map(|point| point[axis]);
        values.fold((f32::MAX, f32::MIN), |(low, high), value| (low.min(value), high.max(value)))
    })
}

/// The longer side of the strokes' bounding box.
fn extent(strokes: &[Stroke]) -> f32 {
    let [x, y] = extrema(strokes);
    (x.1 - x.0).max(y.1 - y.0)
}

/// The strokes that have points, without those that are tiny and far from the largest drawing. A drawing is a cluster
/// of strokes near each other, so a digit of many short ones is one.
fn without_specks(strokes: Vec<Stroke>) -> Vec<Stroke> {
    let mut drawings: Vec<Vec<Stroke>> =
        strokes.into_iter().filter(|stroke| !stroke.is_empty()).map(|stroke| vec![stroke]).collect();
    // A drawing that has grown reaches further, so the earlier ones are compared again.
    let mut at = 0;
    while at < drawings.len() {
        let near = (0..drawings.len()).find(|other| *other != at && are_near(&drawings[at], &drawings[*other]));
        if let Some(other) = near {
            let strokes = drawings.swap_remove(at.max(other));
            drawings[at.min(other)].extend(strokes);
            at = 0;
        } else {
            at += 1;
        }
    }
    let largest = drawings.iter().map(|drawing| extent(drawing)).fold(0.0, f32::max);
    // Among dots none is the digit.
    drawings.retain(|drawing| largest < MIN_EXTENT || extent(drawing) >= MAX_SPECK * largest);
    drawings.concat()
}

/// Whether two drawings belong together.
fn are_near(one: &[Stroke], other: &[Stroke]) -> bool {
    let most = MAX_GAP * extent(one).max(extent(other));
    // The gap between their boxes is a lower bound of that between them, and cheap.
    let (a, b) = (extrema(one), extrema(other));
    let gap = |axis: usize| (a[axis].0 - b[axis].1).max(b[axis].0 - a[axis].1);
    let reaches = |points: &[Stroke], path: &[Stroke]| {
        points.iter().flatten().any(|point| path.iter().any(|stroke| distance(*point, stroke) <= most))
    };
    gap(0).max(gap(1)) <= most && (reaches(one, other) || reaches(other, one))
}

/// The distance of a point from the path of a stroke.
fn distance(point: [f32; 2], stroke: &[[f32; 2]]) -> f32 {
    let away = |from: [f32; 2], to: [f32; 2]| {
        let (along, offset) = ([to[0] - from[0], to[1] - from[1]], [point[0] - from[0], point[1] - from[1]]);
        let [x, y] = nearest(offset, along);
        x.hypot(y)
    };
    let ends = stroke.windows(2).map(|ends| away(ends[0], ends[1]));
    ends.fold(away(stroke[0], stroke[0]), f32::min)
}

/// The vector from the nearest point of a straight line to a point; both are relative to the line's start.
fn nearest(offset: [f32; 2], along: [f32; 2]) -> [f32; 2] {
    let length2 = along[0] * along[0] + along[1] * along[1];
    let dot = offset[0] * along[0] + offset[1] * along[1];
    let share = if length2 > 0.0 { (dot / length2).between(0.0, 1.0) } else { 0.0 };
    [offset[0] - share * along[0], offset[1] - share * along[1]]
}

/// Ink in its bounding box, 0 to 255, in pixels of any size.
struct Ink {
    width: usize,
    height: usize,
    values: Vec<u8>,
}

impl Ink {
    fn new(width: usize, height: usize) -> Self {
        Self { width, height, values: vec![0; width * height] }
    }

    /// Fills the pixels nearer than `radius` to the straight line between two points.
    fn draw(&mut self, from: [f32; 2], to: [f32; 2], radius: f32) {
        let along = [to[0] - from[0], to[1] - from[1]];
        // A cast from a float saturates, so coordinates left of or above the box become 0.
        let range = |axis: usize, size: usize| {
            let (low, high) = (from[axis].min(to[axis]) - radius, from[axis].max(to[axis]) + radius);
            low as usize..(high.ceil() as usize).min(size)
        };
        for y in range(1, self.height) {
            for x in range(0, self.width) {
                let offset = [x as f32 + 0.5 - from[0], y as f32 + 0.5 - from[1]];
                let away = nearest(offset, along);
                if away[0] * away[0] + away[1] * away[1] <= radius * radius {
                    self.values[y * self.width + x] = 255;
                }
            }
        }
    }

    /// Scales the ink, one pixel of it becoming `scale` wide, and centres it.
    fn place(&self, scale: f64) -> [u8; PIXELS] {
        let (columns, rows) = (shares(self.width, scale), shares(self.height, scale));
        // [rows of the box, width]: the rows averaged; then the columns of those.
        let averaged = rows.iter().map(|row| -> Vec<f64> {
            (0..self.width)
                .map(|x| row.iter().map(|(y, share)| share * f64::from(self.values[y * self.width + x])).sum())
                .collect()
        });
        let small: Vec<Vec<f64>> = averaged
            .map(|row| columns.iter().map(|column| column.iter().map(|(x, share)| share * row[*x]).sum()).collect())
            .collect();
        let most = small.iter().flatten().fold(0.0, |most: f64, value| most.max(*value));
        let lift = if most > 0.0 && most < BRIGHTEST { 255.0 / most } else { 1.0 };
        let small: Vec<Vec<u8>> =
            small.iter().map(|row| row.iter().map(|value| (value * lift).round() as u8).collect()).collect();
        centre(&small)
    }
}

/// For each pixel of the scaled line, the pixels of the given line that it covers, each with its fraction of the area.
fn shares(pixels: usize, scale: f64) -> Vec<Vec<(usize, f64)>> {
    // A rounding error must not add a pixel without area.
    let scaled = ((pixels as f64 * scale - 1e-6).ceil() as usize).clamp(1, BOX);
    let covered = |target: usize| {
        let (low, high) = (target as f64 / scale, (target + 1) as f64 / scale);
        let last = (high.ceil() as usize).min(pixels);
        let overlap = move |pixel: usize| high.min((pixel + 1) as f64) - low.max(pixel as f64);
        (low as usize..last).map(|pixel| (pixel, overlap(pixel).max(0.0) * scale)).collect()
    };
    (0..scaled).map(covered).collect()
}

/// Puts a picture of at most 20 × 20 pixels into the frame with its centre of mass in the middle, but never over the
/// frame's border.
pub(super) fn centre(small: &[Vec<u8>]) -> [u8; PIXELS] {
    let mass: f64 = small.iter().flatten().map(|value| f64::from(*value)).sum();
    let width = small.first().map_or(0, Vec::len);
    if mass == 0.0 {
        return [0; PIXELS];
    }
    let cells = || small.iter().enumerate().flat_map(|(y, row)| row.iter().enumerate().map(move |(x, v)| (x, y, *v)));
    let mean =
        |of: fn(usize, usize) -> usize| cells().map(|(x, y, v)| of(x, y) as f64 * f64::from(v)).sum::<f64>() / mass;
    // MNIST's own rounding: the centre of mass ends in [13.5, 14.5).
    let shift = |mean: f64, size: usize| ((CENTRE - 0.5 - mean).ceil().max(0.0) as usize).min(SIDE - size);
    let (right, down) = (shift(mean(|x, _| x), width), shift(mean(|_, y| y), small.len()));
    let mut frame = [0; PIXELS];
    for (x, y, value) in cells() {
        frame[(y + down) * SIDE + x + right] = value;
    }
    frame
}
