//! Cross entropy and accuracy.

use crate::event::Score;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor, TensorData};

/// Mean over the batch of -log softmax(logits)[label]: [1]. `logits` is [B, classes].
///
/// # Panics
/// When there are not B labels.
pub fn cross_entropy(logits: Tensor<2>, labels: &[u8]) -> Tensor<1> {
    let [batch, _] = logits.dims();
    let device = logits.device();
    let labels: Vec<i32> = labels.iter().map(|label| i32::from(*label)).collect();
    let targets = Tensor::<2, Int>::from_data(TensorData::new(labels, [batch, 1]), &device);
    log_softmax(logits, 1).gather(1, targets).mean().neg()
}

/// How many of the labels have the largest logit; of equal ones the first counts. `logits` is [B, classes], row by row.
///
/// ```
/// use spiking_playground::{event::Score, loss::score};
/// assert_eq!(score(&[0.0, 1.0, 2.0, 2.0], &[1, 1]), Score { correct: 1, images: 2 });
/// ```
pub fn score(logits: &[f32], labels: &[u8]) -> Score {
    let classes = logits.len() / labels.len().max(1);
    let right = |(row, label): &(&[f32], &u8)| {
        let best = (1..row.len()).fold(0, |best, class| if row[class] > row[best] { class } else { best });
        best == usize::from(**label)
    };
    Score { correct: logits.chunks_exact(classes.max(1)).zip(labels).filter(right).count(), images: labels.len() }
}
