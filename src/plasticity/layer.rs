//! The layer, fast: only the neurons that fire change, and few do. So the currents of all time steps are summed first, block by
//! block, and a neuron that fires gets its weights side by side for the rest of the picture and its current anew.

use super::input::{InputSpikes, encode};
use super::window::Window;
use super::{LANES, Mode, Spike, powers, scale};
use crate::digits::Digits;
use crate::random::{Generator, Stream};
use crate::sample::Sample;
use crate::simd::multiversion;
use crate::spec::{Neuron, Spec, Stdp};
use crate::spikes::encode::Pass;
use std::iter::zip;
use std::ops::Range;

/// Neurons whose sums stay in registers while the inputs of a time step pass.
const BLOCK: usize = 32;
/// Time steps whose sums are taken together: so an addition need not wait for the one before.
const TOGETHER: usize = if cfg!(target_arch = "wasm32") { 1 } else { 2 };

/// Neurons that have fired whose currents are summed together.
const ANEW: usize = 4;

/// The largest initial weight, before scaling.
const INITIAL: f32 = 0.3;

/// A layer that learns by STDP. A picture is shown from rest ([`StdpLayer::show`]); its spikes are then in
/// [`StdpLayer::spikes`].
#[derive(Clone, Debug)]
pub struct StdpLayer {
    neuron: Neuron,
    stdp: Stdp,
    inputs: usize,
    neurons: usize,
    /// w_ij, [blocks, inputs]. Weights of neurons that fill the last block are 0.
    weights: Vec<Row>,
    /// The same, neuron by neuron, [neurons, inputs]: a neuron that fires takes its own without searching them together.
    rows: Vec<f32>,
    /// a_j.
    adaptation: Vec<f32>,
    /// n_j.
    age: Vec<u32>,
    spikes: Vec<Spike>,
    /// Δw_ij of the newest spike that was learnt from, before scaling, \[inputs\].
    change: Vec<f32>,
    /// Where changes are counted, if they are.
    window: Option<Window>,
    picture: Picture,
    powers: Powers,
}

/// What an input's spike adds to the neurons of a block. It begins at a cache line: no load needs two.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Row([f32; BLOCK]);

/// A time step before its spikes, \[N\] each.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// u_j.
    pub potentials: &'a [f32],
    /// `Σ_i w_ij·s_i[t]`.
    pub currents: &'a [f32],
    /// θ + a_j.
    pub thresholds: &'a [f32],
}

/// What lasts as long as a picture.
#[derive(Clone, Debug, Default)]
struct Picture {
    /// `Σ_i w_ij·s_i[t]`, [T, width].
    currents: Vec<f32>,
    /// u_j, and then v_j, \[width\].
    potentials: Vec<f32>,
    /// θ + a_j, \[width\].
    thresholds: Vec<f32>,
    /// When each input fired last, \[inputs\].
    last_input: Vec<Option<u32>>,
    /// Those that have.
    active: Vec<u32>,
    /// Those that have fired, in the order in which they first did.
    fired: Vec<Fired>,
    /// Room for the weights of those of the next picture.
    spare: Vec<Vec<f32>>,
}

/// A neuron that has fired in the picture that is shown: only its weights change.
#[derive(Clone, Debug)]
struct Fired {
    neuron: usize,
    last: usize,
    /// w_ij for all i; empty where nothing is learnt: then its current stays as it was summed.
    weights: Vec<f32>,
}

/// Traces after 0, 1, 2, … time steps.
#[derive(Clone, Debug, Default)]
struct Powers {
    presynaptic: Vec<f32>,
    postsynaptic: Vec<f32>,
}

impl StdpLayer {
    /// A layer of `neurons` young neurons that read `inputs` inputs, with weights drawn from the seed.
    pub fn new(neuron: Neuron, stdp: Stdp, inputs: usize, neurons: usize, seed: u64) -> Self {
        let mut generator = Generator::new(seed, Stream::Weights(0));
        let weights = (0..neurons).map(|_| {
            let mut weights: Vec<f32> = (0..inputs).map(|_| INITIAL * generator.unit()).collect();
            scale(&mut weights, stdp.mean_weight);
            weights
        });
        let weights: Vec<Vec<f32>> = weights.collect();
        Self::with_weights(neuron, stdp, inputs, &weights)
    }

    /// A layer of young neurons with these weights, `[N][inputs]`.
    ///
    /// # Panics
    /// If a neuron has another number of weights.
    pub fn with_weights(neuron: Neuron, stdp: Stdp, inputs: usize, weights: &[Vec<f32>]) -> Self {
        let neurons = weights.len();
        let width = neurons.next_multiple_of(BLOCK);
        let mut layer = Self {
            neuron,
            stdp,
            inputs,
            neurons,
            weights: vec![Row([0.0; BLOCK]); inputs * width / BLOCK],
            rows: vec![0.0; inputs * neurons],
            adaptation: vec![0.0; neurons],
            age: vec![0; neurons],
            spikes: Vec::new(),
            change: vec![0.0; inputs],
            window: None,
            picture: Picture {
                potentials: vec![0.0; width],
                thresholds: vec![f32::INFINITY; width],
                last_input: vec![None; inputs],
                ..Picture::default()
            },
            powers: Powers::default(),
        };
        for (j, weights) in weights.iter().enumerate() {
            assert!(weights.len() == inputs, "a neuron of {} weights reads {inputs} inputs", weights.len());
            layer.set_incoming(j, weights);
        }
        layer
    }

    /// The layer with these thresholds and ages, as it has learnt.
    ///
    /// # Panics
    /// If they are not those of N neurons.
    pub fn aged(self, adaptation: Vec<f32>, age: Vec<u32>) -> Self {
        assert_eq!([adaptation.len(), age.len()], [self.neurons; 2], "one of each for a neuron");
        Self { adaptation, age, ..self }
    }

    /// The same layer with other parameters.
    #[must_use]
    pub fn under(self, neuron: Neuron, stdp: Stdp) -> Self {
        Self { neuron, stdp, powers: Powers::default(), ..self }
    }

    /// N.
    pub const fn neurons(&self) -> usize {
        self.neurons
    }

    /// The number of inputs.
    pub const fn inputs(&self) -> usize {
        self.inputs
    }

    /// The incoming weights of neuron `neuron`, its receptive field, \[inputs\].
    ///
    /// # Panics
    /// If there is no such neuron.
    pub fn incoming(&self, neuron: usize) -> Vec<f32> {
        assert!(neuron < self.neurons, "neuron {neuron} of {}", self.neurons);
        self.rows[neuron * self.inputs..][..self.inputs].to_vec()
    }

    fn set_incoming(&mut self, j: usize, weights: &[f32]) {
        self.rows[j * self.inputs..][..self.inputs].copy_from_slice(weights);
        let block = &mut self.weights[j / BLOCK * self.inputs..][..self.inputs];
        zip(block, weights).for_each(|(row, weight)| row.0[j % BLOCK] = *weight);
    }

    /// a, by which each neuron's threshold has risen or fallen, \[N\].
    pub fn adaptation(&self) -> &[f32] {
        &self.adaptation
    }

    /// How often each neuron has spiked while it learnt, \[N\].
    pub fn age(&self) -> &[u32] {
        &self.age
    }

    /// The spikes of the newest picture, in the order in which they came.
    pub fn spikes(&self) -> &[Spike] {
        &self.spikes
    }

    /// Δw_ij of the newest spike that was learnt from, before scaling, \[inputs\].
    pub fn newest_change(&self) -> &[f32] {
        &self.change
    }

    /// Counts the changes of weights in this window from now on, or no longer.
    pub fn count_in(&mut self, window: Option<Window>) {
        self.window = window;
    }

    /// Counts no longer; the window in which changes were counted.
    pub const fn counted(&mut self) -> Option<Window> {
        self.window.take()
    }

    /// Shows a picture from rest.
    ///
    /// # Panics
    /// If it has spikes of inputs that the layer does not read.
    pub fn show(&mut self, input: &InputSpikes, mode: Mode) {
        self.show_watched(input, mode, &mut |_| {});
    }

    /// The same; `watch` sees each time step before its spikes.
    ///
    /// # Panics
    /// As for [`StdpLayer::show`].
    pub fn show_watched(&mut self, input: &InputSpikes, mode: Mode, watch: &mut dyn FnMut(Moment<'_>)) {
        self.begin(input);
        for t in 0..input.time_steps() {
            let now = input.at(t);
            let may_fire = self.integrate(now, t, mode);
            let Picture { potentials, currents, thresholds, .. } = &self.picture;
            watch(Moment {
                potentials: &potentials[..self.neurons],
                currents: &currents[t * potentials.len()..][..self.neurons],
                thresholds: &thresholds[..self.neurons],
            });
            if mode == Mode::Learning {
                let Picture { last_input, active, .. } = &mut self.picture;
                active.extend(now.iter().filter(|i| last_input[**i as usize].replace(t as u32).is_none()));
                self.depress(now, t);
            }
            while may_fire && let Some(winner) = self.most_excited() {
                self.fire(winner, t, mode);
            }
        }
        for fired in std::mem::take(&mut self.picture.fired) {
            if mode == Mode::Learning {
                self.set_incoming(fired.neuron, &fired.weights);
            }
            self.picture.spare.push(fired.weights);
        }
        if mode == Mode::Learning {
            let (stdp, neurons, threshold) = (self.stdp, self.neurons, self.neuron.threshold);
            for (adaptation, age) in zip(&mut self.adaptation, &self.age) {
                *adaptation = stdp.relaxed(*adaptation, *age, neurons, threshold);
            }
        }
    }

    /// Shows images of a part of a data set, which leave nothing behind, and tells of each what it sent and which spikes it made.
    /// Image 0 has the number `first` in the whole set.
    ///
    /// # Panics
    /// When there are fewer images, or they are of another size.
    pub fn show_each(
        &mut self,
        spec: &Spec,
        (digits, range, first): (&Digits, Range<usize>, usize),
        mut told: impl FnMut(usize, &InputSpikes, &[Spike]),
    ) {
        for image in range {
            let input = encode(spec, &Sample::of(digits, image, first), Pass::Evaluation);
            self.show(&input, Mode::Frozen);
            told(image, &input, &self.spikes);
        }
    }

    /// All at rest; the currents of all time steps, as if no weight changed.
    fn begin(&mut self, input: &InputSpikes) {
        let time_steps = input.time_steps();
        if self.powers.presynaptic.len() <= time_steps {
            self.powers = Powers {
                presynaptic: powers(self.stdp.presynaptic_decay, time_steps),
                postsynaptic: powers(self.stdp.postsynaptic_decay, time_steps),
            };
        }
        let Picture { currents, potentials, thresholds, last_input, active, .. } = &mut self.picture;
        self.spikes.clear();
        potentials.fill(0.0);
        last_input.fill(None);
        active.clear();
        self.change.fill(0.0);
        for (threshold, adaptation) in zip(thresholds, &self.adaptation) {
            *threshold = self.neuron.threshold + adaptation;
        }
        currents.resize(time_steps * potentials.len(), 0.0);
        sum_currents(currents, potentials.len(), &self.weights, self.inputs, input);
    }

    /// u_j of time step t; whether any may be above its threshold.
    fn integrate(&mut self, now: &[u32], t: usize, mode: Mode) -> bool {
        let Neuron { beta, gain, .. } = self.neuron;
        let Picture { currents, potentials, thresholds, fired, .. } = &mut self.picture;
        let currents = &mut currents[t * potentials.len()..][..potentials.len()];
        // Of some at once, so that an addition need not wait for the one before; the last may be taken twice.
        let learning = if mode == Mode::Learning { &fired[..] } else { &[] };
        for some in learning.chunks(ANEW) {
            let weights: [&[f32]; ANEW] = std::array::from_fn(|by| &some[by.min(some.len() - 1)].weights[..]);
            let mut sums = [0.0; ANEW];
            for i in now {
                zip(&mut sums, weights).for_each(|(sum, weights)| *sum += weights[*i as usize]);
            }
            zip(some, sums).for_each(|(fired, sum)| currents[fired.neuron] = sum);
        }
        let mut most = f32::NEG_INFINITY;
        leak(&mut most, potentials, currents, thresholds, beta, gain);
        for fired in fired.iter().filter(|fired| t - fired.last <= self.stdp.refractory) {
            potentials[fired.neuron] = 0.0;
        }
        // Those that rest are lower now, and no threshold is below 0: where no one was above, no one is.
        most > 0.0
    }

    /// The neuron farthest above its threshold, of equal ones the first; none where no one is above it.
    fn most_excited(&self) -> Option<usize> {
        let Picture { potentials, thresholds, .. } = &self.picture;
        let mut most = f32::NEG_INFINITY;
        excess(&mut most, potentials, thresholds);
        let is_most = |(u, threshold): (&f32, &f32)| u - threshold == most;
        if most > 0.0 { zip(potentials, thresholds).position(is_most) } else { None }
    }

    fn fire(&mut self, j: usize, t: usize, mode: Mode) {
        self.spikes.push(Spike { neuron: j, time: t });
        let inhibition = self.stdp.inhibition;
        let potentials = &mut self.picture.potentials;
        potentials.iter_mut().for_each(|u| *u = (*u - inhibition).max(0.0));
        potentials[j] = 0.0;
        let place = self.picture.fired.iter().position(|fired| fired.neuron == j).unwrap_or_else(|| {
            let mut weights = self.picture.spare.pop().unwrap_or_default();
            weights.clear();
            if mode == Mode::Learning {
                weights.extend_from_slice(&self.rows[j * self.inputs..][..self.inputs]);
            }
            self.picture.fired.push(Fired { neuron: j, last: t, weights });
            self.picture.fired.len() - 1
        });
        self.picture.fired[place].last = t;
        if mode == Mode::Learning {
            self.potentiate(place, t);
            let raised = self.stdp.adaptation_at(self.age[j]);
            self.adaptation[j] += raised;
            self.picture.thresholds[j] = self.neuron.threshold + self.adaptation[j];
            self.age[j] += 1;
        }
    }

    /// STDP at a spike of the neuron: the inputs that fired just before it are strengthened.
    fn potentiate(&mut self, place: usize, t: usize) {
        let Picture { fired, last_input, active, .. } = &mut self.picture;
        let Fired { neuron, weights, .. } = &mut fired[place];
        let rate = self.stdp.learning_rate_at(self.age[*neuron]);
        // The trace of all others is 0, and so is their change.
        for i in &*active {
            let i = *i as usize;
            let trace = last_input[i].map_or(0.0, |last| self.powers.presynaptic[t - last as usize]);
            let change = Stdp::potentiation(rate, trace, weights[i]);
            (self.change[i], weights[i]) = (change, weights[i] + change);
        }
        scale(weights, self.stdp.mean_weight);
        if let Some(window) = &mut self.window {
            for (last, change) in zip(last_input, &self.change) {
                last.iter().for_each(|last| window.add(t as isize - *last as isize, *change));
            }
        }
    }

    /// STDP at the spikes of inputs: whoever fired before them loses some of these synapses.
    fn depress(&mut self, now: &[u32], t: usize) {
        for Fired { neuron, last, weights } in &mut self.picture.fired {
            let rate = self.stdp.learning_rate_at(self.age[*neuron]);
            let trace = self.powers.postsynaptic[t - *last];
            for i in now {
                let weight = &mut weights[*i as usize];
                let change = self.stdp.depression(rate, trace, *weight);
                *weight += change;
                if let Some(window) = &mut self.window {
                    window.add(*last as isize - t as isize, change);
                }
            }
        }
    }
}

multiversion! {
    /// `Σ_i w_ij·s_i[t]` of all t and j, [T, width], each in ascending order of i.
    fn sum_currents(currents: &mut [f32], width: usize, weights: &[Row], inputs: usize, input: &InputSpikes) {
        for (block, rows) in weights.chunks_exact(inputs.max(1)).enumerate() {
            for t in (0..input.time_steps()).step_by(TOGETHER) {
                let inputs: [&[u32]; TOGETHER] = std::array::from_fn(|by| input.at(t + by));
                let common = inputs.iter().fold(usize::MAX, |common, inputs| common.min(inputs.len()));
                let mut sums = [[0.0_f32; BLOCK]; TOGETHER];
                for n in 0..common {
                    for by in 0..TOGETHER {
                        zip(&mut sums[by], &rows[inputs[by][n] as usize].0).for_each(|(sum, weight)| *sum += weight);
                    }
                }
                for by in 0..TOGETHER {
                    for i in &inputs[by][common..] {
                        zip(&mut sums[by], &rows[*i as usize].0).for_each(|(sum, weight)| *sum += weight);
                    }
                    if t + by < input.time_steps() {
                        currents[(t + by) * width + block * BLOCK..][..BLOCK].copy_from_slice(&sums[by]);
                    }
                }
            }
        }
    }
}

multiversion! {
    /// u = β·v + g·I of all neurons, and the most by which one is above its threshold, \[width\] each.
    fn leak(
        most: &mut f32,
        potentials: &mut [f32],
        currents: &[f32],
        thresholds: &[f32],
        beta: f32,
        gain: f32,
    ) {
        let mut lanes = [f32::NEG_INFINITY; LANES];
        let currents = zip(currents.as_chunks::<LANES>().0, thresholds.as_chunks::<LANES>().0);
        for (u, (current, threshold)) in zip(potentials.as_chunks_mut::<LANES>().0, currents) {
            for lane in 0..LANES {
                u[lane] = beta * u[lane] + gain * current[lane];
                let above = u[lane] - threshold[lane];
                lanes[lane] = if above > lanes[lane] { above } else { lanes[lane] };
            }
        }
        *most = lanes.into_iter().fold(f32::NEG_INFINITY, f32::max);
    }
}

multiversion! {
    /// The most by which a potential is above its threshold, \[width\] each.
    fn excess(most: &mut f32, potentials: &[f32], thresholds: &[f32]) {
        let mut lanes = [f32::NEG_INFINITY; LANES];
        for (u, threshold) in zip(potentials.as_chunks::<LANES>().0, thresholds.as_chunks::<LANES>().0) {
            for lane in 0..LANES {
                let above = u[lane] - threshold[lane];
                lanes[lane] = if above > lanes[lane] { above } else { lanes[lane] };
            }
        }
        *most = lanes.into_iter().fold(f32::NEG_INFINITY, f32::max);
    }
}

#[cfg(test)]
mod tests {
    use super::super::obvious::ObviousLayer;
    use super::*;
    use crate::spikes::SpikeTrain;
    use proptest::prelude::*;

    /// Any rule, with each part of it also left out.
    fn stdp() -> impl Strategy<Value = Stdp> {
        let part = |most: f32| prop_oneof![1 => Just(0.0_f32), 3 => 0.0..most];
        let rates = (part(0.5), part(0.1), part(20.0), part(1.5));
        let others = (part(0.5), part(0.1), part(8.0), part(8.0));
        (part(3.0), 0_usize..4, rates, others, part(8.0), part(0.3)).prop_map(
            |(inhibition, refractory, rates, others, target_spikes, mean_weight)| {
                let (learning_rate, learning_rate_min, youth, depression) = rates;
                let (adaptation, adaptation_min, presynaptic_decay, postsynaptic_decay) = others;
                Stdp {
                    inhibition,
                    refractory,
                    adaptation,
                    adaptation_min,
                    target_spikes,
                    learning_rate,
                    learning_rate_min,
                    youth,
                    depression,
                    presynaptic_decay,
                    postsynaptic_decay,
                    mean_weight,
                }
            },
        )
    }

    fn picture(inputs: usize, time_steps: usize, share: f32, seed: u64) -> InputSpikes {
        let mut generator = Generator::new(seed, Stream::Weights(1));
        let dense: Vec<f32> = (0..inputs * time_steps).map(|_| f32::from(u8::from(generator.unit() < share))).collect();
        InputSpikes::of(&SpikeTrain::from_dense(1, inputs, time_steps, &dense), 0)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_fast_way_has_the_bits_of_the_obvious_one(
            stdp in stdp(),
            (inputs, neurons, time_steps) in (1_usize..40, 1_usize..140, 1_usize..70),
            (share, beta, gain, threshold) in (0.0_f32..0.6, 0.0_f32..=1.0, 0.0_f32..2.0, 0.05_f32..2.0),
            seed in 0_u64..1000,
        ) {
            let neuron = Neuron { beta, gain, threshold, ..Neuron::default() };
            let mut fast = StdpLayer::new(neuron, stdp, inputs, neurons, seed);
            let incoming = |layer: &StdpLayer| (0..neurons).map(|j| layer.incoming(j)).collect::<Vec<_>>();
            let mut obvious = ObviousLayer::new(neuron, stdp, incoming(&fast));
            for shown in 0..6 {
                let picture = picture(inputs, time_steps, share, seed * 10 + shown);
                let mode = if shown == 3 { Mode::Frozen } else { Mode::Learning };
                fast.show(&picture, mode);
                let spikes = obvious.show(&picture, mode);
                prop_assert_eq!(fast.spikes(), &spikes[..]);
                let bits = |numbers: &[f32]| numbers.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
                let all = |weights: Vec<Vec<f32>>| bits(&weights.concat());
                prop_assert_eq!(all(incoming(&fast)), all(obvious.weights.clone()));
                prop_assert_eq!(bits(fast.adaptation()), bits(&obvious.adaptation));
                prop_assert_eq!(fast.age(), &obvious.age[..]);
            }
        }
    }

    /// A layer that can fire, with nothing but two inputs.
    fn pair() -> (Neuron, Stdp) {
        (
            Neuron { beta: 0.0, gain: 1.0, threshold: 0.5, ..Neuron::default() },
            Stdp { mean_weight: 0.0, ..Stdp::default() },
        )
    }

    #[test]
    fn the_running_rule_has_the_window_of_its_equation() {
        // Input 1 makes the neuron fire at t = 20, input 0 fires once, Δt earlier or later.
        for from_pre_to_post in [-19_isize, -5, -1, 0, 1, 5, 19] {
            let (neuron, stdp) = pair();
            let mut layer = StdpLayer::with_weights(neuron, stdp, 2, &[vec![0.25, 1.0]]);
            layer.count_in(Some(Window::new(41)));
            let mut train = SpikeTrain::silent(1, 2, 41);
            train.fire(0, 1, 20);
            train.fire(0, 0, usize::try_from(20 - from_pre_to_post).unwrap());
            layer.show(&InputSpikes::of(&train, 0), Mode::Learning);
            assert_eq!(layer.spikes(), [Spike { neuron: 0, time: 20 }]);
            // It has aged by its own spike when depression follows it.
            let young = Stdp { youth: 0.0, ..stdp };
            let aged = if from_pre_to_post < 0 { stdp.learning_rate_at(1) / stdp.learning_rate } else { 1.0 };
            let change = layer.incoming(0)[0] - 0.25;
            let expected = aged * young.change(from_pre_to_post, 0.25);
            assert!((change - expected).abs() < 1e-6, "{from_pre_to_post}: {change}, and {expected} by the equation");
            // The other input's weight is at its bound, and does not change.
            let measured: f64 = (layer.counted().unwrap().means())
                .filter(|(at, ..)| *at == from_pre_to_post)
                .map(|(_, mean, count)| mean * count as f64)
                .sum();
            assert!((measured - f64::from(change)).abs() < 1e-6, "{from_pre_to_post}: {measured} measured, {change}");
        }
    }

    #[test]
    fn a_winner_inhibits_the_others_and_rests() {
        let (neuron, stdp) = pair();
        let stdp = Stdp { inhibition: 10.0, refractory: 2, ..stdp };
        let mut layer = StdpLayer::with_weights(neuron, stdp, 1, &[vec![0.8], vec![0.9], vec![0.9]]);
        let mut train = SpikeTrain::silent(1, 1, 5);
        (0..5).for_each(|t| train.fire(0, 0, t));
        layer.show(&InputSpikes::of(&train, 0), Mode::Frozen);
        let winners: Vec<_> = layer.spikes().iter().map(|spike| spike.neuron).collect();
        // The first of two equal ones, then who is not refractory.
        assert_eq!(winners, [1, 2, 0, 1, 2]);
        assert!(layer.age().iter().all(|age| *age == 0), "who is frozen does not age");
    }

    #[test]
    fn scaling_keeps_the_mean_of_who_fires_and_nothing_else() {
        let neuron = Neuron { gain: 1.0, threshold: 0.2, ..Neuron::default() };
        let mut layer = StdpLayer::new(neuron, Stdp::default(), 30, 5, 7);
        let before: Vec<_> = (0..5).map(|j| layer.incoming(j)).collect();
        layer.show(&picture(30, 20, 0.3, 1), Mode::Learning);
        for (j, before) in before.iter().enumerate() {
            let weights = layer.incoming(j);
            let mean = weights.iter().sum::<f32>() / 30.0;
            let has_fired = layer.age()[j] > 0;
            // Depression follows the last scaling.
            assert!(!has_fired || (0.09..0.1001).contains(&mean), "{mean}");
            assert_eq!(&weights != before, has_fired);
        }
    }
}
