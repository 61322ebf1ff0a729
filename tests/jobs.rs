//! What takes long is done in pieces, and what the engine answers meanwhile.

use crate::network::{small, stripes};
use crate::session::{Page, said};
use spiking_playground::digits::shard::Split;
use spiking_playground::inspection::{FiringRates, IncomingWeights, Tracer, trace};
use spiking_playground::kernels;
use spiking_playground::network::Network;
use spiking_playground::protocol::{Picture, Report, Request};
use spiking_playground::session::JOB_OPERATIONS;
use spiking_playground::spec::{Encoding, Readout, Spec, dense};
use spiking_playground::spikes::encode::Pass;
use spiking_playground::training::Run;
use spiking_playground::weights::checkpoint::{Notes, run_from_bytes, run_to_bytes};
use spiking_playground::weights::pieces::FiniteCheck;
use spiking_playground::weights::writer::FileWriter;

/// Two layers of 4,096 neurons: 17 million weights, and as many means and squares.
fn large() -> Spec {
    Spec { layers: dense([4096, 4096]), time_steps: 4, epochs: 1, ..small() }
}

/// Numbers in the weights and biases of that network, over images of 36 pixels in three classes.
const LARGE: usize = 37 * 4096 + 4097 * 4096 + 4097 * 3;

/// A page with that network, over so many images.
fn page(images: usize) -> Page {
    let mut page = Page::new(images);
    let manifest = page.manifest.clone();
    page.ask(Request::Data(manifest));
    page.ask(Request::Start(large()));
    page
}

impl Page {
    /// Lets the engine work until such a report comes; gives it and how many calls of `work` that took.
    fn await_report(&mut self, wanted: impl Fn(&Report) -> bool) -> (Report, Vec<Vec<u8>>, usize) {
        for calls in 1..10_000 {
            assert!(self.session.is_busy(), "it comes to rest without that report");
            let from = self.heard.len();
            let reports = self.session.work();
            self.take(reports);
            if let Some(at) = (from..self.heard.len()).find(|at| wanted(&self.heard[*at].0)) {
                let (report, bytes) = self.heard.swap_remove(at);
                return (report, bytes, calls);
            }
        }
        panic!("no such report came");
    }
}

/// Each piece of the file of a large run is bounded, so the engine hears what comes in between, and the file is that of a
/// run which is written at once.
#[test]
fn a_large_run_is_written_in_pieces_while_requests_are_answered() {
    let mut page = page(50);
    assert_eq!(page.ask(Request::Checkpoint), []);
    assert_eq!(page.ask(Request::Pause), [Report::Paused]);
    assert_eq!(page.ask(Request::TestImages(vec![])), [Report::TestImages(vec![])]);
    let (report, bytes, calls) = page.await_report(|report| matches!(report, Report::Checkpoint(_)));
    assert_eq!(report, Report::Checkpoint(0));
    assert!(calls >= 3 * LARGE / JOB_OPERATIONS, "{calls} calls for {} numbers", 3 * LARGE);
    let whole = run_to_bytes(page.session.run().unwrap(), Notes::default()).unwrap();
    assert!(bytes == [whole], "another file");
    assert_eq!(page.ask(Request::Weights), []);
    let (_, bytes, calls) = page.await_report(|report| *report == Report::Weights);
    assert!(calls >= LARGE / JOB_OPERATIONS, "{calls} calls for {LARGE} numbers");
    assert_eq!(bytes[0].len().div_ceil(1 << 20), (4 * LARGE).div_ceil(1 << 20), "MiB of weights");
    assert!(!page.session.is_busy());
}

#[test]
fn a_trace_overtakes_what_takes_longer_and_a_change_waits_for_it() {
    let mut page = page(50);
    let trace = || Request::Trace { picture: Picture::Drawing };
    assert_eq!(page.ask(Request::Checkpoint), []);
    assert_eq!(page.ask_with(Request::Rates, vec![vec![200; 36 * 3]]), []);
    assert_eq!(page.ask(Request::Fields(1, (0..1000).collect())), []);
    page.ask_with(trace(), vec![vec![200; 36]]);
    // A network that takes other pictures: what was asked of the one before it is answered first.
    let other = Spec { layers: dense([5]), ..small() };
    assert_eq!(page.ask(Request::Start(other.clone())), []);
    assert_eq!(page.ask_with(trace(), vec![vec![200; 36]]), []);
    assert_eq!(page.ask(Request::Pause), [], "it may be meant for what the change begins");
    let (from, answered) = (page.heard.len(), page.answered.len());
    let mut calls = 0;
    while page.session.is_busy() {
        page.work(1);
        calls += 1;
    }
    let reports: Vec<&Report> = page.heard[from..].iter().map(|(report, _)| report).collect();
    let traced = || Report::Trace { picture: Picture::Drawing, label: None, step: 0 };
    let expected = [
        traced(),
        Report::Checkpoint(0),
        Report::Rates(vec![4096, 4096]),
        Report::Fields(1, (0..1000).collect()),
        said(&other),
        traced(),
        Report::Paused,
    ];
    assert_eq!(reports, expected.iter().collect::<Vec<_>>());
    // They were asked for as number 3 to 9, behind the data and the network.
    assert_eq!(page.answered[answered..], [6, 3, 4, 5, 7, 8, 9]);
    // Those of the trace and of the rates are read at least, besides the file's and the 1,000 neurons'.
    let numbers = (3 + 1 + 3) * LARGE + 1000 * 4096;
    assert!(calls >= numbers / JOB_OPERATIONS, "{calls} calls for {numbers} numbers");
}

/// Whether the weights are finite is looked at in pieces, too, before an epoch is reported.
#[test]
fn the_end_of_an_epoch_is_heard_over() {
    let mut page = page(20);
    page.ask(Request::Train);
    while page.session.run().unwrap().position.images < 20 {
        page.work(1);
    }
    let epoch = |report: &Report| matches!(report, Report::Epoch(_));
    assert!(!page.heard.iter().any(|(report, _)| epoch(report)), "it is not looked at yet");
    // What is asked for now is of the run behind the epoch.
    assert_eq!(page.ask(Request::Checkpoint), []);
    assert_eq!(page.ask(Request::Pause).last(), Some(&Report::Paused));
    let (_, _, calls) = page.await_report(epoch);
    assert!(calls >= 3 * LARGE / JOB_OPERATIONS, "{calls} calls for {} numbers", 3 * LARGE);
    let (_, bytes, _) = page.await_report(|report| *report == Report::Checkpoint(2));
    let run = run_from_bytes(&bytes[0], &kernels::cpu().autodiff()).unwrap();
    assert_eq!((run.position.epoch, run.position.images), (1, 0));
    assert_eq!(page.heard.iter().filter(|(report, _)| *report == Report::Paused).count(), 1);
    assert!(page.heard.iter().all(|(report, _)| !matches!(report, Report::Need(Split::Train, shard) if *shard > 0)));
}

/// However small the pieces are, what they come to is the same, and none is larger than asked for by more than what cannot
/// be cut.
#[test]
fn pieces_of_any_size_come_to_the_same() {
    let images = stripes(3, 1);
    for (encoding, readout) in [
        (Encoding::Rate, Readout::Membrane),
        (Encoding::Latency, Readout::SpikeCount),
        (Encoding::Current, Readout::SpikeCount),
    ] {
        let spec = Spec { layers: dense([150, 20]), time_steps: 40, encoding, readout, ..small() };
        let run = Run::new(spec.clone(), Network::new(&spec, 36, 3, &kernels::cpu().autodiff()), 50);
        let network = &run.network;
        let whole = trace(network, &spec, images.image(0), Pass::Drawing, 0);
        let rates = |operations: usize| {
            let mut rates = FiringRates::new(network, &spec, images.images.clone());
            while !rates.is_done() {
                rates.advance(operations);
            }
            rates.rates()
        };
        let file = run_to_bytes(&run, Notes::default()).unwrap();
        for operations in [1, 1000, 30_000] {
            let mut tracer = Tracer::new(network, &spec, images.image(0), Pass::Drawing, 0);
            while !tracer.is_done() {
                let done = tracer.advance(operations);
                // One input that fires at every time step, the bias, and the block's own time steps.
                assert!((1..=operations + 64 * 3 * 41).contains(&done), "{done} operations for {operations}");
            }
            assert_eq!(tracer.into_trace(), whole);
            assert_eq!(rates(operations), rates(usize::MAX));
            let mut weights = IncomingWeights::new(network, 1, vec![3, 99, 19, 0]);
            let mut read = Vec::new();
            while !weights.is_done() {
                let more = weights.advance(operations);
                assert!((1..operations + 150).contains(&more.len()));
                read.extend(more);
            }
            let mut at_once = IncomingWeights::new(network, 1, vec![3, 19, 0]);
            assert_eq!((read, weights.into_neurons()), (at_once.advance(usize::MAX), vec![3, 19, 0]));
            let mut writer = FileWriter::of_run(&run.snapshot(), Notes::default()).unwrap();
            while !writer.is_done() {
                let done = writer.advance(operations);
                assert!((1..operations + 150).contains(&done), "{done} numbers for {operations}");
            }
            assert!(writer.is_finite() && writer.finish() == file);
            let mut check = FiniteCheck::new(&run);
            while !check.is_done() {
                assert!((1..operations + 150).contains(&check.advance(operations)));
            }
            assert!(check.is_finite());
        }
    }
}
