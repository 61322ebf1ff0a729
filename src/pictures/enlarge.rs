//! A small grey picture scaled up smoothly; cut at half grey, it is as it may have come from a pen.

use crate::decimal::Between;

/// How many cells of the result one pixel gets, in each direction.
const FINE: usize = 8;

/// The picture [height × side pixels] scaled up `FINE` times, 0 to 1, and the number of its columns; `cut` at half grey.
pub fn enlarge(image: &[u8], side: usize, cut: bool) -> (Vec<f32>, usize) {
    let columns = side * FINE;
    let pixel = |x: isize, y: isize| {
        let inside = |v: isize| usize::try_from(v).ok().filter(|v| *v < side);
        inside(x).zip(inside(y)).and_then(|(x, y)| image.get(y * side + x)).map_or(0.0, |p| f32::from(*p) / 255.0)
    };
    // Quadratic B-spline weights: smooth, and without the diamonds of a bilinear scaling.
    let weights = |f: f32| [0.5 * (0.5 - f) * (0.5 - f), 0.75 - f * f, 0.5 * (0.5 + f) * (0.5 + f)];
    let place = |i: usize| {
        let at = (i as f32 + 0.5) / FINE as f32 - 0.5;
        (at.round() as isize, weights(at - at.round()))
    };
    let mut fine = Vec::with_capacity(columns * columns);
    for row in 0..columns {
        let (y, wy) = place(row);
        for column in 0..columns {
            let (x, wx) = place(column);
            let mut value = 0.0;
            for (j, wy) in wy.iter().enumerate() {
                for (i, wx) in wx.iter().enumerate() {
                    value += wy * wx * pixel(x + i as isize - 1, y + j as isize - 1);
                }
            }
            fine.push(if cut { ((value - 0.36) / 0.12).between(0.0, 1.0) } else { value });
        }
    }
    (fine, columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ink_stays_where_it_was() {
        let mut image = [0; 9];
        image[4] = 255;
        let (fine, columns) = enlarge(&image, 3, true);
        assert_eq!(columns, 24);
        assert!(fine[12 * 24 + 12] > 0.9 && fine[0] == 0.0 && fine[12 * 24 + 1] == 0.0);
    }
}
