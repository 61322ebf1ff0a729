//! The networks that ship read what a pen draws: real people's digits, and each in whatever size, place, slant and width.

use crate::models::test_set;
use spiking_playground::accuracy::evaluate;
use spiking_playground::cli::drawings::{self, Drawing};
use spiking_playground::digits::drawing::{PIXELS, SIDE, normalise};
use spiking_playground::inspection::trace;
use spiking_playground::kernels;
use spiking_playground::network::Network;
use spiking_playground::spec::{Dataset, Spec};
use spiking_playground::spikes::encode::Pass;
use spiking_playground::weights::checkpoint::model_from_bytes;
use std::path::Path;

type Strokes = Vec<Vec<[f32; 2]>>;

fn file(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn model(name: &str) -> (Spec, Network) {
    model_from_bytes(&file(&format!("models/{name}.safetensors")), &kernels::cpu()).unwrap()
}

/// 14 people's digits, none of whom any network here has learnt from (tests/drawings/README.md).
#[test]
fn real_peoples_digits_are_read() {
    let drawn = drawings::read(&String::from_utf8(file("tests/drawings/pendigits.csv")).unwrap()).unwrap();
    let digits = drawings::digits(&drawn);
    assert_eq!(digits.len(), 500);
    for (name, least) in [("mnist", MNIST), ("mnist-chatty", MNIST), ("mnist-small", SMALL)] {
        let (spec, network) = model(name);
        let accuracy = evaluate(&network, &spec, &digits, 0..digits.len(), 0).fraction();
        assert!(accuracy >= least, "{name} reads {:.1} %", 100.0 * accuracy);
    }
}
/// The shares that are read rightly of these 500 must not fall below.
const MNIST: f64 = 0.92;
const SMALL: f64 = 0.92;

/// What a reader of the page sees first: the first test image of each digit, and the answer stands by the end.
#[test]
fn the_pictures_that_the_page_offers_are_read() {
    let Some(test) = test_set(Dataset::Mnist) else { return };
    for name in ["mnist", "mnist-chatty", "mnist-small"] {
        let (spec, network) = model(name);
        for digit in 0..10 {
            let first = test.labels.iter().position(|label| usize::from(*label) == digit).unwrap();
            let trace = trace(&network, &spec, test.image(first), Pass::Drawing, 0);
            assert_eq!(trace.answer(), Some(digit), "{name} misreads the {digit}");
            assert!(trace.settled_at().is_some(), "{name} is not sure of the {digit}");
        }
    }
}

/// Ways to write that MNIST has few of.
fn ways() -> Vec<Drawing> {
    let way =
        |label: u8, strokes: &[&[[f32; 2]]]| Drawing { label, strokes: strokes.iter().map(|s| s.to_vec()).collect() };
    let oval: &[[f32; 2]] = &[
        [0.6, 0.12],
        [0.4, 0.13],
        [0.27, 0.32],
        [0.25, 0.6],
        [0.36, 0.85],
        [0.55, 0.88],
        [0.7, 0.7],
        [0.73, 0.4],
        [0.66, 0.2],
        [0.55, 0.12],
    ];
    vec![
        way(0, &[oval]),
        way(0, &[oval, &[[0.72, 0.15], [0.27, 0.86]]]),
        way(1, &[&[[0.52, 0.15], [0.5, 0.85]]]),
        way(1, &[&[[0.36, 0.32], [0.52, 0.14], [0.52, 0.86]]]),
        way(1, &[&[[0.36, 0.32], [0.52, 0.14], [0.52, 0.86]], &[[0.34, 0.86], [0.7, 0.86]]]),
        way(
            2,
            &[&[
                [0.3, 0.3],
                [0.38, 0.18],
                [0.55, 0.15],
                [0.68, 0.25],
                [0.66, 0.42],
                [0.5, 0.62],
                [0.3, 0.85],
                [0.72, 0.85],
            ]],
        ),
        way(
            2,
            &[&[
                [0.3, 0.3],
                [0.4, 0.16],
                [0.6, 0.17],
                [0.67, 0.33],
                [0.55, 0.6],
                [0.36, 0.84],
                [0.27, 0.8],
                [0.33, 0.72],
                [0.5, 0.78],
                [0.72, 0.86],
            ]],
        ),
        way(
            3,
            &[&[
                [0.3, 0.22],
                [0.45, 0.14],
                [0.62, 0.18],
                [0.67, 0.32],
                [0.58, 0.44],
                [0.45, 0.49],
                [0.6, 0.53],
                [0.71, 0.66],
                [0.63, 0.82],
                [0.45, 0.87],
                [0.28, 0.79],
            ]],
        ),
        way(4, &[&[[0.4, 0.14], [0.28, 0.55], [0.74, 0.53]], &[[0.62, 0.3], [0.6, 0.88]]]),
        way(4, &[&[[0.62, 0.12], [0.25, 0.62], [0.78, 0.62]], &[[0.62, 0.12], [0.62, 0.88]]]),
        way(
            5,
            &[
                &[[0.34, 0.15], [0.32, 0.45], [0.5, 0.42], [0.68, 0.55], [0.66, 0.75], [0.5, 0.87], [0.28, 0.8]],
                &[[0.34, 0.15], [0.68, 0.14]],
            ],
        ),
        way(
            6,
            &[&[
                [0.62, 0.12],
                [0.42, 0.32],
                [0.3, 0.6],
                [0.36, 0.82],
                [0.54, 0.88],
                [0.68, 0.74],
                [0.6, 0.58],
                [0.44, 0.58],
                [0.33, 0.7],
            ]],
        ),
        way(7, &[&[[0.26, 0.18], [0.5, 0.17], [0.74, 0.17], [0.6, 0.46], [0.5, 0.66], [0.44, 0.87]]]),
        way(7, &[&[[0.26, 0.16], [0.74, 0.15], [0.44, 0.87]], &[[0.34, 0.52], [0.72, 0.5]]]),
        way(
            8,
            &[&[
                [0.64, 0.22],
                [0.5, 0.13],
                [0.36, 0.24],
                [0.46, 0.44],
                [0.66, 0.66],
                [0.52, 0.87],
                [0.33, 0.72],
                [0.48, 0.5],
                [0.64, 0.3],
                [0.62, 0.18],
            ]],
        ),
        way(9, &[&[[0.66, 0.26], [0.5, 0.14], [0.33, 0.25], [0.4, 0.45], [0.58, 0.44], [0.67, 0.24], [0.66, 0.88]]]),
        way(
            9,
            &[&[
                [0.66, 0.28],
                [0.5, 0.14],
                [0.33, 0.28],
                [0.42, 0.48],
                [0.6, 0.42],
                [0.66, 0.26],
                [0.68, 0.6],
                [0.55, 0.84],
                [0.34, 0.86],
            ]],
        ),
    ]
}

fn moved(strokes: &Strokes, change: impl Fn([f32; 2]) -> [f32; 2]) -> Strokes {
    strokes.iter().map(|stroke| stroke.iter().map(|point| change(*point)).collect()).collect()
}

/// The picture as a pen so many pixels wide makes it, drawn large on a sheet of `sheet` pixels.
fn on_paper(strokes: &Strokes, sheet: usize, width: f32) -> [u8; PIXELS] {
    let mut grey = vec![0; sheet * sheet];
    for ends in strokes.iter().flat_map(|stroke| stroke.windows(2)) {
        for step in 0..=200 {
            let share = step as f32 / 200.0;
            let at = [0, 1].map(|axis| (ends[0][axis] + share * (ends[1][axis] - ends[0][axis])) * sheet as f32);
            for (i, pixel) in grey.iter_mut().enumerate() {
                let away = ((i % sheet) as f32 + 0.5 - at[0]).hypot((i / sheet) as f32 + 0.5 - at[1]);
                if away <= width / 2.0 {
                    *pixel = 255;
                }
            }
        }
    }
    spiking_playground::digits::drawing::picture(sheet, sheet, &grey)
}

#[test]
fn ways_to_write_are_read_in_any_size_place_and_slant() {
    let (spec, network) = model("mnist");
    let read = |image: &[u8; PIXELS]| trace(&network, &spec, image, Pass::Drawing, 0).answer();
    let (mut right, mut all, mut wrong) = (0, 0, Vec::new());
    for Drawing { label, strokes } in ways() {
        assert_eq!(read(&normalise(&strokes)), Some(usize::from(label)), "{label} as it is, {strokes:?}");
        let small = moved(&strokes, |[x, y]| [0.1 + 0.15 * x, 0.7 + 0.15 * y]);
        assert_eq!(read(&normalise(&small)), Some(usize::from(label)), "{label}, small and in a corner");
        let slanted = [-0.3f32, -0.15, 0.15, 0.3].map(|by| moved(&strokes, |[x, y]| [x + by * (0.5 - y), y]));
        let stretched = [0.75f32, 1.3].map(|by| moved(&strokes, |[x, y]| [0.5 + (x - 0.5) * by, y]));
        for changed in slanted.iter().chain(&stretched) {
            all += 1;
            let answer = read(&normalise(changed));
            if answer == Some(usize::from(label)) { right += 1 } else { wrong.push((label, answer)) }
        }
    }
    assert!(right * 100 >= all * 95, "{right} of {all}; wrong: {wrong:?}");
}

#[test]
fn thin_and_thick_pens_are_read() {
    let (spec, network) = model("mnist");
    for width in [2.0, 5.0, 9.0] {
        let (mut right, mut all) = (0, 0);
        for Drawing { label, strokes } in ways() {
            let image = on_paper(&strokes, 4 * SIDE, width);
            right += usize::from(trace(&network, &spec, &image, Pass::Drawing, 0).answer() == Some(usize::from(label)));
            all += 1;
        }
        assert!(right + 1 >= all, "a pen of {width} pixels on {}: {right} of {all}", 4 * SIDE);
    }
}
