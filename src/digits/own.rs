//! The data set of a user's own drawings: a few of them, each augmented in many ways.

use super::Digits;
use super::augment::augment;
use super::drawing::{PIXELS, SIDE};
use super::shard::{FileEntry, Manifest, ShardEntry};
use crate::spec::Augmentation;

/// Images of the training set, whatever the number of drawings: so one drawing more changes no run's order.
pub const TRAINING_IMAGES: usize = 1000;
/// Images of the test set.
pub const TEST_IMAGES: usize = 250;
/// The maximal number of drawings.
pub const MOST: usize = 500;
/// The epoch whose augmentation the test images have; no training reaches it.
const TEST_EPOCH: u32 = u32::MAX;

/// Why drawings are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrawingsError {
    /// There are none, or too many.
    #[error("{0} drawings: between 1 and {MOST} can be learnt from")]
    Count(usize),
    /// Pixels are missing, or there are too many.
    #[error("{drawings} drawings of 28 × 28 pixels are {} bytes, not {bytes}", drawings * PIXELS)]
    Size {
        /// The number of labels.
        drawings: usize,
        /// The number of bytes of pixels.
        bytes: usize,
    },
    /// A label that is not a class.
    #[error("a drawing is of class {label}: there are {classes}")]
    Class {
        /// The label.
        label: u8,
        /// The number of classes.
        classes: usize,
    },
}

/// The drawings with these pixels, [n, 28, 28], and labels, \[n\].
///
/// # Errors
/// When there are none or too many, pixels and labels differ in number, or a label is not a class.
pub fn drawings(pixels: Vec<u8>, labels: Vec<u8>, classes: usize) -> Result<Digits, DrawingsError> {
    if labels.is_empty() || labels.len() > MOST {
        return Err(DrawingsError::Count(labels.len()));
    }
    if pixels.len() != labels.len() * PIXELS {
        return Err(DrawingsError::Size { drawings: labels.len(), bytes: pixels.len() });
    }
    match labels.iter().find(|label| usize::from(**label) >= classes) {
        Some(label) => Err(DrawingsError::Class { label: *label, classes }),
        None => Ok(Digits { width: SIDE, height: SIDE, images: pixels, labels }),
    }
}

/// The training set and the test set of some drawings. Training images are the drawings in turn, to be augmented by the
/// run ([`super::augment`]); test images are the same drawings under augmentations that no epoch shows. So the accuracy
/// says whether these very drawings were learnt, and little about other people's.
///
/// ```
/// use spiking_playground::digits::own::{drawings, sets};
/// let drawings = drawings([[0; 784], [255; 784]].concat(), vec![3, 8], 10)?;
/// let (train, test) = sets(&drawings);
/// assert_eq!((train.len(), train.label(0), train.label(1), train.label(2)), (1000, 3, 8, 3));
/// assert_eq!(test.label(1), 8);
/// # Ok::<(), spiking_playground::digits::own::DrawingsError>(())
/// ```
pub fn sets(drawings: &Digits) -> (Digits, Digits) {
    let cycle = |images: usize| (0..images).map(|image| image % drawings.len().max(1));
    let set = |images: Vec<u8>, count: usize| Digits {
        images,
        labels: cycle(count).map(|drawing| drawings.label(drawing)).collect(),
        ..Digits { width: drawings.width, height: drawings.height, ..Digits::default() }
    };
    let train = cycle(TRAINING_IMAGES).flat_map(|drawing| drawings.image(drawing)).copied().collect();
    let changed = |(sample, drawing): (usize, usize)| {
        augment(drawings.image(drawing), None, Augmentation::On, 0, TEST_EPOCH, sample as u64)
    };
    let test = cycle(TEST_IMAGES).enumerate().flat_map(changed).collect();
    (set(train, TRAINING_IMAGES), set(test, TEST_IMAGES))
}

/// The manifest of these two sets: their sizes only, for no file holds them.
pub fn manifest(classes: usize) -> Manifest {
    let file = || FileEntry { file: String::new(), bytes: 0, sha256: String::new() };
    let entry = |count: usize| ShardEntry { count, images: file(), labels: file() };
    Manifest {
        name: String::new(),
        width: SIDE,
        height: SIDE,
        classes,
        train: vec![entry(TRAINING_IMAGES)],
        test: vec![entry(TEST_IMAGES)],
        samples: entry(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_drawing_is_tested_in_ways_of_its_own() -> Result<(), DrawingsError> {
        let image = |of: usize| (0..784).map(move |i| if i % 28 == 10 + of { 255 } else { 0 });
        let drawings = drawings((0..3).flat_map(image).collect(), vec![0, 5, 9], 10)?;
        let (train, test) = sets(&drawings);
        let counts = manifest(10);
        assert_eq!((train.len(), test.len()), (counts.train[0].count, counts.test[0].count));
        assert_eq!((train.image(4), train.label(4)), (drawings.image(1), 5));
        assert_eq!(test.label(2), 9);
        assert_ne!(test.image(0), drawings.image(0), "the tested images are changed");
        assert_ne!(test.image(0), test.image(3), "each in its own way");
        Ok(())
    }

    #[test]
    fn what_is_no_drawing_is_refused() {
        let refused = |pixels: usize, labels: &[u8]| drawings(vec![0; pixels], labels.to_vec(), 10);
        assert_eq!(refused(0, &[]), Err(DrawingsError::Count(0)));
        assert_eq!(refused(783, &[1]), Err(DrawingsError::Size { drawings: 1, bytes: 783 }));
        assert_eq!(refused(784, &[10]), Err(DrawingsError::Class { label: 10, classes: 10 }));
    }
}
