//! The network in which spikes travel: the neurons that matter for the picture, and their strongest connections.

use crate::dom::canvas::Canvas;
use crate::dom::document::{Text, create, find, listen, numbers, one_stop, place, press, rove};
use crate::page::model::input::{Input, Region};
use crate::page::model::phrases::{Phrase, Phrases};
use crate::page::model::state::Model;
use crate::page::queue::Queue;
use crate::pictures::analysis::Analysis;
use crate::pictures::connections::{self, Edge, Layout};
use crate::pictures::palette::Palette;
use crate::pictures::travelling_spikes::{self, Shown};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement};

/// The view and what it shows.
pub struct Connections {
    canvas: Canvas,
    /// One button lies over each hidden neuron.
    buttons: HtmlElement,
    digits: HtmlElement,
    count: Text,
    told: Text,
    /// The neurons, and where they stand.
    layout: Layout,
    /// The connections that are drawn.
    pub edges: Vec<Edge>,
}

impl Connections {
    /// The view of the document.
    pub fn new(queue: &Queue) -> Self {
        let buttons: HtmlElement = find("graph-neurons");
        rove(&buttons);
        for name in ["pointerover", "pointerout", "focusin", "focusout", "click"] {
            let sender = queue.clone();
            listen(&buttons, name, move |event: Event| {
                let button = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
                let Some(slot) = button.and_then(|button| button.dataset().get("slot")?.parse().ok()) else { return };
                sender.send(Input::Light(Some(slot).filter(|_| !name.ends_with("out"))));
                if name == "click" {
                    sender.send(Input::Pin(slot));
                }
            });
        }
        Self {
            canvas: Canvas::find("graph"),
            buttons,
            digits: find("graph-digits"),
            count: Text::find("graph-count"),
            told: Text::find("graph-told"),
            layout: Layout::default(),
            edges: Vec::new(),
        }
    }

    /// Puts neurons and connections in their places.
    pub fn arrange(&mut self, model: &Model, analysis: &Analysis, phrases: &Phrases, palette: &Palette) {
        self.canvas.fit(palette);
        self.layout = Layout {
            columns: model.columns.clone(),
            classes: analysis.trace.classes(),
            answers: connections::answers(analysis),
            aspect: self.canvas.aspect(),
        };
        self.edges = connections::edges(analysis, &model.receptive_fields, &self.layout, model.lit);
        let (shown, all) =
            (self.layout.hidden().count(), analysis.trace.hidden.iter().map(|layer| layer.neurons()).sum::<usize>());
        self.count.set(&phrases.say(Phrase::Mosaic, &[("n", shown.to_string()), ("all", all.to_string())]));
        self.label(analysis, &model.neurons, phrases);
    }

    /// As many buttons as neurons, each over its neuron and with its name.
    fn label(&self, analysis: &Analysis, chosen: &[usize], phrases: &Phrases) {
        let list = self.buttons.children();
        while list.length() as usize > self.layout.hidden().count() {
            list.item(list.length() - 1).inspect(Element::remove);
        }
        for (slot, (layer, neuron)) in self.layout.hidden().enumerate() {
            let there = list.item(slot as u32).and_then(|button| button.dyn_into().ok());
            let button: HtmlElement = match there {
                Some(button) => button,
                None => {
                    let button: HtmlElement = create("button");
                    drop(button.dataset().set("slot", &slot.to_string()));
                    drop(self.buttons.append_child(&button));
                    button
                }
            };
            let Some(trace) = analysis.trace.hidden.get(layer) else { continue };
            let spikes = phrases.spikes(trace.spikes.count_of(0, neuron));
            let values = [("n", phrases.number_of(trace.feature_maps(), neuron)), ("spikes", spikes)];
            button.set_text_content(Some(&phrases.say(Phrase::NeuronSpikes, &values)));
            let pressed = layer == 0 && chosen.contains(&neuron);
            press(&button, pressed);
            place(&button, self.layout.neuron((layer, neuron)));
        }
        one_stop(&self.buttons);
    }

    /// Shows the moment `now`.
    pub fn show(&self, model: &Model, analysis: &Analysis, now: f32, phrases: &Phrases, palette: &Palette) {
        if !model.is_shown(Region::Connections) || self.layout.columns.len() != analysis.trace.hidden.len() {
            return;
        }
        let shown = Shown {
            layout: &self.layout,
            edges: &self.edges,
            chosen: &model.neurons,
            lit: model.lit,
            threshold: model.shown_spec().neuron.threshold,
        };
        self.canvas.paint(&travelling_spikes::marks(analysis, &shown, now), palette);
        let t = analysis.at(now);
        let leader = analysis.leaders.get(t).copied().flatten();
        let digits: Vec<_> = (0..self.layout.classes)
            .filter_map(|class| {
                let (x, y) = self.layout.neuron((self.layout.columns.len(), class))?;
                Some((
                    class.to_string(),
                    (x + self.layout.margin() * 0.66, y),
                    if leader == Some(class) { "win" } else { "" },
                ))
            })
            .collect();
        numbers(&self.digits, &digits);
        let loudest = leader
            .map(|leader| (leader, connections::loudest(analysis, &model.receptive_fields, &self.layout, leader, t)));
        let said = loudest.map(|(leader, loudest)| {
            let both = [Phrase::SpeaksFor, Phrase::SpeaksAgainst].into_iter().zip(loudest);
            let say = |(phrase, spoke): (Phrase, Option<(usize, usize, f32)>)| {
                let (neuron, spikes, _) = spoke?;
                let values =
                    [("n", neuron.to_string()), ("spikes", phrases.spikes(spikes as u32)), ("a", leader.to_string())];
                Some(phrases.say(phrase, &values))
            };
            both.filter_map(say).collect::<Vec<_>>().join(" ")
        });
        self.told.set(&said.unwrap_or_default());
    }

    /// The connections that are drawn.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// Nothing runs through the network.
    pub fn clear(&mut self, palette: &Palette) {
        self.layout.columns.clear();
        self.canvas.fit(palette);
        self.canvas.paint(&[], palette);
        self.buttons.set_text_content(None);
        self.digits.set_text_content(None);
        self.told.set("");
        self.count.set("");
    }
}
