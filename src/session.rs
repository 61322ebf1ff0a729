//! What the engine makes of the page's requests, without the port through which they come: training, tests and traces
//! in turn, no piece of work much longer than 20 ms.

mod card;
mod meter;
mod pace;
mod testing;

use crate::digits::order::SHARD_SIZE;
use crate::digits::shard::{self, Manifest, Split};
use crate::digits::{Shards, own};
use crate::evaluation;
use crate::event::{Event, Flow};
use crate::network::Network;
use crate::protocol::{Picture, Report, Request};
use crate::spec::{Dataset, Spec};
use crate::spikes::encode::Pass;
use crate::training::{Advance, Run};
use crate::weights::checkpoint::{self, Notes};
use burn::tensor::Device;
use card::OnCard;
pub use card::{Brought, Errand};
use meter::Meter;
use pace::Pace;
use std::collections::HashSet;
use testing::Testing;

/// A report and the byte arrays beside it.
pub type Outgoing = (Report, Vec<Vec<u8>>);

/// Shards that are asked for before they are due.
const SHARDS_AHEAD: usize = 3;
/// Images of the test that is made while training runs, about once a second.
const QUICK_TEST: usize = 1000;
/// Milliseconds between two such tests.
const TEST_INTERVAL: f64 = 1000.0;

/// What the engine does when nobody asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Idle,
    Training,
    OneStep,
    /// Some steps whose speed is measured and of which nothing is kept.
    Trial,
}

/// The data set as far as it came.
#[derive(Debug, Default)]
struct Data {
    manifest: Option<Manifest>,
    train: Shards,
    test: Shards,
    /// Shards that were asked for and did not come yet.
    asked: HashSet<(Split, usize)>,
}

/// The engine's state.
pub struct Session {
    device: Device,
    /// Milliseconds since some moment.
    clock: Box<dyn Fn() -> f64>,
    run: Option<Run>,
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
                self.testing = Testing::new(QUICK_TEST, &self.data.test);
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

    fn images(&self) -> usize {
        self.data.manifest.as_ref().map_or(0, |manifest| manifest.images(Split::Train))
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
            Ok((spec, network)) => self.begin(spec, network),
            Err(error) => self.fail(format_args!("The weights cannot be opened: {error}.")),
        }
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

    fn know(&mut self, manifest: Manifest) {
        if let Err(error) = manifest.check() {
            return self.fail(error);
        }
        if self.data.manifest.as_ref() == Some(&manifest) {
            return;
        }
        let (train, test) = (manifest.train.len(), manifest.test.len());
        self.hold(manifest, Shards::new(train), Shards::new(test));
    }

    fn know_drawings(&mut self, bytes: Vec<Vec<u8>>) {
        let classes = Dataset::Folder.classes();
        let Ok([pixels, labels]) = <[Vec<u8>; 2]>::try_from(bytes) else {
            return self.fail("Drawings need pixels and labels.");
        };
        match own::drawings(pixels, labels, classes) {
            Ok(drawings) => {
                let sets = own::sets(&drawings);
                let [train, test] = [sets.0, sets.1].map(|digits| {
                    let mut shards = Shards::new(1);
                    shards.insert(0, digits);
                    shards
                });
                self.hold(own::manifest(classes), train, test);
            }
            Err(error) => self.fail(error),
        }
    }

    /// This is the data that there is.
    fn hold(&mut self, manifest: Manifest, train: Shards, test: Shards) {
        let images = manifest.images(Split::Train);
        self.data = Data { manifest: Some(manifest), train, test, asked: HashSet::new() };
        // A run that has seen nothing yet learns what it will see.
        self.run = self.run.take().map(|run| match run.adam.step() {
            0 => Run::new(run.spec, run.network, images),
            _ => run,
        });
    }

    fn take(&mut self, split: Split, shard: usize, bytes: &[Vec<u8>]) {
        let opened = match (&self.data.manifest, bytes) {
            (None, _) => Err("no manifest said what it should be".to_owned()),
            (Some(manifest), [images, labels]) => {
                shard::open(manifest, split, shard, images, labels).map_err(|error| error.to_string())
            }
            (Some(_), _) => Err("it needs images and labels".to_owned()),
        };
        match opened {
            Ok(digits) => {
                self.shards_mut(split).insert(shard, digits);
                self.data.asked.remove(&(split, shard));
                self.report(Report::ShardTaken(split, shard));
            }
            Err(reason) => self.report(Report::ShardRefused { split, shard, reason }),
        }
    }

    fn samples(&mut self, dataset: Dataset, bytes: &[Vec<u8>]) {
        let opened = match (&self.data.manifest, bytes) {
            (Some(manifest), [images, labels]) => {
                shard::open_samples(manifest, images, labels).map_err(|error| error.to_string())
            }
            _ => Err("a manifest and two files are needed".to_owned()),
        };
        match opened {
            Ok(digits) => self.out.push((Report::Samples(dataset), vec![digits.images, digits.labels])),
            Err(reason) => self.report(Report::SamplesRefused(dataset, reason)),
        }
    }

    fn shards_mut(&mut self, split: Split) -> &mut Shards {
        match split {
            Split::Train => &mut self.data.train,
            Split::Test => &mut self.data.test,
        }
    }

    /// Asks for a shard, once.
    fn need(&mut self, split: Split, shard: usize) {
        if self.shards_mut(split).get(shard).is_none() && self.data.asked.insert((split, shard)) {
            self.report(Report::Need(split, shard));
        }
    }

    fn train(&mut self, mode: Mode) {
        if self.run.is_none() {
            return self.fail("There is no network yet to train.");
        }
        if self.data.manifest.is_none() {
            return self.fail("There are no images to train on.");
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

    /// Asks for the shards that are due next.
    fn ask_ahead(&mut self) {
        let Some(run) = &self.run else { return };
        let due = run.due_shard();
        let ahead = run.due_shards().iter().skip_while(|shard| Some(**shard) != due).take(SHARDS_AHEAD);
        for shard in ahead.copied().collect::<Vec<_>>() {
            self.need(Split::Train, shard);
        }
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
            Event::Diverged(done) => self.fail(format_args!(
                "Training stopped at step {}: the loss is no number any more. A smaller learning rate may help.",
                done.step
            )),
        }
    }

    fn flush_meter(&mut self) {
        let now = (self.clock)();
        if let Some(report) = self.meter.take(now) {
            self.report(report);
        }
    }

    fn trace(&mut self, id: u32, picture: Picture, pixels: Option<&Vec<u8>>) {
        match self.traced(picture, pixels) {
            Ok((bytes, label, step)) => self.out.push((Report::Trace { id, picture, label, step }, vec![bytes])),
            Err(reason) => self.report(Report::NoTrace { id, reason }),
        }
    }

    fn traced(&self, picture: Picture, pixels: Option<&Vec<u8>>) -> Result<(Vec<u8>, Option<u8>, u64), String> {
        let run = self.run.as_ref().ok_or("There is no network yet.")?;
        let (image, label, pass, sample) = match picture {
            Picture::Drawing => {
                let pixels = pixels.ok_or("A drawing needs its pixels.")?;
                (pixels.as_slice(), None, Pass::Drawing, 0)
            }
            Picture::Test(index) => {
                let digits = self.data.test.get(index / SHARD_SIZE).ok_or("This test image has not been fetched.")?;
                let place = index % SHARD_SIZE;
                if place >= digits.len() {
                    return Err(format!("There is no test image {index}."));
                }
                (digits.image(place), Some(digits.label(place)), Pass::Evaluation, index as u64)
            }
        };
        if image.len() != run.network.pixels() {
            return Err(format!("The picture has {} pixels, the network {}.", image.len(), run.network.pixels()));
        }
        let trace = evaluation::trace(&run.network, &run.spec, image, pass, sample);
        Ok((trace.to_bytes(), label, run.adam.step()))
    }

    fn test(&mut self, images: usize) {
        let Some(manifest) = &self.data.manifest else { return self.fail("There are no test images.") };
        let (all, shards) = (manifest.images(Split::Test), manifest.test.len());
        let images = images.min(all);
        for shard in 0..shards.min(images.div_ceil(SHARD_SIZE)) {
            self.data.asked.remove(&(Split::Test, shard));
            self.need(Split::Test, shard);
        }
        self.testing = Some(Testing::whole(images));
    }

    /// Gives those of the test images that are there, and asks for the shards of the others.
    fn test_images(&mut self, images: Vec<usize>) {
        let Some(manifest) = &self.data.manifest else { return self.fail("There are no test images.") };
        let all = manifest.images(Split::Test);
        let (mut there, mut pixels) = (Vec::new(), Vec::new());
        for image in images.into_iter().filter(|image| *image < all) {
            match self.data.test.get(image / SHARD_SIZE) {
                Some(digits) => {
                    there.push(image);
                    pixels.extend_from_slice(digits.image(image % SHARD_SIZE));
                }
                None => self.need(Split::Test, image / SHARD_SIZE),
            }
        }
        self.out.push((Report::TestImages(there), vec![pixels]));
    }

    fn fields(&mut self, layer: usize, neurons: Vec<usize>) {
        let Some(run) = &self.run else { return };
        let width = evaluation::width(&run.network, layer);
        let neurons: Vec<usize> = neurons.into_iter().filter(|neuron| *neuron < width).collect();
        let fields = evaluation::fields(&run.network, layer, &neurons);
        let bytes = fields.into_iter().flat_map(f32::to_le_bytes).collect();
        self.out.push((Report::Fields(layer, neurons), vec![bytes]));
    }

    fn rates(&mut self, pixels: &[u8]) {
        let Some(run) = &self.run else { return };
        let images: Vec<&[u8]> = pixels.chunks_exact(run.network.pixels()).collect();
        let layers = evaluation::rates(&run.network, &run.spec, &images);
        let sizes = layers.iter().map(Vec::len).collect();
        let bytes = layers.into_iter().flatten().flat_map(f32::to_le_bytes).collect();
        self.out.push((Report::Rates(sizes), vec![bytes]));
    }

    fn weights(&mut self) {
        let Some(run) = &self.run else { return self.fail("There is no network yet.") };
        match checkpoint::model_to_bytes(&run.spec, &run.network, Notes::default()) {
            Ok(bytes) => self.out.push((Report::Weights, vec![bytes])),
            Err(error) => self.fail(error),
        }
    }

    /// The network and its run, for whoever wants to look.
    pub fn run(&self) -> Option<&Run> {
        self.run.as_ref()
    }
}

/// Whether answering takes the weights at once, for which a card would have to be waited for.
const fn needs_weights(request: &Request) -> bool {
    match request {
        Request::Continue(_)
        | Request::Trace { .. }
        | Request::Test(_)
        | Request::Fields(..)
        | Request::Rates
        | Request::Weights => true,
        Request::Open
        | Request::Start(_)
        | Request::Change(_)
        | Request::Data(_)
        | Request::Drawings
        | Request::Shard(..)
        | Request::Samples(_)
        | Request::Train
        | Request::Pause
        | Request::Step
        | Request::TestImages(_)
        | Request::Checkpoint
        | Request::HandOver
        | Request::Resume
        | Request::Try
        | Request::SelfCheck => false,
    }
}
