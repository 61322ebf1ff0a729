//! The three neurons beside the membrane voltages: a neuron's weights are its face.

use super::phrases::{Phrase, Phrases};
use crate::digits::drawing::SIDE;
use crate::dom::canvas::Canvas;
use crate::dom::document::{Text, all, within};
use crate::pictures::field;
use crate::pictures::palette::Palette;
use crate::pictures::receptive_fields::ReceptiveFields;
use crate::pictures::voltage::ROWS;
use crate::trace::LayerTrace;
use web_sys::Element;

/// Names, counts and faces of the three.
pub struct Faces {
    /// Which neurons they are.
    pub chosen: [usize; ROWS],
    rows: Vec<(Text, Text, Canvas)>,
}

impl Faces {
    /// The faces of the document.
    pub fn find() -> Self {
        let row = |row: Element| {
            (Text::new(within(&row, "b")), Text::new(within(&row, "span")), Canvas::new(within(&row, "canvas")))
        };
        let rows = all::<Element>("#faces > div").into_iter().map(row).collect();
        Self { chosen: [0, 1, 2], rows }
    }

    /// Puts this neuron first; the last one goes, unless it was among them.
    pub fn choose(&mut self, neuron: usize) {
        let place = self.chosen.iter().position(|chosen| *chosen == neuron).unwrap_or(self.chosen.len() - 1);
        self.chosen[..=place].rotate_right(1);
        self.chosen[0] = neuron;
    }

    /// Writes their names and how often they fire.
    pub fn name(&self, layer: &LayerTrace, phrases: &Phrases) {
        for (neuron, (name, count, _)) in self.chosen.iter().zip(&self.rows) {
            name.set(&phrases.say(Phrase::Neuron, &[("n", neuron.to_string())]));
            count.set(&phrases.spikes(layer.spikes.count_of(0, *neuron)));
        }
    }

    /// Draws their weights, as far as they are known.
    pub fn draw(&self, synapses: &ReceptiveFields, palette: &Palette) {
        for (neuron, (_, _, canvas)) in self.chosen.iter().zip(&self.rows) {
            if let Some(weights) = synapses.into_neuron(0, *neuron).filter(|_| canvas.fit(palette)) {
                canvas.paint(&[field::weights(weights, SIDE)], palette);
            }
        }
    }
}
