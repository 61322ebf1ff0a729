//! Cross entropy, with our own exponential: a platform's own may round differently.

use std::iter::zip;

/// softmax of a row of logits, and the logarithm of the sum that it is divided by, with the largest logit in it.
fn softmax(row: &[f32]) -> (Vec<f32>, f32) {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut parts: Vec<f32> = row.iter().map(|logit| libm::expf(logit - largest)).collect();
    let sum: f32 = parts.iter().sum();
    parts.iter_mut().for_each(|part| *part /= sum);
    (parts, libm::logf(sum) + largest)
}

/// Mean over the rows of -log softmax(logits)[label]. `logits` is [B, C].
pub(super) fn cross_entropy(logits: &[f32], labels: &[u8]) -> f32 {
    let rows = zip(logits.chunks_exact(logits.len() / labels.len().max(1)), labels);
    let sum: f32 = rows.map(|(row, label)| softmax(row).1 - row[usize::from(*label)]).sum();
    sum / labels.len() as f32
}

/// The gradient of the logits, [B, C], from that of the mean.
pub(super) fn gradient(logits: &[f32], labels: &[u8], upstream: f32) -> Vec<f32> {
    let share = upstream / labels.len() as f32;
    let rows = zip(logits.chunks_exact(logits.len() / labels.len().max(1)), labels);
    let row = |(row, label): (&[f32], &u8)| {
        let mut parts = softmax(row).0;
        parts[usize::from(*label)] -= 1.0;
        parts.iter_mut().for_each(|part| *part *= share);
        parts
    };
    rows.flat_map(row).collect()
}
