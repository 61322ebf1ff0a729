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
    /// All but how they went, and of how many terms the loss is the sum.
    steps: Vec<(StepDone, usize)>,
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
    /// These two where they are still on the GPU, [1] each: the terms that the loss is the sum of, and the other.
    pub on_gpu: Option<(Vec<Tensor<1>>, Tensor<1, Int>)>,
}

impl PendingLosses {
    pub(super) fn new(launched: Vec<LaunchedStep>) -> Self {
        let (mut transaction, mut is_ready) = (Transaction::default(), true);
        let mut steps = Vec::with_capacity(launched.len());
        for LaunchedStep { done, on_gpu } in launched {
            let mut count = 0;
            if let Some((terms, correct)) = on_gpu {
                (count, is_ready) = (terms.len(), false);
                transaction = terms.into_iter().fold(transaction, Transaction::register).register(correct);
            }
            steps.push((done, count));
        }
        if is_ready {
            Self::Ready(steps.into_iter().map(|(done, _)| done).collect())
        } else {
            Self::OnGpu(GpuLosses { transaction, steps })
        }
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
fn filled_in(steps: Vec<(StepDone, usize)>, data: &[TensorData]) -> Vec<StepDone> {
    let mut data = data.iter();
    let filled = |(mut step, terms): (StepDone, usize)| {
        // What is missing is no loss of 0.
        let mut term = || data.next().and_then(|data| data.iter::<f32>().next()).unwrap_or(f32::NAN);
        step.loss = (0..terms).map(|_| term()).sum();
        step.score.correct = data.next().and_then(|data| data.iter::<u32>().next()).unwrap_or_default() as usize;
        step
    };
    steps.into_iter().map(filled).collect()
}
