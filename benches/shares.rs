//! What a worker does of a step that several share, natively and on one thread: to be expected of 2, 4 and 8 workers of a page.
//!
//!     RAYON_NUM_THREADS=1 cargo bench --bench shares                # 784-256-10, batches of 64
//!     RAYON_NUM_THREADS=1 cargo bench --bench shares -- --hidden 1000 --steps 50
//!
//! All shares are trained in turn, so that each has the caches for itself, as on a core of its own. First their weights are compared
//! with those of one worker, to the bit. What is left out is the exchange of counts between them, whose size is given; while they
//! wait for it, workers encode the next batch.

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
use spiking_playground::event::Event;
use spiking_playground::kernels;
use spiking_playground::layer::numbers;
use spiking_playground::network::Network;
use spiking_playground::spec::{Spec, dense};
use spiking_playground::training::share::{Share, ShareCounts, division, max_shares};
use spiking_playground::training::{Advance, PendingLosses, Run};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// The time of each share, encoding, forwards and backwards, summed over steps.
type Times = Vec<[Duration; 3]>;

fn new_run(spec: &Spec, data: &Digits) -> Run {
    let network = Network::new(spec, data.pixels(), spec.dataset.classes(), &kernels::cpu().autodiff());
    Run::new(spec.clone(), network, data.len())
}

/// Trains in so many shares: how long each took, and how long the counts of one are, in bytes.
fn train(run: &mut Run, data: &Digits, steps: usize, count: usize) -> Result<(Times, usize)> {
    let device = kernels::cpu().autodiff();
    let ranges = division(run.network.layers[0].neurons(), count);
    let mut shares = Vec::new();
    for (head, numbers) in run.shares(&ranges) {
        shares.push(Share::new(&head, numbers, &device)?);
    }
    let (mut times, mut bytes) = (vec![[Duration::ZERO; 3]; count], 0);
    for _ in 0..steps {
        let batch = run.shared_batch(shares[0].step(), 0, data).map_err(|why| format!("{why:?}"))?;
        let mut counts: Vec<ShareCounts> = Vec::new();
        for (share, times) in shares.iter_mut().zip(&mut times) {
            let start = Instant::now();
            let encoded = share.encode(&batch);
            times[0] += start.elapsed();
            let start = Instant::now();
            counts.push(share.forward(encoded, batch.samples.len()));
            times[1] += start.elapsed();
        }
        bytes = counts.iter().map(|counts| counts.counts.len() * size_of::<f32>()).max().unwrap_or(0);
        let all: Vec<&[f32]> = counts.iter().map(|counts| &counts.counts[..]).collect();
        let mut learnt = (0.0, 0);
        for (share, times) in shares.iter_mut().zip(&mut times) {
            let start = Instant::now();
            learnt = share.learn(&batch, &all);
            times[2] += start.elapsed();
        }
        run.shares_stepped(shares[0].step(), batch.samples.len(), learnt.0, learnt.1);
        if let PendingLosses::Ready(steps) = run.pending_losses() {
            run.record(steps, &mut |_: &Event| ControlFlow::Continue(()));
        }
    }
    let numbers: Vec<_> = ranges.into_iter().zip(shares.iter().map(Share::numbers)).collect();
    run.adopt_shares(&numbers, shares[0].step())?;
    Ok((times, bytes))
}

fn weights(run: &Run) -> Vec<u32> {
    run.network.flat_parameters().flat_map(|flat| numbers(flat.val().inner())).map(f32::to_bits).collect()
}

fn main() -> Result<()> {
    let [data, _] = mnist()?;
    let (hidden, steps): (usize, usize) = (argument("hidden", "256").parse()?, argument("steps", "200").parse()?);
    let spec = Spec { layers: dense([hidden]), ..Spec::default() };
    let mut alone = new_run(&spec, &data);
    let start = Instant::now();
    for _ in 0..steps {
        match alone.advance(&data, None, &mut |_: &Event| ControlFlow::Continue(())) {
            Advance::Stepped => {}
            other => return Err(format!("{other:?}").into()),
        }
    }
    let whole = start.elapsed().as_secs_f64() / steps as f64 * 1e3;
    println!("784-{hidden}-10, batches of {}: one worker takes {whole:.3} ms a step", spec.batch_size);
    println!("workers  encoding  forwards  backwards  longest share  of one worker's  counts to each other");
    for count in [1, 2, 4, 8].into_iter().filter(|count| *count <= max_shares(&spec)) {
        let mut run = new_run(&spec, &data);
        let (times, bytes) = train(&mut run, &data, steps, count)?;
        if weights(&run) != weights(&alone) {
            return Err(format!("{count} workers come to other weights").into());
        }
        let longest = |part: usize| times.iter().map(|times| times[part]).max().unwrap_or_default();
        let [encoding, forwards, backwards] = [0, 1, 2].map(|part| longest(part).as_secs_f64() / steps as f64 * 1e3);
        let sum = encoding + forwards + backwards;
        println!(
            "{count:>7}  {encoding:>5.3} ms  {forwards:>5.3} ms  {backwards:>6.3} ms  {sum:>10.3} ms  {:>13.0} %  {:>14} KB",
            100.0 * sum / whole,
            bytes / 1024
        );
    }
    Ok(())
}
