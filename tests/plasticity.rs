//! Learning without labels on real digits: what it comes to, and what fails without each part of the rule. That the fast way has
//! the bits of the obvious one stands beside it (`src/plasticity/layer.rs`).

use crate::models::data_dir;
use spiking_playground::checksum::sha256;
use spiking_playground::cli::data;
use spiking_playground::digits::Digits;
use spiking_playground::plasticity::input::encode;
use spiking_playground::plasticity::labels::{Responses, Vote};
use spiking_playground::plasticity::layer::StdpLayer;
use spiking_playground::plasticity::{INPUT_RATE, Mode, Stdp, TIME_STEPS, neuron};
use spiking_playground::spec::Dataset;
use spiking_playground::spikes::encode::Pass;

fn show(layer: &mut StdpLayer, digits: &Digits, image: usize, (pass, mode): (Pass, Mode)) {
    layer.show(&encode(digits.image(image), INPUT_RATE, TIME_STEPS, (1, pass, image as u64)), mode);
}

/// A layer that has seen the first pictures of the training set.
fn learnt(stdp: Stdp, neurons: usize, pictures: usize, train: &Digits) -> StdpLayer {
    let mut layer = StdpLayer::new(neuron(), stdp, train.pixels(), neurons, 1);
    (0..pictures).for_each(|image| show(&mut layer, train, image, (Pass::Training(0), Mode::Learning)));
    layer
}

/// The share of 1,000 test pictures that are read rightly, with labels from 2,000 pictures of the training set.
fn accuracy(layer: &mut StdpLayer, train: &Digits, test: &Digits, vote: Vote) -> f64 {
    let mut responses = Responses::new(layer.neurons(), 10);
    for image in 0..2000 {
        show(layer, train, image, (Pass::Evaluation, Mode::Frozen));
        responses.add(train.label(image), layer.spikes());
    }
    let voters = responses.voters();
    let right = (0..1000).filter(|image| {
        show(layer, test, *image, (Pass::Evaluation, Mode::Frozen));
        voters.answer(layer.spikes(), vote) == Some(test.label(*image))
    });
    right.count() as f64 / 1000.0
}

/// The share of the last 100 of 1,100 pictures' spikes that come from the busiest neuron.
fn busiest(stdp: Stdp, train: &Digits) -> f64 {
    let mut layer = learnt(stdp, 100, 1000, train);
    let mut spikes = vec![0_usize; 100];
    for image in 1000..1100 {
        show(&mut layer, train, image, (Pass::Training(0), Mode::Learning));
        layer.spikes().iter().for_each(|spike| spikes[spike.neuron] += 1);
    }
    *spikes.iter().max().unwrap() as f64 / spikes.iter().sum::<usize>().max(1) as f64
}

#[test]
fn digits_are_told_apart_without_labels() {
    let Some(folder) = data_dir(Dataset::Mnist) else { return };
    let data = data::load(&folder, Dataset::Mnist).unwrap();
    let mut layer = learnt(Stdp::default(), 100, 4000, &data.train);
    let shares = accuracy(&mut layer, &data.train, &data.test, Vote::Shares);
    let mean = accuracy(&mut layer, &data.train, &data.test, Vote::Mean);
    // 79.6 % and 78.1 % with so few neurons, pictures and labels; guessing reads 10 %.
    assert!(shares > 0.77 && mean > 0.74, "{shares} by shares, {mean} by the mean vote");
    assert!(layer.age().iter().all(|age| *age > 0), "every neuron has found something");
    // The bits are those of any machine.
    let weights = (0..100).flat_map(|j| layer.incoming(j)).flat_map(f32::to_le_bytes).collect::<Vec<u8>>();
    assert_eq!(sha256([&weights[..]]), WEIGHTS);
}

/// The SHA-256 of the weights, [N, inputs] in f32.
const WEIGHTS: &str = "52455871446adec96c9a0aace2050781742e3ab3bfa10ab557166d0118550825";

#[test]
fn without_homeostasis_one_neuron_wins_all_and_without_inhibition_all_learn_the_same() {
    let Some(folder) = data_dir(Dataset::Mnist) else { return };
    let train = data::load(&folder, Dataset::Mnist).unwrap().train;
    let usual = busiest(Stdp::default(), &train);
    assert!(usual < 0.1, "{usual}");
    let greedy = busiest(Stdp { adaptation: 0.0, adaptation_min: 0.0, ..Stdp::default() }, &train);
    assert!(greedy > 0.9, "{greedy}");
    // How alike two neurons' weights are: the cosine between them.
    let alike = |stdp: Stdp| {
        let layer = learnt(stdp, 30, 600, &train);
        let fields: Vec<Vec<f32>> = (0..30).map(|j| layer.incoming(j)).collect();
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
        let pairs = (0..30).flat_map(|a| (0..a).map(move |b| (a, b)));
        let cosines = pairs.map(|(a, b)| {
            let (a, b) = (&fields[a], &fields[b]);
            dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
        });
        cosines.sum::<f64>() / (30.0 * 29.0 / 2.0)
    };
    let (apart, together) = (alike(Stdp::default()), alike(Stdp { inhibition: 0.0, ..Stdp::default() }));
    assert!(together > 0.9 && apart < 0.75, "{together} without inhibition, {apart} with it");
}
