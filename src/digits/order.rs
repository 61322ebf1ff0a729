//! The order in which an epoch shows the images: the same natively, where all are loaded, and in the browser, where
//! they come in shards. The shards are permuted by (seed, epoch), then the images within each shard. Batches cross
//! shards.

use crate::random::{Generator, Stream};

/// The number of images in a shard, natively too (the last one may be smaller).
pub const SHARD_SIZE: usize = 2000;

/// The sizes of the shards of `images` images.
pub fn shard_sizes(images: usize) -> Vec<usize> {
    (0..images.div_ceil(SHARD_SIZE)).map(|shard| SHARD_SIZE.min(images - shard * SHARD_SIZE)).collect()
}

/// The position of an image: its shard and its index there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Number of the shard.
    pub shard: usize,
    /// Number of the image within the shard.
    pub image: usize,
}

impl Place {
    /// The image's number in the data set.
    pub const fn sample(self) -> usize {
        self.shard * SHARD_SIZE + self.image
    }
}

/// The order of one epoch.
///
/// ```
/// use spiking_playground::digits::order::EpochOrder;
/// let order = EpochOrder::new(1, 0, 4100);
/// assert_eq!(order.len(), 4100);
/// let mut samples: Vec<usize> = (0..4100).map(|i| order.place(i).sample()).collect();
/// samples.sort();
/// assert!(samples.into_iter().eq(0..4100)); // each exactly once
/// ```
#[derive(Clone, Debug)]
pub struct EpochOrder {
    /// The image at each position in the epoch.
    places: Vec<Place>,
    /// The shards in the order in which they are shown.
    shards: Vec<usize>,
}

impl EpochOrder {
    /// The order of epoch number `epoch` (from 0) over `images` images.
    pub fn new(seed: u64, epoch: u32, images: usize) -> Self {
        let sizes = shard_sizes(images);
        let shards = Generator::new(seed, Stream::ShardOrder(epoch)).permutation(sizes.len());
        let within = |shard: &usize| {
            let stream = Stream::ImageOrder(epoch, *shard as u32);
            let images = Generator::new(seed, stream).permutation(sizes[*shard]);
            images.into_iter().map({
                let shard = *shard;
                move |image| Place { shard, image }
            })
        };
        Self { places: shards.iter().flat_map(within).collect(), shards }
    }

    /// The number of images in the epoch.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether the epoch has no images.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The image at this position.
    ///
    /// # Panics
    /// When the position is beyond the end.
    pub fn place(&self, position: usize) -> Place {
        self.places[position]
    }

    /// The batch of at most `count` images that begins at position `start`.
    pub fn batch(&self, start: usize, count: usize) -> &[Place] {
        let start = start.min(self.places.len());
        &self.places[start..(start + count).min(self.places.len())]
    }

    /// The shards in the order in which they are shown.
    pub fn shards(&self) -> &[usize] {
        &self.shards
    }
}
