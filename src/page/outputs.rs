//! The ten output neurons, one row each. With the membrane readout they never spike: each row shows the voltage, up for
//! above zero, down for below. With the spike count, ticks as everywhere.

use super::marks::{Extent, Ink, Mark, Scene, column, glowing, level, px};
use crate::spec::Readout;
use crate::trace::Trace;

fn middle(row: usize, rows: usize) -> f32 {
    (row as f32 + 0.5) / rows.max(1) as f32
}

/// All rows, before and after the cursor has passed.
pub fn scene(trace: &Trace) -> Scene {
    let rules = (0..trace.classes()).map(|row| level(middle(row, trace.classes()), Ink::Rule));
    let mut scene = Scene { past: rules.clone().collect(), future: rules.collect() };
    match trace.readout {
        Readout::Membrane => {
            scene.past.extend(voltages(trace, Ink::Ink, 0.85));
            scene.future.extend(voltages(trace, Ink::Ghost, 0.6));
        }
        Readout::SpikeCount => {
            scene.past.extend(spikes(trace, Ink::Spike));
            scene.future.extend(spikes(trace, Ink::Ghost));
        }
    }
    scene
}

fn voltages(trace: &Trace, ink: Ink, alpha: f32) -> Vec<Mark> {
    let (classes, time_steps) = (trace.classes(), trace.time_steps);
    let potentials = &trace.output.potentials;
    let most = potentials.iter().fold(1e-6f32, |most, value| most.max(value.abs()));
    let half = 0.25 / time_steps.max(1) as f32;
    let bar = |(i, value): (usize, &f32)| {
        let (t, class) = (i / classes, i % classes);
        let (x, zero) = (column(t, time_steps), middle(class, classes));
        // Up to 0.9 of a row in either direction: a strong voltage reaches into the next row, as in a seismogram.
        let tip = zero - 0.9 * value / most / classes as f32;
        // Below zero is paler: it speaks against the class.
        let alpha = if *value < 0.0 { 0.3 * alpha } else { alpha };
        Mark::Bar { from: (x - half, zero.min(tip)), to: (x + half, zero.max(tip)), ink, alpha }
    };
    potentials.iter().enumerate().map(bar).collect()
}

fn tick(t: usize, class: usize, trace: &Trace, ink: Ink, glow: f32) -> Mark {
    Mark::Tick {
        at: (column(t, trace.time_steps), middle(class, trace.classes())),
        width: px(3.0 + 2.0 * glow),
        height: Extent { share: 0.8 / trace.classes() as f32, least: 3.0 + 2.0 * glow },
        ink,
        alpha: 1.0,
    }
}

fn spikes(trace: &Trace, ink: Ink) -> Vec<Mark> {
    let row = |class: usize| trace.output.spikes.times(0, class).map(move |t| tick(t, class, trace, ink, 0.0));
    (0..trace.classes()).flat_map(row).collect()
}

/// The output spikes that have just happened, larger.
pub fn glow(trace: &Trace, now: f32) -> Vec<Mark> {
    let fires = |t: usize| (0..trace.classes()).filter(move |class| trace.output.spikes.fires(0, *class, t));
    glowing(now, trace.time_steps)
        .flat_map(|(t, glow)| fires(t).map(move |class| tick(t, class, trace, Ink::Spike, glow)))
        .collect()
}
