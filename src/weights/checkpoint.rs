//! Safetensors files of networks and runs, with their spec as JSON in the header. Tensors are named and laid out as
//! PyTorch would: `layers.0.weight` [out, in], `layers.0.bias` \[out\], …, `readout.weight`, `readout.bias`.
//!
//! A checkpoint is such a file with Adam's means (`adam.mean.…`, `adam.square.…`) and the position in the run beside
//! them, so every checkpoint opens as a model too.

use super::format::Format;
use super::pytorch::{self, Remark};
use super::rounding::WeightsType;
use super::writer::{FORMAT, FileWriter, PIXELS};
use crate::decimal;
use crate::digits::idx::MOST_BYTES;
use crate::event::Accuracy;
use crate::network::{Network, Parameter, ParameterError, to_flat};
use crate::optimizer::Adam;
use crate::spec::{Rule, Spec, SpecError};
use crate::training::{Position, Run, RunSnapshot};
use burn::tensor::Device;
use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::HashMap;

/// The maximal number of pixels of an image that a header may say.
const MOST_PIXELS: usize = 1 << 24;

/// Why a file cannot be opened as a network or run.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// It is damaged, or not a safetensors file.
    #[error("this is no complete safetensors file ({0}): it may have been cut off")]
    Damaged(SafeTensorError),
    /// It is a file of another format.
    #[error("{0}")]
    OtherFormat(Format),
    /// Its header has no spec.
    #[error(
        "its header has no `{0}`, which says what the tensors leave open: time steps, neurons, coding. In Python: \
         save_file(tensors, path, metadata={{\"spec\": '{{\"hidden\": [256], \"time-steps\": 25}}'}})"
    )]
    NoEntry(&'static str),
    /// Its spec cannot be parsed.
    #[error("its `{0}` cannot be read: {1}")]
    BadEntry(&'static str, serde_json::Error),
    /// Its spec is out of range.
    #[error("its spec has no meaning: {0}")]
    BadSpec(SpecError),
    /// A tensor's numbers are not floats of a supported type.
    #[error(
        "`{0}` holds numbers of type {1}, and weights are floats (F32, F16, BF16 or F64): quantized ones have to be \
         dequantized before they are saved"
    )]
    NotFloat(String, String),
    /// The weights of all layers have rows and columns exchanged.
    #[error(
        "its weights would fit with rows and columns exchanged, and [out, in] is wanted: save them transposed (in PyTorch, \
         `.t().contiguous()`); it has {0}"
    )]
    Exchanged(String),
    /// The state of a run is not in 32-bit floats.
    #[error("`{0}` holds numbers of type {1}, and a run goes on from those of type F32 that this program wrote")]
    Rounded(String, String),
    /// The file was to be written in numbers of this type, and one is too large for it.
    #[error("a weight is too large for a file of type {0}: write it as f32")]
    TooLarge(&'static str),
    /// It holds a layer that learns by STDP.
    #[error("it holds a layer that learns by stdp, and a network that learns by gradients is wanted")]
    OtherRule,
    /// None of its tensors can be the network's.
    #[error("the weights are of another network: it needs {wanted}, and the file has {found}")]
    OtherTensors {
        /// The names and shapes of the weights that the network needs.
        wanted: String,
        /// The names and shapes in the file.
        found: String,
    },
    /// The tensors are those of another network.
    #[error(transparent)]
    OtherNetwork(#[from] ParameterError),
    /// It holds a network but no run.
    #[error("it holds a network but not the state of a run: resume from a `checkpoint.safetensors`")]
    NoRun,
    /// The numbers of the run's position contradict each other.
    #[error("its place in the run cannot be right: {0}. The file was changed, or written by something else")]
    BadPosition(String),
}

impl WeightsError {
    /// The error for bytes that are not a safetensors file: another format, or damage.
    pub(super) fn damaged(bytes: &[u8], error: SafeTensorError) -> Self {
        Format::of(bytes).map_or(Self::Damaged(error), Self::OtherFormat)
    }
}

// By hand: a cause that the message contains must not be a `source` too, or a printed chain of causes repeats it.
impl From<SafeTensorError> for WeightsError {
    fn from(error: SafeTensorError) -> Self {
        Self::Damaged(error)
    }
}

impl From<SpecError> for WeightsError {
    fn from(error: SpecError) -> Self {
        Self::BadSpec(error)
    }
}

/// The entries of a file's header besides tensors: (name, value).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notes(pub Vec<(String, String)>);

/// The bytes of a network's file, its numbers rounded to that type.
///
/// # Errors
/// When a weight is too large for the type, or the tensors cannot be serialised, which no network of this program leads
/// to.
pub fn model_to_bytes(
    spec: &Spec,
    network: &Network,
    numbers: WeightsType,
    notes: Notes,
) -> Result<Vec<u8>, WeightsError> {
    let mut writer = FileWriter::of_model(spec, network, numbers, notes)?;
    writer.advance(usize::MAX);
    match numbers {
        WeightsType::Bf16 | WeightsType::Fixed8 if !writer.is_finite() => Err(WeightsError::TooLarge(numbers.word())),
        WeightsType::F32 | WeightsType::Bf16 | WeightsType::Fixed8 => Ok(writer.finish()),
    }
}

/// The spec and the network in a file; on an autodiff device the network can be trained.
///
/// # Errors
/// When the file is damaged, has no spec or holds another network than its spec says.
pub fn model_from_bytes(bytes: &[u8], device: &Device) -> Result<(Spec, Network), WeightsError> {
    let spec = spec_of_gradients(&entries(bytes)?)?;
    let network = network_from_bytes(&spec, bytes, device)?;
    Ok((spec, network))
}

/// The network that `spec` describes, with the weights of a file. Its header is ignored, so files of other programs can
/// be opened, as long as their tensors fit such a network in one way only.
///
/// # Errors
/// When the file is damaged or of another network than the spec's.
pub fn network_from_bytes(spec: &Spec, bytes: &[u8], device: &Device) -> Result<Network, WeightsError> {
    Ok(import(spec, bytes, &[], device)?.0)
}

/// The same, with remarks on what was done to the tensors and on settings in the file that differ from the spec. There
/// are no remarks on the settings in `settled`: they are known to be intended.
///
/// # Errors
/// As for [`network_from_bytes`].
pub fn import(
    spec: &Spec,
    bytes: &[u8],
    settled: &[&str],
    device: &Device,
) -> Result<(Network, Vec<Remark>), WeightsError> {
    // A file of another program says nothing of it.
    if spec_from_bytes(bytes).is_ok_and(|own| own.rule != Rule::SurrogateGradient) {
        return Err(WeightsError::OtherRule);
    }
    let imported = pytorch::import(spec, bytes, settled)?;
    let pixels = pixels_of(&entries(bytes)?);
    Ok((Network::with_parameters(spec, &imported.parameters, pixels, device)?, imported.remarks))
}

/// The spec in a file of this program.
///
/// # Errors
/// When the file is damaged or another program's.
pub fn spec_from_bytes(bytes: &[u8]) -> Result<Spec, WeightsError> {
    spec(&entries(bytes)?)
}

/// The entry `name` of a file's header; `None` if there is no such entry.
///
/// # Errors
/// When the file is damaged.
pub fn note_from_bytes(bytes: &[u8], name: &str) -> Result<Option<String>, WeightsError> {
    Ok(entries(bytes)?.remove(name))
}

/// The entries of a header that say how many of the test images the network of the file classifies correctly, as a share,
/// and of how many images.
const ACCURACY: [&str; 2] = ["test_accuracy", "test_images"];

/// The entries that say this accuracy.
pub fn accuracy_notes(accuracy: Accuracy) -> Notes {
    let values = [format!("{:.4}", accuracy.fraction()), accuracy.images.to_string()];
    Notes(ACCURACY.into_iter().map(str::to_owned).zip(values).collect())
}

/// The accuracy that a file's header says; `None` if it says none.
///
/// # Errors
/// When the file is damaged.
pub fn accuracy_from_bytes(bytes: &[u8]) -> Result<Option<Accuracy>, WeightsError> {
    let header = entries(bytes)?;
    let entry = |name: &str| header.get(name).and_then(|text| decimal::parse(text));
    let [share, images] = ACCURACY.map(entry);
    let said = share.zip(images).filter(|(share, images)| (0.0..=1.0).contains(share) && (1.0..1e9).contains(images));
    Ok(said.map(|(share, images)| Accuracy { correct: (share * images).round() as usize, images: images as usize }))
}

/// Whether this program wrote the file.
///
/// # Errors
/// When the file is damaged.
pub(super) fn is_own(bytes: &[u8]) -> Result<bool, WeightsError> {
    let (name, own) = FORMAT;
    Ok(note_from_bytes(bytes, name)?.is_some_and(|format| format == own))
}

/// The names of the settings that the spec in a file's header contains; it may leave some out.
///
/// # Errors
/// When the file is damaged.
pub fn settings_from_bytes(bytes: &[u8]) -> Result<Vec<&'static str>, WeightsError> {
    Ok(entries(bytes)?.get("spec").map(|spec| pytorch::settings_of(spec)).unwrap_or_default())
}

/// The bytes of a run's checkpoint.
///
/// # Errors
/// As for [`model_to_bytes`].
pub fn run_to_bytes(run: &Run, notes: Notes) -> Result<Vec<u8>, WeightsError> {
    Ok(FileWriter::of_run(&run.snapshot(), notes)?.finish())
}

/// The pixels of an image that a header says, if it says how many.
fn pixels_of(header: &HashMap<String, String>) -> Option<usize> {
    header.get(PIXELS)?.parse().ok().filter(|pixels| (1..=MOST_PIXELS).contains(pixels))
}

/// The run in a checkpoint.
///
/// # Errors
/// As for [`model_from_bytes`], and when the file holds only a network, or a state that no run can reach.
pub fn run_from_bytes(bytes: &[u8], device: &Device) -> Result<Run, WeightsError> {
    Ok(snapshot_from_bytes(bytes, device)?.into_run())
}

/// The same as a snapshot: what it is over can be looked at before the order of its images is made.
///
/// # Errors
/// As [`run_from_bytes`].
pub fn snapshot_from_bytes(bytes: &[u8], device: &Device) -> Result<RunSnapshot, WeightsError> {
    let (spec, parameters, header) = read(bytes)?;
    let network = Network::with_parameters(&spec, &parameters, pixels_of(&header), device)?;
    let entry = |name: &str| header.get(name).ok_or(WeightsError::NoRun);
    let position: Position =
        serde_json::from_str(entry("position")?).map_err(|error| WeightsError::BadEntry("position", error))?;
    let number = |name: &'static str| {
        serde_json::from_str::<u64>(entry(name)?).map_err(|error| WeightsError::BadEntry(name, error))
    };
    let (step, images) = (number("step")?, number("images")?);
    let images = checked_place(position, step, images, network.pixels()).map_err(WeightsError::BadPosition)?;
    let means = |which: &str, name: &str, layout| {
        let name = format!("adam.{which}.{name}");
        let numbers = to_flat(&parameters, &name, layout)?;
        let is_negative = which == "square" && numbers.iter().any(|value| *value < 0.0);
        if is_negative { Err(ParameterError::Negative(name)) } else { Ok(numbers) }
    };
    let moments = network.layouts();
    let moments = moments.map(|(name, layout)| Ok([means("mean", &name, layout)?, means("square", &name, layout)?]));
    let adam = Adam::restored(step, moments.collect::<Result<Vec<_>, ParameterError>>()?, device);
    Ok(RunSnapshot { spec, network, adam, position, images })
}

/// The number of images of an epoch, of which some were shown, or what is wrong with it.
pub(super) fn checked_images(images: u64, shown: usize, pixels: usize) -> Result<usize, String> {
    let most = MOST_BYTES / pixels.max(1) as u64;
    if images > most {
        return Err(format!(
            "it says that there are {images} images, and no file of images of this size holds more than {most}"
        ));
    }
    if shown as u64 >= images.max(1) {
        return Err(format!(
            "it says that {shown} of the {images} images of an epoch were shown, and the epoch goes on"
        ));
    }
    Ok(images as usize)
}

/// The number of images of a run, or what is wrong with its position. The number accepted here determines how much
/// memory the order of an epoch takes.
fn checked_place(position: Position, step: u64, images: u64, pixels: usize) -> Result<usize, String> {
    let Position { epoch, images: shown, loss, correct } = position;
    let all_images = checked_images(images, shown, pixels)?;
    // Each step shows at least one image.
    let all = u64::from(epoch).saturating_mul(images).saturating_add(shown as u64);
    if step > all {
        return Err(format!("it says that {step} steps were taken over {all} images"));
    }
    if correct > shown || !loss.is_finite() {
        return Err(format!(
            "it says that {correct} of {shown} images were read rightly, with losses of {loss} in all"
        ));
    }
    Ok(all_images)
}

type Header = HashMap<String, String>;

fn read(bytes: &[u8]) -> Result<(Spec, Vec<Parameter>, Header), WeightsError> {
    let header = entries(bytes)?;
    Ok((spec_of_gradients(&header)?, tensors(bytes)?, header))
}

pub(super) fn entries(bytes: &[u8]) -> Result<Header, WeightsError> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| WeightsError::damaged(bytes, error))?;
    Ok(metadata.metadata().clone().unwrap_or_default())
}

fn spec(header: &Header) -> Result<Spec, WeightsError> {
    let spec = header.get("spec").ok_or(WeightsError::NoEntry("spec"))?;
    let spec: Spec = serde_json::from_str(spec).map_err(|error| WeightsError::BadEntry("spec", error))?;
    spec.check()?;
    Ok(spec)
}

fn spec_of_gradients(header: &Header) -> Result<Spec, WeightsError> {
    let spec = spec(header)?;
    match spec.rule {
        Rule::SurrogateGradient => Ok(spec),
        Rule::Stdp => Err(WeightsError::OtherRule),
    }
}

/// All tensors of a file that this program wrote, unchanged.
fn tensors(bytes: &[u8]) -> Result<Vec<Parameter>, WeightsError> {
    let parameter = |(name, view): (&str, TensorView<'_>)| {
        if view.dtype() != Dtype::F32 {
            return Err(WeightsError::Rounded(name.to_owned(), format!("{:?}", view.dtype())));
        }
        let values = view.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        Ok(Parameter { name: name.to_owned(), shape: view.shape().to_vec(), values })
    };
    let file = SafeTensors::deserialize(bytes).map_err(|error| WeightsError::damaged(bytes, error))?;
    file.iter().map(parameter).collect()
}
