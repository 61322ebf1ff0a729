//! What the model wants done, done.

use super::environment::{hash, keep_drawings};
use super::fetch;
use super::host;
use super::worker::EngineWorker;
use crate::dom::document::{after, find, in_words, window};
use crate::dom::save::save_file;
use crate::page::model::effect::Effect;
use crate::page::model::input::{EngineKind, Input};
use crate::page::queue::Queue;
use crate::protocol::{Report, Request, RequestId};
use wasm_bindgen::JsValue;
use web_sys::{HtmlDialogElement, HtmlElement};

/// The world, as far as the page does something in it.
pub struct Ports {
    queue: Queue,
    /// The programs of the engines, by [`EngineKind`].
    workers: [Option<EngineWorker>; 3],
    /// The hash of the page's address as it was last read or written.
    hash: String,
}

impl Ports {
    /// Nothing is done yet.
    pub fn new(queue: Queue) -> Self {
        Self { queue, workers: [None, None, None], hash: hash() }
    }

    /// The address was changed from outside: its hash.
    pub fn take_hash(&mut self) -> String {
        self.hash = hash();
        self.hash.clone()
    }

    /// Does this. `name_of` says what a class is called.
    pub fn run(&mut self, effect: Effect, name_of: impl Fn(usize) -> String) {
        let queue = || self.queue.clone();
        match effect {
            Effect::StartEngine(kind) => self.start(kind),
            Effect::StopEngine(kind) => self.workers[kind as usize] = None,
            Effect::Ask { engine, id, request, bytes } => self.ask(engine, id, &request, &bytes),
            Effect::FetchModel(name, policy) => fetch::model(name, queue(), policy),
            Effect::FetchData(dataset, policy) => fetch::data(dataset, queue(), policy),
            Effect::FetchShard { engine, dataset, split, shard, entry, policy } => {
                fetch::shard(engine, dataset, &entry, (split, shard), queue(), policy);
            }
            Effect::After(milliseconds, due) => {
                let queue = queue();
                after(milliseconds, move || queue.send(Input::Due(due)));
            }
            Effect::WriteLink { hash, is_new_page } => self.write_link(&hash, is_new_page),
            Effect::KeepRun { link, checkpoint, curves } => host::keep(&link, &checkpoint, &curves),
            Effect::ForgetRun { link, is_broken } => host::forget(&link, is_broken),
            Effect::KeepDrawings(drawings) => keep_drawings(&drawings),
            Effect::Download { bytes, name } => {
                let queue = queue();
                save_file(name, &bytes, move |reason| queue.send(Input::Failed(reason)));
            }
            Effect::TellReady => host::ready(),
            Effect::TellProgress { epochs, loss, accuracy, images_per_second } => {
                host::progress(epochs, loss, accuracy, images_per_second);
            }
            Effect::TellPrediction { class, probability, decided_at } => {
                host::prediction(class as u32, &name_of(class), probability, decided_at as u32 + 1);
            }
            Effect::ShowGlimpse(glimpse) => host::glimpse(&glimpse),
            Effect::ShowFiring(counts) => host::firing(&counts),
            Effect::ShowOnChip { network, pixels, image, set } => {
                host::chip(&network, &pixels, image.map_or(-1, |image| image as i32), set);
            }
            Effect::GoBack => drop(window().history().map(|history| history.back())),
            Effect::ShowKeys => drop(find::<HtmlDialogElement>("keys-dialog").show_modal()),
            Effect::ShowPad => find::<HtmlElement>("padwrap").scroll_into_view_with_bool(false),
        }
    }

    fn start(&mut self, kind: EngineKind) {
        let name = match kind {
            EngineKind::Cpu => "engine_cpu",
            EngineKind::Gpu => "engine_gpu",
            EngineKind::Photo => "photo_reader",
        };
        // The one before ends first: both would hold their memory.
        self.workers[kind as usize] = None;
        match EngineWorker::start(kind, &host::worker(name).unwrap_or_default(), &self.queue) {
            Ok(worker) => self.workers[kind as usize] = Some(worker),
            Err(error) => self.queue.send(Input::EngineLost(kind, in_words(&error))),
        }
    }

    /// Asks an engine. What cannot be asked is answered as by an engine that cannot do it.
    fn ask(&self, kind: EngineKind, id: RequestId, request: &Request, bytes: &[Vec<u8>]) {
        if let Some(worker) = &self.workers[kind as usize]
            && let Err(error) = worker.ask(id, request, bytes)
        {
            let (answers, report) = (Some(id), Report::Failed(error));
            self.queue.send(Input::Report { engine: kind, answers, report, bytes: Vec::new() });
        }
    }

    fn write_link(&mut self, link: &str, is_new_page: bool) {
        // The address was changed from outside, and the model has not heard of it yet: it is not overwritten.
        if hash() != self.hash {
            return;
        }
        let location = window().location();
        let path = location.pathname().unwrap_or_default() + &location.search().unwrap_or_default();
        let url = if link.is_empty() { path } else { [&path, "#", link].concat() };
        if let Ok(history) = window().history() {
            drop(match is_new_page && self.hash.trim_start_matches('#') != link {
                true => history.push_state_with_url(&JsValue::NULL, "", Some(&url)),
                false => history.replace_state_with_url(&JsValue::NULL, "", Some(&url)),
            });
        }
        // As the browser has it, which may have escaped something.
        self.hash = hash();
    }
}
