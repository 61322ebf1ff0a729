//! From the words and knobs of the page's sentences to a [`Spec`], and back. Some of them set a part of a field: the
//! number of layers, the steepness of a surrogate.

use super::address::{Address, Start};
use crate::spec::{Neuron, Spec, SpecError, Surrogate};

/// The text of one control of the page.
pub fn text(address: &Address, name: &str) -> String {
    let spec = &address.spec;
    match name {
        "speed" => address.speed.to_string(),
        "from" => address.from.word().to_owned(),
        "model" => address.model().to_owned(),
        "layers" => spec.hidden.len().to_string(),
        "hidden" if spec.hidden.windows(2).all(|pair| pair[0] == pair[1]) => {
            spec.hidden.first().map(usize::to_string).unwrap_or_default()
        }
        "surrogate" => shape(spec.neuron.surrogate).to_owned(),
        "slope" => steepness(spec.neuron.surrogate).map(|slope| slope.to_string()).unwrap_or_default(),
        other => crate::spec::field(other).map(|field| field.text(spec)).unwrap_or_default(),
    }
}

/// Sets what one control of the page says.
///
/// # Errors
/// When the text means no value of it; the address is then as it was.
pub fn set(address: &mut Address, name: &str, value: &str) -> Result<(), SpecError> {
    let bad = |expected: &str| SpecError::BadValue {
        name: name.to_owned(),
        value: value.to_owned(),
        expected: expected.to_owned(),
    };
    match name {
        "speed" => {
            let speed = value.parse().ok().filter(|speed: &f32| (1.0..=25.0).contains(speed));
            address.speed = speed.ok_or_else(|| bad("a number between 1 and 25"))?;
            Ok(())
        }
        "from" => {
            address.from = Start::from_word(value).ok_or_else(|| bad("random, shipped or file"))?;
            Ok(())
        }
        "model" => {
            address.set_model(value);
            Ok(())
        }
        "dataset" => {
            address.spec.set(name, value)?;
            address.model.clear();
            Ok(())
        }
        "layers" => {
            let layers: usize = value.parse().map_err(|_| bad("a number"))?;
            let sizes = sizes_of(&address.spec, layers);
            address.spec.set("hidden", &sizes)
        }
        "hidden" if !value.contains(',') => {
            let sizes = vec![value; address.spec.hidden.len()].join(",");
            address.spec.set("hidden", &sizes)
        }
        "surrogate" => address.spec.set("surrogate", value),
        "slope" => {
            let surrogate = format!("{}:{value}", shape(address.spec.neuron.surrogate));
            address.spec.set("surrogate", &surrogate)
        }
        other => address.spec.set(other, value.trim()),
    }
}

/// The sizes of so many layers: those there are, then more like the last.
fn sizes_of(spec: &Spec, layers: usize) -> String {
    let last = spec.hidden.last().copied().unwrap_or(256);
    let sizes = spec.hidden.iter().copied().chain(std::iter::repeat(last)).take(layers);
    sizes.map(|size| size.to_string()).collect::<Vec<_>>().join(",")
}

const fn shape(surrogate: Surrogate) -> &'static str {
    match surrogate {
        Surrogate::FastSigmoid(_) => "fast-sigmoid",
        Surrogate::Arctan(_) => "arctan",
        Surrogate::Sigmoid(_) => "sigmoid",
        Surrogate::Triangle => "triangle",
    }
}

const fn steepness(surrogate: Surrogate) -> Option<f32> {
    match surrogate {
        Surrogate::FastSigmoid(slope) | Surrogate::Arctan(slope) | Surrogate::Sigmoid(slope) => Some(slope),
        Surrogate::Triangle => None,
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

    #[test]
    fn every_control_takes_its_own_text() {
        let mut address = Address::default();
        for name in
            ["speed", "from", "dataset", "model", "layers", "hidden", "surrogate", "beta", "reset", "readout", "seed"]
        {
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
        set(&mut address, "hidden", "64").unwrap();
        assert_eq!(address.spec.hidden, [64, 64]);
        set(&mut address, "hidden", "128,32").unwrap();
        assert_eq!(text(&address, "hidden"), "128,32");
        set(&mut address, "layers", "1").unwrap();
        assert_eq!(address.spec.hidden, [128]);
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
