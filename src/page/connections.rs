//! The network in which spikes travel: the neurons that matter for the picture, and their strongest connections.

use super::app::App;
use super::conversation::Opening;
use super::input::{Input, Post};
use super::phrases::{Phrase, Phrases};
use super::run::Phase;
use crate::dom::canvas::Canvas;
use crate::dom::document::{Text, create, find, is_near, listen, numbers, one_stop, place, press, rove};
use crate::pictures::analysis::Analysis;
use crate::pictures::connections::{self, Edge, Layout, Place};
use crate::pictures::palette::Palette;
use crate::pictures::receptive_fields::ReceptiveFields;
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
    pub layout: Layout,
    /// The connections that are drawn.
    pub edges: Vec<Edge>,
    lit: Option<Place>,
    /// Whether it can be seen, or nearly.
    pub visible: bool,
}

impl Connections {
    /// The view of the document.
    pub fn new(post: &Post) -> Self {
        let buttons: HtmlElement = find("graph-neurons");
        rove(&buttons);
        for name in ["pointerover", "pointerout", "focusin", "focusout", "click"] {
            let tell = post.clone();
            listen(&buttons, name, move |event: Event| {
                let button = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
                let Some(slot) = button.and_then(|button| button.dataset().get("slot")?.parse().ok()) else { return };
                tell.tell(Input::Light(Some(slot).filter(|_| !name.ends_with("out"))));
                if name == "click" {
                    tell.tell(Input::Pin(slot));
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
            lit: None,
            visible: false,
        }
    }

    /// Looks whether it can be seen.
    pub fn look(&mut self) {
        self.visible = is_near(&self.canvas.element);
    }

    /// The neuron over which this button lies.
    fn at(&self, slot: usize) -> Option<Place> {
        self.layout.hidden().nth(slot)
    }

    /// Puts neurons and connections in their places.
    fn arrange(
        &mut self,
        reading: &Analysis,
        synapses: &ReceptiveFields,
        chosen: &[usize],
        phrases: &Phrases,
        palette: &Palette,
    ) {
        self.canvas.fit(palette);
        self.layout.aspect = self.canvas.aspect();
        self.layout.classes = reading.trace.classes();
        self.layout.answers = connections::answers(reading);
        if self.lit.is_some_and(|lit| self.layout.neuron(lit).is_none()) {
            self.lit = None;
        }
        self.edges = connections::edges(reading, synapses, &self.layout, self.lit);
        let (shown, all) =
            (self.layout.hidden().count(), reading.trace.hidden.iter().map(|layer| layer.neurons()).sum::<usize>());
        self.count.set(&phrases.say(Phrase::Mosaic, &[("n", shown.to_string()), ("all", all.to_string())]));
        self.label(reading, chosen, phrases);
    }

    /// As many buttons as neurons, each over its neuron and with its name.
    fn label(&self, reading: &Analysis, chosen: &[usize], phrases: &Phrases) {
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
            let spikes = reading.trace.hidden.get(layer).map_or(0, |layer| layer.spikes.count_of(0, neuron));
            let values = [("n", neuron.to_string()), ("spikes", phrases.spikes(spikes))];
            button.set_text_content(Some(&phrases.say(Phrase::NeuronSpikes, &values)));
            let pressed = layer == 0 && chosen.contains(&neuron);
            press(&button, pressed);
            place(&button, self.layout.neuron((layer, neuron)));
        }
        one_stop(&self.buttons);
    }

    /// Shows the moment `now`.
    pub fn show(&self, reading: &Analysis, synapses: &ReceptiveFields, look: &Look) {
        if !self.visible || self.layout.columns.len() != reading.trace.hidden.len() {
            return;
        }
        let shown = Shown {
            layout: &self.layout,
            edges: &self.edges,
            chosen: look.chosen,
            lit: self.lit,
            threshold: look.threshold,
        };
        self.canvas.paint(&travelling_spikes::marks(reading, &shown, look.now), look.palette);
        let t = reading.at(look.now);
        let leader = reading.leaders.get(t).copied().flatten();
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
        let loudest = leader.map(|leader| (leader, connections::loudest(reading, synapses, &self.layout, leader, t)));
        let said = loudest.map(|(leader, loudest)| {
            let phrases = [Phrase::SpeaksFor, Phrase::SpeaksAgainst].into_iter().zip(loudest);
            let say = |(phrase, spoke): (Phrase, Option<(usize, usize, f32)>)| {
                let (neuron, spikes, _) = spoke?;
                let values = [
                    ("n", neuron.to_string()),
                    ("spikes", look.phrases.spikes(spikes as u32)),
                    ("a", leader.to_string()),
                ];
                Some(look.phrases.say(phrase, &values))
            };
            phrases.filter_map(say).collect::<Vec<_>>().join(" ")
        });
        self.told.set(&said.unwrap_or_default());
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

/// How it is to be shown.
pub struct Look<'a> {
    /// The moment.
    pub now: f32,
    /// The neurons whose voltage is in the score.
    pub chosen: &'a [usize],
    /// θ.
    pub threshold: f32,
    /// The words.
    pub phrases: &'a Phrases,
    /// The colours.
    pub palette: &'a Palette,
}

impl App {
    /// Shows the connections of the picture; what is not known of them is asked for first.
    pub(super) fn connect(&mut self) {
        let Some(reading) = &self.reading else { return };
        let hidden = || reading.trace.hidden.iter().map(|layer| layer.neurons());
        let same = self.run.holds.as_ref().is_some_and(|(spec, _)| spec.hidden_neurons().eq(hidden()));
        if !(self.connections.visible || self.wants_whole()) || !same || self.opening != Opening::Done {
            return;
        }
        // While training runs the neurons stay, so that one sees them change.
        if self.run.phase != Phase::Training || self.connections.layout.columns.is_empty() {
            match connections::choose(reading, &self.synapses) {
                Ok(columns) => self.connections.layout.columns = columns,
                Err((layer, neurons)) if self.asking.weights_awaited == 0 => {
                    return self.ask_for_fields(layer, neurons);
                }
                Err(_) => return,
            }
        }
        let (chosen, phrases) = (&self.score.faces.chosen, &self.phrases);
        self.connections.arrange(reading, &self.synapses, chosen, phrases, &self.palette);
        self.dirty.time = true;
    }

    /// The connections of this neuron stand out, or of none.
    pub(super) fn light(&mut self, slot: Option<usize>) {
        let lit = slot.and_then(|slot| self.connections.at(slot));
        if lit != self.connections.lit {
            self.connections.lit = lit;
            self.connect();
        }
    }

    /// The neuron under this button is to be in the score, where those of the first hidden layer are.
    pub(super) fn pin(&mut self, slot: usize) {
        if let Some((0, neuron)) = self.connections.at(slot) {
            self.choose_neuron(neuron);
        }
    }
}
