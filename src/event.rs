//! What a run tells while it goes on. The run pushes; the listener answers whether it shall go on.

use serde::{Deserialize, Serialize};

/// How many of some images were read rightly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// Those read rightly.
    pub correct: usize,
    /// All of them.
    pub images: usize,
}

impl Score {
    /// How many of the labels have the largest logit; of equal ones the first counts. `logits` is [B, classes], row by
    /// row.
    ///
    /// ```
    /// use spiking_playground::event::Score;
    /// assert_eq!(Score::of(&[0.0, 1.0, 2.0, 2.0], &[1, 1]), Score { correct: 1, images: 2 });
    /// ```
    pub fn of(logits: &[f32], labels: &[u8]) -> Self {
        Self::of_predictions(&predictions(logits, labels.len()), labels)
    }

    /// How many answers are the label.
    pub fn of_predictions(predictions: &[u8], labels: &[u8]) -> Self {
        let correct = predictions.iter().zip(labels).filter(|(prediction, label)| prediction == label).count();
        Self { correct, images: labels.len() }
    }

    /// The share of images read rightly, 0 to 1; 0 where there were none.
    ///
    /// ```
    /// use spiking_playground::event::Score;
    /// assert_eq!(Score { correct: 1, images: 4 }.accuracy(), 0.25);
    /// ```
    pub fn accuracy(self) -> f64 {
        if self.images == 0 { 0.0 } else { self.correct as f64 / self.images as f64 }
    }
}

/// The class with the largest logit for each of `images` images, [B]; of equal ones the first. `logits` is [B, classes],
/// row by row.
///
/// ```
/// use spiking_playground::event::predictions;
/// assert_eq!(predictions(&[0.0, 1.0, 2.0, 2.0], 2), [1, 0]);
/// ```
pub fn predictions(logits: &[f32], images: usize) -> Vec<u8> {
    let best = |row: &[f32]| (1..row.len()).fold(0, |best, class| if row[class] > row[best] { class } else { best });
    let classes = (logits.len() / images.max(1)).max(1);
    logits.chunks_exact(classes).map(|row| best(row) as u8).collect()
}

impl std::ops::AddAssign for Score {
    fn add_assign(&mut self, other: Self) {
        // What was kept by a browser may say any number.
        self.correct = self.correct.saturating_add(other.correct);
        self.images = self.images.saturating_add(other.images);
    }
}

/// One update of the weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepDone {
    /// Updates so far, this one included.
    pub step: u64,
    /// The epoch, counted from 0.
    pub epoch: u32,
    /// Images of this epoch so far, this batch included.
    pub images: usize,
    /// Images in an epoch.
    pub images_in_epoch: usize,
    /// Mean cross entropy over the batch, before the update.
    pub loss: f32,
    /// How the batch was read, before the update.
    pub score: Score,
}

/// One pass over the training set.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochDone {
    /// The epoch, counted from 0.
    pub epoch: u32,
    /// Mean cross entropy over its batches, weighted by their size.
    pub loss: f64,
    /// How the training images were read, each before its own update.
    pub score: Score,
    /// How the test images are read now; none without a test set.
    pub test: Option<Score>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The weights were updated.
    Step(StepDone),
    /// An epoch is over.
    Epoch(EpochDone),
    /// The loss is no finite number any more, and the weights are as before the step; or, at the end of an epoch, the loss
    /// is finite and a weight or a mean of the optimizer is not.
    Diverged(StepDone),
}

/// What the run shall do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Go,
    /// Stop here.
    Stop,
}

/// Who hears what a run tells.
pub trait Listener {
    /// Something happened; shall the run go on?
    fn hear(&mut self, event: &Event) -> Flow;
}

impl<F: FnMut(&Event) -> Flow> Listener for F {
    fn hear(&mut self, event: &Event) -> Flow {
        self(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_of_nonsense_add_up_to_the_largest() {
        let mut score = Score { correct: usize::MAX, images: usize::MAX / 2 + 1 };
        score += score;
        assert_eq!(score, Score { correct: usize::MAX, images: usize::MAX });
    }
}
