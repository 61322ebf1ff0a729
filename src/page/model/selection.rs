//! What is looked at: the neurons whose voltage is shown, those among the connections, the place under the pointer.

use super::input::Region;
use super::run::Phase;
use super::state::{Model, Opening, PointedAt};
use crate::pictures::connections::{self, Place};
use crate::pictures::field::neuron_at;

impl Model {
    /// Puts this neuron first of the three; the last one goes, unless it was among them.
    pub(super) fn choose_neuron(&mut self, neuron: usize) {
        // A button may be of the network before.
        if neuron >= self.first_neurons() {
            return;
        }
        let place = self.neurons.iter().position(|chosen| *chosen == neuron).unwrap_or(self.neurons.len() - 1);
        self.neurons[..=place].rotate_right(1);
        self.neurons[0] = neuron;
        self.neurons_are_pinned = true;
        (self.changed.trace, self.changed.weights) = (true, true);
        self.ask_for_weights();
        self.connect();
    }

    /// The neuron at that place of the first hidden layer's field was chosen.
    pub(super) fn choose_dot(&mut self, place: (f32, f32)) {
        let first = self.analysis.as_ref().and_then(|analysis| analysis.trace.hidden.first());
        if let Some(neuron) = first.and_then(|layer| neuron_at(layer, place)) {
            self.choose_neuron(neuron);
        }
    }

    /// The number under the pointer is to be said.
    pub(super) fn point(&mut self, place: Option<PointedAt>) {
        self.changed.tooltip |= place.is_some() || self.pointed_at.is_some();
        self.pointed_at = place;
    }

    /// The neuron over which a button lies.
    fn at_slot(&self, slot: usize) -> Option<Place> {
        connections::in_order(&self.columns).nth(slot)
    }

    /// The connections of the neuron under this button stand out, or of none.
    pub(super) fn light(&mut self, slot: Option<usize>) {
        let lit = slot.and_then(|slot| self.at_slot(slot));
        if lit != self.lit {
            self.lit = lit;
            self.connect();
        }
    }

    /// The voltage of the neuron under this button is to be shown, where those of the first hidden layer are.
    pub(super) fn pin(&mut self, slot: usize) {
        if let Some((0, neuron)) = self.at_slot(slot) {
            self.choose_neuron(neuron);
        }
    }

    /// A part of the page is about to be seen, or no longer.
    pub(super) fn come_into_view(&mut self, region: Region, is_seen: bool) {
        self.in_view[region as usize] = is_seen;
        self.wanted.glimpse |= is_seen;
        if is_seen {
            self.ask_for_weights();
            self.connect();
        }
    }

    /// Whether that part of the page can be seen, or is to be there all the same.
    pub fn is_shown(&self, region: Region) -> bool {
        self.in_view[region as usize] || self.wants_whole()
    }

    /// Whether what is out of sight is to be there too. While training runs it would be another each second.
    fn wants_whole(&self) -> bool {
        self.whole && !self.drawing && self.run.phase != Phase::Training
    }

    /// Asks for what is missing of the page.
    pub(super) fn show_whole(&mut self) {
        (self.whole, self.wanted.glimpse) = (true, true);
        self.ask_for_weights();
        self.connect();
    }

    /// Shows the connections of the picture; what is not known of them is asked for first.
    pub(super) fn connect(&mut self) {
        let Some(analysis) = &self.analysis else { return };
        let hidden = || analysis.trace.hidden.iter().map(|layer| layer.neurons());
        let pixels = analysis.trace.image.len();
        let same = self.run.holds.as_ref().is_some_and(|(spec, _)| spec.hidden_neurons(pixels).eq(hidden()));
        if !self.is_shown(Region::Connections) || !same || self.opening != Opening::Done {
            return;
        }
        // While training runs the neurons stay, so that one sees them change.
        if self.run.phase != Phase::Training || self.columns.is_empty() {
            match connections::choose(analysis, &self.receptive_fields) {
                Ok(columns) => self.columns = columns,
                Err((layer, neurons)) if !self.awaits_receptive_fields() => {
                    return self.ask_for_receptive_fields(layer, neurons);
                }
                Err(_) => return,
            }
        }
        if self
            .lit
            .is_some_and(|(layer, neuron)| self.columns.get(layer).is_none_or(|column| !column.contains(&neuron)))
        {
            self.lit = None;
        }
        (self.changed.connections, self.changed.time) = (true, true);
    }
}
