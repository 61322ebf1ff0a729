//! The reader's own drawings: kept by the browser, and learnt from like any other data set.

use super::effect::Effect;
use super::link::Pad;
use super::run::Phase;
use super::state::Model;
use super::strokes::{from_text, to_text};
use crate::digits::Digits;
use crate::digits::drawing::{SIDE, normalise};
use crate::digits::own::{self, MOST};
use crate::spec::Dataset;

impl Model {
    /// What the drawings are as pictures; what is none is forgotten.
    pub(super) fn read_drawings(&mut self) {
        let drawings = &mut self.drawings;
        drawings.texts.truncate(MOST);
        drawings.digits = Digits { width: SIDE, height: SIDE, ..Digits::default() };
        let digits = &mut drawings.digits;
        drawings.texts.retain(|drawing| {
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

    /// What is on the pad is a picture of this class.
    pub(super) fn keep_drawing(&mut self, class: u8) {
        if let Pad::Drawing(strokes) = &self.link.pad
            && !strokes.is_empty()
            && self.drawings.texts.len() < MOST
        {
            self.drawings.texts.push(format!("{class} {}", to_text(strokes)));
            self.link.pad = Pad::Drawing(Vec::new());
            self.drawings_changed();
            self.picture_changed();
        }
    }

    /// Puts the newest drawing onto an empty pad, so that one sees what is learnt run through the network.
    pub(super) fn show_user_drawing(&mut self) {
        if self.learns_drawings()
            && self.pad_is_empty()
            && let Some(strokes) = self.drawings.texts.last().and_then(|text| from_text(text.split_once(' ')?.1))
        {
            self.show_picture(Pad::Drawing(strokes));
        }
    }

    pub(super) fn forget_drawing(&mut self, index: usize) {
        if index < self.drawings.texts.len() {
            self.drawings.texts.remove(index);
            self.drawings_changed();
        }
    }

    fn drawings_changed(&mut self) {
        self.read_drawings();
        self.effect(Effect::KeepDrawings(self.drawings.texts.join("\n")));
        if self.learns_drawings() {
            self.give_drawings();
        }
        self.changed.drawings = true;
    }

    /// Shows the drawings, and makes them the data that there is.
    pub(super) fn give_drawings(&mut self) {
        (self.changed.samples, self.changed.drawings, self.changed.pad) = (true, true, true);
        self.manifest = (!self.drawings.texts.is_empty()).then(|| own::manifest(Dataset::Folder.classes()));
        if self.manifest.is_none() && self.run.phase == Phase::Training {
            self.pause();
        }
        self.send_data();
        self.bar_changed();
    }
}
