//! What takes long on the CPU, cut into pieces of a bounded number of operations, and the requests that wait for it.
//!
//! While a job is under way the run stands still: training goes on after it. So what a job is made of is the run as it was
//! when the job began, and a request that would change the run waits until no job is left; what comes behind such a request
//! waits with it. All others are answered meanwhile. A page sees its answers in this order: those that describe one run
//! before the answer of a request that changes it; `Fields`, `Rates`, `Weights` and `Checkpoint` in the order in which they
//! were asked for. A `Trace` overtakes these, for a person who draws waits for it.

use super::{Session, stdp};
use crate::inspection::{FiringRates, IncomingWeights, StoppingTest, Tracer};
use crate::protocol::{Picture, Report, Request};
use crate::weights::pieces::FiniteCheck;
use crate::weights::writer::FileWriter;

/// Operations of one piece of a job: numbers that are read or written, weights that are added to a current. On a slow
/// machine they take some ten milliseconds.
pub const JOB_OPERATIONS: usize = 1 << 21;

/// Work that is done piece by piece.
#[derive(Debug)]
pub(super) enum Job {
    /// [`Request::Trace`].
    Trace(Box<TraceJob>),
    /// [`Request::Rates`].
    Rates(Box<FiringRates>),
    /// [`Request::Fields`].
    Weights(Box<WeightsJob>),
    /// [`Request::Stopping`].
    Stopping(Box<StoppingTest>),
    /// The same of a layer that learns by STDP.
    StdpStopping(Box<stdp::StdpStoppingTest>),
    /// [`Request::Weights`].
    Model(FileWriter),
    /// [`Request::Checkpoint`], and after how many updates of the weights it is.
    Checkpoint(FileWriter, u64),
    /// Whether an epoch may end, or has diverged.
    EpochEnd(FiniteCheck),
}

/// A trace, and then its bytes, layer by layer.
#[derive(Debug)]
pub(super) struct TraceJob {
    picture: Picture,
    label: Option<u8>,
    step: u64,
    tracer: Tracer,
    bytes: Vec<u8>,
    /// Layers that are among the bytes.
    written: usize,
}

/// Incoming weights of a layer, and their bytes.
#[derive(Debug)]
pub(super) struct WeightsJob {
    layer: usize,
    weights: IncomingWeights,
    bytes: Vec<u8>,
}

/// What a request is to those that are under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// It changes the run, or the images that it is over.
    ChangesRun,
    /// It reads the run, and may take long.
    Job,
    /// The same, and a person waits for it.
    Urgent,
    /// Neither.
    Quick,
}

const fn order(request: &Request) -> Order {
    match request {
        Request::Open
        | Request::Start(_)
        | Request::Continue(_)
        | Request::Change(_)
        | Request::Data(_)
        | Request::Drawings
        | Request::Resume
        | Request::Try => Order::ChangesRun,
        Request::Fields(..)
        | Request::Rates
        | Request::Stopping(_)
        | Request::Weights
        | Request::Checkpoint
        | Request::HandOver => Order::Job,
        Request::Trace { .. } => Order::Urgent,
        // Training goes on behind the jobs, and stops before the next step.
        Request::Shard(..)
        | Request::Samples(_)
        | Request::Train
        | Request::Pace(_)
        | Request::Workers(_)
        | Request::Pause
        | Request::Glimpse
        | Request::Step
        | Request::Photo { .. }
        | Request::Test(_)
        | Request::TestImages(_)
        | Request::SelfCheck => Order::Quick,
    }
}

/// Whether a request makes of the run, or of the images that it is over, something else.
pub(super) fn changes_run(request: &Request) -> bool {
    order(request) == Order::ChangesRun
}

impl TraceJob {
    pub(super) const fn new(picture: Picture, label: Option<u8>, step: u64, tracer: Tracer) -> Self {
        Self { picture, label, step, tracer, bytes: Vec::new(), written: 0 }
    }

    fn advance(&mut self, operations: usize) -> bool {
        let mut done = self.tracer.advance(operations);
        if !self.tracer.is_done() {
            return false;
        }
        let trace = self.tracer.trace();
        if self.written == 0 {
            self.bytes = trace.head_bytes();
        }
        // A layer of 4,096 neurons over 256 time steps has 3 million numbers.
        for layer in trace.layers().skip(self.written) {
            if done >= operations {
                return false;
            }
            layer.write_bytes(&mut self.bytes);
            (done, self.written) = (done + 3 * layer.potentials.len(), self.written + 1);
        }
        true
    }
}

impl WeightsJob {
    pub(super) const fn new(layer: usize, weights: IncomingWeights) -> Self {
        Self { layer, weights, bytes: Vec::new() }
    }

    fn advance(&mut self, operations: usize) -> bool {
        self.bytes.extend(self.weights.advance(operations).into_iter().flat_map(f32::to_le_bytes));
        self.weights.is_done()
    }
}

impl Job {
    /// Does a piece; returns whether it was the last.
    fn advance(&mut self) -> bool {
        match self {
            Self::Trace(job) => job.advance(JOB_OPERATIONS),
            Self::Rates(rates) => {
                rates.advance(JOB_OPERATIONS);
                rates.is_done()
            }
            Self::Weights(job) => job.advance(JOB_OPERATIONS),
            Self::Stopping(test) => {
                test.advance(JOB_OPERATIONS);
                test.is_done()
            }
            Self::StdpStopping(test) => test.advance(),
            Self::Model(writer) | Self::Checkpoint(writer, _) => {
                writer.advance(JOB_OPERATIONS);
                writer.is_done() || !writer.is_finite()
            }
            Self::EpochEnd(check) => {
                check.advance(JOB_OPERATIONS);
                check.is_done()
            }
        }
    }
}

impl Session {
    /// Whether a request has to wait for what is under way.
    pub(super) fn has_to_wait(&self, request: &Request) -> bool {
        if self.team.is_ahead() && order(request) != Order::Quick {
            return true;
        }
        let change_waits = self.queue.iter().any(|(_, request, _)| order(request) == Order::ChangesRun);
        match order(request) {
            Order::ChangesRun | Order::Job => !self.jobs.is_empty() || !self.queue.is_empty(),
            Order::Urgent | Order::Quick => change_waits,
        }
    }

    /// Whether there is something to do of what was asked for.
    pub(super) fn has_jobs(&self) -> bool {
        !self.jobs.is_empty() || !self.queue.is_empty()
    }

    /// Begins a job; a small one is done at once.
    pub(super) fn start(&mut self, mut job: Job) {
        if job.advance() { self.finish(job) } else { self.jobs.push((self.answering, job)) }
    }

    /// Does a piece of the first trace, or of the other job, or answers the next of the requests that wait.
    pub(super) fn advance_jobs(&mut self) {
        let next = self.jobs.iter().position(|(_, job)| matches!(job, Job::Trace(_))).unwrap_or(0);
        match self.jobs.get_mut(next).map(|(_, job)| job.advance()) {
            Some(true) => {
                let (request, job) = self.jobs.remove(next);
                self.answering(request, |session| session.finish(job));
            }
            Some(false) => {}
            None => {
                if let Some((id, request, bytes)) = self.queue.pop_front() {
                    self.answering(Some(id), |session| session.answer(request, bytes));
                }
            }
        }
    }

    fn finish(&mut self, job: Job) {
        match job {
            Job::Trace(job) => {
                let TraceJob { picture, label, step, bytes, .. } = *job;
                self.send(Report::Trace { picture, label, step }, vec![bytes]);
            }
            Job::Rates(rates) => {
                let layers = rates.rates();
                let sizes = layers.iter().map(Vec::len).collect();
                let bytes = layers.into_iter().flatten().flat_map(f32::to_le_bytes).collect();
                self.send(Report::Rates(sizes), vec![bytes]);
            }
            Job::Weights(job) => {
                let WeightsJob { layer, weights, bytes } = *job;
                self.send(Report::Fields(layer, weights.into_neurons()), vec![bytes]);
            }
            Job::Stopping(test) => {
                let stopping = test.stopping();
                self.report(Report::Stopping(stopping.images, stopping.at.to_vec()));
            }
            Job::StdpStopping(test) => {
                self.report(Report::Stopping(test.stopping.images, test.stopping.at.to_vec()));
            }
            // A file that nothing could open is no use.
            Job::Model(writer) if !writer.is_finite() => {
                self.fail("The weights cannot be saved: some are no numbers any more, for training diverged.");
            }
            Job::Model(writer) => self.send(Report::Weights, vec![writer.finish()]),
            Job::Checkpoint(writer, step) => self.finish_checkpoint(writer, step),
            Job::EpochEnd(check) => self.end_epoch(check.is_finite()),
        }
    }
}
