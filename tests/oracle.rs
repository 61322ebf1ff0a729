//! The oracle that the kernels of every device, CPU and GPU, are compared with.

use burn::tensor::{Device, Tensor, TensorData};
use pollster::block_on;
use spiking_playground::event::Accuracy;
use spiking_playground::kernels::{ImageStore, reference};
use spiking_playground::parity::{Answer, LinearRows, Problem, ProblemInput, Shape};
use spiking_playground::spec::{Encoding, Readout, Window};
use spiking_playground::spikes::SpikeTrain;
use spiking_playground::spikes::encode::{Pass, latency, rate};

/// Whether kernels and reference agree completely; they need not after a spike that differs at the threshold.
pub fn agrees(problem: &Problem, device: &Device) -> bool {
    let ours = block_on(problem.answer(device)).unwrap();
    problem.compare(&ours, &expected(problem)).unwrap_or_else(|error| panic!("{error}"))
}

/// The reference's result: plain operations, differentiated by burn.
fn expected(problem: &Problem) -> Answer {
    let device = Device::flex().autodiff();
    let Problem { shape, neuron, penalty, readout, input, labels, layers, windows } = problem;
    let Shape { batch, inputs, first, second, time_steps, .. } = *shape;
    let leaves = layers.each_ref().map(|layer| {
        let sizes = [layer.weight.len() / layer.bias.len(), layer.bias.len()];
        let weight = Tensor::<2>::from_data(TensorData::new(layer.weight.clone(), sizes), &device);
        (weight.require_grad(), Tensor::<1>::from_floats(layer.bias.as_slice(), &device).require_grad())
    });
    let [(w1, b1), (w2, b2)] = leaves.clone();
    let layer = |input: Tensor<3>, weight, bias, window: Option<Window>| match window {
        Some(window) => reference::neurons(reference::convolution(input, weight, bias, window), neuron),
        None => reference::spiking_layer(input, weight, bias, neuron),
    };
    // Constant currents are an input of every time step that is no spike.
    let input = match input {
        ProblemInput::Spikes(train) => {
            Tensor::<3>::from_data(TensorData::new(train.to_dense(), [batch, time_steps, inputs]), &device)
        }
        ProblemInput::Currents(values) => {
            let input = Tensor::<3>::from_data(TensorData::new(values.clone(), [batch, 1, inputs]), &device);
            input.repeat_dim(1, time_steps)
        }
    };
    let (spikes, u1) = layer(input, w1, b1, windows[0]);
    let mut potentials = if problem.is_constant() { Vec::new() } else { vec![u1] };
    let train = |spikes: &Tensor<3>, width: usize| {
        SpikeTrain::from_dense(batch, width, time_steps, &read(spikes.clone().inner()))
    };
    let mut trains = vec![train(&spikes, first)];
    let price = reference::rate_penalty(spikes.clone(), *penalty);
    let scores = match readout {
        Readout::Membrane => reference::integrators(spikes, w2, b2, 0.9).mean_dim(1).reshape([batch, second]),
        Readout::SpikeCount => {
            let (last, u2) = layer(spikes, w2, b2, windows[1]);
            trains.push(train(&last, second));
            potentials.push(u2);
            last.sum_dim(1).reshape([batch, second])
        }
    };
    let loss = reference::cross_entropy(scores.clone(), labels) + price;
    let gradients = loss.clone().backward();
    let scores = read(scores.inner());
    let learnt = |(weight, bias): (Tensor<2>, Tensor<1>)| LinearRows {
        weight: read(weight.grad(&gradients).unwrap()),
        bias: read(bias.grad(&gradients).unwrap()),
    };
    Answer {
        spikes: trains,
        potentials: potentials.into_iter().map(|u| read(u.inner())).collect(),
        correct: Accuracy::of(&scores, labels).correct as u32,
        scores,
        loss: read(loss.inner())[0],
        gradients: leaves.map(learnt),
    }
}

pub fn read<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// Largest error over largest magnitude.
pub fn close(ours: &[f32], oracle: &[f32]) -> bool {
    let largest = oracle.iter().fold(1e-6_f32, |largest, value| largest.max(value.abs()));
    ours.len() == oracle.len() && ours.iter().zip(oracle).all(|(a, b)| (a - b).abs() <= 1e-4 * largest)
}

/// Asserts that images stored on the device are encoded like images on the host.
pub fn codes_stored_images(device: &Device) {
    for (pixels, time_steps) in [(1, 1), (16, 25), (17, 32), (100, 33), (784, 100)] {
        let images: Vec<u8> =
            (0..12 * pixels).map(|p: usize| if p.is_multiple_of(3) { 0 } else { (p * 37) as u8 }).collect();
        let mut store = ImageStore::new(12, pixels, device);
        // In two parts, the later one first.
        store.put(8, &images[8 * pixels..]);
        store.put(0, &images[..8 * pixels]);
        let batch: Vec<(usize, u64)> = [11, 0, 5, 8, 7].into_iter().map(|image| (image, 1000 + image as u64)).collect();
        let shown: Vec<&[u8]> = batch.iter().map(|(image, _)| &images[image * pixels..][..pixels]).collect();
        let samples: Vec<u64> = batch.iter().map(|(_, sample)| *sample).collect();
        let pass = Pass::Training(3);
        let spikes = |coding| store.spikes(&batch, coding, 9, pass, time_steps).train();
        assert_eq!(spikes(Encoding::Rate), rate(&shown, &samples, 9, pass, time_steps), "{pixels} pixels");
        assert_eq!(spikes(Encoding::Latency), latency(&shown, time_steps), "{pixels} pixels, T {time_steps}");
        let currents: Vec<f32> = shown.iter().flat_map(|image| image.iter().map(|p| f32::from(*p) / 255.0)).collect();
        assert!(close(&read(store.currents(&batch)), &currents), "currents of {pixels} pixels");
    }
}
