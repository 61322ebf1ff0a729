//! The ten output neurons, one row each. With the membrane readout they never spike: each row shows the voltage,
//! dark above zero and pale below. With the spike count, ticks as everywhere.

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
            scene.past.extend(voltages(trace, true));
            scene.future.extend(voltages(trace, false));
        }
        Readout::SpikeCount => {
            scene.past.extend(spikes(trace, Ink::Spike));
            scene.future.extend(spikes(trace, Ink::Ghost));
        }
    }
    scene
}

/// One tick for each output and time step, as high as the voltage is far from zero: dark where it speaks for the class,
/// pale where it speaks against it.
fn voltages(trace: &Trace, past: bool) -> Vec<Mark> {
    let (classes, time_steps) = (trace.classes(), trace.time_steps);
    let potentials = &trace.output.potentials;
    let most = potentials.iter().fold(1e-6f32, |most, value| most.max(value.abs()));
    let bar = |(i, value): (usize, &f32)| {
        let (t, class) = (i / classes, i % classes);
        let (ink, alpha) = match (*value > 0.0, past) {
            (true, true) => (Ink::Ink, 1.0),
            (false, true) => (Ink::Ghost, 0.8),
            (true, false) => (Ink::Ghost, 0.9),
            (false, false) => (Ink::Ghost, 0.3),
        };
        Mark::Tick {
            at: (column(t, time_steps), middle(class, classes)),
            width: Extent { share: 0.34 / time_steps.max(1) as f32, least: 1.5 },
            // By the root, or the small voltages of the first time steps could not be seen.
            height: Extent { share: 0.86 * (value.abs() / most).sqrt() / classes as f32, least: 0.5 },
            ink,
            alpha,
        }
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
