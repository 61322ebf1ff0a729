//! What a file needs that no document has laid out: labels at places, a title, colours for a dark reader, and marks in
//! few words.

use super::super::marks::{Ink, Mark, Shade};
use super::super::palette::Palette;
use super::{Frame, Sheet, escaped, tick_frame};
use std::fmt::Write;

/// How a label stands at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// A line of text at a place, where no document has measured a box for it. It keeps what is below it off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Label<'a> {
    /// The place on its baseline, in CSS pixels.
    pub at: (f64, f64),
    /// How it stands there.
    pub anchor: Anchor,
    /// What it says.
    pub text: &'a str,
    /// What follows it, paler and in the common weight; may be empty.
    pub note: &'a str,
    /// Its size in CSS pixels.
    pub size: f64,
    /// Whether it is bold.
    pub bold: bool,
    /// Its colour.
    pub ink: Ink,
}

impl Sheet<'_> {
    /// Adds a label.
    pub fn add_label(&mut self, label: &Label<'_>) {
        let Label { at: (x, y), anchor, text, note, size, bold, ink } = *label;
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let (weight, colour) = (if bold { " font-weight=\"600\"" } else { "" }, self.palette.name(ink));
        self.put(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\"{weight} fill=\"{colour}\"{anchor}>{}",
            printable(text)
        ));
        if !note.is_empty() {
            let faint = self.palette.name(Ink::Faint);
            self.put(format_args!("<tspan dx=\"9\" font-weight=\"400\" fill=\"{faint}\">{}</tspan>", printable(note)));
        }
        self.put(format_args!("</text>"));
    }

    /// Adds marks of which many are alike. Ticks of one colour and height are one path, a quarter of the text, so those
    /// that overlap do not add up. Cells are their second colour over their first, which a stylesheet can exchange.
    pub fn add_merged(&mut self, frame: Frame, marks: &[Mark]) {
        let mut strokes: Vec<((Ink, f32, f64), String)> = Vec::new();
        for mark in marks {
            match mark {
                Mark::Tick { at, width, height, ink, alpha } => {
                    let Frame { x, y, width, height } = tick_frame(&frame, *at, *width, *height);
                    let kind = (*ink, *alpha, height);
                    let place = strokes.iter().position(|(own, _)| *own == kind).unwrap_or(strokes.len());
                    if place == strokes.len() {
                        strokes.push((kind, String::new()));
                    }
                    // A string takes whatever is written.
                    write!(strokes[place].1, "M{x:.1} {:.1}h{width:.1}", y + height / 2.0).unwrap_or_default();
                }
                Mark::Cells { columns, shades } => self.cells_over_ground(&frame, (*columns).max(1), shades),
                Mark::Line { .. } | Mark::Curve { .. } | Mark::Area { .. } | Mark::Bar { .. } | Mark::Dot { .. } => {
                    self.mark(&frame, mark);
                }
            }
        }
        for ((ink, alpha, height), path) in strokes {
            let colour = self.palette.name(ink);
            self.put(format_args!(
                "<path fill=\"none\" stroke=\"{colour}\" stroke-width=\"{height:.2}\" stroke-opacity=\"{alpha:.2}\" d=\"{path}\"/>"
            ));
        }
    }

    fn cells_over_ground(&mut self, frame: &Frame, columns: usize, shades: &[Shade]) {
        let Some(first) = shades.first() else { return };
        let (width, height) = (frame.width / columns as f64, frame.height / shades.len().div_ceil(columns) as f64);
        // Without crisp edges there would be seams between cells.
        self.put(format_args!("<g shape-rendering=\"crispEdges\">"));
        self.rect(*frame, self.palette.name(first.from), 1.0);
        for (row, shades) in shades.chunks(columns).enumerate() {
            let mut column = 0;
            for same in shades.chunk_by(|a, b| a == b) {
                let (x, y) = (frame.x + column as f64 * width, frame.y + row as f64 * height);
                if same[0].amount > 0.0 {
                    let colour = self.palette.name(same[0].to);
                    self.rect(Frame { x, y, width: width * same.len() as f64, height }, colour, same[0].amount);
                }
                column += same.len();
            }
        }
        self.put(format_args!("</g>"));
    }

    /// The file with a title and a description for those who hear it. Where the reader's system is dark, it is in the
    /// colours of `dark`.
    pub fn finish_described(self, title: &str, description: &str, dark: &Palette) -> String {
        let mut head =
            format!(" role=\"img\"><title>{}</title><desc>{}</desc><style>", printable(title), printable(description));
        let halo = |palette: &Palette| format!("text{{stroke:{}}}", palette.name(Ink::Paper));
        head += "text{font-variant-numeric:tabular-nums;stroke-width:5px;stroke-linejoin:round;paint-order:stroke}";
        head += &halo(self.palette);
        head += "@media(prefers-color-scheme:dark){";
        for ink in Ink::ALL {
            let (day, night) = (self.palette.name(ink), dark.name(ink));
            for property in ["fill", "stroke"] {
                // A string takes whatever is written.
                write!(head, "[{property}=\"{day}\"]{{{property}:{night}}}").unwrap_or_default();
            }
        }
        head += &halo(dark);
        head += "}</style>";
        // They stand at the start, in the outermost element.
        self.finish().replacen('>', &head, 1)
    }
}

/// A text of whatever origin as it may stand in an XML file, which cannot hold some characters.
fn printable(text: &str) -> String {
    let kept = text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}'));
    escaped(&kept.collect::<String>()).replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::super::marks::{plain, px};
    use super::super::tests::{FRAME, body};
    use super::*;

    #[test]
    fn a_label_holds_any_text() {
        let text = "a < b & c]]>\u{0}\u{ffff}";
        let label =
            Label { at: (1.0, 2.0), anchor: Anchor::End, text, note: "<n>", size: 12.0, bold: true, ink: Ink::Ink };
        let file = body(|sheet| sheet.add_label(&label));
        assert!(
            file.contains(">a &lt; b &amp; c]]&gt;<tspan ") && file.contains(">&lt;n&gt;</tspan></text>"),
            "{file}"
        );
        assert!(file.contains("text-anchor=\"end\"") && file.contains("font-weight=\"600\""), "{file}");
    }

    #[test]
    fn ticks_alike_are_one_path_and_cells_lie_over_their_ground() {
        let tick = |x: f32, alpha| Mark::Tick { at: (x, 0.5), width: px(4.0), height: px(2.0), ink: Ink::Spike, alpha };
        let cells =
            Mark::Cells { columns: 2, shades: vec![plain(Ink::Wash), Shade { amount: 0.5, ..plain(Ink::Ink) }] };
        let marks = [tick(0.1, 1.0), tick(0.2, 0.5), cells, tick(0.3, 1.0)];
        let file = body(|sheet| sheet.add_merged(FRAME, &marks));
        assert!(file.contains("d=\"M18.0 45.0h4.0M38.0 45.0h4.0\"") && file.matches("<path").count() == 2, "{file}");
        assert!(file.contains("width=\"50.00\" height=\"50.00\" fill=\"#888\" fill-opacity=\"0.50\""), "{file}");
    }

    #[test]
    fn a_file_with_a_description_has_a_dark_side() {
        let (light, dark) = (Palette::light(), Palette::dark());
        let file = Sheet::new(9.0, 9.0, &light, None).finish_described("T & t", "<d>", &dark);
        assert!(file.contains(" role=\"img\"><title>T &amp; t</title><desc>&lt;d&gt;</desc><style>"), "{file}");
        assert!(file.contains("[fill=\"#14171c\"]{fill:#eceef0}") && file.ends_with("</svg>\n"), "{file}");
    }
}
