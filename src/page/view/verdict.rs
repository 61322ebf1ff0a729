//! The result in words: which digit, since when, against whom. No word names the answer before the time step at which it
//! settled.

use crate::page::model::phrases::{Phrase, Phrases};
use crate::pictures::analysis::Analysis;
use crate::pictures::numbers::percent;
use crate::spec::Readout;

/// A phrase and what goes into its braces.
pub type Said = (Phrase, Vec<(&'static str, String)>);

/// What the result says at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The large digit or word; nothing while no one leads.
    pub digit: String,
    /// Whether it has settled by now: filled, not hollow.
    pub sure: bool,
    /// The line in bold.
    pub headline: Said,
    /// The line below.
    pub detail: Vec<Said>,
}

/// The verdict at the moment `now`; `trained` is whether the network has learnt anything. The phrases know what the
/// classes are called.
pub fn verdict(analysis: &Analysis, now: f32, trained: bool, phrases: &Phrases) -> Verdict {
    let (t, last) = (analysis.at(now), analysis.time_steps().saturating_sub(1));
    let Some(leader) = analysis.leaders.get(t).copied().flatten() else { return nothing(analysis, t >= last) };
    let second = analysis.second(t, leader).unwrap_or(leader);
    let unsure = t == last && analysis.answer().is_none();
    let sure = !unsure && analysis.answer() == Some(leader) && analysis.settled.is_some_and(|settled| t >= settled);
    let (a, b) = (("a", phrases.name(leader)), ("b", phrases.name(second)));
    let headline = match (sure, unsure) {
        (true, _) => (Phrase::Settled, vec![a, ("t", (analysis.settled.unwrap_or(t) + 1).to_string())]),
        (false, true) => (Phrase::Unsure, vec![a, b]),
        (false, false) => (Phrase::Leaning, vec![a]),
    };
    let mut detail = vec![match analysis.trace.readout {
        Readout::Membrane => by_voltage(analysis, t, [leader, second], sure, phrases),
        Readout::SpikeCount => by_spikes(analysis, t, [leader, second], sure, phrases),
    }];
    let wrong = analysis.label.filter(|label| (sure || unsure) && usize::from(*label) != leader);
    if !trained && (sure || unsure) {
        detail = vec![(Phrase::Untrained, Vec::new())];
    } else if let Some(label) = wrong {
        detail.push((Phrase::Really, vec![("label", phrases.name(label.into()))]));
    } else if analysis.label.is_none() && (sure || unsure) {
        // Of a drawing nobody knows what it is; that it is one of those that were learnt, the network takes for granted.
        let classes = analysis.trace.classes();
        let ends = [("a", phrases.name(0)), ("b", phrases.name(classes.saturating_sub(1)))];
        detail.push((Phrase::OnlyLearnt, ends.into()));
    }
    Verdict { digit: phrases.name(leader), sure, headline, detail }
}

fn nothing(analysis: &Analysis, over: bool) -> Verdict {
    let headline = if over { Phrase::NoAnswer } else { Phrase::NothingYet };
    let detail = match analysis.trace.readout {
        Readout::Membrane => Phrase::NothingMembrane,
        Readout::SpikeCount => Phrase::NothingSpikes,
    };
    let said = |phrase| (phrase, Vec::new());
    Verdict { digit: String::new(), sure: false, headline: said(headline), detail: vec![said(detail)] }
}

fn by_voltage(analysis: &Analysis, t: usize, [leader, second]: [usize; 2], sure: bool, phrases: &Phrases) -> Said {
    let p = |class: usize| percent(analysis.probability(t, class));
    let (a, b) = (("a", phrases.name(leader)), ("b", phrases.name(second)));
    let last = analysis.time_steps().saturating_sub(1);
    match (sure, t == last) {
        (true, _) if analysis.probability(t, second) < 0.001 => (Phrase::SettledAlone, vec![a, ("p", p(leader))]),
        (true, _) => (Phrase::SettledMembrane, vec![a, ("p", p(leader)), b, ("q", p(second))]),
        (false, true) => (Phrase::UnsureMembrane, vec![a, b, ("p", p(leader)), ("q", p(second))]),
        (false, false) => (Phrase::LeaningMembrane, vec![a, b, ("p", p(leader)), ("q", p(second))]),
    }
}

fn by_spikes(analysis: &Analysis, t: usize, [leader, second]: [usize; 2], sure: bool, phrases: &Phrases) -> Said {
    let count = |class: usize| analysis.evidence_at(t).get(class).copied().unwrap_or(0.0);
    let values = vec![
        ("a", phrases.name(leader)),
        ("b", phrases.name(second)),
        ("n", count(leader).to_string()),
        ("m", count(second).to_string()),
    ];
    let phrase = match (count(leader) == count(second), sure) {
        (true, _) => Phrase::SettledTie,
        (false, true) => Phrase::SettledSpikes,
        (false, false) => Phrase::LeaningSpikes,
    };
    (phrase, values)
}
