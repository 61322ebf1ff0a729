//! How one picture ran through the network, as a file: the tracks of the page's timeline below each other, the time step
//! of the decision through all of them, and the result beside them.

mod result;

use super::analysis::{Analysis, telling_neurons};
use super::marks::{Ink, Mark, column};
use super::numbers::grouped;
use super::palette::Palette;
use super::raster::{self, Order};
use super::score_bars::bars;
use super::svg::{Anchor, Frame, Label, Sheet};
use super::{axis, class_scores, field, outputs, voltage};
use crate::spec::{Encoding, Readout, Spec};
use crate::trace::{LayerTrace, Trace};

const WIDTH: f64 = 1040.0;
const MARGIN: f64 = 32.0;
/// Left of the tracks: the picture, and the names of neurons and classes.
const SPACE: f64 = 112.0;
const LEFT: f64 = MARGIN + SPACE + 32.0;
const TRACKS: f64 = 588.0;
const RESULT: f64 = LEFT + TRACKS + 56.0;
const RESULT_WIDTH: f64 = WIDTH - MARGIN - RESULT;
/// Heights of tracks, and of one row of those that have rows.
const RASTER: f64 = 128.0;
const VOLTAGE_ROW: f64 = 54.0;
const SCORES: f64 = 92.0;
const OUTPUT_ROW: f64 = 13.0;
const AXIS: f64 = 40.0;
/// The space between two tracks, for the caption of the lower.
const GAP: f64 = 40.0;
/// The most pixels in a row that are drawn; of larger pictures some are left out.
const MOST_PIXELS: usize = 56;
/// How much of what comes after the decision is hidden.
const VEIL: f32 = 0.45;

/// The picture: `name` is that of the image, `label` its class where that is known, and `spec` what the network is.
pub fn picture(trace: Trace, label: Option<u8>, spec: &Spec, name: &str) -> String {
    let steady = spec.encoding == Encoding::Current;
    let reading = Analysis::new(trace, label);
    let reading = if steady { reading.with_steady_input() } else { reading };
    let (light, dark) = (Palette::light(), Palette::dark());
    let view = View { reading: &reading, spec, name, classes: spec.dataset.class_names() };
    let tracks = view.tracks();
    let bottom = tracks.last().map_or(MARGIN, |(_, frame)| frame.y + frame.height);
    let mut sheet = Sheet::new(WIDTH, bottom + AXIS + 16.0, &light, None);
    for (track, frame) in &tracks {
        view.add_track(&mut sheet, *track, *frame);
    }
    view.add_time(&mut sheet, &tracks);
    // What stands over the veil and the line of the decision.
    for (track, frame) in &tracks {
        view.add_caption(&mut sheet, *track, *frame);
    }
    let top = tracks.first().map_or(MARGIN, |(_, frame)| frame.y);
    view.add_image(&mut sheet, top);
    view.add_result(&mut sheet, top);
    sheet.finish_described(&format!("{name}: its way through the network"), &view.description(), &dark)
}

/// So many of a thing, in words.
fn counted(count: u64, thing: &str) -> String {
    let number = grouped(count);
    if count == 1 { format!("{number} {thing}") } else { format!("{number} {thing}s") }
}

/// One track of the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Track {
    Input,
    Hidden(usize),
    Voltage,
    Scores,
    Outputs,
}

/// What is shown.
struct View<'a> {
    reading: &'a Analysis,
    spec: &'a Spec,
    name: &'a str,
    /// What the classes are called, where they are no digits.
    classes: Option<[&'static str; 10]>,
}

const TEXT: Label<'static> =
    Label { at: (0.0, 0.0), anchor: Anchor::Start, text: "", note: "", size: 12.0, bold: false, ink: Ink::Faint };

impl View<'_> {
    fn trace(&self) -> &Trace {
        &self.reading.trace
    }

    fn class(&self, class: usize) -> String {
        let name = self.classes.and_then(|names| names.get(class).copied());
        name.map_or_else(|| class.to_string(), str::to_owned)
    }

    /// The last moment: everything has happened.
    fn end(&self) -> f32 {
        self.reading.time_steps() as f32
    }

    /// The telling neurons of the first hidden layer, each once.
    fn telling(&self) -> Vec<usize> {
        let first = self.trace().hidden.first().filter(|layer| layer.neurons() > 0);
        let mut telling = first.map_or_else(Vec::new, |layer| telling_neurons(layer, self.trace().time_steps).to_vec());
        // Those of a small layer are repeated at the end.
        telling.dedup();
        telling
    }

    /// All tracks and their places.
    fn tracks(&self) -> Vec<(Track, Frame)> {
        let voltages = VOLTAGE_ROW * self.telling().len() as f64;
        let mut tracks = vec![(Track::Input, RASTER)];
        tracks.extend((0..self.trace().hidden.len()).map(|layer| (Track::Hidden(layer), RASTER)));
        tracks.extend((voltages > 0.0).then_some((Track::Voltage, voltages)));
        tracks.push((Track::Scores, SCORES));
        tracks.push((Track::Outputs, OUTPUT_ROW * self.trace().classes() as f64));
        let mut y = MARGIN - GAP + 14.0;
        let place = |(track, height): (Track, f64)| {
            let frame = Frame { x: LEFT, y: y + GAP, width: TRACKS, height };
            y = frame.y + height;
            (track, frame)
        };
        tracks.into_iter().map(place).collect()
    }

    fn order(&self, layer: usize) -> Order<'_> {
        Order { places: &self.reading.rows[layer], firing: self.reading.firing[layer] }
    }

    fn add_track(&self, sheet: &mut Sheet<'_>, track: Track, frame: Frame) {
        let (trace, neuron) = (self.trace(), &self.spec.neuron);
        match track {
            Track::Input if self.spec.encoding == Encoding::Current => {
                sheet.add_merged(frame, &raster::current(&trace.image, trace.time_steps).past);
            }
            Track::Input => sheet.add_merged(frame, &raster::scene(&trace.input, None).past),
            Track::Hidden(layer) => {
                let spikes = &trace.hidden[layer].spikes;
                sheet.add_merged(frame, &raster::scene(spikes, Some(self.order(layer))).past);
            }
            Track::Voltage => {
                let telling = self.telling();
                sheet.add(frame, &voltage::scene(&trace.hidden[0], neuron, &telling).past);
            }
            Track::Scores => {
                let leads = class_scores::leads(self.reading);
                sheet.add(frame, &class_scores::picture(self.reading, &leads, self.end()).marks);
            }
            Track::Outputs => sheet.add_merged(frame, &outputs::scene(trace).past),
        }
    }

    /// What is written above a track and beside it.
    fn add_caption(&self, sheet: &mut Sheet<'_>, track: Track, frame: Frame) {
        let trace = self.trace();
        let caption = Label { at: (frame.x, frame.y - 10.0), bold: true, ink: Ink::Ink, ..TEXT };
        let right = Label { at: (frame.x + frame.width, frame.y - 10.0), anchor: Anchor::End, ..TEXT };
        match track {
            Track::Input => {
                let spikes = counted(trace.input.count(), "spike");
                let (text, note, spikes) = match self.spec.encoding {
                    Encoding::Current => ("Input current", "the same at every time step", ""),
                    Encoding::Rate => ("Input spikes", "rate coding", spikes.as_str()),
                    Encoding::Latency => ("Input spikes", "latency coding", spikes.as_str()),
                };
                sheet.add_label(&Label { text, note, ..caption });
                sheet.add_label(&Label { text: spikes, ..right });
            }
            Track::Hidden(layer) => {
                let number = if trace.hidden.len() > 1 { format!(", layer {}", layer + 1) } else { String::new() };
                let (firing, all) = (self.reading.firing[layer], trace.hidden[layer].neurons());
                let note = format!("{firing} of {all} fire, sorted by first spike");
                sheet.add_label(&Label { text: &format!("Hidden spikes{number}"), note: &note, ..caption });
                sheet.add_label(&Label { text: &counted(trace.hidden[layer].spikes.count(), "spike"), ..right });
            }
            Track::Voltage => {
                sheet.add_label(&Label { text: "Membrane voltage", ..caption });
                self.name_voltages(sheet, &trace.hidden[0], frame);
            }
            Track::Scores => {
                sheet.add_label(&Label { text: "Ten outputs race", note: "lead over the average", ..caption });
                self.name_leaders(sheet, frame);
            }
            Track::Outputs => {
                let text = match trace.readout {
                    Readout::Membrane => "Output voltages",
                    Readout::SpikeCount => "Output spikes",
                };
                sheet.add_label(&Label { text, ..caption });
                sheet.add_label(&Label { at: (RESULT, frame.y - 10.0), text: "Class scores", ..caption });
                self.add_outputs(sheet, frame);
            }
        }
    }

    fn name_voltages(&self, sheet: &mut Sheet<'_>, layer: &LayerTrace, frame: Frame) {
        // Wide enough for any system's font.
        let key =
            [(Ink::Exc, "excites", 232.0), (Ink::Inh, "inhibits", 172.0), (Ink::Spike, "spike, then reset", 108.0)];
        for (ink, text, from_right) in key {
            let x = frame.x + frame.width - from_right;
            let bar = Frame { x: x - 1.5, y: frame.y - 20.0, width: 3.0, height: 11.0 };
            sheet.add(bar, &[Mark::Bar { from: (0.0, 0.0), to: (1.0, 1.0), ink, alpha: 1.0 }]);
            sheet.add_label(&Label { at: (x + 6.0, frame.y - 10.0), text, ..TEXT });
        }
        let telling = self.telling();
        for (row, neuron) in telling.iter().enumerate() {
            let (x, y) = (frame.x - 20.0, frame.y + VOLTAGE_ROW * (row as f64 + 0.5));
            let spikes = match layer.spikes.count_of(0, *neuron) {
                0 => "silent".to_owned(),
                n => counted(n.into(), "spike"),
            };
            let name = Label { at: (x, y - 2.0), anchor: Anchor::End, ..TEXT };
            sheet.add_label(&Label { text: &format!("#{neuron}"), bold: true, ink: Ink::Ink, ..name });
            sheet.add_label(&Label { at: (x, y + 13.0), text: &spikes, ..name });
        }
        let threshold = voltage::threshold_place(layer, &self.spec.neuron, &telling);
        let at = (frame.x + frame.width + 4.0, frame.y + f64::from(threshold) * frame.height + 4.0);
        sheet.add_label(&Label { at, text: "threshold", size: 11.0, ..TEXT });
    }

    fn name_leaders(&self, sheet: &mut Sheet<'_>, frame: Frame) {
        let race = class_scores::picture(self.reading, &class_scores::leads(self.reading), self.end());
        for (named, ink) in [(race.first, Ink::Ink), (race.second, Ink::Faint)] {
            if let Some((class, (x, y))) = named {
                let at = (frame.x + f64::from(x) * frame.width + 6.0, frame.y + f64::from(y) * frame.height + 4.0);
                sheet.add_label(&Label { at, text: &self.class(class), bold: true, ink, ..TEXT });
            }
        }
    }

    /// The classes' names left of their outputs, and to the right what each came to.
    fn add_outputs(&self, sheet: &mut Sheet<'_>, frame: Frame) {
        let last = self.reading.time_steps().saturating_sub(1);
        let leader = self.leader();
        let (from, width) = if self.classes.is_some() { (90.0, 58.0) } else { (16.0, 132.0) };
        for (class, bar) in bars(self.reading, last).into_iter().enumerate() {
            let middle = frame.y + (class as f64 + 0.5) * OUTPUT_ROW;
            let won = Some(class) == leader;
            let (name, y) = (self.class(class), middle + 4.0);
            let ink = if won { Ink::Ink } else { Ink::Faint };
            let text = Label { text: &name, size: 11.0, bold: won, ink, ..TEXT };
            sheet.add_label(&Label { at: (frame.x - 10.0, y), anchor: Anchor::End, ..text });
            sheet.add_label(&Label { at: (RESULT, y), ..text });
            let right = (RESULT + RESULT_WIDTH, y);
            sheet.add_label(&Label { at: right, anchor: Anchor::End, text: &bar.text, ..text });
            let place = Frame { x: RESULT + from, y: middle - 4.0, width, height: 8.0 };
            let ink = match (won, self.trace().readout) {
                (false, _) => Ink::Ghost,
                (true, Readout::Membrane) => Ink::Ink,
                (true, Readout::SpikeCount) => Ink::Spike,
            };
            // A score of zero is a hairline.
            let to = bar.end.max(bar.start + 0.5 / width as f32);
            sheet.add(place, &[Mark::Bar { from: (bar.start, 0.0), to: (to, 1.0), ink, alpha: 1.0 }]);
        }
    }

    /// The class with the most evidence at the end.
    fn leader(&self) -> Option<usize> {
        self.reading.leaders.last().copied().flatten()
    }

    /// The axis, and a line through all tracks at the time step of the decision. What comes after is paler.
    fn add_time(&self, sheet: &mut Sheet<'_>, tracks: &[(Track, Frame)]) {
        let (Some((_, first)), Some((_, last))) = (tracks.first(), tracks.last()) else { return };
        let time_steps = self.reading.time_steps();
        let x = |share: f32| LEFT + f64::from(share) * TRACKS;
        let settled = self.reading.settled.map(|t| column(t, time_steps));
        let foot = Frame { y: last.y + last.height, height: AXIS, ..*last };
        let line = foot.y + f64::from(axis::LINE) * AXIS;
        if let Some(settled) = settled {
            // Half a column more: the ticks of the decision belong to it.
            let from = x(settled + 0.3 / time_steps as f32);
            let rest = Frame { x: from, y: first.y - 4.0, width: LEFT + TRACKS - from, height: foot.y - first.y + 4.0 };
            sheet.rect(rest, Palette::light().name(Ink::Paper), VEIL);
            let at = Frame { x: x(settled) - 0.5, y: first.y - 4.0, width: 1.0, height: line - first.y + 4.0 };
            sheet.add(at, &[Mark::Bar { from: (0.0, 0.0), to: (1.0, 1.0), ink: Ink::Ink, alpha: 1.0 }]);
        }
        let now = self.reading.settled.map_or(self.end(), |settled| settled as f32 + 1.0);
        sheet.add(foot, &axis::marks(time_steps, now, self.reading.settled));
        let near = |place: f32| settled.is_some_and(|settled| f64::from((settled - place).abs()) * TRACKS < 26.0);
        let number = Label { anchor: Anchor::Middle, size: 11.0, ..TEXT };
        for (step, place) in axis::numbers(time_steps).into_iter().filter(|(_, place)| !near(*place)) {
            sheet.add_label(&Label { at: (x(place), line + 20.0), text: &step.to_string(), ..number });
        }
        if let (Some(place), Some(t)) = (settled, self.reading.settled) {
            let at = (x(place), line + 21.0);
            sheet.add_label(&Label { at, text: &(t + 1).to_string(), size: 12.0, bold: true, ink: Ink::Ink, ..number });
        }
        sheet.add_label(&Label { at: (LEFT - 20.0, line + 4.0), anchor: Anchor::End, text: "time step", ..TEXT });
    }

    /// What the network sees.
    fn add_image(&self, sheet: &mut Sheet<'_>, top: f64) {
        let image = &self.trace().image;
        let whole = image.len().isqrt();
        let side = whole.min(MOST_PIXELS);
        let seen = |i: usize| image[i / side * whole / side * whole + i % side * whole / side];
        let pixels: Vec<u8> = (0..side * side).map(seen).collect();
        sheet.add_merged(Frame { x: MARGIN, y: top, width: SPACE, height: SPACE }, &[field::picture(&pixels, side)]);
    }
}
