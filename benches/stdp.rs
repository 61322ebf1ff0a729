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
use spiking_playground::event::Accuracy;
use spiking_playground::plasticity::Mode;
use spiking_playground::plasticity::input::encode;
use spiking_playground::plasticity::labels::Vote;
use spiking_playground::plasticity::layer::StdpLayer;
use spiking_playground::plasticity::obvious::ObviousLayer;
use spiking_playground::plasticity::run::{StdpAdvance, StdpRun, responses};
use spiking_playground::sample::Sample;
use spiking_playground::spec::{Rule, Spec, dense};
use spiking_playground::spikes::encode::Pass;
use std::time::Instant;

/// Training images that give the neurons their labels.
const LABELLED: usize = 10_000;
/// Pictures over which the two ways are compared.
const COMPARED: usize = 20;

/// The fast way has the obvious one's spikes and weights.
fn agree(layer: &StdpLayer, spec: &Spec, train: &Digits) -> Result<()> {
    let incoming = |layer: &StdpLayer| (0..layer.neurons()).map(|j| layer.incoming(j)).collect::<Vec<_>>();
    let (mut fast, mut obvious) = (layer.clone(), ObviousLayer::new(spec.neuron, spec.stdp, incoming(layer)));
    for image in 0..COMPARED {
        let sample = Sample { pixels: train.image(image), label: None, number: image as u64 };
        let picture = encode(spec, &sample, Pass::Training(0));
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
    let spec = Spec { layers: dense([neurons]), seed, ..Spec::of_rule(Rule::Stdp) };
    let mut run = StdpRun::new(spec.clone(), train.pixels(), train.classes(), train.len());
    agree(run.layer(), &spec, &train)?;
    let (start, mut live) = (Instant::now(), Accuracy::default());
    while (live.images as u64) < pictures as u64 {
        match run.advance(&train) {
            StdpAdvance::Shown(shown) => live += Accuracy::of_answers(&[shown.answer], &[shown.label]),
            StdpAdvance::EpochOver => run.end_epoch(),
            StdpAdvance::Waiting(shard) => return Err(format!("shard {shard} is not there").into()),
        }
    }
    println!("images_per_second {:.0}", pictures as f64 / start.elapsed().as_secs_f64());
    println!("live_accuracy {}", live.fraction());
    let mut layer = run.layer().clone();
    let voters = responses(&mut layer, (&spec, train.classes()), &train, 0..LABELLED.min(train.len()), 0).voters();
    let (start, mut scores, mut silent) = (Instant::now(), [Accuracy::default(); 2], 0);
    layer.show_each(&spec, (&test, 0..test.len(), 0), |image, _, spikes| {
        silent += usize::from(spikes.is_empty());
        for (score, vote) in scores.iter_mut().zip([Vote::Shares, Vote::Mean]) {
            *score += Accuracy::of_answers(&[voters.answer(spikes, vote)], &[test.label(image)]);
        }
    });
    println!("images_per_second_read {:.0}", test.len() as f64 / start.elapsed().as_secs_f64());
    println!("test_accuracy_by_shares {}\ntest_accuracy_by_mean {}", scores[0].fraction(), scores[1].fraction());
    println!("silent_pictures {silent}");
    Ok(())
}
