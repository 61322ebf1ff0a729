//! Ten test pictures to choose from.

use super::address::Pad;
use super::canvas::{Canvas, Palette};
use super::document::{create, find, listen};
use super::field;
use super::input::{Input, Post};
use super::marks::{Ink, Mark, Shade};
use super::phrases::{Phrase, Phrases};
use crate::digits::Digits;
use crate::digits::drawing::SIDE;
use web_sys::{Event, HtmlCanvasElement, HtmlElement};

/// The buttons.
pub struct Samples {
    container: HtmlElement,
    buttons: Vec<(HtmlElement, Canvas)>,
}

impl Samples {
    /// No digits yet.
    pub fn new() -> Self {
        Self { container: find("samples"), buttons: Vec::new() }
    }

    /// There are none.
    pub fn clear(&mut self) {
        self.container.set_text_content(None);
        self.buttons.clear();
    }

    /// The digits are here.
    pub fn fill(&mut self, digits: &Digits, phrases: &Phrases, post: &Post) {
        self.clear();
        for index in 0..digits.len() {
            let (button, canvas): (HtmlElement, HtmlCanvasElement) = (create("button"), create("canvas"));
            let name = phrases.say(
                Phrase::TestDigit,
                &[("one", phrases.one.clone()), ("n", phrases.name(digits.label(index).into()))],
            );
            drop(button.set_attribute("aria-label", &name));
            drop(button.append_child(&canvas));
            drop(self.container.append_child(&button));
            let tell = post.clone();
            listen(&button, "click", move |_: Event| tell.tell(Input::Digit(index)));
            self.buttons.push((button, Canvas::new(canvas)));
        }
    }

    /// Draws them, and marks the one that is on the pad.
    pub fn draw(&self, digits: &Digits, pad: &Pad, palette: &Palette) {
        for (index, (button, canvas)) in self.buttons.iter().enumerate() {
            let pressed = *pad == Pad::Digit(index);
            drop(button.set_attribute("aria-pressed", if pressed { "true" } else { "false" }));
            if canvas.fit(palette) {
                canvas.paint(&[on_paper(digits.image(index))], palette);
            }
        }
    }
}

/// A picture in ink on the page's ground.
fn on_paper(image: &[u8]) -> Mark {
    match field::picture(image, SIDE) {
        Mark::Cells { columns, shades } => {
            let shades = shades.into_iter().map(|shade| Shade { from: Ink::Paper, ..shade }).collect();
            Mark::Cells { columns, shades }
        }
        other => other,
    }
}
