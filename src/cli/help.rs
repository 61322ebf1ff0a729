//! What `--help` says of each setting: words that the page, which is fetched, does without.

/// A line for each of [`crate::spec::FIELDS`], by its name.
const LINES: &[(&str, &str)] = &[
    ("rule", "How weights learn; each rule has defaults of its own"),
    ("dataset", "The images to learn"),
    (
        "augment",
        "Change training images a little, and write digits anew with a pen (hands: as many hands write and scanners see; flip: only mirror and shift them, for clothes)",
    ),
    ("noise", "Share of the pixels in whose place a random grey stands"),
    ("encoding", "How pixels become spikes"),
    ("input-rate", "Share of the time steps in which a pixel of full ink spikes, at rate coding"),
    ("time-steps", "T: time steps that an image is shown for"),
    (
        "hidden",
        "Neurons in each hidden layer, or a convolution as 16c5s2, separated by commas; STDP has one dense layer",
    ),
    ("alpha", "α: share of the synaptic current that stays (0: plain LIF)"),
    ("beta", "β: share of the membrane potential that stays"),
    ("gain", "g: gain of the current"),
    ("threshold", "θ: the potential above which a neuron fires"),
    ("adaptation", "b: by how much a spike raises the threshold (0: not at all)"),
    ("adaptation-decay", "ρ: share of the raised threshold that stays"),
    ("adaptation-min", "The least raise of the threshold of an old neuron"),
    ("target-spikes", "k: spikes of all neurons that a picture is to have"),
    ("refractory", "Time steps after a spike in which a neuron cannot fire"),
    ("inhibition", "By how much a spike lowers the potentials of all others"),
    ("reset", "What a spike does to the membrane"),
    ("reset-gradient", "Whether the gradient flows through the reset"),
    ("surrogate", "The slope that learning borrows for the spike"),
    ("readout", "How the answer is read"),
    ("epochs", "Passes over the training set"),
    ("batch-size", "Images for each update of the weights"),
    (
        "learning-rate",
        "Adam's step size at the start; of STDP, a young neuron's share of the way to the largest weight",
    ),
    ("learning-rate-min", "The least learning rate of an old neuron"),
    ("youth", "Spikes after which a neuron learns half as fast (0: it never ages)"),
    ("depression", "How much depression weighs beside potentiation"),
    ("presynaptic-decay", "τ of the trace of an input's spike, in time steps"),
    ("postsynaptic-decay", "τ of the trace of a neuron's spike, in time steps"),
    ("mean-weight", "The mean weight that scaling keeps (0: no scaling)"),
    ("schedule", "How the learning rate goes on"),
    ("rate-penalty", "λ: price of hidden neurons that fire more often than the target (0: none)"),
    ("rate-target", "r*: share of the time steps in which a hidden neuron may fire for nothing"),
    ("seed", "Where all randomness comes from"),
];

/// The line of a setting; empty if it has none, which a test rules out.
pub fn line(name: &str) -> &'static str {
    LINES.iter().find(|(field, _)| *field == name).map_or("", |(_, line)| line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::FIELDS;

    #[test]
    fn every_setting_has_a_line() {
        assert!(FIELDS.iter().map(|field| field.name).eq(LINES.iter().map(|(name, _)| *name)));
        assert!(LINES.iter().all(|(_, line)| !line.is_empty()));
    }
}
