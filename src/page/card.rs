//! The second engine, on the graphics card: it is fetched once training runs, tried out beside the first, and takes the
//! run over where it is faster. The first one stays: it answers for pictures, tests and weights from the newest
//! checkpoint, and goes on from there when the card is lost.

use super::address::Engine;
use super::app::App;
use super::conversation::now;
use super::document::{in_words, window};
use super::fetching::Copy;
use super::link::{Link, Who};
use super::outside;
use super::phrases::{Phrase, grouped};
use super::run::{Phase, Snapshot};
use super::supply::Supply;
use crate::digits::shard::Split;
use crate::protocol::{BUILD, Report, Request};
use crate::spec::Spec;

/// How far the second engine is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum State {
    /// It was not called.
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

/// The second engine.
#[derive(Default)]
pub(super) struct Card {
    link: Option<Link>,
    pub state: State,
    name: String,
    supply: Supply,
    /// For which run it was tried, and how fast both were then.
    tried: Option<Spec>,
}

/// A trial says something once the first engine has shown its speed, in milliseconds after it began.
const TRIAL_AFTER: f64 = 1500.0;
/// The card takes over where it is so much faster: moving is not worth less.
const FASTER: f64 = 1.1;

/// Whether this browser could reach a card.
fn is_possible() -> bool {
    let navigator = js_sys::Reflect::get(&window(), &"navigator".into());
    let gpu = navigator.and_then(|it| js_sys::Reflect::get(&it, &"gpu".into()));
    gpu.is_ok_and(|gpu| gpu.is_object())
}

impl App {
    /// Fetches the second engine, if it is wanted and there may be something for it to run on.
    pub(super) fn call_card(&mut self) {
        if self.address.engine == Engine::Cpu || self.card.state != State::Absent {
            return;
        }
        let path = outside::worker("engine_gpu").unwrap_or_default();
        if path.is_empty() || !is_possible() {
            if self.address.engine == Engine::Gpu {
                self.say_of_card(if path.is_empty() { Phrase::NoGpuEngine } else { Phrase::NoGpu }, &[]);
            }
            self.card.state = State::Refused;
            return;
        }
        match Link::start(Who::Card, &path, &self.post) {
            Ok(link) => (self.card.link, self.card.state) = (Some(link), State::Starting),
            Err(error) => self.lost_card(&in_words(&error)),
        }
    }

    fn ask_card(&mut self, request: &Request, bytes: &[&[u8]]) {
        let asked = self.card.link.as_ref().map_or(Ok(()), |link| link.ask(request, bytes));
        if let Err(error) = asked {
            self.lost_card(&error);
        }
    }

    /// Asks the engine that has the run.
    pub(super) fn ask_driver(&mut self, request: &Request) {
        if self.is_on_card() { self.ask_card(request, &[]) } else { self.ask(request, &[]) }
    }

    /// Whether the card has the run.
    pub(super) fn is_on_card(&self) -> bool {
        self.card.state == State::Driving
    }

    /// The first engine becomes another run: the card's is over.
    pub(super) fn stand_down(&mut self) {
        match self.card.state {
            State::Driving | State::Returning | State::Taking => {
                self.ask_card(&Request::Pause, &[]);
                self.card.state = State::Idle;
                self.say_engine();
            }
            // What comes of the trial is of another run.
            State::Trying => self.card.tried = None,
            State::Absent | State::Starting | State::Idle | State::Refused => {}
        }
    }

    /// Has the card tried out, if that is worth it now.
    pub(super) fn consider_card(&mut self) {
        if self.run.phase != Phase::Training || self.address.engine == Engine::Cpu || self.learns_drawings() {
            return;
        }
        self.call_card();
        let known = self.vitals.images_per_second.is_some() && now() - self.asking.train_at > TRIAL_AFTER;
        let spec = self.run.holds.as_ref().map(|(spec, _)| spec);
        if self.card.state == State::Idle && known && self.card.tried.as_ref() != spec {
            self.card.tried = spec.cloned();
            self.card.state = State::Trying;
            if !std::mem::replace(&mut self.run.snapshot_awaited, true) {
                self.ask(&Request::Checkpoint, &[]);
            }
        }
    }

    /// What computes is chosen anew.
    pub(super) fn choose_engine(&mut self) {
        self.notes.withdraw(Phrase::NoteGpuLost);
        self.words.engine_note.set("");
        self.card.tried = None;
        match (self.address.engine, &self.card.state) {
            (Engine::Cpu, State::Driving) => {
                self.card.state = State::Returning;
                self.ask_card(&Request::Pause, &[]);
            }
            (Engine::Auto | Engine::Gpu, State::Refused) => {
                self.card.state = if self.card.link.is_some() { State::Idle } else { State::Absent };
                self.call_card();
            }
            (Engine::Gpu, State::Absent) => self.call_card(),
            _ => {}
        }
    }

    /// A sentence beside the choice of the engine.
    fn say_of_card(&self, phrase: Phrase, values: &[(&str, String)]) {
        self.words.engine_note.set(&self.phrases.say(phrase, values));
    }

    pub(super) fn say_engine(&self) {
        self.words.engine.set(if self.is_on_card() { &self.card.name } else { &self.cpu_name });
    }

    // ---- reports ----

    pub(super) fn hear_card(&mut self, report: Report, bytes: Vec<Vec<u8>>) {
        match report {
            Report::Ready { build, device, is_software } => self.card_ready(&build, device, is_software),
            Report::Lost(reason) => self.lost_card(&reason),
            Report::Need(split, shard) => {
                self.card.supply.needed(split, shard);
                self.fetch_shard(Who::Card, split, shard, Copy::Kept);
            }
            Report::ShardTaken(split, shard) => self.card.supply.taken(split, shard),
            Report::ShardRefused { split, shard, reason } => self.shard_failed(Who::Card, split, shard, reason),
            Report::Tried(speed) => self.tried(speed),
            Report::Resumed(_) if self.card.state == State::Taking => self.card_takes_over(),
            Report::Checkpoint(_) if matches!(self.card.state, State::Driving | State::Returning) => {
                if let Some(checkpoint) = bytes.into_iter().next() {
                    self.ask(&Request::Resume, &[&checkpoint]);
                    self.keep(checkpoint);
                    // It may be from before a setting was changed.
                    if let Some((spec, _)) = self.run.holds.clone().filter(|_| self.run.is_mixed()) {
                        self.ask(&Request::Change(spec), &[]);
                    }
                }
            }
            Report::Paused if self.card.state == State::Returning => {
                self.card.state = State::Idle;
                self.say_engine();
                if self.run.phase == Phase::Training {
                    self.go_on_training();
                } else {
                    self.paused();
                }
            }
            Report::Step { .. } | Report::Epoch(_) | Report::Paused if self.is_on_card() => {
                self.hear_report(report, bytes);
            }
            // What it was to become, it cannot be.
            Report::Failed(reason) if matches!(self.card.state, State::Trying | State::Taking) => {
                self.lost_card(&reason)
            }
            Report::Failed(reason) => self.engine_failed(reason),
            // What comes of a run that is over.
            Report::Step { .. } | Report::Epoch(_) | Report::Paused | Report::Checkpoint(_) | Report::Resumed(_) => {}
            // Nobody asks the card for these.
            Report::Started(_)
            | Report::Samples(_)
            | Report::SamplesRefused(..)
            | Report::Changed
            | Report::Tested { .. }
            | Report::TestImages(_)
            | Report::Trace { .. }
            | Report::NoTrace { .. }
            | Report::Photo(..)
            | Report::NoPhoto(..)
            | Report::Fields(..)
            | Report::Rates(_)
            | Report::Weights
            | Report::Checked(..) => {}
        }
    }

    fn card_ready(&mut self, build: &str, device: String, is_software: bool) {
        if build != BUILD {
            return self.lost_card(&format!("{build}, {BUILD}"));
        }
        self.card.name = device;
        if is_software && self.address.engine == Engine::Auto {
            self.say_of_card(Phrase::GpuSoftware, &[("card", self.card.name.clone())]);
            self.card = Card { state: State::Refused, ..Card::default() };
            return;
        }
        self.card.state = State::Idle;
        if let Some(manifest) = self.manifest.clone().filter(|_| !self.learns_drawings()) {
            self.ask_card(&Request::Data(manifest), &[]);
        }
    }

    /// The list of the data is there, or another one.
    pub(super) fn tell_card_of_data(&mut self) {
        if let (Some(manifest), true) = (self.manifest.clone(), self.card.link.is_some()) {
            self.ask_card(&Request::Data(manifest), &[]);
        }
    }

    /// A checkpoint of the first engine's.
    pub(super) fn take_checkpoint(&mut self, checkpoint: Vec<u8>) {
        match self.card.state {
            State::Trying => self.ask_card(&Request::Try, &[&checkpoint]),
            // One that was asked for before comes first, and is older.
            State::Taking if !self.run.snapshot_awaited => self.ask_card(&Request::Resume, &[&checkpoint]),
            State::Absent
            | State::Starting
            | State::Idle
            | State::Taking
            | State::Driving
            | State::Returning
            | State::Refused => {}
        }
        self.keep(checkpoint);
    }

    fn keep(&mut self, checkpoint: Vec<u8>) {
        self.keep_outside(&checkpoint);
        self.run.snapshot = Some(Snapshot { checkpoint, at: now() });
        self.run.snapshot_awaited = false;
        // It came so far since the last crash, so the next one need not be the last.
        self.crashes = 0;
    }

    fn tried(&mut self, speed: f64) {
        if self.card.state != State::Trying {
            return;
        }
        self.card.state = State::Idle;
        let spec = self.run.holds.as_ref().map(|(spec, _)| spec);
        if self.card.tried.as_ref() != spec || self.run.phase != Phase::Training {
            self.card.tried = None;
            return;
        }
        let first = self.vitals.images_per_second.unwrap_or_default();
        if speed > first * FASTER || self.address.engine == Engine::Gpu {
            self.card.state = State::Taking;
            return self.ask(&Request::HandOver, &[]);
        }
        let values = [("card", self.card.name.clone()), ("n", grouped(speed as u64)), ("m", grouped(first as u64))];
        self.say_of_card(Phrase::GpuSlower, &values);
    }

    fn card_takes_over(&mut self) {
        self.card.state = State::Driving;
        self.say_engine();
        if let Some((spec, _)) = self.run.holds.clone().filter(|_| self.run.is_mixed()) {
            self.ask_card(&Request::Change(spec), &[]);
        }
        if self.run.phase == Phase::Training {
            self.ask_card(&Request::Train, &[]);
        }
    }

    /// The card cannot be used, or no longer: the first engine goes on.
    pub(super) fn lost_card(&mut self, reason: &str) {
        let was = std::mem::take(&mut self.card).state;
        self.card.state = State::Refused;
        self.say_engine();
        let mut values = vec![("error", reason.to_owned())];
        let had_run = matches!(was, State::Driving | State::Returning);
        if had_run {
            let since = self.run.snapshot.as_ref().map_or(0.0, |snapshot| now() - snapshot.at);
            values.push(("n", format!("{:.0}", since / 1000.0)));
            self.notes.say(&self.phrases, Phrase::NoteGpuLost, &values);
        } else if self.address.engine == Engine::Gpu {
            self.say_of_card(Phrase::GpuRefused, &values);
        }
        match self.run.phase {
            Phase::Training if had_run || was == State::Taking => self.go_on_training(),
            Phase::Pausing if had_run => self.paused(),
            Phase::Starting | Phase::Still | Phase::Training | Phase::Pausing => {}
        }
        self.dirty.bar = true;
    }

    /// The shards that the card waits for.
    pub(super) fn card_supply(&mut self) -> &mut Supply {
        &mut self.card.supply
    }

    /// Brings a shard to the card.
    pub(super) fn give_card(&mut self, split: Split, shard: usize, files: [&[u8]; 2]) {
        self.ask_card(&Request::Shard(split, shard), &files);
    }
}
