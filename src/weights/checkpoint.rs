//! Networks and runs as safetensors files, with their spec as JSON in the header. Tensors are named and laid out as
//! PyTorch would: `layers.0.weight` [out, in], `layers.0.bias` [out], …, `readout.weight`, `readout.bias`.
//!
//! A checkpoint is such a file with Adam's means (`adam.mean.…`, `adam.square.…`) and the position in the run beside
//! them, so every checkpoint opens as a model too.

use crate::layer::{Synapses, transposed};
use crate::network::{Network, Parameter, ParameterError};
use crate::optimizer::Adam;
use crate::spec::{Spec, SpecError};
use crate::training::{Position, Run};
use burn::tensor::Device;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use std::collections::{BTreeMap, HashMap};

/// What stands under `format` in the header of a file of ours.
const FORMAT: &str = "spiking-playground 1";

/// Why a file is no network or run of ours.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// It is damaged, or no safetensors file at all.
    #[error("this is no complete safetensors file ({0}): it may have been cut off")]
    Damaged(safetensors::SafeTensorError),
    /// There is no spec in it.
    #[error("its header has no `{0}`: only files that this program wrote can be opened")]
    NoEntry(&'static str),
    /// The spec in it cannot be read.
    #[error("its `{0}` cannot be read: {1}")]
    BadEntry(&'static str, serde_json::Error),
    /// The spec in it is out of range.
    #[error("its spec has no meaning: {0}")]
    BadSpec(SpecError),
    /// A tensor is not of 32-bit floats.
    #[error("`{0}` is not of 32-bit floats")]
    NotFloat(String),
    /// The tensors are those of another network.
    #[error(transparent)]
    OtherNetwork(#[from] ParameterError),
    /// It holds a network but no run.
    #[error("it holds a network but not the state of a run: resume from a `checkpoint.safetensors`")]
    NoRun,
}

// By hand: a cause that a message tells must not be told again by whoever prints the chain of causes.
impl From<safetensors::SafeTensorError> for WeightsError {
    fn from(error: safetensors::SafeTensorError) -> Self {
        Self::Damaged(error)
    }
}

impl From<SpecError> for WeightsError {
    fn from(error: SpecError) -> Self {
        Self::BadSpec(error)
    }
}

/// What stands in a file's header besides tensors.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notes(pub Vec<(String, String)>);

/// A network as a file.
///
/// # Errors
/// When the tensors cannot be laid out, which no network here leads to.
pub fn model_to_bytes(spec: &Spec, network: &Network, notes: Notes) -> Result<Vec<u8>, WeightsError> {
    write(spec, network.parameters(), notes)
}

/// The spec and the network in a file; on an autodiff device it can be trained.
///
/// # Errors
/// When the file is damaged, of another make or of another network than its spec says.
pub fn model_from_bytes(bytes: &[u8], device: &Device) -> Result<(Spec, Network), WeightsError> {
    let (spec, parameters, _) = read(bytes)?;
    let network = Network::with_parameters(&spec, &parameters, device)?;
    Ok((spec, network))
}

/// The network that `spec` describes, with the weights of a file. Its header, if it has one, is not looked at, so files
/// of other programs do, as long as tensors are named and laid out as here.
///
/// # Errors
/// When the file is damaged or of another network than the spec's.
pub fn network_from_bytes(spec: &Spec, bytes: &[u8], device: &Device) -> Result<Network, WeightsError> {
    Ok(Network::with_parameters(spec, &tensors(bytes)?, device)?)
}

/// The spec in a file of ours.
///
/// # Errors
/// When the file is damaged or of another make.
pub fn spec_from_bytes(bytes: &[u8]) -> Result<Spec, WeightsError> {
    spec(&header(bytes)?)
}

/// What stands under `name` in a file's header; none where there is no such entry.
///
/// # Errors
/// When the file is damaged.
pub fn note_from_bytes(bytes: &[u8], name: &str) -> Result<Option<String>, WeightsError> {
    Ok(header(bytes)?.remove(name))
}

/// A run as a file, to go on from.
///
/// # Errors
/// As [`model_to_bytes`].
pub fn run_to_bytes(run: &Run, notes: Notes) -> Result<Vec<u8>, WeightsError> {
    let parameters = run.network.parameters().into_iter().chain(run.adam.parameters(&run.network)).collect();
    let position = serde_json::to_string(&run.position).map_err(|error| WeightsError::BadEntry("position", error))?;
    let state = [("position", position), ("step", run.adam.step().to_string()), ("images", run.images().to_string())];
    let state = state.map(|(name, value)| (name.to_owned(), value));
    write(&run.spec, parameters, Notes(notes.0.into_iter().chain(state).collect()))
}

/// The run in a file, as it was.
///
/// # Errors
/// As [`model_from_bytes`], and when the file holds a network only.
pub fn run_from_bytes(bytes: &[u8], device: &Device) -> Result<Run, WeightsError> {
    let (spec, parameters, header) = read(bytes)?;
    let network = Network::with_parameters(&spec, &parameters, device)?;
    let entry = |name: &str| header.get(name).ok_or(WeightsError::NoRun);
    let position: Position =
        serde_json::from_str(entry("position")?).map_err(|error| WeightsError::BadEntry("position", error))?;
    let step = entry("step")?.parse().map_err(|_| WeightsError::NoRun)?;
    let images = entry("images")?.parse().map_err(|_| WeightsError::NoRun)?;
    let layer = |prefix: &str, name: &str| {
        let find = |which: &str| {
            let name = format!("adam.{prefix}.{name}.{which}");
            parameters.iter().find(|parameter| parameter.name == name).ok_or(ParameterError::Missing(name))
        };
        let (weight, bias) = (find("weight")?, find("bias")?);
        let inputs = weight.shape.get(1).copied().unwrap_or(0);
        Ok::<_, WeightsError>(Synapses::new(&transposed(&weight.values, inputs), bias.values.clone(), device))
    };
    let pairs = network.names().map(|name| Ok([layer("mean", &name)?, layer("square", &name)?]));
    let means = pairs.collect::<Result<Vec<_>, WeightsError>>()?;
    let adam = Adam::restored(step, &means);
    Ok(Run::at(spec, network, adam, position, images))
}

fn write(spec: &Spec, parameters: Vec<Parameter>, notes: Notes) -> Result<Vec<u8>, WeightsError> {
    let spec = serde_json::to_string(spec).map_err(|error| WeightsError::BadEntry("spec", error))?;
    let own = [("format".to_owned(), FORMAT.to_owned()), ("spec".to_owned(), spec)];
    let header: Header = notes.0.into_iter().chain(own).collect();
    let raw: Vec<(String, Vec<usize>, Vec<u8>)> = parameters
        .into_iter()
        .map(|p| (p.name, p.shape, p.values.iter().flat_map(|value| value.to_le_bytes()).collect()))
        .collect();
    let views = raw.iter().map(|(name, shape, bytes)| Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)));
    let views = views.collect::<Result<Vec<_>, WeightsError>>()?;
    Ok(with_sorted_header(serialize(views, Some(header))?))
}

/// The same file with the entries of its header in alphabetical order: the library writes them in an order that changes
/// from run to run, and equal networks should make equal files.
fn with_sorted_header(file: Vec<u8>) -> Vec<u8> {
    let sorted = || {
        let (length, rest) = file.split_first_chunk::<8>()?;
        let (header, data) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
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

type Header = HashMap<String, String>;

fn read(bytes: &[u8]) -> Result<(Spec, Vec<Parameter>, Header), WeightsError> {
    let header = header(bytes)?;
    Ok((spec(&header)?, tensors(bytes)?, header))
}

fn header(bytes: &[u8]) -> Result<Header, WeightsError> {
    let (_, metadata) = SafeTensors::read_metadata(bytes)?;
    Ok(metadata.metadata().clone().unwrap_or_default())
}

fn spec(header: &Header) -> Result<Spec, WeightsError> {
    let spec = header.get("spec").ok_or(WeightsError::NoEntry("spec"))?;
    let spec: Spec = serde_json::from_str(spec).map_err(|error| WeightsError::BadEntry("spec", error))?;
    spec.check()?;
    Ok(spec)
}

fn tensors(bytes: &[u8]) -> Result<Vec<Parameter>, WeightsError> {
    let parameter = |(name, view): (&str, TensorView<'_>)| {
        if view.dtype() != Dtype::F32 {
            return Err(WeightsError::NotFloat(name.to_owned()));
        }
        let values = view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        Ok(Parameter { name: name.to_owned(), shape: view.shape().to_vec(), values })
    };
    SafeTensors::deserialize(bytes)?.iter().map(parameter).collect()
}
