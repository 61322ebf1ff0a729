//! The events of a run. The run pushes them, and what handles them answers whether it shall go on.

use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// The number of images of a set that were classified correctly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accuracy {
    /// Those classified correctly.
    pub correct: usize,
    /// The number of all images.
    pub images: usize,
}

impl Accuracy {
    /// The score of some logits, whose largest is the prediction; of equal ones the first. `logits` is [B, classes],
    /// row by row.
    ///
    /// ```
    /// use spiking_playground::event::Accuracy;
    /// assert_eq!(Accuracy::of(&[0.0, 1.0, 2.0, 2.0], &[1, 1]), Accuracy { correct: 1, images: 2 });
    /// ```
    pub fn of(logits: &[f32], labels: &[u8]) -> Self {
        Self::of_predictions(&predictions(logits, labels.len()), labels)
    }

    /// The number of predictions that equal their label. Both are \[B\].
    pub fn of_predictions(predictions: &[u8], labels: &[u8]) -> Self {
        let correct = predictions.iter().zip(labels).filter(|(prediction, label)| prediction == label).count();
        Self { correct, images: labels.len() }
    }

    /// The number of answers that are their label; who gives none is wrong. Both are \[B\].
    ///
    /// ```
    /// use spiking_playground::event::Accuracy;
    /// assert_eq!(Accuracy::of_answers(&[Some(1), None, Some(2)], &[1, 1, 1]), Accuracy { correct: 1, images: 3 });
    /// ```
    pub fn of_answers(answers: &[Option<u8>], labels: &[u8]) -> Self {
        let right = answers.iter().zip(labels).filter(|(answer, label)| **answer == Some(**label));
        Self { correct: right.count(), images: labels.len() }
    }

    /// The share of images classified correctly, 0 to 1; 0 if there were none.
    ///
    /// ```
    /// use spiking_playground::event::Accuracy;
    /// assert_eq!(Accuracy { correct: 1, images: 4 }.fraction(), 0.25);
    /// ```
    pub fn fraction(self) -> f64 {
        if self.images == 0 { 0.0 } else { self.correct as f64 / self.images as f64 }
    }
}

/// The class with the largest logit for each of `images` images, \[B\]; of equal ones the first. `logits` is [B,
/// classes], row by row.
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

impl std::ops::AddAssign for Accuracy {
    fn add_assign(&mut self, other: Self) {
        // A score that a browser saved may hold any number.
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
    /// The accuracy on the batch, before the update.
    pub score: Accuracy,
}

/// One pass over the training set.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochDone {
    /// The epoch, counted from 0.
    pub epoch: u32,
    /// Mean cross entropy over its batches, weighted by their size.
    pub loss: f64,
    /// The accuracy on the training images, each before its own update.
    pub score: Accuracy,
    /// The accuracy on the test images now; `None` without a test set.
    pub test: Option<Accuracy>,
}

/// An event of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The weights were updated.
    Step(StepDone),
    /// An epoch is over.
    Epoch(EpochDone),
    /// The loss is NaN or infinite (on the CPU the weights are then as before the step); or, at the end of an epoch, the
    /// loss is finite and a weight or a mean of the optimizer is not.
    Diverged(StepDone),
}

/// What handles a run's events.
pub trait Listener {
    /// An event has happened; on `Break` the run stops.
    fn handle(&mut self, event: &Event) -> ControlFlow<()>;
}

impl<F: FnMut(&Event) -> ControlFlow<()>> Listener for F {
    fn handle(&mut self, event: &Event) -> ControlFlow<()> {
        self(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_of_nonsense_add_up_to_the_largest() {
        let mut score = Accuracy { correct: usize::MAX, images: usize::MAX / 2 + 1 };
        score += score;
        assert_eq!(score, Accuracy { correct: usize::MAX, images: usize::MAX });
    }
}
