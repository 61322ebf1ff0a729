//! How much work is done before the next look at the port.

/// Milliseconds that a piece of work may take: a drawing that waits for it is still answered at once.
const SLICE: f64 = 20.0;
/// Images of the first piece, when nothing is known yet.
const FIRST: f64 = 8.0;

/// What an image costs, as it was seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    /// Milliseconds.
    image: Option<f64>,
}

impl Pace {
    /// So many images fit into a piece of work, at least one.
    pub(super) fn images(&self) -> usize {
        // A cast of what is too large or no number gives a bound of usize; at least one image is taken in any case.
        (self.image.map_or(FIRST, |image| SLICE / image) as usize).max(1)
    }

    /// So many images took so many milliseconds.
    pub(super) fn took(&mut self, images: usize, time: f64) {
        // Clocks of browsers are coarse: what took no time yet is not taken for nothing.
        let seen = time.max(0.1) / images.max(1) as f64;
        self.image = Some(self.image.map_or(seen, |image| 0.7 * image + 0.3 * seen));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_of_work_takes_twenty_milliseconds() {
        let mut pace = Pace::default();
        assert_eq!(pace.images(), 8);
        (0..20).for_each(|_| pace.took(10, 5.0));
        assert_eq!(pace.images(), 40);
        (0..20).for_each(|_| pace.took(1, 300.0));
        assert_eq!(pace.images(), 1);
    }
}
