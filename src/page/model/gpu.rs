//! The second engine, on a GPU: it is fetched once training has begun, tried beside the first, and takes the run over where it is
//! faster. The first one stays: it answers for pictures, tests and weights from the newest checkpoint, and goes on from
//! there when the GPU is lost.

use super::effect::{CachePolicy, Effect};
use super::input::EngineKind;
use super::link::EngineChoice;
use super::phrases::Phrase;
use super::requests::Asked;
use super::run::Phase;
use super::state::{GpuEngine, GpuState, Model};
use crate::pictures::numbers::grouped;
use crate::protocol::{BUILD, Report, Request, RequestId};
use crate::spec::Rule;

/// A trial says something once the first engine has shown its speed, in milliseconds after it began.
const TRIAL_AFTER: f64 = 1500.0;
/// The GPU takes over where it is this much faster: moving is not worth less.
const FASTER: f64 = 1.1;

impl Model {
    /// Fetches the engine, if it is wanted and there may be something for it to run on.
    pub(super) fn call_gpu(&mut self) {
        if self.link.engine == EngineChoice::Cpu || self.gpu.state != GpuState::Absent {
            return;
        }
        let [has_engine, may_have_gpu] = self.gpu_is_possible;
        if !(has_engine && may_have_gpu) {
            if self.link.engine == EngineChoice::Gpu {
                self.say_of_gpu(if has_engine { Phrase::NoGpu } else { Phrase::NoGpuEngine }, Vec::new());
            }
            self.gpu.state = GpuState::Refused;
            return;
        }
        self.requests.forget(EngineKind::Gpu);
        self.gpu.state = GpuState::Starting;
        self.effect(Effect::StartEngine(EngineKind::Gpu));
    }

    /// Whether the GPU has the run.
    pub fn is_on_gpu(&self) -> bool {
        self.gpu.state == GpuState::Driving
    }

    /// The first engine becomes another run: that on the GPU is over.
    pub(super) fn end_gpu_run(&mut self) {
        match self.gpu.state {
            GpuState::Driving | GpuState::Returning | GpuState::Taking => {
                self.ask(EngineKind::Gpu, Request::Pause, Vec::new());
                self.gpu.state = GpuState::Idle;
                self.bar_changed();
            }
            // What comes of the trial is of another run.
            GpuState::Trying => self.gpu.tried = None,
            GpuState::Absent | GpuState::Starting | GpuState::Idle | GpuState::Refused => {}
        }
    }

    /// Has the GPU tried, if that is worth it now.
    pub(super) fn consider_gpu(&mut self) {
        if self.run.phase != Phase::Training || self.link.engine == EngineChoice::Cpu || self.learns_drawings() {
            return;
        }
        // Pictures that are learnt one by one are no work for it.
        if self.link.spec.rule == Rule::Stdp {
            return;
        }
        // Its program is larger than all the rest: it would come beside the first images, and hold them up.
        if self.progress.images_per_second.is_none() {
            return;
        }
        self.call_gpu();
        let is_known = self.now - self.times.train > TRIAL_AFTER;
        let spec = self.run.holds.as_ref().map(|(spec, _)| spec);
        if self.gpu.state == GpuState::Idle && is_known && self.gpu.tried.as_ref() != spec {
            self.gpu.tried = spec.cloned();
            self.gpu.state = GpuState::Trying;
            if !self.awaits_checkpoint() {
                self.ask_for_checkpoint(Request::Checkpoint);
            }
        }
    }

    /// The engine that trains is chosen anew.
    pub(super) fn choose_engine(&mut self) {
        self.withdraw(&[Phrase::NoteGpuLost]);
        self.engine_notice = None;
        self.changed.notices = true;
        self.gpu.tried = None;
        match (self.link.engine, self.gpu.state) {
            (EngineChoice::Cpu, GpuState::Driving) => {
                self.gpu.state = GpuState::Returning;
                self.ask(EngineKind::Gpu, Request::Pause, Vec::new());
            }
            (EngineChoice::Auto | EngineChoice::Gpu, GpuState::Refused) => {
                self.gpu.state = GpuState::Absent;
                self.call_gpu();
            }
            (EngineChoice::Gpu, GpuState::Absent) => self.call_gpu(),
            _ => {}
        }
    }

    /// A sentence beside the choice of the engine.
    fn say_of_gpu(&mut self, phrase: Phrase, values: Vec<(&'static str, String)>) {
        self.engine_notice = Some((phrase, values));
        self.changed.notices = true;
    }

    // ---- reports ----

    pub(super) fn receive_from_gpu(
        &mut self,
        asked: Option<Asked>,
        answers: Option<RequestId>,
        report: Report,
        bytes: Vec<Vec<u8>>,
    ) {
        match report {
            Report::Ready { build, device, is_software } => self.gpu_ready(&build, device, is_software),
            Report::Lost(reason) => self.lost_gpu(&reason),
            Report::Need(split, shard) => {
                self.gpu.shards.needed(split, shard);
                self.fetch_shard(EngineKind::Gpu, split, shard, CachePolicy::Kept);
            }
            Report::ShardTaken(split, shard) => self.gpu.shards.taken(split, shard),
            Report::ShardRefused { split, shard, reason } => self.shard_failed(EngineKind::Gpu, split, shard, reason),
            Report::Tried(speed) if asked == Some(Asked::Benchmark) => self.tried(speed),
            Report::Resumed(_) if asked == Some(Asked::Resume) && self.gpu.state == GpuState::Taking => {
                self.gpu_takes_over();
            }
            Report::Checkpoint(_) if matches!(self.gpu.state, GpuState::Driving | GpuState::Returning) => {
                if let Some(checkpoint) = bytes.into_iter().next() {
                    self.ask(EngineKind::Cpu, Request::Resume, vec![checkpoint.clone()]);
                    self.keep(checkpoint);
                    // It may be from before a setting was changed.
                    self.repeat_change(EngineKind::Cpu);
                }
            }
            Report::Paused if self.gpu.state == GpuState::Returning => {
                self.gpu.state = GpuState::Idle;
                if self.run.phase == Phase::Training {
                    self.go_on_training();
                } else {
                    self.stand_still();
                }
            }
            Report::Step { done, loss, score, images_per_second } if self.is_on_gpu() => {
                self.stepped(&done, loss, score, images_per_second);
            }
            Report::Epoch(done) if self.is_on_gpu() => self.epoch_done(&done),
            Report::Paused if self.is_on_gpu() => self.paused(answers),
            // What it was to become, it cannot be.
            Report::Failed(reason) if matches!(self.gpu.state, GpuState::Trying | GpuState::Taking) => {
                self.lost_gpu(&reason);
            }
            Report::Failed(reason) => {
                self.engine_failed(reason);
                if self.is_on_gpu() {
                    self.training_failed(answers);
                }
            }
            // What comes of a run that is over.
            Report::Step { .. }
            | Report::Epoch(_)
            | Report::Paused
            | Report::Checkpoint(_)
            | Report::Resumed(_)
            | Report::Tried(_) => {}
            // It is not asked for these.
            Report::Started { .. }
            | Report::Samples(_)
            | Report::SamplesRefused(..)
            | Report::Changed
            | Report::Tested { .. }
            | Report::TestImages(_)
            | Report::Trace { .. }
            | Report::Photo(_)
            | Report::Fields(..)
            | Report::Glimpse { .. }
            | Report::Rates(_)
            | Report::Stopping(..)
            | Report::Weights
            | Report::Checked(..) => {}
        }
    }

    fn gpu_ready(&mut self, build: &str, device: String, is_software: bool) {
        if build != BUILD {
            return self.lost_gpu(&format!("{build}, {BUILD}"));
        }
        if self.gpu.state != GpuState::Starting {
            return;
        }
        self.gpu.name = device;
        if is_software && self.link.engine == EngineChoice::Auto {
            self.say_of_gpu(Phrase::GpuSoftware, vec![("card", self.gpu.name.clone())]);
            return self.dismiss_gpu();
        }
        self.gpu.state = GpuState::Idle;
        if !self.learns_drawings() {
            self.send_manifest_to_gpu();
        }
    }

    /// The engine ends, and is started again only where it is chosen.
    fn dismiss_gpu(&mut self) {
        self.requests.forget(EngineKind::Gpu);
        self.gpu = GpuEngine { state: GpuState::Refused, ..GpuEngine::default() };
        self.effect(Effect::StopEngine(EngineKind::Gpu));
    }

    /// The manifest is there, or another one.
    pub(super) fn send_manifest_to_gpu(&mut self) {
        if let (Some(manifest), true) = (self.manifest.clone(), self.gpu.is_started()) {
            self.ask(EngineKind::Gpu, Request::Data(manifest), Vec::new());
        }
    }

    /// Where settings were changed on the way, an engine that got a checkpoint hears of them again.
    pub(super) fn repeat_change(&mut self, engine: EngineKind) {
        if let Some((spec, _)) = self.run.holds.clone().filter(|_| self.run.is_mixed()) {
            self.ask(engine, Request::Change(spec), Vec::new());
        }
    }

    fn tried(&mut self, speed: f64) {
        if self.gpu.state != GpuState::Trying {
            return;
        }
        self.gpu.state = GpuState::Idle;
        let spec = self.run.holds.as_ref().map(|(spec, _)| spec);
        if self.gpu.tried.as_ref() != spec || self.run.phase != Phase::Training {
            self.gpu.tried = None;
            return;
        }
        let first = self.progress.images_per_second.unwrap_or_default();
        if speed > first * FASTER || self.link.engine == EngineChoice::Gpu {
            self.gpu.state = GpuState::Taking;
            return self.ask_for_checkpoint(Request::HandOver);
        }
        let values = vec![("card", self.gpu.name.clone()), ("n", grouped(speed as u64)), ("m", grouped(first as u64))];
        self.say_of_gpu(Phrase::GpuSlower, values);
    }

    fn gpu_takes_over(&mut self) {
        self.gpu.state = GpuState::Driving;
        self.bar_changed();
        self.repeat_change(EngineKind::Gpu);
        if self.run.phase == Phase::Training {
            self.run.training_request = self.ask(EngineKind::Gpu, Request::Train, Vec::new());
        }
    }

    /// The first engine is lost: what was to move stays, and is recovered with the run.
    pub(super) fn break_handover_off(&mut self) {
        if matches!(self.gpu.state, GpuState::Trying | GpuState::Taking) {
            (self.gpu.state, self.gpu.tried) = (GpuState::Idle, None);
        }
    }

    /// The first engine has no checkpoint to give: the GPU stays where it is, and training goes on where it was.
    pub(super) fn handover_failed(&mut self) {
        if !matches!(self.gpu.state, GpuState::Trying | GpuState::Taking) {
            return;
        }
        let stopped = std::mem::replace(&mut self.gpu.state, GpuState::Idle) == GpuState::Taking;
        if stopped && self.run.phase == Phase::Training {
            self.go_on_training();
        }
    }

    /// The GPU cannot be used, or no longer: the first engine goes on.
    pub(super) fn lost_gpu(&mut self, reason: &str) {
        let was = self.gpu.state;
        self.dismiss_gpu();
        let mut values = vec![("error", reason.to_owned())];
        let had_run = matches!(was, GpuState::Driving | GpuState::Returning);
        if had_run {
            let since = self.run.snapshot.as_ref().map_or(0.0, |snapshot| self.now - snapshot.at);
            values.push(("n", format!("{:.0}", since / 1000.0)));
            self.notify(Phrase::NoteGpuLost, values);
        } else if self.link.engine == EngineChoice::Gpu {
            self.say_of_gpu(Phrase::GpuRefused, values);
        }
        match self.run.phase {
            Phase::Training if had_run || was == GpuState::Taking => self.go_on_training(),
            Phase::Pausing if had_run => self.stand_still(),
            Phase::Starting | Phase::Still | Phase::Training | Phase::Pausing => {}
        }
        self.bar_changed();
    }
}
