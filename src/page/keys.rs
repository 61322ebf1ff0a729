//! Keys that work everywhere on the page, and dragging on the staves.

use super::document::{document, find, listen, listen_actively, window};
use super::input::{Input, Post, Press, Scrub};
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlDialogElement, HtmlElement, HtmlInputElement, KeyboardEvent, PointerEvent};

/// Listens to the keyboard, the staves, the slider, the window and the tab.
pub fn listen_everywhere(post: &Post) {
    listen_to_keys(post);
    listen_to_staves(post);
    let (slider, tell): (HtmlInputElement, _) = (find("time"), post.clone());
    let value = slider.clone();
    listen(&slider, "input", move |_: Event| tell.tell(Input::Scrub(Scrub::Step(value.value_as_number() as f32))));
    let (window, document) = (window(), document());
    let tell = post.clone();
    listen(&window, "hashchange", move |_: Event| tell.tell(Input::Address));
    let tell = post.clone();
    listen(&window, "resize", move |_: Event| tell.tell(Input::Look));
    let (tab, tell) = (document.clone(), post.clone());
    listen(&document, "visibilitychange", move |_: Event| tell.tell(Input::Hidden(tab.hidden())));
    if let Ok(Some(dark)) = window.match_media("(prefers-color-scheme: dark)") {
        let tell = post.clone();
        listen(&dark, "change", move |_: Event| tell.tell(Input::Look));
    }
}

fn listen_to_keys(post: &Post) {
    let tell = post.clone();
    let document = document();
    listen_actively(&document, "keydown", move |event: KeyboardEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let on =
            |selector: &str| target.as_ref().is_some_and(|element| element.closest(selector).ok().flatten().is_some());
        // With a modifier it is the browser's; in a field, a list or an open dialog it is theirs.
        if event.ctrl_key() || event.meta_key() || event.alt_key() || on("select, input:not([type=range]), dialog") {
            return;
        }
        if let Some(input) = meaning(&event.key(), on("button, a, summary")) {
            event.prevent_default();
            tell.tell(input);
        }
    });
}

/// What a key means; Space presses the button that has the focus, so there it means nothing here.
fn meaning(key: &str, on_button: bool) -> Option<Input> {
    let digit = || key.parse().ok().filter(|digit| *digit < 10 && key.len() == 1).map(Input::Digit);
    Some(match key {
        " " if on_button => return None,
        " " => Input::Press(Press::Play),
        "ArrowLeft" => Input::Scrub(Scrub::By(-1)),
        "ArrowRight" => Input::Scrub(Scrub::By(1)),
        "c" | "C" => Input::Press(Press::Clear),
        "t" | "T" => Input::Press(Press::Train),
        "s" | "S" => Input::Press(Press::Step),
        // With Shift, for it forgets what was learnt.
        "R" => Input::Press(Press::Reset),
        "?" => Input::Press(Press::Keys),
        _ => return digit(),
    })
}

fn listen_to_staves(post: &Post) {
    let score: HtmlElement = find("score");
    let axis: HtmlElement = find("axis");
    let share = move |event: &PointerEvent| {
        let area = axis.get_bounding_client_rect();
        ((f64::from(event.client_x()) - area.left()) / area.width().max(1.0)) as f32
    };
    let (dragging, share): (Rc<Cell<bool>>, _) = (Rc::default(), Rc::new(share));
    let (state, tell, at) = (dragging.clone(), post.clone(), share.clone());
    listen(&score, "pointerdown", move |event: PointerEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if let Some(stave) = target.and_then(|target| target.closest(".stave").ok().flatten()) {
            drop(stave.set_pointer_capture(event.pointer_id()));
            state.set(true);
            tell.tell(Input::Scrub(Scrub::To(at(&event))));
        }
    });
    let (state, tell) = (dragging.clone(), post.clone());
    listen(&score, "pointermove", move |event: PointerEvent| {
        if state.get() {
            tell.tell(Input::Scrub(Scrub::To(share(&event))));
        }
    });
    for name in ["pointerup", "pointercancel"] {
        let state = dragging.clone();
        listen(&score, name, move |_: PointerEvent| state.set(false));
    }
}

/// Shows what the keys do.
pub fn show() {
    drop(find::<HtmlDialogElement>("keys-dialog").show_modal());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_choose_samples_and_space_is_left_to_buttons() {
        assert!(matches!(meaning("7", false), Some(Input::Digit(7))));
        assert!(matches!(meaning(" ", false), Some(Input::Press(Press::Play))));
        assert!(meaning(" ", true).is_none() && meaning("F1", false).is_none());
    }
}
