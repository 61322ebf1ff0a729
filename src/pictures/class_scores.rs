//! Who leads, and by how much: the evidence for each class over time, less the average of all, for the raw sums may all
//! climb and hide it. Only the leader so far is ink, the runner-up grey, the rest ghosts.

use super::analysis::Analysis;
use super::marks::{Ink, Mark, Point, column, cursor, line};

/// The picture at one moment, and where the names of the first two stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Race {
    /// What to paint.
    pub marks: Vec<Mark>,
    /// The leader and its place.
    pub first: Option<(usize, Point)>,
    /// The runner-up and its place.
    pub second: Option<(usize, Point)>,
}

/// The lead of each class over the average, [T, classes].
pub fn leads(reading: &Analysis) -> Vec<f32> {
    let classes = reading.trace.classes().max(1);
    let rows = reading.evidence.chunks(classes);
    rows.flat_map(|row| {
        let mean = row.iter().sum::<f32>() / classes as f32;
        row.iter().map(move |value| value - mean)
    })
    .collect()
}

/// The picture at the moment `now`.
pub fn picture(reading: &Analysis, leads: &[f32], now: f32) -> Race {
    let (classes, time_steps) = (reading.trace.classes(), reading.time_steps());
    let (low, high) =
        leads.iter().fold((0.0, 1e-6), |(low, high): (f32, f32), value| (low.min(*value), high.max(*value)));
    let y = |value: f32| 0.06 + 0.88 * (1.0 - (value - low) / (high - low));
    let t = reading.at(now);
    let point = |t: usize, class: usize| (column(t, time_steps), y(leads[t * classes + class]));
    let passed = |class: usize| {
        let mut points = vec![(0.0, y(0.0))];
        points.extend((0..=t).map(|t| point(t, class)));
        let share = now - (t as f32 + 1.0);
        if share > 0.0 && t + 1 < time_steps {
            let (a, b) = (point(t, class), point(t + 1, class));
            points.push((cursor(now, time_steps), a.1 + (b.1 - a.1) * share));
        }
        points
    };
    let leader = reading.leaders.get(t).copied().flatten();
    let second = leader.and_then(|leader| reading.second(t, leader));
    let mut race = Race { marks: vec![line(vec![(0.0, y(0.0)), (1.0, y(0.0))], Ink::Rule, 1.0)], ..Race::default() };
    for class in 0..classes {
        let all = (0..time_steps).map(|t| point(t, class));
        race.marks.push(line(std::iter::once((0.0, y(0.0))).chain(all).collect(), Ink::Rule, 1.0));
    }
    let others = (0..classes).filter(|class| Some(*class) != leader && Some(*class) != second);
    race.marks.extend(others.map(|class| line(passed(class), Ink::Ghost, 1.25)));
    for (class, ink, width) in [(second, Ink::Faint, 1.5), (leader, Ink::Ink, 2.4)] {
        race.marks.extend(class.map(|class| line(passed(class), ink, width)));
    }
    let place = |class: usize| Some((class, *passed(class).last()?));
    race.first = leader.and_then(place);
    race.second = second.and_then(place);
    keep_apart(&mut race);
    race
}

/// Moves the two names so that they do not cover each other.
fn keep_apart(race: &mut Race) {
    const APART: f32 = 0.17;
    if let (Some((_, first)), Some((_, second))) = (&mut race.first, &mut race.second) {
        let (middle, distance) = ((first.1 + second.1) / 2.0, second.1 - first.1);
        if distance.abs() < APART {
            let sign = if distance < 0.0 { -0.5 } else { 0.5 };
            first.1 = middle - sign * APART;
            second.1 = middle + sign * APART;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spikes::SpikeTrain;
    use crate::trace::{LayerTrace, Trace};

    fn reading() -> Analysis {
        let output = LayerTrace {
            window: None,
            spikes: SpikeTrain::silent(1, 2, 3),
            potentials: vec![1.0, 0.0, 1.0, 0.0, 0.0, 6.0],
            excitation: vec![0.0; 6],
            inhibition: vec![0.0; 6],
            raised: Vec::new(),
        };
        Analysis::new(Trace { time_steps: 3, output, ..Trace::default() }, None)
    }

    #[test]
    fn leads_add_up_to_nothing() {
        let leads = leads(&reading());
        assert!(leads.chunks(2).all(|row| row.iter().sum::<f32>().abs() < 1e-6));
    }

    #[test]
    fn the_leader_so_far_is_named() {
        let (reading, leads) = (reading(), leads(&reading()));
        assert_eq!(picture(&reading, &leads, 2.0).first.map(|(class, _)| class), Some(0));
        assert_eq!(picture(&reading, &leads, 3.0).first.map(|(class, _)| class), Some(1));
    }
}
