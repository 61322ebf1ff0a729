//! Spikes over time: one row a neuron, one column a time step. Which spoke, how densely; how does the wave start?

use super::field::part;
use super::marks::{Extent, Ink, Mark, Scene, column, glowing, level};
use crate::spikes::SpikeTrain;

/// Rows that can be told apart; more neurons than that share rows.
const MOST_ROWS: usize = 216;

/// Fewer rows than that would be thicker than a spike should be.
const FEWEST_ROWS: usize = 32;

/// Neurons in the order in which they stand in a raster.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The place of each neuron.
    pub places: &'a [usize],
    /// How many of them fire: they come first, and only they have rows.
    pub firing: usize,
}

/// In how many rows so many neurons that fire are shown.
fn rows(firing: usize) -> usize {
    firing.clamp(FEWEST_ROWS, MOST_ROWS)
}

/// How the neurons are put into rows.
struct Rows<'a> {
    order: Option<Order<'a>>,
    neurons: usize,
    rows: usize,
}

impl<'a> Rows<'a> {
    fn new(neurons: usize, order: Option<Order<'a>>) -> Self {
        let rows = order.map_or(neurons.clamp(1, MOST_ROWS), |order| rows(order.firing));
        Self { order, neurons, rows }
    }

    fn row(&self, neuron: usize) -> usize {
        match self.order {
            // Rows are shared only where there are too few.
            Some(Order { places, firing }) => {
                let place = places.get(neuron).copied().unwrap_or(neuron);
                (place * self.rows / firing.max(self.rows)).min(self.rows - 1)
            }
            None => neuron * self.rows / self.neurons.max(1),
        }
    }

    /// How many neurons fire in each row at each time step, [T, rows].
    fn counts(&self, spikes: &SpikeTrain) -> Vec<u16> {
        let mut counts = vec![0u16; spikes.time_steps() * self.rows];
        for neuron in 0..self.neurons {
            for t in spikes.times(0, neuron) {
                counts[t * self.rows + self.row(neuron)] += 1;
            }
        }
        counts
    }

    fn tick(&self, t: usize, row: usize, time_steps: usize, ink: Ink, alpha: f32, glow: f32) -> Mark {
        let (wide, high) = (0.5 / time_steps as f32, 0.7 / self.rows as f32);
        Mark::Tick {
            at: (column(t, time_steps), (row as f32 + 0.5) / self.rows as f32),
            width: Extent { share: wide * (1.0 + 0.45 * glow), least: 1.5 },
            height: Extent { share: high * (1.0 + 0.4 * glow), least: 1.0 },
            ink,
            alpha,
        }
    }
}

/// All spikes, as they look before and after the cursor has passed. `order` gives each neuron its row.
pub fn scene(spikes: &SpikeTrain, order: Option<Order<'_>>) -> Scene {
    let (rows, time_steps) = (Rows::new(spikes.neurons(), order), spikes.time_steps());
    let share = (rows.rows as f32 / rows.order.map_or(rows.neurons, |order| order.firing).max(1) as f32).min(1.0);
    let counts = rows.counts(spikes);
    let marks = |ink: Ink, alpha: f32| {
        let filled = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        filled
            .map(|(i, count)| {
                let full = (0.45 + 0.55 * f32::from(*count) * share).min(1.0);
                rows.tick(i / rows.rows, i % rows.rows, time_steps, ink, alpha * full, 0.0)
            })
            .collect()
    };
    Scene { past: marks(Ink::Spike, 0.78), future: marks(Ink::Ghost, 0.6) }
}

/// A picture that enters as a steady current: the same at every time step, and no spike.
pub fn current(image: &[u8], time_steps: usize) -> Scene {
    let rows = Rows::new(image.len(), None);
    let mut sums = vec![(0.0, 0.0); rows.rows];
    for (pixel, value) in image.iter().enumerate() {
        let (sum, count) = &mut sums[rows.row(pixel)];
        (*sum, *count) = (*sum + f32::from(*value) / 255.0, *count + 1.0);
    }
    let marks = |ink: Ink| {
        let lit = sums.iter().enumerate().filter(|(_, (sum, _))| *sum > 0.0);
        lit.flat_map(|(row, (sum, count))| (0..time_steps).map(move |t| (t, row, sum / count)).collect::<Vec<_>>())
            .map(|(t, row, share)| rows.tick(t, row, time_steps, ink, share, 0.0))
            .collect()
    };
    Scene { past: marks(Ink::Ink), future: marks(Ink::Ghost) }
}

/// A line through the row of a neuron, so that the eye can follow it; none where it does not fire.
pub fn line_of(spikes: &SpikeTrain, order: Order<'_>, neuron: usize) -> Option<Mark> {
    let rows = Rows::new(spikes.neurons(), Some(order));
    (spikes.count_of(0, neuron) > 0).then(|| level((rows.row(neuron) as f32 + 0.5) / rows.rows as f32, Ink::Faint))
}

/// The neuron whose spikes stand at height `y`, 0 to 1 downwards: where rows are shared, the first of those in it.
pub fn neuron_at(order: Order, y: f32) -> Option<usize> {
    let rows = Rows::new(order.places.len(), Some(order));
    let firing = |place: &usize| *place < order.firing;
    let at = order
        .places
        .iter()
        .enumerate()
        .filter(|(neuron, place)| firing(place) && rows.row(*neuron) == part(y, rows.rows));
    at.min_by_key(|(_, place)| **place).map(|(neuron, _)| neuron)
}

/// The spikes that have just happened, brighter and larger.
pub fn glow(spikes: &SpikeTrain, order: Option<Order<'_>>, now: f32) -> Vec<Mark> {
    let (rows, time_steps) = (Rows::new(spikes.neurons(), order), spikes.time_steps());
    let mut marks = Vec::new();
    for (t, glow) in glowing(now, time_steps) {
        let firing = (0..rows.neurons).filter(|n| spikes.fires(0, *n, t));
        let mut seen = vec![false; rows.rows];
        firing.for_each(|n| seen[rows.row(n)] = true);
        let lit = seen.iter().enumerate().filter(|(_, seen)| **seen);
        marks.extend(lit.map(|(row, _)| rows.tick(t, row, time_steps, Ink::Spike, glow, glow)));
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spike_is_one_tick_where_rows_suffice() {
        let mut spikes = SpikeTrain::silent(1, 2, 4);
        spikes.fire(0, 0, 1);
        spikes.fire(0, 1, 3);
        let order = Order { places: &[1, 0], firing: 2 };
        let scene = scene(&spikes, Some(order));
        assert_eq!((scene.past.len(), scene.future.len()), (2, 2));
        let Mark::Tick { at, .. } = scene.past[0] else { panic!("a spike is a tick") };
        assert_eq!(at, (0.375, 1.5 / FEWEST_ROWS as f32)); // neuron 0 stands in row 1
        assert_eq!(line_of(&spikes, order, 0), Some(level(1.5 / FEWEST_ROWS as f32, Ink::Faint)));
        assert_eq!((neuron_at(order, 1.5 / FEWEST_ROWS as f32), neuron_at(order, 0.9)), (Some(0), None));
    }

    #[test]
    fn only_neurons_that_fire_have_rows() {
        let mut spikes = SpikeTrain::silent(1, 500, 2);
        (0..100).for_each(|n| spikes.fire(0, 5 * n, 0));
        let places: Vec<usize> = (0..500).map(|n| if n % 5 == 0 { n / 5 } else { 100 + n }).collect();
        let order = Order { places: &places, firing: 100 };
        let scene = scene(&spikes, Some(order));
        assert_eq!(scene.past.len(), 100);
        let Mark::Tick { at, .. } = scene.past[99] else { panic!("a spike is a tick") };
        assert_eq!(at.1, 0.995);
        assert_eq!(line_of(&spikes, order, 1), None);
        assert_eq!((neuron_at(order, 0.005), neuron_at(order, 0.995)), (Some(0), Some(495)));
    }

    #[test]
    fn only_what_has_happened_glows() {
        let mut spikes = SpikeTrain::silent(1, 1, 4);
        (0..4).for_each(|t| spikes.fire(0, 0, t));
        assert_eq!(glow(&spikes, None, 1.0).len(), 1);
        assert_eq!(glow(&spikes, None, 3.5).len(), 3);
    }

    #[test]
    fn many_neurons_share_rows() {
        let mut spikes = SpikeTrain::silent(1, 4096, 2);
        (0..4096).for_each(|n| spikes.fire(0, n, 0));
        assert_eq!(scene(&spikes, None).past.len(), MOST_ROWS);
    }
}
