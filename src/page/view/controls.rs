//! Words in sentences that are turned and chosen, and the buttons.

use crate::decimal;
use crate::dom::document::{Text, all, document, find, listen, listen_actively, style, window};
use crate::dom::knob::{Tell, Turned, Typing, listen_to_knob, show_knob, turn_by_key};
use crate::knob::Knob;
use crate::page::model::controls;
use crate::page::model::input::{Input, Press};
use crate::page::model::knobs::knob;
use crate::page::model::link::Link;
use crate::page::model::networks::named;
use crate::page::model::phrases::{Phrase, Phrases};
use crate::page::queue::Queue;
use crate::spec::Spec;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlButtonElement, HtmlElement, HtmlOptionElement, HtmlSelectElement};
use web_sys::{KeyboardEvent, MouseEvent, PointerEvent};

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
    trained: HtmlButtonElement,
    /// What the folded sentences say in a line: of the network, and of the coding.
    folded: [Text; 2],
}

impl Controls {
    /// The controls of the document; what is set is told to `queue`.
    pub fn new(queue: &Queue) -> Self {
        let (typing, stepper) = (Typing::find(), Stepper::new(queue));
        let (mut knobs, mut selects) = (Vec::new(), Vec::new());
        for element in all::<HtmlElement>("[data-set]") {
            let name = element.dataset().get("set").unwrap_or_default();
            if let Some(select) = element.dyn_ref::<HtmlSelectElement>() {
                let (sender, chosen, name_of) = (queue.clone(), select.clone(), name.clone());
                listen(select, "change", move |_: Event| sender.send(Input::Set(name_of.clone(), chosen.value())));
                selects.push((select.clone(), name));
            } else if let Some(knob) = knob(&name) {
                listen_to_knob(&element, teller(knob, queue), &typing);
                stepper.listen_to(&element, knob);
                knobs.push((element, knob));
            }
        }
        knobs.extend(knob("slope").map(|knob| (listen_to_surrogate(knob, queue), knob)));
        let turners = all::<HtmlElement>("[data-turn]").into_iter().filter_map(|button| {
            let (knob, by) = (knob(&button.dataset().get("turn")?)?, button.dataset().get("by")?.parse().ok()?);
            let sender = queue.clone();
            listen(&button, "click", move |_: Event| sender.send(Input::Turn(knob.name, by)));
            Some((button, knob, by))
        });
        let turners = turners.collect();
        let presets = all::<HtmlElement>("#presets a").into_iter().map(|link| {
            let hash = link.get_attribute("href").unwrap_or_default();
            let why = link.dataset().get("why").unwrap_or_default();
            let spec = Link::from_hash(&hash).0.spec;
            let sender = queue.clone();
            listen_actively(&link, "click", move |event: MouseEvent| {
                // With a key held the browser opens the link in another tab.
                if !(event.ctrl_key() || event.meta_key() || event.shift_key()) {
                    event.prevent_default();
                    sender.send(Input::Preset { hash: hash.clone(), why: why.clone() });
                }
            });
            (link, spec)
        });
        let presets = presets.collect();
        let buttons = [
            ("train", Press::Train),
            ("step", Press::Step),
            ("reset", Press::Reset),
            ("trained", Press::Trained),
            ("go-on", Press::GoOn),
            ("anew", Press::Anew),
            ("back", Press::Back),
            ("clear", Press::Clear),
            ("undo", Press::Undo),
            ("play", Press::Play),
            ("measure", Press::Measure),
            ("stops-measure", Press::Stopping),
            ("save", Press::Save),
            ("chip-open", Press::Chip),
            ("keys", Press::Keys),
        ];
        for (id, press) in buttons {
            let (button, sender): (HtmlElement, _) = (find(id), queue.clone());
            listen(&button, "click", move |_: Event| sender.send(Input::Press(press)));
        }
        let training = [find("train"), find("step"), find("reset")];
        let folded = ["network-now", "coding-now"].map(Text::find);
        Self { knobs, selects, turners, presets, training, trained: find("trained"), folded }
    }

    /// Shows what is set.
    pub fn show(&self, link: &Link, phrases: &Phrases) {
        // The stylesheet shows what belongs to a rule.
        if let Some(root) = document().document_element() {
            drop(root.set_attribute("data-rule", link.spec.rule.word()));
        }
        for (element, knob) in &self.knobs {
            show_knob(element, knob, controls::text(link, knob.name));
        }
        for (select, name) in &self.selects {
            let text = controls::text(link, name);
            select.set_value(&text);
            if select.value() != text {
                add_option(select, &text);
            }
        }
        let [network, coding] = &self.folded;
        let number = |name| controls::text(link, name);
        let values = [("n", phrases.layers(&link.spec)), ("beta", number("beta")), ("theta", number("threshold"))];
        network.set(&phrases.say(Phrase::NetworkNow, &values));
        let values = [("coding", self.word("encoding")), ("t", number("time-steps"))];
        coding.set(&phrases.say(Phrase::CodingNow, &values));
        for (button, knob, by) in &self.turners {
            let value = decimal::parse(&controls::text(link, knob.name)).unwrap_or(knob.low);
            let no = if knob.turn(value, *by) == value { "true" } else { "false" };
            drop(button.set_attribute("aria-disabled", no));
        }
        for (preset, spec) in &self.presets {
            let current = if named(&link.spec, spec) == link.spec { "true" } else { "false" };
            drop(preset.set_attribute("aria-current", current));
        }
    }

    /// The word that is chosen in the list of that name.
    fn word(&self, name: &str) -> String {
        let select = self.selects.iter().find(|(_, own)| own == name);
        let option = select.and_then(|(select, _)| select.query_selector("option:checked").ok().flatten());
        option.and_then(|option| option.text_content()).unwrap_or_default().trim().to_owned()
    }

    /// Whether training can be asked for, and the trained network.
    pub fn enable_training(&self, on: bool, trained: bool) {
        self.training.iter().for_each(|button| button.set_disabled(!on));
        self.trained.set_disabled(!trained);
    }
}

/// A value that the document has no word for (it came with a link) stands for itself.
fn add_option(select: &HtmlSelectElement, text: &str) {
    if let Ok(option) = HtmlOptionElement::new_with_text_and_value(text, text) {
        drop(select.append_child(&option));
        select.set_value(text);
    }
}

/// Tells `queue` what is done to a knob.
fn teller(knob: &'static Knob, queue: &Queue) -> Tell {
    let queue = queue.clone();
    Rc::new(move |turned| {
        queue.send(match turned {
            Turned::By(by) => Input::Turn(knob.name, by),
            Turned::To(text) => Input::Set(knob.name.to_owned(), text),
            Turned::Back => Input::Restore(knob.name),
        });
    })
}

/// The surrogate's picture: where the pointer is, half of its height is left; keys turn its steepness.
fn listen_to_surrogate(knob: &'static Knob, queue: &Queue) -> HtmlElement {
    let picture: HtmlElement = find("surrogate");
    for name in ["pointerdown", "pointermove"] {
        let (sender, element) = (queue.clone(), picture.clone());
        listen(&picture, name, move |event: PointerEvent| {
            if event.buttons() & 1 == 1 {
                drop(element.set_pointer_capture(event.pointer_id()));
                let area = element.get_bounding_client_rect();
                let share = (f64::from(event.client_x()) - area.left()) / area.width().max(1.0);
                sender.send(Input::Slope(share as f32));
            }
        });
    }
    let sender = teller(knob, queue);
    listen_actively(&picture, "keydown", move |event: KeyboardEvent| turn_by_key(&event, &sender));
    picture
}

/// − and + beside the value that has the focus, for fingers and for those who look for them.
struct Stepper {
    element: HtmlElement,
    knob: Cell<Option<&'static Knob>>,
}

impl Stepper {
    fn new(queue: &Queue) -> Rc<Self> {
        let stepper = Rc::new(Self { element: find("stepper"), knob: Cell::new(None) });
        // The value keeps the focus.
        listen_actively(&stepper.element, "mousedown", |event: Event| event.prevent_default());
        for (button, by) in all::<HtmlElement>("#stepper button").into_iter().zip([-1, 1]) {
            let (state, sender) = (stepper.clone(), queue.clone());
            listen(&button, "click", move |_: Event| {
                if let Some(knob) = state.knob.get() {
                    sender.send(Input::Turn(knob.name, by));
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
