//! Work that is done side by side, on as many threads as there are cores; in WebAssembly one after the other. Which
//! thread does what has no influence on the result: every number is written by one piece of work, in a fixed order.

/// How many threads there are: as many as cores, or fewer, where `RAYON_NUM_THREADS` or the pool that we run in say so.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn count() -> usize {
    bound();
    rayon::current_num_threads()
}

/// Sees to it that the threads that work for everybody are not more than cores. rayon makes as many as its variable asks
/// for, though more than cores only take each other's place, and a hundred thousand take the machine.
#[cfg(not(target_arch = "wasm32"))]
fn bound() {
    static BOUND: std::sync::Once = std::sync::Once::new();
    BOUND.call_once(|| {
        let asked = std::env::var("RAYON_NUM_THREADS").ok().and_then(|text| text.parse::<usize>().ok());
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        if asked.is_some_and(|asked| asked > cores) {
            // It fails where somebody has made them already, who then has decided how many.
            let _ = rayon::ThreadPoolBuilder::new().num_threads(cores).build_global();
        }
    });
}

/// How many threads there are.
#[cfg(target_arch = "wasm32")]
pub(super) const fn count() -> usize {
    1
}

/// Does work of many pieces on one of the threads, which then need not be called for each of them.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn in_pool<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    bound();
    rayon::scope(|_| work())
}

/// Does work of many pieces.
#[cfg(target_arch = "wasm32")]
pub(crate) fn in_pool<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// Does all pieces of work. Each thread takes its share of neighbours, every time the same: what it wrote a moment ago is
/// still in its cache.
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

/// Does all pieces of work.
#[cfg(target_arch = "wasm32")]
pub(crate) fn par_for_each<T>(pieces: Vec<T>, work: impl Fn(T)) {
    pieces.into_iter().for_each(work);
}
