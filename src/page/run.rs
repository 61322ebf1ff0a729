//! What the engine holds and does, as far as the page knows, and what has to be asked of it so that it does what was
//! pressed.

use super::settings::same_network;
use crate::protocol::Request;
use crate::spec::Spec;

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
pub struct Run {
    /// What it does.
    pub phase: Phase,
    /// What it was last asked to be; none before anything was asked.
    pub holds: Option<(Spec, Origin)>,
    /// Whether the network has learnt anything.
    pub trained: bool,
    /// Its newest state that the page has; none before it has learnt anything here.
    pub snapshot: Option<Snapshot>,
    /// Whether that was asked for and is on its way.
    pub snapshot_awaited: bool,
}

/// A run that outlives the engine.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The safetensors file of the run.
    pub checkpoint: Vec<u8>,
    /// When it was as it is, in the page's milliseconds.
    pub at: f64,
}

impl Run {
    /// The engine was asked to be this network.
    pub fn started(&mut self, spec: Spec, origin: Origin) {
        self.trained = origin != Origin::Random;
        self.holds = Some((spec, origin));
        // Weights of another network would be worse than none.
        (self.snapshot, self.snapshot_awaited) = (None, false);
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
                self.started(spec.clone(), Origin::Continued);
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

    fn shipped() -> Run {
        let mut run = Run::default();
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
    fn weights_of_another_network_are_not_kept() {
        let (mut run, spec) = (shipped(), Spec::on_page());
        assert!(!run.has_learnt_here());
        run.before_training(&spec, false);
        run.trained = true;
        assert!(run.has_learnt_here());
        (run.snapshot, run.snapshot_awaited) = (Some(Snapshot { checkpoint: vec![1], at: 0.0 }), true);
        run.started(spec, Origin::Random);
        assert_eq!((run.snapshot, run.snapshot_awaited), (None, false));
    }

    #[test]
    fn changed_settings_start_it_anew() {
        let (mut run, mut spec) = (shipped(), Spec::on_page());
        run.before_training(&spec, false);
        spec.learning_rate = 0.1;
        assert_eq!(run.before_training(&spec, false), [Request::Start(spec.clone())]);
    }
}
