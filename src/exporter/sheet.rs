//! A part of the page as a drawing: its canvases by what was painted on them, with the words that stand beside them.

use crate::dom::document::window;
use crate::pictures::packed::Picture;
use crate::pictures::palette::Palette;
use crate::pictures::svg::{Frame, Motion, Sheet, Words};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CssStyleDeclaration, Element};

/// Room around a picture in its file, in CSS pixels.
const MARGIN: f64 = 8.0;

/// A part of the page as a file. `reached` is where the cursor stands in its staves, 0 to 1.
pub fn drawing(
    root: &Element,
    painted: &[(JsValue, Picture)],
    palette: &Palette,
    motion: Option<Motion>,
    reached: f64,
) -> String {
    let area = root.get_bounding_client_rect();
    // The sentences below a figure of the article are for those who play with it.
    let below = root.query_selector("figcaption:not(.cap)").ok().flatten();
    let bottom = below.map_or(area.bottom(), |below| below.get_bounding_client_rect().top());
    let mut sheet = Sheet::new(area.width() + 2.0 * MARGIN, bottom - area.top() + 2.0 * MARGIN, palette, motion);
    let place = |element: &Element| {
        let own = element.get_bounding_client_rect();
        let (x, y) = (own.left() - area.left() + MARGIN, own.top() - area.top() + MARGIN);
        Frame { x, y, width: own.width(), height: own.height() }
    };
    let staves: Vec<Frame> = all_below(root)
        .iter()
        .filter_map(|element| {
            let frame = place(element);
            add(&mut sheet, element, frame, painted, motion.is_some()).then_some(frame)
        })
        .collect();
    if let (Some(first), Some(last)) = (staves.first(), staves.last()) {
        let height = last.y + last.height - first.y;
        sheet.add_cursor(Frame { height, ..*first }, reached);
    }
    sheet.finish()
}

fn all_below(root: &Element) -> Vec<Element> {
    let Ok(list) = root.query_selector_all("*") else { return Vec::new() };
    (0..list.length()).filter_map(|i| list.item(i)?.dyn_into().ok()).collect()
}

/// Adds an element of the page to the sheet: a canvas by what was painted on it, others by their ground and their text.
/// Whether it was a stave.
fn add(sheet: &mut Sheet<'_>, element: &Element, frame: Frame, painted: &[(JsValue, Picture)], moves: bool) -> bool {
    let inside = |selector: &str| element.closest(selector).ok().flatten().is_some();
    let Ok(Some(style)) = window().get_computed_style(element) else { return false };
    let is = |name: &str, value: &str| style.get_property_value(name).is_ok_and(|own| own == value);
    if frame.width <= 1.0 || frame.height <= 1.0 || is("visibility", "hidden") || is("opacity", "0") {
        return false;
    }
    let own: &JsValue = element.as_ref();
    if let Some((_, canvas)) = painted.iter().rev().find(|(canvas, _)| canvas == own) {
        match &canvas.track {
            Some((scene, reached)) => sheet.add_stave(frame, &scene.past, &scene.future, f64::from(*reached)),
            // What grows with time is uncovered by the cursor.
            None if moves && inside(".stave") => sheet.add_stave(frame, &canvas.marks, &[], 1.0),
            None => sheet.add(frame, &canvas.marks),
        }
        // What glows under the cursor belongs to one moment.
        if canvas.track.is_some() && !moves {
            sheet.add(frame, &canvas.marks);
        }
        return canvas.track.is_some();
    }
    // Buttons that save are for the page, and what the cursor is is drawn anew.
    if inside("[data-save], .cursor, .unseen, figcaption:not(.cap)")
        || (moves && inside(".first, .second, .mark.strong, .win"))
    {
        return false;
    }
    add_plain(sheet, element, frame, &style);
    false
}

fn add_plain(sheet: &mut Sheet<'_>, element: &Element, frame: Frame, style: &CssStyleDeclaration) {
    let value = |name: &str| style.get_property_value(name).unwrap_or_default();
    let ground = value("background-color");
    // Captions lie on the paper itself.
    if !ground.ends_with(", 0)") && element.closest(".cap").ok().flatten().is_none_or(|_| element.tag_name() == "I") {
        sheet.rect(frame, &ground, 1.0);
    }
    // A number within a text is written with it.
    let is_whole = |element: &Element| matches!(element.query_selector(":scope>:not(data)"), Ok(None));
    let within = element.tag_name() == "DATA" && element.parent_element().is_some_and(|parent| is_whole(&parent));
    if is_whole(element)
        && !within
        && let Some(text) = element.text_content().filter(|text| !text.trim().is_empty())
    {
        let [size, weight, colour] = [value("font-size"), value("font-weight"), value("color")];
        sheet.add_words(&Words { frame, text: text.trim(), size: &size, weight: &weight, colour: &colour });
    }
}
