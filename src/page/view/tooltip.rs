//! What a picture says of the place under the pointer: the number behind the mark.

use crate::digits::drawing::SIDE;
use crate::page::model::phrases::{Phrase, Phrases};
use crate::pictures::analysis::Analysis;
use crate::pictures::field::{self, part};
use crate::pictures::numbers::grouped;
use crate::pictures::numbers::percent;
use crate::pictures::raster;
use crate::spec::{Neuron, Readout};
use crate::trace::LayerTrace;

/// What is needed to tell.
pub struct Tooltip<'a> {
    /// What runs through the network.
    pub analysis: &'a Analysis,
    /// The neurons' parameters.
    pub neuron: &'a Neuron,
    /// The neurons whose voltage is shown.
    pub chosen: &'a [usize],
    /// The page's words.
    pub phrases: &'a Phrases,
}

/// The pixel at a place of the picture.
fn pixel((x, y): (f32, f32)) -> usize {
    part(y, SIDE) * SIDE + part(x, SIDE)
}

impl Tooltip<'_> {
    /// What the canvas with that id says of a place of it, in shares of its size; nothing where there is nothing.
    pub fn tell(&self, canvas: &str, place: (f32, f32)) -> Option<String> {
        let (trace, t) = (&self.analysis.trace, part(place.0, self.analysis.time_steps()));
        let at = ("t", (t + 1).to_string());
        let first = trace.hidden.first();
        match canvas {
            "frame" | "seen" => {
                let pixel = pixel(place);
                let spikes = self.phrases.spikes(trace.input.count_of(0, pixel));
                let values = [
                    ("x", (pixel % SIDE + 1).to_string()),
                    ("y", (pixel / SIDE + 1).to_string()),
                    ("n", trace.image.get(pixel)?.to_string()),
                    ("spikes", spikes),
                ];
                Some(self.phrases.say(Phrase::TipPixel, &values))
            }
            "in" => {
                let values = [at, ("n", self.analysis.input_counts.get(t)?.to_string())];
                Some(self.phrases.say(Phrase::TipInput, &values))
            }
            "field" => self.name(first?, field::neuron_at(first?, place)?),
            "hid" => {
                let (places, firing) = (self.analysis.rows.first()?, *self.analysis.firing.first()?);
                let neuron = raster::neuron_at(raster::Order { places, firing }, place.1)?;
                self.name(first?, neuron)
            }
            "mem" => self.voltage(first?, *self.chosen.get(part(place.1, self.chosen.len()))?, t, at),
            "out" | "race" => self.output(canvas, place.1, t, at),
            _ => None,
        }
    }

    fn name(&self, layer: &LayerTrace, neuron: usize) -> Option<String> {
        let values = [
            ("n", self.phrases.number_of(layer.feature_maps(), neuron)),
            ("spikes", self.phrases.spikes(layer.spikes.count_of(0, neuron))),
        ];
        Some(self.phrases.say(Phrase::NeuronSpikes, &values))
    }

    fn voltage(&self, layer: &LayerTrace, neuron: usize, t: usize, at: (&'static str, String)) -> Option<String> {
        let value = |values: &[f32]| values.get(t * layer.neurons() + neuron).map(|value| format!("{value:.2}"));
        let values = [
            at,
            ("neuron", self.phrases.number_of(layer.feature_maps(), neuron)),
            ("u", value(&layer.potentials)?),
            ("exc", value(&layer.excitation)?),
            ("inh", value(&layer.inhibition)?),
            ("theta", self.neuron.threshold.to_string()),
        ];
        Some(self.phrases.say(Phrase::TipVoltage, &values))
    }

    fn output(&self, canvas: &str, y: f32, t: usize, at: (&'static str, String)) -> Option<String> {
        let trace = &self.analysis.trace;
        let row =
            if canvas == "out" { Some(part(y, trace.classes())) } else { self.analysis.leaders.get(t).copied()? };
        let class = row?;
        let evidence = self.analysis.evidence_at(t).get(class)?;
        let number = match trace.readout {
            Readout::Membrane => format!("{evidence:.2}"),
            Readout::SpikeCount => grouped(*evidence as u64),
        };
        let share = percent(self.analysis.probability(t, class));
        let values = [at, ("a", self.phrases.name(class)), ("n", number), ("p", share)];
        Some(self.phrases.say(Phrase::TipOutput, &values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spikes::SpikeTrain;
    use crate::trace::Trace;

    fn analysis() -> Analysis {
        let layer = |neurons: usize| {
            let mut spikes = SpikeTrain::silent(1, neurons, 4);
            spikes.fire(0, 1, 2);
            let potentials = (0..4 * neurons).map(|i| i as f32 / 8.0).collect();
            let flat = vec![0.5; 4 * neurons];
            LayerTrace {
                spikes,
                potentials,
                excitation: flat.clone(),
                inhibition: flat,
                raised: Vec::new(),
                window: None,
            }
        };
        let mut input = SpikeTrain::silent(1, SIDE * SIDE, 4);
        input.fire(0, 29, 0);
        let trace = Trace {
            image: vec![7; SIDE * SIDE],
            time_steps: 4,
            input,
            hidden: vec![layer(3)],
            output: layer(2),
            ..Trace::default()
        };
        Analysis::new(trace, None)
    }

    fn told(canvas: &str, place: (f32, f32)) -> Option<String> {
        let words = |key: &str, text: &str| (key.to_owned(), text.to_owned());
        let phrases = Phrases::new([
            words("tip-pixel", "{x} {y} {n} {spikes}"),
            words("tip-input", "{t} {n}"),
            words("neuron-spikes", "#{n} {spikes}"),
            words("tip-voltage", "#{neuron} {t} {u} {exc} {inh} {theta}"),
            words("tip-output", "{a} {t} {n} {p}"),
        ]);
        let (analysis, neuron) = (analysis(), Neuron::default());
        Tooltip { analysis: &analysis, neuron: &neuron, chosen: &[2, 1, 0], phrases: &phrases }.tell(canvas, place)
    }

    #[test]
    fn each_picture_tells_the_number_under_the_pointer() {
        assert_eq!(told("frame", (0.05, 0.05)).as_deref(), Some("2 2 7 one-spike"));
        assert_eq!(told("in", (0.1, 0.9)).as_deref(), Some("1 1"));
        assert_eq!(told("field", (0.9, 0.1)).as_deref(), Some("#1 one-spike"));
        assert_eq!(told("hid", (0.5, 0.0)).as_deref(), Some("#1 one-spike"));
        assert_eq!(told("mem", (0.9, 0.1)).as_deref(), Some("#2 4 1.38 0.50 0.50 1"));
        assert!(told("out", (0.9, 0.9)).is_some_and(|text| text.starts_with("1 4 ")));
    }

    #[test]
    fn where_nothing_is_nothing_is_told() {
        assert_eq!((told("field", (0.9, 0.9)), told("hid", (0.5, 0.9)), told("axis", (0.5, 0.5))), (None, None, None));
        // A place beyond the rim is that at the rim.
        assert!(told("frame", (1.0, 1.0)).is_some());
    }
}
