//! One step; the run that pushes events.

use crate::digits::augment::augment;
use crate::digits::order::EpochOrder;
use crate::digits::{Digits, Images};
use crate::evaluation::{encode, evaluate};
use crate::event::{EpochDone, Event, Flow, Listener, Score, StepDone};
use crate::kernels;
use crate::loss;
use crate::network::{Input, Network, numbers};
use crate::optimizer::{Adam, learning_rate};
use crate::spec::Spec;
use crate::spikes::encode::Pass;
use serde::{Deserialize, Serialize};

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Epochs that are over.
    pub epoch: u32,
    /// Images of the epoch in hand that were shown.
    pub images: usize,
    /// Sum of their losses.
    pub loss: f64,
    /// How many of them were read rightly.
    pub correct: usize,
}

/// What came of [`Run::advance`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance {
    /// A step was taken, and the listener wants more.
    Stepped,
    /// A step was taken or refused, and the listener wants no more.
    Stopped,
    /// This shard is due and not there: nothing was done.
    Waiting(usize),
}

/// A network in training: all that decides how it goes on.
#[derive(Debug)]
pub struct Run {
    /// What is trained and how.
    pub spec: Spec,
    /// The network as it is now.
    pub network: Network,
    /// The optimizer as it is now.
    pub adam: Adam,
    /// How far it has come.
    pub position: Position,
    order: EpochOrder,
}

impl Run {
    /// A run at its start, over `images` images. The network must live on an autodiff device.
    pub fn new(spec: Spec, network: Network, images: usize) -> Self {
        let adam = Adam::new(&network);
        Self::at(spec, network, adam, Position::default(), images)
    }

    /// A run in the middle.
    pub fn at(spec: Spec, network: Network, adam: Adam, position: Position, images: usize) -> Self {
        let order = EpochOrder::new(spec.seed, position.epoch, images);
        Self { spec, network, adam, position, order }
    }

    /// Images in an epoch.
    pub fn images(&self) -> usize {
        self.order.len()
    }

    /// Steps in the whole run as the spec has it.
    pub fn steps(&self) -> u64 {
        (self.images().div_ceil(self.spec.batch_size) as u64) * u64::from(self.spec.epochs)
    }

    /// Whether all epochs of the spec are over.
    pub const fn is_finished(&self) -> bool {
        self.position.epoch >= self.spec.epochs
    }

    /// The shards in the order in which this epoch needs them.
    pub fn due_shards(&self) -> &[usize] {
        self.order.shards()
    }

    /// The shard of the next image.
    pub fn due_shard(&self) -> Option<usize> {
        self.order.batch(self.position.images, 1).first().map(|place| place.shard)
    }

    /// Trains the next batch, if its images are there, and tells the listener. At the end of an epoch the network is
    /// measured on `test`.
    pub fn advance(&mut self, images: &impl Images, test: Option<&Digits>, listener: &mut dyn Listener) -> Advance {
        let batch = self.order.batch(self.position.images, self.spec.batch_size);
        let (mut pixels, mut labels, mut samples) = (Vec::new(), Vec::new(), Vec::new());
        for place in batch {
            let Some((image, label)) = images.at(*place) else { return Advance::Waiting(place.shard) };
            pixels.push(image);
            labels.push(label);
            samples.push(place.sample() as u64);
        }
        if labels.is_empty() {
            return Advance::Stopped;
        }
        let (loss, score) = kernels::together(|| {
            let changed = self.augmented(&pixels, &samples);
            let pixels = changed.as_ref().map_or(pixels, |images| images.iter().map(Vec::as_slice).collect());
            let input = encode(&self.spec, &pixels, &samples, Pass::Training(self.position.epoch));
            self.step(input, &labels)
        });
        let done = StepDone {
            step: self.adam.step(),
            epoch: self.position.epoch,
            images: self.position.images + labels.len(),
            images_in_epoch: self.images(),
            loss,
            score,
        };
        if !loss.is_finite() {
            listener.hear(&Event::Diverged(done));
            return Advance::Stopped;
        }
        self.position.images = done.images;
        self.position.loss += f64::from(loss) * labels.len() as f64;
        self.position.correct += score.correct;
        let mut flow = listener.hear(&Event::Step(done));
        if self.position.images == self.images() && self.end_epoch(test, listener) == Flow::Stop {
            flow = Flow::Stop;
        }
        match flow {
            Flow::Go => Advance::Stepped,
            Flow::Stop => Advance::Stopped,
        }
    }

    /// The images as this epoch shows them; none where the spec leaves them as they are.
    fn augmented(&self, images: &[&[u8]], samples: &[u64]) -> Option<Vec<Vec<u8>>> {
        let (seed, epoch) = (self.spec.seed, self.position.epoch);
        let changed =
            || images.iter().zip(samples).map(|(image, sample)| augment(image, seed, epoch, *sample)).collect();
        self.spec.augment.then(changed)
    }

    /// One update of the weights; none if the loss is no finite number. Gives the loss and the score
    /// before the update.
    fn step(&mut self, input: Input, labels: &[u8]) -> (f32, Score) {
        let logits = self.network.forward(input);
        let loss = kernels::cross_entropy(logits.clone(), labels);
        let score = loss::score(&numbers(logits.inner()), labels);
        let value = numbers(loss.clone().inner())[0];
        if value.is_finite() {
            let rate = learning_rate(&self.spec, self.adam.step(), self.steps());
            self.adam.update(&mut self.network, &mut loss.backward(), rate);
        }
        (value, score)
    }

    fn end_epoch(&mut self, test: Option<&Digits>, listener: &mut dyn Listener) -> Flow {
        let Position { epoch, images, loss, correct } = self.position;
        let done = EpochDone {
            epoch,
            loss: loss / images as f64,
            score: Score { correct, images },
            test: test.map(|digits| evaluate(&self.network, &self.spec, digits, 0..digits.len(), 0)),
        };
        self.position = Position { epoch: epoch + 1, ..Position::default() };
        self.order = EpochOrder::new(self.spec.seed, self.position.epoch, self.images());
        listener.hear(&Event::Epoch(done))
    }
}
