//! MNIST's idx format, right and wrong.

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use spiking_playground::digits::{
    Digits,
    idx::{self, IdxError},
};
use std::io::Write;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An idx header of u8 data.
fn header(sizes: &[u32]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, sizes.len() as u8];
    sizes.iter().for_each(|size| bytes.extend(size.to_be_bytes()));
    bytes
}

proptest! {
    #[test]
    fn what_is_written_is_read(width in 1usize..5, height in 1usize..5, labels in prop::collection::vec(0u8..10, 1..9)) {
        let pixels: Vec<u8> = (0..labels.len() * width * height).map(|i| (i * 37) as u8).collect();
        let (images, names) = (idx::write_images(width, height, &pixels), idx::write_labels(&labels));
        let digits = Digits { width, height, images: pixels, labels };
        prop_assert_eq!(Digits::from_idx(&images, &names), Ok(digits.clone()));
        prop_assert_eq!(Digits::from_idx(&gzip(&images), &gzip(&names)), Ok(digits));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), zipped: bool) {
        let bytes = if zipped { gzip(&bytes) } else { bytes };
        let _ = idx::read_images(&bytes);
        let _ = idx::read_labels(&bytes);
    }

    #[test]
    fn a_truncated_file_says_so(cut in 0usize..28) {
        let whole = idx::write_images(3, 2, &[1; 12]);
        let expected = if cut < 16 { 16 } else { 28 };
        prop_assert_eq!(idx::read_images(&whole[..cut]), Err(IdxError::Truncated { expected, found: cut as u64 }));
    }
}

#[test]
fn a_truncated_gzip_file_is_refused_wherever_it_ends() {
    let whole = gzip(&idx::write_images(28, 28, &[3; 784 * 10]));
    for cut in 2..whole.len() {
        let error = idx::read_images(&whole[..cut]).unwrap_err();
        assert!(matches!(error, IdxError::Truncated { .. } | IdxError::Gzip(_)), "{cut}: {error}");
    }
}

#[test]
fn other_files_are_refused_by_name_of_the_fault() {
    let says = |bytes: &[u8], text: &str| {
        let error = idx::read_images(bytes).unwrap_err().to_string();
        assert!(error.contains(text), "{error:?} does not say {text:?}");
    };
    says(b"<!DOCTYPE html>", "not an idx file");
    says(&[0, 0, 13, 3], "only unsigned bytes");
    says(&idx::write_labels(&[1, 2]), "1 dimensions; 3 expected");
    says(&header(&[5, 0, 28]), "sizes is 0");
    says(&[header(&[1, 1, 1]), vec![0, 0]].concat(), "goes on behind the 17 bytes");
    says(&gzip(&[header(&[1, 1, 1]), vec![0, 0]].concat()), "goes on behind the 17 bytes");
    let mut wrong_sum = gzip(&idx::write_images(1, 1, &[0]));
    let crc = wrong_sum.len() - 8;
    wrong_sum[crc] ^= 1;
    says(&wrong_sum, "cannot be unzipped");
}

#[test]
fn sizes_that_nobody_means_are_not_believed() {
    let promised = |sizes: &[u32]| idx::read_images(&header(sizes)).unwrap_err();
    assert!(matches!(promised(&[u32::MAX; 3]), IdxError::TooLarge(_)));
    assert!(matches!(promised(&[1 << 20, 32, 33]), IdxError::TooLarge(_)));
    // The largest size that is believed: memory must still only grow with what is there.
    assert!(matches!(promised(&[1 << 20, 32, 32]), IdxError::Truncated { found: 16, .. }));
}

#[test]
fn a_gzip_bomb_is_read_as_far_as_its_header_promises() {
    // 256 MB of zeros behind the header of a single pixel.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&header(&[1, 1, 1])).unwrap();
    (0..256).for_each(|_| encoder.write_all(&[0; 1 << 20]).unwrap());
    let bomb = encoder.finish().unwrap();
    assert_eq!(idx::read_images(&bomb), Err(IdxError::Trailing { expected: 17 }));
}

#[test]
fn labels_and_images_must_be_as_many() {
    let (images, labels) = (idx::write_images(1, 1, &[1, 2, 3]), idx::write_labels(&[1, 2]));
    let error = Digits::from_idx(&images, &labels).unwrap_err();
    assert_eq!(error.to_string(), "there are 3 images but 2 labels");
}
