//! The only file that paints. It turns marks into pixels: 0–1 coordinates into the canvas's size, meanings into colours.

#![expect(clippy::disallowed_types, reason = "all painting is done here")]

use super::document::{create, find, missing};
use crate::decimal::Between;
use crate::pictures::marks::{Extent, Ink, Mark, Point, Scene, Shade, along};
use crate::pictures::packed::Picture;
use crate::pictures::palette::Palette;
use std::cell::{Cell, RefCell};
use std::f64::consts::TAU;
use wasm_bindgen::{Clamped, JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, CanvasRenderingContext2d, HtmlCanvasElement, HtmlImageElement, ImageData};

/// More device pixels than that for one CSS pixel are not worth their time.
const MOST_PIXELS: f64 = 2.0;

/// The colours of the page as the stylesheet has them at this moment: the custom properties of the document's root. From now
/// on canvases may have other sizes too.
pub fn read_palette(before: &Palette) -> Palette {
    let root = super::document::document().document_element();
    let styles = root.and_then(|root| super::document::window().get_computed_style(&root).ok().flatten());
    let value = |ink: &Ink| styles.as_ref().and_then(|styles| styles.get_property_value(ink.token()).ok());
    let names = Ink::ALL.iter().map(|ink| value(ink).unwrap_or_default().trim().to_owned()).collect();
    Palette::of(names).with_look(before.look + 1)
}

/// A canvas of the page.
pub struct Canvas {
    /// The element.
    pub element: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    /// CSS pixels and device pixels for each of them.
    size: Cell<(f64, f64, f64)>,
    /// The look for which it was measured.
    look: Cell<u32>,
    /// A canvas as small as the last picture of cells, from which they are scaled up.
    cells: RefCell<Option<(HtmlCanvasElement, CanvasRenderingContext2d)>>,
}

impl Canvas {
    /// The canvas with that id.
    pub fn find(id: &str) -> Self {
        Self::new(find(id))
    }

    /// This canvas.
    pub fn new(element: HtmlCanvasElement) -> Self {
        let context = context(&element);
        Self { element, context, size: Cell::default(), look: Cell::default(), cells: RefCell::default() }
    }

    /// Makes it as large as the layout says; whether it can be seen at all. Asking for sizes makes the browser lay out
    /// the page, so it is done once for each look.
    pub fn fit(&self, palette: &Palette) -> bool {
        if self.look.replace(palette.look) == palette.look {
            let (width, height, _) = self.size.get();
            return width > 0.0 && height > 0.0;
        }
        let ratio = super::document::window().device_pixel_ratio().between(1.0, MOST_PIXELS);
        let (width, height) = (f64::from(self.element.client_width()), f64::from(self.element.client_height()));
        self.resize(width, height, ratio);
        width > 0.0 && height > 0.0
    }

    /// Width over height.
    pub fn aspect(&self) -> f32 {
        let (width, height, _) = self.size.get();
        (width / height.max(1.0)) as f32
    }

    fn resize(&self, width: f64, height: f64, ratio: f64) {
        let (w, h) = ((width * ratio).round() as u32, (height * ratio).round() as u32);
        if (self.element.width(), self.element.height()) != (w, h) {
            self.element.set_width(w);
            self.element.set_height(h);
        }
        self.size.set((width, height, ratio));
        drop(self.context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0));
    }

    /// Paints these marks and nothing else.
    pub fn paint(&self, marks: &[Mark], palette: &Palette) {
        self.clear();
        self.add(marks, palette);
        keep(|| Painted { element: self.element.clone(), picture: Picture { marks: marks.to_vec(), track: None } });
    }

    fn clear(&self) {
        let (width, height, _) = self.size.get();
        self.context.clear_rect(0.0, 0.0, width, height);
    }

    /// Paints these marks over what is there.
    fn add(&self, marks: &[Mark], palette: &Palette) {
        let mut brush = Brush { canvas: self, palette, ink: None };
        marks.iter().for_each(|mark| brush.draw(mark));
        self.context.set_global_alpha(1.0);
    }
}

/// A canvas of pixels: its size is theirs, whatever the layout makes of it.
pub struct PixelCanvas {
    /// The element.
    pub element: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
}

impl PixelCanvas {
    /// The canvas with that id.
    pub fn find(id: &str) -> Self {
        let element = find(id);
        let context = context(&element);
        Self { element, context }
    }

    /// Makes it so many pixels wide and high; it is empty then, if it was not so before.
    pub fn resize(&self, [width, height]: [usize; 2]) {
        let size = (width as u32, height as u32);
        if (self.element.width(), self.element.height()) != size {
            self.element.set_width(size.0);
            self.element.set_height(size.1);
        }
    }

    /// Puts pixels, red, green and blue each, in rows of so many, at this place.
    pub fn put(&self, rgb: &[u8], columns: usize, [x, y]: [usize; 2]) {
        let rows = rgb.len() / (3 * columns.max(1));
        let opaque = rgb.as_chunks::<3>().0.iter().flat_map(|[r, g, b]| [*r, *g, *b, 255]);
        let bytes: Vec<u8> = opaque.take(4 * rows * columns).collect();
        let image = ImageData::new_with_u8_clamped_array_and_sh(Clamped(&bytes), columns as u32, rows as u32);
        if let Ok(image) = image {
            drop(self.context.put_image_data(&image, x as f64, y as f64));
        }
    }

    /// Its pixels as the address of a picture; none where the browser does not give them.
    pub fn address(&self) -> Option<String> {
        self.element.to_data_url().ok()
    }
}

fn context(element: &HtmlCanvasElement) -> CanvasRenderingContext2d {
    let context = element.get_context("2d").ok().flatten();
    context.and_then(|context| context.dyn_into().ok()).unwrap_or_else(|| missing("2d context"))
}

/// What was painted on a canvas.
#[derive(Clone, Debug)]
pub struct Painted {
    /// The canvas.
    pub element: HtmlCanvasElement,
    /// What was painted on it.
    pub picture: Picture,
}

thread_local! {
    static KEPT: RefCell<Option<Vec<Painted>>> = const { RefCell::new(None) };
}

/// Everything that `draw` paints: a picture is saved as the marks that it is made of, whichever view makes them.
pub fn painted(draw: impl FnOnce()) -> Vec<Painted> {
    KEPT.set(Some(Vec::new()));
    draw();
    KEPT.take().unwrap_or_default()
}

/// A drawing in pixels, as a PNG: `scale` of them for one of the drawing's.
///
/// # Errors
/// What the browser says when it cannot draw it.
pub async fn rasterise(svg: &str, scale: f64) -> Result<Blob, JsValue> {
    let image: HtmlImageElement = create("img");
    image.set_src(&["data:image/svg+xml,", &String::from(js_sys::encode_uri_component(svg))].concat());
    JsFuture::from(image.decode()).await?;
    let canvas: HtmlCanvasElement = create("canvas");
    let (width, height) = (f64::from(image.natural_width()) * scale, f64::from(image.natural_height()) * scale);
    canvas.set_width(width as u32);
    canvas.set_height(height as u32);
    let context = canvas.get_context("2d")?.ok_or("there is no canvas to draw on")?;
    let context: CanvasRenderingContext2d = context.unchecked_into();
    context.draw_image_with_html_image_element_and_dw_and_dh(&image, 0.0, 0.0, width, height)?;
    let blob = js_sys::Promise::new(&mut |resolve, reject| {
        let done = wasm_bindgen::prelude::Closure::once_into_js(move |blob: JsValue| {
            let answer = if blob.is_null() { &reject } else { &resolve };
            drop(answer.call1(&JsValue::NULL, &blob));
        });
        drop(canvas.to_blob(done.unchecked_ref()));
    });
    Ok(JsFuture::from(blob).await?.unchecked_into())
}

/// Keeps what was painted, if somebody wants it.
fn keep(what: impl FnOnce() -> Painted) {
    KEPT.with_borrow_mut(|kept| {
        if let Some(kept) = kept {
            kept.push(what());
        }
    });
}

/// The canvas together with the colour it is filling with, which is slow to set again and again.
struct Brush<'a> {
    canvas: &'a Canvas,
    palette: &'a Palette,
    ink: Option<Ink>,
}

impl Brush<'_> {
    fn at(&self, point: Point) -> (f64, f64) {
        let (width, height, _) = self.canvas.size.get();
        (f64::from(point.0) * width, f64::from(point.1) * height)
    }

    fn extent(&self, extent: Extent, full: f64) -> f64 {
        (f64::from(extent.share) * full).max(f64::from(extent.least))
    }

    fn fill_with(&mut self, ink: Ink, alpha: f32) {
        if self.ink != Some(ink) {
            self.canvas.context.set_fill_style_str(self.palette.name(ink));
            self.ink = Some(ink);
        }
        self.canvas.context.set_global_alpha(f64::from(alpha));
    }

    fn path(&self, points: &[Point]) {
        let context = &self.canvas.context;
        context.begin_path();
        for (i, point) in points.iter().enumerate() {
            let (x, y) = self.at(*point);
            if i == 0 { context.move_to(x, y) } else { context.line_to(x, y) }
        }
    }

    fn draw(&mut self, mark: &Mark) {
        let (width, height, _) = self.canvas.size.get();
        let context = &self.canvas.context;
        match mark {
            Mark::Line { points, ink, width, dash } => self.line(points, *ink, *width, *dash),
            Mark::Curve { ends, part, ink, width, alpha } => self.curve(*ends, *part, *ink, *width, *alpha),
            Mark::Area { points, ink, alpha } => {
                self.path(points);
                self.fill_with(*ink, *alpha);
                context.fill();
            }
            Mark::Tick { at, width: w, height: h, ink, alpha } => {
                let ((x, y), w, h) = (self.at(*at), self.extent(*w, width), self.extent(*h, height));
                self.fill_with(*ink, *alpha);
                context.fill_rect(x - w / 2.0, y - h / 2.0, w, h);
            }
            Mark::Bar { from, to, ink, alpha } => {
                let ((x, y), (right, bottom)) = (self.at(*from), self.at(*to));
                self.fill_with(*ink, *alpha);
                context.fill_rect(x, y, right - x, bottom - y);
            }
            Mark::Dot { at, radius, fill, rim } => {
                let ((x, y), radius) = (self.at(*at), self.extent(*radius, width));
                self.dot(x, y, radius, *fill, *rim);
            }
            Mark::Cells { columns, shades } => self.cells(*columns, shades),
        }
    }

    fn line(&self, points: &[Point], ink: Ink, width: f32, dash: Option<(f32, f32)>) {
        if points.is_empty() {
            return;
        }
        let context = &self.canvas.context;
        context.set_global_alpha(1.0);
        context.set_stroke_style_str(self.palette.name(ink));
        context.set_line_width(f64::from(width));
        context.set_line_join("round");
        let pattern = js_sys::Array::new();
        if let Some((on, off)) = dash {
            pattern.push(&JsValue::from(on));
            pattern.push(&JsValue::from(off));
        }
        drop(context.set_line_dash(&pattern));
        // A thin level line is put on the middle of a pixel, or it is two pixels wide and grey.
        let sharp = width <= 1.0 && points.len() == 2 && points[0].1 == points[1].1;
        if sharp {
            let ((x, y), (right, _)) = (self.at(points[0]), self.at(points[1]));
            context.begin_path();
            context.move_to(x, y.floor() + 0.5);
            context.line_to(right, y.floor() + 0.5);
        } else {
            self.path(points);
        }
        context.stroke();
    }

    fn curve(&self, ends: [Point; 2], [from, to]: [f32; 2], ink: Ink, width: f32, alpha: f32) {
        let pieces = (24.0 * (to - from)).ceil().max(2.0);
        let at = |piece: u32| along(ends, from + (to - from) * piece as f32 / pieces);
        let context = &self.canvas.context;
        context.set_global_alpha(f64::from(alpha));
        context.set_stroke_style_str(self.palette.name(ink));
        context.set_line_width(f64::from(width));
        self.path(&(0..=pieces as u32).map(at).collect::<Vec<_>>());
        context.stroke();
    }

    fn dot(&mut self, x: f64, y: f64, radius: f64, fill: Shade, rim: Option<Ink>) {
        let context = &self.canvas.context;
        context.begin_path();
        drop(context.arc(x, y, radius, 0.0, TAU));
        context.set_global_alpha(1.0);
        context.set_fill_style_str(&self.palette.hex(fill));
        self.ink = None;
        context.fill();
        if let Some(rim) = rim {
            context.set_stroke_style_str(self.palette.name(rim));
            context.set_line_width(1.2);
            drop(context.set_line_dash(&js_sys::Array::new()));
            context.stroke();
        }
    }

    fn cells(&self, columns: usize, shades: &[Shade]) {
        let rows = shades.len() / columns.max(1);
        let mut bytes: Vec<u8> = Vec::with_capacity(rows * columns * 4);
        for shade in &shades[..rows * columns] {
            let [r, g, b] = self.palette.mix(*shade);
            bytes.extend([r, g, b, 255]);
        }
        // A fine picture is scaled smoothly, a coarse one keeps its squares.
        let smooth = columns > 100;
        drop(self.scale_up(columns as u32, rows as u32, &bytes, smooth));
    }

    fn scale_up(&self, columns: u32, rows: u32, bytes: &[u8], smooth: bool) -> Result<(), JsValue> {
        if columns == 0 || rows == 0 {
            return Ok(());
        }
        let mut kept = self.canvas.cells.borrow_mut();
        let fits = |(small, _): &(HtmlCanvasElement, _)| (small.width(), small.height()) == (columns, rows);
        if !kept.as_ref().is_some_and(fits) {
            let element: HtmlCanvasElement = create("canvas");
            element.set_width(columns);
            element.set_height(rows);
            let context = context(&element);
            *kept = Some((element, context));
        }
        let Some((small, small_context)) = kept.as_ref() else { return Ok(()) };
        let image = ImageData::new_with_u8_clamped_array_and_sh(Clamped(bytes), columns, rows)?;
        small_context.put_image_data(&image, 0.0, 0.0)?;
        let (width, height, _) = self.canvas.size.get();
        self.canvas.context.set_global_alpha(1.0);
        self.canvas.context.set_image_smoothing_enabled(smooth);
        self.canvas.context.draw_image_with_html_canvas_element_and_dw_and_dh(small, 0.0, 0.0, width, height)
    }
}

/// A canvas whose picture the cursor runs through: what it has passed is painted in one way, what is to come in
/// another. Both are painted once, when the picture changes; a frame only puts them together.
pub struct Stave {
    canvas: Canvas,
    past: Canvas,
    future: Canvas,
}

impl Stave {
    /// The stave on this canvas.
    pub fn new(element: HtmlCanvasElement) -> Self {
        let canvas = Canvas::new(element);
        Self { canvas, past: Canvas::new(create("canvas")), future: Canvas::new(create("canvas")) }
    }

    /// Its picture is this one now.
    pub fn prepare(&self, scene: &Scene, palette: &Palette) {
        keep(|| {
            let picture = Picture { marks: Vec::new(), track: Some((scene.clone(), 0.0)) };
            Painted { element: self.canvas.element.clone(), picture }
        });
        if self.canvas.fit(palette) {
            let (width, height, ratio) = self.canvas.size.get();
            for (layer, marks) in [(&self.past, &scene.past), (&self.future, &scene.future)] {
                layer.resize(width, height, ratio);
                layer.paint(marks, palette);
            }
        }
    }

    /// Shows it with the cursor at `x`, 0 to 1, and these marks on top.
    pub fn show(&self, x: f32, now: &[Mark], palette: &Palette) {
        let (width, height, ratio) = self.canvas.size.get();
        if width <= 0.0 || height <= 0.0 {
            return;
        }
        self.canvas.clear();
        // What glows reaches half a tick over the cursor, so the line is drawn where a column ends.
        let split = (f64::from(x) * width * ratio).round().between(0.0, width * ratio);
        for (layer, from, to) in [(&self.past, 0.0, split), (&self.future, split, width * ratio)] {
            let (w, h) = (to - from, height * ratio);
            if w >= 1.0 {
                let copied =
                    self.canvas.context.draw_image_with_html_canvas_element_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
                        &layer.element,
                        from,
                        0.0,
                        w,
                        h,
                        from / ratio,
                        0.0,
                        w / ratio,
                        height,
                    );
                drop(copied);
            }
        }
        self.canvas.add(now, palette);
        KEPT.with_borrow_mut(|kept| {
            let own = kept.iter_mut().flatten().find(|kept| kept.element == self.canvas.element);
            if let Some(Painted { picture: Picture { marks, track: Some((_, reached)) }, .. }) = own {
                (*marks, *reached) = (now.to_vec(), x);
            }
        });
    }

    /// The canvas's place on the page.
    pub const fn element(&self) -> &HtmlCanvasElement {
        &self.canvas.element
    }
}
