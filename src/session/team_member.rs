//! A worker that trains a share of a network, and what such workers say to each other: the engine, which leads, is the first of
//! them, a *helper* ([`Helper`]) each of the others.

use crate::network::EncodedBatch;
use crate::training::share::{Share, ShareCounts, ShareError, ShareHead, ShareNumbers, SharedBatch};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What workers that train one network say to each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TeamMessage {
    /// Of the engine: train this share. Arrays: its numbers.
    Take {
        /// What it is.
        head: ShareHead,
        /// The number of the team: what was said in an earlier one is not heard.
        team: u32,
        /// The number of the share; that of the engine is 0.
        share: usize,
        /// How many shares there are.
        shares: usize,
    },
    /// Of the engine: the next batch. Arrays: its pixels.
    Batch(SharedBatch),
    /// To all others: the counts of a share of the batch in hand. Arrays: them, as f32, little-endian.
    Counts {
        /// The team.
        team: u32,
        /// The share.
        share: usize,
        /// What its neurons' firing costs.
        penalty: f32,
    },
    /// Of the engine: tell what you have learnt, once that is so many updates of the weights.
    Tell {
        /// The updates.
        step: u64,
    },
    /// To the engine: what a share has learnt. Arrays: its numbers.
    Learnt {
        /// The team.
        team: u32,
        /// The share.
        share: usize,
    },
}

/// A message on its way to the worker of another share.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// The share.
    pub to: usize,
    /// The message.
    pub message: TeamMessage,
    /// The byte arrays beside it.
    pub bytes: Vec<Vec<u8>>,
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct SharedStep {
    /// The loss, with what firing costs.
    pub loss: f32,
    pub correct: usize,
    pub images: usize,
}

fn to_bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn from_bytes(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|number| f32::from_le_bytes(*number)).collect()
}

/// A share's numbers as byte arrays.
pub(super) fn bytes_of(numbers: &ShareNumbers) -> Vec<Vec<u8>> {
    numbers.iter().flatten().map(|numbers| to_bytes(numbers)).collect()
}

/// A share's numbers from byte arrays, if there are as many as [`bytes_of`] makes.
pub(super) fn numbers_of(bytes: Vec<Vec<u8>>) -> Option<ShareNumbers> {
    let all: [Vec<f32>; 6] = bytes.iter().map(|bytes| from_bytes(bytes)).collect::<Vec<_>>().try_into().ok()?;
    let [a, b, c, d, e, f] = all;
    Some([[a, b, c], [d, e, f]])
}

/// A batch that waits for the one in hand.
#[derive(Debug)]
pub(super) struct Upcoming {
    batch: SharedBatch,
    /// It, encoded, if there was time for it.
    encoded: Option<EncodedBatch>,
}

impl From<SharedBatch> for Upcoming {
    fn from(batch: SharedBatch) -> Self {
        Self { batch, encoded: None }
    }
}

impl Upcoming {
    /// Encodes it, before its turn comes.
    pub(super) fn encode(&mut self, member: &Member) {
        if self.encoded.is_none() {
            self.encoded = Some(member.share.encode(&self.batch));
        }
    }

    /// How many images it has.
    pub(super) const fn images(&self) -> usize {
        self.batch.samples.len()
    }
}

/// A worker's part in a team.
#[derive(Debug)]
pub(super) struct Member {
    share: Share,
    team: u32,
    /// The number of its share, and how many there are.
    place: (usize, usize),
    batch: Option<SharedBatch>,
    /// What each share has told, of the batch in hand and of the next one: nobody can be further ahead.
    counts: Vec<VecDeque<ShareCounts>>,
}

impl Member {
    /// # Errors
    /// When the numbers are not those of such a share.
    pub(super) fn new(
        head: &ShareHead,
        numbers: ShareNumbers,
        (team, share, shares): (u32, usize, usize),
        device: &Device,
    ) -> Result<Self, ShareError> {
        let counts = vec![VecDeque::new(); shares];
        Ok(Self { share: Share::new(head, numbers, device)?, team, place: (share, shares), batch: None, counts })
    }

    pub(super) const fn step(&self) -> u64 {
        self.share.step()
    }

    /// The batch in hand.
    pub(super) const fn batch(&self) -> Option<&SharedBatch> {
        self.batch.as_ref()
    }

    pub(super) fn numbers(&self) -> ShareNumbers {
        self.share.numbers()
    }

    fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let (own, shares) = self.place;
        (0..shares).filter(move |share| *share != own)
    }

    /// A batch as all others get it.
    pub(super) fn pass_on(&self, batch: &SharedBatch) -> Vec<Sent> {
        let head =
            SharedBatch { pixels: Vec::new(), samples: batch.samples.clone(), labels: batch.labels.clone(), ..*batch };
        let message = |to| Sent { to, message: TeamMessage::Batch(head.clone()), bytes: vec![batch.pixels.clone()] };
        self.others().map(message).collect()
    }

    /// Begins a batch; returns what the others have to hear.
    pub(super) fn begin(&mut self, Upcoming { batch, encoded }: Upcoming) -> Vec<Sent> {
        let encoded = encoded.unwrap_or_else(|| self.share.encode(&batch));
        let counts = self.share.forward(encoded, batch.samples.len());
        let (team, share, penalty) = (self.team, self.place.0, counts.penalty);
        let bytes = to_bytes(&counts.counts);
        self.batch = Some(batch);
        self.counts[share].push_back(counts);
        let message =
            |to| Sent { to, message: TeamMessage::Counts { team, share, penalty }, bytes: vec![bytes.clone()] };
        self.others().map(message).collect()
    }

    /// Another share's counts.
    pub(super) fn take_counts(&mut self, share: usize, bytes: Vec<Vec<u8>>, penalty: f32) {
        if let (Some(queue), Some(bytes)) = (self.counts.get_mut(share), bytes.first()) {
            queue.push_back(ShareCounts { counts: from_bytes(bytes), penalty });
        }
    }

    /// What it has learnt, as the engine is told.
    fn tell(&self) -> Sent {
        let message = TeamMessage::Learnt { team: self.team, share: self.place.0 };
        Sent { to: 0, message, bytes: bytes_of(&self.share.numbers()) }
    }

    /// Takes the step, if all counts are there.
    pub(super) fn learn(&mut self) -> Option<SharedStep> {
        let batch = self.batch.as_ref()?;
        let all: Vec<&ShareCounts> = self.counts.iter().map(VecDeque::front).collect::<Option<_>>()?;
        let (images, penalty) = (batch.samples.len(), all.iter().map(|counts| counts.penalty).sum::<f32>());
        let counts: Vec<&[f32]> = all.iter().map(|counts| &counts.counts[..]).collect();
        let (loss, correct) = self.share.learn(batch, &counts);
        self.batch = None;
        self.counts.iter_mut().for_each(|queue| drop(queue.pop_front()));
        Some(SharedStep { loss: loss + penalty, correct, images })
    }
}

/// A worker that helps an engine to train.
#[derive(Debug)]
pub struct Helper {
    device: Device,
    member: Option<Member>,
    /// Batches that wait for the one in hand.
    batches: VecDeque<Upcoming>,
    /// After which update of the weights it is to tell what it has learnt.
    tells: Option<u64>,
    /// Counts that were heard before the share was.
    early: Vec<(u32, usize, f32, Vec<Vec<u8>>)>,
}

impl Helper {
    /// One that has nothing to do yet.
    pub fn new(device: &Device) -> Self {
        let device = device.clone().autodiff();
        Self { device, member: None, batches: VecDeque::new(), tells: None, early: Vec::new() }
    }

    /// Takes in what another worker says; returns what is to be said to others.
    pub fn hear(&mut self, message: TeamMessage, mut bytes: Vec<Vec<u8>>) -> Vec<Sent> {
        let mut out = Vec::new();
        match message {
            TeamMessage::Take { head, team, share, shares } => {
                let member =
                    numbers_of(bytes).and_then(|it| Member::new(&head, it, (team, share, shares), &self.device).ok());
                (self.member, self.tells) = (member, None);
                self.batches.clear();
                for (of, from, penalty, bytes) in std::mem::take(&mut self.early) {
                    self.hear_counts(of, from, penalty, bytes);
                }
            }
            TeamMessage::Batch(batch) => {
                let pixels = if bytes.is_empty() { Vec::new() } else { bytes.swap_remove(0) };
                self.batches.push_back(SharedBatch { pixels, ..batch }.into());
            }
            TeamMessage::Counts { team, share, penalty } => self.hear_counts(team, share, penalty, bytes),
            TeamMessage::Tell { step } => self.tells = Some(step),
            TeamMessage::Learnt { .. } => {}
        }
        let Some(member) = &mut self.member else { return out };
        loop {
            if member.batch.is_some() && member.learn().is_none() {
                break;
            }
            let Some(batch) = self.batches.pop_front() else { break };
            out.extend(member.begin(batch));
        }
        // The next batch may be in hand already: to pass changes no weight.
        out.extend(self.tells.take_if(|step| *step == member.step()).map(|_| member.tell()));
        out
    }

    /// Uses the time in which the counts of others are awaited, if they are, to encode the next batch. To be called once all is
    /// sent that [`Helper::hear`] returned: the others wait for it.
    pub fn look_ahead(&mut self) {
        if let (Some(member), Some(next)) = (&self.member, self.batches.front_mut())
            && member.batch.is_some()
        {
            next.encode(member);
        }
    }

    /// Counts come from the engine and, by ways of their own, from other helpers, which may have heard earlier of a new team.
    fn hear_counts(&mut self, team: u32, share: usize, penalty: f32, bytes: Vec<Vec<u8>>) {
        match &mut self.member {
            Some(member) if member.team == team => member.take_counts(share, bytes, penalty),
            Some(member) if member.team > team => {}
            Some(_) | None => self.early.push((team, share, penalty, bytes)),
        }
    }
}
