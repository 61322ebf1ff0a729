//! The bar: what trains, how it goes, and the button that starts it; the sentences beside what they are about.

use super::forecast_text;
use crate::dom::document::{Text, class, find};
use crate::page::model::phrases::{Phrase, Phrases};
use crate::page::model::run::Phase;
use crate::page::model::state::{KeptOffer, Model};
use web_sys::HtmlElement;

/// Its elements.
pub struct Bar {
    engine: Text,
    engine_note: Text,
    train: HtmlElement,
    train_word: Text,
    size: Text,
    standing: Text,
    kept: HtmlElement,
    kept_told: Text,
    go_on: HtmlElement,
    back: HtmlElement,
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
            size: Text::find("size"),
            standing: Text::find("standing"),
            kept: find("kept"),
            kept_told: Text::find("kept-told"),
            go_on: find("go-on"),
            back: find("back"),
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
        self.size.set(size.as_deref().unwrap_or(""));
    }

    /// Writes how the network stands.
    pub fn draw_standing(&self, model: &Model, phrases: &Phrases) {
        let standing = model.standing();
        let standing: Vec<_> = standing.iter().map(|(phrase, values)| phrases.say(*phrase, values)).collect();
        self.standing.set(&standing.join(" "));
        self.back.set_hidden(model.experiment.is_none());
    }

    /// Writes the sentences that stand until something is done.
    pub fn draw_sentences(&self, model: &Model, phrases: &Phrases) {
        let said = model.engine_notice.as_ref().map(|(phrase, values)| phrases.say(*phrase, values));
        self.engine_note.set(said.as_deref().unwrap_or(""));
        self.kept.set_hidden(model.kept_offer.is_none());
        let told = model.kept_offer.as_ref().map(|offer| match offer {
            KeptOffer::Offered { run, epochs } => (Phrase::KeptOffered, &run.when, *epochs),
            KeptOffer::Back(epochs) => (Phrase::Kept, &model.kept_when, *epochs),
        });
        if let Some((phrase, when, epochs)) = told {
            self.kept_told.set(&phrases.say(phrase, &[("when", when.clone()), ("epoch", format!("{epochs:.1}"))]));
            self.go_on.set_hidden(phrase == Phrase::Kept);
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
