//! Settings that are set, and the link that says them all.

use super::controls;
use super::effect::Effect;
use super::input::{Due, Scrub};
use super::knobs::knob;
use super::link::{Link, Start};
use super::phrases::Phrase;
use super::state::Model;
use crate::decimal;
use crate::pictures::analysis::Analysis;
use crate::pictures::surrogate;

/// After this number of milliseconds without another turn, turned settings are meant.
const SETTLED: i32 = 150;

impl Model {
    pub(super) fn set(&mut self, name: &str, text: &str) {
        self.withdraw(&[Phrase::NoValue]);
        if controls::set(&mut self.link, name, text).is_some() {
            self.setting_changed(name);
        } else {
            self.notify(Phrase::NoValue, vec![("value", text.to_owned()), ("range", controls::range(name))]);
        }
        self.changed.controls = true;
    }

    pub(super) fn turn(&mut self, name: &str, by: i32) {
        let value = decimal::parse(&controls::text(&self.link, name));
        if let (Some(knob), Some(value)) = (knob(name), value) {
            self.set(name, &knob.turn(value, by).to_string());
        }
    }

    /// The surrogate was dragged: half of its height is at this share of its picture's width.
    pub(super) fn drag_surrogate(&mut self, share: f32) {
        if let Some(steepness) = surrogate::steepness_at(self.link.spec.neuron.surrogate, share) {
            self.set("slope", &steepness.to_string());
        }
    }

    fn setting_changed(&mut self, name: &str) {
        self.clock.speed = self.link.speed;
        (self.changed.neuron, self.changed.pad) = (true, true);
        // A word that was chosen is a page of its own to go back to; a value that is turned is on its way.
        if knob(name).is_some() {
            self.link_changed()
        } else {
            self.link_chosen()
        }
        self.withdraw(&[Phrase::NoteOwnFile]);
        if !matches!(name, "speed" | "certainty" | "pace") {
            self.experiment = None;
        }
        match name {
            "from" => return self.choose_origin(),
            "dataset" => return self.choose_set(),
            "model" => return self.choose_model(),
            "engine" => return self.choose_engine(),
            "pace" => return self.tell_how_to_train(),
            _ => {}
        }
        if name == "certainty" {
            self.changed.time = true;
        } else if name != "speed" {
            // A file that comes later does not take back what the reader has set.
            self.adopts_file_settings &= self.catalogue.is_own(&self.link);
            self.turned += 1;
            self.effect(Effect::After(SETTLED, Due::Settings));
        }
    }

    pub(super) fn scrub(&mut self, scrub: Scrub) {
        let steps = self.analysis.as_ref().map_or(self.link.spec.time_steps, Analysis::time_steps) as f32;
        let now = match scrub {
            Scrub::To(share) => share * steps + 0.5,
            Scrub::By(by) if by < 0 => (self.clock.now.ceil() + by as f32).max(1.0),
            Scrub::By(by) => self.clock.now.floor() + by as f32,
            Scrub::Step(step) => step,
        };
        if now.is_finite() {
            self.clock.stop_at(now);
            self.remember_time();
        }
    }

    pub(super) fn remember_time(&mut self) {
        let stands = !self.clock.playing && !self.reduced_motion;
        self.link.stopped_at = stands.then(|| (self.clock.now * 10.0).round() / 10.0);
        self.changed.time = true;
        self.link_changed();
    }

    /// Takes what the link says, and notes what of it has no meaning here.
    pub(super) fn read_link(&mut self, hash: &str) {
        let (mut link, mut errors) = Link::from_hash(hash);
        errors.extend(self.catalogue.correct(&mut link));
        self.catalogue.complete(&mut link);
        self.withdraw(&[Phrase::NoteSetting, Phrase::NoteOwnFile]);
        if !errors.is_empty() {
            self.notify(Phrase::NoteSetting, vec![("error", errors.join("; "))]);
        }
        self.autoplay = link.autoplay;
        (self.changed.parts, self.changed.look) = (true, true);
        self.link = link;
        if self.link.from == Start::File {
            self.miss_user_file();
        }
    }

    /// Where weights are to come from a file that the reader has not opened here, that is said.
    pub(super) fn miss_user_file(&mut self) {
        if !matches!(self.user_file, Some(Ok(_))) {
            self.user_file = Some(Err(String::new()));
            self.notify(Phrase::NoteOwnFile, Vec::new());
        }
    }

    /// Sets what follows from the link alone.
    pub(super) fn show_link(&mut self) {
        self.changed.controls = true;
        self.clock.speed = self.link.speed;
        if let Some(t) = self.link.stopped_at {
            self.clock.stop_at(t);
        }
        self.changed.neuron = true;
    }
}
