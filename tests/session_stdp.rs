//! The engine that learns without labels, as the page would know it.

use crate::network::{small, stripes};
use crate::plasticity::{advance, small_spec};
use crate::session::{Page, said};
use spiking_playground::event::Accuracy;
use spiking_playground::plasticity::glimpse::{FIELDS_AT_ONCE, Glimpse};
use spiking_playground::plasticity::pace::Pace;
use spiking_playground::plasticity::run::StdpRun;
use spiking_playground::protocol::{Picture, Report, Request};
use spiking_playground::spec::{Readout, Rule, Spec, Stdp, dense};
use spiking_playground::trace::{CERTAINTIES, Trace};
use spiking_playground::weights::checkpoint::{Notes, run_to_bytes as gradients_to_bytes, spec_from_bytes};
use spiking_playground::weights::rounding::WeightsType;
use spiking_playground::weights::stdp::{model_to_bytes, run_from_bytes, run_to_bytes};
use std::collections::BTreeSet;

fn started(images: usize) -> Page {
    let mut page = Page::new(images);
    let manifest = page.manifest.clone();
    page.ask(Request::Data(manifest));
    assert_eq!(page.ask(Request::Start(small_spec(3))), [said(&small_spec(3))]);
    page
}

/// The bytes beside the newest report of a kind.
fn newest(page: &Page, wanted: impl Fn(&Report) -> bool) -> Vec<Vec<u8>> {
    let found = page.heard.iter().rev().find(|(report, _)| wanted(report));
    found.unwrap_or_else(|| panic!("{:?}", page.heard.iter().map(|(report, _)| report).collect::<Vec<_>>())).1.clone()
}

fn checkpoint(page: &mut Page) -> Vec<u8> {
    page.ask(Request::Checkpoint);
    newest(page, |report| matches!(report, Report::Checkpoint(_))).remove(0)
}

fn shown(page: &mut Page) -> u64 {
    let bytes = checkpoint(page);
    run_from_bytes(spec_from_bytes(&bytes).unwrap(), &bytes).unwrap().shown()
}

#[test]
fn learning_in_the_engine_is_learning_natively() {
    let mut page = started(4300);
    page.ask(Request::Train);
    page.work(600);
    assert_eq!(page.ask(Request::Pause).last(), Some(&Report::Paused));
    let bytes = checkpoint(&mut page);
    let shown = shown(&mut page);
    assert!(shown > 500, "{shown}");
    let data = stripes(4300, 1);
    let mut native = StdpRun::new(small_spec(3), data.pixels(), data.classes(), data.len());
    advance(&mut native, shown as usize, &data);
    assert!(bytes == run_to_bytes(&native, Notes::default()).unwrap(), "the same run to the bit");
    let count = |wanted: fn(&Report) -> bool| page.heard.iter().filter(|(report, _)| wanted(report)).count();
    assert!(count(|report| matches!(report, Report::Tested { score, .. } if score.images == 1000)) >= 1);
    assert!(count(|report| matches!(report, Report::Step { images_per_second, .. } if *images_per_second > 0.0)) > 5);
}

#[test]
fn one_step_is_one_picture_and_an_epoch_ends_where_it_should() {
    let mut page = started(90);
    page.ask(Request::Step);
    page.work(5);
    assert_eq!((shown(&mut page), page.session.is_busy()), (1, false));
    page.ask(Request::Train);
    page.work(400);
    assert_eq!(shown(&mut page), 270, "three epochs, and no more");
    let epochs: Vec<u32> = page
        .heard
        .iter()
        .filter_map(|(report, _)| match report {
            Report::Epoch(done) => Some(done.epoch),
            _ => None,
        })
        .collect();
    assert_eq!(epochs, [0, 1, 2]);
    let paused = page.heard.iter().filter(|(report, _)| *report == Report::Paused).count();
    assert_eq!(paused, 2);
}

#[test]
fn a_run_is_taken_up_where_it_was_and_a_file_opens() {
    let mut page = started(90);
    page.ask(Request::Train);
    page.work(20);
    page.ask(Request::Pause);
    let before = checkpoint(&mut page);
    let mut other = started(90);
    assert!(
        matches!(other.ask_with(Request::Resume, vec![before.clone()])[..], [Report::Resumed(shown), ..] if shown > 0)
    );
    assert!(checkpoint(&mut other) == before);
    page.ask(Request::Weights);
    let model = newest(&page, |report| *report == Report::Weights).remove(0);
    assert!(matches!(other.ask_with(Request::Open, vec![model])[..], [Report::Started { .. }]));
    assert_eq!(shown(&mut other), 0, "at the start of a run");
    // What its neurons stand for came along.
    let tested = |page: &mut Page| {
        page.ask(Request::Test(200));
        page.work(100);
        let [answers, labels] = &newest(page, |report| matches!(report, Report::Tested { .. }))[..] else { panic!() };
        Accuracy::of_predictions(answers, labels)
    };
    assert_eq!(tested(&mut page), tested(&mut other));
    // And back to the other rule.
    assert_eq!(other.ask(Request::Start(small())), [said(&small())]);
    assert!(other.session.run().is_some());
    let gradients = gradients_to_bytes(other.session.run().unwrap(), Notes::default()).unwrap();
    assert!(matches!(page.ask_with(Request::Resume, vec![gradients])[..], [Report::Resumed(0), ..]));
    for bytes in [before[..before.len() - 1].to_vec(), Vec::new()] {
        assert!(matches!(page.ask_with(Request::Resume, vec![bytes])[..], [Report::Failed(_)]));
    }
    assert!(page.session.run().is_some(), "what cannot be read changes nothing");
}

#[test]
fn what_happens_inside_is_told() {
    let mut page = started(90);
    page.ask(Request::Train);
    page.work(40);
    page.ask(Request::Pause);
    let pixels = stripes(3, 9).images[..36].to_vec();
    page.ask_with(Request::Trace { picture: Picture::Drawing }, vec![pixels.clone()]);
    let trace = Trace::from_bytes(&newest(&page, |report| matches!(report, Report::Trace { .. }))[0]).unwrap();
    assert_eq!((trace.hidden[0].neurons(), trace.classes(), trace.time_steps), (20, 3, 40));
    assert!(trace.hidden[0].spikes.count() > 0 && trace.answer().is_some());
    // Receptive fields, and what a class hears of each neuron; neurons that there are not are left out.
    page.ask(Request::Fields(0, vec![3, 99, 0]));
    let fields = newest(&page, |report| *report == Report::Fields(0, vec![3, 0])).remove(0);
    assert_eq!(fields.len(), 2 * 36 * 4);
    page.ask(Request::Fields(1, vec![2, 3]));
    let shares = newest(&page, |report| *report == Report::Fields(1, vec![2])).remove(0);
    let shares: Vec<f32> = shares.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    assert!(shares.len() == 20 && shares.iter().all(|share| (0.0..=1.0).contains(share)), "{shares:?}");
    page.ask_with(Request::Rates, vec![[pixels.clone(), pixels.clone()].concat()]);
    let rates = newest(&page, |report| *report == Report::Rates(vec![20])).remove(0);
    let rates: Vec<f32> = rates.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let spikes = trace.hidden[0].spikes.count() as f32 / 40.0;
    assert!((rates.iter().sum::<f32>() - spikes).abs() < 1e-4, "the same picture twice: {rates:?}");
    page.ask(Request::Stopping(20));
    page.work(100);
    let stopped = page.heard.iter().find_map(|(report, _)| match report {
        Report::Stopping(images, at) => Some((*images, at.len())),
        _ => None,
    });
    assert_eq!(stopped, Some((20, CERTAINTIES.len() + 1)));
    for (request, bytes) in
        [(Request::Trace { picture: Picture::Drawing }, vec![vec![0; 35]]), (Request::Rates, vec![vec![0; 35]])]
    {
        assert!(matches!(page.ask_with(request, bytes)[..], [Report::Failed(_)]));
    }
}

#[test]
fn settings_change_as_far_as_the_weights_fit() {
    let mut page = started(90);
    page.ask(Request::Train);
    page.work(30);
    page.ask(Request::Pause);
    let before = shown(&mut page);
    let calmer = Spec { stdp: Stdp { inhibition: 1.0, ..small_spec(3).stdp }, ..small_spec(3) };
    assert_eq!(page.ask(Request::Change(calmer.clone())), [Report::Changed]);
    assert_eq!(shown(&mut page), before, "it goes on where it was");
    let bytes = checkpoint(&mut page);
    assert_eq!(spec_from_bytes(&bytes).unwrap(), calmer);
    for other in [
        Spec { layers: dense([21]), ..small_spec(3) },
        small(),
        Spec { readout: Readout::SpikeCount, ..small_spec(3) },
        Spec { layers: dense([20, 20]), ..small_spec(3) },
    ] {
        for request in [Request::Change(other.clone()), Request::Continue(other)] {
            assert!(matches!(page.ask(request)[..], [Report::Failed(_)]));
        }
    }
    assert_eq!(page.ask(Request::Continue(small_spec(3))), [said(&small_spec(3))]);
    assert_eq!(shown(&mut page), 0);
    // A run by gradients does not become one by STDP.
    page.ask(Request::Start(small()));
    for request in [Request::Change(small_spec(3)), Request::Continue(small_spec(3))] {
        assert!(matches!(page.ask(request)[..], [Report::Failed(_)]));
    }
}

#[test]
fn a_layer_that_was_drawn_before_its_images_were_known_is_drawn_for_them() {
    let mut page = Page::new(90);
    page.ask(Request::Start(Spec::of_rule(Rule::Stdp)));
    let manifest = page.manifest.clone();
    page.ask(Request::Data(manifest));
    page.ask(Request::Train);
    page.work(20);
    assert!(shown(&mut page) > 0);
    // One that has learnt from other images is told apart.
    let mut other = Page::new(90);
    let mut run = StdpRun::new(small_spec(3), 49, 3, 90);
    let model =
        model_to_bytes(run.spec(), run.layer(), &run.live().rates(), WeightsType::F32, Notes::default()).unwrap();
    let manifest = other.manifest.clone();
    other.ask(Request::Data(manifest));
    let said = other.ask_with(Request::Open, vec![model]);
    assert!(matches!(&said[..], [Report::Failed(reason)] if reason.contains("7 × 7")), "{said:?}");
    run.end_epoch();
    assert_eq!(run.shown(), 90);
}

fn glimpse(page: &mut Page) -> (Glimpse, bool) {
    let said = page.ask(Request::Glimpse);
    let [Report::Glimpse { more }] = said[..] else { panic!("{said:?}") };
    let bytes = newest(page, |report| matches!(report, Report::Glimpse { .. })).remove(0);
    (Glimpse::from_bytes(&bytes).unwrap(), more)
}

#[test]
fn whoever_watches_sees_what_has_changed_and_the_newest_picture() {
    let mut page = started(90);
    let (first, more) = glimpse(&mut page);
    assert!(first.is_first && !more && first.learnt.is_none() && first.shown == 0);
    assert_eq!(first.fields.iter().map(|(neuron, _)| *neuron).collect::<Vec<_>>(), (0..20).collect::<Vec<_>>());
    assert_eq!((first.labels, first.thresholds.len()), (vec![None; 20], 20));
    assert!(first.fields.iter().all(|(_, field)| field.len() == 36 && field.contains(&255)));
    // A picture is learnt, and recorded: only the fields of those that fired have changed.
    page.ask(Request::Step);
    page.work(5);
    let (second, _) = glimpse(&mut page);
    let learnt = second.learnt.expect("it was recorded");
    let fired: BTreeSet<usize> = learnt.spikes.iter().map(|spike| spike.neuron).collect();
    assert!(!second.is_first && second.shown == 1 && !fired.is_empty());
    assert_eq!(second.fields.iter().map(|(neuron, _)| *neuron).collect::<BTreeSet<_>>(), fired);
    assert!(second.labels.iter().enumerate().all(|(neuron, label)| label.is_some() == fired.contains(&neuron)));
    let data = stripes(90, 1);
    assert_eq!((&learnt.pixels[..], learnt.label), (data.image(learnt.sample), data.label(learnt.sample)));
    assert_eq!((learnt.nearest.len(), learnt.change.len()), (5, 36));
    assert!(fired.contains(&learnt.nearest[0].neuron), "who fired was nearest");
    let course = &learnt.nearest[0];
    assert!(course.potentials.len() == 40 && course.potentials.iter().zip(&course.thresholds).any(|(u, at)| u > at));
    assert!(second.window.iter().any(|(between, mean)| *between == 0 && *mean > 0.0), "{:?}", second.window);
    // Pictures of which nothing was asked for are not recorded, and to watch changes nothing of what is learnt.
    page.ask(Request::Train);
    page.work(30);
    page.ask(Request::Pause);
    let (third, _) = glimpse(&mut page);
    assert!(third.shown > 2 && third.learnt.is_some());
    let all = shown(&mut page);
    let mut native = StdpRun::new(small_spec(3), data.pixels(), data.classes(), data.len());
    advance(&mut native, all as usize, &data);
    assert!(checkpoint(&mut page) == run_to_bytes(&native, Notes::default()).unwrap());
    // Another layer is told anew, a larger one in parts.
    let many = Spec { layers: dense([100]), ..small_spec(3) };
    page.ask(Request::Start(many));
    let (some, more) = glimpse(&mut page);
    let (rest, no_more) = glimpse(&mut page);
    assert!(some.is_first && more && !rest.is_first && !no_more);
    let all: BTreeSet<usize> = some.fields.iter().chain(&rest.fields).map(|(neuron, _)| *neuron).collect();
    assert_eq!((all.len(), some.fields.len()), (100, FIELDS_AT_ONCE));
    // No layer learns so any more: there is nothing to see, and nothing is wrong.
    page.ask(Request::Start(small()));
    assert_eq!(page.ask(Request::Glimpse), [Report::Glimpse { more: false }]);
}

#[test]
fn pictures_pass_at_their_pace() {
    // The clock goes 10 ms at each look, so this is about so many milliseconds.
    let after = |pace: Pace| {
        let mut page = started(90);
        page.ask(Request::Pace(pace));
        page.ask(Request::Train);
        let mut rests = 0;
        for _ in 0..100 {
            rests += usize::from(!page.session.is_busy() && page.session.rest().is_some());
            page.work(1);
        }
        (shown(&mut page), rests)
    };
    let ((slow, rests), (steady, _), (full, none)) =
        (after(Pace::Steady(1)), after(Pace::Steady(5)), after(Pace::Full));
    assert!((1..10).contains(&slow) && rests > 50, "{slow} pictures, {rests} rests");
    assert!((slow + 1..50).contains(&steady) && full > 100 && none == 0, "{steady} and {full}");
    let (rising, _) = after(Pace::Rising);
    assert!((3..90).contains(&rising), "{rising}");
    // A single step waits for nothing.
    let mut page = started(90);
    page.ask(Request::Pace(Pace::Steady(1)));
    for _ in 0..3 {
        page.ask(Request::Step);
        page.work(2);
    }
    assert_eq!(shown(&mut page), 3);
}
