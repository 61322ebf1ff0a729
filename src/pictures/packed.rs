//! Painted pictures as numbers, in which one program hands them to another: the page and the article paint, and the program
//! that saves pictures is fetched only where a reader wants one.

use super::marks::{Extent, Ink, Mark, Point, Scene, Shade};

/// What was painted on a canvas.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// What was painted on it.
    pub marks: Vec<Mark>,
    /// What lies below, where it is a track, and how far its cursor is, 0 to 1.
    pub track: Option<(Scene, f32)>,
}

/// Appends a picture.
///
/// ```
/// use spiking_playground::pictures::marks::{Ink, level};
/// use spiking_playground::pictures::packed::{Picture, pack, unpack};
/// let picture = Picture { marks: vec![level(0.5, Ink::Rule)], track: None };
/// let mut numbers = Vec::new();
/// pack(&picture, &mut numbers);
/// assert_eq!(unpack(&numbers), Some(vec![picture]));
/// assert_eq!(unpack(&numbers[1..]), None);
/// ```
pub fn pack(picture: &Picture, numbers: &mut Vec<f32>) {
    list(&picture.marks, numbers);
    match &picture.track {
        None => numbers.push(0.0),
        Some((scene, reached)) => {
            numbers.extend([1.0, *reached]);
            list(&scene.past, numbers);
            list(&scene.future, numbers);
        }
    }
}

fn list(marks: &[Mark], numbers: &mut Vec<f32>) {
    numbers.push(marks.len() as f32);
    marks.iter().for_each(|mark| one(mark, numbers));
}

fn points(points: &[Point], numbers: &mut Vec<f32>) {
    numbers.push(points.len() as f32);
    numbers.extend(points.iter().flat_map(|(x, y)| [*x, *y]));
}

fn one(mark: &Mark, numbers: &mut Vec<f32>) {
    match mark {
        Mark::Line { points: of, ink, width, dash } => {
            let (on, off) = dash.unwrap_or((-1.0, 0.0));
            numbers.extend([0.0, code(*ink), *width, on, off]);
            points(of, numbers);
        }
        Mark::Curve { ends: [from, to], part, ink, width, alpha } => {
            numbers.extend([1.0, code(*ink), *width, *alpha, part[0], part[1], from.0, from.1, to.0, to.1])
        }
        Mark::Area { points: of, ink, alpha } => {
            numbers.extend([2.0, code(*ink), *alpha]);
            points(of, numbers);
        }
        Mark::Tick { at, width, height, ink, alpha } => {
            numbers.extend([3.0, code(*ink), *alpha, at.0, at.1, width.share, width.least, height.share, height.least])
        }
        Mark::Bar { from, to, ink, alpha } => {
            numbers.extend([4.0, code(*ink), *alpha, from.0, from.1, to.0, to.1]);
        }
        Mark::Dot { at, radius, fill, rim } => {
            numbers.extend([5.0, at.0, at.1, radius.share, radius.least]);
            numbers.extend(shade(fill));
            numbers.push(rim.map_or(-1.0, code));
        }
        Mark::Cells { columns, shades } => {
            numbers.extend([6.0, *columns as f32, shades.len() as f32]);
            numbers.extend(shades.iter().flat_map(shade));
        }
    }
}

const fn code(ink: Ink) -> f32 {
    ink as u8 as f32
}

const fn shade(shade: &Shade) -> [f32; 3] {
    [code(shade.from), code(shade.to), shade.amount]
}

/// The pictures that were packed; `None` if the numbers are others.
pub fn unpack(numbers: &[f32]) -> Option<Vec<Picture>> {
    let mut reader = Reader(numbers);
    let mut pictures = Vec::new();
    while !reader.0.is_empty() {
        let marks = reader.list()?;
        let track = match reader.number()? {
            0.0 => None,
            _ => {
                let reached = reader.number()?;
                Some((Scene { past: reader.list()?, future: reader.list()? }, reached))
            }
        };
        pictures.push(Picture { marks, track });
    }
    Some(pictures)
}

struct Reader<'a>(&'a [f32]);

impl Reader<'_> {
    fn number(&mut self) -> Option<f32> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// A number of things that follow, which are at least as many numbers.
    fn count(&mut self) -> Option<usize> {
        Some(self.number()? as usize).filter(|count| *count <= self.0.len())
    }

    fn ink(&mut self) -> Option<Ink> {
        Ink::ALL.get(self.number()? as usize).copied()
    }

    fn point(&mut self) -> Option<Point> {
        Some((self.number()?, self.number()?))
    }

    fn extent(&mut self) -> Option<Extent> {
        Some(Extent { share: self.number()?, least: self.number()? })
    }

    fn shade(&mut self) -> Option<Shade> {
        Some(Shade { from: self.ink()?, to: self.ink()?, amount: self.number()? })
    }

    fn points(&mut self) -> Option<Vec<Point>> {
        (0..self.count()?).map(|_| self.point()).collect()
    }

    fn list(&mut self) -> Option<Vec<Mark>> {
        (0..self.count()?).map(|_| self.mark()).collect()
    }

    fn mark(&mut self) -> Option<Mark> {
        Some(match self.number()? as u8 {
            0 => {
                let (ink, width, on, off) = (self.ink()?, self.number()?, self.number()?, self.number()?);
                Mark::Line { ink, width, dash: (on >= 0.0).then_some((on, off)), points: self.points()? }
            }
            1 => {
                let (ink, width, alpha) = (self.ink()?, self.number()?, self.number()?);
                let part = [self.number()?, self.number()?];
                Mark::Curve { ends: [self.point()?, self.point()?], part, ink, width, alpha }
            }
            2 => Mark::Area { ink: self.ink()?, alpha: self.number()?, points: self.points()? },
            3 => {
                let (ink, alpha, at) = (self.ink()?, self.number()?, self.point()?);
                Mark::Tick { at, width: self.extent()?, height: self.extent()?, ink, alpha }
            }
            4 => {
                let (ink, alpha) = (self.ink()?, self.number()?);
                Mark::Bar { from: self.point()?, to: self.point()?, ink, alpha }
            }
            5 => {
                let (at, radius, fill) = (self.point()?, self.extent()?, self.shade()?);
                let rim = self.number()?;
                Mark::Dot { at, radius, fill, rim: Ink::ALL.get(rim.max(0.0) as usize).copied().filter(|_| rim >= 0.0) }
            }
            6 => {
                let columns = self.number()? as usize;
                Mark::Cells { columns, shades: (0..self.count()?).map(|_| self.shade()).collect::<Option<_>>()? }
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::marks::{level, plain, px};

    fn every_mark() -> Vec<Mark> {
        let shade = Shade { from: Ink::Wash, to: Ink::Exc, amount: 0.25 };
        vec![
            level(0.5, Ink::Rule),
            Mark::Line { points: vec![(0.1, 0.2)], ink: Ink::Ink, width: 2.0, dash: Some((1.0, 3.0)) },
            Mark::Curve { ends: [(0.0, 0.1), (1.0, 0.9)], part: [0.2, 0.7], ink: Ink::Inh, width: 1.5, alpha: 0.5 },
            Mark::Area { points: vec![(0.0, 0.0), (1.0, 0.0), (0.5, 1.0)], ink: Ink::Spike, alpha: 0.3 },
            Mark::Tick { at: (0.5, 0.5), width: px(2.0), height: px(9.0), ink: Ink::Ghost, alpha: 1.0 },
            Mark::Bar { from: (0.1, 0.2), to: (0.3, 0.4), ink: Ink::Faint, alpha: 0.9 },
            Mark::Dot { at: (0.5, 0.6), radius: px(3.0), fill: plain(Ink::Paper), rim: Some(Ink::Ink) },
            Mark::Dot { at: (0.5, 0.6), radius: Extent { share: 0.1, least: 1.0 }, fill: shade, rim: None },
            Mark::Cells { columns: 2, shades: vec![shade; 4] },
        ]
    }

    #[test]
    fn every_picture_is_unpacked_as_it_was() {
        let scene = Scene { past: every_mark(), future: vec![level(0.1, Ink::Ghost)] };
        let pictures = vec![
            Picture { marks: every_mark(), track: None },
            Picture { marks: Vec::new(), track: Some((scene, 0.4)) },
        ];
        let mut numbers = Vec::new();
        pictures.iter().for_each(|picture| pack(picture, &mut numbers));
        assert_eq!(unpack(&numbers), Some(pictures));
        // Whatever was cut off or changed is no picture, or another; never a panic.
        for end in 0..numbers.len() {
            let _ = unpack(&numbers[..end]);
            let mut other = numbers.clone();
            other[end] = f32::MAX;
            let _ = unpack(&other);
        }
    }
}
