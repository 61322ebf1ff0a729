//! From the words and knobs of the page's sentences to a [`Spec`], and back. Some of them set a part of a field: the
//! number of layers, the steepness of a surrogate.

use super::address::{Address, Engine, Start};
use crate::decimal;
use crate::spec::{Dataset, LayerSpec, Neuron, Spec, Surrogate};

/// The text of one control of the page.
pub fn text(address: &Address, name: &str) -> String {
    let spec = &address.spec;
    match name {
        "speed" => address.speed.to_string(),
        "from" => address.from.word().to_owned(),
        "model" => address.model().to_owned(),
        "engine" => address.engine.word().to_owned(),
        "layers" => spec.layers.len().to_string(),
        // Nothing decays where nothing is raised.
        "adaptation-decay" if !spec.neuron.is_adaptive() => String::new(),
        "stop-at" => address.stop_at.unwrap_or(0.0).to_string(),
        "surrogate" => shape(spec.neuron.surrogate).to_owned(),
        "slope" => spec.neuron.surrogate.steepness().map(|slope| slope.to_string()).unwrap_or_default(),
        other => match layer(other) {
            Some(layer) => spec.layers.get(layer).map(LayerSpec::to_string).unwrap_or_default(),
            None => crate::spec::field(other).map(|field| field.text(spec)).unwrap_or_default(),
        },
    }
}

/// The hidden layer, from 0, whose neurons the control counts.
fn layer(name: &str) -> Option<usize> {
    let number = name.strip_prefix("hidden")?;
    if number.is_empty() { Some(0) } else { number.strip_prefix('-')?.parse::<usize>().ok()?.checked_sub(1) }
}

/// The default of one control of the page, where the others stay as they are.
pub fn default(address: &Address, name: &str) -> String {
    let mut plain = Address::default();
    if name == "slope" {
        // Each shape has a steepness of its own.
        drop(plain.spec.set("surrogate", shape(address.spec.neuron.surrogate)));
    }
    plain.spec.layers.resize(address.spec.layers.len(), LayerSpec::Dense(256));
    text(&plain, name)
}

/// Sets what one control of the page says; nothing where the text means no value of it, and the address is then as it
/// was.
pub fn set(address: &mut Address, name: &str, value: &str) -> Option<()> {
    let spec = &mut address.spec;
    let (field, text) = match name {
        "speed" => {
            let speed = decimal::parse(value).map(|speed| speed as f32).filter(|speed| (1.0..=25.0).contains(speed));
            address.speed = speed?;
            return Some(());
        }
        "from" => {
            address.from = Start::from_word(value)?;
            return Some(());
        }
        "engine" => {
            address.engine = Engine::from_word(value)?;
            return Some(());
        }
        "model" => {
            address.set_model(value);
            return Some(());
        }
        "dataset" => {
            let was = spec.dataset;
            spec.set(name, value).ok()?;
            // A few drawings are enough when each is shown in many ways.
            if (was == Dataset::Folder) != (spec.dataset == Dataset::Folder) {
                spec.augment = spec.dataset == Dataset::Folder;
            }
            address.model.clear();
            return Some(());
        }
        "layers" => ("hidden", layers_of(spec, value.parse().ok()?)),
        "stop-at" => {
            let wish = decimal::parse(value).map(|wish| wish as f32).filter(|wish| (0.0..=100.0).contains(wish))?;
            address.stop_at = Some(wish).filter(|wish| *wish > 0.0);
            return Some(());
        }
        "slope" => ("surrogate", format!("{}:{value}", shape(spec.neuron.surrogate))),
        other => match layer(other) {
            Some(layer) if !value.contains(',') => {
                let size = |(i, size): (usize, &LayerSpec)| {
                    if i == layer { value.trim().to_owned() } else { size.to_string() }
                };
                ("hidden", spec.layers.iter().enumerate().map(size).collect::<Vec<_>>().join(","))
            }
            _ => (other, value.trim().to_owned()),
        },
    };
    spec.set(field, &text).ok()
}

/// The given number of layers: those there are, then more like the last.
fn layers_of(spec: &Spec, layers: usize) -> String {
    let last = spec.layers.last().copied().unwrap_or(LayerSpec::Dense(256));
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

/// The network of `network`, with what only training uses (the surrogate among it) from `training`.
pub fn with_training(network: &Spec, training: &Spec) -> Spec {
    let neuron = Neuron {
        surrogate: training.neuron.surrogate,
        attached_reset: training.neuron.attached_reset,
        ..network.neuron
    };
    Spec {
        neuron,
        augment: training.augment,
        epochs: training.epochs,
        batch_size: training.batch_size,
        learning_rate: training.learning_rate,
        schedule: training.schedule,
        seed: training.seed,
        ..network.clone()
    }
}

/// The settings with a network that has a name; on which images, and when it stops, stays.
pub fn named(here: &Spec, named: &Spec) -> Spec {
    Spec { dataset: here.dataset, augment: here.augment, epochs: here.epochs, ..named.clone() }
}

/// Whether the network is the one of the defaults, on whatever images.
pub fn is_plain(spec: &Spec) -> bool {
    same_network(spec, &Spec { dataset: spec.dataset, ..Spec::on_page() })
}

/// Whether two specs mean the same network: the same neurons and readout, shown for as long.
pub fn same_network(a: &Spec, b: &Spec) -> bool {
    with_training(a, b) == *b
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::dense;

    #[test]
    fn every_control_takes_its_own_text() {
        let mut address = Address::default();
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
            let before = address.clone();
            let text = text(&address, name);
            set(&mut address, name, &text).unwrap();
            assert_eq!(address, before, "{name}");
        }
    }

    #[test]
    fn layers_and_sizes_are_set_apart() {
        let mut address = Address::default();
        set(&mut address, "layers", "2").unwrap();
        set(&mut address, "hidden-2", "64").unwrap();
        assert_eq!(address.spec.layers, dense([256, 64]));
        assert_eq!(["hidden", "hidden-2", "hidden-3"].map(|name| text(&address, name)), ["256", "64", ""]);
        assert_eq!(set(&mut address, "hidden-2", "0"), None);
        set(&mut address, "hidden", "128,32").unwrap();
        assert_eq!(address.spec.layers, dense([128, 32]));
        set(&mut address, "layers", "1").unwrap();
        assert_eq!(address.spec.layers, dense([128]));
    }

    #[test]
    fn every_control_has_a_default_to_go_back_to() {
        let mut address = Address::from_hash("hidden=8,9&beta=0.1&surrogate=arctan:7&stop-at=97&epochs=3&noise=0.5").0;
        for name in ["hidden", "hidden-2", "beta", "slope", "stop-at", "epochs", "noise"] {
            let text = default(&address, name);
            set(&mut address, name, &text).unwrap();
        }
        assert_eq!(address.to_hash(), "hidden=256,256&surrogate=arctan:2");
    }

    #[test]
    fn every_network_with_a_name_is_a_link_of_its_own_that_is_understood() {
        let document = include_str!("../../www/index.html");
        let (_, after) = document.split_once("id=\"presets\"").unwrap();
        let (links, _) = after.split_once("</p>").unwrap();
        let hashes = links.split("href=\"").skip(1).map(|link| link.split('"').next().unwrap().replace("&amp;", "&"));
        let mut specs: Vec<Spec> = Vec::new();
        for hash in hashes {
            let (address, errors) = Address::from_hash(&hash);
            assert_eq!(errors, Vec::<String>::new(), "{hash}");
            assert!(address.spec != Spec::on_page() && !specs.contains(&address.spec), "{hash}");
            assert_eq!(Address { spec: address.spec.clone(), ..Address::default() }, address, "{hash} says more");
            specs.push(address.spec);
        }
        assert_eq!(specs.len(), 7);
    }

    #[test]
    fn what_only_training_uses_leaves_the_network_the_same() {
        let (mut a, b) = (Spec::on_page(), Spec::on_page());
        (a.seed, a.batch_size, a.neuron.surrogate) = (7, 8, Surrogate::Triangle);
        assert!(same_network(&a, &b));
        a.neuron.beta = 0.5;
        assert!(!same_network(&a, &b));
    }
}
