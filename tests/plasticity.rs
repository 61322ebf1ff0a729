//! Learning without labels on real digits: what it comes to, and what fails without each part of the rule. That the fast way has
//! the bits of the obvious one stands beside it (`src/plasticity/layer.rs`).

use crate::models::data_dir;
use crate::network::stripes;
use crate::program::{spiking, text};
use crate::resume::write as write_folder;
use safetensors::tensor::SafeTensors;
use spiking_playground::checksum::sha256;
use spiking_playground::cli::data;
use spiking_playground::digits::Digits;
use spiking_playground::pictures::sum::sum;
use spiking_playground::plasticity::Mode;
use spiking_playground::plasticity::input::encode;
use spiking_playground::plasticity::labels::{Responses, Vote};
use spiking_playground::plasticity::layer::StdpLayer;
use spiking_playground::plasticity::network::StdpNetwork;
use spiking_playground::plasticity::run::{StdpAdvance, StdpRun};
use spiking_playground::sample::Sample;
use spiking_playground::spec::{Dataset, Neuron, Rule, Spec, Stdp, dense};
use spiking_playground::spikes::encode::Pass;
use spiking_playground::trace::Trace;
use spiking_playground::weights::checkpoint::{Notes, spec_from_bytes};
use spiking_playground::weights::rounding::WeightsType;
use spiking_playground::weights::stdp::{model_from_bytes, model_to_bytes, run_from_bytes, run_to_bytes};
use std::path::Path;

fn show(layer: &mut StdpLayer, digits: &Digits, image: usize, (pass, mode): (Pass, Mode)) {
    let sample = Sample { pixels: digits.image(image), label: None, number: image as u64 };
    layer.show(&encode(&Spec::of_rule(Rule::Stdp), &sample, pass), mode);
}

/// A layer that has seen the first pictures of the training set.
fn learnt(stdp: Stdp, neurons: usize, pictures: usize, train: &Digits) -> StdpLayer {
    let mut layer = StdpLayer::new(Spec::of_rule(Rule::Stdp).neuron, stdp, train.pixels(), neurons, 1);
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

/// Natively what the engine in the browser comes to (tests/page/training.test.mjs), to the bit.
#[test]
fn a_layer_is_the_same_everywhere() {
    let Some(folder) = data_dir(Dataset::Mnist) else { return };
    let train = data::load(&folder, Dataset::Mnist).unwrap().train;
    let cases: serde_json::Value = serde_json::from_str(include_str!("reproducible.json")).unwrap();
    let mut seen = 0;
    for case in cases.as_array().unwrap().iter().filter(|case| case["flags"].is_null()) {
        let spec: Spec = serde_json::from_value(case["spec"].clone()).unwrap();
        let mut run = StdpRun::new(spec.clone(), train.pixels(), train.classes(), train.len());
        advance(&mut run, case["steps"].as_u64().unwrap() as usize, &train);
        let file = model_to_bytes(&spec, run.layer(), &run.live().rates(), WeightsType::F32, Notes::default()).unwrap();
        let header = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
        assert_eq!(sha256([&file[8 + header..]]), case["sha256"], "{spec:?}");
        seen += 1;
    }
    assert_eq!(seen, 1);
}

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

/// A layer for images that need no files.
pub fn small_spec(epochs: u32) -> Spec {
    Spec {
        layers: dense([20]),
        time_steps: 40,
        epochs,
        neuron: Neuron { gain: 1.0, ..Spec::of_rule(Rule::Stdp).neuron },
        dataset: Dataset::Folder,
        ..Spec::of_rule(Rule::Stdp)
    }
}

fn small_run(epochs: u32) -> (StdpRun, Digits) {
    let train = stripes(90, 1);
    (StdpRun::new(small_spec(epochs), train.pixels(), train.classes(), train.len()), train)
}

/// Learns so many pictures, over the ends of epochs.
pub fn advance(run: &mut StdpRun, pictures: usize, train: &Digits) {
    for _ in 0..pictures {
        assert!(matches!(run.advance(train), StdpAdvance::Shown(_)));
        if run.position().images == run.images() {
            assert_eq!(run.advance(train), StdpAdvance::EpochOver);
            run.measured();
            run.end_epoch();
        }
    }
}

#[test]
fn a_run_goes_on_from_its_checkpoint_as_if_it_had_never_stopped() {
    let (mut whole, train) = small_run(9);
    let mut stopped = whole.clone();
    // Behind the end of an epoch, and where live labels have faded.
    for pictures in [37, 100, 1, 150] {
        advance(&mut whole, pictures, &train);
        advance(&mut stopped, pictures, &train);
        let bytes = run_to_bytes(&stopped, Notes::default()).unwrap();
        assert_eq!(run_to_bytes(&whole, Notes::default()).unwrap(), bytes, "after {pictures}");
        stopped = run_from_bytes(spec_from_bytes(&bytes).unwrap(), &bytes).unwrap();
    }
    assert!(whole.layer().age().iter().any(|age| *age > 0), "it learns something");
    assert!(whole.position().live.score.correct > 0);
}

#[test]
fn a_file_has_the_layer_and_opens_as_a_network() {
    let (mut run, train) = small_run(9);
    advance(&mut run, 80, &train);
    let rates = run.live().rates();
    for numbers in WeightsType::ALL {
        let bytes = model_to_bytes(run.spec(), run.layer(), &rates, numbers, Notes::default()).unwrap();
        let mut network = model_from_bytes(spec_from_bytes(&bytes).unwrap(), &bytes).unwrap();
        assert_eq!((network.layer.age(), network.classes()), (run.layer().age(), train.classes()));
        let worst = (0..20).flat_map(|j| std::iter::zip(network.layer.incoming(j), run.layer().incoming(j)));
        let worst = worst.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst <= if numbers == WeightsType::F32 { 0.0 } else { 0.003 }, "{numbers:?}: {worst}");
        let before = network.layer.clone();
        assert_eq!(network.predictions(&train, 0..90, 0).len(), 90);
        assert_eq!(network.layer.incoming(3), before.incoming(3), "answering leaves nothing behind");
        assert_eq!(network.layer.adaptation(), before.adaptation());
    }
    let tensors = SafeTensors::deserialize(&run_to_bytes(&run, Notes::default()).unwrap()).unwrap().names().len();
    assert_eq!(tensors, 6);
}

#[test]
fn a_file_that_cannot_be_is_refused_with_its_reason() {
    let (mut run, train) = small_run(9);
    advance(&mut run, 80, &train);
    let bytes = run_to_bytes(&run, Notes::default()).unwrap();
    let spec = run.spec().clone();
    let cut = bytes[..bytes.len() - 3].to_vec();
    assert!(run_from_bytes(spec.clone(), &cut).unwrap_err().to_string().contains("cut off"));
    let other = Spec { layers: dense([21]), ..spec.clone() };
    assert!(run_from_bytes(other, &bytes).unwrap_err().to_string().contains("`layers.0.weight` should be [21, 36]"));
    let model = model_to_bytes(&spec, run.layer(), &run.live().rates(), WeightsType::F32, Notes::default()).unwrap();
    assert!(run_from_bytes(spec.clone(), &model).unwrap_err().to_string().contains("not the state of a run"));
    // Any number that is changed is a file or an error, never a panic.
    for place in (0..bytes.len()).step_by(97) {
        let mut changed = bytes.clone();
        changed[place] ^= 0xff;
        if let Ok(mut network) = model_from_bytes(spec.clone(), &changed) {
            network.predictions(&train, 0..2, 0);
        }
        drop(run_from_bytes(spec.clone(), &changed));
    }
}

#[test]
fn a_trace_is_the_sum_that_it_shows_and_its_answer_that_of_the_votes() {
    let (mut run, train) = small_run(9);
    advance(&mut run, 180, &train);
    let mut network = StdpNetwork { spec: run.spec().clone(), layer: run.layer().clone(), voters: run.live().voters() };
    let answers = network.predictions(&train, 0..30, 0);
    for (image, answer) in answers.iter().enumerate() {
        let trace = network.trace(train.image(image), Pass::Evaluation, image as u64);
        assert_eq!(trace.answer(), answer.map(usize::from), "image {image}");
        assert_eq!(Trace::from_bytes(&trace.to_bytes()).unwrap(), trace);
        let (layer, neuron) = (&trace.hidden[0], network.spec.neuron);
        for (j, t) in (0..20).flat_map(|j| (0..40).map(move |t| (j, t))) {
            let sum = sum(layer, &neuron, j, t).unwrap();
            assert!((sum.stays + sum.excites + sum.inhibits - sum.potential).abs() < 1e-4, "{j}, {t}: {sum:?}");
            // Whoever is above may still be inhibited by a winner; whoever is below never fires.
            assert!(!sum.fires || sum.potential > sum.threshold, "{j}, {t}: {sum:?}");
        }
    }
    assert!(network.trace(train.image(0), Pass::Evaluation, 0).hidden[0].spikes.count() > 0);
}

#[test]
fn the_program_learns_goes_on_measures_and_reads() {
    let place = tempfile::tempdir().unwrap();
    let [data, one, two] = ["data", "one", "two"].map(|name| place.path().join(name));
    write_folder(&data, &stripes(200, 1), &stripes(60, 2));
    let train = |output: &Path, more: &[&str]| {
        let places = ["train", "--data-dir", data.to_str().unwrap(), "--output", output.to_str().unwrap()];
        let done = spiking(&[&places[..], more].concat());
        (done.status.code(), text(&done.stderr) + &text(&done.stdout))
    };
    let flags = ["--rule", "stdp", "--dataset", "folder", "--hidden", "30", "--gain", "1", "--time-steps", "40"];
    let (code, said) = train(&one, &[&flags[..], &["--epochs", "2"]].concat());
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("Learning without labels: 36 inputs to 30 spiking neurons") && said.contains("Epoch 2/2"),
        "{said}"
    );
    for name in [
        "model.safetensors",
        "checkpoint.safetensors",
        "metrics.csv",
        "curves.svg",
        "digit.svg",
        "fields.svg",
        "fields.png",
    ] {
        assert!(one.join(name).exists(), "{name}");
    }
    // Half of it, and then the other half.
    assert_eq!(train(&two, &[&flags[..], &["--epochs", "1"]].concat()).0, Some(0));
    let (code, said) = train(&two, &["--resume", "--epochs", "2"]);
    assert_eq!(code, Some(0), "{said}");
    let read = |folder: &Path| std::fs::read(folder.join("model.safetensors")).unwrap();
    assert!(read(&one) == read(&two), "stopping leaves no trace");
    let metrics = std::fs::read_to_string(two.join("metrics.csv")).unwrap();
    assert_eq!(metrics.lines().count(), 3, "{metrics}");
    let model = one.join("model.safetensors");
    let done = spiking(&["evaluate", model.to_str().unwrap(), "--data-dir", data.to_str().unwrap()]);
    let said = text(&done.stdout) + &text(&done.stderr);
    let accuracy = metrics.lines().last().unwrap().split(',').nth(2).unwrap().parse::<f64>().unwrap();
    assert!(said.contains(&format!("Test accuracy {:.2} %", 100.0 * accuracy)), "{said} and {metrics}");
    for (more, reason) in [
        (&["--rule", "stdp", "--device", "gpu"][..], "leave --device gpu out"),
        (&["--rule", "stdp", "--weights", "x"], "leave --weights out"),
        (&["--rule", "stdp", "--surrogate", "arctan"], "`surrogate` has no meaning where weights learn by stdp"),
        (&["--youth", "3"], "`youth` has no meaning where weights learn by surrogate-gradient"),
    ] {
        let (code, said) = train(&place.path().join("none"), more);
        let is_usage = reason.contains("no meaning");
        assert!(code == Some(if is_usage { 2 } else { 1 }) && said.contains(reason), "{said}");
        assert!(!place.path().join("none").exists(), "nothing is begun");
    }
    let (code, said) = train(&two, &["--resume", "--epochs", "3", "--inhibition", "1"]);
    assert!(code == Some(1) && said.contains("--inhibition 2.5, which cannot be changed to 1"), "{said}");
}
