//! The import of networks from other programs' files, as users have them from PyTorch: under other names, behind
//! prefixes, in half precision, without biases, with the buffers of snnTorch's neurons beside the weights. A file that
//! fits the network in only one way is opened, and what was done to it is reported as [`Remark`]s; any other is refused
//! with the names and shapes that it holds.

use super::checkpoint::{WeightsError, is_own};
use crate::network::{Parameter, layer_names};
use crate::spec::{Convolution, FIELDS, LayerSpec, Readout, Spec, field};
use half::{bf16, f16};
use safetensors::tensor::{Dtype, SafeTensors};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What was done to a file of another program so that it could be opened, or a setting in it that the network does not
/// have.
#[derive(Clone, Debug, PartialEq)]
pub enum Remark {
    /// This prefix was removed from all names.
    Prefix(String),
    /// Layers have other names than here.
    Renamed {
        /// (theirs, ours)
        layers: Vec<(String, String)>,
        /// Whether the layers were identified by their shapes only.
        by_shape: bool,
    },
    /// These layers have no bias: it is 0.
    NoBias(Vec<String>),
    /// Numbers of these types became 32-bit floats.
    Converted(Vec<String>),
    /// These tensors are not weights of the network.
    LeftOut(Vec<String>),
    /// A neuron's buffer says another setting than the network has.
    Setting {
        /// The buffer.
        tensor: String,
        /// The setting, which is also the flag's name.
        name: &'static str,
        /// The buffer's value, as the flag takes it.
        says: String,
        /// The network's value.
        has: String,
    },
    /// By the buffers, neurons differ in this setting, which here is the same for all.
    Differs(&'static str),
    /// The value of a spike of this buffer's neurons; here it is 1.
    GradedSpikes(String, f32),
    /// The last layer's neurons spike too, and the network's integrate.
    SpikingOutput,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix(prefix) => write!(f, "its tensors were read without the `{prefix}` before their names"),
            Self::Renamed { layers, by_shape } => {
                let layer = |(theirs, ours): &(String, String)| format!("`{theirs}` as `{ours}`");
                let layers: Vec<String> = layers.iter().map(layer).collect();
                let how = if *by_shape { " and were told apart by their shapes" } else { "" };
                write!(f, "its layers have other names{how}: {}", layers.join(", "))
            }
            Self::NoBias(layers) => write!(f, "it has no bias for {}: there it is 0", quoted(layers)),
            Self::Converted(types) => write!(f, "its numbers ({}) became 32-bit floats", types.join(", ")),
            Self::LeftOut(names) => write!(f, "what is no weight of this network was left out: {}", quoted(names)),
            Self::Setting { tensor, name, says, has } => {
                write!(f, "its `{tensor}` says {name} {says}, and here it is {has}: --{name} {says} would take it over")
            }
            Self::Differs(name) => {
                write!(f, "its neurons differ in {name}, and here all have the same: --{name} says which")
            }
            Self::GradedSpikes(tensor, factor) => write!(
                f,
                "its `{tensor}` says that a spike counts {factor}, and here it is always 1: multiply the weights of the \
                 next layer by it"
            ),
            Self::SpikingOutput => f.write_str(
                "its last layer spikes too, and here it integrates: --readout spike-count would count its spikes",
            ),
        }
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The result of importing another program's file.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The network's parameters, under this program's names.
    pub parameters: Vec<Parameter>,
    /// What was done, and what else the file says.
    pub remarks: Vec<Remark>,
}

/// The parameters of the spec's network in a file. `settled` are the names of settings that are known, whatever buffers
/// say.
///
/// # Errors
/// When the file is damaged, or its tensors do not fit such a network in exactly one way.
pub fn import(spec: &Spec, bytes: &[u8], settled: &[&str]) -> Result<Imported, WeightsError> {
    let tensors = tensors(bytes)?;
    let found = find(Some(&spec.layers), &tensors)?;
    let mut used = BTreeSet::new();
    let (mut parameters, mut without, mut types) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (name, layer) in layer_names(spec.layers.len()).zip(&found.layers) {
        let mut take = |tensor: &Tensor<'_>, part: &str| {
            used.insert(tensor.name.clone());
            if tensor.dtype != Dtype::F32 {
                types.insert(format!("{:?}", tensor.dtype));
            }
            parameters.push(tensor.parameter(format!("{name}.{part}"))?);
            Ok::<_, WeightsError>(())
        };
        take(layer.weight, "weight")?;
        match layer.bias {
            Some(bias) => take(bias, "bias")?,
            None => {
                let targets = layer.weight.shape.first().copied().unwrap_or(0);
                let (bias, values) = (format!("{name}.bias"), vec![0.0; targets]);
                parameters.push(Parameter { name: bias, shape: vec![targets], values });
                without.push(name);
            }
        }
    }
    let mut remarks: Vec<Remark> = found.remark.into_iter().collect();
    if !without.is_empty() {
        remarks.push(Remark::NoBias(without));
    }
    // That our own file is rounded was wished when it was written.
    if !types.is_empty() && !is_own(bytes)? {
        remarks.push(Remark::Converted(types.into_iter().collect()));
    }
    let others: Vec<&Tensor<'_>> = tensors.iter().filter(|tensor| !used.contains(&tensor.name)).collect();
    if !others.is_empty() {
        remarks.push(Remark::LeftOut(others.iter().map(|tensor| tensor.name.clone()).collect()));
    }
    remarks.extend(settings(spec, &others, settled));
    Ok(Imported { parameters, remarks })
}

/// The sizes of the hidden layers in a file, inferred from its shapes; `None` if they cannot be, as strides and paddings of
/// convolutions.
///
/// # Errors
/// When the file is damaged.
pub fn hidden_sizes(bytes: &[u8]) -> Result<Option<Vec<usize>>, WeightsError> {
    let tensors = tensors(bytes)?;
    let Ok(found) = find(None, &tensors) else { return Ok(None) };
    if found.layers.iter().any(|layer| layer.weight.shape.len() != 2) {
        return Ok(None);
    }
    let mut sizes: Vec<usize> = found.layers.iter().map(|layer| layer.weight.rows()).collect();
    sizes.pop();
    Ok((!sizes.is_empty()).then_some(sizes))
}

/// The names of the settings that the `spec` in a header contains.
pub fn settings_of(json: &str) -> Vec<&'static str> {
    let spec: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
    let says = |name: &str| spec.get(name).is_some() || spec.get("neuron").is_some_and(|it| it.get(name).is_some());
    FIELDS.iter().map(|field| field.name).filter(|name| says(name)).collect()
}

/// A tensor in a file.
struct Tensor<'a> {
    name: String,
    /// The name without the parts that wrappers insert.
    plain: String,
    shape: Vec<usize>,
    dtype: Dtype,
    data: &'a [u8],
}

impl Tensor<'_> {
    fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(0)
    }

    /// Whether it may be the weights of a layer, or the kernels of a convolution.
    fn is_matrix(&self) -> bool {
        let is_map = match self.shape[..] {
            [_, _] => true,
            [_, _, rows, columns] => rows == columns,
            _ => false,
        };
        is_map && self.plain.ends_with("weight")
    }

    /// What it would be as the weights of a layer.
    fn map(&self) -> Map {
        let at = |place: usize| self.shape.get(place).copied();
        Map { gives: self.rows(), takes: at(1).unwrap_or(0), kernel: at(2) }
    }

    fn parameter(&self, name: String) -> Result<Parameter, WeightsError> {
        let values = floats(self.dtype, self.data)
            .ok_or_else(|| WeightsError::NotFloat(self.name.clone(), format!("{:?}", self.dtype)))?;
        Ok(Parameter { name, shape: self.shape.clone(), values })
    }
}

/// The numbers of a tensor of this type; `None` if they are no floats.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library may add cases")]
pub(super) fn floats(dtype: Dtype, data: &[u8]) -> Option<Vec<f32>> {
    let values = match dtype {
        Dtype::F32 => data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
        Dtype::F16 => data.as_chunks().0.iter().map(|bytes| f16::from_le_bytes(*bytes).to_f32()).collect(),
        Dtype::BF16 => data.as_chunks().0.iter().map(|bytes| bf16::from_le_bytes(*bytes).to_f32()).collect(),
        Dtype::F64 => data.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32).collect(),
        _ => return None,
    };
    Some(values)
}

/// The sizes of a layer's weights: [gives, takes], or, of a convolution, [gives, takes, kernel, kernel].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Map {
    gives: usize,
    takes: usize,
    kernel: Option<usize>,
}

impl Map {
    /// Whether it reads what another gives. How many places its maps have, a convolution does not say.
    fn follows(self, before: Self) -> bool {
        match (before.kernel, self.kernel) {
            (None, None) | (Some(_), Some(_)) => before.gives == self.takes,
            (Some(_), None) => before.gives > 0 && self.takes.is_multiple_of(before.gives),
            (None, Some(_)) => false,
        }
    }

    /// Whether it can be such a layer.
    fn is_of(self, layer: LayerSpec) -> bool {
        match layer {
            LayerSpec::Dense(neurons) => self.kernel.is_none() && self.gives == neurons,
            LayerSpec::Convolution(Convolution { channels, kernel, .. }) => {
                self.kernel == Some(kernel) && self.gives == channels
            }
        }
    }

    /// With rows and columns exchanged; kernels stay as they are.
    const fn exchanged(self) -> Self {
        if self.kernel.is_some() { self } else { Self { gives: self.takes, takes: self.gives, kernel: None } }
    }
}

/// A layer's tensors.
struct FoundLayer<'a> {
    weight: &'a Tensor<'a>,
    bias: Option<&'a Tensor<'a>>,
}

/// The layers of a network, from the input to the output, and how they were found.
struct Found<'a> {
    layers: Vec<FoundLayer<'a>>,
    remark: Option<Remark>,
}

/// The tensors of a file in natural order of their names, without those of our own optimizer.
fn tensors(bytes: &[u8]) -> Result<Vec<Tensor<'_>>, WeightsError> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| WeightsError::damaged(bytes, error))?;
    let mut tensors: Vec<Tensor<'_>> = Vec::new();
    for name in file.names().into_iter().filter(|name| !name.starts_with("adam.")) {
        let view = file.tensor(name).map_err(|error| WeightsError::damaged(bytes, error))?;
        let plain = without_wrappers(name);
        let (shape, dtype) = (view.shape().to_vec(), view.dtype());
        tensors.push(Tensor { name: name.to_owned(), plain, shape, dtype, data: view.data() });
    }
    tensors.sort_by(|a, b| naturally(&a.plain, &b.plain).then_with(|| a.name.cmp(&b.name)));
    Ok(tensors)
}

/// A name without the parts that DataParallel and torch.compile insert, at any position.
fn without_wrappers(name: &str) -> String {
    name.split('.').filter(|part| !["module", "_orig_mod"].contains(part)).collect::<Vec<_>>().join(".")
}

/// Compares names in natural order: 2 before 10, and fc2 before fc10.
fn naturally(a: &str, b: &str) -> Ordering {
    let parts = |text: &str| {
        let mut parts: Vec<(String, u64)> = Vec::new();
        for c in text.chars() {
            match (c.to_digit(10), parts.last_mut()) {
                (Some(digit), Some((_, number))) => {
                    *number = number.saturating_mul(10).saturating_add(u64::from(digit) + 1)
                }
                (Some(digit), None) => parts.push((String::new(), u64::from(digit) + 1)),
                (None, Some((word, 0))) => word.push(c),
                (None, _) => parts.push((c.to_string(), 0)),
            }
        }
        parts
    };
    parts(a).cmp(&parts(b)).then_with(|| a.cmp(b))
}

/// The layers of a network with these sizes of hidden layers, or with any if `hidden` is `None`.
fn find<'a>(hidden: Option<&[LayerSpec]>, tensors: &'a [Tensor<'a>]) -> Result<Found<'a>, WeightsError> {
    if let Some(layers) = named(hidden, tensors, |tensor| Some(&tensor.name)) {
        return Ok(Found { layers, remark: None });
    }
    let first = "layers.0.weight";
    let ends = |tensor: &Tensor<'_>| Some(tensor.plain.strip_suffix(first)?.to_owned());
    let prefixes: BTreeSet<String> =
        tensors.iter().filter_map(ends).filter(|prefix| prefix.is_empty() || prefix.ends_with('.')).collect();
    let behind = |prefix: &str| named(hidden, tensors, |tensor| tensor.plain.strip_prefix(prefix));
    let mut fitting = prefixes.iter().filter_map(|prefix| behind(prefix));
    match (fitting.next(), fitting.next()) {
        (Some(layers), None) => Ok(Found { remark: Some(renamed(&layers, false)), layers }),
        (Some(_), Some(_)) => Err(other(hidden, tensors)),
        (None, _) => {
            let layers = by_shape(hidden, tensors)?;
            Ok(Found { remark: Some(renamed(&layers, true)), layers })
        }
    }
}

/// The remark on layers that were not found under our own names.
fn renamed(layers: &[FoundLayer<'_>], by_shape: bool) -> Remark {
    let theirs =
        |layer: &FoundLayer<'_>| layer.weight.name.strip_suffix(".weight").unwrap_or(&layer.weight.name).to_owned();
    let layers: Vec<(String, String)> =
        layers.iter().map(theirs).zip(layer_names(layers.len().saturating_sub(1))).collect();
    let prefix = layers.first().and_then(|(theirs, ours)| theirs.strip_suffix(ours.as_str()).map(str::to_owned));
    match prefix {
        Some(prefix) if layers.iter().all(|(theirs, ours)| *theirs == format!("{prefix}{ours}")) => {
            Remark::Prefix(prefix)
        }
        _ => Remark::Renamed { layers, by_shape },
    }
}

/// The layers under our own names, if all their weights are there. `name` gives a tensor's name.
fn named<'a>(
    hidden: Option<&[LayerSpec]>,
    tensors: &'a [Tensor<'a>],
    name: impl Fn(&'a Tensor<'a>) -> Option<&'a str>,
) -> Option<Vec<FoundLayer<'a>>> {
    let mut by_name: BTreeMap<&str, &'a Tensor<'a>> = BTreeMap::new();
    for tensor in tensors {
        if let Some(name) = name(tensor)
            && by_name.insert(name, tensor).is_some()
        {
            // Two tensors of one name are ambiguous.
            return None;
        }
    }
    let count = hidden.map_or_else(
        || (0..).take_while(|layer| by_name.contains_key(format!("layers.{layer}.weight").as_str())).count(),
        <[LayerSpec]>::len,
    );
    let layer = |name: String| {
        let weight = by_name.get(format!("{name}.weight").as_str()).copied()?;
        Some(FoundLayer { weight, bias: by_name.get(format!("{name}.bias").as_str()).copied() })
    };
    // A file with one layer more holds another network, even if the other layers fit together.
    if count == 0 || by_name.contains_key(format!("layers.{count}.weight").as_str()) {
        return None;
    }
    layer_names(count).map(layer).collect()
}

/// The layers under any names, if the shapes of their weights determine their order: each has as many inputs as the one
/// before has outputs.
fn by_shape<'a>(hidden: Option<&[LayerSpec]>, tensors: &'a [Tensor<'a>]) -> Result<Vec<FoundLayer<'a>>, WeightsError> {
    let matrices: Vec<&Tensor<'a>> = tensors.iter().filter(|tensor| tensor.is_matrix()).collect();
    let count = hidden.map_or(matrices.len(), |hidden| hidden.len() + 1);
    let refused = || other(hidden, tensors);
    // More cannot be told apart, and no network here has more.
    if matrices.len() != count || !(2..=crate::spec::MAX_LAYERS + 1).contains(&count) {
        return Err(refused());
    }
    let shapes: Vec<Map> = matrices.iter().map(|tensor| tensor.map()).collect();
    let exchanged: Vec<Map> = shapes.iter().map(|map| map.exchanged()).collect();
    let may_be_exchanged = exchanged != shapes && chain(hidden, &exchanged, Vec::new()).is_some();
    // Backwards, weights as [in, out] fit together too: as a network with fewer pixels than classes.
    let is_plausible = |chain: &Vec<usize>| {
        let ends = chain.first().zip(chain.last());
        !may_be_exchanged || ends.is_some_and(|(first, last)| shapes[*first].takes >= shapes[*last].gives)
    };
    let Some(chain) = chain(hidden, &shapes, Vec::new()).filter(is_plausible) else {
        return Err(match may_be_exchanged {
            true => WeightsError::Exchanged(names_and_shapes(&matrices)),
            false => refused(),
        });
    };
    let bias = |weight: &Tensor<'a>| {
        let name = format!("{}bias", weight.plain.strip_suffix("weight")?);
        tensors.iter().find(|tensor| tensor.plain == name)
    };
    let layers: Vec<FoundLayer<'a>> =
        chain.into_iter().map(|place| FoundLayer { weight: matrices[place], bias: bias(matrices[place]) }).collect();
    // All other tensors must be buffers of neurons: a normalization, say, would make it another network.
    let known = |tensor: &Tensor<'a>| {
        let own = |layer: &FoundLayer<'a>| {
            layer.weight.name == tensor.name || layer.bias.is_some_and(|it| it.name == tensor.name)
        };
        tensor.shape.iter().product::<usize>() <= 1 || buffer(tensor).is_some() || layers.iter().any(own)
    };
    if tensors.iter().all(known) { Ok(layers) } else { Err(refused()) }
}

/// The first order of the matrices, each [out, in], in which each has as many inputs as the one before has outputs, and
/// their outputs are `hidden`.
fn chain(hidden: Option<&[LayerSpec]>, shapes: &[Map], taken: Vec<usize>) -> Option<Vec<usize>> {
    if taken.len() == shapes.len() {
        return Some(taken);
    }
    let fits = |place: &usize| {
        let map = shapes[*place];
        let follows = taken.last().is_none_or(|before| map.follows(shapes[*before]));
        let wanted = match hidden {
            None => true,
            // The readout is no convolution.
            Some(hidden) => hidden.get(taken.len()).map_or(map.kernel.is_none(), |layer| map.is_of(*layer)),
        };
        !taken.contains(place) && follows && wanted
    };
    (0..shapes.len()).filter(fits).find_map(|place| chain(hidden, shapes, [&taken[..], &[place]].concat()))
}

/// The error that lists the names and shapes found, and those needed.
fn other(hidden: Option<&[LayerSpec]>, tensors: &[Tensor<'_>]) -> WeightsError {
    let mut input =
        if hidden.unwrap_or_default().iter().any(|layer| layer.is_convolution()) { "1" } else { "pixels" }.to_owned();
    let shape = |layer: Option<&LayerSpec>| {
        let (shape, gives) = match layer {
            None => (format!("[classes, {input}]"), String::new()),
            Some(LayerSpec::Dense(neurons)) => (format!("[{neurons}, {input}]"), neurons.to_string()),
            Some(LayerSpec::Convolution(Convolution { channels, kernel, .. })) => {
                (format!("[{channels}, {input}, {kernel}, {kernel}]"), channels.to_string())
            }
        };
        input = gives;
        shape
    };
    let layers = hidden.unwrap_or_default().iter().map(Some).chain([None]);
    let shapes: Vec<String> = layers.map(shape).collect();
    let wanted = layer_names(shapes.len() - 1).zip(shapes);
    let wanted: Vec<String> = wanted.map(|(name, shape)| format!("`{name}.weight` {shape}")).collect();
    let tensors: Vec<&Tensor<'_>> = tensors.iter().collect();
    let found = match (tensors.is_empty(), tensors.iter().filter(|tensor| tensor.is_matrix()).count()) {
        (true, _) => "no tensor".to_owned(),
        (false, 1) => {
            format!("{}: one layer only, and networks here have a hidden layer too", names_and_shapes(&tensors))
        }
        (false, _) => names_and_shapes(&tensors),
    };
    WeightsError::OtherTensors { wanted: wanted.join(", "), found }
}

/// A list, of limited length, of the tensors' names and shapes.
fn names_and_shapes(tensors: &[&Tensor<'_>]) -> String {
    const MAX_NAMES: usize = 16;
    let shown = tensors.iter().take(MAX_NAMES).map(|tensor| format!("`{}` {:?}", tensor.name, tensor.shape));
    let shown = shown.collect::<Vec<_>>().join(", ");
    let more = tensors.len().saturating_sub(MAX_NAMES);
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// The last part of the name of a buffer of snnTorch's neurons; `None` of another tensor.
fn buffer<'a>(tensor: &'a Tensor<'_>) -> Option<&'a str> {
    let last = tensor.plain.rsplit('.').next()?;
    ["beta", "alpha", "threshold", "reset_mechanism_val", "graded_spikes_factor"].contains(&last).then_some(last)
}

/// Remarks on settings in the buffers of snnTorch's neurons that differ from the spec, without those in `settled`.
fn settings(spec: &Spec, others: &[&Tensor<'_>], settled: &[&str]) -> Vec<Remark> {
    // Other modules have a `beta` too, but no threshold.
    let module = |tensor: &Tensor<'_>| tensor.plain.rsplit_once('.').map(|(module, _)| module.to_owned());
    let neurons: BTreeSet<String> = others
        .iter()
        .filter(|tensor| buffer(tensor) == Some("threshold"))
        .filter_map(|tensor| module(tensor))
        .collect();
    let mut remarks = Vec::new();
    for (last, name) in
        [("alpha", "alpha"), ("beta", "beta"), ("threshold", "threshold"), ("reset_mechanism_val", "reset")]
    {
        let of_neuron = |tensor: &&&Tensor<'_>| module(tensor).is_some_and(|module| neurons.contains(&module));
        let own: Vec<&&Tensor<'_>> =
            others.iter().filter(|tensor| buffer(tensor) == Some(last)).filter(of_neuron).collect();
        let says: BTreeSet<String> = own.iter().flat_map(|tensor| texts(tensor, name)).collect();
        let (Some(first), Some(tensor)) = (says.first(), own.first()) else { continue };
        let has = field(name).map(|field| field.text(spec)).unwrap_or_default();
        if settled.contains(&name) || (says.len() == 1 && *first == has) {
            continue;
        }
        remarks.push(match says.len() {
            1 => Remark::Setting { tensor: tensor.name.clone(), name, says: first.clone(), has },
            _ => Remark::Differs(name),
        });
    }
    let graded = others.iter().filter(|tensor| buffer(tensor) == Some("graded_spikes_factor"));
    let factor = |tensor: &&Tensor<'_>| floats(tensor.dtype, tensor.data)?.into_iter().find(|factor| *factor != 1.0);
    remarks.extend(graded.filter_map(|it| Some(Remark::GradedSpikes(it.name.clone(), factor(it)?))));
    let spiking = neurons.len() > spec.layers.len();
    if spiking && spec.readout == Readout::Membrane && !settled.contains(&"readout") {
        remarks.push(Remark::SpikingOutput);
    }
    remarks
}

/// What a buffer says of a setting, as the setting's own text, for each of its numbers.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library may add cases")]
fn texts(tensor: &Tensor<'_>, name: &str) -> Vec<String> {
    let whole = |bytes: &[u8; 8]| i64::from_le_bytes(*bytes) as f32;
    let values = match tensor.dtype {
        Dtype::I64 => Some(tensor.data.as_chunks().0.iter().map(whole).collect()),
        _ => floats(tensor.dtype, tensor.data),
    };
    let text = |value: f32| match (name, value) {
        // snnTorch subtracts the threshold one time step later; "none" subtracts nothing.
        ("reset", 0.0) => "subtract-delayed".to_owned(),
        ("reset", 1.0) => "zero".to_owned(),
        ("reset", 2.0) => "subtract:0".to_owned(),
        // snnTorch clamps them before it uses them.
        ("alpha" | "beta", share) => share.clamp(0.0, 1.0).to_string(),
        (_, value) => value.to_string(),
    };
    values.unwrap_or_default().into_iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_of_their_numbers() {
        let mut names =
            vec!["10.weight", "2.weight", "fc10.bias", "fc2.bias", "0.weight", "net.1.weight", "net.weight"];
        names.sort_by(|a, b| naturally(a, b));
        assert_eq!(names, ["0.weight", "2.weight", "10.weight", "fc2.bias", "fc10.bias", "net.1.weight", "net.weight"]);
    }

    #[test]
    fn a_header_says_which_settings_are_settled() {
        assert_eq!(settings_of("{\"hidden\": [4], \"neuron\": {\"beta\": 0.5}}"), ["hidden", "beta"]);
        assert_eq!(settings_of("no JSON"), [""; 0]);
    }
}
