//! Spikes over time: one row a neuron, one column a time step. Which spoke, how densely; how does the wave start?

use super::marks::{Extent, Ink, Mark, Scene, column, glowing};
use crate::spikes::SpikeTrain;

/// Rows that can be told apart; more neurons than that share rows.
const MOST_ROWS: usize = 216;

/// How the neurons are put into rows.
struct Rows<'a> {
    order: Option<&'a [usize]>,
    neurons: usize,
    rows: usize,
}

impl<'a> Rows<'a> {
    fn new(neurons: usize, order: Option<&'a [usize]>) -> Self {
        Self { order, neurons, rows: neurons.clamp(1, MOST_ROWS) }
    }

    fn row(&self, neuron: usize) -> usize {
        let place = self.order.and_then(|order| order.get(neuron).copied()).unwrap_or(neuron);
        place * self.rows / self.neurons.max(1)
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
pub fn scene(spikes: &SpikeTrain, order: Option<&[usize]>) -> Scene {
    let (rows, time_steps) = (Rows::new(spikes.neurons(), order), spikes.time_steps());
    let share = rows.rows as f32 / rows.neurons.max(1) as f32;
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

/// The spikes that have just happened, brighter and larger.
pub fn glow(spikes: &SpikeTrain, order: Option<&[usize]>, now: f32) -> Vec<Mark> {
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
        let scene = scene(&spikes, Some(&[1, 0]));
        assert_eq!((scene.past.len(), scene.future.len()), (2, 2));
        let Mark::Tick { at, .. } = scene.past[0] else { panic!("a spike is a tick") };
        assert_eq!(at, (0.375, 0.75)); // neuron 0 stands in row 1
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
