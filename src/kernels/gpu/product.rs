//! Products with a layer's weights, where what they meet is dense: tiles of 32 × 32 numbers, a unit 4 × 4 of them.

use super::launch::UNITS;
use super::spiking::column;
use cubecl::prelude::*;

/// Rows and columns of a tile.
pub(super) const TILE: usize = 32;
/// Rows and columns of a unit's part.
const PART: usize = 4;
/// Units side by side.
const SIDE: usize = TILE / PART;
/// Terms of the sums that are brought near at once.
const DEPTH: usize = 16;

/// left [rows, depth] × the weights [N, H], or where `transposed` [H, N], + `times`·bias, as [rows, columns]. Cube (x, y)
/// is a tile.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
pub(super) fn product(
    left: &[f32],
    weight: &[f32],
    bias: &[f32],
    result: &mut [f32],
    rows: usize,
    depth: usize,
    columns: usize,
    times: f32,
    #[comptime] transposed: bool,
    #[comptime] width: usize,
) {
    let mut near_left = Shared::<[f32]>::new_slice(TILE * DEPTH);
    let mut near_right = Shared::<[f32]>::new_slice(DEPTH * TILE);
    let unit = UNIT_POS as usize;
    let (first_row, first_column) = (CUBE_POS_Y as usize * TILE, CUBE_POS_X as usize * TILE);
    let (down, right) = (unit / SIDE * PART, unit % SIDE * PART);
    let mut sums = Array::<f32>::new(PART * PART);
    #[unroll]
    for place in 0..comptime!(PART * PART) {
        sums[place] = 0.0f32;
    }
    let mut start = 0usize;
    while start < depth {
        sync_cube();
        #[unroll]
        for part in 0..comptime!(TILE * DEPTH / UNITS) {
            let place = part * UNITS + unit;
            let row = first_row + place / DEPTH;
            let term = start + place % DEPTH;
            let mut value = 0.0f32;
            if row < rows && term < depth {
                value = left[row * depth + term];
            }
            near_left[place] = value;
            let mut value = 0.0f32;
            if comptime!(transposed) {
                // Along the receiving neurons the weights lie side by side.
                let term = start + place % DEPTH;
                let sender = first_column + place / DEPTH;
                if term < depth && sender < columns {
                    value = weight[column(term, columns, width) + sender * width];
                }
                near_right[place % DEPTH * TILE + place / DEPTH] = value;
            } else {
                let term = start + place / TILE;
                let target = first_column + place % TILE;
                if term < depth && target < columns {
                    value = weight[column(target, depth, width) + term * width];
                }
                near_right[place] = value;
            }
        }
        sync_cube();
        for term in 0..DEPTH {
            #[unroll]
            for row in 0..PART {
                let factor = near_left[(down + row) * DEPTH + term];
                #[unroll]
                for column in 0..PART {
                    sums[row * PART + column] += factor * near_right[term * TILE + right + column];
                }
            }
        }
        start += DEPTH;
    }
    #[unroll]
    for row in 0..PART {
        #[unroll]
        for column in 0..PART {
            let at_row = first_row + down + row;
            let at_column = first_column + right + column;
            if at_row < rows && at_column < columns {
                let mut sum = sums[row * PART + column];
                if comptime!(!transposed) {
                    sum += times * bias[at_column];
                }
                result[at_row * columns + at_column] = sum;
            }
        }
    }
}
