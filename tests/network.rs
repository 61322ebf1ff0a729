//! Networks, runs and their files.

use spiking_playground::accuracy::evaluate;
use spiking_playground::activity::Activity;
use spiking_playground::digits::Digits;
use spiking_playground::digits::noise::noisy;
use spiking_playground::event::Event;
use spiking_playground::inspection::trace;
use spiking_playground::kernels;
use spiking_playground::layer::Linear;
use spiking_playground::network::Network;
use spiking_playground::pictures::analysis::Analysis;
use spiking_playground::random::{Generator, Stream};
use spiking_playground::spec::{Augmentation, Dataset, Encoding, LayerSpec, Readout, Spec, dense};
use spiking_playground::spikes::encode::Pass;
use spiking_playground::training::{Advance, Launch, Run};
use spiking_playground::weights::checkpoint::{Notes, model_from_bytes, model_to_bytes, run_from_bytes, run_to_bytes};
use spiking_playground::weights::rounding::WeightsType;
use std::ops::ControlFlow;

/// Images of 6 × 6 pixels in three classes: a bright row that noise hides a little.
pub fn stripes(count: usize, seed: u64) -> Digits {
    let mut generator = Generator::new(seed, Stream::ImageOrder(0, 0));
    let mut digits = Digits { width: 6, height: 6, ..Digits::default() };
    for index in 0..count {
        let label = (index % 3) as u8;
        let bright = |p: usize| p / 12 == usize::from(label);
        digits.images.extend((0..36).map(|p| (generator.unit() * 90.0) as u8 + if bright(p) { 150 } else { 0 }));
        digits.labels.push(label);
    }
    digits
}

pub fn small() -> Spec {
    Spec { layers: dense([24]), time_steps: 12, batch_size: 16, epochs: 3, learning_rate: 0.01, ..Spec::default() }
}

/// Layers in the text of the flag.
pub fn layers(text: &str) -> Vec<LayerSpec> {
    text.split(',').map(|layer| layer.parse().unwrap()).collect()
}

pub fn run(spec: &Spec, images: usize) -> Run {
    Run::new(spec.clone(), Network::new(spec, 36, 3, &kernels::cpu().autodiff()), images)
}

fn train(run: &mut Run, data: &Digits, steps: usize) -> Vec<f32> {
    let mut losses = Vec::new();
    for _ in 0..steps {
        let mut listener = |event: &Event| {
            if let Event::Step(done) = event {
                losses.push(done.loss);
            }
            ControlFlow::Continue(())
        };
        assert_eq!(run.advance(data, None, &mut listener), Advance::Stepped);
    }
    losses
}

#[test]
fn every_coding_readout_and_depth_learns() {
    let (data, test) = (stripes(500, 1), stripes(200, 2));
    for encoding in [Encoding::Rate, Encoding::Latency, Encoding::Current] {
        let networks = [
            (Readout::Membrane, "24"),
            (Readout::SpikeCount, "24,16"),
            (Readout::Membrane, "5c3s2,8c2p1"),
            (Readout::SpikeCount, "6c3,12"),
        ];
        for (readout, hidden) in networks {
            let spec = Spec { encoding, readout, layers: layers(hidden), ..small() };
            let mut run = run(&spec, data.len());
            let before = evaluate(&run.network, &spec, &test, 0..200, 0).fraction();
            train(&mut run, &data, 96);
            let after = evaluate(&run.network, &spec, &test, 0..200, 0).fraction();
            assert!(after > 0.95, "{spec:?}: {before} before, {after} after");
        }
    }
}

#[test]
fn noise_takes_accuracy_away_step_by_step() {
    let (data, test) = (stripes(500, 1), stripes(600, 2));
    let mut plain = run(&small(), data.len());
    train(&mut plain, &data, 96);
    let accuracy =
        |run: &Run, noise: f32| evaluate(&run.network, &Spec { noise, ..small() }, &test, 0..600, 0).fraction();
    let falls = [0.0, 0.6, 0.8, 1.0].map(|noise| accuracy(&plain, noise));
    assert!(falls.windows(2).all(|pair| pair[1] < pair[0]), "{falls:?}");
    // Of nothing but noise nothing can be read: one of three classes is guessed.
    assert!(falls[0] > 0.95 && falls[3] < 0.45, "{falls:?}");
}

#[test]
fn the_trace_shows_the_picture_with_its_noise() {
    let image = stripes(1, 1).images;
    let noisy_spec = Spec { noise: 0.5, ..small() };
    let network = run(&small(), 50).network;
    let seen = trace(&network, &noisy_spec, &image, Pass::Drawing, 0);
    assert_eq!(seen.image, noisy(&image, 0.5, small().seed, Pass::Drawing.number(), 0));
    assert_ne!(seen.image, image);
    let plain = trace(&network, &small(), &image, Pass::Drawing, 0);
    assert_eq!(plain.image, image);
    assert_eq!(trace(&network, &small(), &seen.image, Pass::Drawing, 0).input, seen.input);
}

#[test]
fn the_short_last_batch_counts() {
    let data = stripes(50, 1);
    let mut run = run(&small(), 50);
    let mut sizes = Vec::new();
    let mut epochs = Vec::new();
    for _ in 0..4 {
        run.advance(&data, Some(&data), &mut |event: &Event| {
            match event {
                Event::Step(done) => sizes.push(done.score.images),
                Event::Epoch(done) => epochs.push(*done),
                Event::Diverged(_) => unreachable!(),
            }
            ControlFlow::Continue(())
        });
    }
    assert_eq!(sizes, [16, 16, 16, 2]);
    assert_eq!((epochs.len(), epochs[0].score.images, epochs[0].test.unwrap().images), (1, 50, 50));
    assert_eq!(run.position.epoch, 1);
}

#[test]
fn a_model_file_gives_the_same_network() {
    let spec = Spec { layers: dense([9, 7]), ..small() };
    let network = Network::new(&spec, 36, 3, &kernels::cpu());
    let bytes = model_to_bytes(&spec, &network, WeightsType::F32, Notes::default()).unwrap();
    let notes = || Notes(["b", "a", "c", "d"].map(|name| (name.to_owned(), name.to_owned())).to_vec());
    let noted = || model_to_bytes(&spec, &network, WeightsType::F32, notes()).unwrap();
    assert!((0..20).all(|_| noted() == noted()), "equal networks make equal files");
    let (again, loaded) = model_from_bytes(&bytes, &kernels::cpu()).unwrap();
    assert_eq!(again, spec);
    assert_eq!(loaded.parameters(), network.parameters());
    let names: Vec<String> = loaded.parameters().into_iter().map(|parameter| parameter.name).collect();
    assert_eq!(
        names,
        ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias", "readout.weight", "readout.bias"]
    );
}

/// Resumed from its file in the middle of an epoch, a run goes on as if it had never stopped, to the bit.
#[test]
fn a_resumed_run_goes_on_to_the_bit() {
    let data = stripes(100, 3);
    let networks = [
        (Augmentation::Off, "24"),
        (Augmentation::On, "24"),
        (Augmentation::Hands, "24"),
        (Augmentation::On, "5c3s2,7"),
    ];
    for (augment, hidden) in networks {
        let spec = Spec { augment, layers: layers(hidden), ..small() };
        let (mut whole, mut first) = (run(&spec, 100), run(&spec, 100));
        let losses = train(&mut whole, &data, 14);
        train(&mut first, &data, 9);
        let mut second =
            run_from_bytes(&run_to_bytes(&first, Notes::default()).unwrap(), &kernels::cpu().autodiff()).unwrap();
        assert_eq!((&second.spec, second.position), (&spec, first.position));
        assert_eq!(train(&mut second, &data, 5), losses[9..]);
        assert_eq!(second.network.parameters(), whole.network.parameters());
    }
}

/// Augmentation changes what is trained on, and nothing else.
#[test]
fn only_training_images_are_augmented() {
    let (data, test) = (stripes(100, 3), stripes(30, 4));
    let (plain, changed) = (small(), Spec { augment: Augmentation::On, ..small() });
    let (mut a, mut b) = (run(&plain, 100), run(&changed, 100));
    let score = |spec: &Spec| evaluate(&a.network, spec, &test, 0..30, 0);
    assert_eq!(score(&plain), score(&changed));
    assert_ne!(train(&mut a, &data, 2), train(&mut b, &data, 2));
}

#[test]
fn the_same_seed_gives_the_same_weights() {
    let data = stripes(100, 3);
    let (mut a, mut b) = (run(&small(), 100), run(&small(), 100));
    train(&mut a, &data, 5);
    train(&mut b, &data, 5);
    assert_eq!(a.network.parameters(), b.network.parameters());
    assert_ne!(run(&Spec { seed: 2, ..small() }, 100).network.parameters(), run(&small(), 100).network.parameters());
}

#[test]
fn bad_files_are_told_apart() {
    let spec = small();
    let network = Network::new(&spec, 36, 3, &kernels::cpu());
    let bytes = model_to_bytes(&spec, &network, WeightsType::F32, Notes::default()).unwrap();
    let error = |bytes: &[u8]| model_from_bytes(bytes, &kernels::cpu()).unwrap_err().to_string();
    for cut in [0, 4, 100, bytes.len() - 1] {
        assert!(error(&bytes[..cut]).contains("cut off"), "{}", error(&bytes[..cut]));
    }
    assert!(error(b"PNG is not safetensors at all").contains("no complete safetensors"));
    let other =
        model_to_bytes(&Spec { layers: dense([25]), ..spec.clone() }, &network, WeightsType::F32, Notes::default())
            .unwrap();
    assert!(error(&other).contains("another network"), "{}", error(&other));
    let deeper =
        model_to_bytes(&Spec { layers: dense([24, 5]), ..spec.clone() }, &network, WeightsType::F32, Notes::default())
            .unwrap();
    assert!(error(&deeper).contains("layers.1.weight"), "{}", error(&deeper));
    let odd =
        model_to_bytes(&Spec { time_steps: 0, ..spec.clone() }, &network, WeightsType::F32, Notes::default()).unwrap();
    assert!(error(&odd).contains("time-steps"), "{}", error(&odd));
    let mut nan = bytes.clone();
    let last = nan.len() - 4;
    nan[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    assert!(error(&nan).contains("NaN"), "{}", error(&nan));
    let run_error = run_from_bytes(&bytes, &kernels::cpu().autodiff()).unwrap_err().to_string();
    assert!(run_error.contains("checkpoint.safetensors"), "{run_error}");
}

/// A loss that is no number stops the run and leaves the weights alone.
#[test]
fn divergence_stops_before_the_weights_are_touched() {
    let data = stripes(64, 3);
    let spec = Spec { learning_rate: 1.0, ..small() };
    let mut run = run(&spec, 64);
    *run.network.readout.linear_mut() = Linear::new(&[f32::MAX; 24 * 3], &[0.0; 3], &kernels::cpu().autodiff());
    let before = run.network.parameters();
    let mut diverged = false;
    let advance = run.advance(&data, None, &mut |event: &Event| {
        diverged |= matches!(event, Event::Diverged(_));
        ControlFlow::Continue(())
    });
    assert_eq!((advance, diverged), (Advance::Stopped, true));
    assert_eq!(run.network.parameters(), before);
}

/// What the trace shows is what the kernels compute.
#[test]
fn traces_answer_as_the_evaluation_does() {
    let (data, test) = (stripes(300, 1), stripes(60, 2));
    let kinds = [
        (Encoding::Rate, Readout::SpikeCount),
        (Encoding::Latency, Readout::Membrane),
        (Encoding::Current, Readout::Membrane),
    ];
    let networks = ["20,12", "20,12", "20,12", "5c3,6c2s2", "4c2s2p1,12", "5c3,12"];
    let kinds = kinds.iter().cycle().zip(networks);
    for ((encoding, readout), hidden) in kinds {
        let (encoding, readout) = (*encoding, *readout);
        let spec = Spec { encoding, readout, layers: layers(hidden), time_steps: 33, ..small() };
        let mut run = run(&spec, data.len());
        train(&mut run, &data, 90);
        let mut operations = 0;
        let right = (0..60).filter(|index| {
            let trace = trace(&run.network, &spec, test.image(*index), Pass::Evaluation, *index as u64);
            let answer = trace.answer();
            let again = spiking_playground::trace::Trace::from_bytes(&trace.to_bytes()).unwrap();
            assert_eq!(again, trace);
            // Each spike reaches what its fan-out says; all spikes reach every synapse.
            let maps: Vec<_> = spec.feature_maps(36).collect();
            assert!(trace.hidden.iter().map(|layer| layer.feature_maps()).eq(maps));
            assert!(trace.settled_at().is_none_or(|t| trace.leaders()[t..].iter().all(|leader| *leader == answer)));
            let reading = Analysis::new(trace, None);
            let reading = if encoding == Encoding::Current { reading.with_steady_input() } else { reading };
            operations += reading.operations[spec.time_steps - 1];
            answer == Some(usize::from(test.label(*index)))
        });
        let right = right.count();
        let score = evaluate(&run.network, &spec, &test, 0..60, 0);
        // Sums in another order may let a neuron at its threshold fire or not.
        assert!(right.abs_diff(score.correct) <= 1, "{right} in traces, {score:?} in the evaluation");
        let (_, activity) = Activity::measure(&run.network, &spec, &test);
        let ratio = operations as f64 / activity.operations as f64;
        assert!((ratio - 1.0).abs() < 0.01, "{hidden}: {operations} operations in traces, {}", activity.operations);
    }
}

#[test]
fn damaged_traces_are_refused() {
    let spec = small();
    let network = Network::new(&spec, 36, 3, &kernels::cpu());
    let bytes = trace(&network, &spec, &[200; 36], Pass::Drawing, 0).to_bytes();
    for cut in 0..bytes.len() {
        assert!(spiking_playground::trace::Trace::from_bytes(&bytes[..cut]).is_err());
    }
    let longer: Vec<u8> = bytes.iter().copied().chain([0; 4]).collect();
    assert!(spiking_playground::trace::Trace::from_bytes(&longer).is_err());
    // 29 bytes that promise no time steps of four billion neurons.
    let timeless = include_bytes!("cases/trace-without-time.bin");
    let error = spiking_playground::trace::Trace::from_bytes(timeless).unwrap_err().to_string();
    assert!(error.contains("no time steps"), "{error}");
    let endless: Vec<u8> = [u32::MAX, 0, 0, 0, u32::MAX].into_iter().flat_map(u32::to_le_bytes).collect();
    assert!(spiking_playground::trace::Trace::from_bytes(&endless).is_err());
}

/// However a batch is cut into slices, the weights come out the same, to the bit.
#[test]
fn slices_of_a_batch_change_nothing() {
    let data = stripes(100, 4);
    let kinds = [
        (Encoding::Rate, Readout::Membrane, "20,70"),
        (Encoding::Current, Readout::SpikeCount, "20,70"),
        (Encoding::Rate, Readout::Membrane, "18c3s2,5c2"),
        (Encoding::Current, Readout::SpikeCount, "5c3,7c2s2"),
    ];
    for (encoding, readout, hidden) in kinds {
        let layers = layers(hidden);
        let spec = Spec { encoding, readout, layers, batch_size: 32, rate_penalty: 2.0, ..small() };
        let trained = |most: usize| {
            let mut run = run(&spec, data.len());
            let (mut steps, mut parts) = (0, 0);
            while steps < 5 {
                match run.launch(most, &data) {
                    Launch::Partial => parts += 1,
                    other => {
                        assert_eq!(other, Launch::Step);
                        let advance = run.record_due(None, &mut |_: &Event| ControlFlow::Continue(()));
                        assert_eq!(advance, Advance::Stepped);
                        steps += 1;
                    }
                }
            }
            (parts, run.network.parameters())
        };
        let (_, whole) = trained(usize::MAX);
        for (most, parts) in [(1, 31 * 3 + 3 + 31), (7, 4 * 4), (32, 0)] {
            assert_eq!(trained(most), (parts, whole.clone()), "slices of {most}, {encoding:?}, {readout:?}");
        }
    }
}

/// Whichever thread does what, and however many there are: the weights come out the same, to the bit.
#[test]
fn any_number_of_threads_gives_the_same_weights() {
    let data = stripes(100, 4);
    let trained = |hidden: &str, threads: usize| {
        let spec = Spec { layers: layers(hidden), batch_size: 32, ..small() };
        // The caller is one of them.
        let pool = micropool::ThreadPoolBuilder::default().num_threads(threads - 1).build();
        pool.install(|| {
            let mut run = run(&spec, data.len());
            train(&mut run, &data, 6);
            run.network.parameters()
        })
    };
    for hidden in ["20,70", "18c3s2,5c2"] {
        let alone = trained(hidden, 1);
        for threads in [2, 3, 5, 16] {
            assert_eq!(trained(hidden, threads), alone, "{hidden}, {threads} threads");
        }
    }
}

/// A file of convolutions has PyTorch's shapes, and says for which images it was made: its kernels fit others too.
#[test]
fn a_file_of_convolutions_says_the_size_of_its_images() {
    let spec = Spec { layers: layers("4c3s2,5c2p1,7"), dataset: Dataset::Folder, ..small() };
    spec.check().unwrap();
    // Sides of 6 and 5 leave as many places.
    for side in [5, 6, 9_usize] {
        let network = Network::new(&spec, side * side, 3, &kernels::cpu());
        let bytes = model_to_bytes(&spec, &network, WeightsType::F32, Notes::default()).unwrap();
        let (again, loaded) = model_from_bytes(&bytes, &kernels::cpu()).unwrap();
        assert_eq!((&again, loaded.pixels(), loaded.classes()), (&spec, side * side, 3));
        let parameters = loaded.parameters();
        assert_eq!(parameters, network.parameters());
        assert_eq!((&parameters[0].shape[..], &parameters[2].shape[..]), (&[4, 1, 3, 3][..], &[5, 4, 2, 2][..]));
        // Without that word the shapes decide: what fits behind.
        let found = Network::with_parameters(&spec, &parameters, None, &kernels::cpu()).unwrap();
        assert_eq!(found.parameters(), parameters);
    }
    let other = Spec { layers: layers("4c3s2,5c3p1,7"), ..spec.clone() };
    let parameters = Network::new(&spec, 36, 3, &kernels::cpu()).parameters();
    assert!(Network::with_parameters(&other, &parameters, None, &kernels::cpu()).is_err());
    assert!(
        Network::with_parameters(&spec, &parameters, Some(4), &kernels::cpu()).is_err(),
        "no room for a kernel of 3"
    );
}

/// The receptive field of a convolution's neuron is its kernel at its place; the kernel is shared.
#[test]
fn incoming_weights_of_a_map_are_its_kernel_at_each_place() {
    let spec = Spec { layers: layers("3c2s2p1"), ..small() };
    let network = Network::new(&spec, 36, 3, &kernels::cpu());
    let (kernels, synapses) = (network.parameters(), network.synaptic_weights(0).unwrap());
    let [kernel, bias] = [&kernels[0].values, &kernels[1].values];
    let window = synapses.patches().unwrap();
    assert_eq!((synapses.inputs(), synapses.neurons(), window.places()), (36, 3 * 16, 16));
    for neuron in 0..48 {
        let incoming = synapses.incoming(neuron);
        let mut expected = vec![0.0; 36];
        for tap in 0..4 {
            if let Some(input) = window.source(neuron % 16, tap) {
                expected[input] = kernel[neuron / 16 * 4 + tap];
            }
        }
        assert_eq!(incoming, expected, "neuron {neuron}");
    }
    assert_eq!(synapses.bias(15..17), [bias[0], bias[1]]);
    let part = synapses.between(7..9, 14..18);
    let whole: Vec<f32> = (7..9)
        .flat_map(|input| (14..18).map(move |neuron| (input, neuron)))
        .map(|(input, neuron)| synapses.incoming(neuron)[input])
        .collect();
    assert_eq!(part, whole);
}
