//! Synthetic handwriting on a screen, for the network to learn from: digits written in one of the styles of
//! [`super::styles`], or along the lines of a picture from paper ([`super::thin`]).
//!
//! Either is bent, slanted, turned and stretched, and drawn by a pen of some width. The strokes may be joined, as if
//! the pen's lift had been missed, and the path may be sampled at a few points only, as by a slow tablet. All is a pure
//! function of the generator and uses only +, -, ·, / and the square root, which every machine rounds alike.

use super::drawing::{BOX, PEN_RADIUS, PIXELS, centre};
use super::styles::{Stroke, styles};
use super::thin::lines;
use crate::random::Generator;

/// The maximal jitter of each point of a style, as a fraction of the box's side.
const JITTER: f32 = 0.06;
/// The maximal bend: the displacement of the middle of a side, as a fraction of half the box.
const BEND: f32 = 0.12;
/// Points on a curve between two of its control points.
const FINE: usize = 5;
/// Probabilities: of joined strokes; of paths of few points.
const JOINED: f32 = 0.6;
const COARSE: [f32; 2] = [0.25, 0.7];
/// The number of points of a path of few points: the minimum, and the maximal number beyond it.
const FEW: [f32; 2] = [8.0, 2.0];

type Path = Vec<[f32; 2]>;

/// How far hands that write, and their pens, differ.
#[derive(Clone, Copy, Debug)]
pub struct Hands {
    /// The maximal shear, in widths to the side per height.
    shear: f32,
    /// The largest tan(φ/2).
    half_turn: f32,
    /// The maximal stretch or shrinking of the width.
    stretch: f32,
    /// The range of the pen's width, in widths of the pad's pen.
    widths: [f32; 2],
    /// The probability of a drawing as high as wide, whatever it shows.
    square: f32,
}

impl Hands {
    /// Those that draw on a pad: turned by up to 8 degrees.
    pub const USUAL: Self = Self { shear: 0.25, half_turn: 0.07, stretch: 0.5, widths: [0.7, 1.4], square: 0.4 };
    /// Those of many people with any pen, from a fine liner to a marker: turned by up to 14 degrees.
    pub const MANY: Self = Self { shear: 0.45, half_turn: 0.12, stretch: 0.6, widths: [0.45, 1.9], square: 0.4 };
}

/// A picture of `digit` written by a pen, u8 [28, 28].
pub fn written(digit: u8, hands: Hands, generator: &mut Generator) -> [u8; PIXELS] {
    let ways = styles(digit);
    let way = ways[(generator.unit() * ways.len() as f32) as usize];
    let mut strokes: Vec<Path> = way.iter().map(|stroke| curve(stroke, generator)).collect();
    let joined = generator.unit() < JOINED;
    if joined {
        strokes = vec![strokes.concat()];
    }
    bend(&mut strokes, hands, generator);
    if generator.unit() < COARSE[usize::from(joined)] {
        let points = (FEW[0] + generator.unit() * (FEW[1] + 1.0)) as usize;
        let total: f32 = strokes.iter().map(|path| length(path)).sum();
        for stroke in &mut strokes {
            let share = length(stroke) / total.max(f32::MIN_POSITIVE);
            *stroke = resampled(stroke, ((points as f32 * share + 0.5) as usize).max(2));
        }
    }
    draw(&strokes, width(hands, generator))
}

/// A picture redrawn by a pen along the thinned lines of another, u8 [28, 28].
pub fn redrawn(image: &[u8], hands: Hands, generator: &mut Generator) -> [u8; PIXELS] {
    let mut strokes = lines(image);
    bend(&mut strokes, hands, generator);
    draw(&strokes, width(hands, generator))
}

/// The pen's radius, in pixels.
fn width(Hands { widths, .. }: Hands, generator: &mut Generator) -> f32 {
    PEN_RADIUS * (widths[0] + (widths[1] - widths[0]) * generator.unit())
}

/// A random number in [-max, max].
fn within(max: f32, generator: &mut Generator) -> f32 {
    (2.0 * generator.unit() - 1.0) * max
}

/// The smooth curve through jittered points (Catmull and Rom 1974, doi:10.1016/B978-0-12-079050-0.50020-5). A repeated
/// point is a corner.
fn curve(stroke: Stroke, generator: &mut Generator) -> Path {
    let mut points: Path = Vec::with_capacity(stroke.len());
    for (i, point) in stroke.iter().enumerate() {
        let again = i.checked_sub(1).filter(|before| stroke[*before] == *point).map(|before| points[before]);
        // The sum of two random numbers makes small deviations more frequent.
        let mut astray =
            |at: u8| f32::from(at) / 100.0 + within(JITTER / 2.0, generator) + within(JITTER / 2.0, generator);
        points.push(again.unwrap_or_else(|| [astray(point[0]), astray(point[1])]));
    }
    let last = points.len() - 1;
    let mut path = Vec::with_capacity(points.len() * FINE);
    path.push(points[0]);
    for i in 0..last {
        let [a, b, c, d] = [points[i.saturating_sub(1)], points[i], points[i + 1], points[(i + 2).min(last)]];
        for step in 1..=if b == c { 0 } else { FINE } {
            let t = step as f32 / FINE as f32;
            path.push([0, 1].map(|axis| {
                let (a, b, c, d) = (a[axis], b[axis], c[axis], d[axis]);
                b + 0.5 * t * (c - a + t * (2.0 * a - 5.0 * b + 4.0 * c - d + t * (3.0 * (b - c) + d - a)))
            }));
        }
    }
    path
}

/// The bounding box: left, top, right, bottom.
fn bounds(strokes: &[Path]) -> [f32; 4] {
    let start = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
    strokes
        .iter()
        .flatten()
        .fold(start, |[left, top, right, bottom], [x, y]| [left.min(*x), top.min(*y), right.max(*x), bottom.max(*y)])
}

/// Bends, slants, turns and stretches strokes of any size.
fn bend(strokes: &mut [Path], hands: Hands, generator: &mut Generator) {
    let [left, top, right, bottom] = bounds(strokes);
    let half = ((right - left).max(bottom - top) / 2.0).max(f32::MIN_POSITIVE);
    let bends: [f32; 4] = std::array::from_fn(|_| within(BEND, generator));
    let (shear, h) = (within(hands.shear, generator), within(hands.half_turn, generator));
    let (cos, sin) = ((1.0 - h * h) / (1.0 + h * h), 2.0 * h / (1.0 + h * h));
    let stretch = within(hands.stretch, generator);
    let stretch = if stretch > 0.0 { 1.0 + stretch } else { 1.0 / (1.0 - stretch) };
    for [x, y] in strokes.iter_mut().flatten() {
        let (u, v) = ((*x - (left + right) / 2.0) / half, (*y - (top + bottom) / 2.0) / half);
        let (u, v) = (u + bends[0] * v * v + bends[1] * u * v, v + bends[2] * u * u + bends[3] * u * v);
        let u = (u - shear * v) * stretch;
        (*x, *y) = (cos * u - sin * v, sin * u + cos * v);
    }
    if generator.unit() < hands.square {
        let [left, top, right, bottom] = bounds(strokes);
        let (width, height) = (right - left, bottom - top);
        if width.min(height) > 0.05 * width.max(height) {
            strokes.iter_mut().flatten().for_each(|[x, _]| *x *= height / width);
        }
    }
}

fn distance(a: [f32; 2], b: [f32; 2]) -> f32 {
    let [x, y] = [b[0] - a[0], b[1] - a[1]];
    (x * x + y * y).sqrt()
}

fn length(path: &[[f32; 2]]) -> f32 {
    path.windows(2).map(|ends| distance(ends[0], ends[1])).sum()
}

/// `points` points of a path, equally spaced along it.
fn resampled(path: &[[f32; 2]], points: usize) -> Path {
    let step = length(path) / (points - 1) as f32;
    let mut found = vec![path[0]];
    let mut left = step;
    for ends in path.windows(2) {
        let (mut from, to) = (ends[0], ends[1]);
        while found.len() < points - 1 && distance(from, to) >= left && left > 0.0 {
            let share = left / distance(from, to);
            from = [0, 1].map(|axis| from[axis] + share * (to[axis] - from[axis]));
            found.push(from);
            left = step;
        }
        left -= distance(from, to);
    }
    found.extend(path.last());
    found
}

/// Draws strokes of any size into MNIST's box, centred by their ink, as [`super::drawing::normalise`] does; but the ink
/// of a pixel is computed from its centre's distance to the path.
fn draw(strokes: &[Path], radius: f32) -> [u8; PIXELS] {
    let [left, top, right, bottom] = bounds(strokes);
    let extent = (right - left).max(bottom - top);
    let scale = if extent > 0.0 { (BOX as f32 - 2.0 * radius) / extent } else { 1.0 };
    let [width, height] =
        [right - left, bottom - top].map(|size| (size.max(0.0) * scale + 2.0 * radius).min(BOX as f32));
    let (columns, rows) = ((width.ceil() as usize).clamp(1, BOX), (height.ceil() as usize).clamp(1, BOX));
    let mut distances = [f32::MAX; BOX * BOX];
    let place = |[x, y]: [f32; 2]| [(x - left) * scale + radius, (y - top) * scale + radius];
    for stroke in strokes {
        match stroke[..] {
            [dot] => approach(&mut distances, place(dot), place(dot), radius + 0.5),
            _ => stroke
                .windows(2)
                .for_each(|ends| approach(&mut distances, place(ends[0]), place(ends[1]), radius + 0.5)),
        }
    }
    let ink = |distance2: f32| ((radius + 0.5 - distance2.sqrt()).clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
    let small: Vec<Vec<u8>> = distances
        .chunks_exact(BOX)
        .take(rows)
        .map(|row| row[..columns].iter().map(|distance2| ink(*distance2)).collect())
        .collect();
    centre(&small)
}

/// Lowers each pixel's squared distance to that from the line between two points, where it is less than `reach`.
fn approach(distances: &mut [f32; BOX * BOX], from: [f32; 2], to: [f32; 2], reach: f32) {
    let along = [to[0] - from[0], to[1] - from[1]];
    let length2 = along[0] * along[0] + along[1] * along[1];
    let inverse = if length2 > 0.0 { 1.0 / length2 } else { 0.0 };
    let range = |axis: usize| {
        let (low, high) = (from[axis].min(to[axis]) - reach, from[axis].max(to[axis]) + reach);
        low as usize..(high.ceil().max(0.0) as usize).min(BOX)
    };
    for y in range(1) {
        for x in range(0) {
            let offset = [x as f32 + 0.5 - from[0], y as f32 + 0.5 - from[1]];
            let share = ((offset[0] * along[0] + offset[1] * along[1]) * inverse).clamp(0.0, 1.0);
            let away = [offset[0] - share * along[0], offset[1] - share * along[1]];
            let distance2 = &mut distances[y * BOX + x];
            *distance2 = distance2.min(away[0] * away[0] + away[1] * away[1]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::drawing::{SIDE, normalise};
    use super::*;
    use crate::random::Stream;

    fn generator(sample: u64) -> Generator {
        Generator::new(3, Stream::Handwriting(1, sample))
    }

    /// A cross of bars.
    fn cross() -> Vec<u8> {
        let bar = |at: usize| (12..15).contains(&at);
        let inside = |at: usize| (4..24).contains(&at);
        (0..PIXELS)
            .map(|i| (i % SIDE, i / SIDE))
            .map(|(x, y)| u8::from((bar(x) && inside(y)) || (bar(y) && inside(x))) * 255)
            .collect()
    }

    #[test]
    fn every_digit_fills_the_box_and_is_centred() {
        for sample in 0..300 {
            let pixels = written((sample % 10) as u8, Hands::USUAL, &mut generator(sample));
            let inked = || (0..PIXELS).filter(|i| pixels[*i] > 0);
            let size = |of: fn(usize) -> usize| {
                let at = || inked().map(of);
                at().max().zip(at().min()).map_or(0, |(last, first)| last - first + 1)
            };
            let longer = size(|i| i % SIDE).max(size(|i| i / SIDE));
            assert!((BOX - 1..=BOX).contains(&longer), "sample {sample}: {longer}");
            let mass: f64 = pixels.iter().map(|pixel| f64::from(*pixel)).sum();
            for of in [|i: usize| i % SIDE, |i: usize| i / SIDE] {
                let mean = inked().map(|i| of(i) as f64 * f64::from(pixels[i])).sum::<f64>() / mass;
                assert!((13.0..=15.0).contains(&mean), "sample {sample}: {mean}");
            }
        }
    }

    #[test]
    fn what_is_drawn_is_a_function_of_the_generator() {
        for sample in 0..20 {
            assert_eq!(
                written(4, Hands::USUAL, &mut generator(sample)),
                written(4, Hands::USUAL, &mut generator(sample))
            );
            assert_ne!(
                written(4, Hands::USUAL, &mut generator(sample)),
                written(4, Hands::USUAL, &mut generator(sample + 1))
            );
            assert_eq!(
                redrawn(&cross(), Hands::USUAL, &mut generator(sample)),
                redrawn(&cross(), Hands::USUAL, &mut generator(sample))
            );
        }
    }

    #[test]
    fn a_picture_without_ink_gives_one_without() {
        assert_eq!(redrawn(&[0; PIXELS], Hands::USUAL, &mut generator(0)), [0; PIXELS]);
    }

    /// The pad samples each pixel 64 times, here its centre's distance counts: along a straight stroke both give the
    /// same coverage, at an end or a bend it may be off by a quarter.
    #[test]
    fn it_draws_as_the_pad_does() {
        let strokes = vec![vec![[0.2, 0.1], [0.8, 0.3], [0.4, 0.9]], vec![[0.1, 0.6], [0.7, 0.5]]];
        let (here, pad) = (draw(&strokes, PEN_RADIUS), normalise(&strokes));
        let apart: Vec<u8> = here.iter().zip(&pad).map(|(a, b)| a.abs_diff(*b)).collect();
        let mean = apart.iter().map(|d| f64::from(*d)).sum::<f64>() / PIXELS as f64;
        assert!(apart.iter().all(|d| *d <= 64) && mean < 2.0, "{mean}, {:?}", apart.iter().max());
    }

    #[test]
    fn points_of_a_path_are_equally_far_apart() {
        let points = resampled(&[[0.0, 0.0], [3.0, 0.0], [3.0, 4.0]], 8);
        assert_eq!((points.len(), points[0], points[7]), (8, [0.0, 0.0], [3.0, 4.0]));
        assert!((points[3][0] - 3.0).abs() < 1e-5 && points[3][1].abs() < 1e-5);
        assert_eq!(resampled(&[[1.0, 2.0]], 2), [[1.0, 2.0], [1.0, 2.0]]);
    }

    #[test]
    fn every_way_is_a_path() {
        for (digit, way) in (0..10).flat_map(|digit| styles(digit).iter().map(move |way| (digit, way))) {
            assert!(
                way.iter().all(|stroke| stroke.len() > 1 && stroke.iter().flatten().all(|at| *at <= 100)),
                "{digit}"
            );
        }
    }

    /// The same pixels on every machine: this number was computed once and must not change.
    #[test]
    fn the_pixels_are_the_same_everywhere() {
        let drawn = (0..40).flat_map(|sample| match sample % 2 {
            0 => written((sample / 2 % 10) as u8, Hands::USUAL, &mut generator(sample)),
            _ => redrawn(&cross(), Hands::USUAL, &mut generator(sample)),
        });
        let hash = drawn
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, pixel| (hash ^ u64::from(pixel)).wrapping_mul(0x0100_0000_01b3));
        assert_eq!(hash, GOLDEN);
    }
    const GOLDEN: u64 = 7_787_863_074_540_918_309;
}
