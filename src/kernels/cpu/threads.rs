//! Work that is done side by side, on as many threads as there are cores; in WebAssembly one after the other. Which
//! thread does what has no influence on the result: every number is written by one piece of work, in a fixed order.

/// How many threads there are.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn count() -> usize {
    rayon::current_num_threads()
}

/// How many threads there are.
#[cfg(target_arch = "wasm32")]
pub(super) const fn count() -> usize {
    1
}

/// Does work of many pieces on one of the threads, which then need not be called for each of them.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn together<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    rayon::scope(|_| work())
}

/// Does work of many pieces.
#[cfg(target_arch = "wasm32")]
pub(crate) fn together<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// Does all pieces of work. Each thread takes its share of neighbours, every time the same: what it wrote a moment ago is
/// still in its cache.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn each<T: Send>(pieces: Vec<T>, work: impl Fn(T) + Sync + Send) {
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
pub(crate) fn each<T>(pieces: Vec<T>, work: impl Fn(T)) {
    pieces.into_iter().for_each(work);
}
