//! A layer that learns by STDP, watched: what there is to see of it goes to a program of its own, which is fetched for the first.

use super::effect::Effect;
use super::input::{EngineKind, Region};
use super::requests::Asked;
use super::state::{Model, Opening};
use crate::protocol::Request;
use crate::spec::Rule;

impl Model {
    /// Whether somebody sees such a layer.
    fn is_watched(&self) -> bool {
        let learns_so = self.run.holds.as_ref().is_some_and(|(spec, _)| spec.rule == Rule::Stdp);
        learns_so && self.opening == Opening::Done && self.is_shown(Region::Fields)
    }

    /// Whether a glimpse of it is wanted and can be had.
    pub(super) fn may_glimpse(&self) -> bool {
        self.wanted.glimpse && self.is_watched() && !self.requests.awaits(EngineKind::Cpu, Asked::Glimpse)
    }

    pub(super) fn ask_for_glimpse(&mut self) {
        if self.may_glimpse() {
            self.wanted.glimpse = false;
            self.ask(EngineKind::Cpu, Request::Glimpse, Vec::new());
        }
    }

    pub(super) fn take_glimpse(&mut self, more: bool, mut bytes: Vec<Vec<u8>>) {
        self.wanted.glimpse |= more;
        if let Some(glimpse) = bytes.pop() {
            self.effect(Effect::ShowGlimpse(glimpse));
            self.show_firing();
        }
    }

    /// Which neurons fire for the picture in hand is shown among the others.
    pub(super) fn show_firing(&mut self) {
        let first = self.analysis.as_ref().and_then(|analysis| analysis.trace.hidden.first());
        if let Some(layer) = first.filter(|_| self.is_watched()) {
            let counts = (0..layer.neurons()).map(|neuron| layer.spikes.count_of(0, neuron)).collect();
            self.effect(Effect::ShowFiring(counts));
        }
    }
}
