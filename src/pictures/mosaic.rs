//! Receptive fields side by side, each in the colour of the class that its neuron answers most to.

use super::field::part;
use super::marks::{Ink, plain};
use super::palette::{Palette, blend};

/// The colours of the classes by day; beyond ten they begin again.
const COLOURS: [[u8; 3]; 10] = [
    [0x1f, 0x5f, 0xc4],
    [0xc8, 0x44, 0x0c],
    [0x00, 0x8a, 0x5e],
    [0x9b, 0x3f, 0xb5],
    [0xa8, 0x7a, 0x00],
    [0x0b, 0x87, 0xa8],
    [0xcf, 0x34, 0x72],
    [0x5f, 0x70, 0x00],
    [0x66, 0x4f, 0xd4],
    [0x92, 0x4e, 0x2c],
];
/// How much of white there is in them by night.
const LIGHTER: f32 = 0.35;
/// The share of the largest weight that noise has: who has never fired is pale.
const PALE: f32 = 0.35;

/// A picture in pixels, row by row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pixels {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Red, green and blue, [height, width, 3].
    pub rgb: Vec<u8>,
}

/// The colour of a class, on this palette's paper.
pub fn colour(class: usize, palette: &Palette) -> [u8; 3] {
    let paper = palette.mix(plain(Ink::Paper));
    let is_night = paper.iter().map(|channel| u32::from(*channel)).sum::<u32>() < 3 * 128;
    let lighter = if is_night { LIGHTER } else { 0.0 };
    blend(COLOURS[class % COLOURS.len()], [255; 3], lighter)
}

/// The number of fields in a row, of so many: as near a square as there is.
pub fn columns(fields: usize) -> usize {
    (1..=fields).find(|columns| columns * columns >= fields).unwrap_or(1)
}

/// How fields of a layer lie side by side: each with a gap of a weight's size to the right of it and below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tiling {
    /// How many there are.
    pub fields: usize,
    /// Weights in a row of a field, and rows.
    pub cell: [usize; 2],
    /// Pixels of a weight, each way.
    pub scale: usize,
}

impl Tiling {
    /// The width and height of all of them, in pixels.
    pub fn size(self) -> [usize; 2] {
        let columns = columns(self.fields);
        let [step_x, step_y] = self.step();
        [columns * step_x, self.fields.div_ceil(columns) * step_y]
    }

    /// From one to the next.
    fn step(self) -> [usize; 2] {
        self.cell.map(|weights| (weights + 1) * self.scale)
    }

    /// The upper left corner of the field at a place, from 0.
    pub fn corner(self, place: usize) -> [usize; 2] {
        let (columns, [step_x, step_y]) = (columns(self.fields), self.step());
        [place % columns * step_x, place / columns * step_y]
    }

    /// The place at a point, which is given in shares of all; none where there is none.
    ///
    /// ```
    /// use spiking_playground::pictures::mosaic::Tiling;
    /// let tiling = Tiling { fields: 5, cell: [28, 28], scale: 1 };
    /// assert_eq!((tiling.size(), tiling.corner(4)), ([87, 58], [29, 29]));
    /// assert_eq!((tiling.at((0.5, 0.9)), tiling.at((0.9, 0.9)), tiling.at((1.0, 0.0))), (Some(4), None, Some(2)));
    /// ```
    pub fn at(self, (x, y): (f32, f32)) -> Option<usize> {
        let columns = columns(self.fields);
        Some(part(y, self.fields.div_ceil(columns)) * columns + part(x, columns)).filter(|place| *place < self.fields)
    }
}

/// One field, `width` weights in a row, each as much of the class's colour as it has of the largest weight; grey where the neuron
/// answers to nothing. Red, green and blue, [weights, 3].
pub fn field(weights: &[f32], label: Option<u8>, palette: &Palette) -> Vec<u8> {
    let wash = palette.mix(plain(Ink::Wash));
    let (ink, most) = match label {
        Some(class) => (colour(class.into(), palette), 1.0),
        None => (palette.mix(plain(Ink::Faint)), PALE),
    };
    let largest = weights.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    weights.iter().flat_map(|weight| blend(wash, ink, most * weight / largest)).collect()
}

/// All fields, each weight as `scale` × `scale` pixels and a pixel of paper between two fields. `of` gives the weights of a neuron, in
/// rows of `side`.
pub fn mosaic(
    neurons: &[(usize, Option<u8>)],
    of: impl Fn(usize) -> Vec<f32>,
    side: usize,
    scale: usize,
    palette: &Palette,
) -> Pixels {
    if neurons.is_empty() {
        return Pixels::default();
    }
    let (mut rows, mut drawn) = (side, Vec::new());
    for (neuron, label) in neurons {
        let weights = of(*neuron);
        rows = weights.len().div_ceil(side.max(1));
        drawn.push(field(&weights, *label, palette));
    }
    let tiling = Tiling { fields: neurons.len(), cell: [side, rows], scale };
    let [width, height] = tiling.size();
    let paper = palette.mix(plain(Ink::Paper));
    let mut rgb: Vec<u8> = std::iter::repeat_n(paper, width * height).flatten().collect();
    for (place, field) in drawn.iter().enumerate() {
        let [left, top] = tiling.corner(place);
        for (pixel, colour) in field.as_chunks::<3>().0.iter().enumerate() {
            let (x, y) = (left + pixel % side * scale, top + pixel / side * scale);
            for line in y..y + scale {
                let from = (line * width + x) * 3;
                rgb[from..from + 3 * scale].as_chunks_mut::<3>().0.fill(*colour);
            }
        }
    }
    Pixels { width, height, rgb }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_in_the_colours_of_their_classes() {
        let palette = Palette::light();
        let neurons = [(0, Some(3)), (1, None), (2, Some(13))];
        let picture = mosaic(&neurons, |neuron| vec![0.0, 0.0, 0.0, neuron as f32 + 0.5], 2, 3, &palette);
        // Two by two fields of two by two weights, each three pixels wide, with three between.
        assert_eq!((picture.width, picture.height, picture.rgb.len()), (18, 18, 18 * 18 * 3));
        let at = |x: usize, y: usize| picture.rgb[(y * picture.width + x) * 3..][..3].to_vec();
        assert_eq!(at(5, 5), COLOURS[3], "the largest weight is full ink");
        assert_eq!(at(0, 0), palette.mix(plain(Ink::Wash)));
        assert_eq!(at(5, 5 + 9), COLOURS[3], "colours begin again");
        let grey = at(5 + 9, 5);
        assert!(grey.iter().all(|channel| channel.abs_diff(grey[0]) < 30), "{grey:?}");
        assert_eq!(at(17, 17), palette.mix(plain(Ink::Paper)), "no fourth field");
        assert_ne!(colour(0, &Palette::dark()), colour(0, &palette));
    }

    #[test]
    fn any_number_of_fields_has_a_picture() {
        assert_eq!([0, 1, 2, 400, 401].map(columns), [1, 1, 2, 20, 21]);
        assert_eq!(mosaic(&[], |_| Vec::new(), 28, 1, &Palette::light()), Pixels::default());
        let dead = field(&[0.0; 4], Some(1), &Palette::light());
        assert!(dead.as_chunks::<3>().0.iter().all(|pixel| *pixel == Palette::light().mix(plain(Ink::Wash))));
    }
}
