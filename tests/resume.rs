//! `train --resume`: a run goes on with the images that it was over, and what does not fit is refused before anything is
//! touched.

use crate::network::stripes;
use crate::program::{names, spiking, text};
use safetensors::tensor::{SafeTensors, TensorView};
use spiking_playground::digits::Digits;
use spiking_playground::digits::idx::{write_images, write_labels};
use std::collections::HashMap;
use std::path::Path;

/// Writes a data set as idx files.
pub fn write(folder: &Path, train: &Digits, test: &Digits) {
    std::fs::create_dir_all(folder).unwrap();
    for (name, digits) in [("train", train), ("t10k", test)] {
        let images = write_images(digits.width, digits.height, &digits.images);
        std::fs::write(folder.join(format!("{name}-images-idx3-ubyte")), images).unwrap();
        std::fs::write(folder.join(format!("{name}-labels-idx1-ubyte")), write_labels(&digits.labels)).unwrap();
    }
}

/// Images of `side` × `side` pixels, as many and labelled as those of `like`.
fn of_side(side: usize, like: &Digits) -> Digits {
    Digits { width: side, height: side, images: vec![90; side * side * like.len()], labels: like.labels.clone() }
}

/// A folder of data, a run over it, and room for more.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        write(&place.path("data"), &stripes(200, 1), &stripes(60, 2));
        let (code, said) = place.train(
            "data",
            &["--hidden", "16", "--time-steps", "8", "--learning-rate", "0.01", "--epochs", "1", "--dataset", "folder"],
        );
        assert_eq!(code, Some(0), "{said}");
        place
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn train(&self, data: &str, more: &[&str]) -> (Option<i32>, String) {
        let (data, output) = (self.path(data), self.path("run"));
        let places = ["train", "--data-dir", data.to_str().unwrap(), "--output", output.to_str().unwrap()];
        let done = spiking(&[&places[..], more].concat());
        (done.status.code(), text(&done.stderr) + &text(&done.stdout))
    }

    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let run = self.path("run");
        names(&run).into_iter().map(|name| (name.clone(), std::fs::read(run.join(name)).unwrap())).collect()
    }

    /// Changes the header's notes and the tensors of the checkpoint.
    fn change_checkpoint(
        &self,
        change: impl Fn(&mut HashMap<String, String>, &mut Vec<(String, Vec<usize>, Vec<u8>)>),
    ) {
        let path = self.path("run").join("checkpoint.safetensors");
        let bytes = std::fs::read(&path).unwrap();
        let mut notes = SafeTensors::read_metadata(&bytes).unwrap().1.metadata().clone().unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let raw = |(name, view): (&str, TensorView<'_>)| (name.to_owned(), view.shape().to_vec(), view.data().to_vec());
        let mut tensors: Vec<_> = tensors.iter().map(raw).collect();
        change(&mut notes, &mut tensors);
        let view =
            |(name, shape, bytes): &'_ (String, Vec<usize>, Vec<u8>)| (name.clone(), shape.clone(), bytes.clone());
        let owned: Vec<_> = tensors.iter().map(view).collect();
        let dtype = safetensors::Dtype::F32;
        let views =
            owned.iter().map(|(name, shape, bytes)| (name, TensorView::new(dtype, shape.clone(), bytes).unwrap()));
        std::fs::write(path, safetensors::serialize(views, Some(notes)).unwrap()).unwrap();
    }
}

#[test]
fn a_run_does_not_go_on_over_other_images() {
    let place = Place::new();
    let (train, test) = (stripes(200, 1), stripes(60, 2));
    let classes = |digits: &Digits, add: u8| Digits {
        labels: digits.labels.iter().map(|label| label + add).collect(),
        ..digits.clone()
    };
    write(&place.path("larger"), &of_side(12, &train), &of_side(12, &test));
    write(&place.path("classes"), &classes(&train, 55), &classes(&test, 55));
    write(&place.path("fewer"), &stripes(199, 1), &test);
    let mut relabelled = train.clone();
    relabelled.labels.swap(0, 1);
    write(&place.path("relabelled"), &relabelled, &test);
    let mut repainted = train.clone();
    repainted.images[77] ^= 1;
    write(&place.path("repainted"), &repainted, &test);
    let before = place.files();
    let cases = [
        ("larger", "12 × 12", false),
        ("classes", "58 classes", false),
        ("fewer", "199", false),
        ("relabelled", "--force", true),
        ("repainted", "--force", true),
    ];
    for (data, says, may) in cases {
        let (code, said) = place.train(data, &["--resume", "--epochs", "3"]);
        assert!(code == Some(1) && said.contains(says) && said.contains("--data-dir"), "{data}: {code:?}, {said}");
        assert!(place.files() == before, "{data}: something was touched");
        if !may {
            let (code, said) = place.train(data, &["--resume", "--force", "--epochs", "3"]);
            assert!(code == Some(1) && said.contains(says), "{data}: {code:?}, {said}");
            assert!(place.files() == before, "{data}: something was touched");
        }
    }
    // Another test set is told, and its accuracy is another one.
    write(&place.path("test"), &train, &stripes(50, 9));
    let (code, said) = place.train("test", &["--resume", "--epochs", "2"]);
    assert!(code == Some(0) && said.contains("test set") && said.contains("Epoch 2/2"), "{said}");
    let (code, said) = place.train("repainted", &["--resume", "--force", "--epochs", "3"]);
    assert!(code == Some(0) && said.contains("other images than before") && said.contains("Epoch 3/3"), "{said}");
    // From then on it is a run over these.
    let (code, said) = place.train("repainted", &["--resume", "--epochs", "4"]);
    assert!(code == Some(0) && said.contains("Epoch 4/4"), "{said}");
    assert_eq!(place.train("data", &["--resume", "--epochs", "5"]).0, Some(1));
}

/// Checkpoints of before the images were written down.
#[test]
fn an_old_checkpoint_goes_on() {
    let place = Place::new();
    place.change_checkpoint(|notes, _| notes.retain(|name, _| !name.ends_with("_sha256")));
    let (train, test) = (stripes(200, 1), stripes(60, 2));
    write(&place.path("larger"), &of_side(12, &train), &of_side(12, &test));
    let (code, said) = place.train("larger", &["--resume", "--epochs", "3"]);
    assert!(code == Some(1) && said.contains("12 × 12"), "{said}");
    let (code, said) = place.train("data", &["--resume", "--epochs", "2"]);
    assert!(code == Some(0) && said.contains("Epoch 2/2"), "{said}");
    // It is written down now.
    let mut repainted = train;
    repainted.images[0] ^= 1;
    write(&place.path("repainted"), &repainted, &test);
    assert_eq!(place.train("repainted", &["--resume", "--epochs", "3"]).0, Some(1));
}

/// Weights so large that their gradients are none: the loss stays finite, for a neuron of NaN never fires.
#[test]
fn a_run_that_diverged_in_silence_keeps_its_good_files() {
    let place = Place::new();
    let huge = 3e38_f32.to_le_bytes();
    place.change_checkpoint(|_, tensors| {
        let weights = tensors.iter_mut().find(|(name, ..)| name == "layers.0.weight").unwrap();
        weights
            .2
            .chunks_exact_mut(8)
            .for_each(|pair| pair.copy_from_slice(&[huge, (-3e38_f32).to_le_bytes()].concat()));
    });
    let before = place.files();
    let (code, said) = place.train("data", &["--resume", "--epochs", "3"]);
    assert!(code == Some(1) && said.contains("--learning-rate") && said.contains("whole"), "{code:?}: {said}");
    assert!(place.files() == before, "a good file was replaced");
}

#[test]
fn checkpoints_of_nonsense_are_refused_with_a_reason() {
    let place = Place::new();
    let resumed = || place.train("data", &["--resume", "--epochs", "3"]);
    for (name, value, says) in [
        ("images", u64::MAX.to_string(), "images of this size"),
        ("step", u64::MAX.to_string(), "steps were taken"),
        ("position", "{\"epoch\":0,\"images\":200,\"loss\":1.0,\"correct\":0}".to_owned(), "200 of the 200"),
    ] {
        let good = std::fs::read(place.path("run").join("checkpoint.safetensors")).unwrap();
        place.change_checkpoint(|notes, _| drop(notes.insert(name.to_owned(), value.clone())));
        let (code, said) = resumed();
        assert!(code == Some(1) && said.contains(says) && said.contains("checkpoint.safetensors"), "{code:?}: {said}");
        std::fs::write(place.path("run").join("checkpoint.safetensors"), good).unwrap();
    }
    assert_eq!(resumed().0, Some(0));
}

#[test]
fn a_test_set_may_lack_a_class_but_not_have_one_more() {
    let place = Place::new();
    let (train, all) = (stripes(200, 1), stripes(60, 2));
    let mut lacks = Digits { labels: Vec::new(), images: Vec::new(), ..all };
    for image in (0..60).filter(|image| all.label(*image) < 2) {
        lacks.labels.push(all.label(image));
        lacks.images.extend_from_slice(all.image(image));
    }
    write(&place.path("lacks"), &train, &lacks);
    let (code, said) = place.train("lacks", &["--resume", "--epochs", "2"]);
    assert_eq!(code, Some(0), "{said}");
    let accuracy = said.split("  test ").nth(1).unwrap().split(" %").next().unwrap();
    let model = place.path("run").join("model.safetensors");
    let evaluate = |data: &str| {
        let done = spiking(&["evaluate", model.to_str().unwrap(), "--data-dir", place.path(data).to_str().unwrap()]);
        (done.status.code(), text(&done.stderr) + &text(&done.stdout))
    };
    let (code, said) = evaluate("lacks");
    assert!(code == Some(0) && said.contains(&format!("Test accuracy {accuracy} %")), "{accuracy}: {said}");
    // A label that training has not is a mistake.
    let mut more = all.clone();
    more.labels[7] = 200;
    write(&place.path("more"), &train, &more);
    let (code, said) = evaluate("more");
    assert!(
        code == Some(1) && said.contains("3 classes") && said.contains("image 7 of the data has label 200"),
        "{said}"
    );
    let before = place.files();
    let (code, said) = place.train("more", &["--resume", "--epochs", "3"]);
    assert!(code == Some(1) && said.contains("test image 7") && said.contains("label 200"), "{said}");
    let (code, said) = place.train("more", &["--force", "--dataset", "folder"]);
    assert!(code == Some(1) && said.contains("label 200"), "{said}");
    assert!(place.files() == before, "something was touched");
}
