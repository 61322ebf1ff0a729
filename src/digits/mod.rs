//! Images of digits: where they come from and in which order they are shown.

pub mod cut;
pub mod drawing;
pub mod idx;
pub mod order;
pub mod shard;

/// Images with their labels: u8 pixels [n, height, width], 0 for the ground and 255 for full ink.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digits {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// All images, one after the other.
    pub images: Vec<u8>,
    /// What each of them shows, 0 to classes - 1.
    pub labels: Vec<u8>,
}

impl Digits {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Pixels of one image.
    pub fn pixels(&self) -> usize {
        self.width * self.height
    }

    /// The pixels of image number `index`, row by row.
    ///
    /// # Panics
    /// When there is no such image.
    pub fn image(&self, index: usize) -> &[u8] {
        &self.images[index * self.pixels()..(index + 1) * self.pixels()]
    }

    /// What image number `index` shows.
    ///
    /// # Panics
    /// When there is no such image.
    pub fn label(&self, index: usize) -> u8 {
        self.labels[index]
    }

    /// The largest label plus one.
    pub fn classes(&self) -> usize {
        self.labels.iter().max().map_or(0, |label| usize::from(*label) + 1)
    }
}
