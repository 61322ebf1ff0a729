//! Files of drawn digits for the evaluation of a network, one drawing per line.
//!
//! A line is either a JSON object, `{"label": 7, "strokes": [[[x, y], …], …]}`, with x to the right and y downwards, in
//! any unit; or numbers separated by commas, x, y, x, y, … and the digit at the end, with y upwards: the path of one
//! pen, as in the files of the UCI repository's "Pen-Based Recognition of Handwritten Digits" (doi:10.24432/C5MG6K).
//! Each drawing is normalised as one on the page's pad is ([`crate::digits::drawing`]).

use crate::digits::Digits;
use crate::digits::drawing::{SIDE, normalise};
use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::Deserialize;

/// A drawn digit, as the path of its pen.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drawing {
    /// The digit.
    pub label: u8,
    /// Its strokes, points [x, y] with y downwards.
    pub strokes: Vec<Vec<[f32; 2]>>,
}

/// The byte order marks of UTF-16.
const UTF_16: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];
/// The maximal coordinate: the extent of a drawing must be finite.
const MAX_COORDINATE: f32 = 1e30;
/// UTF-8's byte order mark, which some editors put at the start of a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The drawings of a file, from its bytes.
///
/// # Errors
/// When it is not UTF-8 text; names the first line that is not a drawing.
pub fn from_bytes(bytes: &[u8]) -> Result<Vec<Drawing>> {
    ensure!(!UTF_16.iter().any(|mark| bytes.starts_with(mark)), "it is text in UTF-16: save it as UTF-8");
    match std::str::from_utf8(bytes) {
        Ok(text) => read(text),
        Err(error) => {
            let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
            bail!("line {line} is no drawing: it is no text in UTF-8")
        }
    }
}

/// The drawings of a file; a byte order mark at its start is skipped.
///
/// # Errors
/// Names the first line that is not a drawing.
pub fn read(text: &str) -> Result<Vec<Drawing>> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty());
    lines.map(|(at, line)| drawing(line).with_context(|| format!("line {} is no drawing", at + 1))).collect()
}

fn drawing(line: &str) -> Result<Drawing> {
    ensure!(!line.contains(BYTE_ORDER_MARK), "there is a byte order mark (U+FEFF) in it: remove it");
    let drawing: Drawing = if line.starts_with('{') { json(line)? } else { path(line)? };
    ensure!(drawing.label < 10, "{} is no digit", drawing.label);
    let right = |value: &f32| value.abs() <= MAX_COORDINATE;
    ensure!(drawing.strokes.iter().flatten().flatten().all(right), "a coordinate is beyond ±{MAX_COORDINATE:e}");
    ensure!(drawing.strokes.iter().any(|stroke| !stroke.is_empty()), "it has no ink");
    Ok(drawing)
}

/// A drawing as JSON.
fn json(line: &str) -> Result<Drawing> {
    // The caller's message has the line; the JSON parser always says line 1.
    serde_json::from_str(line)
        .map_err(|error| anyhow!("{}", error.to_string().replace("at line 1 column", "at column")))
}

/// One stroke and a digit, as numbers separated by commas.
fn path(line: &str) -> Result<Drawing> {
    let (points, label) = line.rsplit_once(',').context("it is neither JSON nor numbers separated by commas")?;
    let number = |text: &str| {
        let text = text.trim();
        let number = text.parse::<f32>().ok().filter(|number| number.is_finite());
        number.with_context(|| format!("`{text}` is no number that a pen can be at"))
    };
    let numbers = points.split(',').map(number).collect::<Result<Vec<f32>>>()?;
    ensure!(numbers.len().is_multiple_of(2), "it has an x without a y");
    let label = label.trim();
    let label = label.parse().ok().with_context(|| format!("`{label}` is no digit"))?;
    Ok(Drawing { label, strokes: vec![numbers.chunks_exact(2).map(|point| [point[0], -point[1]]).collect()] })
}

/// The drawings as a data set for the network, normalised to 28 × 28 pixels.
pub fn digits(drawings: &[Drawing]) -> Digits {
    let images = drawings.iter().flat_map(|drawing| normalise(&on_the_pad(&drawing.strokes))).collect();
    Digits { width: SIDE, height: SIDE, images, labels: drawings.iter().map(|drawing| drawing.label).collect() }
}

/// The strokes scaled to the pad, 0 to 1 in both directions, with their proportions kept.
fn on_the_pad(strokes: &[Vec<[f32; 2]>]) -> Vec<Vec<[f32; 2]>> {
    let ends = |axis: usize| {
        let values = strokes.iter().flatten().map(|point| point[axis]).filter(|value| value.is_finite());
        values.fold((f32::MAX, f32::MIN), |(low, high), value| (low.min(value), high.max(value)))
    };
    let (x, y) = (ends(0), ends(1));
    let extent = (x.1 - x.0).max(y.1 - y.0).max(f32::MIN_POSITIVE);
    let point = |[a, b]: &[f32; 2]| [(a - x.0) / extent, (b - y.0) / extent];
    strokes.iter().map(|stroke| stroke.iter().map(point).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_lines_are_read() {
        let read = read("{\"label\": 1, \"strokes\": [[[5, 0], [5, 9]]]}\n\n50, 100, 50, 0, 1\n").unwrap_or_default();
        let [json, numbers] = &read[..] else { panic!("{read:?}") };
        assert_eq!((json.label, numbers.label), (1, 1));
        let digits = digits(&read);
        assert_eq!(digits.image(0), digits.image(1));
        assert_eq!(digits.labels, [1, 1]);
    }

    #[test]
    fn what_is_no_drawing_is_told() {
        let error = |text: &str| read(text).err().map_or(String::new(), |error| format!("{error:#}"));
        assert!(error("1,2,3,4").contains("line 1"));
        assert!(error("0,0,9,9,1\n0,0,9,9,11").contains("line 2 is no drawing: 11 is no digit"));
        assert!(error("x,0,1").contains("`x` is no number"));
        assert!(error("0,1").contains("an x without a y"));
        assert!(error("{\"label\": 1}").contains("strokes"));
        assert!(error("{\"label\": 1, \"strokes\": [[]]}").contains("no ink"));
        assert!(error("seven").contains("neither"));
    }
}
