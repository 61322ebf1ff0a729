//! Knobs of the document: dragged, turned with the arrow keys, or typed into after a click, a tap or Enter.

use super::document::{ENDS, class, find, listen, listen_actively, style};
use crate::decimal;
use crate::knob::Knob;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use web_sys::{Event, HtmlElement, HtmlInputElement, KeyboardEvent, PointerEvent};

/// So many CSS pixels of dragging are one notch.
const NOTCH: f64 = 6.0;

/// What was done to a knob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turned {
    /// It was turned by so many notches.
    By(i32),
    /// This was typed.
    To(String),
    /// It was put back to what it was at first.
    Back,
}

/// Who is told what was done to a knob.
pub type Tell = Rc<dyn Fn(Turned)>;

/// Shows what a knob is turned to.
pub fn show_knob(element: &HtmlElement, knob: &Knob, text: String) {
    let value = decimal::parse(&text);
    // What stands around a value that there is not, is not there either.
    if let Ok(Some(around)) = element.closest("[data-optional]") {
        drop(around.toggle_attribute_with_force("hidden", value.is_none()));
    }
    let off = element.dataset().get("off").filter(|_| value == knob.off);
    let shown = off.unwrap_or_else(|| value.map_or(text, |value| knob.text(value)));
    let value = value.unwrap_or(knob.low);
    element.set_text_content(Some(&shown));
    style(element, "--f", &format!("{:.1}%", knob.share(value) * 100.0));
    let attributes = [("aria-valuenow", &value), ("aria-valuemin", &knob.low), ("aria-valuemax", &knob.high)];
    attributes.iter().for_each(|(name, value)| drop(element.set_attribute(name, &value.to_string())));
    drop(element.set_attribute("aria-valuetext", &shown));
}

/// Lets a knob be dragged, turned with the arrow keys and typed into.
pub fn listen_to_knob(element: &HtmlElement, tell: Tell, typing: &Rc<Typing>) {
    // Where the drag started, how many notches it has gone, and whether it has moved at all, or was a finger's first tap.
    let drag: Rc<Cell<Option<(f64, i32, bool)>>> = Rc::default();
    let (state, knob_element) = (drag.clone(), element.clone());
    listen_actively(element, "pointerdown", move |event: PointerEvent| {
        event.prevent_default();
        // The first tap of a finger brings − and +, the second the keyboard.
        let first = event.pointer_type() == "touch" && !knob_element.matches(":focus").unwrap_or(false);
        drop(knob_element.focus());
        drop(knob_element.set_pointer_capture(event.pointer_id()));
        class(&knob_element, "turning", true);
        state.set(Some((f64::from(event.client_x()), 0, first)));
    });
    let (state, told) = (drag.clone(), tell.clone());
    listen(element, "pointermove", move |event: PointerEvent| {
        if let Some((start, gone, moved)) = state.get() {
            let notches = ((f64::from(event.client_x()) - start) / NOTCH).trunc() as i32;
            state.set(Some((start, notches, moved || notches != 0)));
            if notches != gone {
                told(Turned::By(notches - gone));
            }
        }
    });
    for name in ENDS {
        let (state, knob_element, typing, tell) = (drag.clone(), element.clone(), typing.clone(), tell.clone());
        listen(element, name, move |event: PointerEvent| {
            class(&knob_element, "turning", false);
            if state.take().is_some_and(|(_, _, moved)| !moved) && event.type_() == "pointerup" {
                typing.open(&knob_element, &tell);
            }
        });
    }
    let (knob_element, typing) = (element.clone(), typing.clone());
    listen_actively(element, "keydown", move |event: KeyboardEvent| {
        if event.key() == "Enter" {
            event.prevent_default();
            event.stop_propagation();
            typing.open(&knob_element, &tell);
        } else {
            turn_by_key(&event, &tell);
        }
    });
}

/// Keys that turn a value, or put it back.
pub fn turn_by_key(event: &KeyboardEvent, tell: &Tell) {
    let by = match event.key().as_str() {
        "ArrowUp" | "ArrowRight" => 1,
        "ArrowDown" | "ArrowLeft" => -1,
        "PageUp" => 10,
        "PageDown" => -10,
        "Home" => i32::MIN / 4,
        "End" => i32::MAX / 4,
        "Delete" | "Backspace" => 0,
        _ => return,
    };
    event.prevent_default();
    event.stop_propagation();
    tell(if by == 0 { Turned::Back } else { Turned::By(by) });
}

/// The one field into which a knob's value is typed; it takes the knob's place meanwhile.
pub struct Typing {
    field: HtmlInputElement,
    open: RefCell<Option<(HtmlElement, Tell)>>,
}

impl Typing {
    /// The field of the document.
    pub fn find() -> Rc<Self> {
        let typing = Rc::new(Self { field: find("typed"), open: RefCell::new(None) });
        let state = typing.clone();
        listen(&typing.field, "blur", move |_: Event| state.close(true));
        let state = typing.clone();
        listen_actively(&typing.field, "keydown", move |event: KeyboardEvent| {
            event.stop_propagation();
            match event.key().as_str() {
                "Enter" => state.close(true),
                "Escape" => state.close(false),
                _ => {}
            }
        });
        let state = typing.clone();
        listen(&typing.field, "dblclick", move |_: Event| {
            let tell = state.open.borrow().as_ref().map(|(_, tell)| tell.clone());
            state.close(false);
            tell.into_iter().for_each(|tell| tell(Turned::Back));
        });
        typing
    }

    fn open(&self, knob: &HtmlElement, tell: &Tell) {
        self.field.set_value(&knob.text_content().unwrap_or_default());
        drop(self.field.set_attribute("aria-label", &knob.get_attribute("aria-label").unwrap_or_default()));
        if let Some(parent) = knob.parent_node() {
            drop(parent.insert_before(&self.field, Some(knob)));
        }
        *self.open.borrow_mut() = Some((knob.clone(), tell.clone()));
        knob.set_hidden(true);
        self.field.set_hidden(false);
        drop(self.field.focus());
        self.field.select();
    }

    fn close(&self, meant: bool) {
        // Taken first: hiding the field blurs it, which comes back here.
        let Some((knob, tell)) = self.open.borrow_mut().take() else { return };
        self.field.set_hidden(true);
        knob.set_hidden(false);
        drop(knob.focus());
        if meant {
            tell(Turned::To(self.field.value()));
        }
    }
}
