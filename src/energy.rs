//! Energy of the arithmetic on a 45 nm chip, in picojoules (Horowitz 2014, doi:10.1109/ISSCC.2014.6757323). Moving
//! numbers comes on top.

/// A sum of two 32-bit floats.
pub const ADD: f32 = 0.9;
/// A product.
pub const MULTIPLY: f32 = 3.7;
/// A product and a sum.
pub const MULTIPLY_ADD: f32 = MULTIPLY + ADD;
/// Fetching 32 bits from a cache of 8 KB: half the energy of 64 bits.
pub const CACHE: f32 = 10.0 / 2.0;
/// The same from DRAM, at the least: 1.3 to 2.6 nJ for 64 bits.
pub const DRAM: f32 = 1300.0 / 2.0;
