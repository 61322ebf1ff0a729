//! Cross entropy on the CPU, with libm's exponential: a platform's own may round differently.

use std::iter::zip;

/// The softmax of a row of logits, and its log-sum-exp.
fn softmax(row: &[f32]) -> (Vec<f32>, f32) {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut parts: Vec<f32> = row.iter().map(|logit| libm::expf(logit - largest)).collect();
    let sum: f32 = parts.iter().sum();
    parts.iter_mut().for_each(|part| *part /= sum);
    (parts, libm::logf(sum) + largest)
}

/// The sum over the rows of -log softmax(logits)[label], divided by the size of the batch. `logits` is [B, C].
pub(super) fn cross_entropy(logits: &[f32], labels: &[u8], batch: usize) -> f32 {
    let rows = zip(logits.chunks_exact(logits.len() / labels.len().max(1)), labels);
    let sum: f32 = rows.map(|(row, label)| softmax(row).1 - row[usize::from(*label)]).sum();
    sum / batch as f32
}

/// The gradient of the logits, [B, C]; `share` is the weight of each row.
pub(super) fn gradient(logits: &[f32], labels: &[u8], share: f32) -> Vec<f32> {
    let rows = zip(logits.chunks_exact(logits.len() / labels.len().max(1)), labels);
    let row = |(row, label): (&[f32], &u8)| {
        let mut parts = softmax(row).0;
        parts[usize::from(*label)] -= 1.0;
        parts.iter_mut().for_each(|part| *part *= share);
        parts
    };
    rows.flat_map(row).collect()
}
