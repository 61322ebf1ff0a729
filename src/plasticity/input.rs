//! A picture as input spikes, listed by time step.

use crate::sample::Sample;
use crate::spec::Spec;
use crate::spikes::encode::{Pass, at_rate, key, rate_words};
use crate::spikes::{SpikeTrain, words_for};

/// The mean ink, of 1, that [`even_rate`] gives each picture: that of MNIST's training images.
pub const MEAN_INK: f32 = 0.13;

/// The input spikes of one picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputSpikes {
    /// Inputs that fire at t, ascending: `inputs[starts[t]..starts[t + 1]]`.
    inputs: Vec<u32>,
    /// \[T + 1\].
    starts: Vec<usize>,
}

impl InputSpikes {
    /// The spikes of one sample.
    ///
    /// ```
    /// use spiking_playground::plasticity::input::InputSpikes;
    /// use spiking_playground::spikes::SpikeTrain;
    /// let mut train = SpikeTrain::silent(1, 3, 40);
    /// [(2, 39), (0, 39), (1, 0)].into_iter().for_each(|(input, t)| train.fire(0, input, t));
    /// let spikes = InputSpikes::of(&train, 0);
    /// assert_eq!((spikes.time_steps(), spikes.count(), spikes.at(0), spikes.at(1)), (40, 3, &[1][..], &[][..]));
    /// assert_eq!(spikes.at(39), [0, 2]);
    /// ```
    pub fn of(train: &SpikeTrain, sample: usize) -> Self {
        let mut starts = vec![0; train.time_steps() + 1];
        // Most inputs of a picture are silent.
        let fires = |input: &usize| train.of(sample, *input).iter().any(|word| *word != 0);
        let firing: Vec<usize> = (0..train.neurons()).filter(fires).collect();
        for input in &firing {
            train.times(sample, *input).for_each(|t| starts[t + 1] += 1);
        }
        (1..starts.len()).for_each(|t| starts[t] += starts[t - 1]);
        let (mut next, mut inputs) = (starts.clone(), vec![0; starts[train.time_steps()]]);
        for input in firing {
            for t in train.times(sample, input) {
                inputs[next[t]] = input as u32;
                next[t] += 1;
            }
        }
        Self { inputs, starts }
    }

    /// T.
    pub const fn time_steps(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The inputs that fire at time step t, ascending; none after the last one.
    pub fn at(&self, t: usize) -> &[u32] {
        match (self.starts.get(t), self.starts.get(t + 1)) {
            (Some(start), Some(end)) => &self.inputs[*start..*end],
            _ => &[],
        }
    }

    /// All of them.
    pub const fn count(&self) -> usize {
        self.inputs.len()
    }
}

/// The input rate at which a picture has as many spikes as one of [`MEAN_INK`] at `input_rate`: a thin 1 then speaks as loudly as a
/// fat 0 (divisive normalisation: Carandini and Heeger 2012, doi:10.1038/nrn3136). Pixels spike in all time steps at most.
///
/// ```
/// use spiking_playground::plasticity::input::even_rate;
/// let (thin, fat) = ([255, 0, 0, 0, 0, 0, 0, 0, 0, 0], [255; 10]);
/// assert!((even_rate(&thin, 0.25) / even_rate(&fat, 0.25) - 10.0).abs() < 1e-4);
/// assert_eq!(even_rate(&[0; 9], 0.25), 0.0);
/// ```
pub fn even_rate(pixels: &[u8], input_rate: f32) -> f32 {
    let ink: u32 = pixels.iter().map(|pixel| u32::from(*pixel)).sum();
    if ink == 0 { 0.0 } else { input_rate * (MEAN_INK * (pixels.len() as f32 * 255.0) / ink as f32) }
}

/// The spikes of a sample in this pass by rate coding, of as much ink as any other, at the spec's input rate and over its time
/// steps.
pub fn encode(spec: &Spec, sample: &Sample<'_>, pass: Pass) -> InputSpikes {
    InputSpikes::of(&encoded(spec, sample, pass), 0)
}

/// The same as a spike train, [1, inputs].
pub fn encoded(spec: &Spec, sample: &Sample<'_>, pass: Pass) -> SpikeTrain {
    let pixels = sample.shown(spec, pass);
    let even = at_rate(&pixels, even_rate(&pixels, spec.input_rate));
    let mut words = vec![0; pixels.len() * words_for(spec.time_steps)];
    rate_words(&mut words, &even, &mut Vec::new(), key(spec.seed, pass, sample.number), spec.time_steps);
    SpikeTrain::from_valid_words(1, pixels.len(), spec.time_steps, words)
}
