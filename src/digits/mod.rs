//! Data sets of small grey images: their files, the order of an epoch, and what changes an image before it is shown.

pub mod augment;
pub mod drawing;
mod handwriting;
pub mod idx;
pub mod noise;
pub mod order;
pub mod own;
pub mod shard;
pub mod shard_writer;
mod scanned;
mod styles;
mod thin;

/// The maximal width and height of an image, in pixels: the weights for larger ones would fill any memory.
pub const MOST_SIDE: usize = 1024;

/// Images with their labels: u8 pixels [n, height, width], 0 for the background and 255 for full ink.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digits {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// All images, one after the other.
    pub images: Vec<u8>,
    /// The class of each image, 0 to classes - 1.
    pub labels: Vec<u8>,
}

impl Digits {
    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The number of pixels of one image.
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

    /// The label of image number `index`.
    ///
    /// # Panics
    /// When there is no such image.
    pub fn label(&self, index: usize) -> u8 {
        self.labels[index]
    }

    /// The first `most` images, or all where there are fewer.
    pub fn first(&self, most: usize) -> Self {
        let count = most.min(self.len());
        let images = self.images[..count * self.pixels()].to_vec();
        Self { images, labels: self.labels[..count].to_vec(), ..*self }
    }

    /// The images of class `label`, in their order.
    pub fn of_class(&self, label: u8) -> Self {
        let own = (0..self.len()).filter(|index| self.label(*index) == label);
        let images: Vec<u8> = own.flat_map(|index| self.image(index)).copied().collect();
        let labels = vec![label; images.len() / self.pixels().max(1)];
        Self { images, labels, ..*self }
    }

    /// The largest label plus one.
    pub fn classes(&self) -> usize {
        self.labels.iter().max().map_or(0, |label| usize::from(*label) + 1)
    }
}

/// A source of images, some of which may not have been loaded yet.
pub trait Images {
    /// The pixels and the label of an image; `None` while its shard is not loaded.
    fn at(&self, place: order::Place) -> Option<(&[u8], u8)>;

    /// The pixels of all images of a shard; `None` while it is not loaded.
    fn shard(&self, shard: usize) -> Option<&[u8]>;
}

impl Images for Digits {
    fn at(&self, place: order::Place) -> Option<(&[u8], u8)> {
        let sample = place.sample();
        (sample < self.len()).then(|| (self.image(sample), self.label(sample)))
    }

    fn shard(&self, shard: usize) -> Option<&[u8]> {
        let size = order::SHARD_SIZE * self.pixels();
        self.images.chunks(size.max(1)).nth(shard)
    }
}

/// A data set that is loaded shard by shard.
#[derive(Clone, Debug, Default)]
pub struct Shards {
    shards: Vec<Option<Digits>>,
}

impl Shards {
    /// A data set of `count` shards, none of them loaded.
    pub fn new(count: usize) -> Self {
        Self { shards: vec![None; count] }
    }

    /// Stores shard number `shard`; a number that is too large is ignored.
    pub fn insert(&mut self, shard: usize, digits: Digits) {
        if let Some(place) = self.shards.get_mut(shard) {
            *place = Some(digits);
        }
    }

    /// The images of a shard; `None` while it is not loaded.
    pub fn get(&self, shard: usize) -> Option<&Digits> {
        self.shards.get(shard)?.as_ref()
    }
}

impl Images for Shards {
    fn at(&self, place: order::Place) -> Option<(&[u8], u8)> {
        let digits = self.get(place.shard)?;
        (place.image < digits.len()).then(|| (digits.image(place.image), digits.label(place.image)))
    }

    fn shard(&self, shard: usize) -> Option<&[u8]> {
        self.get(shard).map(|digits| digits.images.as_slice())
    }
}
