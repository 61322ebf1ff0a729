//! Saving pictures: as SVG with the words that stand on the page beside them, standing or moving, and as tables.

use super::app::App;
use super::canvas::{self, Painted};
use super::csv;
use super::document::{document, find, listen as hear, window};
use super::input::{Input, Post, SaveAs};
use super::marks::cursor;
use super::svg::{Frame, Motion, Sheet, Words};
use super::weights::download;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{CssStyleDeclaration, Element, Event, HtmlDialogElement, HtmlElement};

/// Seconds that a moving picture rests at its end.
const REST: f64 = 2.5;
/// Room around a picture in its file, in CSS pixels.
const MARGIN: f64 = 8.0;

/// Each button that saves opens the dialog, which asks for the kind of file.
pub fn listen(post: &Post) {
    let (dialog, asked): (HtmlDialogElement, Rc<RefCell<Option<Element>>>) = (find("save-dialog"), Rc::default());
    let (moving, wish): (HtmlElement, _) = (find("save-moving"), asked.clone());
    hear(&document(), "click", move |event: Event| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if let Some(button) = target.and_then(|target| target.closest("[data-save]").ok().flatten()) {
            moving.set_hidden(button.closest("#score").ok().flatten().is_none());
            *wish.borrow_mut() = Some(button);
            drop(dialog.show_modal());
        }
    });
    for (id, kind) in [("save-svg", SaveAs::Svg), ("save-moving", SaveAs::Moving), ("save-csv", SaveAs::Csv)] {
        let (button, asked, post): (HtmlElement, _, _) = (find(id), asked.clone(), post.clone());
        hear(&button, "click", move |_: Event| {
            if let Some(button) = asked.borrow().clone() {
                post.tell(Input::Save(button, kind));
            }
        });
    }
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
            self.engine_failed(super::document::in_words(&error));
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
            ("rates", ..) => csv::rates(hidden, time_steps),
            ("loss" | "accuracy", ..) => csv::curves(&self.history),
            ("surrogate", ..) => csv::surrogate(self.address.spec.neuron.surrogate),
            ("confusion", ..) => csv::confusion(&self.mistakes.confusion),
            ("mosaic", ..) => csv::weights(&self.synapses, self.address.spec.hidden.first().copied().unwrap_or(0)),
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
        let area = root.get_bounding_client_rect();
        let palette = &self.palette;
        let mut sheet = Sheet::new(area.width() + 2.0 * MARGIN, area.height() + 2.0 * MARGIN, palette, motion);
        let place = |element: &Element| {
            let own = element.get_bounding_client_rect();
            let (x, y) = (own.left() - area.left() + MARGIN, own.top() - area.top() + MARGIN);
            Frame { x, y, width: own.width(), height: own.height() }
        };
        let inside = all_below(root);
        let staves: Vec<Frame> = inside
            .iter()
            .filter_map(|element| {
                let frame = place(element);
                add(&mut sheet, element, frame, &painted, motion.is_some()).then_some(frame)
            })
            .collect();
        if let (Some(first), Some(last)) = (staves.first(), staves.last()) {
            let height = last.y + last.height - first.y;
            let reached = cursor(self.clock.now, self.clock.time_steps);
            sheet.add_cursor(Frame { height, ..*first }, f64::from(reached));
        }
        sheet.finish()
    }
}

fn all_below(root: &Element) -> Vec<Element> {
    let Ok(list) = root.query_selector_all("*") else { return Vec::new() };
    (0..list.length()).filter_map(|i| list.item(i)?.dyn_into().ok()).collect()
}

/// Adds an element of the page to the sheet: a canvas by what was painted on it, others by their ground and their text.
/// Whether it was a stave.
fn add(sheet: &mut Sheet<'_>, element: &Element, frame: Frame, painted: &[Painted], moves: bool) -> bool {
    let inside = |selector: &str| element.closest(selector).ok().flatten().is_some();
    let Ok(Some(style)) = window().get_computed_style(element) else { return false };
    let is = |name: &str, value: &str| style.get_property_value(name).is_ok_and(|own| own == value);
    if frame.width <= 1.0 || frame.height <= 1.0 || is("visibility", "hidden") || is("opacity", "0") {
        return false;
    }
    if let Some(canvas) = painted.iter().rev().find(|painted| *element == **painted.element) {
        match &canvas.stave {
            Some((scene, reached)) => sheet.add_stave(frame, &scene.past, &scene.future, f64::from(*reached)),
            // What grows with time is uncovered by the cursor.
            None if moves && inside(".stave") => sheet.add_stave(frame, &canvas.marks, &[], 1.0),
            None => sheet.add(frame, &canvas.marks),
        }
        // What glows under the cursor belongs to one moment.
        if canvas.stave.is_some() && !moves {
            sheet.add(frame, &canvas.marks);
        }
        return canvas.stave.is_some();
    }
    // Buttons that save are for the page, and what the cursor is is drawn anew.
    if inside("[data-save], .cursor, .unseen") || (moves && inside(".first, .second, .mark.strong, .win")) {
        return false;
    }
    add_plain(sheet, element, frame, &style);
    false
}

fn add_plain(sheet: &mut Sheet<'_>, element: &Element, frame: Frame, style: &CssStyleDeclaration) {
    let value = |name: &str| style.get_property_value(name).unwrap_or_default();
    let ground = value("background-color");
    // Captions lie on the paper itself.
    if !ground.ends_with(", 0)") && element.closest(".cap").ok().flatten().is_none_or(|_| element.tag_name() == "I") {
        sheet.rect(frame, &ground, 1.0);
    }
    if element.child_element_count() == 0
        && let Some(text) = element.text_content().filter(|text| !text.trim().is_empty())
    {
        let [size, weight, colour] = [value("font-size"), value("font-weight"), value("color")];
        sheet.add_words(&Words { frame, text: text.trim(), size: &size, weight: &weight, colour: &colour });
    }
}
