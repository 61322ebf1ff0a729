//! A safetensors file under way: its header is written at once, its numbers in pieces of a bounded size.

use super::checkpoint::{Notes, WeightsError};
use super::pieces::{FileTensor, Pieces};
use super::rounding::WeightsType;
use crate::network::Network;
use crate::spec::Spec;
use crate::training::RunSnapshot;
use safetensors::tensor::{Dtype, View, serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// The entry of a header that tells a file of ours, and what stands there.
pub(super) const FORMAT: (&str, &str) = ("format", "spiking-playground 1");

/// A file of a network or a run that is being written. It holds their tensors as they are when it begins.
#[derive(Debug)]
pub struct FileWriter {
    bytes: Vec<u8>,
    /// Where each tensor begins.
    offsets: Vec<usize>,
    pieces: Pieces,
    numbers: WeightsType,
    is_finite: bool,
}

impl FileWriter {
    /// Of a network, its numbers in this type.
    ///
    /// # Errors
    /// When the tensors cannot be laid out, which no network here leads to.
    pub fn of_model(spec: &Spec, network: &Network, numbers: WeightsType, notes: Notes) -> Result<Self, WeightsError> {
        Self::new(spec, FileTensor::of_network(network), numbers, with_pixels(notes, network, spec))
    }

    /// Of a run, to go on from.
    ///
    /// # Errors
    /// As [`FileWriter::of_model`].
    pub fn of_run(run: &RunSnapshot, notes: Notes) -> Result<Self, WeightsError> {
        let RunSnapshot { spec, network, adam, position, images } = run;
        let position = serde_json::to_string(position).map_err(|error| WeightsError::BadEntry("position", error))?;
        let state = [("position", position), ("step", adam.step().to_string()), ("images", images.to_string())];
        let state = state.map(|(name, value)| (name.to_owned(), value));
        let tensors = FileTensor::of_network(network).into_iter().chain(FileTensor::of_adam(adam, network));
        // It goes on as if it had never stopped only from the very same numbers.
        let notes = with_pixels(Notes(notes.0.into_iter().chain(state).collect()), network, spec);
        Self::new(spec, tensors.collect(), WeightsType::F32, notes)
    }

    fn new(spec: &Spec, tensors: Vec<FileTensor>, numbers: WeightsType, notes: Notes) -> Result<Self, WeightsError> {
        let notes = with_own_entries(spec, notes)?;
        let shape = |it: &FileTensor| Shape { shape: it.shape.clone(), numbers };
        let shapes: Vec<(&str, Shape)> = tensors.iter().map(|it| (it.name.as_str(), shape(it))).collect();
        let mut bytes = with_sorted_entries(serialize(shapes.iter().map(|(name, shape)| (name, shape)), Some(notes))?);
        // As the library lays tensors of one type out: by their names.
        let mut sorted: Vec<usize> = (0..shapes.len()).collect();
        sorted.sort_by_key(|tensor| shapes[*tensor].0);
        let (mut offsets, mut end) = (vec![0; shapes.len()], bytes.len());
        for tensor in sorted {
            offsets[tensor] = end;
            end += (&shapes[tensor].1).data_len();
        }
        bytes.resize(end, 0);
        Ok(Self { bytes, offsets, pieces: Pieces::new(tensors), numbers, is_finite: true })
    }

    /// Writes about `most` numbers, at least the 64 that one input sends to a block or one bias. Returns how many were read
    /// for that.
    pub fn advance(&mut self, most: usize) -> usize {
        let Self { bytes, offsets, pieces, numbers, is_finite } = self;
        pieces.advance(most, |tensor, at, value| {
            *is_finite &= numbers.write(value, &mut bytes[offsets[tensor] + at * numbers.size()..]);
        })
    }

    /// Whether all is written.
    pub fn is_done(&self) -> bool {
        self.pieces.is_done()
    }

    /// Whether all numbers so far are finite: a file with others could not be opened.
    pub const fn is_finite(&self) -> bool {
        self.is_finite
    }

    /// The file; whatever of it is not written yet is written now.
    pub fn finish(mut self) -> Vec<u8> {
        self.advance(usize::MAX);
        self.bytes
    }
}

/// The entry of a header that says for how many pixels a network with convolutions was made: its kernels do not.
pub(super) const PIXELS: &str = "pixels";

fn with_pixels(notes: Notes, network: &Network, spec: &Spec) -> Notes {
    let pixels = spec.has_convolution().then(|| (PIXELS.to_owned(), network.pixels().to_string()));
    Notes(notes.0.into_iter().chain(pixels).collect())
}

/// A tensor whose numbers come later: the library writes the header alone.
struct Shape {
    shape: Vec<usize>,
    numbers: WeightsType,
}

impl View for &Shape {
    fn dtype(&self) -> Dtype {
        self.numbers.dtype()
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&[])
    }

    fn data_len(&self) -> usize {
        self.shape.iter().product::<usize>() * self.numbers.size()
    }
}

/// The entries of a header: those of any file of ours beside these notes.
pub(super) fn with_own_entries(spec: &Spec, notes: Notes) -> Result<HashMap<String, String>, WeightsError> {
    let spec = serde_json::to_string(spec).map_err(|error| WeightsError::BadEntry("spec", error))?;
    let own = [FORMAT, ("spec", &spec)].map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(notes.0.into_iter().chain(own).collect())
}

/// A file whose header's entries are in alphabetical order: the library writes them in
/// an order that changes from run to run, and equal networks should make equal files.
pub(super) fn with_sorted_entries(file: Vec<u8>) -> Vec<u8> {
    let sorted = || {
        let (length, rest) = file.split_first_chunk::<8>()?;
        let (header, data) = rest.split_at_checked(u64::from_le_bytes(*length) as usize)?;
        let mut entries: BTreeMap<String, serde_json::Value> = serde_json::from_slice(header).ok()?;
        if let Some(notes) = entries.get_mut("__metadata__") {
            let inner: BTreeMap<String, String> = serde_json::from_value(notes.take()).ok()?;
            *notes = serde_json::to_value(inner).ok()?;
        }
        let mut header = serde_json::to_vec(&entries).ok()?;
        // Tensors begin at a multiple of 8.
        header.resize(header.len().next_multiple_of(8), b' ');
        Some([&(header.len() as u64).to_le_bytes(), header.as_slice(), data].concat())
    };
    sorted().unwrap_or(file)
}
