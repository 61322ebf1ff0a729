//! Training in the engine, on the CPU and on a GPU alike: steps are launched, what is known of their losses is recorded
//! once it is there, and an epoch or the run ends.

use super::gpu::{GpuTask, PauseReport};
use super::jobs::Job;
use super::testing::Testing;
use super::{EARLY_TESTS, Mode, QUICK_TEST, Session, TEST_INTERVAL};
use crate::digits::shard::Split;
use crate::event::{Event, StepDone};
use crate::protocol::Report;
use crate::training::{Launch, PendingLosses, Recorded, STEPS_PER_READ};
use crate::weights::pieces::FiniteCheck;
use std::ops::ControlFlow;

/// Milliseconds that steps may take which are launched together on a GPU: a pause waits no longer.
const BURST: f64 = 250.0;
/// Milliseconds that a benchmark may take once all is warm.
const BENCHMARK: f64 = 1000.0;

impl Session {
    pub(super) fn train(&mut self, mode: Mode) {
        if !self.has_network() {
            return self.fail("There is no network yet to train.");
        }
        if self.data.manifest.is_none() {
            return self.fail("There are no images to train on.");
        }
        if !self.is_ready() {
            return;
        }
        // A shard that this data does not have would be waited for in vain.
        let (over, there) = (self.run_images(), self.images());
        if over != there {
            return self
                .fail(format_args!("The run was over {over} images, and there are {there}: it needs the same."));
        }
        (self.mode, self.training_request) = (mode, self.answering);
        // A page that asks again may have lost what was requested before.
        self.data.requested.clear();
        // The first images are here soonest if no others come beside them.
        if let Some(due) = self.due_shard() {
            self.request_shard(Split::Train, due);
        }
    }

    /// Stops training and reports it: on the CPU at once; on a GPU once the run is brought from it.
    pub(super) fn pause(&mut self) {
        self.mode = Mode::Idle;
        self.flush_meter();
        let request = self.answering.or(self.training_request);
        if !self.is_gpu() {
            return self.answering(request, |session| session.report(Report::Paused));
        }
        self.gpu.pause = PauseReport::AfterSnapshot(request);
        if !self.waits_for_gpu() && self.jobs.is_empty() {
            self.request_snapshot();
        }
    }

    /// Lets some images of a batch pass, or tells a GPU some steps; or begins the quick test, if that is due.
    pub(super) fn train_on(&mut self) {
        if self.stdp.is_some() {
            return self.learn_on();
        }
        let now = (self.clock)();
        if !self.is_gpu() && self.mode == Mode::Training && self.begin_quick_test(now) {
            return;
        }
        if !self.is_gpu() && self.begin_together(now) {
            return;
        }
        let most_steps = self.steps_at_once();
        let Some(run) = &mut self.run else { return };
        let images = self.training_pace.images().min(run.remaining_in_batch());
        let launch = loop {
            let launch = run.launch(images, &self.data.train);
            if launch != Launch::Step || run.losses_are_due() || run.launched() >= most_steps {
                break launch;
            }
        };
        if run.launched() > 0 {
            return match run.pending_losses() {
                PendingLosses::Ready(steps) => {
                    self.passed(images, now);
                    self.record(steps);
                }
                PendingLosses::OnGpu(losses) => {
                    self.gpu.launched_at = now;
                    self.request_of_gpu(GpuTask::Losses(losses));
                }
            };
        }
        match launch {
            Launch::Partial | Launch::Step => self.passed(images, now),
            Launch::Waiting(shard) => self.request_shard(Split::Train, shard),
            Launch::NoImages => self.pause(),
        }
    }

    /// Images passed on the CPU since then.
    fn passed(&mut self, images: usize, since: f64) {
        let time = (self.clock)() - since;
        self.training_pace.took(images, time);
        self.batch_time += time;
    }

    pub(super) fn begin_quick_test(&mut self, now: f64) -> bool {
        let step = self.step();
        let is_early = (self.early_test..=EARLY_TESTS[1]).contains(&step);
        let is_late = self.last_test.is_none_or(|last| now - last > TEST_INTERVAL);
        let is_due = (is_early || is_late) && self.data.test.get(0).is_some();
        if is_due {
            while self.early_test <= step {
                self.early_test *= 2;
            }
            self.last_test = Some(now);
            self.testing = Testing::new(QUICK_TEST, &self.data.test);
        }
        is_due
    }

    /// Steps that are launched before their losses are read; on the CPU they are due after the first.
    fn steps_at_once(&self) -> usize {
        let most = match (self.mode, self.step_time) {
            (Mode::OneStep, _) | (_, None) => 1,
            (Mode::Benchmark, Some(step)) => (BENCHMARK / step) as usize,
            (Mode::Idle | Mode::Training, Some(step)) => (BURST / step) as usize,
        };
        most.clamp(1, STEPS_PER_READ)
    }

    /// Takes in the losses of steps.
    pub(super) fn record(&mut self, steps: Vec<StepDone>) {
        let time = std::mem::take(&mut self.batch_time);
        let count = steps.len().max(1) as f64;
        let images: usize = steps.iter().map(|step| step.score.images).sum();
        // What a GPU compiles at the first step says nothing of the next ones.
        let is_warm = self.step_time.replace(time / count).is_some();
        self.tried_step(time / count);
        let Some(run) = &mut self.run else { return };
        let mut events = Vec::new();
        let recorded = run.record(steps, &mut collect(&mut events));
        let epoch_is_over = recorded != Recorded::Diverged && run.epoch_is_over();
        if self.mode == Mode::Benchmark {
            if epoch_is_over {
                // Nothing of it is kept.
                let _ = run.end_epoch(true, None, &mut collect(&mut events));
            }
            if is_warm || recorded == Recorded::Diverged {
                self.mode = Mode::Idle;
                let (speed, request) = (images as f64 / time.max(0.1) * 1000.0, self.training_request);
                self.answering(request, |session| session.report(Report::Tried(speed)));
            }
            return;
        }
        let check = (epoch_is_over && !run.is_gpu()).then(|| FiniteCheck::new(run));
        events.into_iter().for_each(|event| self.handle(event, time / count));
        match check {
            Some(check) => self.start(Job::EpochEnd(check)),
            // A GPU's run is looked at when it is brought, before a file is made of it.
            None if epoch_is_over => self.end_epoch(true),
            None if recorded == Recorded::Diverged => self.pause(),
            None => self.go_on(false),
        }
    }

    /// Ends the epoch of which all is recorded.
    pub(super) fn end_epoch(&mut self, is_finite: bool) {
        let Some(run) = &mut self.run else { return };
        let mut events = Vec::new();
        let flow = run.end_epoch(is_finite, None, &mut collect(&mut events));
        // A run that is trained beyond its spec's epochs is not stopped again.
        let is_finished = run.position.epoch == run.spec.epochs;
        let was_idle = self.mode == Mode::Idle;
        events.into_iter().for_each(|event| self.handle(event, 0.0));
        if flow.is_break() || is_finished {
            // Where training was paused meanwhile, that is reported already.
            if self.is_gpu() || !was_idle {
                self.pause();
            }
        } else {
            self.go_on(true);
        }
    }

    /// Goes on behind a step: with the next one, or with what is due between two.
    fn go_on(&mut self, epoch_has_ended: bool) {
        let mode = self.mode;
        match mode {
            Mode::Idle if !self.is_gpu() => {}
            Mode::Idle | Mode::OneStep => self.pause(),
            Mode::Training | Mode::Benchmark if self.is_gpu() && (epoch_has_ended || self.snapshot_is_due()) => {
                self.request_snapshot();
            }
            Mode::Training | Mode::Benchmark => self.prefetch(),
        }
    }

    fn handle(&mut self, event: Event, time: f64) {
        match event {
            Event::Step(done) => {
                self.meter.add(done, time);
                if self.meter.is_due((self.clock)()) {
                    self.flush_meter();
                }
            }
            Event::Epoch(done) => {
                self.flush_meter();
                self.report(Report::Epoch(done));
            }
            Event::Diverged(done) => self.fail_diverged(done.step, !done.loss.is_finite()),
        }
    }

    pub(super) fn fail_diverged(&mut self, step: u64, by_loss: bool) {
        let what = if by_loss { "the loss" } else { "a weight" };
        self.fail(format_args!(
            "Training stopped at step {step}: {what} is no number any more. A smaller learning rate may help."
        ));
    }

    pub(super) fn flush_meter(&mut self) {
        let now = (self.clock)();
        if let Some(report) = self.meter.take(now) {
            self.report(report);
        }
    }
}

/// A listener that keeps the events and lets the run go on.
fn collect(events: &mut Vec<Event>) -> impl FnMut(&Event) -> ControlFlow<()> + '_ {
    |event| {
        events.push(event.clone());
        ControlFlow::Continue(())
    }
}
