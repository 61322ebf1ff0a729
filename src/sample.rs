//! An image as it is shown: augmented where it is learnt from, and with noise, before it is encoded.

use crate::digits::Digits;
use crate::digits::augment::augment;
use crate::digits::noise::noisy;
use crate::spec::{Dataset, Spec};
use crate::spikes::encode::Pass;
use std::borrow::Cow;

/// An image as it stands in its data set.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// u8, row by row, \[N\].
    pub pixels: &'a [u8],
    /// The class that it shows, where that is known. Only the augmentation of digits asks for it.
    pub label: Option<u8>,
    /// Its number in the data set, on which its random numbers depend.
    pub number: u64,
}

impl<'a> Sample<'a> {
    /// An image of a part of a data set, whose image 0 has the number `first` in the whole set.
    ///
    /// # Panics
    /// When there is no such image.
    pub fn of(digits: &'a Digits, image: usize, first: usize) -> Self {
        Self { pixels: digits.image(image), label: Some(digits.label(image)), number: (first + image) as u64 }
    }

    /// Whether the spec changes any image in this pass.
    pub const fn is_changed(spec: &Spec, pass: Pass) -> bool {
        spec.noise > 0.0 || (spec.augment.is_on() && matches!(pass, Pass::Training(_)))
    }

    /// Its pixels as the spec changes them in this pass, \[N\]: augmented in training, and with noise.
    pub fn shown(&self, spec: &Spec, pass: Pass) -> Cow<'a, [u8]> {
        let augmented = match pass {
            Pass::Training(epoch) if spec.augment.is_on() => {
                let digit = self.label.filter(|_| spec.dataset == Dataset::Mnist);
                Cow::Owned(augment(self.pixels, digit, spec.augment, spec.seed, epoch, self.number))
            }
            Pass::Training(_) | Pass::Evaluation | Pass::Drawing => Cow::Borrowed(self.pixels),
        };
        match spec.noise > 0.0 {
            true => Cow::Owned(noisy(&augmented, spec.noise, spec.seed, pass.number(), self.number)),
            false => augmented,
        }
    }
}
