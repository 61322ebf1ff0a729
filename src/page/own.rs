//! The reader's own drawings: kept by the browser, and learnt from like any other data set.

use super::address::Pad;
use super::app::App;
use super::input::{Input, Post};
use super::phrases::Phrase;
use super::run::Phase;
use super::samples::Samples;
use super::strokes::{from_text, to_text};
use crate::digits::Digits;
use crate::digits::drawing::{SIDE, normalise};
use crate::digits::own::{self, MOST};
use crate::dom::document::{all, listen, window};
use crate::protocol::Request;
use crate::spec::Dataset;
use js_sys::Reflect;
use web_sys::{Event, HtmlElement};

/// Under this name the browser keeps them.
const KEPT_AS: &str = "spiking-playground-drawings";

/// The drawings and how they are shown.
pub struct Own {
    shown: Samples,
    /// Each as its class, a space and its strokes as in a link.
    drawings: Vec<String>,
    digits: Digits,
}

impl Own {
    /// Those that the browser has kept; buttons of classes tell `post`.
    pub fn new(post: &Post) -> Self {
        for (class, button) in (0..).zip(all::<HtmlElement>("#own-classes button")) {
            let tell = post.clone();
            listen(&button, "click", move |_: Event| tell.tell(Input::Keep(class)));
        }
        let kept = storage().and_then(|storage| Reflect::get(&storage, &KEPT_AS.into()).ok()?.as_string());
        let drawings = kept.iter().flat_map(|kept| kept.lines()).map(str::to_owned).take(MOST).collect();
        let mut own = Self { shown: Samples::new("examples"), drawings, digits: Digits::default() };
        own.read();
        own
    }

    /// What the drawings are as pictures; what is none is forgotten.
    fn read(&mut self) {
        self.digits = Digits { width: SIDE, height: SIDE, ..Digits::default() };
        let digits = &mut self.digits;
        self.drawings.retain(|drawing| {
            let parts =
                drawing.split_once(' ').and_then(|(class, strokes)| Some((class.parse().ok()?, from_text(strokes)?)));
            let Some((class, strokes)) = parts.filter(|(class, _)| *class < Dataset::Folder.classes() as u8) else {
                return false;
            };
            digits.labels.push(class);
            digits.images.extend(normalise(&strokes));
            true
        });
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.drawings.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.drawings.is_empty()
    }
}

/// What the browser keeps for this page; nothing where it keeps nothing.
fn storage() -> Option<wasm_bindgen::JsValue> {
    Reflect::get(&window(), &"localStorage".into()).ok().filter(|storage| storage.is_object())
}

impl App {
    /// What is on the pad is a picture of this class.
    pub(super) fn keep_drawing(&mut self, class: u8) {
        if let Pad::Drawing(strokes) = &self.address.pad
            && !strokes.is_empty()
            && self.own_drawings.len() < MOST
        {
            self.own_drawings.drawings.push(format!("{class} {}", to_text(strokes)));
            self.address.pad = Pad::Drawing(Vec::new());
            self.drawings_changed();
            self.picture_changed();
        }
    }

    pub(super) fn forget_drawing(&mut self, index: usize) {
        if index < self.own_drawings.len() {
            self.own_drawings.drawings.remove(index);
            self.drawings_changed();
        }
    }

    fn drawings_changed(&mut self) {
        self.own_drawings.read();
        if let Some(storage) = storage() {
            // Where it is full or forbidden they are there until the page is left.
            drop(Reflect::set(&storage, &KEPT_AS.into(), &self.own_drawings.drawings.join("\n").into()));
        }
        self.give_drawings();
    }

    /// Shows the drawings, and makes them the data that there is.
    pub(super) fn give_drawings(&mut self) {
        self.samples.clear();
        let own = &mut self.own_drawings;
        own.shown.fill(&own.digits, Phrase::Forget, &self.phrases, &self.post, Input::Forget);
        self.manifest = (!own.is_empty()).then(|| own::manifest(Dataset::Folder.classes()));
        if self.manifest.is_none() && self.run.phase == Phase::Training {
            self.pause();
        }
        self.tell_data();
        (self.dirty.pad, self.dirty.bar) = (true, true);
    }

    /// Tells the engine, if it is there, what data there is.
    pub(super) fn tell_data(&mut self) {
        if self.run.phase == Phase::Starting {
            return;
        }
        match &self.manifest {
            None => {}
            Some(_) if self.learns_drawings() => {
                let (pixels, labels) =
                    (self.own_drawings.digits.images.clone(), self.own_drawings.digits.labels.clone());
                self.ask(&Request::Drawings, &[&pixels, &labels]);
            }
            Some(manifest) => self.ask(&Request::Data(manifest.clone()), &[]),
        }
    }

    /// Draws them.
    pub(super) fn draw_drawings(&self) {
        self.own_drawings.shown.draw(&self.own_drawings.digits, None, &self.palette);
    }

    /// Whether they are what is learnt.
    pub(super) fn learns_drawings(&self) -> bool {
        self.address.spec.dataset == Dataset::Folder
    }
}
