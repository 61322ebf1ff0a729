//! The targets of `cargo xtask fuzz` (fuzz/checks.rs) on stable Rust: their seeds, and those changed by a fixed chance, so
//! that a failure comes again.

#[path = "../fuzz/checks.rs"]
mod checks;

use checks::{TARGETS, Target};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use std::fs;
use std::path::Path;

/// The seeds of a target, in the order of their names.
fn seeds(target: &Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target.name);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

#[test]
fn each_target_has_seeds_and_each_seed_passes() {
    let folders = crate::program::names(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds"));
    let mut named: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    named.sort_unstable();
    assert_eq!(folders, named, "folders of seeds, and targets");
    for target in TARGETS {
        let seeds = seeds(target);
        assert!(!seeds.is_empty(), "{} has no seeds", target.name);
        seeds.iter().for_each(|seed| (target.check)(seed));
    }
}

/// A change of some bytes.
#[derive(Clone, Debug)]
enum Change {
    Set(Index, u8),
    Flip(Index, u8),
    Remove(Index, usize),
    Insert(Index, Vec<u8>),
    Again(Index, Index, usize),
    Number(Index, u32),
    Cut(Index),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let at = |index: &Index| index.index(bytes.len() + 1);
        match self {
            Self::Set(index, byte) => {
                let at = at(index);
                bytes.get_mut(at).into_iter().for_each(|old| *old = *byte);
            }
            Self::Flip(index, bit) => {
                let at = at(index);
                bytes.get_mut(at).into_iter().for_each(|old| *old ^= 1 << bit);
            }
            Self::Remove(index, count) => {
                let at = at(index);
                bytes.drain(at..(at + count).min(bytes.len()));
            }
            Self::Insert(index, more) => {
                let at = at(index);
                bytes.splice(at..at, more.iter().copied());
            }
            Self::Again(from, to, count) => {
                let (from, to) = (at(from), at(to));
                let piece = bytes[from..(from + count).min(bytes.len())].to_vec();
                bytes.splice(to..to, piece);
            }
            Self::Number(index, number) => {
                let at = at(index);
                bytes.iter_mut().skip(at).zip(number.to_be_bytes()).for_each(|(old, byte)| *old = byte);
            }
            Self::Cut(index) => bytes.truncate(at(index)),
        }
    }
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    // Bytes that mean something in texts stand beside any.
    let text = prop::sample::select(&b"0123456789{}[]\",:.-+eE&=#\n\0\xff"[..]);
    let number = prop_oneof![any::<u32>(), prop::sample::select(vec![0, 1, 255, 256, 1 << 31, u32::MAX])];
    prop_oneof![
        4 => (index(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        4 => (index(), text).prop_map(|(at, byte)| Change::Set(at, byte)),
        2 => (index(), 0..8_u8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        2 => (index(), 1..9_usize).prop_map(|(at, count)| Change::Remove(at, count)),
        2 => (index(), prop::collection::vec(any::<u8>(), 1..9)).prop_map(|(at, more)| Change::Insert(at, more)),
        1 => (index(), index(), 1..40_usize).prop_map(|(from, to, count)| Change::Again(from, to, count)),
        1 => (index(), number).prop_map(|(at, number)| Change::Number(at, number)),
        1 => index().prop_map(Change::Cut),
    ]
}

fn passes_changed(target: &Target) {
    let config = ProptestConfig { cases: target.cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let changed = (prop::sample::select(seeds(target)), prop::collection::vec(change(), 1..6)).prop_map(
        |(mut bytes, changes)| {
            changes.iter().for_each(|change| change.apply(&mut bytes));
            bytes
        },
    );
    let any = prop_oneof![8 => changed, 1 => prop::collection::vec(any::<u8>(), 0..200)];
    let result = runner.run(&any, |bytes| {
        (target.check)(&bytes);
        Ok(())
    });
    assert!(result.is_ok(), "{}: {result:?}", target.name);
}

#[test]
fn changed_seeds_pass() {
    TARGETS.iter().for_each(passes_changed);
}
