//! A layer that has learnt, with what its neurons stand for: what answers to a picture.

use super::input::{InputSpikes, encode, encoded};
use super::labels::{Vote, Voters};
use super::layer::StdpLayer;
use super::{Mode, Spike};
use crate::digits::Digits;
use crate::sample::Sample;
use crate::spec::{Readout, Spec};
use crate::spikes::SpikeTrain;
use crate::spikes::encode::Pass;
use crate::trace::{LayerTrace, Trace};
use std::ops::Range;

/// A layer, what it is for, and its neurons as voters.
#[derive(Clone, Debug)]
pub struct StdpNetwork {
    /// What it is.
    pub spec: Spec,
    /// The layer. No picture leaves anything behind in it.
    pub layer: StdpLayer,
    /// What its neurons stand for.
    pub voters: Voters,
}

impl StdpNetwork {
    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.voters.classes()
    }

    /// The class that each image of `range` is read as, \[B\]; none where no neuron fires that stands for anything. `first` is the
    /// number of image 0 in the whole set.
    ///
    /// # Panics
    /// When there are fewer images, or they are of another size.
    pub fn predictions(&mut self, digits: &Digits, range: Range<usize>, first: usize) -> Vec<Option<u8>> {
        self.measure(digits, range, first).0
    }

    /// The same, and the spikes of the inputs and of the layer over all of these images.
    ///
    /// # Panics
    /// As for [`StdpNetwork::predictions`].
    pub fn measure(&mut self, digits: &Digits, range: Range<usize>, first: usize) -> (Vec<Option<u8>>, [u64; 2]) {
        let Self { spec, layer, voters } = self;
        let (mut answers, mut counts) = (Vec::with_capacity(range.len()), [0, 0]);
        layer.show_each(spec, (digits, range, first), |_, input, spikes| {
            answers.push(voters.answer(spikes, Vote::Shares));
            counts = [counts[0] + input.count() as u64, counts[1] + spikes.len() as u64];
        });
        (answers, counts)
    }

    /// The spikes of the layer for one image, in the order in which they come.
    ///
    /// # Panics
    /// When the image is of another size.
    pub fn spikes(&mut self, pixels: &[u8], pass: Pass, number: u64) -> &[Spike] {
        self.layer.show(&encode(&self.spec, &Sample { pixels, label: None, number }, pass), Mode::Frozen);
        self.layer.spikes()
    }

    /// How one image runs through the layer, and what each time step's spikes vote for: the output's potential is T times the votes,
    /// so that the evidence for a class is all votes for it so far.
    ///
    /// # Panics
    /// When the image is of another size.
    pub fn trace(&mut self, pixels: &[u8], pass: Pass, number: u64) -> Trace {
        let sample = Sample { pixels, label: None, number };
        let input = encoded(&self.spec, &sample, pass);
        let hidden = self.layer_trace(&InputSpikes::of(&input, 0), input.time_steps());
        let time_steps = input.time_steps();
        let mut votes = vec![0.0; time_steps * self.classes()];
        for spikes in self.layer.spikes().chunk_by(|a, b| a.time == b.time) {
            let now = &mut votes[spikes[0].time * self.voters.classes()..][..self.voters.classes()];
            now.copy_from_slice(&self.voters.votes(spikes, Vote::Shares));
            now.iter_mut().for_each(|vote| *vote *= time_steps as f32);
        }
        let output = LayerTrace {
            window: None,
            spikes: SpikeTrain::silent(1, self.classes(), time_steps),
            inhibition: vec![0.0; votes.len()],
            excitation: votes.clone(),
            potentials: votes,
            raised: Vec::new(),
        };
        let image = sample.shown(&self.spec, pass).into_owned();
        Trace { image, time_steps, input, hidden: vec![hidden], output, readout: Readout::Membrane }
    }

    /// The layer's part: as excitation what the inputs send, as inhibition what the winners and a rest after a spike take, in
    /// currents, so that potentials are the sums that they are of any neuron.
    fn layer_trace(&mut self, input: &InputSpikes, time_steps: usize) -> LayerTrace {
        let (neuron, neurons) = (self.spec.neuron, self.layer.neurons());
        let raised = self.layer.adaptation().to_vec();
        let [mut potentials, mut excitation, mut inhibition] = [const { Vec::new() }; 3];
        self.layer.show_watched(input, Mode::Frozen, &mut |now| {
            potentials.extend_from_slice(now.potentials);
            excitation.extend_from_slice(now.currents);
        });
        let mut spikes = SpikeTrain::silent(1, neurons, time_steps);
        self.layer.spikes().iter().for_each(|spike| spikes.fire(0, spike.neuron, spike.time));
        // What is missing from the sum of what stays of an uninhibited potential and what comes in.
        inhibition.resize(potentials.len(), 0.0);
        for (place, inhibition) in inhibition.iter_mut().enumerate() {
            let (t, j) = (place / neurons, place % neurons);
            let reset = |place: usize| neuron.reset(potentials[place], spikes.fires(0, j, t - 1));
            let stays = if t == 0 { 0.0 } else { neuron.beta * reset(place - neurons) };
            let sum = stays + neuron.gain * excitation[place];
            *inhibition = if neuron.gain > 0.0 { ((potentials[place] - sum) / neuron.gain).min(0.0) } else { 0.0 };
        }
        LayerTrace { spikes, potentials, excitation, inhibition, raised, window: None }
    }
}
