//! The derivatives of the spiking operations: the backwards kernels, tied into burn's autodiff.

use super::{Derivatives, Fired, Spikes, SpikingOperations};
use crate::spec::Neuron;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Autodiff, Backend};

/// What the layer's backward pass needs of its forward pass.
#[derive(Clone, Debug)]
struct LayerState<B: Backend> {
    bits: IntTensor<B>,
    weight: FloatTensor<B>,
    potentials: FloatTensor<B>,
    neuron: Neuron,
}

#[derive(Debug)]
struct LayerBackward;

impl<B: Derivatives> Backward<B, 3> for LayerBackward {
    type State = LayerState<B>;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [input, weight, bias] = ops.parents;
        let LayerState { bits, weight: weights, potentials, neuron } = ops.state;
        // What stands under the carrier's node is the gradient of the spikes, [B, T, H].
        let gradient = grads.consume::<B>(&ops.node);
        let result = B::spiking_layer_gradients(bits, weights, potentials, gradient, neuron, input.is_some());
        if let Some(node) = weight {
            grads.register::<B>(node.id, result.weight);
        }
        if let Some(node) = bias {
            grads.register::<B>(node.id, result.bias);
        }
        if let (Some(node), Some(gradient)) = (input, result.input) {
            grads.register::<B>(node.id, gradient);
        }
    }
}

/// What the backward pass of driven neurons needs of its forward pass.
#[derive(Clone, Debug)]
struct DrivenState<B: Backend> {
    potentials: FloatTensor<B>,
    neuron: Neuron,
}

#[derive(Debug)]
struct DrivenBackward;

impl<B: Derivatives> Backward<B, 1> for DrivenBackward {
    type State = DrivenState<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [currents] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        if let Some(node) = currents {
            let DrivenState { potentials, neuron } = ops.state;
            grads.register::<B>(node.id, B::driven_neurons_gradient(potentials, gradient, neuron));
        }
    }
}

#[derive(Debug)]
struct CountBackward;

impl<B: Derivatives> Backward<B, 1> for CountBackward {
    type State = Vec<f32>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [input] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        if let Some(node) = input {
            grads.register::<B>(node.id, B::spread_over_time(gradient, &ops.state));
        }
    }
}

impl<B: Derivatives, C: CheckpointStrategy> SpikingOperations for Autodiff<B, C> {
    fn spiking_layer(
        input: Spikes<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> Fired<Self> {
        let nodes = [input.carrier.node(), weight.node(), bias.node()];
        let inner = Spikes { bits: input.bits.clone(), carrier: input.carrier.into_primitive() };
        let weight = weight.into_primitive();
        let fired = B::spiking_layer(inner, weight.clone(), bias.into_primitive(), neuron, time_steps);
        let carrier = match LayerBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let state = LayerState::<B> { bits: input.bits, weight, potentials: fired.potentials.clone(), neuron };
                prep.finish(state, fired.carrier)
            }
            OpsKind::UnTracked(prep) => prep.finish(fired.carrier),
        };
        Fired { bits: fired.bits, potentials: Self::constant(fired.potentials), carrier }
    }

    fn driven_neurons(currents: FloatTensor<Self>, neuron: Neuron, time_steps: usize) -> Fired<Self> {
        let nodes = [currents.node()];
        let fired = B::driven_neurons(currents.into_primitive(), neuron, time_steps);
        let carrier = match DrivenBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let state = DrivenState::<B> { potentials: fired.potentials.clone(), neuron };
                prep.finish(state, fired.carrier)
            }
            OpsKind::UnTracked(prep) => prep.finish(fired.carrier),
        };
        Fired { bits: fired.bits, potentials: Self::constant(fired.potentials), carrier }
    }

    fn weighted_spike_count(input: Spikes<Self>, coefficients: Vec<f32>) -> FloatTensor<Self> {
        let nodes = [input.carrier.node()];
        let inner = Spikes { bits: input.bits, carrier: input.carrier.into_primitive() };
        let counts = B::weighted_spike_count(inner, coefficients.clone());
        match CountBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(coefficients, counts),
            OpsKind::UnTracked(prep) => prep.finish(counts),
        }
    }
}

/// Tensors that take no part in the graph.
trait Constant<B: Backend>: Backend {
    fn constant(tensor: FloatTensor<B>) -> FloatTensor<Self>;
}

impl<B: Backend, C: CheckpointStrategy> Constant<B> for Autodiff<B, C> {
    fn constant(tensor: FloatTensor<B>) -> FloatTensor<Self> {
        <Self as burn::backend::AutodiffBackend>::from_inner(tensor)
    }
}
