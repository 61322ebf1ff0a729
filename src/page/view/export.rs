//! Saving the page's pictures: as SVG, standing or moving, and as tables.

use super::whole::View;
use crate::dom::canvas;
use crate::dom::document::find;
use crate::dom::save::{self, Form, PIXELS, SaveAs, save_drawing, save_table};
use crate::page::model::state::Model;
use crate::page::queue::{Event, Queue};
use crate::pictures::csv::{self, Table};
use crate::pictures::marks::cursor;
use crate::pictures::svg::Motion;
use web_sys::Element;

/// Seconds that a moving picture rests at its end.
const REST: f64 = 2.5;

/// The buttons that save this program's pictures; the article's figures are another program's.
const OWN: &str = "[data-save]:not(#article *)";

/// The table of what is not there.
const NOTHING: Table = Table::new("nothing");

/// What is asked for in the dialog is sent to `queue`.
pub fn listen_to_saving(queue: &Queue) {
    let queue = queue.clone();
    save::listen(OWN, move |button, kind| queue.send(Event::Save(button, kind)));
}

impl View {
    /// Has the picture that belongs to a button saved; `failed` hears why it could not be.
    pub fn save(&mut self, model: &Model, button: &Element, kind: SaveAs, failed: impl FnOnce(String) + 'static) {
        let picture = &button.get_attribute("data-save").unwrap_or_default();
        let root = button.closest("figure, .stave, .saved").ok().flatten();
        match kind {
            SaveAs::Csv => save_table(picture, &self.table(model, picture), failed),
            SaveAs::Svg => self.drawing(model, picture, &root.unwrap_or_else(|| find("score")), Form::Still, failed),
            SaveAs::Png => self.drawing(model, picture, &root.unwrap_or_else(|| find("score")), PIXELS, failed),
            SaveAs::Moving => {
                let runs = model.clock.time_steps as f64 / f64::from(model.clock.speed);
                self.drawing(model, picture, &find("score"), Form::Moving(Motion { runs, rests: REST }), failed);
            }
        }
    }

    fn table(&self, model: &Model, picture: &str) -> Table {
        let analysis = model.analysis.as_ref();
        let trace = analysis.map(|analysis| &analysis.trace);
        let hidden = trace.map_or(&[][..], |trace| &trace.hidden);
        let time_steps = trace.map_or(0, |trace| trace.time_steps);
        match (picture, analysis, trace) {
            ("in", _, Some(trace)) => csv::spikes([&trace.input]),
            ("hid", ..) => csv::spikes(hidden.iter().map(|layer| &layer.spikes)),
            ("mem", _, Some(trace)) => {
                trace.hidden.first().map_or(NOTHING, |layer| csv::voltages(layer, &model.neurons, time_steps))
            }
            ("race" | "out", Some(analysis), _) => csv::outputs(analysis),
            ("rates", ..) => csv::rates(&model.rates),
            ("loss" | "accuracy", ..) => csv::curves(&model.history),
            ("surrogate", ..) => csv::surrogate(model.link.spec.neuron.surrogate),
            ("confusion", ..) => csv::confusion(&model.confusion),
            ("mosaic", ..) => csv::weights(&model.receptive_fields, model.first_neurons()),
            ("graph", ..) => csv::edges(self.connections.edges()),
            // Nothing runs through the network.
            _ => NOTHING,
        }
    }

    /// A part of the page as a drawing.
    fn drawing(
        &mut self,
        model: &Model,
        name: &str,
        root: &Element,
        form: Form,
        failed: impl FnOnce(String) + 'static,
    ) {
        // A run that moves shows all of it.
        let now = if matches!(form, Form::Moving(_)) { model.clock.time_steps as f32 } else { model.clock.now };
        let painted = canvas::painted(|| self.draw_pictures(model, now));
        // What stands on the page is again that of its own moment.
        self.draw_pictures(model, model.clock.now);
        save_drawing(name, root, &painted, (form, cursor(now, model.clock.time_steps)), failed);
    }
}
