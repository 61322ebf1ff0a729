//! The part of the network that matters for a picture: which neurons, which connections, and where they stand.

use super::analysis::Analysis;
use super::marks::Point;
use super::receptive_fields::ReceptiveFields;
use crate::digits::drawing::SIDE;
use crate::trace::Trace;

/// So many neurons of a layer are shown.
pub const SHOWN: usize = 24;
/// So many of the strongest connections of each neuron are drawn: from the picture, between layers, to the
/// outputs.
const FROM_PICTURE: usize = 4;
const BETWEEN: usize = 3;
const TO_OUTPUTS: usize = 2;
/// And so many of one that is lit.
const LIT: usize = 24;
/// What a silent neuron counts for.
const SILENT: f32 = 0.01;

/// A neuron, by layer and number. Layers are counted from 0, the first hidden one; the last is the output.
pub type Place = (usize, usize);

/// The neurons that are shown, and the shape of the picture that they stand in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// The neurons of each hidden layer, from top to bottom.
    pub columns: Vec<Vec<usize>>,
    /// How many outputs there are.
    pub classes: usize,
    /// The first two of them at the end.
    pub answers: Vec<usize>,
    /// Width over height.
    pub aspect: f32,
}

/// A connection that is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// The layer of the neuron that it reaches.
    pub layer: usize,
    /// The pixel or the neuron of the layer before that it comes from.
    pub from: usize,
    /// The neuron that it reaches.
    pub to: usize,
    /// Its weight as a share of the strongest one between these layers, -1 to 1.
    pub weight: f32,
    /// Where it starts and ends.
    pub ends: [Point; 2],
}

impl Edge {
    /// Whether it starts or ends at that neuron.
    pub fn touches(&self, (layer, neuron): Place) -> bool {
        (self.layer == layer && self.to == neuron) || (self.layer == layer + 1 && self.from == neuron)
    }
}

impl Layout {
    /// The room beside the outputs, where their names stand: as wide on a narrow screen as on a wide one.
    pub fn margin(&self) -> f32 {
        0.09 / self.aspect.max(0.1)
    }

    /// The picture's upper left corner and its size.
    pub fn picture(&self) -> (Point, Point) {
        let width = (0.56 / self.aspect.max(0.1)).min(0.27);
        let height = width * self.aspect;
        ((0.0, 0.5 - height / 2.0), (width, height))
    }

    /// The upper left corner of a pixel and the size of all.
    pub fn pixel(&self, pixel: usize) -> (Point, Point) {
        let ((x, y), (width, height)) = self.picture();
        let size = (width / SIDE as f32, height / SIDE as f32);
        ((x + (pixel % SIDE) as f32 * size.0, y + (pixel / SIDE) as f32 * size.1), size)
    }

    /// Where a neuron stands; none where it is not shown.
    pub fn neuron(&self, (layer, neuron): Place) -> Option<Point> {
        let left = self.picture().1.0;
        let right = 1.0 - self.margin();
        let x = left + (right - left) * (layer as f32 + 1.0) / (self.columns.len() as f32 + 1.0);
        let (row, rows) = match self.columns.get(layer) {
            Some(column) => (column.iter().position(|shown| *shown == neuron)?, column.len()),
            None => (neuron, self.classes),
        };
        Some((x, (row as f32 + 0.5) / rows.max(1) as f32))
    }

    /// All hidden neurons that are shown.
    pub fn hidden(&self) -> impl Iterator<Item = Place> + '_ {
        in_order(&self.columns)
    }
}

/// The neurons of these columns, layer by layer, as their buttons stand.
pub fn in_order(columns: &[Vec<usize>]) -> impl Iterator<Item = Place> + '_ {
    let layers = columns.iter().enumerate();
    layers.flat_map(|(layer, column)| column.iter().map(move |neuron| (layer, *neuron)))
}

/// What each presynaptic neuron of a layer gave to this picture: its spikes, or its brightness where the picture is a steady
/// current. Somewhat more than nothing, so that silent ones can be told apart by their weights.
fn activities(trace: &Trace, layer: usize) -> Vec<f32> {
    let spikes = match layer {
        0 if trace.input.count() == 0 => return trace.image.iter().map(|pixel| f32::from(*pixel) / 255.0).collect(),
        0 => &trace.input,
        _ => &trace.hidden[layer - 1].spikes,
    };
    (0..spikes.neurons()).map(|neuron| spikes.count_of(0, neuron) as f32 + SILENT).collect()
}

/// What comes from a sender: nothing where weights and trace are of two networks, as they may be for a moment.
fn from(values: &[f32], sender: usize) -> f32 {
    values.get(sender).copied().unwrap_or(0.0)
}

/// The weights into these neurons of a layer.
///
/// # Errors
/// With those whose weights were not told.
fn told<'a>(
    synapses: &'a ReceptiveFields,
    layer: usize,
    neurons: &[usize],
) -> Result<Vec<&'a [f32]>, (usize, Vec<usize>)> {
    let known = |neuron: &usize| synapses.into_neuron(layer, *neuron);
    let missing: Vec<usize> = neurons.iter().copied().filter(|neuron| known(neuron).is_none()).collect();
    if missing.is_empty() { Ok(neurons.iter().filter_map(known).collect()) } else { Err((layer, missing)) }
}

/// The neurons of each hidden layer that matter most for the picture: from the first two answers backwards, those whose
/// spikes weighed most. They stand where their own connections lead, so that few of those cross.
///
/// # Errors
/// With the layer and the neurons whose weights must be known first.
pub fn choose(reading: &Analysis, synapses: &ReceptiveFields) -> Result<Vec<Vec<usize>>, (usize, Vec<usize>)> {
    let (trace, last) = (&reading.trace, reading.trace.hidden.len());
    let classes: Vec<usize> = (0..trace.classes()).collect();
    told(synapses, last, &classes)?;
    let (mut wanted, mut columns) = (answers(reading), Vec::new());
    if wanted.is_empty() {
        wanted.clone_from(&classes);
    }
    let mut receivers = classes;
    for layer in (0..last).rev() {
        let weights = told(synapses, layer + 1, &wanted)?;
        let all = told(synapses, layer + 1, &receivers)?;
        let activities = activities(trace, layer + 1);
        let matters = |sender: usize| {
            // What all outputs get alike decides nothing.
            let sum: f32 = if layer + 1 == last { all.iter().map(|weights| from(weights, sender)).sum() } else { 0.0 };
            let mean = sum / all.len().max(1) as f32;
            let weight: f32 = weights.iter().map(|weights| (from(weights, sender) - mean).abs()).sum();
            (from(&activities, sender) * weight, sender)
        };
        let neurons = strongest((0..trace.hidden[layer].neurons()).map(matters).collect(), SHOWN);
        let column = by_rows(neurons, &all);
        (wanted, receivers) = (column.clone(), column.clone());
        columns.insert(0, column);
    }
    told(synapses, 0, &wanted)?;
    Ok(columns)
}

/// The class that leads at the end, and the one after it; none where no evidence came.
pub fn answers(reading: &Analysis) -> Vec<usize> {
    let answer = reading.leaders.last().copied().flatten();
    let end = reading.time_steps().saturating_sub(1);
    answer.into_iter().chain(answer.and_then(|answer| reading.second(end, answer))).collect()
}

/// The neurons in the order of where their connections lead: the mean row of their receivers, strong ones counting more.
fn by_rows(neurons: Vec<usize>, rows: &[&[f32]]) -> Vec<usize> {
    let row = |neuron: usize| {
        let pulls = rows.iter().enumerate().map(|(row, weights)| (row as f32, from(weights, neuron).powi(2)));
        let (sum, all) = pulls.fold((0.0, 1e-12), |(sum, all), (row, pull)| (sum + row * pull, all + pull));
        sum / all
    };
    let most = neurons.len();
    strongest(neurons.into_iter().map(|neuron| (-row(neuron), neuron)).collect(), most)
}

/// The `most` with the greatest values, the greatest first. They are few, and picking them one by one is less of a
/// program than sorting.
fn strongest(mut values: Vec<(f32, usize)>, most: usize) -> Vec<usize> {
    let mut pick = || {
        let greater = |a: &usize, b: &usize| {
            let (a, b) = (values[*a], values[*b]);
            a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))
        };
        let best = (0..values.len()).max_by(greater)?;
        Some(values.swap_remove(best).1)
    };
    (0..most).map_while(|_| pick()).collect()
}

/// The strongest connections between what is shown, more of them at the neuron that is lit.
pub fn edges(reading: &Analysis, synapses: &ReceptiveFields, layout: &Layout, lit: Option<Place>) -> Vec<Edge> {
    (0..=layout.columns.len()).flat_map(|layer| edges_into(reading, synapses, layout, lit, layer)).collect()
}

fn edges_into(
    reading: &Analysis,
    synapses: &ReceptiveFields,
    layout: &Layout,
    lit: Option<Place>,
    layer: usize,
) -> Vec<Edge> {
    let weight =
        |from: usize, to: usize| synapses.into_neuron(layer, to).map_or(0.0, |weights| self::from(weights, from));
    let pairs = pairs(&reading.trace, layout, lit, layer, weight);
    let scale = pairs.iter().fold(1e-9f32, |most, (from, to)| most.max(weight(*from, *to).abs()));
    let edge = |(from, to): (usize, usize)| {
        let start = match layer {
            0 => {
                let ((x, y), (width, height)) = layout.pixel(from);
                (x + width / 2.0, y + height / 2.0)
            }
            _ => layout.neuron((layer - 1, from))?,
        };
        Some(Edge { layer, from, to, weight: weight(from, to) / scale, ends: [start, layout.neuron((layer, to))?] })
    };
    pairs.into_iter().filter_map(edge).collect()
}

/// Senders and receivers of the connections into a layer that are drawn. A sender of the last hidden layer shows where
/// it pushes, all others what drives them.
fn pairs(
    trace: &Trace,
    layout: &Layout,
    lit: Option<Place>,
    layer: usize,
    weight: impl Fn(usize, usize) -> f32,
) -> Vec<(usize, usize)> {
    let most = |place: Place, usual: usize| if lit == Some(place) { LIT } else { usual };
    let Some(receivers) = layout.columns.get(layer) else {
        let senders = layout.columns.last().into_iter().flatten();
        let to = |from: &usize| {
            let weights = (0..layout.classes).map(|to| (weight(*from, to).abs(), to)).collect();
            let mut to = strongest(weights, most((layer - 1, *from), TO_OUTPUTS));
            // And whatever goes to the first two answers.
            to.extend(layout.answers.iter().filter(|answer| !to.contains(answer)).copied().collect::<Vec<_>>());
            to
        };
        return senders.flat_map(|from| to(from).into_iter().map(|to| (*from, to))).collect();
    };
    let activities = activities(trace, layer);
    let pixels = || (0..trace.image.len()).filter(|pixel| from(&activities, *pixel) > SILENT).collect();
    let (senders, usual): (Vec<usize>, _) = match layer {
        0 => (pixels(), FROM_PICTURE),
        _ => (layout.columns[layer - 1].clone(), BETWEEN),
    };
    let from = |to: usize| {
        let strength = |from: &usize| (weight(*from, to).abs() * self::from(&activities, *from), *from);
        strongest(senders.iter().map(strength).collect(), most((layer, to), usual))
    };
    receivers.iter().flat_map(|to| from(*to).into_iter().map(|from| (from, *to))).collect()
}

/// Who spoke most for a class, and who most against it, up to and including time step `t`: the neuron of the last hidden
/// layer, its spikes, and the weight that they go through.
pub fn loudest(
    reading: &Analysis,
    synapses: &ReceptiveFields,
    layout: &Layout,
    class: usize,
    t: usize,
) -> [Option<(usize, usize, f32)>; 2] {
    let (Some(column), Some(last)) = (layout.columns.last(), reading.trace.hidden.last()) else { return [None; 2] };
    let weights = synapses.into_neuron(layout.columns.len(), class).unwrap_or(&[]);
    let spoke = |neuron: &usize| {
        let spikes = last.spikes.times(0, *neuron).take_while(|time| *time <= t).count();
        Some((*neuron, spikes, *weights.get(*neuron)?)).filter(|(_, spikes, _)| *spikes > 0)
    };
    [1.0, -1.0].map(|sign| {
        let all = column.iter().filter_map(spoke).filter(|(_, _, weight)| weight * sign > 0.0);
        all.max_by(|a, b| (a.1 as f32 * a.2.abs()).total_cmp(&(b.1 as f32 * b.2.abs())))
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::digits::drawing::PIXELS;
    use crate::spikes::SpikeTrain;
    use crate::trace::LayerTrace;

    fn layer(neurons: usize, fires: &[(usize, usize)]) -> LayerTrace {
        let mut spikes = SpikeTrain::silent(1, neurons, 2);
        fires.iter().for_each(|(neuron, t)| spikes.fire(0, *neuron, *t));
        let zeros = || vec![0.0; neurons * 2];
        LayerTrace {
            spikes,
            potentials: zeros(),
            excitation: zeros(),
            inhibition: zeros(),
            raised: Vec::new(),
            window: None,
        }
    }

    /// Two time steps, 30 hidden neurons, two outputs of which the second wins: pixel 5 fires at the first time step,
    /// hidden neuron 7 at both, neuron 8 at the second.
    pub fn example() -> (Analysis, ReceptiveFields) {
        let mut input = SpikeTrain::silent(1, PIXELS, 2);
        input.fire(0, 5, 0);
        let mut output = layer(2, &[]);
        output.potentials = vec![0.0, 0.1, 0.0, 1.0];
        let hidden = vec![layer(30, &[(7, 0), (7, 1), (8, 1)])];
        let trace = Trace { image: vec![0; PIXELS], time_steps: 2, input, hidden, output, ..Trace::default() };
        let mut synapses = ReceptiveFields::default();
        let bytes = |weights: Vec<f32>| weights.into_iter().flat_map(f32::to_le_bytes).collect::<Vec<u8>>();
        let picture = (0..30).flat_map(|n| (0..PIXELS).map(move |pixel| if pixel == 5 && n == 7 { -2.0 } else { 0.1 }));
        synapses.take(0, &(0..30).collect::<Vec<_>>(), &bytes(picture.collect()));
        let out = (0..2).flat_map(|class| (0..30).map(move |n| if class == 1 && n == 7 { 0.9 } else { -0.1 }));
        synapses.take(1, &[0, 1], &bytes(out.collect()));
        (Analysis::new(trace, None), synapses)
    }

    #[test]
    fn those_that_fire_through_strong_weights_matter() {
        let (reading, synapses) = example();
        let columns = choose(&reading, &synapses).unwrap_or_default();
        assert_eq!((columns.len(), columns[0].len()), (1, SHOWN));
        assert!(columns[0].contains(&7) && columns[0].contains(&8));
        // 7 pushes the second output, so it stands lowest.
        assert_eq!(columns[0].last(), Some(&7));
    }

    #[test]
    fn what_is_not_known_is_asked_for_from_the_output_backwards() {
        let (reading, mut synapses) = example();
        let first = |neuron| synapses.into_neuron(0, neuron).map(<[f32]>::len);
        assert_eq!(first(3), Some(PIXELS));
        synapses.clear();
        assert_eq!(choose(&reading, &synapses), Err((1, vec![0, 1])));
        synapses.take(1, &[0, 1], &[0; 2 * 30 * 4]);
        let Err((layer, neurons)) = choose(&reading, &synapses) else { panic!("the first layer is not known") };
        assert_eq!((layer, neurons.len()), (0, SHOWN));
    }

    #[test]
    fn edges_are_the_true_weights() {
        let (reading, synapses) = example();
        let layout = Layout { columns: vec![vec![3, 7]], classes: 2, aspect: 2.0, ..Layout::default() };
        let edges = edges(&reading, &synapses, &layout, None);
        let weight = |layer, from, to| {
            edges.iter().find(|edge| (edge.layer, edge.from, edge.to) == (layer, from, to)).map(|edge| edge.weight)
        };
        assert_eq!(weight(0, 5, 7), Some(-1.0));
        assert_eq!(weight(0, 5, 3), Some(0.05));
        assert_eq!(weight(1, 7, 1), Some(1.0));
        assert!(weight(1, 3, 0).is_some_and(|weight| (weight + 0.1 / 0.9).abs() < 1e-6));
        assert_eq!(edges.len(), 2 + 4, "only the pixel that fires, and all four to the outputs");
        assert!(edges.iter().all(|edge| edge.ends[0].0 < edge.ends[1].0), "all run from left to right");
    }

    #[test]
    fn all_stands_within_the_picture() {
        for aspect in [0.6, 1.0, 2.6] {
            let layout = Layout {
                columns: vec![(0..24).collect(), (0..24).collect()],
                classes: 10,
                aspect,
                ..Layout::default()
            };
            let ((x, y), (width, height)) = layout.picture();
            assert!(x >= 0.0 && y >= 0.0 && x + width < 0.3 && y + height <= 1.0);
            assert!((width * aspect - height).abs() < 1e-6, "it is square");
            let outputs = (0..10).map(|class| (2, class));
            for (x, y) in layout.hidden().chain(outputs).filter_map(|place| layout.neuron(place)) {
                assert!(x > width && x < 1.0 && y > 0.0 && y < 1.0);
            }
        }
    }

    #[test]
    fn the_loudest_is_who_fired_through_the_strongest_weight() {
        let (reading, synapses) = example();
        let layout = Layout { columns: vec![vec![7, 8]], classes: 2, aspect: 2.0, ..Layout::default() };
        let [most, against] = loudest(&reading, &synapses, &layout, 1, 1);
        assert_eq!((most, against), (Some((7, 2, 0.9)), Some((8, 1, -0.1))));
        assert_eq!(loudest(&reading, &synapses, &layout, 1, 0), [Some((7, 1, 0.9)), None]);
    }
}
