//! Images of digits: where they come from and in which order they are shown.

pub mod augment;
pub mod shard_writer;
pub mod drawing;
mod handwriting;
pub mod idx;
pub mod noise;
pub mod order;
pub mod own;
pub mod shard;
mod styles;
mod thin;

/// The most pixels that an image of a data set may have in a row or column: the weights of larger ones would fill any memory.
pub const MOST_SIDE: usize = 1024;

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

    /// Those that show `label`, in their order.
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

/// Images that may not all be there yet.
pub trait Images {
    /// The pixels and the label of an image; none while its shard is not there.
    fn at(&self, place: order::Place) -> Option<(&[u8], u8)>;

    /// The pixels of all images of a shard; none while it is not there.
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

/// A data set that comes shard by shard.
#[derive(Clone, Debug, Default)]
pub struct Shards {
    shards: Vec<Option<Digits>>,
}

impl Shards {
    /// Room for so many shards.
    pub fn new(count: usize) -> Self {
        Self { shards: vec![None; count] }
    }

    /// Takes in a shard. One that there is no room for is left out.
    pub fn insert(&mut self, shard: usize, digits: Digits) {
        if let Some(place) = self.shards.get_mut(shard) {
            *place = Some(digits);
        }
    }

    /// The images of a shard, when it is there.
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
