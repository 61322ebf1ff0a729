//! What a layer looks like now: pixels that spike on their picture, hidden neurons as a field of dots, and weights as
//! pictures.

use super::marks::{Extent, Ink, Mark, Shade, glowing, plain};
use crate::decimal::Between;
use crate::spec::{FeatureMaps, Window};
use crate::spikes::SpikeTrain;
use crate::trace::LayerTrace;

/// Beyond so many neurons a dot would be smaller than a pixel or two, and cells show more.
const MOST_DOTS: usize = 1024;

/// How brightly each neuron glows at the moment `now`.
pub fn brightness(spikes: &SpikeTrain, now: f32) -> Vec<f32> {
    let mut bright = vec![0f32; spikes.neurons()];
    for (t, glow) in glowing(now, spikes.time_steps()) {
        for (neuron, bright) in bright.iter_mut().enumerate() {
            if spikes.fires(0, neuron, t) {
                *bright = bright.max(glow);
            }
        }
    }
    bright
}

/// A picture in ink on the wash.
pub fn picture(image: &[u8], columns: usize) -> Mark {
    let shade = |pixel: &u8| Shade { from: Ink::Wash, to: Ink::Ink, amount: f32::from(*pixel) / 255.0 };
    Mark::Cells { columns, shades: image.iter().map(shade).collect() }
}

/// The pixels that spike now, over a trace of the picture.
pub fn frame(image: &[u8], spikes: &SpikeTrain, columns: usize, now: f32) -> Mark {
    let shade = |(pixel, bright): (&u8, f32)| {
        let base = 0.16 * f32::from(*pixel) / 255.0;
        if bright > base {
            Shade { from: Ink::Wash, to: Ink::Spike, amount: bright }
        } else {
            Shade { from: Ink::Wash, to: Ink::Ink, amount: base }
        }
    };
    Mark::Cells { columns, shades: image.iter().zip(brightness(spikes, now)).map(shade).collect() }
}

/// Where the feature maps of a layer lie beside each other, as cells with a cell of paper between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tiles {
    maps: FeatureMaps,
    across: usize,
}

impl Tiles {
    /// As nearly a square as they can be.
    fn new(maps: FeatureMaps) -> Self {
        let wanted = maps.channels * (maps.rows + 1) * (maps.columns + 1);
        let across = ((wanted as f32).sqrt() / (maps.columns + 1) as f32).round() as usize;
        Self { maps, across: across.clamp(1, maps.channels.max(1)) }
    }

    /// Columns and rows of cells.
    fn size(self) -> (usize, usize) {
        let down = self.maps.channels.div_ceil(self.across);
        (self.across * (self.maps.columns + 1) - 1, down * (self.maps.rows + 1) - 1)
    }

    /// The neuron of a cell; none between maps and behind the last.
    fn neuron(self, (column, row): (usize, usize)) -> Option<usize> {
        let (width, height) = (self.maps.columns + 1, self.maps.rows + 1);
        let (map, x, y) = (row / height * self.across + column / width, column % width, row % height);
        let is_neuron = map < self.maps.channels && x < self.maps.columns && y < self.maps.rows;
        is_neuron.then_some((map * self.maps.rows + y) * self.maps.columns + x)
    }

    /// The middle of a neuron's cell, and its width.
    fn middle(self, neuron: usize) -> ((f32, f32), f32) {
        let (map, place) = (neuron / self.maps.places(), neuron % self.maps.places());
        let column = map % self.across * (self.maps.columns + 1) + place % self.maps.columns;
        let row = map / self.across * (self.maps.rows + 1) + place / self.maps.columns;
        let (columns, rows) = self.size();
        let share = |at: usize, of: usize| (at as f32 + 0.5) / of as f32;
        ((share(column, columns), share(row, rows)), 1.0 / columns as f32)
    }
}

/// The neuron at a place of the picture of a layer.
pub fn neuron_at(layer: &LayerTrace, (x, y): (f32, f32)) -> Option<usize> {
    if layer.window.is_none() {
        return dot((x, y), layer.neurons());
    }
    let tiles = Tiles::new(layer.feature_maps());
    let (columns, rows) = tiles.size();
    tiles.neuron((part(x, columns), part(y, rows)))
}

/// The neurons of a layer: green where one fires, grey by its voltage where not; those of feature maps lie as these do. `t` is the
/// time step of `now`; the pinned neuron has a rim.
pub fn neurons(layer: &LayerTrace, threshold: f32, now: f32, t: usize, pinned: Option<usize>) -> Vec<Mark> {
    let count = layer.neurons();
    let side = (count as f32).sqrt().ceil().max(1.0) as usize;
    let charge = |n: usize| (layer.potentials.get(t * count + n).copied().unwrap_or(0.0) / threshold).between(0.0, 1.0);
    let shade = |n: usize, bright: f32| {
        if bright > 0.06 {
            Shade { from: Ink::Ghost, to: Ink::Spike, amount: (bright * 1.15).min(1.0) }
        } else {
            Shade { from: Ink::Wash, to: Ink::Ghost, amount: charge(n) }
        }
    };
    let bright = brightness(&layer.spikes, now);
    if layer.window.is_some() {
        let tiles = Tiles::new(layer.feature_maps());
        let (columns, rows) = tiles.size();
        let cell = |at: usize| match tiles.neuron((at % columns, at / columns)) {
            Some(neuron) => shade(neuron, bright[neuron]),
            None => plain(Ink::Paper),
        };
        let rim = pinned.filter(|neuron| *neuron < count).map(|neuron| {
            let (at, width) = tiles.middle(neuron);
            let radius = Extent { share: 0.8 * width, least: 3.0 };
            Mark::Dot { at, radius, fill: shade(neuron, bright[neuron]), rim: Some(Ink::Ink) }
        });
        return [Mark::Cells { columns, shades: (0..columns * rows).map(cell).collect() }]
            .into_iter()
            .chain(rim)
            .collect();
    }
    if count > MOST_DOTS {
        let mut shades: Vec<Shade> = bright.iter().enumerate().map(|(n, bright)| shade(n, *bright)).collect();
        shades.resize(side * side, plain(Ink::Paper));
        return vec![Mark::Cells { columns: side, shades }];
    }
    let step = 1.0 / side as f32;
    let dot = |(n, bright): (usize, &f32)| Mark::Dot {
        at: (((n % side) as f32 + 0.5) * step, ((n / side) as f32 + 0.5) * step),
        radius: Extent { share: step * (0.30 + 0.14 * bright.max(0.5 * charge(n))), least: 0.5 },
        fill: shade(n, *bright),
        rim: (pinned == Some(n)).then_some(Ink::Ink),
    };
    bright.iter().enumerate().map(dot).collect()
}

/// Weights as a picture, strongest at full colour.
pub fn weights(weights: &[f32], columns: usize) -> Mark {
    let strongest = weights.iter().fold(0f32, |most, weight| most.max(weight.abs())) * 0.85;
    let scale = if strongest > 0.0 { 1.0 / strongest } else { 0.0 };
    Mark::Cells { columns, shades: weights.iter().map(|weight| Shade::of_weight(weight * scale)).collect() }
}

/// The weights into a neuron as a picture: of a convolution's over one image its kernel alone, else all of them.
pub fn receptive_field(incoming: &[f32], window: Option<Window>, neuron: usize, columns: usize) -> Mark {
    let Some(window) = window.filter(|window| window.input.channels == 1) else { return weights(incoming, columns) };
    let place = neuron % window.places().max(1);
    let tap = |tap: usize| window.source(place, tap).and_then(|input| incoming.get(input).copied()).unwrap_or(0.0);
    weights(&(0..window.taps()).map(tap).collect::<Vec<_>>(), window.kernel)
}

/// The index of the part, of this number of parts, in which a share from 0 to 1 lies.
pub fn part(share: f32, parts: usize) -> usize {
    ((share * parts as f32) as usize).min(parts.saturating_sub(1))
}

/// The neuron whose dot stands at a place of a layer's field; none where there is no dot.
///
/// ```
/// use spiking_playground::pictures::field::dot;
/// assert_eq!(dot((0.9, 0.1), 5), Some(2)); // three in a row
/// assert_eq!(dot((0.9, 0.9), 5), None);
/// ```
pub fn dot((x, y): (f32, f32), neurons: usize) -> Option<usize> {
    let side = (neurons as f32).sqrt().ceil().max(1.0) as usize;
    Some(part(y, side) * side + part(x, side)).filter(|neuron| *neuron < neurons)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_layer_is_dots_and_a_large_one_cells() {
        let layer =
            |n| LayerTrace { spikes: SpikeTrain::silent(1, n, 1), potentials: vec![0.0; n], ..LayerTrace::default() };
        assert_eq!(neurons(&layer(256), 1.0, 1.0, 0, Some(3)).len(), 256);
        assert_eq!(neurons(&layer(1500), 1.0, 1.0, 0, None).len(), 1);
    }

    #[test]
    fn maps_lie_beside_each_other_and_are_found_where_they_are_drawn() {
        let input = FeatureMaps { channels: 1, rows: 9, columns: 9 };
        let window = Some(Window { input, kernel: 3, stride: 2, padding: 0 });
        let spikes = SpikeTrain::silent(1, 5 * 16, 1);
        let layer = LayerTrace { spikes, potentials: vec![0.0; 5 * 16], window, ..LayerTrace::default() };
        let [Mark::Cells { columns, shades }, Mark::Dot { at, .. }] = &neurons(&layer, 1.0, 1.0, 0, Some(33))[..]
        else {
            panic!("maps are cells, and the pinned neuron has a rim")
        };
        // Five maps of 4 × 4, two beside each other, three below each other.
        assert_eq!((*columns, shades.len()), (9, 9 * 14));
        assert_eq!(shades.iter().filter(|shade| shade.to == Ink::Ghost).count(), 80);
        assert_eq!(neuron_at(&layer, *at), Some(33));
        for neuron in 0..80 {
            assert_eq!(neuron_at(&layer, Tiles::new(layer.feature_maps()).middle(neuron).0), Some(neuron));
        }
        assert_eq!(neuron_at(&layer, (0.5, 0.01)), None, "between two maps");
    }

    #[test]
    fn a_kernel_is_shown_without_the_ground_around_it() {
        let input = FeatureMaps { channels: 1, rows: 4, columns: 4 };
        let window = Window { input, kernel: 2, stride: 1, padding: 0 };
        let incoming: Vec<f32> = (0..16).map(|pixel| pixel as f32).collect();
        // The place in row 1, column 2.
        assert_eq!(receptive_field(&incoming, Some(window), 5, 4), weights(&[6.0, 7.0, 10.0, 11.0], 2));
        assert_eq!(receptive_field(&incoming, None, 5, 4), weights(&incoming, 4));
    }

    #[test]
    fn zero_weights_are_the_ground() {
        let Mark::Cells { shades, .. } = weights(&[0.0, 0.0], 1) else { panic!("weights are cells") };
        assert!(shades.iter().all(|shade| shade.amount == 0.0));
    }
}
