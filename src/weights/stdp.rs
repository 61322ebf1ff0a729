//! Files of layers that learn by STDP: `layers.0.weight` [N, inputs], `adaptation` \[N\], `age` \[N\], and `responses`
//! [N, classes], the mean number of spikes of each neuron for a picture of each class, by which they vote.
//!
//! A checkpoint has beside them the counts of live labels, `live.spikes` [N, classes] and `live.shown` \[classes\], and the position
//! in the run, so that every checkpoint opens as a model too.

use super::checkpoint::{Notes, WeightsError, checked_images, entries};
use super::pytorch::floats;
use super::rounding::WeightsType;
use super::writer::{with_own_entries, with_sorted_entries};
use crate::event::Accuracy;
use crate::network::{MAX_CLASSES, ParameterError};
use crate::plasticity::labels::{Responses, Voters};
use crate::plasticity::layer::StdpLayer;
use crate::plasticity::network::StdpNetwork;
use crate::plasticity::run::{Live, StdpPosition, StdpRun};
use crate::spec::Spec;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

const WEIGHT: &str = "layers.0.weight";
const ADAPTATION: &str = "adaptation";
const AGE: &str = "age";
const RESPONSES: &str = "responses";
const LIVE: [&str; 2] = ["live.spikes", "live.shown"];

/// A tensor of a file.
struct Written {
    name: &'static str,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Written {
    fn floats(name: &'static str, shape: Vec<usize>, values: &[f32]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { name, dtype: Dtype::F32, shape, bytes }
    }
}

/// The bytes of a layer's file, its weights rounded to that type. `responses` are R, [N, classes].
///
/// # Errors
/// When the tensors cannot be laid out, which no layer of this program leads to.
pub fn model_to_bytes(
    spec: &Spec,
    layer: &StdpLayer,
    responses: &[f32],
    numbers: WeightsType,
    notes: Notes,
) -> Result<Vec<u8>, WeightsError> {
    to_bytes(spec, &tensors(layer, responses, numbers), notes)
}

/// The bytes of a run's checkpoint.
///
/// # Errors
/// As for [`model_to_bytes`].
pub fn run_to_bytes(run: &StdpRun, notes: Notes) -> Result<Vec<u8>, WeightsError> {
    let mut written = tensors(run.layer(), &run.live().rates(), WeightsType::F32);
    let (spikes, shown) = run.live().counts();
    let shapes = [vec![run.layer().neurons(), shown.len()], vec![shown.len()]];
    let live = LIVE.into_iter().zip(shapes).zip([spikes, shown]);
    written.extend(live.map(|((name, shape), values)| Written::floats(name, shape, values)));
    let position = serde_json::to_string(&run.position()).map_err(|error| WeightsError::BadEntry("position", error))?;
    let state = [("position", position), ("images", run.images().to_string())];
    let state = state.map(|(name, value)| (name.to_owned(), value));
    to_bytes(run.spec(), &written, Notes(notes.0.into_iter().chain(state).collect()))
}

fn tensors(layer: &StdpLayer, responses: &[f32], numbers: WeightsType) -> Vec<Written> {
    let (neurons, inputs) = (layer.neurons(), layer.inputs());
    let weights = (0..neurons).flat_map(|neuron| layer.incoming(neuron));
    let mut bytes = vec![0; neurons * inputs * numbers.size()];
    for (weight, to) in weights.zip(bytes.chunks_exact_mut(numbers.size())) {
        numbers.write(weight, to);
    }
    // Every reader of safetensors has this type of whole numbers.
    let age = layer.age().iter().flat_map(|age| i64::from(*age).to_le_bytes()).collect();
    vec![
        Written { name: WEIGHT, dtype: numbers.dtype(), shape: vec![neurons, inputs], bytes },
        Written::floats(ADAPTATION, vec![neurons], layer.adaptation()),
        Written { name: AGE, dtype: Dtype::I64, shape: vec![neurons], bytes: age },
        Written::floats(RESPONSES, vec![neurons, responses.len() / neurons.max(1)], responses),
    ]
}

fn to_bytes(spec: &Spec, written: &[Written], notes: Notes) -> Result<Vec<u8>, WeightsError> {
    let notes = with_own_entries(spec, notes)?;
    let mut views = Vec::new();
    for it in written {
        views.push((it.name, TensorView::new(it.dtype, it.shape.clone(), &it.bytes)?));
    }
    let file = serialize(views.iter().map(|(name, view)| (name, view)), Some(notes))?;
    Ok(with_sorted_entries(file))
}

/// The layer in a file of this program, and what its neurons stand for.
///
/// # Errors
/// When the file is damaged, or holds another network than its spec says.
pub fn model_from_bytes(spec: Spec, bytes: &[u8]) -> Result<StdpNetwork, WeightsError> {
    let file = Read::new(bytes)?;
    let layer = file.layer(&spec)?;
    let (responses, classes) = file.responses(RESPONSES, layer.neurons())?;
    Ok(StdpNetwork { spec, voters: Voters::new(&responses, classes), layer })
}

/// The run in a checkpoint of this program.
///
/// # Errors
/// As for [`model_from_bytes`], and when the file holds only a layer, or a state that no run can reach.
pub fn run_from_bytes(spec: Spec, bytes: &[u8]) -> Result<StdpRun, WeightsError> {
    let (file, header) = (Read::new(bytes)?, entries(bytes)?);
    let entry = |name: &'static str| header.get(name).ok_or(WeightsError::NoRun);
    let position: StdpPosition =
        serde_json::from_str(entry("position")?).map_err(|error| WeightsError::BadEntry("position", error))?;
    let images = serde_json::from_str(entry("images")?).map_err(|error| WeightsError::BadEntry("images", error))?;
    let layer = file.layer(&spec)?;
    let images = checked_images(images, position.images, layer.inputs()).map_err(WeightsError::BadPosition)?;
    let Live { score, silent } = position.live;
    if score.correct.saturating_add(silent) > score.images {
        let Accuracy { correct, images } = score;
        let what =
            format!("it says that of {images} images {correct} were read rightly and {silent} made nothing fire");
        return Err(WeightsError::BadPosition(what));
    }
    let (spikes, classes) = file.responses(LIVE[0], layer.neurons())?;
    let shown = file.floats(LIVE[1], &[classes])?;
    let live = Responses::of_counts(spikes, shown).ok_or_else(|| negative(LIVE[0]))?;
    Ok(StdpRun::at(spec, layer, live, position, images))
}

/// A run from its start over `images` images with the layer in a file of this program: what its neurons answered to is as if they
/// had seen as many pictures as live labels remember.
///
/// # Errors
/// As for [`model_from_bytes`].
pub fn run_from_model(spec: Spec, bytes: &[u8], images: usize) -> Result<StdpRun, WeightsError> {
    let file = Read::new(bytes)?;
    let layer = file.layer(&spec)?;
    let (rates, classes) = file.responses(RESPONSES, layer.neurons())?;
    let live = Responses::of_rates(&rates, classes, layer.neurons() as f32).ok_or_else(|| negative(RESPONSES))?;
    Ok(StdpRun::at(spec, layer, live, StdpPosition::default(), images))
}

/// A file that is read.
struct Read<'a>(SafeTensors<'a>);

impl<'a> Read<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, WeightsError> {
        let file = SafeTensors::deserialize(bytes).map_err(|error| WeightsError::damaged(bytes, error))?;
        Ok(Self(file))
    }

    fn tensor(&self, name: &'static str) -> Result<TensorView<'_>, WeightsError> {
        self.0.tensor(name).map_err(|_| ParameterError::Missing(name.to_owned()).into())
    }

    /// The finite numbers of a tensor of this shape.
    fn floats(&self, name: &'static str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        let tensor = self.tensor(name)?;
        check_shape(name, &tensor, shape)?;
        let values = floats(tensor.dtype(), tensor.data());
        let values = values.ok_or_else(|| WeightsError::NotFloat(name.to_owned(), format!("{:?}", tensor.dtype())))?;
        if values.iter().all(|value| value.is_finite()) { Ok(values) } else { Err(not_finite(name)) }
    }

    /// The layer of this spec.
    fn layer(&self, spec: &Spec) -> Result<StdpLayer, WeightsError> {
        let neurons = spec.layers.first().map_or(0, |layer| layer.dense_neurons());
        let inputs = self.tensor(WEIGHT)?.shape().get(1).copied().unwrap_or_default();
        let weights = self.floats(WEIGHT, &[neurons, inputs])?;
        if inputs == 0 || weights.iter().any(|weight| *weight < 0.0) {
            return Err(negative(WEIGHT));
        }
        let adaptation = self.floats(ADAPTATION, &[neurons])?;
        let age = self.tensor(AGE)?;
        check_shape(AGE, &age, &[neurons])?;
        if age.dtype() != Dtype::I64 {
            return Err(WeightsError::Rounded(AGE.to_owned(), format!("{:?}", age.dtype())));
        }
        let ages = age.data().as_chunks().0.iter().map(|bytes| u32::try_from(i64::from_le_bytes(*bytes)));
        let ages = ages.collect::<Result<Vec<u32>, _>>().map_err(|_| negative(AGE))?;
        let weights: Vec<Vec<f32>> = weights.chunks_exact(inputs).map(<[f32]>::to_vec).collect();
        Ok(StdpLayer::with_weights(spec.neuron, spec.stdp, inputs, &weights).aged(adaptation, ages))
    }

    /// What neurons answered, [N, classes], and the number of classes.
    fn responses(&self, name: &'static str, neurons: usize) -> Result<(Vec<f32>, usize), WeightsError> {
        let classes = self.tensor(name)?.shape().get(1).copied().unwrap_or_default();
        let responses = self.floats(name, &[neurons, classes])?;
        if !(1..=MAX_CLASSES).contains(&classes) || responses.iter().any(|count| *count < 0.0) {
            return Err(negative(name));
        }
        Ok((responses, classes))
    }
}

fn check_shape(name: &str, tensor: &TensorView<'_>, wanted: &[usize]) -> Result<(), WeightsError> {
    let found = tensor.shape();
    if found == wanted {
        return Ok(());
    }
    let (wanted, found) = (wanted.to_vec(), found.to_vec());
    Err(ParameterError::Shape { name: name.to_owned(), wanted, found }.into())
}

fn not_finite(name: &str) -> WeightsError {
    ParameterError::NotFinite(name.to_owned()).into()
}

fn negative(name: &str) -> WeightsError {
    ParameterError::OutOfRange(name.to_owned()).into()
}
