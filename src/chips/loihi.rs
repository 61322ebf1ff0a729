//! A network in the integers of Intel's Loihi, as Lava's bit-accurate model computes them (`lava/proc/lif/models.py` and
//! `lava/proc/dense/models.py` of lava-nc 0.10.0). Input j, neuron i, time step t.
//!
//! ```text
//! a_i[t] = (Σ_j w_ij·s_j[t-1])·2^e         weights of 8 bits and a sign; a shift to the right floors; each layer is a step late
//! D(x, d) = sign(x)·⌊|x|·(4096 - d)/4096⌋  decays of 12 bits, toward zero
//! u_i[t] = wrap(D(u_i[t-1], du + 1) + 2^6·a_i[t])          24 bits: what is beyond comes back on the other side, once
//! v_i[t] = clip(D(v_i[t-1], dv) + u_i[t] + bias_i)         ±(2^23 - 1)
//! s_i[t] = 1 if v_i[t] > 2^6·vth; then v_i[t] = 0
//! ```
//!
//! The chip: Davies and others 2018, doi:10.1109/MM.2018.112130359.

use super::{CannotSay, PlainNetwork, Synapses, cannot};
use crate::plasticity::input::InputSpikes;
use crate::spec::{Connectivity, Encoding, Reset, Spec, Window};
use crate::spikes::SpikeTrain;

/// What decays and thresholds are counted in: u and v have so many bits more than weights.
const STATE_SHIFT: u32 = 6;
/// One and all of a decay.
const DECAY: i64 = 4096;
/// The bound of u and v.
const BOUND: i64 = 1 << 23;
/// The largest threshold, of 17 bits.
pub const MOST_THRESHOLD: i32 = 131_071;
/// The largest bias.
const MOST_BIAS: i32 = 4095;
/// The exponent of all biases: they are added where weights are.
pub const BIAS_EXPONENT: i32 = 6;
/// Weights of so few bits are scaled by most of them, not by the largest: one large weight would leave nothing of the others.
const FEW_BITS: u32 = 4;
/// The share of the weights that then is not cut off.
const MOST_WEIGHTS: f64 = 0.999;

/// Where a network is to run, in words.
pub const PLACE: &str = "on Loihi";

/// What signs the weights of a layer may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signs {
    /// Both.
    #[default]
    Mixed,
    /// They excite.
    Excitatory,
    /// They inhibit.
    Inhibitory,
}

/// A layer on the chip.
#[derive(Clone, Debug, PartialEq)]
pub struct LoihiLayer {
    /// N.
    pub inputs: usize,
    /// H.
    pub outputs: usize,
    /// w, [H, N], as the chip has them ([`cut`]).
    pub weights: Vec<i32>,
    /// e.
    pub weight_exponent: i32,
    /// du, 0 to 4095.
    pub current_decay: i32,
    /// dv, 0 to 4096.
    pub voltage_decay: i32,
    /// vth.
    pub threshold: i32,
    /// The biases before their exponent, \[H\].
    pub bias: Vec<i32>,
    /// The exponent of the biases.
    pub bias_exponent: i32,
    /// If it was a convolution, the patches of its input that its neurons see: all other weights are 0, and no synapses.
    pub window: Option<Window>,
}

impl LoihiLayer {
    /// Which inputs reach which neurons.
    pub const fn connectivity(&self) -> Connectivity {
        Connectivity { neurons: self.outputs, window: self.window }
    }
}

/// Weights as the chip has them, in so many bits: cut to their range, and low bits dropped.
///
/// ```
/// use spiking_playground::chips::loihi::{Signs, cut};
/// assert_eq!(cut(&[300, 255, -3, -257], 8, Signs::Mixed), [254, 254, -4, -256]);
/// assert_eq!(cut(&[300, 7, -3], 6, Signs::Excitatory), [252, 4, 0]);
/// assert_eq!(cut(&[-300, -7, 3], 6, Signs::Inhibitory), [-252, -4, 0]);
/// ```
pub fn cut(weights: &[i32], bits: u32, signs: Signs) -> Vec<i32> {
    let drop = 8_u32.saturating_sub(bits) + u32::from(signs == Signs::Mixed);
    let one = |weight: &i32| match signs {
        Signs::Mixed => ((*weight).clamp(-256, 255) >> drop) << drop,
        Signs::Excitatory => ((*weight).clamp(0, 255) >> drop) << drop,
        Signs::Inhibitory => -((-(*weight).clamp(-255, 0) >> drop) << drop),
    };
    weights.iter().map(one).collect()
}

/// A shift to the left, or to the right where it is negative, which floors.
const fn shifted(value: i64, by: i32) -> i64 {
    if by >= 0 { value << by } else { value >> -by }
}

/// D(x, d).
const fn decayed(value: i64, decay: i64) -> i64 {
    let left = (value.abs() * (DECAY - decay)) >> 12;
    if value < 0 { -left } else { left }
}

/// The state of a layer while a picture runs.
#[derive(Clone, Debug)]
pub struct LayerState<'a> {
    layer: &'a LoihiLayer,
    /// The weights out of each input, [N, H].
    columns: Vec<i32>,
    sums: Vec<i64>,
    /// u after the newest time step, \[H\].
    pub current: Vec<i32>,
    /// v after it, \[H\].
    pub voltage: Vec<i32>,
    /// Those that fired in it, ascending.
    pub spikes: Vec<u32>,
}

/// What went beyond 24 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overflows {
    /// Times at which a current came back on the other side.
    pub wraps: u64,
    /// Times at which a voltage was held at its bound.
    pub saturations: u64,
}

impl<'a> LayerState<'a> {
    /// A layer at rest.
    pub fn new(layer: &'a LoihiLayer) -> Self {
        let (inputs, outputs) = (layer.inputs, layer.outputs);
        let columns = (0..inputs * outputs).map(|at| layer.weights[at % outputs * inputs + at / outputs]).collect();
        Self {
            layer,
            columns,
            sums: vec![0; outputs],
            current: vec![0; outputs],
            voltage: vec![0; outputs],
            spikes: Vec::new(),
        }
    }

    /// Everything at rest again.
    pub fn rest(&mut self) {
        self.current.fill(0);
        self.voltage.fill(0);
        self.spikes.clear();
    }

    /// A time step, in which the spikes of the one before arrive.
    pub fn step(&mut self, arriving: &[u32], overflows: &mut Overflows) {
        let layer = self.layer;
        self.sums.fill(0);
        for input in arriving {
            let column = &self.columns[*input as usize * layer.outputs..][..layer.outputs];
            self.sums.iter_mut().zip(column).for_each(|(sum, weight)| *sum += i64::from(*weight));
        }
        self.spikes.clear();
        for neuron in 0..layer.outputs {
            let arrives = shifted(self.sums[neuron], layer.weight_exponent) << STATE_SHIFT;
            let sum = decayed(self.current[neuron].into(), i64::from(layer.current_decay) + 1) + arrives;
            let wrapped = if sum > BOUND { sum - 2 * BOUND } else { sum };
            let current = if wrapped <= -BOUND { sum + 2 * BOUND } else { wrapped };
            overflows.wraps += u64::from(current != sum);
            let bias = shifted(layer.bias.get(neuron).copied().unwrap_or(0).into(), layer.bias_exponent);
            let free = decayed(self.voltage[neuron].into(), layer.voltage_decay.into()) + current + bias;
            let voltage = free.clamp(1 - BOUND, BOUND - 1);
            overflows.saturations += u64::from(voltage != free);
            let fires = voltage > i64::from(layer.threshold) << STATE_SHIFT;
            self.current[neuron] = current as i32;
            self.voltage[neuron] = if fires { 0 } else { voltage as i32 };
            if fires {
                self.spikes.push(neuron as u32);
            }
        }
    }
}

/// A network on the chip.
#[derive(Clone, Debug, PartialEq)]
pub struct LoihiNetwork {
    /// What it was.
    pub spec: Spec,
    /// Its layers; of a membrane readout the last has the largest threshold, and its voltages are read.
    pub layers: Vec<LoihiLayer>,
    /// Bits of a weight.
    pub bits: u32,
    /// Biases that were larger than the chip's.
    pub cut_biases: usize,
}

/// What a picture came to on the chip.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The scores: sums of voltages over the time steps, or spikes, \[C\].
    pub scores: Vec<i64>,
    /// The spikes of each layer, the input's first, without the delay of the layers.
    pub spikes: Vec<SpikeTrain>,
    /// What went beyond 24 bits.
    pub overflows: Overflows,
}

impl Outcome {
    /// The class with the highest score, of equal ones the first.
    pub fn answer(&self) -> Option<usize> {
        let better = |best: usize, class: usize| if self.scores[class] > self.scores[best] { class } else { best };
        (0..self.scores.len()).reduce(better)
    }
}

impl LoihiNetwork {
    /// A network in integers, its weights in `bits` bits (2 to 8).
    ///
    /// # Errors
    /// Where the chip has nothing like a setting.
    pub fn of(network: &PlainNetwork, bits: u32) -> Result<Self, CannotSay> {
        let (spec, neuron) = (&network.spec, &network.spec.neuron);
        network.check_rule(PLACE)?;
        if neuron.reset != Reset::Zero {
            return Err(cannot(spec, "reset", PLACE, "train with `reset=zero`"));
        }
        if neuron.is_adaptive() {
            return Err(cannot(spec, "adaptation", PLACE, "train with `adaptation=0`"));
        }
        if spec.encoding == Encoding::Current {
            return Err(cannot(spec, "encoding", PLACE, "train with `encoding=rate` or `encoding=latency`"));
        }
        if neuron.gain <= 0.0 || neuron.threshold <= 0.0 {
            let name = if neuron.gain <= 0.0 { "gain" } else { "threshold" };
            return Err(cannot(spec, name, PLACE, "train with a value above 0"));
        }
        // The chip has a synapse for each weight that a neuron sees: a compiler may share them.
        let written_out = network.written_out(PLACE)?;
        let spec = &written_out.spec;
        let last = network.layers.len().saturating_sub(1);
        let mut cut_biases = 0;
        let mut layers = Vec::new();
        for (index, layer) in written_out.layers.iter().zip(&network.layers).enumerate() {
            let spikes = index < last || network.output_spikes();
            layers.push(quantised(layer, spec, (bits, spikes), &mut cut_biases)?);
        }
        Ok(Self { spec: spec.clone(), layers, bits, cut_biases })
    }

    /// Ready to run pictures.
    pub fn runner(&self) -> Runner<'_> {
        Runner { network: self, states: self.layers.iter().map(LayerState::new).collect() }
    }

    /// The neurons of all layers.
    pub fn neurons(&self) -> usize {
        self.layers.iter().map(|layer| layer.outputs).sum()
    }

    /// The synapses of all layers.
    pub fn synapses(&self) -> usize {
        self.layers.iter().map(|layer| layer.connectivity().synapses(layer.inputs) as usize).sum()
    }

    /// The synaptic operations that a picture took: each spike adds a weight to every neuron of the next layer that it reaches.
    pub fn synaptic_operations(&self, outcome: &Outcome) -> u64 {
        let layer = |(layer, spikes): (&LoihiLayer, &SpikeTrain)| -> u64 {
            let connectivity = layer.connectivity();
            let reached = |input| u64::from(spikes.count_of(0, input)) * connectivity.fan_out(input) as u64;
            (0..layer.inputs).map(reached).sum()
        };
        self.layers.iter().zip(&outcome.spikes).map(layer).sum()
    }

    /// The cores of Loihi 1 that it takes at the least; a compiler may take more. A core has 1,024 compartments, 4,096 input axons and
    /// 2^20 bits for synapses, of which an axon to up to 64 neurons takes a multiple of 64, with 10 bits of its own (nengo-loihi
    /// 1.1.0, `block.py`).
    pub fn cores(&self) -> usize {
        let of_axon = |neurons: usize| (self.bits as usize * neurons + 10).div_ceil(64) * 64;
        let of_input = |neurons: usize| {
            let (whole, rest) = (neurons / 64, neurons % 64);
            whole * of_axon(64) + if rest > 0 { of_axon(rest) } else { 0 }
        };
        let of_layer = |layer: &LoihiLayer| -> usize {
            let connectivity = layer.connectivity();
            (0..layer.inputs).map(|input| of_input(connectivity.fan_out(input))).sum()
        };
        let bits: usize = self.layers.iter().map(of_layer).sum();
        let axons: usize = self.layers.iter().map(|layer| layer.inputs).sum();
        bits.div_ceil(1 << 20).max(self.neurons().div_ceil(1024)).max(axons.div_ceil(4096)).max(1)
    }
}

/// A layer's synapses in integers; `kernels` are the same before they were written out.
fn quantised(
    (layer, kernels): (&Synapses, &Synapses),
    spec: &Spec,
    (bits, spikes): (u32, bool),
    cut_biases: &mut usize,
) -> Result<LoihiLayer, CannotSay> {
    let (neuron, window) = (&spec.neuron, kernels.window);
    let step = f64::from(1 << (9 - bits.clamp(2, 8)));
    let scale = (256.0 - step) / scale_of(kernels, bits);
    let threshold = |exponent: i32| f64::from(neuron.threshold) / f64::from(neuron.gain) * scale * 2_f64.powi(exponent);
    // The readout integrates: nothing of it is compared with a threshold.
    let mut exponent = 0;
    while spikes && threshold(exponent).round() > f64::from(MOST_THRESHOLD) {
        exponent -= 1;
    }
    let whole = threshold(exponent).round() as i32;
    if spikes && whole < 1 {
        let way_out = "its weights are so much larger that no whole number is left: train with a larger threshold";
        return Err(cannot(spec, "threshold", "on Loihi", way_out));
    }
    // What the threshold became by rounding, the weights become too.
    let exact = if spikes { f64::from(whole) / threshold(exponent) } else { 1.0 };
    let weight = |weight: &f32| {
        let scaled = step * (f64::from(*weight) * scale * exact / step).round();
        scaled.clamp(-256.0, 256.0 - step) as i32
    };
    let bias = |bias: &f32| {
        let scaled = (f64::from(*bias) * scale * exact * 2_f64.powi(exponent)).round() as i32;
        let kept = scaled.clamp(-MOST_BIAS, MOST_BIAS);
        *cut_biases += usize::from(kept != scaled);
        kept
    };
    let decay = |kept: f32| (4096.0 * (1.0 - f64::from(kept))).round() as i32;
    let current_decay = if spikes { (decay(neuron.alpha) - 1).clamp(0, 4095) } else { 4095 };
    Ok(LoihiLayer {
        inputs: layer.inputs,
        outputs: layer.outputs,
        weights: layer.weight.iter().map(weight).collect(),
        weight_exponent: exponent,
        current_decay,
        voltage_decay: decay(neuron.beta).clamp(0, 4095),
        threshold: if spikes { whole } else { MOST_THRESHOLD },
        bias: layer.bias.iter().map(bias).collect(),
        bias_exponent: BIAS_EXPONENT,
        window,
    })
}

/// The weight that becomes the largest integer.
fn scale_of(layer: &Synapses, bits: u32) -> f64 {
    let mut sizes: Vec<f32> = layer.weight.iter().map(|weight| weight.abs()).collect();
    sizes.sort_by(f32::total_cmp);
    let place = if bits <= FEW_BITS { (sizes.len() as f64 * MOST_WEIGHTS) as usize } else { sizes.len() };
    let largest = sizes.get(place.min(sizes.len()).saturating_sub(1)).copied().unwrap_or(0.0);
    if largest > 0.0 { f64::from(largest) } else { 1.0 }
}

/// A network on the chip, ready to run.
#[derive(Clone, Debug)]
pub struct Runner<'a> {
    network: &'a LoihiNetwork,
    states: Vec<LayerState<'a>>,
}

impl Runner<'_> {
    /// Runs a picture's spikes through the chip: T time steps, and one more for each layer, in which the last of them arrive.
    pub fn run(&mut self, train: &SpikeTrain) -> Outcome {
        let (input, time_steps) = (InputSpikes::of(train, 0), train.time_steps());
        let depth = self.states.len();
        self.states.iter_mut().for_each(LayerState::rest);
        let classes = self.network.layers.last().map_or(0, |layer| layer.outputs);
        let silent = |layer: &LoihiLayer| SpikeTrain::silent(1, layer.outputs, time_steps);
        let mut outcome = Outcome {
            scores: vec![0; classes],
            spikes: std::iter::once(train.clone()).chain(self.network.layers.iter().map(silent)).collect(),
            overflows: Overflows::default(),
        };
        let counts_spikes = self.network.spec.readout == crate::spec::Readout::SpikeCount;
        for t in 0..time_steps + depth {
            // From the last layer to the first: each hears what the one before said a time step ago.
            for index in (0..depth).rev() {
                let (before, own) = self.states.split_at_mut(index);
                let arriving = match before.last() {
                    Some(before) => &before.spikes[..],
                    None => t.checked_sub(1).map_or(&[][..], |t| input.at(t)),
                };
                own[0].step(arriving, &mut outcome.overflows);
                if let Some(early) = t.checked_sub(index + 1).filter(|early| *early < time_steps) {
                    let spikes = &own[0].spikes;
                    spikes.iter().for_each(|neuron| outcome.spikes[index + 1].fire(0, *neuron as usize, early));
                }
            }
            let Some(last) = self.states.last() else { break };
            if t >= depth {
                let spikes = &last.spikes;
                match counts_spikes {
                    true => spikes.iter().for_each(|class| outcome.scores[*class as usize] += 1),
                    false => outcome.scores.iter_mut().zip(&last.voltage).for_each(|(sum, v)| *sum += i64::from(*v)),
                }
            }
        }
        outcome
    }
}
