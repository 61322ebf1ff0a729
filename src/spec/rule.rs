//! The rule by which weights learn, and the parameters of STDP.

use super::words;
use serde::{Deserialize, Serialize};

/// How weights learn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// By the gradient of the loss, with a surrogate for the derivative of a spike: labels are learnt from.
    #[default]
    SurrogateGradient,
    /// By the times of spikes alone, without labels ([`crate::plasticity`]).
    Stdp,
}

words!(Rule, "surrogate-gradient" => Self::SurrogateGradient, "stdp" => Self::Stdp);

/// The parameters of STDP and of what goes with it; its equations are in [`crate::plasticity`], and a neuron's own parameters in
/// [`crate::spec::Neuron`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Stdp {
    /// w_inh, by which a spike lowers the potentials of all other neurons.
    pub inhibition: f32,
    /// t_ref, the time steps after that of its spike in which a neuron cannot fire.
    pub refractory: usize,
    /// a⁺ of a neuron that has not fired yet, by which a spike raises its threshold; 0, with `adaptation_min`, for no homeostasis.
    pub adaptation: f32,
    /// The least a⁺ of an old one.
    pub adaptation_min: f32,
    /// k, the spikes of all neurons together that a picture is to have.
    pub target_spikes: f32,
    /// η of a neuron that has not fired yet.
    pub learning_rate: f32,
    /// The least η of an old one.
    pub learning_rate_min: f32,
    /// n_0, the spikes after which plasticity has fallen to half; 0 if it does not fall.
    pub youth: f32,
    /// d, how much depression weighs beside potentiation.
    pub depression: f32,
    /// τ_x, in time steps.
    pub presynaptic_decay: f32,
    /// τ_y, in time steps.
    pub postsynaptic_decay: f32,
    /// W/N_inputs, the mean weight that scaling keeps; 0 for no scaling.
    pub mean_weight: f32,
}

impl Default for Stdp {
    fn default() -> Self {
        Self {
            inhibition: 2.5,
            refractory: 1,
            adaptation: 0.25,
            adaptation_min: 0.0125,
            target_spikes: 5.0,
            learning_rate: 0.3,
            learning_rate_min: 0.02,
            youth: 10.0,
            depression: 0.1,
            presynaptic_decay: 5.0,
            postsynaptic_decay: 5.0,
            mean_weight: 0.1,
        }
    }
}
