//! What must hold for any bytes, one function a target: whatever comes from outside is read or refused, never a panic, and
//! what was read is what is written.
//!
//! A target is a function here, a line in [`TARGETS`], and a folder of seeds, `seeds/NAME`. `cargo xtask fuzz` and
//! `tests/fuzz.rs` find it there.

use serde::Serialize;
use serde::de::DeserializeOwned;
use spiking_playground::accuracy::evaluate;
use spiking_playground::checksum::sha256;
use spiking_playground::chips;
use spiking_playground::cli::{arguments, drawings};
use spiking_playground::digits::shard::{self, FileEntry, Manifest, ShardEntry, Split};
use spiking_playground::digits::shard_writer::write_shards;
use spiking_playground::digits::{Digits, idx, own};
use spiking_playground::event::{Accuracy, Event, StepDone};
use spiking_playground::inspection::trace;
use spiking_playground::network::Network;
use spiking_playground::page::model::link::Link;
use spiking_playground::page::model::strokes;
use spiking_playground::photo::{decode, prepare};
use spiking_playground::pictures::analysis::{Analysis, telling_neurons};
use spiking_playground::pictures::curves::{History, Kind};
use spiking_playground::plasticity::run::StdpAdvance;
use spiking_playground::protocol::{Picture, Report, Request};
use spiking_playground::session::Session;
use spiking_playground::spec::{Dataset, Rule, Spec, SpecError, dense};
use spiking_playground::spikes::SpikeTrain;
use spiking_playground::spikes::encode::Pass;
use spiking_playground::trace::Trace;
use spiking_playground::weights::checkpoint::{
    Notes, WeightsError, model_from_bytes, model_to_bytes, network_from_bytes, run_from_bytes, run_to_bytes,
    spec_from_bytes,
};
use spiking_playground::weights::rounding::WeightsType;
use spiking_playground::weights::stdp;
use spiking_playground::{decimal, kernels, wire};
use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::LazyLock;

/// Something that reads what comes from outside.
pub struct Target {
    /// Its name: `SPIKING_FUZZ`, and the folder of its seeds.
    pub name: &'static str,
    /// Panics where something does not hold.
    pub check: fn(&[u8]),
    /// How many changed seeds `tests/fuzz.rs` tries, by what one takes.
    pub cases: u32,
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "idx", check: idx, cases: 2000 },
    Target { name: "shard", check: shard, cases: 2000 },
    Target { name: "spec", check: spec, cases: 2000 },
    Target { name: "flags", check: flags, cases: 500 },
    Target { name: "decimal", check: decimal, cases: 5000 },
    Target { name: "wire", check: wire, cases: 2000 },
    Target { name: "hdf5", check: hdf5, cases: 1000 },
    Target { name: "trace", check: trace_bytes, cases: 1000 },
    Target { name: "history", check: history, cases: 1000 },
    Target { name: "drawings", check: drawings, cases: 1000 },
    Target { name: "photo", check: picture_file, cases: 300 },
    Target { name: "weights", check: weights, cases: 300 },
    Target { name: "stdp", check: stdp_weights, cases: 300 },
    Target { name: "session", check: session, cases: 300 },
    Target { name: "requests", check: requests, cases: 300 },
];

/// Picture files, as each data set sees them.
fn picture_file(bytes: &[u8]) {
    let Ok(picture) = decode(bytes) else { return };
    // A picture of a few bytes may promise many pixels: what is searched is small in any case, but decoding takes its time.
    if picture.width() * picture.height() > 1 << 20 {
        return;
    }
    for dataset in [Dataset::Mnist, Dataset::FashionMnist, Dataset::Folder] {
        if let Ok(seen) = prepare(&picture, dataset, 784) {
            assert_eq!(seen.pixels.len(), 784);
            if let Some(ink) = seen.ink {
                assert_eq!((ink.grey.len(), ink.ink.len()), (ink.width * ink.height, ink.width * ink.height));
                assert!(ink.ink.iter().any(|ink| *ink > 0), "ink was found");
                assert_eq!(ink.preview(40).len(), 1600);
            }
        }
    }
}

/// Where two parts meet in the bytes of one input: the first says.
fn halves(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
    rest.split_at(rest.len() * usize::from(*first) / 255)
}

/// idx files, gzipped or not.
fn idx(bytes: &[u8]) {
    let plain = idx::uncompressed(bytes, 1 << 22);
    if let Ok(images) = idx::read_images(bytes) {
        let written = idx::write_images(images.width, images.height, &images.pixels);
        assert_eq!(images.pixels.len(), images.count * images.width * images.height);
        if let Ok(plain) = &plain {
            assert_eq!(*plain, written, "what was read is written");
        }
        assert_eq!(idx::read_plain_images(&written), Ok(images));
    }
    if let Ok(labels) = idx::read_labels(bytes) {
        assert_eq!(idx::read_plain_labels(&idx::write_labels(&labels)), Ok(labels));
    }
    let (images, labels) = halves(bytes);
    if let Ok(digits) = Digits::from_idx(images, labels) {
        assert_eq!(digits.images.len(), digits.len() * digits.pixels());
    }
}

/// Manifests, and shards by them: those that they name with the right hash, and whatever else there is.
fn shard(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(manifest) = Manifest::parse(&text) {
        let again = serde_json::to_string(&manifest).map(|json| Manifest::parse(&json));
        assert_eq!(again.ok(), Some(Ok(manifest)));
    }
    let Some((sizes, rest)) = bytes.split_first_chunk::<4>() else { return };
    let (images, labels) = halves(rest);
    let file = |bytes: &[u8]| FileEntry { file: "a".to_owned(), bytes: bytes.len() as u64, sha256: sha256([bytes]) };
    let [count, width, height, classes] = sizes.map(usize::from);
    let entry = ShardEntry { count, images: file(images), labels: file(labels) };
    let (train, test) = (vec![entry.clone()], vec![entry.clone()]);
    let manifest = Manifest { name: "a".to_owned(), width, height, classes, train, test, samples: entry };
    let opened = shard::open(&manifest, Split::Test, 0, images, labels);
    for digits in [opened, shard::open_samples(&manifest, images, labels)].into_iter().flatten() {
        assert_eq!((digits.len(), digits.images.len()), (count, count * width * height));
        assert!(digits.labels.iter().all(|label| usize::from(*label) < classes));
    }
    let _refused = shard::open(&manifest, Split::Train, 0, labels, images);
}

/// Settings in links and in JSON.
fn spec(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let base = Spec::default();
    let whole = |spec: &Spec| {
        assert_eq!(spec.check(), Ok(()));
        let (again, rest, errors) = Spec::from_hash(&base, &spec.to_hash(&base));
        assert!(again == *spec && rest.is_empty() && errors.is_empty(), "{spec:?} as a link");
        let json = serde_json::to_string(spec).unwrap_or_default();
        assert_eq!(serde_json::from_str::<Spec>(&json).ok().as_ref(), Some(spec), "as JSON");
    };
    whole(&Spec::from_hash(&base, &text).0);
    if let Ok(spec) = serde_json::from_str::<Spec>(&text)
        && spec.check().is_ok()
    {
        whole(&spec);
    }
    let (address, _) = Link::from_hash(&text);
    whole(&address.spec);
    let (again, errors) = Link::from_hash(&address.to_hash());
    assert_eq!(errors, Vec::<String>::new());
    // A drawing loses what is finer than a link tells.
    assert_eq!(Link { pad: address.pad.clone(), ..again }, address);
}

/// The command line: words between line feeds.
fn flags(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let words = std::iter::once("spiking").chain(text.split('\n'));
    let Ok(matches) = arguments::command().try_get_matches_from(words) else { return };
    match matches.subcommand() {
        // Each setting is checked by itself; whether they belong together is seen once all are there.
        Some(("train", matches)) => match arguments::train(matches).spec.check() {
            Ok(()) | Err(SpecError::NotOfRule { .. } | SpecError::OneLayer(_) | SpecError::NoRoom { .. }) => {}
            Err(error) => panic!("{error}"),
        },
        Some(("evaluate", matches)) => {
            let mut spec = Spec::default();
            for (name, text) in arguments::evaluate(matches).model.given {
                assert_eq!(spec.set(name, &text), Ok(()));
            }
        }
        Some(("predict", matches)) => {
            if let Ok(predict) = arguments::predict(matches) {
                assert!(!predict.images.is_empty());
            }
        }
        Some(("shards", matches)) => drop(arguments::shards(matches)),
        _ => {}
    }
}

/// Numbers, against the standard library.
fn decimal(bytes: &[u8]) {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(100)]);
    if let Some(read) = decimal::parse(&text) {
        let right: f64 = text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"));
        if right.is_normal() && right.abs() > 1e-290 {
            let off = read.to_bits().abs_diff(right.to_bits());
            assert!(off <= 16, "{text} is read as {read:e}, {off} units off");
        }
    }
    if let Some((four, _)) = bytes.split_first_chunk::<4>() {
        let value = f32::from_le_bytes(*four);
        if value.is_finite() {
            let read = decimal::parse(&value.to_string()).map(|read| read as f32);
            assert_eq!(read.map(f32::to_bits), Some(value.to_bits()), "{value}");
        }
    }
}

/// Messages, packed.
fn wire(bytes: &[u8]) {
    same_again::<Report>(bytes);
    same_again::<Request>(bytes);
}

/// A message that is packed again is the same. Bytes are compared: a NaN is none of its own.
fn same_again<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    if let Ok(message) = wire::unpack::<T>(bytes) {
        let packed = wire::pack(&message);
        let again = packed.as_ref().ok().and_then(|packed| wire::unpack::<T>(packed).ok());
        assert_eq!(again.and_then(|again| wire::pack(&again).ok()), packed.ok());
    }
}

/// A file of another program is a network that leaves and comes back, or is refused.
fn hdf5(bytes: &[u8]) {
    let Ok(root) = chips::hdf5::read(bytes) else { return };
    let written = chips::hdf5::write(&root).expect("what was read can be written");
    // NaN is not equal to itself.
    let again = chips::hdf5::read(&written).and_then(|root| chips::hdf5::write(&root));
    assert_eq!(again, Ok(written));
    let open = Spec::default();
    if let Ok(layers) = chips::netx::from_group(&root) {
        let _ = chips::netx::to_plain(&layers, &open);
    }
    let Ok(read) = chips::nir::from_group(&root, &open, None) else { return };
    if let Ok(graph) = chips::nir::to_group(&read.network, chips::nir::End::Integrator) {
        let again = chips::nir::from_group(&graph, &open, None).expect("what was written can be read");
        assert_eq!(again.network.layers.len(), read.network.layers.len());
    }
    if let Ok(chip) = chips::loihi::LoihiNetwork::of(&read.network, 8) {
        let inputs = chip.layers.first().map_or(0, |layer| layer.inputs);
        let _ = chip.runner().run(&SpikeTrain::silent(1, inputs, 3));
    }
}

/// Traces, and all that the page reads off them.
fn trace_bytes(bytes: &[u8]) {
    let Ok(trace) = Trace::from_bytes(bytes) else { return };
    let written = trace.to_bytes();
    assert_eq!(Trace::from_bytes(&written).map(|again| again.to_bytes()).ok(), Some(written));
    let _answers = (trace.answer(), trace.settled_at(), trace.probabilities(), trace.dense_operations());
    let (steps, layers) = (trace.time_steps, trace.hidden.clone());
    let reading = Analysis::new(trace, bytes.first().copied()).with_steady_input();
    for layer in layers.iter().filter(|layer| layer.neurons() > 0) {
        assert!(telling_neurons(layer, steps).iter().all(|neuron| *neuron < layer.neurons()));
    }
    for t in 0..reading.time_steps() {
        let _energy =
            (reading.energy(t), reading.evidence_at(t).len(), reading.second(t, 0), reading.probability(t, 0));
    }
    let _answer = (reading.answer(), reading.at(f32::from(bytes[0])));
}

/// The curves that the browser keeps.
fn history(bytes: &[u8]) {
    let Some(mut history) = History::from_bytes(bytes) else { return };
    let written = history.to_bytes();
    assert_eq!(History::from_bytes(&written).map(|again| again.to_bytes()), Some(written));
    let images = bytes.iter().map(|byte| usize::from(*byte)).sum::<usize>();
    let done = StepDone { step: 7, epoch: 1, images, images_in_epoch: images, loss: 0.5, score: Accuracy::default() };
    history.step(&done, 0.5, Accuracy { correct: 1, images });
    history.is_at(8);
    history.tested(Accuracy { correct: 1, images: 2 }, 5);
    for kind in [Kind::Loss, Kind::Accuracy] {
        assert!(!history.chart(kind).rows.is_empty());
    }
    let _points = (history.points().count(), history.loss(), history.epochs(), history.measured().len());
}

/// Drawings in files, in links, and as the reader's own.
fn drawings(bytes: &[u8]) {
    if let Ok(read) = drawings::from_bytes(bytes) {
        let digits = drawings::digits(&read);
        assert_eq!((digits.len(), digits.images.len()), (read.len(), read.len() * digits.pixels()));
    }
    if let Some(strokes) = strokes::from_text(&String::from_utf8_lossy(bytes)) {
        let text = strokes::to_text(&strokes);
        let again = strokes::from_text(&text).unwrap_or_default();
        assert_eq!(strokes::to_text(&again), text);
        spiking_playground::digits::drawing::normalise(&strokes);
    }
    let points =
        bytes.chunks_exact(8).map(|c| [[c[0], c[1], c[2], c[3]], [c[4], c[5], c[6], c[7]]].map(f32::from_le_bytes));
    spiking_playground::digits::drawing::normalise(&[points.collect()]);
    let (count, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let (labels, pixels) = rest.split_at(rest.len().min(usize::from(*count)));
    if let Ok(drawn) = own::drawings(pixels.to_vec(), labels.to_vec(), 10) {
        let (train, test) = own::sets(&drawn);
        assert_eq!((train.len(), test.len()), (own::TRAINING_IMAGES, own::TEST_IMAGES));
    }
}

/// Images that a network takes.
fn images_for(network: &Network, count: usize) -> Digits {
    let (pixels, classes) = (network.pixels(), network.classes());
    Digits {
        width: pixels,
        height: 1,
        images: (0..count * pixels).map(|i| (i * 37) as u8).collect(),
        labels: (0..count).map(|i| (i % classes) as u8).collect(),
    }
}

/// Weights and checkpoints, and what the program does with them.
fn weights(bytes: &[u8]) {
    let device = kernels::cpu();
    let _spec = (spec_from_bytes(bytes), network_from_bytes(&Spec::default(), bytes, &device));
    if let Ok((spec, network)) = model_from_bytes(bytes, &device) {
        let images = images_for(&network, 3);
        let trace = trace(&network, &spec, images.image(0), Pass::Evaluation, 0);
        assert_eq!(trace.classes(), network.classes());
        assert_eq!(evaluate(&network, &spec, &images, 0..3, 0).images, 3);
        for numbers in WeightsType::ALL {
            let written = match model_to_bytes(&spec, &network, numbers, Notes::default()) {
                Err(WeightsError::TooLarge(_)) => continue,
                other => other.ok(),
            };
            let again = written.and_then(|written| model_from_bytes(&written, &device).ok());
            assert_eq!(again.map(|(again, _)| again).as_ref(), Some(&spec), "what is written is read");
        }
    }
    if let Ok(mut run) = run_from_bytes(bytes, &device.autodiff())
        && run.images() <= 64
    {
        let images = images_for(&run.network, run.images());
        for _ in 0..2 {
            run.advance(&images, Some(&images), &mut |_: &Event| ControlFlow::Continue(()));
        }
        // A run may diverge between two looks; what is no number is refused, and should be.
        let parameters = run.network.parameters().into_iter().chain(run.adam.parameters(&run.network));
        let finite = parameters.flat_map(|parameter| parameter.values).all(f32::is_finite);
        let written = run_to_bytes(&run, Notes::default()).ok();
        let again = written.and_then(|written| run_from_bytes(&written, &kernels::cpu().autodiff()).ok());
        assert!(!finite || again.is_some_and(|again| again.position == run.position), "what is written is read");
    }
}

/// The same of a layer that learns by STDP.
fn stdp_weights(bytes: &[u8]) {
    let Ok(spec) = spec_from_bytes(bytes) else { return };
    if spec.rule != Rule::Stdp {
        return;
    }
    let images_of = |pixels: usize| Digits {
        width: pixels,
        height: 1,
        images: (0..64 * pixels).map(|i| (i * 11) as u8).collect(),
        labels: vec![0; 64],
    };
    if let Ok(mut network) = stdp::model_from_bytes(spec.clone(), bytes) {
        let images = images_of(network.layer.inputs());
        assert_eq!(network.predictions(&images, 0..3, 0).len(), 3);
        assert_eq!(network.trace(images.image(0), Pass::Evaluation, 0).classes(), network.classes());
    }
    if let Ok(mut run) = stdp::run_from_bytes(spec, bytes)
        && run.images() <= 64
    {
        let images = images_of(run.layer().inputs());
        for _ in 0..2 {
            if run.advance(&images) == StdpAdvance::EpochOver {
                run.end_epoch();
            }
        }
        let written = stdp::run_to_bytes(&run, Notes::default()).ok();
        let again = written.and_then(|written| stdp::run_from_bytes(run.spec().clone(), &written).ok());
        // Gains without bound lead to weights without bound.
        let is_finite = (0..run.layer().neurons()).flat_map(|j| run.layer().incoming(j)).all(f32::is_finite);
        assert!(!is_finite || again.is_some_and(|again| again.position() == run.position()), "what is written is read");
    }
}

/// A data set of 40 and of 10 images, and its files: images and labels of the one, then of the other.
static DATA: LazyLock<(Manifest, Vec<Vec<u8>>)> = LazyLock::new(|| {
    let set = |count: usize| Digits {
        width: 28,
        height: 28,
        images: (0..count * 784).map(|i| (i * 11) as u8).collect(),
        labels: (0..count).map(|i| (i % 10) as u8).collect(),
    };
    let (manifest, files) = write_shards("fuzz", &set(40), &set(10)).unwrap_or_else(|error| panic!("{error}"));
    (manifest, files.into_iter().map(|(_, bytes)| bytes).collect())
});

/// An engine that has all images, and a clock that goes 10 ms at each look.
fn engine() -> Session {
    let time = Cell::new(0.0);
    let mut session = Session::new(kernels::cpu(), move || time.replace(time.get() + 10.0));
    let (manifest, files) = &*DATA;
    session.receive(0, Request::Data(manifest.clone()), Vec::new());
    session.receive(0, Request::Shard(Split::Train, 0), files[..2].to_vec());
    session.receive(0, Request::Shard(Split::Test, 0), files[2..4].to_vec());
    session
}

/// The engine, given a file: it goes on as the page does with any.
fn session(bytes: &[u8]) {
    let (first, file) = bytes.split_first().unwrap_or((&0, &[]));
    let mut session = engine();
    let open = match first % 3 {
        0 => Request::Open,
        1 => Request::Resume,
        _ => Request::Try,
    };
    session.receive(0, open, vec![file.to_vec()]);
    session.work();
    for (request, beside) in [
        (Request::Test(3), Vec::new()),
        (Request::Trace { picture: Picture::Drawing }, vec![vec![90; 784]]),
        (Request::Trace { picture: Picture::Test(0) }, Vec::new()),
        (Request::Rates, vec![vec![90; 784]]),
        (Request::Fields(0, vec![0, 1]), Vec::new()),
        (Request::Fields(1, vec![0, 9]), Vec::new()),
        (Request::TestImages(vec![0, 300]), Vec::new()),
        (Request::Step, Vec::new()),
        (Request::Weights, Vec::new()),
        (Request::Checkpoint, Vec::new()),
        (Request::Continue(Spec::default()), Vec::new()),
        (Request::Train, Vec::new()),
        (Request::HandOver, Vec::new()),
    ] {
        session.receive(0, request, beside);
        session.work();
    }
}

/// The engine, asked anything, one request after the other as they would be packed.
fn requests(bytes: &[u8]) {
    let mut session = engine();
    let small = Spec { layers: dense([2]), time_steps: 3, batch_size: 8, ..Spec::default() };
    session.receive(0, Request::Start(small), Vec::new());
    let mut rest = bytes;
    for _ in 0..20 {
        let Ok((request, behind)) = postcard::take_from_bytes::<Request>(rest) else { break };
        rest = behind;
        // What takes long is not wrong.
        let long = if let Request::Start(spec) | Request::Continue(spec) | Request::Change(spec) = &request {
            spec.hidden_neurons(784).sum::<usize>() > 64 || spec.time_steps > 32 || spec.batch_size > 64
        } else {
            request == Request::SelfCheck
        };
        if !long {
            session.receive(0, request, vec![rest.to_vec(), rest.to_vec()]);
            session.work();
        }
    }
}
