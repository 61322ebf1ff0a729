//! How weights lie in the kernels: [K, N, W], K blocks of W receiving neurons each. A block's row, the weights of one
//! sender, fits the registers, and a block fits the cache. The last block is filled up with zeros, which stay zeros.
//! In files weights are [H, N], as PyTorch has them; only [`crate::layer`] turns the one into the other.

/// The widest block: what measured fastest (more numbers than registers spill, fewer leave them idle).
pub(super) const WIDEST: usize = if cfg!(target_arch = "wasm32") { 32 } else { 64 };

/// W, the width of the blocks for a layer of `targets` neurons: 16, 32 or 64.
///
/// ```
/// use spiking_playground::kernels::blocks::{count, width};
/// assert_eq!((width(10), count(10)), (16, 1));
/// assert_eq!(width(100) * count(100), 128);
/// ```
pub const fn width(targets: usize) -> usize {
    match targets {
        0..=16 => 16,
        17..=32 => 32,
        _ => WIDEST,
    }
}

/// K, how many blocks a layer of `targets` neurons has.
pub const fn count(targets: usize) -> usize {
    targets.div_ceil(width(targets))
}

/// Weights [N, H] as blocks [K, N, W]. `targets` is H.
pub fn pack(weight: &[f32], targets: usize) -> Vec<f32> {
    let (width, senders) = (width(targets), weight.len() / targets.max(1));
    let mut blocks = vec![0.0; count(targets) * senders * width];
    for (row, values) in weight.chunks_exact(targets.max(1)).enumerate() {
        for (block, values) in values.chunks(width).enumerate() {
            let start = (block * senders + row) * width;
            blocks[start..start + values.len()].copy_from_slice(values);
        }
    }
    blocks
}

/// Blocks [K, N, W] as weights [N, H]. `targets` is H.
///
/// ```
/// use spiking_playground::kernels::blocks::{pack, unpack};
/// let weight: Vec<f32> = (0..3 * 70).map(|n| n as f32).collect();
/// assert_eq!(unpack(&pack(&weight, 70), 70), weight);
/// ```
pub fn unpack(blocks: &[f32], targets: usize) -> Vec<f32> {
    let (width, senders) = (width(targets), blocks.len() / (width(targets) * count(targets)).max(1));
    let mut weight = Vec::with_capacity(senders * targets);
    for row in 0..senders {
        for block in 0..count(targets) {
            let (start, real) = ((block * senders + row) * width, width.min(targets - block * width));
            weight.extend_from_slice(&blocks[start..start + real]);
        }
    }
    weight
}
