//! The receptive fields of a layer that learns by STDP as a file: a mosaic, and how many neurons answer to each class.

use super::marks::Ink;
use super::mosaic::colour;
use super::palette::Palette;
use super::svg::{Anchor, Frame, Label, Sheet};

const MARGIN: f64 = 24.0;
const WIDTH: f64 = 720.0;
const LEGEND: f64 = 176.0;
const ROW: f64 = 26.0;
const SWATCH: f64 = 14.0;

/// The picture: `href` is the address of the mosaic, `size` its width and height in pixels, and `counts` how many neurons answer
/// most to each class. Classes without a name have their number.
pub fn picture(href: &str, size: (usize, usize), counts: &[usize], names: &[&str]) -> String {
    let (light, dark) = (Palette::light(), Palette::dark());
    let height = WIDTH * size.1 as f64 / size.0.max(1) as f64;
    let legend = 3.0 * ROW + ROW * counts.len() as f64;
    let mut sheet = Sheet::new(WIDTH + LEGEND + 3.0 * MARGIN, height.max(legend) + 2.0 * MARGIN, &light, None);
    sheet.image(Frame { x: MARGIN, y: MARGIN, width: WIDTH, height }, href);
    let left = WIDTH + 2.0 * MARGIN;
    let text = Label {
        at: (left, MARGIN + 16.0),
        anchor: Anchor::Start,
        text: "",
        note: "",
        size: 12.0,
        bold: false,
        ink: Ink::Ink,
    };
    sheet.add_label(&Label { text: "Receptive fields", size: 17.0, bold: true, ..text });
    sheet.add_label(&Label { at: (left, MARGIN + 38.0), text: "and what they answer to", ink: Ink::Faint, ..text });
    let mut y = MARGIN + 2.4 * ROW;
    for (class, count) in counts.iter().enumerate() {
        let [r, g, b] = colour(class, &light);
        let swatch = Frame { x: left, y, width: SWATCH, height: SWATCH };
        sheet.rect(swatch, &format!("#{r:02x}{g:02x}{b:02x}"), 1.0);
        let name = names.get(class).map_or_else(|| class.to_string(), |name| (*name).to_owned());
        let base = y + 0.85 * SWATCH;
        sheet.add_label(&Label { at: (left + 24.0, base), text: &name, bold: true, ..text });
        let count = count.to_string();
        sheet.add_label(&Label { at: (left + LEGEND - 8.0, base), anchor: Anchor::End, text: &count, ..text });
        y += ROW;
    }
    let all: usize = counts.iter().sum();
    let each: Vec<String> = counts.iter().enumerate().map(|(class, count)| format!("{count} for {class}")).collect();
    let description = format!("The receptive fields of {all} neurons: {}.", each.join(", "));
    sheet.finish_described("Receptive fields that learnt without labels", &description, &dark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mosaic_stands_beside_its_classes() {
        let file = picture("data:,x", (58, 29), &[3, 0, 1], &[]);
        assert!(file.contains("href=\"data:,x\"") && file.contains("3 for 0, 0 for 1, 1 for 2"), "{file}");
        assert_eq!(file.matches("width=\"14.00\"").count(), 3);
        let named = picture("data:,x", (1, 1), &[1; 10], &["a<b"; 10]);
        assert!(named.contains("a&lt;b") && !named.contains("NaN"), "{named}");
    }
}
