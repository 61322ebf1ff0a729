//! A spec means the same as URL hash, as JSON and as flags.

use proptest::prelude::*;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as ValueError, I64Deserializer};
use spiking_playground::spec::{
    Augmentation, Dataset, Encoding, FIELDS, LayerSpec, Neuron, Readout, Reset, Rule, Schedule, Spec, Stdp, Surrogate,
    dense, field,
};

fn neuron() -> impl Strategy<Value = Neuron> {
    let reset = prop_oneof![
        Just(Reset::Zero),
        Just(Reset::Subtract),
        Just(Reset::SubtractDelayed),
        (0.0_f32..100.0).prop_map(Reset::SubtractBy),
    ];
    let surrogate = prop_oneof![
        (0.01_f32..1000.0).prop_map(Surrogate::FastSigmoid),
        (0.01_f32..1000.0).prop_map(Surrogate::Arctan),
        (0.01_f32..1000.0).prop_map(Surrogate::Sigmoid),
        Just(Surrogate::Triangle),
    ];
    let numbers = (0.0_f32..=1.0, 0.0_f32..=1.0, 0.0_f32..=100.0, 0.01_f32..=100.0);
    let adaptation = (0.0_f32..=100.0, 0.0_f32..=1.0);
    (numbers, adaptation, reset, any::<bool>(), surrogate).prop_map(
        |((alpha, beta, gain, threshold), (adaptation, adaptation_decay), reset, attached_reset, surrogate)| Neuron {
            alpha,
            beta,
            gain,
            threshold,
            adaptation,
            adaptation_decay,
            reset,
            attached_reset,
            surrogate,
        },
    )
}

fn stdp() -> impl Strategy<Value = Spec> {
    let layer = ((0.0_f32..=1.0, 0.0_f32..=100.0, 0.01_f32..=100.0), 1_usize..=4096, 1_usize..=256, 0.01_f32..=1.0);
    let spikes = (0.0_f32..=1000.0, 0_usize..=255, 0.0_f32..=100.0, 0.0_f32..=100.0, 0.0_f32..=1000.0);
    let learning = (0.000_001_f32..=1.0, 0.0_f32..=1.0, 0.0_f32..=1_000_000.0, 0.0_f32..=1.0);
    let others = (0.0_f32..=10_000.0, 0.0_f32..=10_000.0, 0.0_f32..=1.0, 1_u32..=10_000, any::<bool>());
    (layer, spikes, learning, others).prop_map(
        |(
            ((beta, gain, threshold), neurons, time_steps, input_rate),
            (inhibition, refractory, adaptation, adaptation_min, target_spikes),
            (learning_rate, learning_rate_min, youth, depression),
            (presynaptic_decay, postsynaptic_decay, mean_weight, epochs, augment),
        )| Spec {
            augment: Augmentation::of(augment),
            input_rate,
            time_steps,
            epochs,
            layers: dense([neurons]),
            neuron: Neuron { beta, gain, threshold, ..Neuron::default() },
            stdp: Stdp {
                inhibition,
                refractory,
                adaptation,
                adaptation_min,
                target_spikes,
                learning_rate,
                learning_rate_min,
                youth,
                depression,
                presynaptic_decay,
                postsynaptic_decay,
                mean_weight,
            },
            ..Spec::of_rule(Rule::Stdp)
        },
    )
}

fn spec() -> impl Strategy<Value = Spec> {
    prop_oneof![2 => by_gradients(), 1 => stdp()]
}

fn by_gradients() -> impl Strategy<Value = Spec> {
    let sizes = (1_usize..=256, prop::collection::vec(1_usize..=4096, 1..=4));
    let readout = prop_oneof![Just(Readout::Membrane), Just(Readout::SpikeCount)];
    let schedule = prop_oneof![Just(Schedule::Cosine), Just(Schedule::Constant)];
    let training = (1_u32..=10_000, 1_usize..=4096, 0.000_001_f64..=1.0, schedule, 0_u64..=9_007_199_254_740_991);
    let encoding = prop_oneof![Just(Encoding::Rate), Just(Encoding::Latency), Just(Encoding::Current)];
    let dataset = prop_oneof![Just(Dataset::Mnist), Just(Dataset::FashionMnist), Just(Dataset::Folder)];
    let rates = (0.01_f32..=1.0, 0.0_f32..=1000.0, 0.0_f32..=1.0);
    (sizes, neuron(), (dataset, any::<bool>(), 0.0_f32..=1.0, encoding, readout), training, rates).prop_map(
        |(
            (time_steps, hidden),
            neuron,
            (dataset, augment, noise, encoding, readout),
            (epochs, batch_size, learning_rate, schedule, seed),
            (input_rate, rate_penalty, rate_target),
        )| {
            Spec {
                rule: Rule::SurrogateGradient,
                stdp: Stdp::default(),
                dataset,
                augment: Augmentation::of(augment),
                noise,
                encoding,
                input_rate,
                time_steps,
                layers: dense(hidden),
                neuron,
                readout,
                epochs,
                batch_size,
                learning_rate,
                schedule,
                rate_penalty,
                rate_target,
                seed,
            }
        },
    )
}

proptest! {
    // A failure is printed whole; no file of old ones is kept.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn round_trips_through_the_hash(spec in spec()) {
        let (again, rest, errors) = Spec::from_hash(&Spec::default(), &spec.to_hash(&Spec::default()));
        prop_assert_eq!(again, spec);
        prop_assert!(rest.is_empty() && errors.is_empty());
    }

    #[test]
    fn round_trips_through_json(spec in spec()) {
        prop_assert_eq!(serde_json::from_str::<Spec>(&serde_json::to_string(&spec).unwrap()).unwrap(), spec.clone());
        prop_assert!(spec.check().is_ok());
    }

    #[test]
    fn round_trips_through_texts(spec in spec()) {
        let mut again = Spec::default();
        for field in FIELDS {
            again.set(field.name, &field.text(&spec)).unwrap();
        }
        prop_assert_eq!(again, spec);
    }

    #[test]
    fn no_hash_is_too_strange(hash in "\\PC*") {
        let (spec, _, _) = Spec::from_hash(&Spec::default(), &hash);
        prop_assert!(spec.check().is_ok());
    }

    #[test]
    fn round_trips_through_the_page(spec in spec()) {
        let spec = match spec.rule {
            Rule::SurrogateGradient => spec,
            Rule::Stdp => Spec { epochs: spec.epochs.max(2), ..spec },
        };
        let base = Spec::on_page();
        prop_assert_eq!(Spec::from_hash(&base, &spec.to_hash(&base)).0, spec);
    }

    #[test]
    fn no_value_is_too_strange(field in 0..FIELDS.len(), value in "[-+0-9eE.,:a-z]{0,12}") {
        let rules = [Rule::SurrogateGradient, Rule::Stdp];
        let rule = rules.into_iter().find(|rule| FIELDS[field].applies_to(*rule)).unwrap();
        let mut spec = Spec::of_rule(rule);
        let before = spec.clone();
        match spec.set(FIELDS[field].name, &value) {
            Ok(()) => prop_assert!(spec.check().is_ok()),
            Err(_) => prop_assert_eq!(spec, before),
        }
    }
}

#[test]
fn a_wrong_value_is_named_with_what_would_be_right() {
    let error = Spec::default().set("hidden", "0").unwrap_err().to_string();
    assert!(error.contains("hidden") && error.contains("between 1 and 4096"), "{error}");
    let error = Spec::default().set("hiden", "64").unwrap_err().to_string();
    assert!(error.contains("hiden") && error.contains("threshold"), "{error}");
}

#[test]
fn layers_are_numbers_or_texts() {
    let read = |json: &str| serde_json::from_str::<Spec>(json);
    let spec = read(r#"{"hidden": [256, "dense:64", "8"]}"#).unwrap();
    assert_eq!(spec.layers, dense([256, 64, 8]));
    let written: serde_json::Value = serde_json::to_value(&spec).unwrap();
    assert_eq!(written["hidden"], serde_json::json!([256, 64, 8]), "as files have always had them");
    let mut typed = Spec::default();
    typed.set("hidden", "dense:128, 64").unwrap();
    assert_eq!((typed.layers.clone(), typed.to_hash(&Spec::default())), (dense([128, 64]), "hidden=128,64".to_owned()));
    // The browser's integers come with a sign.
    let signed: I64Deserializer<ValueError> = 256_i64.into_deserializer();
    assert_eq!(LayerSpec::deserialize(signed), Ok(LayerSpec::Dense(256)));
    assert!(read(r#"{"hidden": [-1]}"#).is_err() && read(r#"{"hidden": [1.5]}"#).is_err());
    assert!(read(r#"{"hidden": ["convolution"]}"#).unwrap_err().to_string().contains("between 1 and 4096"));
    assert!(read(r#"{"hidden": [4097]}"#).unwrap().check().unwrap_err().to_string().contains("between 1 and 4096"));
}

#[test]
fn a_neuron_that_does_not_adapt_is_written_as_before() {
    let plain = serde_json::to_value(Neuron::default()).unwrap();
    assert!(plain.get("adaptation").is_none() && plain.get("adaptation-decay").is_none());
    let adaptive = Neuron { adaptation: 0.5, adaptation_decay: 0.9, ..Neuron::default() };
    assert!(serde_json::to_value(adaptive).unwrap().get("adaptation").is_some());
}

#[test]
fn a_rule_brings_its_defaults_and_refuses_what_is_not_its_own() {
    let mut spec = Spec { seed: 7, augment: Augmentation::On, ..Spec::default() };
    spec.set("rule", "stdp").unwrap();
    assert_eq!(spec, Spec { seed: 7, augment: Augmentation::On, ..Spec::of_rule(Rule::Stdp) });
    spec.check().unwrap();
    spec.set("learning-rate", "0.125").unwrap();
    spec.set("adaptation", "0.5").unwrap();
    assert_eq!((spec.stdp.learning_rate, spec.stdp.adaptation), (0.125, 0.5));
    assert_eq!(spec.to_hash(&Spec::default()), "rule=stdp&augment=on&adaptation=0.5&learning-rate=0.125&seed=7");
    let refused = |change: &dyn Fn(&mut Spec)| {
        let mut changed = spec.clone();
        change(&mut changed);
        changed.check().unwrap_err().to_string()
    };
    assert!(
        refused(&|spec| spec.readout = Readout::SpikeCount)
            .contains("`readout` has no meaning where weights learn by stdp")
    );
    assert!(refused(&|spec| spec.layers = dense([10, 20])).contains("`hidden` is 10,20"));
    let gradients = Spec { stdp: Stdp { youth: 3.0, ..Stdp::default() }, ..Spec::default() };
    assert!(gradients.check().unwrap_err().to_string().contains("`youth` has no meaning"));
    // Two layers in a link are named, and the link's rule has one.
    let (spec, _, errors) = Spec::from_hash(&Spec::default(), "hidden=64,64&rule=stdp");
    assert_eq!((spec, errors.len()), (Spec::of_rule(Rule::Stdp), 1));
    // Files of networks that learn by gradients say nothing of it.
    let written = serde_json::to_value(Spec::default()).unwrap();
    assert!(written.get("rule").is_none() && written.get("stdp").is_none());
}

#[test]
fn convolutions_are_said_as_the_field_says_them() {
    let spec = |hidden: &str| {
        let mut spec = Spec::default();
        spec.set_of_rule(field("hidden").unwrap(), hidden).map(|()| spec)
    };
    for (text, canonical) in [
        ("16c5s2,32c5s2,128", "16c5s2,32c5s2,128"),
        ("16C5S2P1", "16c5s2p1"),
        (" 8c3s1p0 , 10", "8c3,10"),
        ("4c3p2", "4c3p2"),
        // A map of a single place is a map.
        ("4c28,8c1,6c3p1", "4c28,8c1,6c3p1"),
    ] {
        let spec = spec(text).unwrap();
        spec.check().unwrap();
        assert_eq!(spec.to_hash(&Spec::default()), format!("hidden={canonical}"));
        assert_eq!(Spec::from_hash(&Spec::default(), &format!("#hidden={canonical}")).0, spec);
        assert_eq!(serde_json::from_str::<Spec>(&serde_json::to_string(&spec).unwrap()).unwrap(), spec);
    }
    let maps: Vec<[usize; 3]> =
        spec("16c5s2,32c5s2,128").unwrap().feature_maps(784).map(|it| [it.channels, it.rows, it.columns]).collect();
    assert_eq!(maps, [[16, 12, 12], [32, 4, 4], [128, 1, 1]]);
    for text in [
        "0c5",
        "16c0",
        "16c32",
        "257c3",
        "16c5s6",
        "16c5s0",
        "16c5p5",
        "16c",
        "c5",
        "16c5x",
        "dense:16c5",
        "16c5s2p",
        "16c5p1s2",
    ] {
        assert!(spec(text).is_err(), "{text}");
    }
    let refused = |text: &str| spec(text).unwrap_err().to_string();
    for (text, says) in [
        ("128,16c5", "convolutions come first"),
        ("8c5s4,8c9", "`8c9` cannot stand there"),
        ("8c5s4,8c9", "here 6 × 6"),
        ("64c3", "here 43264"),
    ] {
        assert!(refused(text).contains(says), "{text}: {}", refused(text));
    }
    let mut stdp = Spec::of_rule(Rule::Stdp);
    assert!(stdp.set_of_rule(field("hidden").unwrap(), "16c5").is_err());
    // Of a folder only the files say how large its images are.
    let folder = Spec { dataset: Dataset::Folder, ..spec("16c5s2").unwrap() };
    folder.check().unwrap();
    let behind = Spec { layers: vec![LayerSpec::Dense(8), folder.layers[0]], ..folder.clone() };
    assert!(behind.check().unwrap_err().to_string().contains("convolutions come first"));
    assert!(folder.check_fit(16).is_err() && folder.check_fit(12).is_err() && folder.check_fit(25).is_ok());
}

#[test]
fn augmentation_is_a_truth_value_in_files_where_it_was_one() {
    for (augment, json) in [
        (Augmentation::Off, "false"),
        (Augmentation::On, "true"),
        (Augmentation::Hands, "\"hands\""),
        (Augmentation::Flip, "\"flip\""),
    ] {
        assert_eq!(serde_json::to_string(&augment).unwrap(), json);
        assert_eq!(serde_json::from_str::<Augmentation>(json).unwrap(), augment);
    }
    assert!(serde_json::from_str::<Augmentation>("\"feet\"").is_err());
}
