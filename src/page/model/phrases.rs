//! What the program says. The words stand in `www/index.html`, each under its key, so that all text of the page is in
//! one place; here are the keys.

use crate::said::filled;
use crate::spec::{Convolution, FeatureMaps, LayerSpec, Spec};

macro_rules! phrases {
    ($($name:ident => $key:literal),+ $(,)?) => {
        /// A phrase of the page; its words stand under [`Phrase::key`] in `www/index.html`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(missing_docs)] // the key says what it is
        pub enum Phrase { $($name),+ }
        impl Phrase {
            /// All phrases.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
            /// What it is called in the document.
            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key),+ }
            }
        }
    };
}

phrases! {
    Settled => "settled", Leaning => "leaning", NothingYet => "nothing-yet", Unsure => "unsure", NoAnswer => "no-answer",
    SettledMembrane => "settled-membrane", SettledAlone => "settled-alone", SettledSpikes => "settled-spikes",
    SettledTie => "settled-tie", LeaningMembrane => "leaning-membrane", LeaningSpikes => "leaning-spikes",
    NothingMembrane => "nothing-membrane", NothingSpikes => "nothing-spikes", UnsureMembrane => "unsure-membrane",
    Really => "really", Untrained => "untrained", Spoken => "spoken", Lit => "lit", Now => "now", Layer => "layer",
    Neuron => "neuron", ChooseNeuron => "choose-neuron", TestDigit => "test-digit", OneSpike => "one-spike",
    Spikes => "spikes", Silent => "silent", NeuronSpikes => "neuron-spikes", SpeaksFor => "speaks-for", SpeaksAgainst => "speaks-against", Mosaic => "mosaic", Health => "health", CureWake => "cure-wake", CureCalm => "cure-calm", Energy => "energy",
    StopsRight => "stops-right", StopsWrong => "stops-wrong", StopsAt => "stops-at", StopsNever => "stops-never", StopsOver => "stops-over",
    OnlyLearnt => "only-learnt", NoValue => "no-value", ArticleSettled => "a-settled", ArticleCost => "a-cost",
    Size => "size",
    Train => "train", Pause => "pause", Play => "play", Stop => "stop", Loading => "loading",
    NoteSetting => "note-setting", NoteEngineLost => "note-engine-lost", NoteEngineBack => "note-engine-back",
    NoteFile => "note-file", NoteEngineDead => "note-engine-dead",
    NoteEngineFailed => "note-engine-failed", NoteBuild => "note-build", NoteModel => "note-model",
    NoteData => "note-data", NoteShard => "note-shard", NoteOtherNetwork => "note-other-network",
    NoteOwnFile => "note-own-file", NoteGpuLost => "note-gpu-lost", NoGpu => "no-gpu",
    NoGpuEngine => "no-gpu-engine", GpuSoftware => "gpu-software", GpuSlower => "gpu-slower",
    GpuRefused => "gpu-refused", MistakesTold => "mistakes", MistakesWorst => "mistakes-worst", Cell => "cell",
    Firing => "firing", TipPixel => "tip-pixel", TipInput => "tip-input", TipVoltage => "tip-voltage",
    TipOutput => "tip-output", WrongWhich => "wrong-which", WrongImage => "wrong-image", TakenFor => "taken-for",
    Kept => "kept", KeptOffered => "kept-offered", StandingTrained => "standing-trained",
    StandingChanged => "standing-changed", StandingFile => "standing-file", StandingRandom => "standing-random",
    StandingOwn => "standing-own", StandingLearning => "standing-learning", StandingLearnt => "standing-learnt",
    StandingRead => "standing-read", StandingReads => "standing-reads", StandingTrain => "standing-train",
    StandingContinue => "standing-continue", StandingMixed => "standing-mixed", StandingWhy => "standing-why", StandingBefore => "standing-before",
    SumStays => "sum-stays", SumFading => "sum-fading", SumExcites => "sum-excites", SumInhibits => "sum-inhibits",
    SumFires => "sum-fires", SumSilent => "sum-silent", NetworkNow => "network-now", CodingNow => "coding-now", StandingWaiting => "standing-waiting",
    NoteStopped => "note-stopped", ForecastWish => "forecast-wish", ForecastEpoch => "forecast-epoch",
    Forget => "forget", Drawings => "drawings", NotePhoto => "note-photo", Placed => "placed", Maps => "maps", Neurons => "neurons", NoteRival => "note-rival",
}

/// The words of all phrases.
#[derive(Clone, Debug, Default)]
pub struct Phrases {
    words: Vec<(String, String)>,
    /// What the classes of the data set are called; none where their numbers are their names.
    pub names: Vec<String>,
    /// What one picture of it shows.
    pub one: String,
}

impl Phrases {
    /// The phrases with these keys and words.
    pub fn new(words: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { words: words.into_iter().collect(), ..Self::default() }
    }

    /// What that class is called.
    pub fn name(&self, class: usize) -> String {
        self.names.get(class).cloned().unwrap_or_else(|| class.to_string())
    }

    /// The phrase with its braces filled; its key where the document lacks it.
    pub fn say(&self, phrase: Phrase, values: &[(&str, String)]) -> String {
        let found = self.words.iter().find(|(key, _)| key == phrase.key());
        filled(found.map_or(phrase.key(), |(_, words)| words), values)
    }

    /// The number of a neuron in these maps: that of its map, and its place, if it has one.
    pub fn number_of(&self, maps: FeatureMaps, neuron: usize) -> String {
        let FeatureMaps { columns, .. } = maps;
        if maps.places() <= 1 {
            return neuron.to_string();
        }
        let [n, y, x] = [neuron / maps.places(), neuron % maps.places() / columns, neuron % columns];
        self.say(Phrase::Placed, &[("n", n), ("y", y), ("x", x)].map(|(name, value)| (name, value.to_string())))
    }

    /// A network's hidden layers, in words.
    pub fn layers(&self, spec: &Spec) -> String {
        let layer = |layer: &LayerSpec| match layer {
            LayerSpec::Dense(neurons) => neurons.to_string(),
            LayerSpec::Convolution(Convolution { channels, kernel, stride, .. }) => {
                let values = [("n", channels), ("k", kernel), ("s", stride)];
                self.say(Phrase::Maps, &values.map(|(name, value)| (name, value.to_string())))
            }
        };
        let layers: Vec<String> = spec.layers.iter().map(layer).collect();
        let dense = spec.layers.last().is_none_or(|last| !last.is_convolution());
        let joined = layers.join(" → ");
        if dense { self.say(Phrase::Neurons, &[("n", joined)]) } else { joined }
    }

    /// So many spikes, in words.
    pub fn spikes(&self, count: u32) -> String {
        match count {
            0 => self.say(Phrase::Silent, &[]),
            1 => self.say(Phrase::OneSpike, &[]),
            n => self.say(Phrase::Spikes, &[("n", n.to_string())]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = include_str!("../../../www/index.html");

    #[test]
    fn the_document_has_the_words_of_every_phrase() {
        for phrase in Phrase::ALL {
            let place = format!("data-phrase=\"{}\"", phrase.key());
            assert_eq!(DOCUMENT.matches(&place).count(), 1, "{place}");
        }
        assert_eq!(DOCUMENT.matches("data-phrase=").count(), Phrase::ALL.len());
    }

    #[test]
    fn braces_are_filled() {
        let phrases = Phrases::new([("settled".to_owned(), "Since {t}".to_owned())]);
        assert_eq!(phrases.say(Phrase::Settled, &[("t", "4".to_owned())]), "Since 4");
        assert_eq!(phrases.say(Phrase::Leaning, &[]), "leaning");
    }
}
