//! The receptive fields of a layer that learns by STDP, as pictures.

use crate::pictures::fields_sheet;
use crate::pictures::mosaic::{Pixels, mosaic};
use crate::pictures::palette::Palette;
use crate::plasticity::labels::Voters;
use crate::plasticity::layer::StdpLayer;
use crate::spec::Dataset;
use anyhow::Context;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use image::{ImageFormat, RgbImage};
use std::io::Cursor;

/// Pixels of the PNG for a weight.
const SCALE: usize = 2;

/// The SVG and the PNG of all fields, in the order of their classes, rows of `side` pixels.
///
/// # Errors
/// When there are too many for a picture.
pub fn pictures(
    layer: &StdpLayer,
    voters: &Voters,
    side: usize,
    dataset: Dataset,
) -> anyhow::Result<(String, Vec<u8>)> {
    let mut neurons: Vec<(usize, Option<u8>)> = voters.labels.iter().copied().enumerate().collect();
    neurons.sort_by_key(|(_, label)| label.map_or(u16::MAX, u16::from));
    let draw = |scale| mosaic(&neurons, |neuron| layer.incoming(neuron), side, scale, &Palette::light());
    // A weight is a pixel there too: whoever shows the file makes them larger.
    let small = draw(1);
    let href = format!("data:image/png;base64,{}", BASE64_STANDARD.encode(png(&small)?));
    let counts: Vec<usize> = (0..voters.classes())
        .map(|class| voters.labels.iter().filter(|label| **label == Some(class as u8)).count())
        .collect();
    let named = dataset.class_names().map_or(0, |names| names.len());
    let sheet = fields_sheet::picture(
        &href,
        (small.width, small.height),
        &counts,
        &dataset.class_names().unwrap_or_default()[..named],
    );
    Ok((sheet, png(&draw(SCALE))?))
}

fn png(pixels: &Pixels) -> anyhow::Result<Vec<u8>> {
    let size = [pixels.width, pixels.height].map(u32::try_from);
    let [Ok(width), Ok(height)] = size else { anyhow::bail!("the receptive fields are too many for a picture") };
    let picture =
        RgbImage::from_raw(width, height, pixels.rgb.clone()).context("the receptive fields make no picture")?;
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Png)?;
    Ok(file.into_inner())
}
