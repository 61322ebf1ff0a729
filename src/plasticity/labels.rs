//! What the neurons of a layer answer to, and what they vote for. Only here labels are seen, and none is learnt from.

use super::Spike;

/// How often each neuron has spiked for pictures of each class.
#[derive(Clone, Debug, PartialEq)]
pub struct Responses {
    classes: usize,
    /// Spikes, [N, C].
    spikes: Vec<f32>,
    /// Pictures of each class, \[C\].
    shown: Vec<f32>,
}

/// How spikes become an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Vote {
    /// The class whose neurons fire most on average, each neuron belonging to the one that it answers most to (Diehl and Cook 2015,
    /// doi:10.3389/fncom.2015.00099, section 2.5).
    Mean,
    /// Each spike counts for the classes in the shares of its neuron's responses: `Σ_j s_j·R_jc/Σ_c' R_jc'`.
    #[default]
    Shares,
}

impl Responses {
    /// None yet, of `neurons` neurons to `classes` classes.
    pub fn new(neurons: usize, classes: usize) -> Self {
        Self { classes, spikes: vec![0.0; neurons * classes], shown: vec![0.0; classes] }
    }

    /// A picture of this class had these spikes. Classes and neurons that there are not are passed over.
    pub fn add(&mut self, class: u8, spikes: &[Spike]) {
        let class = usize::from(class);
        let Some(shown) = self.shown.get_mut(class) else { return };
        *shown += 1.0;
        for spike in spikes {
            if let Some(count) = self.spikes.get_mut(spike.neuron * self.classes + class) {
                *count += 1.0;
            }
        }
    }

    /// Forgets some, so that the responses follow a layer that still learns: all counts become this share of what they are.
    pub fn fade(&mut self, keep: f32) {
        self.spikes.iter_mut().chain(&mut self.shown).for_each(|count| *count *= keep);
    }

    /// The counts that [`Responses::of_counts`] takes: spikes, [N, C], and pictures, \[C\].
    pub fn counts(&self) -> (&[f32], &[f32]) {
        (&self.spikes, &self.shown)
    }

    /// Those of these counts; `None` if they do not belong together, or are no counts.
    pub fn of_counts(spikes: Vec<f32>, shown: Vec<f32>) -> Option<Self> {
        let classes = shown.len();
        let is_count = |count: &f32| count.is_finite() && *count >= 0.0;
        let fits = classes > 0 && spikes.len().is_multiple_of(classes) && spikes.iter().chain(&shown).all(is_count);
        fits.then_some(Self { classes, spikes, shown })
    }

    /// Those that had these mean numbers of spikes R, [N, C], over so many pictures of each class; `None` as for
    /// [`Responses::of_counts`].
    pub fn of_rates(rates: &[f32], classes: usize, pictures: f32) -> Option<Self> {
        Self::of_counts(rates.iter().map(|rate| rate * pictures).collect(), vec![pictures; classes])
    }

    /// The class that most spikes are for, by [`Vote::Shares`], without making voters of all neurons.
    pub fn answer(&self, spikes: &[Spike]) -> Option<u8> {
        let mut votes = vec![0.0; self.classes];
        for spike in spikes {
            let rates = |class: usize| self.rate(spike.neuron * self.classes + class);
            let sum: f32 = (0..self.classes).map(rates).sum();
            if sum > 0.0 {
                votes.iter_mut().enumerate().for_each(|(class, vote)| *vote += rates(class) / sum);
            }
        }
        most(&votes)
    }

    fn rate(&self, place: usize) -> f32 {
        let shown = self.shown[place % self.classes];
        self.spikes.get(place).filter(|_| shown > 0.0).map_or(0.0, |spikes| spikes / shown)
    }

    /// R, the mean number of spikes of each neuron for a picture of each class, [N, C].
    pub fn rates(&self) -> Vec<f32> {
        (0..self.spikes.len()).map(|place| self.rate(place)).collect()
    }

    /// The neurons as voters.
    pub fn voters(&self) -> Voters {
        Voters::new(&self.rates(), self.classes)
    }
}

impl std::ops::AddAssign for Responses {
    /// Adds the counts of the same neurons for other pictures.
    fn add_assign(&mut self, other: Self) {
        let own = self.spikes.iter_mut().chain(&mut self.shown);
        own.zip(other.spikes.iter().chain(&other.shown)).for_each(|(count, other)| *count += other);
    }
}

/// Neurons that stand for classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Voters {
    /// The class that each neuron answers most to, \[N\]; of equal ones the first; none for those that never fired.
    pub labels: Vec<Option<u8>>,
    classes: usize,
    /// How many neurons have each class, \[C\].
    members: Vec<f32>,
    /// R_jc/Σ_c' R_jc', [N, C].
    shares: Vec<f32>,
}

impl Voters {
    /// Voters with these mean responses R, [N, C].
    ///
    /// # Panics
    /// If there are no classes.
    pub fn new(rates: &[f32], classes: usize) -> Self {
        let (mut labels, mut members, mut shares) = (Vec::new(), vec![0.0; classes], Vec::new());
        for rates in rates.chunks_exact(classes) {
            let best = (1..classes).fold(0, |best, class| if rates[class] > rates[best] { class } else { best });
            let label = (rates[best] > 0.0).then_some(best);
            label.iter().for_each(|class| members[*class] += 1.0);
            labels.push(label.map(|class| class as u8));
            let sum: f32 = rates.iter().sum();
            shares.extend(rates.iter().map(|rate| if sum > 0.0 { rate / sum } else { 0.0 }));
        }
        Self { labels, classes, members, shares }
    }

    /// The number of classes.
    pub const fn classes(&self) -> usize {
        self.classes
    }

    /// What a spike of each neuron counts for this class, \[N\].
    pub fn shares_of_class(&self, class: usize) -> Vec<f32> {
        self.shares.iter().skip(class).step_by(self.classes).copied().collect()
    }

    /// The votes for each class, \[C\].
    pub fn votes(&self, spikes: &[Spike], vote: Vote) -> Vec<f32> {
        let mut votes = vec![0.0; self.classes];
        for spike in spikes {
            match (vote, self.labels.get(spike.neuron).copied().flatten()) {
                (Vote::Mean, Some(class)) => votes[usize::from(class)] += 1.0 / self.members[usize::from(class)],
                (Vote::Mean, None) => {}
                (Vote::Shares, _) => {
                    let shares = self.shares.iter().skip(spike.neuron * self.classes);
                    votes.iter_mut().zip(shares).for_each(|(vote, share)| *vote += share);
                }
            }
        }
        votes
    }

    /// The class with most votes, of equal ones the first; none where nobody has one.
    ///
    /// ```
    /// use spiking_playground::plasticity::Spike;
    /// use spiking_playground::plasticity::labels::{Responses, Vote};
    /// let spike = |neuron| Spike { neuron, time: 0 };
    /// let mut responses = Responses::new(3, 2);
    /// responses.add(0, &[spike(0), spike(0), spike(2)]);
    /// responses.add(1, &[spike(1)]);
    /// let voters = responses.voters();
    /// assert_eq!(voters.labels, [Some(0), Some(1), Some(0)]);
    /// assert_eq!(voters.answer(&[spike(0), spike(1)], Vote::Mean), Some(1)); // 1/2 and 1
    /// assert_eq!(voters.answer(&[spike(0), spike(1)], Vote::Shares), Some(0)); // 1 and 1
    /// assert_eq!(voters.answer(&[], Vote::Shares), None);
    /// ```
    pub fn answer(&self, spikes: &[Spike], vote: Vote) -> Option<u8> {
        most(&self.votes(spikes, vote))
    }
}

/// The class with most votes, of equal ones the first; none where nobody has one.
fn most(votes: &[f32]) -> Option<u8> {
    let best = (1..votes.len()).fold(0, |best, class| if votes[class] > votes[best] { class } else { best });
    votes.get(best).filter(|votes| **votes > 0.0).map(|_| best as u8)
}
