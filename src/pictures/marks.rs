//! What pictures are made of. A view turns a model into marks; `canvas.rs` paints them. Places are shares of the
//! picture, 0 to 1 from left to right and from top to bottom, so a view knows nothing of pixels.

use crate::decimal::Between;

/// A colour by its meaning; `style.css` says which one it is, in light and in dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// The ground.
    Paper,
    /// A surface.
    Wash,
    /// Lines that order.
    Rule,
    /// Values, the winner.
    Ink,
    /// Names, axes, the runner-up.
    Faint,
    /// What has not happened yet, the also-rans.
    Ghost,
    /// Excitation.
    Exc,
    /// Inhibition.
    Inh,
    /// A spike.
    Spike,
}

impl Ink {
    /// All of them.
    pub const ALL: [Self; 9] =
        [Self::Paper, Self::Wash, Self::Rule, Self::Ink, Self::Faint, Self::Ghost, Self::Exc, Self::Inh, Self::Spike];

    /// The custom property that `style.css` gives it.
    pub const fn token(self) -> &'static str {
        match self {
            Self::Paper => "--paper",
            Self::Wash => "--wash",
            Self::Rule => "--rule",
            Self::Ink => "--ink",
            Self::Faint => "--ink-3",
            Self::Ghost => "--ghost",
            Self::Exc => "--exc",
            Self::Inh => "--inh",
            Self::Spike => "--spike",
        }
    }
}

/// A place in a picture.
pub type Point = (f32, f32);

/// How large something is: a share of the picture, but at least so many CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    /// Share of the picture's width or height.
    pub share: f32,
    /// CSS pixels.
    pub least: f32,
}

/// So many CSS pixels.
pub const fn px(least: f32) -> Extent {
    Extent { share: 0.0, least }
}

/// A colour between two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shade {
    /// The colour at 0.
    pub from: Ink,
    /// The colour at 1.
    pub to: Ink,
    /// Where between them, 0 to 1.
    pub amount: f32,
}

impl Shade {
    /// A weight from -1 to 1: blue – ground – orange, so that zero disappears.
    pub fn of_weight(weight: f32) -> Self {
        let to = if weight > 0.0 { Ink::Exc } else { Ink::Inh };
        Self { from: Ink::Wash, to, amount: vivid(weight.abs().min(1.0)) }
    }
}

/// Lifts small values a little, as a power of 0.8 would, at a fraction of its price.
fn vivid(value: f32) -> f32 {
    0.55 * value + 0.45 * value.sqrt()
}

/// One thing to paint.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A line through points, its width in CSS pixels.
    Line {
        /// The points.
        points: Vec<Point>,
        /// Its colour.
        ink: Ink,
        /// Its width.
        width: f32,
        /// Dash and gap in CSS pixels; drawn through where there are none.
        dash: Option<(f32, f32)>,
    },
    /// A connection: it leaves its start and reaches its end levelly.
    Curve {
        /// Start and end.
        ends: [Point; 2],
        /// From where to where on its way it is drawn, as shares of it.
        part: [f32; 2],
        /// Its colour.
        ink: Ink,
        /// Its width in CSS pixels.
        width: f32,
        /// How opaque it is.
        alpha: f32,
    },
    /// A filled outline.
    Area {
        /// Its corners.
        points: Vec<Point>,
        /// Its colour.
        ink: Ink,
        /// How opaque it is.
        alpha: f32,
    },
    /// An upright rectangle around a place.
    Tick {
        /// Its middle.
        at: Point,
        /// Its width.
        width: Extent,
        /// Its height.
        height: Extent,
        /// Its colour.
        ink: Ink,
        /// How opaque it is.
        alpha: f32,
    },
    /// An upright rectangle between two corners.
    Bar {
        /// The upper left corner.
        from: Point,
        /// The lower right corner.
        to: Point,
        /// Its colour.
        ink: Ink,
        /// How opaque it is.
        alpha: f32,
    },
    /// A disc.
    Dot {
        /// Its middle.
        at: Point,
        /// Its radius; the share is one of the width.
        radius: Extent,
        /// What it is filled with.
        fill: Shade,
        /// The colour of its rim.
        rim: Option<Ink>,
    },
    /// A picture of small rectangles that fills everything, row by row.
    Cells {
        /// How many in a row.
        columns: usize,
        /// Their colours.
        shades: Vec<Shade>,
    },
}

/// A line of one colour, drawn through.
pub fn line(points: Vec<Point>, ink: Ink, width: f32) -> Mark {
    Mark::Line { points, ink, width, dash: None }
}

/// A level line from edge to edge.
pub fn level(y: f32, ink: Ink) -> Mark {
    line(vec![(0.0, y), (1.0, y)], ink, 1.0)
}

/// One colour as a shade.
pub const fn plain(ink: Ink) -> Shade {
    Shade { from: ink, to: ink, amount: 0.0 }
}

/// The place on a [`Mark::Curve`] after a share of its way.
pub fn along([from, to]: [Point; 2], share: f32) -> Point {
    let s = share.between(0.0, 1.0);
    let x = 1.5 * s * (1.0 - s) + s * s * s;
    let y = s * s * (3.0 - 2.0 * s);
    (from.0 + (to.0 - from.0) * x, from.1 + (to.1 - from.1) * y)
}

/// A picture over time in two states: what the cursor has passed is shown as `past`, the rest as `future`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// How it looks once it has happened.
    pub past: Vec<Mark>,
    /// How it looks before.
    pub future: Vec<Mark>,
}

/// Where time step `t`, counted from 0, stands between left and right: in the middle of its column.
pub fn column(t: usize, time_steps: usize) -> f32 {
    (t as f32 + 0.5) / time_steps.max(1) as f32
}

/// Where the cursor stands at the moment `now`, from 1 (the first time step) to T.
pub fn cursor(now: f32, time_steps: usize) -> f32 {
    (now - 0.5) / time_steps.max(1) as f32
}

/// How brightly a spike of time step `t`, counted from 0, still glows at the moment `now`; 0 before it.
///
/// ```
/// use spiking_playground::pictures::marks::afterglow;
/// assert_eq!(afterglow(1.0, 0), 1.0);
/// assert_eq!(afterglow(1.0, 1), 0.0);
/// assert!(afterglow(2.0, 0) < 0.5);
/// ```
pub fn afterglow(now: f32, t: usize) -> f32 {
    let since = now - (t as f32 + 1.0);
    if since < -0.02 { 0.0 } else { (-1.1 * since.max(0.0)).exp() }
}

/// The time steps that still glow at the moment `now`, with their brightness.
pub fn glowing(now: f32, time_steps: usize) -> impl Iterator<Item = (usize, f32)> {
    let last = (now.floor() as usize).min(time_steps);
    (last.saturating_sub(4)..last).map(move |t| (t, afterglow(now, t))).filter(|(_, glow)| *glow > 0.03)
}
