//! The specifications of hidden layers, and the shapes of what goes into them and comes out.

use super::fields::MAX_NEURONS;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// The shape of an image or of a layer's neurons: C channels, which are feature maps of so many rows and columns. Neuron c, y,
/// x has number (c·rows + y)·columns + x, as in PyTorch. A dense layer has maps of a single neuron.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeatureMaps {
    /// C.
    pub channels: usize,
    /// Rows of a map.
    pub rows: usize,
    /// Columns of a map.
    pub columns: usize,
}

impl FeatureMaps {
    /// A layer without places: each neuron is a map of its own.
    pub const fn flat(neurons: usize) -> Self {
        Self { channels: neurons, rows: 1, columns: 1 }
    }

    /// A grey image of this number of pixels; flat if it is no square.
    ///
    /// ```
    /// use spiking_playground::spec::FeatureMaps;
    /// assert_eq!(FeatureMaps::of_image(784), FeatureMaps { channels: 1, rows: 28, columns: 28 });
    /// assert_eq!(FeatureMaps::of_image(12), FeatureMaps::flat(12));
    /// ```
    pub fn of_image(pixels: usize) -> Self {
        let side = (pixels as f64).sqrt() as usize;
        if side * side == pixels { Self { channels: 1, rows: side, columns: side } } else { Self::flat(pixels) }
    }

    /// The number of places in a map.
    pub const fn places(self) -> usize {
        self.rows * self.columns
    }

    /// The number of neurons.
    pub const fn neurons(self) -> usize {
        self.channels * self.places()
    }
}

/// A convolution: its kernels are K × K weights for each channel of the input and each of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// The number of its feature maps.
    pub channels: usize,
    /// K, the height and width of a kernel.
    pub kernel: usize,
    /// By how many rows and columns of the input a kernel moves from place to place.
    pub stride: usize,
    /// The number of rows and columns of zeros around the input.
    pub padding: usize,
}

/// The maximal K.
pub const MAX_KERNEL: usize = 31;
/// The maximal number of feature maps.
pub const MAX_CHANNELS: usize = 256;
/// The maximal number of neurons of a convolution: a picture of 28 × 28 in 20 maps.
pub const MAX_PLACED_NEURONS: usize = 16_384;

/// The way of a kernel over its input, as [`Convolution`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The input.
    pub input: FeatureMaps,
    /// K.
    pub kernel: usize,
    /// The stride.
    pub stride: usize,
    /// The padding.
    pub padding: usize,
}

impl Window {
    /// The number of places along an axis of this length.
    const fn places_along(self, length: usize) -> usize {
        // No kernel has no size, and no stride is 0, in what was checked.
        if self.kernel == 0 || self.stride == 0 || length + 2 * self.padding < self.kernel {
            return 0;
        }
        (length + 2 * self.padding - self.kernel) / self.stride + 1
    }

    /// The rows of places.
    pub const fn rows(self) -> usize {
        self.places_along(self.input.rows)
    }

    /// The columns of places.
    pub const fn columns(self) -> usize {
        self.places_along(self.input.columns)
    }

    /// P, the number of places: neurons of a feature map.
    pub const fn places(self) -> usize {
        self.rows() * self.columns()
    }

    /// The number of weights of a kernel, over all channels of the input: c, y, x is number (c·K + y)·K + x.
    pub const fn taps(self) -> usize {
        self.input.channels * self.kernel * self.kernel
    }

    /// Along an axis of so many places: those that see the input's row (or column) `at`.
    fn seeing(self, at: usize, places: usize) -> Range<usize> {
        let at = at + self.padding;
        let first = (at + 1).saturating_sub(self.kernel).div_ceil(self.stride);
        first..(at / self.stride + 1).min(places).max(first)
    }

    /// The same, each with the row (or column) of the kernel.
    fn seen_from(self, at: usize, places: usize) -> impl Iterator<Item = (usize, usize)> {
        self.seeing(at, places).map(move |place| (place, at + self.padding - place * self.stride))
    }

    /// The places that see the input's place (row, column), each with the tap through which, within a channel.
    ///
    /// ```
    /// use spiking_playground::spec::{FeatureMaps, Window};
    /// let input = FeatureMaps { channels: 1, rows: 5, columns: 5 };
    /// let window = Window { input, kernel: 3, stride: 2, padding: 0 };
    /// let targets = |row, column| window.targets(row, column).collect::<Vec<_>>();
    /// assert_eq!((window.rows(), window.columns(), window.taps()), (2, 2, 9));
    /// assert_eq!(targets(0, 0), [(0, 0)]);
    /// assert_eq!(targets(2, 2), [(0, 8), (1, 6), (2, 2), (3, 0)]);
    /// ```
    pub fn targets(self, row: usize, column: usize) -> impl Iterator<Item = (usize, usize)> {
        let (rows, columns) = (self.rows(), self.columns());
        self.seen_from(row, rows).flat_map(move |(y, tap_row)| {
            self.seen_from(column, columns)
                .map(move |(x, tap_column)| (y * columns + x, tap_row * self.kernel + tap_column))
        })
    }

    /// The number of places that see the input's place (row, column).
    fn seen_by(self, row: usize, column: usize) -> usize {
        self.seeing(row, self.rows()).len() * self.seeing(column, self.columns()).len()
    }

    /// The places that see neuron `input` of the input, each with the tap.
    pub fn targets_of(self, input: usize) -> impl Iterator<Item = (usize, usize)> {
        let (channel, place) = (input / self.input.places(), input % self.input.places());
        let first = channel * self.kernel * self.kernel;
        self.targets(place / self.input.columns, place % self.input.columns).map(move |(to, tap)| (to, first + tap))
    }

    /// The input's neuron that `place` sees through `tap`; `None` in the padding.
    pub const fn source(self, place: usize, tap: usize) -> Option<usize> {
        let (channel, tap) = (tap / (self.kernel * self.kernel), tap % (self.kernel * self.kernel));
        let row = place / self.columns() * self.stride + tap / self.kernel;
        let column = place % self.columns() * self.stride + tap % self.kernel;
        if row < self.padding || column < self.padding {
            return None;
        }
        let (row, column) = (row - self.padding, column - self.padding);
        if row < self.input.rows && column < self.input.columns {
            Some((channel * self.input.rows + row) * self.input.columns + column)
        } else {
            None
        }
    }
}

/// Which inputs reach which neurons of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connectivity {
    /// The number of neurons.
    pub neurons: usize,
    /// The patches that they see; `None` if each of them sees all inputs.
    pub window: Option<Window>,
}

impl Connectivity {
    /// Every input reaches each of so many neurons.
    pub const fn dense(neurons: usize) -> Self {
        Self { neurons, window: None }
    }

    /// The number of neurons that a spike of this input reaches.
    ///
    /// ```
    /// use spiking_playground::spec::{Connectivity, FeatureMaps, Window};
    /// let input = FeatureMaps { channels: 1, rows: 5, columns: 5 };
    /// let window = Window { input, kernel: 3, stride: 2, padding: 0 };
    /// let maps = Connectivity { neurons: 2 * 2 * 2, window: Some(window) };
    /// assert_eq!([0, 2, 12].map(|input| maps.fan_out(input)), [2, 4, 8]);
    /// assert_eq!((maps.synapses(25), Connectivity::dense(8).synapses(25)), (8 * 9, 8 * 25));
    /// ```
    pub fn fan_out(self, input: usize) -> usize {
        match self.window {
            None => self.neurons,
            Some(window) => {
                let (place, columns) = (input % window.input.places(), window.input.columns);
                window.seen_by(place / columns, place % columns) * self.neurons / window.places().max(1)
            }
        }
    }

    /// The number of synapses of so many inputs.
    pub fn synapses(self, inputs: usize) -> u64 {
        match self.window {
            None => inputs as u64 * self.neurons as u64,
            Some(_) => (0..inputs).map(|input| self.fan_out(input) as u64).sum(),
        }
    }
}

impl Convolution {
    /// Its way over an input of this shape; `None` if a kernel is larger than it.
    pub const fn over(self, input: FeatureMaps) -> Option<Window> {
        let window = Window { input, kernel: self.kernel, stride: self.stride, padding: self.padding };
        if window.places() > 0 { Some(window) } else { None }
    }
}

/// The specification of a hidden layer. Flags, links and files have its text: `256` is short for `dense:256`, and `16c5s2p1`
/// is 16 feature maps of 5 × 5 kernels that move by 2 over an input with 1 row of zeros around it. `s1` and `p0` are left out.
///
/// ```
/// use spiking_playground::spec::{Convolution, LayerSpec};
/// assert_eq!("256".parse(), Ok(LayerSpec::Dense(256)));
/// assert_eq!(LayerSpec::Dense(256).to_string(), "256");
/// let convolution = Convolution { channels: 16, kernel: 5, stride: 2, padding: 0 };
/// assert_eq!("16C5s2".parse(), Ok(LayerSpec::Convolution(convolution)));
/// assert_eq!(LayerSpec::Convolution(convolution).to_string(), "16c5s2");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerSpec {
    /// Every input reaches each of this number of neurons.
    Dense(usize),
    /// Every neuron sees a patch of the input, all of a feature map by the same weights.
    Convolution(Convolution),
}

impl LayerSpec {
    /// The shape of its neurons over an input of this shape; `None` if a kernel is larger than it.
    pub fn output(self, input: FeatureMaps) -> Option<FeatureMaps> {
        match self {
            Self::Dense(neurons) => Some(FeatureMaps::flat(neurons)),
            Self::Convolution(convolution) => {
                let window = convolution.over(input)?;
                Some(FeatureMaps { channels: convolution.channels, rows: window.rows(), columns: window.columns() })
            }
        }
    }

    /// The number of neurons of a dense layer; 0 of a convolution, which has as many as its input gives it places.
    pub const fn dense_neurons(self) -> usize {
        match self {
            Self::Dense(neurons) => neurons,
            Self::Convolution(_) => 0,
        }
    }

    /// Whether it is a convolution.
    pub const fn is_convolution(self) -> bool {
        matches!(self, Self::Convolution(_))
    }
}

/// Dense layers of these sizes.
///
/// ```
/// use spiking_playground::spec::{LayerSpec, dense};
/// assert_eq!(dense([128, 64]), [LayerSpec::Dense(128), LayerSpec::Dense(64)]);
/// ```
pub fn dense(sizes: impl IntoIterator<Item = usize>) -> Vec<LayerSpec> {
    sizes.into_iter().map(LayerSpec::Dense).collect()
}

/// Why a text is not a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a layer is a number of neurons between 1 and {MAX_NEURONS}, or a convolution as 16c5s2p1")]
pub struct LayerError;

/// A number that stands at the start of a text, and what follows.
fn leading(text: &str) -> Option<(usize, &str)> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    // What is sliced unchecked brings along how it would fail: the page is fetched.
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, rest))
}

impl Convolution {
    /// From what stands behind `c`.
    fn from_text(channels: usize, rest: &str) -> Option<Self> {
        let (kernel, mut rest) = leading(rest)?;
        let mut option = |letter: char, default: usize| {
            let Some(behind) = rest.strip_prefix([letter, letter.to_ascii_uppercase()]) else { return Some(default) };
            let (value, after) = leading(behind)?;
            rest = after;
            Some(value)
        };
        let (stride, padding) = (option('s', 1)?, option('p', 0)?);
        let this = Self { channels, kernel, stride, padding };
        (rest.is_empty() && this.is_in_range()).then_some(this)
    }

    fn is_in_range(self) -> bool {
        (1..=MAX_CHANNELS).contains(&self.channels)
            && (1..=MAX_KERNEL).contains(&self.kernel)
            && (1..=self.kernel).contains(&self.stride)
            && self.padding < self.kernel
    }
}

impl FromStr for LayerSpec {
    type Err = LayerError;

    fn from_str(text: &str) -> Result<Self, LayerError> {
        let text = text.trim();
        let (number, rest) = leading(text.strip_prefix("dense:").unwrap_or(text)).ok_or(LayerError)?;
        match rest.strip_prefix(['c', 'C']) {
            Some(kernel) if !text.starts_with("dense:") => {
                Convolution::from_text(number, kernel).map(Self::Convolution).ok_or(LayerError)
            }
            None if rest.is_empty() && (1..=MAX_NEURONS).contains(&number) => Ok(Self::Dense(number)),
            Some(_) | None => Err(LayerError),
        }
    }
}

impl fmt::Display for Convolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { channels, kernel, stride, padding } = self;
        write!(f, "{channels}c{kernel}")?;
        if *stride != 1 {
            write!(f, "s{stride}")?;
        }
        if *padding == 0 { Ok(()) } else { write!(f, "p{padding}") }
    }
}

impl fmt::Display for LayerSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dense(neurons) => write!(f, "{neurons}"),
            Self::Convolution(convolution) => convolution.fmt(f),
        }
    }
}

impl Serialize for LayerSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            // As in files of all versions.
            Self::Dense(neurons) => serializer.serialize_u64(*neurons as u64),
            Self::Convolution(convolution) => serializer.collect_str(convolution),
        }
    }
}

impl<'de> Deserialize<'de> for LayerSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrNumber;
        impl Visitor<'_> for TextOrNumber {
            type Value = LayerSpec;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of neurons, or a layer as text")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<LayerSpec, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_u64<E: serde::de::Error>(self, neurons: u64) -> Result<LayerSpec, E> {
                // [`super::Spec::check`] names what is out of range, as for every other field.
                usize::try_from(neurons).map(LayerSpec::Dense).map_err(E::custom)
            }

            fn visit_i64<E: serde::de::Error>(self, neurons: i64) -> Result<LayerSpec, E> {
                // What JavaScript's integers come as.
                usize::try_from(neurons).map(LayerSpec::Dense).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(TextOrNumber)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counted and listed, from both sides: whoever sees is seen.
    #[test]
    fn a_window_is_the_same_from_both_sides() {
        let windows = (1..6).flat_map(|kernel| {
            (1..=kernel).flat_map(move |stride| (0..kernel).map(move |padding| (kernel, stride, padding)))
        });
        for (kernel, stride, padding) in windows {
            let input = FeatureMaps { channels: 2, rows: 7, columns: 5 };
            let window = Window { input, kernel, stride, padding };
            let connectivity = Connectivity { neurons: 3 * window.places(), window: Some(window) };
            let mut seen = 0;
            for neuron in 0..input.neurons() {
                let targets: Vec<_> = window.targets_of(neuron).collect();
                assert_eq!(connectivity.fan_out(neuron), 3 * targets.len(), "{window:?}, {neuron}");
                assert!(targets.iter().all(|(place, tap)| window.source(*place, *tap) == Some(neuron)), "{window:?}");
                seen += targets.len();
            }
            let taps = (0..window.places()).flat_map(|place| (0..window.taps()).map(move |tap| (place, tap)));
            assert_eq!(taps.filter(|(place, tap)| window.source(*place, *tap).is_some()).count(), seen, "{window:?}");
            assert_eq!(connectivity.synapses(input.neurons()), 3 * seen as u64);
        }
    }
}
