//! The result: the digit, when it was known, what it cost, and the evidence for each.

use super::verdict::{Said, verdict};
use crate::dom::document::{Text, all, class, find, style, within};
use crate::page::model::phrases::{Phrase, Phrases};
use crate::pictures::analysis::Analysis;
use crate::pictures::numbers::grouped;
use crate::pictures::score_bars::bars;
use crate::spec::Readout;
use web_sys::{Element, HtmlElement};

/// The elements that say it.
pub struct ResultView {
    verdict: HtmlElement,
    digit: Text,
    /// The same digit beside the pad, where the result is a screen away.
    answer: Text,
    headline: Text,
    detail: Text,
    operations: Text,
    dense: Text,
    early: Text,
    energy: Text,
    meters: [HtmlElement; 3],
    cost: HtmlElement,
    bars: HtmlElement,
    captions: [HtmlElement; 2],
    rows: Vec<(Element, HtmlElement, Text)>,
    spoken: Text,
    article: [Text; 2],
}

impl ResultView {
    /// The result of the document.
    pub fn find() -> Self {
        let row = |row: Element| (row.clone(), within(&row, "i"), Text::new(within(&row, "span")));
        Self {
            verdict: find("verdict"),
            digit: Text::find("digit"),
            answer: Text::find("answer"),
            headline: Text::find("headline"),
            detail: Text::find("detail"),
            operations: Text::find("synops"),
            dense: Text::find("dense"),
            early: Text::find("early"),
            energy: Text::find("energy"),
            meters: [find("meter-synops"), find("meter-known"), find("meter-dense")],
            cost: find("cost"),
            bars: find("bars"),
            captions: [find("bars-membrane"), find("bars-spikes")],
            rows: all::<Element>("#bars > div").into_iter().map(row).collect(),
            spoken: Text::find("spoken"),
            article: [Text::find("a-known"), Text::find("a-cost")],
        }
    }

    /// Nothing runs through the network: nothing is said.
    pub fn clear(&self) {
        for text in
            [&self.digit, &self.answer, &self.headline, &self.detail, &self.operations, &self.dense, &self.early]
        {
            text.set("");
        }
        self.spoken.set("");
        self.article.iter().for_each(|text| text.set(""));
        class(&self.cost, "blank", true);
        class(&self.bars, "blank", true);
        for (row, bar, text) in &self.rows {
            class(row, "win", false);
            style(bar, "transform", "scaleX(0)");
            text.set("");
        }
    }

    /// Another picture ran through: what does not depend on the moment.
    pub fn prepare(&self, analysis: &Analysis, phrases: &Phrases) {
        class(&self.cost, "blank", false);
        class(&self.bars, "blank", false);
        let counts = analysis.trace.readout == Readout::SpikeCount;
        class(&self.bars, "counts", counts);
        self.captions[0].set_hidden(counts);
        self.captions[1].set_hidden(!counts);
        self.dense.set(&grouped(analysis.trace.dense_operations()));
        let steps = analysis.time_steps();
        let known = analysis.known.filter(|_| analysis.answer().is_some());
        self.article[0].set(&known.map_or_else(String::new, |t| {
            phrases.say(Phrase::ArticleKnown, &[("t", (t + 1).to_string()), ("all", steps.to_string())])
        }));
        let all = analysis.operations.last().copied().unwrap_or(0);
        let dense = analysis.trace.dense_operations();
        self.article[1].set(&phrases.say(Phrase::ArticleCost, &[("n", grouped(all)), ("m", grouped(dense))]));
    }

    /// Shows the moment `now`.
    pub fn show(&self, analysis: &Analysis, now: f32, trained: bool, phrases: &Phrases) {
        let verdict = verdict(analysis, now, trained, phrases);
        let say = |(phrase, values): &Said| phrases.say(*phrase, values);
        for (text, outer) in [(&self.digit, &self.verdict), (&self.answer, &self.answer.element)] {
            text.set(&verdict.digit);
            class(outer, "sure", verdict.sure && trained);
        }
        self.headline.set(&say(&verdict.headline));
        self.detail.set(&verdict.detail.iter().map(say).collect::<Vec<_>>().join(" "));
        let t = analysis.at(now);
        self.show_cost(analysis, t, verdict.sure, phrases);
        let leader = analysis.leaders.get(t).copied().flatten();
        for (class_, ((row, bar, text), value)) in self.rows.iter().zip(bars(analysis, t)).enumerate() {
            class(row, "win", Some(class_) == leader);
            let (start, width) = (value.start * 100.0, value.end - value.start);
            style(bar, "transform", &format!("translateX({start:.1}%) scaleX({width:.4})"));
            text.set(&value.text);
        }
    }

    fn show_cost(&self, analysis: &Analysis, t: usize, known: bool, phrases: &Phrases) {
        let (so_far, dense) = (analysis.operations.get(t).copied().unwrap_or(0), analysis.trace.dense_operations());
        let most = analysis.operations.last().copied().unwrap_or(0).max(dense).max(1) as f64;
        self.operations.set(&grouped(so_far));
        let scale = |value: u64| format!("scaleX({:.4})", value as f64 / most);
        style(&self.meters[0], "transform", &scale(so_far));
        style(&self.meters[2], "transform", &scale(dense));
        let early = analysis.known.filter(|_| known).and_then(|t| analysis.operations.get(t)).copied();
        style(&self.meters[1], "left", &format!("{:.2}%", early.unwrap_or(0) as f64 / most * 100.0));
        style(&self.meters[1], "opacity", if early.is_some() { "1" } else { "0" });
        let early = early.map(|n| phrases.say(Phrase::Early, &[("n", grouped(n))]));
        let [spiking, dense] = analysis.energy(t).map(|energy| format!("{energy:.2}"));
        self.energy.set(&phrases.say(Phrase::Energy, &[("n", spiking), ("m", dense)]));
        self.early.set(early.as_deref().unwrap_or("\u{a0}"));
    }

    /// Says the answer aloud, once: for those who hear the page.
    pub fn speak(&self, analysis: &Analysis, phrases: &Phrases) {
        let known = analysis.known.map_or(0, |t| t + 1).to_string();
        let said = analysis.answer().map(|a| phrases.say(Phrase::Spoken, &[("a", phrases.name(a)), ("t", known)]));
        self.spoken.set(said.as_deref().unwrap_or(""));
    }
}
