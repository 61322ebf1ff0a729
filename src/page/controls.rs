//! Words in sentences that are turned and chosen, and the buttons. A knob is dragged, turned with the arrow keys, or
//! typed into after a click, a tap or Enter.

use super::address::Address;
use super::document::{ENDS, all, class, find, listen, listen_actively, style, window};
use super::input::{Input, Post, Press};
use super::knob::{Knob, knob};
use super::settings;
use crate::decimal;
use crate::spec::Spec;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlButtonElement, HtmlElement, HtmlInputElement, HtmlOptionElement, HtmlSelectElement};
use web_sys::{KeyboardEvent, MouseEvent, PointerEvent};

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

/// All controls of the document that set something.
pub struct Controls {
    knobs: Vec<(HtmlElement, &'static Knob)>,
    selects: Vec<(HtmlSelectElement, String)>,
    /// Buttons that turn a value, by so much.
    turners: Vec<(HtmlElement, &'static Knob, i32)>,
    /// Networks with a name, and what their links say.
    presets: Vec<(HtmlElement, Spec)>,
    /// Train, Step and Reset, which wait until the engine is there.
    training: [HtmlButtonElement; 3],
}

impl Controls {
    /// The controls of the document; what is set is told to `post`.
    pub fn new(post: &Post) -> Self {
        let (typing, stepper) = (Typing::find(), Stepper::new(post));
        let (mut knobs, mut selects) = (Vec::new(), Vec::new());
        for element in all::<HtmlElement>("[data-set]") {
            let name = element.dataset().get("set").unwrap_or_default();
            if let Some(select) = element.dyn_ref::<HtmlSelectElement>() {
                let (tell, chosen, name_of) = (post.clone(), select.clone(), name.clone());
                listen(select, "change", move |_: Event| tell.tell(Input::Set(name_of.clone(), chosen.value())));
                selects.push((select.clone(), name));
            } else if let Some(knob) = knob(&name) {
                listen_to_knob(&element, teller(knob, post), &typing);
                stepper.listen_to(&element, knob);
                knobs.push((element, knob));
            }
        }
        knobs.extend(knob("slope").map(|knob| (listen_to_surrogate(knob, post), knob)));
        let turners = all::<HtmlElement>("[data-turn]").into_iter().filter_map(|button| {
            let (knob, by) = (knob(&button.dataset().get("turn")?)?, button.dataset().get("by")?.parse().ok()?);
            let tell = post.clone();
            listen(&button, "click", move |_: Event| tell.tell(Input::Turn(knob.name, by)));
            Some((button, knob, by))
        });
        let turners = turners.collect();
        let presets = all::<HtmlElement>("#presets a").into_iter().map(|link| {
            let hash = link.get_attribute("href").unwrap_or_default();
            let spec = Address::from_hash(&hash).0.spec;
            let tell = post.clone();
            listen_actively(&link, "click", move |event: MouseEvent| {
                // With a key held the browser opens the link in another tab.
                if !(event.ctrl_key() || event.meta_key() || event.shift_key()) {
                    event.prevent_default();
                    tell.tell(Input::Preset(hash.clone()));
                }
            });
            (link, spec)
        });
        let presets = presets.collect();
        let buttons = [
            ("train", Press::Train),
            ("step", Press::Step),
            ("reset", Press::Reset),
            ("anew", Press::Reset),
            ("clear", Press::Clear),
            ("undo", Press::Undo),
            ("play", Press::Play),
            ("measure", Press::Measure),
            ("save", Press::Save),
            ("keys", Press::Keys),
        ];
        for (id, press) in buttons {
            let (button, tell): (HtmlElement, _) = (find(id), post.clone());
            listen(&button, "click", move |_: Event| tell.tell(Input::Press(press)));
        }
        Self { knobs, selects, turners, presets, training: [find("train"), find("step"), find("reset")] }
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
        for (button, knob, by) in &self.turners {
            let value = decimal::parse(&settings::text(address, knob.name)).unwrap_or(knob.low);
            let no = if knob.turn(value, *by) == value { "true" } else { "false" };
            drop(button.set_attribute("aria-disabled", no));
        }
        for (link, spec) in &self.presets {
            let current = if settings::named(&address.spec, spec) == address.spec { "true" } else { "false" };
            drop(link.set_attribute("aria-current", current));
        }
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

/// Tells `post` what is done to a knob.
fn teller(knob: &'static Knob, post: &Post) -> Tell {
    let post = post.clone();
    Rc::new(move |turned| {
        post.tell(match turned {
            Turned::By(by) => Input::Turn(knob.name, by),
            Turned::To(text) => Input::Set(knob.name.to_owned(), text),
            Turned::Back => Input::Restore(knob.name),
        });
    })
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
fn turn_by_key(event: &KeyboardEvent, tell: &Tell) {
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

/// The surrogate's picture: where the pointer is, half of its height is left; keys turn its steepness.
fn listen_to_surrogate(knob: &'static Knob, post: &Post) -> HtmlElement {
    let picture: HtmlElement = find("surrogate");
    for name in ["pointerdown", "pointermove"] {
        let (tell, element) = (post.clone(), picture.clone());
        listen(&picture, name, move |event: PointerEvent| {
            if event.buttons() & 1 == 1 {
                drop(element.set_pointer_capture(event.pointer_id()));
                let area = element.get_bounding_client_rect();
                let share = (f64::from(event.client_x()) - area.left()) / area.width().max(1.0);
                tell.tell(Input::Slope(share as f32));
            }
        });
    }
    let tell = teller(knob, post);
    listen_actively(&picture, "keydown", move |event: KeyboardEvent| turn_by_key(&event, &tell));
    picture
}

/// − and + beside the value that has the focus, for fingers and for those who look for them.
struct Stepper {
    element: HtmlElement,
    knob: Cell<Option<&'static Knob>>,
}

impl Stepper {
    fn new(post: &Post) -> Rc<Self> {
        let stepper = Rc::new(Self { element: find("stepper"), knob: Cell::new(None) });
        // The value keeps the focus.
        listen_actively(&stepper.element, "mousedown", |event: Event| event.prevent_default());
        for (button, by) in all::<HtmlElement>("#stepper button").into_iter().zip([-1, 1]) {
            let (state, tell) = (stepper.clone(), post.clone());
            listen(&button, "click", move |_: Event| {
                if let Some(knob) = state.knob.get() {
                    tell.tell(Input::Turn(knob.name, by));
                }
            });
        }
        stepper
    }

    fn listen_to(self: &Rc<Self>, value: &HtmlElement, knob: &'static Knob) {
        let (state, of) = (self.clone(), value.clone());
        listen(value, "focus", move |_: Event| {
            let coarse = window().match_media("(pointer: coarse)").ok().flatten();
            if coarse.is_some_and(|coarse| coarse.matches()) || of.matches(":focus-visible").unwrap_or(false) {
                state.open(&of, knob);
            }
        });
        let state = self.clone();
        listen(value, "blur", move |_: Event| state.element.set_hidden(true));
    }

    fn open(&self, value: &HtmlElement, knob: &'static Knob) {
        if let Some(parent) = value.parent_node() {
            drop(parent.insert_before(&self.element, value.next_sibling().as_ref()));
        }
        style(&self.element, "--x", &format!("{}px", value.offset_left() + value.offset_width() / 2));
        style(&self.element, "top", &format!("{}px", value.offset_top() + value.offset_height()));
        self.knob.set(Some(knob));
        self.element.set_hidden(false);
    }
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
