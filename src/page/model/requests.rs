//! The requests that an engine has not answered yet. An answer is taken once; one that nobody waits for any more (its engine
//! was started anew) is none.

use super::input::EngineKind;
use crate::protocol::{Request, RequestId};

/// What was asked for, as far as the answer needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To become another network: `Open`, `Start`, `Continue`.
    Network,
    /// `Resume`.
    Resume,
    /// `Trace`.
    Trace,
    /// `Fields`.
    ReceptiveFields,
    /// `Glimpse`.
    Glimpse,
    /// `TestImages`.
    TestImages,
    /// `Checkpoint` or `HandOver`.
    Checkpoint,
    /// `Weights`.
    Weights,
    /// `Stopping`.
    Stopping,
    /// `Try`.
    Benchmark,
    /// `Photo`.
    Photo,
    /// Something on whose answer nothing waits.
    Other,
}

impl Asked {
    /// What a request asks for; `None` where an engine answers it only by failing, so that nothing can be waited for.
    pub const fn of(request: &Request) -> Option<Self> {
        Some(match request {
            Request::Open | Request::Start(_) | Request::Continue(_) => Self::Network,
            Request::Resume => Self::Resume,
            Request::Trace { .. } => Self::Trace,
            Request::Fields(..) => Self::ReceptiveFields,
            Request::Glimpse => Self::Glimpse,
            Request::TestImages(_) => Self::TestImages,
            Request::Checkpoint | Request::HandOver => Self::Checkpoint,
            Request::Weights => Self::Weights,
            Request::Try => Self::Benchmark,
            Request::Photo { .. } => Self::Photo,
            Request::Stopping(_) => Self::Stopping,
            Request::Change(_) | Request::Shard(..) | Request::Samples(_) | Request::Rates | Request::SelfCheck => {
                Self::Other
            }
            // A test that is asked for again is answered once; a pause on a GPU as what happens by itself.
            Request::Test(_) | Request::Pause => return None,
            Request::Data(_)
            | Request::Drawings
            | Request::Train
            | Request::Pace(_)
            | Request::Workers(_)
            | Request::Step => return None,
        })
    }
}

/// The requests without an answer.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    /// The number of the newest.
    newest: RequestId,
    waiting: Vec<(EngineKind, RequestId, Asked)>,
}

impl Requests {
    /// Another request goes to an engine; its number.
    ///
    /// ```
    /// use spiking_playground::page::model::input::EngineKind::Cpu;
    /// use spiking_playground::page::model::requests::{Asked, Requests};
    /// use spiking_playground::protocol::Request;
    /// let mut requests = Requests::default();
    /// let id = requests.add(Cpu, &Request::Weights);
    /// assert!(requests.awaits(Cpu, Asked::Weights));
    /// assert_eq!(requests.answer(Cpu, id), Some(Asked::Weights));
    /// assert_eq!(requests.answer(Cpu, id), None); // once
    /// ```
    pub fn add(&mut self, engine: EngineKind, request: &Request) -> RequestId {
        // 0 is the number of a request without one.
        self.newest = self.newest.checked_add(1).unwrap_or(1);
        self.waiting.extend(Asked::of(request).map(|asked| (engine, self.newest, asked)));
        self.newest
    }

    /// What that answer was asked for; `None` if it is not waited for.
    pub fn answer(&mut self, engine: EngineKind, id: RequestId) -> Option<Asked> {
        let at = self.waiting.iter().position(|(kind, waiting, _)| (*kind, *waiting) == (engine, id))?;
        Some(self.waiting.swap_remove(at).2)
    }

    /// Whether such an answer has yet to come.
    pub fn awaits(&self, engine: EngineKind, asked: Asked) -> bool {
        self.waiting.iter().any(|(kind, _, waiting)| (*kind, *waiting) == (engine, asked))
    }

    /// The number of all that have yet to come.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// That engine is gone: it answers nothing any more.
    pub fn forget(&mut self, engine: EngineKind) {
        self.waiting.retain(|(kind, _, _)| *kind != engine);
    }
}
