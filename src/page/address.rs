//! What stands behind the `#` of the page's address: every setting that differs from the page's defaults, the picture
//! shown, and what is left out of the page. A link restores it all.

use super::strokes::{Stroke, from_text, to_text};
use crate::decimal;
use crate::spec::Spec;

/// The animation's speed where the link says nothing, in time steps a second.
pub const SPEED: f32 = 4.0;
/// The digit shown where the link says nothing: one that the shipped networks read early.
pub const DIGIT: usize = 2;

/// How many images the test sets that the page knows have.
pub const TEST_IMAGES: usize = 10_000;

/// What an embedded page can be cut down to; figures of the article come beside them, as `figure-1`, `figure-2`, ….
/// www/part.css says how each looks.
pub const PARTS: [&str; 9] =
    ["pad", "raster", "network", "curves", "result", "neurons", "samples", "mistakes", "train"];

/// The picture on the pad.
#[derive(Clone, Debug, PartialEq)]
pub enum Pad {
    /// A test digit.
    Digit(usize),
    /// Any image of the test set, by its number.
    Test(usize),
    /// A drawing.
    Drawing(Vec<Stroke>),
    /// A picture of the reader's, which no link can carry.
    Photo(Photo),
}

/// What the network sees of a picture of the reader's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Photo {
    /// Its pixels for the network.
    pub pixels: Vec<u8>,
    /// The picture with its ink outlined, as [`crate::protocol::Report::Photo`] has it.
    pub preview: Vec<u8>,
}

impl Default for Pad {
    fn default() -> Self {
        Self::Digit(DIGIT)
    }
}

/// What training starts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// Weights drawn from the seed.
    #[default]
    Random,
    /// The network that ships with the page.
    Shipped,
    /// A file that the reader opened. A link can say so, but not carry it.
    File,
}

impl Start {
    const WORDS: [(&str, Self); 3] = [("random", Self::Random), ("shipped", Self::Shipped), ("file", Self::File)];

    /// Its name in links and controls.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, start)| *start == self).map_or("", |(word, _)| word)
    }

    /// The one with that name.
    pub fn from_word(text: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(word, _)| *word == text).map(|(_, start)| *start)
    }
}

/// What computes, as the reader wishes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// The card where it is faster.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The card, even where it is slower.
    Gpu,
}

impl Engine {
    const WORDS: [(&str, Self); 3] = [("auto", Self::Auto), ("cpu", Self::Cpu), ("gpu", Self::Gpu)];

    /// Its name in links and controls.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, engine)| *engine == self).map_or("", |(word, _)| word)
    }

    /// The one with that name.
    pub fn from_word(text: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(word, _)| *word == text).map(|(_, engine)| *engine)
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
    /// What training starts from.
    pub from: Start,
    /// Which of the networks that ship is opened; empty for the one that is called like the data set.
    pub model: String,
    /// What computes.
    pub engine: Engine,
    /// Whether training goes on while the tab is hidden.
    pub background: bool,
    /// At which time step the animation stands; it runs where the link says nothing.
    pub stopped_at: Option<f32>,
    /// At which test accuracy, in per cent, training stops by itself.
    pub stop_at: Option<f32>,
    /// Parts of the page that are left out.
    pub hide: Vec<String>,
    /// The only parts that are shown, as in an embed; all of the page where there are none.
    pub show: Vec<String>,
    /// Light or dark; empty where the reader's system decides.
    pub theme: String,
    /// Whether training starts by itself once the page is seen.
    pub autoplay: bool,
}

impl Default for Address {
    fn default() -> Self {
        Self {
            spec: Spec::on_page(),
            pad: Pad::default(),
            speed: SPEED,
            from: Start::Random,
            model: String::new(),
            engine: Engine::Auto,
            background: false,
            stopped_at: None,
            stop_at: None,
            hide: Vec::new(),
            show: Vec::new(),
            theme: String::new(),
            autoplay: false,
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
        address.set_model(&address.model.clone());
        (address, errors)
    }

    /// The name of the network that is opened, which is that of its file.
    pub fn model(&self) -> &str {
        if self.model.is_empty() { self.spec.dataset.word() } else { &self.model }
    }

    /// Opens the network with that name.
    pub fn set_model(&mut self, name: &str) {
        self.model = if name == self.spec.dataset.word() { String::new() } else { name.to_owned() };
    }

    /// Takes one pair; whether it meant something, none where the name is unknown.
    fn take(&mut self, name: &str, value: &str) -> Option<bool> {
        let within = |low: f32, high: f32| decimal::parse(value).map(|v| v as f32).filter(|v| (low..=high).contains(v));
        Some(match name {
            "digit" => value.parse().ok().filter(|d| *d < 10).map(|d| self.pad = Pad::Digit(d)).is_some(),
            "image" => value.parse().ok().filter(|i| *i < TEST_IMAGES).map(|i| self.pad = Pad::Test(i)).is_some(),
            "draw" => from_text(value).map(|strokes| self.pad = Pad::Drawing(strokes)).is_some(),
            "speed" => within(1.0, 25.0).map(|speed| self.speed = speed).is_some(),
            "t" => within(1.0, 256.0).map(|t| self.stopped_at = Some(t)).is_some(),
            "stop-at" => within(0.1, 100.0).map(|wish| self.stop_at = Some(wish)).is_some(),
            "from" => Start::from_word(value).map(|from| self.from = from).is_some(),
            "engine" => Engine::from_word(value).map(|engine| self.engine = engine).is_some(),
            "model" => is_name(value).then(|| self.model = value.to_owned()).is_some(),
            "background" => ["run", "pause"].contains(&value).then(|| self.background = value == "run").is_some(),
            "hide" => {
                self.hide = list(value);
                true
            }
            "show" => {
                self.show = list(value);
                let count = self.show.len();
                self.show.retain(|part| is_part(part));
                self.show.len() == count
            }
            "theme" => {
                ["light", "dark", "auto"].contains(&value).then(|| self.theme = value.replace("auto", "")).is_some()
            }
            "train" => (value == "now").then(|| self.autoplay = true).is_some(),
            "autoplay" => {
                self.autoplay = true;
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
            Pad::Test(image) => pairs.push(format!("image={image}")),
            Pad::Photo(_) => {}
            Pad::Drawing(strokes) if strokes.is_empty() => pairs.push("draw=".to_owned()),
            Pad::Drawing(strokes) => pairs.push(format!("draw={}", to_text(strokes))),
        }
        let said = [
            (self.speed != SPEED).then(|| format!("speed={}", self.speed)),
            self.stopped_at.map(|t| format!("t={t}")),
            self.stop_at.map(|wish| format!("stop-at={wish}")),
            (!self.model.is_empty()).then(|| format!("model={}", self.model)),
            (self.from != Start::Random).then(|| format!("from={}", self.from.word())),
            (self.engine != Engine::Auto).then(|| format!("engine={}", self.engine.word())),
            self.background.then(|| "background=run".to_owned()),
            (!self.hide.is_empty()).then(|| format!("hide={}", self.hide.join(","))),
            (!self.show.is_empty()).then(|| format!("show={}", self.show.join(","))),
            (!self.theme.is_empty()).then(|| format!("theme={}", self.theme)),
            self.autoplay.then(|| "train=now".to_owned()),
        ];
        pairs.extend(said.into_iter().flatten());
        pairs.retain(|pair| !pair.is_empty());
        pairs.join("&")
    }
}

/// Names with commas between them.
fn list(text: &str) -> Vec<String> {
    text.replace("%2C", ",").split(',').map(str::to_owned).filter(|name| !name.is_empty()).collect()
}

/// Whether there is such a part to be shown.
fn is_part(name: &str) -> bool {
    PARTS.contains(&name)
        || name.strip_prefix("figure-").is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether the text can be the name of a file beside the page.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::FIELDS;
    use proptest::prelude::*;

    /// A pair of a link: any name, or one that means something, with a value that may.
    fn pair() -> impl Strategy<Value = (String, String)> {
        let own = [
            "digit",
            "image",
            "draw",
            "speed",
            "t",
            "from",
            "model",
            "engine",
            "background",
            "hide",
            "show",
            "theme",
            "train",
            "autoplay",
            "stop-at",
        ];
        let known: Vec<&str> = FIELDS.iter().map(|field| field.name).chain(own).collect();
        let name = prop_oneof![2 => prop::sample::select(known).prop_map(str::to_owned), 1 => "[^&=]{0,8}"];
        let value = prop_oneof![
            "\\PC{0,12}",
            "[-+0-9eE.,:%]{0,12}",
            "[a-z-]{0,14}",
            "[A-Za-z0-9_.-]{0,40}",
            // Longer than a drawing may be.
            "[A-Za-z0-9_]{1300}",
            prop::sample::select(vec!["pad,raster,figure-2", "pad%2Cfigure-x", "dark", "auto", "now"])
                .prop_map(str::to_owned),
            prop::sample::select(vec!["nan", "inf", "1e999", "-0", "fashion-mnist", "folder", "shipped", "4096,4096"])
                .prop_map(str::to_owned),
        ];
        (name, value.prop_map(|value| value.replace('&', "")))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_a_link_says_the_page_can_be_that_and_says_it_again(pairs in prop::collection::vec(pair(), 0..6)) {
            let hash = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
            let (address, errors) = Address::from_hash(&hash);
            prop_assert!(address.spec.check().is_ok());
            let unknown = pairs.iter().filter(|(name, _)| Address::from_hash(&format!("{name}=")).1.iter()
                .any(|error| error.starts_with("there is no setting"))).count();
            prop_assert!(errors.len() >= unknown, "{unknown} names mean nothing, and only {errors:?} is said");
            let (again, errors) = Address::from_hash(&address.to_hash());
            prop_assert_eq!(errors, Vec::<String>::new());
            // A drawing loses what is finer than a link tells.
            prop_assert_eq!(Address { pad: address.pad.clone(), ..again }, address);
        }

        #[test]
        fn no_link_is_too_strange(hash in "\\PC{0,200}") {
            prop_assert!(Address::from_hash(&hash).0.spec.check().is_ok());
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut address = Address {
            pad: Pad::Drawing(vec![vec![[0.0, 0.0], [1.0, 0.0]]]),
            speed: 10.0,
            from: Start::File,
            model: "mnist-small".to_owned(),
            engine: Engine::Gpu,
            background: true,
            stopped_at: Some(7.5),
            stop_at: Some(97.5),
            hide: vec!["article".to_owned(), "samples".to_owned()],
            show: vec!["pad".to_owned(), "figure-12".to_owned()],
            theme: "dark".to_owned(),
            autoplay: true,
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
    fn the_network_called_like_the_data_set_needs_no_name() {
        let (address, errors) = Address::from_hash("model=fashion-mnist&dataset=fashion-mnist");
        assert_eq!((address.model(), errors.len()), ("fashion-mnist", 0));
        assert_eq!(address.to_hash(), "dataset=fashion-mnist");
        assert_eq!(Address::from_hash("model=../x").1, ["`../x` is not a value for `model`"]);
    }

    #[test]
    fn a_test_image_has_a_number_of_the_test_set() {
        assert_eq!(Address::from_hash("image=9999").0.pad, Pad::Test(9999));
        assert_eq!(Address::from_hash("image=10000").1, ["`10000` is not a value for `image`"]);
        assert_eq!(Address { pad: Pad::Test(247), ..Address::default() }.to_hash(), "image=247");
    }

    #[test]
    fn an_embed_shows_the_parts_that_there_are() {
        let (address, errors) = Address::from_hash("show=pad,wings,figure-2,figure-&theme=auto&autoplay");
        assert_eq!(
            (address.show, address.theme, address.autoplay),
            (vec!["pad".into(), "figure-2".into()], String::new(), true)
        );
        assert_eq!(errors, ["`pad,wings,figure-2,figure-` is not a value for `show`"]);
    }

    #[test]
    fn an_empty_pad_stays_empty() {
        let (address, errors) = Address::from_hash("draw=");
        assert_eq!((address.pad, errors.len()), (Pad::Drawing(Vec::new()), 0));
    }
}
