//! The derivatives of the spiking operations: the backward kernels as nodes of burn's autodiff.

use super::{Derivatives, LinearGradients, LinearMap, LossOutput, Neurons, Spikes, SpikingOperations};
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, TensorMetadata};
use burn::tensor::Shape;

/// The map's tensors without their nodes of the graph.
fn inner<B: Backend, C: CheckpointStrategy>(map: LinearMap<Autodiff<B, C>>) -> LinearMap<B> {
    let LinearMap { parameters, grad_accum, shape, window } = map;
    LinearMap { parameters: parameters.into_primitive(), grad_accum: grad_accum.into_primitive(), shape, window }
}

/// Registers the gradients of a linear map under the nodes of its input and its parameters.
fn register<B: Backend>(grads: &mut Gradients, [input, parameters]: [Option<NodeId>; 2], given: LinearGradients<B>) {
    if let Some(node) = parameters {
        grads.register::<B>(node, given.parameters);
    }
    if let (Some(node), Some(gradient)) = (input, given.input) {
        grads.register::<B>(node, gradient);
    }
}

#[derive(Debug)]
struct SpikingLayerBackward;

impl<B: Derivatives> Backward<B, 2> for SpikingLayerBackward {
    type State = (B::Saved, LinearMap<B>, Neurons);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let nodes = ops.parents.map(|parent| parent.map(|node| node.id));
        let (saved, map, neurons) = ops.state;
        // The gradient registered under the carrier's node is that of the spikes.
        let gradient = grads.consume::<B>(&ops.node);
        let needs_input = nodes[0].is_some();
        let given = B::spiking_layer_backward(saved, map, gradient, neurons, needs_input);
        register::<B>(grads, nodes, given);
    }
}

#[derive(Debug)]
struct ConstantInputBackward;

impl<B: Derivatives> Backward<B, 1> for ConstantInputBackward {
    type State = (B::Saved, Neurons);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [currents] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        if let Some(node) = currents {
            let (saved, neurons) = ops.state;
            grads.register::<B>(node.id, B::lif_constant_input_backward(saved, gradient, neurons));
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
            grads.register::<B>(node.id, B::weighted_spike_count_backward(gradient, &ops.state));
        }
    }
}

#[derive(Debug)]
struct AmongBackward;

impl<B: Derivatives> Backward<B, 1> for AmongBackward {
    /// The shape of the columns, and the first of them.
    type State = ([usize; 2], usize);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [own] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        if let Some(node) = own {
            let ([batch, columns], first) = ops.state;
            let width = gradient.shape().num_elements() / batch;
            let flat = B::float_reshape(gradient, Shape::from([batch * width]));
            let columns_of = B::strided_rows(flat, first, width, batch, columns);
            grads.register::<B>(node.id, B::float_reshape(columns_of, Shape::from([batch, columns])));
        }
    }
}

#[derive(Debug)]
struct LinearBackward;

impl<B: Derivatives> Backward<B, 2> for LinearBackward {
    /// The input, the map, and the bias's scale.
    type State = (FloatTensor<B>, LinearMap<B>, f32);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let nodes = ops.parents.map(|parent| parent.map(|node| node.id));
        let gradient = grads.consume::<B>(&ops.node);
        let (input, map, bias_scale) = ops.state;
        let needs_input = nodes[0].is_some();
        let given = B::linear_map_backward(input, map, gradient, bias_scale, needs_input);
        register::<B>(grads, nodes, given);
    }
}

#[derive(Debug)]
struct IntegratorBackward;

impl<B: Derivatives> Backward<B, 2> for IntegratorBackward {
    /// The counts, the map, and the coefficients of the time steps.
    type State = (FloatTensor<B>, LinearMap<B>, Vec<f32>);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let nodes = ops.parents.map(|parent| parent.map(|node| node.id));
        let gradient = grads.consume::<B>(&ops.node);
        let (counts, map, coefficients) = ops.state;
        let needs_input = nodes[0].is_some();
        let given = B::integrators_backward(counts, map, gradient, &coefficients, needs_input);
        register::<B>(grads, nodes, given);
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
            grads.register::<B>(node.id, B::cross_entropy_backward(logits, &labels, batch, gradient));
        }
    }
}

impl<B: Derivatives, C: CheckpointStrategy> SpikingOperations for Autodiff<B, C> {
    fn spiking_layer(input: Spikes<Self>, map: LinearMap<Self>, neurons: Neurons, time_steps: usize) -> Spikes<Self> {
        let nodes = [input.carrier.node(), map.parameters.node()];
        let inner = Spikes { bits: input.bits, carrier: input.carrier.into_primitive() };
        let map = self::inner(map);
        match SpikingLayerBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let (spikes, saved) = B::spiking_layer_forward(inner, &map, neurons.neuron, time_steps);
                Spikes { bits: spikes.bits, carrier: prep.finish((saved, map, neurons), spikes.carrier) }
            }
            OpsKind::UnTracked(prep) => {
                let spikes = B::spiking_layer(inner, map, neurons, time_steps);
                Spikes { bits: spikes.bits, carrier: prep.finish(spikes.carrier) }
            }
        }
    }

    fn lif_constant_input(currents: FloatTensor<Self>, neurons: Neurons, time_steps: usize) -> Spikes<Self> {
        let nodes = [currents.node()];
        let currents = currents.into_primitive();
        match ConstantInputBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let (spikes, saved) = B::lif_constant_input_forward(currents, neurons.neuron, time_steps);
                Spikes { bits: spikes.bits, carrier: prep.finish((saved, neurons), spikes.carrier) }
            }
            OpsKind::UnTracked(prep) => {
                let spikes = B::lif_constant_input(currents, neurons, time_steps);
                Spikes { bits: spikes.bits, carrier: prep.finish(spikes.carrier) }
            }
        }
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

    fn among(own: FloatTensor<Self>, all: FloatTensor<Self>, first: usize) -> FloatTensor<Self> {
        let (nodes, shape) = ([own.node()], own.shape().dims());
        let output = B::among(own.into_primitive(), all.into_primitive(), first);
        match AmongBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((shape, first), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn linear_map(input: FloatTensor<Self>, map: LinearMap<Self>, bias_scale: f32) -> FloatTensor<Self> {
        let nodes = [input.node(), map.parameters.node()];
        let (input, map) = (input.into_primitive(), inner(map));
        let output = B::linear_map(input.clone(), map.clone(), bias_scale);
        match LinearBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((input, map, bias_scale), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn integrators(input: Spikes<Self>, map: LinearMap<Self>, coefficients: Vec<f32>) -> FloatTensor<Self> {
        let nodes = [input.carrier.node(), map.parameters.node()];
        let inner = Spikes { bits: input.bits, carrier: input.carrier.into_primitive() };
        let map = self::inner(map);
        match IntegratorBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let (output, counts) = B::integrators_forward(inner, &map, &coefficients);
                prep.finish((counts, map, coefficients), output)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::integrators(inner, map, coefficients)),
        }
    }

    fn cross_entropy(logits: FloatTensor<Self>, labels: Vec<u8>, batch: usize) -> LossOutput<Self> {
        let nodes = [logits.node()];
        let logits = logits.into_primitive();
        let LossOutput { loss, correct } = B::cross_entropy(logits.clone(), labels.clone(), batch);
        let loss = match CrossEntropyBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((logits, labels, batch), loss),
            OpsKind::UnTracked(prep) => prep.finish(loss),
        };
        LossOutput { loss, correct }
    }
}
