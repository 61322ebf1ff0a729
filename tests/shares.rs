//! A network that several workers train together, each some of its hidden neurons.

use crate::network::{layers, run, small, stripes};
use spiking_playground::digits::Digits;
use spiking_playground::event::Event;
use spiking_playground::kernels;
use spiking_playground::layer::numbers;
use spiking_playground::spec::{Augmentation, Encoding, Neuron, Readout, Spec, dense};
use spiking_playground::training::share::{Share, ShareCounts, ShareNumbers, division, max_shares};
use spiking_playground::training::{Launch, PendingLosses, Run};
use std::ops::{ControlFlow, Range};

/// The bits of all weights and of all of Adam's means.
fn bits(run: &Run) -> Vec<u32> {
    let flat = run.network.flat_parameters().flat_map(|flat| numbers(flat.val().inner()));
    let means = run.adam.parameters(&run.network).into_iter().flat_map(|means| means.values);
    flat.chain(means).map(f32::to_bits).collect()
}

/// Trains so many steps in so many shares; returns the losses and how many images were classified correctly.
fn train_in_shares(run: &mut Run, data: &Digits, steps: usize, count: usize) -> Vec<(f32, usize)> {
    let device = kernels::cpu().autodiff();
    let hidden = run.network.layers[0].neurons();
    let ranges = division(hidden, count);
    let of = |(head, numbers)| Share::new(&head, numbers, &device).unwrap();
    let mut shares: Vec<Share> = run.shares(&ranges).into_iter().map(of).collect();
    let mut results = Vec::new();
    for _ in 0..steps {
        let step = shares[0].step();
        let batch = run.shared_batch(step, 0, data).unwrap();
        let counts: Vec<ShareCounts> =
            shares.iter_mut().map(|share| share.forward(share.encode(&batch), batch.samples.len())).collect();
        let all: Vec<&[f32]> = counts.iter().map(|counts| &counts.counts[..]).collect();
        let learnt: Vec<(f32, usize)> = shares.iter_mut().map(|share| share.learn(&batch, &all)).collect();
        assert!(learnt.windows(2).all(|two| two[0] == two[1]), "every share sees the same loss");
        let paid: f32 = counts.iter().map(|counts| counts.penalty).sum();
        let (loss, correct) = (learnt[0].0 + paid, learnt[0].1);
        run.shares_stepped(shares[0].step(), batch.samples.len(), loss, correct);
        let PendingLosses::Ready(steps) = run.pending_losses() else { panic!("the CPU's losses are there") };
        run.record(steps, &mut |_: &Event| ControlFlow::Continue(()));
        results.push((loss, correct));
    }
    let learnt: Vec<(Range<usize>, ShareNumbers)> = ranges.into_iter().zip(shares.iter().map(Share::numbers)).collect();
    run.adopt_shares(&learnt, shares[0].step()).unwrap();
    results
}

#[test]
fn shares_give_the_bits_of_one_worker() {
    let specs = [
        small(),
        Spec { layers: dense([200]), ..small() },
        Spec { layers: dense([100]), rate_penalty: 3.0, rate_target: 0.05, ..small() },
        Spec { layers: dense([192]), rate_penalty: 3.0, rate_target: 0.05, time_steps: 33, ..small() },
        Spec { layers: dense([130]), encoding: Encoding::Latency, ..small() },
        Spec { layers: dense([150]), encoding: Encoding::Current, noise: 0.1, ..small() },
        Spec { layers: dense([256]), augment: Augmentation::On, input_rate: 0.4, batch_size: 30, ..small() },
        Spec { layers: dense([140]), neuron: Neuron { alpha: 0.5, adaptation: 0.3, ..Neuron::default() }, ..small() },
    ];
    let data = stripes(200, 1);
    for spec in specs {
        let mut alone = run(&spec, 200);
        let mut losses = Vec::new();
        for _ in 0..6 {
            assert_eq!(alone.launch(usize::MAX, &data), Launch::Step);
            let PendingLosses::Ready(steps) = alone.pending_losses() else { panic!("the CPU's losses are there") };
            losses.extend(steps.iter().map(|done| (done.loss, done.score.correct)));
            alone.record(steps, &mut |_: &Event| ControlFlow::Continue(()));
        }
        for count in 1..=max_shares(&spec).min(4) {
            let mut shared = run(&spec, 200);
            // Taken apart and put together again in between.
            let mut seen = train_in_shares(&mut shared, &data, 2, count);
            seen.extend(train_in_shares(&mut shared, &data, 4, count));
            let what = format!("{:?} in {count} shares", spec.layers);
            assert!(bits(&shared) == bits(&alone), "{what}");
            assert_eq!((shared.position.images, shared.adam.step()), (alone.position.images, 6), "{what}");
            for ((loss, correct), (seen, seen_correct)) in losses.iter().zip(&seen) {
                // What firing costs is summed share by share.
                assert!((loss - seen).abs() <= 1e-6 * loss.abs(), "{what}: {loss}, {seen}");
                assert_eq!(correct, seen_correct, "{what}");
            }
        }
    }
}

#[test]
fn only_one_layer_between_input_and_integrators_is_divided() {
    let of = |text: &str| max_shares(&Spec { layers: layers(text), ..Spec::default() });
    assert_eq!([of("20"), of("20,20"), of("4c5"), of("4c5,20")], [1; 4]);
    assert!(of("256") >= 4);
    assert_eq!(max_shares(&Spec { readout: Readout::SpikeCount, ..Spec::default() }), 1);
    for (neurons, shares) in [(256, 3), (100, 2), (130, 3), (1000, 7)] {
        let ranges = division(neurons, shares);
        assert!(ranges.iter().all(|range| !range.is_empty()), "{ranges:?}");
        assert_eq!(ranges.into_iter().flatten().collect::<Vec<_>>(), (0..neurons).collect::<Vec<_>>());
    }
}

#[test]
fn numbers_of_another_network_are_refused() {
    let device = kernels::cpu().autodiff();
    let mut run = run(&Spec { layers: dense([200]), ..small() }, 10);
    let (head, numbers) = run.shares(std::slice::from_ref(&(0..64))).remove(0);
    assert!(Share::new(&head, [numbers[1].clone(), numbers[0].clone()], &device).is_err());
    let elsewhere = spiking_playground::training::share::ShareHead { neurons: 0..200, ..head.clone() };
    assert!(Share::new(&elsewhere, numbers.clone(), &device).is_err());
    let before = bits(&run);
    assert!(run.adopt_shares(&[(0..128, numbers)], 1).is_err());
    assert!(bits(&run) == before);
}
