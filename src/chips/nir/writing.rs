//! The graph of a network.

use super::DT;
use crate::chips::hdf5::{Entry, Group, Set, Values};
use crate::chips::{CannotSay, PlainNetwork, Synapses, cannot};
use crate::spec::{FeatureMaps, Neuron, Reset, Window};

/// The version that is written.
const VERSION: &str = "1.0.8";

/// What is at the end of a graph whose readout is the membrane potential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// A leaky integrator, as NIR says it. snnTorch and SpikingJelly refuse it, Norse and sinabs leave it out without a word.
    #[default]
    Integrator,
    /// The currents into the outputs, which all of them read: whoever runs it integrates.
    Currents,
}

/// The graph of a network.
///
/// # Errors
/// Where NIR has no word for a setting.
pub fn to_group(network: &PlainNetwork, end: End) -> Result<Group, CannotSay> {
    const PLACE: &str = "in NIR";
    const SOURCE: &str = "train with another value, or export its source code (`--to numpy`)";
    let spec = &network.spec;
    network.check_rule(PLACE)?;
    let neuron = &spec.neuron;
    if neuron.reset != Reset::Zero {
        return Err(cannot(spec, "reset", PLACE, "train with `reset=zero`, or export its source code (`--to numpy`)"));
    }
    if neuron.is_adaptive() {
        return Err(cannot(spec, "adaptation", PLACE, SOURCE));
    }
    for (name, decay) in [("beta", neuron.beta), ("alpha", neuron.alpha)] {
        if decay >= 1.0 {
            return Err(cannot(spec, name, PLACE, SOURCE));
        }
    }
    if neuron.gain <= 0.0 {
        return Err(cannot(spec, "gain", PLACE, SOURCE));
    }
    let mut nodes = Group::default();
    let mut chain = vec!["input".to_owned()];
    let mut add = |name: String, node: Group| {
        nodes.0.insert(name.clone(), Entry::Group(node));
        chain.push(name);
    };
    let hidden = network.layers.len().saturating_sub(1);
    let mut before = None;
    for (index, layer) in network.layers.iter().enumerate() {
        let is_readout = index == hidden;
        if let Some(maps) = before.take().filter(|_| layer.window.is_none()) {
            add("flatten".to_owned(), flatten(maps));
        }
        let synapses = layer.window.map_or_else(|| affine(layer), |window| convolution(layer, window));
        add(if is_readout { "readout".to_owned() } else { format!("layers_{index}") }, synapses);
        before = layer.maps();
        let shape = before.map_or_else(|| vec![layer.outputs], |maps| vec![maps.channels, maps.rows, maps.columns]);
        if !is_readout || network.output_spikes() {
            add(format!("neurons_{index}"), spiking(neuron, &shape));
        } else if end == End::Integrator {
            add("integrators".to_owned(), integrators(neuron.beta, &shape));
        }
    }
    let input = match network.layers.first().and_then(|layer| layer.window) {
        Some(window) => [window.input.channels, window.input.rows, window.input.columns].to_vec(),
        None => vec![network.pixels()],
    };
    let shape = |kind: &str, sizes: &[usize]| Group::of([("type", Set::text(kind)), ("shape", wholes(sizes))]);
    chain.push("output".to_owned());
    let nodes = nodes.with("input", shape("Input", &input)).with("output", shape("Output", &[classes(network)]));
    let edges: Vec<String> = chain.windows(2).flatten().cloned().collect();
    let edges = Set { shape: vec![edges.len() / 2, 2], values: Values::Text(edges) };
    // Only a hint: without it the graph means the same.
    let metadata = Group::of([
        ("spec", Set::text(serde_json::to_string(spec).unwrap_or_default())),
        ("dt", Set { shape: Vec::new(), values: Values::F64(vec![DT]) }),
        ("made_by", Set::text(concat!("Spiking Playground ", env!("CARGO_PKG_VERSION")))),
    ]);
    let graph = Group::of([("type", Set::text("NIRGraph")), ("edges", edges)]).with("metadata", metadata);
    Ok(Group::of([("version", Set::text(VERSION))]).with("node", graph.with("nodes", nodes)))
}

fn classes(network: &PlainNetwork) -> usize {
    network.layers.last().map_or(0, |layer| layer.outputs)
}

fn affine(layer: &Synapses) -> Group {
    Group::of([
        ("type", Set::text("Affine")),
        ("weight", Set::floats(vec![layer.outputs, layer.inputs], layer.weight.clone())),
        ("bias", Set::floats(vec![layer.outputs], layer.bias.clone())),
    ])
}

fn wholes(sizes: &[usize]) -> Set {
    Set::wholes(sizes.iter().map(|size| *size as i64).collect())
}

fn convolution(layer: &Synapses, window: Window) -> Group {
    let Window { input, kernel, stride, padding } = window;
    Group::of([
        ("type", Set::text("Conv2d")),
        ("weight", Set::floats(vec![layer.bias.len(), input.channels, kernel, kernel], layer.weight.clone())),
        ("bias", Set::floats(vec![layer.bias.len()], layer.bias.clone())),
        ("stride", wholes(&[stride; 2])),
        ("padding", wholes(&[padding; 2])),
        ("dilation", wholes(&[1; 2])),
        ("groups", Set::whole(1)),
        ("input_shape", wholes(&[input.rows, input.columns])),
    ])
}

/// Maps [C, rows, columns] as a row of numbers. NIR counts dimensions without that of the samples.
fn flatten(maps: FeatureMaps) -> Group {
    Group::of([
        ("type", Set::text("Flatten")),
        ("input_type", wholes(&[maps.channels, maps.rows, maps.columns])),
        ("start_dim", Set::whole(0)),
        ("end_dim", Set::whole(-1)),
    ])
}

/// One value for each of the neurons of this shape.
fn each(shape: &[usize], value: f64) -> Set {
    Set::floats(shape.to_vec(), vec![value as f32; shape.iter().product()])
}

fn spiking(neuron: &Neuron, shape: &[usize]) -> Group {
    let (alpha, beta) = (f64::from(neuron.alpha), f64::from(neuron.beta));
    let (threshold, gain) = (f64::from(neuron.threshold), f64::from(neuron.gain));
    let tau = DT / (1.0 - beta);
    let all = |value: f64| each(shape, value);
    if alpha == 0.0 {
        return Group::of([
            ("type", Set::text("LIF")),
            ("tau", all(tau)),
            ("r", all(1.0)),
            ("v_leak", all(0.0)),
            ("v_threshold", all(threshold * (1.0 - beta) / gain)),
            ("v_reset", all(0.0)),
        ]);
    }
    let synaptic = DT / (1.0 - alpha);
    Group::of([
        ("type", Set::text("CubaLIF")),
        ("tau_mem", all(tau)),
        ("tau_syn", all(synaptic)),
        ("r", all(tau / DT)),
        ("w_in", all(synaptic / DT)),
        ("v_leak", all(0.0)),
        ("v_threshold", all(threshold / gain)),
        ("v_reset", all(0.0)),
    ])
}

fn integrators(beta: f32, shape: &[usize]) -> Group {
    let tau = DT / (1.0 - f64::from(beta));
    let all = |value: f64| each(shape, value);
    Group::of([("type", Set::text("LI")), ("tau", all(tau)), ("r", all(tau / DT)), ("v_leak", all(0.0))])
}
