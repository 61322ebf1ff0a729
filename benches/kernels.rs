//! How long each part of a training step takes, and what share of a whole step that is: 784-256-10, T = 25, B = 64.
//!
//!     cargo bench --bench kernels                    # all of them, on all cores
//!     RAYON_NUM_THREADS=1 cargo bench --bench kernels -- --only adam --seconds 2

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a program of its own"
)]

mod bench;

use bench::clock::{Times, time};
use bench::{Result, argument, mnist};
use burn::tensor::{Device, Tensor, TensorData};
use spiking_playground::event::Event;
use spiking_playground::kernels::{self, AdamStep, LinearShape, SpikeTensor};
use spiking_playground::layer::{Integrators, Linear, ParameterLayout};
use spiking_playground::network::Network;
use spiking_playground::spec::Spec;
use spiking_playground::spikes::encode::Pass;
use spiking_playground::training::Run;
use std::ops::ControlFlow;
use std::time::Duration;

fn main() -> Result<()> {
    let (only, total) = (argument("only", ""), Duration::from_secs_f64(argument("seconds", "2").parse()?));
    let spec = Spec::default();
    let (batch, time_steps, neuron) = (spec.batch_size, spec.time_steps, spec.neuron);
    let [digits, _] = mnist()?;
    let network = Network::new(&spec, 784, 10, &kernels::cpu().autodiff());
    let mut run = Run::new(spec.clone(), network, digits.len());
    let whole = time(total, || run.advance(&digits, None, &mut |_: &Event| ControlFlow::Continue(()))).median;
    println!("{:<48} {whole:>10.1?}", "a whole step");
    let report = |name: &str, work: &mut dyn FnMut()| {
        if name.contains(&only) {
            let Times { median, least, most } = time(total, work);
            let share = 100.0 * median.as_secs_f64() / whole.as_secs_f64();
            println!("{name:<48} {median:>10.1?}  {share:>4.0} %   from {least:.1?} to {most:.1?}");
        }
    };
    let images: Vec<&[u8]> = (0..batch).map(|index| digits.image(index)).collect();
    let samples: Vec<u64> = (0..batch as u64).collect();
    let encode = || kernels::rate(&images, &samples, 1, Pass::Training(0), time_steps);
    report("encoding, 64 images", &mut || drop(encode()));

    let (device, tracked) = (kernels::cpu(), kernels::cpu().autodiff());
    let train = encode();
    let input = |device: &Device| SpikeTensor::new(train.clone(), device);
    let linear = |inputs, outputs, device| Linear::random(ParameterLayout::dense(inputs, outputs), 1, 0, device);
    let (plain, learning) = (linear(784, 256, &device), linear(784, 256, &tracked));
    report("layer 784-256, forward", &mut || {
        drop(kernels::spiking_layer(input(&device), plain.weights(None), &neuron));
    });
    // Where every neuron fires at random in half of the time steps, walking the spikes is at its dearest; a product with
    // the spikes as floats costs the same whatever they are. It does not pay even there, so there is no switch to it.
    let noise = vec![128; 784];
    let noisy = kernels::rate(&vec![noise.as_slice(); batch], &samples, 1, Pass::Training(0), time_steps);
    report("the same, all neurons fire half of the time", &mut || {
        drop(kernels::spiking_layer(SpikeTensor::new(noisy.clone(), &device), plain.weights(None), &neuron));
    });
    let floats = TensorData::new(noisy.to_dense(), [batch * time_steps, 784]);
    let floats = Tensor::<2>::from_data(floats, &device);
    report("its currents as a dense product", &mut || drop(kernels::linear(floats.clone(), plain.weights(None), 1.0)));
    let coefficients = Integrators::coefficients(f64::from(neuron.beta), time_steps);
    report("layer 784-256, forward and gradients", &mut || {
        let spikes = kernels::spiking_layer(input(&tracked), learning.weights(None), &neuron);
        drop(kernels::weighted_spike_count(spikes, &coefficients).sum().backward());
    });
    let second = linear(256, 128, &tracked);
    report("layers 784-256-128, forward and gradients", &mut || {
        let spikes = kernels::spiking_layer(input(&tracked), learning.weights(None), &neuron);
        let spikes = kernels::spiking_layer(spikes, second.weights(None), &neuron);
        drop(kernels::weighted_spike_count(spikes, &coefficients).sum().backward());
    });

    let readout = linear(256, 10, &tracked);
    let counts = kernels::weighted_spike_count(
        kernels::spiking_layer(input(&device), plain.weights(None), &neuron),
        &coefficients,
    );
    let counts = Tensor::<2>::from_inner(counts);
    report("linear 256-10 and cross entropy, with gradients", &mut || {
        let logits = kernels::linear(counts.clone(), readout.weights(None), 1.0);
        drop(kernels::cross_entropy(logits, &digits.labels[..batch], batch).0.backward());
    });

    let numbers = LinearShape { inputs: 784, outputs: 256 }.numbers();
    let values = |value: f32| kernels::parameters_on(vec![value; numbers], &device);
    let step = AdamStep { beta_1: 0.9, beta_2: 0.999, rate: 1e-3, epsilon: 1e-8 };
    let mut state = [values(0.1), values(0.0), values(0.0)];
    // The gradient's memory is taken by each step, so a new one is made: its copy is part of the time.
    report("Adam, 784 x 256, with a copy of the gradient", &mut || {
        let nothing = || Tensor::<1>::empty([0], &device);
        let before = std::mem::replace(&mut state, [nothing(), nothing(), nothing()]);
        state = kernels::adam(before, values(0.01), step);
    });
    Ok(())
}
