//! The specification of a run: data, encoding, network, training and seed.
//!
//! A [`Spec`](crate::spec::Spec) is parsed and checked once and then means the same everywhere: it is the URL hash of the page, the flags
//! of the command line, the header of a weights file and a message to the engine. [`FIELDS`](crate::spec::FIELDS) is the one table from
//! which all four are made, so a field's name is its flag and its hash key.
//!
//! ```
//! use spiking_playground::spec::Spec;
//! let mut spec = Spec::default();
//! spec.set("hidden", "128").unwrap();
//! assert_eq!(spec.to_hash(&Spec::default()), "hidden=128");
//! assert!(spec.set("beta", "1.5").unwrap_err().to_string().contains("between 0 and 1"));
//! ```

mod fields;
mod layers;
mod rule;

pub use fields::{FIELDS, Field, MAX_EPOCHS, MAX_LAYERS, MAX_NEURONS, Values, field};
pub use layers::{
    Connectivity, Convolution, FeatureMaps, LayerError, LayerSpec, MAX_CHANNELS, MAX_KERNEL, MAX_PLACED_NEURONS,
    Window, dense,
};
pub use rule::{Rule, Stdp};

use fields::within;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A data set, by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dataset {
    /// Handwritten digits (LeCun, Cortes and Burges): 60,000 for training, 10,000 for testing, 28 × 28.
    #[default]
    Mnist,
    /// Articles of clothing in ten classes (Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747), of MNIST's form.
    FashionMnist,
    /// The idx files in the data folder: square images of any size, in any number of classes.
    Folder,
}

impl Dataset {
    /// The width and height of its images, in pixels.
    pub const fn image_size(self) -> [usize; 2] {
        match self {
            Self::Mnist | Self::FashionMnist => [28, 28],
            // Only the files determine it; a network without data is made for this.
            Self::Folder => [28, 28],
        }
    }

    /// The number of classes.
    pub const fn classes(self) -> usize {
        match self {
            Self::Mnist | Self::FashionMnist | Self::Folder => 10,
        }
    }
}

impl Dataset {
    /// The names of its classes; `None` if they are numbers.
    pub const fn class_names(self) -> Option<[&'static str; 10]> {
        match self {
            Self::Mnist | Self::Folder => None,
            Self::FashionMnist => Some([
                "T-shirt or top",
                "trousers",
                "pullover",
                "dress",
                "coat",
                "sandal",
                "shirt",
                "sneaker",
                "bag",
                "ankle boot",
            ]),
        }
    }
}

/// The augmentation of training images ([`crate::digits::augment`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Augmentation {
    /// They are shown as they are.
    #[default]
    Off,
    /// They are changed a little, and digits are written anew with a pen.
    On,
    /// The same, and digits as many hands write and scanners see them: thin, broad, coarse, boxed in tight.
    Hands,
    /// Half of them are mirrored, left to right, and all are shifted by up to a pixel: for things that may face either way.
    Flip,
}

impl Augmentation {
    /// On or off.
    pub const fn of(is_on: bool) -> Self {
        if is_on { Self::On } else { Self::Off }
    }

    /// Whether images are changed.
    pub const fn is_on(self) -> bool {
        !matches!(self, Self::Off)
    }
}

// In files of all versions it is a truth value, but for what earlier ones do not know.
impl Serialize for Augmentation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Off | Self::On => serializer.serialize_bool(self.is_on()),
            Self::Hands | Self::Flip => serializer.serialize_str(self.word()),
        }
    }
}

impl<'de> Deserialize<'de> for Augmentation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BoolOrWord;
        impl Visitor<'_> for BoolOrWord {
            type Value = Augmentation;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a truth value, hands or flip")
            }

            fn visit_bool<E: serde::de::Error>(self, is_on: bool) -> Result<Augmentation, E> {
                Ok(Augmentation::of(is_on))
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Augmentation, E> {
                Augmentation::from_word(word).ok_or_else(|| E::custom("augment is off, on, hands or flip"))
            }
        }
        deserializer.deserialize_any(BoolOrWord)
    }
}

/// The encoding of pixels as spikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Bernoulli per time step, with probability pixel/256.
    #[default]
    Rate,
    /// One spike, the earlier the brighter: at t = round((1 - pixel/255)·(T - 1)); no spike for a black pixel.
    Latency,
    /// No spikes: pixel/255 flows as a constant current into the first layer.
    Current,
}

/// The reset of the membrane potential after a spike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reset {
    /// v = 0 (as in NIR and Norse).
    #[default]
    Zero,
    /// v = u - θ.
    Subtract,
    /// v = u - θ/β: snnTorch's, which subtracts θ one time step later.
    SubtractDelayed,
    /// v = u - r for a given r.
    SubtractBy(f32),
}

/// The surrogate gradient: the derivative that the backward pass uses for the spike, with x = u - θ.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Surrogate {
    /// 1/(1 + k|x|)² (Zenke and Ganguli 2018, doi:10.1162/neco_a_01086). Norse's `super` is k = 1.
    FastSigmoid(f32),
    /// (α/2)/(1 + (π/2·α·x)²) (Fang et al. 2021, doi:10.1109/ICCV48922.2021.00266).
    Arctan(f32),
    /// α·σ(αx)·(1 - σ(αx)).
    Sigmoid(f32),
    /// max(0, 1 - |x|) (Bellec et al. 2018, arXiv:1803.09574).
    Triangle,
}

impl Default for Surrogate {
    fn default() -> Self {
        Self::FastSigmoid(10.0)
    }
}

/// The parameters of a leaky integrate-and-fire neuron; its equations are in [`crate::neuron`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Neuron {
    /// α, the decay of the synaptic current per time step; 0 for the plain LIF.
    pub alpha: f32,
    /// β, the decay of the membrane potential per time step.
    pub beta: f32,
    /// g, the gain of the current; 1 for the plain LIF.
    pub gain: f32,
    /// θ: the neuron fires when its potential is above it, strictly.
    pub threshold: f32,
    /// b, by how much a spike raises the threshold from the next time step on; 0 for a constant threshold.
    #[serde(skip_serializing_if = "is_default_adaptation")]
    pub adaptation: f32,
    /// ρ, the decay of the adaptation per time step.
    #[serde(skip_serializing_if = "is_default_adaptation_decay")]
    pub adaptation_decay: f32,
    /// The reset after a spike.
    pub reset: Reset,
    /// Whether the gradient flows through the reset (as in Norse) or not (as in snnTorch).
    pub attached_reset: bool,
    /// The surrogate gradient.
    pub surrogate: Surrogate,
}

/// The adaptation halves in 14 time steps: within the 25 of a usual run a neuron that fired early can fire again.
const DEFAULT_ADAPTATION_DECAY: f32 = 0.95;

/// One spike of a usual run's 25 time steps, and a little.
const DEFAULT_RATE_TARGET: f32 = 0.05;

// Files of networks that learn by gradients, without adaptation, penalty or a lower input rate, stay as they were, for earlier versions of this program to open.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_default_adaptation(adaptation: &f32) -> bool {
    *adaptation == 0.0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_default_adaptation_decay(decay: &f32) -> bool {
    *decay == DEFAULT_ADAPTATION_DECAY
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_default_rule(rule: &Rule) -> bool {
    *rule == Rule::default()
}

fn is_default_stdp(stdp: &Stdp) -> bool {
    *stdp == Stdp::default()
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_default_input_rate(rate: &f32) -> bool {
    *rate == 1.0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_default_rate_penalty(penalty: &f32) -> bool {
    *penalty == 0.0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_default_rate_target(target: &f32) -> bool {
    *target == DEFAULT_RATE_TARGET
}

impl Default for Neuron {
    fn default() -> Self {
        Self {
            alpha: 0.0,
            beta: 0.9,
            gain: 1.0,
            threshold: 1.0,
            adaptation: 0.0,
            adaptation_decay: DEFAULT_ADAPTATION_DECAY,
            reset: Reset::Zero,
            attached_reset: false,
            surrogate: Surrogate::default(),
        }
    }
}

/// The readout: how the last hidden layer's spikes become class scores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Readout {
    /// Leaky integrators without spikes, with the neurons' β; score = mean over time of the potential.
    #[default]
    Membrane,
    /// Neurons like the hidden ones; score = number of spikes.
    SpikeCount,
}

/// The schedule of the learning rate over a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// From the learning rate down to 0 along half a cosine, over all epochs (Loshchilov and Hutter 2017,
    /// arXiv:1608.03983, without restarts).
    #[default]
    Cosine,
    /// Constant: for runs without an end.
    Constant,
}

/// All settings of a run. Two runs with equal specs on the same data give equal weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Spec {
    /// The rule by which weights learn. Settings that it has no use for are at their defaults ([`Field::applies_to`]).
    #[serde(skip_serializing_if = "is_default_rule")]
    pub rule: Rule,
    /// The data set.
    pub dataset: Dataset,
    /// How training images are augmented each time they are shown.
    pub augment: Augmentation,
    /// The fraction of an image's pixels that are replaced by a random grey ([`crate::digits::noise`]), in training,
    /// tests and traces.
    pub noise: f32,
    /// The encoding of images as spikes.
    pub encoding: Encoding,
    /// The share of the time steps in which a pixel of full ink spikes; only for rate coding. With STDP, that of a picture of average
    /// ink: each picture is coded with as many spikes as any other.
    #[serde(skip_serializing_if = "is_default_input_rate")]
    pub input_rate: f32,
    /// T, the number of time steps an image is shown for.
    pub time_steps: usize,
    /// The hidden layers, from the input to the output: `hidden` in flags, links and files.
    #[serde(rename = "hidden")]
    pub layers: Vec<LayerSpec>,
    /// The parameters of every spiking neuron.
    pub neuron: Neuron,
    /// The parameters of STDP, if that is the rule.
    #[serde(skip_serializing_if = "is_default_stdp")]
    pub stdp: Stdp,
    /// The readout.
    pub readout: Readout,
    /// The number of passes over the training set.
    pub epochs: u32,
    /// B, the number of images in each update of the weights.
    pub batch_size: usize,
    /// Adam's step size at the start.
    pub learning_rate: f64,
    /// The schedule of the learning rate.
    pub schedule: Schedule,
    /// λ, the weight of what the loss adds for hidden neurons that fire more often than `rate_target`
    /// ([`crate::rate_penalty`]); 0 for nothing.
    #[serde(skip_serializing_if = "is_default_rate_penalty")]
    pub rate_penalty: f32,
    /// r*, the share of the time steps in which a hidden neuron may spike for nothing.
    #[serde(skip_serializing_if = "is_default_rate_target")]
    pub rate_target: f32,
    /// The seed of all randomness: initial weights, order of the images, spikes.
    pub seed: u64,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            rule: Rule::SurrogateGradient,
            dataset: Dataset::Mnist,
            augment: Augmentation::Off,
            noise: 0.0,
            encoding: Encoding::Rate,
            input_rate: 1.0,
            time_steps: 25,
            layers: vec![LayerSpec::Dense(256)],
            neuron: Neuron::default(),
            stdp: Stdp::default(),
            readout: Readout::Membrane,
            epochs: 10,
            batch_size: 64,
            learning_rate: 1e-3,
            schedule: Schedule::Cosine,
            rate_penalty: 0.0,
            rate_target: DEFAULT_RATE_TARGET,
            seed: 1,
        }
    }
}

/// Why a text is not a valid setting.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SpecError {
    /// No field has that name.
    #[error("there is no setting called `{0}`; settings are: {all}", all = names())]
    UnknownName(String),
    /// The text is not a value of that field, or is out of its range.
    #[error("`{value}` is not a value for `{name}`: expected {expected}")]
    BadValue {
        /// The field.
        name: String,
        /// The text that was given.
        value: String,
        /// The values that the field takes.
        expected: String,
    },
    /// The field has no meaning under the spec's rule.
    #[error("`{name}` has no meaning where weights learn by {}: leave it out, or choose another `rule`", rule.word())]
    NotOfRule {
        /// The field.
        name: &'static str,
        /// The rule.
        rule: Rule,
    },
    /// A layer that learns by STDP is the only one.
    #[error(
        "a network that learns by stdp has one hidden layer, and `hidden` is {0}: give the number of its neurons alone"
    )]
    OneLayer(String),
    /// A convolution stands behind a dense layer, is larger than what it moves over, or has too many neurons.
    #[error(
        "`{layer}` cannot stand there: convolutions come first, fit what they move over, here {rows} × {columns} values, and \
         have at most {MAX_PLACED_NEURONS} neurons, here {neurons}"
    )]
    NoRoom {
        /// The layer.
        layer: LayerSpec,
        /// Rows of its input.
        rows: usize,
        /// Columns of its input.
        columns: usize,
        /// Its neurons; 0 where it has no place.
        neurons: usize,
    },
}

fn names() -> String {
    FIELDS.iter().map(|field| field.name).collect::<Vec<_>>().join(", ")
}
macro_rules! words {
    ($type:ty, $($word:literal => $value:path),+) => {
        impl $type {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, $value)),+];
            /// The value's name in flags and in the URL.
            pub fn word(self) -> &'static str {
                Self::WORDS.iter().find(|(_, value)| *value == self).map_or("", |(word, _)| word)
            }
            pub(crate) fn from_word(text: &str) -> Option<Self> {
                Self::WORDS.iter().find(|(word, _)| *word == text).map(|(_, value)| *value)
            }
        }
    };
}
pub(crate) use words;

words!(Dataset, "mnist" => Self::Mnist, "fashion-mnist" => Self::FashionMnist, "folder" => Self::Folder);
words!(Augmentation, "off" => Self::Off, "on" => Self::On, "hands" => Self::Hands, "flip" => Self::Flip);
words!(Encoding, "rate" => Self::Rate, "latency" => Self::Latency, "current" => Self::Current);
words!(Readout, "membrane" => Self::Membrane, "spike-count" => Self::SpikeCount);
words!(Schedule, "cosine" => Self::Cosine, "constant" => Self::Constant);
impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero => f.write_str("zero"),
            Self::Subtract => f.write_str("subtract"),
            Self::SubtractDelayed => f.write_str("subtract-delayed"),
            Self::SubtractBy(amount) => write!(f, "subtract:{amount}"),
        }
    }
}

impl Reset {
    fn from_text(text: &str) -> Option<Self> {
        Some(match text {
            "zero" => Self::Zero,
            "subtract" => Self::Subtract,
            "subtract-delayed" => Self::SubtractDelayed,
            _ => Self::SubtractBy(within(text.strip_prefix("subtract:")?, 0.0, 100.0)? as f32),
        })
    }
}

impl fmt::Display for Surrogate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FastSigmoid(k) => write!(f, "fast-sigmoid:{k}"),
            Self::Arctan(alpha) => write!(f, "arctan:{alpha}"),
            Self::Sigmoid(alpha) => write!(f, "sigmoid:{alpha}"),
            Self::Triangle => f.write_str("triangle"),
        }
    }
}

impl Surrogate {
    /// Its steepness; `None` for a shape that has none.
    pub const fn steepness(self) -> Option<f32> {
        match self {
            Self::FastSigmoid(slope) | Self::Arctan(slope) | Self::Sigmoid(slope) => Some(slope),
            Self::Triangle => None,
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        let (name, slope) = text.split_once(':').map_or((text, None), |(name, slope)| (name, Some(slope)));
        let slope = |default: f32| slope.map_or(Some(default), |text| Some(within(text, 0.01, 1000.0)? as f32));
        Some(match name {
            "fast-sigmoid" => Self::FastSigmoid(slope(10.0)?),
            "arctan" => Self::Arctan(slope(2.0)?),
            "sigmoid" => Self::Sigmoid(slope(4.0)?),
            "triangle" if text == "triangle" => Self::Triangle,
            _ => return None,
        })
    }
}
/// A value of a link with its colons and commas, which some programs escape.
///
/// ```
/// use spiking_playground::spec::decoded;
/// assert_eq!(decoded("arctan%3A2%2C50%"), "arctan:2,50%");
/// ```
pub fn decoded(value: &str) -> String {
    let mut pieces = value.split('%');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (sign, rest) = [("3A", ":"), ("2C", ",")]
            .into_iter()
            .find_map(|(code, sign)| Some((sign, piece.strip_prefix(code)?)))
            .unwrap_or(("%", piece));
        text.push_str(sign);
        text.push_str(rest);
    }
    text
}
/// The name of the field on which others depend.
const RULE: &str = "rule";

impl Spec {
    /// The defaults on the page: as natively, but at a constant learning rate and without an end.
    pub fn on_page() -> Self {
        Self { schedule: Schedule::Constant, epochs: MAX_EPOCHS, ..Self::default() }
    }

    /// The defaults where weights learn by this rule.
    ///
    /// ```
    /// # use spiking_playground::spec::{Rule, Spec, dense};
    /// assert_eq!(Spec::of_rule(Rule::SurrogateGradient), Spec::default());
    /// assert_eq!(Spec::of_rule(Rule::Stdp).layers, dense([400]));
    /// ```
    pub fn of_rule(rule: Rule) -> Self {
        let plain = Self::default();
        match rule {
            Rule::SurrogateGradient => plain,
            // A time step is some 5 ms: the membrane keeps 100 ms, and an input of full ink fires at 50 Hz.
            Rule::Stdp => Self {
                rule,
                input_rate: 0.25,
                time_steps: 64,
                layers: dense([400]),
                neuron: Neuron { beta: 0.95, gain: 0.025, ..Neuron::default() },
                epochs: 1,
                ..plain
            },
        }
    }

    /// Becomes a spec of another rule, with its defaults: only what is learnt, and where randomness comes from, stays.
    fn switch_to(&mut self, rule: Rule) {
        if rule != self.rule {
            let (before, after) = (Self::of_rule(self.rule), Self::of_rule(rule));
            let epochs = if self.epochs == before.epochs { after.epochs } else { self.epochs };
            let Self { dataset, augment, noise, seed, .. } = *self;
            *self = Self { dataset, augment, noise, seed, epochs, ..after };
        }
    }

    /// Whether weights of the other spec's network fit this one's: the layers have the same sizes.
    ///
    /// ```
    /// # use spiking_playground::spec::{Spec, dense};
    /// let (one, mut other) = (Spec::default(), Spec::default());
    /// other.neuron.beta = 0.5;
    /// assert!(one.has_shape_of(&other));
    /// other.layers = dense([256, 64]);
    /// assert!(!one.has_shape_of(&other));
    /// ```
    pub fn has_shape_of(&self, other: &Self) -> bool {
        self.rule == other.rule && self.layers == other.layers && self.dataset == other.dataset
    }

    /// The shapes of the neurons of each hidden layer, from the input to the output, for images of `pixels` pixels. A layer that
    /// does not fit them ([`Spec::check_fit`]) has none.
    pub fn feature_maps(&self, pixels: usize) -> impl Iterator<Item = FeatureMaps> + '_ {
        self.layers.iter().scan(FeatureMaps::of_image(pixels), |maps, layer| {
            *maps = layer.output(*maps).unwrap_or(FeatureMaps::flat(0));
            Some(*maps)
        })
    }

    /// The number of neurons of each hidden layer, from the input to the output, for images of `pixels` pixels.
    pub fn hidden_neurons(&self, pixels: usize) -> impl Iterator<Item = usize> + '_ {
        self.feature_maps(pixels).map(FeatureMaps::neurons)
    }

    /// Whether a layer is a convolution.
    pub fn has_convolution(&self) -> bool {
        self.layers.iter().any(|layer| layer.is_convolution())
    }

    /// Checks that the layers have room on images of `pixels` pixels.
    ///
    /// # Errors
    /// Names the first convolution that has none, or too many neurons there.
    pub fn check_fit(&self, pixels: usize) -> Result<(), SpecError> {
        let mut input = FeatureMaps::of_image(pixels);
        for layer in &self.layers {
            let output = layer.output(input);
            let neurons = output.map_or(0, FeatureMaps::neurons);
            match output.filter(|_| neurons <= MAX_PLACED_NEURONS) {
                Some(output) => input = output,
                None => {
                    let FeatureMaps { rows, columns, .. } = input;
                    return Err(SpecError::NoRoom { layer: *layer, rows, columns, neurons });
                }
            }
        }
        Ok(())
    }

    /// Sets the field called `name` from a text.
    ///
    /// # Errors
    /// When no field has that name, or the text is not one of its values; the spec is then unchanged.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SpecError> {
        let field = field(name).ok_or_else(|| SpecError::UnknownName(name.to_owned()))?;
        field.set(self, value).ok_or_else(|| SpecError::BadValue {
            name: name.to_owned(),
            value: value.to_owned(),
            expected: field.values.to_string(),
        })
    }

    /// Sets a field from a text, if that has a meaning under the spec's rule.
    ///
    /// # Errors
    /// As for [`Spec::set`], and where it has none; the spec is then unchanged.
    pub fn set_of_rule(&mut self, field: &Field, value: &str) -> Result<(), SpecError> {
        if !field.applies_to(self.rule) {
            return Err(SpecError::NotOfRule { name: field.name, rule: self.rule });
        }
        let mut changed = self.clone();
        changed.set(field.name, value)?;
        changed.check_layers()?;
        *self = changed;
        Ok(())
    }

    fn check_layers(&self) -> Result<(), SpecError> {
        let behind_dense = |pair: &&[LayerSpec]| !pair[0].is_convolution() && pair[1].is_convolution();
        if let Some([_, layer]) = self.layers.windows(2).find(behind_dense) {
            return Err(SpecError::NoRoom { layer: *layer, rows: 1, columns: 1, neurons: 0 });
        }
        match (self.rule, self.layers.len()) {
            (Rule::Stdp, layers) if layers != 1 || self.has_convolution() => {
                Err(SpecError::OneLayer(fields::hidden(self)))
            }
            (Rule::SurrogateGradient | Rule::Stdp, _) => match self.dataset {
                // Only the files say how large its images are.
                Dataset::Folder => Ok(()),
                Dataset::Mnist | Dataset::FashionMnist => {
                    let [width, height] = self.dataset.image_size();
                    self.check_fit(width * height)
                }
            },
        }
    }

    /// Checks every field, for a spec that came from a file or a message.
    ///
    /// # Errors
    /// Names the first field that is out of its range, or has no meaning under the spec's rule and is not at its default.
    pub fn check(&self) -> Result<(), SpecError> {
        let mut copy = self.clone();
        FIELDS.iter().try_for_each(|field| match field.applies_to(self.rule) {
            true => copy.set(field.name, &field.text(self)),
            false if field.text(self) == field.text(&Self::of_rule(self.rule)) => Ok(()),
            false => Err(SpecError::NotOfRule { name: field.name, rule: self.rule }),
        })?;
        self.check_layers()
    }

    /// The settings that differ from `base`, as `name=value` joined by `&`: the fragment of a link, without its `#`. Behind another
    /// rule than the base's stand those that differ from that rule's defaults.
    pub fn to_hash(&self, base: &Self) -> String {
        let mut ruled = base.clone();
        ruled.switch_to(self.rule);
        let differs = |field: &&Field| {
            let base = if field.name == RULE { base } else { &ruled };
            field.applies_to(self.rule) && field.text(self) != field.text(base)
        };
        FIELDS.iter().filter(differs).map(|f| format!("{}={}", f.name, f.text(self))).collect::<Vec<_>>().join("&")
    }

    /// `base` with the settings of a URL hash. Pairs (name, value) that are not settings are returned to the caller;
    /// settings with an invalid value, or without a meaning under the rule that the hash says, are skipped and returned as errors.
    ///
    /// ```
    /// # use spiking_playground::spec::{Rule, Spec, dense};
    /// let (spec, rest, errors) = Spec::from_hash(&Spec::default(), "#hidden=64&digit=3&beta=x");
    /// assert_eq!(spec.layers, dense([64]));
    /// assert_eq!(rest, [("digit".to_owned(), "3".to_owned())]);
    /// assert_eq!(errors.len(), 1);
    /// let (spec, _, errors) = Spec::from_hash(&Spec::default(), "#readout=membrane&seed=2&rule=stdp");
    /// assert_eq!(spec, Spec { seed: 2, ..Spec::of_rule(Rule::Stdp) });
    /// assert!(errors[0].to_string().contains("`readout` has no meaning where weights learn by stdp"));
    /// ```
    pub fn from_hash(base: &Self, hash: &str) -> (Self, Vec<(String, String)>, Vec<SpecError>) {
        let (mut spec, mut rest, mut errors) = (base.clone(), Vec::new(), Vec::new());
        let hash = hash.strip_prefix('#').unwrap_or(hash);
        let pairs = || hash.split('&').filter(|pair| !pair.is_empty()).map(|it| it.split_once('=').unwrap_or((it, "")));
        // The rule says which settings there are, and their defaults.
        let (rules, others): (Vec<_>, Vec<_>) = pairs().partition(|(name, _)| *name == RULE);
        for (name, value) in rules.into_iter().chain(others) {
            match field(name) {
                None => rest.push((name.to_owned(), value.to_owned())),
                Some(field) => errors.extend(spec.set_of_rule(field, &decoded(value)).err()),
            }
        }
        (spec, rest, errors)
    }
}
