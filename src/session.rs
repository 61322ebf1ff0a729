//! The engine's state, and what it makes of the page's requests, without the port through which they come: training, tests
//! and inspection in turn, in pieces of about 20 ms.
//!
//! What is cut by time: training, by images of a batch (one that helpers share passes in two pieces), and tests, by images. What
//! is cut by operations (`jobs`): traces, firing rates, incoming weights, files of weights and of runs, and whether an epoch may
//! end. What is not cut: one image in
//! training and in a test; the update of the weights behind a batch's last image; the reading of a file (`Open`, `Resume`,
//! `Try`); a network that is drawn from a seed (`Start`) or laid out anew (`Continue`); and data that come (`Shard`,
//! `Drawings`).

mod data;
mod gpu;
mod inspection;
mod jobs;
mod meter;
mod pace;
mod stdp;
mod team;
mod team_member;
mod testing;
mod training;
mod watching;

pub use gpu::{GpuTask, GpuTaskResult};
pub use jobs::JOB_OPERATIONS;
pub use team_member::{Helper, Sent, TeamMessage};

use crate::accuracy::predictions;
use crate::digits::order::SHARD_SIZE;
use crate::digits::shard::Split;
use crate::event::Accuracy;
use crate::network::{Misfit, Network};
use crate::plasticity::run::StdpRun;
use crate::protocol::{Outgoing, Report, Request, RequestId};
use crate::spec::{Rule, Spec};
use crate::training::Run;
use crate::weights::checkpoint;
use burn::tensor::Device;
use data::Data;
use gpu::Gpu;
use inspection::needs_weights;
use jobs::Job;
use meter::Meter;
use pace::Pace;
use std::collections::VecDeque;
use team::Team;
use testing::Testing;
use watching::Watching;

/// Images of the test that is made while training runs, about once a second.
const QUICK_TEST: usize = 1000;
/// Milliseconds between two such tests.
const TEST_INTERVAL: f64 = 1000.0;
/// The step after which a run is first tested; then after twice as many, and so on to the last of these, for a run learns most
/// within its first second.
const EARLY_TESTS: [u64; 2] = [5, 640];

/// What the engine does when nothing is asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Idle,
    Training,
    OneStep,
    /// Some steps whose speed is measured and of which nothing is kept.
    Benchmark,
}

/// The engine's state.
pub struct Session {
    device: Device,
    /// Milliseconds since some moment.
    clock: Box<dyn Fn() -> f64>,
    /// The run by gradients; at most one of it and the next is there.
    run: Option<Run>,
    /// The run by STDP.
    stdp: Option<Box<StdpRun>>,
    /// Who watches that.
    watching: Watching,
    /// Whether the weights were drawn from the seed: before they learn they may be drawn anew, for other images.
    is_drawn: bool,
    data: Data,
    mode: Mode,
    testing: Option<Testing>,
    /// When the newest quick test began.
    last_test: Option<f64>,
    /// The step from which on the next early test is due.
    early_test: u64,
    meter: Meter,
    training_pace: Pace,
    test_pace: Pace,
    /// Milliseconds that went into the batch in hand.
    batch_time: f64,
    /// Milliseconds that a step took when it was last seen.
    step_time: Option<f64>,
    gpu: Gpu,
    /// The workers that train beside this one.
    team: Team,
    /// What is under way: traces, which go first, and one other job.
    jobs: Vec<(Option<RequestId>, Job)>,
    /// Requests that wait for that.
    queue: VecDeque<(RequestId, Request, Vec<Vec<u8>>)>,
    /// A test of stopping early that waits for its images: its request, and how many they are.
    waiting_stopping_test: Option<(Option<RequestId>, usize)>,
    /// The request that is being answered.
    answering: Option<RequestId>,
    /// The newest request to train: where that ends by itself, `Paused` is its answer.
    training_request: Option<RequestId>,
    out: Vec<Outgoing>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let positions = (self.run.as_ref().map(|run| &run.position), self.stdp.as_ref().map(|run| run.position()));
        write!(f, "Session({:?}, {positions:?})", self.mode)
    }
}

impl Session {
    /// An engine that has no network yet. `clock` gives milliseconds.
    pub fn new(device: Device, clock: impl Fn() -> f64 + 'static) -> Self {
        Self {
            device: device.autodiff(),
            clock: Box::new(clock),
            run: None,
            stdp: None,
            watching: Watching::default(),
            is_drawn: false,
            data: Data::default(),
            mode: Mode::Idle,
            testing: None,
            last_test: None,
            early_test: EARLY_TESTS[0],
            meter: Meter::default(),
            training_pace: Pace::default(),
            test_pace: Pace::default(),
            batch_time: 0.0,
            step_time: None,
            gpu: Gpu::default(),
            team: Team::default(),
            jobs: Vec::new(),
            queue: VecDeque::new(),
            waiting_stopping_test: None,
            answering: None,
            training_request: None,
            out: Vec::new(),
        }
    }

    /// Whether [`Session::work`] has something to do.
    pub fn is_busy(&self) -> bool {
        if self.team.is_waiting() {
            return false;
        }
        if self.has_jobs() {
            return true;
        }
        if self.waits_for_gpu() {
            return false;
        }
        let waits = |split, shard| self.data.requested.contains(&(split, shard));
        let test = self.testing.as_ref().is_some_and(|testing| testing.missing(&self.data.test).is_none());
        let due = self.due_shard().is_some_and(|due| !waits(Split::Train, due));
        test || (self.mode != Mode::Idle && due && self.rest().is_none())
    }

    /// Takes a request in, and does the first piece of what it asks for: most are answered by that.
    pub fn receive(&mut self, id: RequestId, request: Request, bytes: Vec<Vec<u8>>) -> Vec<Outgoing> {
        if self.has_to_wait(&request) {
            self.queue.push_back((id, request, bytes));
        } else {
            self.answering(Some(id), |session| session.answer(request, bytes));
        }
        std::mem::take(&mut self.out)
    }

    /// Does something for that request: what is reported meanwhile answers it.
    fn answering(&mut self, id: Option<RequestId>, work: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.answering, id);
        work(self);
        self.answering = before;
    }

    fn answer(&mut self, request: Request, mut bytes: Vec<Vec<u8>>) {
        if jobs::changes_run(&request) {
            self.team.dissolve();
        }
        if self.is_gpu() && needs_weights(&request) {
            return self
                .fail("A network on a graphics card cannot be looked at: ask the engine that has its checkpoints.");
        }
        let Some(request) = self.answer_of_stdp(request, &mut bytes) else { return };
        match request {
            Request::Open => self.open(first(&bytes)),
            Request::Start(spec) => self.start_run(spec),
            Request::Continue(spec) => self.continue_run(spec),
            Request::Change(spec) => self.change(spec),
            Request::Data(manifest) => self.set_manifest(manifest),
            Request::Drawings => self.set_drawings(bytes),
            Request::Shard(split, shard) => self.add_shard(split, shard, &bytes),
            Request::Samples(dataset) => self.samples(dataset, &bytes),
            Request::Train => self.train(Mode::Training),
            Request::Step => self.train(Mode::OneStep),
            Request::Pace(pace) => self.watching.pace = pace,
            Request::Workers(workers) => self.set_workers(workers),
            Request::Pause => self.pause(),
            Request::Trace { picture } => self.trace(picture, bytes.first()),
            Request::Photo { .. } => self.fail("This engine reads no pictures."),
            Request::Test(images) => self.test(images),
            Request::TestImages(images) => self.test_images(images),
            Request::Fields(layer, neurons) => self.incoming_weights(layer, neurons),
            // The run that was looked at is no more.
            Request::Glimpse => self.report(Report::Glimpse { more: false }),
            Request::Rates => self.rates(bytes.first_mut().map(std::mem::take).unwrap_or_default()),
            Request::Stopping(images) => self.stopping(images),
            Request::Weights => self.weights(),
            Request::Checkpoint => self.send_checkpoint(),
            Request::HandOver => {
                (self.mode, self.testing) = (Mode::Idle, None);
                self.flush_meter();
                self.send_checkpoint();
            }
            Request::Resume => {
                self.resume(first(&bytes));
                let fits = self.has_network() && self.misfit().is_none();
                self.testing = Testing::new(QUICK_TEST, &self.data.test).filter(|_| fits);
            }
            Request::Try => self.benchmark(first(&bytes)),
            Request::SelfCheck => self.self_check(),
        }
    }

    fn has_network(&self) -> bool {
        self.run.is_some() || self.stdp.is_some()
    }

    /// The shard of the next image.
    fn due_shard(&self) -> Option<usize> {
        match (&self.run, &self.stdp) {
            (Some(run), _) => run.due_shard(),
            (None, Some(run)) => run.due_shard(),
            (None, None) => None,
        }
    }

    /// Why the network does not read the images that there are, if it does not.
    fn misfit(&self) -> Option<Misfit> {
        match (&self.run, &self.stdp) {
            (Some(run), _) => self.check_fit(&run.network).err(),
            (None, Some(run)) => self.check_sizes(run.sizes()).err(),
            (None, None) => None,
        }
    }

    /// The images that the run is over.
    fn run_images(&self) -> usize {
        match (&self.run, &self.stdp) {
            (Some(run), _) => run.images(),
            (None, Some(run)) => run.images(),
            (None, None) => 0,
        }
    }

    /// Updates of the weights so far; by STDP, pictures.
    fn step(&self) -> u64 {
        match (&self.run, &self.stdp) {
            (Some(run), _) => self.team.step().unwrap_or_else(|| run.adam.step()),
            (None, Some(run)) => run.shown(),
            (None, None) => 0,
        }
    }

    /// Goes on with what there is to do, for about 20 ms: what was asked for, some images of a test, or some of training.
    pub fn work(&mut self) -> Vec<Outgoing> {
        let now = (self.clock)();
        let tests = self.testing.as_ref().is_some_and(|testing| testing.missing(&self.data.test).is_none());
        if self.team.is_waiting() {
            self.give_up_silent(now);
        } else if (tests || self.has_jobs()) && self.team.is_ahead() {
            self.bring_up_to_date();
        } else if self.has_jobs() {
            self.advance_jobs();
        } else if tests {
            self.test_on(now);
        } else if self.mode != Mode::Idle && !self.waits_for_gpu() {
            self.train_on();
        }
        std::mem::take(&mut self.out)
    }

    /// Reads some images of the test under way.
    fn test_on(&mut self, now: f64) {
        let images = self.test_pace.images();
        let step = self.step();
        let Some(testing) = &mut self.testing else { return };
        let before = testing.predictions.len();
        let (run, stdp) = (&self.run, &mut self.stdp);
        let is_done = testing.advance(&self.data.test, images, |digits, range, first| match (run, stdp) {
            (Some(run), _) => predictions(&run.network, &run.spec, digits, range, first),
            (None, Some(run)) => stdp::predictions(run, digits, range, first),
            (None, None) => Vec::new(),
        });
        self.test_pace.took(testing.predictions.len() - before, (self.clock)() - now);
        if is_done && let Some(testing) = self.testing.take() {
            let report = Report::Tested { score: testing.score(), step };
            let bytes = vec![testing.predictions, testing.labels];
            self.answering(testing.request, |session| session.send(report, bytes));
        }
    }

    fn report(&mut self, report: Report) {
        self.send(report, Vec::new());
    }

    fn send(&mut self, report: Report, bytes: Vec<Vec<u8>>) {
        let answers = self.answering.filter(|_| report.is_answer());
        self.out.push(Outgoing { answers, report, bytes });
    }

    fn fail(&mut self, reason: impl std::fmt::Display) {
        self.report(Report::Failed(reason.to_string()));
    }

    /// Becomes this network, at the start of a run. `accuracy` is what its file says of it.
    fn reset_to(&mut self, spec: Spec, network: Network, accuracy: Option<Accuracy>) {
        let hash = spec.to_hash(&Spec::default());
        (self.run, self.stdp) = (Some(Run::new(spec, network, self.images())), None);
        self.begin(hash, accuracy);
    }

    /// Stands at the start of the run that is there, and reports it. `spec` is what differs from the defaults.
    fn begin(&mut self, spec: String, accuracy: Option<Accuracy>) {
        (self.mode, self.testing, self.last_test) = (Mode::Idle, None, None);
        self.early_test = EARLY_TESTS[0];
        self.meter = Meter::default();
        self.forget_times();
        self.report(Report::Started { spec, accuracy });
    }

    /// Forgets what images took: those of another network take longer or shorter.
    fn forget_times(&mut self) {
        let pace = self.run.as_ref().map_or(Pace::default(), |run| Pace::new(&run.network, &run.spec));
        (self.training_pace, self.test_pace, self.batch_time) = (pace, pace, 0.0);
        self.team.forget_trial();
    }

    fn open(&mut self, bytes: &[u8]) {
        if stdp::is_stdp(bytes) {
            return self.open_stdp(bytes);
        }
        match checkpoint::model_from_bytes(bytes, &self.device) {
            Ok((spec, network)) => match self.check_fit(&network) {
                Ok(()) => {
                    // What the weights can be read of, its header can.
                    let accuracy = checkpoint::accuracy_from_bytes(bytes).ok().flatten();
                    self.reset_to(spec, network, accuracy);
                    self.is_drawn = false;
                }
                Err(misfit) => self.fail(format_args!("The weights cannot be opened: their network {misfit}.")),
            },
            Err(error) => self.fail(format_args!("The weights cannot be opened: {error}.")),
        }
    }

    /// Whether a network reads the images that there are. Where it is not known yet what these are, they are compared when
    /// they come.
    fn check_fit(&self, network: &Network) -> Result<(), Misfit> {
        self.check_sizes((network.pixels(), network.classes()))
    }

    /// The same by its sizes: the pixels of an image, and the classes.
    fn check_sizes(&self, has: (usize, usize)) -> Result<(), Misfit> {
        let manifest = self.data.manifest.as_ref();
        manifest.map_or(Ok(()), |data| Misfit::between(has, (data.width * data.height, data.classes)))
    }

    /// Whether the network, if there is one, reads the images that there are; reports it if not.
    fn is_ready(&mut self) -> bool {
        let misfit = self.misfit();
        if let Some(misfit) = misfit {
            self.fail(format_args!("The network {misfit}."));
        }
        misfit.is_none()
    }

    fn start_run(&mut self, spec: Spec) {
        if let Err(error) = spec.check() {
            return self.fail(error);
        }
        let size = spec.dataset.image_size();
        let (pixels, classes) = match &self.data.manifest {
            Some(manifest) => (manifest.width * manifest.height, manifest.classes),
            None => (size[0] * size[1], spec.dataset.classes()),
        };
        if spec.rule == Rule::Stdp {
            return self.start_stdp(spec, (pixels, classes));
        }
        if let Err(error) = spec.check_fit(pixels) {
            return self.fail(error);
        }
        let network = Network::new(&spec, pixels, classes, &self.device);
        self.reset_to(spec, network, None);
        self.is_drawn = true;
    }

    fn continue_run(&mut self, spec: Spec) {
        let Some(run) = &self.run else { return self.fail("There is no network yet to go on with.") };
        let pixels = run.network.pixels();
        match check(&spec).and_then(|()| {
            Network::with_parameters(&spec, &run.network.parameters(), Some(pixels), &self.device)
                .map_err(|error| error.to_string())
        }) {
            Ok(network) => self.reset_to(spec, network, None),
            Err(error) => self.fail(format_args!("The network does not fit these settings: {error}.")),
        }
    }

    fn change(&mut self, spec: Spec) {
        let Some(run) = &mut self.run else { return self.fail("There is no network yet to change.") };
        match run.change(spec) {
            Ok(()) => {
                // What was measured of the network as it was says nothing of this one.
                self.testing = self.testing.as_ref().map(Testing::again);
                self.forget_times();
                self.report(Report::Changed);
            }
            Err(error) => self.fail(format_args!("The network cannot be changed so: {error}")),
        }
    }

    fn is_gpu(&self) -> bool {
        self.run.as_ref().is_some_and(Run::is_gpu)
    }

    fn test(&mut self, images: usize) {
        let Some(manifest) = &self.data.manifest else { return self.fail("There are no test images.") };
        let (all, shards) = (manifest.images(Split::Test), manifest.test.len());
        if !self.has_network() {
            return self.fail("There is no network yet to test.");
        }
        if !self.is_ready() {
            return;
        }
        let images = images.min(all);
        for shard in 0..shards.min(images.div_ceil(SHARD_SIZE)) {
            self.data.requested.remove(&(Split::Test, shard));
            self.request_shard(Split::Test, shard);
        }
        self.testing = Some(Testing::whole(images).for_request(self.answering));
    }

    /// The network and its run, to be inspected.
    pub fn run(&self) -> Option<&Run> {
        self.run.as_ref()
    }
}

/// Whether this engine can learn so.
fn check(spec: &Spec) -> Result<(), String> {
    match spec.check() {
        Err(error) => Err(error.to_string()),
        Ok(()) if spec.rule == Rule::Stdp => {
            Err(format!("This engine learns by gradients, not by {}.", spec.rule.word()))
        }
        Ok(()) => Ok(()),
    }
}

/// The first of the byte arrays beside a request; empty if there is none.
fn first(bytes: &[Vec<u8>]) -> &[u8] {
    bytes.first().map_or(&[], Vec::as_slice)
}
