//! What happens, and what the model makes of it.

use super::clock::Clock;
use super::controls;
use super::effect::{CachePolicy, Effect};
use super::input::{Due, EngineKind, Input, Press};
use super::link::EngineChoice;
use super::run::Phase;
use super::state::{Environment, Model};

impl Model {
    /// The page as it opens, and what is to be done first.
    pub fn open(environment: Environment, now: f64) -> (Self, Vec<Effect>) {
        let mut model = Self {
            now,
            catalogue: environment.catalogue,
            reduced_motion: environment.reduced_motion,
            unseen: environment.unseen,
            gpu_is_possible: [environment.has_gpu_engine, environment.may_have_gpu],
            neurons: [0, 1, 2],
            ..Self::default()
        };
        model.drawings.texts = environment.drawings.lines().map(str::to_owned).collect();
        model.read_drawings();
        model.read_link(&environment.hash);
        // A plain address opens the start; one with settings means the run that has them.
        match environment.kept {
            Some(kept) if model.catalogue.is_of_default_run(&model.link) => model.offer_kept(kept),
            Some(kept) => model.take_kept(kept),
            None => {}
        }
        let link = &model.link;
        model.clock = Clock::new(link.spec.time_steps, link.speed, model.reduced_motion);
        model.adopts_file_settings = model.catalogue.is_own(&model.link);
        model.changed.dataset = true;
        model.fetch_model(CachePolicy::Kept);
        model.fetch_data(CachePolicy::Kept);
        model.start_engine();
        if model.link.engine == EngineChoice::Gpu {
            model.call_gpu();
        }
        model.show_link();
        model.everything_changed();
        let effects = std::mem::take(&mut model.effects);
        (model, effects)
    }

    /// Takes what happened; `now` is the page's clock, in milliseconds. What is to be done because of it comes back.
    pub fn update(&mut self, now: f64, input: Input) -> Vec<Effect> {
        self.now = now;
        match input {
            Input::Report { engine, answers, report, bytes } => self.receive(engine, answers, report, bytes),
            Input::EngineLost(EngineKind::Cpu, reason) => self.lost_engine(&reason),
            Input::EngineLost(EngineKind::Gpu, reason) => self.lost_gpu(&reason),
            Input::EngineLost(EngineKind::Photo, reason) => self.lost_photo_reader(reason),
            Input::Model(name, model) => self.take_model(&name, model),
            Input::File(file) => self.open_file(file),
            Input::Picture(file) => self.open_picture(file),
            Input::Manifest(dataset, manifest) => self.take_manifest(dataset, manifest),
            Input::Samples(dataset, files) => self.samples_fetched(dataset, files),
            Input::Shard(engine, dataset, split, shard, files) => self.take_shard(engine, dataset, split, shard, files),
            Input::Press(press) => self.press(press),
            Input::Set(name, text) => self.set(&name, &text),
            Input::Turn(name, by) => self.turn(name, by),
            Input::Restore(name) => self.set(name, &controls::default(&self.link, name)),
            Input::Slope(share) => self.drag_surrogate(share),
            Input::Preset { hash, why } => self.choose_preset(&hash, why),
            Input::Pen(pen) => self.pen(pen),
            Input::Digit(digit) => self.choose_digit(digit),
            Input::Cell(cell) => self.choose_cell(cell),
            Input::TestImage(image) => self.choose_test_image(image),
            Input::Point(place) => self.point(place),
            Input::Dot(place) => self.choose_dot(place),
            Input::Keep(class) => self.keep_drawing(class),
            Input::Forget(drawing) => self.forget_drawing(drawing),
            Input::Neuron(neuron) => self.choose_neuron(neuron),
            Input::Light(slot) => self.light(slot),
            Input::Pin(slot) => self.pin(slot),
            Input::Scrub(scrub) => self.scrub(scrub),
            Input::Due(Due::Shard(engine, split, shard)) => self.fetch_shard(engine, split, shard, CachePolicy::Fresh),
            Input::Due(Due::Data) => self.fetch_data(CachePolicy::Fresh),
            Input::Due(Due::Settings) => self.settle(),
            Input::Frame(now) => self.frame(now),
            Input::Link(hash) => self.take_link(&hash),
            Input::Hidden(unseen) => self.hide(unseen),
            Input::InView(region, is_seen) => self.come_into_view(region, is_seen),
            Input::Whole => self.show_whole(),
            Input::Failed(reason) => self.engine_failed(reason),
            Input::Look => self.changed.look = true,
        }
        // What was to train, or trained until nobody saw it, does so as soon as it can and is seen.
        if (self.autoplay || self.paused_by_hiding)
            && !self.unseen
            && self.run.phase == Phase::Still
            && self.may_train()
        {
            self.train();
        }
        std::mem::take(&mut self.effects)
    }

    fn press(&mut self, press: Press) {
        if matches!(press, Press::Train | Press::Step | Press::Reset | Press::Trained | Press::GoOn) {
            self.experiment = None;
        }
        match press {
            Press::Back => self.effect(Effect::GoBack),
            Press::Train => match self.run.phase {
                Phase::Starting => {}
                Phase::Training => self.pause(),
                Phase::Still | Phase::Pausing => self.train(),
            },
            Press::Step => self.step(),
            Press::Reset if self.run.phase == Phase::Starting => {}
            Press::Reset => self.reset(),
            Press::Trained => self.open_trained(),
            Press::GoOn => self.go_on_with_kept(),
            Press::Anew => self.decline_kept(),
            Press::Clear => self.clear_pad(),
            Press::Undo => {
                if self.pad_is_empty()
                    && let Some(pad) = self.cleared.take()
                {
                    self.show_picture(pad);
                }
            }
            Press::Play => {
                self.clock.toggle();
                self.remember_time();
            }
            Press::Measure => self.test_all(),
            Press::Stopping => self.ask_for_stopping(),
            Press::Save => self.save_weights(),
            Press::Chip => self.ask_for_chip(),
            Press::Keys => self.effect(Effect::ShowKeys),
        }
    }

    fn hide(&mut self, unseen: bool) {
        self.unseen = unseen;
        if unseen && self.run.phase == Phase::Training && !self.link.background {
            self.paused_by_hiding = true;
            self.pause();
        } else if unseen {
            self.save_checkpoint();
        }
        self.tell_how_to_train();
    }
}
