//! The engine as the page knows it, natively: every request and what comes of it.

use crate::network::{run, small, stripes};
use spiking_playground::accuracy::evaluate;
use spiking_playground::digits::shard::{Manifest, Split};
use spiking_playground::digits::shard_writer::write_shards;
use spiking_playground::event::{Accuracy, Event};
use spiking_playground::kernels;
use spiking_playground::layer::Linear;
use spiking_playground::network::Network;
use spiking_playground::protocol::{Outgoing, Picture, Report, Request, RequestId};
use spiking_playground::session::Session;
use spiking_playground::spec::{Augmentation, Dataset, Encoding, Neuron, Readout, Reset, Spec, Surrogate, dense};
use spiking_playground::trace::{CERTAINTIES, Trace};
use spiking_playground::training::Run;
use spiking_playground::weights::checkpoint::{Notes, model_to_bytes, run_from_bytes, run_to_bytes};
use spiking_playground::weights::rounding::WeightsType;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::rc::Rc;

/// A page that answers every `Need`, and a clock that goes 10 ms at each look.
pub struct Page {
    pub session: Session,
    pub manifest: Manifest,
    files: BTreeMap<String, Vec<u8>>,
    pub heard: Vec<Heard>,
    /// The number of the newest request.
    asked: RequestId,
    /// The requests whose answers came, in order.
    pub answered: Vec<RequestId>,
    /// Shards that come damaged the first time.
    damaged: Vec<(Split, usize)>,
}

impl Page {
    pub fn new(images: usize) -> Self {
        let (manifest, files) = write_shards("stripes", &stripes(images, 1), &stripes(2500, 2)).unwrap();
        let time = Rc::new(Cell::new(0.0));
        let clock = move || {
            time.set(time.get() + 10.0);
            time.get()
        };
        let session = Session::new(kernels::cpu(), clock);
        Self {
            session,
            manifest,
            files: files.into_iter().collect(),
            heard: Vec::new(),
            asked: 0,
            answered: Vec::new(),
            damaged: Vec::new(),
        }
    }

    pub fn ask(&mut self, request: Request) -> Vec<Report> {
        self.ask_with(request, Vec::new())
    }

    pub fn ask_with(&mut self, request: Request, bytes: Vec<Vec<u8>>) -> Vec<Report> {
        self.asked += 1;
        let answers = self.session.receive(self.asked, request, bytes);
        self.take(answers)
    }

    pub fn take(&mut self, answers: Vec<Outgoing>) -> Vec<Report> {
        self.answered.extend(answers.iter().filter_map(|outgoing| outgoing.answers));
        let answers = plain(answers);
        let reports = answers.iter().map(|(report, _)| report.clone()).collect();
        self.heard.extend(answers.clone());
        for (report, _) in answers {
            if let Report::Need(split, shard) | Report::ShardRefused { split, shard, .. } = report {
                self.bring(split, shard);
            }
        }
        reports
    }

    fn bring(&mut self, split: Split, shard: usize) {
        let entry = self.manifest.shards(split)[shard].clone();
        let mut images = self.files[&entry.images.file].clone();
        if let Some(at) = self.damaged.iter().position(|damaged| *damaged == (split, shard)) {
            self.damaged.remove(at);
            images[20] ^= 1;
        }
        let labels = self.files[&entry.labels.file].clone();
        self.ask_with(Request::Shard(split, shard), vec![images, labels]);
    }

    pub fn work(&mut self, times: usize) {
        for _ in 0..times {
            if self.session.is_busy() {
                let reports = self.session.work();
                self.take(reports);
            }
        }
    }

    fn steps(&self) -> u64 {
        self.session.run().map_or(0, |run| run.adam.step())
    }

    fn count(&self, wanted: impl Fn(&Report) -> bool) -> usize {
        self.heard.iter().filter(|(report, _)| wanted(report)).count()
    }
}

/// A report and the byte arrays beside it.
pub type Heard = (Report, Vec<Vec<u8>>);

/// Reports without the numbers of the requests that they answer.
pub fn plain(reports: Vec<Outgoing>) -> Vec<Heard> {
    reports.into_iter().map(|Outgoing { report, bytes, .. }| (report, bytes)).collect()
}

/// What the engine says once it is the network of that spec.
pub fn said(spec: &Spec) -> Report {
    Report::Started { spec: spec.to_hash(&Spec::default()), accuracy: None }
}

fn started(images: usize) -> Page {
    let mut page = Page::new(images);
    let manifest = page.manifest.clone();
    page.ask(Request::Data(manifest));
    page.ask(Request::Start(small()));
    page
}

#[test]
fn training_in_the_engine_is_training_natively() {
    let mut page = started(4300);
    page.ask(Request::Train);
    while page.steps() < 300 {
        page.work(1);
    }
    assert_eq!(page.ask(Request::Pause).last(), Some(&Report::Paused));
    let data = stripes(4300, 1);
    let mut native = run(&small(), 4300);
    while native.adam.step() < page.steps() {
        native.advance(&data, None, &mut |_: &Event| ControlFlow::Continue(()));
    }
    assert_eq!(page.session.run().unwrap().network.parameters(), native.network.parameters());
    assert_eq!(page.count(|report| matches!(report, Report::Epoch(_))), 1);
    assert!(page.count(|report| matches!(report, Report::Tested { score, .. } if score.images == 1000)) >= 1);
    assert!(
        page.count(|report| matches!(report, Report::Step { images_per_second, .. } if *images_per_second > 0.0)) > 5
    );
}

#[test]
fn a_damaged_shard_is_refused_and_waited_for() {
    let mut page = started(4300);
    page.damaged = vec![(Split::Train, 0), (Split::Train, 1), (Split::Test, 0)];
    page.ask(Request::Train);
    page.work(40);
    let hash = |report: &Report| matches!(report, Report::ShardRefused { reason, .. } if reason.contains("SHA-256") || reason.contains("hash"));
    assert!(page.count(hash) >= 2, "{:?}", page.heard.iter().map(|(r, _)| r).collect::<Vec<_>>());
    assert!(page.steps() > 10);
}

#[test]
fn nothing_is_skipped_while_a_shard_is_missing() {
    let mut page = Page::new(4300);
    let manifest = page.manifest.clone();
    page.session.receive(0, Request::Data(manifest), Vec::new());
    page.session.receive(0, Request::Start(small()), Vec::new());
    let asked = page.session.receive(0, Request::Train, Vec::new());
    let reports: Vec<&Report> = asked.iter().map(|sent| &sent.report).collect();
    assert!(matches!(reports[..], [Report::Need(Split::Train, _)]), "the first images come alone: {reports:?}");
    assert!(!page.session.is_busy(), "it waits");
    assert_eq!(page.steps(), 0);
    page.take(asked);
    assert_eq!(page.count(|report| matches!(report, Report::Need(..))), 1, "still");
    page.work(60);
    assert!(page.steps() >= 4);
    assert_eq!(page.count(|report| matches!(report, Report::Need(Split::Train, _))), 3, "and the others behind a step");
    assert_eq!(page.count(|report| matches!(report, Report::Need(Split::Test, _))), 1);
}

#[test]
fn one_step_is_one_step() {
    let mut page = started(500);
    page.ask(Request::Step);
    page.work(50);
    assert_eq!(page.steps(), 1);
    assert_eq!(page.heard.last().map(|(report, _)| report), Some(&Report::Paused));
}

#[test]
fn reset_gives_the_first_weights_back() {
    let mut page = started(500);
    let first = page.session.run().unwrap().network.parameters();
    page.ask(Request::Train);
    page.work(30);
    assert_ne!(page.session.run().unwrap().network.parameters(), first);
    assert_eq!(page.ask(Request::Start(small())), [said(&small())]);
    assert_eq!(page.session.run().unwrap().network.parameters(), first);
    assert!(!page.session.is_busy());
}

#[test]
fn the_whole_test_set_is_measured_when_asked() {
    let mut page = started(500);
    page.ask(Request::Test(10_000));
    page.work(100);
    let tested = page.heard.iter().find_map(|(report, bytes)| match report {
        Report::Tested { score, step } => Some((*score, *step, bytes.clone())),
        _ => None,
    });
    let (score, step, bytes) = tested.unwrap();
    assert_eq!((score.images, step), (2500, 0));
    let [answers, labels] = &bytes[..] else { panic!("answers and labels come along") };
    assert_eq!(Accuracy::of_predictions(answers, labels), score);
    assert_eq!(labels[..], stripes(2500, 2).labels[..]);
}

#[test]
fn samples_are_read_or_refused_with_a_reason() {
    let mut page = started(500);
    let entry = page.manifest.samples.clone();
    let [mut images, labels] = [&entry.images.file, &entry.labels.file].map(|file| page.files[file].clone());
    assert_eq!(
        page.ask_with(Request::Samples(Dataset::Folder), vec![images.clone(), labels.clone()]),
        [Report::Samples(Dataset::Folder)]
    );
    let (_, bytes) = page.heard.pop().unwrap();
    assert_eq!((bytes[0].len(), bytes[1].len()), (entry.count * 36, entry.count));
    images[20] ^= 1;
    let refused = page.ask_with(Request::Samples(Dataset::Folder), vec![images, labels]);
    assert!(matches!(&refused[..], [Report::SamplesRefused(_, reason)] if reason.contains("SHA-256")), "{refused:?}");
}

#[test]
fn test_images_are_given_once_their_shard_is_there() {
    let mut page = Page::new(500);
    let manifest = page.manifest.clone();
    page.session.receive(0, Request::Data(manifest), Vec::new());
    let asked = page.session.receive(0, Request::TestImages(vec![2100, 3, 9999]), Vec::new());
    let reports: Vec<&Report> = asked.iter().map(|sent| &sent.report).collect();
    assert_eq!(
        reports,
        [&Report::Need(Split::Test, 1), &Report::Need(Split::Test, 0), &Report::TestImages(Vec::new())]
    );
    page.take(asked);
    page.ask(Request::TestImages(vec![2100, 3, 9999]));
    let (report, bytes) = page.heard.pop().unwrap();
    assert_eq!(report, Report::TestImages(vec![2100, 3]));
    let test = stripes(2500, 2);
    assert_eq!(bytes, [[test.image(2100), test.image(3)].concat()]);
}

#[test]
fn pictures_are_traced_or_refused_with_a_reason() {
    let mut page = started(500);
    let request = |picture| Request::Trace { picture };
    page.ask_with(request(Picture::Drawing), vec![vec![90; 36]]);
    let (report, bytes) = page.heard.pop().unwrap();
    assert_eq!(report, Report::Trace { picture: Picture::Drawing, label: None, step: 0 });
    assert_eq!(Trace::from_bytes(&bytes[0]).unwrap().hidden[0].neurons(), 24);
    for (picture, pixels) in [
        (Picture::Drawing, vec![vec![0; 35]]),
        (Picture::Drawing, vec![]),
        (Picture::Test(4), vec![]),
        (Picture::Test(usize::MAX), vec![]),
    ] {
        let reports = page.ask_with(request(picture), pixels);
        assert!(matches!(&reports[..], [Report::Failed(reason)] if !reason.is_empty()), "{reports:?}");
    }
    page.ask(Request::Test(1));
    page.ask(request(Picture::Test(4)));
    let last = page.heard.last().map(|(report, _)| report.clone());
    assert_eq!(last, Some(Report::Trace { picture: Picture::Test(4), label: Some(1), step: 0 }));
}

#[test]
fn weights_go_out_and_come_back() {
    let mut page = started(500);
    page.ask(Request::Train);
    page.work(20);
    page.ask(Request::Pause);
    page.ask(Request::Weights);
    let (_, bytes) = page.heard.pop().unwrap();
    let trained = page.session.run().unwrap().network.parameters();
    let mut other = Page::new(500);
    assert_eq!(other.ask_with(Request::Open, bytes), [said(&small())]);
    assert_eq!(other.session.run().unwrap().network.parameters(), trained);
    let wish = Spec { learning_rate: 0.002, ..small() };
    assert_eq!(other.ask(Request::Continue(wish.clone())), [said(&wish)]);
    assert_eq!(other.session.run().unwrap().network.parameters(), trained);
    let wider = other.ask(Request::Continue(Spec { layers: dense([25]), ..small() }));
    assert!(matches!(&wider[..], [Report::Failed(reason)] if reason.contains("another network")), "{wider:?}");
}

#[test]
fn the_weights_into_any_layer_are_told() {
    let mut page = started(500);
    let spec = Spec { layers: dense([24, 7]), ..small() };
    page.ask(Request::Start(spec));
    let mut fields = |layer, neurons: &[usize]| {
        page.ask(Request::Fields(layer, neurons.to_vec()));
        let (report, bytes) = page.heard.pop().unwrap();
        let floats = bytes[0].chunks_exact(4).map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]]));
        (report, floats.collect::<Vec<f32>>())
    };
    let told = [fields(0, &[3, 99, 5]), fields(1, &[6]), fields(2, &[0, 1, 7]), fields(3, &[0])];
    let network = &page.session.run().unwrap().network;
    let parameters = network.parameters();
    let row = |name: &str, neuron: usize| {
        let weights = parameters.iter().find(|parameter| parameter.name == name).unwrap();
        weights.values.chunks(weights.shape[1]).nth(neuron).unwrap().to_vec()
    };
    let first = [row("layers.0.weight", 3), row("layers.0.weight", 5)].concat();
    assert_eq!(told[0], (Report::Fields(0, vec![3, 5]), first));
    assert_eq!(told[1], (Report::Fields(1, vec![6]), row("layers.1.weight", 6)));
    let known: Vec<usize> = [0, 1, 7].into_iter().filter(|class| *class < network.classes()).collect();
    let last = known.iter().flat_map(|class| row("readout.weight", *class)).collect();
    assert_eq!(told[2], (Report::Fields(2, known), last));
    assert_eq!(told[3], (Report::Fields(3, vec![]), vec![]));
}

#[test]
fn what_cannot_be_done_is_said() {
    let mut page = Page::new(500);
    for request in [Request::Train, Request::Step, Request::Continue(small()), Request::Weights, Request::Test(10)] {
        let reports = page.ask(request.clone());
        assert!(matches!(&reports[..], [Report::Failed(_)]), "{request:?}: {reports:?}");
    }
    let reports = page.ask_with(Request::Open, vec![vec![1, 2, 3]]);
    assert!(matches!(&reports[..], [Report::Failed(reason)] if reason.contains("cut off")), "{reports:?}");
    let reports = page.ask(Request::Start(Spec { time_steps: 0, ..small() }));
    assert!(matches!(&reports[..], [Report::Failed(_)]), "{reports:?}");
    // Nor where there are images, but no network to read them.
    let manifest = page.manifest.clone();
    page.ask(Request::Data(manifest));
    only_failed(&page.ask(Request::Test(10)), "no network yet");
    assert!(!page.session.is_busy());
}

/// Ways to change a spec that leave the sizes of its layers.
fn kept() -> Vec<Spec> {
    let mut specs = vec![Spec { epochs: 1000, ..small() }; 8];
    specs[0].neuron.beta = 0.5;
    (specs[1].neuron.threshold, specs[1].neuron.gain) = (0.5, 2.0);
    specs[2].neuron.reset = Reset::Subtract;
    specs[3].neuron.surrogate = Surrogate::Arctan(3.0);
    specs[4].readout = Readout::SpikeCount;
    specs[5].encoding = Encoding::Latency;
    (specs[6].time_steps, specs[6].noise, specs[6].augment) = (7, 0.3, Augmentation::On);
    (specs[7].learning_rate, specs[7].batch_size) = (0.01, 7);
    specs
}

#[test]
fn changed_settings_keep_the_weights_and_training_goes_on() {
    let mut page = started(500);
    page.ask(Request::Start(Spec { epochs: 1000, ..small() }));
    page.ask(Request::Train);
    page.work(20);
    for spec in kept() {
        let (before, steps) = (page.session.run().unwrap().network.parameters(), page.steps());
        assert_eq!(page.ask(Request::Change(spec.clone())), [Report::Changed]);
        let run = page.session.run().unwrap();
        assert_eq!((&run.spec, &run.network.parameters(), run.adam.step()), (&spec, &before, steps), "{spec:?}");
        page.ask_with(Request::Trace { picture: Picture::Drawing }, vec![vec![90; 36]]);
        let (_, bytes) = page.heard.pop().unwrap();
        assert_eq!(Trace::from_bytes(&bytes[0]).unwrap().time_steps, spec.time_steps);
        page.work(200);
        assert!(page.steps() > steps, "training goes on");
        assert_ne!(page.session.run().unwrap().network.parameters(), before);
    }
    page.ask(Request::Pause);
    assert!(!page.session.is_busy());
}

#[test]
fn a_change_is_what_the_same_run_under_the_other_settings_would_do() {
    let mut page = started(500);
    page.ask(Request::Step);
    page.work(50);
    page.ask(Request::Checkpoint);
    let (_, file) = page.heard.pop().unwrap();
    let mut native = run_from_bytes(&file[0], &kernels::cpu().autodiff()).unwrap();
    let spec = Spec { learning_rate: 0.02, time_steps: 9, ..small() };
    page.ask(Request::Change(spec.clone()));
    native.change(spec).unwrap();
    for _ in 0..3 {
        page.ask(Request::Step);
        page.work(50);
        native.advance(&stripes(500, 1), None, &mut |_: &Event| ControlFlow::Continue(()));
    }
    assert_eq!(page.steps(), 4);
    assert_eq!(page.session.run().unwrap().network.parameters(), native.network.parameters());
}

#[test]
fn weights_that_would_not_fit_are_an_error_and_all_stays() {
    let mut page = started(500);
    page.ask(Request::Train);
    page.work(20);
    let before = page.session.run().unwrap().network.parameters();
    for (spec, word) in [
        (Spec { layers: dense([24, 8]), ..small() }, "start anew"),
        (Spec { layers: dense([25]), ..small() }, "start anew"),
        (Spec { dataset: Dataset::Folder, ..small() }, "start anew"),
        (Spec { noise: 1.5, ..small() }, "between 0 and 1"),
        (Spec { time_steps: 0, ..small() }, "between 1 and 256"),
    ] {
        let reports = page.ask(Request::Change(spec));
        assert!(matches!(&reports[..], [Report::Failed(reason)] if reason.contains(word)), "{reports:?}");
    }
    assert_eq!(page.session.run().unwrap().network.parameters(), before);
    assert_eq!(page.session.run().unwrap().spec, small());
    let none = Page::new(500).ask(Request::Change(small()));
    assert!(matches!(&none[..], [Report::Failed(_)]), "{none:?}");
}

#[test]
fn a_test_under_way_starts_again_when_the_network_changes() {
    let mut page = started(500);
    page.ask(Request::Test(2500));
    page.work(5);
    page.ask(Request::Change(Spec { readout: Readout::SpikeCount, ..small() }));
    page.work(200);
    let tested = page.heard.iter().filter_map(|(report, _)| match report {
        Report::Tested { score, .. } => Some(*score),
        _ => None,
    });
    let tested: Vec<_> = tested.collect();
    let run = page.session.run().unwrap();
    assert_eq!(tested, [evaluate(&run.network, &run.spec, &stripes(2500, 2), 0..2500, 0)]);
}

#[test]
fn training_stops_at_the_end_of_its_last_epoch_and_goes_on_when_asked_again() {
    let mut page = started(500);
    page.ask(Request::Start(Spec { epochs: 2, ..small() }));
    page.ask(Request::Train);
    page.work(2000);
    let position = page.session.run().unwrap().position;
    assert_eq!((position.epoch, position.images), (2, 0));
    assert_eq!(page.heard.last().map(|(report, _)| report), Some(&Report::Paused));
    assert_eq!(page.count(|report| matches!(report, Report::Epoch(_))), 2);
    page.ask(Request::Train);
    page.work(100);
    assert!(page.steps() > 2 * 500 / small().batch_size as u64 + 1);
    assert!(page.session.is_busy(), "it trains on");
}

#[test]
fn a_readers_drawings_are_learnt_and_more_of_them_do_not_start_anew() {
    let spec =
        Spec { dataset: Dataset::Folder, augment: Augmentation::On, layers: dense([24]), epochs: 1000, ..small() };
    // A bar on the left, one on the right, one across.
    let bar = |inside: fn(usize, usize) -> bool| (0..784).map(move |i| if inside(i % 28, i / 28) { 255 } else { 0 });
    let bars = [bar(|x, _| x == 8), bar(|x, _| x == 20), bar(|_, y| y == 14)];
    let pixels: Vec<u8> = bars.into_iter().flatten().collect();
    let mut page = Page::new(500);
    page.ask(Request::Start(spec));
    page.ask_with(Request::Drawings, vec![pixels.clone(), vec![3, 7, 9]]);
    page.ask(Request::Train);
    page.work(1500);
    let epoch = page.session.run().unwrap().position.epoch;
    assert!(epoch >= 1, "{epoch}");
    page.ask(Request::Pause);
    page.ask(Request::Test(10_000));
    page.work(500);
    let tested = page.heard.iter().rev().find_map(|(report, _)| match report {
        Report::Tested { score, .. } => Some(*score),
        _ => None,
    });
    let score = tested.unwrap();
    assert!(score.images == 250 && score.fraction() > 0.8, "{score:?}");
    let steps = page.steps();
    page.ask_with(Request::Drawings, vec![[pixels.as_slice(), &pixels[..784]].concat(), vec![3, 7, 9, 3]]);
    page.ask(Request::Train);
    page.work(200);
    assert!(page.steps() > steps, "it goes on where it was");
    assert_eq!(page.count(|report| matches!(report, Report::Need(Split::Train, _))), 0, "nothing is fetched");
    for bytes in [vec![], vec![vec![], vec![]], vec![vec![0; 784], vec![10]], vec![vec![0; 783], vec![1]]] {
        let reports = page.ask_with(Request::Drawings, bytes);
        assert!(matches!(&reports[..], [Report::Failed(reason)] if !reason.is_empty()), "{reports:?}");
    }
}

/// A network for images of so many pixels in so many classes, as a file, and a run of it.
fn sized(pixels: usize, classes: usize, images: usize) -> [Vec<u8>; 2] {
    let network = Network::new(&small(), pixels, classes, &kernels::cpu().autodiff());
    let model = model_to_bytes(&small(), &network, WeightsType::F32, Notes::default()).unwrap();
    [model, run_to_bytes(&Run::new(small(), network, images), Notes::default()).unwrap()]
}

fn only_failed(reports: &[Report], says: &str) {
    assert!(matches!(reports, [Report::Failed(reason)] if reason.contains(says)), "{reports:?}");
}

/// Networks that do not read the images that there are; the page's are of 6 × 6 pixels in three classes.
const MISFITS: [(usize, usize); 5] = [(49, 3), (25, 3), (36, 2), (36, 4), (35, 3)];

#[test]
fn a_network_for_other_images_is_not_opened() {
    let mut page = started(500);
    let before = page.session.run().unwrap().network.parameters();
    for (pixels, classes) in MISFITS {
        let [model, run] = sized(pixels, classes, 500);
        for (request, file) in
            [(Request::Open, &model), (Request::Open, &run), (Request::Resume, &run), (Request::Try, &run)]
        {
            only_failed(&page.ask_with(request, vec![file.clone()]), "there are images of 6 × 6 in 3 classes");
        }
    }
    only_failed(
        &page.ask_with(Request::Open, vec![sized(49, 10, 1)[0].clone()]),
        "reads images of 7 × 7 in 10 classes",
    );
    assert_eq!(page.session.run().unwrap().network.parameters(), before, "it stays what it was");
    page.ask(Request::Train);
    page.work(20);
    assert!(page.steps() > 0);
}

#[test]
fn images_that_come_later_are_compared_with_the_network() {
    for (pixels, classes) in MISFITS {
        let [model, run] = sized(pixels, classes, 500);
        for (request, file) in [(Request::Open, model), (Request::Resume, run)] {
            let mut page = Page::new(500);
            let manifest = page.manifest.clone();
            let became = page.ask_with(request, vec![file]);
            assert!(
                matches!(&became[..], [Report::Started { .. } | Report::Resumed(_)]),
                "nothing is known yet: {became:?}"
            );
            only_failed(&page.ask(Request::Data(manifest)), "there are images of 6 × 6 in 3 classes");
            for request in [Request::Train, Request::Step, Request::Test(100), Request::Rates] {
                only_failed(&page.ask_with(request, vec![vec![0; 36 * 10]]), "there are images of 6 × 6");
            }
            page.work(20);
            // Another network is opened as ever.
            assert_eq!(page.ask(Request::Start(small())), [said(&small())]);
            page.ask(Request::Train);
            page.work(20);
            assert!(page.steps() > 0);
        }
    }
}

#[test]
fn a_network_that_was_drawn_before_its_images_were_known_is_drawn_for_them() {
    let mut page = Page::new(500);
    let manifest = page.manifest.clone();
    page.ask(Request::Start(small()));
    assert_eq!(page.session.run().unwrap().network.pixels(), 784);
    assert_eq!(page.ask(Request::Data(manifest)), []);
    page.ask(Request::Train);
    page.work(20);
    assert!(page.steps() > 0);
}

#[test]
fn other_images_stop_a_run_that_does_not_read_them() {
    let mut page = started(500);
    page.ask(Request::Train);
    page.work(20);
    let drawings = page.ask_with(Request::Drawings, vec![vec![90; 784], vec![3]]);
    assert!(matches!(&drawings[..], [Report::Failed(_), .., Report::Paused]), "{drawings:?}");
    assert!(!page.session.is_busy());
    only_failed(&page.ask(Request::Train), "there are images of 28 × 28 in 10 classes");
    only_failed(&page.ask(Request::Test(100)), "28 × 28");
    page.ask(Request::Resume);
    page.work(20);
}

#[test]
fn a_run_over_another_number_of_images_does_not_wait_for_those_that_there_are_not() {
    let mut page = started(500);
    page.ask(Request::Step);
    page.work(20);
    page.ask(Request::Checkpoint);
    let (_, file) = page.heard.pop().unwrap();
    let mut other = Page::new(300);
    let manifest = other.manifest.clone();
    other.ask(Request::Data(manifest));
    other.ask_with(Request::Resume, file);
    only_failed(&other.ask(Request::Train), "500 images, and there are 300");
}

#[test]
fn pictures_that_are_not_whole_have_no_rates() {
    let mut page = started(500);
    only_failed(&page.ask_with(Request::Rates, vec![vec![0; 37]]), "36 pixels");
    assert_eq!(page.ask_with(Request::Rates, vec![vec![0; 72]]), [Report::Rates(vec![24])]);
}

#[test]
fn stopping_early_is_measured_once_its_images_are_there() {
    let mut page = started(500);
    only_failed(&Page::new(500).ask(Request::Stopping(20)), "no network");
    // Its shard is brought, and then the answer carries the request's number.
    page.ask(Request::Stopping(20));
    page.work(100);
    let stopped = page.heard.iter().find_map(|(report, _)| match report {
        Report::Stopping(images, at) => Some((*images, at.clone())),
        _ => None,
    });
    let Some((images, at)) = stopped else { panic!("{:?}", page.heard) };
    assert_eq!((images, at.len()), (20, CERTAINTIES.len() + 1));
    let steps: Vec<usize> = at.iter().map(|(steps, _)| *steps).collect();
    assert!(steps.is_sorted() && steps[CERTAINTIES.len()] == 20 * small().time_steps, "{steps:?}");
    // Without stopping, it reads as it does in a test.
    page.ask(Request::Test(20));
    page.work(100);
    let tested = page.heard.iter().find_map(|(report, _)| match report {
        Report::Tested { score, .. } => Some(score.correct),
        _ => None,
    });
    assert_eq!(tested, Some(at[CERTAINTIES.len()].1));
}

#[test]
fn a_run_whose_weights_are_no_numbers_is_not_given_and_ends() {
    // What is subtracted from an infinite potential leaves it infinite, and the next one of the other sign is no number.
    let neuron = Neuron { reset: Reset::Subtract, ..Neuron::default() };
    let spec = Spec { neuron, epochs: 100, ..small() };
    let mut network = Network::new(&spec, 36, 3, &kernels::cpu().autodiff());
    let layer = &mut network.layers[0];
    let (mut weights, biases) = layer.linear.rows();
    // Finite, so that it is read, and too large for its gradients to be.
    weights.iter_mut().enumerate().for_each(|(i, weight)| *weight = if i % 2 == 0 { 3e38 } else { -3e38 });
    layer.linear = Linear::new(&weights, &biases, &kernels::cpu().autodiff());
    let file = run_to_bytes(&Run::new(spec, network, 500), Notes::default()).unwrap();
    let mut page = started(500);
    page.ask_with(Request::Resume, vec![file]);
    page.ask(Request::Train);
    page.work(2000);
    let failed = |report: &Report| matches!(report, Report::Failed(reason) if reason.contains("learning rate"));
    assert_eq!(page.count(failed), 1, "{:?}", page.heard.iter().map(|(report, _)| report).collect::<Vec<_>>());
    assert_eq!(page.heard.last().map(|(report, _)| report), Some(&Report::Paused));
    assert!(!page.session.is_busy());
    only_failed(&page.ask(Request::Checkpoint), "no number any more");
    only_failed(&page.ask(Request::Weights), "diverged");
}

#[test]
fn every_answer_carries_the_number_of_its_request_and_what_happens_by_itself_none() {
    let (mut page, mut sent) = (started(200), Vec::new());
    let mut receive = |page: &mut Page, id, request| sent.extend(page.session.receive(id, request, Vec::new()));
    for (id, request) in [
        (10, Request::Weights),
        (11, Request::Fields(0, vec![1])),
        (12, Request::Trace { picture: Picture::Drawing }),
        (13, Request::Pause),
        (14, Request::Test(9)),
        (15, Request::Train),
    ] {
        receive(&mut page, id, request);
    }
    let answers: Vec<_> = sent.iter().filter(|sent| sent.report.is_answer()).map(|sent| sent.answers).collect();
    // A trace without pixels fails; test and training need a shard, which is no answer.
    assert_eq!(answers, [10, 11, 12, 13].map(Some));
    assert!(matches!(&sent[2].report, Report::Failed(_)));
    let needs: Vec<_> = sent.iter().filter(|sent| matches!(sent.report, Report::Need(..))).collect();
    assert!(needs.len() >= 2 && needs.iter().all(|need| need.answers.is_none()), "{needs:?}");
}

#[test]
fn training_that_ends_by_itself_answers_the_request_that_began_it() {
    let mut page = started(64);
    page.session.receive(77, Request::Step, Vec::new());
    page.bring(Split::Train, 0);
    let mut paused = Vec::new();
    while paused.is_empty() && page.session.is_busy() {
        paused.extend(page.session.work().into_iter().filter(|sent| sent.report == Report::Paused));
    }
    assert_eq!(paused.iter().map(|sent| sent.answers).collect::<Vec<_>>(), [Some(77)]);
}
