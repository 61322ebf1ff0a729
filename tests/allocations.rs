//! A training step allocates the same every time, and nothing large: buffers are used again.

#![allow(unsafe_code, missing_docs)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a program of its own"
)]

use spiking_playground::digits::Digits;
use spiking_playground::event::Event;
use spiking_playground::kernels;
use spiking_playground::network::Network;
use spiking_playground::spec::{Encoding, Readout, Spec, dense};
use spiking_playground::training::{Advance, Run};
use std::alloc::{GlobalAlloc, Layout, System};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

static ALL: AtomicUsize = AtomicUsize::new(0);
static LARGE: AtomicUsize = AtomicUsize::new(0);

/// Bytes from which on an allocation is large.
const MANY: usize = 64 << 10;

struct Counting;

// SAFETY: everything is the system's; counting touches no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALL.fetch_add(1, Ordering::Relaxed);
        LARGE.fetch_add(usize::from(layout.size() > MANY), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Images that are alike in what they cost: a grey square at different places.
fn squares(images: usize) -> Digits {
    let image = |n: usize| {
        (0..784).map(move |p| if p / 28 / 7 == n % 3 && p % 28 / 7 == n % 2 { 200 } else { 0 }).collect::<Vec<u8>>()
    };
    Digits {
        width: 28,
        height: 28,
        images: (0..images).flat_map(image).collect(),
        labels: (0..images).map(|n| (n % 6) as u8).collect(),
    }
}

/// What each of the last steps allocated: how often, and how often much.
fn counted(spec: &Spec) -> Vec<(usize, usize)> {
    let digits = squares(64 * 30);
    let network = Network::new(spec, 784, 10, &kernels::cpu().autodiff());
    let mut run = Run::new(spec.clone(), network, digits.len());
    let mut counts = Vec::new();
    while run.position.epoch == 0 && run.position.images + 64 < digits.len() {
        let before = (ALL.load(Ordering::Relaxed), LARGE.load(Ordering::Relaxed));
        assert_eq!(run.advance(&digits, None, &mut |_: &Event| ControlFlow::Continue(())), Advance::Stepped);
        counts.push((ALL.load(Ordering::Relaxed) - before.0, LARGE.load(Ordering::Relaxed) - before.1));
    }
    counts.split_off(20)
}

fn main() {
    // Among several threads it is chance who makes room for what.
    // SAFETY: there is no other thread yet.
    unsafe { std::env::set_var("RAYON_NUM_THREADS", "1") };
    let plain = Spec::default();
    let specs = [
        ("defaults", plain.clone()),
        ("T 100", Spec { time_steps: 100, ..plain.clone() }),
        ("two layers, counted", Spec { layers: dense([200, 100]), readout: Readout::SpikeCount, ..plain.clone() }),
        ("latency", Spec { encoding: Encoding::Latency, ..plain }),
    ];
    for (name, spec) in specs {
        let counts = counted(&spec);
        let (all, large) = counts[0];
        println!("{name}: {all} allocations a step, {large} of them large");
        assert!(counts.iter().all(|(_, large)| *large == 0), "{name}: large allocations in {counts:?}");
        // A list grows where more neurons fire than in any step before.
        let (least, most) = counts.iter().fold((all, all), |(least, most), (all, _)| (least.min(*all), most.max(*all)));
        assert!(most - least <= least / 20, "{name}: {least} to {most} allocations a step");
    }
}
