//! Elastic distortion: each place moves a little, and places near each other move alike (Simard, Steinkraus and Platt 2003,
//! doi:10.1109/ICDAR.2003.1227801). Their field is noise smoothed by a Gaussian; this one is a spline through a coarse grid of
//! random displacements, which is as smooth, and cheap at any place.
//!
//! It uses only +, -, ·, / and integers, in a fixed order, which every machine rounds alike.

use crate::random::Generator;

/// Cells of the grid along each side.
const CELLS: usize = 4;
/// Knots along each side: a cubic spline sees one beyond a cell on one side, and two on the other.
const KNOTS: usize = CELLS + 3;

/// A field of displacements over the unit square.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elastic {
    /// To the right and downwards, in sides of the square, by row and column.
    knots: [[[f32; 2]; KNOTS]; KNOTS],
}

impl Elastic {
    /// A random field. No place moves by more than `most` sides to the right or left, nor up or down; most move by a quarter of
    /// that or less.
    pub fn drawn(most: f32, generator: &mut Generator) -> Self {
        let most = most * generator.unit();
        let mut knot = |_| [(); 2].map(|()| (2.0 * generator.unit() - 1.0) * most);
        Self { knots: std::array::from_fn(|_| std::array::from_fn(&mut knot)) }
    }

    /// By how much the place (x, y) moves, in sides of the square: the uniform cubic B-spline (C. de Boor, A Practical Guide to
    /// Splines, 1978). Outside of the square the field goes on as at its border.
    ///
    /// ```
    /// use spiking_playground::digits::elastic::Elastic;
    /// use spiking_playground::random::{Generator, Stream};
    /// let field = Elastic::drawn(0.1, &mut Generator::new(1, Stream::Augmentation(0, 0)));
    /// let [right, down] = field.at(0.5, 0.25);
    /// assert!(right.abs() < 0.1 && down.abs() < 0.1);
    /// ```
    pub fn at(&self, x: f32, y: f32) -> [f32; 2] {
        let (column, columns) = spline(x);
        let (row, rows) = spline(y);
        let mut sum = [0.0; 2];
        for (knots, along) in self.knots[row..].iter().zip(rows) {
            for (knot, across) in knots[column..].iter().zip(columns) {
                let weight = along * across;
                sum = [sum[0] + weight * knot[0], sum[1] + weight * knot[1]];
            }
        }
        sum
    }
}

/// The first of the four knots that a coordinate sees, and their weights, whose sum is 1.
fn spline(at: f32) -> (usize, [f32; 4]) {
    let at = at.clamp(0.0, 1.0) * CELLS as f32;
    let cell = (at as usize).min(CELLS - 1);
    let t = at - cell as f32;
    let (u, t2) = (1.0 - t, t * t);
    let t3 = t2 * t;
    let weights = [u * u * u, 3.0 * t3 - 6.0 * t2 + 4.0, -3.0 * t3 + 3.0 * t2 + 3.0 * t + 1.0, t3];
    (cell, weights.map(|weight| weight / 6.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn field(sample: u64) -> Elastic {
        Elastic::drawn(0.2, &mut Generator::new(3, Stream::Augmentation(1, sample)))
    }

    #[test]
    fn weights_are_shares() {
        for step in 0..=40 {
            let (first, weights) = spline(step as f32 / 40.0);
            assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-6 && weights.iter().all(|weight| *weight >= 0.0));
            assert!(first + 4 <= KNOTS);
        }
    }

    /// Over cell borders too: neighbours a thousandth of the side apart move alike.
    #[test]
    fn places_near_each_other_move_alike() {
        for sample in 0..20 {
            let field = field(sample);
            let row: Vec<[f32; 2]> = (0..=1000).map(|step| field.at(step as f32 / 1000.0, 0.37)).collect();
            for pair in row.windows(2) {
                assert!((0..2).all(|axis| (pair[0][axis] - pair[1][axis]).abs() < 0.2 * 4.0 / 1000.0 * 1.5));
            }
            assert!(row.iter().flatten().any(|moved| *moved != row[0][0]));
        }
    }

    #[test]
    fn outside_it_goes_on_as_at_the_border() {
        let field = field(1);
        assert_eq!(field.at(-3.0, 2.0), field.at(0.0, 1.0));
        assert!(field.at(f32::NAN, f32::INFINITY).iter().all(|moved| !moved.is_infinite()));
    }
}
