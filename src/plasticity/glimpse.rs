//! What there is to see of a layer while it learns: the receptive fields that have changed, thresholds, and the newest picture with
//! what it did. The engine sends it as bytes, since whoever draws it is another program.

use super::Spike;
use super::failing::Failing;
use super::layer::{Moment, StdpLayer};
use super::run::{Presented, StdpRun};
use super::window::Window;
use crate::spec::Spec;

/// The fields that one glimpse has at most.
pub const FIELDS_AT_ONCE: usize = 64;
/// The neurons whose potentials are shown of a picture.
pub const NEAREST: usize = 5;
/// An answer, or a label, that there is not.
const NONE: u32 = u32::MAX;

/// A layer of N neurons at one moment of its learning.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Glimpse {
    /// Whether it is the first of a layer: what was seen before was of another.
    pub is_first: bool,
    /// Pictures that it has seen.
    pub shown: u64,
    /// w_inh, which a spike takes from all other potentials.
    pub inhibition: f32,
    /// τ_x and τ_y, of the presynaptic and of the postsynaptic trace.
    pub decays: [f32; 2],
    /// Why nothing is learnt, where that is so.
    pub failing: Option<Failing>,
    /// θ + a_j, \[N\].
    pub thresholds: Vec<f32>,
    /// What each neuron answers to, \[N\]; none where it has not fired yet.
    pub labels: Vec<Option<u8>>,
    /// The newest picture that was recorded.
    pub learnt: Option<Learnt>,
    /// (Δt, mean Δw) of all recorded pictures, ascending.
    pub window: Vec<(i32, f32)>,
    /// The receptive fields that have changed since the glimpse before, at most [`FIELDS_AT_ONCE`]: the neuron, and each weight as
    /// its share of the largest, of 255, \[inputs\].
    pub fields: Vec<(usize, Vec<u8>)>,
}

/// A picture as it was learnt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Learnt {
    /// Its number in the data set.
    pub sample: usize,
    /// What it shows.
    pub label: u8,
    /// What was answered before.
    pub answer: Option<u8>,
    /// It, row by row, \[inputs\].
    pub pixels: Vec<u8>,
    /// Its spikes, in the order in which they came.
    pub spikes: Vec<Spike>,
    /// The neurons that came nearest to their thresholds, the nearest first.
    pub nearest: Vec<Course>,
    /// Δw_ij of its last spike, before scaling, \[inputs\]; all 0 where there was none.
    pub change: Vec<f32>,
}

/// What a neuron did during a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    /// j.
    pub neuron: usize,
    /// u_j before the spikes of each time step, \[T\].
    pub potentials: Vec<f32>,
    /// θ + a_j then, \[T\].
    pub thresholds: Vec<f32>,
}

/// Records pictures as they are learnt.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    learnt: Option<Learnt>,
    window: Option<Window>,
    /// u_j and θ + a_j of the picture that is shown, [T, N].
    potentials: Vec<f32>,
    thresholds: Vec<f32>,
}

impl Recorder {
    /// A picture of so many time steps begins.
    pub(super) fn begin(&mut self, layer: &mut StdpLayer, time_steps: usize) {
        let window = self.window.take().filter(|window| window.time_steps() == time_steps);
        layer.count_in(Some(window.unwrap_or_else(|| Window::new(time_steps))));
        self.potentials.clear();
        self.thresholds.clear();
    }

    /// A time step of it.
    pub(super) fn see(&mut self, now: Moment<'_>) {
        self.potentials.extend_from_slice(now.potentials);
        self.thresholds.extend_from_slice(now.thresholds);
    }

    /// It is over.
    pub(super) fn end(&mut self, layer: &mut StdpLayer, shown: Presented, pixels: Vec<u8>) {
        self.window = layer.counted();
        let spikes = layer.spikes().to_vec();
        let change = if spikes.is_empty() { vec![0.0; pixels.len()] } else { layer.newest_change().to_vec() };
        let Presented { sample, label, answer } = shown;
        let nearest = self.nearest(layer.neurons());
        self.learnt = Some(Learnt { sample, label, answer, pixels, spikes, nearest, change });
    }

    fn nearest(&self, neurons: usize) -> Vec<Course> {
        let mut most = vec![f32::NEG_INFINITY; neurons];
        let rows = |values: &[f32]| values.chunks_exact(neurons.max(1)).map(<[f32]>::to_vec).collect::<Vec<_>>();
        let (potentials, thresholds) = (rows(&self.potentials), rows(&self.thresholds));
        for (potentials, thresholds) in potentials.iter().zip(&thresholds) {
            let excess = potentials.iter().zip(thresholds).map(|(u, threshold)| u - threshold);
            most.iter_mut().zip(excess).for_each(|(most, excess)| *most = most.max(excess));
        }
        let mut order: Vec<usize> = (0..neurons).collect();
        order.sort_by(|a, b| most[*b].total_cmp(&most[*a]));
        let of = |rows: &[Vec<f32>], neuron: usize| rows.iter().map(|row| row[neuron]).collect();
        let course =
            |neuron| Course { neuron, potentials: of(&potentials, neuron), thresholds: of(&thresholds, neuron) };
        order.into_iter().take(NEAREST).map(course).collect()
    }
}

/// Who looks at a layer, and what of it was told already.
#[derive(Clone, Debug, Default)]
pub struct Onlooker {
    /// What the newest pictures did.
    pub recorder: Recorder,
    /// n_j of each field as it was told; none of those that were not, or no longer are what was told.
    told: Vec<Option<u32>>,
    /// The field that is looked at next.
    next: usize,
}

impl Onlooker {
    /// Nothing of the layer is known any more: it is another one.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// What there is to see, and whether there is more of it.
    pub fn look(&mut self, run: &StdpRun) -> (Glimpse, bool) {
        let (layer, Spec { neuron, stdp, .. }) = (run.layer(), run.spec());
        let (neurons, is_first) = (layer.neurons(), self.told.is_empty());
        self.told.resize(neurons, None);
        let order = (0..neurons).map(|by| (self.next + by) % neurons);
        let is_new = |neuron: &usize| self.told[*neuron] != Some(layer.age()[*neuron]);
        let mut changed: Vec<usize> = order.filter(is_new).take(FIELDS_AT_ONCE + 1).collect();
        let has_more = changed.len() > FIELDS_AT_ONCE;
        changed.truncate(FIELDS_AT_ONCE);
        self.next = changed.last().map_or(0, |last| last + 1);
        for neuron in &changed {
            self.told[*neuron] = Some(layer.age()[*neuron]);
        }
        let fields = changed.into_iter().map(|neuron| (neuron, shares(&layer.incoming(neuron)))).collect();
        let means = self.recorder.window.iter().flat_map(Window::means);
        let glimpse = Glimpse {
            is_first,
            shown: run.shown(),
            failing: Failing::of(layer, run.position().live, run.live(), neuron.threshold),
            inhibition: stdp.inhibition,
            decays: [stdp.presynaptic_decay, stdp.postsynaptic_decay],
            thresholds: layer.adaptation().iter().map(|raised| neuron.threshold + raised).collect(),
            labels: run.live().voters().labels,
            learnt: self.recorder.learnt.clone(),
            window: means.map(|(between, mean, _)| (between as i32, mean as f32)).collect(),
            fields,
        };
        (glimpse, has_more)
    }
}

/// Weights as shares of the largest, of 255.
fn shares(weights: &[f32]) -> Vec<u8> {
    let largest = weights.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    weights.iter().map(|weight| (255.0 * weight / largest).round() as u8).collect()
}

/// Numbers on their way into bytes: words of 32 bits, little-endian, lists behind their lengths.
#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn word(&mut self, word: u32) {
        self.0.extend(word.to_le_bytes());
    }

    fn words(&mut self, words: impl ExactSizeIterator<Item = u32>) {
        self.word(words.len() as u32);
        words.for_each(|word| self.word(word));
    }

    fn floats(&mut self, floats: &[f32]) {
        self.words(floats.iter().map(|float| float.to_bits()));
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u32);
        self.0.extend(bytes);
    }
}

/// The same on their way back; none where there are too few.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn word(&mut self) -> Option<u32> {
        let (word, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*word))
    }

    /// A length: so many things follow, each of that many bytes at least.
    fn length(&mut self, each: usize) -> Option<usize> {
        Some(self.word()? as usize).filter(|length| *length <= self.0.len() / each)
    }

    fn words(&mut self) -> Option<Vec<u32>> {
        (0..self.length(4)?).map(|_| self.word()).collect()
    }

    fn floats(&mut self) -> Option<Vec<f32>> {
        Some(self.words()?.into_iter().map(f32::from_bits).collect())
    }

    fn bytes(&mut self) -> Option<Vec<u8>> {
        let length = self.length(1)?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes.to_vec())
    }
}

/// A class as a word.
fn class(class: Option<u8>) -> u32 {
    class.map_or(NONE, u32::from)
}

/// The class of a word.
const fn of_class(word: u32) -> Option<u8> {
    if word < 256 { Some(word as u8) } else { None }
}

impl Glimpse {
    /// It as bytes for a message.
    ///
    /// ```
    /// use spiking_playground::plasticity::glimpse::Glimpse;
    /// let glimpse = Glimpse { shown: 7, labels: vec![Some(3), None], fields: vec![(1, vec![0, 255])], ..Glimpse::default() };
    /// assert_eq!(Glimpse::from_bytes(&glimpse.to_bytes()), Some(glimpse));
    /// assert_eq!(Glimpse::from_bytes(&[1, 0]), None);
    /// ```
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::default();
        to.word(u32::from(self.is_first));
        to.word(self.shown as u32);
        to.word((self.shown >> 32) as u32);
        let (why, much) = match self.failing {
            None => (0, 0.0),
            Some(Failing::Silent) => (1, 0.0),
            Some(Failing::Raised(much)) => (2, much),
            Some(Failing::OneWins(much)) => (3, much),
        };
        to.word(why);
        to.floats(&[much as f32, self.inhibition, self.decays[0], self.decays[1]]);
        to.floats(&self.thresholds);
        to.words(self.labels.iter().map(|label| class(*label)));
        to.words(self.window.iter().map(|(between, _)| *between as u32));
        to.words(self.window.iter().map(|(_, mean)| mean.to_bits()));
        to.words(self.fields.iter().map(|(neuron, _)| *neuron as u32));
        self.fields.iter().for_each(|(_, field)| to.bytes(field));
        to.word(u32::from(self.learnt.is_some()));
        if let Some(learnt) = &self.learnt {
            to.word(learnt.sample as u32);
            to.word(learnt.label.into());
            to.word(class(learnt.answer));
            to.bytes(&learnt.pixels);
            to.words(learnt.spikes.iter().map(|spike| spike.neuron as u32));
            to.words(learnt.spikes.iter().map(|spike| spike.time as u32));
            to.floats(&learnt.change);
            to.words(learnt.nearest.iter().map(|course| course.neuron as u32));
            for course in &learnt.nearest {
                to.floats(&course.potentials);
                to.floats(&course.thresholds);
            }
        }
        to.0
    }

    /// What [`Glimpse::to_bytes`] wrote; none where it did not.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader(bytes);
        let is_first = from.word()? == 1;
        let shown = u64::from(from.word()?) | u64::from(from.word()?) << 32;
        let why = from.word()?;
        let [much, inhibition, decays @ ..]: [f32; 4] = from.floats()?.try_into().ok()?;
        let failing = match why {
            1 => Some(Failing::Silent),
            2 => Some(Failing::Raised(much.into())),
            3 => Some(Failing::OneWins(much.into())),
            _ => None,
        };
        let thresholds = from.floats()?;
        let labels = from.words()?.into_iter().map(of_class).collect();
        let between = from.words()?.into_iter().map(|between| between as i32);
        let window = between.zip(from.floats()?).collect();
        let neurons = from.words()?.into_iter().map(|neuron| neuron as usize);
        let fields = neurons.map(|neuron| Some((neuron, from.bytes()?))).collect::<Option<_>>()?;
        let learnt = match from.word()? {
            0 => None,
            _ => Some(Learnt {
                sample: from.word()? as usize,
                label: of_class(from.word()?)?,
                answer: of_class(from.word()?),
                pixels: from.bytes()?,
                spikes: {
                    let neurons = from.words()?.into_iter();
                    let spike = |(neuron, time)| Spike { neuron: neuron as usize, time: time as usize };
                    neurons.zip(from.words()?).map(spike).collect()
                },
                change: from.floats()?,
                nearest: {
                    let neurons = from.words()?.into_iter().map(|neuron| neuron as usize);
                    let course =
                        |neuron| Some(Course { neuron, potentials: from.floats()?, thresholds: from.floats()? });
                    neurons.map(course).collect::<Option<_>>()?
                },
            }),
        };
        from.0.is_empty().then_some(Self {
            is_first,
            shown,
            failing,
            inhibition,
            decays,
            thresholds,
            labels,
            learnt,
            window,
            fields,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glimpse() -> Glimpse {
        let course = |neuron| Course { neuron, potentials: vec![0.5, 1.5], thresholds: vec![1.0, 1.25] };
        let learnt = Learnt {
            sample: 59_999,
            label: 9,
            answer: None,
            pixels: vec![0, 128, 255],
            spikes: vec![Spike { neuron: 1, time: 1 }, Spike { neuron: 0, time: 1 }],
            nearest: vec![course(1), course(0)],
            change: vec![-0.5, 0.0, 0.25],
        };
        Glimpse {
            is_first: true,
            shown: 1 << 40,
            failing: Some(Failing::OneWins(0.75)),
            inhibition: 2.5,
            decays: [5.0, 4.0],
            thresholds: vec![1.0, -0.5],
            labels: vec![None, Some(0)],
            learnt: Some(learnt),
            window: vec![(-3, -0.01), (0, 0.02)],
            fields: vec![(1, vec![0, 1, 2]), (0, vec![255; 3])],
        }
    }

    #[test]
    fn bytes_that_are_cut_off_or_changed_are_none_or_another_glimpse() {
        let bytes = glimpse().to_bytes();
        assert_eq!(Glimpse::from_bytes(&bytes), Some(glimpse()));
        for end in 0..bytes.len() {
            assert_eq!(Glimpse::from_bytes(&bytes[..end]), None, "cut off at {end}");
            let mut other = bytes.clone();
            other[end] = 255;
            let _ = Glimpse::from_bytes(&other);
        }
        assert_eq!(Glimpse::from_bytes(&[bytes, vec![0]].concat()), None);
    }
}
