//! Networks of plain numbers as safetensors files, for programs without burn: PyTorch's names, numbers in f32, and the spec as JSON in
//! the header, as `weights` has them.

use super::{PlainNetwork, Synapses};
use crate::spec::{FeatureMaps, LayerSpec, Rule, Spec};
use serde_json::{Map, Value, json};

/// Why bytes are not such a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// They are no safetensors file.
    #[error("this is no complete safetensors file")]
    Damaged,
    /// It has no spec that can be read.
    #[error("its header has no spec that can be read: {0}")]
    NoSpec(String),
    /// It learnt by another rule.
    #[error(
        "`rule=stdp` has no counterpart: its neurons inhibit each other; its file has all of its numbers, and a network that learnt by \
         gradients can leave"
    )]
    OtherRule,
    /// A tensor is missing, or of another shape or type.
    #[error("`{0}` is not there as floats of 32 bits and the shape that its network needs")]
    Missing(String),
}

/// The names of a network's layers, the readout last.
pub fn names(hidden: usize) -> Vec<String> {
    (0..hidden).map(|layer| format!("layers.{layer}")).chain(["readout".to_owned()]).collect()
}

/// The network in a file.
///
/// # Errors
/// When it is damaged, has no spec, or lacks a tensor.
pub fn from_bytes(bytes: &[u8]) -> Result<PlainNetwork, FileError> {
    let (length, rest) = bytes.split_first_chunk().ok_or(FileError::Damaged)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| FileError::Damaged)?;
    let (header, numbers) = rest.split_at_checked(length).ok_or(FileError::Damaged)?;
    let header: Map<String, Value> = serde_json::from_slice(header).map_err(|_| FileError::Damaged)?;
    let text = header.get("__metadata__").and_then(|metadata| metadata.get("spec")).and_then(Value::as_str);
    let text = text.ok_or_else(|| FileError::NoSpec("it is not there".to_owned()))?;
    let spec: Spec = serde_json::from_str(text).map_err(|error| FileError::NoSpec(error.to_string()))?;
    spec.check().map_err(|error| FileError::NoSpec(error.to_string()))?;
    if spec.rule == Rule::Stdp {
        return Err(FileError::OtherRule);
    }
    let tensor = |name: String| {
        let missing = || FileError::Missing(name.clone());
        let entry = header.get(&name).filter(|entry| entry["dtype"] == "F32").ok_or_else(missing)?;
        let wholes = |key: &str| -> Option<Vec<usize>> {
            entry[key].as_array()?.iter().map(|number| number.as_u64().map(|number| number as usize)).collect()
        };
        let (shape, offsets) = wholes("shape").zip(wholes("data_offsets")).ok_or_else(missing)?;
        let [start, end] = offsets[..] else { return Err(missing()) };
        let own = numbers.get(start..end).ok_or_else(missing)?;
        let values: Vec<f32> = own.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let all = shape.iter().try_fold(1_usize, |all, size| all.checked_mul(*size));
        if all == Some(values.len()) { Ok((shape, values)) } else { Err(missing()) }
    };
    let pixels = header.get("__metadata__").and_then(|metadata| metadata.get("pixels")).and_then(Value::as_str);
    let of_dataset = spec.dataset.image_size().iter().product();
    let pixels = pixels.and_then(|text| text.parse().ok()).unwrap_or(of_dataset);
    if spec.has_convolution() {
        spec.check_fit(pixels).map_err(|error| FileError::NoSpec(error.to_string()))?;
    }
    let mut image = FeatureMaps::of_image(pixels);
    let mut layers: Vec<Synapses> = Vec::new();
    for name in names(spec.layers.len()) {
        let (shape, weight) = tensor(format!("{name}.weight"))?;
        let (_, bias) = tensor(format!("{name}.bias"))?;
        let missing = || FileError::Missing(format!("{name}.weight"));
        let (inputs, outputs, window) = match (spec.layers.get(layers.len()), &shape[..]) {
            (Some(LayerSpec::Dense(_)) | None, [outputs, inputs]) => (*inputs, *outputs, None),
            (Some(LayerSpec::Convolution(convolution)), [outputs, ..]) => {
                let window = convolution.over(image).ok_or_else(missing)?;
                (image.neurons(), outputs * window.places(), Some(window))
            }
            _ => return Err(missing()),
        };
        if let Some(window) = window {
            image = FeatureMaps { channels: bias.len(), rows: window.rows(), columns: window.columns() };
        }
        let layer = Synapses { inputs, outputs, weight, bias, window };
        if layer.shape() != shape {
            return Err(missing());
        }
        layers.push(layer);
    }
    let network = PlainNetwork { spec, layers };
    if network.is_whole() { Ok(network) } else { Err(FileError::Missing("readout.weight".to_owned())) }
}

/// The file of a network.
///
/// ```
/// use spiking_playground::chips::file::{from_bytes, to_bytes};
/// use spiking_playground::chips::{Synapses, PlainNetwork};
/// use spiking_playground::spec::{Spec, dense};
/// let layer = |inputs, outputs| Synapses { inputs, outputs, weight: vec![0.5; inputs * outputs], bias: vec![-1.0; outputs], window: None };
/// let spec = Spec { layers: dense([3]), ..Spec::default() };
/// let network = PlainNetwork { spec, layers: vec![layer(4, 3), layer(3, 2)] };
/// assert_eq!(from_bytes(&to_bytes(&network)), Ok(network));
/// ```
pub fn to_bytes(network: &PlainNetwork) -> Vec<u8> {
    let spec = serde_json::to_string(&network.spec).unwrap_or_default();
    let metadata = match network.spec.has_convolution() {
        true => json!({ "spec": spec, "pixels": network.pixels().to_string() }),
        false => json!({ "spec": spec }),
    };
    let mut header = Map::from_iter([("__metadata__".to_owned(), metadata)]);
    let mut numbers: Vec<u8> = Vec::new();
    let mut add = |name: String, shape: &[usize], values: &[f32]| {
        let start = numbers.len();
        numbers.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        header.insert(name, json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, numbers.len()] }));
    };
    for (name, layer) in names(network.spec.layers.len()).iter().zip(&network.layers) {
        add(format!("{name}.weight"), &layer.shape(), &layer.weight);
        add(format!("{name}.bias"), &[layer.bias.len()], &layer.bias);
    }
    let mut header = Value::Object(header).to_string().into_bytes();
    // Numbers begin at a multiple of their size.
    header.resize(header.len().next_multiple_of(8), b' ');
    [&(header.len() as u64).to_le_bytes()[..], &header, &numbers].concat()
}
