//! What a reader saves: which picture, and as what kind of file, or a file as it is. What makes the file is a program of its own (`exporter`),
//! which is fetched for the first.

use super::canvas::Painted;
use super::document::{document, find, listen as hear};
use crate::pictures::csv::Table;
use crate::pictures::packed::pack;
use crate::pictures::svg::Motion;
use js_sys::{Array, Float32Array, Float64Array, Uint8Array};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, HtmlDialogElement, HtmlElement};

#[wasm_bindgen(js_namespace = outside)]
extern "C" {
    /// Has the exporter save a file, which is called `name`: `method` is one of its functions, which gets the other arguments.
    /// `failed` hears what went wrong, in words.
    fn save(method: &str, arguments: &Array, failed: &JsValue);
}

/// The kinds of files that a picture is saved as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveAs {
    /// A drawing that can be scaled.
    Svg,
    /// The same, in which time runs.
    Moving,
    /// The same in pixels, for slides.
    Png,
    /// A table of its numbers.
    Csv,
}

/// Each button that saves opens the dialog, which asks for the kind of file. Both programs of the page listen, each for
/// the buttons that its selector finds.
pub fn listen(own: &'static str, tell: impl Fn(Element, SaveAs) + 'static) {
    let (dialog, asked): (HtmlDialogElement, Rc<RefCell<Option<Element>>>) = (find("save-dialog"), Rc::default());
    let (moving, wish, tell): (HtmlElement, _, _) = (find("save-moving"), asked.clone(), Rc::new(tell));
    hear(&document(), "click", move |event: Event| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if let Some(button) = target.and_then(|target| target.closest("[data-save]").ok().flatten()) {
            *wish.borrow_mut() = button.closest(own).ok().flatten();
            if wish.borrow().is_some() {
                moving.set_hidden(button.closest("#score").ok().flatten().is_none());
                drop(dialog.show_modal());
            }
        }
    });
    for (id, kind) in [
        ("save-svg", SaveAs::Svg),
        ("save-moving", SaveAs::Moving),
        ("save-png", SaveAs::Png),
        ("save-csv", SaveAs::Csv),
    ] {
        let (button, asked, tell): (HtmlElement, _, _) = (find(id), asked.clone(), tell.clone());
        hear(&button, "click", move |_: Event| {
            if let Some(button) = asked.borrow().clone() {
                tell(button, kind);
            }
        });
    }
}

/// The form of a drawing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    /// One that can be scaled.
    Still,
    /// The same, in which time runs.
    Moving(Motion),
    /// So many pixels, each way, for one of the page's.
    Pixels(f64),
}

/// A picture for slides is sharp on screens of two pixels for one.
pub const PIXELS: Form = Form::Pixels(2.0);

/// Has a part of the page saved as a drawing: its canvases by what was painted on them. `reached` is where the cursor stands in
/// its tracks, 0 to 1. `failed` hears why it could not be.
pub fn save_drawing(
    name: &str,
    root: &Element,
    painted: &[Painted],
    (form, reached): (Form, f32),
    failed: impl FnOnce(String) + 'static,
) {
    let (canvases, mut numbers) = (Array::new(), Vec::new());
    for painted in painted {
        canvases.push(&painted.element);
        pack(&painted.picture, &mut numbers);
    }
    let (motion, pixels) = match form {
        Form::Still => (Motion::default(), 0.0),
        Form::Moving(motion) => (motion, 0.0),
        Form::Pixels(pixels) => (Motion::default(), pixels),
    };
    let numbers = Float32Array::from(&numbers[..]);
    let form = [motion.runs, motion.rests, f64::from(reached), pixels].map(JsValue::from);
    let arguments = Array::of3(root, &canvases, &numbers);
    for number in &form {
        arguments.push(number);
    }
    hand_over("drawing", name, &arguments, failed);
}

/// Has a table saved.
pub fn save_table(name: &str, table: &Table, failed: impl FnOnce(String) + 'static) {
    let arguments = Array::of2(&table.columns.into(), &Float64Array::from(&table.cells[..]));
    hand_over("table", name, &arguments, failed);
}

/// Has these bytes saved as they are.
pub fn save_file(name: &str, bytes: &[u8], failed: impl FnOnce(String) + 'static) {
    hand_over("file", name, &Array::of1(&Uint8Array::from(bytes)), failed);
}

fn hand_over(method: &str, name: &str, arguments: &Array, failed: impl FnOnce(String) + 'static) {
    arguments.unshift(&name.into());
    let failed = Closure::once_into_js(move |reason: JsValue| failed(reason.as_string().unwrap_or_default()));
    save(method, arguments, &failed);
}
