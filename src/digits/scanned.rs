//! Digits as a coarse scanner sees them: in few cells, each of them ink or paper, cut out tightly, and perhaps stretched until
//! they fill a square.
//!
//! A pure function of the generator that uses only +, -, ·, / and integers, which every machine rounds alike.

use super::drawing::{BOX, PIXELS, SIDE, centre};
use crate::random::Generator;

/// The range of the number of cells along the longer side.
const CELLS: [usize; 2] = [10, 20];
/// The range of the share of a cell that is ink if that is to count.
const INK: [f32; 2] = [0.2, 0.5];
/// The share of ink cells in a digit that is more than a bar: with more of them it is a blot, and not to be read.
const BLOT: f32 = 0.7;
/// The probability of a digit that is stretched to a square.
const SQUARE: f32 = 0.5;
/// The least width, as a share of the height, of what is stretched to the whole square; narrower ones are made twice as wide.
const NARROW: f32 = 0.35;
/// The probability that cells keep their hard corners; otherwise each passes over into the next.
const HARD: f32 = 0.5;
/// Points of the picture that are looked at along each side of a cell.
const POINTS: usize = 4;

/// A picture of a digit, u8 [28, 28], as such a scanner sees it; `None` if nothing or only a blot is left of it.
pub fn scanned(image: &[u8], generator: &mut Generator) -> Option<[u8; PIXELS]> {
    let [cells, ink, square, corners] = [(); 4].map(|()| generator.unit());
    let inked = |pixel: &u8| *pixel > 64;
    let columns = |x: usize| (0..SIDE).any(|y| image.get(y * SIDE + x).is_some_and(inked));
    let rows = |y: usize| image.chunks(SIDE).nth(y).is_some_and(|row| row.iter().any(inked));
    let box_of = |is_inked: &dyn Fn(usize) -> bool| {
        let ends = (0..SIDE).find(|at| is_inked(*at)).zip((0..SIDE).rfind(|at| is_inked(*at)));
        ends.map(|(first, last)| (first, last + 1 - first))
    };
    let ((left, width), (top, height)) = box_of(&columns).zip(box_of(&rows))?;
    let longer = width.max(height);
    // The size of what becomes of the picture, in pixels.
    let own = [width, height].map(|size| (size * BOX).div_ceil(longer));
    let size = match square < SQUARE {
        false => own,
        true if (own[0] as f32) < NARROW * own[1] as f32 => [(2 * own[0]).min(BOX), own[1]],
        true => [BOX, BOX],
    };
    let along = CELLS[0] + (cells * (CELLS[1] + 1 - CELLS[0]) as f32) as usize;
    let grid = size.map(|size| (size * along).div_ceil(BOX).max(1));
    let least = INK[0] + (INK[1] - INK[0]) * ink;
    let is_ink = |column: usize, row: usize| {
        let at = |place: usize, cells: usize, extent: usize, point: usize| {
            (2 * (place * POINTS + point) + 1) * extent / (2 * cells * POINTS)
        };
        let points = (0..POINTS * POINTS).map(|point| {
            let (x, y) = (at(column, grid[0], width, point % POINTS), at(row, grid[1], height, point / POINTS));
            u32::from(image[(top + y) * SIDE + left + x])
        });
        points.sum::<u32>() as f32 > least * (255 * POINTS * POINTS) as f32
    };
    let cells: Vec<Vec<bool>> =
        (0..grid[1]).map(|row| (0..grid[0]).map(|column| is_ink(column, row)).collect()).collect();
    let ink = cells.iter().flatten().filter(|cell| **cell).count();
    if ink == 0 || (2 * grid[0] > grid[1] && ink as f32 > BLOT * (grid[0] * grid[1]) as f32) {
        return None;
    }
    let small: Vec<Vec<u8>> = (0..size[1])
        .map(|y| {
            let cell = |at: usize, axis: usize| ((2 * at + 1) * grid[axis] / (2 * size[axis])).min(grid[axis] - 1);
            let pixel = |x: usize| u32::from(cells[cell(y, 1)][cell(x, 0)]) * 255;
            (0..size[0]).map(|x| pixel(x) as u8).collect()
        })
        .collect();
    Some(centre(&if corners < HARD { small } else { smoothed(&small) }))
}

/// Each pixel as the mean of itself, twice, and of those beside it and above and below it.
fn smoothed(small: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let at = |x: usize, y: usize| u32::from(small.get(y).and_then(|row| row.get(x)).copied().unwrap_or(0));
    let pixel = |x: usize, y: usize| {
        let beside = at(x.wrapping_sub(1), y) + at(x + 1, y) + at(x, y.wrapping_sub(1)) + at(x, y + 1);
        ((4 * at(x, y) + beside) / 8).min(255) as u8
    };
    small.iter().enumerate().map(|(y, row)| (0..row.len()).map(|x| pixel(x, y)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    /// A 1 of a slanting stroke.
    fn one() -> Vec<u8> {
        (0..PIXELS)
            .map(|i| (i % SIDE, i / SIDE))
            .map(|(x, y)| u8::from((4..24).contains(&y) && (x + y / 4).abs_diff(17) < 2) * 255)
            .collect()
    }

    #[test]
    fn it_has_the_box_of_the_data_set() {
        for sample in 0..300 {
            let pixels = scanned(&one(), &mut Generator::new(3, Stream::Handwriting(1, sample))).unwrap();
            let rows: Vec<usize> =
                (0..SIDE).filter(|y| pixels[y * SIDE..][..SIDE].iter().any(|pixel| *pixel > 0)).collect();
            let height = rows.last().zip(rows.first()).map_or(0, |(last, first)| last + 1 - first);
            assert!((BOX - 2..=BOX).contains(&height), "sample {sample}: {height}");
        }
    }

    #[test]
    fn of_nothing_and_of_a_blot_nothing_is_left() {
        let blot: Vec<u8> = (0..PIXELS)
            .map(|i| u8::from((4..24).contains(&(i % SIDE)) && (4..24).contains(&(i / SIDE))) * 255)
            .collect();
        for image in [vec![0; PIXELS], blot] {
            assert_eq!(scanned(&image, &mut Generator::new(3, Stream::Handwriting(1, 1))), None);
        }
    }

    /// The same pixels on every machine: this number was computed once and must not change.
    #[test]
    fn the_pixels_are_the_same_everywhere() {
        let see = |sample| scanned(&one(), &mut Generator::new(3, Stream::Handwriting(1, sample))).unwrap();
        let drawn = (0..40).flat_map(see);
        let hash = drawn
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, pixel| (hash ^ u64::from(pixel)).wrapping_mul(0x0100_0000_01b3));
        assert_eq!(hash, GOLDEN);
    }
    const GOLDEN: u64 = 5_777_179_418_398_157_583;
}
