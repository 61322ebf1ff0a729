//! A GPU to compute on, in builds that have its kernels.

use burn::tensor::Device;

/// A GPU that is ready.
#[derive(Clone, Debug)]
pub struct GpuDevice {
    /// What tensors live on.
    pub device: Device,
    /// What it is called; empty where a browser does not say.
    pub name: String,
    /// Whether it is a software adapter, a program that computes what a GPU would.
    pub is_software: bool,
}

impl GpuDevice {
    /// The same under this name, which may say that it is a software adapter.
    #[must_use]
    pub fn named(self, name: String) -> Self {
        let known = ["swiftshader", "llvmpipe", "lavapipe", "warp", "basic render"];
        let lower = name.to_lowercase();
        Self { is_software: self.is_software || known.iter().any(|known| lower.contains(known)), name, ..self }
    }
}

/// Why there is no GPU to compute on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The kernels were left out.
    #[error("this program was built without kernels for a graphics card: build it with `--features gpu`")]
    NotBuilt,
    /// None is there, or none that can be reached.
    #[error("there is no graphics card that can be reached ({0}): install its driver, or compute on the CPU")]
    None(String),
    /// One is there and refuses.
    #[error("the graphics card cannot be used ({0})")]
    Refused(String),
    /// One is there and too small.
    #[error("the graphics card allows {allowed} {what}, and {needed} are needed")]
    TooSmall {
        /// Of what.
        what: &'static str,
        /// At most.
        allowed: u64,
        /// At least.
        needed: u64,
    },
}
