//! The spikes of one sample's inputs as events, sorted for the layer's loops.
//!
//! A neuron that fires in more than half of the time steps enters as *always, except*: it counts as firing at every
//! time step, and its exceptions are subtracted. So each neuron has a sign and a set of time steps, its *events*. The
//! forward pass needs them by time step, the backward pass by neuron.

use super::lif::PlainDynamics;
use crate::kernels::MAX_TIME_STEPS;
use crate::simd::multiversion;
use crate::spec::Neuron;
use crate::spikes::{STEPS_PER_WORD, valid_bits, words_for};
use std::iter::zip;

/// The maximal number of kinds of neurons. A kind is twice the number of events, which is half of the time steps or fewer, plus
/// one if a neuron fires always, except at them.
const MAX_KINDS: usize = MAX_TIME_STEPS + 2;

/// The events of one sample.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// The number of words of a neuron.
    words_per_neuron: usize,
    /// The neurons that fire, sorted by kind: the processor predicts the branches of loops of equal lengths.
    neurons: Vec<u32>,
    /// The events of each of them, [neurons, words].
    words: Vec<u32>,
    /// Where the neurons of each kind begin, and where the last ends.
    kinds: Vec<u32>,
    /// The neurons of the kinds "always, except".
    always: Vec<u32>,
    /// For each time step the neurons that fire, then those with an exception, each list at an offset of its own.
    lists: Vec<u32>,
    /// The capacities of a list of neurons that fire, and of one of those with an exception.
    list_capacity: [usize; 2],
    /// The ends of the lists.
    ends: Vec<u32>,
    unsorted: Unsorted,
}

/// The neurons that fire before they are sorted, with their words and kinds.
#[derive(Debug, Default)]
struct Unsorted {
    neurons: Vec<u32>,
    words: Vec<u32>,
    kinds: Vec<u32>,
}

/// So many numbers of a buffer, which grows to that; its old contents stay, to be overwritten.
#[inline(always)]
fn grown(buffer: &mut Vec<u32>, length: usize) -> &mut [u32] {
    if buffer.len() < length {
        buffer.resize(length, 0);
    }
    &mut buffer[..length]
}

multiversion! {
    /// Fills `events` with those of the spikes `words`, [N, words], over T time steps, neuron by neuron and by time step.
    pub(super) fn fill(events: &mut Events, words: &[u32], time_steps: usize) {
        if words_for(time_steps) == 1 {
            fill_by::<1>(events, words, time_steps);
            list::<1>(events, time_steps);
        } else {
            fill_by::<0>(events, words, time_steps);
            list::<0>(events, time_steps);
        }
    }
}

multiversion! {
    /// The same neuron by neuron only.
    pub(super) fn fill_unlisted(events: &mut Events, words: &[u32], time_steps: usize) {
        if words_for(time_steps) == 1 {
            fill_by::<1>(events, words, time_steps);
        } else {
            fill_by::<0>(events, words, time_steps);
        }
    }
}

/// The number of words of a neuron: `WORDS` if it is known at compile time, else 0.
#[inline(always)]
fn words_per_neuron<const WORDS: usize>(time_steps: usize) -> usize {
    if WORDS == 0 { words_for(time_steps) } else { WORDS }
}

/// Finds the neurons that fire, and sorts them by kind (a stable counting sort).
// Buffers are slices of local variables: of a vector behind a reference the compiler reads the address again for each number.
#[inline(always)]
fn fill_by<const WORDS: usize>(events: &mut Events, words: &[u32], time_steps: usize) {
    let each = words_per_neuron::<WORDS>(time_steps);
    let Events { neurons, words: sorted, kinds: starts, always, unsorted, .. } = events;
    let found_neurons = grown(&mut unsorted.neurons, words.len() / each + 1);
    let kept = grown(&mut unsorted.words, words.len() + each);
    let mut found = 0;
    // Most neurons are silent: these are skipped several at a time. Of the others each is written whether or not it fires, and
    // overwritten by the next if it does not: a branch would be mispredicted.
    const GROUP: usize = 8;
    for (group, chunk) in words.chunks(GROUP * each).enumerate() {
        if chunk.iter().fold(0, |any, word| any | word) == 0 {
            continue;
        }
        for (place, words) in chunk.chunks_exact(each).enumerate() {
            let mut any = 0;
            for (kept, word) in zip(&mut kept[found * each..], words) {
                *kept = *word;
                any |= word;
            }
            found_neurons[found] = (group * GROUP + place) as u32;
            found += usize::from(any != 0);
        }
    }
    let (found_neurons, kept) = (&found_neurons[..found], &mut kept[..found * each]);
    let kinds = grown(&mut unsorted.kinds, found);
    let mut places = [0_u32; MAX_KINDS];
    let all = time_steps + 2;
    for (kind, words) in zip(&mut *kinds, kept.chunks_exact_mut(each)) {
        let count: u32 = words.iter().map(|word| word.count_ones()).sum();
        let is_always = 2 * count as usize > time_steps;
        let events = if is_always { time_steps as u32 - count } else { count };
        let flip = u32::from(is_always).wrapping_neg();
        for (w, word) in words.iter_mut().enumerate() {
            *word ^= flip & valid_bits(time_steps, w);
        }
        *kind = 2 * events + u32::from(is_always);
        places[*kind as usize] += 1;
    }
    starts.clear();
    let mut start = 0;
    for place in &mut places[..all] {
        starts.push(start);
        start += std::mem::replace(place, start);
    }
    starts.push(start);
    let (neurons, sorted) = (grown(neurons, found), grown(sorted, found * each));
    for ((neuron, words), kind) in zip(zip(found_neurons, kept.chunks_exact(each)), &*kinds) {
        let place = &mut places[*kind as usize];
        let at = *place as usize;
        *place += 1;
        neurons[at] = *neuron;
        for (to, word) in zip(&mut sorted[at * each..], words) {
            *to = *word;
        }
    }
    always.clear();
    for kind in (1..all).step_by(2) {
        always.extend_from_slice(&neurons[starts[kind] as usize..starts[kind + 1] as usize]);
    }
    events.words_per_neuron = each;
}

/// Writes the lists of the time steps.
#[inline(always)]
fn list<const WORDS: usize>(events: &mut Events, time_steps: usize) {
    let each = words_per_neuron::<WORDS>(time_steps);
    let Events { neurons, words, kinds, always, lists, list_capacity, ends, .. } = events;
    let found = kinds.last().map_or(0, |end| *end as usize);
    let [firing, excepted] = [found - always.len(), always.len()];
    *list_capacity = [firing, excepted];
    let lists = grown(lists, found * time_steps);
    let mut places = [[0_u32; 2]; MAX_TIME_STEPS];
    for (t, place) in places[..time_steps].iter_mut().enumerate() {
        *place = [(t * firing) as u32, (time_steps * firing + t * excepted) as u32];
    }
    for (kind, bounds) in kinds.windows(2).enumerate() {
        let (start, end) = (bounds[0] as usize, bounds[1] as usize);
        let (neurons, words) = (&neurons[start..end], &words[start * each..end * each]);
        if WORDS == 1 {
            // The number of events is known at compile time where there are few, so that their loop has no branches.
            macro_rules! append {
                ($($count:literal)*) => {
                    match kind / 2 {
                        $($count => append::<$count>(lists, &mut places, neurons, (words, kind & 1, $count)),)*
                        count => append::<0>(lists, &mut places, neurons, (words, kind & 1, count)),
                    }
                };
            }
            append!(1 2 3 4 5 6 7 8 9 10 11 12);
        } else {
            for (neuron, words) in zip(neurons, words.chunks_exact(each)) {
                for (w, word) in words.iter().enumerate() {
                    let count = word.count_ones() as usize;
                    append::<0>(lists, &mut places[w * STEPS_PER_WORD..], &[*neuron], (&[*word], kind & 1, count));
                }
            }
        }
    }
    for (ends, place) in zip(grown(ends, 2 * time_steps).as_chunks_mut().0, places) {
        *ends = place;
    }
}

/// Appends neurons of one word and `count` events to the lists of these. `COUNT` is that number if it is known at compile time,
/// else 0.
#[inline(always)]
fn append<const COUNT: usize>(
    lists: &mut [u32],
    places: &mut [[u32; 2]],
    neurons: &[u32],
    (words, sign, count): (&[u32], usize, usize),
) {
    for (neuron, word) in zip(neurons, words) {
        let mut word = *word;
        for _ in 0..if COUNT == 0 { count } else { COUNT } {
            let place = &mut places[word.trailing_zeros() as usize][sign];
            word &= word.wrapping_sub(1);
            lists[*place as usize] = *neuron;
            *place += 1;
        }
    }
}

impl Events {
    /// The neurons that fire always, except at their events.
    #[inline(always)]
    pub(super) fn always(&self) -> &[u32] {
        &self.always
    }

    /// The neurons of each kind: whether they fire always, except at their events; themselves; and the words of these.
    #[inline(always)]
    fn by_kind(&self) -> impl Iterator<Item = (bool, &[u32], &[u32])> {
        let each = self.words_per_neuron;
        self.kinds.windows(2).enumerate().filter(|(_, bounds)| bounds[0] < bounds[1]).map(move |(kind, bounds)| {
            let (start, end) = (bounds[0] as usize, bounds[1] as usize);
            (kind & 1 == 1, &self.neurons[start..end], &self.words[start * each..end * each])
        })
    }

    /// Each neuron that fires, whether it does always, except at its events, and the words of these.
    #[inline(always)]
    pub(super) fn active(&self) -> impl Iterator<Item = (u32, bool, &[u32])> {
        let each = self.words_per_neuron.max(1);
        self.by_kind().flat_map(move |(is_except, neurons, words)| {
            zip(neurons, words.chunks_exact(each)).map(move |(neuron, words)| (*neuron, is_except, words))
        })
    }

    /// The neurons that fire at t, and those with an exception.
    #[inline(always)]
    fn at(&self, t: usize, time_steps: usize) -> [&[u32]; 2] {
        let [firing, excepted] = self.list_capacity;
        let (first, second) = (t * firing, time_steps * firing + t * excepted);
        let (first_end, second_end) = (self.ends[2 * t] as usize, self.ends[2 * t + 1] as usize);
        [&self.lists[first..first_end], &self.lists[second..second_end]]
    }

    /// The sum of a block's bias and of its rows of weights, [N, W], over the neurons that fire always, except at their events.
    // A variable of its own, which is returned: one that the loops behind it read is kept in memory.
    #[inline(always)]
    fn always_current<const W: usize>(&self, weight: &[[f32; W]], bias: &[f32; W]) -> [f32; W] {
        let mut sum = *bias;
        self.always.iter().for_each(|neuron| add(&mut sum, &weight[*neuron as usize]));
        sum
    }

    /// The sum of a block's rows of weights, [N, W], over the neurons that fire at t; `always` is that of all that fire always,
    /// and the bias.
    #[inline(always)]
    fn current<const W: usize>(
        &self,
        weight: &[[f32; W]],
        always: &[f32; W],
        (t, time_steps): (usize, usize),
    ) -> [f32; W] {
        let [firing, excepted] = self.at(t, time_steps);
        let mut sum = *always;
        firing.iter().for_each(|neuron| add(&mut sum, &weight[*neuron as usize]));
        excepted.iter().for_each(|neuron| subtract(&mut sum, &weight[*neuron as usize]));
        sum
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
        let always = events.always_current(weight, bias);
        let time_steps = currents.len();
        for (t, current) in currents.iter_mut().enumerate() {
            *current = events.current(weight, &always, (t, time_steps));
        }
    }
}

multiversion! {
    /// The same for plain neurons ([`Neuron::is_plain`]), which fire as soon as their current is there: `potentials` [T, W] are
    /// those before the reset, and `fired` [words, W] the bits of the spikes.
    pub(super) fn plain_neurons<const W: usize>(
        potentials: &mut [[f32; W]],
        fired: &mut [[u32; W]],
        events: &Events,
        weight: &[[f32; W]],
        bias: &[f32; W],
        neuron: &Neuron,
    ) {
        let dynamics = PlainDynamics::new(neuron);
        let always = events.always_current(weight, bias);
        let (time_steps, mut after) = (potentials.len(), [0.0; W]);
        for (word, (rows, fired)) in zip(potentials.chunks_mut(STEPS_PER_WORD), fired).enumerate() {
            let mut mask = [0_u32; W];
            for (t, row) in rows.iter_mut().enumerate() {
                let current = events.current(weight, &always, (word * STEPS_PER_WORD + t, time_steps));
                for lane in 0..W {
                    let (potential, spike) = dynamics.step(&mut after[lane], current[lane]);
                    row[lane] = potential;
                    mask[lane] |= u32::from(spike) << t;
                }
            }
            *fired = mask;
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
        for (is_except, neurons, words) in events.by_kind() {
            for (neuron, words) in zip(neurons, words.chunks_exact(events.words_per_neuron)) {
                let row = &mut gradient[*neuron as usize];
                let mut total = *row;
                if is_except {
                    add(&mut total, sum);
                }
                for (w, word) in words.iter().enumerate() {
                    let mut word = *word;
                    while word != 0 {
                        let at = &derivative[w * STEPS_PER_WORD + word.trailing_zeros() as usize];
                        word &= word - 1;
                        if is_except { subtract(&mut total, at) } else { add(&mut total, at) }
                    }
                }
                *row = total;
            }
        }
    }
}
