//! The colours that inks stand for.

use super::marks::{Ink, Shade};
use crate::decimal::Between;

/// The colours of a picture by their meaning: on the page those of the stylesheet at this moment.
#[derive(Clone, Debug, Default)]
pub struct Palette {
    colours: Vec<[u8; 3]>,
    names: Vec<String>,
    /// Counts how often the page's look changed: a canvas measures itself once for each.
    pub look: u32,
}

/// The colours of `www/style.css` by day and by night, in the order of [`Ink::ALL`].
const LIGHT: [&str; 9] =
    ["#fdfdfc", "#f2f3f3", "#dfe2e4", "#14171c", "#666d77", "#c9cdd2", "#c8440c", "#1f5fc4", "#008a5e"];
const DARK: [&str; 9] =
    ["#0e1113", "#171b1e", "#2a2f34", "#eceef0", "#8b949e", "#3a4148", "#ff8552", "#6ea4ff", "#45e6a6"];

impl Palette {
    /// The stylesheet's colours by day, for files that are made without it.
    pub fn light() -> Self {
        Self::of(LIGHT.map(str::to_owned).to_vec())
    }

    /// The stylesheet's colours by night.
    pub fn dark() -> Self {
        Self::of(DARK.map(str::to_owned).to_vec())
    }

    /// These colours, `#rrggbb`, in the order of [`Ink::ALL`].
    pub fn of(names: Vec<String>) -> Self {
        Self { colours: names.iter().map(|name| parse(name)).collect(), names, look: 0 }
    }

    /// The same colours for a look with this number.
    #[must_use]
    pub fn with_look(self, look: u32) -> Self {
        Self { look, ..self }
    }

    /// The colour as the stylesheet writes it.
    pub fn name(&self, ink: Ink) -> &str {
        self.names.get(ink as usize).map_or("#888", String::as_str)
    }

    /// A colour between two, as `#rrggbb`.
    pub fn hex(&self, shade: Shade) -> String {
        let [r, g, b] = self.mix(shade);
        format!("#{r:02x}{g:02x}{b:02x}")
    }

    /// The same as red, green and blue.
    pub fn mix(&self, shade: Shade) -> [u8; 3] {
        let colour = |ink: Ink| self.colours.get(ink as usize).copied().unwrap_or([136; 3]);
        blend(colour(shade.from), colour(shade.to), shade.amount)
    }
}

/// A colour between two, `amount` of the way.
pub(super) fn blend(from: [u8; 3], to: [u8; 3], amount: f32) -> [u8; 3] {
    std::array::from_fn(|i| {
        let (a, b) = (f32::from(from[i]), f32::from(to[i]));
        (a + (b - a) * amount.between(0.0, 1.0)).round() as u8
    })
}

/// `#rrggbb`, as the stylesheet writes it.
fn parse(name: &str) -> [u8; 3] {
    let channel = |i: usize| name.get(1 + 2 * i..3 + 2 * i).and_then(|hex| u8::from_str_radix(hex, 16).ok());
    [channel(0).unwrap_or(136), channel(1).unwrap_or(136), channel(2).unwrap_or(136)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_the_colours_of_the_stylesheet() {
        let styles = include_str!("../../www/style.css");
        let after =
            |start: &str| styles.split(start).nth(1).and_then(|rest| rest.split('}').next()).unwrap_or_default();
        let themes = [(":root {", Palette::light()), (":root[data-theme=\"dark\"] {", Palette::dark())];
        for (start, palette) in themes {
            for ink in Ink::ALL {
                let value = after(start).split(&format!("{}: ", ink.token())).nth(1).and_then(|rest| rest.get(..7));
                assert_eq!(value, Some(palette.name(ink)), "{ink:?} after {start}");
            }
        }
    }
}
