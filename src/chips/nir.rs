//! NIR, the neuromorphic intermediate representation: a graph of layers with physical time constants, in an HDF5 file.
//!
//! ```text
//! ours                                NIR, by one Euler step of dt
//! u[t] = β·v[t-1] + g·I[t]            LIF:     τ·dv/dt = v_leak - v + r·I
//!                                     τ = dt/(1 - β), r = 1, v_leak = v_reset = 0, v_threshold = θ·(1 - β)/g
//! i[t] = α·i[t-1] + I[t]              CubaLIF: τ_syn·di/dt = -i + w_in·I,  τ_mem·dv/dt = v_leak - v + r·i
//!                                     τ_syn = dt/(1 - α), w_in = τ_syn/dt, r = τ_mem/dt, v_threshold = θ/g
//! v[t] = β·v[t-1] + I[t] (readout)    LI:      τ = dt/(1 - β), r = τ/dt
//! ```
//!
//! A convolution is a Conv2d, whose neurons have the shape of its maps, [C, rows, columns]; a Flatten stands before the first dense layer
//! behind. LIF says r = 1 since Norse reads no other; CubaLIF says r = τ_mem/dt and w_in = τ_syn/dt since snnTorch 1.0.0 and SpikingJelly do
//! (`tests/peers/interchange.py` runs all three). NIR has no dt, no time steps, no coding and no reset by subtraction. Format: NIR
//! 1.0.8 (<https://neuroir.org/docs/primitives.html>); Pedersen and others 2024, doi:10.1038/s41467-024-52259-9.

mod reading;
mod writing;

pub use reading::{DtSource, ImportedGraph, NirError, SETTLED, from_group, own_spec};
pub use writing::{End, to_group};

/// A time step in seconds where a file says none: snnTorch, SpikingJelly and NIR's own examples take it too.
pub const DT: f64 = 1e-4;
