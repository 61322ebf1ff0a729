//! What the engine reports of its network: one image's way through it, its weights, how often its neurons fire.

use super::Session;
use super::jobs::{Job, TraceJob, WeightsJob};
use crate::digits::order::SHARD_SIZE;
use crate::digits::shard::Split;
use crate::inspection::{FiringRates, IncomingWeights, StoppingTest, Tracer};
use crate::protocol::{Picture, Request};
use crate::sample::Sample;
use crate::spikes::encode::Pass;
use crate::weights::checkpoint::Notes;
use crate::weights::rounding::WeightsType;
use crate::weights::writer::FileWriter;

impl Session {
    pub(super) fn trace(&mut self, picture: Picture, pixels: Option<&Vec<u8>>) {
        match self.try_trace(picture, pixels) {
            Ok(job) => self.start(Job::Trace(Box::new(job))),
            Err(reason) => self.fail(reason),
        }
    }

    fn try_trace(&self, picture: Picture, pixels: Option<&Vec<u8>>) -> Result<TraceJob, String> {
        let run = self.run.as_ref().ok_or("There is no network yet.")?;
        let (Sample { pixels, label, number }, pass) = self.picture(picture, pixels)?;
        check_size(pixels, run.network.pixels())?;
        let tracer = Tracer::new(&run.network, &run.spec, pixels, pass, number);
        Ok(TraceJob::new(picture, label, run.adam.step(), tracer))
    }

    /// A picture, and the pass that encodes it.
    pub(super) fn picture<'a>(
        &'a self,
        picture: Picture,
        pixels: Option<&'a Vec<u8>>,
    ) -> Result<(Sample<'a>, Pass), String> {
        match picture {
            Picture::Drawing => {
                let pixels = pixels.ok_or("A drawing needs its pixels.")?;
                Ok((Sample { pixels, label: None, number: 0 }, Pass::Drawing))
            }
            Picture::Test(index) => {
                let digits = self.data.test.get(index / SHARD_SIZE).ok_or("This test image has not been fetched.")?;
                let place = index % SHARD_SIZE;
                if place >= digits.len() {
                    return Err(format!("There is no test image {index}."));
                }
                let (pixels, label) = (digits.image(place), Some(digits.label(place)));
                Ok((Sample { pixels, label, number: index as u64 }, Pass::Evaluation))
            }
        }
    }

    pub(super) fn incoming_weights(&mut self, layer: usize, neurons: Vec<usize>) {
        let Some(run) = &self.run else { return self.fail("There is no network yet.") };
        let weights = IncomingWeights::new(&run.network, layer, neurons);
        self.start(Job::Weights(Box::new(WeightsJob::new(layer, weights))));
    }

    pub(super) fn rates(&mut self, pixels: Vec<u8>) {
        if !self.is_ready() {
            return;
        }
        let Some(run) = &self.run else { return self.fail("There is no network yet.") };
        let size = run.network.pixels();
        if let Err(reason) = check_whole(&pixels, size) {
            return self.fail(reason);
        }
        let rates = FiringRates::new(&run.network, &run.spec, pixels);
        self.start(Job::Rates(Box::new(rates)));
    }

    pub(super) fn stopping(&mut self, images: usize) {
        if !self.is_ready() {
            return;
        }
        if !self.has_network() {
            return self.fail("There is no network yet.");
        }
        if self.data.manifest.is_none() {
            return self.fail("There are no test images.");
        }
        let Some(digits) = self.data.test.get(0) else {
            self.waiting_stopping_test = Some((self.answering, images));
            self.data.requested.remove(&(Split::Test, 0));
            return self.request_shard(Split::Test, 0);
        };
        let images = digits.first(images);
        let Some(run) = &self.run else { return self.stopping_of_stdp(images) };
        self.start(Job::Stopping(Box::new(StoppingTest::new(&run.network, &run.spec, images))));
    }

    pub(super) fn weights(&mut self) {
        let Some(run) = &self.run else { return self.fail("There is no network yet.") };
        match FileWriter::of_model(&run.spec, &run.network, WeightsType::F32, Notes::default()) {
            Ok(writer) => self.start(Job::Model(writer)),
            Err(error) => self.fail(error),
        }
    }
}

/// Whether a picture has as many pixels as the network takes.
pub(super) fn check_size(pixels: &[u8], size: usize) -> Result<(), String> {
    let there = pixels.len();
    if there == size { Ok(()) } else { Err(format!("The picture has {there} pixels, the network {size}.")) }
}

/// Whether these are whole pictures of that size.
pub(super) fn check_whole(pixels: &[u8], size: usize) -> Result<(), String> {
    let bytes = pixels.len();
    match bytes.is_multiple_of(size) {
        true => Ok(()),
        false => Err(format!("{bytes} bytes are no whole pictures: the network reads {size} pixels of each.")),
    }
}

/// Whether answering takes the weights at once, for which a GPU would have to be waited for.
pub(super) const fn needs_weights(request: &Request) -> bool {
    match request {
        Request::Continue(_)
        | Request::Trace { .. }
        | Request::Test(_)
        | Request::Fields(..)
        | Request::Rates
        | Request::Stopping(_)
        | Request::Weights => true,
        Request::Open
        | Request::Start(_)
        | Request::Change(_)
        | Request::Data(_)
        | Request::Drawings
        | Request::Shard(..)
        | Request::Samples(_)
        | Request::Train
        | Request::Pace(_)
        | Request::Workers(_)
        | Request::Glimpse
        | Request::Pause
        | Request::Step
        | Request::TestImages(_)
        | Request::Photo { .. }
        | Request::Checkpoint
        | Request::HandOver
        | Request::Resume
        | Request::Try
        | Request::SelfCheck => false,
    }
}
