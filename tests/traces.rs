//! Traces that SpikingJelly, snnTorch and Norse computed: our neuron, our reference and our kernel must walk the same
//! way. The folder is tests/fixtures, or the one that SPIKING_FIXTURES names; every JSON file in it is read.

use serde_json::Value;
use spiking_playground::kernels::{self, LinearWeights, SpikeTensor, reference};
use spiking_playground::layer::Integrators;

use spiking_playground::spec::{Neuron, Reset, Surrogate};
use spiking_playground::spikes::SpikeTrain;

use burn::tensor::{Device, Tensor, TensorData};
use std::path::PathBuf;

/// Membranes are sums of some ten products near 1, each rounded to 6e-8; libraries order them differently.
const MEMBRANE: f32 = 1e-5;
/// Gradients go backwards through T of them, times slopes of up to 25.
const GRADIENT: f32 = 1e-4;

fn files() -> Vec<(String, Value)> {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let folder = std::env::var_os("SPIKING_FIXTURES").map_or(own, PathBuf::from);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "json"));
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
    };
    let mut files: Vec<_> = paths.map(read).collect();
    files.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(!files.is_empty(), "no JSON file in {}", folder.display());
    files
}

/// All numbers of nested arrays, in order.
fn numbers(value: &Value) -> Vec<f32> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        Value::Bool(bit) => vec![f32::from(u8::from(*bit))],
        value => vec![value.as_f64().unwrap_or_else(|| panic!("no number: {value}")) as f32],
    }
}

fn shape(value: &Value) -> Vec<usize> {
    let Value::Array(values) = value else { return Vec::new() };
    std::iter::once(values.len()).chain(values.first().map(shape).unwrap_or_default()).collect()
}

fn number(params: &Value, name: &str) -> Option<f32> {
    params.get(name)?.as_f64().map(|value| value as f32)
}

/// The number after `=` in a text like `fast_sigmoid(slope=25): …`.
fn slope(text: &str) -> f32 {
    let after = text.split_once('=').expect("a surrogate with its slope").1;
    after.split([')', ',']).next().unwrap().trim().parse().unwrap()
}

fn neuron(params: &Value) -> Neuron {
    let text = |name: &str| params[name].as_str().unwrap_or_default();
    let surrogate = match text("surrogate") {
        text if text.starts_with("fast_sigmoid") => Surrogate::FastSigmoid(slope(text)),
        text if text.starts_with("atan") => Surrogate::Arctan(slope(text)),
        text if text.starts_with("sigmoid") => Surrogate::Sigmoid(slope(text)),
        text if text.starts_with("triangle") => Surrogate::Triangle,
        other => panic!("unknown surrogate {other}"),
    };
    let reset = match text("reset") {
        "zero" => Reset::Zero,
        "subtract" => Reset::Subtract,
        "subtract, one step later" => Reset::SubtractDelayed,
        other => panic!("unknown reset {other}"),
    };
    let neuron = Neuron {
        alpha: number(params, "alpha").unwrap_or(0.0),
        beta: number(params, "beta").unwrap_or(0.9),
        threshold: number(params, "threshold").unwrap(),
        attached_reset: !params["detach_reset"].as_bool().unwrap(),
        reset,
        surrogate,
        ..Neuron::default()
    };
    // Norse's adaptation decays before it counts: what a spike adds is less by that.
    let neuron = match (number(params, "dt"), number(params, "tau_adapt_inv"), number(params, "adaptation_step")) {
        (Some(dt), Some(adaptation), Some(step)) => {
            let decay = 1.0 - dt * adaptation;
            Neuron { adaptation: decay * step, adaptation_decay: decay, ..neuron }
        }
        _ => neuron,
    };
    // Norse gives time constants: one Euler step of dt (see src/neuron.rs).
    match (number(params, "dt"), number(params, "tau_mem_inv"), number(params, "tau_syn_inv")) {
        (Some(dt), Some(membrane), Some(synapse)) => {
            Neuron { alpha: 1.0 - dt * synapse, beta: 1.0 - dt * membrane, gain: dt * membrane, ..neuron }
        }
        _ => neuron,
    }
}

fn assert_close(what: &str, ours: &[f32], theirs: &[f32], tolerance: f32) {
    assert_eq!(ours.len(), theirs.len(), "{what}: number of values");
    let largest = theirs.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    let error = ours.iter().zip(theirs).fold(0.0_f32, |error, (a, b)| error.max((a - b).abs()));
    let scale = if tolerance == GRADIENT { largest } else { 1.0 };
    assert!(error <= tolerance * scale, "{what}: largest error {error} over {scale}, allowed {tolerance}");
}

/// One case of neurons: what three of our implementations make of its currents [T, N].
struct Ours {
    who: &'static str,
    spikes: Vec<f32>,
    potentials: Vec<f32>,
    gradient: Vec<f32>,
}

fn by_neuron(neuron: &Neuron, currents: &[f32], upstream: &[f32], width: usize) -> Ours {
    let time_steps = currents.len() / width;
    let mut ours = Ours {
        who: "neuron",
        spikes: vec![0.0; currents.len()],
        potentials: vec![0.0; currents.len()],
        gradient: vec![0.0; currents.len()],
    };
    for n in 0..width {
        let column = |values: &[f32]| values.iter().skip(n).step_by(width).copied().collect::<Vec<f32>>();
        let inputs = column(currents);
        let steps: Vec<_> = neuron.run(&inputs).collect();
        let potentials: Vec<f32> = steps.iter().map(|step| step.potential).collect();
        let gradient = neuron.derivative(&potentials, &column(upstream));
        for t in 0..time_steps {
            ours.spikes[t * width + n] = f32::from(u8::from(steps[t].spike));
            ours.potentials[t * width + n] = potentials[t];
            ours.gradient[t * width + n] = gradient[t];
        }
    }
    ours
}

fn read<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn by_reference(neuron: &Neuron, currents: &[f32], upstream: &[f32], width: usize) -> Ours {
    let device = Device::flex().autodiff();
    let time_steps = currents.len() / width;
    let tensor =
        |values: &[f32]| Tensor::<3>::from_data(TensorData::new(values.to_vec(), [1, time_steps, width]), &device);
    let currents = tensor(currents).require_grad();
    let (spikes, potentials) = reference::neurons(currents.clone(), neuron);
    let gradients = (spikes.clone() * tensor(upstream)).sum().backward();
    Ours {
        who: "reference",
        spikes: read(spikes.inner()),
        potentials: read(potentials.inner()),
        gradient: read(currents.grad(&gradients).unwrap()),
    }
}

/// The kernel takes spikes: T neurons, each of which fires once, at its own time step, bring any currents as weights.
fn by_kernel(neuron: &Neuron, currents: &[f32], upstream: &[f32], width: usize) -> Ours {
    let device = Device::flex().autodiff();
    let time_steps = currents.len() / width;
    let mut train = SpikeTrain::silent(1, time_steps, time_steps);
    (0..time_steps).for_each(|t| train.fire(0, t, t));
    let weights = LinearWeights::from_rows(currents, &vec![0.0; width], &device);
    let (shape, parameters) = (weights.shape, weights.parameters);
    let weights = || LinearWeights::new(shape, parameters.clone());
    let layer = || kernels::spiking_layer(SpikeTensor::new(train.clone(), &device), weights(), neuron);
    // The upstream gradient is brought in one time step at a time, as a count that weighs only that time step.
    let loss = (0..time_steps).map(|t| {
        let coefficients: Vec<f32> = (0..time_steps).map(|other| f32::from(u8::from(other == t))).collect();
        let upstream =
            Tensor::<2>::from_data(TensorData::new(upstream[t * width..(t + 1) * width].to_vec(), [1, width]), &device);
        (kernels::weighted_spike_count(layer(), &coefficients) * upstream).sum()
    });
    let gradients = loss.reduce(|a, b| a + b).unwrap().backward();
    let input = SpikeTensor::new(train.clone(), &Device::flex());
    Ours {
        who: "kernel",
        spikes: layer().train().to_dense(),
        potentials: read(kernels::membrane_potentials(
            input,
            LinearWeights::new(shape, parameters.clone().inner()),
            neuron,
        )),
        gradient: shape.unpack(&read(parameters.grad(&gradients).unwrap())).0,
    }
}

fn check_neurons(case: &Value) {
    let (name, params) = (case["name"].as_str().unwrap_or("unnamed"), &case["params"]);
    let neuron = neuron(params);
    let [currents, spikes, membrane, upstream, gradient] =
        ["currents", "spikes", "membrane_after_reset", "upstream", "grad_currents"].map(|field| numbers(&case[field]));
    let width = shape(&case["currents"])[1];
    for run in [by_neuron, by_reference, by_kernel] {
        let ours = run(&neuron, &currents, &upstream, width);
        let what = |part: &str| format!("{name}, {} of our {}", part, ours.who);
        assert_eq!(ours.spikes, spikes, "{}", what("spikes"));
        // snnTorch subtracts one time step later, so what it shows is the potential before the reset.
        let after =
            |(u, s): (&f32, &f32)| if neuron.reset == Reset::SubtractDelayed { *u } else { neuron.reset(*u, *s > 0.5) };
        if !case["thresholds"].is_null() {
            let width = shape(&case["thresholds"])[1];
            let column = |n: usize| ours.potentials.iter().skip(n).step_by(width).copied().collect::<Vec<f32>>();
            let columns: Vec<Vec<f32>> = (0..width).map(|n| neuron.adaptations(&column(n))).collect();
            let thresholds: Vec<f32> = (0..ours.potentials.len())
                .map(|place| neuron.threshold + columns[place % width][place / width])
                .collect();
            assert_close(&what("thresholds"), &thresholds, &numbers(&case["thresholds"]), MEMBRANE);
        }
        let ours_after: Vec<f32> = ours.potentials.iter().zip(&ours.spikes).map(after).collect();
        assert_close(&what("membranes"), &ours_after, &membrane, MEMBRANE);
        assert_close(&what("gradients"), &ours.gradient, &gradient, GRADIENT);
    }
}

/// A whole network: hidden layer, membrane readout, loss and every gradient.
fn check_network(case: &Value) {
    let device = Device::flex().autodiff();
    let field = |name: &str| (numbers(&case[name]), shape(&case[name]));
    let (input, dims) = field("input_spikes"); // [B, T, N]
    let [batch, time_steps, inputs] = [dims[0], dims[1], dims[2]];
    let weights = |weight: &str, bias: &str| LinearWeights::from_rows(&field(weight).0, &field(bias).0, &device); // [in, out]
    let copy = |weights: &LinearWeights| LinearWeights::new(weights.shape, weights.parameters.clone());
    let beta = number(case, "beta").unwrap();
    let neuron = Neuron { beta, reset: Reset::Subtract, surrogate: Surrogate::FastSigmoid(10.0), ..Neuron::default() };
    let layers = [weights("w1", "b1"), weights("w2", "b2")];
    let train = SpikeTrain::from_dense(batch, inputs, time_steps, &input);
    let hidden = kernels::spiking_layer(SpikeTensor::new(train, &device), copy(&layers[0]), &neuron);
    assert_eq!(hidden.train().to_dense(), field("hidden_spikes").0, "hidden spikes");
    let coefficients = Integrators::coefficients(case["beta_out"].as_f64().unwrap(), time_steps);
    let total: f32 = coefficients.iter().sum();
    let counts = kernels::weighted_spike_count(hidden, &coefficients);
    let logits = kernels::linear(counts, copy(&layers[1]), total);
    assert_close("logits", &read(logits.clone().inner()), &field("logits").0, MEMBRANE);
    let labels: Vec<u8> = field("labels").0.iter().map(|label| *label as u8).collect();
    let (loss, _) = kernels::cross_entropy(logits, &labels, batch);
    assert_close("loss", &read(loss.clone().inner()), &[number(case, "loss").unwrap()], MEMBRANE);
    let gradients = loss.backward();
    for (layer, names) in layers.iter().zip([["grad_w1", "grad_b1"], ["grad_w2", "grad_b2"]]) {
        let (weight, bias) = layer.shape.unpack(&read(layer.parameters.grad(&gradients).unwrap()));
        for (name, ours) in names.into_iter().zip([weight, bias]) {
            assert_close(name, &ours, &field(name).0, GRADIENT);
        }
    }
}

#[test]
fn traces_of_other_libraries_are_ours() {
    let mut checked = 0;
    for (_, contents) in files() {
        match contents {
            Value::Array(cases) => cases.iter().for_each(|case| {
                check_neurons(case);
                checked += 1;
            }),
            case @ Value::Object(_) => {
                check_network(&case);
                checked += 1;
            }
            other => panic!("neither a list of neurons nor a network: {other}"),
        }
    }
    assert!(checked > 0);
    if std::env::var_os("SPIKING_FIXTURES").is_none() {
        assert_eq!(checked, 11, "ten cases of neurons and one network");
    }
}
