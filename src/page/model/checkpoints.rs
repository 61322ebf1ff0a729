//! States of the run that outlive the engine and the page: for a crash, for a reload, and for the reader.

use super::effect::{CachePolicy, Effect};
use super::input::EngineKind;
use super::link::{Link, Start};
use super::phrases::Phrase;
use super::requests::Asked;
use super::run::{Origin, Phase, RunState, Snapshot};
use super::state::{GpuState, KeptOffer, KeptRun, Model, Opening, Source};
use crate::pictures::curves::History;
use crate::protocol::{Request, RequestId};
use std::rc::Rc;

/// While training runs, a checkpoint is taken this often, in milliseconds; the first one sooner.
const CHECKPOINT_EVERY: f64 = 4000.0;
const FIRST_CHECKPOINT: f64 = 1000.0;

impl Model {
    /// Asks for the state of the run, which a crash would lose. An engine on a GPU gives it automatically.
    pub(super) fn save_checkpoint(&mut self) {
        let is_due = self.opening == Opening::Done && self.run.has_learnt_here() && !self.awaits_checkpoint();
        if is_due && !self.is_on_gpu() {
            self.ask_for_checkpoint(Request::Checkpoint);
        }
    }

    /// The same, if the last time was a while ago.
    pub(super) fn save_checkpoint_when_due(&mut self) {
        let (since, every) = match &self.run.snapshot {
            Some(snapshot) => (snapshot.at, CHECKPOINT_EVERY),
            None => (self.times.train, FIRST_CHECKPOINT),
        };
        if self.now - since > every {
            self.save_checkpoint();
        }
    }

    /// Whether a checkpoint of this run is on its way.
    pub(super) fn awaits_checkpoint(&self) -> bool {
        self.checkpoint_of == self.run.generation && self.requests.awaits(EngineKind::Cpu, Asked::Checkpoint)
    }

    pub(super) fn ask_for_checkpoint(&mut self, request: Request) {
        self.checkpoint_of = self.run.generation;
        self.ask(EngineKind::Cpu, request, Vec::new());
    }

    /// A checkpoint of the first engine's, as it was asked for.
    pub(super) fn take_checkpoint(&mut self, checkpoint: Vec<u8>) {
        // That of a run before would bring it back after a crash.
        if self.checkpoint_of != self.run.generation {
            return;
        }
        match self.gpu.state {
            GpuState::Trying => {
                self.ask(EngineKind::Gpu, Request::Try, vec![checkpoint.clone()]);
            }
            // One that was asked for before comes first, and is older.
            GpuState::Taking if !self.awaits_checkpoint() => {
                self.ask(EngineKind::Gpu, Request::Resume, vec![checkpoint.clone()]);
            }
            GpuState::Absent
            | GpuState::Starting
            | GpuState::Idle
            | GpuState::Taking
            | GpuState::Driving
            | GpuState::Returning
            | GpuState::Refused => {}
        }
        self.keep(checkpoint);
    }

    /// Keeps a checkpoint of the run, here and in the browser.
    pub(super) fn keep(&mut self, checkpoint: Vec<u8>) {
        let checkpoint = Rc::new(checkpoint);
        if let Some(link) = self.link_of_run() {
            let curves = self.history.to_bytes();
            self.effect(Effect::KeepRun { link, checkpoint: Rc::clone(&checkpoint), curves });
        }
        self.run.snapshot = Some(Snapshot { checkpoint, at: self.now });
        // It came this far since the last crash, so the next one need not be the last.
        self.crashes = 0;
    }

    /// The link of the run that the engine has.
    fn link_of_run(&self) -> Option<String> {
        let (spec, origin) = self.run.holds.clone()?;
        let from = if origin == Origin::Random { Start::Random } else { self.link.from };
        Some(self.catalogue.hash(&Link { spec, from, ..self.link.clone() }))
    }

    /// The run is begun anew, so nothing of it is kept.
    pub(super) fn forget_run(&mut self) {
        if let Some(link) = self.link_of_run() {
            self.effect(Effect::ForgetRun { link, is_broken: false });
        }
        self.end_kept_offer();
    }

    /// Nothing is said of the kept run any more.
    pub(super) fn end_kept_offer(&mut self) {
        self.changed.notices |= self.kept_offer.take().is_some();
    }

    // ---- after a crash, and after a reload ----

    /// The link and the curves of a kept run; `None` where they cannot be read, and then it is forgotten.
    fn read_kept(&mut self, kept: &KeptRun) -> Option<(Link, History)> {
        let (mut link, errors) = Link::from_hash(&kept.link);
        let history = History::from_bytes(&kept.curves);
        if let (Some(history), true, true) = (history, errors.is_empty(), self.catalogue.correct(&mut link).is_empty())
        {
            self.catalogue.complete(&mut link);
            return Some((link, history));
        }
        self.effect(Effect::ForgetRun { link: kept.link.clone(), is_broken: true });
        None
    }

    /// The reader may have the run that was kept, and is told so.
    pub(super) fn offer_kept(&mut self, kept: KeptRun) {
        if let Some((_, history)) = self.read_kept(&kept) {
            self.kept_offer = Some(KeptOffer::Offered { run: kept, epochs: history.epochs() });
            self.changed.notices = true;
        }
    }

    /// The reader wants the run that was offered.
    pub(super) fn go_on_with_kept(&mut self) {
        let Some(KeptOffer::Offered { run, .. }) = self.kept_offer.take() else { return };
        self.changed.notices = true;
        if self.opening == Opening::Done {
            self.halt();
        }
        let (set, model) = (self.link.spec.dataset, self.link.model().to_owned());
        self.take_kept(run);
        self.link_chosen();
        self.show_link();
        if self.link.spec.dataset != set {
            self.change_data();
        }
        // Its file is the one to go back to.
        if self.link.model() != model {
            self.fetch_model(CachePolicy::Kept);
        }
        self.open_network();
    }

    /// The reader does without the run that was kept: one that is back is begun anew.
    pub(super) fn decline_kept(&mut self) {
        match self.kept_offer.take() {
            Some(KeptOffer::Offered { run, .. }) => self.effect(Effect::ForgetRun { link: run.link, is_broken: false }),
            Some(KeptOffer::Back(_)) => self.reset(),
            None => {}
        }
        self.changed.notices = true;
    }

    /// Goes on with the run that was kept for this link: the engine becomes it as soon as it can.
    pub(super) fn take_kept(&mut self, kept: KeptRun) {
        let Some((link, history)) = self.read_kept(&kept) else { return };
        let origin = if link.from == Start::Random { Origin::Random } else { Origin::Continued };
        // The engine has not been this run yet: its phase stays that of one which is starting.
        let mut run = RunState::default();
        run.started(link.spec.clone(), origin);
        run.snapshot = Some(Snapshot { checkpoint: Rc::new(kept.checkpoint), at: self.now });
        self.recovered = Some(run);
        self.history = history;
        self.kept_when = kept.when;
        let here = &mut self.link;
        (here.spec, here.from, here.model) = (link.spec, link.from, link.model);
        if here.pad == Default::default() {
            here.pad = link.pad;
        }
        self.link_changed();
        self.withdraw(&[Phrase::NoteOwnFile]);
    }

    /// Says that the engine was lost, and how much with it. What can be saved waits for the new one.
    pub(super) fn rescue(&mut self, reason: &str) {
        // What was kept has brought the engine down: it would again.
        if matches!(self.opening, Opening::Asked(_, Source::Kept)) {
            return self.give_up_kept();
        }
        let next = self.run.next(Phase::Starting);
        let was = std::mem::replace(&mut self.run, next);
        // An engine that never got ready has nothing to be sorry for yet.
        if was.phase == Phase::Starting {
            return;
        }
        let mut values = vec![("error", reason.to_owned())];
        self.withdraw(&[Phrase::NoteEngineLost, Phrase::NoteEngineBack]);
        let phrase = match &was.snapshot {
            Some(snapshot) => {
                values.push(("n", format!("{:.0}", (self.now - snapshot.at) / 1000.0)));
                Phrase::NoteEngineBack
            }
            None => Phrase::NoteEngineLost,
        };
        self.notify(phrase, values);
        self.recovered = was.snapshot.is_some().then_some(was);
    }

    /// Makes the new engine what the lost one was, and lets it go on.
    pub(super) fn recover(&mut self, was: RunState) {
        let (Some(_), Some(snapshot)) = (&was.holds, &was.snapshot) else { return };
        // What was kept of an earlier visit has yet to prove that it can be read.
        let is_kept = was.phase == Phase::Starting;
        let id = self.ask(EngineKind::Cpu, Request::Resume, vec![snapshot.checkpoint.to_vec()]);
        self.recovering = Some(id);
        self.opening = if is_kept { Opening::Asked(id, Source::Kept) } else { Opening::Done };
        let was_training = was.phase == Phase::Training;
        let generation = self.run.generation.wrapping_add(1);
        self.run = RunState { phase: Phase::Still, trained: true, generation, training_request: 0, ..was };
        self.repeat_change(EngineKind::Cpu);
        // What was measured was of a later network.
        self.progress.test = None;
        self.bar_changed();
        if was_training {
            self.go_on_training();
        } else if !is_kept {
            self.test_all();
        }
    }

    /// The engine has the GPU's newest weights, or those that were kept.
    pub(super) fn resumed(&mut self, is_kept: bool, step: u64) {
        if is_kept {
            self.kept_is_back(step);
        }
        if self.run.phase != Phase::Training {
            self.ask_for_trace();
            self.ask_for_weights();
        }
    }

    /// The engine is what was kept: the page says so.
    fn kept_is_back(&mut self, step: u64) {
        self.opening = Opening::Done;
        self.history.is_at(step);
        (self.progress.epochs, self.progress.loss) = (self.history.epochs(), self.history.loss());
        if let Some((spec, _)) = self.run.holds.clone() {
            self.network_changed(&spec);
        }
        self.test_all();
        self.kept_offer = (self.run.phase != Phase::Training).then(|| KeptOffer::Back(self.history.epochs()));
        self.changed.notices = true;
    }

    /// What was kept is no run for this engine: the page opens as without it.
    pub(super) fn kept_is_broken(&mut self) {
        self.give_up_kept();
        self.not_recovered();
    }

    /// The new engine cannot become what the lost one was: it opens a network as if there had been none.
    pub(super) fn not_recovered(&mut self) {
        self.recovering = None;
        self.run = self.run.next(Phase::Still);
        self.opening = Opening::Waiting;
        self.open_network();
    }

    /// What was kept is removed, with a word.
    fn give_up_kept(&mut self) {
        if let Some(link) = self.link_of_run() {
            self.effect(Effect::ForgetRun { link, is_broken: true });
        }
        self.history = History::default();
    }

    // ---- files ----

    /// The reader wants the weights as a file.
    pub(super) fn save_weights(&mut self) {
        if self.opening == Opening::Done {
            self.ask(EngineKind::Cpu, Request::Weights, Vec::new());
        }
    }

    pub(super) fn take_weights(&mut self, answers: Option<RequestId>, mut bytes: Vec<Vec<u8>>) {
        let Some(bytes) = bytes.pop() else { return };
        if self.is_for_chip(answers) {
            self.show_on_chip(bytes);
        } else {
            self.effect(Effect::Download { bytes, name: "network.safetensors" });
        }
    }
}
