//! The three neurons beside the membrane voltages, each by its receptive field.

use crate::digits::drawing::SIDE;
use crate::dom::canvas::Canvas;
use crate::dom::document::{Text, all, within};
use crate::page::model::phrases::{Phrase, Phrases};
use crate::pictures::field;
use crate::pictures::palette::Palette;
use crate::pictures::receptive_fields::ReceptiveFields;
use crate::pictures::voltage::ROWS;
use crate::spec::Window;
use crate::trace::LayerTrace;
use web_sys::Element;

/// Their names, counts and receptive fields.
pub struct NeuronPictures {
    rows: Vec<(Text, Text, Canvas)>,
}

impl NeuronPictures {
    /// Their places in the document.
    pub fn find() -> Self {
        let row = |row: Element| {
            (Text::new(within(&row, "b")), Text::new(within(&row, "span")), Canvas::new(within(&row, "canvas")))
        };
        let rows = all::<Element>("#faces > div").into_iter().map(row).collect();
        Self { rows }
    }

    /// Writes their names and how often they fire.
    pub fn name(&self, neurons: &[usize; ROWS], layer: &LayerTrace, phrases: &Phrases) {
        for (neuron, (name, count, _)) in neurons.iter().zip(&self.rows) {
            name.set(&phrases.say(Phrase::Neuron, &[("n", phrases.number_of(layer.feature_maps(), *neuron))]));
            count.set(&phrases.spikes(layer.spikes.count_of(0, *neuron)));
        }
    }

    /// Draws their weights; nothing where they are not known, for what was there is another network's.
    pub fn draw(&self, neurons: &[usize; ROWS], fields: &ReceptiveFields, window: Option<Window>, palette: &Palette) {
        for (neuron, (_, _, canvas)) in neurons.iter().zip(&self.rows) {
            draw(canvas, fields, window, *neuron, palette);
        }
    }
}

/// Draws the receptive field of a neuron of the first hidden layer, of a convolution its kernel; nothing where it is not known.
pub fn draw(canvas: &Canvas, fields: &ReceptiveFields, window: Option<Window>, neuron: usize, palette: &Palette) {
    if canvas.fit(palette) {
        let weights = fields.into_neuron(0, neuron);
        let weights = weights.map(|weights| field::receptive_field(weights, window, neuron, SIDE));
        canvas.paint(weights.as_slice(), palette);
    }
}
