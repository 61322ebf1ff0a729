//! Networks in files of 16 bits a number: what is rounded, and that everything opens them.

use crate::network::{run, small, stripes};
use crate::program::{refused, spiking, text};
use crate::runs::{stripes_in, tiny};
use crate::session::{Page, said};
use half::{bf16, f16};
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use spiking_playground::accuracy::evaluate;
use spiking_playground::cli::data::load;
use spiking_playground::event::Event;
use spiking_playground::kernels;
use spiking_playground::network::Network;
use spiking_playground::protocol::{Report, Request};
use spiking_playground::spec::{Dataset, Spec};
use spiking_playground::weights::checkpoint::{
    Notes, WeightsError, accuracy_from_bytes, import, model_from_bytes, model_to_bytes, run_from_bytes,
};
use spiking_playground::weights::rounding::WeightsType;
use std::ops::ControlFlow;
use std::path::Path;

/// The weights that were trained a little, and the nearest of a type, in the order of the file's tensors.
fn rounded(value: f32, numbers: WeightsType) -> f32 {
    match numbers {
        WeightsType::F32 => value,
        WeightsType::Bf16 => bf16::from_f32(value).to_f32(),
        WeightsType::Fixed8 => f16::from_f64((f64::from(value) * 256.0).round_ties_even() / 256.0).to_f32(),
    }
}

fn trained() -> (Spec, Network) {
    let spec = small();
    let mut run = run(&spec, 64);
    let images = stripes(64, 1);
    for _ in 0..4 {
        run.advance(&images, None, &mut |_: &Event| ControlFlow::Continue(()));
    }
    (spec, run.network)
}

#[test]
fn a_file_has_the_nearest_numbers_of_its_type_and_opens_without_a_remark() {
    let (spec, network) = trained();
    let sizes = WeightsType::ALL.map(|numbers| {
        let bytes = model_to_bytes(&spec, &network, numbers, Notes::default()).unwrap();
        let dtype = match numbers {
            WeightsType::F32 => Dtype::F32,
            WeightsType::Bf16 => Dtype::BF16,
            WeightsType::Fixed8 => Dtype::F16,
        };
        let file = SafeTensors::deserialize(&bytes).unwrap();
        assert!(file.iter().all(|(_, tensor)| tensor.dtype() == dtype), "{numbers:?}");
        let (opened, remarks) = import(&spec, &bytes, &[], &kernels::cpu()).unwrap();
        assert_eq!(remarks, [], "{numbers:?}");
        let (before, after) = (network.parameters(), opened.parameters());
        for (before, after) in before.iter().zip(&after) {
            assert_eq!((&before.name, &before.shape), (&after.name, &after.shape));
            let nearest: Vec<f32> = before.values.iter().map(|value| rounded(*value, numbers)).collect();
            assert_eq!(nearest, after.values, "{numbers:?}, {}", before.name);
        }
        // What is rounded once is not changed again.
        let (_, opened) = model_from_bytes(&bytes, &kernels::cpu()).unwrap();
        assert_eq!(model_to_bytes(&spec, &opened, numbers, Notes::default()).unwrap(), bytes);
        file.iter().map(|(_, tensor)| tensor.data().len()).sum::<usize>()
    });
    assert_eq!(sizes, [sizes[0], sizes[0] / 2, sizes[0] / 2]);
}

#[test]
fn a_weight_that_the_type_has_no_number_for_is_refused() {
    let spec = small();
    let mut parameters = Network::new(&spec, 36, 3, &kernels::cpu()).parameters();
    parameters[0].values[5] = -70_000.0;
    let network = Network::with_parameters(&spec, &parameters, None, &kernels::cpu()).unwrap();
    let write = |numbers| model_to_bytes(&spec, &network, numbers, Notes::default());
    assert!(write(WeightsType::F32).is_ok() && write(WeightsType::Bf16).is_ok());
    let error = write(WeightsType::Fixed8).unwrap_err();
    assert!(matches!(error, WeightsError::TooLarge("fixed8")) && error.to_string().contains("f32"), "{error}");
}

#[test]
fn the_engine_of_the_page_opens_it_and_saves_f32() {
    let (spec, network) = trained();
    for numbers in WeightsType::ALL {
        let mut page = Page::new(64);
        let file = model_to_bytes(&spec, &network, numbers, Notes::default()).unwrap();
        assert_eq!(page.ask_with(Request::Open, vec![file.clone()]), [said(&spec)], "{numbers:?}");
        let opened = page.session.run().unwrap().network.parameters();
        assert_eq!(opened, model_from_bytes(&file, &kernels::cpu()).unwrap().1.parameters());
        page.ask(Request::Weights);
        let (_, saved) = page.heard.iter().find(|(report, _)| *report == Report::Weights).unwrap();
        let saved = &saved[0];
        assert!(SafeTensors::deserialize(saved).unwrap().iter().all(|(_, tensor)| tensor.dtype() == Dtype::F32));
    }
}

fn train(data: &Path, output: &Path, more: &[&str]) -> String {
    let arguments = tiny(data, output);
    let done = spiking(&arguments.iter().map(String::as_str).chain(more.iter().copied()).collect::<Vec<_>>());
    assert!(done.status.success(), "{}", text(&done.stderr));
    text(&done.stderr)
}

fn resume(data: &Path, output: &Path, more: &[&str]) {
    let places = ["train", "--resume", "--data-dir", data.to_str().unwrap(), "--output", output.to_str().unwrap()];
    let done = spiking(&[&places[..], more].concat());
    assert!(done.status.success(), "{}", text(&done.stderr));
}

fn dtypes(file: &Path) -> Vec<Dtype> {
    let bytes = std::fs::read(file).unwrap();
    let mut found: Vec<Dtype> =
        SafeTensors::deserialize(&bytes).unwrap().iter().map(|(_, tensor)| tensor.dtype()).collect();
    found.dedup();
    found
}

#[test]
fn the_model_of_a_run_is_rounded_and_its_checkpoint_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (data, at) = (stripes_in(folder.path()), |name: &str| folder.path().join(name));
    train(&data, &at("plain"), &["--epochs", "1"]);
    resume(&data, &at("plain"), &["--epochs", "2"]);
    for (word, dtype) in [("bf16", Dtype::BF16), ("fixed8", Dtype::F16)] {
        let output = at(word);
        let (model, checkpoint) = (output.join("model.safetensors"), output.join("checkpoint.safetensors"));
        train(&data, &output, &["--epochs", "1", "--weights-type", word]);
        assert_eq!((dtypes(&model), dtypes(&checkpoint)), (vec![dtype], vec![Dtype::F32]));
        // It goes on as it began, and as a run that is not rounded.
        resume(&data, &output, &["--epochs", "2"]);
        assert_eq!(dtypes(&model), [dtype]);
        let state = |folder: &Path| {
            let bytes = std::fs::read(folder.join("checkpoint.safetensors")).unwrap();
            run_from_bytes(&bytes, &kernels::cpu().autodiff()).unwrap().network.parameters()
        };
        assert!(state(&output) == state(&at("plain")), "to the bit");
        // The accuracy that it says is that of the numbers in it.
        let (bytes, test) = (std::fs::read(&model).unwrap(), load(&data, Dataset::Folder).unwrap().test);
        let (spec, network) = model_from_bytes(&bytes, &kernels::cpu()).unwrap();
        let measured = evaluate(&network, &spec, &test, 0..test.len(), 0);
        assert_eq!(accuracy_from_bytes(&bytes).unwrap(), Some(measured));
        // Training starts from it, and nothing has to be told of it.
        let told = train(&data, &at("next"), &["--epochs", "1", "--force", "--weights", model.to_str().unwrap()]);
        assert!(!told.contains("32-bit"), "{told}");
        assert_eq!(dtypes(&at("next").join("model.safetensors")), [Dtype::F32]);
    }
    // A run that is over gives its model in another type, as if it had had that from the start.
    let output = at("fixed8");
    resume(&data, &output, &["--weights-type", "bf16"]);
    let file = |run: &str, name: &str| std::fs::read(at(run).join(name)).unwrap();
    for name in ["model.safetensors", "checkpoint.safetensors"] {
        assert!(file("fixed8", name) == file("bf16", name), "{name}");
    }
    resume(&data, &output, &["--weights-type", "f32"]);
    assert!(file("fixed8", "model.safetensors") == file("plain", "model.safetensors"));
    // With another type, only the model is another.
    let output = at("bf16");
    resume(&data, &output, &["--epochs", "3", "--weights-type", "f32"]);
    assert_eq!(dtypes(&output.join("model.safetensors")), [Dtype::F32]);
}

#[test]
fn a_type_that_is_none_is_refused_with_those_that_there_are() {
    let (code, said) = refused(&["train", "--weights-type", "f16"]);
    assert_eq!(code, 2);
    let words = WeightsType::ALL.map(WeightsType::word).join(", ");
    assert!(said.contains("'f16'") && said.contains(&format!("[possible values: {words}]")), "{said}");
}
