//! MNIST's idx format (yann.lecun.com/exdb/mnist): two zero bytes, the type of the data (8: u8), the number of
//! dimensions, each size as a big-endian u32, then the data. Plain or gzipped, which the first bytes tell.
//!
//! ```
//! use spiking_playground::digits::{idx, Digits};
//! let images = idx::write_images(2, 1, &[0, 255, 7, 8]); // two images of 2 × 1 pixels
//! let labels = idx::write_labels(&[3, 9]);
//! let digits = Digits::from_idx(&images, &labels)?;
//! assert_eq!((digits.image(1), digits.label(1)), (&[7, 8][..], 9));
//!
//! let error = Digits::from_idx(&images[..18], &labels).unwrap_err();
//! assert_eq!(error.to_string(), "it is truncated: 20 bytes expected, 18 found");
//! # Ok::<(), idx::IdxError>(())
//! ```

use super::{Digits, MOST_SIDE};
use flate2::bufread::GzDecoder;
use std::io::{Error, ErrorKind, Read};

/// The maximal number of bytes that a header may declare: more is taken for nonsense.
pub const MOST_BYTES: u64 = 1 << 30;

/// The type of the data that is read here.
const U8: u8 = 8;

/// Why bytes are not the idx file that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdxError {
    /// The first bytes are not those of an idx file.
    #[error("it is not an idx file: it begins with {0:02x?}")]
    NotIdx([u8; 4]),
    /// The data are not u8.
    #[error(
        "it holds {} (type {kind:#04x}), {found}-dimensional; only unsigned bytes (type 0x08) are read: {}. Write it anew \
         as such",
        type_name(*kind),
        shape(*expected)
    )]
    WrongType {
        /// The type in its header.
        kind: u8,
        /// The expected number of dimensions.
        expected: u8,
        /// The file's number of dimensions.
        found: u8,
    },
    /// An array with another number of dimensions.
    #[error("it has {found} dimensions; {expected} expected: {}", shape(*expected))]
    WrongDimensions {
        /// The expected number of dimensions.
        expected: u8,
        /// The file's number of dimensions.
        found: u8,
    },
    /// One of the sizes is 0.
    #[error("one of its sizes is 0: {0:?}")]
    Empty(Vec<u32>),
    /// More than [`MOST_BYTES`].
    #[error("it promises {0:?} bytes, too many to be meant")]
    TooLarge(Vec<u32>),
    /// More than [`MOST_SIDE`] pixels in a row or column.
    #[error("its images have {width} × {height} pixels; at most {MOST_SIDE} × {MOST_SIDE} are read")]
    LargeImages {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// It is truncated.
    #[error("it is truncated: {expected} bytes expected, {found} found")]
    Truncated {
        /// Bytes of the whole file, uncompressed.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
    /// Bytes follow its end.
    #[error("it goes on behind the {expected} bytes that its header promises")]
    Trailing {
        /// Bytes of the whole file, uncompressed.
        expected: u64,
    },
    /// Bytes follow the end of the file that was expected.
    #[error("it has more than the {most} bytes that it should have, uncompressed")]
    TooLong {
        /// The maximal number of bytes, uncompressed.
        most: u64,
    },
    /// The gzip stream is broken.
    #[error("it cannot be unzipped: {0}")]
    Gzip(String),
    /// Images and labels do not belong together.
    #[error("there are {images} images but {labels} labels")]
    CountsDiffer {
        /// Images in the one file.
        images: usize,
        /// Labels in the other.
        labels: usize,
    },
}

/// The name of one of the idx format's types of data.
const fn type_name(kind: u8) -> &'static str {
    match kind {
        U8 => "unsigned bytes",
        0x09 => "signed bytes",
        0x0b => "16-bit integers",
        0x0c => "32-bit integers",
        0x0d => "32-bit floats",
        0x0e => "64-bit floats",
        _ => "data of no known type",
    }
}

/// What an array with this number of dimensions holds here.
const fn shape(dimensions: u8) -> &'static str {
    if dimensions == 1 { "labels [n]" } else { "images [n, rows, columns]" }
}

/// The contents of a file of images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// The number of images.
    pub count: usize,
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// All of them, [count, height, width].
    pub pixels: Vec<u8>,
}

/// Reads images, [n, height, width], from the bytes of an idx file, gzipped or not.
///
/// # Errors
/// When the bytes are anything but one complete such file.
pub fn read_images(bytes: &[u8]) -> Result<Images, IdxError> {
    images(&mut *reader(bytes))
}

/// [`read_images`] for bytes that are not gzipped: a program that calls only this links no decompressor.
///
/// # Errors
/// As for [`read_images`].
pub fn read_plain_images(mut bytes: &[u8]) -> Result<Images, IdxError> {
    images(&mut bytes)
}

fn images(reader: &mut dyn Read) -> Result<Images, IdxError> {
    let ([count, height, width], pixels) = read::<3>(reader)?;
    Ok(Images { count, width, height, pixels })
}

/// Reads labels, \[n\], from the bytes of an idx file, gzipped or not.
///
/// # Errors
/// When the bytes are anything but one complete such file.
pub fn read_labels(bytes: &[u8]) -> Result<Vec<u8>, IdxError> {
    Ok(read::<1>(&mut *reader(bytes))?.1)
}

/// [`read_labels`] for bytes that are not gzipped.
///
/// # Errors
/// As for [`read_labels`].
pub fn read_plain_labels(mut bytes: &[u8]) -> Result<Vec<u8>, IdxError> {
    Ok(read::<1>(&mut bytes)?.1)
}

impl Digits {
    /// The images of one idx file with the labels of another, each gzipped or not.
    ///
    /// # Errors
    /// When one of them is broken, or their numbers differ.
    pub fn from_idx(images: &[u8], labels: &[u8]) -> Result<Self, IdxError> {
        Self::join(read_images(images)?, read_labels(labels)?)
    }

    /// Images joined with their labels.
    ///
    /// # Errors
    /// When their numbers differ.
    pub fn join(images: Images, labels: Vec<u8>) -> Result<Self, IdxError> {
        if images.count != labels.len() {
            return Err(IdxError::CountsDiffer { images: images.count, labels: labels.len() });
        }
        Ok(Self { width: images.width, height: images.height, images: images.pixels, labels })
    }
}

/// An idx file of as many images of `width` × `height` pixels as `pixels` has room for.
pub fn write_images(width: usize, height: usize, pixels: &[u8]) -> Vec<u8> {
    let count = pixels.len() / (width * height).max(1);
    write(&[count, height, width], &pixels[..count * width * height])
}

/// An idx file of labels.
pub fn write_labels(labels: &[u8]) -> Vec<u8> {
    write(&[labels.len()], labels)
}

fn write(sizes: &[usize], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, U8, sizes.len() as u8];
    sizes.iter().for_each(|size| bytes.extend((*size as u32).to_be_bytes()));
    bytes.extend(data);
    bytes
}

/// The uncompressed bytes of a file, whatever they hold; at most `most`, however far they would decompress.
///
/// # Errors
/// When the gzip stream is broken, or there are more than `most` bytes.
pub fn uncompressed(bytes: &[u8], most: u64) -> Result<Vec<u8>, IdxError> {
    let mut plain = Vec::new();
    let result = reader(bytes).take(most.saturating_add(1)).read_to_end(&mut plain);
    result.map_err(|error| IdxError::Gzip(error.to_string()))?;
    if plain.len() as u64 > most {
        return Err(IdxError::TooLong { most });
    }
    Ok(plain)
}

/// The first `count` uncompressed bytes of a file, or all if there are fewer.
pub fn beginning(bytes: &[u8], count: u64) -> Vec<u8> {
    let mut plain = Vec::new();
    // A broken stream gives what was decompressed before the error.
    let _ = reader(bytes).take(count).read_to_end(&mut plain);
    plain
}

/// The magic number of gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Whether the bytes begin as a gzip file does.
pub fn is_gzipped(bytes: &[u8]) -> bool {
    bytes.starts_with(&GZIP)
}

/// Reads the bytes as they are, or unzips them if they begin as gzip does.
fn reader(bytes: &[u8]) -> Box<dyn Read + '_> {
    if is_gzipped(bytes) { Box::new(Members(Some(GzDecoder::new(bytes)))) } else { Box::new(bytes) }
}

/// The members of a gzip file, one after the other. Trailing zeros are skipped, as the program gzip does: tapes and
/// disk images are padded with them. Anything else behind the last member is an error.
struct Members<'a>(Option<GzDecoder<&'a [u8]>>);

impl Read for Members<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while let Some(member) = &mut self.0 {
            let count = member.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let rest = *member.get_ref();
            if is_gzipped(rest) {
                *member = GzDecoder::new(rest);
            } else if rest.iter().all(|byte| *byte == 0) {
                self.0 = None;
            } else {
                return Err(Error::new(ErrorKind::InvalidData, "something else follows behind the end of gzip's data"));
            }
        }
        Ok(0)
    }
}

/// The sizes and the data of an array with `D` dimensions.
fn read<const D: usize>(reader: &mut dyn Read) -> Result<([usize; D], Vec<u8>), IdxError> {
    let header_len = 4 + 4 * D as u64;
    let header = take(reader, 4, header_len, 0)?;
    match header[..] {
        [0, 0, U8, dimensions] if usize::from(dimensions) == D => {}
        [0, 0, U8, found @ 1..=255] => return Err(IdxError::WrongDimensions { expected: D as u8, found }),
        [0, 0, kind @ 9..=14, found] => return Err(IdxError::WrongType { kind, expected: D as u8, found }),
        [a, b, c, d] => return Err(IdxError::NotIdx([a, b, c, d])),
        _ => return Err(IdxError::Truncated { expected: header_len, found: header.len() as u64 }),
    }
    let sizes = take(reader, 4 * D as u64, header_len, 4)?;
    let sizes: Vec<u32> = sizes.chunks_exact(4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]])).collect();
    if sizes.contains(&0) {
        return Err(IdxError::Empty(sizes));
    }
    let data_len = sizes.iter().try_fold(1u64, |product, size| product.checked_mul(u64::from(*size)));
    let Some(data_len) = data_len.filter(|len| *len <= MOST_BYTES) else { return Err(IdxError::TooLarge(sizes)) };
    if let [_, height, width] = sizes[..]
        && width.max(height) as usize > MOST_SIDE
    {
        return Err(IdxError::LargeImages { width, height });
    }
    let whole = header_len + data_len;
    let data = take(reader, data_len, whole, header_len)?;
    // One byte more: nothing may follow, and asking for it makes the decoder compare gzip's checksum.
    match reader.read(&mut [0]) {
        Ok(0) => Ok((std::array::from_fn(|i| sizes[i] as usize), data)),
        Ok(_) => Err(IdxError::Trailing { expected: whole }),
        Err(error) => Err(broken(&error, whole, whole)),
    }
}

/// The next `count` bytes; memory grows with what arrives, not with what is declared. `whole` and `before` are for the
/// error: the bytes that the file should have, and those read before.
fn take(reader: &mut dyn Read, count: u64, whole: u64, before: u64) -> Result<Vec<u8>, IdxError> {
    let mut bytes = Vec::new();
    let result = reader.take(count).read_to_end(&mut bytes);
    let found = before + bytes.len() as u64;
    match result {
        Ok(_) if bytes.len() as u64 == count => Ok(bytes),
        Ok(_) => Err(IdxError::Truncated { expected: whole, found }),
        Err(error) => Err(broken(&error, whole, found)),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the standard library may add kinds")]
fn broken(error: &std::io::Error, expected: u64, found: u64) -> IdxError {
    match error.kind() {
        // The data are complete, but gzip's trailer is not.
        ErrorKind::UnexpectedEof if found == expected => IdxError::Gzip("its end is missing".to_owned()),
        ErrorKind::UnexpectedEof => IdxError::Truncated { expected, found },
        _ => IdxError::Gzip(error.to_string()),
    }
}
