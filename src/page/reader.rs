//! What reads pictures of the reader's: a program of its own, which is fetched for the first of them and stays. One that
//! could not be fetched, or crashed, is fetched again for the next.

use super::address::{Pad, Photo};
use super::app::App;
use super::document::{in_words, meta};
use super::link::{Link, Who};
use super::phrases::Phrase;
use crate::protocol::{Report, Request};

/// The program, and the picture that it is to read.
#[derive(Default)]
pub(super) struct Reader {
    link: Option<Link>,
    is_ready: bool,
    /// The number of the newest picture.
    id: u32,
    /// Its file, until the program can be asked.
    file: Option<Vec<u8>>,
}

impl App {
    /// A picture of the reader's is to be read.
    pub(super) fn open_picture(&mut self, file: Result<Vec<u8>, String>) {
        match file {
            Ok(file) => {
                self.reader.id = self.reader.id.wrapping_add(1);
                self.reader.file = Some(file);
                self.call_reader();
            }
            Err(error) => self.photo_failed(error),
        }
    }

    /// Asks the program once it is there.
    fn call_reader(&mut self) {
        let Some(link) = &self.reader.link else {
            return match Link::start(Who::Reader, &meta("photo-reader"), &self.post) {
                Ok(link) => self.reader.link = Some(link),
                Err(error) => self.lost_reader(in_words(&error)),
            };
        };
        if !self.reader.is_ready {
            return;
        }
        let Some(file) = self.reader.file.take() else { return };
        let spec = self.run.holds.as_ref().map_or(&self.address.spec, |(spec, _)| spec);
        let [width, height] =
            self.manifest.as_ref().map_or(spec.dataset.image_size(), |data| [data.width, data.height]);
        let request = Request::Photo { id: self.reader.id, dataset: spec.dataset, pixels: width * height };
        if let Err(error) = link.ask(&request, &[&file]) {
            self.lost_reader(error);
        }
    }

    pub(super) fn hear_reader(&mut self, report: Report, mut bytes: Vec<Vec<u8>>) {
        if let Report::Ready { .. } = report {
            self.reader.is_ready = true;
            self.call_reader();
        } else if let Report::Photo(id, has_rival) = report
            && id == self.reader.id
            && let (Some(preview), Some(pixels)) = (bytes.pop(), bytes.pop())
        {
            self.show_picture(Pad::Photo(Photo { pixels, preview }));
            if has_rival {
                self.notes.say(&self.phrases, Phrase::NoteRival, &[]);
            }
        } else if let Report::NoPhoto(id, reason) = report
            && id == self.reader.id
        {
            self.photo_failed(reason);
        }
    }

    /// It is gone, and with it the picture that it was to read.
    pub(super) fn lost_reader(&mut self, reason: String) {
        self.reader = Reader { id: self.reader.id, ..Reader::default() };
        self.photo_failed(reason);
    }

    fn photo_failed(&mut self, error: String) {
        self.notes.say(&self.phrases, Phrase::NotePhoto, &[("error", error)]);
    }
}
