//! The axis of time, which is also the slider.

use super::marks::{Ink, Mark, column, cursor, line, plain, px};

/// Where the line stands.
pub const LINE: f32 = 0.35;

/// The axis at the moment `now`: passed in ink, to come in grey, a ring at the time step at which the answer has settled
/// (filled once it is).
pub fn marks(time_steps: usize, now: f32, settled: Option<usize>) -> Vec<Mark> {
    if time_steps == 0 {
        return Vec::new();
    }
    let (start, end) = (column(0, time_steps), column(time_steps - 1, time_steps));
    let mut marks = vec![
        line(vec![(start, LINE), (end, LINE)], Ink::Rule, 2.0),
        line(vec![(start, LINE), (cursor(now, time_steps), LINE)], Ink::Ink, 2.0),
    ];
    if let Some(settled) = settled {
        let told = now + 0.001 >= settled as f32 + 1.0;
        let (fill, rim) = if told { (Ink::Ink, Ink::Ink) } else { (Ink::Paper, Ink::Ghost) };
        let at = (column(settled, time_steps), LINE);
        marks.push(Mark::Dot { at, radius: px(3.6), fill: plain(fill), rim: Some(rim) });
    }
    marks
}

/// The numbers that stand at the axis, 1 to T, with their places.
pub fn numbers(time_steps: usize) -> Vec<(usize, f32)> {
    let every = match time_steps {
        0..=30 => 5,
        31..=60 => 10,
        61..=120 => 20,
        _ => 50,
    };
    let shown = |step: &usize| *step == 1 || step.is_multiple_of(every);
    (1..=time_steps).filter(shown).map(|step| (step, column(step - 1, time_steps))).collect()
}
