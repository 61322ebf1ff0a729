//! Spike trains ([`SpikeTrain`](crate::spikes::SpikeTrain)), packed into bits, and the encodings that make them.

pub mod encode;

/// The number of time steps in a word.
pub const STEPS_PER_WORD: usize = 32;

/// The spikes of B samples of N neurons over T time steps: shape [B, N, words], one `u32` for 32 time steps of one
/// neuron, bit t % 32 of word t / 32 set for a spike at t. Bits from T on are zero.
///
/// ```
/// use spiking_playground::spikes::SpikeTrain;
/// let mut train = SpikeTrain::silent(1, 3, 40); // one sample, three neurons, 40 time steps: two words each
/// train.fire(0, 2, 33);
/// assert!(train.fires(0, 2, 33));
/// assert_eq!(train.times(0, 2).collect::<Vec<_>>(), [33]);
/// assert_eq!(train.count(), 1);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpikeTrain {
    batch: usize,
    neurons: usize,
    time_steps: usize,
    words: Vec<u32>,
}

/// Why words are not a spike train.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpikeTrainError {
    /// There are too few or too many.
    #[error("{found} words do not hold {batch} × {neurons} neurons over {time_steps} time steps, which need {needed}")]
    Length {
        /// Samples.
        batch: usize,
        /// Neurons of a sample.
        neurons: usize,
        /// Time steps.
        time_steps: usize,
        /// The number of words needed.
        needed: usize,
        /// The number of words given.
        found: usize,
    },
    /// A spike after the last time step.
    #[error("a spike stands after the last of {0} time steps")]
    AfterTheEnd(usize),
}

/// The number of words that hold `time_steps` time steps of one neuron.
pub const fn words_for(time_steps: usize) -> usize {
    time_steps.div_ceil(STEPS_PER_WORD)
}

/// The mask of the bits of word number `word` that stand for time steps below `time_steps`.
///
/// ```
/// use spiking_playground::spikes::valid_bits;
/// assert_eq!([valid_bits(33, 0), valid_bits(33, 1), valid_bits(64, 1)], [u32::MAX, 1, u32::MAX]);
/// ```
pub const fn valid_bits(time_steps: usize, word: usize) -> u32 {
    let left = time_steps.saturating_sub(word * STEPS_PER_WORD);
    if left >= STEPS_PER_WORD { u32::MAX } else { (1 << left) - 1 }
}

impl SpikeTrain {
    /// A spike train without spikes.
    pub fn silent(batch: usize, neurons: usize, time_steps: usize) -> Self {
        Self { batch, neurons, time_steps, words: vec![0; batch * neurons * words_for(time_steps)] }
    }

    /// The spike train in these words, [B, N, words].
    ///
    /// # Errors
    /// When there are not B·N·words of them, or one has a spike at T or later.
    pub fn from_words(
        batch: usize,
        neurons: usize,
        time_steps: usize,
        words: Vec<u32>,
    ) -> Result<Self, SpikeTrainError> {
        let (each, found) = (words_for(time_steps), words.len());
        let needed = batch * neurons * each;
        if found != needed {
            return Err(SpikeTrainError::Length { batch, neurons, time_steps, needed, found });
        }
        let late = |(i, word): (usize, &u32)| word & !valid_bits(time_steps, i % each.max(1)) != 0;
        if words.iter().enumerate().any(late) {
            return Err(SpikeTrainError::AfterTheEnd(time_steps));
        }
        Ok(Self::from_valid_words(batch, neurons, time_steps, words))
    }

    /// The spike train in words that are known to be valid.
    pub(crate) const fn from_valid_words(batch: usize, neurons: usize, time_steps: usize, words: Vec<u32>) -> Self {
        Self { batch, neurons, time_steps, words }
    }

    /// The spike train of 0/1 values in time-major order, [B, T, N]: values above ½ are spikes.
    pub fn from_dense(batch: usize, neurons: usize, time_steps: usize, dense: &[f32]) -> Self {
        let mut train = Self::silent(batch, neurons, time_steps);
        for (i, _) in dense.iter().enumerate().filter(|(_, value)| **value > 0.5) {
            train.fire(i / (time_steps * neurons), i % neurons, i / neurons % time_steps);
        }
        train
    }

    /// The spikes as 0/1 values in time-major order, [B, T, N].
    pub fn to_dense(&self) -> Vec<f32> {
        let mut dense = vec![0.0; self.batch * self.time_steps * self.neurons];
        for b in 0..self.batch {
            for n in 0..self.neurons {
                for t in self.times(b, n) {
                    dense[(b * self.time_steps + t) * self.neurons + n] = 1.0;
                }
            }
        }
        dense
    }

    /// B, the number of samples.
    pub const fn batch(&self) -> usize {
        self.batch
    }

    /// N, the number of neurons of each sample.
    pub const fn neurons(&self) -> usize {
        self.neurons
    }

    /// T, the number of time steps.
    pub const fn time_steps(&self) -> usize {
        self.time_steps
    }

    /// The number of words of each neuron, ⌈T/32⌉.
    pub const fn words_per_neuron(&self) -> usize {
        words_for(self.time_steps)
    }

    /// All words, [B, N, words].
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// All words, [B, N, words].
    pub fn into_words(self) -> Vec<u32> {
        self.words
    }

    /// The words of one neuron of one sample; none if there is no such neuron. What is drawn may be of another network than
    /// the train for a moment, and a neuron that does not exist never fires.
    ///
    /// ```
    /// use spiking_playground::spikes::SpikeTrain;
    /// let train = SpikeTrain::from_dense(1, 2, 1, &[1.0, 1.0]);
    /// assert!(train.fires(0, 1, 0) && !train.fires(0, 2, 0) && !train.fires(1, 0, 0));
    /// assert_eq!((train.count_of(0, 185), train.times(0, 185).count()), (0, 0));
    /// ```
    pub fn of(&self, sample: usize, neuron: usize) -> &[u32] {
        if neuron >= self.neurons {
            return &[];
        }
        let words = self.words_per_neuron();
        let start = (sample * self.neurons + neuron) * words;
        self.words.get(start..start + words).unwrap_or_default()
    }

    /// Whether neuron `neuron` of sample `sample` fires at time step `t`.
    pub fn fires(&self, sample: usize, neuron: usize, t: usize) -> bool {
        let word = self.of(sample, neuron).get(t / STEPS_PER_WORD);
        t < self.time_steps && word.is_some_and(|word| word >> (t % STEPS_PER_WORD) & 1 == 1)
    }

    /// Sets a spike of neuron `neuron` of sample `sample` at time step `t`.
    ///
    /// # Panics
    /// When there is no such sample, neuron or time step.
    pub fn fire(&mut self, sample: usize, neuron: usize, t: usize) {
        assert!(
            sample < self.batch && neuron < self.neurons && t < self.time_steps,
            "no such place in the spike train"
        );
        let word = (sample * self.neurons + neuron) * self.words_per_neuron() + t / STEPS_PER_WORD;
        self.words[word] |= 1 << (t % STEPS_PER_WORD);
    }

    /// The time steps at which a neuron fires, ascending.
    pub fn times(&self, sample: usize, neuron: usize) -> impl Iterator<Item = usize> + '_ {
        self.of(sample, neuron)
            .iter()
            .enumerate()
            .flat_map(|(w, word)| bits(*word).map(move |t| w * STEPS_PER_WORD + t))
    }

    /// The number of spikes of a neuron.
    pub fn count_of(&self, sample: usize, neuron: usize) -> u32 {
        self.of(sample, neuron).iter().map(|word| word.count_ones()).sum()
    }

    /// The total number of spikes.
    pub fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// The number of neurons of a sample that fire at time step `t`.
    pub fn count_at(&self, sample: usize, t: usize) -> usize {
        (0..self.neurons).filter(|n| self.fires(sample, *n, t)).count()
    }
}

/// The positions of the set bits of a word, ascending.
///
/// ```
/// assert_eq!(spiking_playground::spikes::bits(0b1010).collect::<Vec<_>>(), [1, 3]);
/// ```
pub fn bits(mut word: u32) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        (word != 0).then(|| {
            let position = word.trailing_zeros() as usize;
            word &= word - 1;
            position
        })
    })
}
