//! The loop of the page: what happens changes the model, what the model wants is done, and once a frame it is drawn.

use super::model::effect::Effect;
use super::model::input::Input;
use super::model::state::Model;
use super::ports::effects::Ports;
use super::ports::{environment, fetch, listeners, observers};
use super::queue::{Event, Queue};
use super::view::{View, listen_to_saving};
use crate::dom::document::window;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;

struct App {
    model: Model,
    view: View,
    ports: Ports,
    queue: Queue,
    /// Whether a frame was asked for.
    awaits_frame: bool,
}

/// Opens the page.
pub fn open() {
    let queue = Queue::default();
    let (model, effects) = Model::open(environment::read(), now());
    let view = View::new(&queue);
    let ports = Ports::new(queue.clone());
    let mut app = App { model, view, ports, queue: queue.clone(), awaits_frame: false };
    listen_to_saving(&queue);
    listeners::listen_everywhere(&queue);
    fetch::listen_to_files(&queue);
    observers::watch_sizes(&queue);
    observers::watch_regions(&queue);
    app.run(effects);
    app.ask_for_frame();
    // It lives as long as the page, so nothing of it is ever dropped, and no program is needed for that.
    let app = Box::leak(Box::new(app));
    queue.listen(|event| app.handle(event));
}

/// The page's clock, in milliseconds.
fn now() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

impl App {
    fn handle(&mut self, event: Event) {
        match event {
            Event::Input(Input::Frame(at)) => {
                self.awaits_frame = false;
                self.update(Input::Frame(at));
                let changed = self.model.take_changed();
                self.view.draw(&self.model, changed);
            }
            Event::Input(input) => self.update(input),
            Event::Save(button, kind) => {
                let queue = self.queue.clone();
                self.view.save(&self.model, &button, kind, move |reason| queue.send(Input::Failed(reason)));
            }
            Event::Address => {
                let hash = self.ports.take_hash();
                self.update(Input::Link(hash));
            }
            Event::Print => {
                self.update(Input::Whole);
                self.view.draw_everything(&self.model);
            }
        }
        self.ask_for_frame();
    }

    fn update(&mut self, input: Input) {
        let effects = self.model.update(now(), input);
        self.run(effects);
    }

    fn run(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.ports.run(effect, |class| self.view.name(class));
        }
    }

    /// Asks for a frame, if there is something to draw in it.
    fn ask_for_frame(&mut self) {
        let wants_frame = self.model.wants_frame() || (self.view.has_more() && !self.model.unseen);
        if self.awaits_frame || !wants_frame {
            return;
        }
        let queue = self.queue.clone();
        let frame = Closure::once_into_js(move |at: f64| queue.send(Input::Frame(at)));
        self.awaits_frame = window().request_animation_frame(frame.unchecked_ref()).is_ok();
    }
}
