//! Which GPU there is, and the device that it becomes.

use crate::kernels::{GpuDevice, OpenError};
use burn::tensor::Device;
use burn::tensor::wgpu::{WgpuInitError, wgpu};

/// Storage buffers of the kernel that has most of them, and the one that holds a launch's numbers.
const BUFFERS: u32 = 8;

/// Opens the best GPU there is. Once in a program.
///
/// # Errors
/// When there is none, or it refuses or cannot do what the kernels need.
pub async fn open() -> Result<GpuDevice, OpenError> {
    let opened = Device::wgpu_options().init_with_setup_async().await;
    let (device, setup) = opened.map_err(|error| match error {
        WgpuInitError::AdapterUnavailable { message, .. } => OpenError::None(message),
        other => OpenError::Refused(other.to_string()),
    })?;
    let allowed = setup.device.limits().max_storage_buffers_per_shader_stage;
    if allowed < BUFFERS {
        let (allowed, needed) = (u64::from(allowed), u64::from(BUFFERS));
        return Err(OpenError::TooSmall { what: "storage buffers in a shader", allowed, needed });
    }
    let info = setup.adapter.get_info();
    let is_software = info.device_type == wgpu::DeviceType::Cpu;
    Ok(GpuDevice { device, name: String::new(), is_software }.named(info.name))
}
