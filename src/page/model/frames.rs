//! Frames: what has changed is drawn, at most once for each picture of the screen, and nothing while nothing changes.

use super::effect::Effect;
use super::run::Phase;
use super::state::{Changed, Model};
use crate::plasticity::pace::Pace;
use crate::spec::Rule;

/// The link is written at most this often, in milliseconds: browsers refuse to write it more often.
const LINK_EVERY: f64 = 400.0;
/// The milliseconds of training that answer a question; and where it begins slowly, or pictures pass slowly.
const EXPERIMENT: f64 = 6000.0;
const SLOW_EXPERIMENT: f64 = 14_000.0;
/// Curves and numbers of a running training are drawn at most this often, in milliseconds.
const CURVES_EVERY: f64 = 100.0;

impl Changed {
    fn anything(&self) -> bool {
        *self != Self::default()
    }

    /// All that a picture shows is to be drawn.
    pub const fn pictures(&mut self) {
        (self.pad, self.trace, self.curves, self.neuron) = (true, true, true, true);
        (self.weights, self.mistakes, self.rates, self.connections) = (true, true, true, true);
        self.thumbnails = true;
    }
}

impl Model {
    /// Whether the animation runs.
    fn moves(&self) -> bool {
        self.clock.playing && self.analysis.is_some() && !self.drawing
    }

    /// Whether there is something to draw, or to be done in a frame.
    pub fn wants_frame(&mut self) -> bool {
        let wanted = self.wanted.link || self.wanted.curves || self.wanted.bar || self.may_glimpse();
        let wanted = wanted || self.changed.anything();
        if !self.moves() && !wanted {
            self.times.frame = None;
        }
        !self.unseen && (self.moves() || wanted)
    }

    /// A frame is to be drawn, at this time in milliseconds.
    pub(super) fn frame(&mut self, at: f64) {
        let seconds = self.times.frame.map_or(0.0, |last| (at - last) / 1000.0) as f32;
        self.times.frame = Some(at);
        if self.analysis.is_some() && !self.drawing {
            self.changed.time |= self.clock.advance(seconds);
        }
        if self.changed.look {
            self.changed.pictures();
            self.connect();
        }
        // What is under a pointer that rests is another number now.
        self.changed.tooltip |= self.changed.trace && self.pointed_at.is_some();
        self.end_experiment();
        if self.waits_for_images() {
            self.bar_changed();
        }
        self.show_progress();
        self.write_link();
        self.ask_when_due();
    }

    /// A question is answered after some seconds of training.
    fn end_experiment(&mut self) {
        let spec = &self.link.spec;
        let is_slow = (spec.rule == Rule::Stdp && self.link.pace == Pace::Rising) || spec.has_convolution();
        let time = if is_slow { SLOW_EXPERIMENT } else { EXPERIMENT };
        let has_learnt = self.run.phase == Phase::Training && self.now - self.times.train > time;
        if has_learnt && self.experiment.as_ref().is_some_and(|experiment| !experiment.is_over) {
            self.pause();
            self.experiment.iter_mut().for_each(|experiment| experiment.is_over = true);
        }
    }

    /// Numbers of training that come faster than they can be read wait for a while.
    fn show_progress(&mut self) {
        if !(self.wanted.curves || self.wanted.bar) || self.now - self.times.curves <= CURVES_EVERY {
            return;
        }
        self.times.curves = self.now;
        self.changed.curves |= std::mem::take(&mut self.wanted.curves);
        if std::mem::take(&mut self.wanted.bar) {
            self.changed.bar = true;
            let progress = &self.progress;
            let known = |value: Option<f64>| value.unwrap_or(f64::NAN);
            let effect = Effect::TellProgress {
                epochs: progress.epochs,
                loss: known(progress.loss.map(f64::from)),
                accuracy: known(progress.test.map(|accuracy| accuracy.fraction())),
                images_per_second: known(progress.images_per_second),
            };
            self.effect(effect);
        }
    }

    fn write_link(&mut self) {
        let is_new_page = self.wanted.page_in_history;
        if self.wanted.link && (is_new_page || self.now - self.times.link >= LINK_EVERY) {
            (self.wanted.link, self.wanted.page_in_history) = (false, false);
            self.times.link = self.now;
            self.effect(Effect::WriteLink { hash: self.catalogue.hash(&self.link), is_new_page });
        }
    }
}
