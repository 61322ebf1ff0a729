//! Which network the page opens with.

use crate::world::{World, environment, file_of, network, small};
use spiking_playground::event::Accuracy;
use spiking_playground::page::model::effect::Effect;
use spiking_playground::page::model::input::{EngineKind, Input, Press};
use spiking_playground::page::model::link::{Pad, Start};
use spiking_playground::page::model::phrases::Phrase;
use spiking_playground::page::model::run::{Origin, Phase};
use spiking_playground::page::model::state::{KeptOffer, KeptRun, Opening};
use spiking_playground::protocol::{Report, Request};
use spiking_playground::spec::{Dataset, Spec};

fn says(world: &World, phrase: Phrase) -> bool {
    world.model.notices.iter().any(|(said, _)| *said == phrase)
}

fn origin(world: &World) -> Option<Origin> {
    world.model.run.holds.as_ref().map(|(_, origin)| *origin)
}

#[test]
fn the_network_that_ships_is_opened_and_reads_a_digit() {
    let mut world = World::open(environment(""));
    world.run(20);
    assert_eq!((world.model.opening, origin(&world)), (Opening::Done, Some(Origin::Shipped)));
    assert!(world.model.analysis.is_some() && world.model.samples.is_some());
    assert!(world.model.notices.is_empty(), "{:?}", world.model.notices);
    assert!(world.done.contains(&Effect::TellReady));
}

#[test]
fn settings_of_the_links_own_win_over_the_file_with_a_word() {
    let mut world = World::open(environment("#hidden=6&time-steps=4"));
    world.run(20);
    assert_eq!(origin(&world), Some(Origin::Random));
    assert!(says(&world, Phrase::NoteOtherNetwork));
    assert_eq!(world.network().unwrap().time_steps, 4);
}

#[test]
fn a_plain_link_follows_the_header_of_the_file() {
    let mut world = World::open_with(environment("#seed=3"), Some(file_of(&small(), 0)));
    world.run(20);
    assert_eq!((origin(&world), world.model.link.spec.time_steps), (Some(Origin::Shipped), 4));
    assert_eq!(world.model.link.spec.seed, 3, "what only training uses stays");
}

#[test]
fn without_the_file_weights_are_random_with_a_word() {
    for shipped in [None, Some(b"nonsense".to_vec())] {
        let mut world = World::open_with(environment("#from=shipped"), shipped);
        world.run(20);
        assert_eq!((world.model.opening, origin(&world)), (Opening::Done, Some(Origin::Random)));
        assert!(says(&world, Phrase::NoteModel));
        assert_eq!(world.model.link.from, Start::Random);
    }
}

#[test]
fn a_file_of_the_readers_is_opened_and_one_that_is_none_changes_nothing() {
    let mut world = World::open(environment(""));
    world.run(20);
    world.input(Input::File(Ok(file_of(&small(), 0))));
    world.run(20);
    assert_eq!((world.model.link.from, origin(&world)), (Start::File, Some(Origin::Shipped)));
    assert_eq!(world.network().unwrap(), &small());
    let before = world.model.link.clone();
    world.input(Input::File(Ok(b"a photo of a cat".to_vec())));
    world.run(20);
    assert!(says(&world, Phrase::NoteFile));
    assert_eq!((&world.model.link, world.model.opening), (&before, Opening::Done));
    assert_eq!(world.network().unwrap(), &small(), "the engine is what it was");
}

#[test]
fn a_failure_of_something_else_is_not_taken_for_the_files() {
    let mut world = World::open(environment(""));
    world.run(20);
    world.input(Input::File(Ok(file_of(&small(), 0))));
    // While it is being opened, what the page asked for before cannot be done.
    let report = spiking_playground::protocol::Report::Failed("a weight is no number".to_owned());
    world.input(Input::Report { engine: EngineKind::Cpu, answers: Some(1), report, bytes: Vec::new() });
    world.run(20);
    assert!(says(&world, Phrase::NoteEngineFailed) && !says(&world, Phrase::NoteFile));
    assert_eq!(world.network().unwrap(), &small());
}

#[test]
fn a_link_to_a_file_says_that_it_cannot_carry_it() {
    let mut world = World::open(environment("#from=file"));
    world.run(20);
    assert!(says(&world, Phrase::NoteOwnFile));
    assert_eq!((world.model.opening, origin(&world)), (Opening::Done, Some(Origin::Random)));
}

fn kept(checkpoint: Vec<u8>) -> KeptRun {
    let link = "hidden=6&time-steps=4".to_owned();
    KeptRun { link, when: "today 14:03".to_owned(), checkpoint, curves: World::curves() }
}

#[test]
fn what_was_kept_comes_before_any_file() {
    let environment = spiking_playground::page::model::state::Environment {
        kept: Some(kept(file_of(&small(), 30))),
        ..environment("#hidden=6&time-steps=4")
    };
    let mut world = World::open(environment);
    world.run(20);
    assert_eq!((world.model.opening, world.steps()), (Opening::Done, 30));
    assert!(world.model.kept_offer.is_some() && world.model.run.trained);
    assert!(!world.asked.iter().any(|(_, request)| *request == Request::Open), "no file is opened");
    world.input(Input::Press(Press::Train));
    world.run(5);
    assert!(world.model.kept_offer.is_none() && world.steps() > 30, "it goes on where it stood");
}

#[test]
fn at_a_plain_address_what_was_kept_is_an_offer() {
    let offered = || {
        let kept = Some(kept(file_of(&small(), 30)));
        let mut world =
            World::open(spiking_playground::page::model::state::Environment { kept, ..environment("#digit=7") });
        world.run(20);
        assert_eq!((origin(&world), world.steps()), (Some(Origin::Shipped), 0));
        assert!(matches!(world.model.kept_offer, Some(KeptOffer::Offered { .. })));
        world
    };
    let mut world = offered();
    world.input(Input::Press(Press::GoOn));
    world.run(20);
    assert_eq!((world.model.opening, world.steps()), (Opening::Done, 30));
    assert!(matches!(world.model.kept_offer, Some(KeptOffer::Back(_))));
    assert!(pages(&world) == 1, "Back leads to the start");
    assert_eq!(world.model.link.pad, Pad::Digit(7), "what is on the pad stays");
    world.input(Input::Press(Press::Anew));
    world.run(20);
    assert!(world.model.kept_offer.is_none() && world.steps() == 0);

    let mut world = offered();
    world.input(Input::Press(Press::Anew));
    world.run(20);
    assert!(world.done.iter().any(|effect| matches!(effect, Effect::ForgetRun { is_broken: false, .. })));
    assert_eq!((&world.model.kept_offer, origin(&world)), (&None, Some(Origin::Shipped)));

    let mut world = offered();
    world.input(Input::Press(Press::Train));
    world.run(20);
    assert!(world.model.kept_offer.is_none() && world.trains()[0], "another is trained");
}

/// How often the address as it was stayed in the browser's history.
fn pages(world: &World) -> usize {
    let is_page = |effect: &&Effect| matches!(effect, Effect::WriteLink { is_new_page: true, .. });
    world.done.iter().filter(is_page).count()
}

#[test]
fn there_is_a_way_back_to_the_trained_network() {
    let mut world = World::open(environment("#digit=7"));
    world.run(20);
    assert!(!world.model.may_open_trained(), "it is there");
    let away: [&dyn Fn(&mut World); 5] = [
        &|world| world.input(Input::Press(Press::Train)),
        &|world| world.input(Input::Press(Press::Reset)),
        &|world| world.input(Input::Preset { hash: "#hidden=6&beta=0.2".to_owned(), why: "so".to_owned() }),
        &|world| world.input(Input::Set("beta".to_owned(), "0.5".to_owned())),
        &|world| world.input(Input::Set("model".to_owned(), "small".to_owned())),
    ];
    for (way, leave) in away.into_iter().enumerate() {
        leave(&mut world);
        world.run(40);
        assert!(world.model.may_open_trained());
        world.input(Input::Press(Press::Trained));
        world.run(40);
        assert_eq!((origin(&world), world.model.run.phase), (Some(Origin::Shipped), Phase::Still));
        assert_eq!(world.model.link.to_hash(), "digit=7");
        assert!(!world.model.may_open_trained(), "way {way}");
        assert!(world.model.progress.test.is_some(), "way {way}: how well it reads is said");
    }
}

/// A page whose first network has settings of its own, and one that has those of the defaults.
fn quiet(hash: &str) -> World {
    let mut environment = environment(hash);
    let networks = [["mnist", "input-rate=0.25&rate-penalty=5"], ["chatty", ""], ["small", "hidden=5"]];
    environment.catalogue.networks = networks.map(network).to_vec();
    let mut world = World::open(environment);
    world.run(20);
    world
}

#[test]
fn a_network_with_settings_of_its_own_is_opened_by_an_address_without_any() {
    let mut world = quiet("#digit=7");
    let state = |world: &World| {
        let (spec, link) = (&world.model.link.spec, &world.model.link);
        (spec.input_rate, spec.rate_penalty, link.model().to_owned(), world.model.catalogue.hash(link))
    };
    assert_eq!(state(&world), (0.25, 5.0, "mnist".to_owned(), "digit=7".to_owned()));
    assert_eq!((origin(&world), world.model.may_open_trained()), (Some(Origin::Shipped), false));
    // It is trained with them, too, and what is changed of it stands in the address whole.
    world.input(Input::Press(Press::Train));
    world.run(20);
    let trained = world.model.run.holds.as_ref().map(|(spec, _)| (spec.input_rate, spec.rate_penalty));
    assert_eq!(trained, Some((0.25, 5.0)));
    assert_eq!(state(&world).3, "digit=7");
    world.input(Input::Set("seed".to_owned(), "5".to_owned()));
    assert_eq!(state(&world).3, "input-rate=0.25&rate-penalty=5&seed=5&digit=7");
    world.input(Input::Press(Press::Trained));
    world.run(40);
    assert_eq!(state(&world), (0.25, 5.0, "mnist".to_owned(), "digit=7".to_owned()));
}

#[test]
fn links_from_before_a_network_had_settings_of_its_own_mean_what_they_meant() {
    for (hash, model, origin_there, written) in [
        ("#seed=5", "chatty", Origin::Shipped, "seed=5&model=chatty"),
        ("#beta=0.5", "mnist", Origin::Random, "beta=0.5"),
        ("#model=chatty", "chatty", Origin::Shipped, "model=chatty"),
        ("#model=small", "small", Origin::Shipped, "model=small"),
        ("#model=small&hidden=5", "small", Origin::Shipped, "model=small"),
        ("#input-rate=0.25&seed=7", "mnist", Origin::Shipped, "input-rate=0.25&seed=7"),
    ] {
        let world = quiet(hash);
        let link = &world.model.link;
        assert_eq!((link.model(), origin(&world)), (model, Some(origin_there)), "{hash}");
        assert_eq!(world.model.catalogue.hash(link), written, "{hash}");
        assert_eq!(link.spec.rate_penalty, 0.0, "{hash}");
    }
    // Back to the defaults by hand: an address without settings would mean another network.
    let mut world = quiet("");
    world.input(Input::Set("input-rate".to_owned(), "1".to_owned()));
    world.input(Input::Set("rate-penalty".to_owned(), "0".to_owned()));
    assert_eq!(world.model.catalogue.hash(&world.model.link), "model=chatty");
}

#[test]
fn back_undoes_a_choice_and_turned_values_are_no_pages() {
    let mut world = World::open(environment(""));
    world.run(20);
    let before = pages(&world);
    world.input(Input::Turn("beta", -1));
    world.run(40);
    assert_eq!(pages(&world), before);
    world.input(Input::Press(Press::Trained));
    world.run(40);
    let before = pages(&world);
    world.input(Input::Preset { hash: "#hidden=6&beta=0.2".to_owned(), why: "so".to_owned() });
    world.run(40);
    assert_eq!((pages(&world), origin(&world)), (before + 1, Some(Origin::Random)));
    world.input(Input::Press(Press::Train));
    world.run(5);
    // The browser's Back.
    world.input(Input::Link(String::new()));
    world.run(40);
    assert_eq!((origin(&world), world.model.run.phase), (Some(Origin::Shipped), Phase::Still));
}

#[test]
fn the_page_says_how_its_network_stands() {
    let said = |world: &World| world.model.standing().iter().map(|(phrase, _)| *phrase).collect::<Vec<_>>();
    let mut world = World::open(environment(""));
    assert_eq!(said(&world), []);
    world.run(20);
    assert_eq!(said(&world), [Phrase::StandingTrained, Phrase::StandingRead, Phrase::StandingTrain]);
    let (_, values) = world.model.standing().swap_remove(1);
    assert_eq!(values, [("p", "97.0\u{202f}%".to_owned()), ("n", "100".to_owned())]);
    world.input(Input::Set("beta".to_owned(), "0.5".to_owned()));
    world.run(40);
    assert_eq!(said(&world), [Phrase::StandingChanged, Phrase::StandingReads, Phrase::StandingTrain]);
    world.input(Input::Press(Press::Reset));
    world.run(20);
    assert_eq!(said(&world), [Phrase::StandingRandom]);
    world.input(Input::Press(Press::Train));
    world.run(20);
    assert_eq!(said(&world)[0], Phrase::StandingLearning);
    world.input(Input::Press(Press::Train));
    world.run(20);
    assert_eq!(said(&world), [Phrase::StandingLearnt, Phrase::StandingReads]);
}

#[test]
fn what_was_kept_and_cannot_be_read_is_removed_and_the_page_opens_as_without_it() {
    for (checkpoint, curves) in [(b"broken".to_vec(), World::curves()), (file_of(&small(), 3), b"x".to_vec())] {
        let kept = KeptRun { curves, ..kept(checkpoint) };
        let environment = spiking_playground::page::model::state::Environment { kept: Some(kept), ..environment("") };
        let mut world = World::open(environment);
        world.run(20);
        world.input(Input::Press(Press::GoOn));
        world.run(20);
        let forgets = |effect: &Effect| matches!(effect, Effect::ForgetRun { is_broken: true, .. });
        assert_eq!(world.done.iter().filter(|effect| forgets(effect)).count(), 1);
        assert_eq!((world.model.opening, world.model.run.phase), (Opening::Done, Phase::Still));
        assert!(world.model.kept_offer.is_none());
    }
}

#[test]
fn a_preset_starts_from_its_random_weights_and_leaves_what_is_no_part_of_it() {
    let mut world = World::open(environment("#stop-at=97"));
    world.run(20);
    world.input(Input::Preset { hash: "#beta=0.5&hidden=6".to_owned(), why: "so".to_owned() });
    world.run(20);
    assert_eq!((origin(&world), world.network().unwrap().neuron.beta), (Some(Origin::Random), 0.5));
    assert_eq!(world.model.link.stop_at, Some(97.0));
    // As soon as a page has opened, one can be chosen; while the engine starts it waits for it.
    let mut world = World::open(environment(""));
    world.input(Input::Preset { hash: "#beta=0.5".to_owned(), why: "so".to_owned() });
    world.run(20);
    assert_eq!((world.model.opening, world.model.link.spec.neuron.beta), (Opening::Done, 0.5));
}

#[test]
fn a_question_is_answered_by_some_seconds_of_training() {
    let mut world = World::open(environment(""));
    world.run(20);
    world.input(Input::Preset { hash: "#beta=0.5&hidden=6".to_owned(), why: "so".to_owned() });
    world.run(20);
    assert!(world.trains()[0], "by itself");
    let said = |world: &World| world.model.standing().iter().map(|(phrase, _)| *phrase).collect::<Vec<_>>();
    assert_eq!(said(&world)[0], Phrase::StandingWhy);
    // A frame is 20 ms.
    world.run(400);
    assert_eq!((world.model.run.phase, world.trains()), (Phase::Still, [false, false]));
    assert_eq!(said(&world), [Phrase::StandingWhy, Phrase::StandingReads, Phrase::StandingBefore]);
    let steps = world.steps();
    assert!(steps > 0);
    world.run(400);
    assert_eq!(world.steps(), steps, "it stands still");
    // Who goes on has asked another.
    world.input(Input::Press(Press::Train));
    world.run(400);
    assert!(world.trains().contains(&true) && world.model.experiment.is_none());
    world.input(Input::Press(Press::Back));
    assert!(world.done.contains(&Effect::GoBack));
}

#[test]
fn the_run_before_stands_beside_the_next() {
    let mut world = World::open(environment("#hidden=6&engine=cpu"));
    world.run(20);
    world.input(Input::Press(Press::Train));
    for correct in [20, 60] {
        world.run(40);
        let report = Report::Tested { score: Accuracy { correct, images: 100 }, step: world.steps() };
        world.input(Input::Report { engine: EngineKind::Cpu, answers: None, report, bytes: Vec::new() });
    }
    let before = world.model.history.measured().to_vec();
    assert!(before.len() > 1, "{before:?}");
    world.input(Input::Press(Press::Reset));
    world.run(20);
    assert_eq!(world.model.previous_run[..before.len()], before);
    assert!(world.model.history.measured().len() <= 1);
}

#[test]
fn another_data_set_is_opened_with_its_own_network_or_random_weights() {
    let mut world = World::open(environment(""));
    world.run(20);
    world.input(Input::Set("dataset".to_owned(), "fashion-mnist".to_owned()));
    world.run(20);
    assert_eq!(world.model.link.model(), "fashion-mnist");
    assert_eq!((world.model.opening, world.model.run.phase), (Opening::Done, Phase::Still));
    assert!(world.model.manifest.is_some() && world.model.analysis.is_some());
}

#[test]
fn a_readers_own_drawings_are_kept_and_learnt() {
    let mut world = World::open(environment("#dataset=folder"));
    world.run(20);
    assert!(world.model.manifest.is_none() && !world.model.is_ready_to_train());
    world.input(Input::Press(Press::Train));
    assert_ne!(world.model.run.phase, Phase::Training, "there is nothing to train on");
    for class in [0, 1] {
        world.model.link.pad = Pad::Drawing(vec![vec![[0.2, 0.2], [0.6, 0.7]]]);
        world.input(Input::Keep(class));
    }
    world.run(20);
    assert_eq!(world.model.drawings.digits.labels, [0, 1]);
    assert!(world.done.iter().any(|effect| matches!(effect, Effect::KeepDrawings(kept) if kept.lines().count() == 2)));
    world.input(Input::Press(Press::Train));
    world.run(5);
    assert!(world.steps() > 0 && world.trains()[0]);
    assert!(!world.model.pad_is_empty() && world.model.analysis.is_some(), "one sees what is learnt");
    // The last drawing is taken away: nothing is left to learn.
    world.input(Input::Forget(0));
    world.input(Input::Forget(0));
    world.run(5);
    assert_eq!(world.model.run.phase, Phase::Still);
    // Outside, they are kept without becoming the data.
    let mut world = World::open(environment(""));
    world.run(20);
    world.model.link.pad = Pad::Drawing(vec![vec![[0.2, 0.2], [0.6, 0.7]]]);
    world.input(Input::Keep(3));
    assert_eq!(world.model.manifest.as_ref().unwrap().name, "mnist");
    assert_eq!(world.model.link.spec.dataset, Dataset::Mnist);
}

#[test]
fn a_changed_link_is_another_network_from_its_start() {
    let mut world = World::open(environment(""));
    world.run(20);
    world.input(Input::Link("#hidden=6".to_owned()));
    world.run(20);
    assert_eq!(world.network().unwrap().hidden_neurons(784).collect::<Vec<_>>(), [6]);
    world.input(Input::Link(String::new()));
    world.run(20);
    assert_eq!(world.network().unwrap(), &Spec::on_page());
    assert_eq!(world.model.opening, Opening::Done);
}
