//! A small clock for work that is repeated. (criterion and its like would change the features of packages that burn
//! shares, so that burn would be built twice.)

use std::time::{Duration, Instant};

/// How often a piece of work is timed.
const SAMPLES: usize = 15;

/// Times of one call.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// The middle one.
    pub median: Duration,
    /// The quickest.
    pub least: Duration,
    /// The slowest.
    pub most: Duration,
}

/// How long `work` takes: after a warm-up of a tenth of `total`, calls are timed in 15 lots over about `total`.
pub fn time<R>(total: Duration, mut work: impl FnMut() -> R) -> Times {
    let (start, mut calls) = (Instant::now(), 0_u32);
    while calls < 2 || start.elapsed() < total / 10 {
        std::hint::black_box(work());
        calls += 1;
    }
    let each = start.elapsed() / calls;
    let wanted = total.as_secs_f64() / SAMPLES as f64 / each.as_secs_f64().max(1e-9);
    let lot = (wanted as u32).max(1);
    let mut times: Vec<Duration> = (0..SAMPLES)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..lot {
                std::hint::black_box(work());
            }
            start.elapsed() / lot
        })
        .collect();
    times.sort();
    Times { median: times[SAMPLES / 2], least: times[0], most: times[SAMPLES - 1] }
}
