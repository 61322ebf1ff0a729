//! Spikes on their way: each runs along the connections of its neuron as a short pulse. Within one time step a spike of
//! the picture reaches the hidden neurons, which fire or not, and theirs the next layer: so between the cursor's time
//! steps `t` and `t + 1` the wave of time step `t` runs from left to right, each layer in its turn. At rest on a time
//! step all that it carried is shown at once.

use super::analysis::Analysis;
use super::connections::{Edge, Layout, Place};
use super::field::brightness;
use super::marks::{Extent, Ink, Mark, Shade, afterglow, along, plain, px};
use crate::decimal::Between;
use crate::spikes::SpikeTrain;
use crate::trace::LayerTrace;

/// How long a pulse is, as a share of its way.
const LENGTH: f32 = 0.15;

/// What is shown besides the network and the moment.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The neurons and their places.
    pub layout: &'a Layout,
    /// The connections between them.
    pub edges: &'a [Edge],
    /// The neurons of the first hidden layer whose voltage is in the score.
    pub chosen: &'a [usize],
    /// The neuron whose connections stand out.
    pub lit: Option<Place>,
    /// θ.
    pub threshold: f32,
}

/// The moment, as the layers know it.
#[derive(Clone, Copy, Debug)]
struct Moment {
    now: f32,
    /// The index of its time step.
    t: usize,
    /// How far the wave is: 0 when it leaves the picture, `hops` when it reaches the outputs; none at rest.
    wave: Option<f32>,
    hops: f32,
}

impl Moment {
    fn new(reading: &Analysis, now: f32) -> Self {
        let hops = reading.trace.hidden.len() as f32 + 1.0;
        let share = now.fract();
        let rests = !(0.01..0.99).contains(&share);
        Self { now, t: reading.at(now), wave: (!rests).then_some(share * hops), hops }
    }

    /// The moment as it is for the neurons that the wave reaches after so many hops.
    fn after(&self, layer: usize) -> f32 {
        if self.wave.is_some() { self.now - layer as f32 / self.hops } else { self.now }
    }
}

/// The picture at the moment `now`.
pub fn marks(reading: &Analysis, shown: &Shown, now: f32) -> Vec<Mark> {
    let moment = Moment::new(reading, now);
    let mut marks = picture(reading, shown, &moment);
    marks.extend(shown.edges.iter().map(|edge| still(reading, shown, edge, &moment)));
    marks.extend(
        shown
            .edges
            .iter()
            .filter(|edge| stands_out(shown, edge) != Some(false))
            .flat_map(|edge| pulse(reading, edge, &moment)),
    );
    marks.extend(neurons(reading, shown, &moment));
    marks.extend(outputs(reading, shown, &moment));
    marks
}

fn picture(reading: &Analysis, shown: &Shown, moment: &Moment) -> Vec<Mark> {
    let (trace, layout) = (&reading.trace, shown.layout);
    let ((x, y), (width, height)) = layout.picture();
    let mut marks = vec![Mark::Bar { from: (x, y), to: (x + width, y + height), ink: Ink::Wash, alpha: 1.0 }];
    let bright = brightness(&trace.input, moment.after(0));
    for (pixel, (value, bright)) in trace.image.iter().zip(bright).enumerate() {
        let base = 0.2 * f32::from(*value) / 255.0;
        let (ink, alpha) = if bright > base { (Ink::Spike, bright) } else { (Ink::Ink, base) };
        if alpha > 0.02 {
            let ((x, y), (width, height)) = layout.pixel(pixel);
            marks.push(Mark::Bar { from: (x, y), to: (x + width, y + height), ink, alpha });
        }
    }
    marks
}

/// Whether an edge belongs to the neuron that is lit; none where none is.
fn stands_out(shown: &Shown, edge: &Edge) -> Option<bool> {
    shown.lit.map(|lit| edge.touches(lit))
}

/// Whether a spike enters the edge at time step `t`.
fn carries(reading: &Analysis, edge: &Edge, t: usize) -> bool {
    let spikes = match edge.layer {
        0 => Some(&reading.trace.input),
        layer => reading.trace.hidden.get(layer - 1).map(|layer| &layer.spikes),
    };
    spikes.is_some_and(|spikes: &SpikeTrain| edge.from < spikes.neurons() && spikes.fires(0, edge.from, t))
}

fn ink(edge: &Edge) -> Ink {
    if edge.weight > 0.0 { Ink::Exc } else { Ink::Inh }
}

/// A connection as it stands there.
fn still(reading: &Analysis, shown: &Shown, edge: &Edge, moment: &Moment) -> Mark {
    let weight = edge.weight.abs();
    let to_leader = edge.layer == shown.layout.columns.len() && reading.leaders.get(moment.t) == Some(&Some(edge.to));
    let busy = moment.wave.is_none() && carries(reading, edge, moment.t);
    let alpha = match (stands_out(shown, edge), busy) {
        (Some(false), _) => 0.04,
        (Some(true), false) => 0.45,
        (Some(true), true) => 0.9,
        (None, true) => {
            if to_leader {
                0.9
            } else {
                0.15 + 0.4 * weight
            }
        }
        (None, false) => {
            if to_leader {
                0.35
            } else {
                0.07 + 0.15 * weight
            }
        }
    };
    Mark::Curve { ends: edge.ends, part: [0.0, 1.0], ink: ink(edge), width: 0.5 + 1.8 * weight, alpha }
}

/// The spike on its way along an edge, if there is one: it lights what it has passed, which fades when it has arrived.
fn pulse(reading: &Analysis, edge: &Edge, moment: &Moment) -> Vec<Mark> {
    let way = moment.wave.map(|wave| wave - edge.layer as f32).filter(|way| *way > 0.0);
    let Some(way) = way.filter(|_| carries(reading, edge, moment.t)) else { return Vec::new() };
    let (ends, ink, width) = (edge.ends, ink(edge), 1.0 + 1.6 * edge.weight.abs());
    let passed = |part: [f32; 2], width: f32, alpha: f32| Mark::Curve { ends, part, ink, width, alpha };
    if way >= 1.0 {
        return vec![passed([0.0, 1.0], 0.6 * width, 0.4 * (-1.1 * (way - 1.0)).exp())];
    }
    let at = along(ends, way);
    // As neurons are drawn elsewhere: a ball where it excites, a bar where it inhibits.
    let head = if edge.weight > 0.0 {
        Mark::Dot { at, radius: px(0.9 + 0.65 * width), fill: plain(ink), rim: None }
    } else {
        Mark::Tick { at, width: px(1.8), height: px(3.0 + 1.8 * width), ink, alpha: 1.0 }
    };
    vec![passed([0.0, way], 0.6 * width, 0.4), passed([(way - LENGTH).max(0.0), way], width, 1.0), head]
}

/// How brightly a neuron glows.
fn glow(layer: &LayerTrace, neuron: usize, now: f32, t: usize) -> f32 {
    let fired = (t.saturating_sub(4)..=t).filter(|time| layer.spikes.fires(0, neuron, *time));
    fired.map(|time| afterglow(now, time)).fold(0.0, f32::max)
}

fn neurons(reading: &Analysis, shown: &Shown, moment: &Moment) -> Vec<Mark> {
    let dot = |(layer, neuron): Place| {
        let (at, trace) = (shown.layout.neuron((layer, neuron))?, reading.trace.hidden.get(layer)?);
        if neuron >= trace.neurons() {
            return None;
        }
        let bright = glow(trace, neuron, moment.after(layer + 1), moment.t);
        // What it holds: of the time step before, as long as the wave has not come.
        let t = if moment.wave.is_some_and(|wave| wave < layer as f32 + 1.0) {
            moment.t.saturating_sub(1)
        } else {
            moment.t
        };
        let held = if trace.spikes.fires(0, neuron, t) { 0.0 } else { trace.potentials[t * trace.neurons() + neuron] };
        let fill = match bright > 0.06 {
            true => Shade { from: Ink::Paper, to: Ink::Spike, amount: (bright * 1.15).min(1.0) },
            false => {
                Shade { from: Ink::Paper, to: Ink::Faint, amount: (held / shown.threshold).between(0.0, 1.0) * 0.8 }
            }
        };
        let marked = shown.lit == Some((layer, neuron)) || (layer == 0 && shown.chosen.contains(&neuron));
        let rim = if marked {
            Ink::Ink
        } else if bright > 0.06 {
            Ink::Spike
        } else {
            Ink::Ghost
        };
        Some(Mark::Dot { at, radius: px(4.0 + 1.6 * bright), fill, rim: Some(rim) })
    };
    shown.layout.hidden().filter_map(dot).collect()
}

/// The outputs: as large and as dark as they are likely so far, green where one fires.
fn outputs(reading: &Analysis, shown: &Shown, moment: &Moment) -> Vec<Mark> {
    let (layer, trace) = (shown.layout.columns.len(), &reading.trace.output);
    let leader = reading.leaders.get(moment.t).copied().flatten();
    let dot = |class: usize| {
        let bright = glow(trace, class, moment.after(layer + 1), moment.t);
        let likely = reading.probability(moment.t, class);
        let to = if bright > 0.06 {
            Ink::Spike
        } else if Some(class) == leader {
            Ink::Ink
        } else {
            Ink::Faint
        };
        let fill = Shade { from: Ink::Paper, to, amount: if bright > 0.06 { bright } else { likely.sqrt() } };
        let rim = if Some(class) == leader { Ink::Ink } else { Ink::Ghost };
        let radius = Extent { share: 0.0, least: 4.5 + 3.0 * likely + 1.5 * bright };
        Some(Mark::Dot { at: shown.layout.neuron((layer, class))?, radius, fill, rim: Some(rim) })
    };
    (0..shown.layout.classes.min(trace.neurons())).filter_map(dot).collect()
}

#[cfg(test)]
mod tests {
    use super::super::connections::{edges, tests::example};
    use super::*;

    fn at(now: f32, lit: Option<Place>) -> Vec<Mark> {
        let (reading, synapses) = example();
        let layout = Layout { columns: vec![vec![7, 8]], classes: 2, aspect: 2.0, ..Layout::default() };
        let edges = edges(&reading, &synapses, &layout, lit);
        marks(&reading, &Shown { layout: &layout, edges: &edges, chosen: &[8], lit, threshold: 1.0 }, now)
    }

    fn heads(marks: &[Mark]) -> Vec<f32> {
        let head = |mark: &Mark| {
            if let Mark::Dot { at, rim: None, .. } | Mark::Tick { at, .. } = mark { Some(at.0) } else { None }
        };
        marks.iter().filter_map(head).collect()
    }

    #[test]
    fn a_wave_runs_from_left_to_right_within_a_time_step() {
        let (early, later, late) = (at(1.1, None), at(1.4, None), at(1.6, None));
        // One pixel fires, at two neurons; one of them fires, at two outputs.
        assert_eq!([heads(&early).len(), heads(&later).len(), heads(&late).len()], [2, 2, 2]);
        assert!(heads(&early)[0] < heads(&later)[0] && heads(&later)[0] < heads(&late)[0]);
    }

    #[test]
    fn at_rest_the_connections_that_carry_a_spike_stand_out() {
        assert!(heads(&at(2.0, None)).is_empty());
        // The connections come first, as they stand there.
        let alphas = |now: f32| {
            let alpha = |mark: &Mark| if let Mark::Curve { alpha, .. } = mark { Some(*alpha) } else { None };
            at(now, None).iter().filter_map(alpha).take(6).collect::<Vec<_>>()
        };
        let (rest, under_way) = (alphas(2.0), alphas(2.4));
        let brighter: Vec<bool> = rest.iter().zip(under_way).map(|(rest, moving)| *rest > moving).collect();
        // 7 and 8 fire at the second time step, at two outputs each; the pixel, which reaches both, does not.
        assert_eq!(brighter, [false, false, true, true, true, true]);
    }

    #[test]
    fn a_neuron_flashes_when_the_wave_has_reached_it() {
        let green = |marks: &[Mark]| {
            let lit = |mark: &&Mark| matches!(mark, Mark::Dot { fill, rim: Some(_), .. } if fill.to == Ink::Spike);
            marks.iter().filter(lit).count()
        };
        assert_eq!([green(&at(1.4, None)), green(&at(1.6, None)), green(&at(2.0, None))], [0, 1, 2]);
    }

    #[test]
    fn what_is_not_of_the_lit_neuron_fades() {
        let faded = |mark: &&Mark| matches!(mark, Mark::Curve { alpha, .. } if *alpha < 0.06);
        assert_eq!(at(2.0, Some((0, 7))).iter().filter(faded).count(), 3, "those of 8");
    }
}
