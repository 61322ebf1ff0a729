//! The losses of launched steps, on their way from the device that computes them.

use crate::event::StepDone;
use burn::tensor::{ExecutionError, Int, Tensor, TensorData, Transaction};

/// The losses of launched steps. On the CPU they are ready at once; a GPU has to be waited for, until it has taken all
/// these steps.
#[derive(Debug)]
pub enum PendingLosses {
    /// The steps, with their losses.
    Ready(Vec<StepDone>),
    /// Still on the GPU.
    OnGpu(GpuLosses),
}

/// The losses of steps that were launched on a GPU.
pub struct GpuLosses {
    transaction: Transaction,
    /// All but how they went.
    steps: Vec<StepDone>,
}

impl std::fmt::Debug for GpuLosses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GpuLosses({} steps)", self.steps.len())
    }
}

/// A step that was launched.
#[derive(Debug)]
pub(super) struct LaunchedStep {
    /// The step; on a GPU without its loss and the number of correct images.
    pub done: StepDone,
    /// These two, [1] each, where they are still on the GPU.
    pub on_gpu: Option<(Tensor<1>, Tensor<1, Int>)>,
}

impl PendingLosses {
    pub(super) fn new(launched: Vec<LaunchedStep>) -> Self {
        let (mut transaction, mut is_ready) = (Transaction::default(), true);
        let mut steps = Vec::with_capacity(launched.len());
        for LaunchedStep { done, on_gpu } in launched {
            if let Some((loss, correct)) = on_gpu {
                (transaction, is_ready) = (transaction.register(loss).register(correct), false);
            }
            steps.push(done);
        }
        if is_ready { Self::Ready(steps) } else { Self::OnGpu(GpuLosses { transaction, steps }) }
    }

    /// The steps with their losses, once they are there; waits for a GPU.
    ///
    /// # Errors
    /// When the GPU is lost.
    pub fn read_blocking(self) -> Result<Vec<StepDone>, ExecutionError> {
        match self {
            Self::Ready(steps) => Ok(steps),
            Self::OnGpu(GpuLosses { transaction, steps }) => Ok(filled_in(steps, &transaction.try_execute()?)),
        }
    }
}

impl GpuLosses {
    /// The steps with their losses, once the GPU has taken them.
    ///
    /// # Errors
    /// When the GPU is lost.
    pub async fn read(self) -> Result<Vec<StepDone>, ExecutionError> {
        Ok(filled_in(self.steps, &self.transaction.execute_async().await?))
    }
}

/// The steps with their losses and counts, which were registered in turn.
fn filled_in(mut steps: Vec<StepDone>, data: &[TensorData]) -> Vec<StepDone> {
    for (step, data) in steps.iter_mut().zip(data.chunks_exact(2)) {
        step.loss = data[0].iter::<f32>().next().unwrap_or(f32::NAN);
        step.score.correct = data[1].iter::<u32>().next().unwrap_or_default() as usize;
    }
    steps
}
