//! Learning without labels: how fast, and what it comes to.
//!
//!     cargo bench --bench stdp                                   # 400 neurons, one epoch, seed 1
//!     cargo bench --bench stdp -- --neurons 1600 --pictures 10000 --seed 2
//!
//! One thread learns from the training images in the order of an epoch; the neurons are labelled by 10,000 of them, and the test
//! images are read by both votes. First the fast way is held against the obvious one, to the bit. Standard output gets one
//! `name value` a line.

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
use spiking_playground::digits::Digits;
use spiking_playground::digits::order::EpochOrder;
use spiking_playground::event::Accuracy;
use spiking_playground::plasticity::input::{InputSpikes, encode};
use spiking_playground::plasticity::labels::{Responses, Vote};
use spiking_playground::plasticity::layer::StdpLayer;
use spiking_playground::plasticity::obvious::ObviousLayer;
use spiking_playground::plasticity::{INPUT_RATE, Mode, Stdp, TIME_STEPS, neuron};
use spiking_playground::spikes::encode::Pass;
use std::time::Instant;

/// Training images that give the neurons their labels.
const LABELLED: usize = 10_000;
/// Pictures over which the two ways are compared.
const COMPARED: usize = 20;

fn spikes(digits: &Digits, image: usize, (seed, pass): (u64, Pass)) -> InputSpikes {
    encode(digits.image(image), INPUT_RATE, TIME_STEPS, (seed, pass, image as u64))
}

/// The fast way has the obvious one's spikes and weights.
fn agree(layer: &StdpLayer, train: &Digits, seed: u64) -> Result<()> {
    let incoming = |layer: &StdpLayer| (0..layer.neurons()).map(|j| layer.incoming(j)).collect::<Vec<_>>();
    let (mut fast, mut obvious) = (layer.clone(), ObviousLayer::new(neuron(), Stdp::default(), incoming(layer)));
    for image in 0..COMPARED {
        let picture = spikes(train, image, (seed, Pass::Training(0)));
        fast.show(&picture, Mode::Learning);
        if obvious.show(&picture, Mode::Learning) != fast.spikes() {
            return Err(format!("the two ways differ in the spikes of picture {image}").into());
        }
    }
    if incoming(&fast) == obvious.weights { Ok(()) } else { Err("the two ways differ in their weights".into()) }
}

fn main() -> Result<()> {
    let [train, test] = mnist()?;
    let (neurons, pictures) = (argument("neurons", "400").parse()?, argument("pictures", "60000").parse::<usize>()?);
    let seed = argument("seed", "1").parse()?;
    let mut layer = StdpLayer::new(neuron(), Stdp::default(), train.pixels(), neurons, seed);
    agree(&layer, &train, seed)?;
    let start = Instant::now();
    for first in (0..pictures).step_by(train.len()) {
        let epoch = (first / train.len()) as u32;
        let order = EpochOrder::new(seed, epoch, train.len());
        for place in order.batch(0, pictures - first) {
            layer.show(&spikes(&train, place.sample(), (seed, Pass::Training(epoch))), Mode::Learning);
        }
    }
    println!("images_per_second {:.0}", pictures as f64 / start.elapsed().as_secs_f64());
    let mut responses = Responses::new(neurons, 10);
    for image in 0..LABELLED.min(train.len()) {
        layer.show(&spikes(&train, image, (seed, Pass::Evaluation)), Mode::Frozen);
        responses.add(train.label(image), layer.spikes());
    }
    let voters = responses.voters();
    let (start, mut scores, mut silent) = (Instant::now(), [Accuracy::default(); 2], 0);
    for image in 0..test.len() {
        layer.show(&spikes(&test, image, (seed, Pass::Evaluation)), Mode::Frozen);
        silent += usize::from(layer.spikes().is_empty());
        for (score, vote) in scores.iter_mut().zip([Vote::Shares, Vote::Mean]) {
            let right = voters.answer(layer.spikes(), vote) == Some(test.label(image));
            *score += Accuracy { correct: usize::from(right), images: 1 };
        }
    }
    println!("images_per_second_read {:.0}", test.len() as f64 / start.elapsed().as_secs_f64());
    println!("test_accuracy_by_shares {}\ntest_accuracy_by_mean {}", scores[0].fraction(), scores[1].fraction());
    println!("silent_pictures {silent}");
    Ok(())
}
