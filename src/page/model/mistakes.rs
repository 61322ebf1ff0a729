//! The test images: what is taken for what, and those that are shown.

use super::effect::Effect;
use super::input::EngineKind;
use super::link::Pad;
use super::requests::Asked;
use super::state::Model;
use crate::digits::drawing::PIXELS;
use crate::pictures::confusion::Confusion;
use crate::protocol::Request;

/// Wrongly classified images that are shown beside the matrix.
pub const SHOWN: usize = 48;
/// And those that are shown beside the pad.
pub const FEW: usize = 10;

impl Model {
    /// The test set was classified: the predictions, and the labels.
    pub(super) fn take_predictions(&mut self, bytes: &[Vec<u8>]) {
        if let ([predictions, labels], Some(manifest)) = (bytes, &self.manifest) {
            self.confusion = Confusion::new(predictions, labels, manifest.classes);
            self.ask_for_test_images();
        }
    }

    /// The pixels of a test image, where they are here.
    pub fn test_image_pixels(&self, image: usize) -> Option<&[u8]> {
        self.test_images.iter().find(|(number, _)| *number == image).map(|(_, pixels)| pixels.as_slice())
    }

    /// Asks for the test images that are to be seen and are not here.
    pub(super) fn ask_for_test_images(&mut self) {
        self.changed.mistakes = true;
        if self.manifest.is_none() || self.requests.awaits(EngineKind::Cpu, Asked::TestImages) {
            return;
        }
        let few = self.confusion.wrong(None).take(FEW);
        let mut wanted: Vec<usize> = self.confusion.wrong(self.cell).take(SHOWN).chain(few).map(|it| it.0).collect();
        wanted.extend(self.test_image());
        self.test_images.retain(|(image, _)| wanted.contains(image));
        let missing: Vec<usize> = wanted.into_iter().filter(|image| self.test_image_pixels(*image).is_none()).collect();
        if !missing.is_empty() {
            self.ask(EngineKind::Cpu, Request::TestImages(missing), Vec::new());
        }
    }

    /// The engine gives test images.
    pub(super) fn take_test_images(&mut self, images: &[usize], bytes: &[Vec<u8>]) {
        let pixels = bytes.first().map_or(&[][..], Vec::as_slice);
        for (image, pixels) in images.iter().zip(pixels.chunks_exact(PIXELS)) {
            if self.test_image_pixels(*image).is_none() {
                self.test_images.push((*image, pixels.to_vec()));
            }
        }
        self.changed.mistakes = true;
        if self.test_image().is_some_and(|image| images.contains(&image)) {
            self.picture_changed();
        }
    }

    /// The test image on the pad, by its number.
    pub fn test_image(&self) -> Option<usize> {
        match self.link.pad {
            Pad::Test(image) => Some(image),
            Pad::Digit(_) | Pad::Drawing(_) | Pad::Photo(_) => None,
        }
    }

    /// A cell of the matrix was chosen, or let go.
    pub(super) fn choose_cell(&mut self, cell: Option<usize>) {
        let classes = self.confusion.classes().max(1);
        let pair = cell.map(|cell| (cell / classes, cell % classes)).filter(|(label, answer)| label != answer);
        self.cell = pair.filter(|pair| self.cell != Some(*pair));
        self.ask_for_test_images();
    }

    /// A wrongly classified test image was chosen: it comes onto the pad, and the pad into sight.
    pub(super) fn choose_test_image(&mut self, image: usize) {
        self.show_picture(Pad::Test(image));
        self.ask_for_test_images();
        self.effect(Effect::ShowPad);
    }
}
