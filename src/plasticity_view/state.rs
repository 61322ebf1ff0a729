//! What is known of the layer, and what is said of it.

use crate::pictures::marks::{Ink, Mark, Shade, level, line};
use crate::pictures::mosaic::{Tiling, columns};
use crate::pictures::numbers::percent;
use crate::plasticity::failing::Failing;
use crate::plasticity::glimpse::{Glimpse, Learnt};
use crate::said::{Said, say};

/// Milliseconds for which who fired glows.
const GLOW: f64 = 450.0;
/// Pictures that follow each other within so many milliseconds leave no time to glow: the fields would never be seen.
const QUICK: f64 = 120.0;
/// Neurons of a sentence about the picture in hand.
const NAMED: usize = 3;

/// A layer as it was last seen.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    /// The newest glimpse, without its fields.
    pub newest: Glimpse,
    /// When it came, in milliseconds, and how long after the one before.
    since: f64,
    after: f64,
    /// The receptive fields, as shares of the largest weight, of 255, \[N\]; empty where they have not come yet.
    fields: Vec<Vec<u8>>,
    /// The neuron at each place, \[N\].
    order: Vec<usize>,
    /// Whether they stand in the order of their labels.
    pub is_sorted: bool,
    /// The neurons that fire for the picture in hand, those that fire most first.
    firing: Vec<usize>,
    /// The place that is pointed at.
    pub pointed: Option<usize>,
}

impl Watched {
    /// N.
    pub const fn neurons(&self) -> usize {
        self.newest.labels.len()
    }

    /// How the fields lie, of `side` weights in a row.
    pub fn tiling(&self, side: usize) -> Tiling {
        let weights = self.fields.iter().map(Vec::len).max().unwrap_or(0);
        Tiling { fields: self.neurons(), cell: [side, weights.div_ceil(side.max(1))], scale: 1 }
    }

    /// Sees the layer again; the places whose fields look different now.
    pub fn see(&mut self, mut glimpse: Glimpse, now: f64) -> Vec<usize> {
        let neurons = glimpse.labels.len();
        let is_other = glimpse.is_first || neurons != self.neurons();
        if is_other {
            *self = Self { firing: std::mem::take(&mut self.firing), ..Self::default() };
            self.fields = vec![Vec::new(); neurons];
            self.order = (0..neurons).collect();
        }
        let mut changed: Vec<bool> =
            (0..neurons).map(|neuron| is_other || glimpse.labels[neuron] != self.newest.labels[neuron]).collect();
        for (neuron, field) in std::mem::take(&mut glimpse.fields) {
            if let Some(own) = self.fields.get_mut(neuron) {
                *own = field;
                changed[neuron] = true;
            }
        }
        (self.newest, self.after, self.since) = (glimpse, now - self.since, now);
        (0..neurons).filter(|place| changed[self.order[*place]]).collect()
    }

    /// Puts the neurons in the order of their labels, or back into their own.
    pub fn sort(&mut self, by_label: bool) {
        self.is_sorted = by_label;
        self.order.sort_by_key(|neuron| {
            let label = self.newest.labels[*neuron].map_or(u32::MAX, u32::from);
            (if by_label { label } else { 0 }, *neuron)
        });
    }

    /// The picture in hand makes each neuron fire so often.
    pub fn fire(&mut self, counts: &[u32]) {
        self.firing = (0..counts.len()).filter(|neuron| counts[*neuron] > 0).collect();
        self.firing.sort_by_key(|neuron| std::cmp::Reverse(counts[*neuron]));
    }

    /// The neuron at a place, and its field as shares of its largest weight.
    pub fn at(&self, place: usize) -> Option<(usize, Option<u8>, Vec<f32>)> {
        let neuron = *self.order.get(place)?;
        Some((neuron, self.newest.labels[neuron], self.field(neuron)))
    }

    /// A neuron's field as shares of its largest weight; empty where it has not come yet.
    pub fn field(&self, neuron: usize) -> Vec<f32> {
        self.fields
            .get(neuron)
            .map_or(Vec::new(), |field| field.iter().map(|share| f32::from(*share) / 255.0).collect())
    }

    fn place_of(&self, neuron: usize) -> Option<usize> {
        self.order.iter().position(|own| *own == neuron)
    }

    /// How many neurons stand for each of so many classes.
    pub fn counts(&self, classes: usize) -> Vec<usize> {
        let of = |class: usize| self.newest.labels.iter().filter(|label| **label == Some(class as u8)).count();
        (0..classes).map(of).collect()
    }

    /// The neurons that fired for the newest picture, each once, in that order.
    fn winners(&self) -> Vec<usize> {
        let mut winners = Vec::new();
        for spike in self.newest.learnt.iter().flat_map(|learnt| &learnt.spikes) {
            if !winners.contains(&spike.neuron) {
                winners.push(spike.neuron);
            }
        }
        winners
    }

    /// How much of the newest picture's glow is left, 1 to 0.
    pub fn glow(&self, now: f64) -> f32 {
        if self.after < QUICK { 0.0 } else { (1.0 - (now - self.since) / GLOW).clamp(0.0, 1.0) as f32 }
    }

    /// What lies over the fields: who fired for the newest picture glows, who fires for the picture in hand has a rim, and so has who
    /// is pointed at.
    pub fn rims(&self, tiling: Tiling, glow: f32) -> Vec<Mark> {
        let corners = |place: usize| {
            let [width, height] = tiling.size().map(|pixels| pixels.max(1) as f32);
            let [x, y] = tiling.corner(place).map(|pixels| pixels as f32);
            let [w, h] = tiling.cell.map(|weights| (weights * tiling.scale) as f32);
            [(x / width, y / height), ((x + w) / width, (y + h) / height)]
        };
        let rim = |place: usize, ink: Ink, width: f32| {
            let [(left, top), (right, bottom)] = corners(place);
            line(vec![(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], ink, width)
        };
        let places =
            |neurons: &[usize]| -> Vec<usize> { neurons.iter().filter_map(|own| self.place_of(*own)).collect() };
        let mut marks = Vec::new();
        for place in places(&self.winners()) {
            let [from, to] = corners(place);
            if glow > 0.0 {
                marks.push(Mark::Bar { from, to, ink: Ink::Spike, alpha: 0.55 * glow });
            }
            marks.push(rim(place, Ink::Spike, 1.5 + 1.5 * glow));
        }
        marks.extend(places(&self.firing).into_iter().map(|place| rim(place, Ink::Ink, 1.5)));
        marks.extend(self.pointed.map(|place| rim(place, Ink::Faint, 2.0)));
        marks
    }

    /// Thresholds as bars, a bar for each neuron, in the order of the fields; the winners' stand out.
    pub fn thresholds(&self) -> Vec<Mark> {
        let most = self.newest.thresholds.iter().copied().fold(1e-6, f32::max);
        let (winners, width) = (self.winners(), 1.0 / self.neurons().max(1) as f32);
        let bar = |(place, neuron): (usize, &usize)| Mark::Bar {
            from: (place as f32 * width, 1.0 - self.newest.thresholds[*neuron].max(0.0) / most),
            to: ((place as f32 + 0.8) * width, 1.0),
            ink: if winners.contains(neuron) { Ink::Spike } else { Ink::Ghost },
            alpha: 1.0,
        };
        let bars = self.order.iter().enumerate().filter(|(_, neuron)| **neuron < self.newest.thresholds.len()).map(bar);
        [level(1.0, Ink::Rule)].into_iter().chain(bars).collect()
    }

    /// The place that a key moves to.
    pub fn moved(&self, right: isize, down: isize) -> Option<usize> {
        let (neurons, columns) = (self.neurons(), columns(self.neurons()) as isize);
        let from = self.pointed.map_or(0, |place| place as isize);
        let to = if self.pointed.is_none() { 0 } else { from + right + down * columns };
        usize::try_from(to).ok().filter(|place| *place < neurons).or(self.pointed)
    }

    /// What is said of the layer. `name` says what a class is called.
    pub fn told(&self, name: impl Fn(u8) -> String) -> Vec<Said> {
        let fired = self.newest.labels.iter().filter(|label| label.is_some()).count();
        let values = [
            ("shown", self.newest.shown.to_string()),
            ("fired", fired.to_string()),
            ("all", self.neurons().to_string()),
        ];
        let mut told = vec![say(if fired == 0 { "fields-none" } else { "fields-shown" }, &values)];
        told.extend(self.newest.failing.map(|failing| match failing {
            Failing::Silent => say("fields-silent", &[]),
            Failing::Raised(_) => say("fields-raised", &[]),
            Failing::OneWins(share) => say("fields-one-wins", &[("share", percent(share as f32))]),
        }));
        if let Some((neuron, label, _)) = self.pointed.and_then(|place| self.at(place)) {
            told.push(self.of_neuron(neuron, label, &name));
        } else if !self.firing.is_empty() {
            let label = |neuron: usize| self.newest.labels.get(neuron).copied().flatten();
            let named = |neuron: &usize| match label(*neuron) {
                Some(class) => format!("#{neuron} ({})", name(class)),
                None => format!("#{neuron}"),
            };
            let neurons: Vec<String> = self.firing.iter().take(NAMED).map(named).collect();
            told.push(say("fields-firing", &[("neurons", neurons.join(", "))]));
        }
        told
    }

    fn of_neuron(&self, neuron: usize, label: Option<u8>, name: &impl Fn(u8) -> String) -> Said {
        let threshold = self.newest.thresholds.get(neuron).copied().unwrap_or(0.0);
        let values = [("n", neuron.to_string()), ("threshold", format!("{threshold:.2}"))];
        match label {
            Some(class) => say("field-of", &[&values[..], &[("class", name(class))]].concat()),
            None => say("field-none", &values),
        }
    }

    /// What is said of the newest picture.
    pub fn told_of_newest(&self, name: impl Fn(u8) -> String) -> Option<Said> {
        let Learnt { label, answer, spikes, .. } = self.newest.learnt.as_ref()?;
        let class = ("class", name(*label));
        let Some(last) = spikes.last() else { return Some(say("newest-silent", &[class])) };
        let values = [class, ("n", last.neuron.to_string()), ("spikes", spikes.len().to_string())];
        Some(match answer {
            None => say("newest-unread", &values),
            Some(answer) if answer == label => say("newest-right", &values),
            Some(answer) => say("newest-wrong", &[&values[..], &[("answer", name(*answer))]].concat()),
        })
    }

    /// The newest picture, the field of the neuron that fired last for it, and what that spike changed.
    pub fn newest(&self, side: usize) -> [Vec<Mark>; 3] {
        let Some(learnt) = &self.newest.learnt else { return [const { Vec::new() }; 3] };
        let cells = |shades: Vec<Shade>| vec![Mark::Cells { columns: side, shades }];
        let ink = |amount: f32| Shade { from: Ink::Wash, to: Ink::Ink, amount };
        let pixels = learnt.pixels.iter().map(|pixel| ink(f32::from(*pixel) / 255.0)).collect();
        let winner = learnt.spikes.last().map_or(Vec::new(), |spike| self.field(spike.neuron));
        let field = winner.into_iter().map(ink).collect();
        let most = learnt.change.iter().fold(1e-9, |most: f32, change| most.max(change.abs()));
        let change = learnt.change.iter().map(|change| Shade::of_weight(change / most)).collect();
        [cells(pixels), cells(field), cells(change)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plasticity::Spike;

    const DOCUMENT: &str = include_str!("../../www/index.html");

    fn glimpse(labels: &[Option<u8>], fields: &[usize], is_first: bool) -> Glimpse {
        Glimpse {
            is_first,
            shown: 12,
            thresholds: vec![1.0; labels.len()],
            labels: labels.to_vec(),
            fields: fields.iter().map(|neuron| (*neuron, vec![255, 0, 51, *neuron as u8])).collect(),
            ..Glimpse::default()
        }
    }

    fn learnt(label: u8, answer: Option<u8>, neurons: &[usize]) -> Learnt {
        let spike = |neuron: &usize| Spike { neuron: *neuron, time: 3 };
        let (pixels, change) = (vec![0, 9, 255, 1], vec![-0.1, 0.0, 0.2, 0.0]);
        Learnt { label, answer, spikes: neurons.iter().map(spike).collect(), pixels, change, ..Learnt::default() }
    }

    fn is_in_document(said: &Said) {
        let words = DOCUMENT.split(&format!("data-say=\"{}\">", said.key)).nth(1);
        let words = words.unwrap_or_else(|| panic!("no {}", said.key)).split("</p>").next().unwrap();
        for brace in words.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()) {
            assert!(said.values.iter().any(|(name, _)| name == &brace), "{}: {{{brace}}}", said.key);
        }
        for (name, _) in &said.values {
            assert!(
                words.contains(&format!("{{{name}}}")) || said.key == "fields-none",
                "{} has no {{{name}}}",
                said.key
            );
        }
    }

    #[test]
    fn only_what_looks_different_is_painted_anew() {
        let mut watched = Watched::default();
        assert_eq!(watched.see(glimpse(&[None; 5], &[0, 1], true), 0.0), [0, 1, 2, 3, 4]);
        assert_eq!(watched.see(glimpse(&[None; 5], &[3], false), 1.0), [3]);
        assert_eq!(watched.see(glimpse(&[None, Some(1), None, None, None], &[], false), 2.0), [1], "another colour");
        watched.sort(true);
        assert_eq!(watched.at(0).unwrap(), (1, Some(1), vec![1.0, 0.0, 0.2, 1.0 / 255.0]));
        assert_eq!(watched.see(glimpse(&[None, Some(1), None, None, None], &[1], false), 3.0), [0]);
        watched.sort(false);
        assert_eq!(watched.at(0).unwrap().0, 0);
        // Another layer.
        assert_eq!(watched.see(glimpse(&[None; 2], &[7], true), 4.0), [0, 1]);
        assert_eq!((watched.neurons(), watched.at(2), watched.field(1)), (2, None, Vec::new()));
    }

    #[test]
    fn what_is_said_stands_in_the_document() {
        let name = |class: u8| class.to_string();
        let mut watched = Watched::default();
        watched.see(glimpse(&[None; 3], &[0, 1, 2], true), 0.0);
        watched.told(name).iter().for_each(is_in_document);
        assert_eq!(watched.told_of_newest(name), None);
        for newest in
            [learnt(3, None, &[]), learnt(3, None, &[1]), learnt(3, Some(3), &[1, 2, 1]), learnt(3, Some(5), &[0])]
        {
            let glimpse = Glimpse { learnt: Some(newest), ..glimpse(&[Some(0), None, Some(9)], &[], false) };
            watched.see(glimpse, 1.0);
            is_in_document(&watched.told_of_newest(name).unwrap());
        }
        watched.fire(&[0, 1, 3]);
        assert_eq!(watched.told(name)[1].values, [("neurons", "#2 (9), #1".to_owned())]);
        watched.told(name).iter().for_each(is_in_document);
        for place in 0..3 {
            watched.pointed = Some(place);
            watched.told(name).iter().for_each(is_in_document);
        }
        assert_eq!(watched.counts(10)[9], 1);
        for failing in [Failing::Silent, Failing::Raised(2.0), Failing::OneWins(0.75)] {
            watched.see(Glimpse { failing: Some(failing), ..glimpse(&[None; 3], &[], false) }, 2.0);
            watched.told(name).iter().for_each(is_in_document);
        }
    }

    #[test]
    fn winners_glow_and_a_key_goes_to_the_neighbour() {
        let mut watched = Watched::default();
        let newest = Glimpse { learnt: Some(learnt(3, None, &[4, 4, 0])), ..glimpse(&[None; 5], &[0], true) };
        watched.see(newest.clone(), 0.0);
        watched.see(Glimpse { is_first: false, ..newest.clone() }, 50.0);
        assert_eq!(watched.glow(50.0), 0.0, "too soon after the one before");
        watched.see(newest, 1000.0);
        let tiling = watched.tiling(2);
        assert_eq!(tiling.size(), [9, 6]);
        assert_eq!((watched.glow(1000.0), watched.glow(2000.0)), (1.0, 0.0));
        assert_eq!(watched.rims(tiling, 1.0).len(), 4);
        assert_eq!(watched.rims(tiling, 0.0).len(), 2);
        assert_eq!(watched.thresholds().len(), 6);
        assert_eq!(watched.moved(1, 0), Some(0));
        watched.pointed = watched.moved(1, 0);
        watched.pointed = watched.moved(1, 1);
        assert_eq!((watched.pointed, watched.moved(1, 0), watched.moved(0, -1)), (Some(4), Some(4), Some(1)));
        let [picture, field, change] = watched.newest(2);
        assert_eq!([picture.len(), field.len(), change.len()], [1; 3]);
    }
}
