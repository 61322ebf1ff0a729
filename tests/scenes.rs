//! The pictures as SVG texts, for small traces, alone and on the sheets of the command line: what is drawn is what stands
//! in `tests/scenes/`.
//! `UPDATE=1` writes the files anew, to be looked at before they are committed.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a program of its own"
)]

use spiking_playground::digits::drawing::{PIXELS, SIDE};
use spiking_playground::event::{Accuracy, StepDone};
use spiking_playground::pictures::analysis::Analysis;
use spiking_playground::pictures::connections::{self, Layout};
use spiking_playground::pictures::curves::{Epoch, History, Kind};
use spiking_playground::pictures::marks::{Mark, Scene};
use spiking_playground::pictures::palette::Palette;
use spiking_playground::pictures::raster::{self, Order};
use spiking_playground::pictures::rates::Rates;
use spiking_playground::pictures::receptive_fields::ReceptiveFields;
use spiking_playground::pictures::svg::{Frame, Sheet};
use spiking_playground::pictures::travelling_spikes::{self, Shown};
use spiking_playground::pictures::{axis, class_scores, curves_sheet, digit_sheet, field, outputs, surrogate, voltage};
use spiking_playground::spec::{Dataset, Encoding, Neuron, Readout, Spec, Surrogate};
use spiking_playground::spikes::SpikeTrain;
use spiking_playground::trace::{LayerTrace, Trace};
use std::path::Path;

const T: usize = 8;
const HIDDEN: usize = 6;
const CLASSES: usize = 3;
/// The moment shown: on its way from the fifth time step to the sixth.
const NOW: f32 = 5.5;

/// What a weight is: a pattern that is easy to write down, with both signs.
fn weight(from: usize, to: usize) -> f32 {
    ((from * 7 + to * 5) % 11) as f32 / 10.0 - 0.4
}

/// A bar of nine pixels whose neurons drive six hidden ones and three outputs, by the equations of the network.
fn example() -> (Analysis, ReceptiveFields, Neuron) {
    example_of(Neuron::default())
}

fn example_of(neuron: Neuron) -> (Analysis, ReceptiveFields, Neuron) {
    let mut image = vec![0; PIXELS];
    let lit: Vec<usize> = (0..9).map(|row| (9 + row) * SIDE + 14).collect();
    let mut input = SpikeTrain::silent(1, PIXELS, T);
    for (i, pixel) in lit.iter().enumerate() {
        image[*pixel] = 120 + 15 * i as u8;
        (0..T).filter(|t| (t + i) % 3 != 0).for_each(|t| input.fire(0, *pixel, t));
    }
    let mut hidden = quiet(HIDDEN);
    for to in 0..HIDDEN {
        let sum = |t: usize, counts: fn(f32) -> bool| -> f32 {
            let weights = lit.iter().filter(|pixel| input.fires(0, **pixel, t)).map(|pixel| weight(*pixel, to));
            weights.filter(|weight| counts(*weight)).sum()
        };
        let sums: Vec<[f32; 2]> = (0..T).map(|t| [sum(t, |w| w > 0.0), sum(t, |w| w < 0.0)]).collect();
        let currents: Vec<f32> = sums.iter().map(|[exc, inh]| exc + inh).collect();
        for (t, step) in neuron.run(&currents).enumerate() {
            hidden.potentials[t * HIDDEN + to] = step.potential;
            [hidden.excitation[t * HIDDEN + to], hidden.inhibition[t * HIDDEN + to]] = sums[t];
            if step.spike {
                hidden.spikes.fire(0, to, t);
            }
        }
    }
    let mut output = quiet(CLASSES);
    for class in 0..CLASSES {
        let mut voltage = 0.0;
        for t in 0..T {
            let current: f32 =
                (0..HIDDEN).filter(|n| hidden.spikes.fires(0, *n, t)).map(|n| 3.0 * weight(n, class)).sum();
            voltage = neuron.beta * voltage + current;
            output.potentials[t * CLASSES + class] = voltage;
        }
    }
    let mut synapses = ReceptiveFields::default();
    let bytes = |senders: usize, receivers: usize| -> Vec<u8> {
        (0..receivers).flat_map(|to| (0..senders).flat_map(move |from| weight(from, to).to_le_bytes())).collect()
    };
    synapses.take(0, &(0..HIDDEN).collect::<Vec<_>>(), &bytes(PIXELS, HIDDEN));
    synapses.take(1, &(0..CLASSES).collect::<Vec<_>>(), &bytes(HIDDEN, CLASSES));
    let trace = Trace { image, time_steps: T, input, hidden: vec![hidden], output, ..Trace::default() };
    (Analysis::new(trace, None), synapses, neuron)
}

fn quiet(neurons: usize) -> LayerTrace {
    let zeros = || vec![0.0; neurons * T];
    LayerTrace {
        window: None,
        spikes: SpikeTrain::silent(1, neurons, T),
        potentials: zeros(),
        excitation: zeros(),
        inhibition: zeros(),
        raised: Vec::new(),
    }
}

const FRAME: Frame = Frame { x: 8.0, y: 8.0, width: 384.0, height: 144.0 };

fn sheet(draw: impl FnOnce(&mut Sheet<'_>)) -> String {
    let palette = Palette::light();
    let mut sheet = Sheet::new(400.0, 160.0, &palette, None);
    draw(&mut sheet);
    lines(&sheet.finish())
}

/// One mark a line, so that a difference shows where it is.
fn lines(file: &str) -> String {
    file.replace("><", ">\n<")
}

/// The scene of that name is as it was.
fn is_as_before(name: &str, drawn: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenes").join(format!("{name}.svg"));
    if std::env::var_os("UPDATE").is_some_and(|update| update == "1") {
        std::fs::write(&file, drawn).unwrap();
    }
    let before = std::fs::read_to_string(&file).unwrap_or_default();
    let (now, then): (Vec<_>, Vec<_>) = (drawn.lines().collect(), before.lines().collect());
    assert!(now.len() > 3, "{name} shows something");
    let differs = (0..now.len().max(then.len())).find(|i| now.get(*i) != then.get(*i));
    if let Some(i) = differs {
        panic!(
            "the scene {name} is another from line {} on:\n  before: {}\n  now:    {}\nWhere that is meant, renew the \
             files and look at them: UPDATE=1 cargo test --release --test scenes",
            i + 1,
            then.get(i).unwrap_or(&"(nothing)"),
            now.get(i).unwrap_or(&"(nothing)")
        );
    }
}

fn stave(name: &str, scene: &Scene, now: &[Mark]) {
    let reached = f64::from((NOW - 0.5) / T as f32);
    is_as_before(
        name,
        &sheet(|sheet| {
            sheet.add_stave(FRAME, &scene.past, &scene.future, reached);
            sheet.add(FRAME, now);
            sheet.add_cursor(FRAME, reached);
        }),
    );
}

fn picture(name: &str, marks: &[Mark]) {
    is_as_before(name, &sheet(|sheet| sheet.add(FRAME, marks)));
}

#[test]
fn input_spikes() {
    let (reading, ..) = example();
    let spikes = &reading.trace.input;
    stave("input", &raster::scene(spikes, None), &raster::glow(spikes, None, NOW));
}

#[test]
fn a_steady_current() {
    stave("current", &raster::current(&example().0.trace.image, T), &[]);
}

#[test]
fn hidden_spikes() {
    let (reading, ..) = example();
    let spikes = &reading.trace.hidden[0].spikes;
    assert!(spikes.count() > 5, "the example fires");
    let order = Order { places: &reading.rows[0], firing: reading.firing[0] };
    stave("hidden", &raster::scene(spikes, Some(order)), &raster::glow(spikes, Some(order), NOW));
}

#[test]
fn membrane_voltage() {
    let (reading, _, neuron) = example();
    let (layer, chosen) = (&reading.trace.hidden[0], [0, 1, 2]);
    stave("voltage", &voltage::scene(layer, &neuron, &chosen), &voltage::now(layer, &neuron, &chosen, NOW));
}

/// Each spike raises the threshold, which then falls.
#[test]
fn membrane_voltage_below_a_threshold_that_moves() {
    let (reading, _, neuron) = example_of(Neuron { adaptation: 0.6, adaptation_decay: 0.7, ..Neuron::default() });
    let (layer, chosen) = (&reading.trace.hidden[0], [0, 1, 2]);
    let spikes = (0..HIDDEN).map(|neuron| layer.spikes.count_of(0, neuron)).sum::<u32>();
    assert!(spikes > 6, "{spikes} spikes raise hardly a threshold");
    let now = voltage::now(layer, &neuron, &chosen, NOW);
    stave("voltage-adaptive", &voltage::scene(layer, &neuron, &chosen), &now);
}

#[test]
fn the_race_of_the_outputs() {
    let (reading, ..) = example();
    let race = class_scores::picture(&reading, &class_scores::leads(&reading), NOW);
    assert!(race.first.is_some() && race.second.is_some());
    picture("race", &race.marks);
}

#[test]
fn output_voltage() {
    let (reading, ..) = example();
    stave("outputs", &outputs::scene(&reading.trace), &outputs::glow(&reading.trace, NOW));
}

#[test]
fn the_axis_of_time() {
    picture("axis", &axis::marks(T, NOW, example().0.settled));
}

#[test]
fn pixels_and_neurons_spiking_now() {
    let (reading, ..) = example();
    let trace = &reading.trace;
    picture("frame", &[field::frame(&trace.image, &trace.input, SIDE, NOW)]);
    let t = reading.at(NOW);
    picture("field", &field::neurons(&trace.hidden[0], 1.0, NOW, t, Some(1)));
}

#[test]
fn spikes_on_their_way() {
    let (reading, synapses, neuron) = example();
    let columns = connections::choose(&reading, &synapses).expect("all weights are known");
    let answers = connections::answers(&reading);
    let aspect = (FRAME.width / FRAME.height) as f32;
    let layout = Layout { columns, classes: CLASSES, answers, aspect };
    let edges = connections::edges(&reading, &synapses, &layout, Some((0, 1)));
    let shown =
        Shown { layout: &layout, edges: &edges, chosen: &[0, 1, 2], lit: Some((0, 1)), threshold: neuron.threshold };
    picture("network", &travelling_spikes::marks(&reading, &shown, NOW));
}

#[test]
fn curves_of_learning() {
    let mut history = History::default();
    for step in 1..=24u64 {
        let images = 100 * (step as usize % 12).max(1);
        let (loss, correct) = (2.3 / (1.0 + 0.2 * step as f32), 100 - 90 / step as usize);
        let score = Accuracy { correct, images: 100 };
        let epoch = (step / 12) as u32;
        history.step(&StepDone { step, epoch, images, images_in_epoch: 1200, loss, score }, loss, score);
        if step.is_multiple_of(6) {
            history.tested(Accuracy { correct: correct - 5, images: 100 }, step);
        }
    }
    picture("loss", &history.chart(Kind::Loss).marks);
    picture("accuracy", &history.chart(Kind::Accuracy).marks);
}

#[test]
fn borrowed_slopes() {
    for (name, shape) in [
        ("fast-sigmoid", Surrogate::FastSigmoid(10.0)),
        ("arctan", Surrogate::Arctan(2.0)),
        ("triangle", Surrogate::Triangle),
    ] {
        picture(name, &surrogate::picture(shape).0);
    }
}

#[test]
fn how_often_neurons_fire() {
    let layers = vec![vec![0.0, 0.0, 0.04, 0.08, 0.12, 0.12, 0.2, 0.36, 0.6, 0.96]];
    picture("rates", &Rates { layers }.marks());
}

/// The files of the command line: what a person sees there, and hears.
fn digit(name: &str, trace: Trace, label: Option<u8>, spec: &Spec) -> String {
    let file = digit_sheet::picture(trace, label, spec, "a <b>.png");
    assert!(file.starts_with("<svg") && file.contains("<title>a &lt;b&gt;.png: its way through the network</title>"));
    is_as_before(name, &lines(&file));
    file
}

/// The example's trace with outputs that only count spikes: `spikes` has (class, time step).
fn counted(spikes: &[(usize, usize)]) -> Trace {
    let mut trace = example().0.trace;
    trace.readout = Readout::SpikeCount;
    trace.output = quiet(CLASSES);
    spikes.iter().for_each(|(class, t)| trace.output.spikes.fire(0, *class, *t));
    trace
}

#[test]
fn a_digit_on_its_way() {
    let file = digit("digit", example().0.trace, Some(1), &Spec::default());
    assert!(file.contains(", labelled 1, is read as ") && file.contains(", since time step "), "{file}");
    assert_eq!(file.matches(">#").count(), 3, "three neurons have names");
}

#[test]
fn a_digit_in_two_layers_below_a_threshold_that_moves() {
    let neuron = Neuron { adaptation: 1.2, adaptation_decay: 0.9, ..Neuron::default() };
    let mut trace = example_of(neuron).0.trace;
    trace.hidden.push(trace.hidden[0].clone());
    let spec = Spec { neuron, encoding: Encoding::Latency, ..Spec::default() };
    let file = digit("digit-layers", trace, None, &spec);
    assert!(file.contains("Hidden spikes, layer 2<") && file.contains("latency coding"), "{file}");
}

/// One spike more than two others is a probability of e/(e + 2), which is more than half.
#[test]
fn a_garment_by_spikes_from_a_steady_current() {
    let spec = Spec {
        dataset: Dataset::FashionMnist,
        readout: Readout::SpikeCount,
        encoding: Encoding::Current,
        ..Spec::default()
    };
    let mut trace = counted(&[(2, 2), (2, 4), (1, 5)]);
    trace.input = SpikeTrain::silent(1, PIXELS, T);
    let file = digit("digit-counts", trace, Some(2), &spec);
    assert!(file.contains("labelled pullover, is read as pullover, since time step 3 of 8."), "{file}");
    assert!(
        file.contains("Input current<") && file.contains(">2 output spikes<") && file.contains(">then trousers, 1<"),
        "{file}"
    );
}

#[test]
fn a_digit_that_has_not_settled() {
    let spec = Spec { readout: Readout::SpikeCount, ..Spec::default() };
    let file = digit("digit-unsure", counted(&[(2, 2), (1, 5)]), None, &spec);
    assert!(file.contains(">Not settled<"), "{file}");
    assert!(file.contains(" and has not settled after 8 time steps."), "{file}");
    let file = digit("digit-undecided", counted(&[]), None, &spec);
    assert!(file.contains(">No answer<") && file.contains(" has no answer: "), "{file}");
}

#[test]
fn a_digit_through_one_neuron_in_one_time_step() {
    let mut spikes = SpikeTrain::silent(1, 1, 1);
    spikes.fire(0, 0, 0);
    let one = LayerTrace {
        spikes,
        potentials: vec![1.5],
        excitation: vec![2.0],
        inhibition: vec![-0.5],
        raised: Vec::new(),
        window: None,
    };
    let mut input = SpikeTrain::silent(1, 4, 1);
    input.fire(0, 3, 0);
    let trace = Trace {
        image: vec![0, 0, 0, 255],
        time_steps: 1,
        input,
        hidden: vec![one.clone()],
        output: one,
        ..Trace::default()
    };
    let file = digit("digit-one", trace, None, &Spec::default());
    assert_eq!(file.matches(">#0<").count(), 1, "one neuron has one row");
}

#[test]
fn curves_of_a_run() {
    let epoch = |epoch: u32| Epoch {
        epoch,
        loss: 0.6 / f64::from(epoch),
        training: 1.0 - 0.2 / f64::from(epoch),
        test: Some(0.97 - 0.1 / f64::from(epoch)),
    };
    let epochs: Vec<Epoch> = (1..=12).map(epoch).collect();
    is_as_before("curves", &lines(&curves_sheet::picture(&epochs)));
    is_as_before("curves-one", &lines(&curves_sheet::picture(&epochs[..1])));
    let untested: Vec<Epoch> = (1..=60).map(|at| Epoch { test: None, ..epoch(at) }).collect();
    is_as_before("curves-long", &lines(&curves_sheet::picture(&untested)));
}
