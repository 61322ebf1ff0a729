//! From the words and knobs of the page's sentences to a [`Link`], and back. Some of them set a part of a setting: the
//! number of layers, the steepness of a surrogate.

use super::knobs::knob;
use super::link::{Link, setting};
use crate::decimal;
use crate::spec::{
    Augmentation, Convolution, Dataset, Encoding, LayerSpec, MAX_CHANNELS, MAX_KERNEL, MAX_NEURONS, Spec, Surrogate,
    Values,
};

/// The text of one control of the page.
pub fn text(link: &Link, name: &str) -> String {
    let spec = &link.spec;
    match name {
        "speed" => link.speed.to_string(),
        "certainty" => link.certainty.to_string(),
        "from" => link.from.word().to_owned(),
        "model" => link.model().to_owned(),
        "engine" => link.engine.word().to_owned(),
        "pace" => link.pace.to_string(),
        "layers" => spec.layers.len().to_string(),
        // Nothing decays where nothing is raised.
        "adaptation-decay" if !spec.neuron.is_adaptive() => String::new(),
        // Only rate coding has rates, and only what costs something has a limit.
        "input-rate" if spec.encoding != Encoding::Rate => String::new(),
        "rate-target" if spec.rate_penalty == 0.0 => String::new(),
        "stop-at" => link.stop_at.unwrap_or(0.0).to_string(),
        "surrogate" => shape(spec.neuron.surrogate).to_owned(),
        "slope" => spec.neuron.surrogate.steepness().map(|slope| slope.to_string()).unwrap_or_default(),
        other => match part(other) {
            Some((part, layer)) => {
                spec.layers.get(layer).and_then(|layer| part.of(*layer)).map(|it| it.to_string()).unwrap_or_default()
            }
            None => crate::spec::field(other).map(|field| field.text(spec)).unwrap_or_default(),
        },
    }
}

/// What of a hidden layer a control sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Neurons,
    Maps,
    Kernel,
    Stride,
}

impl Part {
    /// The number, if such a layer has it.
    const fn of(self, layer: LayerSpec) -> Option<usize> {
        match (self, layer) {
            (Self::Neurons, LayerSpec::Dense(neurons)) => Some(neurons),
            (Self::Maps, LayerSpec::Convolution(it)) => Some(it.channels),
            (Self::Kernel, LayerSpec::Convolution(it)) => Some(it.kernel),
            (Self::Stride, LayerSpec::Convolution(it)) => Some(it.stride),
            (
                Self::Neurons | Self::Maps | Self::Kernel | Self::Stride,
                LayerSpec::Dense(_) | LayerSpec::Convolution(_),
            ) => None,
        }
    }

    /// The layer with this number in its place, as text.
    fn set(self, layer: LayerSpec, value: &str) -> String {
        let (LayerSpec::Convolution(convolution), Ok(number)) = (layer, value.parse()) else { return value.to_owned() };
        let changed = match self {
            // It becomes what the text says.
            Self::Neurons => return value.to_owned(),
            Self::Maps => Convolution { channels: number, ..convolution },
            Self::Kernel => Convolution { kernel: number, ..convolution },
            Self::Stride => Convolution { stride: number, ..convolution },
        };
        changed.to_string()
    }
}

/// The hidden layer, from 0, of which a control sets a part, and that part.
fn part(name: &str) -> Option<(Part, usize)> {
    let parts = [("hidden", Part::Neurons), ("maps", Part::Maps), ("kernel", Part::Kernel), ("stride", Part::Stride)];
    let (number, part) = parts.into_iter().find_map(|(word, part)| Some((name.strip_prefix(word)?, part)))?;
    let layer =
        if number.is_empty() { Some(0) } else { number.strip_prefix('-')?.parse::<usize>().ok()?.checked_sub(1) };
    Some((part, layer?))
}

/// The default of one control of the page, where the others stay as they are.
pub fn default(link: &Link, name: &str) -> String {
    let mut plain = Link::default();
    // Each rule has its own.
    drop(plain.spec.set("rule", link.spec.rule.word()));
    if name == "slope" {
        // Each shape has a steepness of its own.
        drop(plain.spec.set("surrogate", shape(link.spec.neuron.surrogate)));
    }
    // Of a convolution's parts the defaults are those of the field's examples.
    let default = |layer: &LayerSpec| match layer {
        LayerSpec::Dense(_) => LayerSpec::Dense(256),
        LayerSpec::Convolution(it) => {
            LayerSpec::Convolution(Convolution { channels: 16, kernel: 5, stride: 2, padding: it.padding })
        }
    };
    if link.spec.layers.len() > 1 || link.spec.has_convolution() {
        plain.spec.layers = link.spec.layers.iter().map(default).collect();
    }
    text(&plain, name)
}

/// Sets what one control of the page says; nothing where the text means no value of it, and the link is then as it
/// was.
pub fn set(link: &mut Link, name: &str, value: &str) -> Option<()> {
    // A comma is what half of Europe writes a decimal with; layers are no knob's single value.
    let value = &if knob(name).is_some() && name != "hidden" { value.replace(',', ".") } else { value.to_owned() };
    let spec = &mut link.spec;
    let (field, text) = match name {
        "model" => {
            link.set_model(value);
            return Some(());
        }
        "dataset" => {
            let was = spec.dataset;
            spec.set(name, value).ok()?;
            // A few drawings are enough when each is shown in many ways.
            if (was == Dataset::Folder) != (spec.dataset == Dataset::Folder) {
                spec.augment = Augmentation::of(spec.dataset == Dataset::Folder);
            }
            link.model.clear();
            return Some(());
        }
        "rule" => {
            // What is learnt stays, and all else is that rule's.
            let Spec { dataset, augment, noise, seed, .. } = *spec;
            let mut fresh = Spec::on_page();
            fresh.set(name, value).ok()?;
            *spec = Spec { dataset, augment, noise, seed, ..fresh };
            return Some(());
        }
        "layers" => ("hidden", layers_of(spec, value.parse().ok()?)),
        "stop-at" if decimal::parse(value) == Some(0.0) => {
            link.stop_at = None;
            return Some(());
        }
        "slope" => ("surrogate", format!("{}:{value}", shape(spec.neuron.surrogate))),
        other if setting(other).is_some() => return setting(other)?.set(link, value),
        other => match part(other) {
            // Only what is a convolution has maps.
            Some((part, layer))
                if part != Part::Neurons && spec.layers.get(layer).and_then(|it| part.of(*it)).is_none() =>
            {
                return None;
            }
            Some((part, layer)) if !value.contains(',') => {
                let size = |(i, size): (usize, &LayerSpec)| {
                    if i == layer { part.set(*size, value.trim()) } else { size.to_string() }
                };
                ("hidden", spec.layers.iter().enumerate().map(size).collect::<Vec<_>>().join(","))
            }
            _ => (other, value.trim().to_owned()),
        },
    };
    // What the rule has no use for is no value.
    spec.set_of_rule(crate::spec::field(field)?, &text).ok()
}

/// The values that a control of the page takes, in words.
pub fn range(name: &str) -> String {
    if let Some((part, _)) = part(name) {
        let most = match part {
            Part::Neurons => MAX_NEURONS,
            Part::Maps => MAX_CHANNELS,
            Part::Kernel | Part::Stride => MAX_KERNEL,
        };
        return Values::Whole(1, most as u64).to_string();
    }
    match (knob(name), crate::spec::field(name)) {
        (_, Some(field)) => field.values.to_string(),
        (Some(knob), None) => format!("a number between {} and {}", knob.low, knob.high),
        (None, None) => "something else".to_owned(),
    }
}

/// The given number of layers: those there are, then more like the last.
fn layers_of(spec: &Spec, layers: usize) -> String {
    // Behind a convolution the next layer is dense: on what it leaves another may have no room.
    let last = spec.layers.last().copied().filter(|last| !last.is_convolution()).unwrap_or(LayerSpec::Dense(128));
    let layers = spec.layers.iter().copied().chain(std::iter::repeat(last)).take(layers);
    layers.map(|layer| layer.to_string()).collect::<Vec<_>>().join(",")
}

const fn shape(surrogate: Surrogate) -> &'static str {
    match surrogate {
        Surrogate::FastSigmoid(_) => "fast-sigmoid",
        Surrogate::Arctan(_) => "arctan",
        Surrogate::Sigmoid(_) => "sigmoid",
        Surrogate::Triangle => "triangle",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::dense;

    #[test]
    fn every_control_takes_its_own_text() {
        let mut link = Link::default();
        for name in [
            "speed",
            "from",
            "dataset",
            "model",
            "engine",
            "layers",
            "hidden",
            "surrogate",
            "beta",
            "reset",
            "readout",
            "seed",
        ] {
            let before = link.clone();
            let text = text(&link, name);
            set(&mut link, name, &text).unwrap();
            assert_eq!(link, before, "{name}");
        }
    }

    #[test]
    fn a_rule_brings_its_own_settings_and_leaves_what_is_learnt() {
        let mut link = Link::from_hash("dataset=fashion-mnist&seed=7&noise=0.5&beta=0.3").0;
        set(&mut link, "rule", "stdp").unwrap();
        assert_eq!(link.to_hash(), "rule=stdp&dataset=fashion-mnist&noise=0.5&seed=7");
        link.spec.check().unwrap();
        assert_eq!(["hidden", "learning-rate", "inhibition"].map(|name| text(&link, name)), ["400", "0.3", "2.5"]);
        assert_eq!(["hidden", "gain"].map(|name| default(&link, name)), ["400", "0.025"]);
        let before = link.clone();
        for (name, value) in [("layers", "2"), ("surrogate", "triangle"), ("readout", "spike-count"), ("rule", "magic")]
        {
            assert_eq!(set(&mut link, name, value), None, "{name}");
            assert_eq!(link, before, "{name}");
        }
        set(&mut link, "rule", "surrogate-gradient").unwrap();
        assert_eq!(link.spec, Spec { dataset: Dataset::FashionMnist, seed: 7, noise: 0.5, ..Spec::on_page() });
    }

    #[test]
    fn layers_and_sizes_are_set_apart() {
        let mut link = Link::default();
        set(&mut link, "layers", "2").unwrap();
        set(&mut link, "hidden-2", "64").unwrap();
        assert_eq!(link.spec.layers, dense([256, 64]));
        assert_eq!(["hidden", "hidden-2", "hidden-3"].map(|name| text(&link, name)), ["256", "64", ""]);
        assert_eq!(set(&mut link, "hidden-2", "0"), None);
        set(&mut link, "hidden", "128,32").unwrap();
        assert_eq!(link.spec.layers, dense([128, 32]));
        set(&mut link, "layers", "1").unwrap();
        assert_eq!(link.spec.layers, dense([128]));
    }

    #[test]
    fn every_control_has_a_default_to_go_back_to() {
        let mut link = Link::from_hash("hidden=8,9&beta=0.1&surrogate=arctan:7&stop-at=97&epochs=3&noise=0.5").0;
        for name in ["hidden", "hidden-2", "beta", "slope", "stop-at", "epochs", "noise"] {
            let text = default(&link, name);
            set(&mut link, name, &text).unwrap();
        }
        assert_eq!(link.to_hash(), "hidden=256,256&surrogate=arctan:2");
    }

    #[test]
    fn every_network_with_a_name_is_a_link_of_its_own_that_is_understood() {
        let document = include_str!("../../../www/index.html");
        let (_, after) = document.split_once("id=\"presets\"").unwrap();
        let (links, _) = after.split_once("</ul>").unwrap();
        let hashes = links.split("href=\"").skip(1).map(|link| link.split('"').next().unwrap().replace("&amp;", "&"));
        let mut specs: Vec<Spec> = Vec::new();
        for hash in hashes {
            let (link, errors) = Link::from_hash(&hash);
            assert_eq!(errors, Vec::<String>::new(), "{hash}");
            assert!(link.spec != Spec::on_page() && !specs.contains(&link.spec), "{hash}");
            assert_eq!(Link { spec: link.spec.clone(), ..Link::default() }, link, "{hash} says more");
            specs.push(link.spec);
        }
        assert_eq!(specs.len(), 16);
    }

    #[test]
    fn a_convolution_has_maps_kernels_and_strides_and_no_neurons() {
        let mut link = Link::from_hash("hidden=16c5s2p1,32").0;
        let texts =
            |link: &Link| ["maps", "kernel", "stride", "hidden", "maps-2", "hidden-2"].map(|name| text(link, name));
        assert_eq!(texts(&link), ["16", "5", "2", "", "", "32"]);
        assert_eq!(["maps", "kernel", "stride", "hidden-2"].map(|name| default(&link, name)), ["16", "5", "2", "256"]);
        set(&mut link, "maps", "8").unwrap();
        set(&mut link, "kernel", "3").unwrap();
        set(&mut link, "stride", "1").unwrap();
        assert_eq!(link.to_hash(), "hidden=8c3p1,32");
        // What does not fit leaves all as it was.
        for (name, value) in [("kernel", "1"), ("stride", "4"), ("maps", "0"), ("maps-2", "4"), ("maps", "x")] {
            assert_eq!(set(&mut link, name, value), None, "{name} {value}");
        }
        assert_eq!(link.to_hash(), "hidden=8c3p1,32");
        set(&mut link, "layers", "1").unwrap();
        set(&mut link, "layers", "2").unwrap();
        assert_eq!(link.to_hash(), "hidden=8c3p1,128");
        assert!(range("stride-2").contains("between 1 and"));
        set(&mut link, "hidden", "64").unwrap();
        assert_eq!(link.to_hash(), "hidden=64,128");
    }
}
