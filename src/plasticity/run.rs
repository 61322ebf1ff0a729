//! A run: pictures in the order of an epoch, each answered before it is learnt.

use super::Mode;
use super::glimpse::Recorder;
use super::input::encode;
use super::labels::Responses;
use super::layer::StdpLayer;
use crate::digits::order::EpochOrder;
use crate::digits::{Digits, Images};
use crate::event::Accuracy;
use crate::sample::Sample;
use crate::spec::Spec;
use crate::spikes::encode::Pass;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Pictures after which live labels fade a little.
const FADES: u64 = 100;
/// The pictures a neuron that live labels remember, by half.
const REMEMBERED: f32 = 10.0;

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StdpPosition {
    /// The epoch, from 0.
    pub epoch: u32,
    /// Pictures of it that were shown.
    pub images: usize,
    /// How the newest of them went.
    pub live: Live,
}

/// How pictures went before they were learnt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Live {
    /// How many were answered rightly.
    pub score: Accuracy,
    /// At how many no neuron fired.
    pub silent: usize,
}

/// What happened at the next picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StdpAdvance {
    /// It was shown.
    Shown(Presented),
    /// Its shard is not there.
    Waiting(usize),
    /// There is none: all of the epoch were shown.
    EpochOver,
}

/// A picture that was learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presented {
    /// Its number in the data set.
    pub sample: usize,
    /// What it shows.
    pub label: u8,
    /// What was answered before its label was looked at; none if no labelled neuron fired.
    pub answer: Option<u8>,
}

/// A layer that learns over an epoch's pictures.
#[derive(Clone, Debug)]
pub struct StdpRun {
    spec: Spec,
    layer: StdpLayer,
    live: Responses,
    position: StdpPosition,
    order: EpochOrder,
}

impl StdpRun {
    /// A run at its start over `images` pictures of so many pixels in so many classes.
    pub fn new(spec: Spec, pixels: usize, classes: usize, images: usize) -> Self {
        let neurons = spec.layers.first().map_or(0, |layer| layer.dense_neurons());
        let layer = StdpLayer::new(spec.neuron, spec.stdp, pixels, neurons, spec.seed);
        Self::at(spec, layer, Responses::new(neurons, classes), StdpPosition::default(), images)
    }

    /// A run in the middle.
    pub fn at(spec: Spec, layer: StdpLayer, live: Responses, position: StdpPosition, images: usize) -> Self {
        let order = EpochOrder::new(spec.seed, position.epoch, images);
        Self { spec, layer, live, position, order }
    }

    /// What is learnt and how.
    pub const fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The layer as it is now.
    pub const fn layer(&self) -> &StdpLayer {
        &self.layer
    }

    /// How the neurons answered to the pictures of late.
    pub const fn live(&self) -> &Responses {
        &self.live
    }

    /// How far it has come.
    pub const fn position(&self) -> StdpPosition {
        self.position
    }

    /// The pixels of an image that it learns from, and the number of classes.
    pub fn sizes(&self) -> (usize, usize) {
        (self.layer.inputs(), self.classes())
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.live.counts().1.len()
    }

    /// Pictures in an epoch.
    pub fn images(&self) -> usize {
        self.order.len()
    }

    /// All pictures that were shown so far.
    pub fn shown(&self) -> u64 {
        u64::from(self.position.epoch) * self.images() as u64 + self.position.images as u64
    }

    /// Whether all epochs of the spec are over.
    pub const fn is_finished(&self) -> bool {
        self.position.epoch >= self.spec.epochs
    }

    /// The shards in the order in which this epoch needs them.
    pub fn due_shards(&self) -> &[usize] {
        self.order.shards()
    }

    /// The shard of the next picture.
    pub fn due_shard(&self) -> Option<usize> {
        self.order.batch(self.position.images, 1).first().map(|place| place.shard)
    }

    /// Shows the next picture, has it answered, and learns from it. Its label is looked at for the count alone.
    pub fn advance(&mut self, images: &impl Images) -> StdpAdvance {
        self.advance_recorded(images, None)
    }

    /// The same; what happens is recorded, if somebody looks.
    pub fn advance_recorded(&mut self, images: &impl Images, mut recorder: Option<&mut Recorder>) -> StdpAdvance {
        let Some(place) = self.order.batch(self.position.images, 1).first().copied() else {
            return StdpAdvance::EpochOver;
        };
        let Some((pixels, label)) = images.at(place) else { return StdpAdvance::Waiting(place.shard) };
        let sample = Sample { pixels, label: Some(label), number: place.sample() as u64 };
        let pass = Pass::Training(self.position.epoch);
        let input = encode(&self.spec, &sample, pass);
        match &mut recorder {
            None => self.layer.show(&input, Mode::Learning),
            Some(recorder) => {
                recorder.begin(&mut self.layer, input.time_steps());
                self.layer.show_watched(&input, Mode::Learning, &mut |now| recorder.see(now));
            }
        }
        let spikes = self.layer.spikes();
        let answer = self.live.answer(spikes);
        self.live.add(label, spikes);
        self.position.images += 1;
        let live = &mut self.position.live;
        live.score += Accuracy::of_answers(&[answer], &[label]);
        live.silent += usize::from(spikes.is_empty());
        if self.shown().is_multiple_of(FADES) {
            let lives = REMEMBERED * self.layer.neurons() as f32 / FADES as f32;
            self.live.fade(libm::exp2f(-1.0 / lives));
        }
        let shown = Presented { sample: place.sample(), label, answer };
        if let Some(recorder) = recorder {
            recorder.end(&mut self.layer, shown, sample.shown(&self.spec, pass).into_owned());
        }
        StdpAdvance::Shown(shown)
    }

    /// What the images of `range` are read as, by live labels; they leave nothing behind. `first` is the number of image 0 in the
    /// whole set.
    pub fn read(&mut self, digits: &Digits, range: Range<usize>, first: usize) -> Vec<Option<u8>> {
        let Self { spec, layer, live, .. } = self;
        let mut answers = Vec::with_capacity(range.len());
        layer.show_each(spec, (digits, range, first), |_, _, spikes| answers.push(live.answer(spikes)));
        answers
    }

    /// The same run under other settings, whose layer has as many neurons. How pictures go is counted anew.
    #[must_use]
    pub fn under(self, spec: Spec) -> Self {
        let images = self.images();
        let layer = self.layer.under(spec.neuron, spec.stdp);
        Self::at(spec, layer, self.live, StdpPosition { live: Live::default(), ..self.position }, images)
    }

    /// The same at the start of a run over so many images.
    #[must_use]
    pub fn over(self, images: usize) -> Self {
        Self::at(self.spec, self.layer, self.live, StdpPosition::default(), images)
    }

    /// Counts anew how pictures go.
    pub fn measured(&mut self) {
        self.position.live = Live::default();
    }

    /// Ends an epoch that is over.
    pub fn end_epoch(&mut self) {
        self.position = StdpPosition { epoch: self.position.epoch + 1, images: 0, live: self.position.live };
        self.order = EpochOrder::new(self.spec.seed, self.position.epoch, self.images());
    }
}

/// How the neurons of a layer answer to the images of `range`, which leave nothing behind in it. `first` is the number of image 0 in
/// the whole set.
pub fn responses(
    layer: &mut StdpLayer,
    (spec, classes): (&Spec, usize),
    digits: &Digits,
    range: Range<usize>,
    first: usize,
) -> Responses {
    let mut responses = Responses::new(layer.neurons(), classes);
    layer.show_each(spec, (digits, range, first), |image, _, spikes| responses.add(digits.label(image), spikes));
    responses
}
