//! The document: finding elements, listening to them, and changing text and style only where they differ.

use std::cell::RefCell;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, Element, EventTarget, HtmlElement, Node, Window};

/// The document lacks something that the program needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the page has no {0}")]
pub struct Missing(pub String);

/// The window.
///
/// # Errors
/// Where there is none.
pub fn window() -> Result<Window, Missing> {
    web_sys::window().ok_or_else(|| Missing("window".to_owned()))
}

/// The document.
///
/// # Errors
/// Where there is none.
pub fn document() -> Result<Document, Missing> {
    window()?.document().ok_or_else(|| Missing("document".to_owned()))
}

/// The element with that id.
///
/// # Errors
/// Where there is none of that kind.
pub fn find<T: JsCast>(id: &str) -> Result<T, Missing> {
    let element = document()?.get_element_by_id(id);
    element.and_then(|element| element.dyn_into().ok()).ok_or_else(|| no_element(id))
}

// Apart from its callers, which are made anew for each kind of element.
#[inline(never)]
fn no_element(name: &str) -> Missing {
    Missing(format!("element `{name}`"))
}

/// The first element below `root` that the selector names.
///
/// # Errors
/// Where there is none of that kind.
pub fn within<T: JsCast>(root: &Element, selector: &str) -> Result<T, Missing> {
    let element = root.query_selector(selector).ok().flatten();
    element.and_then(|element| element.dyn_into().ok()).ok_or_else(|| no_element(selector))
}

/// All elements that the selector names.
pub fn all<T: JsCast>(selector: &str) -> Vec<T> {
    nodes(selector).into_iter().filter_map(|node| node.dyn_into().ok()).collect()
}

fn nodes(selector: &str) -> Vec<Node> {
    let list = document().ok().and_then(|document| document.query_selector_all(selector).ok());
    list.map_or_else(Vec::new, |list| (0..list.length()).filter_map(|i| list.item(i)).collect())
}

/// The content of a `<meta>` element.
///
/// # Errors
/// Where there is none of that name.
pub fn meta(name: &str) -> Result<String, Missing> {
    let element: Element = within(
        &document()?.document_element().ok_or_else(|| Missing("root".to_owned()))?,
        &format!("meta[name={name}]"),
    )?;
    element.get_attribute("content").ok_or_else(|| Missing(format!("content of meta `{name}`")))
}

/// Whether an element can be seen, or could after a little scrolling down.
pub fn is_near(element: &Element) -> bool {
    let area = element.get_bounding_client_rect();
    let height = window().ok().and_then(|window| window.inner_height().ok()?.as_f64()).unwrap_or(0.0);
    area.top() < height + 400.0 && area.bottom() > 0.0
}

/// A new element.
///
/// # Errors
/// Where it is not of that kind.
pub fn create<T: JsCast>(tag: &str) -> Result<T, Missing> {
    let element = document()?.create_element(tag).ok();
    element.and_then(|element| element.dyn_into().ok()).ok_or_else(|| Missing(format!("way to make a `{tag}`")))
}

/// Calls `hear` at each such event, as long as the page lives.
pub fn listen<E: JsCast + 'static>(target: &EventTarget, event: &str, mut hear: impl FnMut(E) + 'static) {
    attach(target, event, Closure::new(move |event: JsValue| hear(event.unchecked_into())), true);
}

/// As [`listen`], for events whose default is to be prevented: the browser must not think it may go ahead at once.
pub fn listen_actively<E: JsCast + 'static>(target: &EventTarget, event: &str, mut hear: impl FnMut(E) + 'static) {
    attach(target, event, Closure::new(move |event: JsValue| hear(event.unchecked_into())), false);
}

fn attach(target: &EventTarget, event: &str, closure: Closure<dyn FnMut(JsValue)>, passive: bool) {
    let options = web_sys::AddEventListenerOptions::new();
    if !passive {
        options.set_passive(false);
    }
    let callback = closure.as_ref().unchecked_ref();
    // A listener that cannot be added leaves its control dead; there is nobody to tell but the console.
    if let Err(error) =
        target.add_event_listener_with_callback_and_add_event_listener_options(event, callback, &options)
    {
        web_sys::console::error_1(&error);
    }
    closure.forget();
}

/// Calls `then` once, after so many milliseconds.
pub fn after(milliseconds: i32, then: impl FnOnce() + 'static) {
    let callback = Closure::once_into_js(then);
    if let Ok(window) = window() {
        drop(window.set_timeout_with_callback_and_timeout_and_arguments_0(callback.unchecked_ref(), milliseconds));
    }
}

/// Sets a style property from the program; the page's policy forbids style attributes in the document, not this.
pub fn style(element: &HtmlElement, property: &str, value: &str) {
    drop(element.style().set_property(property, value));
}

/// Puts a word beside marks: places are shares of the picture.
pub fn place(element: &HtmlElement, at: Option<(f32, f32)>) {
    element.set_hidden(at.is_none());
    if let Some((x, y)) = at {
        style(element, "left", &format!("{:.2}%", x * 100.0));
        style(element, "top", &format!("{:.2}%", y * 100.0));
    }
}

/// An element whose text the program sets often: it is touched only where the text is another.
#[derive(Debug)]
pub struct Text {
    /// The element.
    pub element: HtmlElement,
    last: RefCell<Option<String>>,
}

impl Text {
    /// The element with that id.
    ///
    /// # Errors
    /// Where there is none.
    pub fn find(id: &str) -> Result<Self, Missing> {
        Ok(Self::new(find(id)?))
    }

    /// This element.
    pub const fn new(element: HtmlElement) -> Self {
        Self { element, last: RefCell::new(None) }
    }

    /// Sets its text.
    pub fn set(&self, text: &str) {
        if self.last.borrow().as_deref() != Some(text) {
            self.element.set_text_content(Some(text));
            *self.last.borrow_mut() = Some(text.to_owned());
        }
    }
}

/// Adds or removes a class.
pub fn class(element: &Element, name: &str, on: bool) {
    drop(element.class_list().toggle_with_force(name, on));
}

/// A row of numbers along an axis: as many `<span>`s as there are numbers, in one container.
pub fn numbers(container: &HtmlElement, numbers: &[(String, (f32, f32), &str)]) {
    while container.child_element_count() as usize > numbers.len() {
        container.last_element_child().inspect(Element::remove);
    }
    for (i, (text, at, class)) in numbers.iter().enumerate() {
        let there = container.children().item(i as u32).and_then(|span| span.dyn_into::<HtmlElement>().ok());
        let span = match there {
            Some(span) => span,
            None => {
                let Ok(span) = create::<HtmlElement>("span") else { return };
                drop(container.append_child(&span));
                span
            }
        };
        if span.text_content().as_deref() != Some(text) {
            span.set_text_content(Some(text));
        }
        span.set_class_name(class);
        place(&span, Some(*at));
    }
}
