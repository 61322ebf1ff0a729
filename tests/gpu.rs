//! The kernels on a graphics card, or on a program that computes what a card would: a test program of its own, for a card
//! is opened once. `cargo test --release --features gpu --test gpu`

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a program of its own"
)]

mod mismatches;
mod oracle;

use burn::tensor::Device;
use oracle::{agrees, codes_stored_images};
use pollster::block_on;
use spiking_playground::accuracy::evaluate;
use spiking_playground::cli::data;
use spiking_playground::digits::Digits;
use spiking_playground::digits::shard::{Manifest, Split};
use spiking_playground::digits::shard_writer::write_shards;
use spiking_playground::event::Event;
use spiking_playground::kernels::{self, GpuDevice};
use spiking_playground::layer::Linear;
use spiking_playground::network::Network;
use spiking_playground::parity::Problem;
use spiking_playground::protocol::{Outgoing, Report, Request};
use spiking_playground::session::Session;
use spiking_playground::spec::{Augmentation, Dataset, Encoding, Readout, Spec, dense};
use spiking_playground::training::{Advance, Run};
use spiking_playground::weights::checkpoint::{Notes, run_from_bytes, run_to_bytes};
use spiking_playground::weights::writer::FileWriter;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

static GPU: LazyLock<GpuDevice> = LazyLock::new(|| {
    let card = block_on(kernels::open_gpu()).unwrap_or_else(|error| {
        panic!("{error}; a driver that computes on the CPU does as well (Debian: mesa-vulkan-drivers)")
    });
    eprintln!("on {}", card.name);
    card
});

static MNIST: LazyLock<data::DataSet> =
    LazyLock::new(|| data::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("data"), Dataset::Mnist).unwrap());

#[test]
fn kernels_agree_with_the_reference() {
    let whole = Problem::table().iter().filter(|problem| agrees(problem, &GPU.device)).count();
    assert!(whole > 60, "spikes differ at the threshold so often that hardly anything is compared: {whole}");
}

#[test]
fn what_does_not_belong_together_is_refused() {
    mismatches::are_refused(&GPU.device, 40);
}

#[test]
fn stored_images_are_coded_alike() {
    codes_stored_images(&GPU.device);
}

fn start(spec: &Spec, device: &Device) -> Run {
    Run::new(spec.clone(), Network::new(spec, 784, 10, &device.clone().autodiff()), MNIST.train.len())
}

/// Trains on, and gives the losses; on a card those of the last few steps are not read yet.
fn train(run: &mut Run, digits: &Digits, steps: usize) -> Vec<f32> {
    let mut losses = Vec::new();
    let mut listener = |event: &Event| {
        if let Event::Step(done) = event {
            losses.push(done.loss);
        }
        ControlFlow::Continue(())
    };
    for _ in 0..steps {
        assert_eq!(run.advance(digits, None, &mut listener), Advance::Stepped);
    }
    losses
}

fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len() as f32
}

#[test]
fn a_network_learns_as_on_the_cpu() {
    let plain = Spec { layers: dense([32]), time_steps: 8, ..Spec::default() };
    let variants = [
        plain.clone(),
        Spec { encoding: Encoding::Latency, readout: Readout::SpikeCount, ..plain.clone() },
        Spec { encoding: Encoding::Current, augment: Augmentation::On, ..plain.clone() },
        Spec { noise: 0.2, ..plain },
    ];
    for spec in variants {
        let (mut ours, mut judge) = (start(&spec, &GPU.device), start(&spec, &kernels::cpu()));
        let losses = [train(&mut ours, &MNIST.train, 100), train(&mut judge, &MNIST.train, 100)];
        assert_eq!((losses[0].len(), losses[1].len()), (100, 100), "twenty losses are read at once");
        let [mine, theirs] = losses.each_ref().map(|losses| mean(&losses[80..]));
        assert!((mine - theirs).abs() < 0.03 * theirs, "{spec:?}: losses {mine} and {theirs}");
        let accuracy = |run: &Run| evaluate(&run.network, &spec, &MNIST.test, 0..2000, 0).fraction();
        let (mine, theirs) = (accuracy(&ours), accuracy(&judge));
        assert!((mine - theirs).abs() <= 0.01, "{spec:?}: {mine} on the card, {theirs} on the CPU");
        assert_eq!((ours.position.images, ours.adam.step()), (judge.position.images, judge.adam.step()));
    }
}

#[test]
fn changed_settings_keep_the_weights_on_the_card_too() {
    let spec = Spec { layers: dense([16]), time_steps: 8, batch_size: 32, ..Spec::default() };
    let (mut ours, mut judge) = (start(&spec, &GPU.device), start(&spec, &kernels::cpu()));
    let mut other = Spec { readout: Readout::SpikeCount, noise: 0.2, batch_size: 48, time_steps: 6, ..spec };
    other.neuron.beta = 0.7;
    let losses = [&mut ours, &mut judge].map(|run| {
        train(run, &MNIST.train, 100);
        let before = run.network.parameters();
        run.change(other.clone()).unwrap();
        assert_eq!(run.network.parameters(), before);
        mean(&train(run, &MNIST.train, 100)[60..])
    });
    assert!((losses[0] - losses[1]).abs() < 0.04 * losses[1], "losses {losses:?}");
    assert_eq!((ours.position.images, ours.adam.step()), (judge.position.images, 200));
}

#[test]
fn a_run_moves_to_the_card_and_back_in_mid_epoch() {
    let spec = Spec { layers: dense([16]), time_steps: 8, batch_size: 32, ..Spec::default() };
    let mut run = start(&spec, &kernels::cpu());
    train(&mut run, &MNIST.train, 40);
    let bytes = run_to_bytes(&run, Notes::default()).unwrap();
    let mut on_card = run_from_bytes(&bytes, &GPU.device.clone().autodiff()).unwrap();
    assert_eq!((on_card.position, on_card.adam.step()), (run.position, 40));
    train(&mut on_card, &MNIST.train, 20);
    let back = block_on(on_card.snapshot().to_device(&kernels::cpu().autodiff())).unwrap().into_run();
    // Nothing is lost on the way: the file from the card is the file from the CPU, to the bit.
    assert_eq!(run_to_bytes(&back, Notes::default()).unwrap(), run_to_bytes(&on_card, Notes::default()).unwrap());
    train(&mut run, &MNIST.train, 20);
    assert_eq!((back.position.images, back.adam.step()), (run.position.images, 60));
    let (mine, theirs) = (back.position.loss, run.position.loss);
    assert!((mine - theirs).abs() < 0.01 * theirs, "the losses of the epoch sum up to {mine} and {theirs}");
    // While it is being looked at, a run at rest is not changed by the next steps.
    let resting = on_card.snapshot();
    train(&mut on_card, &MNIST.train, 20);
    let still = block_on(resting.to_device(&kernels::cpu().autodiff())).unwrap();
    assert_eq!(still.network.parameters(), back.network.parameters());
    assert_ne!(on_card.network.parameters(), back.network.parameters());
}

/// No file is made of a run whose weights are no numbers: it would take the place of a good one.
#[test]
fn a_run_that_diverged_is_not_brought_back() {
    let spec = Spec { layers: dense([12]), time_steps: 5, ..Spec::default() };
    let mut run = start(&spec, &GPU.device);
    let is_finite = |run: &Run| {
        let brought = block_on(run.snapshot().to_device(&kernels::cpu().autodiff())).unwrap();
        let mut writer = FileWriter::of_run(&brought, Notes::default()).unwrap();
        while !writer.is_done() && writer.is_finite() {
            writer.advance(1000);
        }
        writer.is_finite()
    };
    assert!(run.is_finite() && is_finite(&run));
    let layer = &mut run.network.layers[0];
    let (mut weights, biases) = layer.linear.rows();
    weights[77] = f32::NAN;
    layer.linear = Linear::new(&weights, &biases, &GPU.device.clone().autodiff());
    assert!(!run.is_finite() && !is_finite(&run));
}

/// The engine on the card, as the page knows it.
struct Page {
    session: Session,
    manifest: Manifest,
    files: Vec<(String, Vec<u8>)>,
    heard: Vec<(Report, Vec<Vec<u8>>)>,
}

impl Page {
    fn new() -> Self {
        let part = |digits: &Digits, count: usize| Digits {
            images: digits.images[..count * 784].to_vec(),
            labels: digits.labels[..count].to_vec(),
            ..*digits
        };
        let (manifest, files) = write_shards("digits", &part(&MNIST.train, 200), &part(&MNIST.test, 100)).unwrap();
        let started = std::time::Instant::now();
        let session = Session::new(GPU.device.clone(), move || 1.0 + started.elapsed().as_secs_f64() * 1000.0);
        Self { session, manifest, files: files.into_iter().collect(), heard: Vec::new() }
    }

    /// Asks, and lets the engine work until it has nothing left to do.
    fn ask(&mut self, request: Request, bytes: Vec<Vec<u8>>) {
        let mut out = self.session.receive(7, request, bytes);
        for _ in 0..1000 {
            for Outgoing { answers, report, bytes } in out {
                // What takes a task on the GPU is an answer all the same.
                if matches!(report, Report::Tried(_) | Report::Resumed(_) | Report::Paused) {
                    assert_eq!(answers, Some(7), "{report:?}");
                }
                if let Report::Need(split, shard) = report {
                    self.bring(split, shard);
                }
                self.heard.push((report, bytes));
            }
            out = match self.session.gpu_task() {
                Some(task) => self.session.complete(block_on(task.run())),
                None if self.session.is_busy() => self.session.work(),
                None => return,
            };
        }
    }

    fn bring(&mut self, split: Split, shard: usize) {
        let entry = self.manifest.shards(split)[shard].clone();
        let file = |name: &str| self.files.iter().find(|(file, _)| file == name).unwrap().1.clone();
        let files = vec![file(&entry.images.file), file(&entry.labels.file)];
        let taken = self.session.receive(0, Request::Shard(split, shard), files);
        self.heard.extend(taken.into_iter().map(|Outgoing { report, bytes, .. }| (report, bytes)));
    }

    fn checkpoints(&self) -> Vec<(u64, &Vec<u8>)> {
        let step = |(report, bytes): &'_ (Report, Vec<Vec<u8>>)| match report {
            Report::Checkpoint(step) => Some(*step),
            _ => None.filter(|_: &u64| bytes.is_empty()),
        };
        self.heard.iter().filter_map(|sent| Some((step(sent)?, sent.1.first()?))).collect()
    }
}

#[test]
fn the_engine_takes_a_run_over_and_gives_it_back() {
    let spec = Spec { layers: dense([12]), time_steps: 5, batch_size: 16, epochs: 2, ..Spec::default() };
    let run = Run::new(spec.clone(), Network::new(&spec, 784, 10, &kernels::cpu().autodiff()), 200);
    let checkpoint = run_to_bytes(&run, Notes::default()).unwrap();
    let mut page = Page::new();
    let manifest = page.manifest.clone();
    page.ask(Request::Data(manifest), Vec::new());
    page.ask(Request::Try, vec![checkpoint.clone()]);
    let speed = page.heard.iter().find_map(|(report, _)| match report {
        Report::Tried(speed) => Some(*speed),
        _ => None,
    });
    assert!(speed.is_some_and(|speed| speed > 0.0), "{:?}", page.heard);
    page.ask(Request::Resume, vec![checkpoint]);
    assert!(page.heard.iter().any(|(report, _)| *report == Report::Resumed(0)), "nothing of a trial is kept");
    page.heard.clear();
    for _ in 0..3 {
        page.ask(Request::Step, Vec::new());
    }
    // Each step is a pause, before which the run is given.
    let reports: Vec<&Report> = page.heard.iter().map(|(report, _)| report).collect();
    assert_eq!(reports.iter().filter(|report| ***report == Report::Paused).count(), 3, "{reports:?}");
    let steps: Vec<u64> = page.checkpoints().iter().map(|(step, _)| *step).collect();
    assert_eq!(steps, [1, 2, 3]);
    let bytes = page.checkpoints().last().unwrap().1.clone();
    let mut back = run_from_bytes(&bytes, &kernels::cpu().autodiff()).unwrap();
    assert_eq!((back.adam.step(), back.position.images), (3, 48));
    // And on the CPU it goes on.
    let digits = Digits {
        images: MNIST.train.images[..200 * 784].to_vec(),
        labels: MNIST.train.labels[..200].to_vec(),
        ..MNIST.train
    };
    assert_eq!(train(&mut back, &digits, 1).len(), 1);
}

#[test]
fn the_program_trains_on_it_and_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("run");
    let train = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spiking"));
        command.args(["train", "--device", "gpu", "--hidden", "8", "--time-steps", "4", "--batch-size", "500"]);
        command.arg("--data-dir").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("data"));
        let output = command.arg("--output").arg(&output).args(more).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}");
        said
    };
    let said = train(&["--epochs", "1"]);
    assert!(said.contains(&GPU.name), "{said}");
    assert!(said.contains("Epoch 1/1"), "{said}");
    // What was begun on the card goes on there.
    let said = train(&["--resume", "--epochs", "2"]);
    assert!(said.contains("Epoch 2/2"), "{said}");
}
