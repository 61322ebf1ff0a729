//! The data sets and the trained networks that the page offers, and the words that go with a set. All of them stand in
//! `www/index.html`; which sets were cut the build says.

use super::address::Address;
use super::document::{all, class, document, find};
use super::outside;
use super::phrases::Phrases;
use crate::spec::Dataset;
use web_sys::HtmlElement;

/// The choices.
pub struct Sets {
    /// The names of the sets that are there.
    there: Vec<String>,
    sets: Vec<HtmlElement>,
    models: Vec<HtmlElement>,
    /// The sentence about the sets and that about the networks.
    sentences: [HtmlElement; 2],
}

impl Sets {
    /// The choices of the document; sets that are not there are no choice.
    pub fn find() -> Self {
        let mut there: Vec<String> = outside::sets().split_whitespace().map(str::to_owned).collect();
        // Drawings are always to be had.
        there.push(Dataset::Folder.word().to_owned());
        let sets: Vec<HtmlElement> = all("[data-set=dataset] option");
        sets.iter().filter(|set| !there.contains(&value(set))).for_each(|set| set.remove());
        let sentences: [HtmlElement; 2] = [find("sets"), find("models")];
        sentences[0].set_hidden(there.len() < 2);
        Self { there, sets, models: all("[data-set=model] option"), sentences }
    }

    /// Whether that set is there.
    pub fn offers(&self, dataset: Dataset) -> bool {
        self.there.iter().any(|name| name == dataset.word())
    }

    /// The reader has opened a file, to which training can return.
    pub fn show_own(&self) {
        offer(&find("own"), true);
    }

    /// Puts what is there in place of what the link asks for and is not; says what that was.
    pub fn correct(&self, address: &mut Address) -> Vec<String> {
        let mut errors = Vec::new();
        if address.spec.dataset != Dataset::default() && !self.offers(address.spec.dataset) {
            errors.push(format!("there is no data set `{}` here", address.spec.dataset.word()));
            address.spec.dataset = Dataset::default();
        }
        let set = address.spec.dataset.word();
        let fits = |model: &HtmlElement| value(model) == address.model() && is_of(model, set);
        if !address.model.is_empty() && !self.models.iter().any(fits) {
            errors.push(format!("there is no trained network `{}` for these images", address.model));
            address.model.clear();
        }
        errors
    }

    /// Speaks of this data set: names of its classes, and whatever stands in the document for it alone.
    pub fn show(&self, dataset: Dataset, phrases: &mut Phrases) {
        let word = dataset.word();
        let set = self.sets.iter().find(|set| value(set) == word);
        let said = |name: &str| set.map(|set| attribute(set, name)).unwrap_or_default();
        phrases.names = said("data-names").split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        phrases.one = said("data-one");
        for element in all::<HtmlElement>("[data-of]") {
            offer(&element, is_of(&element, word));
        }
        self.sentences[1].set_hidden(self.models.iter().filter(|model| is_of(model, word)).count() < 2);
        for element in all::<HtmlElement>("[data-label]") {
            drop(
                element.set_attribute("aria-label", &attribute(&element, "data-label").replace("{one}", &phrases.one)),
            );
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

fn value(option: &HtmlElement) -> String {
    attribute(option, "value")
}

/// Whether the element is there for that data set.
fn is_of(element: &HtmlElement, set: &str) -> bool {
    attribute(element, "data-of") == set
}

/// Shows the element, or not. An option is disabled too: some browsers list hidden ones all the same.
fn offer(element: &HtmlElement, on: bool) {
    element.set_hidden(!on);
    drop(element.toggle_attribute_with_force("disabled", !on));
}
