//! Training by several workers at once: this engine and *helpers* each train a share of the hidden neurons
//! ([`crate::training::share`]). The engine leads: it cuts batches, and keeps the run, which it brings up to date where somebody
//! wants to see it. How many workers pay is tried: more are taken while each step gets faster. The weights are the same to the
//! bit with any number of them.
//!
//! A step needs one exchange, the counts of each with each. What a helper has learnt is told about once a second, before a test,
//! so a helper that dies costs no more than that.

use super::Session;
use super::team_member::{Member, Sent, SharedStep, TeamMessage, Upcoming};
use crate::digits::shard::Split;
use crate::protocol::Outgoing;
use crate::training::share::{ShareNumbers, division, max_shares};
use crate::training::{Launch, PendingLosses, Position};
use std::collections::VecDeque;
use std::ops::Range;

/// The most workers that train one network, the engine included.
const MOST_WORKERS: usize = 8;
/// Milliseconds after which a helper that was asked for something and is silent is given up.
const SILENCE: f64 = 4000.0;
/// The pieces of work of 20 ms that a batch may take one worker if it is to be shared: two workers then take it in two pieces
/// each, forwards and backwards.
const MOST_SLICES: usize = 4;
/// The share of a step's time below which it must get with more workers, or they are not kept.
const FASTER: f64 = 0.9;
/// Steps before one worker is measured, and before several are: a program is slow until the browser has compiled it well, and
/// that of a helper has just begun.
const WARM_STEPS: [usize; 2] = [30, 150];
/// Batches that helpers have beside the one in hand: one that they begin without hearing of anybody, and the next, which would come
/// too late if it came only then.
const AHEAD: usize = 2;
/// Steps of which the median is taken.
const MEASURED_STEPS: usize = 31;

/// How many workers are fastest, as far as it was tried.
#[derive(Clone, Debug, Default)]
struct Trial {
    /// Workers, and the median time of their steps, of those that were tried.
    tried: Vec<(usize, f64)>,
    /// Steps of the trial under way that came before it measures.
    warm: usize,
    /// The times of its steps, in milliseconds.
    times: Vec<f64>,
    is_over: bool,
}

impl Trial {
    /// The workers that are to train now, of at most `most`.
    fn workers(&self, most: usize) -> usize {
        let best = self.tried.iter().min_by(|a, b| a.1.total_cmp(&b.1)).map_or(1, |(workers, _)| *workers);
        match self.tried.last() {
            None => 1,
            Some(_) if self.is_over => best,
            Some((workers, _)) => 2 * workers,
        }
        .min(most)
    }

    /// A step of `workers` workers took so many milliseconds; there may be at most `most` of them.
    fn took(&mut self, workers: usize, time: f64, most: usize) {
        if self.is_over || self.workers(most) != workers {
            return;
        }
        self.warm += 1;
        if self.warm <= WARM_STEPS[usize::from(workers > 1)] {
            return;
        }
        self.times.push(time);
        if self.times.len() == MEASURED_STEPS {
            let mut times = std::mem::take(&mut self.times);
            times.sort_by(f64::total_cmp);
            let median = times[MEASURED_STEPS / 2];
            let before = self.tried.last().map_or(f64::INFINITY, |(_, time)| *time);
            self.tried.push((workers, median));
            self.is_over = median > FASTER * before || workers >= most;
            self.warm = 0;
        }
    }
}

/// The team at work.
#[derive(Debug)]
struct AtWork {
    /// The engine's own share.
    member: Member,
    /// The neurons of each.
    ranges: Vec<Range<usize>>,
    /// The next batches, which helpers have already: they begin each as soon as they have learnt from the one before.
    upcoming: VecDeque<Upcoming>,
    /// The run's place when it was last brought up to date.
    position: Position,
    /// Whether the run is as the shares are.
    is_current: bool,
    /// What helpers have told so far, where they were asked to.
    told: Option<Vec<Option<ShareNumbers>>>,
    /// When the batch in hand began, or helpers were asked.
    since: f64,
}

/// The workers that may train beside the engine.
#[derive(Debug, Default)]
pub(super) struct Team {
    /// The cores that may train.
    cores: usize,
    /// The number of workers, the engine included, where it is not to be tried.
    chosen: Option<usize>,
    /// Whether a batch was seen to pass within [`MOST_SLICES`]. One that takes longer passes in slices, alone.
    is_short: bool,
    /// Helpers that run.
    helpers: usize,
    trial: Trial,
    at_work: Option<AtWork>,
    /// The number of the newest team: what is left of earlier ones is not heard.
    number: u32,
    out: Vec<Sent>,
}

impl AtWork {
    const fn waits(&self) -> bool {
        self.member.batch().is_some() || self.told.is_some()
    }
}

impl Team {
    /// Whether helpers have to say something before the engine goes on.
    pub(super) fn is_waiting(&self) -> bool {
        self.at_work.as_ref().is_some_and(AtWork::waits)
    }

    /// Whether shares have learnt what the run has not.
    pub(super) fn is_ahead(&self) -> bool {
        self.at_work.as_ref().is_some_and(|team| !team.is_current || team.waits())
    }

    /// Updates of the weights so far, where shares have taken some that the run has not.
    pub(super) fn step(&self) -> Option<u64> {
        self.at_work.as_ref().map(|team| team.member.step())
    }

    /// Nobody helps any more; the run is as it was last brought up to date.
    pub(super) fn dissolve(&mut self) {
        self.at_work = None;
    }

    /// What was tried was tried with another network.
    pub(super) fn forget_trial(&mut self) {
        self.dissolve();
        (self.trial, self.is_short) = (Trial::default(), false);
    }

    /// The milliseconds after which the engine looks whether helpers still live.
    pub(super) fn rest(&self) -> Option<f64> {
        self.is_waiting().then_some(SILENCE)
    }
}

impl Session {
    /// So many cores may train: as many workers are tried, this one included.
    pub fn set_cores(&mut self, cores: usize) {
        self.team.cores = cores.clamp(1, MOST_WORKERS);
    }

    /// Lets so many workers train; without a number those that are fastest by trial. Who learns now goes on until the run is
    /// brought up to date.
    pub(super) fn set_workers(&mut self, workers: Option<usize>) {
        let chosen = workers.map(|workers| workers.clamp(1, MOST_WORKERS));
        if chosen != self.team.chosen {
            (self.team.chosen, self.team.trial) = (chosen, Trial::default());
        }
    }

    /// The helpers that should run: those of the next team that is tried or at work. `None` while nothing trains: those that are
    /// there may stay.
    pub fn wanted_helpers(&self) -> Option<usize> {
        let is_untried = self.team.chosen.is_none() && self.team.trial.tried.is_empty();
        // The first is called in time to be there when it is tried.
        let workers = || if is_untried { self.most_workers().min(2) } else { self.workers() };
        self.is_training_alike()
            .then(|| workers().max(self.team.at_work.as_ref().map_or(1, |team| team.ranges.len())) - 1)
    }

    /// So many helpers run, and hear.
    pub fn has_helpers(&mut self, helpers: usize) {
        self.team.helpers = helpers;
    }

    /// What is to be sent to helpers.
    pub fn sent_to_helpers(&mut self) -> Vec<Sent> {
        std::mem::take(&mut self.team.out)
    }

    /// Uses the time in which helpers' counts are awaited, if they are: cuts further batches, which are to be sent too, and
    /// encodes the next. To be called once [`Session::sent_to_helpers`] is sent.
    pub fn look_ahead(&mut self) {
        let (Some(team), Some(run)) = (&mut self.team.at_work, &self.run) else { return };
        let Some(in_hand) = team.member.batch().map(|batch| batch.samples.len()) else { return };
        while team.upcoming.len() < AHEAD {
            let images = in_hand + team.upcoming.iter().map(Upcoming::images).sum::<usize>();
            let step = team.member.step() + 1 + team.upcoming.len() as u64;
            let Ok(batch) = run.shared_batch(step, images, &self.data.train) else { break };
            self.team.out.extend(team.member.pass_on(&batch));
            team.upcoming.push_back(batch.into());
        }
        if let Some(next) = team.upcoming.front_mut() {
            next.encode(&team.member);
        }
    }

    /// Takes in what a helper says.
    pub fn hear_helper(&mut self, message: TeamMessage, bytes: Vec<Vec<u8>>) -> Vec<Outgoing> {
        let number = self.team.number;
        let Some(team) = &mut self.team.at_work else { return Vec::new() };
        match message {
            TeamMessage::Counts { team: of, share, penalty } if of == number => {
                team.member.take_counts(share, bytes, penalty);
                self.learn_together();
            }
            TeamMessage::Learnt { team: of, share } if of == number => {
                let numbers = super::team_member::numbers_of(bytes);
                if let (Some(told), Some(numbers)) = (&mut team.told, numbers)
                    && let Some(place) = told.get_mut(share)
                {
                    *place = Some(numbers);
                }
                self.take_over();
            }
            // Of an earlier team, or nothing that an engine is told.
            TeamMessage::Counts { .. }
            | TeamMessage::Learnt { .. }
            | TeamMessage::Take { .. }
            | TeamMessage::Batch(_)
            | TeamMessage::Tell { .. } => {}
        }
        std::mem::take(&mut self.out)
    }

    /// A helper is dead: the engine goes on alone from where it last knew what all had learnt.
    pub fn helper_died(&mut self) {
        let team = self.team.at_work.take();
        (self.team.chosen, self.team.helpers, self.team.trial) = (Some(1), 0, Trial::default());
        if let (Some(team), Some(run)) = (team, &mut self.run) {
            run.go_back_to(team.position);
        }
    }

    /// Whether it trains a network of which helpers could take a share.
    fn is_training_alike(&self) -> bool {
        let divisible = |run: &crate::training::Run| !run.is_gpu() && max_shares(&run.spec) > 1;
        self.mode == super::Mode::Training && self.run.as_ref().is_some_and(divisible)
    }

    /// The workers that are to train now.
    fn workers(&self) -> usize {
        let most = self.most_workers();
        if self.team.chosen.is_some() { most } else { self.team.trial.workers(most) }
    }

    fn most_workers(&self) -> usize {
        let divisible = self.run.as_ref().map_or(1, |run| max_shares(&run.spec));
        if self.team.is_short { self.team.chosen.unwrap_or(self.team.cores).clamp(1, divisible) } else { 1 }
    }

    /// A step took so long, with as many workers as are at work.
    pub(super) fn tried_step(&mut self, time: f64) {
        let (workers, most) = (self.team.at_work.as_ref().map_or(1, |team| team.ranges.len()), self.most_workers());
        let batch = self.run.as_ref().map_or(usize::MAX, |run| run.spec.batch_size);
        self.team.is_short |= self.training_pace.images() * MOST_SLICES >= batch;
        if self.mode == super::Mode::Training {
            self.team.trial.took(workers, time, most);
        }
    }

    /// Begins a step with helpers, if there are to be any; false where the engine has to take it alone.
    pub(super) fn begin_together(&mut self, now: f64) -> bool {
        let wanted = if self.is_training_alike() { self.workers() } else { 1 };
        let there = self.team.at_work.as_ref().map_or(1, |team| team.ranges.len());
        if there != wanted && there > 1 {
            if self.team.is_ahead() {
                self.bring_up_to_date();
                return true;
            }
            self.team.dissolve();
        }
        let may_begin = |session: &mut Self| session.team.helpers + 1 >= wanted && session.form_team(wanted);
        if wanted == 1 || (self.team.at_work.is_none() && !may_begin(self)) {
            return false;
        }
        let (Some(team), Some(run)) = (&mut self.team.at_work, &self.run) else { return false };
        let step = team.member.step();
        let Some(batch) = team.upcoming.pop_front() else {
            return match run.shared_batch(step, 0, &self.data.train) {
                // Helpers hear of it before the engine begins.
                Ok(batch) => {
                    self.team.out.extend(team.member.pass_on(&batch));
                    team.upcoming.push_back(batch.into());
                    true
                }
                Err(Launch::Waiting(shard)) => {
                    self.request_shard(Split::Train, shard);
                    true
                }
                Err(Launch::NoImages | Launch::Partial | Launch::Step) => false,
            };
        };
        if std::mem::replace(&mut team.is_current, false) {
            team.position = run.position;
        }
        team.since = now;
        self.team.out.extend(team.member.begin(batch));
        self.learn_together();
        true
    }

    /// Divides the run among this worker and helpers.
    fn form_team(&mut self, workers: usize) -> bool {
        let Some(run) = self.run.as_ref().filter(|run| run.is_between_batches()) else { return false };
        let ranges = division(run.network.layers[0].neurons(), workers);
        self.team.number += 1;
        let mut parts = run.shares(&ranges).into_iter();
        let Some((head, numbers)) = parts.next() else { return false };
        let Ok(member) = Member::new(&head, numbers, (self.team.number, 0, workers), &self.device) else {
            return false;
        };
        for (share, (head, numbers)) in (1..).zip(parts) {
            self.team.out.push(Sent {
                to: share,
                message: TeamMessage::Take { head, team: self.team.number, share, shares: workers },
                bytes: super::team_member::bytes_of(&numbers),
            });
        }
        let position = run.position;
        let upcoming = VecDeque::new();
        self.team.at_work =
            Some(AtWork { member, ranges, upcoming, position, is_current: true, told: None, since: 0.0 });
        true
    }

    /// Takes the step in hand, if the counts of all are there.
    fn learn_together(&mut self) {
        let (Some(team), Some(run)) = (&mut self.team.at_work, &mut self.run) else { return };
        let Some(SharedStep { loss, correct, images }) = team.member.learn() else { return };
        run.shares_stepped(team.member.step(), images, loss, correct);
        self.batch_time += (self.clock)() - team.since;
        // Before an epoch ends, all weights are looked at.
        if run.epoch_is_shown() { self.bring_up_to_date() } else { self.record_together() }
    }

    fn record_together(&mut self) {
        let Some(run) = &mut self.run else { return };
        if let PendingLosses::Ready(steps) = run.pending_losses()
            && !steps.is_empty()
        {
            self.record(steps);
        }
    }

    /// Has helpers tell what they have learnt. To be asked between two steps.
    pub(super) fn bring_up_to_date(&mut self) {
        let now = (self.clock)();
        let Some(team) = self.team.at_work.as_mut().filter(|team| !team.waits()) else { return };
        team.since = now;
        team.told = Some(vec![None; team.ranges.len()]);
        let (helpers, step) = (1..team.ranges.len(), team.member.step());
        self.team.out.extend(helpers.map(|to| Sent { to, message: TeamMessage::Tell { step }, bytes: Vec::new() }));
    }

    /// Brings the run up to date, if all have told.
    fn take_over(&mut self) {
        let (Some(team), Some(run)) = (&mut self.team.at_work, &mut self.run) else { return };
        if !team.told.as_ref().is_some_and(|told| told.iter().skip(1).all(Option::is_some)) {
            return;
        }
        let told = team.told.take().into_iter().flatten().skip(1).flatten();
        let all: Vec<(Range<usize>, ShareNumbers)> =
            team.ranges.iter().cloned().zip(std::iter::once(team.member.numbers()).chain(told)).collect();
        if run.adopt_shares(&all, team.member.step()).is_err() {
            return self.helper_died();
        }
        team.is_current = true;
        self.record_together();
    }

    /// Whether a helper has been silent for too long; it is given up then.
    pub(super) fn give_up_silent(&mut self, now: f64) {
        if self.team.at_work.as_ref().is_some_and(|team| team.waits() && now - team.since > SILENCE) {
            self.helper_died();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a trial settles on, where a step of so many workers takes `time`.
    fn settled(most: usize, time: impl Fn(usize) -> f64) -> (usize, Vec<usize>) {
        let mut trial = Trial::default();
        for _ in 0..2000 {
            let workers = trial.workers(most);
            trial.took(workers, time(workers), most);
        }
        (trial.workers(most), trial.tried.iter().map(|(workers, _)| *workers).collect())
    }

    #[test]
    fn more_workers_are_taken_while_they_are_faster() {
        assert_eq!(settled(8, |workers| 8.0 / workers as f64), (8, vec![1, 2, 4, 8]));
        assert_eq!(settled(3, |workers| 8.0 / workers as f64), (3, vec![1, 2, 3]));
        // Two cores, whatever the browser says.
        assert_eq!(settled(8, |workers| 8.0 / workers.min(2) as f64), (2, vec![1, 2, 4]));
        assert_eq!(settled(4, |_| 3.0), (1, vec![1, 2]));
        assert_eq!(settled(1, |_| 3.0), (1, vec![1]));
    }
}
