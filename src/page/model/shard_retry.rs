//! The shards that an engine waits for: each is fetched, and where that fails fetched again, after longer and longer
//! pauses and past the browser's cache. After three failures in a row the page says so, and goes on trying.

use crate::digits::shard::Split;

/// So often a shard is asked for again before the page says that something is wrong.
const QUIET_TRIES: u32 = 3;

/// What happened to the shards so far.
#[derive(Clone, Debug, Default)]
pub struct ShardRetry {
    /// The shards that the engine waits for, and how often each has failed; a handful at most.
    waiting: Vec<(Split, usize, u32)>,
}

/// When to ask again, and whether to say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// After so many milliseconds.
    pub milliseconds: i32,
    /// Whether the reader must be told.
    pub tell: bool,
}

impl ShardRetry {
    /// The engine needs that shard.
    pub fn needed(&mut self, split: Split, shard: usize) {
        *self.failures(split, shard) = 0;
    }

    /// The engine has taken that shard.
    pub fn taken(&mut self, split: Split, shard: usize) {
        self.waiting.retain(|(s, i, _)| (*s, *i) != (split, shard));
    }

    /// It could not be fetched, or was refused.
    pub fn failed(&mut self, split: Split, shard: usize) -> Retry {
        let failures = self.failures(split, shard);
        *failures += 1;
        let quick = *failures <= QUIET_TRIES;
        Retry { milliseconds: if quick { 300 << (2 * (*failures - 1)) } else { 10_000 }, tell: !quick }
    }

    fn failures(&mut self, split: Split, shard: usize) -> &mut u32 {
        let there = self.waiting.iter().position(|(s, i, _)| (*s, *i) == (split, shard));
        let place = there.unwrap_or_else(|| {
            self.waiting.push((split, shard, 0));
            self.waiting.len() - 1
        });
        &mut self.waiting[place].2
    }

    /// Whether the engine waits for something.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether some shard has failed so often that the reader was told.
    pub fn is_in_trouble(&self) -> bool {
        self.waiting.iter().any(|(_, _, failures)| *failures > QUIET_TRIES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_shard_is_asked_for_again_ever_more_slowly() {
        let mut retry = ShardRetry::default();
        retry.needed(Split::Train, 4);
        let delays: Vec<i32> = (0..5).map(|_| retry.failed(Split::Train, 4).milliseconds).collect();
        assert_eq!(delays, [300, 1200, 4800, 10_000, 10_000]);
        assert!(retry.is_in_trouble() && retry.is_waiting());
        retry.taken(Split::Train, 4);
        assert!(!retry.is_in_trouble() && !retry.is_waiting());
    }
}
