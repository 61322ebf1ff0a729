//! The neurons that came nearest to their thresholds while a picture was shown: their potentials, a lane for each, and who took
//! from whom.

use super::marks::{Ink, Mark, Point, column, line};
use crate::decimal::Between;
use crate::plasticity::Spike;
use crate::plasticity::glimpse::{Course, Learnt};

/// The share of a lane below its threshold.
const BELOW: f32 = 0.72;
/// The share of a lane between it and the next.
const GAP: f32 = 0.16;

/// What a neuron's potential becomes by the spikes of a time step: its own empties it, and each of the others takes `inhibition`.
fn after(potential: f32, neuron: usize, spikes: &[Spike], inhibition: f32) -> f32 {
    spikes.iter().fold(potential, |u, spike| if spike.neuron == neuron { 0.0 } else { (u - inhibition).max(0.0) })
}

/// The picture: potentials in ink, thresholds as dashed lines, spikes, and in the colour of inhibition what they take from others.
pub fn marks(learnt: &Learnt, inhibition: f32) -> Vec<Mark> {
    let lanes = learnt.nearest.len().max(1) as f32;
    let mut marks = Vec::new();
    for (lane, course) in learnt.nearest.iter().enumerate() {
        let ground = (lane as f32 + 1.0 - GAP) / lanes;
        one(&mut marks, course, learnt, inhibition, (ground, (1.0 - GAP) / lanes));
    }
    marks
}

fn one(marks: &mut Vec<Mark>, course: &Course, learnt: &Learnt, inhibition: f32, (ground, height): (f32, f32)) {
    let time_steps = course.potentials.len();
    // Whatever a neuron's threshold is, it lies as high in its lane, once it has risen.
    let highest = course.thresholds.iter().copied().fold(1e-3, f32::max);
    let y = |value: f32| ground - height * (BELOW * value / highest).between(0.0, 1.0);
    marks.push(line(vec![(0.0, ground), (1.0, ground)], Ink::Rule, 1.0));
    let threshold = course.thresholds.iter().enumerate();
    let threshold: Vec<Point> = threshold.map(|(t, theta)| (column(t, time_steps), y(*theta))).collect();
    marks.push(Mark::Line { points: threshold, ink: Ink::Faint, width: 1.0, dash: Some((2.0, 3.0)) });
    let (mut points, mut falls) = (Vec::with_capacity(2 * time_steps), Vec::new());
    for (t, potential) in course.potentials.iter().enumerate() {
        let (x, now) = (column(t, time_steps), Spike { neuron: course.neuron, time: t });
        points.push((x, y(*potential)));
        let spikes: Vec<Spike> = learnt.spikes.iter().filter(|spike| spike.time == t).copied().collect();
        if spikes.is_empty() {
            continue;
        }
        let left = after(*potential, course.neuron, &spikes, inhibition);
        points.push((x, y(left)));
        if spikes.contains(&now) {
            falls.push(line(vec![(x, ground - height), (x, ground)], Ink::Spike, 3.0));
        } else if left < *potential {
            falls.push(line(vec![(x, y(*potential)), (x, y(left))], Ink::Inh, 2.0));
        }
    }
    marks.push(line(points, Ink::Ink, 1.2));
    marks.extend(falls);
}

/// Where the name of each lane stands.
pub fn names(learnt: &Learnt) -> Vec<(usize, Point)> {
    let lanes = learnt.nearest.len().max(1) as f32;
    let place = |(lane, course): (usize, &Course)| (course.neuron, (0.0, (lane as f32 + 0.12) / lanes));
    learnt.nearest.iter().enumerate().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spike_empties_its_neuron_and_takes_from_the_others() {
        let spikes = [Spike { neuron: 3, time: 0 }, Spike { neuron: 1, time: 0 }];
        assert_eq!(after(2.0, 3, &spikes, 0.5), 0.0, "it is reset, and the other spike takes nothing of nothing");
        assert_eq!(after(2.0, 0, &spikes, 0.5), 1.0);
        assert_eq!(after(0.75, 0, &spikes, 0.5), 0.0, "not below 0");
        let course = |neuron| Course { neuron, potentials: vec![0.5, 2.0], thresholds: vec![1.0, 1.5] };
        let learnt = Learnt {
            spikes: vec![Spike { neuron: 3, time: 1 }],
            nearest: vec![course(3), course(0)],
            ..Learnt::default()
        };
        let marks = marks(&learnt, 2.5);
        let inks = |ink: Ink| {
            let of = |mark: &&Mark| matches!(mark, Mark::Line { ink: own, .. } if *own == ink);
            marks.iter().filter(of).count()
        };
        assert_eq!((inks(Ink::Spike), inks(Ink::Inh), inks(Ink::Ink), inks(Ink::Faint)), (1, 1, 2, 2));
        assert_eq!(names(&learnt).iter().map(|(neuron, _)| *neuron).collect::<Vec<_>>(), [3, 0]);
        assert!(super::marks(&Learnt::default(), 1.0).is_empty());
    }
}
