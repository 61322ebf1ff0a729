//! Where a graphics card pays: training steps on the CPU and on the card, over a grid of sizes.
//!
//!     cargo bench --features gpu --bench cards                  # some minutes on a card
//!     cargo bench --features gpu --bench cards -- --seconds 0.5
//!     cargo bench --features gpu --bench cards -- --kernels only   # what each kernel of a step takes
//!
//! The images are MNIST's. Each size is validated first: one step on both, from the same weights, must give the same
//! loss. Prints a Markdown table, and says so where the card is a program: then its figures say nothing of a card.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a program of its own"
)]

mod bench;

use bench::clock::time;
use bench::{Result, argument, mnist};
use burn::module::Module;
use burn::tensor::Device;
use pollster::block_on;
use spiking_playground::digits::Digits;
use spiking_playground::event::Event;
use spiking_playground::kernels::{self, GpuDevice, ImageStore};
use spiking_playground::layer::LayerInput;
use spiking_playground::network::{BatchPart, Network};
use spiking_playground::rate_penalty::RatePenalty;
use spiking_playground::spec::{Encoding, Schedule, Spec, dense};
use spiking_playground::spikes::encode::Pass;
use spiking_playground::training::{Launch, Run, STEPS_PER_READ};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Largest difference of both losses of the first step.
const TOLERANCE: f32 = 1e-3;

/// (hidden layers, T, batch).
const SIZES: &[(&[usize], usize, usize)] = &[
    (&[64], 10, 16),
    (&[256], 25, 64),
    (&[256], 25, 256),
    (&[1000], 25, 64),
    (&[1000], 100, 256),
    (&[1000, 1000], 100, 256),
    (&[2000, 2000, 2000], 100, 256),
];

fn start(spec: &Spec, device: &Device, images: usize) -> Run {
    Run::new(spec.clone(), Network::new(spec, 784, 10, &device.clone().autodiff()), images)
}

/// The loss of a run's next step.
fn loss(run: &mut Run, digits: &Digits) -> Result<f32> {
    let launch = loop {
        match run.launch(run.images_at_once(), digits) {
            Launch::Partial => {}
            launch => break launch,
        }
    };
    let steps = run.pending_losses().read_blocking()?;
    let loss = steps.first().ok_or_else(|| format!("a run stopped: {launch:?}"))?.loss;
    run.record(steps, &mut |_: &Event| ControlFlow::Continue(()));
    Ok(loss)
}

/// Images a second, once all is warm: at least one step, and about so long.
fn speed(run: &mut Run, digits: &Digits, total: Duration) -> Result<f64> {
    loss(run, digits)?;
    let listener = &mut |_: &Event| ControlFlow::Continue(());
    let (start, mut steps) = (Instant::now(), 0);
    while steps == 0 || start.elapsed() < total {
        // As in training: the card is read after twenty steps, unless these would take too long.
        let quick = steps > 0 && start.elapsed().as_secs_f64() / f64::from(steps) < total.as_secs_f64() / 40.0;
        let mut left = if quick { STEPS_PER_READ } else { 1 };
        while left > 0 {
            match run.launch(run.images_at_once(), digits) {
                Launch::Partial => {}
                Launch::Step => (steps, left) = (steps + 1, left - 1),
                stopped @ (Launch::Waiting(_) | Launch::NoImages) => {
                    return Err(format!("a run stopped: {stopped:?}").into());
                }
            }
            if left == 0 || run.losses_are_due() {
                let read = run.pending_losses().read_blocking()?;
                run.record(read, listener);
                if run.epoch_is_over() {
                    let _ = run.end_epoch(true, None, listener);
                }
            }
        }
    }
    Ok(f64::from(steps) * run.spec.batch_size as f64 / start.elapsed().as_secs_f64())
}

/// What the kernels of a step take, each by itself, on the defaults.
fn kernels_of_a_step(device: &Device, digits: &Digits, total: Duration) -> Result<()> {
    let spec = Spec::default();
    let (plain, tracked) = (device.clone(), device.clone().autodiff());
    let mut store = ImageStore::new(spec.batch_size, 784, &plain);
    store.put(0, &digits.images[..spec.batch_size * 784]);
    let batch: Vec<(usize, u64)> = (0..spec.batch_size).map(|image| (image, image as u64)).collect();
    let spikes = || store.spikes(&batch, Encoding::Rate, 1, Pass::Training(0), spec.time_steps);
    let network = Network::new(&spec, 784, 10, &tracked);
    let untracked = network.valid();
    let report = |name: &str, work: &mut dyn FnMut()| {
        let mut failed = Ok(());
        let times = time(total, || {
            work();
            failed = plain.sync();
        });
        println!("{name:<40}{:>12.2?}", times.median);
        failed
    };
    report("coding", &mut || drop(spikes()))?;
    report("and the layer, forward", &mut || {
        drop(untracked.layers[0].forward(LayerInput::Spikes(spikes()), None, RatePenalty::default()))
    })?;
    report("and the readout, forward", &mut || {
        drop(untracked.forward_encoded(LayerInput::Spikes(spikes()), &mut BatchPart::default()))
    })?;
    report("all of it, and backward", &mut || {
        let scores = network.forward_encoded(LayerInput::Spikes(spikes()), &mut BatchPart::default());
        drop(kernels::cross_entropy(scores, &digits.labels[..spec.batch_size], spec.batch_size).0.backward());
    })?;
    let mut run = start(&spec, &plain, digits.len());
    report("and Adam", &mut || {
        run.launch(usize::MAX, digits);
    })?;
    Ok(())
}

fn main() -> Result<()> {
    let total = Duration::from_secs_f64(argument("seconds", "3").parse()?);
    let most = argument("sizes", "99").parse()?;
    let GpuDevice { device, name, is_software } = block_on(kernels::open_gpu())?;
    let [digits, _] = mnist()?;
    println!("Card: {name}\n");
    if argument("kernels", "") == "only" {
        return kernels_of_a_step(&device, &digits, total);
    }
    println!("| network | T | batch | CPU, images/s | card, images/s | card ÷ CPU |");
    println!("|:--|--:|--:|--:|--:|--:|");
    for (hidden, time_steps, batch_size) in SIZES.iter().take(most) {
        let schedule = Schedule::Constant;
        let spec = Spec {
            layers: dense(hidden.iter().copied()),
            time_steps: *time_steps,
            batch_size: *batch_size,
            schedule,
            epochs: u32::MAX,
            ..Spec::default()
        };
        let mut runs = [kernels::cpu(), device.clone()].map(|device| start(&spec, &device, digits.len()));
        let [cpu, card] = [loss(&mut runs[0], &digits)?, loss(&mut runs[1], &digits)?];
        let agree = (cpu - card).abs() <= TOLERANCE * cpu.abs();
        if !agree {
            return Err(format!("{hidden:?}: a loss of {cpu} on the CPU and {card} on the card").into());
        }
        let [cpu, card] = [speed(&mut runs[0], &digits, total)?, speed(&mut runs[1], &digits, total)?];
        let layers: Vec<String> = hidden.iter().map(usize::to_string).collect();
        let ratio = card / cpu;
        println!("| 784-{}-10 | {time_steps} | {batch_size} | {cpu:.0} | {card:.1} | {ratio:.4} |", layers.join("-"));
    }
    if is_software {
        println!("\nThis card is a program, which computes on the CPU what a card would: no conclusion.");
    }
    Ok(())
}
