//! The choice of the GPU's adapter, and its device.

use crate::kernels::{GpuDevice, OpenError};
use burn::tensor::Device;
use burn::tensor::wgpu::{WgpuInitError, wgpu};

/// The maximal number of a kernel's storage buffers, plus the one for a launch's scalars.
const BUFFERS: u32 = 8;

/// Opens the best available GPU. To be called once in a program.
///
/// # Errors
/// When there is none, or it refuses or cannot do what the kernels need.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library may add cases")]
pub async fn open() -> Result<GpuDevice, OpenError> {
    let opened = Device::wgpu_options().init_with_setup_async().await;
    let reason = |error| match error {
        WgpuInitError::AdapterUnavailable { message, .. } => OpenError::None(message),
        other => OpenError::Refused(other.to_string()),
    };
    let (device, setup) = opened.map_err(reason)?;
    let allowed = setup.device.limits().max_storage_buffers_per_shader_stage;
    if allowed < BUFFERS {
        let (allowed, needed) = (u64::from(allowed), u64::from(BUFFERS));
        return Err(OpenError::TooSmall { what: "storage buffers in a shader", allowed, needed });
    }
    let info = setup.adapter.get_info();
    let is_software = info.device_type == wgpu::DeviceType::Cpu;
    Ok(GpuDevice { device, name: String::new(), is_software }.named(info.name))
}
