//! The derivatives of the spiking operations: the backwards kernels, tied into burn's autodiff.

use super::{Derivatives, Fired, Judgement, Pair, Spikes, SpikingOperations};
use crate::spec::Neuron;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend};

/// What the layer's backward pass needs of its forward pass.
#[derive(Clone, Debug)]
struct LayerState<B: Derivatives> {
    record: B::Record,
    weight: FloatTensor<B>,
    sums: Pair<B>,
    neuron: Neuron,
}

#[derive(Debug)]
struct LayerBackward;

impl<B: Derivatives> Backward<B, 3> for LayerBackward {
    type State = LayerState<B>;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [input, weight, bias] = ops.parents;
        let LayerState { record, weight: weights, sums, neuron } = ops.state;
        // What stands under the carrier's node is the gradient of the spikes.
        let gradient = grads.consume::<B>(&ops.node);
        let result = B::spiking_layer_gradients(record, weights, sums, gradient, neuron, input.is_some());
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

#[derive(Debug)]
struct DrivenBackward;

impl<B: Derivatives> Backward<B, 1> for DrivenBackward {
    type State = (B::Record, Neuron);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [currents] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        if let Some(node) = currents {
            let (record, neuron) = ops.state;
            grads.register::<B>(node.id, B::driven_neurons_gradient(record, gradient, neuron));
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

/// What an affine map's backward pass needs: input, weight, earlier gradients, and how often the bias counts.
#[derive(Clone, Debug)]
struct AffineState<B: Backend> {
    input: FloatTensor<B>,
    weight: FloatTensor<B>,
    sums: Pair<B>,
    times: f32,
}

#[derive(Debug)]
struct AffineBackward;

impl<B: Derivatives> Backward<B, 3> for AffineBackward {
    type State = AffineState<B>;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let AffineState { input, weight, sums, times } = ops.state;
        let wanted = [0, 1, 2].map(|parent| ops.parents[parent].is_some());
        let result = B::affine_gradients(input, weight, sums, gradient, times, wanted);
        for (node, gradient) in ops.parents.into_iter().zip([result.input, result.weight, result.bias]) {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

/// What the integrators' backward pass needs: counts, weight, earlier gradients, and what each time step counts.
#[derive(Clone, Debug)]
struct IntegratorState<B: Backend> {
    counts: FloatTensor<B>,
    weight: FloatTensor<B>,
    sums: Pair<B>,
    coefficients: Vec<f32>,
}

#[derive(Debug)]
struct IntegratorBackward;

impl<B: Derivatives> Backward<B, 3> for IntegratorBackward {
    type State = IntegratorState<B>;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let IntegratorState { counts, weight, sums, coefficients } = ops.state;
        let wanted = [0, 1, 2].map(|parent| ops.parents[parent].is_some());
        let result = B::integrators_gradients(counts, weight, sums, gradient, &coefficients, wanted);
        for (node, gradient) in ops.parents.into_iter().zip([result.input, result.weight, result.bias]) {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

#[derive(Debug)]
struct CrossEntropyBackward;

impl<B: Derivatives> Backward<B, 1> for CrossEntropyBackward {
    type State = (FloatTensor<B>, Vec<u8>, usize);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [parent] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        if let Some(node) = parent {
            let (logits, labels, batch) = ops.state;
            grads.register::<B>(node.id, B::cross_entropy_gradient(logits, &labels, batch, gradient));
        }
    }
}

impl<B: Derivatives, C: CheckpointStrategy> SpikingOperations for Autodiff<B, C> {
    fn spiking_layer(
        input: Spikes<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        sums: Pair<Self>,
        neuron: Neuron,
        time_steps: usize,
    ) -> Fired<Self> {
        let sums = untracked(sums);
        let nodes = [input.carrier.node(), weight.node(), bias.node()];
        let inner = Spikes { bits: input.bits, carrier: input.carrier.into_primitive() };
        let (weight, bias) = (weight.into_primitive(), bias.into_primitive());
        let of = |fired: Fired<B>| (fired.bits, fired.carrier);
        let (bits, carrier) = match LayerBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let (fired, record) = B::recorded_spiking_layer(inner, weight.clone(), bias, neuron, time_steps);
                let (bits, carrier) = of(fired);
                (bits, prep.finish(LayerState::<B> { record, weight, sums, neuron }, carrier))
            }
            OpsKind::UnTracked(prep) => {
                let (bits, carrier) = of(B::spiking_layer(inner, weight, bias, sums, neuron, time_steps));
                (bits, prep.finish(carrier))
            }
        };
        Fired { bits, carrier }
    }

    fn driven_neurons(currents: FloatTensor<Self>, neuron: Neuron, time_steps: usize) -> Fired<Self> {
        let nodes = [currents.node()];
        let currents = currents.into_primitive();
        let (bits, carrier) = match DrivenBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let (fired, record) = B::recorded_driven_neurons(currents, neuron, time_steps);
                (fired.bits, prep.finish((record, neuron), fired.carrier))
            }
            OpsKind::UnTracked(prep) => {
                let fired = B::driven_neurons(currents, neuron, time_steps);
                (fired.bits, prep.finish(fired.carrier))
            }
        };
        Fired { bits, carrier }
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

    fn affine(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        sums: Pair<Self>,
        times: f32,
    ) -> FloatTensor<Self> {
        let sums = untracked(sums);
        let nodes = [input.node(), weight.node(), bias.node()];
        let (input, weight, bias) = (input.into_primitive(), weight.into_primitive(), bias.into_primitive());
        let none = || Pair { weight: sums.weight.clone(), bias: sums.bias.clone() };
        let output = B::affine(input.clone(), weight.clone(), bias, none(), times);
        match AffineBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(AffineState::<B> { input, weight, sums, times }, output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn integrators(
        input: Spikes<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        sums: Pair<Self>,
        coefficients: Vec<f32>,
    ) -> FloatTensor<Self> {
        let sums = untracked(sums);
        let nodes = [input.carrier.node(), weight.node(), bias.node()];
        let inner = Spikes { bits: input.bits, carrier: input.carrier.into_primitive() };
        let (weight, bias) = (weight.into_primitive(), bias.into_primitive());
        match IntegratorBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let (output, counts) = B::recorded_integrators(inner, weight.clone(), bias, &coefficients);
                prep.finish(IntegratorState::<B> { counts, weight, sums, coefficients }, output)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::integrators(inner, weight, bias, sums, coefficients)),
        }
    }

    fn cross_entropy(logits: FloatTensor<Self>, labels: Vec<u8>, batch: usize) -> Judgement<Self> {
        let nodes = [logits.node()];
        let logits = logits.into_primitive();
        let Judgement { loss, correct } = B::cross_entropy(logits.clone(), labels.clone(), batch);
        let loss = match CrossEntropyBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((logits, labels, batch), loss),
            OpsKind::UnTracked(prep) => prep.finish(loss),
        };
        Judgement { loss, correct }
    }
}

/// Gradients are constants.
fn untracked<B: Backend, C: CheckpointStrategy>(sums: Pair<Autodiff<B, C>>) -> Pair<B> {
    Pair { weight: sums.weight.into_primitive(), bias: sums.bias.into_primitive() }
}
