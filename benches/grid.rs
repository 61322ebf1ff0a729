//! How the cost of a training step grows: hidden neurons, time steps, batch size and share of spikes, one at a time.
//!
//!     cargo bench --bench grid                  # some two minutes
//!     cargo bench --bench grid -- --seconds 0.2
//!
//! The images are noise: every pixel spikes with the same probability, so that the share of spikes is known. What is
//! timed is a whole step as the program takes it, from encoding to Adam. Prints a Markdown table.

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
use bench::{Result, argument};
use spiking_playground::digits::Digits;
use spiking_playground::event::Event;
use spiking_playground::kernels;
use spiking_playground::network::Network;
use spiking_playground::spec::{Schedule, Spec, dense};
use spiking_playground::training::{Advance, Run};
use std::ops::ControlFlow;
use std::time::Duration;

const PIXELS: usize = 784;
const CLASSES: usize = 10;

/// A place in the grid.
#[derive(Clone, Copy)]
struct Point {
    hidden: usize,
    time_steps: usize,
    batch: usize,
    /// Share of time steps at which an input neuron spikes, in percent.
    percent: usize,
}

const BASE: Point = Point { hidden: 256, time_steps: 25, batch: 64, percent: 10 };

/// All places: each quantity is varied while the others stay at the base.
fn points() -> Vec<Point> {
    let hidden = [128, 256, 512, 1024, 2048].map(|hidden| Point { hidden, ..BASE });
    let time_steps = [10, 25, 50, 100].map(|time_steps| Point { time_steps, ..BASE });
    let batch = [16, 64, 128, 512].map(|batch| Point { batch, ..BASE });
    let percent = [1, 5, 10, 25, 50].map(|percent| Point { percent, ..BASE });
    [&hidden[..], &time_steps, &batch, &percent].concat()
}

/// Seconds that a training step takes for one sample.
fn per_sample(point: Point, total: Duration) -> Result<f64> {
    let Point { hidden, time_steps, batch, percent } = point;
    let images = batch.max(256);
    // p = pixel/256.
    let pixel = (256 * percent).div_ceil(100) as u8;
    let labels = (0..images).map(|index| (index % CLASSES) as u8).collect();
    let digits = Digits { width: 28, height: 28, images: vec![pixel; images * PIXELS], labels };
    let (layers, schedule) = (dense([hidden]), Schedule::Constant);
    let spec = Spec { layers, time_steps, batch_size: batch, schedule, epochs: u32::MAX, ..Spec::default() };
    let network = Network::new(&spec, PIXELS, CLASSES, &kernels::cpu().autodiff());
    let mut run = Run::new(spec, network, images - images % batch);
    let mut stopped = false;
    let mut listener = |_: &Event| ControlFlow::Continue(());
    let times = time(total, || stopped |= run.advance(&digits, None, &mut listener) != Advance::Stepped);
    if stopped { Err("a run stopped".into()) } else { Ok(times.median.as_secs_f64() / batch as f64) }
}

fn main() -> Result<()> {
    let total = Duration::from_secs_f64(argument("seconds", "4").parse()?);
    println!("| hidden | T | batch | spikes | µs per sample | ns per synaptic operation |");
    println!("|--:|--:|--:|--:|--:|--:|");
    for point in points() {
        let seconds = per_sample(point, total)?;
        let Point { hidden, time_steps, batch, percent } = point;
        // An input spike times a hidden neuron.
        let operations = (PIXELS * time_steps * hidden) as f64 * percent as f64 / 100.0;
        let (micro, nano) = (seconds * 1e6, seconds * 1e9 / operations);
        println!("| {hidden} | {time_steps} | {batch} | {percent} % | {micro:.1} | {nano:.4} |");
    }
    Ok(())
}
