//! Which test images are taken for what: the confusion matrix, and the images that are read wrongly.

/// The test images that were read, by what they are and what was read in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    /// [classes, classes]: row by what the image is, column by what was read.
    counts: Vec<u32>,
    /// The images that were read wrongly: (number in the test set, what it is, what was read).
    wrong: Vec<(usize, u8, u8)>,
    images: usize,
}

/// One cell of the matrix: what the images are, and what was read.
pub type Pair = (usize, usize);

impl Confusion {
    /// From the class read in each image and its label; images of a class beyond `classes` are left out.
    ///
    /// ```
    /// use spiking_playground::pictures::confusion::Confusion;
    /// let confusion = Confusion::new(&[1, 0, 1], &[1, 1, 1], 2);
    /// assert_eq!((confusion.count((1, 1)), confusion.count((1, 0))), (2, 1));
    /// assert_eq!(confusion.worst(), Some(((1, 0), 1)));
    /// assert_eq!(confusion.wrong(None).collect::<Vec<_>>(), [(1, (1, 0))]);
    /// ```
    pub fn new(answers: &[u8], labels: &[u8], classes: usize) -> Self {
        let mut confusion = Self { classes, counts: vec![0; classes * classes], ..Self::default() };
        for (image, (answer, label)) in answers.iter().zip(labels).enumerate() {
            let (row, column) = (usize::from(*label), usize::from(*answer));
            if row.max(column) < classes {
                confusion.images += 1;
                confusion.counts[row * classes + column] += 1;
                if row != column {
                    confusion.wrong.push((image, *label, *answer));
                }
            }
        }
        confusion
    }

    /// How many classes there are; 0 where nothing was read yet.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How many images were read.
    pub fn images(&self) -> usize {
        self.images
    }

    /// How many images of the first class were taken for the second.
    pub fn count(&self, (label, answer): Pair) -> u32 {
        self.counts.get(label * self.classes + answer).copied().unwrap_or(0)
    }

    /// The images that were read wrongly, or those of one cell: number in the test set, and the cell.
    pub fn wrong(&self, of: Option<Pair>) -> impl Iterator<Item = (usize, Pair)> {
        let all = self.wrong.iter().map(|(image, label, answer)| (*image, (usize::from(*label), usize::from(*answer))));
        all.filter(move |(_, pair)| of.is_none_or(|of| of == *pair))
    }

    /// The most frequent mistake, and how often it is made.
    pub fn worst(&self) -> Option<(Pair, u32)> {
        let pairs = (0..self.classes).flat_map(|label| (0..self.classes).map(move |answer| (label, answer)));
        let mistakes = pairs.filter(|(label, answer)| label != answer).map(|pair| (pair, self.count(pair)));
        // Of equally frequent ones the first.
        mistakes.filter(|(_, count)| *count > 0).reduce(|worst, other| if other.1 > worst.1 { other } else { worst })
    }

    /// How strongly a cell is shaded, 0 to 1: mistakes against the most frequent one, by the root, so that rare ones are
    /// seen too.
    pub fn shade(&self, pair: Pair) -> f32 {
        let most = self.worst().map_or(1, |(_, count)| count);
        if pair.0 == pair.1 { 0.0 } else { (self.count(pair) as f32 / most as f32).sqrt() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_classes_is_left_out() {
        let confusion = Confusion::new(&[0, 9, 1], &[0, 1, 7], 2);
        assert_eq!((confusion.images(), confusion.wrong(None).count()), (1, 0));
        assert_eq!(confusion.worst(), None);
    }

    #[test]
    fn the_most_frequent_mistake_is_the_darkest() {
        let confusion = Confusion::new(&[1, 1, 1, 1, 2, 0], &[0, 0, 0, 0, 0, 0], 3);
        assert_eq!(confusion.worst(), Some(((0, 1), 4)));
        assert_eq!([(0, 0), (0, 1), (0, 2)].map(|pair| confusion.shade(pair)), [0.0, 1.0, 0.5]);
        assert_eq!(confusion.wrong(Some((0, 2))).collect::<Vec<_>>(), [(4, (0, 2))]);
        assert_eq!(confusion.shade((2, 1)), 0.0);
    }

    #[test]
    fn nothing_read_is_no_matrix() {
        let confusion = Confusion::default();
        assert_eq!((confusion.classes(), confusion.count((3, 4)), confusion.worst()), (0, 0, None));
    }
}
