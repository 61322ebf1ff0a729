//! The result beside the tracks: the class, when it settled, what speaks for it, and what it cost.

use super::super::marks::{Ink, Mark};
use super::super::numbers::{grouped, percent};
use super::super::svg::{Anchor, Frame, Label, Sheet};
use super::{RESULT, RESULT_WIDTH, TEXT, View, counted};
use crate::spec::Readout;

/// The most characters of the picture's name.
const MOST_NAME: usize = 30;

impl View<'_> {
    pub(super) fn add_result(&self, sheet: &mut Sheet<'_>, top: f64) {
        let answer = self.leader().map_or_else(|| "?".to_owned(), |class| self.class(class));
        let size = if answer.len() > 1 { 26.0 } else { 120.0 };
        let strong = Label { bold: true, ink: Ink::Ink, ..TEXT };
        let ink = if self.reading.settled.is_some() { Ink::Ink } else { Ink::Ghost };
        sheet.add_label(&Label { at: (RESULT - size / 20.0, top + 88.0), text: &answer, size, ink, ..strong });
        sheet.add_label(&Label { at: (RESULT, top + 132.0), text: &self.heading(), size: 17.0, ..strong });
        let mut y = top + 154.0;
        for text in self.details() {
            sheet.add_label(&Label { at: (RESULT, y), text: &text, ..TEXT });
            y += 18.0;
        }
        self.add_cost(sheet, y.max(top + 190.0) + 24.0);
    }

    /// The decision in a few words.
    fn heading(&self) -> String {
        match (self.leader(), self.reading.settled) {
            (None, _) => "No answer".to_owned(),
            (Some(_), None) => "Not settled".to_owned(),
            (Some(_), Some(t)) => format!("Settled at step {}", t + 1),
        }
    }

    /// What speaks for the first class and for the next, and which picture it was.
    fn details(&self) -> Vec<String> {
        let last = self.reading.time_steps().saturating_sub(1);
        let spikes = |class: usize| self.reading.evidence_at(last).get(class).copied().unwrap_or(0.0);
        let share = |class: usize| percent(self.reading.probability(last, class));
        let mut lines = Vec::new();
        if let Some(leader) = self.leader() {
            let next = self.reading.second(last, leader).map(|next| (next, self.class(next)));
            match self.trace().readout {
                Readout::Membrane => {
                    lines.push(format!("Probability {}", share(leader)));
                    lines.extend(next.map(|(next, name)| format!("then {name}, {}", share(next))));
                }
                Readout::SpikeCount => {
                    lines.push(counted(spikes(leader) as u64, "output spike"));
                    lines.extend(next.map(|(next, name)| format!("then {name}, {}", spikes(next))));
                }
            }
        }
        let long = self.name.chars().count() > MOST_NAME;
        let name: String =
            if long { self.name.chars().take(MOST_NAME - 1).chain(['…']).collect() } else { self.name.to_owned() };
        let label = self.reading.label.map(|label| format!("labelled {}", self.class(label.into())));
        match label {
            Some(label) if name.len() + label.len() < MOST_NAME => lines.push(format!("{name}, {label}")),
            label => lines.extend([Some(name), label].into_iter().flatten()),
        }
        lines
    }

    /// The synaptic operations, compared with one pass of the dense network.
    fn add_cost(&self, sheet: &mut Sheet<'_>, top: f64) {
        let last = self.reading.time_steps().saturating_sub(1);
        let operations = self.reading.operations.last().copied().unwrap_or(0);
        let dense = self.trace().dense_operations();
        let most = operations.max(dense).max(1) as f32;
        let share = |count: u64| count as f32 / most;
        let rows = [("Synaptic operations", operations, Ink::Spike), ("Multiply-adds, dense", dense, Ink::Ghost)];
        for (row, (name, count, ink)) in rows.into_iter().enumerate() {
            let y = top + 40.0 * row as f64;
            sheet.add_label(&Label { at: (RESULT, y), text: name, ..TEXT });
            let number = Label { at: (RESULT + RESULT_WIDTH, y), anchor: Anchor::End, text: &grouped(count), ..TEXT };
            sheet.add_label(&Label { bold: true, ink: Ink::Ink, ..number });
            let bar = Frame { x: RESULT, y: y + 7.0, width: RESULT_WIDTH, height: 8.0 };
            sheet.add(bar, &[Mark::Bar { from: (0.0, 0.0), to: (share(count), 1.0), ink, alpha: 1.0 }]);
        }
        let mut y = top + 80.0;
        let early = self.reading.settled.and_then(|t| self.reading.operations.get(t)).copied();
        if let Some(early) = early {
            let at = Frame {
                x: RESULT + RESULT_WIDTH * f64::from(share(early)) - 0.75,
                y: top + 4.0,
                width: 1.5,
                height: 14.0,
            };
            sheet.add(at, &[Mark::Bar { from: (0.0, 0.0), to: (1.0, 1.0), ink: Ink::Ink, alpha: 1.0 }]);
            sheet.add_label(&Label { at: (RESULT, y), text: &format!("At the decision: {}", grouped(early)), ..TEXT });
            y += 18.0;
        }
        let [spiking, ordinary] = self.reading.energy(last);
        let energy = format!("Arithmetic: {spiking:.2} µJ against {ordinary:.2} µJ");
        sheet.add_label(&Label { at: (RESULT, y), text: &energy, size: 11.0, ..TEXT });
    }

    /// The result for those who hear it.
    pub(super) fn description(&self) -> String {
        let (name, steps) = (self.name, self.reading.time_steps());
        let label =
            self.reading.label.map_or_else(String::new, |label| format!(", labelled {},", self.class(label.into())));
        match (self.leader(), self.reading.settled) {
            (Some(class), Some(t)) => {
                format!("{name}{label} is read as {}, since time step {} of {steps}.", self.class(class), t + 1)
            }
            (Some(class), None) => {
                format!(
                    "{name}{label} looks most like {}, and has not settled after {steps} time steps.",
                    self.class(class)
                )
            }
            (None, _) => format!("{name}{label} has no answer: all classes have the same evidence."),
        }
    }
}
