//! Pictures as SVG files, of the same marks that `canvas.rs` paints. A file may move by itself: then a cursor runs through
//! its staves as on the page.

mod standalone;

pub use standalone::{Anchor, Label};

use super::marks::{Extent, Ink, Mark, Point, along};
use super::palette::Palette;
use std::fmt::Write;

/// The place of a picture on the sheet, in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Frame {
    /// Its left edge.
    pub x: f64,
    /// Its upper edge.
    pub y: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

/// How the cursor of a sheet that moves runs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Motion {
    /// Seconds from the first time step to the last.
    pub runs: f64,
    /// Seconds that it then stands.
    pub rests: f64,
}

/// A piece of text on the sheet.
#[derive(Clone, Debug, PartialEq)]
pub struct Words<'a> {
    /// Where it stands; its baseline is a fifth of the height above the lower edge.
    pub frame: Frame,
    /// What it says.
    pub text: &'a str,
    /// Its size in CSS pixels.
    pub size: &'a str,
    /// Its weight, 100 to 900.
    pub weight: &'a str,
    /// Its colour.
    pub colour: &'a str,
}

/// A file in the making.
pub struct Sheet<'a> {
    palette: &'a Palette,
    size: (f64, f64),
    motion: Option<Motion>,
    body: String,
    clips: usize,
}

impl<'a> Sheet<'a> {
    /// An empty sheet of that size, in CSS pixels.
    pub fn new(width: f64, height: f64, palette: &'a Palette, motion: Option<Motion>) -> Self {
        Self { palette, size: (width, height), motion, body: String::new(), clips: 0 }
    }

    /// Adds marks.
    pub fn add(&mut self, frame: Frame, marks: &[Mark]) {
        marks.iter().for_each(|mark| self.mark(&frame, mark));
    }

    /// Adds a stave: what the cursor has passed, what is to come, and how far the cursor is, 0 to 1.
    pub fn add_stave(&mut self, frame: Frame, past: &[Mark], future: &[Mark], reached: f64) {
        let Frame { x, y, width, height } = frame;
        let passed = self.clips;
        self.clips += 2;
        for (clip, from, share) in [(passed, 0.0, reached), (passed + 1, reached, 1.0 - reached)] {
            // What is to come lies below what has passed and has a ground of its own, so only the first clip moves.
            let share = if self.motion.is_some() { f64::from(u8::from(clip != passed)) } else { share };
            let from = if self.motion.is_some() { 0.0 } else { from };
            self.put(format_args!(
                "<clipPath id=\"c{clip}\"><rect x=\"{:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\">",
                x + from * width,
                share * width
            ));
            if clip == passed {
                self.animate("width", 0.0, width);
            }
            self.put(format_args!("</rect></clipPath>"));
        }
        for (clip, marks) in [(passed + 1, future), (passed, past)] {
            self.put(format_args!("<g clip-path=\"url(#c{clip})\">"));
            if clip == passed {
                self.rect(frame, self.palette.name(Ink::Paper), 1.0);
            }
            self.add(frame, marks);
            self.put(format_args!("</g>"));
        }
    }

    /// Adds the cursor: a line through this frame, or one that runs along it.
    pub fn add_cursor(&mut self, frame: Frame, reached: f64) {
        let (x, ink) = (frame.x + reached * frame.width, self.palette.name(Ink::Ink));
        self.put(format_args!(
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"1\" height=\"{:.1}\" fill=\"{ink}\">",
            frame.y, frame.height
        ));
        self.animate("x", frame.x, frame.x + frame.width);
        self.put(format_args!("</rect>"));
    }

    /// Adds text.
    pub fn add_words(&mut self, words: &Words<'_>) {
        let (x, y) = (words.frame.x, words.frame.y + words.frame.height * 0.78);
        self.put(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{}\" font-weight=\"{}\" fill=\"{}\">{}</text>",
            words.size,
            words.weight,
            words.colour,
            escaped(words.text)
        ));
    }

    /// Adds a plain rectangle.
    pub fn rect(&mut self, frame: Frame, colour: &str, alpha: f32) {
        let Frame { x, y, width, height } = frame;
        self.put(format_args!(
            "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"{colour}\" fill-opacity=\"{alpha:.2}\"/>"
        ));
    }

    /// Adds a picture of pixels, which stay squares.
    pub fn image(&mut self, frame: Frame, href: &str) {
        let Frame { x, y, width, height } = frame;
        self.put(format_args!(
            "<image x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" href=\"{}\"/>",
            escaped(href)
        ));
    }

    /// The file.
    pub fn finish(self) -> String {
        let ((width, height), ground) = (self.size, self.palette.name(Ink::Paper));
        [
            format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" \
                 font-family=\"system-ui,sans-serif\" stroke-linejoin=\"round\"><rect width=\"100%\" height=\"100%\" fill=\"{ground}\"/>"
            ),
            self.body,
            "</svg>\n".to_owned(),
        ]
        .concat()
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // A string takes whatever is written.
        self.body.write_fmt(text).unwrap_or_default();
    }

    fn animate(&mut self, name: &str, from: f64, to: f64) {
        if let Some(Motion { runs, rests }) = self.motion {
            let all = runs + rests;
            self.put(format_args!(
                "<animate attributeName=\"{name}\" values=\"{from:.1};{to:.1};{to:.1}\" keyTimes=\"0;{:.2};1\" dur=\"{all:.1}s\" repeatCount=\"indefinite\"/>",
                runs / all
            ));
        }
    }

    fn mark(&mut self, frame: &Frame, mark: &Mark) {
        let at = |(x, y): Point| (frame.x + f64::from(x) * frame.width, frame.y + f64::from(y) * frame.height);
        match mark {
            Mark::Line { points, ink, width, dash } => {
                let dash = dash.map_or_else(String::new, |(on, off)| format!(" stroke-dasharray=\"{on:.1} {off:.1}\""));
                self.line(&mut points.iter().map(|point| at(*point)), *ink, *width, 1.0, &dash);
            }
            Mark::Curve { ends, part: [from, to], ink, width, alpha } => {
                let point = |i: u8| at(along(*ends, from + (to - from) * f32::from(i) / 24.0));
                self.line(&mut (0..=24).map(point), *ink, *width, *alpha, "");
            }
            Mark::Area { points, ink, alpha } => {
                let colour = self.palette.name(*ink).to_owned();
                self.put(format_args!("<polygon fill=\"{colour}\" fill-opacity=\"{alpha:.2}\" points=\""));
                self.points(&mut points.iter().map(|point| at(*point)));
            }
            Mark::Tick { at, width, height, ink, alpha } => {
                self.rect(tick_frame(frame, *at, *width, *height), self.palette.name(*ink), *alpha);
            }
            Mark::Bar { from, to, ink, alpha } => {
                let ((x, y), (right, bottom)) = (at(*from), at(*to));
                self.rect(Frame { x, y, width: right - x, height: bottom - y }, self.palette.name(*ink), *alpha);
            }
            Mark::Dot { at: middle, radius, fill, rim } => {
                let ((x, y), r) = (at(*middle), length(*radius, frame.width));
                let rim = rim.map_or("none", |rim| self.palette.name(rim));
                let fill = self.palette.hex(*fill);
                self.put(format_args!(
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{r:.1}\" fill=\"{fill}\" stroke=\"{rim}\" stroke-width=\"1.2\"/>"
                ));
            }
            Mark::Cells { columns, shades } => {
                let columns = (*columns).max(1);
                let (width, height) =
                    (frame.width / columns as f64, frame.height * columns as f64 / shades.len().max(1) as f64);
                for (row, shades) in shades.chunks(columns).enumerate() {
                    // Neighbours of one colour are one rectangle.
                    let colours: Vec<String> = shades.iter().map(|shade| self.palette.hex(*shade)).collect();
                    let mut column = 0;
                    for same in colours.chunk_by(|a, b| a == b) {
                        let (x, y) = (frame.x + column as f64 * width, frame.y + row as f64 * height);
                        self.rect(Frame { x, y, width: width * same.len() as f64, height }, &same[0], 1.0);
                        column += same.len();
                    }
                }
            }
        }
    }

    fn line(&mut self, points: &mut dyn Iterator<Item = (f64, f64)>, ink: Ink, width: f32, alpha: f32, dash: &str) {
        let colour = self.palette.name(ink).to_owned();
        self.put(format_args!(
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width:.1}\" stroke-opacity=\"{alpha:.2}\"{dash} points=\""
        ));
        self.points(points);
    }

    fn points(&mut self, points: &mut dyn Iterator<Item = (f64, f64)>) {
        points.for_each(|(x, y)| self.put(format_args!("{x:.1},{y:.1} ")));
        self.put(format_args!("\"/>"));
    }
}

/// A length in CSS pixels, of a frame that is `full` wide or high.
fn length(extent: Extent, full: f64) -> f64 {
    (f64::from(extent.share) * full).max(f64::from(extent.least))
}

/// What a [`Mark::Tick`] fills of the sheet.
fn tick_frame(frame: &Frame, (x, y): Point, width: Extent, height: Extent) -> Frame {
    let (width, height) = (length(width, frame.width), length(height, frame.height));
    let (x, y) = (frame.x + f64::from(x) * frame.width, frame.y + f64::from(y) * frame.height);
    Frame { x: x - width / 2.0, y: y - height / 2.0, width, height }
}

/// Text as it may stand in an XML file.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::super::marks::{level, plain, px};
    use super::*;

    pub const FRAME: Frame = Frame { x: 10.0, y: 20.0, width: 100.0, height: 50.0 };

    pub fn body(draw: impl FnOnce(&mut Sheet<'_>)) -> String {
        let palette = Palette::default();
        let mut sheet = Sheet::new(200.0, 100.0, &palette, None);
        draw(&mut sheet);
        sheet.finish()
    }

    #[test]
    fn every_mark_stands_where_the_canvas_has_it() {
        let bar = Mark::Bar { from: (0.1, 0.2), to: (0.3, 0.6), ink: Ink::Exc, alpha: 0.5 };
        let dot = Mark::Dot { at: (0.5, 0.5), radius: px(3.0), fill: plain(Ink::Paper), rim: Some(Ink::Ink) };
        let file = body(|sheet| sheet.add(FRAME, &[bar, dot, level(0.5, Ink::Rule)]));
        assert!(file.contains("<rect x=\"20.00\" y=\"30.00\" width=\"20.00\" height=\"20.00\""), "{file}");
        assert!(file.contains("cx=\"60.0\" cy=\"45.0\" r=\"3.0\""), "{file}");
        assert!(file.contains("points=\"10.0,45.0 110.0,45.0 \""), "{file}");
    }

    #[test]
    fn equal_neighbours_in_a_row_are_one_rectangle() {
        let shades = vec![plain(Ink::Ink); 6];
        let file = body(|sheet| sheet.add(FRAME, &[Mark::Cells { columns: 3, shades }]));
        assert_eq!(file.matches("width=\"100.00\" height=\"25.00\"").count(), 2, "{file}");
    }

    #[test]
    fn text_is_escaped() {
        let words = Words { frame: FRAME, text: "a < b & c", size: "12px", weight: "400", colour: "#000" };
        assert!(body(|sheet| sheet.add_words(&words)).contains(">a &lt; b &amp; c</text>"));
    }

    #[test]
    fn a_sheet_that_moves_is_animated_and_one_that_stands_is_not() {
        let palette = Palette::default();
        let file = |motion| {
            let mut sheet = Sheet::new(200.0, 100.0, &palette, motion);
            sheet.add_stave(FRAME, &[], &[], 0.5);
            sheet.add_cursor(FRAME, 0.5);
            sheet.finish()
        };
        let moving = file(Some(Motion { runs: 6.0, rests: 2.0 }));
        assert_eq!(moving.matches("<animate ").count(), 2);
        assert!(moving.contains("keyTimes=\"0;0.75;1\" dur=\"8.0s\""), "{moving}");
        let standing = file(None);
        assert!(!standing.contains("animate") && standing.contains("width=\"50.0\""), "{standing}");
    }
}
