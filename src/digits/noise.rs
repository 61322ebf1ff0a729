//! Impulse noise: some pixels are replaced by a random grey level, as by a bad line.
//!
//! Which pixels are replaced, and by what, is a pure function of (seed, pass, sample, pixel) in integers, so every
//! machine sees the same.

use crate::random::{Generator, Stream};

/// The image with each pixel replaced, with probability `share`, by a random grey level. `pass` is the number of the pass
/// over the data ([`crate::spikes::encode::Pass::number`]), `sample` that of the image in the data set.
///
/// ```
/// use spiking_playground::digits::noise::noisy;
/// let image = [0; 100];
/// assert_eq!(noisy(&image, 0.0, 1, 0, 17), image);
/// assert_eq!(noisy(&image, 0.3, 1, 0, 17), noisy(&image, 0.3, 1, 0, 17));
/// assert_ne!(noisy(&image, 0.3, 1, 0, 17), noisy(&image, 0.3, 1, 0, 18)); // another sample
/// ```
pub fn noisy(image: &[u8], share: f32, seed: u64, pass: u64, sample: u64) -> Vec<u8> {
    let mut generator = Generator::new(seed, Stream::Noise(pass, sample));
    // Of 64 random bits the lowest 8 are the grey, the highest 24 decide whether it replaces the pixel.
    let below = (share * (1 << 24) as f32) as u64;
    let pixel = |own: &u8| {
        let bits = generator.bits();
        if bits >> 40 < below { bits as u8 } else { *own }
    };
    image.iter().map(pixel).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_pixels_are_replaced_as_was_asked_for_and_all_greys_occur() {
        let image = [0; 10_000];
        for share in [0.1, 0.5, 1.0] {
            let noisy = noisy(&image, share, 1, 0, 3);
            // One of 256 greys is black. The bound is four standard deviations of a binomial count.
            let expected = 10_000.0 * f64::from(share) * 255.0 / 256.0;
            let replaced = noisy.iter().filter(|pixel| **pixel > 0).count() as f64;
            assert!((replaced - expected).abs() < 200.0, "{replaced} of {expected}");
            let mean = noisy.iter().map(|pixel| f64::from(*pixel)).sum::<f64>() / 10_000.0;
            assert!((mean - f64::from(share) * 127.5).abs() < 4.0, "{mean}");
        }
    }

    /// Literal values, so that every machine and every later version sees the same noise.
    #[test]
    fn the_noise_stays_what_it_is() {
        assert_eq!(noisy(&[7; 12], 0.5, 1, 2 << 32, 0), GOLDEN);
    }

    const GOLDEN: [u8; 12] = [7, 96, 242, 46, 7, 7, 162, 46, 252, 51, 7, 7];
}
