//! A network on a chip: one picture's spikes there over those in floats, and accuracy against the bits of a weight.

use super::marks::{Ink, Mark, Point, column, level, line, plain, px};
use super::palette::Palette;
use super::svg::{Anchor, Frame, Label, Sheet};
use crate::decimal::Between;
use crate::spikes::SpikeTrain;

/// Neurons of a raster: more would be thinner than a pixel.
const MOST_ROWS: usize = 96;
const WIDTH: f64 = 640.0;
const ROW: f64 = 3.0;
const LEAST: f64 = 60.0;
const TEXT: f64 = 18.0;

/// Spikes of a layer: those in both in faint ink, those in floats alone and on the chip alone in the two colours. Of many neurons
/// those that fire most are shown.
pub fn raster(floats: &SpikeTrain, chip: &SpikeTrain) -> Vec<Mark> {
    let time_steps = floats.time_steps();
    let count = |neuron: &usize| floats.count_of(0, *neuron) + chip.count_of(0, *neuron);
    let mut rows: Vec<usize> = (0..floats.neurons()).filter(|neuron| count(neuron) > 0).collect();
    rows.sort_by_key(|neuron| std::cmp::Reverse(count(neuron)));
    rows.truncate(MOST_ROWS);
    rows.sort_unstable();
    let height = 1.0 / rows.len().max(1) as f32;
    let mut marks = vec![level(0.0, Ink::Rule), level(1.0, Ink::Rule)];
    for (row, neuron) in rows.into_iter().enumerate() {
        for t in 0..time_steps {
            let ink = match (floats.fires(0, neuron, t), chip.fires(0, neuron, t)) {
                (true, true) => Ink::Faint,
                (true, false) => Ink::Exc,
                (false, true) => Ink::Inh,
                (false, false) => continue,
            };
            let at = (column(t, time_steps), (row as f32 + 0.5) * height);
            let wide = if ink == Ink::Faint { 2.5 } else { 4.0 };
            let height = super::marks::Extent { share: 0.8 * height, least: 2.0 };
            marks.push(Mark::Tick { at, width: px(wide), height, ink, alpha: 1.0 });
        }
    }
    marks
}

/// The rasters of all layers as a file; `description` says what is to be seen.
pub fn rasters(layers: &[(SpikeTrain, SpikeTrain)], palette: &Palette, description: &str) -> String {
    let firing = |(floats, chip): &(SpikeTrain, SpikeTrain)| {
        let fires = |neuron: &usize| floats.count_of(0, *neuron) + chip.count_of(0, *neuron) > 0;
        (0..floats.neurons()).filter(fires).count().min(MOST_ROWS)
    };
    let heights: Vec<f64> = layers.iter().map(|layer| (ROW * firing(layer) as f64).max(LEAST)).collect();
    let all: f64 = heights.iter().map(|height| height + TEXT).sum();
    let mut sheet = Sheet::new(WIDTH, all.max(1.0), palette, None);
    let mut y = 0.0;
    for (index, ((floats, chip), height)) in layers.iter().zip(heights).enumerate() {
        let text = format!("Layer {}", index + 1);
        let at = (0.0, y + 12.0);
        sheet.add_label(&Label {
            at,
            anchor: Anchor::Start,
            text: &text,
            note: "",
            size: 11.0,
            bold: true,
            ink: Ink::Ink,
        });
        sheet.add(Frame { x: 0.0, y: y + TEXT, width: WIDTH, height }, &raster(floats, chip));
        y += height + TEXT;
    }
    sheet.finish_described("Spikes in floats and on the chip", description, palette)
}

/// Accuracy against bits, (bits, share) as far as it was measured, with the share in floats as a dotted line.
pub fn bits(points: &[(u32, f32)], floats: f32) -> Vec<Mark> {
    let x = |bits: u32| (bits as f32 - 1.5) / 7.0;
    let y = |share: f32| 1.0 - 0.94 * share.between(0.0, 1.0);
    let mut marks: Vec<Mark> = [0.0, 0.5, 1.0].map(|share| level(y(share), Ink::Rule)).to_vec();
    let ends = vec![(0.0, y(floats)), (1.0, y(floats))];
    marks.push(Mark::Line { points: ends, ink: Ink::Faint, width: 1.0, dash: Some((2.0, 3.0)) });
    let mut sorted = points.to_vec();
    sorted.sort_by_key(|(bits, _)| *bits);
    let places: Vec<Point> = sorted.iter().map(|(bits, share)| (x(*bits), y(*share))).collect();
    marks.push(line(places.clone(), Ink::Ink, 1.5));
    let dot = |at| Mark::Dot { at, radius: px(3.5), fill: plain(Ink::Spike), rim: Some(Ink::Paper) };
    marks.extend(places.into_iter().map(dot));
    marks
}

/// The same as a file.
pub fn bits_sheet(points: &[(u32, f32)], floats: f32, palette: &Palette) -> String {
    let (width, height) = (280.0, 140.0);
    let mut sheet = Sheet::new(width + 40.0, height + 30.0, palette, None);
    sheet.add(Frame { x: 34.0, y: 6.0, width, height }, &bits(points, floats));
    let mut text = |at: (f64, f64), anchor, text: &str| {
        sheet.add_label(&Label { at, anchor, text, note: "", size: 10.5, bold: false, ink: Ink::Faint });
    };
    for (share, name) in [(0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")] {
        text((30.0, 9.0 + height * (1.0 - 0.94 * share)), Anchor::End, name);
    }
    for bits in 2..=8_u32 {
        text((34.0 + width * (f64::from(bits) - 1.5) / 7.0, height + 20.0), Anchor::Middle, &bits.to_string());
    }
    let said: Vec<String> = points.iter().map(|(bits, share)| format!("{bits} bits: {:.1} %", 100.0 * share)).collect();
    sheet.finish_described("Accuracy against the bits of a weight", &said.join(", "), palette)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spikes_that_differ_stand_out() {
        let (mut floats, mut chip) = (SpikeTrain::silent(1, 4, 5), SpikeTrain::silent(1, 4, 5));
        [(0, 1), (2, 3)].into_iter().for_each(|(neuron, t)| floats.fire(0, neuron, t));
        [(0, 1), (3, 4)].into_iter().for_each(|(neuron, t)| chip.fire(0, neuron, t));
        let ink = |mark: &Mark| if let Mark::Tick { ink, .. } = mark { Some(*ink) } else { None };
        let inks: Vec<Ink> = raster(&floats, &chip).iter().filter_map(ink).collect();
        assert_eq!(inks, [Ink::Faint, Ink::Exc, Ink::Inh]);
        let file = rasters(&[(floats, chip)], &Palette::light(), "one spike each");
        assert!(file.contains("one spike each") && !file.contains("NaN"), "{file}");
        let curve = bits_sheet(&[(8, 0.98), (2, 0.1)], 0.981, &Palette::dark());
        assert!(curve.contains("8 bits: 98.0 %, 2 bits: 10.0 %") || curve.contains("8 bits: 98.0 %"), "{curve}");
    }
}
