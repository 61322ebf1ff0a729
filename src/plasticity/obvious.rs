//! The layer's equations said plainly, neuron by neuron: slow, the judge of [`super::layer`], whose bits are the same.

use super::input::InputSpikes;
use super::{Mode, Spike, powers, scale};
use crate::spec::{Neuron, Stdp};

/// A layer that learns.
#[derive(Clone, Debug)]
pub struct ObviousLayer {
    neuron: Neuron,
    stdp: Stdp,
    /// w_ij, `[N][inputs]`.
    pub weights: Vec<Vec<f32>>,
    /// a_j.
    pub adaptation: Vec<f32>,
    /// n_j.
    pub age: Vec<u32>,
}

impl ObviousLayer {
    /// The layer of these weights, whose neurons are young.
    pub fn new(neuron: Neuron, stdp: Stdp, weights: Vec<Vec<f32>>) -> Self {
        let neurons = weights.len();
        Self { neuron, stdp, weights, adaptation: vec![0.0; neurons], age: vec![0; neurons] }
    }

    /// Shows a picture from rest; the spikes that it makes.
    pub fn show(&mut self, input: &InputSpikes, mode: Mode) -> Vec<Spike> {
        let (neurons, inputs) = (self.weights.len(), self.weights.first().map_or(0, Vec::len));
        let [x, y] =
            [self.stdp.presynaptic_decay, self.stdp.postsynaptic_decay].map(|decay| powers(decay, input.time_steps()));
        let mut potentials = vec![0.0; neurons];
        let (mut last_input, mut last_spike) = (vec![None; inputs], vec![None; neurons]);
        let mut spikes = Vec::new();
        for t in 0..input.time_steps() {
            let now = input.at(t);
            for (j, potential) in potentials.iter_mut().enumerate() {
                let current = now.iter().fold(0.0, |sum, i| sum + self.weights[j][*i as usize]);
                *potential = self.neuron.beta * *potential + self.neuron.gain * current;
                if last_spike[j].is_some_and(|last: usize| t - last <= self.stdp.refractory) {
                    *potential = 0.0;
                }
            }
            for i in now {
                last_input[*i as usize] = Some(t);
                for j in (0..neurons).filter(|_| mode == Mode::Learning) {
                    let Some(last) = last_spike[j] else { continue };
                    let (rate, weight) = (self.stdp.learning_rate_at(self.age[j]), self.weights[j][*i as usize]);
                    self.weights[j][*i as usize] = weight + self.stdp.depression(rate, y[t - last], weight);
                }
            }
            loop {
                let excess = |j: usize| potentials[j] - (self.neuron.threshold + self.adaptation[j]);
                let first = (1..neurons).fold(0, |best, j| if excess(j) > excess(best) { j } else { best });
                if neurons == 0 || excess(first) <= 0.0 {
                    break;
                }
                spikes.push(Spike { neuron: first, time: t });
                potentials.iter_mut().for_each(|potential| *potential = (*potential - self.stdp.inhibition).max(0.0));
                potentials[first] = 0.0;
                last_spike[first] = Some(t);
                if mode == Mode::Learning {
                    let rate = self.stdp.learning_rate_at(self.age[first]);
                    for (weight, last) in self.weights[first].iter_mut().zip(&last_input) {
                        let trace = last.map_or(0.0, |last: usize| x[t - last]);
                        *weight += Stdp::potentiation(rate, trace, *weight);
                    }
                    scale(&mut self.weights[first], self.stdp.mean_weight);
                    self.adaptation[first] += self.stdp.adaptation_at(self.age[first]);
                    self.age[first] += 1;
                }
            }
        }
        if mode == Mode::Learning {
            for (adaptation, age) in self.adaptation.iter_mut().zip(&self.age) {
                *adaptation = self.stdp.relaxed(*adaptation, *age, neurons, self.neuron.threshold);
            }
        }
        spikes
    }
}
