//! Networks that come from other programs and go to them: what those wrote and computed (`tests/fixtures`) judges.

use crate::models::data_dir;
use crate::network::small;
use crate::program::{refused, spiking, text};
use proptest::prelude::*;
use serde::Deserialize;
use spiking_playground::chips::hdf5::{self, Entry, Group, Set, Values};
use spiking_playground::chips::loihi::{LayerState, LoihiLayer, LoihiNetwork, Overflows, Signs, cut};
use spiking_playground::chips::netx;
use spiking_playground::chips::nir::{self, DT, DtSource, End, ImportedGraph, from_group, to_group};
use spiking_playground::chips::{PlainNetwork, Synapses, file};
use spiking_playground::kernels;
use spiking_playground::neuron::NeuronState;
use spiking_playground::spec::{Dataset, Encoding, FeatureMaps, Neuron, Readout, Reset, Rule, Spec, Window, dense};
use spiking_playground::spikes::SpikeTrain;
use spiking_playground::weights::checkpoint::model_from_bytes;
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn json<T: for<'de> Deserialize<'de>>(name: &str) -> T {
    serde_json::from_str(&std::fs::read_to_string(fixture(name)).unwrap()).unwrap()
}

fn tree(name: &str) -> Group {
    hdf5::read(&std::fs::read(fixture(name)).unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn opened(name: &str) -> ImportedGraph {
    from_group(&tree(name), &small(), None).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What a library computed from a file.
#[derive(Deserialize)]
struct Computed {
    inputs: Vec<Vec<u8>>,
    layers: Vec<ComputedLayer>,
}

#[derive(Deserialize)]
struct ComputedLayer {
    spikes: Option<Vec<Vec<u8>>>,
    membrane_after_reset: Option<Vec<Vec<f32>>>,
    membrane: Option<Vec<Vec<f32>>>,
}

/// The spikes and potentials after the reset of a layer of neurons, by the equations.
fn layer(neuron: &Neuron, synapses: &Synapses, input: &[Vec<u8>]) -> (Vec<Vec<u8>>, Vec<Vec<f32>>) {
    let mut states = vec![NeuronState::default(); synapses.outputs];
    let current = |neuron: usize, input: &[u8]| {
        let weights = synapses.incoming(neuron).iter().zip(input).filter(|(_, spike)| **spike > 0);
        weights.map(|(weight, _)| weight).sum::<f32>() + synapses.bias[neuron]
    };
    input
        .iter()
        .map(|input| {
            let mut fired = Vec::new();
            for (index, state) in states.iter_mut().enumerate() {
                let step = neuron.step(*state, current(index, input));
                *state = step.state;
                fired.push(u8::from(step.spike));
            }
            (fired, states.iter().map(|state| state.potential).collect())
        })
        .unzip()
}

/// The potentials of integrators.
fn integrators(beta: f32, synapses: &Synapses, input: &[Vec<u8>]) -> Vec<Vec<f32>> {
    // Neurons that never fire, without a gain.
    let neuron = Neuron { alpha: 0.0, beta, gain: 1.0, threshold: f32::INFINITY, ..Neuron::default() };
    layer(&neuron, synapses, input).1
}

fn are_near(computed: &[Vec<f32>], ours: &[Vec<f32>], scale: f32, name: &str) {
    for (theirs, ours) in computed.iter().flatten().zip(ours.iter().flatten()) {
        assert!((theirs - ours * scale).abs() < 1e-5, "{name}: {theirs} and {ours}");
    }
}

#[test]
fn what_other_libraries_wrote_fires_as_it_does_there() {
    for name in ["snntorch_lif", "snntorch_cubalif", "norse_lif_li", "by_hand"] {
        let computed: Computed = json(&format!("nir/{name}.json"));
        let ImportedGraph { network: PlainNetwork { spec, layers }, has_own_spec, ends_at_currents, .. } =
            opened(&format!("nir/{name}.nir"));
        assert!(!has_own_spec && !ends_at_currents, "{name}");
        let mut input = computed.inputs;
        assert_eq!(layers.len(), computed.layers.len(), "{name}");
        for (theirs, synapses) in computed.layers.iter().zip(&layers) {
            if let Some(membrane) = &theirs.membrane {
                are_near(membrane, &integrators(spec.neuron.beta, synapses, &input), 1.0, name);
                continue;
            }
            let (spikes, potentials) = layer(&spec.neuron, synapses, &input);
            assert_eq!(Some(&spikes), theirs.spikes.as_ref(), "{name}");
            assert!(spikes.iter().flatten().filter(|spike| **spike > 0).count() > 20, "{name} is not silent");
            theirs.membrane_after_reset.iter().for_each(|theirs| are_near(theirs, &potentials, 1.0, name));
            input = spikes;
        }
    }
}

#[test]
fn a_newer_kind_of_file_is_the_same_network() {
    assert_eq!(opened("nir/latest_format.nir"), opened("nir/snntorch_lif.nir"));
    let spec = opened("nir/snntorch_lif.nir").network.spec;
    assert_eq!((spec.neuron.beta, spec.neuron.gain, spec.neuron.threshold), (0.9, 1.0, 1.0), "as a link says it");
    assert_eq!((spec.readout, spec.layers), (Readout::SpikeCount, dense([8])));
    let norse = opened("nir/norse_lif_li.nir").network.spec;
    assert_eq!((norse.neuron.beta, norse.neuron.gain, norse.neuron.threshold), (0.9, 0.1, 0.1));
    assert_eq!(
        (norse.readout, norse.time_steps),
        (Readout::Membrane, small().time_steps),
        "the rest is as it was given"
    );
    // A file may say its time step, and the reader may know better.
    assert_eq!(opened("nir/by_hand.nir").dt, (1e-4, DtSource::File));
    assert_eq!(opened("nir/norse_lif_li.nir").dt, (DT, DtSource::Nobody));
    let slower = from_group(&tree("nir/snntorch_lif.nir"), &small(), Some(5e-4)).unwrap();
    assert_eq!((slower.dt, slower.network.spec.neuron.beta), ((5e-4, DtSource::Reader), 0.5));
}

fn plain(spec: Spec, sizes: &[usize], seed: f32) -> PlainNetwork {
    let number = |at: usize| ((at as f32 * 0.7 + seed).sin() * 1000.0).round() / 1024.0;
    let layer = |pair: &[usize]| Synapses {
        window: None,
        inputs: pair[0],
        outputs: pair[1],
        weight: (0..pair[0] * pair[1]).map(number).collect(),
        bias: (0..pair[1]).map(|at| number(at + 7) / 8.0).collect(),
    };
    let hidden = sizes[1..sizes.len() - 1].iter().copied();
    let network =
        PlainNetwork { spec: Spec { layers: dense(hidden), ..spec }, layers: sizes.windows(2).map(layer).collect() };
    assert!(network.is_whole());
    network
}

fn neurons() -> impl Strategy<Value = Neuron> {
    let alpha = prop_oneof![1 => Just(0.0_f32), 1 => 0.05_f32..0.95];
    (alpha, 0.0_f32..0.99, 0.1_f32..3.0, 0.2_f32..3.0).prop_map(|(alpha, beta, gain, threshold)| Neuron {
        alpha,
        beta,
        gain,
        threshold,
        ..Neuron::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_network_comes_back_from_nir_as_it_left(neuron in neurons(), counts in any::<bool>(), sizes in prop::collection::vec(1_usize..9, 2..5)) {
        let readout = if counts && sizes.len() > 2 { Readout::SpikeCount } else { Readout::Membrane };
        let network = plain(Spec { neuron, readout, ..Spec::default() }, &[&sizes[..], &[10]].concat(), 0.3);
        let root = to_group(&network, End::Integrator).unwrap();
        let bytes = hdf5::write(&root).unwrap();
        let read = hdf5::read(&bytes).unwrap();
        prop_assert_eq!(&read, &root);
        let back = from_group(&read, &Spec { time_steps: 3, ..Spec::default() }, None).unwrap();
        prop_assert!(back.has_own_spec && back.dt == (DT, DtSource::File));
        prop_assert_eq!(&back.network, &network, "to the bit, by its own spec");
        // Without our metadata the graph means the same, in other units.
        let mut bare = root.clone();
        if let Some(Entry::Group(node)) = bare.0.get_mut("node") {
            node.0.remove("metadata");
        }
        let other = from_group(&bare, &Spec { time_steps: 3, ..Spec::default() }, None).unwrap();
        prop_assert!(!other.has_own_spec && other.dt.1 == DtSource::Nobody && other.network.spec.time_steps == 3);
        let input: Vec<Vec<u8>> = (0..20).map(|t| (0..sizes[0]).map(|i| u8::from((t * 7 + i * 5_usize).is_multiple_of(3))).collect()).collect();
        let (mut ours, mut theirs) = (input.clone(), input);
        let spiking = network.layers.len() - usize::from(readout == Readout::Membrane);
        for (a, b) in network.layers.iter().zip(&other.network.layers).take(spiking) {
            let (spikes, potentials) = layer(&network.spec.neuron, a, &ours);
            let (others, _) = layer(&other.network.spec.neuron, b, &theirs);
            // A potential that all but equals its threshold may round to either side of it.
            let near = potentials.iter().flatten().any(|v| (v / neuron.threshold - 1.0).abs() < 1e-3);
            if near { return Ok(()); }
            prop_assert_eq!(&spikes, &others);
            (ours, theirs) = (spikes, others);
        }
    }
}

#[test]
fn what_nir_cannot_say_is_named_with_the_way_out() {
    let spec = Spec::default();
    let refused = |spec: Spec| to_group(&plain(spec, &[4, 3, 2], 0.1), End::Currents).unwrap_err().to_string();
    let with = |neuron: Neuron| Spec { neuron, ..spec.clone() };
    let neuron = spec.neuron;
    for (spec, names) in [
        (with(Neuron { reset: Reset::Subtract, ..neuron }), "`reset=subtract`"),
        (with(Neuron { adaptation: 0.5, ..neuron }), "`adaptation=0.5`"),
        (with(Neuron { beta: 1.0, ..neuron }), "`beta=1`"),
        (with(Neuron { alpha: 1.0, ..neuron }), "`alpha=1`"),
        (Spec::of_rule(Rule::Stdp), "`rule=stdp`"),
    ] {
        let said = refused(spec);
        assert!(said.starts_with(names) && said.contains("in NIR") && said.len() > 60, "{said}");
    }
    // At the currents there is no integrator, and it is known when it comes back.
    let graph = to_group(&plain(spec.clone(), &[4, 3, 2], 0.1), End::Currents).unwrap();
    assert!(graph.group("node").unwrap().group("nodes").unwrap().group("integrators").is_none());
    assert!(from_group(&graph, &spec, None).unwrap().ends_at_currents);
}

/// The graph of a network with one node changed.
fn changed(node: &str, change: impl FnOnce(&mut Group)) -> Group {
    let mut root = to_group(&plain(Spec::default(), &[4, 3, 2], 0.1), End::Integrator).unwrap();
    let Some(Entry::Group(graph)) = root.0.get_mut("node") else { panic!() };
    graph.0.remove("metadata");
    let Some(Entry::Group(nodes)) = graph.0.get_mut("nodes") else { panic!() };
    match nodes.0.get_mut(node) {
        Some(Entry::Group(own)) => change(own),
        _ => change(graph),
    }
    root
}

#[test]
fn what_is_no_network_of_ours_is_refused_by_the_node_s_name() {
    let put =
        |name: &'static str, set: Set| move |node: &mut Group| drop(node.0.insert(name.to_owned(), Entry::Set(set)));
    let floats = |values: &[f32]| Set::floats(vec![values.len()], values.to_vec());
    let edges = |pairs: &[&str]| Set {
        shape: vec![pairs.len() / 2, 2],
        values: Values::Text(pairs.iter().map(|name| (*name).to_owned()).collect()),
    };
    let way = ["input", "layers_0", "layers_0", "neurons_0", "neurons_0", "readout", "readout", "integrators"];
    let cases: Vec<(Group, &str)> = vec![
        (Group::default(), "no NIR graph"),
        (changed("neurons_0", put("type", Set::text("SumPool2d"))), "`neurons_0` is a SumPool2d"),
        (changed("neurons_0", put("type", Set::text("LI"))), "`readout` comes where"),
        (changed("neurons_0", put("v_reset", floats(&[0.1; 3]))), "`neurons_0` is reset"),
        (
            changed("neurons_0", put("tau", floats(&[1e-3, 1e-3, 2e-3]))),
            "`neurons_0` and `neurons_0` have different `tau`",
        ),
        (changed("integrators", put("tau", floats(&[2e-3; 2]))), "`neurons_0` and `integrators` have different `tau`"),
        (changed("neurons_0", put("tau", floats(&[5e-5; 3]))), "`neurons_0` has a `tau`"),
        (changed("neurons_0", put("tau", floats(&[f32::NAN; 3]))), "`neurons_0` has a `tau`"),
        (changed("neurons_0", put("v_threshold", floats(&[1.0; 2]))), "[3] numbers or one"),
        (changed("neurons_0", put("v_threshold", floats(&[-1.0; 3]))), "more than 0 is wanted"),
        (changed("neurons_0", |node| drop(node.0.remove("v_threshold"))), "`neurons_0` has no `v_threshold`"),
        (changed("readout", put("weight", Set::floats(vec![2, 4], vec![0.0; 8]))), "[out, 3]"),
        (changed("readout", put("weight", floats(&[0.0; 6]))), "a matrix [out, in]"),
        (changed("readout", put("bias", Set::text("none"))), "`readout` has no `bias`"),
        (
            changed("readout", put("weight", Set::floats(vec![2, 3], vec![f32::INFINITY; 6]))),
            "`readout` has a `weight`",
        ),
        (changed("", put("edges", edges(&way))), "the output is not reached"),
        (changed("", put("edges", edges(&[&way[..], &["integrators", "layers_0"]].concat()))), "leads back to itself"),
        (changed("", put("edges", edges(&[&way[..], &["neurons_0", "output"]].concat()))), "`neurons_0` leads to"),
        (changed("", put("edges", edges(&["input", "nobody"]))), "`nobody`, which is no node"),
        (changed("", put("edges", edges(&["input", "output"]))), "on no way"),
        (changed("input", put("type", Set::text("Output"))), "one node of type Input"),
        (changed("integrators", put("v_leak", floats(&[0.5; 2]))), "rest at 0"),
    ];
    for (root, wanted) in cases {
        let said = from_group(&root, &Spec::default(), None).map(|_| ()).unwrap_err().to_string();
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    // A batch of one, numbers of other types and single values are no reason to refuse.
    let odd = changed("input", put("shape", Set::wholes(vec![1, 4])));
    assert!(from_group(&odd, &Spec::default(), None).is_ok());
    let one = changed("neurons_0", put("tau", Set { shape: Vec::new(), values: Values::F64(vec![1e-3]) }));
    assert!(from_group(&one, &Spec::default(), None).is_ok());
}

// ---- Loihi ----

#[derive(Deserialize)]
struct LavaCases {
    cases: Vec<LavaCase>,
}

#[derive(Deserialize)]
struct LavaCase {
    #[serde(default)]
    case: String,
    inputs: Vec<Vec<u8>>,
    layers: Vec<LavaLayer>,
}

#[derive(Deserialize)]
struct LavaLayer {
    weights: Vec<Vec<i32>>,
    weight_exp: i32,
    num_weight_bits: u32,
    sign_mode: Option<String>,
    du: i32,
    dv: i32,
    vth: i32,
    /// One for each neuron, or one for all.
    bias_mant: serde_json::Value,
    bias_exp: i32,
    weights_used: Option<Vec<Vec<i32>>>,
    u: Vec<Vec<i32>>,
    v: Vec<Vec<i32>>,
    spikes: Vec<Vec<u8>>,
}

impl LavaLayer {
    fn signs(&self) -> Signs {
        let all = || self.weights.iter().flatten();
        match self.sign_mode.as_deref().unwrap_or("MIXED") {
            "EXCITATORY" => Signs::Excitatory,
            "INHIBITORY" => Signs::Inhibitory,
            "MIXED" => Signs::Mixed,
            _ if all().all(|weight| *weight >= 0) => Signs::Excitatory,
            _ if all().all(|weight| *weight <= 0) => Signs::Inhibitory,
            _ => Signs::Mixed,
        }
    }

    fn layer(&self) -> LoihiLayer {
        let weights: Vec<i32> = self.weights.iter().flatten().copied().collect();
        LoihiLayer {
            window: None,
            inputs: self.weights[0].len(),
            outputs: self.weights.len(),
            weights: cut(&weights, self.num_weight_bits, self.signs()),
            weight_exponent: self.weight_exp,
            current_decay: self.du,
            voltage_decay: self.dv,
            threshold: self.vth,
            bias: serde_json::from_value(self.bias_mant.clone()).unwrap_or_default(),
            bias_exponent: self.bias_exp,
        }
    }
}

/// Runs layers as Lava does and compares every number.
fn equals_lava(name: &str, inputs: &[Vec<u8>], layers: &[LoihiLayer], theirs: &[LavaLayer]) -> Overflows {
    let mut states: Vec<LayerState<'_>> = layers.iter().map(LayerState::new).collect();
    let mut overflows = Overflows::default();
    let times = |spikes: &[u8]| -> Vec<u32> { (0..spikes.len() as u32).filter(|i| spikes[*i as usize] > 0).collect() };
    let mut before: Vec<Vec<u32>> = vec![Vec::new(); layers.len() + 1];
    for (t, input) in inputs.iter().enumerate() {
        let arriving = before.clone();
        before[0] = times(input);
        for (index, state) in states.iter_mut().enumerate() {
            state.step(&arriving[index], &mut overflows);
            before[index + 1].clone_from(&state.spikes);
            assert_eq!(state.current, theirs[index].u[t], "{name}: u of layer {index} at {t}");
            assert_eq!(state.voltage, theirs[index].v[t], "{name}: v of layer {index} at {t}");
            assert_eq!(state.spikes, times(&theirs[index].spikes[t]), "{name}: spikes of layer {index} at {t}");
        }
    }
    overflows
}

#[test]
fn the_integers_are_those_of_lava_in_every_step() {
    let mut beyond = Overflows::default();
    let LavaCases { cases } = json("lava/lif.json");
    assert!(cases.len() >= 13);
    for case in &cases {
        for layer in &case.layers {
            let used: Vec<i32> = layer.weights_used.iter().flatten().flatten().copied().collect();
            assert_eq!(layer.layer().weights, used, "{}", case.case);
        }
        let layers: Vec<LoihiLayer> = case.layers.iter().map(LavaLayer::layer).collect();
        let overflows = equals_lava(&case.case, &case.inputs, &layers, &case.layers);
        beyond.wraps += overflows.wraps;
        beyond.saturations += overflows.saturations;
    }
    assert!(beyond.wraps > 0 && beyond.saturations > 0, "both happen among the cases: {beyond:?}");
}

#[test]
fn a_network_that_lava_s_trainer_wrote_runs_as_it_does_there() {
    let case: LavaCase = json("lava/slayer_net.json");
    let layers = netx::from_group(&tree("lava/slayer.net")).unwrap();
    for (layer, theirs) in layers.iter().zip(&case.layers) {
        let weights: Vec<i32> = theirs.weights.iter().flatten().copied().collect();
        assert_eq!((&layer.weights, layer.weight_exponent), (&weights, theirs.weight_exp));
        assert_eq!((layer.current_decay, layer.voltage_decay, layer.threshold), (theirs.du, theirs.dv, theirs.vth));
    }
    equals_lava("slayer.net", &case.inputs, &layers, &case.layers);
}

/// A network whose neurons fire, and pictures for it.
fn lively(readout: Readout) -> (PlainNetwork, Vec<SpikeTrain>) {
    let spec = Spec { readout, time_steps: 20, ..Spec::default() };
    let network = plain(spec, &[30, 16, 5], 1.7);
    let picture = |number: usize| {
        let mut train = SpikeTrain::silent(1, 30, 20);
        for (i, t) in (0..30).flat_map(|i| (0..20).map(move |t| (i, t))) {
            if (i * 13 + t * 7 + number * 5_usize).is_multiple_of(4) {
                train.fire(0, i, t);
            }
        }
        train
    };
    (network, (0..8).map(picture).collect())
}

#[test]
fn a_network_on_the_chip_fires_nearly_as_it_does_in_floats() {
    for readout in [Readout::Membrane, Readout::SpikeCount] {
        let (network, pictures) = lively(readout);
        let chip = LoihiNetwork::of(&network, 8).unwrap();
        assert!(
            chip.layers
                .iter()
                .flat_map(|layer| &layer.weights)
                .all(|weight| weight % 2 == 0 && (-256..=254).contains(weight))
        );
        let mut runner = chip.runner();
        let (mut same, mut all) = (0, 0);
        for picture in &pictures {
            let outcome = runner.run(picture);
            assert_eq!(outcome.overflows, Overflows::default());
            let dense: Vec<Vec<u8>> =
                (0..20).map(|t| (0..30).map(|i| u8::from(picture.fires(0, i, t))).collect()).collect();
            let (spikes, _) = layer(&network.spec.neuron, &network.layers[0], &dense);
            for (t, row) in spikes.iter().enumerate() {
                for (neuron, spike) in row.iter().enumerate() {
                    same += usize::from(outcome.spikes[1].fires(0, neuron, t) == (*spike > 0));
                    all += 1;
                }
            }
            let operations = picture.count() * 16 + outcome.spikes[1].count() * 5;
            assert_eq!(chip.synaptic_operations(&outcome), operations);
            // What was computed before leaves nothing behind.
            assert_eq!(chip.runner().run(picture), outcome);
        }
        assert!(same as f64 / all as f64 > 0.97, "{same} of {all}");
        assert!(pictures.iter().any(|picture| runner.run(picture).spikes[1].count() > 20));
    }
}

#[test]
fn a_network_of_our_own_is_read_back_from_its_file_for_the_chip() {
    let (network, _) = lively(Readout::SpikeCount);
    let chip = LoihiNetwork::of(&network, 8).unwrap();
    let bytes = hdf5::write(&netx::to_group(&chip).unwrap()).unwrap();
    assert_eq!(netx::from_group(&hdf5::read(&bytes).unwrap()).unwrap(), chip.layers);
    // Its size: two layers, each axon in blocks of 64 neurons.
    assert_eq!((chip.neurons(), chip.synapses(), chip.cores()), (21, 30 * 16 + 16 * 5, 1));
    let mnist = plain(Spec::default(), &[784, 256, 10], 0.4);
    assert_eq!(LoihiNetwork::of(&mnist, 8).unwrap().cores(), 2);
    for wrong in [Group::default(), Group::default().with("layer", Group::default())] {
        assert!(netx::from_group(&wrong).is_err());
    }
    let odd = Group::default().with("layer", Group::default().with("0", Group::of([("type", Set::text("conv"))])));
    assert!(netx::from_group(&odd).unwrap_err().to_string().contains("layer 0 is a conv"));
}

#[test]
fn what_the_chip_cannot_do_is_named() {
    let of = |spec: Spec| LoihiNetwork::of(&plain(spec, &[4, 3, 2], 0.1), 8).map(|_| ()).unwrap_err().to_string();
    let neuron = Spec::default().neuron;
    for (spec, names) in [
        (Spec { neuron: Neuron { reset: Reset::Subtract, ..neuron }, ..Spec::default() }, "`reset=subtract`"),
        (Spec { neuron: Neuron { adaptation: 0.5, ..neuron }, ..Spec::default() }, "`adaptation=0.5`"),
        (Spec { encoding: Encoding::Current, ..Spec::default() }, "`encoding=current`"),
        (Spec { neuron: Neuron { threshold: 1e-6, ..neuron }, ..Spec::default() }, "`threshold=0.000001`"),
        (Spec::of_rule(Rule::Stdp), "`rule=stdp`"),
    ] {
        let said = of(spec);
        assert!(said.starts_with(names) && said.contains("on Loihi"), "{said}");
    }
    // Tiny weights beside the threshold: sums are halved until it fits, and the file for netx refuses it.
    let mut tiny = plain(Spec { readout: Readout::SpikeCount, ..Spec::default() }, &[4, 3, 2], 0.1);
    tiny.layers.iter_mut().flat_map(|layer| &mut layer.weight).for_each(|weight| *weight *= 1e-3);
    let chip = LoihiNetwork::of(&tiny, 8).unwrap();
    assert!(chip.layers[0].weight_exponent < 0 && chip.layers[0].threshold <= 131_071);
    assert!(netx::to_group(&chip).is_err());
    let few: Vec<usize> = [8, 4, 2]
        .map(|bits| {
            let chip = LoihiNetwork::of(&lively(Readout::Membrane).0, bits).unwrap();
            chip.layers[0].weights.iter().collect::<std::collections::BTreeSet<_>>().len()
        })
        .to_vec();
    assert!(few[0] > few[1] && few[1] > few[2] && few[2] <= 4, "{few:?}");
    assert_eq!(nir::SETTLED.len(), 7);
}

// ---- the program ----

#[test]
fn a_network_leaves_and_comes_back_by_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/mnist-small.safetensors");
    let (model, at) = (model.to_str().unwrap(), |name: &str| folder.path().join(name).to_str().unwrap().to_owned());
    let run = |arguments: &[&str]| {
        let output = spiking(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        (text(&output.stdout), text(&output.stderr))
    };
    let (nir, back) = (at("small.nir"), at("back.safetensors"));
    let (_, said) = run(&["export", model, "--to", "nir", "--output", &nir]);
    assert!(said.contains("--currents"), "who reads integrators: {said}");
    run(&["import", &nir, "--output", &back]);
    let tensors = |file: &str| {
        let bytes = std::fs::read(file).unwrap();
        model_from_bytes(&bytes, &kernels::cpu()).map(|(spec, network)| (spec, network.parameters())).unwrap()
    };
    assert!(tensors(model) == tensors(&back), "to the bit");
    // Programs have their weights beside them, and write over nothing that is read.
    for library in ["numpy", "snntorch", "norse", "lava"] {
        let script = at(&format!("run_{library}.py"));
        run(&["export", model, "--to", library, "--output", &script]);
        let program = std::fs::read_to_string(&script).unwrap();
        assert!(program.starts_with("\"\"\"") && program.contains(&format!("run_{library}.safetensors")), "{program}");
        assert!(!program.contains("{}") && !program.contains("\t"), "{program}");
        assert!(Path::new(&script).with_extension("safetensors").exists());
    }
    let copy = at("copy.safetensors");
    std::fs::copy(model, &copy).unwrap();
    let (code, said) = refused(&["export", &copy, "--to", "numpy", "--output", &at("copy.py")]);
    assert!(code == 1 && said.contains("would overwrite"), "{said}");
    let (code, said) = refused(&["export", model, "--to", "nowhere"]);
    assert!(code == 2 && said.contains("nir"), "{said}");
    let (code, said) = refused(&["import", model, "--output", &at("y.safetensors")]);
    assert!(code == 1 && said.contains("no .nir"), "{code} {said}");
    let stdp = Path::new(model).with_file_name("mnist-stdp.safetensors");
    let (_, said) = refused(&["export", stdp.to_str().unwrap(), "--to", "nir", "--output", &at("stdp.nir")]);
    assert!(said.contains("inhibit each other") && !Path::new(&at("stdp.nir")).exists(), "{said}");
    // What another program wrote opens wherever weights do; what the file says cannot be said otherwise.
    let foreign = fixture("nir/norse_lif_li.nir");
    let foreign = foreign.to_str().unwrap();
    let (code, said) = refused(&["import", foreign, "--beta", "0.5", "--output", &at("x.safetensors")]);
    assert!(code == 1 && said.contains("leave --beta out"), "{said}");
    let (_, said) = run(&["import", foreign, "--time-steps", "40", "--output", &at("norse.safetensors")]);
    assert!(said.contains("0.0001 s, as is usual") && said.contains("40 time steps"), "{said}");
    let Some(data) = data_dir(Dataset::Mnist) else { return };
    let share = |line: &str| -> f64 {
        let words: Vec<&str> = line.split(' ').collect();
        words[words.iter().position(|word| *word == "%").unwrap() - 1].parse().unwrap()
    };
    // Training starts from them, as far as the flags are its settings.
    let train = ["train", "--data-dir", data.to_str().unwrap(), "--output", &at("run"), "--weights", &nir];
    let (code, said) = refused(&train);
    assert!(code == 1 && said.contains("it is a network of") && said.contains("--hidden 64"), "{said}");
    let (out, _) = run(&[&train[..], &["--hidden", "64", "--time-steps", "10", "--epochs", "1"]].concat());
    assert!(share(out.lines().next().unwrap().split("test ").nth(1).unwrap()) > 96.0, "{out}");
    let (out, _) = run(&["evaluate", model, "--loihi", "--data-dir", data.to_str().unwrap()]);
    let lines: Vec<&str> = out.lines().collect();
    assert!((share(lines[0]) - 97.32).abs() < 0.06 && (share(lines[1]) - 97.32).abs() < 0.3, "{out}");
    assert!(share(lines[2]) > 98.5 && out.contains("at the least"), "{out}");
    // In floats by plain equations as by the kernels.
    let (out, _) = run(&["evaluate", &nir, "--data-dir", data.to_str().unwrap()]);
    assert!(out.starts_with("Test accuracy 97.32 %"), "{out}");
}

/// A network of two convolutions, one of them padded, and dense layers behind.
fn convolutional(readout: Readout) -> PlainNetwork {
    let input = FeatureMaps { channels: 1, rows: 6, columns: 6 };
    let first = Window { input, kernel: 3, stride: 1, padding: 0 };
    let second = Window { input: FeatureMaps { channels: 3, rows: 4, columns: 4 }, kernel: 2, stride: 2, padding: 1 };
    let numbers =
        |n: usize, seed: usize| (0..n).map(|i| ((i * 37 + seed) % 17) as f32 / 9.0 - 0.7).collect::<Vec<f32>>();
    let layers = vec![
        Synapses { inputs: 36, outputs: 48, weight: numbers(27, 1), bias: numbers(3, 2), window: Some(first) },
        Synapses { inputs: 48, outputs: 45, weight: numbers(60, 3), bias: numbers(5, 4), window: Some(second) },
        Synapses { inputs: 45, outputs: 7, weight: numbers(315, 5), bias: numbers(7, 6), window: None },
        Synapses { inputs: 7, outputs: 4, weight: numbers(28, 7), bias: numbers(4, 8), window: None },
    ];
    let layers_of_spec = ["3c3", "5c2s2p1", "7"].map(|text| text.parse().unwrap()).to_vec();
    let spec = Spec { readout, layers: layers_of_spec, dataset: Dataset::Folder, time_steps: 12, ..Spec::default() };
    PlainNetwork { spec, layers }
}

#[test]
fn convolutions_leave_and_come_back_to_the_bit() {
    for readout in [Readout::Membrane, Readout::SpikeCount] {
        let network = convolutional(readout);
        assert!(network.is_whole());
        assert_eq!(file::from_bytes(&file::to_bytes(&network)).unwrap(), network);
        let graph = nir::to_group(&network, End::default()).unwrap();
        let again = hdf5::read(&hdf5::write(&graph).unwrap()).unwrap();
        let imported = nir::from_group(&again, &Spec::default(), None).unwrap();
        assert!(imported.has_own_spec);
        assert_eq!(imported.network, network);
    }
}

#[test]
fn convolutions_of_other_programs_are_read_or_refused_by_what_is_not_known() {
    let graph = nir::to_group(&convolutional(Readout::SpikeCount), End::default()).unwrap();
    let changed = |node: &str, part: &str, set: Set| {
        let mut graph = graph.clone();
        let Some(Entry::Group(root)) = graph.0.get_mut("node") else { panic!("a graph") };
        let Some(Entry::Group(nodes)) = root.0.get_mut("nodes") else { panic!("nodes") };
        let Some(Entry::Group(node)) = nodes.0.get_mut(node) else { panic!("{node}") };
        node.0.insert(part.to_owned(), Entry::Set(set));
        nir::from_group(&graph, &Spec::default(), None)
    };
    assert!(changed("layers_0", "padding", Set::text("valid")).is_ok());
    assert!(changed("layers_0", "stride", Set::whole(1)).is_ok());
    let refused = |node: &str, part: &str, set: Set| changed(node, part, set).unwrap_err().to_string();
    for (node, part, set, says) in [
        ("layers_0", "dilation", Set::wholes(vec![2, 2]), "dilation"),
        ("layers_0", "groups", Set::whole(3), "groups"),
        ("layers_0", "stride", Set::wholes(vec![1, 2]), "stride"),
        ("layers_1", "stride", Set::whole(3), "stride"),
        ("layers_0", "padding", Set::text("circular"), "padding"),
        ("layers_1", "weight", Set::floats(vec![5, 4, 2, 2], vec![0.5; 80]), "3, K, K"),
        ("neurons_0", "v_threshold", Set::floats(vec![48], (0..48).map(|i| 1.0 + i as f32).collect()), "v_threshold"),
    ] {
        let error = refused(node, part, set);
        assert!(error.contains(says), "{node}, {part}: {error}");
    }
}

/// Written out as a matrix, a convolution is the same network, on the chip and in floats.
#[test]
fn a_convolution_on_the_chip_is_the_matrix_that_it_is() {
    let network = convolutional(Readout::SpikeCount);
    let matrices = network.written_out("here").unwrap();
    assert!(matrices.is_whole() && !matrices.spec.has_convolution());
    let (chip, same) = (LoihiNetwork::of(&network, 8).unwrap(), LoihiNetwork::of(&matrices, 8).unwrap());
    let picture =
        SpikeTrain::from_dense(1, 36, 12, &(0..432).map(|i| f32::from(u8::from(i % 5 < 2))).collect::<Vec<_>>());
    let (outcome, other) = (chip.runner().run(&picture), same.runner().run(&picture));
    assert_eq!((&outcome.scores, &outcome.spikes), (&other.scores, &other.spikes));
    assert!(outcome.spikes[1].count() > 0 && outcome.spikes[2].count() > 0);
    // A place sees 9 and 4 cells, but for the rim of the second layer.
    assert_eq!(chip.synapses(), 48 * 9 + 5 * 3 * 16 + 45 * 7 + 7 * 4);
    assert!(chip.synaptic_operations(&outcome) < same.synaptic_operations(&other));
}
