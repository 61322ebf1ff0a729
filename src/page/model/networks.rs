//! Which settings make a network what it is, and which only its training uses.

use crate::spec::{Neuron, Rule, Spec};

/// The network of `network`, with what only training uses (the surrogate among it) from `training`.
pub fn with_training(network: &Spec, training: &Spec) -> Spec {
    let Spec { augment, epochs, seed, .. } = *training;
    // Rules share no more than this, and the parameters of STDP are those of its layer.
    let shared = |network: Spec| Spec { augment, epochs, seed, ..network };
    let training = match (network.rule, training.rule) {
        (Rule::Stdp, _) => return shared(network.clone()),
        (Rule::SurrogateGradient, Rule::Stdp) => &shared(Spec::on_page()),
        (Rule::SurrogateGradient, Rule::SurrogateGradient) => training,
    };
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
        rate_penalty: training.rate_penalty,
        rate_target: training.rate_target,
        seed: training.seed,
        ..network.clone()
    }
}

/// The settings where a trained network is opened: those of its training are the reader's, but for what its spikes cost.
pub fn opened(network: &Spec, here: &Spec) -> Spec {
    Spec { rate_penalty: network.rate_penalty, rate_target: network.rate_target, ..with_training(network, here) }
}

/// The settings with a network that has a name; on which images, and when it stops, stays.
pub fn named(here: &Spec, named: &Spec) -> Spec {
    Spec { dataset: here.dataset, augment: here.augment, epochs: here.epochs, ..named.clone() }
}

/// Whether two specs mean the same network: the same neurons and readout, shown for as long.
pub fn same_network(a: &Spec, b: &Spec) -> bool {
    with_training(a, b) == *b
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Surrogate;

    #[test]
    fn a_network_of_the_other_rule_is_opened_with_settings_of_its_own() {
        let (gradients, stdp) = (Spec::on_page(), Spec { seed: 3, ..Spec::of_rule(Rule::Stdp) });
        for (network, here) in [(&gradients, &stdp), (&stdp, &gradients), (&stdp, &stdp)] {
            let opened = opened(network, here);
            opened.check().unwrap();
            assert!(opened.rule == network.rule && opened.seed == here.seed);
        }
        assert!(!same_network(&gradients, &stdp) && !same_network(&stdp, &gradients) && same_network(&stdp, &stdp));
    }

    #[test]
    fn what_only_training_uses_leaves_the_network_the_same() {
        let (mut a, b) = (Spec::on_page(), Spec::on_page());
        (a.seed, a.batch_size, a.rate_penalty, a.neuron.surrogate) = (7, 8, 1.0, Surrogate::Triangle);
        assert!(same_network(&a, &b));
        a.neuron.beta = 0.5;
        assert!(!same_network(&a, &b));
    }
}
