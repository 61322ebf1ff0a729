//! Parallel loops on as many threads as cores; sequential in WebAssembly. The assignment to threads does not affect the
//! result: every number is written by one piece of work, in a fixed order.

/// The number of threads: that of cores, or fewer, if `RAYON_NUM_THREADS` or the current pool says so.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn count() -> usize {
    bound();
    rayon::current_num_threads()
}

/// Limits the global pool to the number of cores. rayon creates as many threads as its variable requests, although more
/// than cores only compete, and a hundred thousand exhaust the machine.
#[cfg(not(target_arch = "wasm32"))]
fn bound() {
    static BOUND: std::sync::Once = std::sync::Once::new();
    BOUND.call_once(|| {
        let asked = std::env::var("RAYON_NUM_THREADS").ok().and_then(|text| text.parse::<usize>().ok());
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        if asked.is_some_and(|asked| asked > cores) {
            // It fails if the pool exists already; its number of threads is then that of its creator.
            let _ = rayon::ThreadPoolBuilder::new().num_threads(cores).build_global();
        }
    });
}

/// The number of threads: one.
#[cfg(target_arch = "wasm32")]
pub(super) const fn count() -> usize {
    1
}

/// Runs a function with many parallel loops inside the pool, which is then not entered for each of them.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn in_pool<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    bound();
    rayon::scope(|_| work())
}

/// Runs a function with many parallel loops.
#[cfg(target_arch = "wasm32")]
pub(crate) fn in_pool<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// Runs all pieces of work. Each thread takes the same contiguous share every time: what it wrote last is still in its
/// cache.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn par_for_each<T: Send>(pieces: Vec<T>, work: impl Fn(T) + Sync + Send) {
    use std::sync::{Mutex, PoisonError};
    let (threads, all) = (count(), pieces.len());
    if threads.min(all) <= 1 {
        return pieces.into_iter().for_each(work);
    }
    let mut pieces = pieces.into_iter();
    let share = |thread| pieces.by_ref().take((thread + 1) * all / threads - thread * all / threads).collect();
    let shares: Vec<Mutex<Vec<T>>> = (0..threads).map(share).map(Mutex::new).collect();
    rayon::broadcast(|thread| {
        let share = std::mem::take(&mut *shares[thread.index()].lock().unwrap_or_else(PoisonError::into_inner));
        share.into_iter().for_each(&work);
    });
}

/// Runs all pieces of work.
#[cfg(target_arch = "wasm32")]
pub(crate) fn par_for_each<T>(pieces: Vec<T>, work: impl Fn(T)) {
    pieces.into_iter().for_each(work);
}
