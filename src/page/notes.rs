//! Short messages above the page, for what went wrong: one of a kind, until it is over.

use super::phrases::{Phrase, Phrases};
use crate::dom::document::{create, find};
use web_sys::HtmlElement;

/// The messages shown now.
pub struct Notes {
    container: HtmlElement,
    shown: Vec<(Phrase, HtmlElement)>,
}

impl Notes {
    /// The place of the document, with none yet.
    pub fn find() -> Self {
        Self { container: find("notes"), shown: Vec::new() }
    }

    /// Says this, in place of what was said with the same phrase.
    pub fn say(&mut self, phrases: &Phrases, phrase: Phrase, values: &[(&str, String)]) {
        let there = self.take(phrase);
        let note: HtmlElement = there.unwrap_or_else(|| create("p"));
        note.set_text_content(Some(&phrases.say(phrase, values)));
        drop(self.container.append_child(&note));
        self.shown.push((phrase, note));
    }

    fn take(&mut self, phrase: Phrase) -> Option<HtmlElement> {
        let there = self.shown.iter().position(|(shown, _)| *shown == phrase)?;
        Some(self.shown.swap_remove(there).1)
    }

    /// That is over.
    pub fn withdraw(&mut self, phrase: Phrase) {
        if let Some(note) = self.take(phrase) {
            note.remove();
        }
    }

    /// All that is over.
    pub fn withdraw_all(&mut self, phrases: &[Phrase]) {
        phrases.iter().for_each(|phrase| self.withdraw(*phrase));
    }
}
