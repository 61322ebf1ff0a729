//! The types of the numbers in a network's file.
//!
//! A visitor of the page fetches a network before the first digit is read, and half of an f32 is noise of the training that
//! no compression makes smaller. Of what was tried on the networks that ship, [`WeightsType::Fixed8`] gave the smallest
//! files of the same accuracy, for the numbers of a layer are of one size: there are few different ones, so that each is
//! said in few bits.

use half::{bf16, f16};
use safetensors::tensor::Dtype;

/// The type of the numbers in a network's file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WeightsType {
    /// As they were trained.
    #[default]
    F32,
    /// Rounded to bf16: 8 significant bits, and the range of f32.
    Bf16,
    /// Rounded to multiples of 1/256 (fixed-point numbers with 8 fractional bits), in f16, which has them all up to 8;
    /// larger ones are rounded to the nearest of f16, and over 65,504 there is none.
    Fixed8,
}

/// Multiples of what [`WeightsType::Fixed8`] rounds to; a power of 2, so that only the rounding changes a number.
const STEPS: f32 = 256.0;

impl WeightsType {
    /// All types.
    pub const ALL: [Self; 3] = [Self::F32, Self::Bf16, Self::Fixed8];

    /// The word for it on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Fixed8 => "fixed8",
        }
    }

    /// The type of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.word() == word)
    }

    /// The type of the tensors in the file.
    pub(super) const fn dtype(self) -> Dtype {
        match self {
            Self::F32 => Dtype::F32,
            Self::Bf16 => Dtype::BF16,
            Self::Fixed8 => Dtype::F16,
        }
    }

    /// Bytes of a number.
    pub(super) const fn size(self) -> usize {
        match self {
            Self::F32 => size_of::<f32>(),
            Self::Bf16 | Self::Fixed8 => size_of::<u16>(),
        }
    }

    /// Writes the nearest number of this type, of two as near the even one, into the first [`WeightsType::size`] bytes of
    /// `to`. Returns whether it is finite.
    pub(super) fn write(self, value: f32, to: &mut [u8]) -> bool {
        let mut put = |bytes: &[u8]| to[..bytes.len()].copy_from_slice(bytes);
        match self {
            Self::F32 => {
                put(&value.to_le_bytes());
                value.is_finite()
            }
            Self::Bf16 => {
                let number = bf16::from_f32(value);
                put(&number.to_le_bytes());
                number.is_finite()
            }
            Self::Fixed8 => {
                let number = f16::from_f32((value * STEPS).round_ties_even() / STEPS);
                put(&number.to_le_bytes());
                number.is_finite()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(kind: WeightsType, value: f32) -> (u16, bool) {
        let mut bytes = [0; 2];
        let is_finite = kind.write(value, &mut bytes);
        (u16::from_le_bytes(bytes), is_finite)
    }

    #[test]
    fn numbers_become_the_nearest_and_of_two_the_even_one() {
        let brain = |value: u32| bits(WeightsType::Bf16, f32::from_bits(value)).0;
        assert_eq!([0x3f80_0000, 0x3f80_7fff, 0x3f80_8000, 0x3f80_8001].map(brain), [0x3f80, 0x3f80, 0x3f80, 0x3f81]);
        assert_eq!([0x3f81_7fff, 0x3f81_8000, 0xbf81_8000].map(brain), [0x3f81, 0x3f82, 0xbf82]);
        let steps = |steps: f32| {
            let (bits, _) = bits(WeightsType::Fixed8, steps / STEPS);
            f16::from_bits(bits).to_f32() * STEPS
        };
        assert_eq!([0.0, 0.5, 0.501, 1.5, 2.5, -0.5, -1.5].map(steps), [0.0, 0.0, 1.0, 2.0, 2.0, 0.0, -2.0]);
        assert_eq!([2047.0, 2047.5, -2047.0].map(steps), [2047.0, 2048.0, -2047.0], "up to 8");
        assert_eq!(steps(2051.0), 2052.0, "beyond 8, as f16 has them");
    }

    #[test]
    fn what_a_type_has_no_number_for_is_not_finite() {
        let of = |kind, value| bits(kind, value).1;
        assert!(of(WeightsType::Fixed8, 65_504.0) && !of(WeightsType::Fixed8, 65_520.0));
        assert!(of(WeightsType::Bf16, 3.38e38) && !of(WeightsType::Bf16, f32::MAX));
        assert!(!of(WeightsType::Fixed8, f32::MAX), "nor where the multiple is infinite");
        for kind in [WeightsType::Bf16, WeightsType::Fixed8] {
            assert!([f32::NAN, f32::INFINITY].iter().all(|value| !of(kind, *value)));
        }
    }

    #[test]
    fn words_and_types_are_pairs() {
        assert!(WeightsType::ALL.iter().all(|it| WeightsType::from_word(it.word()) == Some(*it)));
        assert_eq!(WeightsType::from_word("f64"), None);
    }
}
