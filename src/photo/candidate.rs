//! Candidates for a digit: connected sets of pixels that stand out from their ground, each with a score.

use super::ground::{self, Polarity, contrast};
use image::{GrayImage, Luma, imageops};
use imageproc::distance_transform::{Norm, distance_transform};
use imageproc::filter::box_filter;
use imageproc::geometry::{contour_area, min_area_rect};
use imageproc::point::Point;
use imageproc::region_labelling::{Connectivity, connected_components};

/// The thresholds of contrast, as fractions of the largest: ink, and the halves of fainter ink beside it.
const THRESHOLDS: [f32; 9] = [0.72, 0.6, 0.5, 0.42, 0.35, 0.28, 0.22, 0.16, 0.11];
/// The range of a threshold, as a fraction of the contrast of the candidate that it cuts out: near a half, where an
/// edge is steepest.
const SHARES: std::ops::RangeInclusive<f32> = 0.25..=0.8;
/// The minimal contrast of ink, of 255.
const MIN_CONTRAST: f32 = 18.0;
/// The minimal distance of a threshold from the ground, in standard deviations of the ground.
const MIN_DEVIATIONS: f32 = 4.0;
/// Pictures whose shorter side is at most this number of pixels are icons and data sets' images: little paper, much
/// ink.
const MAX_SMALL_SIDE: u32 = 100;

/// A box of pixels, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Bounds {
    pub left: usize,
    pub top: usize,
    pub right: usize,
    pub bottom: usize,
}

impl Bounds {
    /// The bounding box of some pixels, numbered row by row; `None` without pixels.
    pub fn of(pixels: impl Iterator<Item = usize>, width: usize) -> Option<Self> {
        pixels.map(|at| Self::at(at, width)).reduce(|a, b| Self {
            left: a.left.min(b.left),
            top: a.top.min(b.top),
            right: a.right.max(b.right),
            bottom: a.bottom.max(b.bottom),
        })
    }

    /// The box of one pixel.
    pub fn at(pixel: usize, width: usize) -> Self {
        let (x, y) = (pixel % width, pixel / width);
        Self { left: x, right: x, top: y, bottom: y }
    }

    pub fn width(&self) -> usize {
        self.right - self.left + 1
    }

    pub fn height(&self) -> usize {
        self.bottom - self.top + 1
    }

    /// The longer side.
    pub fn side(&self) -> usize {
        self.width().max(self.height())
    }

    /// Whether the other lies strictly inside.
    pub fn holds(&self, other: &Self) -> bool {
        self.left < other.left && self.top < other.top && self.right > other.right && self.bottom > other.bottom
    }

    pub fn contains(&self, x: usize, y: usize) -> bool {
        (self.left..=self.right).contains(&x) && (self.top..=self.bottom).contains(&y)
    }

    /// The number of pixels between the two along the axis on which they are farther apart; 0 if they overlap.
    pub fn gap(&self, other: &Self) -> usize {
        let along = |a: usize, b: usize, c: usize, d: usize| c.saturating_sub(b).max(a.saturating_sub(d));
        let across = along(self.left, self.right, other.left, other.right);
        across.max(along(self.top, self.bottom, other.top, other.bottom))
    }
}

/// A view of a picture: one of its planes, the polarity of the ink, and the maximal width of a stroke.
pub(super) struct View {
    pub polarity: Polarity,
    /// Half the side of a square wider than any stroke, in pixels.
    pub radius: u32,
    /// The contrast of the ground itself, which noise makes.
    pub bias: f32,
    /// Its deviation (1.4826 times the median of the absolute deviations, a normal distribution's).
    pub noise: f32,
    pub candidates: Vec<Candidate>,
}

/// A connected set of pixels that stands out from its ground.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub bounds: Bounds,
    /// Its pixels, numbered row by row, in order.
    pub pixels: Vec<usize>,
    /// The threshold of contrast above which it was cut out.
    pub threshold: f32,
    /// The contrast of its core: the upper quartile of its pixels.
    pub level: f32,
    /// The fraction of its outline at which the picture itself changes by half of that: small for the border of a
    /// filter's square or of a soft shadow.
    pub support: f32,
    /// Its score before its shape is known: its size, reduced if its outline has little support or the picture's border
    /// cuts it off.
    pub trust: f32,
}

/// All views of a plane, with their candidates.
pub(super) fn views(plane: &GrayImage) -> Vec<View> {
    let short = plane.width().min(plane.height());
    // Noise is finer than strokes, except in pictures where a stroke is one pixel wide.
    let smooth = if short > MAX_SMALL_SIDE { box_filter(plane, 1, 1) } else { plane.clone() };
    let parts: &[u32] = if short > MAX_SMALL_SIDE { &[9, 5] } else { &[9, 5, 3] };
    let ways = parts
        .iter()
        .flat_map(|part| [Polarity::Dark, Polarity::Light].map(|polarity| ((short / part).max(2), polarity)));
    ways.map(|(radius, polarity)| view(&smooth, polarity, radius)).collect()
}

fn view(grey: &GrayImage, polarity: Polarity, radius: u32) -> View {
    let mut contrast = contrast(grey, polarity, radius);
    let bias = quantile(contrast.iter().copied(), 0.5);
    let noise = 1.4826 * quantile(contrast.iter().map(|c| (c - bias).abs()), 0.5);
    contrast.iter_mut().for_each(|c| *c = (*c - bias).max(0.0));
    // A few outliers are allowed.
    let few = (contrast.len() / 1500).max(8) as f32;
    let largest = quantile(contrast.iter().copied(), 1.0 - few / contrast.len() as f32);
    let mut candidates = Vec::new();
    for threshold in THRESHOLDS.map(|share| share * largest) {
        if threshold < (MIN_DEVIATIONS * noise).max(0.4 * MIN_CONTRAST) {
            break;
        }
        let sets = components(&contrast, grey.width(), grey.height(), threshold);
        candidates
            .extend(sets.into_iter().filter_map(|pixels| candidate(grey, polarity, &contrast, pixels, threshold)));
    }
    View { polarity, radius, bias, noise, candidates }
}

/// The connected sets of pixels with a contrast above the threshold.
fn components(contrast: &[f32], width: u32, height: u32, threshold: f32) -> Vec<Vec<usize>> {
    let over = |x: u32, y: u32| contrast[(y * width + x) as usize] > threshold;
    let mask = GrayImage::from_fn(width, height, |x, y| Luma([if over(x, y) { 255 } else { 0 }]));
    let labels = connected_components(&mask, Connectivity::Eight, Luma([0]));
    let count = labels.iter().max().map_or(0, |most| *most as usize);
    let mut sets = vec![Vec::new(); count];
    for (at, label) in labels.iter().enumerate().filter(|(_, label)| **label > 0) {
        sets[*label as usize - 1].push(at);
    }
    sets
}

/// The candidate of a set of pixels; `None` if it cannot be a digit or part of one.
fn candidate(
    grey: &GrayImage,
    polarity: Polarity,
    contrast: &[f32],
    pixels: Vec<usize>,
    threshold: f32,
) -> Option<Candidate> {
    let (width, height) = (grey.width() as usize, grey.height() as usize);
    let bounds = Bounds::of(pixels.iter().copied(), width)?;
    if bounds.side() < (width.min(height) / 25).max(6) || pixels.len() < 6 {
        return None;
    }
    let level = quantile(pixels.iter().map(|at| contrast[*at]), 0.75);
    if level < MIN_CONTRAST || !SHARES.contains(&(threshold / level)) {
        return None;
    }
    // A set that reaches from one border of the picture to the opposite one is a line, a grid or an edge.
    let is_across = (bounds.left == 0 && bounds.right == width - 1) || (bounds.top == 0 && bounds.bottom == height - 1);
    if is_across && grey.width().min(grey.height()) > MAX_SMALL_SIDE {
        return None;
    }
    let is_outermost = |at: &&usize| {
        let (x, y) = (**at % width, **at / width);
        x == 0 || y == 0 || x == width - 1 || y == height - 1
    };
    let cut_off = pixels.iter().filter(is_outermost).count() as f32 / (2 * (width + height)) as f32;
    let is_whole = if cut_off > 0.0 { 0.5 * (1.0 - 4.0 * cut_off).max(0.1) } else { 1.0 };
    let support = support(grey, polarity, &pixels, level, (bounds.side() / 20).clamp(1, 7));
    let size = bounds.side() as f32 / width.max(height) as f32;
    // libm's power, since a platform's own may round differently.
    let trust = libm::powf(size, 0.7) * libm::powf(support, 6.0) * is_whole;
    Some(Candidate { bounds, pixels, threshold, level, support, trust })
}

/// The fraction of the outline of `pixels` at which the grey values change by half of `level` towards the outside,
/// within `reach` pixels to either side. A step from dark to light has one such side, a stroke two.
fn support(grey: &GrayImage, polarity: Polarity, pixels: &[usize], level: f32, reach: usize) -> f32 {
    let (width, height) = (grey.width() as usize, grey.height() as usize);
    let mut inside = vec![false; width * height];
    pixels.iter().for_each(|at| inside[*at] = true);
    let values = grey.as_raw();
    let step = |at: usize, (dx, dy): (isize, isize)| {
        let (x, y) = ((at % width).checked_add_signed(dx)?, (at / width).checked_add_signed(dy)?);
        (x < width && y < height).then_some(y * width + x)
    };
    // From a pixel in a direction, as long as it stays inside or outside.
    let inside = &inside;
    let along = |from: usize, direction: (isize, isize), is_inside: bool| {
        let path = std::iter::successors(Some(from), move |at| step(*at, direction));
        path.take_while(move |at| inside[*at] == is_inside).take(reach + 1).map(|at| values[at])
    };
    let (mut outline, mut sharp) = (0, 0);
    for at in pixels {
        for (dx, dy) in [(1, 0), (-1, 0), (0, 1), (0, -1)] {
            let Some(next) = step(*at, (dx, dy)).filter(|next| !inside[*next]) else { continue };
            let (within, beyond) = (along(*at, (-dx, -dy), true), along(next, (dx, dy), false));
            let change = match polarity {
                Polarity::Dark => within.min().zip(beyond.max()),
                Polarity::Light => beyond.min().zip(within.max()),
            };
            let is_sharp = |(darker, lighter): (u8, u8)| {
                darker < lighter && ground::contrast_of(polarity, darker, lighter) > 0.5 * level
            };
            outline += 1;
            sharp += usize::from(change.is_some_and(is_sharp));
        }
    }
    sharp as f32 / outline.max(1) as f32
}

/// The shape of a candidate.
#[derive(Clone, Debug)]
pub(super) struct Silhouette {
    /// The width of its widest stroke, as a fraction of its longer side.
    pub thickness: f32,
    /// The mask of the pixels of its box inside its outline, holes included, row by row.
    within: Vec<bool>,
    /// The number of those pixels.
    pub enclosed: usize,
}

impl Silhouette {
    /// Whether a pixel of the box of the candidate lies within its outline.
    pub fn encloses(&self, bounds: Bounds, pixel: usize, width: usize) -> bool {
        self.within[(pixel / width - bounds.top) * bounds.width() + pixel % width - bounds.left]
    }

    /// The shape of a candidate in a picture of that width.
    pub fn of(candidate: &Candidate, width: usize) -> Self {
        let bounds = candidate.bounds;
        // A rim of one pixel joins all that is outside.
        let mut mask = GrayImage::new(bounds.width() as u32 + 2, bounds.height() as u32 + 2);
        for at in &candidate.pixels {
            let (x, y) = (at % width - bounds.left, at / width - bounds.top);
            mask.put_pixel(x as u32 + 1, y as u32 + 1, Luma([255]));
        }
        let regions = connected_components(&mask, Connectivity::Four, Luma([255]));
        let outside = *regions.get_pixel(0, 0);
        let is_within = |at: usize| {
            let (x, y) = (at % bounds.width(), at / bounds.width());
            *regions.get_pixel(x as u32 + 1, y as u32 + 1) != outside
        };
        let within: Vec<bool> = (0..bounds.width() * bounds.height()).map(is_within).collect();
        let enclosed = within.iter().filter(|within| **within).count();
        imageops::invert(&mut mask);
        let deepest = distance_transform(&mask, Norm::LInf).iter().max().map_or(0.0, |most| f32::from(*most));
        Self { thickness: (2.0 * deepest - 1.0) / bounds.side() as f32, within, enclosed }
    }
}

/// The fraction of its smallest enclosing rectangle, at any rotation, that a shape fills: 1 for a sheet of paper, π/4
/// for a 0.
pub(super) fn rectangularity(candidate: &Candidate, shape: &Silhouette, width: usize) -> f64 {
    let Bounds { top, bottom, .. } = candidate.bounds;
    // The outermost pixels of each row.
    let mut rows = vec![(usize::MAX, 0); bottom - top + 1];
    for at in &candidate.pixels {
        let (least, most) = &mut rows[at / width - top];
        (*least, *most) = ((*least).min(at % width), (*most).max(at % width));
    }
    // A connected set has pixels in each of its rows.
    let ends = (top..).zip(rows).flat_map(|(y, (least, most))| {
        // Their corners.
        [(least, y), (least, y + 1), (most + 1, y), (most + 1, y + 1)]
    });
    let corners: Vec<Point<f64>> = ends.map(|(x, y)| Point::new(x as f64, y as f64)).collect();
    let area = contour_area(&min_area_rect(&corners));
    shape.enclosed as f64 / area.max(1.0)
}

/// The quantile of some values at `share`; 0 without values.
pub(super) fn quantile(values: impl Iterator<Item = f32>, share: f32) -> f32 {
    let mut values: Vec<f32> = values.collect();
    if values.is_empty() {
        return 0.0;
    }
    let at = ((values.len() - 1) as f32 * share) as usize;
    *values.select_nth_unstable_by(at, f32::total_cmp).1
}
