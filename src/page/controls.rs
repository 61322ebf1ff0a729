//! Words in sentences that are turned and chosen, and the buttons. A knob is dragged, turned with the arrow keys, or
//! typed into after a click, a tap or Enter.

use super::address::Address;
use super::document::{all, class, find, listen, listen_actively, style};
use super::input::{Input, Post, Press};
use super::knob::{Knob, knob};
use super::settings;
use crate::decimal;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlButtonElement, HtmlElement, HtmlInputElement, HtmlOptionElement, HtmlSelectElement};
use web_sys::{KeyboardEvent, PointerEvent};

/// So many CSS pixels of dragging are one notch.
const NOTCH: f64 = 6.0;

/// What was done to a knob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turned {
    /// It was turned by so many notches.
    By(i32),
    /// This was typed.
    To(String),
}

/// Who is told what was done to a knob.
pub type Tell = Rc<dyn Fn(Turned)>;

/// All controls of the document that set something.
pub struct Controls {
    knobs: Vec<(HtmlElement, &'static Knob)>,
    selects: Vec<(HtmlSelectElement, String)>,
    slope: HtmlElement,
    /// Train, Step and Reset, which wait until the engine is there.
    training: [HtmlButtonElement; 3],
}

impl Controls {
    /// The controls of the document; what is set is told to `post`.
    pub fn new(post: &Post) -> Self {
        let typing = Typing::new();
        let (mut knobs, mut selects) = (Vec::new(), Vec::new());
        for element in all::<HtmlElement>("[data-set]") {
            let name = element.dataset().get("set").unwrap_or_default();
            if let Some(select) = element.dyn_ref::<HtmlSelectElement>() {
                let (tell, chosen, name_of) = (post.clone(), select.clone(), name.clone());
                listen(select, "change", move |_: Event| tell.tell(Input::Set(name_of.clone(), chosen.value())));
                selects.push((select.clone(), name));
            } else if let Some(knob) = knob(&name) {
                let post = post.clone();
                let tell = move |turned| {
                    post.tell(match turned {
                        Turned::By(by) => Input::Turn(knob.name, by),
                        Turned::To(text) => Input::Set(knob.name.to_owned(), text),
                    });
                };
                listen_to_knob(&element, Rc::new(tell), &typing);
                knobs.push((element, knob));
            }
        }
        let buttons = [
            ("train", Press::Train),
            ("step", Press::Step),
            ("reset", Press::Reset),
            ("anew", Press::Reset),
            ("clear", Press::Clear),
            ("play", Press::Play),
            ("measure", Press::Measure),
            ("save", Press::Save),
            ("keys", Press::Keys),
        ];
        for (id, press) in buttons {
            let (button, tell): (HtmlElement, _) = (find(id), post.clone());
            listen(&button, "click", move |_: Event| tell.tell(Input::Press(press)));
        }
        Self { knobs, selects, slope: find("slope-part"), training: [find("train"), find("step"), find("reset")] }
    }

    /// Shows what is set.
    pub fn show(&self, address: &Address) {
        for (element, knob) in &self.knobs {
            show_knob(element, knob, settings::text(address, knob.name));
        }
        for (select, name) in &self.selects {
            let text = settings::text(address, name);
            select.set_value(&text);
            if select.value() != text {
                add_option(select, &text);
            }
        }
        self.slope.set_hidden(settings::text(address, "slope").is_empty());
    }

    /// Whether training can be asked for.
    pub fn enable_training(&self, on: bool) {
        self.training.iter().for_each(|button| button.set_disabled(!on));
    }
}

/// A value that the document has no word for (it came with a link) stands for itself.
fn add_option(select: &HtmlSelectElement, text: &str) {
    if let Ok(option) = HtmlOptionElement::new_with_text_and_value(text, text) {
        drop(select.append_child(&option));
        select.set_value(text);
    }
}

/// Shows what a knob is turned to.
pub fn show_knob(element: &HtmlElement, knob: &Knob, text: String) {
    let value = decimal::parse(&text);
    // A text that is no number (several sizes) stands as it is.
    let shown = value.map_or(text, |value| knob.text(value));
    let value = value.unwrap_or(knob.low);
    element.set_text_content(Some(&shown));
    style(element, "--f", &format!("{:.1}%", knob.share(value) * 100.0));
    let attributes = [("aria-valuenow", &value), ("aria-valuemin", &knob.low), ("aria-valuemax", &knob.high)];
    attributes.iter().for_each(|(name, value)| drop(element.set_attribute(name, &value.to_string())));
    drop(element.set_attribute("aria-valuetext", &shown));
}

/// Lets a knob be dragged, turned with the arrow keys and typed into.
pub fn listen_to_knob(element: &HtmlElement, tell: Tell, typing: &Rc<Typing>) {
    // Where the drag started, how many notches it has gone, and whether it has moved at all.
    let drag: Rc<Cell<Option<(f64, i32, bool)>>> = Rc::default();
    let (state, knob_element) = (drag.clone(), element.clone());
    listen_actively(element, "pointerdown", move |event: PointerEvent| {
        event.prevent_default();
        drop(knob_element.focus());
        drop(knob_element.set_pointer_capture(event.pointer_id()));
        class(&knob_element, "turning", true);
        state.set(Some((f64::from(event.client_x()), 0, false)));
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
    for name in ["pointerup", "pointercancel"] {
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
        let by = match event.key().as_str() {
            "ArrowUp" | "ArrowRight" => 1,
            "ArrowDown" | "ArrowLeft" => -1,
            "PageUp" => 10,
            "PageDown" => -10,
            "Home" => i32::MIN / 4,
            "End" => i32::MAX / 4,
            "Enter" => 0,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        if by == 0 { typing.open(&knob_element, &tell) } else { tell(Turned::By(by)) }
    });
}

/// The one field into which a knob's value is typed; it takes the knob's place meanwhile.
pub struct Typing {
    field: HtmlInputElement,
    open: RefCell<Option<(HtmlElement, Tell)>>,
}

impl Typing {
    /// The field of the document.
    pub fn new() -> Rc<Self> {
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
