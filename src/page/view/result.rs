//! The result: the digit, when it settled, what it cost, and the evidence for each.

use super::verdict::{Said, verdict};
use crate::dom::canvas::Canvas;
use crate::dom::document::{Text, all, class, find, style, within};
use crate::page::model::phrases::{Phrase, Phrases};
use crate::page::model::state::Model;
use crate::pictures::analysis::Analysis;
use crate::pictures::numbers::{grouped, percent};
use crate::pictures::palette::Palette;
use crate::pictures::score_bars::bars;
use crate::pictures::stopping;
use crate::spec::Readout;
use web_sys::{Element, HtmlElement};

/// The elements that say it.
pub struct ResultView {
    verdict: HtmlElement,
    digit: Text,
    headline: Text,
    detail: Text,
    /// The offer of a network that reads more hands.
    sharper: HtmlElement,
    operations: Text,
    dense: Text,
    early: Text,
    /// What stopping early comes to over the test pictures: the button that asks, the sentence, and the picture.
    ask: HtmlElement,
    over: Text,
    stopping: Canvas,
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
            headline: Text::find("headline"),
            detail: Text::find("detail"),
            sharper: find("sharper"),
            operations: Text::find("synops"),
            dense: Text::find("dense"),
            early: Text::find("early"),
            ask: find("stops-measure"),
            over: Text::find("stops-over"),
            stopping: Canvas::find("stopping"),
            energy: Text::find("energy"),
            meters: [find("meter-synops"), find("meter-stop"), find("meter-dense")],
            cost: find("cost"),
            bars: find("bars"),
            captions: [find("bars-membrane"), find("bars-spikes")],
            rows: all::<Element>("#bars > div").into_iter().map(row).collect(),
            spoken: Text::find("spoken"),
            article: [Text::find("a-settled"), Text::find("a-cost")],
        }
    }

    /// Nothing runs through the network: nothing is said.
    pub fn clear(&self) {
        for text in [&self.digit, &self.headline, &self.detail, &self.operations, &self.dense, &self.early] {
            text.set("");
        }
        self.sharper.set_hidden(true);
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
    pub fn prepare(&self, analysis: &Analysis, offers_sharper: bool, phrases: &Phrases) {
        self.sharper.set_hidden(!offers_sharper);
        class(&self.cost, "blank", false);
        class(&self.bars, "blank", false);
        let counts = analysis.trace.readout == Readout::SpikeCount;
        class(&self.bars, "counts", counts);
        self.captions[0].set_hidden(counts);
        self.captions[1].set_hidden(!counts);
        self.dense.set(&grouped(analysis.trace.dense_operations()));
        let steps = analysis.time_steps();
        let settled = analysis.settled.filter(|_| analysis.answer().is_some());
        self.article[0].set(&settled.map_or_else(String::new, |t| {
            phrases.say(Phrase::ArticleSettled, &[("t", (t + 1).to_string()), ("all", steps.to_string())])
        }));
        let all = analysis.operations.last().copied().unwrap_or(0);
        let dense = analysis.trace.dense_operations();
        self.article[1].set(&phrases.say(Phrase::ArticleCost, &[("n", grouped(all)), ("m", grouped(dense))]));
    }

    /// Shows the moment `now`.
    pub fn show(&self, analysis: &Analysis, now: f32, trained: bool, certainty: f32, phrases: &Phrases) {
        let verdict = verdict(analysis, now, trained, phrases);
        let say = |(phrase, values): &Said| phrases.say(*phrase, values);
        self.digit.set(&verdict.digit);
        class(&self.verdict, "sure", verdict.sure && trained);
        self.headline.set(&say(&verdict.headline));
        self.detail.set(&verdict.detail.iter().map(say).collect::<Vec<_>>().join(" "));
        let t = analysis.at(now);
        self.show_cost(analysis, t, certainty, phrases);
        let leader = analysis.leaders.get(t).copied().flatten();
        for (class_, ((row, bar, text), value)) in self.rows.iter().zip(bars(analysis, t)).enumerate() {
            class(row, "win", Some(class_) == leader);
            let (start, width) = (value.start * 100.0, value.end - value.start);
            style(bar, "transform", &format!("translateX({start:.1}%) scaleX({width:.4})"));
            text.set(&value.text);
        }
    }

    fn show_cost(&self, analysis: &Analysis, t: usize, certainty: f32, phrases: &Phrases) {
        let (so_far, dense) = (analysis.operations.get(t).copied().unwrap_or(0), analysis.trace.dense_operations());
        let most = analysis.operations.last().copied().unwrap_or(0).max(dense).max(1) as f64;
        self.operations.set(&grouped(so_far));
        let scale = |value: u64| format!("scaleX({:.4})", value as f64 / most);
        style(&self.meters[0], "transform", &scale(so_far));
        style(&self.meters[2], "transform", &scale(dense));
        let stop = analysis.stops_at(certainty).filter(|(stop, _)| *stop <= t);
        let early = stop.and_then(|(stop, _)| analysis.operations.get(stop)).copied();
        style(&self.meters[1], "left", &format!("{:.2}%", early.unwrap_or(0) as f64 / most * 100.0));
        style(&self.meters[1], "opacity", if early.is_some() { "1" } else { "0" });
        let [spiking, dense] = analysis.energy(t).map(|energy| format!("{energy:.2}"));
        self.energy.set(&phrases.say(Phrase::Energy, &[("n", spiking), ("m", dense)]));
        let said = stopping(analysis, t, certainty).map(|(phrase, stop)| {
            let named = stop.map(|(stop, class)| {
                let all = analysis.operations.last().copied().unwrap_or(0).max(1);
                let saved = 1.0 - analysis.operations.get(stop).copied().unwrap_or(0) as f32 / all as f32;
                [("t", (stop + 1).to_string()), ("a", phrases.name(class)), ("s", percent(saved))]
            });
            phrases.say(phrase, named.as_ref().map_or(&[], |named| named))
        });
        self.early.set(said.as_deref().unwrap_or("\u{a0}"));
    }

    /// What stopping early comes to over the test pictures, where that was measured.
    pub fn show_stopping(&self, model: &Model, phrases: &Phrases, palette: &Palette) {
        let certainty = model.link.certainty / 100.0;
        self.ask.set_hidden(model.stopping.is_some() || model.learns_drawings());
        self.stopping.element.set_hidden(model.stopping.is_none());
        let Some(stopping) = &model.stopping else { return self.over.set("") };
        let time_steps = model.shown_spec().time_steps;
        let points = stopping::points(stopping);
        let [(steps, stopped), (_, patient)] = [stopping::nearest(certainty), points.len() - 1].map(|at| points[at]);
        let share = |share: f32| format!("{:.1}\u{202f}%", share * 100.0);
        let values = [
            ("n", grouped(stopping.images as u64)),
            ("t", format!("{steps:.1}")),
            ("all", time_steps.to_string()),
            ("p", share(stopped)),
            ("q", share(patient)),
        ];
        self.over.set(&phrases.say(Phrase::StopsOver, &values));
        if self.stopping.fit(palette) {
            self.stopping.paint(&stopping::picture(stopping, time_steps, certainty), palette);
        }
    }

    /// Says the answer aloud, once: for those who hear the page.
    pub fn speak(&self, analysis: &Analysis, phrases: &Phrases) {
        let settled = analysis.settled.map_or(0, |t| t + 1).to_string();
        let said = analysis.answer().map(|a| phrases.say(Phrase::Spoken, &[("a", phrases.name(a)), ("t", settled)]));
        self.spoken.set(said.as_deref().unwrap_or(""));
    }
}

/// What is said at time step `t` of a network that stops at this certainty, and where it does: nothing before it stops.
fn stopping(analysis: &Analysis, t: usize, certainty: f32) -> Option<(Phrase, Option<(usize, usize)>)> {
    let Some((stop, class)) = analysis.stops_at(certainty) else {
        return (t + 1 == analysis.time_steps()).then_some((Phrase::StopsNever, None));
    };
    let phrase = match analysis.label.map(|label| usize::from(label) == class) {
        None => Phrase::StopsAt,
        Some(true) => Phrase::StopsRight,
        Some(false) => Phrase::StopsWrong,
    };
    (t >= stop).then_some((phrase, Some((stop, class))))
}
