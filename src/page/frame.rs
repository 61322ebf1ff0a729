//! Frames: what has changed is drawn, at most once for each picture of the screen, and nothing while nothing changes.

use super::app::App;
use super::connections::Look;
use super::input::Input;
use super::phrases::Phrase;
use super::run::Phase;
use crate::digits::shard::Split;
use crate::dom::canvas::read_palette;
use crate::dom::document::window;
use wasm_bindgen::JsCast;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::Closure;

/// The address is written at most so often, in milliseconds: browsers refuse to write it more often.
const ADDRESS_EVERY: f64 = 400.0;

/// Curves and numbers of a running training are drawn at most so often, in milliseconds.
const CURVES_EVERY: f64 = 100.0;

/// What is to be drawn anew.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Dirty {
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
    /// What is read wrongly.
    pub mistakes: bool,
    /// Numbers and words of the bar.
    pub bar: bool,
    /// The link.
    pub address: bool,
    asked: bool,
    last: Option<f64>,
    address_written: f64,
    curves_drawn: f64,
}

impl Dirty {
    /// All of it.
    pub fn everything(&mut self) {
        self.look = true;
        self.bar = true;
    }

    const fn anything(&self) -> bool {
        self.look
            || self.pad
            || self.trace
            || self.time
            || self.curves
            || self.neuron
            || self.weights
            || self.mistakes
            || self.rates
            || self.bar
            || self.address
    }
}

impl App {
    /// Asks for a frame, if there is something to draw in it.
    pub(super) fn ask_for_frame(&mut self) {
        let moves = self.clock.playing && self.reading.is_some() && !self.drawing;
        if self.dirty.asked || self.unseen || !(moves || self.dirty.anything()) {
            if !moves {
                self.dirty.last = None;
            }
            return;
        }
        let post = self.post.clone();
        let frame = Closure::once_into_js(move |now: f64| post.tell(Input::Frame(now)));
        let asked = window().request_animation_frame(frame.unchecked_ref()).is_ok();
        self.dirty.asked = asked;
    }

    /// Draws one frame.
    pub(super) fn frame(&mut self, now: f64) {
        self.dirty.asked = false;
        let seconds = self.dirty.last.map_or(0.0, |last| (now - last) / 1000.0) as f32;
        self.dirty.last = Some(now);
        if self.reading.is_some() && !self.drawing {
            self.dirty.time |= self.clock.advance(seconds);
        }
        if self.dirty.look {
            self.palette = read_palette(&self.palette);
            let address = (self.dirty.address, self.dirty.bar);
            (self.dirty.pad, self.dirty.trace, self.dirty.curves) = (true, true, true);
            (self.dirty.neuron, self.dirty.weights) = (true, true);
            (self.dirty.mistakes, self.dirty.rates) = (true, true);
            (self.dirty.address, self.dirty.bar, self.dirty.look) = (address.0, address.1, false);
            self.connections.look();
            self.connect();
        }
        self.draw(now);
        self.write_address(now);
        self.ask_when_due(now);
        self.ask_for_frame();
    }

    /// Draws what has changed.
    fn draw(&mut self, now: f64) {
        self.draw_pad();
        self.draw_network();
        self.draw_learning(now);
        if std::mem::take(&mut self.dirty.rates) {
            let neuron = self.run.holds.as_ref().map_or(&self.address.spec, |(spec, _)| spec).neuron;
            let values = (neuron.threshold, neuron.gain);
            self.mosaic.draw_rates(&self.rates, values, &self.phrases, &self.palette);
        }
        if self.dirty.weights {
            self.score.faces.draw(&self.synapses, &self.palette);
            self.dirty.weights = !self.mosaic.draw(&self.score.faces.chosen, &self.synapses, &self.palette);
        }
        if std::mem::take(&mut self.dirty.mistakes) {
            let all = self.manifest.as_ref().map_or(0, |manifest| manifest.images(Split::Test));
            self.mistakes.draw(self.test_image(), all, &self.phrases, &self.palette);
        }
    }

    /// Asks for what is missing of the page; draws all of it as it is, if that is not to wait for a frame.
    pub(super) fn show_whole(&mut self, at_once: bool) {
        self.whole = true;
        self.ask_for_weights();
        self.connect();
        if at_once {
            self.connections.visible = true;
            self.palette = read_palette(&self.palette);
            self.connect();
            self.draw_everything();
            self.connections.look();
        }
    }

    /// Whether what is out of sight is to be there too. While training runs it would be another each second.
    pub(super) fn wants_whole(&self) -> bool {
        self.whole && !self.drawing && self.run.phase != Phase::Training
    }

    /// Draws everything at once, also what a frame leaves to the next.
    pub(super) fn draw_everything(&mut self) {
        (self.dirty.pad, self.dirty.trace, self.dirty.curves) = (true, true, true);
        (self.dirty.neuron, self.dirty.weights, self.dirty.mistakes, self.dirty.rates) = (true, true, true, true);
        self.dirty.curves_drawn = f64::NEG_INFINITY;
        self.mosaic.next = 0;
        self.draw(self.dirty.last.unwrap_or(0.0));
        while self.dirty.weights {
            self.dirty.weights = !self.mosaic.draw(&self.score.faces.chosen, &self.synapses, &self.palette);
        }
    }

    fn draw_pad(&mut self) {
        if std::mem::take(&mut self.dirty.pad) {
            let pixels = self.pixels();
            let seen = pixels.as_ref().map(|pixels| self.with_noise(pixels));
            let photo = !self.phrases.names.is_empty();
            self.pad.draw(&self.address.pad, pixels.as_deref(), photo, &self.palette);
            self.pad.offer_undo(self.pad_is_empty() && self.cleared.is_some());
            let lit = seen.iter().flatten().filter(|pixel| **pixel > 12).count().to_string();
            let said = pixels.as_ref().map(|_| self.phrases.say(Phrase::Lit, &[("n", lit)]));
            let blank = vec![0; crate::digits::drawing::PIXELS];
            self.pad.draw_seen(seen.as_ref().unwrap_or(&blank), said.as_deref().unwrap_or(""), &self.palette);
            if let Some(digits) = &self.digits {
                self.samples.draw(digits, Some(&self.address.pad), &self.palette);
            }
            if self.learns_drawings() {
                self.draw_drawings();
            }
        }
    }

    fn draw_network(&mut self) {
        let spec = self.run.holds.as_ref().map_or(&self.address.spec, |(spec, _)| spec).clone();
        let neuron = spec.neuron;
        let prepare = std::mem::take(&mut self.dirty.trace);
        let show = std::mem::take(&mut self.dirty.time) || prepare;
        let Some(reading) = &self.reading else {
            if prepare {
                self.score.clear(&self.palette);
                self.result.clear();
                self.connections.clear(&self.palette);
            }
            return;
        };
        if prepare {
            self.score.prepare(reading, &spec, &self.phrases, &self.palette);
            self.result.prepare(reading, &self.phrases);
        }
        if show {
            let now = self.clock.now;
            let pinned = self.asking.neurons_chosen.then(|| self.score.faces.chosen[0]);
            self.score.show(reading, &neuron, (now, pinned), &self.phrases, &self.palette);
            self.result.show(reading, now, self.run.trained, &self.phrases);
            let look = Look {
                now,
                chosen: &self.score.faces.chosen,
                threshold: neuron.threshold,
                phrases: &self.phrases,
                palette: &self.palette,
            };
            self.connections.show(reading, &self.synapses, &look);
            let word = if self.clock.playing { Phrase::Stop } else { Phrase::Play };
            drop(self.words.play.set_attribute("aria-label", &self.phrases.say(word, &[])));
            crate::dom::document::class(&self.words.play, "on", self.clock.playing);
        }
    }

    fn draw_learning(&mut self, now: f64) {
        if (self.dirty.curves || self.dirty.bar) && now - self.dirty.curves_drawn > CURVES_EVERY {
            self.dirty.curves_drawn = now;
            if std::mem::take(&mut self.dirty.curves) {
                self.learning.draw(&self.history, &self.palette);
            }
            if std::mem::take(&mut self.dirty.bar) {
                self.say_bar();
                self.tell_progress();
            }
        }
        if std::mem::take(&mut self.dirty.neuron) {
            self.learning.draw_neuron(&self.address.spec.neuron, &self.palette);
        }
    }

    fn say_bar(&self) {
        self.learning.say(&self.vitals);
        let training = self.run.phase == Phase::Training;
        crate::dom::document::class(&self.words.train, "on", training);
        self.words.train_word.set(&self.phrases.say(if training { Phrase::Pause } else { Phrase::Train }, &[]));
        self.controls.enable_training(self.run.phase != Phase::Starting && self.may_train());
        self.words.forecast.set(&self.forecast());
        let drawings = || self.phrases.say(Phrase::Drawings, &[("n", self.own_drawings.len().to_string())]);
        let fetched = self.manifest.as_ref().map(|manifest| {
            let bytes: u64 = manifest.files().map(|file| file.bytes).sum();
            self.phrases.say(Phrase::Size, &[("mb", format!("{:.0}", bytes as f64 / 1e6))])
        });
        let size = if self.learns_drawings() { Some(drawings()) } else { fetched };
        let waiting = training && self.supply.is_waiting();
        let waits = self.phrases.say(Phrase::Waiting, &[]);
        let said = if waiting { &waits } else { size.as_deref().unwrap_or("") };
        // Beside the numbers of training there is no room for what everybody has read by then.
        let [beside, below] = &self.words.size;
        beside.set(if training && !waiting { "" } else { said });
        below.set(said);
    }

    fn write_address(&mut self, now: f64) {
        if !self.dirty.address || now - self.dirty.address_written < ADDRESS_EVERY {
            return;
        }
        self.dirty.address = false;
        self.dirty.address_written = now;
        let hash = self.address.to_hash();
        let window = window();
        // The link was changed from outside, and the page has not heard of it yet: it is not overwritten.
        if window.location().hash().is_ok_and(|hash| hash != self.link_seen) {
            return;
        }
        let path = window.location().pathname().unwrap_or_default() + &window.location().search().unwrap_or_default();
        let url = if hash.is_empty() { path } else { format!("{path}#{hash}") };
        if let Ok(history) = window.history() {
            drop(history.replace_state_with_url(&JsValue::NULL, "", Some(&url)));
        }
        // As the browser has it, which may have escaped something.
        self.link_seen = window.location().hash().unwrap_or_default();
    }
}
