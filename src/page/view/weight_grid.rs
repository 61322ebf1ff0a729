//! The hidden neurons' weights, the first of them as pictures, and how often they fire.

use super::cure::CureOffer;
use super::receptive_fields;
use crate::dom::canvas::Canvas;
use crate::dom::document::{Text, class, create, find, listen, number, one_stop, place, press, rove};
use crate::page::model::input::Input;
use crate::page::model::phrases::{Phrase, Phrases};
use crate::page::queue::Queue;
use crate::pictures::numbers::percent;
use crate::pictures::palette::Palette;
use crate::pictures::rates::Rates;
use crate::pictures::receptive_fields::ReceptiveFields;
use crate::spec::{FeatureMaps, Neuron, Window};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlCanvasElement, HtmlElement};

/// So many of those that are silent or always on are named.
const NAMED: usize = 48;

/// So many pictures are drawn in one frame.
const AT_ONCE: usize = 16;

/// The pictures and the words beside them.
pub struct WeightGrid {
    container: HtmlElement,
    count: Text,
    health: Text,
    /// Where silent neurons and those that are always on are named.
    named: [HtmlElement; 2],
    cure: CureOffer,
    rates: Canvas,
    names: [(HtmlElement, (f32, f32)); 3],
    buttons: Vec<(HtmlElement, Canvas)>,
    /// The neuron of each of them.
    shown: Vec<usize>,
    /// The picture that is drawn next, and how many are still to be drawn.
    next: usize,
    left: usize,
}

impl WeightGrid {
    /// The mosaic of the document.
    pub fn new(queue: &Queue) -> Self {
        // The fields of a layer that learns by STDP are drawn by a program of their own (`plasticity_view`).
        let [silent, busy, container, _] = ["silent-names", "busy-names", "mosaic", "fields-mosaic"].map(|id| {
            let (place, sender): (HtmlElement, _) = (find(id), queue.clone());
            listen(&place, "click", move |event: Event| {
                if let Some(neuron) = number(&event) {
                    sender.send(Input::Neuron(neuron));
                }
            });
            place
        });
        rove(&container);
        Self {
            container,
            count: Text::find("mosaic-count"),
            health: Text::find("health"),
            named: [silent, busy],
            cure: CureOffer::find("cure", queue),
            rates: Canvas::find("rates"),
            names: [(find("m-never"), (0.0, 0.95)), (find("m-share"), (0.5, 0.95)), (find("m-always"), (1.0, 0.95))],
            buttons: Vec::new(),
            shown: Vec::new(),
            next: 0,
            left: 0,
        }
    }

    /// These neurons of the first hidden layer are shown now, of these maps.
    pub fn set_neurons(&mut self, shown: Vec<usize>, maps: FeatureMaps, phrases: &Phrases) {
        while self.buttons.len() > shown.len() {
            self.buttons.pop().inspect(|(button, _)| button.remove());
        }
        while self.buttons.len() < shown.len() {
            let (button, canvas): (HtmlElement, HtmlCanvasElement) = (create("button"), create("canvas"));
            drop(button.append_child(&canvas));
            drop(self.container.append_child(&button));
            self.buttons.push((button, Canvas::new(canvas)));
        }
        for ((button, _), neuron) in self.buttons.iter().zip(&shown) {
            drop(button.dataset().set("n", &neuron.to_string()));
            let name = phrases.say(Phrase::ChooseNeuron, &[("n", phrases.number_of(maps, *neuron))]);
            drop(button.set_attribute("aria-label", &name));
        }
        one_stop(&self.container);
        let values = [("n", shown.len().to_string()), ("all", maps.neurons().to_string())];
        self.count.set(&phrases.say(Phrase::Mosaic, &values));
        self.shown = shown;
    }

    /// All pictures are to be drawn. It goes on where it is, or the last would never be drawn where weights change quickly.
    pub fn start_over(&mut self) {
        self.left = self.buttons.len();
    }

    /// Draws the next few of the pictures whose weights are known, and marks the chosen ones; whether that was all. All
    /// at once would keep the page from answering for too long.
    pub fn draw(
        &mut self,
        chosen: &[usize],
        fields: &ReceptiveFields,
        window: Option<Window>,
        palette: &Palette,
    ) -> bool {
        let (buttons, now) = (self.buttons.len(), self.left.min(AT_ONCE));
        for at in (self.next..self.next + now).map(|at| at % buttons.max(1)) {
            let (Some((button, canvas)), Some(neuron)) = (self.buttons.get(at), self.shown.get(at)) else { continue };
            press(button, chosen.contains(neuron));
            receptive_fields::draw(canvas, fields, window, *neuron, palette);
        }
        self.next = (self.next + now) % buttons.max(1);
        self.left -= now;
        self.left == 0
    }

    /// Draws how often the neurons fire, and says it.
    pub fn draw_rates(&self, rates: &Rates, neuron: &Neuron, phrases: &Phrases, palette: &Palette) {
        let mut told = Vec::new();
        for (index, layer) in rates.layers.iter().enumerate() {
            let health = Rates::health(layer);
            let name = phrases.say(Phrase::Layer, &[("n", (index + 1).to_string())]);
            let values = [
                ("layer", if rates.layers.len() > 1 { name + ": " } else { String::new() }),
                ("silent", health.silent.len().to_string()),
                ("busy", health.busy.len().to_string()),
                ("n", health.others.to_string()),
                ("share", percent(health.share)),
            ];
            told.push(phrases.say(Phrase::Health, &values));
            if index == 0 {
                self.name(&health.silent, &self.named[0]);
                self.name(&health.busy, &self.named[1]);
            }
        }
        self.health.set(&told.join(" "));
        self.cure.show(rates.cure(), neuron, phrases);
        if self.rates.fit(palette) {
            self.rates.paint(&rates.marks(), palette);
        }
        self.names.iter().for_each(|(name, at)| place(name, Some(*at)));
    }

    /// Names the first few of these neurons, each a button that chooses it.
    fn name(&self, neurons: &[usize], place: &HtmlElement) {
        let list = place.children();
        while list.length() as usize > NAMED.min(neurons.len()) {
            list.item(list.length() - 1).inspect(Element::remove);
        }
        for (i, neuron) in neurons.iter().take(NAMED).enumerate() {
            let there = list.item(i as u32).and_then(|button| button.dyn_into().ok());
            let button: HtmlElement = there.unwrap_or_else(|| {
                let button: HtmlElement = create("button");
                drop(place.append_child(&button));
                button
            });
            drop(button.dataset().set("n", &neuron.to_string()));
            button.set_text_content(Some(&["#", &neuron.to_string()].concat()));
        }
        place.parent_element().inspect(|parent| class(parent, "gone", neurons.is_empty()));
    }
}
