//! What can be read off a trace: computed once when it arrives, asked for at every frame.

use super::rates::{Cure, SOME_LOWER};
use crate::energy::{ADD, MULTIPLY_ADD};
use crate::trace::{LayerTrace, Trace, settled_at, stops_at};

/// A trace and what follows from it.
#[derive(Clone, Debug, Default)]
pub struct Analysis {
    /// The trace.
    pub trace: Trace,
    /// What the picture really shows, where that is known.
    pub label: Option<u8>,
    /// [T, classes].
    pub evidence: Vec<f32>,
    /// `[T]`.
    pub leaders: Vec<Option<usize>>,
    /// The time step, from 0, from which the leader never changed again and had more than half of the probability;
    /// none where it has not even at the end.
    pub settled: Option<usize>,
    /// What softmax makes of the evidence so far, [T, classes].
    pub probabilities: Vec<f32>,
    /// `[T]`, up to and including each time step.
    pub operations: Vec<u64>,
    /// How many of them are multiply-adds: those of a picture that enters as a steady current.
    pub multiply_adds: u64,
    /// For each hidden layer, the row of each neuron when they are sorted by their first spike.
    pub rows: Vec<Vec<usize>>,
    /// How many neurons of each hidden layer fire at all.
    pub firing: Vec<usize>,
    /// Input spikes at each time step, `[T]`.
    pub input_counts: Vec<usize>,
    /// Spikes of each hidden layer at each time step, `[layers][T]`.
    pub hidden_counts: Vec<Vec<usize>>,
}

impl Analysis {
    /// Counts the picture's way into the first layer: where it enters as a steady current, no spike carries it, but all
    /// its weights are added up once, as in a dense network.
    #[must_use]
    pub fn with_steady_input(mut self) -> Self {
        let reader = self.trace.hidden.first().unwrap_or(&self.trace.output);
        let once = reader.connectivity().synapses(self.trace.image.len());
        self.operations.iter_mut().for_each(|operations| *operations += once);
        self.multiply_adds = once;
        self
    }

    /// Reads a trace.
    pub fn new(trace: Trace, label: Option<u8>) -> Self {
        let counts =
            |spikes: &crate::spikes::SpikeTrain| (0..trace.time_steps).map(|t| spikes.count_at(0, t)).collect();
        let (evidence, leaders) = (trace.evidence(), trace.leaders());
        let probabilities = trace.shares(&evidence);
        Self {
            settled: settled_at(&leaders, &probabilities, trace.classes()),
            evidence,
            leaders,
            probabilities,
            operations: trace.synaptic_operations(),
            multiply_adds: 0,
            rows: trace.hidden.iter().map(rows_by_first_spike).collect(),
            firing: trace.hidden.iter().map(firing).collect(),
            input_counts: counts(&trace.input),
            hidden_counts: trace.hidden.iter().map(|layer| counts(&layer.spikes)).collect(),
            label,
            trace,
        }
    }

    /// What the arithmetic up to and including time step `t` takes, and that of the dense network, in microjoules. Moving
    /// numbers to and from memory is left out, and takes more.
    pub fn energy(&self, t: usize) -> [f64; 2] {
        let [add, multiply_add] = [ADD, MULTIPLY_ADD].map(|picojoules| f64::from(picojoules) * 1e-6);
        let operations = self.operations.get(t).copied().unwrap_or(0);
        let additions = operations.saturating_sub(self.multiply_adds) as f64;
        [
            additions * add + self.multiply_adds as f64 * multiply_add,
            self.trace.dense_operations() as f64 * multiply_add,
        ]
    }

    /// T.
    pub fn time_steps(&self) -> usize {
        self.trace.time_steps
    }

    /// The index of the time step that the moment `now` (1 to T) lies in.
    pub fn at(&self, now: f32) -> usize {
        ((now + 0.001).floor() as usize).clamp(1, self.time_steps().max(1)) - 1
    }

    /// The evidence of all classes at time step `t`.
    pub fn evidence_at(&self, t: usize) -> &[f32] {
        let classes = self.trace.classes();
        self.evidence.get(t * classes..(t + 1) * classes).unwrap_or(&[])
    }

    /// The class with the most evidence besides `leader` at time step `t`.
    pub fn second(&self, t: usize, leader: usize) -> Option<usize> {
        let row = self.evidence_at(t);
        (0..row.len()).filter(|class| *class != leader).max_by(|a, b| row[*a].total_cmp(&row[*b]).then(b.cmp(a)))
    }

    /// The probability of a class by the evidence up to time step `t`.
    pub fn probability(&self, t: usize, class: usize) -> f32 {
        self.probabilities.get(t * self.trace.classes() + class).copied().unwrap_or(0.0)
    }

    /// The time step, from 0, at which a network stops that stops as soon as one class has more than this probability, and
    /// that class; `None` if it goes on to the end.
    pub fn stops_at(&self, certainty: f32) -> Option<(usize, usize)> {
        stops_at(&self.leaders, &self.probabilities, certainty)
    }

    /// The first hidden layer in which no neuron fires, though there is something in the picture, and what wakes its neurons
    /// of this threshold: it is just below the highest of their voltages.
    ///
    /// ```
    /// use spiking_playground::pictures::{analysis::Analysis, rates::Cure};
    /// use spiking_playground::spikes::SpikeTrain;
    /// use spiking_playground::trace::{LayerTrace, Trace};
    /// let layer = |potentials: Vec<f32>| LayerTrace { spikes: SpikeTrain::silent(1, 2, 2), potentials, ..LayerTrace::default() };
    /// let (hidden, output) = (vec![layer(vec![0.1, 0.2, 2.0, -1.0])], layer(vec![0.0; 4]));
    /// let trace = Trace { image: vec![9], time_steps: 2, input: SpikeTrain::silent(1, 1, 2), hidden, output, ..Trace::default() };
    /// assert_eq!(Analysis::new(trace, None).silent_layer(4.0), Some((0, Cure::Wake(0.9 * 2.0 / 4.0))));
    /// ```
    pub fn silent_layer(&self, threshold: f32) -> Option<(usize, Cure)> {
        let is_lit = self.trace.image.iter().any(|pixel| *pixel > 0);
        let index = self.firing.iter().position(|firing| *firing == 0).filter(|_| is_lit)?;
        let highest = self.trace.hidden[index].potentials.iter().fold(0.0_f32, |highest, u| highest.max(*u));
        let share = 0.9 * highest / threshold;
        // A threshold is at least a hundredth.
        Some((index, Cure::Wake(if share * threshold >= 0.01 { share } else { SOME_LOWER })))
    }

    /// The class that leads at the end, if it is more likely than all others together.
    pub fn answer(&self) -> Option<usize> {
        self.settled.and(self.leaders.last().copied().flatten())
    }
}

fn firing(layer: &LayerTrace) -> usize {
    (0..layer.neurons()).filter(|neuron| layer.spikes.count_of(0, *neuron) > 0).count()
}

/// For each neuron its row when neurons are sorted by their first spike, then by how often they fire.
fn rows_by_first_spike(layer: &LayerTrace) -> Vec<usize> {
    let first = |n: usize| layer.spikes.times(0, n).next().unwrap_or(usize::MAX);
    let order = sorted(layer, &first);
    let mut rows = vec![0; order.len()];
    for (row, neuron) in order.into_iter().enumerate() {
        rows[neuron] = row;
    }
    rows
}

/// The neurons by `key`, a time step or the number of them, then by how often they fire, then by their number. There are
/// few different keys, so each has its own pile: a hundredth of the program that sorting takes.
fn sorted(layer: &LayerTrace, key: &dyn Fn(usize) -> usize) -> Vec<usize> {
    let most = layer.spikes.time_steps();
    let mut piles = vec![Vec::new(); (most + 1) * (most + 1)];
    for neuron in 0..layer.neurons() {
        let fires = layer.spikes.count_of(0, neuron) as usize;
        piles[key(neuron).min(most) * (most + 1) + most - fires].push(neuron);
    }
    piles.concat()
}

/// Three neurons worth looking at: a busy one, a moderate one that is also inhibited, and a silent one that nearly fired.
pub fn telling_neurons(layer: &LayerTrace, time_steps: usize) -> [usize; 3] {
    let neurons = layer.neurons();
    let count = |n: usize| layer.spikes.count_of(0, n);
    let extreme = |n: usize, pick: fn(f32, f32) -> f32| {
        (0..time_steps).map(|t| layer.potentials[t * neurons + n]).fold(f32::NAN, pick)
    };
    let busiest = sorted(layer, &|_| 0);
    let at_most = |share: f32| busiest.iter().copied().find(|n| count(*n) as f32 <= share * time_steps as f32);
    let inhibited = |n: &usize| count(*n) as f32 <= 0.2 * time_steps as f32 && extreme(*n, f32::min) < 0.0;
    let busy = at_most(0.45);
    let moderate = busiest.iter().copied().find(|n| Some(*n) != busy && count(*n) > 0 && inhibited(n));
    let silent = busiest.iter().copied().filter(|n| count(*n) == 0);
    let nearly = silent.max_by(|a, b| extreme(*a, f32::max).total_cmp(&extreme(*b, f32::max)));
    let mut chosen: Vec<usize> = [busy, moderate.or(at_most(0.2)), nearly].into_iter().flatten().collect();
    chosen.dedup();
    // Where a kind is missing, any other neuron will do; a layer of one or two neurons shows one of them again.
    let others: Vec<usize> = busiest.iter().copied().filter(|n| !chosen.contains(n)).collect();
    chosen.extend(others);
    let get = |i: usize| chosen.get(i).or(chosen.last()).copied().unwrap_or(0);
    [get(0), get(1), get(2)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spikes::SpikeTrain;

    #[test]
    fn neurons_stand_in_the_order_of_their_first_spikes() {
        let mut spikes = SpikeTrain::silent(1, 3, 5);
        spikes.fire(0, 2, 0);
        spikes.fire(0, 0, 3);
        let layer = LayerTrace { spikes, potentials: vec![0.0; 15], ..LayerTrace::default() };
        assert_eq!(rows_by_first_spike(&layer), [1, 2, 0]);
    }

    #[test]
    fn a_spike_takes_additions_and_a_steady_current_multiply_adds() {
        let mut input = SpikeTrain::silent(1, 2, 3);
        input.fire(0, 1, 1);
        let output =
            LayerTrace { spikes: SpikeTrain::silent(1, 10, 3), potentials: vec![0.0; 30], ..LayerTrace::default() };
        let trace = Trace { image: vec![0; 2], time_steps: 3, input, output, ..Trace::default() };
        let close = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).abs() < 1e-9 && (a[1] - b[1]).abs() < 1e-9;
        let reading = Analysis::new(trace, None);
        assert!(close(reading.energy(0), [0.0, 92e-6]) && close(reading.energy(2), [9e-6, 92e-6]));
        assert!(close(reading.with_steady_input().energy(2), [101e-6, 92e-6]));
    }

    #[test]
    fn a_layer_of_one_neuron_has_three_telling_ones() {
        let layer =
            LayerTrace { spikes: SpikeTrain::silent(1, 1, 4), potentials: vec![0.0; 4], ..LayerTrace::default() };
        assert_eq!(telling_neurons(&layer, 4), [0, 0, 0]);
    }
}
