//! A run on a graphics card. Images go there once and are coded there; steps are launched one after the other, and what
//! they say of the loss is read now and then, for reading waits until the card has done all that it was told.

use super::{Advance, Run};
use crate::digits::order::{Place, SHARD_SIZE};
use crate::digits::{Digits, Images};
use crate::evaluation::with_noise;
use crate::event::{Event, Flow, Listener, Score, StepDone};
use crate::kernels::{self, ImageStore};
use crate::layer::{LayerInput, ParameterGradients};
use crate::optimizer::learning_rate;
use crate::spec::{Encoding, Spec};
use crate::spikes::encode::Pass;
use burn::tensor::{ExecutionError, Int, Tensor, TensorData, Transaction};
use std::collections::HashSet;

/// Steps whose losses are read together.
pub const STEPS_TO_READ: usize = 20;

/// What a run has on its card.
#[derive(Debug, Default)]
pub(super) struct OnCard {
    images: Option<ImageStore>,
    /// The shards whose images are there.
    shards: HashSet<usize>,
    launched: Vec<Launched>,
}

/// A step that the card was told to take.
#[derive(Debug)]
struct Launched {
    /// All but how it went.
    done: StepDone,
    loss: Tensor<1>,
    correct: Tensor<1, Int>,
}

/// The losses of launched steps, on their way from the card.
pub struct Reading {
    transaction: Transaction,
    steps: Vec<StepDone>,
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reading({} steps)", self.steps.len())
    }
}

impl Reading {
    /// How the steps went, once the card has taken them.
    ///
    /// # Errors
    /// When the card is lost.
    pub async fn read(self) -> Result<Vec<StepDone>, ExecutionError> {
        Ok(filled_in(self.steps, &self.transaction.execute_async().await?))
    }

    /// The same for who can wait.
    ///
    /// # Errors
    /// When the card is lost.
    pub fn read_now(self) -> Result<Vec<StepDone>, ExecutionError> {
        Ok(filled_in(self.steps, &self.transaction.try_execute()?))
    }
}

/// The steps with their losses and counts, which were read in turn.
fn filled_in(mut steps: Vec<StepDone>, data: &[TensorData]) -> Vec<StepDone> {
    for (step, data) in steps.iter_mut().zip(data.chunks_exact(2)) {
        step.loss = data[0].iter::<f32>().next().unwrap_or(f32::NAN);
        step.score.correct = data[1].iter::<u32>().next().unwrap_or_default() as usize;
    }
    steps
}

/// Whether images lie on the card in the same way: all of them as they are, or a batch as it was changed.
pub(super) fn lie_alike(a: &Spec, b: &Spec) -> bool {
    let changed = |spec: &Spec| spec.augment || spec.noise > 0.0;
    changed(a) == changed(b) && a.batch_size == b.batch_size
}

impl Run {
    /// Whether it is trained on a card.
    pub const fn is_on_card(&self) -> bool {
        self.card.is_some()
    }

    /// Takes over the images that lie on the card, from a run over the same ones.
    pub fn take_images_of(&mut self, other: &mut Self) {
        if self.images() == other.images()
            && self.network.pixels() == other.network.pixels()
            && lie_alike(&self.spec, &other.spec)
            && let (Some(card), Some(other)) = (&mut self.card, &mut other.card)
        {
            (card.images, card.shards) = (other.images.take(), std::mem::take(&mut other.shards));
        }
    }

    /// Forgets the images that lie on the card: they will lie there otherwise.
    pub(super) fn drop_images(&mut self) {
        if let Some(card) = &mut self.card {
            (card.images, card.shards) = (None, HashSet::new());
        }
    }

    /// Steps that were launched and not read yet: weights and optimizer have taken them, the position's losses have not.
    pub fn launched(&self) -> usize {
        self.card.as_ref().map_or(0, |card| card.launched.len())
    }

    /// Whether the next thing to do is to read: enough was launched, or an epoch ends.
    pub fn is_to_be_read(&self) -> bool {
        let launched = self.launched();
        launched >= STEPS_TO_READ || (launched > 0 && self.position.images >= self.images())
    }

    /// Tells the card to take the next step: `Stepped`, or `Waiting`.
    pub fn launch(&mut self, images: &impl Images) -> Advance {
        let batch = self.order.batch(self.position.images, self.spec.batch_size).to_vec();
        let found = batch.iter().map(|place| images.at(*place).ok_or(place.shard));
        let found = match found.collect::<Result<Vec<_>, usize>>() {
            Ok(found) if !found.is_empty() => found,
            Ok(_) => return Advance::Stopped,
            Err(shard) => return Advance::Waiting(shard),
        };
        let (pixels, labels): (Vec<&[u8]>, Vec<u8>) = found.into_iter().unzip();
        let samples: Vec<u64> = batch.iter().map(|place| place.sample() as u64).collect();
        let augmented = self.augmented(&pixels, &labels, &samples);
        let slices: Option<Vec<&[u8]>> = augmented.as_ref().map(|all| all.iter().map(Vec::as_slice).collect());
        let pass = Pass::Training(self.position.epoch);
        let noisy = with_noise(&self.spec, slices.as_deref().unwrap_or(&pixels), &samples, pass);
        let changed = noisy.or(augmented);
        let input = self.input_on_card(&batch, samples, changed, images);
        let (loss, correct) = kernels::cross_entropy(
            self.network.forward_encoded(input, &mut ParameterGradients::default()),
            &labels,
            labels.len(),
        );
        let rate = learning_rate(&self.spec, self.adam.step(), self.steps());
        let gradients = ParameterGradients::take(self.network.flat_parameters(), &mut loss.backward());
        self.adam.update(&mut self.network, gradients, rate);
        self.position.images += labels.len();
        let done = StepDone {
            step: self.adam.step(),
            epoch: self.position.epoch,
            images: self.position.images,
            images_in_epoch: self.images(),
            loss: f32::NAN,
            score: Score { correct: 0, images: labels.len() },
        };
        if let Some(card) = &mut self.card {
            card.launched.push(Launched { done, loss: loss.inner(), correct });
        }
        Advance::Stepped
    }

    /// A batch, coded on the card. Images that are not changed lie there after they were first needed.
    fn input_on_card(
        &mut self,
        batch: &[Place],
        samples: Vec<u64>,
        changed: Option<Vec<Vec<u8>>>,
        images: &impl Images,
    ) -> LayerInput {
        let (device, all, size) = (self.network.device(), self.images(), self.network.pixels());
        let (time_steps, pass) = (self.spec.time_steps, Pass::Training(self.position.epoch));
        let card = self.card.get_or_insert_default();
        let wanted = if changed.is_some() { self.spec.batch_size.next_multiple_of(4) } else { all };
        let store = card.images.get_or_insert_with(|| ImageStore::new(wanted, size, &device));
        let numbers: Vec<(usize, u64)> = match changed {
            Some(changed) => {
                store.put(0, &changed.concat());
                samples.into_iter().enumerate().collect()
            }
            None => {
                for place in batch {
                    if card.shards.insert(place.shard)
                        && let Some(shard) = images.shard(place.shard)
                    {
                        store.put(place.shard * SHARD_SIZE, shard);
                    }
                }
                samples.into_iter().map(|sample| (sample as usize, sample)).collect()
            }
        };
        match self.spec.encoding {
            Encoding::Current => LayerInput::Currents { values: store.currents(&numbers), time_steps },
            coding => LayerInput::Spikes(store.spikes(&numbers, coding, self.spec.seed, pass, time_steps)),
        }
    }

    /// The losses of what was launched, to be read; what they are goes into [`Run::settle`] before anything is launched
    /// again.
    pub fn reading(&mut self) -> Reading {
        let launched = self.card.as_mut().map(|card| std::mem::take(&mut card.launched)).unwrap_or_default();
        let mut transaction = Transaction::default();
        let mut steps = Vec::new();
        for Launched { done, loss, correct } in launched {
            transaction = transaction.register(loss).register(correct);
            steps.push(done);
        }
        Reading { transaction, steps }
    }

    /// Counts steps that were read and tells them.
    pub fn settle(&mut self, steps: Vec<StepDone>, test: Option<&Digits>, listener: &mut dyn Listener) -> Advance {
        let mut flow = Flow::Go;
        let mut newest = None;
        for done in steps {
            if !done.loss.is_finite() {
                listener.hear(&Event::Diverged(done));
                return Advance::Stopped;
            }
            self.position.loss += f64::from(done.loss) * done.score.images as f64;
            self.position.correct += done.score.correct;
            newest = Some(done);
            // Steps that were launched were taken, whatever the listener says of an earlier one.
            if listener.hear(&Event::Step(done)) == Flow::Stop {
                flow = Flow::Stop;
            }
        }
        if self.position.images >= self.images()
            && let Some(done) = newest
            && self.end_epoch(done, test, listener) == Flow::Stop
        {
            flow = Flow::Stop;
        }
        match flow {
            Flow::Go => Advance::Stepped,
            Flow::Stop => Advance::Stopped,
        }
    }

    /// [`Run::advance`] on a card.
    pub(super) fn advance_on_card(
        &mut self,
        images: &impl Images,
        test: Option<&Digits>,
        listener: &mut dyn Listener,
    ) -> Advance {
        match self.launch(images) {
            Advance::Stepped if !self.is_to_be_read() => Advance::Stepped,
            Advance::Stepped => match self.reading().read_now() {
                Ok(steps) => self.settle(steps, test, listener),
                Err(error) => Advance::Lost(error.to_string()),
            },
            other => other,
        }
    }
}
