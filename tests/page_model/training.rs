//! Training, settings that are changed meanwhile, and the run's way to a GPU and back.

use crate::world::{World, environment};
use spiking_playground::digits::shard::Split;
use spiking_playground::page::model::effect::Effect;
use spiking_playground::page::model::input::{EngineKind, Input, Press, Region};
use spiking_playground::page::model::phrases::Phrase;
use spiking_playground::page::model::run::Phase;
use spiking_playground::page::model::state::{GpuState, Opening};
use spiking_playground::plasticity::pace::Pace;
use spiking_playground::protocol::{Report, Request};

/// Frames until the page has found out that a GPU is worth trying.
const TRIAL: usize = 100;

fn training(hash: &str) -> World {
    let mut world = World::open(environment(hash));
    world.run(20);
    world.input(Input::Press(Press::Train));
    world.run(5);
    assert!(world.trains()[0], "it trains");
    world
}

fn asked(world: &World, wanted: impl Fn(&Request) -> bool) -> usize {
    world.asked.iter().filter(|(_, request)| wanted(request)).count()
}

fn set(world: &mut World, name: &str, value: &str) {
    world.input(Input::Set(name.to_owned(), value.to_owned()));
    world.run(12);
}

#[test]
fn training_goes_pauses_and_is_measured_and_kept() {
    let mut world = training("#hidden=6&time-steps=4&engine=cpu");
    world.run(60);
    assert!(world.model.history.epochs() > 0.0 && world.model.progress.loss.is_some());
    assert!(world.model.run.snapshot.is_some(), "it would outlive a crash");
    assert!(world.done.iter().any(|effect| matches!(effect, Effect::KeepRun { .. })));
    world.input(Input::Press(Press::Train));
    world.run(5);
    assert_eq!((world.model.run.phase, world.trains()), (Phase::Still, [false, false]));
    assert_eq!(world.model.progress.test.unwrap().images, 100, "all test images");
    assert_eq!(world.model.confusion.images(), 100);
    assert!(!world.model.test_images.is_empty(), "those that are wrong are shown");
    world.input(Input::Press(Press::Reset));
    world.run(5);
    assert_eq!((world.steps(), world.model.history.epochs()), (0, 0.0));
    assert!(world.done.iter().any(|effect| matches!(effect, Effect::ForgetRun { is_broken: false, .. })));
}

#[test]
fn one_step_is_one_step() {
    let mut world = World::open(environment("#hidden=6"));
    world.run(20);
    world.input(Input::Press(Press::Step));
    world.run(5);
    assert_eq!((world.steps(), world.model.run.phase), (1, Phase::Still));
}

#[test]
fn it_stops_at_its_last_epoch_and_where_it_is_good_enough() {
    let mut world = training("#hidden=6&epochs=1&engine=cpu");
    world.run(60);
    assert_eq!((world.steps(), world.model.run.phase), (10, Phase::Still));
    // Half of the images are classified correctly here.
    let mut world = training("#hidden=6&stop-at=40&engine=cpu");
    world.input(Input::Press(Press::Measure));
    world.run(20);
    assert_eq!(world.model.run.phase, Phase::Still);
    assert!(world.says(Phrase::NoteStopped));
}

#[test]
fn training_that_diverges_leaves_the_page_at_rest() {
    let mut world = training("#hidden=6&engine=cpu");
    let id = world.model.run.training_request;
    let reported = |answers, report| Input::Report { engine: EngineKind::Cpu, answers, report, bytes: Vec::new() };
    world.input(reported(None, Report::Failed("the loss is no number any more".to_owned())));
    world.input(reported(Some(id), Report::Paused));
    assert_eq!(world.model.run.phase, Phase::Still);
    // A pause that was asked for before training went on again says nothing about now.
    world.run(3);
    world.input(Input::Press(Press::Train));
    world.input(reported(Some(id), Report::Paused));
    assert_eq!(world.model.run.phase, Phase::Training);
}

#[test]
fn settings_that_leave_the_layers_keep_the_weights_in_mid_training_and_others_start_anew() {
    let mut world = training("#hidden=6&time-steps=4&engine=cpu");
    let before = world.steps();
    set(&mut world, "beta", "0.5");
    assert_eq!(asked(&world, |request| matches!(request, Request::Change(_))), 1);
    assert!(world.steps() > before && world.trains()[0], "it goes on");
    assert!(world.model.run.is_mixed(), "the link alone no longer leads there");
    set(&mut world, "hidden", "8");
    assert!(!world.model.run.is_mixed() && world.trains()[0]);
    assert_eq!(world.network().unwrap().hidden_neurons(784).collect::<Vec<_>>(), [8]);
    assert!(world.model.history.epochs() < 1.5, "its curves are its own");
    // A value that is none changes nothing.
    let link = world.model.link.clone();
    set(&mut world, "beta", "much");
    assert_eq!(world.model.link, link);
}

#[test]
fn a_gpu_that_is_faster_takes_the_run_and_gives_it_back() {
    let mut world = training("#hidden=6&time-steps=4");
    assert_eq!(world.model.gpu.state, GpuState::Idle);
    world.run(TRIAL);
    assert_eq!((world.model.gpu.state, world.trains()), (GpuState::Driving, [false, true]));
    let (points, steps) = (world.model.history.points().count(), world.steps());
    world.run(2000);
    assert!(world.model.history.points().count() > points);
    assert!(world.steps() > steps, "the first engine has its checkpoints");
    // Settings reach both.
    set(&mut world, "beta", "0.5");
    let changes = |world: &World, kind| {
        world.asked.iter().filter(|(engine, request)| *engine == kind && matches!(request, Request::Change(_))).count()
    };
    assert!(changes(&world, EngineKind::Gpu) > 0 && changes(&world, EngineKind::Cpu) > 0);
    assert_eq!(world.trains(), [false, true]);
    set(&mut world, "engine", "cpu");
    assert_eq!((world.model.gpu.state, world.trains()), (GpuState::Idle, [true, false]));
    // And to a network that starts anew.
    set(&mut world, "engine", "auto");
    world.run(TRIAL);
    assert_eq!(world.trains(), [false, true]);
    set(&mut world, "hidden", "7");
    world.run(3);
    assert_eq!(world.network().unwrap().hidden_neurons(784).collect::<Vec<_>>(), [7]);
    assert!(world.trains()[0] != world.trains()[1], "one of them trains it");
}

#[test]
fn a_run_that_stands_on_a_gpu_is_paused_saved_and_goes_on_there() {
    let mut world = training("#hidden=6&time-steps=4");
    world.run(TRIAL);
    world.input(Input::Press(Press::Train));
    world.run(10);
    assert_eq!((world.model.run.phase, world.model.gpu.state), (Phase::Still, GpuState::Driving));
    assert_eq!(world.model.progress.test.unwrap().images, 100);
    world.input(Input::Press(Press::Save));
    world.run(5);
    assert!(world.done.iter().any(|effect| matches!(effect, Effect::Download { .. })));
    world.input(Input::Press(Press::Train));
    world.run(5);
    assert_eq!(world.trains(), [false, true]);
}

#[test]
fn no_gpu_is_called_where_the_link_forbids_it_or_there_is_none() {
    let mut world = training("#hidden=6&engine=cpu");
    world.run(TRIAL);
    assert_eq!(world.model.gpu.state, GpuState::Absent);
    let mut without = World::open(spiking_playground::page::model::state::Environment {
        may_have_gpu: false,
        ..environment("#hidden=6&engine=gpu")
    });
    without.run(20);
    assert_eq!(without.model.gpu.state, GpuState::Refused);
    assert!(matches!(without.model.engine_notice, Some((Phrase::NoGpu, _))));
    assert_eq!(without.model.opening, Opening::Done);
}

#[test]
fn a_refused_shard_is_fetched_again_ever_more_slowly_and_said_after_a_while() {
    let mut world = training("#hidden=6&engine=cpu");
    let refused = || Input::Report {
        engine: EngineKind::Cpu,
        answers: None,
        report: Report::ShardRefused { split: Split::Train, shard: 0, reason: "its hash is another".to_owned() },
        bytes: Vec::new(),
    };
    let delays = |world: &World| {
        let after = world.done.iter().filter_map(|effect| match effect {
            Effect::After(milliseconds, spiking_playground::page::model::input::Due::Shard(..)) => Some(*milliseconds),
            _ => None,
        });
        after.collect::<Vec<_>>()
    };
    for _ in 0..4 {
        world.input(refused());
    }
    assert_eq!(delays(&world), [300, 1200, 4800, 10_000]);
    assert!(world.says(Phrase::NoteShard));
    world.run(600);
    assert!(!world.says(Phrase::NoteShard), "it came");
}

#[test]
fn a_page_without_its_data_says_so_and_goes_on_once_it_is_there() {
    let mut world = World::open_offline(environment("#hidden=6"));
    world.run(20);
    assert!(world.says(Phrase::NoteData) && world.model.manifest.is_none());
    world.files = true;
    world.run(600);
    assert!(world.model.manifest.is_some() && world.model.is_ready_to_train());
    assert!(!world.says(Phrase::NoteData));
}

#[test]
fn out_of_sight_it_pauses_and_in_sight_it_goes_on() {
    let mut world = training("#hidden=6&engine=cpu");
    world.input(Input::Hidden(true));
    world.run(5);
    assert_eq!(world.trains(), [false, false]);
    assert!(!world.model.wants_frame(), "nothing is drawn for nobody");
    world.input(Input::Hidden(false));
    world.run(5);
    assert_eq!(world.trains(), [true, false]);
    let mut world = training("#hidden=6&engine=cpu&background=run");
    world.input(Input::Hidden(true));
    world.run(5);
    assert_eq!(world.trains(), [true, false]);
}

#[test]
fn a_page_that_is_to_train_by_itself_does_so_once_it_can_and_is_seen() {
    let mut world = World::open(environment("#hidden=6&train=now&engine=cpu"));
    world.run(20);
    assert_eq!(world.trains(), [true, false]);
    world.input(Input::Press(Press::Train));
    world.run(10);
    assert_eq!(world.trains(), [false, false], "once");
}

#[test]
fn a_checkpoint_of_a_run_that_is_over_is_not_kept_as_the_new_ones() {
    let mut world = training("#hidden=6&time-steps=4&engine=cpu");
    world.run(60);
    let kept = |world: &World| world.done.iter().filter(|effect| matches!(effect, Effect::KeepRun { .. })).count();
    let before = kept(&world);
    // It is asked for, and before its answer comes another network begins.
    world.input(Input::Hidden(true));
    world.input(Input::Hidden(false));
    world.input(Input::Press(Press::Reset));
    world.run(3);
    assert!(world.model.run.snapshot.is_none(), "of the new run there is nothing to bring back");
    assert_eq!(kept(&world), before);
}

#[test]
fn where_time_stands_a_photo_shows_its_answer_and_other_pictures_that_moment() {
    let mut world = World::open(environment("#hidden=6&time-steps=8&t=3"));
    world.run(20);
    assert_eq!(world.model.clock.now, 3.0);
    world.input(Input::Digit(2));
    world.run(20);
    assert_eq!(world.model.clock.now, 3.0, "digits are compared at a moment");
    world.input(Input::Picture(Ok(vec![1, 2, 3])));
    world.run(20);
    assert!(!world.model.clock.playing);
    assert_eq!(world.model.clock.now, 8.0, "who gives a photo asks what it is");
}

#[test]
fn a_picture_is_read_by_a_program_that_is_fetched_for_it() {
    let mut world = World::open(environment("#hidden=6"));
    world.run(20);
    let starts =
        |world: &World| world.done.iter().filter(|effect| **effect == Effect::StartEngine(EngineKind::Photo)).count();
    assert_eq!(starts(&world), 0);
    for _ in 0..2 {
        world.input(Input::Picture(Ok(vec![1, 2, 3])));
        world.run(5);
        assert!(matches!(world.model.link.pad, spiking_playground::page::model::link::Pad::Photo(_)));
        world.input(Input::Press(Press::Clear));
    }
    assert_eq!(starts(&world), 1);
    world.crash(EngineKind::Photo);
    assert!(world.says(Phrase::NotePhoto));
    world.input(Input::Picture(Ok(vec![1, 2, 3])));
    world.run(5);
    assert_eq!(starts(&world), 2);
}

#[test]
fn the_engine_hears_how_many_workers_may_train() {
    let told = |world: &World, workers| asked(world, |request| *request == Request::Workers(workers));
    let mut world = World::open(environment("#hidden=6&workers=3&background=run"));
    world.run(20);
    world.input(Input::Press(Press::Train));
    assert_eq!([told(&world, Some(3)), told(&world, Some(1)), told(&world, None)], [1, 0, 0]);
    world.input(Input::Hidden(true));
    assert_eq!(told(&world, Some(1)), 1, "nobody sees it");
    world.input(Input::Hidden(false));
    assert_eq!(told(&world, Some(3)), 2);
    let mut world = World::open(environment("#hidden=6"));
    world.run(20);
    world.input(Input::Press(Press::Train));
    assert_eq!(told(&world, None), 1, "as many as are fastest");
}

#[test]
fn a_layer_that_learns_without_labels_is_watched_where_it_is_seen() {
    let glimpses = |world: &World| asked(world, |request| *request == Request::Glimpse);
    let mut world = World::open(environment("#rule=stdp&hidden=6&pace=5"));
    world.run(20);
    assert_eq!(glimpses(&world), 0, "nobody sees it");
    world.input(Input::InView(Region::Fields, true));
    world.run(10);
    assert_eq!(glimpses(&world), 2, "and what the first left");
    let shown = |world: &World| world.done.iter().filter(|effect| matches!(effect, Effect::ShowGlimpse(_))).count();
    assert_eq!(shown(&world), 2);
    assert!(world.done.contains(&Effect::ShowFiring(vec![1, 0, 0, 0, 0, 0])), "who fires for the picture in hand");
    // While it trains, once for what is heard of it; the pace is told before, and again when it is another.
    world.input(Input::Press(Press::Train));
    world.run(30);
    assert!((20..=33).contains(&glimpses(&world)), "{}", glimpses(&world));
    assert_eq!(asked(&world, |request| *request == Request::Pace(Pace::Steady(5))), 1);
    set(&mut world, "pace", "full");
    assert_eq!(asked(&world, |request| *request == Request::Pace(Pace::Full)), 1);
    assert!(world.trains()[0], "it goes on");
    assert_eq!(world.model.link.to_hash(), "rule=stdp&hidden=6&pace=full");
    // Out of sight nothing is asked for, and no frame is wanted for it.
    world.input(Input::InView(Region::Fields, false));
    let before = glimpses(&world);
    world.run(20);
    assert_eq!(glimpses(&world), before);
    // The other rule has nothing to watch.
    world.input(Input::InView(Region::Fields, true));
    world.run(3);
    set(&mut world, "rule", "surrogate-gradient");
    world.run(20);
    let before = glimpses(&world);
    world.run(20);
    assert_eq!(glimpses(&world), before);
    assert!(world.model.notices.is_empty());
}

#[test]
fn a_question_that_begins_slowly_takes_longer() {
    for (hash, frames) in [("#rule=stdp&hidden=6", 700), ("#rule=stdp&hidden=6&pace=full", 300)] {
        let mut world = World::open(environment(hash));
        world.run(20);
        let preset = "#rule=stdp&hidden=6&inhibition=0".to_owned();
        world.input(Input::Preset { hash: preset, why: "All fire.".to_owned() });
        world.run(frames - 20);
        assert_eq!(world.model.run.phase, Phase::Training, "{hash}");
        world.run(40);
        assert_eq!(world.model.run.phase, Phase::Still, "{hash}");
    }
}
