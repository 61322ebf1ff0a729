//! The hidden neurons' weights, the first of them as pictures, and how often they fire.

use super::canvas::{Canvas, Palette};
use super::document::{Text, create, find, is_near, listen, place};
use super::field;
use super::input::{Input, Post};
use super::phrases::{Phrase, Phrases};
use super::rates::Rates;
use super::synapses::Synapses;
use super::verdict::percent;
use crate::digits::drawing::SIDE;
use web_sys::{Event, HtmlCanvasElement, HtmlElement};

/// So many neurons are shown.
const SHOWN: usize = 64;

/// So many pictures are drawn in one frame.
const AT_ONCE: usize = 16;

/// The pictures and the words beside them.
pub struct Mosaic {
    container: HtmlElement,
    count: Text,
    health: [Text; 2],
    rates: Canvas,
    silent: Text,
    names: [(HtmlElement, (f32, f32)); 3],
    buttons: Vec<(HtmlElement, Canvas)>,
    /// The picture that is drawn next.
    next: usize,
}

impl Mosaic {
    /// The mosaic of the document.
    pub fn new() -> Self {
        Self {
            container: find("mosaic"),
            count: Text::find("mosaic-count"),
            health: [Text::find("health"), Text::find("health-rest")],
            rates: Canvas::find("rates"),
            silent: Text::find("m-silent"),
            names: [(find("m-never"), (0.0, 0.95)), (find("m-share"), (0.5, 0.95)), (find("m-always"), (1.0, 0.95))],
            buttons: Vec::new(),
            next: 0,
        }
    }

    /// There are so many hidden neurons now.
    pub fn set_neurons(&mut self, neurons: usize, phrases: &Phrases, post: &Post) {
        let shown = neurons.min(SHOWN);
        while self.buttons.len() > shown {
            self.buttons.pop().inspect(|(button, _)| button.remove());
        }
        while self.buttons.len() < shown {
            let neuron = self.buttons.len();
            let (button, canvas): (HtmlElement, HtmlCanvasElement) = (create("button"), create("canvas"));
            let name = phrases.say(Phrase::ChooseNeuron, &[("n", neuron.to_string())]);
            drop(button.set_attribute("aria-label", &name));
            drop(button.append_child(&canvas));
            drop(self.container.append_child(&button));
            let tell = post.clone();
            listen(&button, "click", move |_: Event| tell.tell(Input::Neuron(neuron)));
            self.buttons.push((button, Canvas::new(canvas)));
        }
        self.count.set(&phrases.say(Phrase::Mosaic, &[("n", shown.to_string()), ("all", neurons.to_string())]));
    }

    /// The neurons whose weights are to be asked for: the chosen ones, and the others if they can be seen.
    pub fn wanted(&self, chosen: &[usize]) -> Vec<usize> {
        let mut wanted = if is_near(&self.container) { (0..self.buttons.len()).collect() } else { Vec::new() };
        for neuron in chosen {
            if !wanted.contains(neuron) {
                wanted.push(*neuron);
            }
        }
        wanted
    }

    /// Draws the next few of the pictures whose weights are known, and marks the chosen ones; whether that was all. All
    /// at once would keep the page from answering for too long.
    pub fn draw(&mut self, chosen: &[usize], synapses: &Synapses, palette: &Palette) -> bool {
        let end = (self.next + AT_ONCE).min(self.buttons.len());
        for (neuron, (button, canvas)) in self.buttons.iter().enumerate().take(end).skip(self.next) {
            let pressed = chosen.contains(&neuron);
            drop(button.set_attribute("aria-pressed", if pressed { "true" } else { "false" }));
            if let Some(weights) = synapses.into_neuron(0, neuron).filter(|_| canvas.fit(palette)) {
                canvas.paint(&[field::weights(weights, SIDE)], palette);
            }
        }
        let done = end == self.buttons.len();
        self.next = if done { 0 } else { end };
        done
    }

    /// Draws how often the neurons fire, and says it.
    pub fn draw_rates(&self, rates: &Rates, phrases: &Phrases, palette: &Palette) {
        let values = [("silent", rates.silent.to_string()), ("busy", rates.busy.to_string())];
        let rest = [("n", rates.others.to_string()), ("share", percent(rates.share))];
        self.health[0].set(&phrases.say(Phrase::Health, &values));
        self.health[1].set(&phrases.say(Phrase::HealthRest, &rest));
        if self.rates.fit(palette) {
            self.rates.paint(&rates.marks(), palette);
        }
        self.silent.set(&phrases.say(Phrase::SilentCount, &[("n", rates.silent.to_string())]));
        place(&self.silent.element, Some((0.055, 0.14)));
        self.names.iter().for_each(|(name, at)| place(name, Some(*at)));
    }
}
