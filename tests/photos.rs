//! Photos of paper, files of every kind, and the data sets' own images as files: what is read in them.

use crate::imitated::{KINDS, Random, photo};
use crate::models::test_set;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, GrayImage, ImageFormat, Rgba, RgbaImage};
use spiking_playground::accuracy::{evaluate, predictions};
use spiking_playground::digits::Digits;
use spiking_playground::digits::drawing::PIXELS;
use spiking_playground::inspection::trace;
use spiking_playground::kernels;
use spiking_playground::network::Network;
use spiking_playground::photo::{PhotoError, decode, prepare};
use spiking_playground::spec::{Dataset, Encoding, Spec};
use spiking_playground::spikes::encode::Pass;
use spiking_playground::weights::checkpoint::model_from_bytes;
use std::io::Cursor;
use std::path::Path;

fn model(name: &str) -> (Spec, Network) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(name).with_extension("safetensors");
    model_from_bytes(&std::fs::read(file).unwrap(), &kernels::cpu()).unwrap()
}

/// What a network answers to a picture, and how surely; `None` where it is refused or said to be in doubt.
fn sure_answer((spec, network): &(Spec, Network), picture: &RgbaImage) -> Option<(usize, f32)> {
    let prepared = prepare(picture, spec.dataset, PIXELS).ok()?;
    if prepared.ink.is_some_and(|ink| ink.has_rival) {
        return None;
    }
    let trace = trace(network, spec, &prepared.pixels, Pass::Drawing, 0);
    trace.answer().map(|class| (class, trace.probabilities()[class]))
}

fn rgba(grey: GrayImage) -> RgbaImage {
    DynamicImage::ImageLuma8(grey).into_rgba8()
}

fn jpeg(grey: &GrayImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(grey).unwrap();
    bytes
}

fn png(picture: &DynamicImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// The goal of 95 % is over all kinds together; no kind may be the exception on whose cost the others reach it. What is
/// answered surely must be right more often still.
#[test]
fn imitated_photos_are_read() {
    let model = model("mnist");
    let (mut right, mut all, mut sure, mut sure_and_right) = (0, 0, 0, 0);
    let mut failed = Vec::new();
    for kind in KINDS {
        let (mut own, mut of) = (0, 0);
        for height in [0.6, 0.35, 0.2] {
            for digit in 0..10u8 {
                let picture = photo(kind, digit, height, 2026).to_rgba8();
                let answer = sure_answer(&model, &picture);
                let is_right = answer.is_some_and(|(class, _)| class == usize::from(digit));
                (own, of) = (own + usize::from(is_right), of + 1);
                if answer.is_some_and(|(_, probability)| probability > 0.99) {
                    (sure, sure_and_right) = (sure + 1, sure_and_right + usize::from(is_right));
                }
                if !is_right {
                    failed.push(format!("{kind} {digit} {height}: {answer:?}"));
                }
            }
        }
        assert!(own * 100 >= of * 80, "{kind}: {own} of {of}; {failed:?}");
        (right, all) = (right + own, all + of);
    }
    println!("{right} of {all} photos are read, {sure_and_right} of the {sure} that are answered with over 99 %");
    assert!(right * 100 >= all * 95, "{right} of {all}; {failed:?}");
    assert!(sure_and_right * 100 >= sure * 99, "{sure_and_right} of the {sure} sure ones; {failed:?}");
}

/// As a phone sends it: enlarged, with noise, as a JPEG, some of them lying on their side with an EXIF orientation.
#[test]
fn large_noisy_jpegs_are_read() {
    let model = model("mnist");
    let (mut right, mut all) = (0, 0);
    for (at, kind) in KINDS.iter().enumerate() {
        let digit = (at % 10) as u8;
        let small = photo(kind, digit, 0.35, 7).to_luma8();
        let (width, height) = (small.width() * 3, small.height() * 3);
        let mut large = image::imageops::resize(&small, width, height, image::imageops::FilterType::CatmullRom);
        let mut random = Random::new(at as u64);
        large.iter_mut().for_each(|value| *value = (f32::from(*value) + 6.0 * random.normal()).round() as u8);
        let bytes = if at % 2 == 0 { jpeg(&large, 60) } else { turned(&jpeg(&image::imageops::rotate270(&large), 60)) };
        let answer = sure_answer(&model, &decode(&bytes).unwrap());
        right += usize::from(answer.is_some_and(|(class, _)| class == usize::from(digit)));
        all += 1;
    }
    assert!(right * 100 >= all * 90, "{right} of {all}");
}

/// The JPEG with an EXIF block that says: to be turned by 90° (orientation 6).
fn turned(jpeg: &[u8]) -> Vec<u8> {
    let entry = [0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0];
    let tiff = [&b"II*\0\x08\0\0\0\x01\0"[..], &entry, &[0; 4]].concat();
    let body = [b"Exif\0\0", &tiff[..]].concat();
    let segment = [&[0xff, 0xe1][..], &(body.len() as u16 + 2).to_be_bytes(), &body].concat();
    [&jpeg[..2], &segment, &jpeg[2..]].concat()
}

/// Each file's name ends in what is on it.
#[test]
fn files_that_were_misread_are_read() {
    let (digits, clothes) = (model("mnist"), model("fashion-mnist"));
    let words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/pictures");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let picture = decode(&std::fs::read(&path).unwrap()).unwrap();
        let (model, right) = match name.strip_suffix("-q95").unwrap_or(name).rsplit('-').next().unwrap() {
            "boot" => (&clothes, 9),
            "3" => (&digits, 3),
            word => (&digits, words.iter().position(|other| *other == word).unwrap()),
        };
        let answer = sure_answer(model, &picture);
        assert_eq!(answer.map(|(class, _)| class), Some(right), "{name}");
        count += 1;
    }
    assert!(count >= 15, "{count} files");
}

/// The share of a test set's first images that a network reads, given as files that `file` makes of them.
fn accuracy(
    (spec, network): &(Spec, Network),
    test: &Digits,
    count: usize,
    file: impl Fn(&GrayImage) -> Vec<u8>,
) -> f64 {
    let image = |at: usize| {
        let grey = GrayImage::from_raw(28, 28, test.image(at).to_vec()).unwrap();
        prepare(&decode(&file(&grey)).unwrap(), spec.dataset, PIXELS).map_or(vec![0; PIXELS], |seen| seen.pixels)
    };
    let images: Vec<u8> = (0..count).flat_map(image).collect();
    let seen = Digits { images, labels: test.labels[..count].to_vec(), ..*test };
    let right = predictions(network, spec, &seen, 0..count, 0).iter().zip(&seen.labels).filter(|(a, b)| a == b).count();
    right as f64 / count as f64
}

#[test]
fn the_data_sets_images_are_read_as_well_as_files() {
    for (name, dataset) in [("mnist", Dataset::Mnist), ("fashion-mnist", Dataset::FashionMnist)] {
        let model = model(name);
        let Some(test) = test_set(dataset) else { continue };
        let count = 2000;
        let idx = evaluate(&model.1, &model.0, &test, 0..count, 0).fraction();
        let as_png = |grey: &GrayImage| png(&DynamicImage::ImageLuma8(grey.clone()));
        for (format, share) in [
            ("PNG", accuracy(&model, &test, count, as_png)),
            ("JPEG, quality 95", accuracy(&model, &test, count, |grey| jpeg(grey, 95))),
            ("JPEG, quality 75", accuracy(&model, &test, count, |grey| jpeg(grey, 75))),
        ] {
            println!("{name} as {format}: {share:.4}, as idx {idx:.4}");
            // Where spikes are timed, the faint greys that JPEG leaves beside a garment spike as well, late.
            let most = if model.0.encoding == Encoding::Latency && format != "PNG" { 0.015 } else { 0.005 };
            assert!((share - idx).abs() <= most, "{name} as {format}: {share}, idx {idx}");
        }
    }
}

#[test]
fn colours_and_transparency_may_be_all_there_is() {
    let model = model("mnist");
    let digit = photo("flat", 2, 0.6, 3).to_luma8();
    let read = |pixel: &dyn Fn(u8) -> Rgba<u8>| {
        let picture = RgbaImage::from_fn(digit.width(), digit.height(), |x, y| pixel(digit.get_pixel(x, y)[0]));
        sure_answer(&model, &picture).map(|(class, _)| class)
    };
    let red_on_green = |grey: u8| if grey < 128 { Rgba([255, 0, 0, 255]) } else { Rgba([0, 130, 0, 255]) };
    let blue_on_orange = |grey: u8| if grey < 128 { Rgba([60, 60, 255, 255]) } else { Rgba([150, 70, 0, 255]) };
    let clear_ink = |grey: u8| Rgba([255, 255, 255, if grey < 128 { 0 } else { 255 }]);
    let white_ink = |grey: u8| Rgba([255, 255, 255, if grey < 128 { 255 } else { 0 }]);
    let black_ink = |grey: u8| Rgba([0, 0, 0, if grey < 128 { 255 } else { 0 }]);
    assert_eq!(read(&red_on_green), Some(2), "red on green");
    assert_eq!(read(&blue_on_orange), Some(2), "blue on orange");
    assert_eq!(read(&clear_ink), Some(2), "a hole in white");
    assert_eq!(read(&white_ink), Some(2), "white on nothing");
    assert_eq!(read(&black_ink), Some(2), "black on nothing");
}

#[test]
fn what_is_no_ink_is_said() {
    let refusal = |grey: GrayImage| prepare(&rgba(grey), Dataset::Mnist, PIXELS).map(|_| ()).err();
    assert_eq!(refusal(GrayImage::from_pixel(300, 400, image::Luma([200]))), Some(PhotoError::Empty));
    let mut random = Random::new(5);
    let noise = GrayImage::from_fn(300, 400, |_, _| image::Luma([(128.0 + 40.0 * random.normal()).round() as u8]));
    assert_eq!(refusal(noise), Some(PhotoError::Unclear));
    let ramp = GrayImage::from_fn(300, 400, |x, y| image::Luma([((x + y) / 3) as u8]));
    assert_eq!(refusal(ramp), Some(PhotoError::Unclear));
    let one = GrayImage::from_pixel(1, 1, image::Luma([7]));
    assert_eq!(refusal(one), Some(PhotoError::Empty));
    for (width, height) in [(1, 900), (900, 1), (2, 2), (3, 50), (28, 1)] {
        let stripes = GrayImage::from_fn(width, height, |x, y| image::Luma([(x * 90 + y * 70) as u8]));
        let _no_panic = refusal(stripes);
    }
}

/// Two digits as large as each other: it is said that there are two.
#[test]
fn two_digits_are_a_doubt() {
    let (left, right) = (photo("flat", 3, 0.4, 1).to_luma8(), photo("flat", 8, 0.4, 2).to_luma8());
    let mut both = GrayImage::new(600, 400);
    image::imageops::replace(&mut both, &left, 0, 0);
    image::imageops::replace(&mut both, &right, 300, 0);
    // Both sheets are of the same paper.
    let (a, b) = (left.get_pixel(5, 5)[0], right.get_pixel(5, 5)[0]);
    both.enumerate_pixels_mut().filter(|(x, _, _)| *x >= 300).for_each(|(_, _, pixel)| {
        pixel[0] = (i16::from(pixel[0]) + i16::from(a) - i16::from(b)).clamp(0, 255) as u8;
    });
    let seen = prepare(&rgba(both), Dataset::Mnist, PIXELS).unwrap();
    assert!(seen.ink.unwrap().has_rival);
}

#[test]
fn pictures_for_other_data_sets_keep_their_form() {
    let grey = GrayImage::from_fn(56, 56, |x, y| image::Luma([if x < 28 && y < 28 { 200 } else { 20 }]));
    let seen = prepare(&rgba(grey.clone()), Dataset::Folder, 14 * 14).unwrap();
    assert_eq!((seen.pixels.len(), seen.ink), (196, None));
    assert!(seen.pixels[0] == 200 && seen.pixels[195] == 20, "{:?}", seen.pixels);
    let small = GrayImage::from_fn(14, 14, |x, y| image::Luma([(x * 14 + y) as u8]));
    let seen = prepare(&rgba(small.clone()), Dataset::Folder, 14 * 14).unwrap();
    assert_eq!(seen.pixels, small.into_raw(), "as it is");
    let refused = prepare(&rgba(grey), Dataset::Folder, 15);
    assert_eq!(refused, Err(PhotoError::NoSquare(15)));
    // A dark shoe in a shop's white becomes a light one on black, as wide as the image.
    let shoe = GrayImage::from_fn(300, 200, |x, y| {
        image::Luma([if (50..250).contains(&x) && (80..140).contains(&y) { 60 } else { 255 }])
    });
    let seen = prepare(&rgba(shoe), Dataset::FashionMnist, PIXELS).unwrap().pixels;
    assert!(seen[14 * 28] > 150 && seen[14 * 28 + 27] > 150 && seen[14] == 0, "{seen:?}");
}

#[test]
fn a_large_photo_is_opened_and_a_huge_one_refused_by_its_header() {
    let large = GrayImage::from_pixel(9000, 7000, image::Luma([230]));
    assert_eq!(decode(&jpeg(&large, 30)).unwrap().width(), 9000);
    let header = |width: u32, height: u32| {
        let picture = png(&DynamicImage::new_rgba16(1, 1));
        let mut crc = flate2::Crc::new();
        let body = [b"IHDR", &width.to_be_bytes()[..], &height.to_be_bytes(), &picture[24..29]].concat();
        crc.update(&body);
        [&picture[..12], &body, &crc.sum().to_be_bytes(), &picture[33..]].concat()
    };
    assert_eq!(decode(&header(60_000, 60_000)).unwrap_err(), PhotoError::TooLarge { width: 60_000, height: 60_000 });
    assert!(matches!(decode(&header(20_000, 20_000)).unwrap_err(), PhotoError::TooLarge { .. }));
}

#[test]
fn other_files_are_named() {
    let said = |bytes: &[u8]| decode(bytes).unwrap_err().to_string();
    assert!(said(b"\0\0\0\x18ftypheic\0\0\0\0").contains("HEIC"));
    assert!(said(b"\0\0\0\x18ftypavif\0\0\0\0").contains("AVIF"));
    assert!(said(b"%PDF-1.7").contains("PDF"));
    assert!(said(b"<svg xmlns").contains("SVG"));
    assert!(said(b"<!DOCTYPE html>").contains("web page"));
    assert!(said(b"hello").contains("neither PNG nor JPEG"));
    assert!(said(b"").contains("neither PNG nor JPEG"));
}

/// What each format and each kind of pixels has is the same picture.
#[test]
fn every_format_and_depth_is_read() {
    let grey = photo("flat", 5, 0.6, 4).to_luma8();
    let right = rgba(grey.clone());
    let picture = DynamicImage::ImageLuma8(grey);
    let written = |picture: &DynamicImage, format: ImageFormat| {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    };
    for format in [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::WebP, ImageFormat::Gif] {
        let shown = DynamicImage::ImageRgba8(right.clone());
        let read = decode(&written(&shown, format)).unwrap();
        // A GIF has 256 colours, which need not be these.
        let close = read.iter().zip(right.iter()).all(|(a, b)| a.abs_diff(*b) <= 4);
        assert!(read.dimensions() == right.dimensions() && close, "{format:?}");
    }
    for deep in [
        DynamicImage::ImageLumaA8(picture.to_luma_alpha8()),
        DynamicImage::ImageRgb8(picture.to_rgb8()),
        DynamicImage::ImageLuma16(picture.to_luma16()),
        DynamicImage::ImageLumaA16(picture.to_luma_alpha16()),
        DynamicImage::ImageRgb16(picture.to_rgb16()),
        DynamicImage::ImageRgba16(picture.to_rgba16()),
    ] {
        let kind = deep.color();
        assert!(decode(&written(&deep, ImageFormat::Png)).unwrap() == right, "{kind:?}");
    }
}
