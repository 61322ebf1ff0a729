//! What a layer looks like now: pixels that spike on their picture, hidden neurons as a field of dots, and weights as
//! pictures.

use super::marks::{Extent, Ink, Mark, Shade, glowing, plain};
use crate::decimal::Between;
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

/// The neurons of a layer: green where one fires, grey by its voltage where not. `t` is the time step of `now`; the
/// pinned neuron has a rim.
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
    fn zero_weights_are_the_ground() {
        let Mark::Cells { shades, .. } = weights(&[0.0, 0.0], 1) else { panic!("weights are cells") };
        assert!(shades.iter().all(|shade| shade.amount == 0.0));
    }
}
