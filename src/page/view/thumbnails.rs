//! Small pictures to choose from: the ten test pictures, or the reader's own drawings.

use crate::digits::Digits;
use crate::digits::drawing::SIDE;
use crate::dom::canvas::Canvas;
use crate::dom::document::{create, find, listen, one_stop, press, rove};
use crate::page::model::input::Input;
use crate::page::model::link::Pad;
use crate::page::model::phrases::{Phrase, Phrases};
use crate::page::queue::Queue;
use crate::pictures::field;
use crate::pictures::marks::{Ink, Mark};
use crate::pictures::palette::Palette;
use web_sys::{Event, HtmlCanvasElement, HtmlElement};

/// The buttons.
pub struct Thumbnails {
    container: HtmlElement,
    buttons: Vec<(HtmlElement, Canvas)>,
}

impl Thumbnails {
    /// No digits yet in the element with that id.
    pub fn new(id: &str) -> Self {
        let container = find(id);
        rove(&container);
        Self { container, buttons: Vec::new() }
    }

    /// There are none.
    pub fn clear(&mut self) {
        self.container.set_text_content(None);
        self.buttons.clear();
    }

    /// The digits are here: each has a button, which is called as `phrase` says and tells `queue` what `chosen` gives.
    pub fn fill(
        &mut self,
        digits: &Digits,
        phrase: Phrase,
        phrases: &Phrases,
        queue: &Queue,
        chosen: fn(usize) -> Input,
    ) {
        self.clear();
        for index in 0..digits.len() {
            let (button, canvas): (HtmlElement, HtmlCanvasElement) = (create("button"), create("canvas"));
            let name =
                phrases.say(phrase, &[("one", phrases.one.clone()), ("n", phrases.name(digits.label(index).into()))]);
            drop(button.set_attribute("aria-label", &name));
            drop(button.append_child(&canvas));
            drop(self.container.append_child(&button));
            let sender = queue.clone();
            listen(&button, "click", move |_: Event| sender.send(chosen(index)));
            self.buttons.push((button, Canvas::new(canvas)));
        }
        one_stop(&self.container);
    }

    /// Marks the one that is on the pad.
    pub fn mark(&self, pad: &Pad) {
        for (index, (button, _)) in self.buttons.iter().enumerate() {
            let pressed = *pad == Pad::Digit(index);
            press(button, pressed);
        }
    }

    /// Draws them.
    pub fn draw(&self, digits: &Digits, palette: &Palette) {
        for (index, (_, canvas)) in self.buttons.iter().enumerate() {
            if canvas.fit(palette) {
                canvas.paint(&[on_paper(digits.image(index))], palette);
            }
        }
    }
}

/// A picture in ink on the page's ground.
fn on_paper(image: &[u8]) -> Mark {
    let mut mark = field::picture(image, SIDE);
    if let Mark::Cells { shades, .. } = &mut mark {
        shades.iter_mut().for_each(|shade| shade.from = Ink::Paper);
    }
    mark
}
