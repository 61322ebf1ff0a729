//! Accuracy. (The loss is [`crate::kernels::cross_entropy`].)

use crate::event::Score;

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
