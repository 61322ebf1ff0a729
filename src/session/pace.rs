//! The number of images in a piece of training or of a test, from what an image costs.

use crate::network::Network;
use crate::spec::Spec;

/// Milliseconds that a piece of work may take: a drawing that waits for it is still answered at once.
const SLICE: f64 = 20.0;
/// Images of the first piece, when no time is known yet.
const FIRST_IMAGES: usize = 8;
/// Synaptic operations of the first piece, if all neurons fired at every time step: of large networks it has fewer images.
const FIRST_OPERATIONS: usize = 1 << 26;

/// What an image costs, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    /// Synaptic operations, if all neurons fired at every time step; 0 before there is a network.
    operations: usize,
    /// Milliseconds, once it was seen.
    image: Option<f64>,
}

impl Pace {
    /// Of a network that was not timed yet.
    pub(super) fn new(network: &Network, spec: &Spec) -> Self {
        let synapses: u64 = network.layouts().map(|(_, it)| it.connectivity().synapses(it.inputs())).sum();
        Self { operations: (synapses as usize).saturating_mul(spec.time_steps), image: None }
    }

    /// The number of images that fit into a piece of work, at least one: one image passes whole.
    pub(super) fn images(&self) -> usize {
        // A cast of what is too large or NaN gives a bound of usize; at least one image is taken in any case.
        let seen = self.image.map(|image| (SLICE / image) as usize);
        seen.unwrap_or_else(|| FIRST_IMAGES.min(FIRST_OPERATIONS / self.operations.max(1))).max(1)
    }

    /// `images` images took `time` milliseconds.
    pub(super) fn took(&mut self, images: usize, time: f64) {
        // Clocks of browsers are coarse: what took no time yet is not taken for nothing.
        let seen = time.max(0.1) / images.max(1) as f64;
        self.image = Some(self.image.map_or(seen, |image| 0.7 * image + 0.3 * seen));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels;

    #[test]
    fn a_piece_of_work_takes_twenty_milliseconds() {
        let mut pace = Pace::default();
        assert_eq!(pace.images(), 8);
        (0..20).for_each(|_| pace.took(10, 5.0));
        assert_eq!(pace.images(), 40);
        (0..20).for_each(|_| pace.took(1, 300.0));
        assert_eq!(pace.images(), 1);
    }

    #[test]
    fn the_first_piece_of_a_large_network_has_fewer_images() {
        let first = |hidden: &[usize], time_steps: usize| {
            let spec = Spec { layers: crate::spec::dense(hidden.iter().copied()), time_steps, ..Spec::default() };
            Pace::new(&Network::new(&spec, 784, 10, &kernels::cpu()), &spec).images()
        };
        assert_eq!(first(&[256], 25), 8);
        assert_eq!(first(&[1000], 25), 3);
        assert_eq!(first(&[2000], 100), 1);
    }
}
