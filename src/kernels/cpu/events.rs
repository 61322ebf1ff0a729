//! The spikes of one sample's inputs as events, sorted for the layer's loops.
//!
//! A neuron that fires in more than half of the time steps enters as *always, except*: it counts as firing at every
//! time step, and its exceptions are subtracted. So each neuron has a sign and a set of time steps, its *events*. The
//! forward pass needs them by time step, the backward pass by neuron.

use crate::simd::multiversion;
use crate::spikes::{STEPS_PER_WORD, valid_bits, words_for};

/// A neuron that fires, with its events.
#[derive(Clone, Copy, Debug, Default)]
struct ActiveInput {
    neuron: u32,
    /// Twice the number of its events, plus one if it fires always, except at them.
    kind: u32,
}

/// The events of one sample.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// The number of words of a neuron.
    words_per_neuron: usize,
    /// The number of neurons that fire.
    found: usize,
    /// The neurons that fire, sorted by kind: the processor predicts the branches of loops of equal lengths.
    inputs: Vec<ActiveInput>,
    /// The events of each of them, [inputs, words].
    words: Vec<u32>,
    /// The neurons of kind "always, except".
    always: Vec<u32>,
    /// For each time step the neurons that fire, then those with an exception, each list at an offset of its own.
    lists: Vec<u32>,
    /// The capacities of a list of neurons that fire, and of one of those with an exception.
    list_capacity: [usize; 2],
    /// The inputs and their words before sorting.
    unsorted: (Vec<ActiveInput>, Vec<u32>),
    /// The index of the next input of each kind, and of the next neuron of each list.
    places: Vec<u32>,
}

/// Grows a buffer to a length; its old contents stay, to be overwritten.
#[inline(always)]
fn grow<T: Clone + Default>(buffer: &mut Vec<T>, length: usize) {
    if buffer.len() < length {
        buffer.resize(length, T::default());
    }
}

multiversion! {
    /// Fills `events` with those of the spikes `words`, [N, words], over T time steps, neuron by neuron and by time step.
    pub(super) fn fill(events: &mut Events, words: &[u32], time_steps: usize) {
        events.words_per_neuron = words_for(time_steps);
        if events.words_per_neuron == 1 {
            events.fill_by::<1>(words, time_steps);
            events.list::<1>(time_steps);
        } else {
            events.fill_by::<0>(words, time_steps);
            events.list::<0>(time_steps);
        }
    }
}

multiversion! {
    /// The same neuron by neuron only.
    pub(super) fn fill_unlisted(events: &mut Events, words: &[u32], time_steps: usize) {
        events.words_per_neuron = words_for(time_steps);
        if events.words_per_neuron == 1 {
            events.fill_by::<1>(words, time_steps);
        } else {
            events.fill_by::<0>(words, time_steps);
        }
    }
}

impl Events {
    /// `WORDS` is the number of words of a neuron if it is known at compile time, else 0.
    #[inline(always)]
    fn fill_by<const WORDS: usize>(&mut self, words: &[u32], time_steps: usize) {
        self.gather::<WORDS>(words, time_steps);
        self.sort::<WORDS>(time_steps);
        self.always.clear();
        for input in &self.inputs[..self.found] {
            if input.kind & 1 == 1 {
                self.always.push(input.neuron);
            }
        }
    }

    #[inline(always)]
    const fn words_per_neuron<const WORDS: usize>(&self) -> usize {
        if WORDS == 0 { self.words_per_neuron } else { WORDS }
    }

    /// Finds the neurons that fire.
    #[inline(always)]
    fn gather<const WORDS: usize>(&mut self, words: &[u32], time_steps: usize) {
        let words_per_neuron = self.words_per_neuron::<WORDS>();
        let (inputs, kept) = &mut self.unsorted;
        grow(inputs, words.len() / words_per_neuron + 1);
        grow(kept, words.len() + words_per_neuron);
        let mut found = 0;
        // Most neurons are silent: these are skipped several at a time. Of the others each is written whether or not it
        // fires, and overwritten by the next if it does not: a branch would be mispredicted.
        const GROUP: usize = 8;
        for (group, chunk) in words.chunks(GROUP * words_per_neuron).enumerate() {
            let mut any = 0;
            for word in chunk {
                any |= word;
            }
            if any == 0 {
                continue;
            }
            for (place, words) in chunk.chunks_exact(words_per_neuron).enumerate() {
                let mut count = 0;
                for (kept, word) in kept[found * words_per_neuron..].iter_mut().zip(words) {
                    *kept = *word;
                    count += word.count_ones();
                }
                inputs[found] = ActiveInput { neuron: (group * GROUP + place) as u32, kind: count };
                found += usize::from(count > 0);
            }
        }
        self.found = found;
        for (input, words) in inputs[..found].iter_mut().zip(kept.chunks_exact_mut(words_per_neuron)) {
            let always = 2 * input.kind as usize > time_steps;
            let events = if always { time_steps as u32 - input.kind } else { input.kind };
            input.kind = 2 * events + u32::from(always);
            let flip = u32::from(always).wrapping_neg();
            for (w, word) in words.iter_mut().enumerate() {
                *word ^= flip & valid_bits(time_steps, w);
            }
        }
    }

    /// Sorts the inputs by kind (a stable counting sort).
    #[inline(always)]
    fn sort<const WORDS: usize>(&mut self, time_steps: usize) {
        let words_per_neuron = self.words_per_neuron::<WORDS>();
        let (unsorted, kept) = (&self.unsorted.0[..self.found], &self.unsorted.1);
        self.places.clear();
        self.places.resize(2 * time_steps + 3, 0);
        for input in unsorted {
            self.places[input.kind as usize + 1] += 1;
        }
        for kind in 0..2 * time_steps + 2 {
            self.places[kind + 1] += self.places[kind];
        }
        grow(&mut self.inputs, self.found);
        grow(&mut self.words, self.found * words_per_neuron);
        for (input, words) in unsorted.iter().zip(kept.chunks_exact(words_per_neuron)) {
            let place = &mut self.places[input.kind as usize];
            let at = *place as usize;
            *place += 1;
            self.inputs[at] = *input;
            for (to, word) in self.words[at * words_per_neuron..].iter_mut().zip(words) {
                *to = *word;
            }
        }
    }

    /// Writes the lists of the time steps.
    #[inline(always)]
    fn list<const WORDS: usize>(&mut self, time_steps: usize) {
        let words_per_neuron = self.words_per_neuron::<WORDS>();
        let inputs = &self.inputs[..self.found];
        self.list_capacity = [inputs.len() - self.always.len(), self.always.len()];
        let [firing, excepted] = self.list_capacity;
        grow(&mut self.lists, inputs.len() * time_steps);
        self.places.clear();
        for t in 0..time_steps {
            self.places.extend([(t * firing) as u32, (time_steps * firing + t * excepted) as u32]);
        }
        for (input, words) in inputs.iter().zip(self.words.chunks_exact(words_per_neuron)) {
            let sign = (input.kind & 1) as usize;
            for (w, word) in words.iter().enumerate() {
                let mut word = *word;
                while word != 0 {
                    let t = w * STEPS_PER_WORD + word.trailing_zeros() as usize;
                    word &= word - 1;
                    let place = &mut self.places[2 * t + sign];
                    self.lists[*place as usize] = input.neuron;
                    *place += 1;
                }
            }
        }
    }

    /// The neurons that fire always, except at their events.
    #[inline(always)]
    pub(super) fn always(&self) -> &[u32] {
        &self.always
    }

    /// Each neuron that fires, whether it does always, except at its events, and the words of these.
    #[inline(always)]
    pub(super) fn active(&self) -> impl Iterator<Item = (u32, bool, &[u32])> {
        let words = self.words.chunks_exact(self.words_per_neuron.max(1));
        self.inputs[..self.found].iter().zip(words).map(|(input, words)| (input.neuron, input.kind & 1 == 1, words))
    }

    /// The neurons that fire at t, and those with an exception.
    #[inline(always)]
    fn at(&self, t: usize, time_steps: usize) -> [&[u32]; 2] {
        let [firing, excepted] = self.list_capacity;
        let (first, second) = (t * firing, time_steps * firing + t * excepted);
        let (first_end, second_end) = (self.places[2 * t] as usize, self.places[2 * t + 1] as usize);
        [&self.lists[first..first_end], &self.lists[second..second_end]]
    }
}

#[inline(always)]
pub(super) fn add<const W: usize>(to: &mut [f32; W], from: &[f32; W]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
}

#[inline(always)]
pub(super) fn subtract<const W: usize>(to: &mut [f32; W], from: &[f32; W]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to -= from);
}

multiversion! {
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

multiversion! {
    /// Adds one sample's contribution to the gradient of a block's weights, [N, W]: for each spike the derivative of
    /// its time step, [T, W]. `sum` is the sum of the derivative over all time steps.
    pub(super) fn weight_gradient<const W: usize>(
        gradient: &mut [[f32; W]],
        events: &Events,
        derivative: &[[f32; W]],
        sum: &[f32; W],
    ) {
        let words_per_neuron = events.words_per_neuron;
        for (place, input) in events.inputs[..events.found].iter().enumerate() {
            let row = &mut gradient[input.neuron as usize];
            let mut total = *row;
            if input.kind & 1 == 1 {
                add(&mut total, sum);
            }
            for (w, word) in events.words[place * words_per_neuron..(place + 1) * words_per_neuron].iter().enumerate() {
                let mut word = *word;
                while word != 0 {
                    let at = &derivative[w * STEPS_PER_WORD + word.trailing_zeros() as usize];
                    word &= word - 1;
                    if input.kind & 1 == 1 { subtract(&mut total, at) } else { add(&mut total, at) }
                }
            }
            *row = total;
        }
    }
}
