//! The mistakes: the matrix of what is taken for what, and the test images that are read wrongly, each a click away from
//! its own run.

use super::address::Pad;
use super::app::App;
use super::input::{Input, Post};
use super::phrases::{Phrase, Phrases, grouped};
use super::verdict::percent;
use crate::digits::drawing::{PIXELS, SIDE};
use crate::dom::canvas::Canvas;
use crate::dom::document::{Text, class, create, find, listen, number, one_stop, press, rove, style};
use crate::pictures::confusion::{Confusion, Pair};
use crate::pictures::field;
use crate::pictures::palette::Palette;
use crate::protocol::Request;
use web_sys::{Event, HtmlCanvasElement, HtmlElement};

/// So many wrongly read images are shown beside the matrix.
const SHOWN: usize = 48;
/// And so many beside the pad.
const FEW: usize = 10;

/// How a cell looks: its count, its shade, and whether it is chosen.
type Look = (u32, f32, bool);

/// The matrix and the pictures.
pub struct Mistakes {
    /// What is known.
    pub confusion: Confusion,
    /// The cell whose images are shown; all where there is none.
    chosen: Option<Pair>,
    /// Test images that the engine has given.
    images: Vec<(usize, Vec<u8>)>,
    /// Whether some were asked for and have not come.
    awaited: bool,
    table: HtmlElement,
    /// The cells of the table: each is touched only where it looks otherwise.
    cells: Vec<(HtmlElement, Option<Look>)>,
    told: Text,
    which: Text,
    measure: HtmlElement,
    /// The two places for pictures, each with as many buttons as it shows.
    places: [(HtmlElement, Vec<(HtmlElement, Canvas)>); 2],
    few: HtmlElement,
}

impl Mistakes {
    /// The places of the document; what is chosen there is told to `post`.
    pub fn new(post: &Post) -> Self {
        let table: HtmlElement = find("confusion");
        let tell = post.clone();
        listen(&table, "click", move |event: Event| tell.tell(Input::Cell(number(&event))));
        rove(&table);
        let places = ["wrong", "wrong-few"].map(|id| {
            let (place, tell): (HtmlElement, _) = (find(id), post.clone());
            rove(&place);
            listen(&place, "click", move |event: Event| {
                if let Some(image) = number(&event) {
                    tell.tell(Input::TestImage(image));
                }
            });
            (place, Vec::new())
        });
        Self {
            confusion: Confusion::default(),
            chosen: None,
            images: Vec::new(),
            awaited: false,
            table,
            cells: Vec::new(),
            told: Text::find("mistakes-told"),
            which: Text::find("wrong-which"),
            measure: find("measure"),
            places,
            few: find("few"),
        }
    }

    /// The engine is another one, or the data: it has no image to give.
    pub fn forget_images(&mut self) {
        self.images.clear();
        self.awaited = false;
    }

    /// The pixels of a test image, where they are here.
    pub fn image(&self, image: usize) -> Option<&[u8]> {
        self.images.iter().find(|(number, _)| *number == image).map(|(_, pixels)| pixels.as_slice())
    }

    /// The images that are to be seen now.
    fn wanted(&self, shown: Option<usize>) -> Vec<usize> {
        let few = self.confusion.wrong(None).take(FEW);
        let mut wanted: Vec<usize> = self.confusion.wrong(self.chosen).take(SHOWN).chain(few).map(|it| it.0).collect();
        wanted.extend(shown);
        wanted
    }

    /// Draws all of it; `shown` is the test image on the pad.
    pub fn draw(&mut self, shown: Option<usize>, total: usize, phrases: &Phrases, palette: &Palette) {
        let (read, wrong) = (self.confusion.images(), self.confusion.wrong(None).count());
        self.measure.set_hidden(total == 0 || read == total);
        self.few.set_hidden(wrong == 0);
        self.told.set(&self.sentence(wrong, phrases));
        self.fill_table(phrases);
        let values = self.chosen.map(|(label, answer)| [("a", phrases.name(label)), ("b", phrases.name(answer))]);
        self.which.set(&values.map_or_else(String::new, |values| phrases.say(Phrase::WrongWhich, &values)));
        for (place, (chosen, most)) in [(self.chosen, SHOWN), (None, FEW)].into_iter().enumerate() {
            let images: Vec<(usize, Pair)> = self.confusion.wrong(chosen).take(most).collect();
            self.fill_place(place, &images, shown, phrases, palette);
        }
    }

    fn sentence(&self, wrong: usize, phrases: &Phrases) -> String {
        let read = self.confusion.images();
        if read == 0 {
            return String::new();
        }
        let share = percent(wrong as f32 / read as f32);
        let values =
            [("n", grouped(wrong as u64)), ("all", grouped(read as u64)), ("one", phrases.one.clone()), ("p", share)];
        let mut told = phrases.say(Phrase::MistakesTold, &values);
        if let Some(((label, answer), count)) = self.confusion.worst() {
            let values = [("a", phrases.name(label)), ("b", phrases.name(answer)), ("n", count.to_string())];
            told.push(' ');
            told.push_str(&phrases.say(Phrase::MistakesWorst, &values));
        }
        told
    }

    /// One row for each class and one for the heads of the columns; cells are buttons, of which one can be tabbed to.
    fn fill_table(&mut self, phrases: &Phrases) {
        let classes = self.confusion.classes();
        if self.cells.len() != classes * classes {
            self.build_table(classes, phrases);
        }
        for (at, (button, shown)) in self.cells.iter_mut().enumerate() {
            let pair = (at / classes, at % classes);
            let (count, shade) = (self.confusion.count(pair), self.confusion.shade(pair));
            let look = Some((count, shade, self.chosen == Some(pair)));
            if *shown == look {
                continue;
            }
            *shown = look;
            button.set_text_content(Some(&if count == 0 { String::new() } else { count.to_string() }));
            style(button, "--a", &format!("{shade:.2}"));
            let name = [("a", phrases.name(pair.0)), ("b", phrases.name(pair.1)), ("n", count.to_string())];
            drop(button.set_attribute("aria-label", &phrases.say(Phrase::Cell, &name)));
            press(button, self.chosen == Some(pair));
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
        shown: Option<usize>,
        phrases: &Phrases,
        palette: &Palette,
    ) {
        let (container, buttons) = &mut self.places[place];
        let before = buttons.len();
        while buttons.len() > images.len() {
            buttons.pop().inspect(|(button, _)| button.remove());
        }
        while buttons.len() < images.len() {
            let (button, canvas): (HtmlElement, HtmlCanvasElement) = (create("button"), create("canvas"));
            drop(button.append_child(&canvas));
            drop(button.append_child(&create::<HtmlElement>("span")));
            drop(container.append_child(&button));
            buttons.push((button, Canvas::new(canvas)));
        }
        if buttons.len() != before {
            one_stop(container);
        }
        for ((button, canvas), (image, (label, answer))) in buttons.iter().zip(images) {
            drop(button.dataset().set("n", &image.to_string()));
            let name = [
                ("n", image.to_string()),
                ("one", phrases.one.clone()),
                ("a", phrases.name(*label)),
                ("b", phrases.name(*answer)),
            ];
            drop(button.set_attribute("aria-label", &phrases.say(Phrase::WrongImage, &name)));
            if let Some(word) = button.last_element_child() {
                word.set_text_content(Some(&phrases.say(Phrase::TakenFor, &name)));
            }
            press(button, shown == Some(*image));
            let pixels = self.images.iter().find(|(number, _)| number == image);
            if canvas.fit(palette) {
                let blank = vec![0; PIXELS];
                canvas.paint(&[field::picture(pixels.map_or(&blank, |(_, pixels)| pixels), SIDE)], palette);
            }
        }
    }
}

fn head(text: &str, scope: &str) -> HtmlElement {
    let head: HtmlElement = create("th");
    drop(head.set_attribute("scope", scope));
    head.set_text_content(Some(text));
    head
}

impl App {
    /// The test set was read: the class read in each image, and what they are.
    pub(super) fn take_answers(&mut self, bytes: &[Vec<u8>]) {
        if let ([answers, labels], Some(manifest)) = (bytes, &self.manifest) {
            self.mistakes.confusion = Confusion::new(answers, labels, manifest.classes);
            self.ask_for_test_images();
        }
    }

    /// Asks for the test images that are to be seen and are not here.
    pub(super) fn ask_for_test_images(&mut self) {
        self.dirty.mistakes = true;
        if self.manifest.is_none() || self.mistakes.awaited {
            return;
        }
        let wanted = self.mistakes.wanted(self.test_image());
        self.mistakes.images.retain(|(image, _)| wanted.contains(image));
        let missing: Vec<usize> = wanted.into_iter().filter(|image| self.mistakes.image(*image).is_none()).collect();
        if !missing.is_empty() {
            self.mistakes.awaited = true;
            self.ask(&Request::TestImages(missing), &[]);
        }
    }

    /// The engine gives test images.
    pub(super) fn take_test_images(&mut self, images: &[usize], bytes: &[Vec<u8>]) {
        self.mistakes.awaited = false;
        let pixels = bytes.first().map_or(&[][..], Vec::as_slice);
        for (image, pixels) in images.iter().zip(pixels.chunks_exact(PIXELS)) {
            if self.mistakes.image(*image).is_none() {
                self.mistakes.images.push((*image, pixels.to_vec()));
            }
        }
        self.dirty.mistakes = true;
        if self.test_image().is_some_and(|image| images.contains(&image)) {
            self.picture_changed();
        }
    }

    /// The test image on the pad, by its number.
    pub(super) fn test_image(&self) -> Option<usize> {
        match self.address.pad {
            Pad::Test(image) => Some(image),
            Pad::Digit(_) | Pad::Drawing(_) | Pad::Photo(_) => None,
        }
    }

    /// A cell of the matrix was chosen, or let go.
    pub(super) fn choose_cell(&mut self, cell: Option<usize>) {
        let classes = self.mistakes.confusion.classes().max(1);
        let pair = cell.map(|cell| (cell / classes, cell % classes)).filter(|(label, answer)| label != answer);
        self.mistakes.chosen = pair.filter(|pair| self.mistakes.chosen != Some(*pair));
        self.ask_for_test_images();
    }

    /// A wrongly read test image was chosen: it comes onto the pad, and the pad into sight.
    pub(super) fn choose_test_image(&mut self, image: usize) {
        self.show_picture(Pad::Test(image));
        self.ask_for_test_images();
        find::<HtmlElement>("padwrap").scroll_into_view_with_bool(false);
    }
}
