//! What the engine tells of its network: one picture's way through it, its weights, how often its neurons fire.

use super::Session;
use crate::digits::order::SHARD_SIZE;
use crate::evaluation;
use crate::photo::Prepared;
use crate::protocol::{PREVIEW, Picture, Report, Request};
use crate::spikes::encode::Pass;
use crate::weights::checkpoint::{self, Notes};

impl Session {
    pub(super) fn trace(&mut self, id: u32, picture: Picture, pixels: Option<&Vec<u8>>) {
        match self.traced(picture, pixels) {
            Ok((bytes, label, step)) => self.out.push((Report::Trace { id, picture, label, step }, vec![bytes])),
            Err(reason) => self.report(Report::NoTrace { id, reason }),
        }
    }

    fn traced(&self, picture: Picture, pixels: Option<&Vec<u8>>) -> Result<(Vec<u8>, Option<u8>, u64), String> {
        let run = self.run.as_ref().ok_or("There is no network yet.")?;
        let (image, label, pass, sample) = match picture {
            Picture::Drawing => {
                let pixels = pixels.ok_or("A drawing needs its pixels.")?;
                (pixels.as_slice(), None, Pass::Drawing, 0)
            }
            Picture::Test(index) => {
                let digits = self.data.test.get(index / SHARD_SIZE).ok_or("This test image has not been fetched.")?;
                let place = index % SHARD_SIZE;
                if place >= digits.len() {
                    return Err(format!("There is no test image {index}."));
                }
                (digits.image(place), Some(digits.label(place)), Pass::Evaluation, index as u64)
            }
        };
        if image.len() != run.network.pixels() {
            return Err(format!("The picture has {} pixels, the network {}.", image.len(), run.network.pixels()));
        }
        let trace = evaluation::trace(&run.network, &run.spec, image, pass, sample);
        Ok((trace.to_bytes(), label, run.adam.step()))
    }

    /// What the network sees of a picture file.
    pub(super) fn photo(&mut self, id: u32, file: &[u8]) {
        let Some(run) = &self.run else {
            return self.report(Report::NoPhoto(id, "There is no network yet.".to_owned()));
        };
        let Some(read) = self.read_picture else {
            return self.report(Report::NoPhoto(id, "This engine reads no pictures.".to_owned()));
        };
        match read(file, run.spec.dataset, run.network.pixels()) {
            Ok(Prepared { pixels, ink }) => {
                let has_rival = ink.as_ref().is_some_and(|ink| ink.has_rival);
                let preview = ink.map_or(Vec::new(), |ink| ink.preview(PREVIEW));
                self.out.push((Report::Photo(id, has_rival), vec![pixels, preview]));
            }
            Err(error) => self.report(Report::NoPhoto(id, error.to_string())),
        }
    }

    pub(super) fn fields(&mut self, layer: usize, neurons: Vec<usize>) {
        let Some(run) = &self.run else { return };
        let width = evaluation::width(&run.network, layer);
        let neurons: Vec<usize> = neurons.into_iter().filter(|neuron| *neuron < width).collect();
        let fields = evaluation::fields(&run.network, layer, &neurons);
        let bytes = fields.into_iter().flat_map(f32::to_le_bytes).collect();
        self.out.push((Report::Fields(layer, neurons), vec![bytes]));
    }

    pub(super) fn rates(&mut self, pixels: &[u8]) {
        if !self.is_ready() {
            return;
        }
        let Some(run) = &self.run else { return };
        let each = run.network.pixels();
        if !pixels.len().is_multiple_of(each) {
            let bytes = pixels.len();
            return self
                .fail(format_args!("{bytes} bytes are no whole pictures: the network reads {each} pixels of each."));
        }
        let images: Vec<&[u8]> = pixels.chunks_exact(each).collect();
        let layers = evaluation::rates(&run.network, &run.spec, &images);
        let sizes = layers.iter().map(Vec::len).collect();
        let bytes = layers.into_iter().flatten().flat_map(f32::to_le_bytes).collect();
        self.out.push((Report::Rates(sizes), vec![bytes]));
    }

    pub(super) fn weights(&mut self) {
        let Some(run) = &self.run else { return self.fail("There is no network yet.") };
        // A file that nobody could open is no use.
        if !run.network.is_finite() {
            return self.fail("The weights cannot be saved: some are no numbers any more, for training diverged.");
        }
        match checkpoint::model_to_bytes(&run.spec, &run.network, Notes::default()) {
            Ok(bytes) => self.out.push((Report::Weights, vec![bytes])),
            Err(error) => self.fail(error),
        }
    }
}

/// Whether answering takes the weights at once, for which a card would have to be waited for.
pub(super) const fn needs_weights(request: &Request) -> bool {
    match request {
        Request::Continue(_)
        | Request::Trace { .. }
        | Request::Test(_)
        | Request::Fields(..)
        | Request::Rates
        | Request::Weights => true,
        Request::Open
        | Request::Start(_)
        | Request::Change(_)
        | Request::Data(_)
        | Request::Drawings
        | Request::Shard(..)
        | Request::Samples(_)
        | Request::Train
        | Request::Pause
        | Request::Step
        | Request::TestImages(_)
        | Request::Photo(_)
        | Request::Checkpoint
        | Request::HandOver
        | Request::Resume
        | Request::Try
        | Request::SelfCheck => false,
    }
}
