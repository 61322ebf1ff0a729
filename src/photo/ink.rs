//! The extraction of a digit from a picture: the choice among the candidates, and the normalisation to MNIST's form.

use super::candidate::{Bounds, Candidate, Silhouette, View, quantile, rectangularity, views};
use super::ground::{Polarity, contrast};
use super::plane::{self, lightness, planes};
use super::{InkRegion, PhotoError, Prepared};
use crate::digits::drawing::{self, BOX, PIXELS, SIDE};
use image::{GrayImage, RgbaImage};
use std::collections::HashSet;

/// The number of best candidates whose shape is examined.
const MAX_EXAMINED: usize = 60;
/// The weight of a score in other planes than lightness, which must show a digit clearly better.
const OTHER_PLANE: f32 = 0.9;
/// The minimal support of an outline drawn by a pen.
const MIN_SUPPORT: f32 = 0.7;
/// The fraction of the best score from which a candidate could be the digit as well.
const RIVAL: f32 = 0.7;
/// The maximal width of a stroke, as a fraction of the digit's longer side; more is a blot or a sheet.
const MAX_STROKE_WIDTH: f32 = 0.4;
/// The minimal rectangularity of a sheet of paper, in the perspective of a photo.
const MIN_RECTANGULARITY: f64 = 0.86;
/// The minimal difference of pixels; a picture with less is uniform.
const MIN_DIFFERENCE: u8 = 24;
/// The brightest pixel of an image of MNIST is at least as bright, minus the losses of JPEG.
const BRIGHT: f32 = 244.0;

/// A candidate with its view and its shape.
struct Sighting<'a> {
    plane: usize,
    view: &'a View,
    candidate: &'a Candidate,
    shape: Silhouette,
}

/// The digit on a picture, in MNIST's form.
///
/// # Errors
/// When nothing stands out, or nothing of it looks drawn by a pen.
pub(super) fn prepare(picture: &RgbaImage) -> Result<Prepared, PhotoError> {
    let small = plane::searched(picture);
    let planes = planes(&small);
    let views: Vec<Vec<View>> = planes.iter().map(views).collect();
    let sightings = sightings(&views, small.width() as usize);
    if sightings.is_empty() {
        return Err(if planes.iter().all(is_even) { PhotoError::Empty } else { PhotoError::Unclear });
    }
    let scores = scores(&sightings, &planes[0]);
    let best = (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).ok_or(PhotoError::Unclear)?;
    let main = &sightings[best];
    if scores[best] <= 0.0 || main.candidate.support < MIN_SUPPORT {
        return Err(PhotoError::Unclear);
    }
    let plane = &planes[main.plane];
    let pieces = pieces(main);
    let ink = cut_out(plane, main, &pieces);
    let (width, height) = (small.width() as usize, small.height() as usize);
    let whole = Bounds::of((0..ink.len()).filter(|at| ink[*at] > 0), width).unwrap_or(main.candidate.bounds);
    let is_rival = |(sighting, score): (&Sighting<'_>, &f32)| {
        *score > RIVAL * scores[best] && sighting.candidate.bounds.gap(&whole) > 0
    };
    let has_rival = sightings.iter().zip(&scores).any(is_rival);
    let pixels = match as_mnist(plane, main.view.polarity) {
        Some(pixels) => pixels,
        None => drawing::picture(width, height, &ink).to_vec(),
    };
    let grey = lightness(&small).into_raw();
    Ok(Prepared { pixels, ink: Some(InkRegion { width, height, grey, ink, has_rival }) })
}

/// Whether the plane is uniform.
fn is_even(plane: &GrayImage) -> bool {
    plane.iter().max().zip(plane.iter().min()).is_none_or(|(most, least)| most - least < MIN_DIFFERENCE)
}

fn sightings(views: &[Vec<View>], width: usize) -> Vec<Sighting<'_>> {
    let all = views.iter().enumerate().flat_map(|(plane, views)| {
        views.iter().flat_map(move |view| view.candidates.iter().map(move |candidate| (plane, view, candidate)))
    });
    let mut all: Vec<_> = all.collect();
    all.sort_by(|a, b| b.2.trust.total_cmp(&a.2.trust));
    // The same digit is cut out at several thresholds and widths; its score, and so its rank, is nearly the same.
    let mut known = HashSet::new();
    all.retain(|(plane, view, candidate)| known.insert((*plane, view.polarity, candidate.bounds)));
    let closely = all.into_iter().take(MAX_EXAMINED);
    closely
        .map(|(plane, view, candidate)| Sighting { plane, view, candidate, shape: Silhouette::of(candidate, width) })
        .collect()
}

/// The score of each as a digit; 0 for the sheet or the frame around another.
fn scores(sightings: &[Sighting<'_>], picture: &GrayImage) -> Vec<f32> {
    let strong = sightings.iter().filter(|sighting| sighting.candidate.support > 0.9);
    let strongest = strong.map(|sighting| sighting.candidate.level).fold(1.0, f32::max);
    let score = |sighting: &Sighting<'_>| {
        if sightings.iter().any(|other| is_around(sighting, other, picture)) {
            return 0.0;
        }
        let Candidate { bounds, level, trust, .. } = *sighting.candidate;
        let thin = (MAX_STROKE_WIDTH / sighting.shape.thickness).clamp(0.05, 1.0);
        // No digit is much wider than high.
        let upright = (1.3 * bounds.height() as f32 / bounds.width() as f32).min(1.0);
        let strong = (level / strongest).min(1.0).sqrt();
        let plane = if sighting.plane == 0 { 1.0 } else { OTHER_PLANE };
        trust * thin * thin * thin * thin * upright * upright * strong * plane
    };
    sightings.iter().map(score).collect()
}

/// Whether `outer` is the sheet on which `inner` lies, or a frame around it.
fn is_around(outer: &Sighting<'_>, inner: &Sighting<'_>, picture: &GrayImage) -> bool {
    let (around, within) = (outer.candidate, inner.candidate);
    let is_pens = inner.shape.thickness < MAX_STROKE_WIDTH && within.support > MIN_SUPPORT;
    let Some(pixel) = within.pixels.first().filter(|_| is_pens && around.bounds.holds(&within.bounds)) else {
        return false;
    };
    let width = picture.width() as usize;
    if !outer.shape.encloses(around.bounds, *pixel, width) {
        return false;
    }
    let size = within.bounds.side() as f32 / around.bounds.side() as f32;
    let own_share = around.pixels.len() as f32 / outer.shape.enclosed as f32;
    if outer.view.polarity == inner.view.polarity {
        // A frame is thin, and its content not much fainter and separate from it.
        around.pixels.binary_search(pixel).is_err()
            && own_share < 0.4
            && size > 0.12
            && within.level > 0.35 * around.level
    } else {
        // A sheet is mostly paper, large and has corners. (So the counter of a 0 is no digit on a sheet.)
        own_share > 0.6
            && size > 0.1
            && outer.shape.enclosed > picture.len() / 5
            && rectangularity(around, &outer.shape, width) > MIN_RECTANGULARITY
    }
}

/// All connected parts of a digit: the largest one, and others at the same threshold that lie within its box, or near
/// it and are not tiny. A speck far away is not one.
fn pieces<'a>(main: &Sighting<'a>) -> Vec<&'a Candidate> {
    let Candidate { bounds, threshold, level, .. } = *main.candidate;
    let side = bounds.side();
    let belongs = |other: &&Candidate| {
        let own = other.bounds.side();
        let gap = bounds.gap(&other.bounds);
        other.threshold == threshold
            && own <= side
            && !other.bounds.holds(&bounds)
            && other.level > 0.55 * level
            && other.support > MIN_SUPPORT
            && (gap == 0 || (8 * own > side && 4 * gap < side.min(2 * own)))
    };
    let others = main.view.candidates.iter().filter(belongs);
    let others = others.filter(|other| other.bounds != bounds);
    std::iter::once(main.candidate).chain(others).collect()
}

/// The ink of a digit's pieces, u8 row by row: 0 for the background, 255 for full ink.
fn cut_out(plane: &GrayImage, main: &Sighting<'_>, pieces: &[&Candidate]) -> Vec<u8> {
    let (width, height) = (plane.width() as usize, plane.height() as usize);
    let view = main.view;
    let contrast = contrast(plane, view.polarity, view.radius);
    let side = main.candidate.bounds.side();
    let full = quantile(main.candidate.pixels.iter().map(|at| contrast[*at]), 0.8);
    // The faint pixels of an antialiased edge are few; those that a JPEG leaves around one are as many as its core.
    let near = |at: &usize| main.candidate.bounds.gap(&Bounds::at(*at, width)) < side / 3;
    let faint =
        (0..contrast.len()).filter(near).filter(|at| contrast[*at] > 0.0 && contrast[*at] < 0.06 * full).count();
    let is_clean = view.noise == 0.0 && view.bias == 0.0 && 3 * faint < main.candidate.pixels.len();
    // A clean edge is kept with all its greys: then full ink is the darkest pixel.
    let (low, full) = if is_clean {
        let most = main.candidate.pixels.iter().map(|at| contrast[*at]).fold(1.0, f32::max);
        (0.0, if most >= BRIGHT { 255.0 } else { most })
    } else {
        (view.bias + 3.0 * view.noise, full)
    };
    let span = (full - low).max(1.0);
    let reach = if is_clean { (3 * side).div_ceil(BOX) } else { side.div_ceil(SIDE).min(12) };
    let mut mask = vec![false; contrast.len()];
    for at in pieces.iter().flat_map(|piece| &piece.pixels) {
        let (x, y) = (at % width, at / width);
        for row in y.saturating_sub(reach)..=(y + reach).min(height - 1) {
            mask[row * width + x.saturating_sub(reach)..=row * width + (x + reach).min(width - 1)].fill(true);
        }
    }
    let least = if is_clean { 0.0 } else { 0.25 * span };
    let inked = (0..mask.len()).filter(|at| mask[*at] && contrast[*at] - low > least);
    let Some(bounds) = Bounds::of(inked, width) else { return vec![0; mask.len()] };
    let value = |at: usize| {
        let is_ink = mask[at] && bounds.contains(at % width, at / width);
        if is_ink { (255.0 * ((contrast[at] - low) / span).clamp(0.0, 1.0)).round() as u8 } else { 0 }
    };
    (0..mask.len()).map(value).collect()
}

/// A picture that is in MNIST's form already (28 × 28, the ink 20 pixels high or wide and in the middle) as it is, on
/// black, since scaling again would blur it; `None` for any other.
fn as_mnist(plane: &GrayImage, polarity: Polarity) -> Option<Vec<u8>> {
    if plane.dimensions() != (SIDE as u32, SIDE as u32) {
        return None;
    }
    let values = plane.as_raw();
    let ground = quantile(values.iter().map(|value| f32::from(*value)), 0.5);
    let ink = |value: u8| match polarity {
        Polarity::Dark => ground - f32::from(value),
        Polarity::Light => f32::from(value) - ground,
    };
    let most = values.iter().map(|value| ink(*value)).fold(1.0, f32::max);
    // A picture as bright as MNIST's images is not brightened.
    let most = if most >= BRIGHT { 255.0 } else { most };
    let scaled = values.iter().map(|value| (255.0 * ink(*value).max(0.0) / most).round() as u8);
    let pixels: Vec<u8> = scaled.collect();
    let dark_enough = |at: &usize| pixels[*at] > 63;
    let bounds = Bounds::of((0..PIXELS).filter(dark_enough), SIDE)?;
    let mass: f32 = pixels.iter().map(|pixel| f32::from(*pixel)).sum();
    let centre = |of: fn(usize) -> usize| {
        pixels.iter().enumerate().map(|(at, pixel)| f32::from(*pixel) * of(at) as f32).sum::<f32>() / mass
    };
    let is_central =
        [centre(|at| at % SIDE), centre(|at| at / SIDE)].iter().all(|centre| (12.5..=15.5).contains(centre));
    ((BOX - 3..=BOX + 2).contains(&bounds.side()) && is_central).then_some(pixels)
}
