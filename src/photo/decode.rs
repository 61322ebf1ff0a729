//! The decoding of picture files as viewers show them: upright, slightly damaged ones included.

use super::PhotoError;
use image::metadata::Orientation;
use image::{ColorType, ImageDecoder, ImageError, ImageReader, Limits, RgbaImage, imageops};
use std::io::Cursor;

/// The maximal width and height of a picture, in pixels.
const MAX_SIDE: u32 = 32_768;
/// The maximal number of bytes of decoded pixels: 100 million pixels in three colours, with a margin.
const MAX_BYTES: u64 = 512 << 20;

/// The picture in a file, turned as its EXIF orientation says. The format is recognised by the content, not by the
/// name.
///
/// # Errors
/// When it is not a picture in a supported format, is damaged, or is larger than 32,768 pixels a side or 512 MiB.
pub fn decode(bytes: &[u8]) -> Result<RgbaImage, PhotoError> {
    let format = image::guess_format(bytes).map_err(|_| PhotoError::Format(name_of(bytes)))?;
    let reason = |error| reason(error, bytes);
    // A decoder needs some memory beside its result. The error for too large a picture is made here, from its size.
    let mut limits = Limits::default();
    limits.max_alloc = Some(2 * MAX_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(reason)?;
    let (width, height) = decoder.dimensions();
    if width.max(height) > MAX_SIDE || decoder.total_bytes() > MAX_BYTES {
        return Err(PhotoError::TooLarge { width, height });
    }
    if width == 0 || height == 0 {
        return Err(PhotoError::Damaged("it has no pixels".to_owned()));
    }
    // A decoder that cannot give the orientation leaves the picture as it is.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let colours = decoder.color_type();
    let mut samples = vec![0; decoder.total_bytes() as usize];
    decoder.read_image(&mut samples).map_err(reason)?;
    let pixels = in_rgba(&samples, colours).ok_or(PhotoError::Format(None))?;
    drop(samples);
    let picture = RgbaImage::from_raw(width, height, pixels);
    let picture = picture.ok_or_else(|| PhotoError::Damaged("its pixels are incomplete".to_owned()))?;
    Ok(upright(picture, orientation))
}

/// Samples as four bytes a pixel; `None` for kinds of pixels that no photo has (floats). The library's own conversions
/// know every kind of pixel and of colour: too much for what a visitor of the page fetches.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library may add cases")]
fn in_rgba(samples: &[u8], colours: ColorType) -> Option<Vec<u8>> {
    let channels = usize::from(colours.channel_count());
    let bytes = match colours {
        ColorType::L8 | ColorType::La8 | ColorType::Rgb8 | ColorType::Rgba8 => 1,
        ColorType::L16 | ColorType::La16 | ColorType::Rgb16 | ColorType::Rgba16 => 2,
        _ => return None,
    };
    // The upper 8 of 16 bits in native byte order, rounded.
    let sample = |pixel: &[u8], at: usize| match bytes {
        1 => pixel[at],
        _ => ((u32::from(u16::from_ne_bytes([pixel[2 * at], pixel[2 * at + 1]])) + 128) / 257) as u8,
    };
    let mut pixels = Vec::with_capacity(samples.len() / (channels * bytes) * 4);
    for pixel in samples.chunks_exact(channels * bytes) {
        let rgb = if channels < 3 { [0; 3] } else { [0, 1, 2] };
        pixels.extend(rgb.map(|at| sample(pixel, at)));
        pixels.push(if channels.is_multiple_of(2) { sample(pixel, channels - 1) } else { 255 });
    }
    Some(pixels)
}

/// The picture, rotated and mirrored to be upright.
fn upright(picture: RgbaImage, orientation: Orientation) -> RgbaImage {
    match orientation {
        Orientation::NoTransforms => picture,
        Orientation::Rotate90 => imageops::rotate90(&picture),
        Orientation::Rotate180 => imageops::rotate180(&picture),
        Orientation::Rotate270 => imageops::rotate270(&picture),
        Orientation::FlipHorizontal => imageops::flip_horizontal(&picture),
        Orientation::FlipVertical => imageops::flip_vertical(&picture),
        Orientation::Rotate90FlipH => imageops::flip_horizontal(&imageops::rotate90(&picture)),
        Orientation::Rotate270FlipH => imageops::flip_horizontal(&imageops::rotate270(&picture)),
    }
}

/// The library's reason, in one line.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library may add cases")]
fn reason(error: ImageError, bytes: &[u8]) -> PhotoError {
    match error {
        ImageError::Unsupported(_) => PhotoError::Format(name_of(bytes)),
        other => PhotoError::Damaged(other.to_string().split_whitespace().collect::<Vec<_>>().join(" ")),
    }
}

/// The name of the file's format, if it is one that users take for a picture or that a camera makes.
fn name_of(bytes: &[u8]) -> Option<&'static str> {
    let brand = bytes.get(4..12).filter(|head| head.starts_with(b"ftyp")).and_then(|head| head.get(4..));
    match brand {
        Some(b"avif" | b"avis") => return Some("an AVIF"),
        Some(b"heic" | b"heix" | b"hevc" | b"heim" | b"heis" | b"mif1" | b"msf1") => return Some("a HEIC"),
        Some(_) => return Some("a video"),
        None => {}
    }
    let starts: [(&[u8], &str); 8] = [
        (b"%PDF", "a PDF"),
        (b"II*\0", "a TIFF or a camera's raw file"),
        (b"MM\0*", "a TIFF or a camera's raw file"),
        (b"<svg", "an SVG"),
        (b"<?xml", "an SVG"),
        (b"<", "a web page"),
        (b"\0\0\x01\0", "an icon"),
        (b"\xff\x0a", "a JPEG XL"),
    ];
    starts.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, name)| *name)
}
