//! The file that a user of Loihi loads with Lava's `netx` (lava-dl 0.6.0, `lava/lib/dl/netx/hdf5.py`): layers in order, with integer
//! weights and decays, thresholds in units of weights, in an HDF5 file.

use super::hdf5::{Entry, Group, Set, Values};
use super::loihi::{BIAS_EXPONENT, LoihiLayer, LoihiNetwork, MOST_THRESHOLD};
use super::{CannotSay, PlainNetwork, Synapses, cannot, with_layers};
use crate::spec::{Neuron, Readout, Reset, Spec};

/// Why a file is not a network for the chip.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetxError {
    /// It has no layers.
    #[error("it holds no layers (there is no `/layer/0` of type dense or input)")]
    NoLayers,
    /// A layer is of another type.
    #[error("layer {0} is a {1}, and only dense ones can be read")]
    OtherLayer(usize, String),
    /// Two layers forget at different speeds.
    #[error("its layers have different {0}, and all neurons of a network here have the same")]
    Differs(&'static str),
    /// A part of a layer is missing, or has no meaning.
    #[error("layer {0} has no `{1}` as it should be: {2} is wanted")]
    Missing(usize, &'static str, String),
}

/// The file of a network.
///
/// # Errors
/// When weights are so small beside the threshold that the chip would halve their sums: the file has whole weights only.
pub fn to_group(network: &LoihiNetwork) -> Result<Group, CannotSay> {
    if network.layers.iter().any(|layer| layer.weight_exponent < 0) {
        let way_out = "its weights are too small beside it for whole numbers: take `--to lava`, or train with a smaller threshold";
        return Err(cannot(&network.spec, "threshold", "in a `.net` file", way_out));
    }
    let fixed = |text: &str| Set { shape: vec![1], values: Values::FixedText(vec![text.to_owned()]) };
    let mut layers = Group::default();
    let inputs = network.layers.first().map_or(0, |layer| layer.inputs);
    let first = Group::of([("type", fixed("input")), ("shape", Set::wholes(vec![inputs as i64]))]);
    layers.0.insert("0".to_owned(), Entry::Group(first));
    for (index, layer) in network.layers.iter().enumerate() {
        let neuron = Group::of([
            ("type", Set::text("CUBA")),
            ("iDecay", Set::whole(i64::from(layer.current_decay) + 1)),
            ("vDecay", Set::whole(layer.voltage_decay.into())),
            ("vThMant", Set::whole(layer.threshold.into())),
            ("refDelay", Set::whole(1)),
        ]);
        let weights = layer.weights.iter().map(|weight| (weight << layer.weight_exponent) as f32).collect();
        let dense = Group::of([
            ("type", fixed("dense")),
            ("shape", Set::wholes(vec![layer.outputs as i64])),
            ("inFeatures", Set::whole(layer.inputs as i64)),
            ("outFeatures", Set::whole(layer.outputs as i64)),
            ("weight", Set::floats(vec![layer.outputs, layer.inputs], weights)),
            ("bias", Set::floats(vec![layer.outputs], layer.bias.iter().map(|bias| *bias as f32).collect())),
        ]);
        layers.0.insert((index + 1).to_string(), Entry::Group(dense.with("neuron", neuron)));
    }
    Ok(Group::default().with("layer", layers))
}

/// The layers of a file.
///
/// # Errors
/// When it is none, or one of layers that are not dense.
pub fn from_group(root: &Group) -> Result<Vec<LoihiLayer>, NetxError> {
    let all = root.group("layer").ok_or(NetxError::NoLayers)?;
    let mut layers: Vec<LoihiLayer> = Vec::new();
    for index in 0..all.0.len() {
        let Some(group) = all.group(&index.to_string()) else { return Err(NetxError::NoLayers) };
        match group.text("type").unwrap_or("layer without a type") {
            "input" | "flatten" => {}
            "dense" => {
                let layer = dense(group, index)?;
                if let Some(before) = layers.last().filter(|before| before.outputs != layer.inputs) {
                    return Err(NetxError::Missing(index, "weight", format!("[out, {}]", before.outputs)));
                }
                layers.push(layer);
            }
            other => return Err(NetxError::OtherLayer(index, other.to_owned())),
        }
    }
    if layers.is_empty() { Err(NetxError::NoLayers) } else { Ok(layers) }
}

fn dense(group: &Group, index: usize) -> Result<LoihiLayer, NetxError> {
    let missing = |part, wanted: &str| NetxError::Missing(index, part, wanted.to_owned());
    let set = group.set("weight").filter(|set| set.shape.len() == 2 && !set.is_empty());
    let (Some(set), Some(weights)) = (set, set.and_then(Set::numbers)) else {
        return Err(missing("weight", "a matrix [out, in]"));
    };
    let is_whole = |number: &f64| number.fract() == 0.0 && number.abs() < f64::from(1 << 24);
    if !weights.iter().all(is_whole) {
        return Err(missing("weight", "a matrix of whole numbers"));
    }
    let neuron = group.group("neuron").ok_or_else(|| missing("neuron", "a group"))?;
    let number = |part: &'static str, most: i64| {
        let value = neuron.set(part).and_then(Set::numbers).and_then(|values| values.first().copied());
        value
            .map(|value| value as i64)
            .filter(|value| (0..=most).contains(value))
            .ok_or_else(|| missing(part, "a whole number within the chip's range"))
    };
    let biases = group.set("bias").and_then(Set::numbers).unwrap_or_default();
    if !biases.iter().all(is_whole) || !(biases.is_empty() || biases.len() == set.shape[0]) {
        return Err(missing("bias", "a whole number for each neuron"));
    }
    // Weights beyond 8 bits and a sign have an exponent in common.
    let largest = weights.iter().fold(0.0_f64, |most, weight| most.max(weight.abs()));
    let mut exponent = 0;
    while largest / f64::from(1 << exponent) > 256.0 {
        exponent += 1;
    }
    Ok(LoihiLayer {
        window: None,
        inputs: set.shape[1],
        outputs: set.shape[0],
        weights: weights.iter().map(|weight| (*weight as i64 >> exponent) as i32).collect(),
        weight_exponent: exponent,
        current_decay: number("iDecay", 4096)?.max(1) as i32 - 1,
        voltage_decay: number("vDecay", 4096)? as i32,
        threshold: number("vThMant", 131_071)? as i32,
        bias: biases.iter().map(|bias| *bias as i32).collect(),
        bias_exponent: BIAS_EXPONENT,
    })
}

/// The network in floats, over the thresholds; what the file does not say is as in `open`. A last layer with the largest threshold
/// is read by its voltages: its scale is not in the file.
///
/// # Errors
/// When its layers forget at different speeds.
pub fn to_plain(layers: &[LoihiLayer], open: &Spec) -> Result<PlainNetwork, NetxError> {
    let counts = layers.last().is_some_and(|last| last.threshold < MOST_THRESHOLD);
    let (spiking, first) = (&layers[..layers.len() - usize::from(!counts)], layers.first().ok_or(NetxError::NoLayers)?);
    if layers.iter().any(|layer| layer.voltage_decay != first.voltage_decay) {
        return Err(NetxError::Differs("vDecay"));
    }
    if spiking.iter().any(|layer| layer.current_decay != first.current_decay) {
        return Err(NetxError::Differs("iDecay"));
    }
    let kept = |decay: i32| 1.0 - decay as f32 / 4096.0;
    let (alpha, beta) = (kept(first.current_decay + 1), kept(first.voltage_decay));
    let plain = |(index, layer): (usize, &LoihiLayer)| {
        let one = if index < spiking.len() {
            f64::from(layer.threshold.max(1))
        } else {
            f64::from(layer.weights.iter().map(|weight| weight.abs()).max().unwrap_or(1).max(1))
        };
        let (of_weights, of_biases) =
            (2_f64.powi(layer.weight_exponent), 2_f64.powi(layer.bias_exponent - BIAS_EXPONENT));
        let scaled = |number: &i32, by: f64| (f64::from(*number) * by / one) as f32;
        let bias = (0..layer.outputs).map(|neuron| layer.bias.get(neuron).map_or(0.0, |bias| scaled(bias, of_biases)));
        Synapses {
            window: None,
            inputs: layer.inputs,
            outputs: layer.outputs,
            weight: layer.weights.iter().map(|weight| scaled(weight, of_weights)).collect(),
            bias: bias.collect(),
        }
    };
    let layers: Vec<Synapses> = layers.iter().enumerate().map(plain).collect();
    let neuron = Neuron { alpha, beta, gain: 1.0, threshold: 1.0, reset: Reset::Zero, ..open.neuron };
    let readout = if counts { Readout::SpikeCount } else { Readout::Membrane };
    Ok(PlainNetwork { spec: Spec { neuron, readout, ..with_layers(open, &layers) }, layers })
}
