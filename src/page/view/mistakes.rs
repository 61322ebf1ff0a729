//! The mistakes: the matrix of what is taken for what, and the test images that are read wrongly, each a click away from
//! its own run.

use crate::digits::drawing::{PIXELS, SIDE};
use crate::digits::shard::Split;
use crate::dom::canvas::Canvas;
use crate::dom::document::{Text, class, create, find, listen, number, one_stop, press, rove, style};
use crate::page::model::input::Input;
use crate::page::model::mistakes::{FEW, SHOWN};
use crate::page::model::phrases::{Phrase, Phrases};
use crate::page::model::state::Model;
use crate::page::queue::Queue;
use crate::pictures::confusion::{Confusion, Pair};
use crate::pictures::field;
use crate::pictures::numbers::grouped;
use crate::pictures::numbers::percent;
use crate::pictures::palette::Palette;
use web_sys::{Event, HtmlCanvasElement, HtmlElement};

/// How a cell looks: its count, its shade, and whether it is chosen.
type Look = (u32, f32, bool);

/// A button with the picture of an image, and what it says: the image, its label and the answer, and whether it is chosen.
struct ImageButton {
    button: HtmlElement,
    canvas: Canvas,
    shown: Option<(usize, Pair, bool)>,
}

/// The matrix and the pictures.
pub struct Mistakes {
    table: HtmlElement,
    /// The cells of the table: each is touched only where it looks otherwise.
    cells: Vec<(HtmlElement, Option<Look>)>,
    told: Text,
    which: Text,
    measure: HtmlElement,
    /// The two places for pictures, each with as many buttons as it shows.
    places: [(HtmlElement, Vec<ImageButton>); 2],
    few: HtmlElement,
}

impl Mistakes {
    /// The places of the document; what is chosen there is told to `queue`.
    pub fn new(queue: &Queue) -> Self {
        let table: HtmlElement = find("confusion");
        let sender = queue.clone();
        listen(&table, "click", move |event: Event| sender.send(Input::Cell(number(&event))));
        rove(&table);
        let places = ["wrong", "wrong-few"].map(|id| {
            let (place, sender): (HtmlElement, _) = (find(id), queue.clone());
            rove(&place);
            listen(&place, "click", move |event: Event| {
                if let Some(image) = number(&event) {
                    sender.send(Input::TestImage(image));
                }
            });
            (place, Vec::new())
        });
        Self {
            table,
            cells: Vec::new(),
            told: Text::find("mistakes-told"),
            which: Text::find("wrong-which"),
            measure: find("measure"),
            places,
            few: find("few"),
        }
    }

    /// Draws all of it.
    pub fn draw(&mut self, model: &Model, phrases: &Phrases, palette: &Palette) {
        let confusion = &model.confusion;
        let total = model.manifest.as_ref().map_or(0, |manifest| manifest.images(Split::Test));
        let (tested, wrong) = (confusion.images(), confusion.wrong(None).count());
        self.measure.set_hidden(total == 0 || tested == total);
        self.few.set_hidden(wrong == 0);
        self.told.set(&sentence(confusion, wrong, phrases));
        self.fill_table(confusion, model.cell, phrases);
        let values = model.cell.map(|(label, answer)| [("a", phrases.name(label)), ("b", phrases.name(answer))]);
        self.which.set(&values.map_or_else(String::new, |values| phrases.say(Phrase::WrongWhich, &values)));
        for (place, (cell, most)) in [(model.cell, SHOWN), (None, FEW)].into_iter().enumerate() {
            let images: Vec<(usize, Pair)> = confusion.wrong(cell).take(most).collect();
            self.fill_place(place, &images, model, phrases, palette);
        }
    }

    /// One row for each class and one for the heads of the columns; cells are buttons, of which one can be tabbed to.
    fn fill_table(&mut self, confusion: &Confusion, chosen: Option<Pair>, phrases: &Phrases) {
        let classes = confusion.classes();
        if self.cells.len() != classes * classes {
            self.build_table(classes, phrases);
        }
        for (at, (button, shown)) in self.cells.iter_mut().enumerate() {
            let pair = (at / classes, at % classes);
            let (count, shade) = (confusion.count(pair), confusion.shade(pair));
            let look = Some((count, shade, chosen == Some(pair)));
            if *shown == look {
                continue;
            }
            *shown = look;
            button.set_text_content(Some(&if count == 0 { String::new() } else { count.to_string() }));
            style(button, "--a", &format!("{shade:.2}"));
            let name = [("a", phrases.name(pair.0)), ("b", phrases.name(pair.1)), ("n", count.to_string())];
            drop(button.set_attribute("aria-label", &phrases.say(Phrase::Cell, &name)));
            press(button, chosen == Some(pair));
        }
    }

    fn build_table(&mut self, classes: usize, phrases: &Phrases) {
        self.table.set_text_content(None);
        self.cells.clear();
        for label in 0..classes {
            let row = self.add_row("th", &phrases.name(label));
            for answer in 0..classes {
                let (cell, button): (HtmlElement, HtmlElement) = (create("td"), create("button"));
                drop(button.dataset().set("n", &(label * classes + answer).to_string()));
                class(&button, "right", label == answer);
                drop(cell.append_child(&button));
                drop(row.append_child(&cell));
                self.cells.push((button, None));
            }
        }
        if classes > 0 {
            let row = self.add_row("td", "");
            for answer in 0..classes {
                drop(row.append_child(&head(&phrases.name(answer), "col")));
            }
        }
        one_stop(&self.table);
    }

    fn add_row(&self, tag: &str, text: &str) -> HtmlElement {
        let row: HtmlElement = create("tr");
        let first = if tag == "th" { head(text, "row") } else { create(tag) };
        drop(row.append_child(&first));
        drop(self.table.append_child(&row));
        row
    }

    /// Shows these images in one of the places.
    fn fill_place(
        &mut self,
        place: usize,
        images: &[(usize, Pair)],
        model: &Model,
        phrases: &Phrases,
        palette: &Palette,
    ) {
        let (container, buttons) = &mut self.places[place];
        let before = buttons.len();
        while buttons.len() > images.len() {
            buttons.pop().inspect(|last| last.button.remove());
        }
        while buttons.len() < images.len() {
            let (button, canvas): (HtmlElement, HtmlCanvasElement) = (create("button"), create("canvas"));
            drop(button.append_child(&canvas));
            drop(button.append_child(&create::<HtmlElement>("span")));
            drop(container.append_child(&button));
            buttons.push(ImageButton { button, canvas: Canvas::new(canvas), shown: None });
        }
        if buttons.len() != before {
            one_stop(container);
        }
        for (it, (image, pair)) in buttons.iter_mut().zip(images) {
            let shown = Some((*image, *pair, model.test_image() == Some(*image)));
            if it.shown != shown {
                it.shown = shown;
                it.say(phrases);
            }
        }
        // A canvas is measured once all are there and named, or the browser would lay them out again for each.
        for (it, (image, _)) in buttons.iter().zip(images) {
            if it.canvas.fit(palette) {
                let blank = vec![0; PIXELS];
                it.canvas.paint(&[field::picture(model.test_image_pixels(*image).unwrap_or(&blank), SIDE)], palette);
            }
        }
    }
}

impl ImageButton {
    fn say(&self, phrases: &Phrases) {
        let Some((image, (label, answer), chosen)) = self.shown else { return };
        drop(self.button.dataset().set("n", &image.to_string()));
        let name = [
            ("n", image.to_string()),
            ("one", phrases.one.clone()),
            ("a", phrases.name(label)),
            ("b", phrases.name(answer)),
        ];
        drop(self.button.set_attribute("aria-label", &phrases.say(Phrase::WrongImage, &name)));
        if let Some(word) = self.button.last_element_child() {
            word.set_text_content(Some(&phrases.say(Phrase::TakenFor, &name)));
        }
        press(&self.button, chosen);
    }
}

/// How many are wrong, and which of them most.
fn sentence(confusion: &Confusion, wrong: usize, phrases: &Phrases) -> String {
    let read = confusion.images();
    if read == 0 {
        return String::new();
    }
    let share = percent(wrong as f32 / read as f32);
    let values =
        [("n", grouped(wrong as u64)), ("all", grouped(read as u64)), ("one", phrases.one.clone()), ("p", share)];
    let mut told = phrases.say(Phrase::MistakesTold, &values);
    if let Some(((label, answer), count)) = confusion.worst() {
        let values = [("a", phrases.name(label)), ("b", phrases.name(answer)), ("n", count.to_string())];
        told.push(' ');
        told.push_str(&phrases.say(Phrase::MistakesWorst, &values));
    }
    told
}

fn head(text: &str, scope: &str) -> HtmlElement {
    let head: HtmlElement = create("th");
    drop(head.set_attribute("scope", scope));
    head.set_text_content(Some(text));
    head
}
