//! The score: one stave a layer, space on the left, time on the right, and one cursor through all of them.

use super::cure::CureOffer;
use super::receptive_fields::NeuronPictures;
use crate::decimal::Between;
use crate::digits::drawing::SIDE;
use crate::dom::canvas::{Canvas, Stave};
use crate::dom::document::{Text, all, class, find, numbers, of_kind, place, style, within};
use crate::page::model::phrases::{Phrase, Phrases};
use crate::page::queue::Queue;
use crate::pictures::analysis::Analysis;
use crate::pictures::axis;
use crate::pictures::class_scores;
use crate::pictures::field;
use crate::pictures::marks::{Ink, Mark, Scene, column, cursor};
use crate::pictures::outputs;
use crate::pictures::palette::Palette;
use crate::pictures::raster;
use crate::pictures::sum::{self, Sum};
use crate::pictures::voltage::{self, ROWS};
use crate::spec::{Encoding, Neuron, Readout, Spec};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement, Node};

/// One hidden layer's stave.
struct Layer {
    field: Canvas,
    stave: Stave,
    count: Text,
    which: Text,
    firing: Text,
    elements: [Element; 2],
}

/// What stands beside the marks.
struct Words {
    count: Text,
    settled: HtmlElement,
    first: Text,
    second: Text,
    step: HtmlElement,
    axis: HtmlElement,
    digits: Vec<HtmlElement>,
    /// The neuron of the sum, what stays, excites and inhibits, and what it comes to.
    sum: [Text; 5],
    captions: [HtmlElement; 2],
    input: [HtmlElement; 2],
}

/// The score of the document.
pub struct Timeline {
    root: HtmlElement,
    frame: Canvas,
    input: Stave,
    layers: Vec<Layer>,
    membrane: Stave,
    /// The three neurons whose voltage is shown.
    pub neurons: NeuronPictures,
    race: Canvas,
    out: Stave,
    axis: Canvas,
    words: Words,
    /// What wakes the first layer that is silent, over its stave.
    cure: CureOffer,
    cursor: HtmlElement,
    number: Text,
    slider: HtmlInputElement,
    pulses: [HtmlElement; 2],
    leads: Vec<f32>,
    /// Left edge and width of the staves within the score, in CSS pixels.
    span: (f64, f64),
}

impl Timeline {
    /// The score of the document.
    pub fn find(queue: &Queue) -> Self {
        let words = Words {
            count: Text::find("count-in"),
            settled: find("m-settled"),
            first: Text::find("m-first"),
            second: Text::find("m-second"),
            step: find("m-step"),
            axis: find("axis-numbers"),
            digits: all("#digits span"),
            sum: ["sum-neuron", "sum-stays", "sum-excites", "sum-inhibits", "sum-total"].map(Text::find),
            captions: [find("out-membrane"), find("out-spikes")],
            input: [find("in-spikes"), find("in-current")],
        };
        let mut timeline = Self {
            root: find("score"),
            frame: Canvas::find("frame"),
            input: Stave::new(find("in")),
            layers: Vec::new(),
            membrane: Stave::new(find("mem")),
            neurons: NeuronPictures::find(),
            race: Canvas::find("race"),
            out: Stave::new(find("out")),
            axis: Canvas::find("axis"),
            words,
            cure: CureOffer::find("wake", queue),
            cursor: find("cursor"),
            number: Text::find("cursor-number"),
            slider: find("time"),
            pulses: [find("pulse-in"), find("pulse-out")],
            leads: Vec::new(),
            span: (0.0, 1.0),
        };
        let elements: Vec<Element> = all(".layer");
        if let [figure, row] = &elements[..] {
            timeline.layers.push(Layer::new([figure.clone(), row.clone()]));
        }
        timeline
    }

    /// As many staves as there are hidden layers: the first stands in the document, the others are copies of it.
    fn set_layers(&mut self, count: usize) {
        while self.layers.len() > count.max(1) {
            if let Some(layer) = self.layers.pop() {
                layer.elements.iter().for_each(Element::remove);
            }
        }
        while self.layers.len() < count {
            // No copy of a stave has what may stand over it.
            drop(self.root.append_child(&self.cure.element));
            let Some(first) = self.layers.first() else { return };
            let copies = [&first.elements[0], &first.elements[1]].map(|element| element.clone_node_with_deep(true));
            let below: Node = find("row-mem");
            let elements = copies.map(|copy| {
                let copy: Element = of_kind(copy.ok().and_then(|copy| copy.dyn_into().ok()), "copy of a stave");
                within::<Element>(&copy, "canvas").remove_attribute("id").unwrap_or_default();
                drop(self.root.insert_before(&copy, Some(&below)));
                copy
            });
            self.layers.push(Layer::new(elements));
        }
    }

    /// Measures where the staves are.
    pub fn measure(&mut self) {
        let (outer, axis) = (self.root.get_bounding_client_rect(), self.axis.element.get_bounding_client_rect());
        self.span = (axis.left() - outer.left(), axis.width().max(1.0));
        let top = axis.top() + axis.height() * f64::from(axis::LINE) - outer.top();
        let bottom = self.out.element().get_bounding_client_rect().bottom() - outer.top();
        style(&self.cursor, "top", &format!("{top:.1}px"));
        style(&self.cursor, "height", &format!("{:.1}px", (bottom - top).max(0.0)));
    }

    /// Another picture runs through: paints all that does not move, but for voltages.
    pub fn prepare_spikes(&mut self, analysis: &Analysis, spec: &Spec, phrases: &Phrases, palette: &Palette) {
        let trace = &analysis.trace;
        self.set_layers(trace.hidden.len());
        self.measure();
        let steady = spec.encoding == Encoding::Current;
        self.words.input[0].set_hidden(steady);
        self.words.input[1].set_hidden(!steady);
        let input =
            if steady { raster::current(&trace.image, trace.time_steps) } else { raster::scene(&trace.input, None) };
        self.input.prepare(&input, palette);
        for (index, (layer, view)) in trace.hidden.iter().zip(&self.layers).enumerate() {
            view.stave.prepare(&raster::scene(&layer.spikes, Some(order(analysis, index))), palette);
            let name = phrases.say(Phrase::Layer, &[("n", (index + 1).to_string())]);
            let firing = [("n", analysis.firing[index].to_string()), ("all", layer.neurons().to_string())];
            view.firing.set(&phrases.say(Phrase::Firing, &firing));
            view.which.set(if trace.hidden.len() > 1 { &name } else { "" });
        }
        let silent = analysis.silent_layer(spec.neuron.threshold);
        let over = silent.and_then(|(index, _)| self.layers.get(index)?.stave.element().parent_element());
        // Where it is put there again, who has chosen it by keyboard loses it.
        if let Some(stave) = over.filter(|stave| self.cure.element.parent_element().as_ref() != Some(stave)) {
            drop(stave.append_child(&self.cure.element));
        }
        self.cure.show(silent.map(|(_, cure)| cure), &spec.neuron, phrases);
        self.leads = class_scores::leads(analysis);
        self.race.fit(palette);
        self.axis.fit(palette);
        self.frame.fit(palette);
        for layer in &self.layers {
            layer.field.fit(palette);
        }
        let counts = trace.readout == Readout::SpikeCount;
        self.words.captions[0].set_hidden(counts);
        self.words.captions[1].set_hidden(!counts);
        self.label_axis(analysis.time_steps());
    }

    /// And the voltages.
    pub fn prepare_voltages(
        &self,
        analysis: &Analysis,
        neuron: &Neuron,
        chosen: &[usize; ROWS],
        phrases: &Phrases,
        palette: &Palette,
    ) {
        let trace = &analysis.trace;
        if let Some(first) = trace.hidden.first() {
            self.membrane.prepare(&voltage::scene(first, neuron, chosen), palette);
            self.neurons.name(chosen, first, phrases);
        }
        self.out.prepare(&outputs::scene(trace), palette);
    }

    fn label_axis(&self, time_steps: usize) {
        let places = axis::numbers(time_steps);
        let texts: Vec<_> = places.iter().map(|(step, x)| (step.to_string(), (*x, 0.88), "")).collect();
        numbers(&self.words.axis, &texts);
        // The axis's name stands between its first two numbers.
        let between = places.get(1).map(|(_, x)| ((places[0].1 + x) / 2.0, 0.88));
        place(&self.words.step, between);
        class(&self.words.step, "middle", true);
        self.slider.set_max(&time_steps.max(1).to_string());
    }

    /// Nothing runs through the network.
    pub fn clear(&self, palette: &Palette) {
        let nothing = Scene::default();
        for stave in [&self.input, &self.membrane, &self.out].into_iter().chain(self.layers.iter().map(|l| &l.stave)) {
            stave.prepare(&nothing, palette);
            stave.show(0.0, &[], palette);
        }
        for canvas in [&self.frame, &self.race, &self.axis].into_iter().chain(self.layers.iter().map(|l| &l.field)) {
            canvas.fit(palette);
            canvas.paint(&[], palette);
        }
        [&self.words.settled, &self.words.first.element, &self.words.second.element]
            .iter()
            .for_each(|word| place(word, None));
        self.cure.element.set_hidden(true);
        self.words.count.set("");
        self.words.sum.iter().for_each(|word| word.set(""));
        self.layers.iter().for_each(|layer| [&layer.count, &layer.firing].iter().for_each(|text| text.set("")));
        self.words.digits.iter().for_each(|digit| class(digit, "win", false));
        class(&self.cursor, "gone", true);
        self.pulses.iter().for_each(|pulse| style(pulse, "opacity", "0"));
        class(&self.root, "blank", true);
    }

    /// Shows the moment `now`. What the reader has pinned is marked in every picture.
    pub fn show(
        &self,
        analysis: &Analysis,
        neuron: &Neuron,
        now: f32,
        (chosen, pinned): (&[usize; ROWS], Option<usize>),
        phrases: &Phrases,
        palette: &Palette,
    ) {
        let (trace, t, x) = (&analysis.trace, analysis.at(now), cursor(now, analysis.time_steps()));
        let said = |n: usize, all: usize| phrases.say(Phrase::Now, &[("n", n.to_string()), ("all", all.to_string())]);
        self.frame.paint(&[field::frame(&trace.image, &trace.input, SIDE, now)], palette);
        // Half a column more, so that the ticks of the time step under the cursor are not cut in two.
        let reached = if now.fract() < 0.02 { x + 0.5 / trace.time_steps as f32 } else { x };
        self.input.show(reached, &raster::glow(&trace.input, None, now), palette);
        // A steady current has no spikes to count.
        let counted = trace.input.count() > 0;
        let count = said(analysis.input_counts[t], trace.input.neurons());
        self.words.count.set(if counted { &count } else { "" });
        for (index, (layer, view)) in trace.hidden.iter().zip(&self.layers).enumerate() {
            let order = order(analysis, index);
            let pinned = pinned.filter(|_| index == 0);
            let mut glow: Vec<Mark> =
                pinned.and_then(|n| raster::line_of(&layer.spikes, order, n)).into_iter().collect();
            glow.extend(raster::glow(&layer.spikes, Some(order), now));
            view.stave.show(reached, &glow, palette);
            view.field.paint(&field::neurons(layer, neuron.threshold, now, t, pinned), palette);
            view.count.set(&said(analysis.hidden_counts[index][t], layer.neurons()));
        }
        if let Some(first) = trace.hidden.first() {
            self.membrane.show(x, &voltage::now(first, neuron, chosen, now), palette);
            let number = phrases.number_of(first.feature_maps(), chosen[0]);
            self.show_sum(sum::sum(first, neuron, chosen[0], t), number, neuron.beta, phrases);
        }
        let mut out = outputs::glow(trace, now);
        out.extend(settled_line(analysis, now));
        self.out.show(reached, &out, palette);
        self.show_race(analysis, now, phrases, palette);
        self.axis.paint(&axis::marks(analysis.time_steps(), now, analysis.settled), palette);
        self.show_cursor(analysis, now, x);
    }

    /// What the first of the neurons adds up at this time step.
    fn show_sum(&self, sum: Option<Sum>, number: String, beta: f32, phrases: &Phrases) {
        let Some(sum) = sum else { return self.words.sum.iter().for_each(|word| word.set("")) };
        // Nothing is less than nothing.
        let signed =
            |value: f32| format!("{:.2}", if value.abs() < 0.005 { 0.0 } else { value }).replace('-', "\u{2212}");
        let [neuron, stays, excites, inhibits, total] = &self.words.sum;
        neuron.set(&phrases.say(Phrase::Neuron, &[("n", number)]));
        let mut said = phrases.say(Phrase::SumStays, &[("beta", beta.to_string()), ("v", signed(sum.before))]);
        if sum.fading != 0.0 {
            said += &phrases.say(Phrase::SumFading, &[("i", signed(sum.fading))]);
        }
        stays.set(&said);
        excites.set(&phrases.say(Phrase::SumExcites, &[("e", signed(sum.excites))]));
        inhibits.set(&phrases.say(Phrase::SumInhibits, &[("i", signed(sum.inhibits.abs()))]));
        let phrase = if sum.fires { Phrase::SumFires } else { Phrase::SumSilent };
        total.set(&phrases.say(phrase, &[("u", signed(sum.potential)), ("theta", signed(sum.threshold))]));
    }

    fn show_race(&self, analysis: &Analysis, now: f32, phrases: &Phrases, palette: &Palette) {
        let race = class_scores::picture(analysis, &self.leads, now);
        let mut marks = race.marks;
        marks.extend(settled_line(analysis, now));
        self.race.paint(&marks, palette);
        for (word, named) in [(&self.words.first, race.first), (&self.words.second, race.second)] {
            word.set(&named.map(|(class, _)| phrases.name(class)).unwrap_or_default());
            // Where there is no room to the right of its line's end: a word needs more than a digit.
            let most = if phrases.names.is_empty() { 0.96 } else { 0.78 };
            let right = named.is_some_and(|(_, (x, _))| x > most);
            class(&word.element, "right", right);
            place(
                &word.element,
                named.map(|(_, (x, y))| (if right { x - 0.012 } else { x + 0.006 }, y.between(0.06, 0.94))),
            );
        }
        let settled = settled_column(analysis, now);
        // The word stands to the left of the line, or to its right where there is no room.
        class(&self.words.settled, "right", settled.is_some_and(|x| x > 0.1));
        // And below where the leader's name is at the top of it.
        let under = settled.is_some_and(|x| race.first.is_some_and(|(_, at)| (at.0 - x).abs() < 0.1 && at.1 < 0.3));
        let y = if under { 0.94 } else { 0.06 };
        place(&self.words.settled, settled.map(|x| (if x > 0.1 { x - 0.004 } else { x + 0.004 }, y)));
        let t = analysis.at(now);
        let leader = analysis.leaders.get(t).copied().flatten();
        self.words.digits.iter().enumerate().for_each(|(digit, word)| class(word, "win", Some(digit) == leader));
    }

    fn show_cursor(&self, analysis: &Analysis, now: f32, x: f32) {
        class(&self.cursor, "gone", false);
        class(&self.root, "blank", false);
        let left = self.span.0 + f64::from(x) * self.span.1;
        style(&self.cursor, "transform", &format!("translateX({left:.1}px)"));
        let step = analysis.at(now) + 1;
        self.number.set(&step.to_string());
        if self.slider.value() != step.to_string() {
            self.slider.set_value(&step.to_string());
        }
        // One pulse a time step runs along the lines under the headings; to the result only when something was said.
        let (share, runs) = (now.fract(), now.fract() > 0.01 && step < analysis.time_steps());
        let fired = analysis.hidden_counts.last().is_some_and(|counts| counts[step - 1] > 0);
        for (pulse, runs) in [(&self.pulses[0], runs), (&self.pulses[1], runs && fired)] {
            style(pulse, "transform", &format!("translateX({:.1}%)", share * 100.0));
            style(pulse, "opacity", if runs { "1" } else { "0" });
        }
    }
}

impl Layer {
    fn new(elements: [Element; 2]) -> Self {
        let [figure, row] = &elements;
        Self {
            field: Canvas::new(within(figure, "canvas")),
            stave: Stave::new(within(row, "canvas")),
            count: Text::new(within(row, "output")),
            which: Text::new(within(row, ".which")),
            firing: Text::new(within(row, ".sorted")),
            elements,
        }
    }
}

/// In which order the neurons of a hidden layer stand in its raster.
fn order(analysis: &Analysis, layer: usize) -> raster::Order<'_> {
    raster::Order { places: &analysis.rows[layer], firing: analysis.firing[layer] }
}

/// Where the time step at which the answer has settled stands, once it has.
fn settled_column(analysis: &Analysis, now: f32) -> Option<f32> {
    let settled = analysis.settled.filter(|settled| now + 0.001 >= *settled as f32 + 1.0)?;
    Some(column(settled, analysis.time_steps()))
}

/// A dotted line there.
fn settled_line(analysis: &Analysis, now: f32) -> Option<Mark> {
    let x = settled_column(analysis, now)?;
    Some(Mark::Line { points: vec![(x, 0.0), (x, 1.0)], ink: Ink::Ink, width: 1.0, dash: Some((1.0, 3.0)) })
}
