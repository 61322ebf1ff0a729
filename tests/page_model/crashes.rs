//! An engine is lost, at every moment of a visit.

use crate::world::{World, environment};
use spiking_playground::page::model::input::{EngineKind, Input, Press};
use spiking_playground::page::model::phrases::Phrase;
use spiking_playground::page::model::run::Phase;
use spiking_playground::page::model::state::Opening;

/// What a reader does in a visit, between whiles of some frames.
fn visit() -> Vec<Option<Input>> {
    let set = |name: &str, value: &str| Some(Input::Set(name.to_owned(), value.to_owned()));
    vec![
        None,
        Some(Input::Press(Press::Train)),
        None,
        set("beta", "0.7"),
        None,
        None,
        Some(Input::Press(Press::Train)),
        Some(Input::Digit(3)),
        Some(Input::Press(Press::Step)),
        set("engine", "cpu"),
        Some(Input::Press(Press::Train)),
        Some(Input::Hidden(true)),
        Some(Input::Hidden(false)),
        set("hidden", "5"),
        Some(Input::Press(Press::Reset)),
        Some(Input::Press(Press::Train)),
    ]
}

/// Lets `kind` be lost before that step of a visit; `pieces` says how finely the visit is cut.
fn lost_at(kind: EngineKind, moment: usize, pieces: usize) -> Option<World> {
    let mut world = World::open(environment("#hidden=6&time-steps=4"));
    let mut left = moment;
    for input in visit() {
        input.into_iter().for_each(|input| world.input(input));
        for _ in 0..pieces {
            if left == 0 {
                world.crash(kind);
            }
            left = left.wrapping_sub(1);
            // A visit in pieces: engines work, and one thing is heard.
            world.work(EngineKind::Cpu);
            world.work(EngineKind::Gpu);
            world.hear(0);
            world.frame();
        }
        world.run(2);
    }
    (left > moment).then_some(world)
}

fn lost_at_every_moment(kind: EngineKind) {
    let (mut moments, mut nothing_to_recover) = (0, 0);
    while let Some(mut world) = lost_at(kind, moments, 30) {
        moments += 1;
        world.run(100);
        assert_eq!(world.model.opening, Opening::Done, "at {moments}");
        // Before the first checkpoint there is nothing to go on with, which is said.
        if world.says(Phrase::NoteEngineLost) {
            nothing_to_recover += 1;
            if world.model.run.phase == Phase::Still {
                world.input(Input::Press(Press::Train));
                world.run(10);
            }
        }
        assert_eq!(world.model.run.phase, Phase::Training, "at {moments}: the last that was pressed was Train");
        assert!(world.trains()[0] || world.trains()[1], "at {moments}: {:?}", world.model.gpu);
        assert!(world.model.analysis.is_some() && !world.model.is_dead);
        // It can be paused, and measured.
        world.input(Input::Press(Press::Train));
        world.run(30);
        assert_eq!((world.model.run.phase, world.trains()), (Phase::Still, [false, false]), "at {moments}");
        assert!(world.model.progress.test.is_some_and(|accuracy| accuracy.images == 100));
    }
    assert!(moments > 400 && nothing_to_recover < moments / 2, "{nothing_to_recover} of {moments}");
}

#[test]
fn the_engine_is_lost_at_every_moment() {
    lost_at_every_moment(EngineKind::Cpu);
}

#[test]
fn the_gpu_is_lost_at_every_moment() {
    lost_at_every_moment(EngineKind::Gpu);
}

#[test]
fn training_goes_on_from_the_newest_checkpoint() {
    let mut world = World::open(environment("#hidden=6&time-steps=4&engine=cpu"));
    world.run(20);
    world.input(Input::Press(Press::Train));
    world.run(100);
    let snapshot = world.model.run.snapshot.clone().expect("a checkpoint was taken");
    let before = world.steps();
    world.crash(EngineKind::Cpu);
    assert!(world.says(Phrase::NoteEngineBack));
    world.run(1);
    world.run(1);
    assert!(world.steps() > 0 && world.steps() < before, "{} of {before}", world.steps());
    assert!(world.trains()[0]);
    assert!(String::from_utf8(snapshot.checkpoint.to_vec()).unwrap().contains("hidden=6"));
}

#[test]
fn an_engine_that_crashes_again_and_again_is_given_up_with_a_word_and_nothing_is_asked_of_it() {
    let mut world = World::open(environment("#hidden=6"));
    for _ in 0..4 {
        assert!(!world.model.is_dead);
        world.run(1);
        world.crash(EngineKind::Cpu);
    }
    assert!(world.model.is_dead);
    assert!(world.says(Phrase::NoteEngineDead));
    for press in [Press::Train, Press::Step, Press::Reset, Press::Measure, Press::Save, Press::Clear] {
        world.input(Input::Press(press));
        world.run(2);
    }
    assert!(!world.model.is_ready_to_train(), "what cannot be is not offered");
}

#[test]
fn a_kept_run_that_brings_the_engine_down_is_given_up() {
    let kept = spiking_playground::page::model::state::KeptRun {
        link: "hidden=6".to_owned(),
        when: "today".to_owned(),
        checkpoint: b"a run|9".to_vec(),
        curves: World::curves(),
    };
    let environment =
        spiking_playground::page::model::state::Environment { kept: Some(kept), ..environment("#hidden=6") };
    let mut world = World::open(environment);
    world.hear(0);
    while !matches!(world.model.opening, Opening::Asked(..)) {
        world.hear(0);
    }
    world.crash(EngineKind::Cpu);
    world.run(20);
    assert_eq!((world.model.opening, world.model.run.phase), (Opening::Done, Phase::Still));
    assert!(world.model.recovered.is_none() && !world.model.run.trained);
}
