//! The two values that wake silent neurons, or calm those that always fire, as buttons.

use crate::dom::document::{Text, find, listen};
use crate::page::model::input::Input;
use crate::page::model::phrases::{Phrase, Phrases};
use crate::page::queue::Queue;
use crate::pictures::rates::Cure;
use crate::spec::Neuron;
use web_sys::{Event, HtmlElement};

/// The sentence with its buttons.
pub struct CureOffer {
    /// The whole of it.
    pub element: HtmlElement,
    word: Text,
    threshold: HtmlElement,
    gain: HtmlElement,
}

impl CureOffer {
    /// The one whose parts are called like this, and then `-word`, `-threshold` and `-gain`.
    pub fn find(name: &str, queue: &Queue) -> Self {
        let part = |end: &str| [name, end].concat();
        let button = |end: &str, setting: &'static str| {
            let (button, sender): (HtmlElement, _) = (find(&part(end)), queue.clone());
            let own = button.clone();
            listen(&button, "click", move |_: Event| {
                if let Some(value) = own.dataset().get("value") {
                    sender.send(Input::Set(setting.to_owned(), value));
                }
            });
            button
        };
        Self {
            element: find(name),
            word: Text::find(&part("-word")),
            threshold: button("-threshold", "threshold"),
            gain: button("-gain", "gain"),
        }
    }

    /// Offers what helps these neurons, if anything does: another threshold, or as much of another gain.
    pub fn show(&self, cure: Option<Cure>, neuron: &Neuron, phrases: &Phrases) {
        self.element.set_hidden(cure.is_none());
        let (word, factor) = match cure {
            Some(Cure::Wake(factor)) => (Phrase::CureWake, factor),
            Some(Cure::Calm) => (Phrase::CureCalm, 1.25),
            None => return,
        };
        self.word.set(&phrases.say(word, &[]));
        for (button, name, value) in
            [(&self.threshold, "θ", neuron.threshold * factor), (&self.gain, "g", neuron.gain / factor)]
        {
            let value = ((value * 100.0).round() / 100.0).to_string();
            button.set_text_content(Some(&[name, " = ", &value].concat()));
            drop(button.dataset().set("value", &value));
        }
    }
}
