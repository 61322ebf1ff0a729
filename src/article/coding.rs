//! How pixels become spikes: one column of a digit in the three codings, by [`crate::spikes::encode`]. A pixel's row in
//! the picture is its row in time.

use super::figure::{Figure, Key, Picture, decimal};
use super::knobs::{index, number};
use crate::decimal::Between;
use crate::pictures::csv::Table;
use crate::pictures::marks::{Ink, Mark, Point, Shade};
use crate::pictures::raster;
use crate::said::say;
use crate::spikes::SpikeTrain;
use crate::spikes::encode::{Pass, latency, rate};

/// Test digit 1 of MNIST, row by row.
pub(super) const DIGIT: &[u8; SIDE * SIDE] = include_bytes!("digit.u8");
/// Pixels in a row, and rows.
pub(super) const SIDE: usize = 28;
/// Time steps.
pub(super) const TIME_STEPS: usize = 25;
/// What an arrow key adds to a pixel.
const NOTCH: i16 = 15;

/// The canvases.
const PICTURE: usize = 0;
const PIXELS: usize = 1;

/// A digit, and the column that is looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Coding {
    image: [u8; SIDE * SIDE],
    column: usize,
    row: usize,
    seed: u64,
}

impl Default for Coding {
    fn default() -> Self {
        Self { image: *DIGIT, column: 9, row: 5, seed: 1 }
    }
}

fn place(share: f32) -> usize {
    ((share.between(0.0, 1.0) * SIDE as f32) as usize).min(SIDE - 1)
}

fn middle(row: usize) -> f32 {
    (row as f32 + 0.5) / SIDE as f32
}

impl Coding {
    fn pixel(&self) -> u8 {
        self.image[self.row * SIDE + self.column]
    }

    fn paint(&mut self, row: usize, brightness: u8) {
        self.row = row;
        self.image[row * SIDE + self.column] = brightness;
    }

    /// The pixels of the column, from the top.
    fn pixels(&self) -> [u8; SIDE] {
        std::array::from_fn(|row| self.image[row * SIDE + self.column])
    }

    /// What the network gets of the column: the whole picture is coded, as for the network.
    fn of_column(&self, spikes: &SpikeTrain) -> SpikeTrain {
        let mut column = SpikeTrain::silent(1, SIDE, TIME_STEPS);
        for row in 0..SIDE {
            spikes.times(0, row * SIDE + self.column).for_each(|t| column.fire(0, row, t));
        }
        column
    }

    fn rate(&self) -> SpikeTrain {
        self.of_column(&rate(&[&self.image], &[1], self.seed, Pass::Drawing, TIME_STEPS))
    }

    fn latency(&self) -> SpikeTrain {
        self.of_column(&latency(&[&self.image], TIME_STEPS))
    }

    /// The row that is looked at, behind everything else.
    fn band(&self) -> Mark {
        let (top, bottom) = (self.row as f32 / SIDE as f32, (self.row + 1) as f32 / SIDE as f32);
        Mark::Bar { from: (0.0, top), to: (1.0, bottom), ink: Ink::Rule, alpha: 0.8 }
    }

    fn digit(&self) -> Vec<Mark> {
        let shade = |pixel: &u8| Shade { from: Ink::Wash, to: Ink::Ink, amount: f32::from(*pixel) / 255.0 };
        let (left, right) = (self.column as f32 / SIDE as f32, (self.column + 1) as f32 / SIDE as f32);
        let (top, bottom) = (self.row as f32 / SIDE as f32, (self.row + 1) as f32 / SIDE as f32);
        let edge = |points: [Point; 5], ink, width| Mark::Line { points: points.to_vec(), ink, width, dash: None };
        vec![
            Mark::Cells { columns: SIDE, shades: self.image.iter().map(shade).collect() },
            edge([(left, 0.0), (right, 0.0), (right, 1.0), (left, 1.0), (left, 0.0)], Ink::Faint, 1.5),
            edge([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], Ink::Spike, 2.5),
        ]
    }

    fn bars(&self) -> Vec<Mark> {
        let half = 0.36 / SIDE as f32;
        let bar = |(row, pixel): (usize, u8)| {
            let y = middle(row);
            let length = (f32::from(pixel) / 255.0).max(0.01);
            Mark::Bar { from: (0.0, y - half), to: (length, y + half), ink: Ink::Ink, alpha: 0.85 }
        };
        let bars = self.pixels().into_iter().enumerate().map(bar);
        std::iter::once(self.band()).chain(bars).collect()
    }

    fn with_band(&self, marks: Vec<Mark>) -> Vec<Mark> {
        std::iter::once(self.band()).chain(marks).collect()
    }
}

impl Figure for Coding {
    fn text(&self, control: &str) -> String {
        match control {
            "column" => (self.column + 1).to_string(),
            "pixel" => (self.row + 1).to_string(),
            _ => self.pixel().to_string(),
        }
    }

    fn set(&mut self, control: &str, text: &str) -> Option<()> {
        match control {
            "column" => self.column = index(control, text)?,
            "pixel" => self.row = index(control, text)?,
            _ => self.paint(self.row, number(control, text)?.round() as u8),
        }
        Some(())
    }

    fn touch(&mut self, canvas: usize, _before: Option<Point>, at: Point) {
        match canvas {
            PICTURE => (self.column, self.row) = (place(at.0), place(at.1)),
            PIXELS => self.paint(place(at.1), (at.0.between(0.0, 1.0) * 255.0).round() as u8),
            _ => self.row = place(at.1),
        }
    }

    fn key(&mut self, canvas: usize, key: Key) {
        let (on, back) = ((self.row + 1).min(SIDE - 1), self.row.saturating_sub(1));
        let turned = |by: i16| (i16::from(self.pixel()) + by).clamp(0, 255) as u8;
        match (canvas, key) {
            (_, Key::Up) => self.row = back,
            (_, Key::Down) => self.row = on,
            (PICTURE, Key::Left) => self.column = self.column.saturating_sub(1),
            (PICTURE, Key::Right) => self.column = (self.column + 1).min(SIDE - 1),
            (PIXELS, Key::Left) => self.paint(self.row, turned(-NOTCH)),
            (PIXELS, Key::Right) => self.paint(self.row, turned(NOTCH)),
            (PIXELS, Key::Home) => self.paint(self.row, 0),
            (PIXELS, Key::End) => self.paint(self.row, 255),
            (_, Key::Left | Key::Right | Key::Home | Key::End | Key::Space) => {}
        }
    }

    fn press(&mut self, button: &str) {
        match button {
            "again" => self.seed += 1,
            _ => *self = Self::default(),
        }
    }

    fn picture(&self) -> Picture {
        let (rate, latency, pixels) = (self.rate(), self.latency(), self.pixels());
        let canvases = vec![
            self.digit(),
            self.bars(),
            self.with_band(raster::scene(&rate, None).past),
            self.with_band(raster::scene(&latency, None).past),
            self.with_band(raster::current(&pixels, TIME_STEPS).past),
        ];
        let brightness = self.pixel();
        let values = [
            ("b", brightness.to_string()),
            ("n", rate.count_of(0, self.row).to_string()),
            ("all", TIME_STEPS.to_string()),
            ("i", decimal(f32::from(brightness) / 255.0, 2)),
        ];
        let said = match latency.times(0, self.row).next() {
            Some(t) => say("pixel", &[&values[..], &[("t", (t + 1).to_string())]].concat()),
            None => say("pixel-black", &[]),
        };
        let spikes = |train: &SpikeTrain| (0..SIDE).map(|row| train.count_of(0, row)).sum::<u32>().to_string();
        let values = vec![("rate", spikes(&rate)), ("latency", spikes(&latency))];
        Picture { canvases, names: Vec::new(), values, said: vec![said] }
    }

    fn table(&self) -> Table {
        let (rate, latency) = (self.rate(), self.latency());
        let mut table = Table::new("pixel,brightness,time step,spike in rate coding,spike in latency coding,current");
        for (row, pixel) in self.pixels().into_iter().enumerate() {
            let current = f32::from(pixel) / 255.0;
            for t in 0..TIME_STEPS {
                let spikes = [&rate, &latency].map(|spikes| u8::from(spikes.fires(0, row, t)));
                table.row(&[&(row + 1), &pixel, &(t + 1), &spikes[0], &spikes[1], &current]);
            }
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::super::figure::tests::is_in_document;
    use super::*;

    #[test]
    fn a_bright_pixel_fires_often_or_early_and_a_black_one_never() {
        let mut figure = Coding::default();
        figure.set("pixel", "1").unwrap();
        assert_eq!(figure.pixel(), 0);
        is_in_document(&figure.picture());
        assert_eq!([figure.rate().count_of(0, 0), figure.latency().count_of(0, 0)], [0, 0]);
        figure.set("brightness", "255").unwrap();
        assert!(figure.rate().count_of(0, 0) > 20);
        assert_eq!(figure.latency().times(0, 0).collect::<Vec<_>>(), [0]);
        figure.set("brightness", "100").unwrap();
        assert_eq!(figure.latency().times(0, 0).collect::<Vec<_>>(), [15]);
        is_in_document(&figure.picture());
    }

    #[test]
    fn throwing_again_changes_the_rate_code_alone() {
        let (before, mut figure) = (Coding::default(), Coding::default());
        figure.press("again");
        assert_ne!(before.rate(), figure.rate());
        assert_eq!(before.latency(), figure.latency());
    }

    #[test]
    fn brightness_is_dragged_and_keyed() {
        let mut figure = Coding::default();
        figure.touch(PIXELS, None, (0.5, middle(3)));
        assert_eq!((figure.row, figure.pixel()), (3, 128));
        figure.key(PIXELS, Key::Right);
        assert_eq!(figure.pixel(), 143);
        figure.touch(PICTURE, None, (middle(20), middle(7)));
        assert_eq!((figure.column, figure.row), (20, 7));
        figure.press("restore");
        assert_eq!(figure, Coding::default());
    }
}
