//! The pad: the pen of a mouse, a finger, a stylus or the keyboard, and what it has drawn.

use crate::decimal::Between;
use crate::digits::drawing::SIDE;
use crate::dom::canvas::Canvas;
use crate::dom::document::{ENDS, Text, class, find, listen, listen_actively, place_of};
use crate::page::model::input::{Input, Pen};
use crate::page::model::link;
use crate::page::model::strokes::Stroke;
use crate::page::queue::Queue;
use crate::pictures::enlarge::enlarge;
use crate::pictures::field;
use crate::pictures::marks::{Ink, Mark, Shade, line, px};
use crate::pictures::palette::Palette;
use crate::protocol::PREVIEW;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent, PointerEvent};

/// How far an arrow key moves the pen.
const KEY_STEP: f32 = 0.04;
/// The pen's width as a share of the pad.
const PEN: f32 = 0.082;

/// The pad and the small picture below it.
pub struct PadView {
    canvas: Canvas,
    seen: Canvas,
    lit: Text,
    wrap: HtmlElement,
    undo: HtmlElement,
    keys: Rc<RefCell<Keyboard>>,
}

/// The pen that the keyboard moves.
#[derive(Clone, Copy, Debug)]
struct Keyboard {
    at: [f32; 2],
    down: bool,
    shown: bool,
}

impl PadView {
    /// The pad of the document; what is done on it is told to `queue`.
    pub fn new(queue: &Queue) -> Self {
        let keys = Rc::new(RefCell::new(Keyboard { at: [0.5, 0.3], down: false, shown: false }));
        let pad: HtmlElement = find("pad");
        listen_to_pointer(&pad, queue);
        listen_to_keys(&pad, queue, &keys);
        Self {
            canvas: Canvas::find("pad"),
            seen: Canvas::find("seen"),
            lit: Text::find("lit"),
            wrap: find("padwrap"),
            undo: find("undo"),
            keys,
        }
    }

    /// Draws what is on the pad: strokes as they are, a test digit as if a pen had drawn it, a photo in its greys.
    pub fn draw(&self, pad: &link::Pad, image: Option<&[u8]>, photo: bool, palette: &Palette) {
        if !self.canvas.fit(palette) {
            return;
        }
        let mut marks = match pad {
            link::Pad::Digit(_) | link::Pad::Test(_) => image.map(|image| enlarged(image, photo)).into_iter().collect(),
            link::Pad::Drawing(strokes) => self.strokes(strokes),
            link::Pad::Photo(photo) if photo.preview.is_empty() => vec![enlarged(&photo.pixels, true)],
            link::Pad::Photo(photo) => vec![outlined(&photo.preview)],
        };
        let keys = self.keys.borrow();
        if keys.shown {
            let fill = if keys.down { Ink::Spike } else { Ink::Paper };
            let at = (keys.at[0], keys.at[1]);
            let fill = Shade { from: fill, to: fill, amount: 0.0 };
            marks.push(Mark::Dot { at, radius: px(6.0), fill, rim: Some(Ink::Ink) });
        }
        self.canvas.paint(&marks, palette);
        class(&self.wrap, "empty", matches!(pad, link::Pad::Drawing(strokes) if strokes.is_empty()));
    }

    /// Whether what was on the pad can be brought back.
    pub fn offer_undo(&self, on: bool) {
        if !on && self.undo.matches(":focus").unwrap_or(false) {
            drop(find::<HtmlElement>("clear").focus());
        }
        self.undo.set_hidden(!on);
    }

    fn strokes(&self, strokes: &[Stroke]) -> Vec<Mark> {
        let width = PEN * self.canvas.element.client_width() as f32;
        let end = |[x, y]: [f32; 2]| Mark::Dot {
            at: (x, y),
            radius: px(width / 2.0),
            fill: Shade { from: Ink::Ink, to: Ink::Ink, amount: 0.0 },
            rim: None,
        };
        let ends = strokes.iter().flat_map(|stroke| stroke.first().into_iter().chain(stroke.last()));
        let path = |stroke: &Stroke| line(stroke.iter().map(|[x, y]| (*x, *y)).collect(), Ink::Ink, width);
        strokes.iter().map(path).chain(ends.map(|point| end(*point))).collect()
    }

    /// Draws the 28 × 28 picture that the network sees.
    pub fn draw_seen(&self, image: &[u8], lit: &str, palette: &Palette) {
        if self.seen.fit(palette) {
            self.seen.paint(&[field::picture(image, SIDE)], palette);
        }
        self.lit.set(lit);
    }
}

/// A picture of the reader's in its greys, with its ink outlined.
fn outlined(preview: &[u8]) -> Mark {
    let shade = |value: &u8| match value {
        255 => Shade { from: Ink::Spike, to: Ink::Spike, amount: 1.0 },
        value => Shade { from: Ink::Wash, to: Ink::Ink, amount: f32::from(*value) / 254.0 },
    };
    Mark::Cells { columns: PREVIEW, shades: preview.iter().map(shade).collect() }
}

fn enlarged(image: &[u8], photo: bool) -> Mark {
    let (fine, columns) = enlarge(image, SIDE, !photo);
    let shade = |amount| Shade { from: Ink::Wash, to: Ink::Ink, amount };
    Mark::Cells { columns, shades: fine.into_iter().map(shade).collect() }
}

/// The points of a move: a fast pen has more of them than there are events, where the browser tells.
fn points(element: &Element, event: &PointerEvent) -> Vec<[f32; 2]> {
    let has = js_sys::Reflect::has(event, &"getCoalescedEvents".into()).unwrap_or(false);
    let all = if has { event.get_coalesced_events() } else { js_sys::Array::new().unchecked_into() };
    let all: js_sys::Array = all.unchecked_into();
    let points: Vec<_> = all.iter().map(|event| place_of(element, event.unchecked_ref()).into()).collect();
    if points.is_empty() { vec![place_of(element, event).into()] } else { points }
}

/// One pointer draws at a time. That a hand which rests beside a pen is none, `www/hands.js` sees to.
fn listen_to_pointer(pad: &HtmlElement, queue: &Queue) {
    let pen: Rc<Cell<Option<i32>>> = Rc::default();
    let (element, sender, down) = (pad.clone(), queue.clone(), pen.clone());
    listen_actively(pad, "pointerdown", move |event: PointerEvent| {
        // A second finger is not primary. Where another pointer is, the browser lost the one that drew, or it rests.
        if event.button() == 0 && (event.is_primary() || down.get().is_none()) {
            event.prevent_default();
            if down.take().is_some() {
                sender.send(Input::Pen(Pen::Up));
            }
            drop(element.focus());
            drop(element.set_pointer_capture(event.pointer_id()));
            down.set(Some(event.pointer_id()));
            sender.send(Input::Pen(Pen::Down(place_of(&element, &event).into())));
        }
    });
    let (element, sender, moving) = (pad.clone(), queue.clone(), pen.clone());
    listen(pad, "pointermove", move |event: PointerEvent| {
        if moving.get() == Some(event.pointer_id()) {
            sender.send(Input::Pen(Pen::Move(points(&element, &event))));
        }
    });
    for name in ENDS {
        let (sender, lifted) = (queue.clone(), pen.clone());
        listen(pad, name, move |event: PointerEvent| {
            if lifted.get() == Some(event.pointer_id()) {
                lifted.set(None);
                let withdrawn = event.type_() == "pointercancel" && event.pointer_type() == "touch";
                sender.send(Input::Pen(if withdrawn { Pen::Withdraw } else { Pen::Up }));
            }
        });
    }
}

fn listen_to_keys(pad: &HtmlElement, queue: &Queue, keys: &Rc<RefCell<Keyboard>>) {
    let (sender, state) = (queue.clone(), keys.clone());
    listen_actively(pad, "keydown", move |event: KeyboardEvent| {
        let by = match event.key().as_str() {
            "ArrowLeft" => [-KEY_STEP, 0.0],
            "ArrowRight" => [KEY_STEP, 0.0],
            "ArrowUp" => [0.0, -KEY_STEP],
            "ArrowDown" => [0.0, KEY_STEP],
            " " => [0.0, 0.0],
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        let pen = state.borrow_mut().key(by);
        sender.send(pen.map_or(Input::Look, Input::Pen));
    });
    let (sender, state) = (queue.clone(), keys.clone());
    listen(pad, "blur", move |_: web_sys::Event| {
        let was_down = std::mem::take(&mut state.borrow_mut().down);
        state.borrow_mut().shown = false;
        sender.send(if was_down { Input::Pen(Pen::Up) } else { Input::Look });
    });
}

impl Keyboard {
    /// Moves the pen, or puts it down or lifts it where `by` is no move; what that means on the pad.
    fn key(&mut self, by: [f32; 2]) -> Option<Pen> {
        self.shown = true;
        if by == [0.0, 0.0] {
            self.down = !self.down;
            return Some(if self.down { Pen::Down(self.at) } else { Pen::Up });
        }
        self.at = std::array::from_fn(|i| (self.at[i] + by[i]).between(0.0, 1.0));
        self.down.then(|| Pen::Move(vec![self.at]))
    }
}
