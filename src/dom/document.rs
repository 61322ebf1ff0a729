//! The document: finding elements, listening to them, and changing text and style only where they differ.

use crate::decimal::Between;
use std::cell::RefCell;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    Document, Element, Event, EventTarget, HtmlElement, HtmlTemplateElement, KeyboardEvent, Node, PointerEvent, Window,
};

/// How a pointer that is down can end: a browser may tell only the last of them.
pub const ENDS: [&str; 3] = ["pointerup", "pointercancel", "lostpointercapture"];

/// Stops the program: the document lacks something without which it makes no sense. What stands in `www/index.html` is
/// built together with it, so this is a fault of the page and never of its reader; `www/start.js` hears of it and says so.
/// One function that never returns, instead of an error handed through every view, is an eighth of the program.
#[inline(never)]
pub fn missing(what: &str) -> ! {
    wasm_bindgen::throw_str(&["the page has no ", what].concat())
}

/// The window.
pub fn window() -> Window {
    web_sys::window().unwrap_or_else(|| missing("window"))
}

/// The document.
pub fn document() -> Document {
    window().document().unwrap_or_else(|| missing("document"))
}

/// The element with that id.
pub fn find<T: JsCast>(id: &str) -> T {
    of_kind(document().get_element_by_id(id), id)
}

/// The first element below `root` that the selector names.
pub fn within<T: JsCast>(root: &Element, selector: &str) -> T {
    of_kind(root.query_selector(selector).ok().flatten(), selector)
}

/// A new element.
pub fn create<T: JsCast>(tag: &str) -> T {
    of_kind(document().create_element(tag).ok(), tag)
}

/// This element, which has to be there. Of what kind it is stands in `www/index.html` and is not looked up again.
pub fn of_kind<T: JsCast>(element: Option<Element>, name: &str) -> T {
    element.unwrap_or_else(|| missing(name)).unchecked_into()
}

/// All elements that the selector names.
pub fn all<T: JsCast>(selector: &str) -> Vec<T> {
    nodes(selector).into_iter().filter_map(|node| node.dyn_into().ok()).collect()
}

fn nodes(selector: &str) -> Vec<Node> {
    document()
        .query_selector_all(selector)
        .map_or_else(|_| Vec::new(), |list| (0..list.length()).filter_map(|i| list.item(i)).collect())
}

/// The words of all sentences that stand in this template, by their keys.
pub fn sentences(id: &str) -> Vec<(String, String)> {
    let template: HtmlTemplateElement = find(id);
    let Ok(list) = template.content().query_selector_all("[data-say]") else { return Vec::new() };
    let sentence = |i: u32| {
        let element: HtmlElement = list.item(i)?.dyn_into().ok()?;
        Some((element.dataset().get("say")?, element.text_content()?))
    };
    (0..list.length()).filter_map(sentence).collect()
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
    drop(window().set_timeout_with_callback_and_timeout_and_arguments_0(callback.unchecked_ref(), milliseconds));
}

/// What the browser says went wrong.
pub fn in_words(error: &JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map_or_else(|| "no answer".to_owned(), |error| String::from(error.message()))
}

/// The number that the button under an event carries.
pub fn number(event: &Event) -> Option<usize> {
    let target = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok())?;
    let button: HtmlElement = target.closest("[data-n]").ok().flatten()?.dyn_into().ok()?;
    button.dataset().get("n")?.parse().ok()
}

/// Makes the buttons of a group, now and later, one stop of the Tab key: arrow keys go to the nearest button in their
/// direction, wherever the layout has put it.
pub fn rove(group: &HtmlElement) {
    let own = group.clone();
    listen(group, "focusin", move |event: Event| {
        for button in buttons(&own) {
            button.set_tab_index(if event.target().is_some_and(|target| target == *button.as_ref()) { 0 } else { -1 });
        }
    });
    let own = group.clone();
    listen_actively(group, "keydown", move |event: KeyboardEvent| {
        let key = event.key();
        let Some((x, y)) = direction(&key) else { return };
        event.prevent_default();
        event.stop_propagation();
        let middle = |element: &Element| {
            let area = element.get_bounding_client_rect();
            (area.left() + area.width() / 2.0, area.top() + area.height() / 2.0)
        };
        let Some(from) = document().active_element().map(|element| middle(&element)) else { return };
        let mut nearest: Option<(f64, HtmlElement)> = None;
        for button in buttons(&own).into_iter().filter(|button| button.offset_width() > 0) {
            let to = middle(&button);
            let (right, down) = (to.0 - from.0, to.1 - from.1);
            let (ahead, aside) = (right * x + down * y, (right * y).abs() + (down * x).abs());
            let way = ahead + 2.0 * aside;
            if ahead > 1.0 && aside < ahead && nearest.as_ref().is_none_or(|(best, _)| way < *best) {
                nearest = Some((way, button));
            }
        }
        nearest.inspect(|(_, button)| drop(button.focus()));
    });
}

/// Of the buttons of a group that [`rove`] keeps, exactly one can be tabbed to: to be called when there are others.
pub fn one_stop(group: &HtmlElement) {
    let buttons = buttons(group);
    let stop = buttons.iter().position(|button| button.tab_index() == 0).unwrap_or(0);
    buttons.iter().enumerate().for_each(|(i, button)| button.set_tab_index(if i == stop { 0 } else { -1 }));
}

fn buttons(group: &HtmlElement) -> Vec<HtmlElement> {
    let Ok(list) = group.query_selector_all("button") else { return Vec::new() };
    (0..list.length()).filter_map(|i| list.item(i)?.dyn_into().ok()).collect()
}

/// Where an arrow key points: to the right and down.
fn direction(key: &str) -> Option<(f64, f64)> {
    match key {
        "ArrowLeft" => Some((-1.0, 0.0)),
        "ArrowRight" => Some((1.0, 0.0)),
        "ArrowUp" => Some((0.0, -1.0)),
        "ArrowDown" => Some((0.0, 1.0)),
        _ => None,
    }
}

/// Sets a style property from the program; the page's policy forbids style attributes in the document, not this.
pub fn style(element: &HtmlElement, property: &str, value: &str) {
    drop(element.style().set_property(property, value));
}

/// Where on an element a pointer is, in shares of its size.
pub fn place_of(element: &Element, event: &PointerEvent) -> (f32, f32) {
    let area = element.get_bounding_client_rect();
    let share = |at: i32, start: f64, size: f64| ((f64::from(at) - start) / size.max(1.0)).between(0.0, 1.0) as f32;
    (share(event.client_x(), area.left(), area.width()), share(event.client_y(), area.top(), area.height()))
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
    pub fn find(id: &str) -> Self {
        Self::new(find(id))
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

/// Says whether a button is the chosen one of its kind. Said again it would cost the browser as much as a change.
pub fn press(button: &HtmlElement, pressed: bool) {
    let pressed = if pressed { "true" } else { "false" };
    if button.get_attribute("aria-pressed").as_deref() != Some(pressed) {
        drop(button.set_attribute("aria-pressed", pressed));
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
                let span: HtmlElement = create("span");
                drop(container.append_child(&span));
                span
            }
        };
        if span.text_content().as_deref() != Some(text) {
            span.set_text_content(Some(text));
        }
        if span.class_name() != *class {
            span.set_class_name(class);
        }
        place(&span, Some(*at));
    }
}
