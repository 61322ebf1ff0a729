//! The words of the document.

use crate::dom::document::{find, missing};
use crate::page::model::phrases::Phrases;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlTemplateElement};

/// All phrases of the document.
pub fn read() -> Phrases {
    let template: HtmlTemplateElement = find("phrases");
    let list = template.content().query_selector_all("[data-phrase]").unwrap_or_else(|_| missing("phrases"));
    let phrase = |i: u32| {
        let element: HtmlElement = list.item(i)?.dyn_into().ok()?;
        Some((element.dataset().get("phrase")?, element.text_content()?))
    };
    Phrases::new((0..list.length()).filter_map(phrase))
}
