//! What the page says of the data set: names of its classes, and whatever stands in the document for it alone.

use crate::dom::document::{all, class, document, find};
use crate::page::model::link::Start;
use crate::page::model::phrases::Phrases;
use crate::page::model::state::Model;
use crate::said::filled;
use web_sys::HtmlElement;

/// The choices of data sets and networks in the document.
pub struct DataSet {
    models: Vec<HtmlElement>,
    /// The sentence about the data sets and that about the networks.
    sentences: [HtmlElement; 2],
}

impl DataSet {
    /// The choices of the document.
    pub fn find() -> Self {
        Self { models: all("[data-set=model] option"), sentences: [find("sets"), find("models")] }
    }

    /// Speaks of the model's data set.
    pub fn draw(&self, model: &Model, phrases: &mut Phrases) {
        let catalogue = &model.catalogue;
        // Data sets that are not there are no choice.
        for option in all::<HtmlElement>("[data-set=dataset] option") {
            if !catalogue.sets.iter().any(|set| set.dataset == attribute(&option, "value")) {
                option.remove();
            }
        }
        let dataset = model.link.spec.dataset;
        if let Some(set) = catalogue.set(dataset) {
            (phrases.names, phrases.one) = (set.names.clone(), set.one.clone());
        }
        for element in all::<HtmlElement>("[data-of]") {
            offer(&element, attribute(&element, "data-of") == dataset.word());
        }
        // The reader has opened a file, to which training can return.
        offer(&find("own"), matches!(model.user_file, Some(Ok(_))) || model.link.from == Start::File);
        let fitting = self.models.iter().filter(|option| attribute(option, "data-of") == dataset.word());
        self.sentences[0].set_hidden(catalogue.sets.len() < 2);
        self.sentences[1].set_hidden(fitting.count() < 2);
        for element in all::<HtmlElement>("[data-label]") {
            let label = filled(&attribute(&element, "data-label"), &[("one", phrases.one.clone())]);
            drop(element.set_attribute("aria-label", &label));
        }
        for names in ["#digits span", "#bars div > b"] {
            let elements = all::<HtmlElement>(names).into_iter().enumerate();
            elements.for_each(|(i, element)| element.set_text_content(Some(&phrases.name(i))));
        }
        if let Some(body) = document().body() {
            class(&body, "words", !phrases.names.is_empty());
        }
    }
}

fn attribute(element: &HtmlElement, name: &str) -> String {
    element.get_attribute(name).unwrap_or_default()
}

/// Shows the element, or not. An option is disabled too: some browsers list hidden ones all the same.
fn offer(element: &HtmlElement, on: bool) {
    element.set_hidden(!on);
    drop(element.toggle_attribute_with_force("disabled", !on));
}
