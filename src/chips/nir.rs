//! NIR, the neuromorphic intermediate representation: a graph of layers with physical time constants, in an HDF5 file.
//!
//! ```text
//! ours                                NIR, by one Euler step of dt
//! u[t] = β·v[t-1] + g·I[t]            LIF:     τ·dv/dt = v_leak - v + r·I
//!                                     τ = dt/(1 - β), r = 1, v_leak = v_reset = 0, v_threshold = θ·(1 - β)/g
//! i[t] = α·i[t-1] + I[t]              CubaLIF: τ_syn·di/dt = -i + w_in·I,  τ_mem·dv/dt = v_leak - v + r·i
//!                                     τ_syn = dt/(1 - α), w_in = τ_syn/dt, r = τ_mem/dt, v_threshold = θ/g
//! v[t] = β·v[t-1] + I[t] (readout)    LI:      τ = dt/(1 - β), r = τ/dt
//! ```
//!
//! LIF says r = 1 since Norse reads no other; CubaLIF says r = τ_mem/dt and w_in = τ_syn/dt since snnTorch 1.0.0 and SpikingJelly do
//! (`tests/peers/interchange.py` runs all three). NIR has no dt, no time steps, no coding and no reset by subtraction. Format: NIR
//! 1.0.8 (<https://neuroir.org/docs/primitives.html>); Pedersen and others 2024, doi:10.1038/s41467-024-52259-9.

use super::hdf5::{Entry, Group, Set, Values};
use super::{CannotSay, PlainNetwork, Synapses, cannot, with_layers};
use crate::spec::{Neuron, Readout, Reset, Spec};
use std::collections::BTreeMap;

/// A time step in seconds where a file says none: snnTorch, SpikingJelly and NIR's own examples take it too.
pub const DT: f64 = 1e-4;
/// The version that is written.
const VERSION: &str = "1.0.8";
/// Decays and scales that differ by less are one.
const SAME: f64 = 1e-5;

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
    for (index, layer) in network.layers.iter().enumerate() {
        let is_readout = index == hidden;
        add(if is_readout { "readout".to_owned() } else { format!("layers_{index}") }, affine(layer));
        if !is_readout || network.output_spikes() {
            add(format!("neurons_{index}"), spiking(neuron, layer.outputs));
        } else if end == End::Integrator {
            add("integrators".to_owned(), integrators(neuron.beta, layer.outputs));
        }
    }
    let (inputs, outputs) = (network.layers.first().map_or(0, |layer| layer.inputs), classes(network));
    let shape =
        |kind: &str, size: usize| Group::of([("type", Set::text(kind)), ("shape", Set::wholes(vec![size as i64]))]);
    chain.push("output".to_owned());
    let nodes = nodes.with("input", shape("Input", inputs)).with("output", shape("Output", outputs));
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

/// One value for each of so many neurons.
fn each(neurons: usize, value: f64) -> Set {
    Set::floats(vec![neurons], vec![value as f32; neurons])
}

fn spiking(neuron: &Neuron, neurons: usize) -> Group {
    let (alpha, beta) = (f64::from(neuron.alpha), f64::from(neuron.beta));
    let (threshold, gain) = (f64::from(neuron.threshold), f64::from(neuron.gain));
    let tau = DT / (1.0 - beta);
    let all = |value: f64| each(neurons, value);
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

fn integrators(beta: f32, neurons: usize) -> Group {
    let tau = DT / (1.0 - f64::from(beta));
    let all = |value: f64| each(neurons, value);
    Group::of([("type", Set::text("LI")), ("tau", all(tau)), ("r", all(tau / DT)), ("v_leak", all(0.0))])
}

/// Why a file is not a network of this program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NirError {
    /// It has no graph.
    #[error("it holds no NIR graph (there is no `/node` of type NIRGraph)")]
    NoGraph,
    /// A part is missing or is of another shape.
    #[error("`{node}` has no `{part}` as it should be: {wanted} is wanted")]
    Missing {
        /// The node.
        node: String,
        /// What of it.
        part: &'static str,
        /// What should be there.
        wanted: String,
    },
    /// The nodes are no chain.
    #[error("its layers do not follow each other: {0}")]
    NoChain(String),
    /// There is no such layer here.
    #[error("`{0}` is a {1}, and only Affine, Linear, LIF, CubaLIF, LI, CubaLI and Flatten can be read")]
    OtherNode(String, String),
    /// The layers stand in an order that no network here has.
    #[error("`{0}` comes where {1} is wanted: layers are synapses (Affine or Linear), then neurons (LIF or CubaLIF)")]
    OtherOrder(String, &'static str),
    /// Two neurons forget at different speeds.
    #[error("`{0}` and `{1}` have different `{2}`, and all neurons of a network here have the same")]
    Differs(String, String, &'static str),
    /// A neuron is not reset to what it leaks to.
    #[error(
        "`{0}` is reset to something else than it leaks to (v_reset and v_leak), and neurons here are reset to where they rest"
    )]
    Reset(String),
    /// A number has no meaning.
    #[error("`{0}` has a `{1}` that no neuron here can have: {2}")]
    Bad(String, &'static str, String),
}

/// A graph that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedGraph {
    /// The network. What the file leaves open is as the spec had it that was given for it.
    pub network: PlainNetwork,
    /// dt in seconds, and who said so.
    pub dt: (f64, DtSource),
    /// Whether its header had our spec, which agrees with the graph.
    pub has_own_spec: bool,
    /// Whether it ends at the currents: its outputs are taken for integrators.
    pub ends_at_currents: bool,
}

/// Who said what dt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DtSource {
    /// Whoever opens the file.
    Reader,
    /// The file's metadata.
    File,
    /// Nobody: it is what is usual.
    Nobody,
}

/// Whether these are the settings that a graph says; all else is open.
pub const SETTLED: [&str; 7] = ["hidden", "alpha", "beta", "gain", "threshold", "reset", "readout"];

/// The spec in the metadata of a file of this program; none in others.
pub fn own_spec(root: &Group) -> Option<Spec> {
    let text = root.group("node")?.group("metadata")?.text("spec")?;
    serde_json::from_str::<Spec>(text).ok().filter(|spec| spec.check().is_ok())
}

/// The network of a graph. `open` has what NIR does not say (time steps, coding …), `dt` the time step in seconds if it is known.
///
/// # Errors
/// When it is no graph, or one of another kind of network; each error names the node.
pub fn from_group(root: &Group, open: &Spec, dt: Option<f64>) -> Result<ImportedGraph, NirError> {
    let graph = root.group("node").filter(|graph| graph.text("type") == Some("NIRGraph")).ok_or(NirError::NoGraph)?;
    let said = graph.group("metadata").and_then(|metadata| metadata.set("dt")?.numbers()?.first().copied());
    let dt = match (dt, said.filter(|dt| *dt > 0.0 && dt.is_finite())) {
        (Some(dt), _) => (dt, DtSource::Reader),
        (None, Some(dt)) => (dt, DtSource::File),
        (None, None) => (DT, DtSource::Nobody),
    };
    let mut reader = Reader { dt: dt.0, layers: Vec::new(), neurons: None, decay: None, last: Last::Neurons };
    for (name, node) in chain(graph)? {
        reader.take(name, node)?;
    }
    reader.finish(open, dt, own_spec(root))
}

/// The nodes between input and output in the order of the edges.
fn chain(graph: &Group) -> Result<Vec<(&str, &Group)>, NirError> {
    let (Some(nodes), Some(edges)) = (graph.group("nodes"), graph.set("edges").and_then(Set::texts)) else {
        return Err(NirError::NoGraph);
    };
    let mut next: BTreeMap<&str, &str> = BTreeMap::new();
    for edge in edges.chunks_exact(2) {
        if let Some(other) = next.insert(&edge[0], &edge[1]) {
            return Err(NirError::NoChain(format!("`{}` leads to `{other}` and to `{}`", edge[0], edge[1])));
        }
    }
    let kind = |name: &str| nodes.group(name).and_then(|node| node.text("type"));
    let mut inputs = nodes.0.keys().filter(|name| kind(name) == Some("Input"));
    let (Some(input), None) = (inputs.next(), inputs.next()) else {
        return Err(NirError::NoChain("one node of type Input is wanted".to_owned()));
    };
    let (mut found, mut at): (Vec<(&str, &Group)>, &str) = (Vec::new(), input);
    while let Some(name) = next.get(at) {
        let Some(node) = nodes.group(name) else {
            return Err(NirError::NoChain(format!("an edge leads to `{name}`, which is no node")));
        };
        if kind(name) == Some("Output") {
            if found.len() + 2 != nodes.0.len() {
                return Err(NirError::NoChain("some nodes are on no way from the input to the output".to_owned()));
            }
            return Ok(found);
        }
        if found.len() >= nodes.0.len() {
            return Err(NirError::NoChain(format!("`{name}` leads back to itself")));
        }
        found.push((name, node));
        at = name;
    }
    Err(NirError::NoChain(format!("nothing follows `{at}`, and the output is not reached")))
}

/// What the newest layer of a graph is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Synapses,
    Neurons,
    Integrators,
}

/// The constants of spiking neurons, per neuron: with r·(1 - β) as gain.
struct Scales {
    gain: Vec<f64>,
    threshold: Vec<f64>,
}

/// Reads layer after layer.
struct Reader {
    dt: f64,
    layers: Vec<Synapses>,
    /// The constants of the first spiking layer's first neuron, (g, θ): all others are brought to them.
    neurons: Option<(f64, f64)>,
    /// (α, β) and whose they are.
    decay: Option<(String, f64, f64)>,
    last: Last,
}

impl Reader {
    fn take(&mut self, name: &str, node: &Group) -> Result<(), NirError> {
        let kind = node.text("type").unwrap_or("node without a type");
        match kind {
            "Flatten" => Ok(()),
            "Affine" | "Linear" => self.synapses(name, node, kind == "Affine"),
            "LIF" | "CubaLIF" => self.spiking(name, node, kind == "CubaLIF"),
            "LI" | "CubaLI" => self.integrators(name, node, kind == "CubaLI"),
            other => Err(NirError::OtherNode(name.to_owned(), other.to_owned())),
        }
    }

    fn synapses(&mut self, name: &str, node: &Group, has_bias: bool) -> Result<(), NirError> {
        if self.last != Last::Neurons {
            return Err(NirError::OtherOrder(
                name.to_owned(),
                if self.last == Last::Synapses { "neurons" } else { "the output" },
            ));
        }
        let missing = |part, wanted: String| NirError::Missing { node: name.to_owned(), part, wanted };
        let set = node.set("weight").filter(|set| set.shape.len() == 2 && !set.is_empty());
        let (Some(set), Some(weight)) = (set, set.and_then(Set::numbers)) else {
            return Err(missing("weight", "a matrix [out, in]".to_owned()));
        };
        let (outputs, inputs) = (set.shape[0], set.shape[1]);
        if let Some(before) = self.layers.last().filter(|before| before.outputs != inputs) {
            return Err(missing(
                "weight",
                format!("[out, {}], for the layer before has so many neurons,", before.outputs),
            ));
        }
        let bias = match node.set("bias").filter(|_| has_bias) {
            None if has_bias => return Err(missing("bias", format!("[{outputs}]"))),
            None => vec![0.0; outputs],
            Some(set) => set
                .numbers()
                .filter(|bias| bias.len() == outputs)
                .ok_or_else(|| missing("bias", format!("[{outputs}]")))?,
        };
        if let Some(bad) = weight.iter().chain(&bias).find(|number| !(**number as f32).is_finite()) {
            return Err(NirError::Bad(name.to_owned(), "weight", bad.to_string()));
        }
        let floats = |numbers: Vec<f64>| numbers.into_iter().map(|number| number as f32).collect();
        self.layers.push(Synapses { inputs, outputs, weight: floats(weight), bias: floats(bias), window: None });
        self.last = Last::Synapses;
        Ok(())
    }

    /// A parameter of a layer's neurons, one for each.
    fn parameter(
        &self,
        (name, node): (&str, &Group),
        part: &'static str,
        default: Option<f64>,
    ) -> Result<Vec<f64>, NirError> {
        let neurons = self.layers.last().map_or(0, |layer| layer.outputs);
        let values = match (node.set(part), default) {
            (None, Some(value)) => vec![value; neurons],
            (None, None) => Vec::new(),
            (Some(set), _) => match set.numbers().unwrap_or_default() {
                one if one.len() == 1 => vec![one[0]; neurons],
                many => many,
            },
        };
        if values.len() != neurons {
            return Err(NirError::Missing {
                node: name.to_owned(),
                part,
                wanted: format!("[{neurons}] numbers or one"),
            });
        }
        match values.iter().find(|value| !value.is_finite()) {
            Some(bad) => Err(NirError::Bad(name.to_owned(), part, bad.to_string())),
            None => Ok(values),
        }
    }

    /// The decay of a layer by a time constant: one for all its neurons, and for those of all layers.
    fn decay_of(&self, (name, node): (&str, &Group), part: &'static str) -> Result<f64, NirError> {
        let taus = self.parameter((name, node), part, None)?;
        let decays: Vec<f64> = taus.iter().map(|tau| 1.0 - self.dt / tau).collect();
        let first = decays.first().copied().unwrap_or(0.0);
        if decays.iter().any(|decay| (decay - first).abs() > SAME) {
            return Err(NirError::Differs(name.to_owned(), name.to_owned(), part));
        }
        if !(0.0..1.0).contains(&first) {
            let wanted = format!("{} with a time step of {} s", taus.first().copied().unwrap_or(0.0), self.dt);
            return Err(NirError::Bad(name.to_owned(), part, wanted));
        }
        Ok(first)
    }

    fn agree(&mut self, name: &str, alpha: Option<f64>, beta: f64) -> Result<(), NirError> {
        match &self.decay {
            None => self.decay = Some((name.to_owned(), alpha.unwrap_or(0.0), beta)),
            Some((other, a, b)) => {
                if (b - beta).abs() > SAME {
                    return Err(NirError::Differs(other.clone(), name.to_owned(), "tau"));
                }
                if alpha.is_some_and(|alpha| (a - alpha).abs() > SAME) {
                    return Err(NirError::Differs(other.clone(), name.to_owned(), "tau_syn"));
                }
            }
        }
        Ok(())
    }

    fn spiking(&mut self, name: &str, node: &Group, is_cuba: bool) -> Result<(), NirError> {
        if self.last != Last::Synapses {
            return Err(NirError::OtherOrder(name.to_owned(), "synapses"));
        }
        let at = (name, node);
        let beta = self.decay_of(at, if is_cuba { "tau_mem" } else { "tau" })?;
        let alpha = if is_cuba { self.decay_of(at, "tau_syn")? } else { 0.0 };
        self.agree(name, Some(alpha), beta)?;
        let (leak, threshold) = (self.parameter(at, "v_leak", Some(0.0))?, self.parameter(at, "v_threshold", None)?);
        let reset = self.parameter(at, "v_reset", Some(0.0))?;
        if leak.iter().zip(&reset).any(|(leak, reset)| (leak - reset).abs() > SAME) {
            return Err(NirError::Reset(name.to_owned()));
        }
        let r = self.parameter(at, "r", Some(1.0))?;
        let w_in = self.parameter(at, "w_in", Some(1.0))?;
        let synaptic = if is_cuba { 1.0 - alpha } else { 1.0 };
        let gain: Vec<f64> = r
            .iter()
            .zip(&w_in)
            .map(|(r, w_in)| r * (1.0 - beta) * if is_cuba { w_in * synaptic } else { 1.0 })
            .collect();
        let threshold: Vec<f64> = threshold.iter().zip(&leak).map(|(threshold, leak)| threshold - leak).collect();
        for (part, values) in [("r", &gain), ("v_threshold", &threshold)] {
            if let Some(bad) = values.iter().find(|value| **value <= 0.0) {
                return Err(NirError::Bad(name.to_owned(), part, format!("{bad} in all, and more than 0 is wanted")));
            }
        }
        self.bring_to_one(&Scales { gain, threshold });
        self.last = Last::Neurons;
        Ok(())
    }

    /// Brings the neurons of the newest layer to the constants of the first: what a neuron's own gain and threshold are to those,
    /// its weights are multiplied by.
    fn bring_to_one(&mut self, scales: &Scales) {
        let first = (scales.gain.first().copied().unwrap_or(1.0), scales.threshold.first().copied().unwrap_or(1.0));
        let (gain, threshold) = *self.neurons.get_or_insert(first);
        let Some(layer) = self.layers.last_mut() else { return };
        for (neuron, (own_gain, own_threshold)) in scales.gain.iter().zip(&scales.threshold).enumerate() {
            scale(layer, neuron, own_gain / gain * (threshold / own_threshold));
        }
    }

    fn integrators(&mut self, name: &str, node: &Group, is_cuba: bool) -> Result<(), NirError> {
        if self.last != Last::Synapses {
            return Err(NirError::OtherOrder(name.to_owned(), "synapses"));
        }
        let at = (name, node);
        let beta = self.decay_of(at, if is_cuba { "tau_mem" } else { "tau" })?;
        // The readout has no synaptic current of its own here.
        let synaptic = if is_cuba { self.decay_of(at, "tau_syn")? } else { 0.0 };
        if synaptic > SAME {
            return Err(NirError::Bad(name.to_owned(), "tau_syn", format!("{synaptic}, and outputs here have none")));
        }
        self.agree(name, None, beta)?;
        if let Some(leak) = self.parameter(at, "v_leak", Some(0.0))?.iter().find(|leak| leak.abs() > SAME) {
            return Err(NirError::Bad(name.to_owned(), "v_leak", format!("{leak}, and outputs here rest at 0")));
        }
        let (r, w_in) = (self.parameter(at, "r", Some(1.0))?, self.parameter(at, "w_in", Some(1.0))?);
        if let Some(layer) = self.layers.last_mut() {
            for (neuron, (r, w_in)) in r.iter().zip(&w_in).enumerate() {
                scale(layer, neuron, r * (1.0 - beta) * if is_cuba { *w_in } else { 1.0 });
            }
        }
        self.last = Last::Integrators;
        Ok(())
    }

    fn finish(mut self, open: &Spec, dt: (f64, DtSource), own: Option<Spec>) -> Result<ImportedGraph, NirError> {
        let Some((_, alpha, beta)) = self.decay.take() else {
            return Err(NirError::NoChain("there are no neurons".to_owned()));
        };
        let readout = if self.last == Last::Neurons { Readout::SpikeCount } else { Readout::Membrane };
        let (gain, threshold) = self.neurons.unwrap_or((1.0, 1.0));
        let neuron = |of: &Neuron, gain: f64, threshold: f64| Neuron {
            alpha: rounded(alpha),
            beta: rounded(beta),
            gain: rounded(gain),
            threshold: rounded(threshold),
            reset: Reset::Zero,
            ..*of
        };
        // Our own scale, where the file says it and means the same: u = u_NIR·θ/θ_NIR.
        let is_same = |own: &Spec| {
            let kept = own.neuron;
            let ratio = f64::from(kept.gain) / gain * (threshold / f64::from(kept.threshold));
            with_layers(own, &self.layers).layers == own.layers
                && own.readout == readout
                && (f64::from(kept.beta) - beta).abs() < SAME
                && (f64::from(kept.alpha) - alpha).abs() < SAME
                && (ratio - 1.0).abs() < SAME
                && !kept.is_adaptive()
                && kept.reset == Reset::Zero
        };
        let own = own.filter(is_same);
        let has_own_spec = own.is_some();
        let spec = match own {
            Some(own) => own,
            None => {
                let spec = with_layers(open, &self.layers);
                Spec { neuron: neuron(&open.neuron, gain, threshold), readout, ..spec }
            }
        };
        let ends_at_currents = self.last == Last::Synapses;
        let network = PlainNetwork { spec, layers: self.layers };
        Ok(ImportedGraph { network, dt, has_own_spec, ends_at_currents })
    }
}

/// Multiplies what comes into a neuron; a factor that is one but for rounding leaves it as it is.
fn scale(layer: &mut Synapses, neuron: usize, factor: f64) {
    if (factor - 1.0).abs() < 1e-6 {
        return;
    }
    let inputs = layer.inputs;
    let weights = layer.weight[neuron * inputs..][..inputs].iter_mut().chain(&mut layer.bias[neuron..=neuron]);
    weights.for_each(|weight| *weight = (f64::from(*weight) * factor) as f32);
}

/// A constant as a link says it, with six digits.
fn rounded(value: f64) -> f32 {
    ((value * 1e6).round() / 1e6) as f32
}
