//! The sum that decides over a spike, for one neuron at one time step: what stays of its voltage, what comes in, and whether
//! that is above the threshold (the equations of [`crate::neuron`]).

use crate::spec::Neuron;
use crate::trace::LayerTrace;

/// The parts of `u[t] = β·v[t-1] + g·(α·i[t-1] + excitation + inhibition)`, and what u is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sum {
    /// v\[t-1\], the voltage after the reset of the time step before.
    pub before: f32,
    /// β·v\[t-1\], what stays of it.
    pub stays: f32,
    /// g·α·i\[t-1\], what earlier currents still bring.
    pub fading: f32,
    /// What excites now, times g.
    pub excites: f32,
    /// What inhibits now, times g: at most 0.
    pub inhibits: f32,
    /// u\[t\], the voltage before the reset.
    pub potential: f32,
    /// θ + a\[t\], the threshold.
    pub threshold: f32,
    /// Whether it fires.
    pub fires: bool,
}

/// The sum of neuron `index` of a layer at time step `t`, from 0; `None` where the layer has none.
pub fn sum(layer: &LayerTrace, neuron: &Neuron, index: usize, t: usize) -> Option<Sum> {
    let neurons = layer.neurons();
    let at = |values: &[f32], t: usize| (index < neurons).then(|| values.get(t * neurons + index).copied()).flatten();
    let potential = at(&layer.potentials, t)?;
    let potentials: Vec<f32> = (0..=t).filter_map(|t| at(&layer.potentials, t)).collect();
    let adaptation = neuron.adaptations(&potentials).last().copied().unwrap_or(0.0);
    let before =
        t.checked_sub(1).and_then(|t| Some(neuron.reset(at(&layer.potentials, t)?, layer.spikes.fires(0, index, t))));
    let before = before.unwrap_or(0.0);
    let input = |t: usize| at(&layer.excitation, t).unwrap_or(0.0) + at(&layer.inhibition, t).unwrap_or(0.0);
    let current = (0..t).fold(0.0, |current, t| neuron.alpha * current + input(t));
    Some(Sum {
        before,
        stays: neuron.beta * before,
        fading: neuron.gain * neuron.alpha * current,
        excites: neuron.gain * at(&layer.excitation, t).unwrap_or(0.0),
        inhibits: neuron.gain * at(&layer.inhibition, t).unwrap_or(0.0),
        potential,
        threshold: neuron.threshold + layer.raised_of(index) + adaptation,
        fires: layer.spikes.fires(0, index, t),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neuron::NeuronState;
    use crate::spec::Reset;
    use crate::spikes::SpikeTrain;

    #[test]
    fn the_parts_add_up_to_the_voltage_whatever_the_neuron_is() {
        let plain = Neuron::default();
        let neurons = [
            plain,
            Neuron { alpha: 0.6, gain: 0.5, ..plain },
            Neuron { reset: Reset::Subtract, adaptation: 0.4, ..plain },
        ];
        let inputs = [0.7, 0.6, -0.2, 0.9, 0.8, 0.1];
        for neuron in neurons {
            let (mut state, mut spikes) = (NeuronState::default(), SpikeTrain::silent(1, 1, inputs.len()));
            let (mut potentials, mut thresholds) = (Vec::new(), Vec::new());
            for (t, input) in inputs.iter().enumerate() {
                let step = neuron.step(state, *input);
                state = step.state;
                potentials.push(step.potential);
                thresholds.push(step.threshold);
                if step.spike {
                    spikes.fire(0, 0, t);
                }
            }
            let excitation = inputs.iter().map(|input| input.max(0.0) + 0.3).collect();
            let inhibition = inputs.iter().map(|input| input.min(0.0) - 0.3).collect();
            let layer = LayerTrace {
                spikes,
                potentials: potentials.clone(),
                excitation,
                inhibition,
                raised: Vec::new(),
                window: None,
            };
            for (t, (potential, threshold)) in potentials.iter().zip(&thresholds).enumerate() {
                let Some(sum) = sum(&layer, &neuron, 0, t) else { panic!("it is there") };
                let parts = sum.stays + sum.fading + sum.excites + sum.inhibits;
                assert!((parts - potential).abs() < 1e-5, "{t}: {sum:?}");
                assert_eq!((sum.threshold, sum.fires), (*threshold, potential > threshold));
            }
            assert_eq!(super::sum(&layer, &neuron, 1, 0), None);
            assert_eq!(super::sum(&layer, &neuron, 0, 9), None);
        }
    }
}
