//! The picture that runs through the network: a drawing, one of the ten test digits, or any image of the test set.

use super::address::Pad;
use super::app::App;
use super::document::{listen, window};
use super::fetching::{self, Copy};
use super::input::{Input, Pen, Post};
use super::phrases::Phrase;
use crate::digits::drawing::normalise;
use crate::digits::noise::noisy;
use crate::spikes::encode::Pass;
use js_sys::{Array, Reflect};
use web_sys::Event;

/// The pictures that `www/photo.js` is given are read and told to `post`.
pub fn listen_to_files(post: &Post) {
    let post = post.clone();
    listen(&window(), "picture", move |event: Event| {
        let post = post.clone();
        if let Ok(file) = Reflect::get(&event, &"detail".into()) {
            let then = move |files| post.tell(Input::Picture(fetching::only(files)));
            fetching::read(&Array::of1(&file), Copy::Kept, Box::new(then));
        }
    });
}

impl App {
    /// The pen draws on the pad.
    pub(super) fn pen(&mut self, pen: Pen) {
        let mut strokes = match std::mem::take(&mut self.address.pad) {
            Pad::Drawing(strokes) => strokes,
            // The first stroke over a test digit begins a new drawing.
            digit @ (Pad::Digit(_) | Pad::Test(_) | Pad::Photo(_)) => {
                self.cleared = Some(digit);
                Vec::new()
            }
        };
        match pen {
            Pen::Down(point) => {
                self.drawing = true;
                strokes.push(vec![point]);
            }
            Pen::Move(points) => {
                if let Some(stroke) = strokes.last_mut() {
                    stroke.extend(points);
                }
            }
            Pen::Up => {
                self.drawing = false;
                self.speak = true;
                if !strokes.is_empty() {
                    self.cleared = None;
                }
            }
            Pen::Withdraw => {
                self.drawing = false;
                strokes.pop();
            }
        }
        self.address.pad = Pad::Drawing(strokes);
        self.clock.park();
        self.picture_changed();
    }

    /// Empties the pad; what was on it can be brought back until something else is there.
    pub(super) fn clear_pad(&mut self) {
        let pad = std::mem::replace(&mut self.address.pad, Pad::Drawing(Vec::new()));
        if pad != self.address.pad {
            self.cleared = Some(pad);
        }
        self.drawing = false;
        self.picture_changed();
    }

    /// Whether nothing is on the pad.
    pub(super) fn pad_is_empty(&self) -> bool {
        matches!(&self.address.pad, Pad::Drawing(strokes) if strokes.is_empty())
    }

    pub(super) fn choose_digit(&mut self, digit: usize) {
        if self.digits.as_ref().is_some_and(|digits| digit < digits.len()) {
            self.show_picture(Pad::Digit(digit));
        }
    }

    /// Puts a picture of the data set onto the pad and lets it run through the network.
    pub(super) fn show_picture(&mut self, picture: Pad) {
        self.address.pad = picture;
        self.speak = true;
        if self.still {
            self.clock.park()
        } else {
            self.clock.restart()
        }
        self.picture_changed();
    }

    /// The picture on the pad is another one.
    pub(super) fn picture_changed(&mut self) {
        (self.dirty.pad, self.dirty.mistakes) = (true, true);
        // What was said of a picture is about another one than what is there now.
        self.notes.withdraw(Phrase::NotePhoto);
        self.notes.withdraw(Phrase::NoteRival);
        self.dirty.address |= !self.drawing;
        self.ask_for_trace();
    }

    /// The pixels on the pad; none while it is empty or a test digit is not here yet.
    pub(super) fn pixels(&self) -> Option<Vec<u8>> {
        match &self.address.pad {
            Pad::Drawing(_) if self.pad_is_empty() => None,
            Pad::Drawing(strokes) => Some(normalise(strokes).to_vec()),
            Pad::Digit(digit) => {
                let digits = self.digits.as_ref().filter(|digits| *digit < digits.len())?;
                Some(digits.image(*digit).to_vec())
            }
            Pad::Test(image) => self.mistakes.image(*image).map(<[u8]>::to_vec),
            Pad::Photo(photo) => Some(photo.pixels.clone()),
        }
    }

    /// The picture as the network sees it.
    pub(super) fn with_noise(&self, pixels: &[u8]) -> Vec<u8> {
        let spec = &self.address.spec;
        noisy(pixels, spec.noise, spec.seed, Pass::Drawing.number(), 0)
    }

    /// What the picture really shows, where that is known.
    pub(super) fn label(&self) -> Option<u8> {
        match &self.address.pad {
            // The engine tells that of a test image.
            Pad::Drawing(_) | Pad::Test(_) | Pad::Photo(_) => None,
            Pad::Digit(digit) => self.digits.as_ref().filter(|digits| *digit < digits.len()).map(|d| d.label(*digit)),
        }
    }
}
