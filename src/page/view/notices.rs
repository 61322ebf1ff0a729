//! Short messages above the page, for what went wrong: one of a kind, until it is over.

use crate::dom::document::{create, find};
use crate::page::model::phrases::{Phrase, Phrases};
use crate::page::model::state::Notice;
use web_sys::HtmlElement;

/// The messages shown now.
pub struct Notices {
    container: HtmlElement,
    shown: Vec<(Phrase, String, HtmlElement)>,
}

impl Notices {
    /// The place of the document, with none yet.
    pub fn find() -> Self {
        Self { container: find("notes"), shown: Vec::new() }
    }

    /// Shows these, in their order. One that stays is not touched, so that it is not read aloud again.
    pub fn draw(&mut self, notices: &[Notice], phrases: &Phrases) {
        let mut before = std::mem::take(&mut self.shown);
        for (phrase, values) in notices {
            let text = phrases.say(*phrase, values);
            let there = before.iter().position(|(shown, said, _)| (shown, said) == (phrase, &text));
            let note = there.map_or_else(
                || {
                    let note: HtmlElement = create("p");
                    note.set_text_content(Some(&text));
                    drop(self.container.append_child(&note));
                    note
                },
                |at| before.swap_remove(at).2,
            );
            self.shown.push((*phrase, text, note));
        }
        before.iter().for_each(|(_, _, note)| note.remove());
    }
}
