//! Training on a graphics card. What has to be read from it takes its time and is an *errand*: it runs beside the port, and
//! what it brings is taken in when it is done.

use super::{Mode, Outgoing, Session};
use crate::digits::shard::Split;
use crate::event::{Event, Flow, StepDone};
use crate::kernels;
use crate::parity::{Disagreement, Problem};
use crate::protocol::Report;
use crate::training::{Advance, AtRest, Reading, STEPS_TO_READ};
use crate::weights::checkpoint::{self, Notes};
use burn::tensor::Device;

/// Milliseconds after which the run is brought where it can be looked at.
const SNAPSHOT: f64 = 10_000.0;
/// Milliseconds that steps may take which are launched together: a pause waits no longer.
const BURST: f64 = 250.0;
/// Milliseconds that a trial may take once all is warm.
const TRIAL: f64 = 1000.0;

/// Something to be brought from the card.
#[derive(Debug)]
pub enum Errand {
    /// The losses of steps that were launched.
    Losses(Reading),
    /// The run.
    Copy(Box<AtRest>),
    /// What small networks come to on this device.
    Check(Device),
}

/// What an errand brought.
#[derive(Debug)]
pub enum Brought {
    /// How the steps went.
    Losses(Result<Vec<StepDone>, String>),
    /// The run as a file, and after how many updates of the weights.
    Copy(Result<(Vec<u8>, u64), String>),
    /// That the run's weights are no numbers any more, after so many updates: no file is made of it.
    Diverged(u64),
    /// How many networks agree, until one does not.
    Check(usize, Option<Disagreement>),
}

impl Errand {
    /// Runs it.
    pub async fn run(self) -> Brought {
        match self {
            Self::Losses(reading) => Brought::Losses(reading.read().await.map_err(|error| error.to_string())),
            Self::Copy(at_rest) => as_file(*at_rest).await,
            Self::Check(device) => {
                let mut checked = 0;
                for problem in Problem::short_table() {
                    if let Err(disagreement) = check(&problem, &device).await {
                        return Brought::Check(checked, Some(disagreement));
                    }
                    checked += 1;
                }
                Brought::Check(checked, None)
            }
        }
    }
}

async fn as_file(at_rest: AtRest) -> Brought {
    let run = match at_rest.copied_to(&kernels::cpu().autodiff()).await {
        Ok(run) => run,
        Err(error) => return Brought::Copy(Err(error.to_string())),
    };
    if !run.is_finite() {
        return Brought::Diverged(run.adam.step());
    }
    let bytes = checkpoint::run_to_bytes(&run, Notes::default()).map_err(|error| error.to_string());
    Brought::Copy(bytes.map(|bytes| (bytes, run.adam.step())))
}

async fn check(problem: &Problem, device: &Device) -> Result<bool, Disagreement> {
    let judge = problem.answer(&kernels::cpu()).await?;
    problem.compare(&problem.answer(device).await?, &judge)
}

/// How things stand with the card.
#[derive(Debug, Default)]
pub(super) struct OnCard {
    /// What is to be brought next.
    errand: Option<Errand>,
    /// Whether something is being brought.
    is_out: bool,
    /// Whether to say, once it is there, that training stands still.
    is_pausing: bool,
    /// When the steps were launched that are being read.
    launched_at: f64,
    /// Milliseconds that a step takes, as it was last seen.
    step: Option<f64>,
    /// When the run was last brought.
    snapshot_at: f64,
}

impl Session {
    /// What is to be brought from the card now, if anything. While it is out, nothing else is done there.
    pub fn errand(&mut self) -> Option<Errand> {
        if self.card.is_out {
            return None;
        }
        let errand = self.card.errand.take();
        self.card.is_out = errand.is_some();
        errand
    }

    /// Whether the session waits for the card.
    pub(super) fn is_out(&self) -> bool {
        self.card.is_out || self.card.errand.is_some()
    }

    /// Launches some steps and has them read.
    pub(super) fn train_on_card(&mut self) {
        let now = (self.clock)();
        if self.card.snapshot_at == 0.0 {
            self.card.snapshot_at = now;
        }
        let most = match (self.mode, self.card.step) {
            (Mode::OneStep, _) | (_, None) => 1,
            (Mode::Trial, Some(step)) => (TRIAL / step) as usize,
            (_, Some(step)) => (BURST / step) as usize,
        };
        let Some(run) = &mut self.run else { return };
        let mut missing = None;
        while run.launched() < most.clamp(1, STEPS_TO_READ) && !run.is_to_be_read() {
            match run.launch(&self.data.train) {
                Advance::Stepped => {}
                Advance::Waiting(shard) => {
                    missing = Some(shard);
                    break;
                }
                Advance::Partly | Advance::Stopped | Advance::Lost(_) => break,
            }
        }
        if run.launched() > 0 {
            self.card.launched_at = now;
            self.card.errand = Some(Errand::Losses(run.reading()));
        } else if let Some(shard) = missing {
            self.need(Split::Train, shard);
        } else {
            self.pause();
        }
    }

    /// Takes in what was brought.
    pub fn take_in(&mut self, brought: Brought) -> Vec<Outgoing> {
        self.card.is_out = false;
        match brought {
            Brought::Losses(Ok(steps)) => self.settle(steps),
            Brought::Copy(Ok((bytes, step))) => {
                self.card.snapshot_at = (self.clock)();
                self.out.push((Report::Checkpoint(step), vec![bytes]));
                if std::mem::take(&mut self.card.is_pausing) {
                    self.report(Report::Paused);
                }
            }
            Brought::Diverged(step) => {
                (self.mode, self.card.is_pausing) = (Mode::Idle, false);
                self.flush_meter();
                self.fail_diverged(step, false);
                self.report(Report::Paused);
            }
            Brought::Losses(Err(reason)) | Brought::Copy(Err(reason)) => {
                (self.run, self.mode, self.card) = (None, Mode::Idle, OnCard::default());
                self.report(Report::Lost(reason));
            }
            Brought::Check(networks, disagreement) => {
                self.report(Report::Checked(networks, disagreement.map(|error| error.to_string())));
            }
        }
        std::mem::take(&mut self.out)
    }

    fn settle(&mut self, steps: Vec<StepDone>) {
        let time = (self.clock)() - self.card.launched_at;
        let count = steps.len();
        let images: usize = steps.iter().map(|step| step.score.images).sum();
        // What is compiled at the first step says nothing of the next ones.
        let is_warm = self.card.step.replace(time / count.max(1) as f64).is_some();
        let Some(run) = &mut self.run else { return };
        let mut events = Vec::new();
        let mut listener = |event: &Event| {
            events.push(event.clone());
            Flow::Go
        };
        let advance = run.settle(steps, None, &mut listener);
        if self.mode == Mode::Trial {
            if is_warm || advance == Advance::Stopped {
                self.mode = Mode::Idle;
                self.report(Report::Tried(images as f64 / time.max(0.1) * 1000.0));
            }
            return;
        }
        let epoch_is_over = events.iter().any(|event| matches!(event, Event::Epoch(_)));
        let is_over = self.is_over(&events);
        events.into_iter().for_each(|event| self.tell(event, time / count.max(1) as f64));
        let is_due = (self.clock)() - self.card.snapshot_at > SNAPSHOT;
        if advance == Advance::Stopped || self.mode != Mode::Training || is_over {
            self.pause();
        } else if epoch_is_over || is_due || self.card.is_pausing {
            self.bring_run();
        } else {
            self.ask_ahead();
        }
    }

    fn bring_run(&mut self) {
        if let Some(run) = &self.run {
            self.card.errand = Some(Errand::Copy(Box::new(run.at_rest())));
        }
    }

    /// Stops; once what is out is back, the run is brought and the page is told.
    pub(super) fn pause_on_card(&mut self) {
        self.mode = Mode::Idle;
        self.flush_meter();
        self.card.is_pausing = true;
        if !self.is_out() {
            self.bring_run();
        }
    }

    /// Becomes the run of a checkpoint, and says so.
    pub(super) fn resume(&mut self, bytes: &[u8]) {
        if let Some(step) = self.become_run(bytes) {
            self.report(Report::Resumed(step));
        }
    }

    /// Becomes the run of a checkpoint; gives after how many steps it is, or nothing where it cannot be read.
    fn become_run(&mut self, bytes: &[u8]) -> Option<u64> {
        let run = checkpoint::at_rest_from_bytes(bytes, &self.device).map_err(|error| error.to_string());
        let fits = |run: AtRest| match self.check_fit(&run.network) {
            Ok(()) => Ok(run.into_run()),
            Err(misfit) => Err(format!("its network {misfit}")),
        };
        match run.and_then(fits) {
            Ok(mut run) => {
                if let Some(before) = &mut self.run {
                    run.take_images_of(before);
                }
                let step = run.adam.step();
                (self.run, self.is_drawn) = (Some(run), false);
                (self.mode, self.testing, self.slices) = (Mode::Idle, None, 0.0);
                self.card = OnCard { is_out: self.card.is_out, step: self.card.step, ..OnCard::default() };
                Some(step)
            }
            Err(error) => {
                self.fail(format_args!("The run cannot be taken over: {error}."));
                None
            }
        }
    }

    /// Trains some batches of a checkpoint's run for the sake of their speed.
    pub(super) fn try_out(&mut self, bytes: &[u8]) {
        if self.become_run(bytes).is_some() {
            self.card.step = None;
            self.train(Mode::Trial);
        }
    }

    /// Compares this device's kernels with the CPU's.
    pub(super) fn self_check(&mut self) {
        self.card.errand = Some(Errand::Check(self.device.clone().inner()));
    }

    /// Gives a copy of the run.
    pub(super) fn give_run(&mut self) {
        let Some(run) = &self.run else { return self.fail("There is no run yet.") };
        if run.is_on_card() {
            return self.bring_run();
        }
        if !run.is_finite() {
            let (step, was_training) = (run.adam.step(), self.mode != Mode::Idle);
            self.fail_diverged(step, false);
            if was_training {
                self.pause();
            }
            return;
        }
        match checkpoint::run_to_bytes(run, Notes::default()) {
            Ok(bytes) => self.out.push((Report::Checkpoint(run.adam.step()), vec![bytes])),
            Err(error) => self.fail(error),
        }
    }
}
