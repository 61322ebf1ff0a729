//! The one table of all settings: flags, links, headers and messages are made from it.

use super::{Augmentation, Dataset, Encoding, LayerError, LayerSpec, Readout, Reset, Rule, Schedule, Spec, Surrogate};
use crate::decimal;
use std::fmt;
use std::str::FromStr;

/// The values that a field takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Values {
    /// A whole number in a range, both ends included.
    Whole(u64, u64),
    /// A number in a range, both ends included.
    Real(f64, f64),
    /// One of these words.
    Words(&'static [&'static str]),
    /// Other values, described in words.
    Other(&'static str),
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(low, high) => write!(f, "a whole number between {low} and {high}"),
            Self::Real(low, high) => write!(f, "a number between {low} and {high}"),
            Self::Words(words) => write!(f, "one of: {}", words.join(", ")),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// One setting of a [`Spec`], read and written as text.
pub struct Field {
    /// Its name: the flag `--name` and the hash key `name=`.
    pub name: &'static str,
    /// The values that it takes.
    pub values: Values,
    /// The only rule under which it has a meaning; `None` for a setting of all.
    rule: Option<Rule>,
    get: fn(&Spec) -> String,
    set: fn(&mut Spec, &str) -> Option<()>,
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Field({})", self.name)
    }
}

impl Field {
    /// The field's value in `spec`, as a text that [`Spec::set`] takes.
    pub fn text(&self, spec: &Spec) -> String {
        (self.get)(spec)
    }

    /// Whether its flag may stand without a value, for "on".
    pub fn is_switch(&self) -> bool {
        matches!(self.values, Values::Words(words) if words.contains(&"on"))
    }

    /// Whether it has a meaning where weights learn by this rule.
    pub fn applies_to(&self, rule: Rule) -> bool {
        self.rule.is_none_or(|only| only == rule)
    }

    pub(super) fn set(&self, spec: &mut Spec, text: &str) -> Option<()> {
        (self.set)(spec, text)
    }

    const fn only_of(self, rule: Rule) -> Self {
        Self { rule: Some(rule), ..self }
    }

    const fn of_gradients(self) -> Self {
        self.only_of(Rule::SurrogateGradient)
    }

    const fn of_stdp(self) -> Self {
        self.only_of(Rule::Stdp)
    }
}
fn whole<T: FromStr>(text: &str) -> Option<T> {
    text.trim().parse().ok()
}
pub(super) fn within(text: &str, low: f64, high: f64) -> Option<f64> {
    decimal::parse(text.trim()).filter(|value| (low..=high).contains(value))
}
macro_rules! field {
    ($name:literal, whole $low:literal..=$high:literal, $($path:ident).+) => {
        Field { name: $name, values: Values::Whole($low, $high), rule: None, get: |spec| spec.$($path).+.to_string(),
            set: |spec, text| { spec.$($path).+ = whole::<u64>(text).filter(|value| ($low..=$high).contains(value))?.try_into().ok()?; Some(()) } }
    };
    ($name:literal, real $low:literal..=$high:literal, $($path:ident).+) => {
        Field { name: $name, values: Values::Real($low, $high), rule: None, get: |spec| spec.$($path).+.to_string(),
            set: |spec, text| { spec.$($path).+ = within(text, $low, $high)? as _; Some(()) } }
    };
    ($name:literal, words $words:expr, $from:expr, $($path:ident).+) => {
        Field { name: $name, values: Values::Words($words), rule: None, get: |spec| spec.$($path).+.word().to_owned(),
            set: |spec, text| { spec.$($path).+ = $from(text)?; Some(()) } }
    };
}

/// The maximal number of neurons of a hidden layer.
pub const MAX_NEURONS: usize = 4096;
/// The maximal number of hidden layers.
pub const MAX_LAYERS: usize = 4;
/// The maximal number of epochs: practically no end.
pub const MAX_EPOCHS: u32 = 10_000;

/// All settings, in the order in which data passes them.
pub const FIELDS: &[Field] = &[
    Field {
        name: "rule",
        values: Values::Words(&["surrogate-gradient", "stdp"]),
        rule: None,
        get: |spec| spec.rule.word().to_owned(),
        set: |spec, text| Rule::from_word(text).map(|rule| spec.switch_to(rule)),
    },
    field!("dataset", words & ["mnist", "fashion-mnist", "folder"], Dataset::from_word, dataset),
    field!("augment", words & ["off", "on", "hands"], Augmentation::from_word, augment),
    field!("noise", real 0.0..=1.0, noise),
    field!("encoding", words & ["rate", "latency", "current"], Encoding::from_word, encoding).of_gradients(),
    field!("input-rate", real 0.01..=1.0, input_rate),
    field!("time-steps", whole 1..=256, time_steps),
    Field {
        name: "hidden",
        values: Values::Other(
            "one to four layers: whole numbers between 1 and 4096, or before them convolutions as 16c5s2p1",
        ),
        rule: None,
        get: hidden,
        set: |spec, text| {
            let layers = text.split(',').map(str::parse).collect::<Result<Vec<LayerSpec>, LayerError>>().ok()?;
            (1..=MAX_LAYERS).contains(&layers.len()).then(|| spec.layers = layers)
        },
    },
    field!("alpha", real 0.0..=1.0, neuron.alpha).of_gradients(),
    field!("beta", real 0.0..=1.0, neuron.beta),
    field!("gain", real 0.0..=100.0, neuron.gain),
    field!("threshold", real 0.01..=100.0, neuron.threshold),
    Field {
        name: "adaptation",
        values: Values::Real(0.0, 100.0),
        rule: None,
        get: |spec| {
            match spec.rule {
                Rule::SurrogateGradient => spec.neuron.adaptation,
                Rule::Stdp => spec.stdp.adaptation,
            }
            .to_string()
        },
        set: |spec, text| {
            let adaptation = within(text, 0.0, 100.0)? as f32;
            match spec.rule {
                Rule::SurrogateGradient => spec.neuron.adaptation = adaptation,
                Rule::Stdp => spec.stdp.adaptation = adaptation,
            }
            Some(())
        },
    },
    field!(
        "adaptation-decay",
        real 0.0..=1.0,
        neuron.adaptation_decay
    )
    .of_gradients(),
    field!("adaptation-min", real 0.0..=100.0, stdp.adaptation_min).of_stdp(),
    field!("target-spikes", real 0.0..=1000.0, stdp.target_spikes).of_stdp(),
    field!("refractory", whole 0..=255, stdp.refractory).of_stdp(),
    field!("inhibition", real 0.0..=1000.0, stdp.inhibition).of_stdp(),
    Field {
        name: "reset",
        values: Values::Other("zero, subtract, subtract-delayed (snnTorch's) or subtract:AMOUNT"),
        rule: None,
        get: |spec| spec.neuron.reset.to_string(),
        set: |spec, text| Reset::from_text(text).map(|reset| spec.neuron.reset = reset),
    }
    .of_gradients(),
    Field {
        name: "reset-gradient",
        values: Values::Words(&["detached", "attached"]),
        rule: None,
        get: |spec| if spec.neuron.attached_reset { "attached" } else { "detached" }.to_owned(),
        set: |spec, text| {
            spec.neuron.attached_reset = match text {
                "attached" => true,
                "detached" => false,
                _ => return None,
            };
            Some(())
        },
    }
    .of_gradients(),
    Field {
        name: "surrogate",
        values: Values::Other("fast-sigmoid[:K], arctan[:ALPHA], sigmoid[:ALPHA] or triangle"),
        rule: None,
        get: |spec| spec.neuron.surrogate.to_string(),
        set: |spec, text| Surrogate::from_text(text).map(|surrogate| spec.neuron.surrogate = surrogate),
    }
    .of_gradients(),
    field!("readout", words & ["membrane", "spike-count"], Readout::from_word, readout).of_gradients(),
    field!("epochs", whole 1..=10000, epochs),
    field!("batch-size", whole 1..=4096, batch_size).of_gradients(),
    Field {
        name: "learning-rate",
        values: Values::Real(0.000_001, 1.0),
        rule: None,
        get: |spec| match spec.rule {
            Rule::SurrogateGradient => spec.learning_rate.to_string(),
            Rule::Stdp => spec.stdp.learning_rate.to_string(),
        },
        set: |spec, text| {
            let rate = within(text, 0.000_001, 1.0)?;
            match spec.rule {
                Rule::SurrogateGradient => spec.learning_rate = rate,
                Rule::Stdp => spec.stdp.learning_rate = rate as f32,
            }
            Some(())
        },
    },
    field!("learning-rate-min", real 0.0..=1.0, stdp.learning_rate_min).of_stdp(),
    field!("youth", real 0.0..=1000000.0, stdp.youth).of_stdp(),
    field!("depression", real 0.0..=1.0, stdp.depression).of_stdp(),
    field!("presynaptic-decay", real 0.0..=10000.0, stdp.presynaptic_decay).of_stdp(),
    field!("postsynaptic-decay", real 0.0..=10000.0, stdp.postsynaptic_decay).of_stdp(),
    field!("mean-weight", real 0.0..=1.0, stdp.mean_weight).of_stdp(),
    field!("schedule", words & ["cosine", "constant"], Schedule::from_word, schedule).of_gradients(),
    field!(
        "rate-penalty",
        real 0.0..=1000.0,
        rate_penalty
    )
    .of_gradients(),
    field!("rate-target", real 0.0..=1.0, rate_target).of_gradients(),
    field!("seed", whole 0..=9007199254740991, seed),
];

/// The field called `name`; `None` if there is none.
pub fn field(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name == name)
}

/// The text of the layers.
pub(super) fn hidden(spec: &Spec) -> String {
    spec.layers.iter().map(LayerSpec::to_string).collect::<Vec<_>>().join(",")
}
