//! Learning without labels in the engine: what is asked of a layer that learns by STDP. Its pictures pass one by one, and what is
//! told of it is small, so training, tests and [`StdpStoppingTest`] are cut by pictures and nothing else is cut.

use super::inspection::{check_size, check_whole};
use super::jobs::Job;
use super::{Mode, Session};
use crate::digits::Digits;
use crate::digits::shard::Split;
use crate::event::{Accuracy, EpochDone, StepDone};
use crate::plasticity::network::StdpNetwork;
use crate::plasticity::run::{StdpAdvance, StdpPosition, StdpRun};
use crate::protocol::{Picture, Report, Request};
use crate::sample::Sample;
use crate::spec::{Rule, Spec};
use crate::spikes::encode::Pass;
use crate::trace::Stopping;
use crate::weights::checkpoint::{Notes, WeightsError, accuracy_from_bytes, spec_from_bytes};
use crate::weights::rounding::WeightsType;
use crate::weights::stdp::{model_to_bytes, run_from_bytes, run_from_model, run_to_bytes};
use std::ops::Range;

/// What a test image at which no labelled neuron fires is read as: no class.
pub(super) const NOTHING: u8 = u8::MAX;
/// Images of one piece of a test of stopping early.
const PIECE: usize = 8;

/// Whether a file holds a layer that learns by STDP.
pub(super) fn is_stdp(bytes: &[u8]) -> bool {
    spec_from_bytes(bytes).is_ok_and(|spec| spec.rule == Rule::Stdp)
}

/// A layer that learns, as it is now, to be asked while the run goes on.
fn network(run: &StdpRun) -> StdpNetwork {
    StdpNetwork { spec: run.spec().clone(), layer: run.layer().clone(), voters: run.live().voters() }
}

/// What stopping early comes to, image by image.
#[derive(Debug)]
pub(super) struct StdpStoppingTest {
    network: StdpNetwork,
    images: Digits,
    next: usize,
    pub(super) stopping: Stopping,
}

impl StdpStoppingTest {
    /// Does a piece; returns whether it was the last.
    pub(super) fn advance(&mut self) -> bool {
        for image in self.next..(self.next + PIECE).min(self.images.len()) {
            let trace = self.network.trace(self.images.image(image), Pass::Evaluation, image as u64);
            self.stopping.add(&trace, self.images.label(image));
        }
        self.next += PIECE;
        self.next >= self.images.len()
    }
}

impl Session {
    /// Answers what is asked of the layer; gives a request back that is no matter of it.
    pub(super) fn answer_of_stdp(&mut self, request: Request, bytes: &mut [Vec<u8>]) -> Option<Request> {
        let Some(run) = self.stdp.as_deref() else { return Some(request) };
        match request {
            Request::Glimpse => self.glimpse(),
            Request::Continue(spec) => self.continue_stdp(spec),
            Request::Change(spec) => self.change_stdp(spec),
            Request::Trace { picture } => self.trace_of_stdp(picture, bytes.first()),
            Request::Fields(layer, neurons) => {
                let (neurons, weights) = incoming(run, layer, neurons);
                self.send(Report::Fields(layer, neurons), vec![weights]);
            }
            Request::Rates => self.rates_of_stdp(&bytes.first_mut().map(std::mem::take).unwrap_or_default()),
            Request::Weights => {
                let rates = run.live().rates();
                let file = model_to_bytes(run.spec(), run.layer(), &rates, WeightsType::F32, Notes::default());
                self.send_file(Report::Weights, file);
            }
            Request::Checkpoint => self.send_checkpoint_of_stdp(),
            Request::HandOver => {
                (self.mode, self.testing) = (Mode::Idle, None);
                self.flush_meter();
                self.send_checkpoint_of_stdp();
            }
            other @ (Request::Open
            | Request::Start(_)
            | Request::Data(_)
            | Request::Shard(..)
            | Request::Samples(_)
            | Request::Drawings
            | Request::Train
            | Request::Pace(_)
            | Request::Workers(_)
            | Request::Pause
            | Request::Step
            | Request::Photo { .. }
            | Request::Test(_)
            | Request::TestImages(_)
            | Request::Stopping(_)
            | Request::Resume
            | Request::Try
            | Request::SelfCheck) => return Some(other),
        }
        None
    }

    /// Says what there is to see; the next picture will be recorded for the next glimpse.
    fn glimpse(&mut self) {
        let Some(run) = &self.stdp else { return };
        self.watching.wants_picture = true;
        let (glimpse, more) = self.watching.onlooker.look(run);
        self.send(Report::Glimpse { more }, vec![glimpse.to_bytes()]);
    }

    fn send_file(&mut self, report: Report, file: Result<Vec<u8>, WeightsError>) {
        match file {
            Ok(file) => self.send(report, vec![file]),
            Err(error) => self.fail(error),
        }
    }

    fn send_checkpoint_of_stdp(&mut self) {
        let Some(run) = &self.stdp else { return };
        let (report, file) = (Report::Checkpoint(run.shown()), run_to_bytes(run, Notes::default()));
        self.send_file(report, file);
    }

    /// Becomes this layer, at the start of a run. `accuracy` is what its file says of it.
    fn reset_to_stdp(&mut self, run: StdpRun, accuracy: Option<Accuracy>) {
        let spec = run.spec().to_hash(&Spec::default());
        (self.run, self.stdp) = (None, Some(Box::new(run)));
        self.watching.onlooker.forget();
        self.begin(spec, accuracy);
    }

    pub(super) fn start_stdp(&mut self, spec: Spec, (pixels, classes): (usize, usize)) {
        let run = StdpRun::new(spec, pixels, classes, self.images());
        self.reset_to_stdp(run, None);
        self.is_drawn = true;
    }

    fn continue_stdp(&mut self, spec: Spec) {
        let Some(run) = &self.stdp else { return };
        match changed(run, spec) {
            Ok(run) => {
                let images = run.images();
                self.reset_to_stdp(run.over(images), None);
            }
            Err(reason) => self.fail(format_args!("The network does not fit these settings: {reason}.")),
        }
    }

    fn change_stdp(&mut self, spec: Spec) {
        let Some(run) = &self.stdp else { return };
        match changed(run, spec) {
            Ok(run) => {
                self.stdp = Some(Box::new(run));
                self.testing = self.testing.as_ref().map(super::Testing::again);
                self.forget_times();
                self.report(Report::Changed);
            }
            Err(reason) => self.fail(format_args!("The network cannot be changed so: {reason}.")),
        }
    }

    /// Opens the layer of a weights file.
    pub(super) fn open_stdp(&mut self, bytes: &[u8]) {
        match self.fitting(spec_from_bytes(bytes).and_then(|spec| run_from_model(spec, bytes, self.images()))) {
            Ok(run) => {
                let accuracy = accuracy_from_bytes(bytes).ok().flatten();
                self.reset_to_stdp(run, accuracy);
                self.is_drawn = false;
            }
            Err(error) => self.fail(format_args!("The weights cannot be opened: {error}.")),
        }
    }

    /// Becomes the run of a checkpoint, and reports it.
    pub(super) fn resume_stdp(&mut self, bytes: &[u8]) {
        match self.fitting(spec_from_bytes(bytes).and_then(|spec| run_from_bytes(spec, bytes))) {
            Ok(run) => {
                let shown = run.shown();
                (self.run, self.stdp, self.is_drawn) = (None, Some(Box::new(run)), false);
                (self.mode, self.testing, self.batch_time) = (Mode::Idle, None, 0.0);
                self.watching.onlooker.forget();
                self.forget_times();
                self.report(Report::Resumed(shown));
            }
            Err(error) => self.fail(format_args!("The run cannot be taken over: {error}.")),
        }
    }

    /// The run of a file, if it can be read and learns from images like those that there are.
    fn fitting(&self, run: Result<StdpRun, WeightsError>) -> Result<StdpRun, String> {
        let run = run.map_err(|error| error.to_string())?;
        self.check_sizes(run.sizes()).map_err(|misfit| format!("its network {misfit}"))?;
        Ok(run)
    }

    /// The run over other images: one that has seen nothing yet learns what it will see.
    pub(super) fn stdp_over(&self, run: StdpRun, (pixels, classes): (usize, usize), images: usize) -> StdpRun {
        match run.shown() {
            0 if self.is_drawn && run.sizes() != (pixels, classes) => {
                StdpRun::new(run.spec().clone(), pixels, classes, images)
            }
            0 => run.over(images),
            _ => run,
        }
    }

    /// The milliseconds for which the engine has nothing to do, where pictures are slow for those who watch.
    pub fn rest(&self) -> Option<f64> {
        if let Some(rest) = self.team.rest() {
            return Some(rest);
        }
        let run = self.stdp.as_deref().filter(|_| self.mode == Mode::Training)?;
        self.watching.rest(run.shown(), (self.clock)())
    }

    /// Learns some pictures; or begins the quick test, if that is due.
    pub(super) fn learn_on(&mut self) {
        let now = (self.clock)();
        if self.mode == Mode::Training && self.begin_quick_test(now) {
            return;
        }
        let pictures = if self.mode == Mode::Training { self.training_pace.images() } else { 1 };
        let Some(run) = &mut self.stdp else { return };
        let (mut score, mut missing, mut is_over) = (Accuracy::default(), None, false);
        // The time that passes from one picture to the next, where they are slow for those who watch.
        let mut waited = 0.0;
        while score.images < pictures && !is_over {
            let before = run.shown();
            if self.mode == Mode::Training && self.watching.rest(before, now).is_some() {
                break;
            }
            match run.advance_recorded(&self.data.train, self.watching.recorder()) {
                StdpAdvance::Shown(shown) => {
                    score += Accuracy::of_answers(&[shown.answer], &[shown.label]);
                    self.watching.pass(before, now);
                    waited += self.watching.pace.interval(before).unwrap_or(0.0);
                    is_over = run.position().images == run.images();
                }
                StdpAdvance::Waiting(shard) => {
                    missing = Some(shard);
                    break;
                }
                // There are no images at all.
                StdpAdvance::EpochOver => return self.pause(),
            }
        }
        let StdpPosition { epoch, images, .. } = run.position();
        // There is no loss: the page shows none.
        let done = StepDone { step: run.shown(), epoch, images, images_in_epoch: run.images(), loss: 0.0, score };
        if score.images > 0 {
            let time = (self.clock)() - now;
            self.training_pace.took(score.images, time);
            self.meter.add(done, time.max(waited));
            if self.meter.is_due((self.clock)()) {
                self.flush_meter();
            }
        }
        match (is_over, missing) {
            (true, _) => self.end_epoch_of_stdp(),
            (false, Some(shard)) => self.request_shard(Split::Train, shard),
            (false, None) if self.mode == Mode::OneStep => self.pause(),
            (false, None) => self.prefetch(),
        }
    }

    fn end_epoch_of_stdp(&mut self) {
        let Some(run) = &mut self.stdp else { return };
        let StdpPosition { epoch, live, .. } = run.position();
        run.measured();
        run.end_epoch();
        // A run that is trained beyond its spec's epochs is not stopped again.
        let is_finished = run.position().epoch == run.spec().epochs;
        self.flush_meter();
        self.report(Report::Epoch(EpochDone { epoch, loss: 0.0, score: live.score, test: None }));
        if is_finished || self.mode == Mode::OneStep { self.pause() } else { self.prefetch() }
    }

    fn trace_of_stdp(&mut self, picture: Picture, pixels: Option<&Vec<u8>>) {
        let Some(run) = &self.stdp else { return };
        let trace = self.picture(picture, pixels).and_then(|(Sample { pixels, label, number }, pass)| {
            check_size(pixels, run.layer().inputs())?;
            Ok((network(run).trace(pixels, pass, number), label))
        });
        let step = run.shown();
        match trace {
            Ok((trace, label)) => self.send(Report::Trace { picture, label, step }, vec![trace.to_bytes()]),
            Err(reason) => self.fail(reason),
        }
    }

    fn rates_of_stdp(&mut self, pixels: &[u8]) {
        if !self.is_ready() {
            return;
        }
        let Some(run) = &self.stdp else { return };
        let size = run.layer().inputs();
        if let Err(reason) = check_whole(pixels, size) {
            return self.fail(reason);
        }
        let mut network = network(run);
        let mut spikes = vec![0.0_f32; network.layer.neurons()];
        let pictures = pixels.chunks_exact(size);
        let all = (pictures.len() * network.spec.time_steps).max(1) as f32;
        for picture in pictures {
            for spike in network.spikes(picture, Pass::Drawing, 0) {
                spikes[spike.neuron] += 1.0 / all;
            }
        }
        let bytes = spikes.iter().copied().flat_map(f32::to_le_bytes).collect();
        self.send(Report::Rates(vec![spikes.len()]), vec![bytes]);
    }

    /// What stopping early comes to over these images.
    pub(super) fn stopping_of_stdp(&mut self, images: Digits) {
        let Some(run) = &self.stdp else { return };
        let test = StdpStoppingTest { network: network(run), images, next: 0, stopping: Stopping::default() };
        self.start(Job::StdpStopping(Box::new(test)));
    }
}

/// The run under other settings, as far as its weights fit them.
fn changed(run: &StdpRun, spec: Spec) -> Result<StdpRun, String> {
    spec.check().map_err(|error| error.to_string())?;
    match spec.has_shape_of(run.spec()) {
        true => Ok(run.clone().under(spec)),
        false => Err("other layers, or other images, need other weights".to_owned()),
    }
}

/// The weights into those of the neurons that there are, as the bytes of [`Report::Fields`]: layer 0 is the one that learns, and
/// what its neurons say for each class is layer 1.
fn incoming(run: &StdpRun, layer: usize, neurons: Vec<usize>) -> (Vec<usize>, Vec<u8>) {
    let (all, classes) = match layer {
        0 => (run.layer().neurons(), None),
        1 => (run.classes(), Some(run.live().voters())),
        _ => (0, None),
    };
    let neurons: Vec<usize> = neurons.into_iter().filter(|neuron| *neuron < all).collect();
    let of = |neuron: &usize| match &classes {
        None => run.layer().incoming(*neuron),
        Some(voters) => voters.shares_of_class(*neuron),
    };
    let bytes = neurons.iter().flat_map(of).flat_map(f32::to_le_bytes).collect();
    (neurons, bytes)
}

/// What images of a test are read as while the layer learns, by live labels.
pub(super) fn predictions(run: &mut StdpRun, digits: &Digits, range: Range<usize>, first: usize) -> Vec<u8> {
    run.read(digits, range, first).into_iter().map(|answer| answer.unwrap_or(NOTHING)).collect()
}
