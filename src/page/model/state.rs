//! The model: all that the page knows. What is done with it stands in the modules beside it, one for each subject.

use super::catalogue::Catalogue;
use super::clock::Clock;
use super::effect::Effect;
use super::input::EngineKind;
use super::link::Link;
use super::phrases::Phrase;
use super::requests::Requests;
use super::run::{Origin, RunState};
use super::shard_retry::ShardRetry;
use crate::digits::Digits;
use crate::digits::shard::Manifest;
use crate::event::Accuracy;
use crate::pictures::analysis::Analysis;
use crate::pictures::confusion::{Confusion, Pair};
use crate::pictures::connections::Place;
use crate::pictures::curves::History;
use crate::pictures::rates::Rates;
use crate::pictures::receptive_fields::ReceptiveFields;
use crate::protocol::{Request, RequestId};
use crate::spec::{Dataset, Spec};
use crate::trace::Stopping;

/// How far the network is that the page shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Opening {
    /// The engine or the file is not there yet.
    #[default]
    Waiting,
    /// The engine was asked, by this request, to open a network.
    Asked(RequestId, Source),
    /// There is a network.
    Done,
}

/// Where the network comes from that is being opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The file that the link names: one that ships, or the reader's once more.
    Link,
    /// A file that the reader has just chosen.
    File,
    /// What was kept of an earlier visit.
    Kept,
}

/// How far the engine on a GPU is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GpuState {
    /// It was not started.
    #[default]
    Absent,
    /// It is being fetched and opened.
    Starting,
    /// It stands still and could be tried.
    Idle,
    /// The first engine's run is on its way to it, or being tried.
    Trying,
    /// The first engine stops, and the run is on its way.
    Taking,
    /// The run is its own, training or not.
    Driving,
    /// It stops, and the first engine is to go on.
    Returning,
    /// It is not wanted any more, for the reason that was said.
    Refused,
}

/// The engine on a GPU.
#[derive(Clone, Debug, Default)]
pub struct GpuEngine {
    /// How far it is.
    pub state: GpuState,
    /// What the GPU is called.
    pub name: String,
    /// The shards that it waits for.
    pub shards: ShardRetry,
    /// For which run it was tried.
    pub tried: Option<Spec>,
}

impl GpuEngine {
    /// Whether its program runs.
    pub fn is_started(&self) -> bool {
        !matches!(self.state, GpuState::Absent | GpuState::Refused)
    }
}

/// The program that reads pictures and photos.
#[derive(Clone, Debug, Default)]
pub struct PhotoReader {
    /// Whether its program runs.
    pub is_started: bool,
    /// Whether it answers.
    pub is_ready: bool,
    /// The picture file that waits for it.
    pub waiting: Option<Vec<u8>>,
    /// The request for the newest picture: an answer to an older one is not shown.
    pub newest: Option<RequestId>,
}

/// A question to the network that is being answered: some seconds of training under other settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// What happens, and why.
    pub why: String,
    /// How well the network before read.
    pub before: Option<Accuracy>,
    /// Whether it has learnt for as long as was meant.
    pub is_over: bool,
}

/// A message above the page.
pub type Notice = (Phrase, Vec<(&'static str, String)>);

/// The numbers of training in the page's bar.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Epochs so far, the running one in part.
    pub epochs: f64,
    /// Images a second, while it trains.
    pub images_per_second: Option<f64>,
    /// The newest test accuracy.
    pub test: Option<Accuracy>,
    /// Whether that is what the network's file says.
    pub is_of_file: bool,
    /// The newest training loss.
    pub loss: Option<f32>,
}

/// When something was last done or asked for, in the page's milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// A trace was asked for.
    pub trace: f64,
    /// Weights to show were asked for.
    pub weights: f64,
    /// Training was asked for.
    pub train: f64,
    /// A step of it was heard of.
    pub step: f64,
    /// All test images were asked for to see whether training may stop.
    pub target_check: f64,
    /// The link was written.
    pub link: f64,
    /// Curves and numbers were drawn.
    pub curves: f64,
    /// A frame was drawn; nothing while nothing moves.
    pub frame: Option<f64>,
}

/// What is wanted as soon as it is possible.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// A trace of the picture.
    pub trace: bool,
    /// What there is to see of a layer that learns by STDP.
    pub glimpse: bool,
    /// The accuracy on the test set.
    pub test: bool,
    /// The sentence that training has stopped at its end or target.
    pub stop_notice: bool,
    /// The answer aloud.
    pub speech: bool,
    /// The link in the address.
    pub link: bool,
    /// That link as a page of its own in the browser's history, for the reader to go back to this one.
    pub page_in_history: bool,
    /// Curves and numbers of training.
    pub curves: bool,
    /// The numbers and words of the bar.
    pub bar: bool,
}

/// What is to be drawn anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Sizes or colours: everything.
    pub look: bool,
    /// What is on the pad.
    pub pad: bool,
    /// What runs through the network.
    pub trace: bool,
    /// The moment shown.
    pub time: bool,
    /// Loss and accuracy.
    pub curves: bool,
    /// What a neuron is like.
    pub neuron: bool,
    /// Weights as pictures.
    pub weights: bool,
    /// How often neurons fire.
    pub rates: bool,
    /// What is classified wrongly.
    pub mistakes: bool,
    /// Numbers and words of the bar.
    pub bar: bool,
    /// Which connections are drawn.
    pub connections: bool,
    /// The controls of the sentences.
    pub controls: bool,
    /// The messages above the page, and sentences beside what they are about.
    pub notices: bool,
    /// The number under the pointer.
    pub tooltip: bool,
    /// The sample pictures: there are others.
    pub samples: bool,
    /// The reader's drawings: there are others.
    pub drawings: bool,
    /// The pictures of both.
    pub thumbnails: bool,
    /// Which data set is spoken of.
    pub dataset: bool,
    /// The network: how many neurons there are.
    pub network: bool,
    /// Which parts of the page are left out.
    pub parts: bool,
    /// The answer is to be said aloud.
    pub speech: bool,
}

/// A place on the canvas with this id, in shares of its size.
pub type PointedAt = (String, (f32, f32));

/// What is said of a run that was kept of an earlier visit.
#[derive(Clone, Debug, PartialEq)]
pub enum KeptOffer {
    /// It can be had: nobody has asked for it yet.
    Offered {
        /// The run.
        run: KeptRun,
        /// The epoch at which it stands.
        epochs: f64,
    },
    /// It is back, and stands still at this epoch.
    Back(f64),
}

/// A run that was kept of an earlier visit.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptRun {
    /// The hash under which it was kept.
    pub link: String,
    /// When that was, in words.
    pub when: String,
    /// Its checkpoint.
    pub checkpoint: Vec<u8>,
    /// Its curves.
    pub curves: Vec<u8>,
}

/// What the page finds when it opens.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The hash of its address.
    pub hash: String,
    /// What it offers.
    pub catalogue: Catalogue,
    /// The run that was kept for this link.
    pub kept: Option<KeptRun>,
    /// The reader's drawings.
    pub drawings: String,
    /// Whether the reader wants less motion.
    pub reduced_motion: bool,
    /// Whether nobody sees the page.
    pub unseen: bool,
    /// Whether the page was built with an engine for GPUs.
    pub has_gpu_engine: bool,
    /// Whether this browser could reach a GPU.
    pub may_have_gpu: bool,
}

/// The reader's own drawings.
#[derive(Clone, Debug, Default)]
pub struct UserDrawings {
    /// Each as its class, a space and its strokes as in a link.
    pub texts: Vec<String>,
    /// The same as pictures.
    pub digits: Digits,
}

/// The page.
#[derive(Debug, Default)]
pub struct Model {
    /// The page's clock, in milliseconds, when the newest input came.
    pub now: f64,
    /// What the link says.
    pub link: Link,
    /// What the page offers.
    pub catalogue: Catalogue,
    /// How the animation moves.
    pub clock: Clock,
    /// Whether the reader wants less motion.
    pub reduced_motion: bool,
    /// The picture that runs through the network.
    pub analysis: Option<Analysis>,

    /// Requests without an answer.
    pub requests: Requests,
    /// What the engine on the CPU computes on, as it says.
    pub cpu_name: String,
    /// The engine on a GPU.
    pub gpu: GpuEngine,
    /// Whether the page was built with that engine, and whether this browser could reach a GPU.
    pub(super) gpu_is_possible: [bool; 2],
    /// What reads pictures.
    pub photo: PhotoReader,
    /// What the engine's run is.
    pub run: RunState,
    /// The run of which the newest checkpoint was asked for.
    pub(super) checkpoint_of: u32,
    /// How far the network is.
    pub opening: Opening,
    /// Crashes in a row.
    pub(super) crashes: u32,
    /// Whether the engine crashed too often to be started again.
    pub is_dead: bool,
    /// The request by which a new engine is to become what the lost one was.
    pub(super) recovering: Option<RequestId>,
    /// What the lost engine was, for the new one to become.
    pub recovered: Option<RunState>,
    /// When the kept run was kept, in words.
    pub kept_when: String,
    /// What is said of the kept run, until training goes on.
    pub kept_offer: Option<KeptOffer>,
    /// The question that is being answered.
    pub experiment: Option<Experiment>,
    /// Whether training was paused because nobody sees the page.
    pub paused_by_hiding: bool,
    /// Whether nobody sees the page.
    pub unseen: bool,
    /// Whether training starts automatically as soon as it can and is seen.
    pub autoplay: bool,
    /// Whether the settings become those of the trained network that is being opened.
    pub adopts_file_settings: bool,

    /// The name of the network that was last fetched.
    pub(super) fetched_model: String,
    /// Its file, as far as it came.
    pub model_file: Option<Result<Vec<u8>, String>>,
    /// The reader's file.
    pub user_file: Option<Result<Vec<u8>, String>>,
    /// The same, until the engine has understood it.
    pub(super) offered_file: Vec<u8>,
    /// What data there is.
    pub manifest: Option<Manifest>,
    /// The sample pictures.
    pub samples: Option<Digits>,
    /// Their files, until the engine can read them.
    pub(super) sample_files: Option<[Vec<u8>; 2]>,
    /// The shards that the engine on the CPU waits for.
    pub shards: ShardRetry,
    /// The reader's drawings.
    pub drawings: UserDrawings,

    /// The weights into neurons, as far as they were reported.
    pub receptive_fields: ReceptiveFields,
    /// How often the hidden neurons fire.
    pub rates: Rates,
    /// What was learnt.
    pub history: History,
    /// How well the run before read, (epochs, test accuracy): what this one is compared with.
    pub previous_run: Vec<(f64, f64)>,
    /// The accuracy of the trained network of these images, as far as it was heard of.
    pub goal: Option<f64>,
    /// The numbers in the bar.
    pub progress: Progress,
    /// What is taken for what.
    pub confusion: Confusion,
    /// What stopping early comes to over some test pictures.
    pub stopping: Option<Stopping>,
    /// Test images that the engine has given: number and pixels.
    pub test_images: Vec<(usize, Vec<u8>)>,

    /// The three neurons whose voltage is shown.
    pub neurons: [usize; 3],
    /// Whether the reader chose one of them, so that the page no longer does.
    pub neurons_are_pinned: bool,
    /// The cell of the matrix whose images are shown; all where there is none.
    pub cell: Option<Pair>,
    /// The hidden neurons among the connections, layer by layer.
    pub columns: Vec<Vec<usize>>,
    /// The neuron whose connections stand out.
    pub lit: Option<Place>,
    /// Where the pointer is.
    pub pointed_at: Option<PointedAt>,
    /// Whether the connections, the weight grid and the fields of a layer that learns by STDP can be seen, or nearly.
    pub in_view: [bool; 3],
    /// Whether all of the page is to be there, also what nobody has scrolled to.
    pub whole: bool,

    /// The request for the network that is to be seen on a chip.
    pub(super) chip_request: Option<RequestId>,
    /// Whether it is seen there.
    pub chip_is_shown: bool,

    /// Whether a pen draws.
    pub drawing: bool,
    /// What was on the pad before it was emptied, or before a first stroke that may be none.
    pub cleared: Option<super::link::Pad>,
    /// Turns of knobs that have not settled yet.
    pub(super) turned: u32,

    /// The messages above the page, one of a kind.
    pub notices: Vec<Notice>,
    /// The sentence beside the choice of the engine.
    pub engine_notice: Option<Notice>,

    /// When things were last done.
    pub(super) times: Times,
    /// What is wanted.
    pub(super) wanted: Wanted,
    /// What is to be drawn.
    pub changed: Changed,
    pub(super) effects: Vec<Effect>,
}

impl Model {
    /// What has changed since this was last asked.
    pub fn take_changed(&mut self) -> Changed {
        std::mem::take(&mut self.changed)
    }

    /// The settings of the network that is shown: those of the engine's, once there is one.
    pub fn shown_spec(&self) -> &Spec {
        self.run.holds.as_ref().map_or(&self.link.spec, |(spec, _)| spec)
    }

    /// Whether the reader's drawings are what is learnt.
    pub fn learns_drawings(&self) -> bool {
        self.link.spec.dataset == Dataset::Folder
    }

    /// Whether the weights were drawn from the seed.
    pub(super) fn is_random(&self) -> bool {
        self.run.holds.as_ref().is_some_and(|(_, origin)| *origin == Origin::Random)
    }

    /// Whether the classes of the data set have names; their numbers are their names where they have not.
    pub fn has_names(&self) -> bool {
        self.catalogue.set(self.link.spec.dataset).is_some_and(|set| !set.names.is_empty())
    }

    /// Has something done.
    pub(super) fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Asks an engine; the number of the request.
    pub(super) fn ask(&mut self, engine: EngineKind, request: Request, bytes: Vec<Vec<u8>>) -> RequestId {
        let id = self.requests.add(engine, &request);
        self.effect(Effect::Ask { engine, id, request, bytes });
        id
    }

    /// Says this, in place of what was said with the same phrase.
    pub(super) fn notify(&mut self, phrase: Phrase, values: Vec<(&'static str, String)>) {
        self.notices.retain(|(shown, _)| *shown != phrase);
        self.notices.push((phrase, values));
        self.changed.notices = true;
    }

    /// That is over.
    pub(super) fn withdraw(&mut self, phrases: &[Phrase]) {
        let before = self.notices.len();
        self.notices.retain(|(shown, _)| !phrases.contains(shown));
        self.changed.notices |= self.notices.len() != before;
    }

    /// The page says all that it says of the engine and of training anew.
    pub(super) fn bar_changed(&mut self) {
        self.wanted.bar = true;
    }

    /// The link is another one.
    pub(super) fn link_changed(&mut self) {
        self.wanted.link = true;
    }

    /// The link is another one because the reader chose something, which the browser's Back undoes.
    pub(super) fn link_chosen(&mut self) {
        (self.wanted.link, self.wanted.page_in_history) = (true, true);
    }

    /// All is drawn anew.
    pub(super) fn everything_changed(&mut self) {
        self.changed.look = true;
        self.bar_changed();
    }
}
