//! Weights in files: what other programs write is opened as what it means, and what no run can have written is refused.

use crate::network::{run, small, stripes};
use crate::program::{spiking, text};
use crate::runs::stripes_in;
use safetensors::tensor::{Dtype, TensorView};
use spiking_playground::accuracy::predictions;
use spiking_playground::event::Event;
use spiking_playground::kernels;
use spiking_playground::layer::Linear;
use spiking_playground::network::{Network, Parameter};
use spiking_playground::spec::{Readout, Spec, dense};
use spiking_playground::training::{Advance, Run};
use spiking_playground::weights::checkpoint::{
    Notes, import, model_from_bytes, network_from_bytes, run_from_bytes, run_to_bytes,
};
use spiking_playground::weights::pytorch::{Remark, hidden_sizes};
use std::collections::HashMap;
use std::ops::ControlFlow;

/// A tensor for a file: name, type, shape, bytes.
type Raw = (String, Dtype, Vec<usize>, Vec<u8>);

fn file(tensors: &[Raw], notes: &[(&str, &str)]) -> Vec<u8> {
    let notes: HashMap<String, String> = notes.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let view = |(name, dtype, shape, bytes): &'_ Raw| (name.clone(), *dtype, shape.clone(), bytes.clone());
    let owned: Vec<Raw> = tensors.iter().map(view).collect();
    let views = owned
        .iter()
        .map(|(name, dtype, shape, bytes)| (name.clone(), TensorView::new(*dtype, shape.clone(), bytes).unwrap()));
    safetensors::serialize(views, (!notes.is_empty()).then_some(notes)).unwrap()
}

fn bytes_of(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn floats(name: &str, shape: &[usize], values: &[f32]) -> Raw {
    (name.to_owned(), Dtype::F32, shape.to_vec(), bytes_of(values))
}

fn scalar(name: &str, value: f32) -> Raw {
    floats(name, &[], &[value])
}

fn whole(name: &str, value: i64) -> Raw {
    (name.to_owned(), Dtype::I64, Vec::new(), value.to_le_bytes().to_vec())
}

/// The network of the tests: 36-24-3.
fn network() -> Vec<Parameter> {
    Network::new(&small(), 36, 3, &kernels::cpu()).parameters()
}

fn raw(parameters: &[Parameter], name: impl Fn(&str) -> String) -> Vec<Raw> {
    parameters.iter().map(|p| floats(&name(&p.name), &p.shape, &p.values)).collect()
}

/// The parameters that are opened, and what was done.
fn opened(spec: &Spec, bytes: &[u8]) -> (Vec<Parameter>, Vec<Remark>) {
    let (network, remarks) = import(spec, bytes, &[], &kernels::cpu()).unwrap();
    (network.parameters(), remarks)
}

fn error(spec: &Spec, bytes: &[u8]) -> String {
    network_from_bytes(spec, bytes, &kernels::cpu()).unwrap_err().to_string()
}

#[test]
fn names_that_wrappers_changed_are_read() {
    let (spec, plain) = (small(), network());
    assert_eq!(opened(&spec, &file(&raw(&plain, str::to_owned), &[])), (plain.clone(), Vec::new()));
    for prefix in [
        "module.",
        "_orig_mod.",
        "module._orig_mod.",
        "_orig_mod.module.",
        "model.",
        "state_dict.net.",
        "model.module._orig_mod.",
    ] {
        let bytes = file(&raw(&plain, |name| format!("{prefix}{name}")), &[]);
        assert_eq!(opened(&spec, &bytes), (plain.clone(), vec![Remark::Prefix(prefix.to_owned())]), "{prefix}");
    }
    // torch.compile of single layers.
    let inner = |name: &str| name.replace("layers.0.", "layers.0._orig_mod.").replace("readout.", "readout.module.");
    let (found, remarks) = opened(&spec, &file(&raw(&plain, inner), &[]));
    assert_eq!(found, plain);
    assert!(matches!(&remarks[..], [Remark::Renamed { by_shape: false, .. }]), "{remarks:?}");
    // Two networks in one file: which is meant?
    let both = [raw(&plain, |name| format!("teacher.{name}")), raw(&plain, |name| format!("student.{name}"))].concat();
    let message = error(&spec, &file(&both, &[]));
    assert!(message.contains("`student.layers.0.weight` [24, 36]") && message.contains("teacher"), "{message}");
}

#[test]
fn layers_of_any_name_are_told_apart_by_their_shapes() {
    let spec = Spec { layers: dense([24, 7]), ..small() };
    let plain = Network::new(&spec, 36, 3, &kernels::cpu()).parameters();
    for layers in [
        ["fc1", "fc2", "fc3"],
        ["0", "2", "10"],
        ["net.1", "net.3", "net.12"],
        ["layers.0", "layers.2", "layers.4"],
        // Not in the order of the alphabet.
        ["input", "hidden", "answer"],
    ] {
        let name = |name: &str| {
            let place = ["layers.0.", "layers.1.", "readout."].iter().position(|own| name.starts_with(own)).unwrap();
            format!("{}.{}", layers[place], name.rsplit('.').next().unwrap())
        };
        let bytes = file(&raw(&plain, name), &[]);
        let (found, remarks) = opened(&spec, &bytes);
        assert_eq!(found, plain, "{layers:?}");
        assert!(matches!(&remarks[..], [Remark::Renamed { by_shape: true, .. }]), "{remarks:?}");
        assert!(remarks[0].to_string().contains(&format!("`{}` as `readout`", layers[2])), "{}", remarks[0]);
        assert_eq!(hidden_sizes(&bytes).unwrap(), Some(vec![24, 7]));
    }
    // A normalization makes it another network, and so does a layer more.
    let renamed = |name: &str| name.replace("layers.", "fc").replace("readout", "fc2");
    let normed = [raw(&plain, renamed), vec![floats("norm.weight", &[24], &[1.0; 24])]].concat();
    let more = [raw(&plain, renamed), vec![floats("fc9.weight", &[3, 3], &[0.0; 9])]].concat();
    for (tensors, name) in [(normed, "`norm.weight` [24]"), (more, "`fc9.weight` [3, 3]")] {
        let message = error(&spec, &file(&tensors, &[]));
        assert!(message.contains(name) && message.contains("`layers.1.weight` [7, 24]"), "{message}");
    }
}

#[test]
fn layers_without_a_bias_have_one_of_zeros() {
    let (spec, plain) = (small(), network());
    let weights: Vec<Raw> = raw(&plain, str::to_owned).into_iter().filter(|raw| raw.0.ends_with("weight")).collect();
    let (found, remarks) = opened(&spec, &file(&weights, &[]));
    let expected = plain.into_iter().map(|parameter| match parameter.shape.len() {
        1 => Parameter { values: vec![0.0; parameter.values.len()], ..parameter },
        _ => parameter,
    });
    assert_eq!(found, expected.collect::<Vec<_>>());
    assert_eq!(remarks, [Remark::NoBias(vec!["layers.0".to_owned(), "readout".to_owned()])]);
}

#[test]
fn other_floats_become_floats_of_32_bits() {
    let (spec, plain) = (small(), network());
    let halves = |value: &f32| half::f16::from_f32(*value).to_le_bytes().to_vec();
    let brains = |value: &f32| half::bf16::from_f32(*value).to_le_bytes().to_vec();
    let doubles = |value: &f32| f64::from(*value).to_le_bytes().to_vec();
    type Bytes<'a> = &'a dyn Fn(&f32) -> Vec<u8>;
    // Half a unit of the last place: 11, 8 and 24 bits or more.
    for (dtype, bytes, rounding) in [
        (Dtype::F16, &halves as Bytes<'_>, 2.0_f32.powi(-11)),
        (Dtype::BF16, &brains, 2.0_f32.powi(-8)),
        (Dtype::F64, &doubles, 0.0),
    ] {
        let tensor =
            |p: &Parameter| (p.name.clone(), dtype, p.shape.clone(), p.values.iter().flat_map(bytes).collect());
        let (found, remarks) = opened(&spec, &file(&plain.iter().map(tensor).collect::<Vec<Raw>>(), &[]));
        assert_eq!(remarks, [Remark::Converted(vec![format!("{dtype:?}")])]);
        for (found, plain) in found.iter().zip(&plain) {
            assert_eq!((&found.name, &found.shape), (&plain.name, &plain.shape));
            let close = |(a, b): (&f32, &f32)| (a - b).abs() <= rounding * b.abs() + 1e-7 * rounding;
            assert!(found.values.iter().zip(&plain.values).all(close), "{dtype:?}, {}", plain.name);
        }
    }
    // Integers are another matter.
    let mut tensors = raw(&plain, str::to_owned);
    tensors[0].1 = Dtype::I32;
    let message = error(&spec, &file(&tensors, &[]));
    assert!(message.contains("layers.0.weight") && message.contains("I32") && message.contains("dequant"), "{message}");
}

#[test]
fn buffers_of_snntorch_are_left_out_and_what_they_say_is_told() {
    let (spec, plain) = (small(), network());
    let lif = |place: usize, beta: f32, reset: i64| {
        let name = |part: &str| format!("lif{place}.{part}");
        vec![
            scalar(&name("beta"), beta),
            scalar(&name("threshold"), 1.0),
            scalar(&name("graded_spikes_factor"), 1.0),
            whole(&name("reset_mechanism_val"), reset),
        ]
    };
    let with = |more: Vec<Raw>| file(&[raw(&plain, str::to_owned), more].concat(), &[]);
    let told = |spec: &Spec, more: Vec<Raw>, settled: &[&str]| {
        let (network, remarks) = import(spec, &with(more), settled, &kernels::cpu()).unwrap();
        assert_eq!(network.parameters(), plain);
        assert!(matches!(&remarks[0], Remark::LeftOut(names) if names.len() == 4 || names.len() == 8), "{remarks:?}");
        remarks[1..].iter().map(Remark::to_string).collect::<Vec<_>>()
    };
    assert_eq!(told(&spec, lif(1, 0.9, 1), &[]), [""; 0]);
    let other = told(&spec, lif(1, 0.95, 0), &[]);
    assert!(other[0].contains("`lif1.beta`") && other[0].contains("--beta 0.95"), "{other:?}");
    assert!(other[1].contains("--reset subtract-delayed") && other.len() == 2, "{other:?}");
    assert_eq!(told(&spec, lif(1, 0.95, 0), &["beta", "reset"]), [""; 0], "flags settle it");
    let two = told(&spec, [lif(1, 0.9, 1), lif(2, 0.5, 1)].concat(), &[]);
    assert!(two[0].contains("differ in beta") && two[1].contains("--readout spike-count") && two.len() == 2, "{two:?}");
    let counted = Spec { readout: Readout::SpikeCount, ..spec.clone() };
    assert_eq!(told(&counted, [lif(1, 0.9, 1), lif(2, 0.9, 1)].concat(), &[]), [""; 0]);
    let mut graded = lif(1, 0.9, 1);
    graded[2] = scalar("lif1.graded_spikes_factor", 2.0);
    assert!(told(&spec, graded, &[])[0].contains("counts 2"));
}

#[test]
fn tensors_that_do_not_fit_are_named_with_what_is_wanted() {
    let (spec, plain) = (small(), network());
    let changed = |change: &dyn Fn(&mut Vec<Raw>)| {
        let mut tensors = raw(&plain, str::to_owned);
        change(&mut tensors);
        error(&spec, &file(&tensors, &[]))
    };
    let turned = changed(&|tensors| tensors[0].2 = vec![36, 24]);
    assert!(turned.contains("[36, 24]") && turned.contains("transposed"), "{turned}");
    let turned = changed(&|tensors| tensors[2].2 = vec![24, 3]);
    assert!(turned.contains("`readout.weight` is [24, 3]") && turned.contains("transposed"), "{turned}");
    let nan = changed(&|tensors| tensors[1].3[..4].copy_from_slice(&f32::NAN.to_le_bytes()));
    assert!(nan.contains("layers.0.bias") && nan.contains("NaN"), "{nan}");
    let infinite = changed(&|tensors| {
        *tensors = vec![
            (
                "layers.0.weight".to_owned(),
                Dtype::F64,
                vec![24, 36],
                [1e300_f64; 864].iter().flat_map(|v| v.to_le_bytes()).collect(),
            ),
            tensors[2].clone(),
        ]
    });
    assert!(infinite.contains("infinity"), "{infinite}");
    let none = changed(&|tensors| tensors.clear());
    assert!(none.contains("no tensor") && none.contains("`layers.0.weight` [24, pixels]"), "{none}");
    let convolution = changed(&|tensors| tensors[0] = floats("conv1.weight", &[4, 1, 3, 3], &[0.0; 36]));
    assert!(convolution.contains("`conv1.weight` [4, 1, 3, 3]"), "{convolution}");
    let single = changed(&|tensors| *tensors = vec![floats("layer.1.weight", &[3, 36], &[0.0; 108])]);
    assert!(single.contains("`layer.1.weight` [3, 36]: one layer only"), "{single}");
    let deeper = changed(&|tensors| tensors.push(floats("layers.1.weight", &[24, 24], &[0.0; 576])));
    assert!(deeper.contains("`layers.1.weight` [24, 24]"), "{deeper}");
    let all = changed(&|tensors| {
        let [first, last] = [floats("fc1.weight", &[36, 24], &[0.0; 864]), floats("fc2.weight", &[24, 3], &[0.0; 72])];
        *tensors = vec![first, last];
    });
    assert!(all.contains("`fc1.weight` [36, 24]") && all.contains("exchanged"), "{all}");
    // Too many to list.
    let many = changed(&|tensors| {
        *tensors = (0..100).map(|i| floats(&format!("blocks.{i}.weight"), &[2, 2], &[0.0; 4])).collect();
    });
    assert!(many.contains("and 84 more"), "{many}");
}

#[test]
fn a_network_without_pixels_or_classes_is_none() {
    let spec = small();
    let sized = |pixels: usize, classes: usize| {
        let tensors = [
            floats("layers.0.weight", &[24, pixels], &vec![0.0; 24 * pixels]),
            floats("layers.0.bias", &[24], &[0.0; 24]),
            floats("readout.weight", &[classes, 24], &vec![0.0; 24 * classes]),
            floats("readout.bias", &[classes], &vec![0.0; classes]),
        ];
        file(&tensors, &[])
    };
    for (pixels, classes) in [(0, 3), (36, 0), (0, 0), (36, 257)] {
        let message = error(&spec, &sized(pixels, classes));
        assert!(message.contains(&format!("{pixels} pixels to {classes} classes")), "{message}");
    }
    assert!(network_from_bytes(&spec, &sized(1, 256), &kernels::cpu()).is_ok());
}

#[test]
fn files_of_other_formats_are_called_by_their_names() {
    for (bytes, says) in [
        (&b"PK\x03\x04\x14\0\0\0\0\0archive/data.pkl"[..], "save_file(torch.load("),
        (b"\x80\x02}q\0(X\x0f\0\0\0layers.0.weight", "save_file(torch.load("),
        (b"PK\x03\x04\x14\0\0\0\0\0weight.npy", "numpy.load("),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"\x89HDF\r\n\x1a\n\0\0\0\0", "HDF5"),
        (b"<!DOCTYPE html>", "web page"),
        (b"\x89PNG\r\n\x1a\n", "pictures behind it"),
    ] {
        for message in [error(&small(), bytes), model_from_bytes(bytes, &kernels::cpu()).unwrap_err().to_string()] {
            assert!(message.contains(says), "{message}");
        }
    }
    let bare = file(&raw(&network(), str::to_owned), &[]);
    let message = model_from_bytes(&bare, &kernels::cpu()).unwrap_err().to_string();
    assert!(message.contains("no `spec`") && message.contains("metadata={\"spec\""), "{message}");
    let spec = [("spec", "{\"hidden\": [24], \"time-steps\": 5}")];
    assert!(model_from_bytes(&file(&raw(&network(), str::to_owned), &spec), &kernels::cpu()).is_ok());
}

/// A run after some steps, and the tensors and notes of its file.
fn checkpoint() -> (Vec<Raw>, Vec<(String, String)>) {
    let mut run = run(&small(), 100);
    for _ in 0..3 {
        assert_eq!(run.advance(&stripes(100, 3), None, &mut |_: &Event| ControlFlow::Continue(())), Advance::Stepped);
    }
    let bytes = run_to_bytes(&run, Notes::default()).unwrap();
    let (_, metadata) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    let notes = metadata.metadata().clone().unwrap().into_iter().collect();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let raw = |(name, view): (&str, TensorView<'_>)| {
        (name.to_owned(), view.dtype(), view.shape().to_vec(), view.data().to_vec())
    };
    (tensors.iter().map(raw).collect(), notes)
}

fn resumed(tensors: &[Raw], notes: &[(String, String)]) -> Result<Run, String> {
    let notes: Vec<(&str, &str)> = notes.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    run_from_bytes(&file(tensors, &notes), &kernels::cpu().autodiff()).map_err(|error| error.to_string())
}

#[test]
fn means_that_are_not_the_networks_are_refused() {
    let (tensors, notes) = checkpoint();
    assert_eq!(resumed(&tensors, &notes).unwrap().adam.step(), 3);
    let changed = |name: &str, change: &dyn Fn(&mut Raw)| {
        let mut tensors = tensors.clone();
        change(tensors.iter_mut().find(|tensor| tensor.0 == name).unwrap());
        resumed(&tensors, &notes).unwrap_err()
    };
    let weight = "adam.mean.layers.0.weight";
    for (name, change, says) in [
        (weight, &(|raw: &mut Raw| raw.2 = vec![36, 24]) as &dyn Fn(&mut Raw), "[24, 36]"),
        (weight, &|raw| *raw = floats(&raw.0, &[3, 24], &[0.0; 72]), "[24, 36]"),
        ("adam.mean.layers.0.bias", &|raw| *raw = floats(&raw.0, &[1, 0], &[]), "[24]"),
        (weight, &|raw| raw.3[..4].copy_from_slice(&f32::NAN.to_le_bytes()), "NaN"),
        ("adam.square.readout.bias", &|raw| raw.3[..4].copy_from_slice(&f32::INFINITY.to_le_bytes()), "infinity"),
        ("adam.square.readout.weight", &|raw| raw.3[..4].copy_from_slice(&(-1.0_f32).to_le_bytes()), "negative"),
        (weight, &|raw| *raw = (raw.0.clone(), Dtype::F16, raw.2.clone(), vec![0; 2 * 24 * 36]), "F16"),
        (weight, &|raw| raw.0 = "adam.mean.other.weight".to_owned(), "adam.mean.layers.0.weight"),
    ] {
        let message = changed(name, change);
        assert!(message.contains(says), "{message}");
    }
    let found = include_bytes!("cases/checkpoint-of-other-means.safetensors");
    let message = run_from_bytes(found, &kernels::cpu().autodiff()).unwrap_err().to_string();
    assert!(message.contains("adam.mean"), "{message}");
}

#[test]
fn a_place_that_no_run_comes_to_is_refused() {
    let (tensors, notes) = checkpoint();
    let with = |name: &str, text: &str| {
        let mut notes = notes.clone();
        notes.iter_mut().find(|(note, _)| note == name).unwrap().1 = text.to_owned();
        resumed(&tensors, &notes).unwrap_err()
    };
    let place = |images: &str| format!("{{\"epoch\":0,\"images\":{images},\"loss\":1.5,\"correct\":1}}");
    for (name, text, says) in [
        // What it promises is not believed, or made room for.
        ("images", u64::MAX.to_string(), "18446744073709551615 images"),
        ("images", "1000000000".to_owned(), "1000000000 images"),
        ("images", "-1".to_owned(), "`images` cannot be read"),
        ("step", u64::MAX.to_string(), "18446744073709551615 steps"),
        ("step", "49".to_owned(), "49 steps were taken over 48 images"),
        ("step", "many".to_owned(), "`step` cannot be read"),
        ("position", place("100"), "100 of the 100 images"),
        ("position", place("18446744073709551615"), "18446744073709551615 of the 100 images"),
        ("position", "{\"epoch\":1,\"images\":5,\"loss\":1.5,\"correct\":6}".to_owned(), "6 of 5 images"),
        ("position", "{}".to_owned(), "`position` cannot be read"),
    ] {
        let message = with(name, &text);
        assert!(message.contains(says), "{name} {text}: {message}");
    }
}

/// A neuron of NaN never fires, so the loss stays finite.
#[test]
fn weights_that_are_no_numbers_end_a_run_with_its_epoch() {
    let data = stripes(64, 3);
    let mut run = run(&small(), 64);
    assert!(run.is_finite());
    let layer = &mut run.network.layers[0];
    let (mut weights, biases) = layer.linear.rows();
    weights[5] = f32::NAN;
    layer.linear = Linear::new(&weights, &biases, &kernels::cpu().autodiff());
    assert!(!run.is_finite());
    let mut told = Vec::new();
    let mut listener = |event: &Event| {
        told.push(event.clone());
        ControlFlow::Continue(())
    };
    let last = (0..4).map(|_| run.advance(&data, Some(&data), &mut listener)).last();
    assert_eq!(last, Some(Advance::Stopped));
    let diverged = |event: &Event| matches!(event, Event::Diverged(done) if done.loss.is_finite() && done.step == 4);
    assert!(diverged(told.last().unwrap()) && !told.iter().any(|event| matches!(event, Event::Epoch(_))), "{told:?}");
}

/// What was done is told beside the results, and the results are those of our own file.
#[test]
fn the_program_tells_what_it_did_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let data = stripes_in(folder.path());
    let evaluate = |name: &str, tensors: &[Raw]| {
        let path = folder.path().join(name);
        std::fs::write(&path, file(tensors, &[])).unwrap();
        let places = ["evaluate", path.to_str().unwrap(), "--data-dir", data.to_str().unwrap(), "--dataset", "folder"];
        let done = spiking(&[&places[..], &["--time-steps", "8"]].concat());
        assert!(done.status.success(), "{}", text(&done.stderr));
        (text(&done.stdout), text(&done.stderr))
    };
    let plain = network();
    let (accuracy, said) = evaluate("ours.safetensors", &raw(&plain, str::to_owned));
    assert!(accuracy.starts_with("Test accuracy") && said.contains("--hidden 24"), "{accuracy}, {said}");
    let mut theirs = raw(&plain, |name| name.replace("layers.0", "module.fc1").replace("readout", "module.fc2"));
    theirs.extend([scalar("module.lif1.beta", 0.5), scalar("module.lif1.threshold", 1.0)]);
    let (same, said) = evaluate("theirs.safetensors", &theirs);
    assert_eq!(same, accuracy);
    for part in ["theirs.safetensors: ", "`module.fc2` as `readout`", "left out: `module.lif1.beta`", "--beta 0.5"] {
        assert!(said.contains(part), "{said}");
    }
}

/// Files that mean the same network read every image alike.
#[test]
fn the_same_network_reads_alike_from_any_file() {
    let (spec, plain, test) = (small(), network(), stripes(60, 5));
    let read = |bytes: &[u8]| {
        let network = network_from_bytes(&spec, bytes, &kernels::cpu()).unwrap();
        predictions(&network, &spec, &test, 0..60, 0)
    };
    let ours = read(&file(&raw(&plain, str::to_owned), &[]));
    for name in ["module.", "state_dict.model."] {
        assert_eq!(read(&file(&raw(&plain, |own| format!("{name}{own}")), &[])), ours);
    }
    assert_eq!(read(&file(&raw(&plain, |own| own.replace("layers.0", "fc1").replace("readout", "fc2")), &[])), ours);
}
