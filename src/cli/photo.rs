//! Pictures in files, PNG or JPEG, as ink on a ground of zero.

use anyhow::{Context, Result, bail, ensure};
use zune_jpeg::JpegDecoder;
use zune_png::PngDecoder;
use zune_png::zune_core::bytestream::ZCursor;
use zune_png::zune_core::options::DecoderOptions;

/// The longer side that a picture may have: what is larger is no drawing of one digit, and would need much memory.
const LARGEST: usize = 8192;
/// How much darker or brighter than its ground something must be to be ink, of 255.
const LEAST_CONTRAST: f64 = 24.0;

/// A grey picture: `height` rows of `width` pixels, 0 is black and 255 white.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Photo {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Row by row.
    pub grey: Vec<u8>,
}

/// The picture in a file. Colours become their luma (Rec. 601); what is transparent lies on white.
///
/// # Errors
/// When it is no PNG or JPEG, is damaged, or is larger than 8192 pixels on a side.
pub fn decode(bytes: &[u8]) -> Result<Photo> {
    let options = DecoderOptions::default()
        .set_max_width(LARGEST)
        .set_max_height(LARGEST)
        .png_set_strip_to_8bit(true)
        .png_set_confirm_crc(true)
        .set_strict_mode(true);
    let (size, channels) = if bytes.starts_with(b"\x89PNG") {
        let mut decoder = PngDecoder::new_with_options(ZCursor::new(bytes), options);
        let channels = decoder.decode_raw().map_err(|error| anyhow::anyhow!("it is a damaged PNG: {error:?}"))?;
        (decoder.dimensions(), channels)
    } else if bytes.starts_with(b"\xff\xd8") {
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
        let channels = decoder.decode().map_err(|error| anyhow::anyhow!("it is a damaged JPEG: {error:?}"))?;
        (decoder.dimensions(), channels)
    } else {
        bail!("it is neither PNG nor JPEG");
    };
    let (width, height) = size.context("its size is unknown")?;
    ensure!(width > 0 && height > 0, "it has no pixels");
    let depth = channels.len() / (width * height);
    ensure!(channels.len() == depth * width * height, "its pixels are incomplete");
    let luma = |rgb: &[u8]| (299 * u32::from(rgb[0]) + 587 * u32::from(rgb[1]) + 114 * u32::from(rgb[2]) + 500) / 1000;
    let over_white = |value: u32, alpha: u8| (value * u32::from(alpha) + 255 * u32::from(255 - alpha) + 127) / 255;
    let grey = |pixel: &[u8]| match pixel {
        [grey] => u32::from(*grey),
        [grey, alpha] => over_white(u32::from(*grey), *alpha),
        [_, _, _] => luma(pixel),
        [_, _, _, alpha] => over_white(luma(pixel), *alpha),
        _ => 0,
    };
    ensure!((1..=4).contains(&depth), "it has {depth} channels a pixel");
    let grey = channels.chunks_exact(depth).map(|pixel| grey(pixel).min(255) as u8).collect();
    Ok(Photo { width, height, grey })
}

impl Photo {
    /// Its ink: 0 for the ground, 255 for what differs from it most; none where nothing stands out. Whether the ground
    /// is light or dark is decided by the mean of the border. The border's median is the ground, and how uneven it is
    /// says what is still ground: medians, so that a digit may touch the border.
    pub fn ink(&self) -> Option<Vec<u8>> {
        let (width, height) = (self.width, self.height);
        let rows = (0..width).flat_map(|x| [(x, 0), (x, height - 1)]);
        let columns = (0..height).flat_map(|y| [(0, y), (width - 1, y)]);
        let border: Vec<u8> = rows.chain(columns).map(|(x, y)| self.grey[y * width + x]).collect();
        let sum: usize = border.iter().map(|value| usize::from(*value)).sum();
        let dark = 2 * sum < 255 * border.len();
        let inked = |value: &u8| if dark { *value } else { 255 - value };
        let ground = median(border.iter().map(inked).collect());
        let uneven = f64::from(median(border.iter().map(|value| inked(value).abs_diff(ground)).collect()));
        let (ground, most) = (f64::from(ground), f64::from(self.grey.iter().map(inked).max()?));
        if most - ground < LEAST_CONTRAST {
            return None;
        }
        // Noise reaches some four median deviations; faint ink must not drown in that.
        let low = ground + (4.0 * uneven).min((most - ground) / 2.0);
        let stretched = |value: u8| ((f64::from(value) - low).max(0.0) * 255.0 / (most - low)).round() as u8;
        Some(self.grey.iter().map(|value| stretched(inked(value))).collect())
    }
}

fn median(mut values: Vec<u8>) -> u8 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}
