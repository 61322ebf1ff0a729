//! The keyboard, the staves, the slider, the window and the tab.

use super::host;
use crate::dom::document::{ENDS, all, document, find, listen, listen_actively, place_of, style, window};
use crate::page::model::input::{Input, Press, Scrub};
use crate::page::queue::Event as PageEvent;
use crate::page::queue::Queue;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, HtmlInputElement, KeyboardEvent, PointerEvent};

/// Listens to the keyboard, the staves, the slider, the window and the tab.
pub fn listen_everywhere(queue: &Queue) {
    listen_to_keys(queue);
    listen_to_staves(queue);
    listen_to_pictures(queue);
    let (slider, sender): (HtmlInputElement, _) = (find("time"), queue.clone());
    let value = slider.clone();
    listen(&slider, "input", move |_: Event| sender.send(Input::Scrub(Scrub::Step(value.value_as_number() as f32))));
    let (window, document) = (window(), document());
    let sender = queue.clone();
    listen(&window, "hashchange", move |_: Event| sender.send(PageEvent::Address));
    let sender = queue.clone();
    listen(&window, "resize", move |_: Event| sender.send(Input::Look));
    // www/paper.js says so.
    let sender = queue.clone();
    listen(&window, "whole", move |_: Event| sender.send(Input::Whole));
    let sender = queue.clone();
    listen(&window, "paper", move |_: Event| sender.send(PageEvent::Print));
    let sender = queue.clone();
    listen(&document, "visibilitychange", move |_: Event| sender.send(Input::Hidden(host::unseen())));
    if let Ok(Some(dark)) = window.match_media("(prefers-color-scheme: dark)") {
        let sender = queue.clone();
        listen(&dark, "change", move |_: Event| sender.send(Input::Look));
    }
}

fn listen_to_keys(queue: &Queue) {
    let sender = queue.clone();
    let document = document();
    listen_actively(&document, "keydown", move |event: KeyboardEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let on =
            |selector: &str| target.as_ref().is_some_and(|element| element.closest(selector).ok().flatten().is_some());
        let key = event.key();
        let modified = event.ctrl_key() || event.meta_key();
        let undo = modified && key == "z";
        // With another modifier it is the browser's; in a field, a list or an open dialog it is theirs.
        if (modified && !undo) || event.alt_key() || on("select, input:not([type=range]), textarea, dialog") {
            return;
        }
        // In an embed where nothing has the focus, keys that scroll are those of the page around it.
        if (key == " " || key.starts_with("Arrow")) && on("[data-show]:not(:focus-within)") {
            return;
        }
        let input = if undo { Some(Input::Press(Press::Undo)) } else { meaning(&key, on("button, a, summary")) };
        if let Some(input) = input {
            event.prevent_default();
            sender.send(input);
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

fn listen_to_staves(queue: &Queue) {
    let score: HtmlElement = find("score");
    let axis: HtmlElement = find("axis");
    let share = move |event: &PointerEvent| {
        let area = axis.get_bounding_client_rect();
        ((f64::from(event.client_x()) - area.left()) / area.width().max(1.0)) as f32
    };
    let (dragging, share): (Rc<Cell<bool>>, _) = (Rc::default(), Rc::new(share));
    let (state, sender, at) = (dragging.clone(), queue.clone(), share.clone());
    listen(&score, "pointerdown", move |event: PointerEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let on = |selector: &str| target.as_ref().and_then(|target| target.closest(selector).ok().flatten());
        if let Some(stave) = on(".stave").filter(|_| on("button").is_none()) {
            drop(stave.set_pointer_capture(event.pointer_id()));
            state.set(true);
            sender.send(Input::Scrub(Scrub::To(at(&event))));
        }
    });
    let (state, sender) = (dragging.clone(), queue.clone());
    listen(&score, "pointermove", move |event: PointerEvent| {
        if state.get() {
            sender.send(Input::Scrub(Scrub::To(share(&event))));
        }
    });
    let field: HtmlElement = find("field");
    let (dots, sender) = (field.clone(), queue.clone());
    listen(&field, "click", move |event: PointerEvent| sender.send(Input::Dot(place_of(&dots, &event))));
    for name in ENDS {
        let state = dragging.clone();
        listen(&score, name, move |_: PointerEvent| state.set(false));
    }
}

/// The pictures tell the number under the pointer, or under the finger that taps.
fn listen_to_pictures(queue: &Queue) {
    let tip: HtmlElement = find("tip");
    for canvas in all::<HtmlElement>("#score canvas, #seen") {
        let id = canvas.id();
        for name in ["pointermove", "pointerdown"] {
            let (sender, own, id, tip) = (queue.clone(), canvas.clone(), id.clone(), tip.clone());
            listen(&canvas, name, move |event: PointerEvent| {
                style(&tip, "left", &[&event.client_x().to_string(), "px"].concat());
                style(&tip, "top", &[&event.client_y().to_string(), "px"].concat());
                sender.send(Input::Point(Some((id.clone(), place_of(&own, &event)))));
            });
        }
        let sender = queue.clone();
        listen(&canvas, "pointerleave", move |_: PointerEvent| sender.send(Input::Point(None)));
    }
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
