//! The page's link: every setting that differs from the page's defaults, the picture shown, and what is left out of the page.
//! [`SETTINGS`] is the one table of the settings that are the page's own, as [`crate::spec::FIELDS`] is that of a run's; the
//! build writes it down for the page's scripts too.

use super::strokes::{Stroke, from_text, to_text};
use crate::decimal;
use crate::plasticity::pace::Pace;
use crate::spec::{Spec, decoded, words};

/// The animation's speed where the link says nothing, in time steps a second.
pub const SPEED: f32 = 4.0;
/// The probability, in per cent, at which a network may stop, where the link says nothing.
pub const CERTAINTY: f32 = 90.0;
/// The digit shown where the link says nothing: one that the shipped networks read early.
pub const DIGIT: usize = 2;

/// How many images the test sets that the page knows have.
pub const TEST_IMAGES: usize = 10_000;

/// What an embedded page can be cut down to; figures of the article come beside them, as `figure-1`, `figure-2`, ….
/// www/part.css says how each looks.
pub const PARTS: [&str; 10] =
    ["pad", "raster", "network", "curves", "result", "neurons", "samples", "mistakes", "train", "fields"];

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

words!(Start, "random" => Self::Random, "shipped" => Self::Shipped, "file" => Self::File);

/// The engine that trains, as the reader chose it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineChoice {
    /// The one on a GPU where it is faster.
    #[default]
    Auto,
    /// The one on the CPU.
    Cpu,
    /// The one on a GPU, even where it is slower.
    Gpu,
}

words!(EngineChoice, "auto" => Self::Auto, "cpu" => Self::Cpu, "gpu" => Self::Gpu);

/// What the link says.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The settings of the run.
    pub spec: Spec,
    /// What is on the pad.
    pub pad: Pad,
    /// Time steps a second.
    pub speed: f32,
    /// What training starts from.
    pub from: Start,
    /// Which of the networks that ship is opened; empty for the one that is called like the data set.
    pub model: String,
    /// The engine that trains.
    pub engine: EngineChoice,
    /// How many workers train, where the link says so; otherwise as many as are fastest.
    pub workers: Option<usize>,
    /// How fast pictures pass that are learnt one by one.
    pub pace: Pace,
    /// Whether training goes on while the tab is hidden.
    pub background: bool,
    /// At which time step the animation stands; it runs where the link says nothing.
    pub stopped_at: Option<f32>,
    /// The probability of a class, in per cent, at which reading a picture could stop.
    pub certainty: f32,
    /// The test accuracy, in per cent, at which training stops.
    pub stop_at: Option<f32>,
    /// Parts of the page that are left out.
    pub hide: Vec<String>,
    /// The only parts that are shown, as in an embed; all of the page where there are none.
    pub show: Vec<String>,
    /// Light or dark; empty where the reader's system decides.
    pub theme: String,
    /// Whether training starts automatically once the page is seen.
    pub autoplay: bool,
}

impl Default for Link {
    fn default() -> Self {
        Self {
            spec: Spec::on_page(),
            pad: Pad::default(),
            speed: SPEED,
            from: Start::Random,
            model: String::new(),
            engine: EngineChoice::Auto,
            workers: None,
            pace: Pace::Rising,
            background: false,
            stopped_at: None,
            certainty: CERTAINTY,
            stop_at: None,
            hide: Vec::new(),
            show: Vec::new(),
            theme: String::new(),
            autoplay: false,
        }
    }
}

/// What a setting is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What a run is: another value is another run, which the browser keeps apart.
    Run,
    /// How a run looks, and what is shown of it.
    View,
}

/// One of the page's own settings.
pub struct Setting {
    /// Its name in links.
    pub name: &'static str,
    /// What it is about.
    pub scope: Scope,
    /// Its value as a link writes it; `None` where that is the default, or another setting says it.
    get: fn(&Link) -> Option<String>,
    /// Takes a value; `None` where the text is no value of it.
    set: fn(&mut Link, &str) -> Option<()>,
}

/// All of them, in the order in which a link has them.
pub const SETTINGS: &[Setting] = &[
    // The picture on the pad is in whichever of these three fits.
    Setting {
        name: "digit",
        scope: Scope::View,
        get: |link| match link.pad {
            Pad::Digit(digit) if digit != DIGIT => Some(digit.to_string()),
            Pad::Digit(_) | Pad::Test(_) | Pad::Drawing(_) | Pad::Photo(_) => None,
        },
        set: |link, text| {
            link.pad = Pad::Digit(text.parse().ok().filter(|digit| *digit < 10)?);
            Some(())
        },
    },
    Setting {
        name: "image",
        scope: Scope::View,
        get: |link| match link.pad {
            Pad::Test(image) => Some(image.to_string()),
            Pad::Digit(_) | Pad::Drawing(_) | Pad::Photo(_) => None,
        },
        set: |link, text| {
            link.pad = Pad::Test(text.parse().ok().filter(|image| *image < TEST_IMAGES)?);
            Some(())
        },
    },
    Setting {
        name: "draw",
        scope: Scope::View,
        get: |link| match &link.pad {
            Pad::Drawing(strokes) => Some(to_text(strokes)),
            Pad::Digit(_) | Pad::Test(_) | Pad::Photo(_) => None,
        },
        set: |link, text| {
            link.pad = Pad::Drawing(from_text(text)?);
            Some(())
        },
    },
    Setting {
        name: "speed",
        scope: Scope::View,
        get: |link| (link.speed != SPEED).then(|| link.speed.to_string()),
        set: |link, text| {
            link.speed = within(text, 1.0, 25.0)?;
            Some(())
        },
    },
    Setting {
        name: "t",
        scope: Scope::View,
        get: |link| link.stopped_at.map(|t| t.to_string()),
        set: |link, text| {
            link.stopped_at = Some(within(text, 1.0, 256.0)?);
            Some(())
        },
    },
    Setting {
        name: "certainty",
        scope: Scope::View,
        get: |link| (link.certainty != CERTAINTY).then(|| link.certainty.to_string()),
        set: |link, text| {
            link.certainty = within(text, 1.0, 100.0)?;
            Some(())
        },
    },
    Setting {
        name: "stop-at",
        scope: Scope::Run,
        get: |link| link.stop_at.map(|target| target.to_string()),
        set: |link, text| {
            link.stop_at = Some(within(text, 0.1, 100.0)?);
            Some(())
        },
    },
    Setting {
        name: "model",
        scope: Scope::Run,
        get: |link| (!link.model.is_empty()).then(|| link.model.clone()),
        set: |link, text| {
            link.model = Some(text).filter(|name| is_name(name))?.to_owned();
            Some(())
        },
    },
    Setting {
        name: "from",
        scope: Scope::Run,
        get: |link| (link.from != Start::Random).then(|| link.from.word().to_owned()),
        set: |link, text| {
            link.from = Start::from_word(text)?;
            Some(())
        },
    },
    Setting {
        name: "engine",
        scope: Scope::View,
        get: |link| (link.engine != EngineChoice::Auto).then(|| link.engine.word().to_owned()),
        set: |link, text| {
            link.engine = EngineChoice::from_word(text)?;
            Some(())
        },
    },
    Setting {
        name: "workers",
        scope: Scope::View,
        get: |link| link.workers.map(|workers| workers.to_string()),
        set: |link, text| {
            link.workers = Some(within(text, 1.0, 8.0)? as usize);
            Some(())
        },
    },
    Setting {
        name: "pace",
        scope: Scope::View,
        get: |link| (link.pace != Pace::Rising).then(|| link.pace.to_string()),
        set: |link, text| {
            link.pace = Pace::from_word(text)?;
            Some(())
        },
    },
    Setting {
        name: "background",
        scope: Scope::View,
        get: |link| link.background.then(|| "run".to_owned()),
        set: |link, text| {
            link.background = one_of(text, ["run", "pause"])? == "run";
            Some(())
        },
    },
    Setting {
        name: "hide",
        scope: Scope::View,
        get: |link| joined(&link.hide),
        set: |link, text| {
            link.hide = list(text);
            Some(())
        },
    },
    Setting {
        name: "show",
        scope: Scope::View,
        get: |link| joined(&link.show),
        set: |link, text| {
            let all = list(text);
            link.show = all.iter().filter(|part| is_part(part)).cloned().collect();
            // Those that there are are shown all the same.
            (link.show.len() == all.len()).then_some(())
        },
    },
    Setting {
        name: "theme",
        scope: Scope::View,
        get: |link| (!link.theme.is_empty()).then(|| link.theme.clone()),
        set: |link, text| {
            // What the system decides is said by nothing.
            link.theme = Some(one_of(text, ["light", "dark", "auto"])?)
                .filter(|theme| *theme != "auto")
                .unwrap_or_default()
                .to_owned();
            Some(())
        },
    },
    Setting {
        name: "train",
        scope: Scope::View,
        get: |link| link.autoplay.then(|| "now".to_owned()),
        set: |link, text| {
            link.autoplay |= one_of(text, ["now"])? == "now";
            Some(())
        },
    },
    // The same by its name in embeds; a link is written with the one before.
    Setting {
        name: "autoplay",
        scope: Scope::View,
        get: |_| None,
        set: |link, _| {
            link.autoplay = true;
            Some(())
        },
    },
];

/// The setting with that name.
pub fn setting(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

impl Setting {
    /// Sets it in a link; `None` where the text is no value of it.
    pub fn set(&self, link: &mut Link, text: &str) -> Option<()> {
        (self.set)(link, text)
    }
}

impl Link {
    /// What this hash says, and what was not understood of it.
    ///
    /// ```
    /// use spiking_playground::page::model::link::{Link, Pad};
    /// let (link, errors) = Link::from_hash("#beta=0.8&digit=7&hide=article,train&wings=2");
    /// assert_eq!((link.spec.neuron.beta, link.pad), (0.8, Pad::Digit(7)));
    /// assert_eq!(link.hide, ["article", "train"]);
    /// assert_eq!(errors, ["there is no setting called `wings`"]);
    /// assert_eq!(Link::from_hash("#a-why"), (Link::default(), Vec::new())); // a place
    /// ```
    pub fn from_hash(hash: &str) -> (Self, Vec<String>) {
        let (spec, rest, errors) = Spec::from_hash(&Spec::on_page(), hash);
        let mut link = Self { spec, ..Self::default() };
        let mut errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        for (name, value) in rest {
            match setting(&name).map(|setting| setting.set(&mut link, &value)) {
                Some(Some(())) => {}
                Some(None) => errors.push(format!("`{value}` is not a value for `{name}`")),
                // A word without a value is a place of the page, which the document knows.
                None if value.is_empty() => {}
                None => errors.push(format!("there is no setting called `{name}`")),
            }
        }
        link.set_model(&link.model.clone());
        (link, errors)
    }

    /// Whether it says nothing of a run: how one looks and what is on the pad is no part of it.
    ///
    /// ```
    /// use spiking_playground::page::model::link::Link;
    /// assert!(Link::from_hash("#digit=7&speed=9").0.is_of_default_run());
    /// assert!(!Link::from_hash("#digit=7&beta=0.5").0.is_of_default_run());
    /// ```
    pub fn is_of_default_run(&self) -> bool {
        let says = |setting: &&Setting| setting.scope == Scope::Run && (setting.get)(self).is_some();
        self.spec == Spec::on_page() && !SETTINGS.iter().any(|setting| says(&setting))
    }

    /// The name of the network that is opened, which is that of its file.
    pub fn model(&self) -> &str {
        if self.model.is_empty() { self.spec.dataset.word() } else { &self.model }
    }

    /// Opens the network with that name.
    pub fn set_model(&mut self, name: &str) {
        self.model = if name == self.spec.dataset.word() { String::new() } else { name.to_owned() };
    }

    /// The hash that says this; nothing where all is as by default.
    pub fn to_hash(&self) -> String {
        let own = SETTINGS.iter().filter_map(|setting| Some([setting.name, "=", &(setting.get)(self)?].concat()));
        let pairs = std::iter::once(self.spec.to_hash(&Spec::on_page())).chain(own);
        pairs.filter(|pair| !pair.is_empty()).collect::<Vec<_>>().join("&")
    }
}

fn within(text: &str, low: f32, high: f32) -> Option<f32> {
    decimal::parse(text).map(|value| value as f32).filter(|value| (low..=high).contains(value))
}

fn one_of<'a, const N: usize>(text: &'a str, words: [&str; N]) -> Option<&'a str> {
    words.contains(&text).then_some(text)
}

fn joined(names: &[String]) -> Option<String> {
    (!names.is_empty()).then(|| names.join(","))
}

/// Names with commas between them.
fn list(text: &str) -> Vec<String> {
    decoded(text).split(',').map(str::to_owned).filter(|name| !name.is_empty()).collect()
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
        let known: Vec<&str> =
            FIELDS.iter().map(|field| field.name).chain(SETTINGS.iter().map(|own| own.name)).collect();
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
            let (link, errors) = Link::from_hash(&hash);
            prop_assert!(link.spec.check().is_ok());
            let unknown = pairs.iter().filter(|(name, _)| Link::from_hash(&format!("{name}=")).1.iter()
                .any(|error| error.starts_with("there is no setting"))).count();
            prop_assert!(errors.len() >= unknown, "{unknown} names mean nothing, and only {errors:?} is said");
            let (again, errors) = Link::from_hash(&link.to_hash());
            prop_assert_eq!(errors, Vec::<String>::new());
            // A drawing loses what is finer than a link tells.
            prop_assert_eq!(Link { pad: link.pad.clone(), ..again }, link);
        }

        #[test]
        fn no_link_is_too_strange(hash in "\\PC{0,200}") {
            prop_assert!(Link::from_hash(&hash).0.spec.check().is_ok());
        }
    }

    /// A link in which everything is another than by default: without `..`, so a new field must be set here, and a setting
    /// must write it.
    fn other() -> Link {
        Link {
            spec: Spec { seed: 9, ..Spec::on_page() },
            pad: Pad::Drawing(vec![vec![[0.0, 0.0], [1.0, 0.0]]]),
            speed: 10.0,
            from: Start::File,
            model: "mnist-small".to_owned(),
            engine: EngineChoice::Gpu,
            workers: Some(3),
            pace: Pace::Steady(20),
            background: true,
            stopped_at: Some(7.5),
            certainty: 80.0,
            stop_at: Some(97.5),
            hide: vec!["article".to_owned(), "samples".to_owned()],
            show: vec!["pad".to_owned(), "figure-12".to_owned()],
            theme: "dark".to_owned(),
            autoplay: true,
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for pad in [other().pad, Pad::Digit(7), Pad::Test(3)] {
            let link = Link { pad, ..other() };
            assert_eq!(Link::from_hash(&link.to_hash()), (link, Vec::new()));
        }
    }

    #[test]
    fn each_setting_has_a_name_of_its_own_and_is_read_by_it() {
        let hash = other().to_hash() + "&digit=7&image=3";
        for (at, own) in SETTINGS.iter().enumerate() {
            assert!(SETTINGS[..at].iter().all(|before| before.name != own.name), "{}", own.name);
            assert!(crate::spec::field(own.name).is_none(), "{} is a setting of the run", own.name);
            let is_written = hash.split('&').any(|pair| pair.starts_with(&format!("{}=", own.name)));
            assert!(is_written || own.name == "autoplay", "{}", own.name);
        }
    }

    #[test]
    fn an_empty_hash_is_the_default() {
        assert_eq!(Link::from_hash(""), (Link::default(), Vec::new()));
        assert_eq!(Link::default().to_hash(), "");
    }

    #[test]
    fn the_network_called_like_the_data_set_needs_no_name() {
        let (link, errors) = Link::from_hash("model=fashion-mnist&dataset=fashion-mnist");
        assert_eq!((link.model(), errors.len()), ("fashion-mnist", 0));
        assert_eq!(link.to_hash(), "dataset=fashion-mnist");
        assert_eq!(Link::from_hash("model=../x").1, ["`../x` is not a value for `model`"]);
    }

    #[test]
    fn a_test_image_has_a_number_of_the_test_set() {
        assert_eq!(Link::from_hash("image=9999").0.pad, Pad::Test(9999));
        assert_eq!(Link::from_hash("image=10000").1, ["`10000` is not a value for `image`"]);
        assert_eq!(Link { pad: Pad::Test(247), ..Link::default() }.to_hash(), "image=247");
    }

    #[test]
    fn an_embed_shows_the_parts_that_there_are() {
        let (link, errors) = Link::from_hash("show=pad,wings,figure-2,figure-&theme=auto&autoplay");
        assert_eq!(
            (link.show, link.theme, link.autoplay),
            (vec!["pad".into(), "figure-2".into()], String::new(), true)
        );
        assert_eq!(errors, ["`pad,wings,figure-2,figure-` is not a value for `show`"]);
    }

    #[test]
    fn an_empty_pad_stays_empty() {
        let (link, errors) = Link::from_hash("draw=");
        assert_eq!((link.pad, errors.len()), (Pad::Drawing(Vec::new()), 0));
    }
}
