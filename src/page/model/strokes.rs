//! What is drawn on the pad: lines in 0–1 coordinates, and how they go into a link.

use crate::decimal::Between;

/// A line of the pen.
pub type Stroke = Vec<[f32; 2]>;

/// Points nearer to each other than this are left out of a link.
const NEAR: f32 = 0.025;
/// The longest drawing that a link carries, in characters.
const LONGEST: usize = 1200;
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A three, for a page that finds no digits to show.
pub fn three() -> Vec<Stroke> {
    let points = [
        [0.30, 0.20],
        [0.40, 0.14],
        [0.52, 0.13],
        [0.63, 0.18],
        [0.67, 0.28],
        [0.63, 0.38],
        [0.54, 0.44],
        [0.44, 0.48],
        [0.56, 0.49],
        [0.67, 0.56],
        [0.71, 0.67],
        [0.67, 0.78],
        [0.57, 0.86],
        [0.44, 0.87],
        [0.33, 0.84],
        [0.27, 0.79],
    ];
    vec![points.to_vec()]
}

/// The drawing as text for a link: two characters a point (x and y in 64 levels), a dot between strokes.
///
/// ```
/// use spiking_playground::page::model::strokes::{from_text, to_text};
/// let text = to_text(&[vec![[0.0, 0.0], [1.0, 1.0]], vec![[0.5, 0.0]]]);
/// assert_eq!(text, "AA__.gA");
/// assert_eq!(to_text(&from_text(&text).unwrap()), text);
/// ```
pub fn to_text(strokes: &[Stroke]) -> String {
    let mut text = String::new();
    for stroke in strokes {
        if !text.is_empty() && text.len() < LONGEST {
            text.push('.');
        }
        let mut last: Option<[f32; 2]> = None;
        for (i, point) in stroke.iter().enumerate() {
            let far = last.is_none_or(|last| (last[0] - point[0]).hypot(last[1] - point[1]) >= NEAR);
            if (far || i + 1 == stroke.len()) && text.len() + 2 <= LONGEST {
                text.extend(point.map(|v| char::from(DIGITS[(v.between(0.0, 1.0) * 63.0).round() as usize])));
                last = Some(*point);
            }
        }
    }
    text
}

/// The drawing that [`to_text`] wrote; none where the text is something else.
pub fn from_text(text: &str) -> Option<Vec<Stroke>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let level = |byte: u8| DIGITS.iter().position(|digit| *digit == byte).map(|level| level as f32 / 63.0);
    let point = |pair: &[u8]| match pair {
        [x, y] => Some([level(*x)?, level(*y)?]),
        _ => None,
    };
    text.split('.').map(|stroke| stroke.as_bytes().chunks(2).map(point).collect()).collect()
}
