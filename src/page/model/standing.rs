//! How the network stands that is shown, in a sentence: whether it is trained, how well it reads, and what Train would do.

use super::link::Start;
use super::phrases::Phrase;
use super::run::{Origin, Phase};
use super::state::{Model, Opening};
use super::training::percent;
use crate::pictures::numbers::grouped;

impl Model {
    /// The sentences, with what goes into their braces; none while no network is there.
    pub fn standing(&self) -> Vec<(Phrase, Vec<(&'static str, String)>)> {
        let Some((_, origin)) = self.run.holds.as_ref().filter(|_| self.opening == Opening::Done) else {
            return Vec::new();
        };
        let training = self.run.phase == Phase::Training;
        let what = match origin {
            _ if self.learns_drawings() && !self.run.trained => Phrase::StandingOwn,
            Origin::Shipped if self.run.is_mixed() => Phrase::StandingChanged,
            Origin::Shipped if self.link.from == Start::File => Phrase::StandingFile,
            Origin::Shipped => Phrase::StandingTrained,
            Origin::Random if !self.run.trained && !training => Phrase::StandingRandom,
            Origin::Continued | Origin::Random if training => Phrase::StandingLearning,
            Origin::Continued | Origin::Random => Phrase::StandingLearnt,
        };
        let mut said = vec![(what, vec![("e", format!("{:.1}", self.progress.epochs))])];
        if let Some(experiment) = &self.experiment {
            said = vec![(Phrase::StandingWhy, vec![("why", experiment.why.clone())])];
        }
        let knows = what != Phrase::StandingRandom && what != Phrase::StandingOwn;
        if let Some(accuracy) = self.progress.test.filter(|_| knows) {
            let phrase = if self.progress.is_of_file { Phrase::StandingRead } else { Phrase::StandingReads };
            let values = [("p", percent(accuracy.fraction())), ("n", grouped(accuracy.images as u64))];
            said.push((phrase, values.into()));
        }
        if let Some(before) = self.experiment.as_ref().and_then(|experiment| experiment.before) {
            said.push((Phrase::StandingBefore, vec![("p", percent(before.fraction()))]));
        }
        if self.run.is_mixed() && *origin != Origin::Shipped {
            said.push((Phrase::StandingMixed, Vec::new()));
        }
        if self.waits_for_images() {
            said.push((Phrase::StandingWaiting, Vec::new()));
        }
        if *origin == Origin::Shipped && knows {
            let is_of_page = self.link.from == Start::Random && what != Phrase::StandingFile;
            said.push((if is_of_page { Phrase::StandingTrain } else { Phrase::StandingContinue }, Vec::new()));
        }
        said
    }
}
