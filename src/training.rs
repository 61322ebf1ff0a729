//! The training step, the same for the CPU and a GPU, and the run that pushes events.
//!
//! A step is *launched*: its images go through the network, slice by slice, and with the last slice the weights are
//! updated. Its loss is *recorded* once it is there: on the CPU at once; a GPU is read every few steps, for reading waits
//! until all that was launched is done.

mod losses;
pub mod share;
mod transfer;

pub use losses::{GpuLosses, PendingLosses};
pub use transfer::RunSnapshot;

use crate::accuracy::evaluate;
use crate::digits::order::EpochOrder;
use crate::digits::{Digits, Images};
use crate::event::{Accuracy, EpochDone, Event, Listener, StepDone};
use crate::kernels;
use crate::layer::{ParameterGradients, numbers};
use crate::network::{BatchPart, Network};
use crate::optimizer::{Adam, learning_rate};
use crate::pipeline::{GpuImages, encode};
use crate::rate_penalty::RatePenalty;
use crate::sample::Sample;
use crate::spec::{Spec, SpecError};
use crate::spikes::encode::Pass;
use burn::tensor::Tensor;
use losses::LaunchedStep;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// Steps whose losses are read from a GPU together.
pub const STEPS_PER_READ: usize = 20;

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Epochs that are over.
    pub epoch: u32,
    /// Images of the epoch in hand that were shown.
    pub images: usize,
    /// Sum of their losses.
    pub loss: f64,
    /// How many of them were classified correctly.
    pub correct: usize,
}

/// What came of [`Run::launch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Launch {
    /// A part of the batch has passed: the weights wait for the rest.
    Partial,
    /// A step was taken, or will be by a GPU. Its loss is among the [`Run::pending_losses`].
    Step,
    /// This shard is due and not there: nothing was done.
    Waiting(usize),
    /// The epoch has no images, or no more of them until it is ended.
    NoImages,
}

/// What came of [`Run::record`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// The listener wants more.
    Continue,
    /// The listener wants no more.
    Break,
    /// A loss is NaN or infinite: the run stops there.
    Diverged,
}

/// What came of [`Run::advance`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advance {
    /// A step was taken, and the listener wants more.
    Stepped,
    /// A step was taken or refused, and the listener wants no more.
    Stopped,
    /// This shard is due and not there: nothing was done.
    Waiting(usize),
    /// The GPU was lost, for this reason, and with it what was learnt since the run was last saved.
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
    passed: PassedPart,
    /// Steps whose losses are not recorded yet.
    launched: Vec<LaunchedStep>,
    /// The newest step that is recorded.
    newest: Option<StepDone>,
    /// Where the network is on a GPU: the images that are there too.
    gpu_images: Option<GpuImages>,
}

/// The part of the batch in hand that has passed.
#[derive(Debug, Default)]
struct PassedPart {
    images: usize,
    /// Those of its images, to which those of the next ones are added.
    gradients: ParameterGradients,
    /// Sum of the images' losses, divided by the size of the batch. A GPU takes whole batches, and leaves this 0.
    loss: f32,
    correct: usize,
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
        let device = network.device();
        let gpu_images = kernels::is_gpu(&device).then(|| GpuImages::new(images, network.pixels(), device));
        let passed = PassedPart::default();
        Self { spec, network, adam, position, order, passed, launched: Vec::new(), newest: None, gpu_images }
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
        self.passed = PassedPart::default();
        if let Some(images) = &mut self.gpu_images
            && !GpuImages::same_layout(&spec, &self.spec)
        {
            images.clear();
        }
        if spec.seed != self.spec.seed {
            self.order = EpochOrder::new(spec.seed, self.position.epoch, self.images());
        }
        self.network.change(&spec);
        self.spec = spec;
        Ok(())
    }

    /// Whether it is trained on a GPU.
    pub const fn is_gpu(&self) -> bool {
        self.gpu_images.is_some()
    }

    /// Takes over the images that another run over the same ones has on the GPU.
    pub fn adopt_gpu_images(&mut self, other: &mut Self) {
        if GpuImages::same_layout(&self.spec, &other.spec)
            && let (Some(images), Some(other)) = (&mut self.gpu_images, &mut other.gpu_images)
        {
            images.adopt(other);
        }
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
    pub fn remaining_in_batch(&self) -> usize {
        self.order.batch(self.position.images, self.spec.batch_size).len() - self.passed.images
    }

    /// Whether no image of a batch waits for the rest of it, and no step for its loss.
    pub fn is_between_batches(&self) -> bool {
        self.passed.images == 0 && self.launched.is_empty()
    }

    /// The shards in the order in which this epoch needs them.
    pub fn due_shards(&self) -> &[usize] {
        self.order.shards()
    }

    /// The shard of the next image.
    pub fn due_shard(&self) -> Option<usize> {
        self.order.batch(self.position.images + self.passed.images, 1).first().map(|place| place.shard)
    }

    /// Whether all weights and all of the optimizer's means are finite numbers. A neuron of NaN never fires, so the loss
    /// may stay finite where they are not. Waits for a GPU.
    pub fn is_finite(&self) -> bool {
        self.network.is_finite() && self.adam.is_finite()
    }

    /// The images that [`Run::advance`] lets pass at once, by the spec.
    pub fn images_at_once(&self) -> usize {
        images_at_once(&self.spec, self.network.pixels())
    }

    /// Trains the next batch, if its images are there, and pushes events. At the end of an epoch the network is measured
    /// on `test`. A batch that would take too much memory passes in slices, which changes no weight.
    pub fn advance(&mut self, images: &impl Images, test: Option<&Digits>, listener: &mut dyn Listener) -> Advance {
        let max_images = self.images_at_once();
        loop {
            match self.launch(max_images, images) {
                Launch::Partial => {}
                Launch::Step => return self.record_due(test, listener),
                Launch::Waiting(shard) => return Advance::Waiting(shard),
                Launch::NoImages => return Advance::Stopped,
            }
        }
    }

    /// Records the losses of the steps that were launched, if they are due; waits for a GPU. Ends an epoch that is over,
    /// and measures the network on `test` then.
    pub fn record_due(&mut self, test: Option<&Digits>, listener: &mut dyn Listener) -> Advance {
        if !self.losses_are_due() {
            return Advance::Stepped;
        }
        let steps = match self.pending_losses().read_blocking() {
            Ok(steps) => steps,
            Err(error) => return Advance::Lost(error.to_string()),
        };
        let recorded = self.record(steps, listener);
        // A GPU is looked at before anything of it is saved.
        let ended = if recorded != Recorded::Diverged && self.epoch_is_over() {
            self.end_epoch(self.is_gpu() || self.is_finite(), test, listener)
        } else {
            ControlFlow::Continue(())
        };
        if recorded == Recorded::Continue && ended.is_continue() { Advance::Stepped } else { Advance::Stopped }
    }

    /// Lets the next images of the batch in hand pass, at most `max_images` and at least one, so that a caller with other things
    /// to do is not kept waiting; with the last of them the weights are updated, unless the loss is known and not finite.
    /// The weights come out bit-identical, however a batch is cut: each gradient is summed in the order of the images. A
    /// GPU takes whole batches.
    pub fn launch(&mut self, max_images: usize, images: &impl Images) -> Launch {
        let max_images = if self.is_gpu() { usize::MAX } else { max_images.max(1) };
        let batch = self.order.batch(self.position.images, self.spec.batch_size);
        let batch_size = batch.len();
        let mut samples = Vec::new();
        let mut labels = Vec::new();
        for place in batch.iter().skip(self.passed.images).take(max_images) {
            let Some((pixels, label)) = images.at(*place) else { return Launch::Waiting(place.shard) };
            samples.push(Sample { pixels, label: Some(label), number: place.sample() as u64 });
            labels.push(label);
        }
        if samples.is_empty() {
            return Launch::NoImages;
        }
        let pass = Pass::Training(self.position.epoch);
        let mut passed = std::mem::take(&mut self.passed);
        let penalty = RatePenalty::of(&self.spec);
        let gradients = std::mem::take(&mut passed.gradients);
        let mut part = BatchPart { gradients, penalty: penalty.per_sample(batch_size), penalties: Vec::new() };
        if let Some(on_gpu) = &mut self.gpu_images {
            let input = on_gpu.encode(&self.spec, &samples, pass, images);
            let logits = self.network.forward_encoded(input, &mut part);
            return self.learn(passed, logits, part.penalties, &labels, batch_size);
        }
        let logits = self.network.forward_part(encode(&self.spec, &samples, pass), &mut part);
        self.learn(passed, logits, part.penalties, &labels, batch_size)
    }

    /// Learns from the logits of some images of a batch, and what their firing rates cost; `passed` has passed before. Their
    /// gradients wait for those of the rest, or the weights are updated.
    fn learn(
        &mut self,
        mut passed: PassedPart,
        logits: Tensor<2>,
        penalties: Vec<Tensor<1>>,
        labels: &[u8],
        batch_size: usize,
    ) -> Launch {
        let (loss, correct) = kernels::cross_entropy(logits, labels, batch_size);
        // The gradients of the layers' penalties are part of the layers' own backward passes.
        let terms: Vec<Tensor<1>> = std::iter::once(loss.clone().inner()).chain(penalties).collect();
        passed.images += labels.len();
        if !self.is_gpu() {
            passed.loss += terms.iter().map(|term| numbers(term.clone())[0]).sum::<f32>();
            passed.correct += correct.clone().into_data().iter::<u32>().next().unwrap_or_default() as usize;
        }
        let images = self.position.images + passed.images;
        if passed.loss.is_finite() {
            passed.gradients = ParameterGradients::take(self.network.flat_parameters(), &mut loss.backward());
            if passed.images < batch_size {
                self.passed = passed;
                return Launch::Partial;
            }
            let rate = learning_rate(&self.spec, self.adam.step(), self.steps());
            self.adam.update(&mut self.network, passed.gradients, rate);
            self.position.images = images;
        }
        let done = StepDone {
            step: self.adam.step(),
            epoch: self.position.epoch,
            images,
            images_in_epoch: self.images(),
            loss: if self.is_gpu() { f32::NAN } else { passed.loss },
            score: Accuracy { correct: passed.correct, images: passed.images },
        };
        let on_gpu = self.is_gpu().then_some((terms, correct));
        self.launched.push(LaunchedStep { done, on_gpu });
        Launch::Step
    }

    /// Steps that were launched and not recorded yet: weights and optimizer have taken them, the position's losses have
    /// not.
    pub fn launched(&self) -> usize {
        self.launched.len()
    }

    /// Whether the next thing to do is to record: losses are there, or enough steps were launched, or an epoch ends.
    pub fn losses_are_due(&self) -> bool {
        let most = if self.is_gpu() { STEPS_PER_READ } else { 1 };
        self.launched() >= most || (self.launched() > 0 && self.position.images >= self.images())
    }

    /// The losses of the steps that were launched. What they are goes into [`Run::record`] before the next launch.
    pub fn pending_losses(&mut self) -> PendingLosses {
        PendingLosses::new(std::mem::take(&mut self.launched))
    }

    /// Counts steps whose losses are there, and pushes their events.
    pub fn record(&mut self, steps: Vec<StepDone>, listener: &mut dyn Listener) -> Recorded {
        let mut recorded = Recorded::Continue;
        for done in steps {
            self.newest = Some(done);
            if !done.loss.is_finite() {
                let _ = listener.handle(&Event::Diverged(done));
                return Recorded::Diverged;
            }
            self.position.loss += f64::from(done.loss) * done.score.images as f64;
            self.position.correct += done.score.correct;
            // Steps that were launched were taken, whatever the listener says of an earlier one.
            if listener.handle(&Event::Step(done)).is_break() {
                recorded = Recorded::Break;
            }
        }
        recorded
    }

    /// Whether all images of the epoch have passed and all their losses are recorded: it has to be ended before the next
    /// launch.
    pub fn epoch_is_over(&self) -> bool {
        self.position.images > 0 && self.position.images >= self.images() && self.launched.is_empty()
    }

    /// Ends the epoch, and measures the network on `test`. A run that is not finite any more ([`Run::is_finite`]) ends
    /// there, as one whose loss is not: its newest step is pushed once more, as one that diverged.
    pub fn end_epoch(
        &mut self,
        is_finite: bool,
        test: Option<&Digits>,
        listener: &mut dyn Listener,
    ) -> ControlFlow<()> {
        if !is_finite {
            if let Some(newest) = self.newest {
                let _ = listener.handle(&Event::Diverged(newest));
            }
            return ControlFlow::Break(());
        }
        let Position { epoch, images, loss, correct } = self.position;
        let done = EpochDone {
            epoch,
            loss: loss / images as f64,
            score: Accuracy { correct, images },
            test: test.map(|digits| evaluate(&self.network, &self.spec, digits, 0..digits.len(), 0)),
        };
        self.position = Position { epoch: epoch + 1, ..Position::default() };
        self.order = EpochOrder::new(self.spec.seed, self.position.epoch, self.images());
        listener.handle(&Event::Epoch(done))
    }
}

/// Bytes that the activations of a batch may take before it passes in slices.
///
/// It depends on the spec alone, so that the losses that are reported, which are summed slice by slice, are the same on every
/// machine. With the defaults no batch reaches it (4,096 images take 0.7 GiB); it leaves room for the weights and the data
/// set on a machine of 4 GiB.
const MOST_ACTIVATIONS: usize = 1 << 30;

/// Images that pass at once, so that what is kept of them until the backward pass stays below [`MOST_ACTIVATIONS`].
fn images_at_once(spec: &Spec, pixels: usize) -> usize {
    // For each neuron and time step: an entry in the lists of events of those that send; of those that receive the
    // potential and, while gradients pass, that of its spike and that of its current.
    let hidden: usize = spec.hidden_neurons(pixels).sum();
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
