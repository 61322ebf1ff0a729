//! The GPU as a device, in builds with its kernels.

use burn::tensor::Device;

/// An opened GPU.
#[derive(Clone, Debug)]
pub struct GpuDevice {
    /// The device of its tensors.
    pub device: Device,
    /// Its name; empty if a browser does not reveal it.
    pub name: String,
    /// Whether it is a software adapter, which computes on the CPU.
    pub is_software: bool,
}

impl GpuDevice {
    /// The same device under this name, which may reveal a software adapter.
    #[must_use]
    pub fn named(self, name: String) -> Self {
        let known = ["swiftshader", "llvmpipe", "lavapipe", "warp", "basic render"];
        let lower = name.to_lowercase();
        Self { is_software: self.is_software || known.iter().any(|known| lower.contains(known)), name, ..self }
    }
}

/// Why no GPU can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The program was built without the kernels.
    #[error("this program was built without kernels for a graphics card: build it with `--features gpu`")]
    NotBuilt,
    /// No GPU is available.
    #[error("there is no graphics card that can be reached ({0}): install its driver, or compute on the CPU")]
    None(String),
    /// The GPU refuses.
    #[error("the graphics card cannot be used ({0})")]
    Refused(String),
    /// A limit of the GPU is too small.
    #[error("the graphics card allows {allowed} {what}, and {needed} are needed")]
    TooSmall {
        /// The name of the limit.
        what: &'static str,
        /// The GPU's limit.
        allowed: u64,
        /// The limit that the kernels need.
        needed: u64,
    },
}
