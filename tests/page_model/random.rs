//! Whatever a reader does and two engines report, in whatever order: no panic, each request answered once, and always a way
//! on.

use crate::world::{World, environment, file_of, small};
use spiking_playground::digits::shard::Split;
use spiking_playground::event::{Accuracy, StepDone};
use spiking_playground::page::model::input::{Due, EngineKind, Input, Pen, Press, Region, Scrub};
use spiking_playground::page::model::knobs::KNOBS;
use spiking_playground::page::model::run::Phase;
use spiking_playground::page::model::state::Opening;
use spiking_playground::protocol::{Picture, Report};
use spiking_playground::random::{Generator, Stream};
use spiking_playground::spec::{Dataset, Spec};

const SEQUENCES: u64 = 100_000;
/// And those in which engines report nonsense.
const NONSENSE: u64 = 20_000;
/// Things that happen in each.
const LENGTH: usize = 24;

/// Random choices of one sequence.
struct Dice(Generator);

impl Dice {
    fn below(&mut self, number: usize) -> usize {
        (self.0.unit() * number as f32) as usize % number.max(1)
    }

    fn of<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    fn engine(&mut self) -> EngineKind {
        self.of(&[EngineKind::Cpu, EngineKind::Gpu])
    }

    /// Something that a reader or the browser does.
    fn input(&mut self) -> Input {
        let place = (self.0.unit() * 1.2, self.0.unit() * 1.2);
        let number = self.below(12);
        match self.below(32) {
            0..=4 => Input::Press(Press::Train),
            5 => Input::Press(Press::Step),
            6 => Input::Press(Press::Reset),
            7 => Input::Press(self.of(&[
                Press::Clear,
                Press::Undo,
                Press::Play,
                Press::Measure,
                Press::Save,
                Press::Chip,
                Press::Keys,
            ])),
            8..=10 => {
                let (name, value) = self.of(&[
                    ("beta", "0.5"),
                    ("hidden", "5"),
                    ("layers", "2"),
                    ("seed", "4"),
                    ("epochs", "1"),
                    ("time-steps", "3"),
                    ("engine", "cpu"),
                    ("engine", "gpu"),
                    ("engine", "auto"),
                    ("from", "shipped"),
                    ("from", "file"),
                    ("from", "random"),
                    ("dataset", "folder"),
                    ("dataset", "mnist"),
                    ("dataset", "fashion-mnist"),
                    ("model", "small"),
                    ("stop-at", "40"),
                    ("hidden", "no number"),
                    ("encoding", "current"),
                    ("readout", "spike-count"),
                ]);
                Input::Set(name.to_owned(), value.to_owned())
            }
            11 => Input::Turn(self.of(KNOBS).name, self.below(5) as i32 - 2),
            12 => Input::Restore(self.of(KNOBS).name),
            13 => Input::Slope(place.0),
            14 => Input::Preset {
                hash: self.of(&["#beta=0.3", "#hidden=4,4", "#nonsense=1"]).to_owned(),
                why: "so".to_owned(),
            },
            15 => Input::Pen(self.of(&[Pen::Down([0.2, 0.3]), Pen::Move(vec![[0.5, 0.9]]), Pen::Up, Pen::Withdraw])),
            16 => Input::Digit(number),
            17 => Input::Cell(Some(number * 9)),
            18 => Input::TestImage(number * 1000),
            19 => Input::Dot(place),
            20 => Input::Keep(number as u8),
            21 => Input::Forget(number),
            22 => Input::Neuron(number),
            23 => Input::Light(Some(number)),
            24 => Input::Pin(number),
            25 => Input::Scrub(self.of(&[Scrub::To(0.4), Scrub::By(-1), Scrub::By(3), Scrub::Step(f32::NAN)])),
            26 => Input::Link(
                self.of(&["#hidden=4", "", "#from=file", "#dataset=folder", "#x&beta=9", "#model=small"]).to_owned(),
            ),
            27 => Input::Hidden(self.below(2) == 0),
            28 => {
                Input::InView(self.of(&[Region::Connections, Region::WeightGrid, Region::Fields]), self.below(2) == 0)
            }
            29 => Input::File(self.of(&[Ok(file_of(&small(), 0)), Ok(vec![0; 9]), Err("unreadable".to_owned())])),
            30 => Input::Picture(self.of(&[Ok(vec![1]), Err("no picture".to_owned())])),
            _ => self.of(&[
                Input::Whole,
                Input::Look,
                Input::Due(Due::Data),
                Input::Point(Some(("mem".to_owned(), place))),
            ]),
        }
    }

    /// Something that no engine of ours would report, or not now.
    fn lie(&mut self) -> Input {
        let id = self.below(60) as u32;
        let answers = self.of(&[None, Some(0), Some(id)]);
        let number = self.below(40);
        let accuracy = Accuracy { correct: number, images: 40 };
        let done = StepDone { step: 3, epoch: 0, images: 3, images_in_epoch: 0, loss: f32::NAN, score: accuracy };
        let report = match self.below(22) {
            0 => Report::Ready { build: "x".to_owned(), device: "Y".to_owned(), is_software: number > 20 },
            1 => Report::Lost("gone".to_owned()),
            2 => Report::Started { spec: self.of(&["", "hidden=3", "hidden=0", "&&"]).to_owned(), accuracy: None },
            3 => Report::Changed,
            4 => Report::Need(Split::Train, number),
            5 => Report::ShardTaken(Split::Test, number),
            6 => Report::ShardRefused { split: Split::Test, shard: number, reason: "no".to_owned() },
            7 => Report::Samples(Dataset::Mnist),
            8 => Report::SamplesRefused(Dataset::Mnist, "no".to_owned()),
            9 => Report::Step { done, loss: f32::INFINITY, score: accuracy, images_per_second: 0.0 },
            10 => Report::Paused,
            11 => Report::Tested { score: accuracy, step: u64::MAX },
            12 => Report::Trace { picture: Picture::Drawing, label: Some(200), step: 0 },
            13 => Report::TestImages(vec![number]),
            14 => Report::Fields(number, vec![number, 7]),
            15 => Report::Rates(vec![number; 3]),
            16 => Report::Weights,
            17 => Report::Checkpoint(9),
            18 => Report::Resumed(9),
            19 => Report::Tried(f64::NAN),
            20 => Report::Checked(1, None),
            _ => Report::Failed("no".to_owned()),
        };
        let bytes = self.of(&[Vec::new(), vec![vec![3; number]], vec![vec![0; 784], vec![1; 7]]]);
        Input::Report { engine: self.engine(), answers, report, bytes }
    }
}

fn open(dice: &mut Dice) -> World {
    let hash =
        dice.of(&["", "#hidden=6&time-steps=4", "#engine=gpu&hidden=4", "#dataset=folder", "#from=file", "#train=now"]);
    let shipped =
        dice.of(&[Some(file_of(&small(), 0)), Some(file_of(&Spec::from_hash(&small(), "hidden=5,5").0, 7)), None]);
    World::open_with(environment(hash), shipped)
}

/// One thing happens.
fn happen(world: &mut World, dice: &mut Dice, with_lies: bool) {
    match dice.below(20) {
        0..=5 => {
            let input = dice.input();
            world.input(input);
        }
        6..=9 => {
            let kind = dice.of(&[EngineKind::Cpu, EngineKind::Cpu, EngineKind::Gpu, EngineKind::Photo]);
            world.work(kind);
        }
        10..=13 => {
            let which = dice.below(9);
            world.hear(which);
        }
        14 => {
            let frames = 1 + 90 * dice.below(2);
            (0..frames).for_each(|_| world.frame());
        }
        15 => world.run(3),
        16 => world.files = dice.below(4) > 0,
        17 if dice.below(4) == 0 => {
            let kind = dice.engine();
            world.crash(kind);
        }
        _ if with_lies => {
            let lie = dice.lie();
            world.input(lie);
        }
        _ => world.frame(),
    }
}

/// From here the page comes to rest, and Train trains.
fn leads_on(world: &mut World, of: u64) {
    world.files = true;
    world.input(Input::Hidden(false));
    // A pen that lay on the pad is lifted.
    world.input(Input::Pen(Pen::Up));
    world.input(Input::Set("epochs".to_owned(), "99".to_owned()));
    world.input(Input::Set("stop-at".to_owned(), "0".to_owned()));
    world.run(30);
    if world.model.is_dead {
        return;
    }
    // Drawings that are not there, and data that is fetched again after a while.
    if world.model.learns_drawings() && world.model.manifest.is_none() {
        world.input(Input::Set("dataset".to_owned(), "mnist".to_owned()));
    }
    for _ in 0..40 {
        if world.model.is_ready_to_train() {
            break;
        }
        world.run(20);
    }
    let state = (of, world.model.opening, world.model.run.phase, world.model.gpu.state);
    assert!(
        world.model.is_ready_to_train(),
        "{state:?} {:?} leads nowhere: {:?}",
        world.explain(),
        world.model.notices
    );
    if world.model.run.phase != Phase::Training {
        world.input(Input::Press(Press::Train));
    }
    world.run(30);
    let state =
        (of, world.model.opening, world.model.run.phase, world.model.gpu.state, world.trains(), &world.model.notices);
    assert_eq!((world.model.opening, world.model.run.phase), (Opening::Done, Phase::Training), "{state:?}");
    assert!(world.trains()[0] != world.trains()[1], "{state:?}: one engine trains, and not both");
    world.input(Input::Press(Press::Train));
    world.run(40);
    let state = (of, world.model.opening, world.model.run.phase, world.model.gpu.state, world.trains());
    assert_eq!((world.model.run.phase, world.trains()), (Phase::Still, [false, false]), "{state:?}");
    assert!(world.model.requests.is_empty(), "{state:?}: {:?} was never answered", world.model.requests);
}

#[test]
fn whatever_happens_there_is_a_way_on_and_each_request_is_answered_once() {
    for of in 0..SEQUENCES {
        let mut dice = Dice(Generator::new(of, Stream::Noise(0, 0)));
        let mut world = open(&mut dice);
        for _ in 0..LENGTH {
            happen(&mut world, &mut dice, false);
        }
        leads_on(&mut world, of);
    }
}

#[test]
fn engines_that_report_nonsense_bring_nothing_down_and_new_ones_lead_on() {
    for of in 0..NONSENSE {
        let mut dice = Dice(Generator::new(of, Stream::Noise(0, 0)));
        let mut world = open(&mut dice);
        for _ in 0..LENGTH {
            happen(&mut world, &mut dice, true);
        }
        // What they said may be anything; the engines that come after them are honest.
        world.crash(EngineKind::Gpu);
        world.crash(EngineKind::Cpu);
        leads_on(&mut world, of);
    }
}
