//! Counter-based random numbers: pure functions of (seed, purpose, counter) in integers, the same on every machine.

/// Mixes 64 bits so that each output bit depends on every input bit (SplitMix64's finaliser: Steele, Lea and Flood
/// 2014, doi:10.1145/2660193.2660195).
///
/// ```
/// use spiking_playground::random::mix64;
/// assert_eq!(mix64(0), 0xe220_a839_7b1d_cdaf);
/// ```
pub const fn mix64(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The purpose of a stream of random numbers; streams of one seed do not overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Initial weights of the layer with this number.
    Weights(u32),
    /// The order of the shards in this epoch.
    ShardOrder(u32),
    /// The order of the images of one shard in an epoch: (epoch, shard).
    ImageOrder(u32, u32),
    /// The augmentation of an image: (epoch, sample).
    Augmentation(u32, u64),
    /// The handwriting that replaces a digit: (epoch, sample).
    Handwriting(u32, u64),
    /// The noise in an image: (number of the pass, sample).
    Noise(u64, u64),
}

impl Stream {
    fn key(self) -> u64 {
        match self {
            Self::Weights(layer) => mix64(1 << 60 | u64::from(layer)),
            Self::ShardOrder(epoch) => mix64(2 << 60 | u64::from(epoch)),
            Self::ImageOrder(epoch, shard) => mix64(mix64(3 << 60 | u64::from(epoch)) ^ u64::from(shard)),
            Self::Augmentation(epoch, sample) => mix64(mix64(4 << 60 | u64::from(epoch)) ^ sample),
            Self::Handwriting(epoch, sample) => mix64(mix64(5 << 60 | u64::from(epoch)) ^ sample),
            Self::Noise(pass, sample) => mix64(mix64(6 << 60 | pass) ^ sample),
        }
    }
}

/// A generator of the numbers of one stream.
#[derive(Clone, Debug)]
pub struct Generator {
    key: u64,
    counter: u64,
}

impl Generator {
    /// The generator of a stream under this seed.
    pub fn new(seed: u64, stream: Stream) -> Self {
        Self { key: mix64(seed) ^ stream.key(), counter: 0 }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(1);
        mix64(self.key ^ mix64(self.counter))
    }

    /// A number in [0, 1), in steps of 2⁻²⁴, so that it is exact in f32.
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u32 << 24) as f32
    }

    /// The numbers 0..n in random order (Fisher and Yates; Durstenfeld 1964, doi:10.1145/364520.364540).
    ///
    /// ```
    /// use spiking_playground::random::{Generator, Stream};
    /// let mut order = Generator::new(7, Stream::ShardOrder(0)).permutation(5);
    /// order.sort();
    /// assert_eq!(order, [0, 1, 2, 3, 4]);
    /// ```
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for last in (1..n).rev() {
            let other = (self.bits() % (last as u64 + 1)) as usize;
            order.swap(last, other);
        }
        order
    }
}
