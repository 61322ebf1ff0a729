//! The workers that help the engine's to train (`session/team.rs`): how they are started, come to know each other, and are heard.
//! A helper is the engine's own program under another name. Each talks with the engine through its own port and with every other
//! helper through a channel, so no message passes through a worker that is computing.

#![expect(clippy::disallowed_methods, reason = "workers that train together post their messages here")]

use crate::kernels;
use crate::port;
use crate::session::{Helper, Sent, TeamMessage};
use crate::wire;
use js_sys::Array;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::{Closure, JsValue};
use web_sys::{MessageChannel, MessageEvent, MessagePort, Worker, WorkerOptions, WorkerType};

/// The name of a worker that helps.
pub const NAME: &str = "helper";

/// What the engine hears of its helpers.
#[derive(Debug)]
pub enum News {
    /// So many of them are there, and hear.
    There(usize),
    /// One says this.
    Said(TeamMessage, Vec<Vec<u8>>),
    /// One is dead, or could not be started.
    Died,
}

/// The helpers of an engine.
pub struct Helpers {
    workers: Vec<Worker>,
    /// Which of them hear.
    there: Rc<RefCell<Vec<bool>>>,
    /// How many know each other.
    introduced: usize,
    tell: Rc<dyn Fn(News)>,
}

/// The way to another worker.
enum Way {
    /// From a helper to the engine.
    Up,
    /// From a helper to another.
    Across(MessagePort),
}

fn packed(sent: &Sent) -> Result<(Array, Array), JsValue> {
    let bytes: Vec<&[u8]> = sent.bytes.iter().map(Vec::as_slice).collect();
    wire::packed(&sent.message, None, &bytes).map_err(|error| JsValue::from(error.to_string()))
}

impl Helpers {
    /// None yet; `tell` hears of them.
    pub fn new(tell: impl Fn(News) + 'static) -> Self {
        Self { workers: Vec::new(), there: Rc::default(), introduced: 0, tell: Rc::new(tell) }
    }

    /// Starts those that are missing of so many, and ends those that are too many.
    ///
    /// # Errors
    /// When the browser refuses to start one.
    pub fn have(&mut self, wanted: usize) -> Result<(), JsValue> {
        for worker in self.workers.drain(wanted.min(self.workers.len())..) {
            worker.terminate();
        }
        self.there.borrow_mut().resize(wanted, false);
        self.introduced = self.introduced.min(wanted);
        while self.workers.len() < wanted {
            self.workers.push(self.start(self.workers.len())?);
        }
        Ok(())
    }

    /// How many of them hear, of those who know each other.
    pub const fn there(&self) -> usize {
        self.introduced
    }

    /// Sends messages to their shares, of which helper 0 has number 1.
    ///
    /// # Errors
    /// When one cannot be posted.
    pub fn send(&self, messages: Vec<Sent>) -> Result<(), JsValue> {
        for sent in messages {
            if let Some(worker) = sent.to.checked_sub(1).and_then(|helper| self.workers.get(helper)) {
                let (message, transfer) = packed(&sent)?;
                worker.post_message_with_transfer(&message, &transfer)?;
            }
        }
        Ok(())
    }

    fn start(&self, helper: usize) -> Result<Worker, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name(NAME);
        let worker = Worker::new_with_options(&port::scope().location().href(), &options)?;
        let (tell, there) = (self.tell.clone(), self.there.clone());
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            match wire::unpacked::<TeamMessage>(event.data()) {
                Ok((message, _, bytes)) => tell(News::Said(message, bytes)),
                // What is no message says that it is there.
                Err(_) => {
                    if let Some(is_there) = there.borrow_mut().get_mut(helper) {
                        *is_there = true;
                    }
                    let count = there.borrow().iter().take_while(|is_there| **is_there).count();
                    tell(News::There(count));
                }
            }
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        on_message.forget();
        let tell = self.tell.clone();
        let on_error = Closure::<dyn FnMut()>::new(move || tell(News::Died));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        on_error.forget();
        Ok(worker)
    }

    /// Makes channels between those of the first `count` helpers that do not know each other yet.
    ///
    /// # Errors
    /// When one cannot be made, or posted.
    pub fn introduce(&mut self, count: usize) -> Result<(), JsValue> {
        for newest in self.introduced..count.min(self.workers.len()) {
            for other in 0..newest {
                let channel = MessageChannel::new()?;
                for (to, whose, port) in [(newest, other, channel.port1()), (other, newest, channel.port2())] {
                    self.workers[to]
                        .post_message_with_transfer(&JsValue::from(whose as u32 + 1), &Array::of1(&port))?;
                }
            }
            self.introduced = newest + 1;
        }
        Ok(())
    }
}

/// A worker that helps: listens and never comes back.
pub fn help() {
    let scope = port::scope();
    let helper = Rc::new(RefCell::new(Helper::new(&kernels::cpu())));
    let ways: Rc<RefCell<BTreeMap<usize, Way>>> = Rc::new(RefCell::new(BTreeMap::from([(0, Way::Up)])));
    let (speaking, known) = (scope.clone(), ways.clone());
    let hear: Rc<dyn Fn(JsValue)> = Rc::new(move |data| {
        let Ok((message, _, bytes)) = wire::unpacked::<TeamMessage>(data) else { return };
        for sent in helper.borrow_mut().hear(message, bytes) {
            let Ok((message, transfer)) = packed(&sent) else { continue };
            // A worker that is gone is missed by the engine.
            let _ = match known.borrow().get(&sent.to) {
                Some(Way::Up) => speaking.post_message_with_transfer(&message, &transfer),
                Some(Way::Across(port)) => port.post_message_with_transferable(&message, &transfer),
                None => Ok(()),
            };
        }
        helper.borrow_mut().look_ahead();
    });
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        match (event.data().as_f64(), event.ports().get(0).dyn_into::<MessagePort>()) {
            (Some(share), Ok(port)) => {
                let hearing = hear.clone();
                let across = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| hearing(event.data()));
                port.set_onmessage(Some(across.as_ref().unchecked_ref()));
                across.forget();
                ways.borrow_mut().insert(share as usize, Way::Across(port));
            }
            _ => hear(event.data()),
        }
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    // That it hears now.
    let _ = scope.post_message(&JsValue::NULL);
}
