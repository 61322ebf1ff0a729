//! The layer in the document: what comes of it is put into the elements of `www/index.html`.

use super::state::Watched;
use crate::digits::drawing::SIDE;
use crate::dom::canvas::{Canvas, PixelCanvas, read_palette};
use crate::dom::document::{
    Text, create, document, find, listen, listen_actively, numbers, place, place_of, press, sentences, style, window,
};
use crate::dom::save::save_file;
use crate::pictures::mosaic::{colour, field};
use crate::pictures::palette::Palette;
use crate::pictures::{courses, fields_sheet, stdp_window};
use crate::plasticity::glimpse::Glimpse;
use std::cell::RefCell;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Event, HtmlElement, HtmlOptionElement, KeyboardEvent, PointerEvent, ResizeObserver};

/// The classes of images that have no names.
const CLASSES: usize = 10;
/// Fields that are painted in a frame: a layer of thousands would keep the page from answering.
const FIELDS_A_FRAME: usize = 256;

thread_local! {
    static VIEW: RefCell<Option<View>> = const { RefCell::new(None) };
}

/// The elements, and what they show.
struct View {
    watched: Watched,
    palette: Palette,
    words: Vec<(String, String)>,
    mosaic: PixelCanvas,
    rims: Canvas,
    thresholds: Canvas,
    newest: [Canvas; 3],
    courses: Canvas,
    course_names: HtmlElement,
    window: Canvas,
    window_names: [(HtmlElement, (f32, f32)); 3],
    legend: HtmlElement,
    sort: HtmlElement,
    told: Text,
    told_of_newest: Text,
    /// Places whose fields are to be painted.
    stale: Vec<usize>,
    /// Whether anything else is to be drawn.
    is_stale: bool,
    /// Whether who fired glows for a while.
    glows: bool,
    /// Whether a frame was asked for.
    asked: bool,
}

/// Finds the elements and listens to what is done with them.
pub fn open() {
    VIEW.set(Some(View::find()));
    with(View::look);
    let mosaic: HtmlElement = find("fields-mosaic");
    let sort: HtmlElement = find("fields-sort");
    let saving: HtmlElement = find("fields-save");
    listen(&sort, "click", |_: Event| with(|view| view.sort(!view.watched.is_sorted)));
    listen(&saving, "click", |_: Event| with(View::save));
    for name in ["pointermove", "pointerdown"] {
        let own = mosaic.clone();
        listen(&mosaic, name, move |event: PointerEvent| {
            let at = place_of(&own, &event);
            with(|view| view.point(view.watched.tiling(SIDE).at(at)));
        });
    }
    for name in ["pointerleave", "blur"] {
        listen(&mosaic, name, |_: Event| with(|view| view.point(None)));
    }
    let own = mosaic.clone();
    listen_actively(&mosaic, "keydown", move |event: KeyboardEvent| {
        let (right, down) = match event.key().as_str() {
            "ArrowLeft" => (-1, 0),
            "ArrowRight" => (1, 0),
            "ArrowUp" => (0, -1),
            "ArrowDown" => (0, 1),
            "Enter" | " " => {
                event.prevent_default();
                event.stop_propagation();
                return own.click();
            }
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        with(|view| view.point(view.watched.moved(right, down)));
    });
    let window = window();
    for name in ["resize", "hashchange"] {
        listen(&window, name, |_: Event| with(View::look));
    }
    // www/paper.js wants all of it at once.
    listen(&window, "paper", |_: Event| {
        with(|view| {
            view.look();
            view.draw();
            while !view.stale.is_empty() {
                view.draw();
            }
        });
    });
    if let Ok(Some(dark)) = window.match_media("(prefers-color-scheme: dark)") {
        listen(&dark, "change", |_: Event| with(View::look));
    }
    let seen = Closure::<dyn FnMut()>::new(|| with(View::look));
    if let Ok(observer) = ResizeObserver::new(seen.as_ref().unchecked_ref()) {
        observer.observe(&mosaic);
    }
    seen.forget();
}

/// The layer is seen again: the bytes of a [`Glimpse`].
pub fn glimpse(bytes: &[u8]) {
    // Page, engine and this program are of one build, so they are always bytes of one.
    if let Some(glimpse) = Glimpse::from_bytes(bytes) {
        with(|view| view.see(glimpse));
    }
}

/// The picture in hand makes each neuron fire so often.
pub fn firing(counts: &[u32]) {
    with(|view| {
        view.watched.fire(counts);
        view.is_stale = true;
    });
}

/// Does something with the view, and asks for a frame if there is something to draw then.
fn with(act: impl FnOnce(&mut View)) {
    VIEW.with_borrow_mut(|view| {
        let Some(view) = view else { return };
        act(view);
        if (view.is_stale || view.glows || !view.stale.is_empty()) && !view.asked {
            let frame = Closure::once_into_js(|| with(View::draw));
            view.asked = window().request_animation_frame(frame.unchecked_ref()).is_ok();
        }
    });
}

/// The page's clock, in milliseconds.
fn now() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

/// What the classes of the images are called that are learnt; nothing where their numbers are their names.
fn names() -> Vec<String> {
    let option = document().query_selector("[data-set=dataset] option:checked").ok().flatten();
    let names = option.and_then(|option| option.dyn_ref::<HtmlOptionElement>()?.dataset().get("names"));
    names.map_or(Vec::new(), |names| names.split(',').map(str::to_owned).collect())
}

/// What a class is called.
fn name(names: &[String], class: usize) -> String {
    names.get(class).cloned().unwrap_or_else(|| class.to_string())
}

impl View {
    fn find() -> Self {
        let name = |id: &str, at: (f32, f32)| (find(id), at);
        Self {
            watched: Watched::default(),
            palette: Palette::default(),
            words: sentences("fields-phrases"),
            mosaic: PixelCanvas::find("fields-mosaic"),
            rims: Canvas::find("fields-rims"),
            thresholds: Canvas::find("fields-thresholds"),
            newest: ["newest-picture", "newest-field", "newest-change"].map(Canvas::find),
            courses: Canvas::find("courses"),
            course_names: find("course-names"),
            window: Canvas::find("stdp-window"),
            window_names: [
                name("m-window-after", (1.0, 0.07)),
                name("m-window-before", (0.0, 0.07)),
                name("m-window-apart", (0.5, 0.93)),
            ],
            legend: find("fields-legend"),
            sort: find("fields-sort"),
            told: Text::find("fields-told"),
            told_of_newest: Text::find("newest-told"),
            stale: Vec::new(),
            is_stale: true,
            glows: false,
            asked: false,
        }
    }

    /// Sizes or colours may be others: everything is drawn anew.
    fn look(&mut self) {
        self.palette = read_palette(&self.palette);
        self.stale = (0..self.watched.neurons()).collect();
        self.is_stale = true;
    }

    fn see(&mut self, glimpse: Glimpse) {
        let still = window().match_media("(prefers-reduced-motion: reduce)").ok().flatten();
        for place in self.watched.see(glimpse, now()) {
            if !self.stale.contains(&place) {
                self.stale.push(place);
            }
        }
        self.glows = !still.is_some_and(|still| still.matches());
        self.is_stale = true;
    }

    fn sort(&mut self, by_label: bool) {
        self.watched.sort(by_label);
        self.look();
    }

    fn point(&mut self, at: Option<usize>) {
        if self.watched.pointed == at {
            return;
        }
        self.watched.pointed = at;
        self.is_stale = true;
        // The page hears a click, and which neuron it was on.
        let element: &HtmlElement = &self.mosaic.element;
        match at.and_then(|place| self.watched.at(place)) {
            Some((neuron, ..)) => drop(element.dataset().set("n", &neuron.to_string())),
            None => element.dataset().delete("n"),
        }
    }

    /// A frame.
    fn draw(&mut self) {
        self.asked = false;
        let tiling = self.watched.tiling(SIDE);
        if self.mosaic.element.width() as usize != tiling.size()[0] {
            self.mosaic.resize(tiling.size());
            self.stale = (0..self.watched.neurons()).collect();
        }
        let later = self.stale.split_off(FIELDS_A_FRAME.min(self.stale.len()));
        for place in std::mem::replace(&mut self.stale, later) {
            self.paint(place, &self.palette);
        }
        let glow = if self.glows { self.watched.glow(now()) } else { 0.0 };
        self.glows &= glow > 0.0;
        if self.rims.fit(&self.palette) {
            self.rims.paint(&self.watched.rims(tiling, glow), &self.palette);
        }
        if std::mem::take(&mut self.is_stale) {
            self.draw_beside();
        }
    }

    /// What is beside the fields.
    fn draw_beside(&self) {
        let (palette, names) = (&self.palette, names());
        let draw = |canvas: &Canvas, marks: &dyn Fn() -> Vec<crate::pictures::marks::Mark>| {
            if canvas.fit(palette) {
                canvas.paint(&marks(), palette);
            }
        };
        draw(&self.thresholds, &|| self.watched.thresholds());
        for (canvas, marks) in self.newest.iter().zip(self.watched.newest(SIDE)) {
            draw(canvas, &|| marks.clone());
        }
        let newest = &self.watched.newest;
        draw(&self.window, &|| stdp_window::marks(&newest.window, newest.decays));
        self.window_names.iter().for_each(|(name, at)| place(name, Some(*at)));
        if let Some(learnt) = &newest.learnt {
            draw(&self.courses, &|| courses::marks(learnt, newest.inhibition));
            let names = courses::names(learnt).into_iter();
            let names: Vec<_> = names.map(|(neuron, at)| (format!("#{neuron}"), at, "left")).collect();
            numbers(&self.course_names, &names);
        }
        let name = |class: u8| name(&names, class.into());
        let words = |said: &crate::said::Said| said.in_words(&self.words);
        self.told.set(&self.watched.told(name).iter().map(words).collect::<Vec<_>>().join(" "));
        self.told_of_newest.set(&self.watched.told_of_newest(name).as_ref().map(words).unwrap_or_default());
        press(&self.sort, self.watched.is_sorted);
        self.draw_legend(&names);
    }

    /// How many neurons stand for each class, in its colour.
    fn draw_legend(&self, names: &[String]) {
        let classes = names.len().max(CLASSES);
        let spans = self.legend.children();
        for (class, count) in self.watched.counts(classes).into_iter().enumerate() {
            let there = spans.item(class as u32).and_then(|span| span.dyn_into().ok());
            let span: HtmlElement = there.unwrap_or_else(|| {
                let span: HtmlElement = create("span");
                drop(self.legend.append_child(&span));
                span
            });
            let [r, g, b] = colour(class, &self.palette);
            style(&span, "border-color", &format!("rgb({r},{g},{b})"));
            drop(span.dataset().set("class", &name(names, class)));
            let text = count.to_string();
            if span.text_content().as_deref() != Some(&text) {
                span.set_text_content(Some(&text));
            }
        }
    }

    fn paint(&self, place: usize, palette: &Palette) {
        if let Some((_, label, weights)) = self.watched.at(place) {
            self.mosaic.put(&field(&weights, label, palette), SIDE, self.watched.tiling(SIDE).corner(place));
        }
    }

    /// The fields as a file, as the command line writes it: by day.
    fn save(&mut self) {
        (0..self.watched.neurons()).for_each(|place| self.paint(place, &Palette::light()));
        let address = self.mosaic.address();
        self.look();
        let Some(address) = address else { return };
        let [width, height] = self.watched.tiling(SIDE).size();
        let names = names();
        let counts = self.watched.counts(names.len().max(CLASSES));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let sheet = fields_sheet::picture(&address, (width, height), &counts, &names);
        let told = self.told.element.clone();
        save_file("fields.svg", sheet.as_bytes(), move |reason| told.set_text_content(Some(&reason)));
    }
}
