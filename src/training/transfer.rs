//! Snapshots of a run, and their way from one device to another: to a GPU that is faster, and back to where it can be
//! inspected and saved.

use super::{Position, Run};
use crate::network::Network;
use crate::optimizer::Adam;
use crate::spec::Spec;
use burn::tensor::{Device, ExecutionError};

/// A run as it was at some moment. Until it is dropped, the run's next step leaves the tensors that it holds alone.
#[derive(Clone, Debug)]
pub struct RunSnapshot {
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
    /// The run as it is now. The losses of all steps that were launched have to be recorded.
    pub fn snapshot(&self) -> RunSnapshot {
        let (spec, network, adam) = (self.spec.clone(), self.network.clone(), self.adam.clone());
        RunSnapshot { spec, network, adam, position: self.position, images: self.images() }
    }
}

impl RunSnapshot {
    /// The run, to go on where it was.
    pub fn into_run(self) -> Run {
        Run::at(self.spec, self.network, self.adam, self.position, self.images)
    }

    /// The same snapshot on another device.
    ///
    /// # Errors
    /// When the device it is on cannot be read.
    pub async fn to_device(self, device: &Device) -> Result<Self, ExecutionError> {
        let (network, adam) = (self.network.to_device(device).await?, self.adam.to_device(device).await?);
        Ok(Self { network, adam, ..self })
    }
}
