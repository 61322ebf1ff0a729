//! A run goes from one device to another: to a card that is faster, and back where it can be looked at and saved.

use super::Run;
use burn::tensor::{Device, ExecutionError};

impl Run {
    /// The run as it is now, on another device. Steps that were launched have to be settled.
    ///
    /// # Errors
    /// When the device it is on cannot be read.
    pub async fn copied_to(&self, device: &Device) -> Result<Self, ExecutionError> {
        let network = self.network.copied_to(device).await?;
        let adam = self.adam.copied_to(device).await?;
        Ok(Self::at(self.spec.clone(), network, adam, self.position, self.images()))
    }
}
