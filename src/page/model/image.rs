//! The picture that runs through the network: a drawing, one of the ten test digits, any image of the test set, or a picture
//! of the reader's.

use super::effect::Effect;
use super::input::{EngineKind, Pen};
use super::link::{Pad, Photo};
use super::phrases::Phrase;
use super::state::{Model, PhotoReader};
use crate::digits::drawing::{PIXELS, normalise};
use crate::digits::noise::noisy;
use crate::protocol::{PREVIEW, Report, Request, RequestId};
use crate::spikes::encode::Pass;

impl Model {
    /// The pen draws on the pad.
    pub(super) fn pen(&mut self, pen: Pen) {
        let mut strokes = match std::mem::take(&mut self.link.pad) {
            Pad::Drawing(strokes) => strokes,
            // The first stroke over a test digit begins a new drawing.
            digit @ (Pad::Digit(_) | Pad::Test(_) | Pad::Photo(_)) => {
                self.changed.mistakes = true;
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
                self.wanted.speech = true;
                if !strokes.is_empty() {
                    self.cleared = None;
                }
            }
            Pen::Withdraw => {
                self.drawing = false;
                strokes.pop();
            }
        }
        self.link.pad = Pad::Drawing(strokes);
        self.clock.park();
        self.drawing_changed();
    }

    /// Empties the pad; what was on it can be brought back until something else is there.
    pub(super) fn clear_pad(&mut self) {
        let pad = std::mem::replace(&mut self.link.pad, Pad::Drawing(Vec::new()));
        if pad != self.link.pad {
            self.cleared = Some(pad);
        }
        self.drawing = false;
        self.picture_changed();
    }

    /// Whether nothing is on the pad.
    pub fn pad_is_empty(&self) -> bool {
        matches!(&self.link.pad, Pad::Drawing(strokes) if strokes.is_empty())
    }

    pub(super) fn choose_digit(&mut self, digit: usize) {
        if self.samples.as_ref().is_some_and(|samples| digit < samples.len()) {
            self.show_picture(Pad::Digit(digit));
        }
    }

    /// Puts a picture onto the pad and lets it run through the network.
    pub(super) fn show_picture(&mut self, picture: Pad) {
        self.link.pad = picture;
        self.wanted.speech = true;
        // Where time stands, a reader compares pictures at that moment.
        if self.reduced_motion {
            self.clock.park();
        } else if self.clock.playing {
            self.clock.restart();
        }
        self.picture_changed();
    }

    /// The picture on the pad is another one.
    pub(super) fn picture_changed(&mut self) {
        self.changed.mistakes = true;
        self.drawing_changed();
    }

    /// The picture on the pad has changed, and none of the mistakes is it now or was it before.
    fn drawing_changed(&mut self) {
        self.changed.pad = true;
        // What was said of a picture is about another one than what is there now.
        self.withdraw(&[Phrase::NotePhoto, Phrase::NoteRival]);
        self.wanted.link |= !self.drawing;
        self.ask_for_trace();
    }

    /// The pixels on the pad; none while it is empty or a test digit is not here yet.
    pub fn pixels(&self) -> Option<Vec<u8>> {
        match &self.link.pad {
            Pad::Drawing(strokes) if strokes.is_empty() => None,
            Pad::Drawing(strokes) => Some(normalise(strokes).to_vec()),
            Pad::Digit(digit) => {
                let samples = self.samples.as_ref().filter(|samples| *digit < samples.len())?;
                Some(samples.image(*digit).to_vec())
            }
            Pad::Test(image) => self.test_image_pixels(*image).map(<[u8]>::to_vec),
            Pad::Photo(photo) => Some(photo.pixels.clone()),
        }
    }

    /// The picture as the network sees it.
    pub fn with_noise(&self, pixels: &[u8]) -> Vec<u8> {
        let spec = &self.link.spec;
        noisy(pixels, spec.noise, spec.seed, Pass::Drawing.number(), 0)
    }

    /// What the picture really shows, where that is known.
    pub(super) fn label(&self) -> Option<u8> {
        match &self.link.pad {
            // The engine reports that of a test image.
            Pad::Drawing(_) | Pad::Test(_) | Pad::Photo(_) => None,
            Pad::Digit(digit) => {
                let samples = self.samples.as_ref().filter(|samples| *digit < samples.len())?;
                Some(samples.label(*digit))
            }
        }
    }

    // ---- pictures of the reader's ----

    /// A picture of the reader's is to be read, by a program that is fetched for the first of them.
    pub(super) fn open_picture(&mut self, file: Result<Vec<u8>, String>) {
        match file {
            Ok(file) if self.photo.is_ready => self.ask_for_photo(file),
            Ok(file) => {
                self.photo.waiting = Some(file);
                if !std::mem::replace(&mut self.photo.is_started, true) {
                    self.effect(Effect::StartEngine(EngineKind::Photo));
                }
            }
            Err(error) => self.photo_failed(error),
        }
    }

    /// The pixels of an image.
    pub fn image_pixels(&self) -> usize {
        let of_dataset = self.shown_spec().dataset.image_size();
        let [width, height] = self.manifest.as_ref().map_or(of_dataset, |manifest| [manifest.width, manifest.height]);
        width * height
    }

    fn ask_for_photo(&mut self, file: Vec<u8>) {
        let dataset = self.shown_spec().dataset;
        let request = Request::Photo { dataset, pixels: self.image_pixels() };
        let id = self.ask(EngineKind::Photo, request, vec![file]);
        self.photo.newest = Some(id);
    }

    pub(super) fn receive_from_photo_reader(
        &mut self,
        answers: Option<RequestId>,
        report: Report,
        bytes: Vec<Vec<u8>>,
    ) {
        let is_newest = answers.is_some() && answers == self.photo.newest;
        match report {
            Report::Ready { .. } => {
                self.photo.is_ready = true;
                if let Some(file) = self.photo.waiting.take() {
                    self.ask_for_photo(file);
                }
            }
            Report::Photo(has_rival) if is_newest => self.take_photo(has_rival, bytes),
            Report::Failed(reason) if is_newest => self.photo_failed(reason),
            Report::Lost(reason) => self.lost_photo_reader(reason),
            // Another picture was chosen since; and it is asked for nothing else.
            Report::Photo(_)
            | Report::Failed(_)
            | Report::Started { .. }
            | Report::Changed
            | Report::Need(..)
            | Report::ShardTaken(..)
            | Report::ShardRefused { .. }
            | Report::Samples(_)
            | Report::SamplesRefused(..)
            | Report::Step { .. }
            | Report::Epoch(_)
            | Report::Paused
            | Report::Tested { .. }
            | Report::Trace { .. }
            | Report::TestImages(_)
            | Report::Fields(..)
            | Report::Glimpse { .. }
            | Report::Rates(_)
            | Report::Stopping(..)
            | Report::Weights
            | Report::Checkpoint(_)
            | Report::Resumed(_)
            | Report::Tried(_)
            | Report::Checked(..) => {}
        }
    }

    /// What the network sees of a picture.
    fn take_photo(&mut self, has_rival: bool, bytes: Vec<Vec<u8>>) {
        let Ok([pixels, preview]) = <[Vec<u8>; 2]>::try_from(bytes) else { return };
        if pixels.len() != PIXELS || !(preview.is_empty() || preview.len() == PREVIEW * PREVIEW) {
            return;
        }
        self.show_picture(Pad::Photo(Photo { pixels, preview }));
        if !self.clock.playing {
            // Who gives a photo asks for an answer, which stands at the end.
            self.clock.park();
        }
        if has_rival {
            self.notify(Phrase::NoteRival, Vec::new());
        }
    }

    fn photo_failed(&mut self, error: String) {
        self.notify(Phrase::NotePhoto, vec![("error", error)]);
    }

    /// The program that reads pictures is gone, or could not be fetched: the next picture fetches it again.
    pub(super) fn lost_photo_reader(&mut self, reason: String) {
        self.requests.forget(EngineKind::Photo);
        self.photo = PhotoReader::default();
        self.effect(Effect::StopEngine(EngineKind::Photo));
        self.photo_failed(reason);
    }
}
