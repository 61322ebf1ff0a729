//! What the engine makes of the page's requests, without the port through which they come: training, tests and traces
//! in turn, no piece of work much longer than 20 ms.

mod card;
mod data;
mod looking;
mod meter;
mod pace;
mod testing;

use crate::digits::order::SHARD_SIZE;
use crate::digits::shard::Split;
use crate::event::{Event, Flow};
use crate::network::{Misfit, Network};
use crate::photo::{self, PhotoError, Prepared};
use crate::protocol::{Report, Request};
use crate::spec::{Dataset, Spec};
use crate::training::{Advance, Run};
use crate::weights::checkpoint;
use burn::tensor::Device;
use card::OnCard;
pub use card::{Brought, Errand};
use data::Data;
use looking::needs_weights;
use meter::Meter;
use pace::Pace;
use testing::Testing;

/// A report and the byte arrays beside it.
pub type Outgoing = (Report, Vec<Vec<u8>>);

/// Images of the test that is made while training runs, about once a second.
const QUICK_TEST: usize = 1000;
/// Milliseconds between two such tests.
const TEST_INTERVAL: f64 = 1000.0;

/// Reads a picture file for a network: [`photo::read`].
type ReadPicture = fn(&[u8], Dataset, usize) -> Result<Prepared, PhotoError>;

/// What the engine does when nobody asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Idle,
    Training,
    OneStep,
    /// Some steps whose speed is measured and of which nothing is kept.
    Trial,
}

/// The engine's state.
pub struct Session {
    device: Device,
    /// Milliseconds since some moment.
    clock: Box<dyn Fn() -> f64>,
    run: Option<Run>,
    /// Reads picture files, where this engine does.
    read_picture: Option<ReadPicture>,
    /// Whether the weights were drawn from the seed: before they learn they may be drawn anew, for other images.
    is_drawn: bool,
    data: Data,
    mode: Mode,
    testing: Option<Testing>,
    last_test: f64,
    meter: Meter,
    /// Of training and of testing.
    paces: [Pace; 2],
    /// Milliseconds that the slices of the batch in hand took.
    slices: f64,
    card: OnCard,
    out: Vec<Outgoing>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({:?}, {:?})", self.mode, self.run.as_ref().map(|run| &run.position))
    }
}

impl Session {
    /// An engine that has no network yet. `clock` tells milliseconds.
    pub fn new(device: Device, clock: impl Fn() -> f64 + 'static) -> Self {
        Self {
            device: device.autodiff(),
            clock: Box::new(clock),
            run: None,
            read_picture: None,
            is_drawn: false,
            data: Data::default(),
            mode: Mode::Idle,
            testing: None,
            last_test: f64::NEG_INFINITY,
            meter: Meter::default(),
            paces: [Pace::default(); 2],
            slices: 0.0,
            card: OnCard::default(),
            out: Vec::new(),
        }
    }

    /// The same engine, reading picture files as well. (One on a card is never asked for that, and so its program need not
    /// have what reads them.)
    #[must_use]
    pub fn with_pictures(self) -> Self {
        Self { read_picture: Some(photo::read), ..self }
    }

    /// Whether [`Session::work`] has something to do.
    pub fn is_busy(&self) -> bool {
        if self.is_out() {
            return false;
        }
        let waits = |split, shard| self.data.asked.contains(&(split, shard));
        let test = self.testing.as_ref().is_some_and(|testing| testing.missing(&self.data.test).is_none());
        let due = self.run.as_ref().and_then(|run| run.due_shard()).is_some_and(|due| !waits(Split::Train, due));
        test || (self.mode != Mode::Idle && due)
    }

    /// Takes a request in and answers what can be answered at once.
    pub fn receive(&mut self, request: Request, bytes: Vec<Vec<u8>>) -> Vec<Outgoing> {
        if self.is_on_card() && needs_weights(&request) {
            self.fail("A network on a graphics card cannot be looked at: ask the engine that has its checkpoints.");
            return std::mem::take(&mut self.out);
        }
        match request {
            Request::Open => self.open(bytes.first().map_or(&[], Vec::as_slice)),
            Request::Start(spec) => self.start(spec),
            Request::Continue(spec) => self.go_on(spec),
            Request::Change(spec) => self.change(spec),
            Request::Data(manifest) => self.know(manifest),
            Request::Drawings => self.know_drawings(bytes),
            Request::Shard(split, shard) => self.take(split, shard, &bytes),
            Request::Samples(dataset) => self.samples(dataset, &bytes),
            Request::Train => self.train(Mode::Training),
            Request::Step => self.train(Mode::OneStep),
            Request::Pause => self.pause(),
            Request::Trace { id, picture } => self.trace(id, picture, bytes.first()),
            Request::Photo(id) => self.photo(id, bytes.first().map_or(&[], Vec::as_slice)),
            Request::Test(images) => self.test(images),
            Request::TestImages(images) => self.test_images(images),
            Request::Fields(layer, neurons) => self.fields(layer, neurons),
            Request::Rates => self.rates(bytes.first().map_or(&[], Vec::as_slice)),
            Request::Weights => self.weights(),
            Request::Checkpoint => self.give_run(),
            Request::HandOver => {
                (self.mode, self.testing) = (Mode::Idle, None);
                self.flush_meter();
                self.give_run();
            }
            Request::Resume => {
                self.resume(bytes.first().map_or(&[], Vec::as_slice));
                let fits = self.run.as_ref().is_some_and(|run| self.check_fit(&run.network).is_ok());
                self.testing = Testing::new(QUICK_TEST, &self.data.test).filter(|_| fits);
            }
            Request::Try => self.try_out(bytes.first().map_or(&[], Vec::as_slice)),
            Request::SelfCheck => self.self_check(),
        }
        std::mem::take(&mut self.out)
    }

    /// Goes on with what there is to do: some images of a training step or of a test, for about 20 ms.
    pub fn work(&mut self) -> Vec<Outgoing> {
        let now = (self.clock)();
        if let Some(testing) = &mut self.testing
            && let Some(run) = &self.run
            && testing.missing(&self.data.test).is_none()
        {
            let before = testing.answers.len();
            let done = testing.advance(run, &self.data.test, self.paces[1].images());
            self.paces[1].took(testing.answers.len() - before, (self.clock)() - now);
            let step = run.adam.step();
            if done && let Some(testing) = self.testing.take() {
                let report = Report::Tested { score: testing.score(), step };
                self.out.push((report, vec![testing.answers, testing.labels]));
            }
        } else if self.mode != Mode::Idle && !self.is_out() {
            if self.is_on_card() { self.train_on_card() } else { self.train_batch() }
        }
        std::mem::take(&mut self.out)
    }

    fn report(&mut self, report: Report) {
        self.out.push((report, Vec::new()));
    }

    fn fail(&mut self, reason: impl std::fmt::Display) {
        self.report(Report::Failed(reason.to_string()));
    }

    /// Becomes this network, at the start of a run.
    fn begin(&mut self, spec: Spec, network: Network) {
        self.run = Some(Run::new(spec.clone(), network, self.images()));
        (self.mode, self.testing, self.last_test) = (Mode::Idle, None, f64::NEG_INFINITY);
        (self.meter, self.paces, self.slices) = (Meter::default(), [Pace::default(); 2], 0.0);
        self.report(Report::Started(spec.to_hash(&Spec::default())));
    }

    fn open(&mut self, bytes: &[u8]) {
        match checkpoint::model_from_bytes(bytes, &self.device) {
            Ok((spec, network)) => match self.check_fit(&network) {
                Ok(()) => {
                    self.begin(spec, network);
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
        let manifest = self.data.manifest.as_ref();
        manifest.map_or(Ok(()), |data| network.check_fit(data.width * data.height, data.classes))
    }

    /// Whether there is a network that reads the images that there are; says so if not.
    fn is_ready(&mut self) -> bool {
        let misfit = self.run.as_ref().and_then(|run| self.check_fit(&run.network).err());
        if let Some(misfit) = misfit {
            self.fail(format_args!("The network {misfit}."));
        }
        misfit.is_none()
    }

    fn start(&mut self, spec: Spec) {
        if let Err(error) = spec.check() {
            return self.fail(error);
        }
        let size = spec.dataset.image_size();
        let (pixels, classes) = match &self.data.manifest {
            Some(manifest) => (manifest.width * manifest.height, manifest.classes),
            None => (size[0] * size[1], spec.dataset.classes()),
        };
        let network = Network::new(&spec, pixels, classes, &self.device);
        self.begin(spec, network);
        self.is_drawn = true;
    }

    fn go_on(&mut self, spec: Spec) {
        let Some(run) = &self.run else { return self.fail("There is no network yet to go on with.") };
        match spec.check().map_err(|error| error.to_string()).and_then(|()| {
            Network::with_parameters(&spec, &run.network.parameters(), &self.device).map_err(|error| error.to_string())
        }) {
            Ok(network) => self.begin(spec, network),
            Err(error) => self.fail(format_args!("The network does not fit these settings: {error}.")),
        }
    }

    fn change(&mut self, spec: Spec) {
        let Some(run) = &mut self.run else { return self.fail("There is no network yet to change.") };
        match run.change(spec) {
            Ok(()) => {
                // What was measured of the network as it was says nothing of this one; images may take longer or shorter.
                self.testing = self.testing.as_ref().map(Testing::again);
                (self.paces, self.slices) = ([Pace::default(); 2], 0.0);
                self.report(Report::Changed);
            }
            Err(error) => self.fail(format_args!("The network cannot be changed so: {error}")),
        }
    }

    fn train(&mut self, mode: Mode) {
        if self.run.is_none() {
            return self.fail("There is no network yet to train.");
        }
        if self.data.manifest.is_none() {
            return self.fail("There are no images to train on.");
        }
        if !self.is_ready() {
            return;
        }
        // A shard that this data does not have would be waited for in vain.
        let (over, there) = (self.run.as_ref().map_or(0, Run::images), self.images());
        if over != there {
            return self
                .fail(format_args!("The run was over {over} images, and there are {there}: it needs the same."));
        }
        self.mode = mode;
        // Whoever asks again may have lost what was asked for before.
        self.data.asked.clear();
        self.ask_ahead();
        if !self.is_on_card() {
            self.need(Split::Test, 0);
        }
    }

    fn is_on_card(&self) -> bool {
        self.run.as_ref().is_some_and(Run::is_on_card)
    }

    fn pause(&mut self) {
        if self.is_on_card() {
            return self.pause_on_card();
        }
        self.mode = Mode::Idle;
        self.flush_meter();
        self.report(Report::Paused);
    }

    fn train_batch(&mut self) {
        let now = (self.clock)();
        if self.mode == Mode::Training && now - self.last_test > TEST_INTERVAL && self.data.test.get(0).is_some() {
            self.last_test = now;
            self.testing = Testing::new(QUICK_TEST, &self.data.test);
            return;
        }
        let Some(run) = &mut self.run else { return };
        let mut events = Vec::new();
        let mut listener = |event: &Event| {
            events.push(event.clone());
            Flow::Go
        };
        let images = self.paces[0].images().min(run.pending());
        let advance = run.advance_by(images, &self.data.train, None, &mut listener);
        let time = (self.clock)() - now;
        match advance {
            Advance::Waiting(shard) => return self.need(Split::Train, shard),
            Advance::Lost(reason) => return self.fail(reason),
            Advance::Stepped | Advance::Partly | Advance::Stopped => {}
        }
        self.paces[0].took(images, time);
        self.slices += time;
        let time = self.slices;
        let is_over = self.is_over(&events);
        events.into_iter().for_each(|event| self.tell(event, time));
        if advance == Advance::Partly {
            return;
        }
        self.slices = 0.0;
        if advance == Advance::Stepped && self.mode == Mode::Training && !is_over {
            self.ask_ahead();
        } else {
            self.pause();
        }
    }

    /// Whether the last of the spec's epochs ended just now. Whoever trains on afterwards is not stopped again.
    fn is_over(&self, events: &[Event]) -> bool {
        let ended = |event: &Event| matches!(event, Event::Epoch(_));
        let last = |run: &Run| run.position.epoch == run.spec.epochs;
        events.iter().any(ended) && self.run.as_ref().is_some_and(last)
    }

    fn tell(&mut self, event: Event, time: f64) {
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

    fn fail_diverged(&mut self, step: u64, by_loss: bool) {
        let what = if by_loss { "the loss" } else { "a weight" };
        self.fail(format_args!(
            "Training stopped at step {step}: {what} is no number any more. A smaller learning rate may help."
        ));
    }

    fn flush_meter(&mut self) {
        let now = (self.clock)();
        if let Some(report) = self.meter.take(now) {
            self.report(report);
        }
    }

    fn test(&mut self, images: usize) {
        let Some(manifest) = &self.data.manifest else { return self.fail("There are no test images.") };
        let (all, shards) = (manifest.images(Split::Test), manifest.test.len());
        if !self.is_ready() {
            return;
        }
        let images = images.min(all);
        for shard in 0..shards.min(images.div_ceil(SHARD_SIZE)) {
            self.data.asked.remove(&(Split::Test, shard));
            self.need(Split::Test, shard);
        }
        self.testing = Some(Testing::whole(images));
    }

    /// The network and its run, for whoever wants to look.
    pub fn run(&self) -> Option<&Run> {
        self.run.as_ref()
    }
}
