//! The animation's time. Only time moves: it runs at a few time steps a second, rests at the end, and starts again.

use crate::decimal::Between;

/// How long the end is shown before it starts again, in seconds.
const REST: f32 = 2.5;
/// How long it is shown after a stroke: the answer was asked for.
const REST_AFTER_STROKE: f32 = 5.0;
/// A frame counts as at most so much time, so that nothing jumps after a pause of the tab.
const LONGEST_FRAME: f32 = 0.1;

/// The moment shown, from 1 (the first time step) to T, and how it moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clock {
    /// The moment.
    pub now: f32,
    /// Whether it runs.
    pub playing: bool,
    /// Time steps a second.
    pub speed: f32,
    /// T.
    pub time_steps: usize,
    rest: f32,
}

impl Default for Clock {
    fn default() -> Self {
        Self::new(1, 1.0, false)
    }
}

impl Clock {
    /// A clock at the first time step; parked at the end for people who want less motion.
    pub fn new(time_steps: usize, speed: f32, still: bool) -> Self {
        let now = if still { time_steps as f32 } else { 1.0 };
        Self { now, playing: !still, speed, time_steps, rest: REST }
    }

    fn end(&self) -> f32 {
        self.time_steps.max(1) as f32
    }

    /// Lets `seconds` pass; whether anything changed that is seen.
    ///
    /// ```
    /// use spiking_playground::page::model::clock::Clock;
    /// let mut clock = Clock::new(3, 10.0, false);
    /// assert!(clock.advance(0.1));
    /// assert_eq!(clock.now, 2.0);
    /// (0..40).for_each(|_| drop(clock.advance(0.1)));
    /// assert!(clock.now >= 1.0 && clock.now <= 3.0); // it rested and runs again
    /// ```
    pub fn advance(&mut self, seconds: f32) -> bool {
        if !self.playing {
            return false;
        }
        let seconds = seconds.between(0.0, LONGEST_FRAME);
        if self.now < self.end() {
            self.now = (self.now + seconds * self.speed).min(self.end());
            return true;
        }
        self.rest -= seconds;
        if self.rest > 0.0 {
            return false;
        }
        self.restart();
        true
    }

    /// Back to the first time step; the state of playing stays.
    pub fn restart(&mut self) {
        (self.now, self.rest) = (1.0, REST);
    }

    /// To the end, where the answer is, for a while.
    pub fn park(&mut self) {
        (self.now, self.rest) = (self.end(), REST_AFTER_STROKE);
    }

    /// Stops at that moment.
    pub fn stop_at(&mut self, now: f32) {
        self.playing = false;
        self.now = now.between(1.0, self.end());
    }

    /// Plays or stops; from the end it plays from the start.
    pub fn toggle(&mut self) {
        self.playing = !self.playing;
        self.rest = REST;
        if self.playing && self.now >= self.end() {
            self.now = 1.0;
        }
    }

    /// There are so many time steps now.
    pub fn set_time_steps(&mut self, time_steps: usize) {
        let at_end = self.now >= self.end();
        self.time_steps = time_steps;
        self.now = if at_end { self.end() } else { self.now.min(self.end()) };
    }
}
