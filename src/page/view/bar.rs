//! The bar: what trains, how it goes, and the button that starts it; the sentences beside what they are about.

use super::forecast_text;
use crate::dom::document::{Text, class, find};
use crate::page::model::phrases::{Phrase, Phrases};
use crate::page::model::run::Phase;
use crate::page::model::state::Model;
use web_sys::HtmlElement;

/// Its elements.
pub struct Bar {
    engine: Text,
    engine_note: Text,
    train: HtmlElement,
    train_word: Text,
    size: [Text; 2],
    kept: Text,
    kept_told: Text,
    mixed: HtmlElement,
    forecast: Text,
}

impl Bar {
    /// The elements of the document.
    pub fn find() -> Self {
        Self {
            engine: Text::find("engine"),
            engine_note: Text::find("engine-note"),
            train: find("train"),
            train_word: Text::find("train-word"),
            size: [Text::find("size"), Text::find("size-low")],
            kept: Text::find("kept"),
            kept_told: Text::find("kept-told"),
            mixed: find("mixed"),
            forecast: Text::find("forecast"),
        }
    }

    /// Writes what changes while it trains.
    pub fn draw(&self, model: &Model, phrases: &Phrases) {
        self.engine.set(&engine_name(model, phrases));
        let training = model.run.phase == Phase::Training;
        class(&self.train, "on", training);
        self.train_word.set(&phrases.say(if training { Phrase::Pause } else { Phrase::Train }, &[]));
        self.forecast.set(&forecast_text::forecast(model, phrases));
        let drawings = || phrases.say(Phrase::Drawings, &[("n", model.drawings.texts.len().to_string())]);
        let fetched = model.manifest.as_ref().map(|manifest| {
            let bytes: u64 = manifest.files().map(|file| file.bytes).sum();
            phrases.say(Phrase::Size, &[("mb", format!("{:.0}", bytes as f64 / 1e6))])
        });
        let size = if model.learns_drawings() { Some(drawings()) } else { fetched };
        let waiting = training && model.shards.is_waiting();
        let waits = phrases.say(Phrase::Waiting, &[]);
        let said = if waiting { &waits } else { size.as_deref().unwrap_or("") };
        // Beside the numbers of training there is no room for what everybody has read by then.
        let [beside, below] = &self.size;
        beside.set(if training && !waiting { "" } else { said });
        below.set(said);
    }

    /// Writes the sentences that stand until something is done.
    pub fn draw_sentences(&self, model: &Model, phrases: &Phrases) {
        let said = model.engine_notice.as_ref().map(|(phrase, values)| phrases.say(*phrase, values));
        self.engine_note.set(said.as_deref().unwrap_or(""));
        self.mixed.set_hidden(!model.run.is_mixed());
        self.kept.element.set_hidden(model.kept_offer.is_none());
        if let Some(epochs) = model.kept_offer {
            let values = [("when", model.kept_when.clone()), ("epoch", format!("{epochs:.1}"))];
            self.kept_told.set(&phrases.say(Phrase::Kept, &values));
        }
    }
}

/// What computes.
fn engine_name(model: &Model, phrases: &Phrases) -> String {
    if model.is_dead {
        "–".to_owned()
    } else if model.is_on_gpu() {
        model.gpu.name.clone()
    } else if model.cpu_name.is_empty() {
        phrases.say(Phrase::Loading, &[])
    } else {
        model.cpu_name.clone()
    }
}
