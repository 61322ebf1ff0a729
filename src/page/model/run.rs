//! What the engine holds and does, as far as the page knows, and what has to be asked of it so that it does what was
//! pressed.

use super::networks::same_network;
use crate::protocol::{Request, RequestId};
use crate::spec::Spec;
use std::rc::Rc;

/// Where the engine's weights come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file, of the page or the reader, untouched.
    Shipped,
    /// That file, trained further.
    Continued,
    /// Drawn from the seed, and trained since.
    Random,
}

/// What the engine does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nothing yet: it has not said that it is there.
    #[default]
    Starting,
    /// It stands still and answers.
    Still,
    /// It trains.
    Training,
    /// It was asked to pause.
    Pausing,
}

/// What the page knows of the engine's run.
#[derive(Clone, Debug, Default)]
pub struct RunState {
    /// What it does.
    pub phase: Phase,
    /// What it was last asked to be; none before anything was asked.
    pub holds: Option<(Spec, Origin)>,
    /// What it was asked to be before settings were changed that kept its weights.
    pub began: Option<Spec>,
    /// Whether the network has learnt anything.
    pub trained: bool,
    /// Its newest state that the page has; none before it has learnt anything here.
    pub snapshot: Option<Snapshot>,
    /// Counts the networks that the engine was asked to be: what comes of one before is told apart by it.
    pub generation: u32,
    /// The newest request to train.
    pub training_request: RequestId,
}

/// What becomes of the engine's run when the settings are others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing: it is theirs.
    None,
    /// It goes on under them with its weights.
    Keeps,
    /// Its weights do not fit, or were drawn from another seed: another one starts.
    Anew,
}

/// A run that outlives the engine.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The safetensors file of the run.
    pub checkpoint: Rc<Vec<u8>>,
    /// When it was as it is, in the page's milliseconds.
    pub at: f64,
}

impl RunState {
    /// Nothing is known of the engine's run any more but what it does: the next one is another.
    pub fn next(&self, phase: Phase) -> Self {
        Self { phase, generation: self.generation.wrapping_add(1), ..Self::default() }
    }

    /// The engine was asked to be this network.
    pub fn started(&mut self, spec: Spec, origin: Origin) {
        self.trained = origin != Origin::Random;
        self.began = Some(spec.clone());
        self.holds = Some((spec, origin));
        // Weights of another network would be worse than none.
        self.snapshot = None;
        self.generation = self.generation.wrapping_add(1);
    }

    /// What becomes of it under these settings.
    pub fn change(&self, spec: &Spec) -> Change {
        let Some((held, origin)) = &self.holds else { return Change::None };
        // The seed and the like of a file are those of its training, which is over.
        let (same, same_seed) = match origin {
            Origin::Shipped => (same_network(held, spec), true),
            Origin::Continued | Origin::Random => (held == spec, held.seed == spec.seed),
        };
        match (same, self.trained && same_seed && held.has_shape_of(spec)) {
            (true, _) => Change::None,
            (false, true) => Change::Keeps,
            (false, false) => Change::Anew,
        }
    }

    /// The engine was asked to go on under these settings.
    pub fn changed(&mut self, spec: Spec) {
        if let Some((held, _)) = &mut self.holds {
            *held = spec;
        }
    }

    /// Whether settings were changed on the way, so that they do not say how these weights came about.
    pub fn is_mixed(&self) -> bool {
        let differs = |began: &Spec, (held, origin): &(Spec, Origin)| match origin {
            Origin::Shipped => !same_network(began, held),
            // For how long it is trained makes no difference to what it is until then.
            Origin::Continued | Origin::Random => *began != Spec { epochs: began.epochs, ..held.clone() },
        };
        self.began.as_ref().zip(self.holds.as_ref()).is_some_and(|(began, holds)| differs(began, holds))
    }

    /// Whether it is the network of a file, with its weights and settings.
    pub fn is_as_shipped(&self) -> bool {
        self.holds.as_ref().is_some_and(|(_, origin)| *origin == Origin::Shipped) && !self.is_mixed()
    }

    /// Whether losing the engine would lose something: the shipped file can be opened again.
    pub fn has_learnt_here(&self) -> bool {
        self.trained && self.holds.as_ref().is_some_and(|(_, origin)| *origin != Origin::Shipped)
    }

    /// What to ask before training with these settings can go on: nothing where the engine holds that run already.
    pub fn before_training(&mut self, spec: &Spec, from_file: bool) -> Vec<Request> {
        let origin = self.holds.as_ref().map(|(_, origin)| *origin);
        let same = self.holds.as_ref().is_some_and(|(held, _)| held == spec);
        match (origin, from_file) {
            (Some(Origin::Random), false) | (Some(Origin::Continued), true) if same => Vec::new(),
            (Some(Origin::Shipped), true) => {
                let began = self.began.take().filter(|began| !same_network(began, spec));
                self.started(spec.clone(), Origin::Continued);
                self.began = began.or(self.began.take());
                vec![Request::Continue(spec.clone())]
            }
            (Some(Origin::Continued), true) => {
                self.started(spec.clone(), Origin::Continued);
                vec![Request::Open, Request::Continue(spec.clone())]
            }
            _ => {
                self.started(spec.clone(), Origin::Random);
                vec![Request::Start(spec.clone())]
            }
        }
    }

    /// Whether the engine's network is the one that these settings describe.
    pub fn shows(&self, spec: &Spec) -> bool {
        self.holds.as_ref().is_some_and(|(held, _)| same_network(held, spec))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::dense;

    fn shipped() -> RunState {
        let mut run = RunState::default();
        run.started(Spec::on_page(), Origin::Shipped);
        run
    }

    #[test]
    fn training_starts_from_random_weights_even_where_a_network_was_shipped() {
        let (mut run, spec) = (shipped(), Spec::on_page());
        assert_eq!(run.before_training(&spec, false), [Request::Start(spec.clone())]);
        assert_eq!(run.before_training(&spec, false), []);
    }

    #[test]
    fn the_shipped_network_is_continued_where_that_was_chosen() {
        let (mut run, spec) = (shipped(), Spec::on_page());
        assert_eq!(run.before_training(&spec, true), [Request::Continue(spec.clone())]);
        assert_eq!(run.before_training(&spec, true), []);
    }

    #[test]
    fn what_leaves_the_shape_of_the_weights_keeps_them_once_there_is_something_to_keep() {
        let (mut run, spec) = (shipped(), Spec::on_page());
        let with = |change: fn(&mut Spec)| {
            let mut other = Spec::on_page();
            change(&mut other);
            other
        };
        let leaky = with(|spec| spec.neuron.beta = 0.5);
        assert_eq!(run.change(&with(|spec| spec.seed = 9)), Change::None, "it is a file's");
        assert_eq!(run.change(&leaky), Change::Keeps);
        run.changed(leaky.clone());
        assert!(run.is_mixed() && run.shows(&leaky));
        run.changed(spec.clone());
        assert!(!run.is_mixed(), "all is as it was");
        run.before_training(&spec, false);
        assert_eq!(run.change(&leaky), Change::Anew, "nothing was learnt yet");
        run.trained = true;
        assert_eq!(run.change(&leaky), Change::Keeps);
        assert_eq!(run.change(&with(|spec| spec.layers = dense([256, 64]))), Change::Anew);
        assert_eq!(run.change(&with(|spec| spec.seed = 9)), Change::Anew);
        run.changed(with(|spec| spec.epochs = 3));
        assert!(!run.is_mixed(), "the weights come about in the same way");
        run.changed(leaky.clone());
        assert!(run.is_mixed());
        run.started(leaky, Origin::Random);
        assert!(!run.is_mixed());
    }

    #[test]
    fn weights_of_another_network_are_not_kept() {
        let (mut run, spec) = (shipped(), Spec::on_page());
        assert!(!run.has_learnt_here());
        run.before_training(&spec, false);
        run.trained = true;
        assert!(run.has_learnt_here());
        let before = run.generation;
        run.snapshot = Some(Snapshot { checkpoint: vec![1].into(), at: 0.0 });
        run.started(spec, Origin::Random);
        assert!(run.snapshot.is_none() && run.generation != before);
    }

    #[test]
    fn changed_settings_start_it_anew() {
        let (mut run, mut spec) = (shipped(), Spec::on_page());
        run.before_training(&spec, false);
        spec.learning_rate = 0.1;
        assert_eq!(run.before_training(&spec, false), [Request::Start(spec.clone())]);
    }
}
