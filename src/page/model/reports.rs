//! The engine on the CPU: how it starts, what it reports, and what is done when it is lost.

use super::effect::{CachePolicy, Effect};
use super::input::EngineKind;
use super::phrases::Phrase;
use super::requests::Asked;
use super::run::Phase;
use super::state::{KeptOffer, Model, Opening, Progress, Source};
use crate::digits::shard::Split;
use crate::event::{Accuracy, EpochDone, StepDone};
use crate::pictures::confusion::Confusion;
use crate::protocol::{BUILD, Report, RequestId};
use crate::spec::Spec;

/// A crash after this number of others in a row is the last: the engine is not started again.
const MOST_CRASHES: u32 = 3;

impl Model {
    /// Starts the engine, or starts it anew.
    pub(super) fn start_engine(&mut self) {
        self.forget_engine();
        self.opening = Opening::Waiting;
        self.wanted.trace = false;
        self.effect(Effect::StartEngine(EngineKind::Cpu));
        self.bar_changed();
    }

    /// Nothing is known of the engine's run, and nothing waited for.
    fn forget_engine(&mut self) {
        self.requests.forget(EngineKind::Cpu);
        self.run = self.run.next(Phase::Starting);
        self.shards = Default::default();
        self.cpu_name.clear();
        self.test_images.clear();
    }

    pub(super) fn lost_engine(&mut self, reason: &str) {
        if self.is_dead {
            return;
        }
        self.crashes += 1;
        if self.crashes > MOST_CRASHES {
            self.forget_engine();
            self.is_dead = true;
            self.effect(Effect::StopEngine(EngineKind::Cpu));
            self.withdraw(&[Phrase::NoteEngineLost, Phrase::NoteEngineBack]);
            self.bar_changed();
            return self.notify(Phrase::NoteEngineDead, vec![("error", reason.to_owned())]);
        }
        self.rescue(reason);
        self.break_handover_off();
        self.start_engine();
    }

    /// An engine reports.
    pub(super) fn receive(
        &mut self,
        engine: EngineKind,
        answers: Option<RequestId>,
        report: Report,
        bytes: Vec<Vec<u8>>,
    ) {
        let asked = answers.and_then(|id| self.requests.answer(engine, id));
        match engine {
            EngineKind::Cpu if self.is_dead => {}
            EngineKind::Cpu => self.receive_from_cpu(asked, answers, report, bytes),
            EngineKind::Gpu if !self.gpu.is_started() => {}
            EngineKind::Gpu => self.receive_from_gpu(asked, answers, report, bytes),
            EngineKind::Photo => self.receive_from_photo_reader(answers, report, bytes),
        }
    }

    fn receive_from_cpu(
        &mut self,
        asked: Option<Asked>,
        answers: Option<RequestId>,
        report: Report,
        bytes: Vec<Vec<u8>>,
    ) {
        match report {
            Report::Ready { build, device, is_software: _ } => self.engine_ready(&build, device),
            Report::Started { spec, accuracy } if asked == Some(Asked::Network) => {
                self.started(answers, &Spec::from_hash(&Spec::default(), &spec).0, accuracy);
            }
            Report::Changed => self.run_changed(),
            Report::Samples(dataset) => self.take_samples(dataset, bytes),
            Report::SamplesRefused(dataset, reason) => self.samples_failed(dataset, reason),
            Report::Need(split, shard) => {
                self.shards.needed(split, shard);
                self.fetch_shard(EngineKind::Cpu, split, shard, CachePolicy::Kept);
                self.bar_changed();
            }
            Report::ShardTaken(split, shard) => {
                self.shards.taken(split, shard);
                if !self.shards.is_in_trouble() {
                    self.withdraw(&[Phrase::NoteShard]);
                }
                if split == Split::Test {
                    self.ask_for_test_images();
                }
                self.bar_changed();
            }
            Report::ShardRefused { split, shard, reason } => self.shard_failed(EngineKind::Cpu, split, shard, reason),
            // A run on the GPU is another engine's.
            Report::Step { .. } | Report::Epoch(_) if self.is_on_gpu() => {}
            Report::Step { done, loss, score, images_per_second } => {
                self.stepped(&done, loss, score, images_per_second)
            }
            Report::Epoch(done) => self.epoch_done(&done),
            Report::Paused if self.is_on_gpu() => {}
            Report::Paused => self.paused(answers),
            Report::Tested { score, step } => {
                self.tested(score, Some(step));
                self.take_predictions(&bytes);
            }
            Report::TestImages(images) if asked == Some(Asked::TestImages) => self.take_test_images(&images, &bytes),
            Report::Trace { step: _, picture: _, label } if asked == Some(Asked::Trace) => {
                self.take_trace(label, &bytes);
            }
            Report::Fields(layer, neurons) if asked == Some(Asked::ReceptiveFields) => {
                self.take_receptive_fields(layer, &neurons, bytes.first());
            }
            Report::Glimpse { more } if asked == Some(Asked::Glimpse) => self.take_glimpse(more, bytes),
            Report::Rates(sizes) => self.take_rates(&sizes, bytes.first()),
            Report::Stopping(images, at) if asked == Some(Asked::Stopping) => self.take_stopping(images, &at),
            Report::Weights if asked == Some(Asked::Weights) => self.take_weights(answers, bytes),
            Report::Checkpoint(_) if asked == Some(Asked::Checkpoint) => {
                if let Some(file) = bytes.into_iter().next() {
                    self.take_checkpoint(file);
                }
            }
            Report::Resumed(step) if asked == Some(Asked::Resume) => {
                self.resumed(self.is_opening(answers) == Some(Source::Kept), step);
            }
            Report::Lost(reason) => self.lost_engine(&reason),
            Report::Failed(reason) => self.request_failed(asked, answers, reason),
            // Answers that nobody waits for.
            Report::Started { .. }
            | Report::TestImages(_)
            | Report::Trace { .. }
            | Report::Fields(..)
            | Report::Glimpse { .. }
            | Report::Stopping(..)
            | Report::Weights
            | Report::Checkpoint(_)
            | Report::Resumed(_) => {}
            // Other engines are asked for these.
            Report::Photo(_) | Report::Tried(_) | Report::Checked(..) => {}
        }
    }

    fn engine_ready(&mut self, build: &str, device: String) {
        if self.run.phase != Phase::Starting {
            return;
        }
        if build != BUILD {
            self.notify(Phrase::NoteBuild, vec![("page", BUILD.to_owned()), ("engine", build.to_owned())]);
        }
        self.cpu_name = device;
        self.run.phase = Phase::Still;
        self.send_data();
        self.ask_for_samples();
        self.open_network();
        self.bar_changed();
    }

    /// Where the network comes from that was to be opened by that request, if it is still to be.
    fn is_opening(&self, answers: Option<RequestId>) -> Option<Source> {
        match self.opening {
            Opening::Asked(id, source) if Some(id) == answers => Some(source),
            Opening::Asked(..) | Opening::Waiting | Opening::Done => None,
        }
    }

    /// The engine has become another network.
    fn started(&mut self, answers: Option<RequestId>, spec: &Spec, accuracy: Option<Accuracy>) {
        // It was asked to become something else since.
        if self.requests.awaits(EngineKind::Cpu, Asked::Network) {
            return;
        }
        // What its file says of it need not be measured.
        self.wanted.test &= accuracy.is_none();
        match self.is_opening(answers) {
            Some(Source::Link) => {
                if !self.opened(spec) {
                    return;
                }
            }
            Some(Source::File) => self.file_opened(spec),
            Some(Source::Kept) | None => {}
        }
        self.changed.notices = true;
        let history = std::mem::take(&mut self.history);
        if history.measured().len() > 1 {
            self.previous_run = history.measured().to_vec();
        }
        self.goal = accuracy.map(|accuracy| accuracy.fraction()).or(self.goal);
        self.progress = Progress { test: accuracy, is_of_file: accuracy.is_some(), ..Progress::default() };
        self.confusion = Confusion::default();
        self.stopping = None;
        // The run that was back is another one's place now; one that is offered still is.
        if matches!(self.kept_offer, Some(KeptOffer::Back(_))) {
            self.end_kept_offer();
        }
        self.network_changed(spec);
        self.ask_for_trace();
    }

    /// The engine has become another network: nothing of the one before is shown any more.
    pub(super) fn network_changed(&mut self, spec: &Spec) {
        self.clock.set_time_steps(spec.time_steps);
        self.neurons_are_pinned = false;
        self.receptive_fields.clear();
        self.columns.clear();
        self.changed.network = true;
        self.wanted.glimpse = true;
        self.ask_for_rates();
        self.everything_changed();
        self.effect(Effect::TellReady);
    }

    /// The engine's network has the same weights and other settings.
    fn run_changed(&mut self) {
        self.stopping = None;
        self.wanted.glimpse = true;
        (self.changed.pad, self.changed.trace) = (true, true);
        self.ask_for_trace();
        self.ask_for_rates();
    }

    /// Steps of the engine that has the run: the newest, the mean loss of them, and their score.
    pub(super) fn stepped(&mut self, done: &StepDone, loss: f32, score: Accuracy, images_per_second: f64) {
        // Those of a run before say nothing of the one that was asked for since.
        if self.requests.awaits(EngineKind::Cpu, Asked::Network) {
            return;
        }
        self.run.trained = true;
        self.times.step = self.now;
        self.history.step(done, loss, score);
        self.progress.epochs = self.history.epochs();
        self.progress.loss = Some(loss);
        self.progress.images_per_second = Some(images_per_second);
        (self.wanted.curves, self.wanted.glimpse) = (true, true);
        self.bar_changed();
    }

    /// An epoch of it is over.
    pub(super) fn epoch_done(&mut self, done: &EpochDone) {
        if self.requests.awaits(EngineKind::Cpu, Asked::Network) {
            return;
        }
        if let Some(test) = done.test {
            self.tested(test, None);
        }
        // An epoch of a few drawings is over soon.
        if self.learns_drawings() {
            self.save_checkpoint_when_due();
        } else {
            self.save_checkpoint();
        }
        if done.epoch + 1 == self.link.spec.epochs && self.run.phase == Phase::Training {
            self.run.phase = Phase::Pausing;
            self.wanted.stop_notice = true;
        }
    }

    fn request_failed(&mut self, asked: Option<Asked>, answers: Option<RequestId>, reason: String) {
        match self.is_opening(answers) {
            Some(Source::Link) => self.file_failed(reason),
            Some(Source::Kept) => self.kept_is_broken(),
            Some(Source::File) => {
                self.opening = Opening::Done;
                self.offered_file.clear();
                self.open_file(Err(reason));
            }
            None => {
                self.engine_failed(reason);
                if asked == Some(Asked::Checkpoint) {
                    self.handover_failed();
                } else if asked == Some(Asked::Resume) && answers == self.recovering {
                    self.not_recovered();
                } else {
                    self.training_failed(answers);
                }
            }
        }
    }

    /// Something could not be done, for this reason.
    pub(super) fn engine_failed(&mut self, reason: String) {
        self.notify(Phrase::NoteEngineFailed, vec![("error", reason)]);
    }
}
