//! The app: it hears everything that happens and decides what follows. What concerns the engine is in
//! [`super::conversation`] and the modules beside it, what is drawn in [`super::frame`].

use super::address::{Address, Engine, Pad, Start};
use super::asking::Asking;
use super::canvas::Palette;
use super::card::Card;
use super::clock::Clock;
use super::connections::Connections;
use super::controls::Controls;
use super::conversation::Opening;
use super::curves::History;
use super::document::{self, Text, find, window};
use super::fetching::Copy;
use super::frame::Dirty;
use super::input::{Due, Input, Post, Press, Scrub};
use super::keys;
use super::knob::knob;
use super::learning::{LearningView, Vitals};
use super::link::{Link, Who};
use super::mistakes::Mistakes;
use super::mosaic::Mosaic;
use super::notes::Notes;
use super::outside;
use super::own::Own;
use super::pad::PadView;
use super::phrases::{Phrase, Phrases};
use super::picture;
use super::rates::Rates;
use super::reader::Reader;
use super::reading::Reading;
use super::result::ResultView;
use super::run::{Phase, Run};
use super::samples::Samples;
use super::saving;
use super::score::Score;
use super::sets::Sets;
use super::settings::{self, is_plain};
use super::slope;
use super::supply::Supply;
use super::synapses::Synapses;
use super::tip::{self, Asked};
use super::watch;
use super::weights;
use crate::decimal;
use crate::digits::Digits;
use crate::digits::shard::Manifest;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlTemplateElement};

/// After so many milliseconds without another turn, turned settings are meant.
const SETTLED: i32 = 150;

/// The page.
pub struct App {
    pub(super) post: Post,
    pub(super) phrases: Phrases,
    pub(super) palette: Palette,
    /// What the link says.
    pub(super) address: Address,
    /// The link's hash as it was last read or written.
    pub(super) link_seen: String,
    /// How the animation moves.
    pub(super) clock: Clock,
    /// Whether the reader wants less motion.
    pub(super) still: bool,
    /// The picture that runs through the network.
    pub(super) reading: Option<Reading>,
    /// The engine, and what is known of it.
    pub(super) link: Option<Link>,
    pub(super) cpu_name: String,
    pub(super) card: Card,
    pub(super) reader: Reader,
    pub(super) run: Run,
    pub(super) opening: Opening,
    pub(super) asking: Asking,
    pub(super) crashes: u32,
    /// What the lost engine was, for the new one to become.
    pub(super) rescued: Option<Run>,
    pub(super) paused_by_hiding: bool,
    /// Whether nobody sees the page.
    pub(super) unseen: bool,
    /// Whether training starts by itself as soon as it can and is seen.
    pub(super) plays_itself: bool,
    /// Whether the settings become those of the trained network that is being opened.
    pub(super) follows: bool,
    /// What was fetched.
    pub(super) model: Option<Result<Vec<u8>, String>>,
    /// The reader's file.
    pub(super) own: Option<Result<Vec<u8>, String>>,
    /// The same, until the engine has understood it.
    pub(super) offered: Vec<u8>,
    pub(super) manifest: Option<Manifest>,
    pub(super) digits: Option<Digits>,
    /// The files of the test pictures, until the engine can read them.
    pub(super) sample_files: Option<[Vec<u8>; 2]>,
    pub(super) supply: Supply,
    /// The weights, as far as they were told.
    pub(super) synapses: Synapses,
    /// How often the hidden neurons fire.
    pub(super) rates: Rates,
    /// What was learnt.
    pub(super) history: History,
    pub(super) vitals: Vitals,
    /// What is to be drawn.
    pub(super) dirty: Dirty,
    pub(super) drawing: bool,
    /// What was on the pad before it was emptied, or before a first stroke that may be none.
    pub(super) cleared: Option<Pad>,
    /// Whether all of the page is to be there, also what nobody has scrolled to.
    pub(super) whole: bool,
    pub(super) speak: bool,
    /// The views.
    pub(super) pad: PadView,
    pub(super) samples: Samples,
    pub(super) own_drawings: Own,
    pub(super) score: Score,
    pub(super) result: ResultView,
    pub(super) learning: LearningView,
    pub(super) mosaic: Mosaic,
    pub(super) mistakes: Mistakes,
    pub(super) connections: Connections,
    pub(super) controls: Controls,
    pub(super) notes: Notes,
    pub(super) sets: Sets,
    pub(super) words: Words,
}

/// Words of the document that change with what the engine does.
pub(super) struct Words {
    pub engine: Text,
    pub engine_note: Text,
    pub train: HtmlElement,
    pub train_word: Text,
    pub size: [Text; 2],
    pub play: HtmlElement,
    pub tip: Text,
    pub kept: Text,
    pub kept_told: Text,
    pub mixed: HtmlElement,
    pub forecast: Text,
}

/// Opens the page.
pub fn open() {
    let post = Post::default();
    let mut app = App::new(post.clone());
    app.read_address();
    app.take_kept();
    app.follows = is_plain(&app.address.spec);
    app.sets.show(app.address.spec.dataset, &mut app.phrases);
    app.fetch_model(Copy::Kept);
    app.fetch_data(Copy::Kept);
    keys::listen_everywhere(&post);
    weights::listen_to_files(&post);
    picture::listen_to_files(&post);
    saving::listen(&post);
    watch::watch_sizes(&post);
    watch::watch_weights(&post);
    watch::fold_where_narrow();
    app.start_engine();
    if app.address.engine == Engine::Gpu {
        app.call_card();
    }
    app.show_address();
    app.dirty.everything();
    app.ask_for_frame();
    // It lives as long as the page, so nothing of it is ever dropped, and no program is needed for that.
    let app = Box::leak(Box::new(app));
    post.listen(|input| app.hear(input));
}

impl App {
    fn new(post: Post) -> Self {
        let phrases = read_phrases();
        let still =
            window().match_media("(prefers-reduced-motion: reduce)").ok().flatten().is_some_and(|m| m.matches());
        let address = Address::default();
        Self {
            palette: Palette::default(),
            clock: Clock::new(address.spec.time_steps, address.speed, still),
            still,
            reading: None,
            link: None,
            cpu_name: String::new(),
            card: Card::default(),
            reader: Reader::default(),
            run: Run::default(),
            opening: Opening::Waiting,
            asking: Asking::default(),
            crashes: 0,
            rescued: None,
            paused_by_hiding: false,
            unseen: outside::unseen(),
            plays_itself: false,
            link_seen: String::new(),
            follows: false,
            model: None,
            own: None,
            offered: Vec::new(),
            manifest: None,
            digits: None,
            sample_files: None,
            supply: Supply::default(),
            synapses: Synapses::default(),
            rates: Rates::default(),
            history: History::default(),
            vitals: Vitals::default(),
            dirty: Dirty::default(),
            drawing: false,
            cleared: None,
            whole: false,
            speak: false,
            pad: PadView::new(&post),
            samples: Samples::new("samples"),
            own_drawings: Own::new(&post),
            score: Score::find(),
            result: ResultView::find(),
            learning: LearningView::find(),
            mosaic: Mosaic::new(&post),
            mistakes: Mistakes::new(&post),
            connections: Connections::new(&post),
            controls: Controls::new(&post),
            words: Words {
                engine: Text::find("engine"),
                engine_note: Text::find("engine-note"),
                train: find("train"),
                train_word: Text::find("train-word"),
                size: [Text::find("size"), Text::find("size-low")],
                play: find("play"),
                tip: Text::find("tip"),
                kept: Text::find("kept"),
                kept_told: Text::find("kept-told"),
                mixed: find("mixed"),
                forecast: Text::find("forecast"),
            },
            notes: Notes::find(),
            sets: Sets::find(),
            address,
            phrases,
            post,
        }
    }

    fn hear(&mut self, input: Input) {
        match input {
            Input::Report(Who::Cpu, report, bytes) => self.hear_report(report, bytes),
            Input::Report(Who::Card, report, bytes) => self.hear_card(report, bytes),
            Input::Report(Who::Reader, report, bytes) => self.hear_reader(report, bytes),
            Input::EngineLost(Who::Cpu, reason) => self.lost_engine(&reason),
            Input::EngineLost(Who::Card, reason) => self.lost_card(&reason),
            Input::EngineLost(Who::Reader, reason) => self.lost_reader(reason),
            Input::Model(name, model) => self.take_model(&name, model),
            Input::File(file) => self.open_file(file),
            Input::Picture(file) => self.open_picture(file),
            Input::Manifest(dataset, manifest) => self.take_manifest(dataset, manifest),
            Input::Samples(dataset, files) => self.samples_fetched(dataset, files),
            Input::Shard(who, dataset, split, shard, files) => self.take_shard(who, dataset, split, shard, files),
            Input::Save(picture, kind) => self.save_picture(&picture, kind),
            Input::Press(press) => self.press(press),
            Input::Set(name, text) => self.set(&name, &text),
            Input::Turn(name, by) => self.turn(name, by),
            Input::Restore(name) => self.set(name, &settings::default(&self.address, name)),
            Input::Slope(share) => {
                if let Some(steepness) = slope::steepness_at(self.address.spec.neuron.surrogate, share) {
                    self.set("slope", &steepness.to_string());
                }
            }
            Input::Preset(hash) => self.choose_preset(&hash),
            Input::Pen(pen) => self.pen(pen),
            Input::Digit(digit) => self.choose_digit(digit),
            Input::Cell(cell) => self.choose_cell(cell),
            Input::TestImage(image) => self.choose_test_image(image),
            Input::Point(place) => return self.point(place),
            Input::Dot(place) => {
                let first = self.reading.as_ref().and_then(|reading| reading.trace.hidden.first());
                if let Some(neuron) = first.and_then(|layer| tip::dot(place, layer.neurons())) {
                    self.choose_neuron(neuron);
                }
            }
            Input::Keep(class) => self.keep_drawing(class),
            Input::Forget(drawing) => self.forget_drawing(drawing),
            Input::Neuron(neuron) => self.choose_neuron(neuron),
            Input::Light(slot) => self.light(slot),
            Input::Pin(slot) => self.pin(slot),
            Input::Scrub(scrub) => self.scrub(scrub),
            Input::Due(Due::Shard(who, split, shard)) => self.fetch_shard(who, split, shard, Copy::Fresh),
            Input::Due(Due::Data) => self.fetch_data(Copy::Fresh),
            Input::Due(Due::Settings) => self.settle(),
            Input::Frame(now) => return self.frame(now),
            Input::Address => self.take_address(),
            Input::Hidden(unseen) => self.hide(unseen),
            Input::Seen => {
                self.connections.look();
                self.ask_for_weights();
                self.connect();
            }
            Input::Whole(at_once) => self.show_whole(at_once),
            Input::Look => self.dirty.look = true,
        }
        if self.plays_itself && !self.unseen && self.run.phase == Phase::Still && self.may_train() {
            self.train();
        }
        self.ask_for_frame();
    }

    fn press(&mut self, press: Press) {
        match press {
            Press::Train => match self.run.phase {
                Phase::Starting => {}
                Phase::Training => self.pause(),
                Phase::Still | Phase::Pausing => self.train(),
            },
            Press::Step => self.step(),
            Press::Reset if self.run.phase == Phase::Starting => {}
            Press::Reset => self.reset(),
            Press::Clear => self.clear_pad(),
            Press::Undo => {
                if self.pad_is_empty()
                    && let Some(pad) = self.cleared.take()
                {
                    self.show_picture(pad);
                }
            }
            Press::Play => {
                self.clock.toggle();
                self.remember_time();
            }
            Press::Measure => self.test_all(),
            Press::Save => self.save_weights(),
            Press::Keys => keys::show(),
        }
    }

    fn set(&mut self, name: &str, text: &str) {
        // What is typed and means nothing leaves the value as it was; that it stands there unchanged says so.
        if settings::set(&mut self.address, name, text).is_some() {
            self.set_changed(name);
        }
        self.controls.show(&self.address);
    }

    fn turn(&mut self, name: &str, by: i32) {
        let value = decimal::parse(&settings::text(&self.address, name));
        if let (Some(knob), Some(value)) = (knob(name), value) {
            self.set(name, &knob.turn(value, by).to_string());
        }
    }

    fn set_changed(&mut self, name: &str) {
        self.clock.speed = self.address.speed;
        self.dirty.address = true;
        self.dirty.neuron = true;
        self.dirty.pad = true;
        self.notes.withdraw(Phrase::NoteOwnFile);
        match name {
            "from" => return self.choose_origin(),
            "dataset" => return self.choose_set(),
            "model" => return self.choose_model(),
            "engine" => return self.choose_engine(),
            _ => {}
        }
        if name != "speed" {
            let post = self.post.clone();
            self.asking.turned += 1;
            document::after(SETTLED, move || post.tell(Input::Due(Due::Settings)));
        }
    }

    pub(super) fn choose_neuron(&mut self, neuron: usize) {
        self.score.faces.choose(neuron);
        self.asking.neurons_chosen = true;
        self.dirty.trace = true;
        self.dirty.weights = true;
        self.ask_for_weights();
        self.connect();
    }

    /// Says the number under the pointer.
    fn point(&self, place: Option<(String, (f32, f32))>) {
        let text = self.reading.as_ref().zip(place).and_then(|(reading, (canvas, place))| {
            let spec = self.run.holds.as_ref().map_or(&self.address.spec, |(spec, _)| spec);
            let (neuron, chosen) = (&spec.neuron, &self.score.faces.chosen);
            Asked { reading, neuron, chosen, phrases: &self.phrases }.tell(&canvas, place)
        });
        self.words.tip.element.set_hidden(text.is_none());
        self.words.tip.set(&text.unwrap_or_default());
    }

    fn scrub(&mut self, scrub: Scrub) {
        let steps = self.reading.as_ref().map_or(self.address.spec.time_steps, Reading::time_steps) as f32;
        let now = match scrub {
            Scrub::To(share) => share * steps + 0.5,
            Scrub::By(by) if by < 0 => (self.clock.now.ceil() + by as f32).max(1.0),
            Scrub::By(by) => self.clock.now.floor() + by as f32,
            Scrub::Step(step) => step,
        };
        self.clock.stop_at(now);
        self.remember_time();
    }

    fn remember_time(&mut self) {
        let stands = !self.clock.playing && !self.still;
        self.address.stopped_at = stands.then(|| (self.clock.now * 10.0).round() / 10.0);
        self.dirty.address = true;
        self.dirty.time = true;
    }

    /// Takes what the link says, and notes what of it has no meaning here.
    pub(super) fn read_address(&mut self) {
        let hash = window().location().hash().unwrap_or_default();
        let (mut address, mut errors) = Address::from_hash(&hash);
        errors.extend(self.sets.correct(&mut address));
        self.notes.withdraw_all(&[Phrase::NoteSetting, Phrase::NoteOwnFile]);
        if !errors.is_empty() {
            self.notes.say(&self.phrases, Phrase::NoteSetting, &[("error", errors.join("; "))]);
        }
        if address.from == Start::File && !matches!(self.own, Some(Ok(_))) {
            self.own = Some(Err(String::new()));
            self.notes.say(&self.phrases, Phrase::NoteOwnFile, &[]);
        }
        hide_parts(&address.hide);
        self.plays_itself = address.autoplay;
        self.dirty.look = true;
        self.address = address;
        self.link_seen = hash;
    }

    /// Sets what follows from the address alone.
    pub(super) fn show_address(&mut self) {
        self.controls.show(&self.address);
        self.clock.speed = self.address.speed;
        if let Some(t) = self.address.stopped_at {
            self.clock.stop_at(t);
        }
        self.dirty.neuron = true;
    }

    fn hide(&mut self, hidden: bool) {
        self.unseen = hidden;
        if hidden && self.run.phase == Phase::Training && !self.address.background {
            self.paused_by_hiding = true;
            self.pause();
        } else if hidden {
            self.keep_weights();
        } else if std::mem::take(&mut self.paused_by_hiding) {
            self.train();
        }
    }
}

fn read_phrases() -> Phrases {
    let template: HtmlTemplateElement = find("phrases");
    let list = template.content().query_selector_all("[data-phrase]").unwrap_or_else(|_| document::missing("phrases"));
    let phrase = |i: u32| {
        let element: HtmlElement = list.item(i)?.dyn_into().ok()?;
        Some((element.dataset().get("phrase")?, element.text_content()?))
    };
    Phrases::new((0..list.length()).filter_map(phrase))
}

/// Leaves out the parts of the page that the link names.
fn hide_parts(hide: &[String]) {
    for part in document::all::<HtmlElement>("[data-part]") {
        let name = part.dataset().get("part").unwrap_or_default();
        part.set_hidden(hide.contains(&name));
    }
}
