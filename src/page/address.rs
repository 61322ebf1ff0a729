//! What stands behind the `#` of the page's address: every setting that differs from the page's defaults, the picture
//! shown, and what is left out of the page. A link restores it all.

use super::strokes::{Stroke, from_text, to_text};
use crate::decimal;
use crate::spec::Spec;

/// The animation's speed where the link says nothing, in time steps a second.
pub const SPEED: f32 = 4.0;
/// The digit shown where the link says nothing.
pub const DIGIT: usize = 3;

/// The picture on the pad.
#[derive(Clone, Debug, PartialEq)]
pub enum Pad {
    /// A test digit.
    Digit(usize),
    /// A drawing.
    Drawing(Vec<Stroke>),
}

impl Default for Pad {
    fn default() -> Self {
        Self::Digit(DIGIT)
    }
}

/// What the link says.
#[derive(Clone, Debug, PartialEq)]
pub struct Address {
    /// The settings.
    pub spec: Spec,
    /// What is on the pad.
    pub pad: Pad,
    /// Time steps a second.
    pub speed: f32,
    /// Whether training starts from the shipped network.
    pub from_shipped: bool,
    /// Whether training goes on while the tab is hidden.
    pub background: bool,
    /// At which time step the animation stands; it runs where the link says nothing.
    pub stopped_at: Option<f32>,
    /// Parts of the page that are left out.
    pub hide: Vec<String>,
}

impl Default for Address {
    fn default() -> Self {
        Self {
            spec: Spec::on_page(),
            pad: Pad::default(),
            speed: SPEED,
            from_shipped: false,
            background: false,
            stopped_at: None,
            hide: Vec::new(),
        }
    }
}

impl Address {
    /// What this hash says, and what was not understood of it.
    ///
    /// ```
    /// use spiking_playground::page::address::{Address, Pad};
    /// let (address, errors) = Address::from_hash("#beta=0.8&digit=7&hide=article,train&wings=2");
    /// assert_eq!((address.spec.neuron.beta, address.pad), (0.8, Pad::Digit(7)));
    /// assert_eq!(address.hide, ["article", "train"]);
    /// assert_eq!(errors, ["there is no setting called `wings`"]);
    /// ```
    pub fn from_hash(hash: &str) -> (Self, Vec<String>) {
        let (spec, rest, errors) = Spec::from_hash(&Spec::on_page(), hash);
        let mut address = Self { spec, ..Self::default() };
        let mut errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        for (name, value) in rest {
            match address.take(&name, &value) {
                Some(true) => {}
                Some(false) => errors.push(format!("`{value}` is not a value for `{name}`")),
                None => errors.push(format!("there is no setting called `{name}`")),
            }
        }
        (address, errors)
    }

    /// Takes one pair; whether it meant something, none where the name is unknown.
    fn take(&mut self, name: &str, value: &str) -> Option<bool> {
        let within = |low: f32, high: f32| decimal::parse(value).map(|v| v as f32).filter(|v| (low..=high).contains(v));
        Some(match name {
            "digit" => value.parse().ok().filter(|d| *d < 10).map(|d| self.pad = Pad::Digit(d)).is_some(),
            "draw" => from_text(value).map(|strokes| self.pad = Pad::Drawing(strokes)).is_some(),
            "speed" => within(1.0, 25.0).map(|speed| self.speed = speed).is_some(),
            "t" => within(1.0, 256.0).map(|t| self.stopped_at = Some(t)).is_some(),
            "from" => ["shipped", "random"].contains(&value).then(|| self.from_shipped = value == "shipped").is_some(),
            "background" => ["run", "pause"].contains(&value).then(|| self.background = value == "run").is_some(),
            "hide" => {
                self.hide = value.replace("%2C", ",").split(',').map(str::to_owned).filter(|p| !p.is_empty()).collect();
                true
            }
            _ => return None,
        })
    }

    /// The hash that says this; nothing where all is as by default.
    pub fn to_hash(&self) -> String {
        let mut pairs = vec![self.spec.to_hash(&Spec::on_page())];
        match &self.pad {
            Pad::Digit(DIGIT) => {}
            Pad::Digit(digit) => pairs.push(format!("digit={digit}")),
            Pad::Drawing(strokes) if strokes.is_empty() => pairs.push("draw=".to_owned()),
            Pad::Drawing(strokes) => pairs.push(format!("draw={}", to_text(strokes))),
        }
        let said = [
            (self.speed != SPEED).then(|| format!("speed={}", self.speed)),
            self.stopped_at.map(|t| format!("t={t}")),
            self.from_shipped.then(|| "from=shipped".to_owned()),
            self.background.then(|| "background=run".to_owned()),
            (!self.hide.is_empty()).then(|| format!("hide={}", self.hide.join(","))),
        ];
        pairs.extend(said.into_iter().flatten());
        pairs.retain(|pair| !pair.is_empty());
        pairs.join("&")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let mut address = Address {
            pad: Pad::Drawing(vec![vec![[0.0, 0.0], [1.0, 0.0]]]),
            speed: 10.0,
            from_shipped: true,
            background: true,
            stopped_at: Some(7.5),
            hide: vec!["article".to_owned(), "samples".to_owned()],
            ..Address::default()
        };
        address.spec.seed = 9;
        assert_eq!(Address::from_hash(&address.to_hash()), (address, Vec::new()));
    }

    #[test]
    fn an_empty_hash_is_the_default() {
        assert_eq!(Address::from_hash(""), (Address::default(), Vec::new()));
        assert_eq!(Address::default().to_hash(), "");
    }

    #[test]
    fn an_empty_pad_stays_empty() {
        let (address, errors) = Address::from_hash("draw=");
        assert_eq!((address.pad, errors.len()), (Pad::Drawing(Vec::new()), 0));
    }
}
