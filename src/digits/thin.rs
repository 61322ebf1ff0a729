//! The skeleton of a picture's strokes, thinned to one pixel (Zhang and Suen 1984, doi:10.1145/357994.358023), computed
//! for a row of pixels at a time in the bits of a word.

use super::drawing::SIDE;

/// Pixels brighter than this belong to a stroke.
const INK_THRESHOLD: u8 = 96;
/// The rows of a picture, bit x for the pixel x + 1, with an empty row and column around them.
type Rows = [u32; SIDE + 2];

/// The picture's skeleton as strokes of one or two points [x, y], in pixels; empty if the picture is not 28 × 28.
pub fn lines(image: &[u8]) -> Vec<Vec<[f32; 2]>> {
    let mut rows: Rows = [0; SIDE + 2];
    for (row, pixels) in rows[1..=SIDE].iter_mut().zip(image.chunks_exact(SIDE)) {
        *row =
            pixels.iter().enumerate().fold(0, |bits, (x, pixel)| bits | u32::from(*pixel > INK_THRESHOLD) << (x + 1));
    }
    thin(&mut rows);
    joined(&rows)
}

/// Removes border pixels until only lines are left.
fn thin(rows: &mut Rows) {
    loop {
        let before = *rows;
        for first in [true, false] {
            let old = *rows;
            for y in 1..=SIDE {
                rows[y] &= !removable([old[y - 1], old[y], old[y + 1]], first);
            }
        }
        if *rows == before {
            return;
        }
    }
}

/// The pixels of the middle row that the first or the second half of an iteration removes.
fn removable([above, own, below]: [u32; 3], first: bool) -> u32 {
    let left = |row: u32| row << 1;
    let right = |row: u32| row >> 1;
    // Clockwise from the pixel above.
    let around = [above, right(above), right(own), right(below), below, left(below), left(own), left(above)];
    // The number of set neighbours, in four bits; and whether exactly one transition from unset to set is found around
    // the pixel.
    let mut count = [0u32; 4];
    let (mut one, mut more) = (0, 0);
    for i in 0..8 {
        let mut carry = around[i];
        for bit in &mut count {
            (*bit, carry) = (*bit ^ carry, *bit & carry);
        }
        let begins = !around[i] & around[(i + 1) % 8];
        more |= one & begins;
        one |= begins;
    }
    let [ones, twos, fours, eights] = count;
    let two_to_six = (twos | fours) & !eights & !(ones & twos & fours);
    let [north, _, east, _, south, _, west, _] = around;
    let keeps = if first {
        (north & east & south) | (east & south & west)
    } else {
        (north & east & west) | (north & south & west)
    };
    own & two_to_six & one & !more & !keeps
}

/// The pixels of the lines, joined to their neighbours; each is moved to the middle of itself and those, so that stairs
/// become slopes.
fn joined(rows: &Rows) -> Vec<Vec<[f32; 2]>> {
    let set = |x: usize, y: usize| rows[y] >> x & 1 == 1;
    let pixels = || (1..=SIDE).flat_map(|y| (1..=SIDE).map(move |x| (x, y))).filter(|(x, y)| set(*x, *y));
    let moved = |x: usize, y: usize| {
        let near = (y - 1..=y + 1).flat_map(|b| (x - 1..=x + 1).map(move |a| (a, b))).filter(|(a, b)| set(*a, *b));
        let (mut sum, mut n) = ([0.0, 0.0], 0.0);
        for (a, b) in near {
            sum = [sum[0] + a as f32, sum[1] + b as f32];
            n += 1.0;
        }
        [sum[0] / n, sum[1] / n]
    };
    let mut strokes = Vec::new();
    for (x, y) in pixels() {
        let own = moved(x, y);
        let (east, south) = (set(x + 1, y), set(x, y + 1));
        let links = [
            (east, x + 1, y),
            (south, x, y + 1),
            (set(x + 1, y + 1) && !east && !south, x + 1, y + 1),
            (set(x - 1, y + 1) && !set(x - 1, y) && !south, x - 1, y + 1),
        ];
        let before = strokes.len();
        strokes.extend(links.iter().filter(|link| link.0).map(|(_, a, b)| vec![own, moved(*a, *b)]));
        if strokes.len() == before {
            strokes.push(vec![own]);
        }
    }
    strokes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(inked: impl Fn(usize, usize) -> bool) -> Vec<u8> {
        (0..SIDE * SIDE).map(|i| if inked(i % SIDE, i / SIDE) { 255 } else { 0 }).collect()
    }

    #[test]
    fn a_bar_becomes_its_middle_line() {
        let strokes = lines(&picture(|x, y| (12..15).contains(&x) && (4..24).contains(&y)));
        let points: Vec<_> = strokes.iter().flatten().collect();
        assert!(points.iter().all(|[x, _]| (x - 14.0).abs() < 0.7), "{points:?}");
        let length = |points: &[&[f32; 2]]| {
            points.iter().map(|p| p[1]).fold(0.0, f32::max) - points.iter().map(|p| p[1]).fold(99.0, f32::min)
        };
        assert!((15.0..20.0).contains(&length(&points)));
    }

    #[test]
    fn a_ring_stays_a_ring() {
        let far = |x: usize, y: usize| (x as f32 - 13.5).hypot(y as f32 - 13.5);
        let strokes = lines(&picture(|x, y| (6.0..9.5).contains(&far(x, y))));
        assert!(strokes.iter().flatten().all(|[x, y]| (5.5..9.5).contains(&(x - 14.5).hypot(y - 14.5))));
        assert!(strokes.len() > 35);
    }

    #[test]
    fn any_picture_is_taken() {
        assert!(lines(&[]).is_empty());
        assert!(lines(&[255; 9]).is_empty());
        assert!(lines(&[0; 784]).is_empty());
        assert!(!lines(&[255; 784]).is_empty());
        assert_eq!(lines(&picture(|x, y| x == 3 && y == 7)), [[[4.0, 8.0]]]);
    }
}
