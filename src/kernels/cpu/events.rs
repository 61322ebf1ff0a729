//! What the senders of one sample do, sorted for the layer's loops.
//!
//! A neuron that fires in more than half of the time steps enters as *always, except*: it counts as firing at every time
//! step, and its exceptions are taken away. So each neuron has a sign and the time steps that have to be gone through,
//! its *events*. The forward pass wants them by time step, the backward pass by neuron.

use super::lanes::widest;
use crate::spikes::{STEPS_PER_WORD, valid_bits, words_for};

/// A neuron that fires, with its events.
#[derive(Clone, Copy, Debug, Default)]
struct Sender {
    neuron: u32,
    /// How many events it has, doubled, and one more if it fires always, except at them.
    kind: u32,
}

/// The events of one sample.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// Words of a neuron.
    each: usize,
    /// How many fire.
    found: usize,
    /// Those who fire, sorted by kind: loops over equally many events are foreseen by the processor.
    senders: Vec<Sender>,
    /// The events of each of them, [senders, each].
    words: Vec<u32>,
    /// The neurons that fire always, except.
    always: Vec<u32>,
    /// For each time step those who fire, then those who make an exception, each list at its own place.
    lists: Vec<u32>,
    /// The place for a list of those who fire, and for one of those who make an exception.
    room: [usize; 2],
    /// As they come, before they are sorted: senders and their words.
    unsorted: (Vec<Sender>, Vec<u32>),
    /// Where the next sender of each kind goes, and the next neuron of each list.
    places: Vec<u32>,
}

/// Makes room for so many; what was there stays, for it is written over.
#[inline(always)]
fn room<T: Clone + Default>(buffer: &mut Vec<T>, length: usize) {
    if buffer.len() < length {
        buffer.resize(length, T::default());
    }
}

widest! {
    /// Fills `events` with those of the spikes `words`, [N, words], over T time steps.
    pub(super) fn fill(events: &mut Events, words: &[u32], time_steps: usize) {
        events.each = words_for(time_steps);
        if events.each == 1 {
            events.fill_by::<1>(words, time_steps);
        } else {
            events.fill_by::<0>(words, time_steps);
        }
    }
}

impl Events {
    /// `EACH` is the number of words of a neuron where it is known, else 0.
    #[inline(always)]
    fn fill_by<const EACH: usize>(&mut self, words: &[u32], time_steps: usize) {
        self.gather::<EACH>(words, time_steps);
        self.sort::<EACH>(time_steps);
        self.list::<EACH>(time_steps);
    }

    #[inline(always)]
    const fn each<const EACH: usize>(&self) -> usize {
        if EACH == 0 { self.each } else { EACH }
    }

    /// Finds those who fire.
    #[inline(always)]
    fn gather<const EACH: usize>(&mut self, words: &[u32], time_steps: usize) {
        let each = self.each::<EACH>();
        let (senders, kept) = &mut self.unsorted;
        room(senders, words.len() / each + 1);
        room(kept, words.len() + each);
        let mut found = 0;
        // Most are silent: they are passed over by several at once. Among the others one is written down whether or not
        // it fires, and the next in its place if it does not: a branch could not be foreseen.
        const TOGETHER: usize = 8;
        for (group, chunk) in words.chunks(TOGETHER * each).enumerate() {
            let mut any = 0;
            for word in chunk {
                any |= word;
            }
            if any == 0 {
                continue;
            }
            for (place, words) in chunk.chunks_exact(each).enumerate() {
                let mut count = 0;
                for (kept, word) in kept[found * each..].iter_mut().zip(words) {
                    *kept = *word;
                    count += word.count_ones();
                }
                senders[found] = Sender { neuron: (group * TOGETHER + place) as u32, kind: count };
                found += usize::from(count > 0);
            }
        }
        self.found = found;
        for (sender, words) in senders[..found].iter_mut().zip(kept.chunks_exact_mut(each)) {
            let always = 2 * sender.kind as usize > time_steps;
            let events = if always { time_steps as u32 - sender.kind } else { sender.kind };
            sender.kind = 2 * events + u32::from(always);
            let flip = u32::from(always).wrapping_neg();
            for (w, word) in words.iter_mut().enumerate() {
                *word ^= flip & valid_bits(time_steps, w);
            }
        }
    }

    /// Sorts them by kind; those of one kind stay in order.
    #[inline(always)]
    fn sort<const EACH: usize>(&mut self, time_steps: usize) {
        let each = self.each::<EACH>();
        let (unsorted, kept) = (&self.unsorted.0[..self.found], &self.unsorted.1);
        self.places.clear();
        self.places.resize(2 * time_steps + 3, 0);
        for sender in unsorted {
            self.places[sender.kind as usize + 1] += 1;
        }
        for kind in 0..2 * time_steps + 2 {
            self.places[kind + 1] += self.places[kind];
        }
        room(&mut self.senders, self.found);
        room(&mut self.words, self.found * each);
        for (sender, words) in unsorted.iter().zip(kept.chunks_exact(each)) {
            let place = &mut self.places[sender.kind as usize];
            let at = *place as usize;
            *place += 1;
            self.senders[at] = *sender;
            for (to, word) in self.words[at * each..].iter_mut().zip(words) {
                *to = *word;
            }
        }
    }

    /// Writes the lists of the time steps.
    #[inline(always)]
    fn list<const EACH: usize>(&mut self, time_steps: usize) {
        let each = self.each::<EACH>();
        let senders = &self.senders[..self.found];
        self.always.clear();
        for sender in senders {
            if sender.kind & 1 == 1 {
                self.always.push(sender.neuron);
            }
        }
        self.room = [senders.len() - self.always.len(), self.always.len()];
        let [firing, excepted] = self.room;
        room(&mut self.lists, senders.len() * time_steps);
        self.places.clear();
        for t in 0..time_steps {
            self.places.extend([(t * firing) as u32, (time_steps * firing + t * excepted) as u32]);
        }
        for (sender, words) in senders.iter().zip(self.words.chunks_exact(each)) {
            let sign = (sender.kind & 1) as usize;
            for (w, word) in words.iter().enumerate() {
                let mut word = *word;
                while word != 0 {
                    let t = w * STEPS_PER_WORD + word.trailing_zeros() as usize;
                    word &= word - 1;
                    let place = &mut self.places[2 * t + sign];
                    self.lists[*place as usize] = sender.neuron;
                    *place += 1;
                }
            }
        }
    }

    /// Those who fire at t, and those who make an exception.
    #[inline(always)]
    fn at(&self, t: usize, time_steps: usize) -> [&[u32]; 2] {
        let [firing, excepted] = self.room;
        let (first, second) = (t * firing, time_steps * firing + t * excepted);
        let (first_end, second_end) = (self.places[2 * t] as usize, self.places[2 * t + 1] as usize);
        [&self.lists[first..first_end], &self.lists[second..second_end]]
    }
}

#[inline(always)]
fn add<const W: usize>(to: &mut [f32; W], from: &[f32; W]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
}

#[inline(always)]
fn subtract<const W: usize>(to: &mut [f32; W], from: &[f32; W]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to -= from);
}

widest! {
    /// Input currents of one sample into a block: `currents` [T, W] from its rows of weights [N, W] and bias [W].
    pub(super) fn currents<const W: usize>(
        currents: &mut [[f32; W]],
        events: &Events,
        weight: &[[f32; W]],
        bias: &[f32; W],
    ) {
        let mut always = *bias;
        events.always.iter().for_each(|neuron| add(&mut always, &weight[*neuron as usize]));
        let time_steps = currents.len();
        for (t, current) in currents.iter_mut().enumerate() {
            let [firing, excepted] = events.at(t, time_steps);
            let mut sum = always;
            firing.iter().for_each(|neuron| add(&mut sum, &weight[*neuron as usize]));
            excepted.iter().for_each(|neuron| subtract(&mut sum, &weight[*neuron as usize]));
            *current = sum;
        }
    }
}

widest! {
    /// Adds one sample's part to the gradient of a block's weights, [N, W]: for each spike the derivative of its time
    /// step, [T, W]. `sum` is the derivative of all time steps together.
    pub(super) fn weight_gradient<const W: usize>(
        gradient: &mut [[f32; W]],
        events: &Events,
        derivative: &[[f32; W]],
        sum: &[f32; W],
    ) {
        let each = events.each;
        for (place, sender) in events.senders[..events.found].iter().enumerate() {
            let row = &mut gradient[sender.neuron as usize];
            let mut total = *row;
            if sender.kind & 1 == 1 {
                add(&mut total, sum);
            }
            for (w, word) in events.words[place * each..(place + 1) * each].iter().enumerate() {
                let mut word = *word;
                while word != 0 {
                    let at = &derivative[w * STEPS_PER_WORD + word.trailing_zeros() as usize];
                    word &= word - 1;
                    if sender.kind & 1 == 1 { subtract(&mut total, at) } else { add(&mut total, at) }
                }
            }
            *row = total;
        }
    }
}
