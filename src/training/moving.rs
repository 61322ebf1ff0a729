//! A run goes from one device to another: to a card that is faster, and back where it can be looked at and saved.

use super::{Position, Run};
use crate::network::Network;
use crate::optimizer::Adam;
use crate::spec::Spec;
use burn::tensor::{Device, ExecutionError};

/// A run as it was at some moment. Until it is dropped, the run's next step leaves what it holds alone.
#[derive(Clone, Debug)]
pub struct AtRest {
    /// What is trained and how.
    pub spec: Spec,
    /// The network.
    pub network: Network,
    /// The optimizer.
    pub adam: Adam,
    /// How far it had come.
    pub position: Position,
    /// Images in an epoch.
    pub images: usize,
}

impl Run {
    /// The run as it is now. Steps that were launched have to be settled.
    pub fn at_rest(&self) -> AtRest {
        let (spec, network, adam) = (self.spec.clone(), self.network.clone(), self.adam.clone());
        AtRest { spec, network, adam, position: self.position, images: self.images() }
    }
}

impl AtRest {
    /// The run, to go on where it was.
    pub fn into_run(self) -> Run {
        Run::at(self.spec, self.network, self.adam, self.position, self.images)
    }

    /// The same run on another device.
    ///
    /// # Errors
    /// When the device it is on cannot be read.
    pub async fn copied_to(self, device: &Device) -> Result<Run, ExecutionError> {
        let (network, adam) = (self.network.to_device(device).await?, self.adam.to_device(device).await?);
        Ok(Run::at(self.spec, network, adam, self.position, self.images))
    }
}
