//! The shards that the engine waits for: each is fetched, and where that fails asked for again, after longer and longer
//! pauses and past the browser's cache. After three failures in a row the page says so, and goes on trying.

use crate::digits::shard::Split;
use std::collections::HashMap;

/// So often a shard is asked for again before the page says that something is wrong.
const QUIET_TRIES: u32 = 3;

/// What happened to the shards so far.
#[derive(Clone, Debug, Default)]
pub struct Supply {
    failures: HashMap<(Split, usize), u32>,
    waiting: usize,
}

/// When to ask again, and whether to say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Again {
    /// After so many milliseconds.
    pub milliseconds: i32,
    /// Whether the reader must be told.
    pub tell: bool,
}

impl Supply {
    /// The engine needs that shard.
    pub fn needed(&mut self, split: Split, shard: usize) {
        self.waiting += usize::from(self.failures.insert((split, shard), 0).is_none());
    }

    /// The engine has taken that shard.
    pub fn taken(&mut self, split: Split, shard: usize) {
        if self.failures.remove(&(split, shard)).is_some() {
            self.waiting -= 1;
        }
    }

    /// It could not be fetched, or was refused.
    pub fn failed(&mut self, split: Split, shard: usize) -> Again {
        let failures = self.failures.entry((split, shard)).or_insert(0);
        *failures += 1;
        let quick = *failures <= QUIET_TRIES;
        Again { milliseconds: if quick { 300 << (2 * (*failures - 1)) } else { 10_000 }, tell: !quick }
    }

    /// Whether the engine waits for something.
    pub const fn is_waiting(&self) -> bool {
        self.waiting > 0
    }

    /// Whether some shard has failed so often that the reader was told.
    pub fn is_in_trouble(&self) -> bool {
        self.failures.values().any(|failures| *failures > QUIET_TRIES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_shard_is_asked_for_again_ever_more_slowly() {
        let mut supply = Supply::default();
        supply.needed(Split::Train, 4);
        let delays: Vec<i32> = (0..5).map(|_| supply.failed(Split::Train, 4).milliseconds).collect();
        assert_eq!(delays, [300, 1200, 4800, 10_000, 10_000]);
        assert!(supply.is_in_trouble() && supply.is_waiting());
        supply.taken(Split::Train, 4);
        assert!(!supply.is_in_trouble() && !supply.is_waiting());
    }
}
