//! The ordinary network of the same size: what its test accuracy is, where the spiking one's is known.
//!
//!     cargo bench --bench twin                                   # MNIST
//!     cargo bench --bench twin -- --data data/fashion-mnist --epochs 20
//!
//! Neurons pass max(0, W·x + b) on, once for each picture, in place of spikes. Initial weights, order of the images, step
//! size, its schedule and the batch are the spiking network's by the defaults of [`Spec`]; burn's operations differentiate
//! it, and burn's Adam trains it.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a program of its own"
)]

mod bench;

use bench::{Result, argument, mnist};
use burn::module::{Module, Param};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};
use spiking_playground::digits::Digits;
use spiking_playground::digits::order::EpochOrder;
use spiking_playground::event::Accuracy;
use spiking_playground::kernels::{self, reference};
use spiking_playground::layer::Linear;
use spiking_playground::network::Network;
use spiking_playground::optimizer::learning_rate;
use spiking_playground::spec::Spec;

/// The weights and bias of one layer.
#[derive(Module, Debug)]
struct Dense {
    /// [N, H].
    weight: Param<Tensor<2>>,
    /// [1, H].
    bias: Param<Tensor<2>>,
}

impl Dense {
    /// The numbers that the spiking network begins with.
    fn of(linear: &Linear, device: &Device) -> Self {
        let ((weight, bias), shape) = (linear.rows(), linear.shape());
        Self {
            weight: Param::from_data(TensorData::new(weight, [shape.inputs, shape.outputs]), device),
            bias: Param::from_data(TensorData::new(bias, [1, shape.outputs]), device),
        }
    }

    fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        input.matmul(self.weight.val()) + self.bias.val()
    }
}

/// Two layers.
#[derive(Module, Debug)]
struct Twin {
    hidden: Dense,
    readout: Dense,
}

impl Twin {
    /// Class scores [B, C] of images, [B, N] from 0 to 1.
    fn forward(&self, images: Tensor<2>) -> Tensor<2> {
        self.readout.forward(relu(self.hidden.forward(images)))
    }
}

/// Images, [B, N] from 0 to 1, and their labels.
fn batch(digits: &Digits, indices: &[usize], device: &Device) -> (Tensor<2>, Vec<u8>) {
    let pixels: Vec<f32> =
        indices.iter().flat_map(|index| digits.image(*index)).map(|pixel| f32::from(*pixel) / 255.0).collect();
    let images = Tensor::from_data(TensorData::new(pixels, [indices.len(), digits.pixels()]), device);
    (images, indices.iter().map(|index| digits.label(*index)).collect())
}

fn accuracy(twin: &Twin, test: &Digits) -> Accuracy {
    let (twin, indices): (Twin, Vec<usize>) = (twin.valid(), (0..test.len()).collect());
    let mut total = Accuracy::default();
    for indices in indices.chunks(1000) {
        let (images, labels) = batch(test, indices, &kernels::cpu());
        let logits: Vec<f32> = twin.forward(images).into_data().iter::<f32>().collect();
        total += Accuracy::of(&logits, &labels);
    }
    total
}

fn main() -> Result<()> {
    let [train, test] = mnist()?;
    let spec = Spec { epochs: argument("epochs", "10").parse()?, ..Spec::default() };
    let device = kernels::cpu().autodiff();
    let spiking = Network::new(&spec, train.pixels(), test.classes(), &device);
    let hidden = &spiking.layers[0];
    let mut twin =
        Twin { hidden: Dense::of(&hidden.linear, &device), readout: Dense::of(spiking.readout.linear(), &device) };
    let mut adam = AdamConfig::new().with_epsilon(1e-8).init();
    let steps = train.len().div_ceil(spec.batch_size) as u64 * u64::from(spec.epochs);
    let mut step = 0;
    for epoch in 0..spec.epochs {
        let order = EpochOrder::new(spec.seed, epoch, train.len());
        for start in (0..train.len()).step_by(spec.batch_size) {
            let indices: Vec<usize> = order.batch(start, spec.batch_size).iter().map(|place| place.sample()).collect();
            let (images, labels) = batch(&train, &indices, &device);
            let gradients =
                GradientsParams::from_grads(reference::cross_entropy(twin.forward(images), &labels).backward(), &twin);
            twin = adam.step(learning_rate(&spec, step, steps), twin, gradients);
            step += 1;
        }
        eprintln!("epoch {} {:.2} %", epoch + 1, 100.0 * accuracy(&twin, &test).fraction());
    }
    println!("test_accuracy {}", accuracy(&twin, &test).fraction());
    Ok(())
}
