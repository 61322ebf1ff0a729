//! What a figure is: a model that a reader plays with, and the picture it gives.

use crate::decimal::Between;
use crate::pictures::csv::Table;
use crate::pictures::marks::{Mark, Point};
use crate::said::Said;

/// A key that a figure understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Arrow to the left.
    Left,
    /// Arrow to the right.
    Right,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// To the first.
    Home,
    /// To the last.
    End,
    /// Space or Enter.
    Space,
}

/// What a figure shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// The marks of each of its canvases, in the order of the document.
    pub canvases: Vec<Vec<Mark>>,
    /// Words beside the marks, by their `data-mark`, and where they stand; those without a place are not shown.
    pub names: Vec<(&'static str, Option<Point>)>,
    /// Short texts, by their `data-value`.
    pub values: Vec<(&'static str, String)>,
    /// What it says in sentences.
    pub said: Vec<Said>,
}

/// A figure of the article. Places are shares of a canvas, 0 to 1 from left to right and from top to bottom.
pub trait Figure {
    /// What a control of the figure stands at.
    fn text(&self, control: &str) -> String;

    /// Sets a control; nothing where the text means no value of it, and the figure is then as it was.
    fn set(&mut self, control: &str, text: &str) -> Option<()>;

    /// The pointer touched a canvas, at a place, or moved over it while pressed, from the place before.
    fn touch(&mut self, _canvas: usize, _before: Option<Point>, _at: Point) {}

    /// A key was pressed on a canvas.
    fn key(&mut self, _canvas: usize, _key: Key) {}

    /// A button was pressed.
    fn press(&mut self, _button: &str) {}

    /// What it shows.
    fn picture(&self) -> Picture;

    /// The numbers behind what it shows; what is counted on the page from 1 is counted from 1.
    fn table(&self) -> Table;
}

/// The time step, counted from 0, over which a place stands.
pub fn column_at(x: f32, time_steps: usize) -> usize {
    ((x.between(0.0, 1.0) * time_steps as f32) as usize).min(time_steps - 1)
}

/// A number as it stands in a sentence, with so many decimals and a true minus.
pub fn decimal(value: f32, decimals: usize) -> String {
    format!("{value:.decimals$}").replace('-', "\u{2212}")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::article::figures;
    use crate::pictures::csv::text;

    const DOCUMENT: &str = include_str!("../../www/index.html");

    /// Whether the document has all that a picture speaks of.
    pub(crate) fn is_in_document(picture: &Picture) {
        for said in &picture.said {
            let place = format!("data-say=\"{}\">", said.key);
            let words = DOCUMENT.split(&place).nth(1).unwrap_or_else(|| panic!("{place}"));
            let words = words.split("</p>").next().unwrap();
            let braces: Vec<&str> = words.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
            for brace in &braces {
                assert!(said.values.iter().any(|(name, _)| name == brace), "{}: {{{brace}}}", said.key);
            }
            for (name, _) in &said.values {
                assert!(braces.contains(name), "{} has no {{{name}}}", said.key);
            }
        }
        let names = picture.names.iter().map(|(name, _)| format!("data-mark=\"{name}\""));
        for place in names.chain(picture.values.iter().map(|(name, _)| format!("data-value=\"{name}\""))) {
            assert!(DOCUMENT.contains(&place), "{place}");
        }
    }

    /// The part of the document that is that figure.
    fn markup(id: &str) -> &'static str {
        let rest = DOCUMENT.split(&format!("id=\"{id}\"")).nth(1).unwrap_or_else(|| panic!("no {id}"));
        rest.split("</figure>").next().unwrap()
    }

    fn attributes(markup: &str, name: &str) -> Vec<String> {
        let start = format!(" {name}=\"");
        markup.split(&start).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_document_has_what_figures_show_and_figures_take_what_it_offers() {
        for (id, mut figure) in figures() {
            let (markup, picture) = (markup(id), figure.picture());
            is_in_document(&picture);
            assert_eq!(markup.matches("<canvas").count(), picture.canvases.len(), "{id}");
            for control in attributes(markup, "data-turn") {
                let text = figure.text(&control);
                assert!(figure.set(&control, &text).is_some(), "{id}: {control} does not take its own `{text}`");
                assert!(figure.set(&control, "x").is_none(), "{id}: {control}");
            }
            assert_eq!(figure.picture(), picture, "{id}: what was set to itself is as it was");
        }
    }

    #[test]
    fn a_table_has_rows_and_each_has_all_columns() {
        for (id, figure) in figures() {
            assert!(DOCUMENT.contains(&format!("data-save=\"{id}\"")), "{id} cannot be saved");
            let table = figure.table();
            let table = text(table.columns, &table.cells);
            let columns: Vec<usize> = table.lines().map(|line| line.split(',').count()).collect();
            assert!(columns.len() > 20 && columns.iter().all(|count| *count == columns[0]), "{id}: {table}");
        }
    }

    #[test]
    fn no_touch_or_key_is_too_much() {
        for (id, mut figure) in figures() {
            let buttons = attributes(markup(id), "data-do");
            let canvases = figure.picture().canvases.len();
            for canvas in 0..canvases {
                for at in [(0.0, 0.0), (1.0, 1.0), (-3.0, 7.0), (0.5, 0.5)] {
                    figure.touch(canvas, None, at);
                    figure.touch(canvas, Some((0.2, 0.9)), at);
                }
                for key in [Key::Left, Key::Up, Key::Space, Key::End, Key::Right, Key::Down, Key::Home] {
                    for _ in 0..100 {
                        figure.key(canvas, key);
                    }
                    is_in_document(&figure.picture());
                }
            }
            buttons.iter().for_each(|button| figure.press(button));
            is_in_document(&figure.picture());
        }
    }

    #[test]
    fn a_place_is_over_its_time_step() {
        assert_eq!([column_at(-1.0, 4), column_at(0.26, 4), column_at(1.0, 4)], [0, 1, 3]);
        assert_eq!(decimal(-0.25, 1), "\u{2212}0.2");
    }
}
