//! Saving the page's pictures: as SVG, standing or moving, and as tables.

use super::whole::View;
use crate::dom::canvas;
use crate::dom::document::{find, in_words};
use crate::dom::download::download;
use crate::dom::sheet::{self, SaveAs};
use crate::page::model::state::Model;
use crate::page::queue::{Event, Queue};
use crate::pictures::csv;
use crate::pictures::marks::cursor;
use crate::pictures::svg::Motion;
use web_sys::Element;

/// Seconds that a moving picture rests at its end.
const REST: f64 = 2.5;

/// The buttons that save this program's pictures; the article's figures are another program's.
const OWN: &str = "[data-save]:not(#article *)";

/// What is asked for in the dialog is sent to `queue`.
pub fn listen(queue: &Queue) {
    let queue = queue.clone();
    sheet::listen(OWN, move |button, kind| queue.send(Event::Save(button, kind)));
}

impl View {
    /// Hands the picture that belongs to a button to the reader as a file.
    ///
    /// # Errors
    /// What the browser says when it makes no file of it.
    pub fn save(&mut self, model: &Model, button: &Element, kind: SaveAs) -> Result<(), String> {
        let picture = &button.get_attribute("data-save").unwrap_or_default();
        let root = button.closest("figure, .stave, .saved").ok().flatten();
        let (text, end) = match kind {
            SaveAs::Csv => (self.table(model, picture), "csv"),
            SaveAs::Svg => (self.drawing(model, &root.unwrap_or_else(|| find("score")), None), "svg"),
            SaveAs::Moving => {
                let runs = model.clock.time_steps as f64 / f64::from(model.clock.speed);
                (self.drawing(model, &find("score"), Some(Motion { runs, rests: REST })), "svg")
            }
        };
        download(text.as_bytes(), &[picture, ".", end].concat()).map_err(|error| in_words(&error))
    }

    fn table(&self, model: &Model, picture: &str) -> String {
        let analysis = model.analysis.as_ref();
        let trace = analysis.map(|analysis| &analysis.trace);
        let hidden = trace.map_or(&[][..], |trace| &trace.hidden);
        let time_steps = trace.map_or(0, |trace| trace.time_steps);
        match (picture, analysis, trace) {
            ("in", _, Some(trace)) => csv::spikes([&trace.input]),
            ("hid", ..) => csv::spikes(hidden.iter().map(|layer| &layer.spikes)),
            ("mem", _, Some(trace)) => {
                trace.hidden.first().map_or_else(String::new, |layer| csv::voltages(layer, &model.neurons, time_steps))
            }
            ("race" | "out", Some(analysis), _) => csv::outputs(analysis),
            ("rates", ..) => csv::rates(&model.rates),
            ("loss" | "accuracy", ..) => csv::curves(&model.history),
            ("surrogate", ..) => csv::surrogate(model.link.spec.neuron.surrogate),
            ("confusion", ..) => csv::confusion(&model.confusion),
            ("mosaic", ..) => {
                csv::weights(&model.receptive_fields, model.link.spec.hidden_neurons().next().unwrap_or(0))
            }
            ("graph", ..) => csv::edges(self.connections.edges()),
            // Nothing runs through the network.
            _ => String::new(),
        }
    }

    /// A part of the page as a drawing.
    fn drawing(&mut self, model: &Model, root: &Element, motion: Option<Motion>) -> String {
        // A run that moves shows all of it.
        let now = if motion.is_some() { model.clock.time_steps as f32 } else { model.clock.now };
        let painted = canvas::painted(|| self.draw_pictures(model, now));
        // What stands on the page is again that of its own moment.
        self.draw_pictures(model, model.clock.now);
        let reached = cursor(now, model.clock.time_steps);
        sheet::drawing(root, &painted, &self.palette, motion, f64::from(reached))
    }
}
