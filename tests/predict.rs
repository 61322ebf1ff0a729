//! Pictures in files: what they become, and what the program answers.

use crate::models::test_set;
use crate::program::{refused, spiking, text};
use spiking_playground::digits::drawing::{PIXELS, SIDE};
use spiking_playground::photo::{PhotoError, decode, prepare};
use spiking_playground::spec::Dataset;
use std::io::Write;
use std::path::Path;

/// A PNG of 8 bits a channel; `colour` is PNG's number of the kind of pixels, 0 for grey and 6 for RGBA.
fn png(width: usize, height: usize, colour: u8, pixels: &[u8]) -> Vec<u8> {
    let chunk = |name: &[u8; 4], body: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(name);
        crc.update(body);
        [&(body.len() as u32).to_be_bytes()[..], name, body, &crc.sum().to_be_bytes()].concat()
    };
    let size = [(width as u32).to_be_bytes(), (height as u32).to_be_bytes()].concat();
    let rows: Vec<u8> = pixels.chunks_exact(pixels.len() / height).flat_map(|row| [&[0], row].concat()).collect();
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    zlib.write_all(&rows).unwrap();
    let head = chunk(b"IHDR", &[&size[..], &[8, colour, 0, 0, 0]].concat());
    [&b"\x89PNG\r\n\x1a\n"[..], &head, &chunk(b"IDAT", &zlib.finish().unwrap()), &chunk(b"IEND", &[])].concat()
}

/// The picture enlarged, with a margin, as `value` makes it of ink.
fn large(digit: &[u8], times: usize, value: impl Fn(u8) -> u8) -> (usize, Vec<u8>) {
    let side = SIDE * times + 40;
    let ink = |i: usize| {
        let inside = |at: usize| at.checked_sub(20).map(|at| at / times).filter(|at| *at < SIDE);
        inside(i % side).zip(inside(i / side)).map_or(0, |(x, y)| digit[y * SIDE + x])
    };
    (side, (0..side * side).map(|i| value(ink(i))).collect())
}

fn seen(bytes: &[u8]) -> Vec<u8> {
    prepare(&decode(bytes).unwrap(), Dataset::Mnist, PIXELS).unwrap().pixels
}

#[test]
fn a_digit_is_the_same_however_it_is_shown() {
    let Some(test) = test_set(Dataset::Mnist) else { return };
    let full = |digit: &&[u8]| digit.contains(&255);
    for digit in (0..40).map(|index| test.image(index)).filter(full) {
        assert_eq!(seen(&png(SIDE, SIDE, 0, digit)), digit, "as it is");
        let (side, light) = large(digit, 4, |ink| ink);
        assert_eq!(seen(&png(side, side, 0, &light)), digit, "light on dark");
        let (side, dark) = large(digit, 4, |ink| 255 - ink);
        assert_eq!(seen(&png(side, side, 0, &dark)), digit, "dark on light");
        let clear: Vec<u8> = dark.iter().flat_map(|grey| [0, 0, 0, 255 - grey]).collect();
        assert_eq!(seen(&png(side, side, 6, &clear)), digit, "black on transparent");
    }
}

#[test]
fn uneven_paper_is_no_ink() {
    let Some(test) = test_set(Dataset::Mnist) else { return };
    let mut noise = 1u32;
    let mut uneven = |ink: u8| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (225 - u32::from(ink) * 3 / 4 + (noise >> 24) % 21) as u8
    };
    let (side, clean) = large(test.image(0), 6, |ink| ink);
    let paper: Vec<u8> = clean.iter().map(|ink| uneven(*ink)).collect();
    let pixels = seen(&png(side, side, 0, &paper));
    let differs = pixels.iter().zip(test.image(0)).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / 784.0;
    // The faint rim of the strokes is lost in the paper, a few greys in the mean.
    assert!(differs < 8.0, "{differs}");
}

#[test]
fn bad_pictures_are_errors() {
    // A 1, ten pixels high.
    let one: Vec<u8> = (0..14 * 14)
        .map(|at| if (6..8).contains(&(at % 14)) && (2..12).contains(&(at / 14)) { 255 } else { 0 })
        .collect();
    let good = png(14, 14, 0, &one);
    let prepared = |bytes: &[u8]| decode(bytes).and_then(|picture| prepare(&picture, Dataset::Mnist, PIXELS));
    assert!(prepared(&good).is_ok());
    for cut in 0..good.len() - 12 {
        assert!(decode(&good[..cut]).is_err(), "cut at {cut}");
    }
    for at in 8..good.len() {
        let mut broken = good.clone();
        broken[at] ^= 0x55;
        let _no_panic = prepared(&broken);
    }
    assert!(decode(b"\xff\xd8\xff\xe0 no picture").is_err());
    assert!(decode(b"GIF89a").is_err());
    assert_eq!(prepared(&png(3, 3, 0, &[77; 9])), Err(PhotoError::Empty));
}

#[test]
fn pictures_are_answered_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let Some(test) = test_set(Dataset::Mnist) else { return };
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/mnist.safetensors");
    let model = model.to_str().unwrap();
    let (side, dark) = large(test.image(0), 5, |ink| 255 - ink);
    std::fs::write(place("seven.png"), png(side, side, 0, &dark)).unwrap();
    std::fs::write(place("two.png"), png(SIDE, SIDE, 0, test.image(1))).unwrap();
    std::fs::write(place("bad.png"), b"\x89PNG and then nothing").unwrap();
    std::fs::write(place("empty.png"), png(9, 9, 0, &[255; 81])).unwrap();
    let good = spiking(&["predict", model, &place("seven.png"), &place("two.png")]);
    let lines = text(&good.stdout);
    assert!(good.status.success(), "{}", text(&good.stderr));
    assert!(lines.contains("seven.png: 7, probability") && lines.contains("two.png: 2, probability"), "{lines}");
    assert!(lines.contains("since time step") && lines.lines().count() == 2, "{lines}");

    let some =
        spiking(&["predict", model, &place("bad.png"), &place("gone.png"), &place("empty.png"), &place("two.png")]);
    let (answers, errors) = (text(&some.stdout), text(&some.stderr));
    assert_eq!(some.status.code(), Some(1), "{errors}");
    assert!(answers.contains("two.png: 2") && answers.lines().count() == 1, "{answers}");
    assert!(["bad.png", "gone.png", "empty.png", "3 of 4"].iter().all(|part| errors.contains(part)), "{errors}");
    let drawn = spiking(&["predict", model, &place("seven.png"), "--svg", &place("seven.svg")]);
    assert!(drawn.status.success(), "{}", text(&drawn.stderr));
    let svg = std::fs::read_to_string(place("seven.svg")).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("seven.png is read as 7, since time step"), "{svg}");
    let (code, message) = refused(&["predict", model, &place("seven.png"), &place("two.png"), "--svg", "no.svg"]);
    assert!(code == 1 && message.contains("--svg"), "{code}: {message}");
    // Without a network the one that reads hands best is taken.
    let built_in = spiking(&["predict", &place("seven.png")]);
    assert!(built_in.status.success(), "{}", text(&built_in.stderr));
    assert!(text(&built_in.stdout).contains("seven.png: 7"), "{}", text(&built_in.stdout));
    let (code, message) = refused(&["predict", model]);
    assert!(code == 2 && message.contains("<IMAGE>"), "{code}: {message}");
}
