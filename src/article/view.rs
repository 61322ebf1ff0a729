//! The figures in the document: what is done to them is told to their models, and what these show is put into the
//! elements of `www/index.html`.

use super::figure::{Figure, Key};
use super::knobs::knob;
use crate::decimal;
use crate::dom::canvas::{Canvas, painted, read_palette};
use crate::dom::document::{ENDS, Text, after, all, find, listen, listen_actively, place, sentences, window, within};
use crate::dom::knob::{Turned, Typing, listen_to_knob, show_knob};
use crate::dom::save::{self, Form, PIXELS, SaveAs, save_drawing, save_table};
use crate::knob::Knob;
use crate::pictures::marks::Point;
use crate::pictures::palette::Palette;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, Event, HtmlCanvasElement, HtmlElement, HtmlSelectElement};
use web_sys::{KeyboardEvent, PointerEvent, ResizeObserver};

/// What a figure says is spoken once nothing has happened to it for so many milliseconds.
const QUIET: i32 = 600;

/// What is done to a figure.
enum Deed {
    Touch(usize, Option<Point>, Point),
    Key(usize, Key),
    Press(String),
    Set(String, String),
    Turn(&'static Knob, i32),
}

/// Who is told.
type Tell = Rc<dyn Fn(Deed)>;

/// One figure of the document.
struct View {
    figure: HtmlElement,
    model: Box<dyn Figure>,
    canvases: Vec<Canvas>,
    names: Vec<(String, HtmlElement)>,
    values: Vec<(String, Text)>,
    knobs: Vec<(HtmlElement, &'static Knob)>,
    selects: Vec<(HtmlSelectElement, String)>,
    said: Text,
    spoken: Text,
    /// Counts what was done to it.
    deeds: u32,
    dirty: bool,
}

/// All figures of the document.
struct Views {
    views: Vec<View>,
    palette: Palette,
    /// The words of all sentences, by their keys.
    words: Vec<(String, String)>,
    asked: bool,
}

type Shared = Rc<RefCell<Views>>;

/// Finds the figures, listens to what is done to them, and draws them.
pub fn open() {
    let views =
        Views { views: Vec::new(), palette: Palette::default(), words: sentences("figure-phrases"), asked: false };
    let shared: Shared = Rc::new(RefCell::new(views));
    let typing = Typing::find();
    for (index, (id, model)) in super::figures().into_iter().enumerate() {
        let state = shared.clone();
        let tell: Tell = Rc::new(move |deed| {
            state.borrow_mut().hear(index, deed);
            ask_for_frame(&state);
            speak_later(&state, index);
        });
        let view = View::new(id, model, &tell, &typing);
        shared.borrow_mut().views.push(view);
    }
    let state = shared.clone();
    save::listen("#article [data-save]", move |button, kind| state.borrow_mut().save(&button, kind));
    watch(&shared);
    look(&shared);
}

/// Sizes or colours may be others: everything is drawn anew.
fn look(shared: &Shared) {
    let mut views = shared.borrow_mut();
    views.palette = read_palette(&views.palette);
    views.views.iter_mut().for_each(|view| view.dirty = true);
    drop(views);
    ask_for_frame(shared);
}

fn watch(shared: &Shared) {
    let window = window();
    let state = shared.clone();
    listen(&window, "resize", move |_: Event| look(&state));
    // www/paper.js wants all of it at once.
    let state = shared.clone();
    listen(&window, "paper", move |_: Event| {
        look(&state);
        state.borrow_mut().draw();
    });
    if let Ok(Some(dark)) = window.match_media("(prefers-color-scheme: dark)") {
        let state = shared.clone();
        listen(&dark, "change", move |_: Event| look(&state));
    }
    let state = shared.clone();
    let seen = Closure::<dyn FnMut()>::new(move || look(&state));
    if let Ok(observer) = ResizeObserver::new(seen.as_ref().unchecked_ref()) {
        for view in &shared.borrow().views {
            view.canvases.iter().for_each(|canvas| observer.observe(&canvas.element));
        }
    }
    seen.forget();
}

fn ask_for_frame(shared: &Shared) {
    if std::mem::replace(&mut shared.borrow_mut().asked, true) {
        return;
    }
    let state = shared.clone();
    let frame = Closure::once_into_js(move || state.borrow_mut().draw());
    let asked = window().request_animation_frame(frame.unchecked_ref()).is_ok();
    shared.borrow_mut().asked = asked;
}

/// Those who hear the page are told how a figure stands when it has come to rest.
fn speak_later(shared: &Shared, index: usize) {
    let (state, deeds) = (shared.clone(), shared.borrow().views[index].deeds);
    after(QUIET, move || {
        let views = state.borrow();
        let view = &views.views[index];
        if view.deeds == deeds {
            view.spoken.set(&view.said.element.text_content().unwrap_or_default());
        }
    });
}

impl Views {
    fn hear(&mut self, index: usize, deed: Deed) {
        let view = &mut self.views[index];
        match deed {
            Deed::Touch(canvas, before, at) => view.model.touch(canvas, before, at),
            Deed::Key(canvas, key) => view.model.key(canvas, key),
            Deed::Press(button) => view.model.press(&button),
            // What is typed and means nothing leaves the value as it was; that it stands there unchanged says so.
            Deed::Set(control, text) => drop(view.model.set(&control, &text)),
            Deed::Turn(knob, by) => {
                let value = decimal::parse(&view.model.text(knob.name)).unwrap_or(knob.low);
                view.model.set(knob.name, &knob.turn(value, by).to_string());
            }
        }
        view.deeds += 1;
        view.dirty = true;
    }

    /// Has a figure saved as a file.
    fn save(&mut self, button: &Element, kind: SaveAs) {
        let Some(view) = self.views.iter().find(|view| view.figure.contains(Some(button))) else { return };
        let said = view.said.element.clone();
        let failed = move |reason: String| said.set_text_content(Some(&reason));
        match kind {
            SaveAs::Csv => save_table(&view.figure.id(), &view.model.table(), failed),
            SaveAs::Svg | SaveAs::Moving | SaveAs::Png => {
                let form = if kind == SaveAs::Png { PIXELS } else { Form::Still };
                let painted = painted(|| view.draw(&self.words, &self.palette));
                save_drawing(&view.figure.id(), &view.figure, &painted, (form, 0.0), failed);
            }
        }
    }

    fn draw(&mut self) {
        self.asked = false;
        for view in &mut self.views {
            if std::mem::take(&mut view.dirty) {
                view.draw(&self.words, &self.palette);
            }
        }
    }
}

impl View {
    fn new(id: &str, model: Box<dyn Figure>, tell: &Tell, typing: &Rc<Typing>) -> Self {
        let figure: HtmlElement = find(id);
        let named = |attribute: &str| {
            let elements = all::<HtmlElement>(&format!("#{id} [data-{attribute}]"));
            let name = |element: HtmlElement| (element.dataset().get(attribute).unwrap_or_default(), element);
            elements.into_iter().map(name).collect::<Vec<_>>()
        };
        let (mut knobs, mut selects) = (Vec::new(), Vec::new());
        for (name, element) in named("turn") {
            if let Some(select) = element.dyn_ref::<HtmlSelectElement>() {
                let (tell, chosen, control) = (tell.clone(), select.clone(), name.clone());
                listen(select, "change", move |_: Event| tell(Deed::Set(control.clone(), chosen.value())));
                selects.push((select.clone(), name));
            } else if let Some(knob) = knob(&name) {
                let (tell, first) = (tell.clone(), element.text_content().unwrap_or_default());
                let turned = move |turned| {
                    tell(match turned {
                        Turned::By(by) => Deed::Turn(knob, by),
                        Turned::To(text) => Deed::Set(knob.name.to_owned(), text),
                        Turned::Back => Deed::Set(knob.name.to_owned(), first.clone()),
                    });
                };
                listen_to_knob(&element, Rc::new(turned), typing);
                knobs.push((element, knob));
            }
        }
        for (name, button) in named("do") {
            let tell = tell.clone();
            listen(&button, "click", move |_: Event| tell(Deed::Press(name.clone())));
        }
        let canvases = all::<HtmlCanvasElement>(&format!("#{id} canvas"));
        for (index, canvas) in canvases.iter().enumerate() {
            listen_to_canvas(canvas, index, tell);
        }
        Self {
            model,
            canvases: canvases.into_iter().map(Canvas::new).collect(),
            names: named("mark"),
            values: named("value").into_iter().map(|(name, element)| (name, Text::new(element))).collect(),
            knobs,
            selects,
            said: Text::new(within(&figure, ".said")),
            spoken: Text::new(within(&figure, "[aria-live=polite]")),
            figure,
            deeds: 0,
            dirty: true,
        }
    }

    fn draw(&self, words: &[(String, String)], palette: &Palette) {
        let picture = self.model.picture();
        for (canvas, marks) in self.canvases.iter().zip(&picture.canvases) {
            if canvas.fit(palette) {
                canvas.paint(marks, palette);
            }
        }
        for (name, element) in &self.names {
            place(element, picture.names.iter().find(|(of, _)| of == name).and_then(|(_, at)| *at));
        }
        for (name, text) in &self.values {
            text.set(picture.values.iter().find(|(of, _)| of == name).map_or("", |(_, value)| value));
        }
        for (element, knob) in &self.knobs {
            show_knob(element, knob, self.model.text(knob.name));
        }
        for (select, control) in &self.selects {
            select.set_value(&self.model.text(control));
        }
        self.said.set(&picture.said.iter().map(|said| said.in_words(words)).collect::<Vec<_>>().join(" "));
    }
}

/// A place on a canvas.
fn point(canvas: &HtmlElement, event: &PointerEvent) -> Point {
    let area = canvas.get_bounding_client_rect();
    let share = |at: i32, from: f64, size: f64| ((f64::from(at) - from) / size.max(1.0)) as f32;
    (share(event.client_x(), area.left(), area.width()), share(event.client_y(), area.top(), area.height()))
}

fn listen_to_canvas(canvas: &HtmlCanvasElement, index: usize, tell: &Tell) {
    let canvas: &HtmlElement = canvas;
    let touches = canvas.dataset().get("touch").unwrap_or_default();
    if touches == "click" {
        let (tell, element) = (tell.clone(), canvas.clone());
        listen(canvas, "click", move |event: PointerEvent| tell(Deed::Touch(index, None, point(&element, &event))));
    } else if !touches.is_empty() {
        listen_to_drags(canvas, index, touches == "draw", tell);
    }
    let tell = tell.clone();
    listen_actively(canvas, "keydown", move |event: KeyboardEvent| {
        let key = match event.key().as_str() {
            "ArrowLeft" => Key::Left,
            "ArrowRight" => Key::Right,
            "ArrowUp" => Key::Up,
            "ArrowDown" => Key::Down,
            "Home" => Key::Home,
            "End" => Key::End,
            " " | "Enter" => Key::Space,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        tell(Deed::Key(index, key));
    });
}

/// A canvas that is drawn on takes every touch; over another a finger may also scroll the page, so what it means is
/// seen only when it has moved to a side, or was lifted.
fn listen_to_drags(canvas: &HtmlElement, index: usize, draws: bool, tell: &Tell) {
    // The place before, and whether anything was told yet.
    let drag: Rc<Cell<Option<(Point, bool)>>> = Rc::default();
    let (state, told, element) = (drag.clone(), tell.clone(), canvas.clone());
    listen_actively(canvas, "pointerdown", move |event: PointerEvent| {
        event.prevent_default();
        drop(element.focus());
        drop(element.set_pointer_capture(event.pointer_id()));
        let (at, now) = (point(&element, &event), draws || event.pointer_type() != "touch");
        state.set(Some((at, now)));
        if now {
            told(Deed::Touch(index, None, at));
        }
    });
    let (state, told, element) = (drag.clone(), tell.clone(), canvas.clone());
    listen(canvas, "pointermove", move |event: PointerEvent| {
        if let Some((before, _)) = state.get() {
            let at = point(&element, &event);
            state.set(Some((at, true)));
            told(Deed::Touch(index, Some(before), at));
        }
    });
    let (state, told) = (drag.clone(), tell.clone());
    listen(canvas, "pointerup", move |_: PointerEvent| {
        if let Some((at, false)) = state.take() {
            told(Deed::Touch(index, None, at));
        }
    });
    for name in &ENDS[1..] {
        let state = drag.clone();
        listen(canvas, name, move |_: PointerEvent| state.set(None));
    }
}
