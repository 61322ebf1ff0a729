//! One step; the run that pushes events.

mod card;
mod moving;

pub use card::{Reading, STEPS_TO_READ};
pub use moving::AtRest;

use crate::digits::augment::augment;
use crate::digits::order::EpochOrder;
use crate::digits::{Digits, Images};
use crate::evaluation::{encode, evaluate};
use crate::event::{EpochDone, Event, Flow, Listener, Score, StepDone};
use crate::kernels;
use crate::layer::{ParameterGradients, numbers};
use crate::network::{EncodedBatch, Network};
use crate::optimizer::{Adam, learning_rate};
use crate::spec::{Dataset, Spec, SpecError};
use crate::spikes::encode::Pass;
use card::{OnCard, lie_alike};
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advance {
    /// A step was taken, and the listener wants more.
    Stepped,
    /// A part of a step was taken: the weights wait for the rest of the batch.
    Partly,
    /// A step was taken or refused, and the listener wants no more.
    Stopped,
    /// This shard is due and not there: nothing was done.
    Waiting(usize),
    /// The card was lost, for this reason, and with it what was learnt since the run was last saved.
    Lost(String),
}

/// Why a run cannot go on under other settings.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ChangeError {
    /// One of them is out of its range.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The weights would not fit.
    #[error("other layers, or other images, need other weights: start anew")]
    Shape,
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
    part: Part,
    card: Option<OnCard>,
}

/// What has passed of a batch that passes in slices.
#[derive(Debug, Default)]
struct Part {
    images: usize,
    /// Those of the images that have passed, to which those of the next ones are added.
    gradients: ParameterGradients,
    /// Sum of the images' losses, divided by the size of the batch.
    loss: f32,
    score: Score,
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
        let card = kernels::is_gpu(&network.device()).then(OnCard::default);
        Self { spec, network, adam, position, order, part: Part::default(), card }
    }

    /// Goes on under other settings with the weights, the optimizer's means and the place in the epoch as they are. What
    /// has passed of a batch in hand passes again.
    ///
    /// # Errors
    /// When a setting is out of its range or the layers would have other sizes; the run is then as it was.
    pub fn change(&mut self, spec: Spec) -> Result<(), ChangeError> {
        spec.check()?;
        if !spec.has_shape_of(&self.spec) {
            return Err(ChangeError::Shape);
        }
        self.part = Part::default();
        if !lie_alike(&spec, &self.spec) {
            self.drop_images();
        }
        if spec.seed != self.spec.seed {
            self.order = EpochOrder::new(spec.seed, self.position.epoch, self.images());
        }
        self.network.change(&spec);
        self.spec = spec;
        Ok(())
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

    /// Images of the batch in hand that have not passed yet.
    pub fn pending(&self) -> usize {
        self.order.batch(self.position.images, self.spec.batch_size).len() - self.part.images
    }

    /// The shards in the order in which this epoch needs them.
    pub fn due_shards(&self) -> &[usize] {
        self.order.shards()
    }

    /// The shard of the next image.
    pub fn due_shard(&self) -> Option<usize> {
        self.order.batch(self.position.images + self.part.images, 1).first().map(|place| place.shard)
    }

    /// Whether all weights and all of the optimizer's means are finite numbers. A neuron of NaN never fires, so the loss
    /// may stay finite where they are not. On a card this waits for it.
    pub fn is_finite(&self) -> bool {
        self.network.is_finite() && self.adam.is_finite()
    }

    /// Trains the next batch, if its images are there, and tells the listener. At the end of an epoch the network is
    /// measured on `test`. A batch that would take too much memory passes in slices, which changes no weight.
    pub fn advance(&mut self, images: &impl Images, test: Option<&Digits>, listener: &mut dyn Listener) -> Advance {
        let most = self.images_at_once();
        loop {
            match self.advance_by(most, images, test, listener) {
                Advance::Partly => {}
                other => return other,
            }
        }
    }

    /// The images that [`Run::advance`] lets pass at once, by the spec.
    pub fn images_at_once(&self) -> usize {
        images_at_once(&self.spec, self.network.pixels())
    }

    /// The same for at most so many images of the batch, at least one, so that a caller with other things to do is not
    /// kept waiting. The weights come out the same to the bit, however a batch is cut: each gradient is summed in the
    /// order of the images.
    pub fn advance_by(
        &mut self,
        most: usize,
        images: &impl Images,
        test: Option<&Digits>,
        listener: &mut dyn Listener,
    ) -> Advance {
        if self.card.is_some() {
            return self.advance_on_card(images, test, listener);
        }
        let batch = self.order.batch(self.position.images, self.spec.batch_size);
        let whole = batch.len();
        let (mut pixels, mut labels, mut samples) = (Vec::new(), Vec::new(), Vec::new());
        for place in batch.iter().skip(self.part.images).take(most.max(1)) {
            let Some((image, label)) = images.at(*place) else { return Advance::Waiting(place.shard) };
            pixels.push(image);
            labels.push(label);
            samples.push(place.sample() as u64);
        }
        if labels.is_empty() {
            return Advance::Stopped;
        }
        let part = kernels::in_pool(|| {
            let changed = self.augmented(&pixels, &labels, &samples);
            let pixels = changed.as_ref().map_or(pixels, |images| images.iter().map(Vec::as_slice).collect());
            let input = encode(&self.spec, &pixels, &samples, Pass::Training(self.position.epoch));
            self.step(input, &labels, whole)
        });
        if part.images < whole && part.loss.is_finite() {
            self.part = part;
            return Advance::Partly;
        }
        self.part = Part::default();
        self.end_step(part, test, listener)
    }

    /// Counts a step and tells it.
    fn end_step(&mut self, part: Part, test: Option<&Digits>, listener: &mut dyn Listener) -> Advance {
        let Part { images, loss, score, .. } = part;
        let done = StepDone {
            step: self.adam.step(),
            epoch: self.position.epoch,
            images: self.position.images + images,
            images_in_epoch: self.images(),
            loss,
            score,
        };
        if !loss.is_finite() {
            listener.hear(&Event::Diverged(done));
            return Advance::Stopped;
        }
        self.position.images = done.images;
        self.position.loss += f64::from(loss) * images as f64;
        self.position.correct += score.correct;
        let mut flow = listener.hear(&Event::Step(done));
        if self.position.images == self.images() && self.end_epoch(done, test, listener) == Flow::Stop {
            flow = Flow::Stop;
        }
        match flow {
            Flow::Go => Advance::Stepped,
            Flow::Stop => Advance::Stopped,
        }
    }

    /// The images as this epoch shows them; none where the spec leaves them as they are.
    fn augmented(&self, images: &[&[u8]], labels: &[u8], samples: &[u64]) -> Option<Vec<Vec<u8>>> {
        let Spec { seed, dataset, augment: true, .. } = self.spec else { return None };
        let digit = |label: u8| (dataset == Dataset::Mnist).then_some(label);
        let mut changed = vec![Vec::new(); images.len()];
        let pieces = changed.iter_mut().zip(images).zip(labels).zip(samples).collect();
        kernels::par_for_each(pieces, |(((changed, image), label), sample)| {
            *changed = augment(image, digit(*label), seed, self.position.epoch, *sample);
        });
        Some(changed)
    }

    /// Takes some images of a batch of `whole` through the network; with the last of them the weights are updated, unless
    /// the loss is no finite number. Gives what has passed of the batch by now, as it was before the update.
    fn step(&mut self, input: EncodedBatch, labels: &[u8], whole: usize) -> Part {
        let mut part = std::mem::take(&mut self.part);
        let logits = self.network.forward_onto(input, &mut part.gradients);
        let (loss, correct) = kernels::cross_entropy(logits, labels, whole);
        part.images += labels.len();
        part.score += Score { correct: correct.into_scalar::<u32>() as usize, images: labels.len() };
        part.loss += numbers(loss.clone().inner())[0];
        if part.loss.is_finite() {
            part.gradients = ParameterGradients::take(self.network.flat_parameters(), &mut loss.backward());
            if part.images == whole {
                let rate = learning_rate(&self.spec, self.adam.step(), self.steps());
                self.adam.update(&mut self.network, std::mem::take(&mut part.gradients), rate);
            }
        }
        part
    }

    /// Ends an epoch. A run whose weights are no numbers any more ends there, as one whose loss is none: its newest step is
    /// told once more, as one that diverged.
    fn end_epoch(&mut self, done: StepDone, test: Option<&Digits>, listener: &mut dyn Listener) -> Flow {
        // A card cannot be read here where nobody can wait: what comes from it is looked at before it is kept.
        if self.card.is_none() && !self.is_finite() {
            listener.hear(&Event::Diverged(done));
            return Flow::Stop;
        }
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

/// Bytes that the activations of a batch may take before it passes in slices.
///
/// It depends on the spec alone, so that the losses that are told, which are summed slice by slice, are the same on every
/// machine. With the defaults no batch reaches it (4,096 images take 0.7 GiB); it leaves room for the weights and the data
/// set on a machine of 4 GiB.
const MOST_ACTIVATIONS: usize = 1 << 30;

/// Images that pass at once, so that what is kept of them until the backward pass stays below [`MOST_ACTIVATIONS`].
fn images_at_once(spec: &Spec, pixels: usize) -> usize {
    // For each neuron and time step: an entry in the lists of events of those that send; of those that receive the
    // potential and, while gradients pass, that of its spike and that of its current.
    let hidden: usize = spec.hidden_neurons().sum();
    let numbers = spec.time_steps * (pixels + hidden + 3 * hidden);
    (MOST_ACTIVATIONS / (numbers * size_of::<f32>()).max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::dense;

    #[test]
    fn large_batches_pass_in_slices_and_usual_ones_do_not() {
        assert!(images_at_once(&Spec { batch_size: 4096, ..Spec::default() }, 784) >= 4096);
        let large = Spec { layers: dense([4096]), time_steps: 256, ..Spec::default() };
        let images = images_at_once(&large, 784);
        assert!((1..100).contains(&images), "{images}");
        let largest = Spec { layers: dense([4096; 4]), ..large };
        assert!(images_at_once(&largest, 1 << 20) >= 1, "one image at least");
    }
}
