//! A world for the page's model: engines that answer as ours do, but compute nothing, a host that gives files, and timers.

use spiking_playground::digits::shard::{FileEntry, Manifest, ShardEntry, Split};
use spiking_playground::event::{Accuracy, EpochDone, StepDone};
use spiking_playground::page::model::catalogue::{Catalogue, Choice, ShippedNetwork};
use spiking_playground::page::model::effect::Effect;
use spiking_playground::page::model::input::{Due, EngineKind, Input};
use spiking_playground::page::model::phrases::Phrase;
use spiking_playground::page::model::state::{Environment, Model};
use spiking_playground::pictures::curves::History;
use spiking_playground::protocol::{BUILD, Report, Request, RequestId};
use spiking_playground::spec::{Dataset, Rule, Spec};
use spiking_playground::spikes::SpikeTrain;
use spiking_playground::trace::{LayerTrace, Trace};
use std::collections::VecDeque;

/// Images of the training set and of the test set.
pub const IMAGES: usize = 640;
const TEST_IMAGES: usize = 100;
/// Milliseconds between two frames.
const FRAME: f64 = 20.0;

/// A file of weights is its spec's hash, and a run's also how many steps it is old.
pub fn file_of(spec: &Spec, step: u64) -> Vec<u8> {
    format!("{}|{step}", spec.to_hash(&Spec::default())).into_bytes()
}

fn file_to(bytes: &[u8]) -> Option<(Spec, u64)> {
    let (hash, step) = std::str::from_utf8(bytes).ok()?.split_once('|')?;
    Some((Spec::from_hash(&Spec::default(), hash).0, step.parse().ok()?))
}

/// A small network of the page's.
pub fn small() -> Spec {
    Spec::from_hash(&Spec::on_page(), "hidden=6&time-steps=4").0
}

/// An engine that knows what it is and what it was asked, and computes nothing.
#[derive(Debug, Default)]
struct Engine {
    run: Option<(Spec, u64)>,
    has_data: bool,
    training: Option<RequestId>,
    /// Whether a glimpse leaves something to be seen.
    has_more: bool,
    requests: VecDeque<(RequestId, Request, Vec<Vec<u8>>)>,
}

type Sent = (Option<RequestId>, Report, Vec<Vec<u8>>);

impl Engine {
    /// Answers the next request, or trains a little.
    fn work(&mut self, is_gpu: bool) -> Vec<Sent> {
        let Some((id, request, mut bytes)) = self.requests.pop_front() else { return self.train(is_gpu) };
        let one = |report| vec![(Some(id), report, Vec::new())];
        let failed = |reason: &str| vec![(Some(id), Report::Failed(reason.to_owned()), Vec::new())];
        let start = |engine: &mut Self, spec: Spec| {
            (engine.run, engine.training, engine.has_more) = (Some((spec.clone(), 0)), None, true);
            one(Report::Started { spec: spec.to_hash(&Spec::default()), accuracy: None })
        };
        match request {
            Request::Open => match bytes.first().and_then(|bytes| file_to(bytes)) {
                Some((spec, _)) => {
                    let mut said = start(self, spec);
                    // What its file says of it.
                    if let Some((_, Report::Started { accuracy, .. }, _)) = said.first_mut() {
                        *accuracy = Some(Accuracy { correct: 97, images: 100 });
                    }
                    said
                }
                None => failed("no weights"),
            },
            Request::Start(spec) => start(self, spec),
            Request::Continue(spec) if self.run.is_some() => start(self, spec),
            Request::Change(spec) => match &mut self.run {
                Some((held, _)) => {
                    *held = spec;
                    one(Report::Changed)
                }
                None => failed("no network to change"),
            },
            Request::Pace(_) | Request::Workers(_) => Vec::new(),
            Request::Glimpse => {
                // There is more, until all was told.
                let learns_so = self.run.as_ref().is_some_and(|(spec, _)| spec.rule == Rule::Stdp);
                let bytes = if learns_so { vec![vec![1]] } else { Vec::new() };
                vec![(Some(id), Report::Glimpse { more: std::mem::take(&mut self.has_more) }, bytes)]
            }
            Request::Data(_) | Request::Drawings => {
                self.has_data = true;
                Vec::new()
            }
            Request::Shard(split, shard) => one(Report::ShardTaken(split, shard)),
            Request::Samples(dataset) => vec![(Some(id), Report::Samples(dataset), bytes)],
            Request::Train | Request::Step if self.run.is_none() || !self.has_data => failed("nothing to train"),
            Request::Train => {
                self.training = Some(id);
                vec![(None, Report::Need(Split::Train, 0), Vec::new())]
            }
            Request::Step => {
                let mut sent = self.step();
                sent.extend(self.checkpoint(None).filter(|_| is_gpu));
                sent.push((Some(id), Report::Paused, Vec::new()));
                sent
            }
            Request::Pause => {
                self.training = None;
                let mut sent: Vec<Sent> = self.checkpoint(None).filter(|_| is_gpu).into_iter().collect();
                sent.push((Some(id), Report::Paused, Vec::new()));
                sent
            }
            Request::Trace { picture } => match &self.run {
                Some((spec, step)) => {
                    let report = Report::Trace { picture, label: None, step: *step };
                    vec![(Some(id), report, vec![trace(spec, bytes.pop().unwrap_or_default()).to_bytes()])]
                }
                None => failed("no network to trace"),
            },
            Request::Photo { .. } => vec![(Some(id), Report::Photo(false), vec![vec![7; 784], Vec::new()])],
            Request::Test(images) => match &self.run {
                Some((_, step)) if self.has_data => {
                    let images = images.min(TEST_IMAGES);
                    let report = Report::Tested { score: Accuracy { correct: images / 2, images }, step: *step };
                    let predictions = (0..images).map(|i| (i % 2) as u8).collect();
                    vec![(Some(id), report, vec![predictions, vec![0; images]])]
                }
                _ => failed("nothing to test"),
            },
            Request::TestImages(images) => {
                let pixels = vec![9; 784 * images.len()];
                vec![(Some(id), Report::TestImages(images), vec![pixels])]
            }
            Request::Fields(layer, neurons) => match &self.run {
                Some((spec, _)) => {
                    let sizes: Vec<usize> = [784].into_iter().chain(spec.hidden_neurons(784)).chain([10]).collect();
                    let there = |neuron: &usize| sizes.get(layer + 1).is_some_and(|size| neuron < size);
                    let neurons: Vec<usize> = neurons.into_iter().filter(there).collect();
                    let bytes = vec![1; 4 * neurons.len() * sizes.get(layer).copied().unwrap_or(0)];
                    vec![(Some(id), Report::Fields(layer, neurons), vec![bytes])]
                }
                None => failed("no network to look at"),
            },
            Request::Rates => match &self.run {
                Some((spec, _)) => {
                    let sizes: Vec<usize> = spec.hidden_neurons(784).collect();
                    let bytes = vec![0; 4 * sizes.iter().sum::<usize>()];
                    vec![(Some(id), Report::Rates(sizes), vec![bytes])]
                }
                None => failed("no network to measure"),
            },
            Request::Stopping(images) => match &self.run {
                Some(_) => one(Report::Stopping(images, vec![(images, 1); 9])),
                None => failed("no network to measure"),
            },
            Request::Weights if self.run.is_some() => vec![(Some(id), Report::Weights, vec![self.file()])],
            Request::Checkpoint | Request::HandOver if self.run.is_some() => {
                if request == Request::HandOver {
                    self.training = None;
                }
                self.checkpoint(Some(id)).into_iter().collect()
            }
            Request::Resume => match bytes.first().and_then(|bytes| file_to(bytes)) {
                Some((spec, step)) => {
                    (self.run, self.training) = (Some((spec, step)), None);
                    one(Report::Resumed(step))
                }
                None => failed("no run"),
            },
            Request::Try => one(Report::Tried(1e6)),
            Request::SelfCheck => one(Report::Checked(1, None)),
            Request::Continue(_) | Request::Weights | Request::Checkpoint | Request::HandOver => failed("no run yet"),
        }
    }

    fn file(&self) -> Vec<u8> {
        self.run.as_ref().map(|(spec, step)| file_of(spec, *step)).unwrap_or_default()
    }

    fn checkpoint(&self, id: Option<RequestId>) -> Option<Sent> {
        let step = self.run.as_ref()?.1;
        Some((id, Report::Checkpoint(step), vec![self.file()]))
    }

    fn step(&mut self) -> Vec<Sent> {
        let Some((spec, step)) = &mut self.run else { return Vec::new() };
        *step += 1;
        let steps = IMAGES.div_ceil(spec.batch_size) as u64;
        let (epoch, at) = (((*step - 1) / steps) as u32, (*step - 1) % steps);
        let score = Accuracy { correct: 8, images: 10 };
        let done =
            StepDone { step: *step, epoch, images: (at as usize + 1) * 10, images_in_epoch: IMAGES, loss: 0.5, score };
        let mut sent = vec![(None, Report::Step { done, loss: 0.5, score, images_per_second: 1000.0 }, Vec::new())];
        if at + 1 == steps {
            sent.push((None, Report::Epoch(EpochDone { epoch, loss: 0.5, score, test: None }), Vec::new()));
            if epoch + 1 == spec.epochs
                && let Some(id) = self.training.take()
            {
                sent.push((Some(id), Report::Paused, Vec::new()));
            }
        }
        sent
    }

    fn train(&mut self, is_gpu: bool) -> Vec<Sent> {
        if self.training.is_none() {
            return Vec::new();
        }
        let mut sent = self.step();
        sent.extend(self.checkpoint(None).filter(|_| is_gpu));
        sent
    }
}

/// One picture's way through a network of that spec in which nothing happens but one spike of each first neuron.
fn trace(spec: &Spec, image: Vec<u8>) -> Trace {
    let layer = |neurons: usize| {
        let mut spikes = SpikeTrain::silent(1, neurons, spec.time_steps);
        spikes.fire(0, 0, 0);
        let numbers = vec![0.5; neurons * spec.time_steps];
        LayerTrace {
            window: None,
            spikes,
            potentials: numbers.clone(),
            excitation: numbers.clone(),
            inhibition: numbers,
            raised: Vec::new(),
        }
    };
    let image = if image.is_empty() { vec![5; 784] } else { image };
    Trace {
        time_steps: spec.time_steps,
        input: SpikeTrain::silent(1, image.len(), spec.time_steps),
        hidden: spec.hidden_neurons(784).map(layer).collect(),
        output: layer(10),
        readout: spec.readout,
        image,
    }
}

fn manifest() -> Manifest {
    let file = |name: &str| FileEntry { file: name.to_owned(), bytes: 10, sha256: "0".repeat(64) };
    let entry = |count| ShardEntry { count, images: file("a"), labels: file("b") };
    Manifest {
        name: "mnist".to_owned(),
        width: 28,
        height: 28,
        classes: 10,
        train: vec![entry(IMAGES)],
        test: vec![entry(TEST_IMAGES)],
        samples: entry(10),
    }
}

/// A network of digits that ships, with its name and its settings.
pub fn network([name, settings]: [&str; 2]) -> ShippedNetwork {
    ShippedNetwork { name: name.to_owned(), dataset: "mnist".to_owned(), settings: settings.to_owned() }
}

/// What opens a page with everything there.
pub fn environment(hash: &str) -> Environment {
    let set = |dataset: Dataset| Choice { dataset: dataset.word().to_owned(), ..Choice::default() };
    Environment {
        hash: hash.to_owned(),
        catalogue: Catalogue {
            sets: [Dataset::Mnist, Dataset::FashionMnist, Dataset::Folder].map(set).into(),
            networks: [["mnist", ""], ["small", ""]].map(network).to_vec(),
        },
        has_gpu_engine: true,
        may_have_gpu: true,
        ..Environment::default()
    }
}

/// What the page is in.
#[derive(Debug)]
pub struct World {
    pub model: Model,
    pub now: f64,
    cpu: Option<Engine>,
    gpu: Option<Engine>,
    photo: Option<Engine>,
    inputs: VecDeque<Input>,
    timers: Vec<(f64, Due)>,
    /// What the model wanted done, in order, but for what engines were asked.
    pub done: Vec<Effect>,
    /// What was asked of the engines.
    pub asked: Vec<(EngineKind, Request)>,
    /// Whether files are there, and the networks that ship.
    pub files: bool,
    pub shipped: Option<Vec<u8>>,
}

impl World {
    pub fn open(environment: Environment) -> Self {
        Self::open_with(environment, Some(file_of(&Spec::on_page(), 0)))
    }

    pub fn open_with(environment: Environment, shipped: Option<Vec<u8>>) -> Self {
        Self::begin(environment, shipped, true)
    }

    /// A page that is opened where no file can be fetched.
    pub fn open_offline(environment: Environment) -> Self {
        Self::begin(environment, None, false)
    }

    fn begin(environment: Environment, shipped: Option<Vec<u8>>, files: bool) -> Self {
        let (model, effects) = Model::open(environment, 1000.0);
        let mut world = Self {
            model,
            now: 1000.0,
            cpu: None,
            gpu: None,
            photo: None,
            inputs: VecDeque::new(),
            timers: Vec::new(),
            done: Vec::new(),
            asked: Vec::new(),
            files,
            shipped,
        };
        effects.into_iter().for_each(|effect| world.run_effect(effect));
        world
    }

    fn engine(&mut self, kind: EngineKind) -> &mut Option<Engine> {
        match kind {
            EngineKind::Cpu => &mut self.cpu,
            EngineKind::Gpu => &mut self.gpu,
            EngineKind::Photo => &mut self.photo,
        }
    }

    fn report(&mut self, engine: EngineKind, (answers, report, bytes): Sent) {
        self.inputs.push_back(Input::Report { engine, answers, report, bytes });
    }

    fn run_effect(&mut self, effect: Effect) {
        let files = |there: bool| if there { Ok([vec![1; 7840], vec![0; 10]]) } else { Err("offline".to_owned()) };
        match &effect {
            Effect::StartEngine(kind) => {
                *self.engine(*kind) = Some(Engine::default());
                // What the one before had still to say is not heard.
                let kind = *kind;
                self.inputs.retain(|input| !matches!(input, Input::Report { engine, .. } if *engine == kind));
                let device = format!("{kind:?}");
                let ready = Report::Ready { build: BUILD.to_owned(), device, is_software: false };
                self.report(kind, (None, ready, Vec::new()));
            }
            Effect::StopEngine(kind) => {
                *self.engine(*kind) = None;
                let kind = *kind;
                self.inputs.retain(|input| !matches!(input, Input::Report { engine, .. } if *engine == kind));
            }
            Effect::Ask { engine, id, request, bytes } => {
                self.asked.push((*engine, request.clone()));
                let asked = (*id, request.clone(), bytes.clone());
                self.engine(*engine).iter_mut().for_each(|engine| engine.requests.push_back(asked.clone()));
                return;
            }
            Effect::FetchModel(name, _) => {
                // Each data set has its own, and so have networks with settings of their own.
                let networks = &self.model.catalogue.networks;
                let own = networks.iter().find(|network| network.name == *name).map(|network| network.settings.clone());
                let of_set = |file: Vec<u8>| match file_to(&file) {
                    Some((spec, step)) => {
                        let is_fashion = name == Dataset::FashionMnist.word();
                        let dataset = if is_fashion { Dataset::FashionMnist } else { spec.dataset };
                        file_of(&Spec::from_hash(&Spec { dataset, ..spec }, &own.unwrap_or_default()).0, step)
                    }
                    None => file,
                };
                let file = self.shipped.clone().filter(|_| self.files).map(of_set).ok_or("not there".to_owned());
                self.inputs.push_back(Input::Model(name.clone(), file));
            }
            Effect::FetchData(dataset, _) => {
                let list = if self.files { Ok(manifest()) } else { Err("offline".to_owned()) };
                self.inputs.push_back(Input::Manifest(*dataset, list));
                if self.files {
                    self.inputs.push_back(Input::Samples(*dataset, files(true)));
                }
            }
            Effect::FetchShard { engine, dataset, split, shard, .. } => {
                self.inputs.push_back(Input::Shard(*engine, *dataset, *split, *shard, files(self.files)));
            }
            Effect::After(milliseconds, due) => self.timers.push((self.now + f64::from(*milliseconds), *due)),
            Effect::WriteLink { .. }
            | Effect::GoBack
            | Effect::KeepRun { .. }
            | Effect::ForgetRun { .. }
            | Effect::KeepDrawings(_)
            | Effect::Download { .. }
            | Effect::TellReady
            | Effect::TellProgress { .. }
            | Effect::TellPrediction { .. }
            | Effect::ShowGlimpse(_)
            | Effect::ShowFiring(_)
            | Effect::ShowOnChip { .. }
            | Effect::ShowKeys
            | Effect::ShowPad => {}
        }
        self.done.push(effect);
    }

    /// Something happens.
    pub fn input(&mut self, input: Input) {
        let effects = self.model.update(self.now, input);
        effects.into_iter().for_each(|effect| self.run_effect(effect));
    }

    /// The number of things that wait to be heard.
    pub fn waiting(&self) -> usize {
        self.inputs.len()
    }

    /// One of them is heard; those of one sender stay in order.
    pub fn hear(&mut self, which: usize) {
        let sender = |input: &Input| match input {
            Input::Report { engine, .. } => Some(*engine),
            _ => None,
        };
        let which = which % self.inputs.len().max(1);
        let Some(of) = self.inputs.get(which).map(sender) else { return };
        // What is fetched may come in any order, a worker's reports only in theirs.
        let first = if of.is_some() { self.inputs.iter().position(|input| sender(input) == of) } else { Some(which) };
        if let Some(input) = first.and_then(|first| self.inputs.remove(first)) {
            self.input(input);
        }
    }

    /// An engine does a piece of its work.
    pub fn work(&mut self, kind: EngineKind) {
        let sent = self.engine(kind).as_mut().map(|engine| engine.work(kind == EngineKind::Gpu));
        sent.into_iter().flatten().for_each(|sent| self.report(kind, sent));
    }

    /// An engine is lost.
    pub fn crash(&mut self, kind: EngineKind) {
        if self.engine(kind).take().is_some() {
            self.inputs.retain(|input| !matches!(input, Input::Report { engine, .. } if *engine == kind));
            self.input(Input::EngineLost(kind, "unreachable".to_owned()));
        }
    }

    /// Time passes until the next frame, and a frame is drawn.
    pub fn frame(&mut self) {
        self.now += FRAME;
        let (due, later) = std::mem::take(&mut self.timers).into_iter().partition(|(at, _)| *at <= self.now);
        self.timers = later;
        let due: Vec<(f64, Due)> = due;
        due.into_iter().for_each(|(_, due)| self.input(Input::Due(due)));
        if self.model.wants_frame() {
            self.input(Input::Frame(self.now));
            self.model.take_changed();
        }
    }

    /// All goes on as it does when nothing is in the way, for this number of frames.
    pub fn run(&mut self, frames: usize) {
        for _ in 0..frames {
            loop {
                for kind in [EngineKind::Cpu, EngineKind::Gpu, EngineKind::Photo] {
                    while self.engine(kind).as_ref().is_some_and(|engine| !engine.requests.is_empty()) {
                        self.work(kind);
                    }
                }
                if self.waiting() == 0 {
                    break;
                }
                self.hear(0);
            }
            // Engines that have answered all train.
            for kind in [EngineKind::Cpu, EngineKind::Gpu] {
                self.work(kind);
            }
            self.frame();
        }
    }

    /// What the engine on the CPU is.
    /// Whether this is among the messages that stand on the page.
    pub fn says(&self, phrase: Phrase) -> bool {
        self.model.notices.iter().any(|(said, _)| *said == phrase)
    }

    pub fn network(&self) -> Option<&Spec> {
        Some(&self.cpu.as_ref()?.run.as_ref()?.0)
    }

    /// After how many steps its run is.
    pub fn steps(&self) -> u64 {
        self.cpu.as_ref().and_then(|engine| engine.run.as_ref()).map_or(0, |(_, step)| *step)
    }

    /// Whether an engine trains: on the CPU, on a GPU.
    pub fn trains(&self) -> [bool; 2] {
        [&self.cpu, &self.gpu].map(|engine| engine.as_ref().is_some_and(|engine| engine.training.is_some()))
    }

    /// What a failure needs to be understood.
    pub fn explain(&self) -> String {
        let file = |file: &Option<Result<Vec<u8>, String>>| match file {
            None => "none",
            Some(Ok(_)) => "there",
            Some(Err(_)) => "failed",
        };
        let model = &self.model;
        let link = (model.link.from, model.link.model(), model.link.to_hash());
        let has = (model.manifest.is_some(), model.recovered.is_some());
        format!("{link:?} model {} user {} {has:?}", file(&model.model_file), file(&model.user_file))
    }

    /// Curves as they are kept.
    pub fn curves() -> Vec<u8> {
        History::default().to_bytes()
    }
}
