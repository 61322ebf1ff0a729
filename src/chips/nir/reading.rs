//! The network of a graph.

use super::DT;
use crate::chips::hdf5::{Group, Set};
use crate::chips::{PlainNetwork, Synapses, with_layers};
use crate::spec::{FeatureMaps, MAX_CHANNELS, MAX_KERNEL, MAX_PLACED_NEURONS, Neuron, Readout, Reset, Spec, Window};
use std::collections::BTreeMap;

/// The maximal rows, columns and channels of maps.
const MOST_SIZE: f64 = 256.0;
/// Decays and scales that differ by less are one.
const SAME: f64 = 1e-5;

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
    #[error("`{0}` is a {1}, and only Affine, Linear, Conv2d, LIF, CubaLIF, LI, CubaLI and Flatten can be read")]
    OtherNode(String, String),
    /// The layers stand in an order that no network here has.
    #[error(
        "`{0}` comes where {1} is wanted: layers are synapses (Affine, Linear or Conv2d), then neurons (LIF or CubaLIF)"
    )]
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
    let mut reader =
        Reader { dt: dt.0, input: image(graph), layers: Vec::new(), neurons: None, decay: None, last: Last::Neurons };
    for (name, node) in chain(graph)? {
        reader.take(name, node)?;
    }
    reader.finish(open, dt, own_spec(root))
}

/// The image that a graph's input is, [C, rows, columns], if it is one.
fn image(graph: &Group) -> Option<FeatureMaps> {
    let nodes = graph.group("nodes")?;
    let input = nodes.0.keys().find_map(|name| nodes.group(name).filter(|node| node.text("type") == Some("Input")))?;
    match input.set("shape")?.numbers()?[..] {
        [channels, rows, columns] => maps_of([channels, rows, columns]),
        _ => None,
    }
}

/// Sizes of maps that are whole numbers and not 0.
fn maps_of(sizes: [f64; 3]) -> Option<FeatureMaps> {
    let [channels, rows, columns] = sizes.map(|size| size as usize);
    let maps = FeatureMaps { channels, rows, columns };
    let is_whole = sizes.iter().all(|size| size.fract() == 0.0 && (1.0..=MOST_SIZE).contains(size));
    is_whole.then_some(maps)
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
    /// Rows and columns of the input, if it has them.
    input: Option<FeatureMaps>,
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
            "Affine" | "Linear" | "Conv2d" => self.synapses(name, node, kind),
            "LIF" | "CubaLIF" => self.spiking(name, node, kind == "CubaLIF"),
            "LI" | "CubaLI" => self.integrators(name, node, kind == "CubaLI"),
            other => Err(NirError::OtherNode(name.to_owned(), other.to_owned())),
        }
    }

    fn synapses(&mut self, name: &str, node: &Group, kind: &str) -> Result<(), NirError> {
        if self.last != Last::Neurons {
            return Err(NirError::OtherOrder(
                name.to_owned(),
                if self.last == Last::Synapses { "neurons" } else { "the output" },
            ));
        }
        let missing = |part, wanted: String| NirError::Missing { node: name.to_owned(), part, wanted };
        let is_convolution = kind == "Conv2d";
        let (dimensions, wanted) =
            if is_convolution { (4, "kernels [out, in, K, K]") } else { (2, "a matrix [out, in]") };
        let set = node.set("weight").filter(|set| set.shape.len() == dimensions && !set.is_empty());
        let (Some(set), Some(weight)) = (set, set.and_then(Set::numbers)) else {
            return Err(missing("weight", wanted.to_owned()));
        };
        let gives = set.shape[0];
        let (inputs, outputs, window) = if is_convolution {
            let window = self.window((name, node), &set.shape)?;
            (window.input.neurons(), gives * window.places(), Some(window))
        } else {
            (set.shape[1], gives, None)
        };
        if let Some(before) = self.layers.last().filter(|before| before.outputs != inputs) {
            return Err(missing(
                "weight",
                format!("[out, {}], for the layer before has so many neurons,", before.outputs),
            ));
        }
        let bias = match node.set("bias").filter(|_| kind != "Linear") {
            None if kind == "Affine" => return Err(missing("bias", format!("[{gives}]"))),
            None => vec![0.0; gives],
            Some(set) => {
                set.numbers().filter(|bias| bias.len() == gives).ok_or_else(|| missing("bias", format!("[{gives}]")))?
            }
        };
        if let Some(bad) = weight.iter().chain(&bias).find(|number| !(**number as f32).is_finite()) {
            return Err(NirError::Bad(name.to_owned(), "weight", bad.to_string()));
        }
        let floats = |numbers: Vec<f64>| numbers.into_iter().map(|number| number as f32).collect();
        self.layers.push(Synapses { inputs, outputs, weight: floats(weight), bias: floats(bias), window });
        self.last = Last::Synapses;
        Ok(())
    }

    /// The way of a convolution's kernels, [out, in, K, K], over the maps before it.
    fn window(&self, (name, node): (&str, &Group), shape: &[usize]) -> Result<Window, NirError> {
        let missing = |part, wanted: &str| NirError::Missing { node: name.to_owned(), part, wanted: wanted.to_owned() };
        if shape[2] != shape[3] || shape[2] > MAX_KERNEL || shape[0] > MAX_CHANNELS {
            let wanted = format!("kernels [out, in, K, K] of at most {MAX_CHANNELS} maps and K = {MAX_KERNEL}");
            return Err(missing("weight", &wanted));
        }
        // One number for both directions, or two that are equal.
        let both = |part: &'static str, default: usize| match node.set(part) {
            None => Ok(default),
            Some(set) => match set.numbers().unwrap_or_default()[..] {
                [one] if one >= 0.0 && one.fract() == 0.0 => Ok(one as usize),
                [down, right] if down == right && down >= 0.0 && down.fract() == 0.0 => Ok(down as usize),
                _ => Err(missing(part, "one number for rows and columns")),
            },
        };
        let (stride, dilation, groups) = (both("stride", 1)?, both("dilation", 1)?, both("groups", 1)?);
        let padding = match node.text("padding") {
            Some("valid") => 0,
            Some("same") if stride == 1 && shape[2] % 2 == 1 => shape[2] / 2,
            Some(_) => return Err(missing("padding", "a number, or `valid`")),
            None => both("padding", 0)?,
        };
        for (part, value) in [("dilation", dilation), ("groups", groups)] {
            if value != 1 {
                return Err(NirError::Bad(name.to_owned(), part, format!("{value}, and convolutions here have 1")));
            }
        }
        let stated = node.set("input_shape").and_then(Set::numbers).and_then(|sizes| match sizes[..] {
            [rows, columns] => maps_of([shape[1] as f64, rows, columns]),
            _ => None,
        });
        let before = match self.layers.last() {
            Some(layer) => layer.maps(),
            None => self.input.or(stated),
        };
        let input = before.ok_or_else(|| missing("input_shape", "the rows and columns of what comes in"))?;
        let window = Window { input, kernel: shape[2], stride, padding };
        if input.channels != shape[1] {
            return Err(missing("weight", &format!("[out, {}, K, K], for so many maps come in,", input.channels)));
        }
        let is_in_range = (1..=window.kernel).contains(&stride) && padding < window.kernel;
        if !is_in_range || window.places() == 0 || shape[0] * window.places() > MAX_PLACED_NEURONS {
            let way =
                format!("stride {stride} and padding {padding}, by which no layer of a reasonable size comes out");
            return Err(NirError::Bad(name.to_owned(), "stride", way));
        }
        Ok(window)
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
        self.bring_to_one(name, &Scales { gain, threshold })?;
        self.last = Last::Neurons;
        Ok(())
    }

    /// Brings the neurons of the newest layer to the constants of the first: what a neuron's own gain and threshold are to those,
    /// its weights are multiplied by.
    fn bring_to_one(&mut self, name: &str, scales: &Scales) -> Result<(), NirError> {
        let first = (scales.gain.first().copied().unwrap_or(1.0), scales.threshold.first().copied().unwrap_or(1.0));
        let (gain, threshold) = *self.neurons.get_or_insert(first);
        let factor = |(own_gain, own_threshold): (&f64, &f64)| own_gain / gain * (threshold / own_threshold);
        self.scale_newest(name, scales.gain.iter().zip(&scales.threshold).map(factor).collect())
    }

    /// Multiplies what comes into each neuron of the newest layer by a factor of its own; those of a feature map share one.
    fn scale_newest(&mut self, name: &str, factors: Vec<f64>) -> Result<(), NirError> {
        let Some(layer) = self.layers.last_mut() else { return Ok(()) };
        let places = layer.window.map_or(1, Window::places).max(1);
        for (map, factors) in factors.chunks(places).enumerate() {
            if factors.iter().any(|factor| (factor - factors[0]).abs() > SAME) {
                return Err(NirError::Differs(name.to_owned(), name.to_owned(), "v_threshold"));
            }
            scale(layer, map, factors[0]);
        }
        Ok(())
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
        let factor = |(r, w_in): (&f64, &f64)| r * (1.0 - beta) * if is_cuba { *w_in } else { 1.0 };
        self.scale_newest(name, r.iter().zip(&w_in).map(factor).collect())?;
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

/// Multiplies what comes into a neuron, or those of a feature map; a factor that is one but for rounding leaves it as it is.
fn scale(layer: &mut Synapses, neuron: usize, factor: f64) {
    if (factor - 1.0).abs() < 1e-6 {
        return;
    }
    let inputs = layer.window.map_or(layer.inputs, Window::taps);
    let weights = layer.weight[neuron * inputs..][..inputs].iter_mut().chain(&mut layer.bias[neuron..=neuron]);
    weights.for_each(|weight| *weight = (f64::from(*weight) * factor) as f32);
}

/// A constant as a link says it, with six digits.
fn rounded(value: f64) -> f32 {
    ((value * 1e6).round() / 1e6) as f32
}
