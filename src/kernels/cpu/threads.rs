//! Parallel loops on as many threads as cores; sequential in WebAssembly. The assignment to threads does not affect the
//! result: every number is written by one piece of work, in a fixed order.
//!
//! A step of training has a dozen loops of some ten microseconds each, so threads wait for the next one awake for a moment before they
//! sleep, and the caller takes a share.

/// The number of threads: that of cores, or fewer, if `RAYON_NUM_THREADS` or the current pool says so.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn count() -> usize {
    bound();
    micropool::num_threads() + 1
}

/// Rounds for which a thread waits awake: longer than what one thread does alone within a step, some tenths of a millisecond.
#[cfg(not(target_arch = "wasm32"))]
const IDLE_CYCLES: usize = 30_000;

/// Makes the global pool. More threads than cores would only compete while they wait, and a hundred thousand exhaust the machine.
#[cfg(not(target_arch = "wasm32"))]
fn bound() {
    static BOUND: std::sync::Once = std::sync::Once::new();
    BOUND.call_once(|| {
        // The variable's name is that of the library of earlier versions.
        let asked = std::env::var("RAYON_NUM_THREADS").ok().and_then(|text| text.parse::<usize>().ok());
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = asked.filter(|asked| *asked > 0).unwrap_or(cores).min(cores);
        // The caller is one of them.
        micropool::ThreadPoolBuilder::default().num_threads(threads - 1).idle_spin_cycles(IDLE_CYCLES).build_global();
    });
}

/// The number of threads: one.
#[cfg(target_arch = "wasm32")]
pub(super) const fn count() -> usize {
    1
}

/// Runs all pieces of work. Each thread takes a contiguous share, mostly the same every time: what it wrote last is still in its
/// cache.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn par_for_each<T: Send>(pieces: Vec<T>, work: impl Fn(T) + Sync + Send) {
    use micropool::iter::{ExactParallelSourceExt, IntoExactParallelRefSource, ParallelIteratorExt};
    use std::sync::{Mutex, PoisonError};
    let (threads, all) = (count(), pieces.len());
    if threads.min(all) <= 1 {
        return pieces.into_iter().for_each(work);
    }
    let mut pieces = pieces.into_iter();
    let share = |thread| pieces.by_ref().take((thread + 1) * all / threads - thread * all / threads).collect();
    let shares: Vec<Mutex<Vec<T>>> = (0..threads).map(share).map(Mutex::new).collect();
    shares.par_iter().with_thread_pool(micropool::split_per_item()).for_each(|share| {
        let share = std::mem::take(&mut *share.lock().unwrap_or_else(PoisonError::into_inner));
        share.into_iter().for_each(&work);
    });
}

/// Runs all pieces of work.
#[cfg(target_arch = "wasm32")]
pub(crate) fn par_for_each<T>(pieces: Vec<T>, work: impl Fn(T)) {
    pieces.into_iter().for_each(work);
}
