//! The numbers behind pictures as tables: comma-separated values, the first line names the columns.

use super::analysis::Analysis;
use super::confusion::Confusion;
use super::connections::Edge;
use super::curves::History;
use super::rates::Rates;
use super::receptive_fields::ReceptiveFields;
use crate::spec::Surrogate;
use crate::spikes::SpikeTrain;
use crate::trace::LayerTrace;

/// A table as numbers: they are written as text by the program that saves pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The columns' names, separated by commas. `name=a|b` is a column of words, each by its number.
    pub columns: &'static str,
    /// The cells, row by row.
    pub cells: Vec<f64>,
}

/// A number in a cell.
pub trait Cell {
    /// The number; those of f32 and of whole numbers up to 2⁵³ are exact.
    fn number(&self) -> f64;
}

macro_rules! cells {
    ($($number:ty),+) => {
        $(impl Cell for $number {
            fn number(&self) -> f64 {
                *self as f64
            }
        })+
    };
}
cells!(u8, u32, i32, usize, f32, f64);

impl Table {
    /// A table with these columns.
    pub const fn new(columns: &'static str) -> Self {
        Self { columns, cells: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: &[&dyn Cell]) {
        self.cells.extend(cells.iter().map(|cell| cell.number()));
    }
}

/// The file of a table: comma-separated values, of which the first line names the columns.
///
/// ```
/// use spiking_playground::pictures::csv::text;
/// assert_eq!(text("curve=loss|accuracy,epoch", &[1.0, 0.5, 0.0, f64::from(0.1f32)]), "curve,epoch\naccuracy,0.5\nloss,0.1\n");
/// ```
pub fn text(columns: &str, cells: &[f64]) -> String {
    let columns: Vec<(&str, Vec<&str>)> = columns
        .split(',')
        .map(|column| {
            column.split_once('=').map_or((column, Vec::new()), |(name, words)| (name, words.split('|').collect()))
        })
        .collect();
    let mut text = columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(",") + "\n";
    for row in cells.chunks(columns.len()) {
        let cell = |(cell, (_, words)): (&f64, &(&str, Vec<&str>))| match words.get(*cell as usize) {
            Some(word) => (*word).to_owned(),
            // An f32 is written as shortly as it is one.
            None if f64::from(*cell as f32) == *cell => (*cell as f32).to_string(),
            None => cell.to_string(),
        };
        text += &row.iter().zip(&columns).map(cell).collect::<Vec<_>>().join(",");
        text.push('\n');
    }
    text
}

/// Every spike of some layers; time steps are counted from 1, as on the page, neurons and layers from 0.
pub fn spikes<'a>(layers: impl IntoIterator<Item = &'a SpikeTrain>) -> Table {
    let mut table = Table::new("layer,neuron,time step");
    for (layer, spikes) in layers.into_iter().enumerate() {
        for neuron in 0..spikes.neurons() {
            spikes.times(0, neuron).for_each(|t| table.row(&[&layer, &neuron, &(t + 1)]));
        }
    }
    table
}

/// What some neurons of a layer did at each time step: u before the reset, in units of the weights.
pub fn voltages(layer: &LayerTrace, neurons: &[usize], time_steps: usize) -> Table {
    let mut table = Table::new("neuron,time step,potential,excitation,inhibition,spike");
    for neuron in neurons.iter().filter(|neuron| **neuron < layer.neurons()) {
        for t in 0..time_steps {
            let value = |values: &[f32]| values.get(t * layer.neurons() + neuron).copied().unwrap_or(0.0);
            let [potential, excites, inhibits] =
                [&layer.potentials, &layer.excitation, &layer.inhibition].map(|v| value(v));
            let spike = u8::from(layer.spikes.fires(0, *neuron, t));
            table.row(&[neuron, &(t + 1), &potential, &excites, &inhibits, &spike]);
        }
    }
    table
}

/// The outputs at each time step: potential, spike, the evidence so far and what softmax makes of it.
pub fn outputs(reading: &Analysis) -> Table {
    let mut table = Table::new("class,time step,potential,spike,evidence,probability");
    let (output, classes) = (&reading.trace.output, reading.trace.classes());
    for class in 0..classes {
        for t in 0..reading.time_steps() {
            let potential = output.potentials.get(t * classes + class).copied().unwrap_or(0.0);
            let (spike, evidence) = (u8::from(output.spikes.fires(0, class, t)), reading.evidence[t * classes + class]);
            table.row(&[&class, &(t + 1), &potential, &spike, &evidence, &reading.probability(t, class)]);
        }
    }
    table
}

/// How often each hidden neuron fires for the test pictures, `[layers][H]`, as the picture of it shows.
pub fn rates(rates: &Rates) -> Table {
    let mut table = Table::new("layer,neuron,share of time steps");
    for (layer, neurons) in rates.layers.iter().enumerate() {
        for (neuron, share) in neurons.iter().enumerate() {
            table.row(&[&layer, &neuron, share]);
        }
    }
    table
}

/// The points of the curves.
pub fn curves(history: &History) -> Table {
    let mut table = Table::new("curve=loss|training accuracy|test accuracy,epoch,value");
    for (curve, epoch, value) in history.points() {
        table.row(&[&curve, &epoch, &value]);
    }
    table
}

/// The slope that learning borrows, over the voltage less the threshold.
pub fn surrogate(surrogate: Surrogate) -> Table {
    let mut table = Table::new("voltage less threshold,slope");
    for i in -100..=100i16 {
        let x = f32::from(i) / 100.0;
        table.row(&[&x, &surrogate.slope(x)]);
    }
    table
}

/// How many test images of each class were read as each.
pub fn confusion(confusion: &Confusion) -> Table {
    let mut table = Table::new("is,read as,images");
    for label in 0..confusion.classes() {
        (0..confusion.classes()).for_each(|answer| table.row(&[&label, &answer, &confusion.count((label, answer))]));
    }
    table
}

/// The weights by which the first hidden neurons are reached, as far as they were told.
pub fn weights(synapses: &ReceptiveFields, neurons: usize) -> Table {
    let mut table = Table::new("neuron,pixel,weight");
    for neuron in 0..neurons {
        for (pixel, weight) in synapses.into_neuron(0, neuron).unwrap_or_default().iter().enumerate() {
            table.row(&[&neuron, &pixel, weight]);
        }
    }
    table
}

/// The connections that are drawn.
pub fn edges(edges: &[Edge]) -> Table {
    let mut table = Table::new("layer,from,to,share of the strongest weight");
    edges.iter().for_each(|edge| table.row(&[&edge.layer, &edge.from, &edge.to, &edge.weight]));
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Trace;

    fn file(table: &Table) -> String {
        text(table.columns, &table.cells)
    }

    #[test]
    fn time_steps_are_counted_from_one() {
        let mut train = SpikeTrain::silent(1, 3, 4);
        train.fire(0, 2, 0);
        train.fire(0, 2, 3);
        assert_eq!(file(&spikes([&SpikeTrain::silent(1, 1, 4), &train])), "layer,neuron,time step\n1,2,1\n1,2,4\n");
    }

    #[test]
    fn outputs_have_a_row_for_each_class_and_time_step() {
        let output = LayerTrace {
            spikes: SpikeTrain::silent(1, 2, 2),
            potentials: vec![1.0, 0.0, 3.0, 0.5],
            ..LayerTrace::default()
        };
        let reading = Analysis::new(Trace { time_steps: 2, output, ..Trace::default() }, None);
        let table = file(&outputs(&reading));
        let rows: Vec<&str> = table.lines().collect();
        assert_eq!(rows.len(), 5);
        assert!(rows[2].starts_with("0,2,3,0,2,"), "{table}");
    }

    #[test]
    fn the_slope_is_a_table_of_the_neuron_s_own() {
        let table = file(&surrogate(Surrogate::FastSigmoid(10.0)));
        assert!(table.lines().any(|line| line == "0.1,0.25"), "{table}");
        assert_eq!(table.lines().count(), 202);
    }

    #[test]
    fn rates_are_those_of_the_picture() {
        let shown = Rates { layers: vec![vec![0.0, 0.25], vec![1.0]] };
        assert_eq!(file(&rates(&shown)), "layer,neuron,share of time steps\n0,0,0\n0,1,0.25\n1,0,1\n");
    }

    #[test]
    fn unknown_neurons_and_weights_are_left_out() {
        let layer = LayerTrace { spikes: SpikeTrain::silent(1, 1, 1), ..LayerTrace::default() };
        assert_eq!(file(&voltages(&layer, &[0, 7], 1)).lines().count(), 2);
        assert_eq!(file(&weights(&ReceptiveFields::default(), 9)).lines().count(), 1);
    }
}
