//! The elements of an SVG file, in the colours and type of the page, light or dark as the reader's system has it.

use std::fmt::Write;

/// A position, in pixels from the upper left corner.
pub type Point = (f32, f32);

/// The colours: name, on light and on dark ground.
const COLOURS: [(&str, &str, &str); 10] = [
    ("paper", "#fdfdfc", "#0e1113"),
    ("wash", "#f2f3f3", "#171b1e"),
    ("rule", "#dfe2e4", "#2a2f34"),
    ("strong", "#14171c", "#eceef0"),
    ("soft", "#535a64", "#a7afb8"),
    ("faint", "#666d77", "#8b949e"),
    ("ghost", "#c9cdd2", "#3a4148"),
    ("exc", "#c8440c", "#ff8552"),
    ("inh", "#1f5fc4", "#6ea4ff"),
    ("spike", "#008a5e", "#45e6a6"),
];

/// The role of a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// The ground.
    Paper,
    /// The ground of a surface.
    Wash,
    /// Frames.
    Rule,
    /// Values, the winner, membrane potentials.
    Strong,
    /// Sentences.
    Soft,
    /// Names, axes, the threshold.
    Faint,
    /// The other classes.
    Ghost,
    /// Excitatory currents.
    Exc,
    /// Inhibitory currents.
    Inh,
    /// Spikes.
    Spike,
}

impl Ink {
    fn name(self) -> &'static str {
        COLOURS[self as usize].0
    }
}

/// The style of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Numbers of an axis.
    Axis,
    /// Captions.
    Caption,
    /// Names, in bold.
    Name,
    /// A heading.
    Heading,
    /// The answer.
    Answer,
}

impl Type {
    const fn class(self) -> &'static str {
        match self {
            Self::Axis => "t11",
            Self::Caption => "t12",
            Self::Name => "t12 b",
            Self::Heading => "t17 b",
            Self::Answer => "t120 b",
        }
    }
}

/// The alignment of a text at its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// A picture under construction: later elements cover earlier ones.
#[derive(Clone, Debug)]
pub struct Svg {
    size: Point,
    body: String,
    captions: String,
}

impl Svg {
    /// An empty picture of this width and height, in pixels.
    pub const fn new(width: f32, height: f32) -> Self {
        Self { size: (width, height), body: String::new(), captions: String::new() }
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing into a string does not fail.
        let _ = writeln!(self.body, "{element}");
    }

    /// A filled rectangle.
    pub fn rect(&mut self, at: Point, size: Point, ink: Ink, opacity: f32) {
        let ((x, y), (width, height)) = (pair(at), pair(size));
        let (class, faded) = (ink.name(), faded(opacity));
        self.add(format_args!(r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" class="f-{class}"{faded}/>"#));
    }

    /// A line through the points; `dash` gives the lengths of dash and gap.
    pub fn line(&mut self, points: &[Point], ink: Ink, width: f32, dash: Option<Point>) {
        let path: Vec<String> = points.iter().map(|point| pair(*point)).map(|(x, y)| format!("{x} {y}")).collect();
        let dash = dash.map_or(String::new(), |(dash, gap)| format!(r#" stroke-dasharray="{dash} {gap}""#));
        let (class, path) = (ink.name(), path.join(" L"));
        self.add(format_args!(r#"<path d="M{path}" class="s-{class}" stroke-width="{width}"{dash}/>"#));
    }

    /// Separate strokes from each place, each `by` long, in one element.
    pub fn strokes(&mut self, from: &[Point], by: Point, ink: Ink, width: f32, opacity: f32) {
        if from.is_empty() {
            return;
        }
        let ((dx, dy), mut path) = (pair(by), String::new());
        for (x, y) in from.iter().map(|point| pair(*point)) {
            let _ = write!(path, "M{x} {y}l{dx} {dy}");
        }
        let (class, faded) = (ink.name(), faded(opacity));
        let width = number(width);
        self.add(format_args!(r#"<path d="{path}" class="s-{class} flat" stroke-width="{width}"{faded}/>"#));
    }

    /// A disc with a rim.
    pub fn dot(&mut self, at: Point, radius: f32, fill: Ink, rim: Ink) {
        let (x, y) = pair(at);
        let class = format!("f-{} s-{}", fill.name(), rim.name());
        self.add(format_args!(r#"<circle cx="{x}" cy="{y}" r="{radius}" class="{class}" stroke-width="1.2"/>"#));
    }

    /// A pill centred at a position, for a text.
    pub fn pill(&mut self, middle: Point, size: Point, ink: Ink) {
        let ((x, y), (width, height)) = (pair((middle.0 - size.0 / 2.0, middle.1 - size.1 / 2.0)), pair(size));
        let (radius, class) = (number(size.1 / 2.0), ink.name());
        self.add(format_args!(
            r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}" class="f-{class}"/>"#
        ));
    }

    /// A text on a base line.
    pub fn text(&mut self, at: Point, anchor: Anchor, set: Type, ink: Ink, text: &str) {
        let (x, y) = pair(at);
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => r#" text-anchor="middle""#,
            Anchor::End => r#" text-anchor="end""#,
        };
        let (set, class, text) = (set.class(), ink.name(), escaped(text));
        self.add(format_args!(r#"<text x="{x}" y="{y}" class="{set} f-{class}"{anchor}>{text}</text>"#));
    }

    /// A name with a fainter note after it, on a base line. Captions lie over all that is drawn and keep it off.
    pub fn caption(&mut self, at: Point, set: Type, name: &str, note: &str) {
        let ((x, y), set, [name, note]) = (pair(at), set.class(), [name, note].map(escaped));
        let note =
            if note.is_empty() { note } else { format!(r#"<tspan dx="9" class="t12 n f-faint">{note}</tspan>"#) };
        let class = format!("{set} f-strong s-paper halo");
        let _ = writeln!(self.captions, r#"<text x="{x}" y="{y}" class="{class}">{name}{note}</text>"#);
    }

    /// The file's text, with `title` and `description` for screen readers.
    pub fn finish(self, title: &str, description: &str) -> String {
        let ((width, height), style) = (pair(self.size), style());
        let size = format!(r#"width="{width}" height="{height}""#);
        let (title, description) = (escaped(title), escaped(description));
        let (body, captions) = (self.body, self.captions);
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width} {height}" role="img">
<title>{title}</title>
<desc>{description}</desc>
<style>
{style}</style>
<rect {size} class="f-paper"/>
{body}{captions}</svg>
"#
        )
    }
}

fn style() -> String {
    let rules = |colour: fn(&(&'static str, &'static str, &'static str)) -> &'static str| {
        COLOURS.iter().fold(String::new(), |rules, colours| {
            let (name, value) = (colours.0, colour(colours));
            rules + &format!(".f-{name}{{fill:{value}}}.s-{name}{{stroke:{value}}}\n")
        })
    };
    let (light, dark) = (rules(|colours| colours.1), rules(|colours| colours.2));
    format!(
        "text{{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',sans-serif;\
         font-variant-numeric:tabular-nums}}\n\
         path{{fill:none;stroke-linejoin:round;stroke-linecap:round}}.flat{{stroke-linecap:butt}}\n\
         .t11{{font-size:11px}}.t12{{font-size:12px}}.t17{{font-size:17px;letter-spacing:-.01em}}\
         .t120{{font-size:120px;letter-spacing:-.05em}}.b{{font-weight:600}}\
         .n{{font-weight:400;letter-spacing:0}}.halo{{stroke-width:6px;paint-order:stroke;stroke-linejoin:round}}\n\
         {light}@media(prefers-color-scheme:dark){{\n{dark}}}\n"
    )
}

fn faded(opacity: f32) -> String {
    if opacity < 1.0 { format!(r#" opacity="{opacity:.2}""#) } else { String::new() }
}

/// A number with at most two digits after the point.
fn number(value: f32) -> String {
    let text = format!("{:.2}", if value.is_finite() { value } else { 0.0 });
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn pair((x, y): Point) -> (String, String) {
    (number(x), number(y))
}

/// A text escaped for XML. Characters that XML cannot hold are left out.
fn escaped(text: &str) -> String {
    let kept = text.chars().filter(|c| !c.is_control());
    kept.fold(String::new(), |mut text, c| {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            c => text.push(c),
        }
        text
    })
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// The names of the elements in a file, in order: fails if a tag is not closed, a value not quoted or a character
    /// not escaped.
    pub fn elements(file: &str) -> Vec<String> {
        let (mut open, mut names, mut rest) = (Vec::new(), Vec::new(), file);
        while let Some(at) = rest.find('<') {
            let text = &rest[..at];
            assert!(!text.contains('>') && !text.contains('"'), "`{text}` is not escaped");
            assert_eq!(
                text.matches('&').count(),
                text.matches("&amp;").count()
                    + text.matches("&lt;").count()
                    + text.matches("&gt;").count()
                    + text.matches("&quot;").count()
            );
            let Some(end) = rest[at..].find('>').map(|end| at + end) else { panic!("a tag is not closed: {rest}") };
            let tag = &rest[at + 1..end];
            rest = &rest[end + 1..];
            assert!(!tag.contains('<') && tag.matches('"').count() % 2 == 0, "`{tag}`");
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop().as_deref(), Some(name));
                continue;
            }
            let name: String = tag.chars().take_while(|c| c.is_alphanumeric()).collect();
            names.push(name.clone());
            if !tag.ends_with('/') {
                open.push(name);
            }
        }
        assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest}");
        names
    }

    #[test]
    fn a_file_is_well_formed() {
        let mut svg = Svg::new(10.0, 20.5);
        svg.line(&[(0.0, 0.0), (1.0, f32::NAN)], Ink::Strong, 1.0, Some((2.0, 3.0)));
        svg.strokes(&[(1.0, 2.0)], (0.0, -0.001), Ink::Spike, 0.333, 0.5);
        svg.dot((1.0, 1.0), 2.0, Ink::Paper, Ink::Strong);
        svg.text((1.0, 1.0), Anchor::End, Type::Name, Ink::Soft, "a < b & \"c\"\u{0}");
        svg.caption((1.0, 1.0), Type::Name, "n", "<");
        let file = svg.finish("T & t", "<d>");
        assert_eq!(
            elements(&file),
            ["svg", "title", "desc", "style", "rect", "path", "path", "circle", "text", "text", "tspan"]
        );
        assert!(file.contains("a &lt; b &amp; &quot;c&quot;</text>") && file.contains("M1 2l0 0"), "{file}");
    }

    #[test]
    fn every_ink_has_its_colours() {
        for (ink, name) in [(Ink::Paper, "paper"), (Ink::Faint, "faint"), (Ink::Spike, "spike")] {
            assert_eq!(ink.name(), name);
        }
    }
}
