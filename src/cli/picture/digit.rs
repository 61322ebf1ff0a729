//! The picture `digit.svg`: the trace of one picture through the network, and the time of its decision, as the page
//! draws it.

use super::axis::ticks;
use super::neurons::{by_first_spike, telling};
use super::staves::{self, OUTPUT_ROW, Stave, VOLTAGE_ROW};
use super::svg::{Anchor, Ink, Svg, Type};
use crate::spec::{Encoding, Neuron, Readout};
use crate::trace::{LayerTrace, Trace};

/// The contents of the picture.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The trace of the picture.
    pub trace: &'a Trace,
    /// The parameters of the hidden neurons.
    pub neuron: &'a Neuron,
    /// The encoding of its pixels.
    pub encoding: Encoding,
    /// The name of the picture: `Test image 0`.
    pub name: &'a str,
    /// Its label, if that is known.
    pub label: Option<u8>,
}

const WIDTH: f32 = 1040.0;
const MARGIN: f32 = 32.0;
/// Left: the names of the layers.
const SPACE: f32 = 112.0;
/// The tracks, and the space to their right.
const LEFT: f32 = MARGIN + SPACE + 32.0;
const TRACKS: f32 = 588.0;
const RESULT: f32 = LEFT + TRACKS + 56.0;
const RASTER: f32 = 112.0;
const RACE: f32 = 88.0;
/// The maximal number of pixels in a row that are drawn; larger pictures are subsampled.
const MAX_PIXELS: usize = 56;
/// The space between two tracks, for the caption of the lower.
const GAP: f32 = 40.0;

/// The picture.
pub fn picture(shown: &Shown<'_>) -> String {
    let Shown { trace, .. } = shown;
    let rasters = 1 + trace.hidden.len();
    let outputs = trace.classes() as f32 * OUTPUT_ROW;
    let telling = trace.hidden.first().map_or(Vec::new(), telling);
    let sum = rasters as f32 * (RASTER + GAP) + telling.len() as f32 * VOLTAGE_ROW + RACE + outputs + 3.0 * GAP;
    let height = MARGIN + sum + 40.0;
    let mut svg = Svg::new(WIDTH, height);
    let known = trace.known_since();
    let leaders = [trace.answer(), runner_up(trace)];
    let mut next = MARGIN - GAP + 14.0;
    let mut staves = Vec::new();
    let mut stave = |height: f32| {
        let stave = Stave { left: LEFT, top: next + GAP, width: TRACKS, height, time_steps: trace.time_steps };
        next = stave.top + height;
        staves.push(stave);
        stave
    };
    let first = stave(RASTER);
    input(&mut svg, &first, shown);
    for (number, layer) in trace.hidden.iter().enumerate() {
        hidden(&mut svg, &stave(RASTER), layer, (number, trace.hidden.len()));
    }
    if let Some(layer) = trace.hidden.first() {
        voltages(&mut svg, &stave(VOLTAGE_ROW * telling.len() as f32), layer, shown.neuron, &telling);
    }
    let race = stave(RACE);
    caption(&mut svg, &race, "Ten outputs race", "lead over the average", "");
    staves::race(&mut svg, &race, trace, leaders);
    let last = stave(outputs);
    let what = match trace.readout {
        Readout::Membrane => "Output voltages",
        Readout::SpikeCount => "Output spikes",
    };
    caption(&mut svg, &last, what, "", "");
    staves::outputs(&mut svg, &last, trace, leaders[0]);
    let beside = Stave { left: RESULT, width: WIDTH - MARGIN - RESULT, ..last };
    caption(&mut svg, &beside, "Class scores", "", "");
    staves::scores(&mut svg, &beside, trace, leaders[0]);
    time(&mut svg, &staves, known);
    image(&mut svg, trace, first.top);
    result(&mut svg, shown, first.top);
    svg.finish(&format!("{}: its way through the network", shown.name), &description(shown))
}

/// The runner-up: the class with the most evidence except the prediction.
fn runner_up(trace: &Trace) -> Option<usize> {
    let (answer, evidence) = (trace.answer()?, trace.evidence());
    let scores = &evidence[evidence.len() - trace.classes()..];
    let others = (0..scores.len()).filter(|class| *class != answer);
    others.max_by(|a, b| scores[*a].total_cmp(&scores[*b]).then(b.cmp(a)))
}

fn caption(svg: &mut Svg, stave: &Stave, name: &str, note: &str, right: &str) {
    let y = stave.top - 10.0;
    svg.caption((stave.left, y), Type::Name, name, note);
    svg.text((stave.left + stave.width, y), Anchor::End, Type::Caption, Ink::Faint, right);
}

fn input(svg: &mut Svg, stave: &Stave, Shown { trace, encoding, .. }: &Shown<'_>) {
    let spikes = format!("{} spikes", trace.input.count());
    let order: Vec<usize> = (0..trace.input.neurons()).collect();
    match encoding {
        Encoding::Current => {
            caption(svg, stave, "Input current", "the same at every time step", "");
            staves::currents(svg, stave, &trace.image);
        }
        Encoding::Rate | Encoding::Latency => {
            let coding = if *encoding == Encoding::Rate { "rate" } else { "latency" };
            caption(svg, stave, "Input spikes", &format!("{coding} coding"), &spikes);
            staves::raster(svg, stave, &trace.input, &order);
        }
    }
}

fn hidden(svg: &mut Svg, stave: &Stave, layer: &LayerTrace, (number, layers): (usize, usize)) {
    let name = if layers == 1 { "Hidden spikes".to_owned() } else { format!("Hidden spikes, layer {}", number + 1) };
    let silent = (0..layer.neurons()).filter(|n| layer.spikes.count_of(0, *n) == 0).count();
    let count = format!("{} spikes; {} of {} neurons silent", layer.spikes.count(), silent, layer.neurons());
    caption(svg, stave, &name, "sorted by first spike", &count);
    staves::raster(svg, stave, &layer.spikes, &by_first_spike(layer));
}

fn voltages(svg: &mut Svg, stave: &Stave, layer: &LayerTrace, neuron: &Neuron, telling: &[usize]) {
    caption(svg, stave, "Membrane voltage", "", "");
    // Wide enough for any system's font.
    let key = [(Ink::Exc, "excites", 232.0), (Ink::Inh, "inhibits", 172.0), (Ink::Spike, "spike, then reset", 108.0)];
    for (ink, text, from_right) in key {
        let x = stave.left + stave.width - from_right;
        svg.strokes(&[(x, stave.top - 20.0)], (0.0, 11.0), ink, 3.0, 1.0);
        svg.text((x + 6.0, stave.top - 10.0), Anchor::Start, Type::Caption, Ink::Faint, text);
    }
    for (row, index) in telling.iter().enumerate() {
        let row = Stave { top: stave.top + row as f32 * VOLTAGE_ROW, height: VOLTAGE_ROW - 6.0, ..*stave };
        let middle = row.top + row.height / 2.0;
        svg.text((row.left - 20.0, middle), Anchor::End, Type::Name, Ink::Strong, &format!("#{index}"));
        let count = match layer.spikes.count_of(0, *index) {
            0 => "silent".to_owned(),
            1 => "1 spike".to_owned(),
            n => format!("{n} spikes"),
        };
        svg.text((row.left - 20.0, middle + 15.0), Anchor::End, Type::Caption, Ink::Faint, &count);
        staves::voltage(svg, &row, layer, neuron, *index);
    }
}

/// The axis, and the cursor through all tracks at the time of the decision. What comes after is paler.
fn time(svg: &mut Svg, staves: &[Stave], known: Option<usize>) {
    let [first, .., last] = staves else { return };
    let axis = last.top + last.height + 16.0;
    let at = known.map(|t| first.x(t));
    if let Some(x) = at {
        let from = x + first.width / first.time_steps as f32 * 0.3;
        let width = first.left + first.width - from;
        staves
            .iter()
            .for_each(|stave| svg.rect((from, stave.top - 1.0), (width, stave.height + 2.0), Ink::Paper, 0.45));
    }
    svg.line(&[(first.left, axis), (first.left + first.width, axis)], Ink::Ghost, 1.5, None);
    let near = |x: f32| at.is_some_and(|at| (at - x).abs() < 22.0);
    let numbers = std::iter::once(1.0).chain(ticks(1.0, first.time_steps as f64, 5));
    for number in numbers.filter(|number| number.fract() == 0.0) {
        let x = first.x(number as usize - 1);
        if !near(x) || number == 1.0 && at.is_none() {
            svg.text((x, axis + 20.0), Anchor::Middle, Type::Axis, Ink::Faint, &format!("{number}"));
        }
    }
    svg.text((first.left - 20.0, axis + 4.0), Anchor::End, Type::Caption, Ink::Faint, "time step");
    if let (Some(x), Some(t)) = (at, known) {
        svg.line(&[(first.left, axis), (x, axis)], Ink::Strong, 2.0, None);
        svg.line(&[(x, first.top - 4.0), (x, axis)], Ink::Strong, 1.0, None);
        svg.pill((x, axis), (30.0, 22.0), Ink::Strong);
        svg.text((x, axis + 4.0), Anchor::Middle, Type::Name, Ink::Paper, &(t + 1).to_string());
    }
}

/// The network's input, pixel by pixel.
fn image(svg: &mut Svg, trace: &Trace, top: f32) {
    const LEVELS: u32 = 8;
    let whole = trace.image.len().isqrt();
    let side = whole.min(MAX_PIXELS);
    let seen = |i: usize| trace.image[i / side * whole / side * whole + i % side * whole / side];
    svg.rect((MARGIN, top), (SPACE, SPACE), Ink::Wash, 1.0);
    let pixel = SPACE / side.max(1) as f32;
    let level = |value: u8| (u32::from(value) * LEVELS).div_ceil(255).min(LEVELS);
    for wanted in 1..=LEVELS {
        let here = (0..side * side).filter(|i| level(seen(*i)) == wanted);
        let places = here.map(|i| (MARGIN + (i % side) as f32 * pixel, top + ((i / side) as f32 + 0.5) * pixel));
        // A little longer than a pixel, so that no seam is visible.
        let opacity = wanted as f32 / LEVELS as f32;
        svg.strokes(&places.collect::<Vec<_>>(), (pixel + 0.05, 0.0), Ink::Strong, pixel + 0.05, opacity);
    }
}

fn result(svg: &mut Svg, shown: &Shown<'_>, top: f32) {
    let Shown { trace, name, label, .. } = shown;
    let answer = trace.answer();
    svg.text(
        (RESULT - 6.0, top + 88.0),
        Anchor::Start,
        Type::Answer,
        Ink::Strong,
        &answer.map_or("?".into(), |class| class.to_string()),
    );
    let heading = match (trace.known_since(), answer) {
        (Some(t), _) => format!("Known since step {}", t + 1),
        (None, Some(class)) => format!("Leaning to {class}"),
        (None, None) => "Undecided".to_owned(),
    };
    svg.text((RESULT, top + 132.0), Anchor::Start, Type::Heading, Ink::Strong, &heading);
    let probability = answer.map(|class| format!("probability {:.1} %", 100.0 * trace.probabilities()[class]));
    let truth = label.map(|label| format!("{name}, labelled {label}"));
    let lines = [probability, Some(truth.unwrap_or_else(|| (*name).to_owned()))];
    for (y, line) in (0..).zip(lines.into_iter().flatten()) {
        svg.text((RESULT, top + 154.0 + 18.0 * y as f32), Anchor::Start, Type::Caption, Ink::Soft, &line);
    }
    let operations = trace.synaptic_operations().last().copied().unwrap_or(0);
    cost(svg, top + 228.0, ["Synaptic operations", "Multiply-adds, dense"], [operations, trace.dense_operations()]);
}

/// The synaptic operations, compared with one pass of the dense network.
fn cost(svg: &mut Svg, top: f32, names: [&str; 2], values: [u64; 2]) {
    let (most, wide) = (values.iter().max().copied().unwrap_or(1).max(1), WIDTH - MARGIN - RESULT);
    for (row, ((name, value), ink)) in (0..).zip(names.iter().zip(values).zip([Ink::Spike, Ink::Ghost])) {
        let y = top + 40.0 * row as f32;
        svg.text((RESULT, y), Anchor::Start, Type::Caption, Ink::Faint, name);
        svg.text((RESULT + wide, y), Anchor::End, Type::Name, Ink::Strong, &grouped(value));
        svg.rect((RESULT, y + 7.0), (wide * value as f32 / most as f32, 8.0), ink, 1.0);
    }
}

/// A number with thin spaces between its thousands.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join("\u{2009}")
}

/// The description of the picture in words.
fn description(Shown { trace, name, label, .. }: &Shown<'_>) -> String {
    let truth = label.map_or(String::new(), |label| format!(", labelled {label},"));
    match (trace.answer(), trace.known_since()) {
        (Some(class), Some(t)) => {
            format!("{name}{truth} is read as {class}, since time step {} of {}.", t + 1, trace.time_steps)
        }
        (Some(class), None) => {
            format!("{name}{truth} looks most like {class}, and is not known after {} time steps.", trace.time_steps)
        }
        (None, _) => format!("{name}{truth} has no answer: all classes have the same evidence."),
    }
}

#[cfg(test)]
mod tests {
    use super::super::svg::tests::elements;
    use super::*;
    use crate::spikes::SpikeTrain;

    fn layer(neurons: usize, time_steps: usize) -> LayerTrace {
        let mut spikes = SpikeTrain::silent(1, neurons, time_steps);
        (0..neurons.min(time_steps)).for_each(|n| spikes.fire(0, n, n));
        let values = |sign: f32| (0..neurons * time_steps).map(|i| sign * (i % 7) as f32 / 5.0).collect();
        LayerTrace { spikes, potentials: values(1.0), excitation: values(1.0), inhibition: values(-0.5) }
    }

    fn trace(hidden: &[usize], time_steps: usize, readout: Readout) -> Trace {
        let image: Vec<u8> = (0..36).map(|i| (i * 7) as u8).collect();
        let hidden = hidden.iter().map(|neurons| layer(*neurons, time_steps)).collect();
        Trace { image, time_steps, input: layer(36, time_steps).spikes, hidden, output: layer(10, time_steps), readout }
    }

    fn shown(trace: &Trace, encoding: Encoding, label: Option<u8>) -> String {
        picture(&Shown { trace, neuron: &Neuron::default(), encoding, name: "a <b>.png", label })
    }

    #[test]
    fn every_network_has_a_picture() {
        for (hidden, time_steps) in [(&[1][..], 1), (&[40], 25), (&[300, 2], 40)] {
            for readout in [Readout::Membrane, Readout::SpikeCount] {
                for encoding in [Encoding::Rate, Encoding::Latency, Encoding::Current] {
                    let trace = trace(hidden, time_steps, readout);
                    let file = shown(&trace, encoding, Some(3));
                    let names = elements(&file);
                    assert!(names.len() > 40 && file.contains("a &lt;b&gt;.png, labelled 3"), "{file}");
                    assert_eq!(file.matches("Hidden spikes").count(), hidden.len());
                }
            }
        }
    }

    #[test]
    fn it_says_when_the_network_knew() {
        let mut trace = trace(&[4], 10, Readout::SpikeCount);
        trace.output.spikes = SpikeTrain::silent(1, 10, 10);
        [2, 4, 6].into_iter().for_each(|t| trace.output.spikes.fire(0, 7, t));
        let file = shown(&trace, Encoding::Rate, None);
        assert!(
            file.contains("Known since step 7<") && file.contains("is read as 7, since time step 7 of 10"),
            "{file}"
        );
        // Two spikes ahead of nine others are less than half of the probability: e²/(e² + 9).
        trace.output.spikes = SpikeTrain::silent(1, 10, 10);
        [2, 4].into_iter().for_each(|t| trace.output.spikes.fire(0, 7, t));
        assert!(shown(&trace, Encoding::Rate, None).contains("Leaning to 7<"));
        trace.output.spikes = SpikeTrain::silent(1, 10, 10);
        trace.output.potentials = vec![0.0; 100];
        let file = shown(&trace, Encoding::Rate, None);
        assert!(file.contains("Undecided<") && file.contains("has no answer"), "{file}");
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!([grouped(7), grouped(1234567)], ["7", "1\u{2009}234\u{2009}567"]);
    }
}
