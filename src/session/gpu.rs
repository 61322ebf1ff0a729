//! What has to be brought from a GPU. It takes its time and is a *task*: it runs beside the port, and its result is taken
//! in when it is done; requests are answered meanwhile. Runs also go to and from files here, on which they travel between
//! two engines.

use super::jobs::Job;
use super::{Mode, Session, stdp};
use crate::event::StepDone;
use crate::kernels;
use crate::parity::{Disagreement, Problem};
use crate::protocol::{Outgoing, Report, RequestId};
use crate::training::{GpuLosses, RunSnapshot};
use crate::weights::checkpoint::{self, Notes};
use crate::weights::writer::FileWriter;
use burn::tensor::Device;
use std::collections::VecDeque;

/// Milliseconds of training after which the run is brought where it can be inspected.
const SNAPSHOT_INTERVAL: f64 = 10_000.0;

/// Something to be brought from a GPU.
#[derive(Debug)]
pub enum GpuTask {
    /// The losses of steps that were launched.
    Losses(GpuLosses),
    /// The run.
    Snapshot(Box<RunSnapshot>),
    /// What small networks come to on this device.
    SelfCheck(Device),
}

/// What a task came to.
#[derive(Debug)]
pub enum GpuTaskResult {
    /// How the steps went.
    Losses(Result<Vec<StepDone>, String>),
    /// The run, on the CPU.
    Snapshot(Result<Box<RunSnapshot>, String>),
    /// How many networks agree, until one does not.
    SelfCheck(usize, Option<Disagreement>),
}

impl GpuTask {
    /// Runs it.
    pub async fn run(self) -> GpuTaskResult {
        match self {
            Self::Losses(losses) => GpuTaskResult::Losses(losses.read().await.map_err(|error| error.to_string())),
            Self::Snapshot(snapshot) => {
                let copied = snapshot.to_device(&kernels::cpu().autodiff()).await;
                GpuTaskResult::Snapshot(copied.map(Box::new).map_err(|error| error.to_string()))
            }
            Self::SelfCheck(device) => {
                let mut checked = 0;
                for problem in Problem::short_table() {
                    if let Err(disagreement) = check(&problem, &device).await {
                        return GpuTaskResult::SelfCheck(checked, Some(disagreement));
                    }
                    checked += 1;
                }
                GpuTaskResult::SelfCheck(checked, None)
            }
        }
    }
}

async fn check(problem: &Problem, device: &Device) -> Result<bool, Disagreement> {
    let expected = problem.answer(&kernels::cpu()).await?;
    problem.compare(&problem.answer(device).await?, &expected)
}

/// Whether `Paused` has to be reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum PauseReport {
    /// Nothing has to.
    #[default]
    NotDue,
    /// Once the run has been brought and reported, as the answer to this request.
    AfterSnapshot(Option<RequestId>),
}

/// What is brought from a GPU and when.
#[derive(Debug, Default)]
pub(super) struct Gpu {
    /// The tasks that come next, each with the request that it answers.
    due: VecDeque<(Option<RequestId>, GpuTask)>,
    /// The request that the running task answers.
    request: Option<RequestId>,
    /// Whether a task runs.
    in_flight: bool,
    /// What has to be reported after the next snapshot.
    pub pause: PauseReport,
    /// When the steps were launched whose losses are being read.
    pub launched_at: f64,
    /// When the run was last brought, or training began.
    snapshot_at: Option<f64>,
}

impl Session {
    /// The next thing to be brought from a GPU, if any. While it runs no other is given.
    pub fn gpu_task(&mut self) -> Option<GpuTask> {
        if self.gpu.in_flight {
            return None;
        }
        let (request, task) = self.gpu.due.pop_front()?;
        (self.gpu.in_flight, self.gpu.request) = (true, request);
        Some(task)
    }

    /// Takes in what a task came to.
    pub fn complete(&mut self, result: GpuTaskResult) -> Vec<Outgoing> {
        self.gpu.in_flight = false;
        let request = self.gpu.request.take();
        self.answering(request, |session| session.take_in(result));
        std::mem::take(&mut self.out)
    }

    fn take_in(&mut self, result: GpuTaskResult) {
        match result {
            GpuTaskResult::Losses(Ok(steps)) => {
                self.batch_time = (self.clock)() - self.gpu.launched_at;
                self.record(steps);
            }
            GpuTaskResult::Snapshot(Ok(snapshot)) => self.begin_checkpoint(&snapshot),
            GpuTaskResult::Losses(Err(reason)) | GpuTaskResult::Snapshot(Err(reason)) => {
                (self.run, self.mode, self.gpu, self.step_time) = (None, Mode::Idle, Gpu::default(), None);
                self.report(Report::Lost(reason));
            }
            GpuTaskResult::SelfCheck(networks, disagreement) => {
                self.report(Report::Checked(networks, disagreement.map(|error| error.to_string())));
            }
        }
    }

    /// Whether something is to be brought from a GPU, or on its way.
    pub(super) fn waits_for_gpu(&self) -> bool {
        self.gpu.in_flight || !self.gpu.due.is_empty()
    }

    pub(super) fn request_of_gpu(&mut self, task: GpuTask) {
        self.gpu.due.push_back((self.answering, task));
    }

    /// Has the run brought.
    pub(super) fn request_snapshot(&mut self) {
        if let Some(run) = &self.run
            && !self.gpu.due.iter().any(|(_, task)| matches!(task, GpuTask::Snapshot(_)))
        {
            self.gpu.due.push_back((self.answering, GpuTask::Snapshot(Box::new(run.snapshot()))));
        }
    }

    /// Whether the run was last brought long enough ago, or a pause waits for it.
    pub(super) fn snapshot_is_due(&mut self) -> bool {
        let now = (self.clock)();
        let since = *self.gpu.snapshot_at.get_or_insert(now);
        now - since > SNAPSHOT_INTERVAL || matches!(self.gpu.pause, PauseReport::AfterSnapshot(_))
    }

    /// Compares this device's kernels with the CPU's.
    pub(super) fn self_check(&mut self) {
        self.request_of_gpu(GpuTask::SelfCheck(self.device.clone().inner()));
    }

    /// Becomes the run of a checkpoint, and reports it.
    pub(super) fn resume(&mut self, bytes: &[u8]) {
        if stdp::is_stdp(bytes) {
            return self.resume_stdp(bytes);
        }
        if let Some(step) = self.load_run(bytes) {
            self.report(Report::Resumed(step));
        }
    }

    /// Becomes the run of a checkpoint; returns after how many steps it is, or `None` if it cannot be read.
    fn load_run(&mut self, bytes: &[u8]) -> Option<u64> {
        let run = checkpoint::snapshot_from_bytes(bytes, &self.device).map_err(|error| error.to_string());
        let fits = |run: RunSnapshot| match self.check_fit(&run.network) {
            Ok(()) => Ok(run.into_run()),
            Err(misfit) => Err(format!("its network {misfit}")),
        };
        match run.and_then(fits) {
            Ok(mut run) => {
                let same_times = self.run.as_mut().is_some_and(|before| {
                    run.adopt_gpu_images(before);
                    run.spec == before.spec
                });
                let step = run.adam.step();
                (self.run, self.stdp, self.is_drawn) = (Some(run), None, false);
                (self.mode, self.testing, self.batch_time) = (Mode::Idle, None, 0.0);
                if !same_times {
                    self.forget_times();
                }
                self.gpu = Gpu { in_flight: self.gpu.in_flight, ..Gpu::default() };
                Some(step)
            }
            Err(error) => {
                self.fail(format_args!("The run cannot be taken over: {error}."));
                None
            }
        }
    }

    /// Trains some batches of a checkpoint's run for the sake of their speed.
    pub(super) fn benchmark(&mut self, bytes: &[u8]) {
        if self.load_run(bytes).is_some() {
            self.step_time = None;
            self.train(Mode::Benchmark);
        }
    }

    /// Sends the run as a file.
    pub(super) fn send_checkpoint(&mut self) {
        let Some(run) = &self.run else { return self.fail("There is no run yet.") };
        if run.is_gpu() {
            return self.request_snapshot();
        }
        let snapshot = run.snapshot();
        self.begin_checkpoint(&snapshot);
    }

    fn begin_checkpoint(&mut self, snapshot: &RunSnapshot) {
        match FileWriter::of_run(snapshot, Notes::default()) {
            Ok(writer) => self.start(Job::Checkpoint(writer, snapshot.adam.step())),
            Err(error) => self.fail(error),
        }
    }

    /// A checkpoint is written, or cannot be: of a run that has diverged no file is made, which would take the place of a
    /// good one.
    pub(super) fn finish_checkpoint(&mut self, writer: FileWriter, step: u64) {
        if self.is_gpu() {
            self.gpu.snapshot_at = Some((self.clock)());
        }
        if writer.is_finite() {
            self.send(Report::Checkpoint(step), vec![writer.finish()]);
            if let PauseReport::AfterSnapshot(request) = std::mem::take(&mut self.gpu.pause) {
                self.answering(request, |session| session.report(Report::Paused));
            }
            return;
        }
        let was_training = std::mem::replace(&mut self.mode, Mode::Idle) != Mode::Idle;
        self.fail_diverged(step, false);
        if self.is_gpu() || was_training {
            self.gpu.pause = PauseReport::NotDue;
            self.flush_meter();
            let request = self.training_request;
            self.answering(request, |session| session.report(Report::Paused));
        }
    }
}
