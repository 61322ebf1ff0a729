//! Saving the page's pictures: as SVG, standing or moving, and as tables.

use super::app::App;
use super::input::{Input, Post};
use crate::dom::canvas;
use crate::dom::document::find;
use crate::dom::download::download;
use crate::dom::sheet;
use crate::dom::sheet::SaveAs;
use crate::pictures::csv;
use crate::pictures::marks::cursor;
use crate::pictures::svg::Motion;
use web_sys::Element;

/// Seconds that a moving picture rests at its end.
const REST: f64 = 2.5;

/// The buttons that save this program's pictures; the article's figures are another program's.
const OWN: &str = "[data-save]:not(#article *)";

/// What is asked for in the dialog is told to the app.
pub fn listen(post: &Post) {
    let post = post.clone();
    sheet::listen(OWN, move |button, kind| post.tell(Input::Save(button, kind)));
}

impl App {
    /// Hands the picture that belongs to a button to the reader as a file.
    pub(super) fn save_picture(&mut self, button: &Element, kind: SaveAs) {
        let picture = &button.get_attribute("data-save").unwrap_or_default();
        let root = button.closest("figure, .stave, .saved").ok().flatten();
        let (text, end) = match kind {
            SaveAs::Csv => (self.table(picture), "csv"),
            SaveAs::Svg => (self.drawing(&root.unwrap_or_else(|| find("score")), None), "svg"),
            SaveAs::Moving => {
                let runs = self.clock.time_steps as f64 / f64::from(self.clock.speed);
                (self.drawing(&find("score"), Some(Motion { runs, rests: REST })), "svg")
            }
        };
        if let Err(error) = download(text.as_bytes(), &[picture, ".", end].concat()) {
            self.engine_failed(crate::dom::document::in_words(&error));
        }
    }

    fn table(&self, picture: &str) -> String {
        let reading = self.reading.as_ref();
        let trace = reading.map(|reading| &reading.trace);
        let hidden = trace.map_or(&[][..], |trace| &trace.hidden);
        let time_steps = trace.map_or(0, |trace| trace.time_steps);
        match (picture, reading, trace) {
            ("in", _, Some(trace)) => csv::spikes([&trace.input]),
            ("hid", ..) => csv::spikes(hidden.iter().map(|layer| &layer.spikes)),
            ("mem", _, Some(trace)) => trace
                .hidden
                .first()
                .map_or_else(String::new, |layer| csv::voltages(layer, &self.score.faces.chosen, time_steps)),
            ("race" | "out", Some(reading), _) => csv::outputs(reading),
            ("rates", ..) => csv::rates(&self.rates),
            ("loss" | "accuracy", ..) => csv::curves(&self.history),
            ("surrogate", ..) => csv::surrogate(self.address.spec.neuron.surrogate),
            ("confusion", ..) => csv::confusion(&self.mistakes.confusion),
            ("mosaic", ..) => csv::weights(&self.synapses, self.address.spec.hidden_neurons().next().unwrap_or(0)),
            ("graph", ..) => csv::edges(&self.connections.edges),
            // Nothing runs through the network.
            _ => String::new(),
        }
    }

    /// A part of the page as a drawing.
    fn drawing(&mut self, root: &Element, motion: Option<Motion>) -> String {
        // A run that moves shows all of it.
        let now = self.clock.now;
        if motion.is_some() {
            self.clock.now = self.clock.time_steps as f32;
        }
        let painted = canvas::painted(|| self.draw_everything());
        self.clock.now = now;
        self.dirty.time = true;
        let reached = cursor(self.clock.now, self.clock.time_steps);
        sheet::drawing(root, &painted, &self.palette, motion, f64::from(reached))
    }
}
