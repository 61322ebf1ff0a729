//! The message port of a worker: requests come in, reports go out.

#![expect(clippy::disallowed_methods, reason = "workers post their messages here")]

use crate::protocol::{Outgoing, Report, Request, RequestId};
use crate::wire;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::prelude::{Closure, JsValue};
use wasm_bindgen::{JsCast, UnwrapThrowExt};
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel, MessageEvent};

/// The worker in which the program runs.
pub fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Posts the reports.
pub fn post(scope: &DedicatedWorkerGlobalScope, reports: Vec<Outgoing>) {
    let encode = if scope.name() == wire::PLAIN { wire::plain } else { wire::packed };
    for Outgoing { answers, report, bytes } in reports {
        let bytes: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
        let posted = encode(&report, answers, &bytes)
            .map_err(|error| JsValue::from(error.to_string()))
            .and_then(|(message, transfer)| scope.post_message_with_transfer(&message, &transfer));
        // A report that cannot be posted means that the page's end is gone; the panic reaches its error event.
        posted.unwrap_throw();
    }
}

/// Hands every request that comes to `hear`, with its byte arrays; what is none is answered here.
pub fn listen(scope: &DedicatedWorkerGlobalScope, mut hear: impl FnMut(RequestId, Request, Vec<Vec<u8>>) + 'static) {
    let answering = scope.clone();
    let on_message =
        Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| match wire::request(event.data()) {
            Ok((request, id, bytes)) => hear(id.unwrap_or(0), request, bytes),
            Err(error) => post(&answering, vec![Outgoing::unasked(Report::Failed(error.to_string()))]),
        });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
}

/// A pause in which messages come in: a round trip through a port of our own, which unlike a timer is not slowed down.
#[derive(Debug)]
pub struct Rest {
    channel: MessageChannel,
    resting: Rc<Cell<bool>>,
    /// Whether a timer will end a longer pause.
    waiting: Rc<Cell<bool>>,
}

impl Default for Rest {
    fn default() -> Self {
        Self { channel: MessageChannel::new().unwrap_throw(), resting: Rc::default(), waiting: Rc::default() }
    }
}

impl Rest {
    /// What is done after each pause.
    pub fn on_return(&self, mut then: impl FnMut() + 'static) {
        let resting = self.resting.clone();
        let on_message = Closure::<dyn FnMut()>::new(move || {
            resting.set(false);
            then();
        });
        self.channel.port1().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        on_message.forget();
    }

    /// Starts a pause of so many milliseconds, if there is none yet.
    pub fn take_long(&self, scope: &DedicatedWorkerGlobalScope, milliseconds: f64) {
        if self.waiting.replace(true) {
            return;
        }
        let (waiting, port) = (self.waiting.clone(), self.channel.port2());
        let over = Closure::once_into_js(move || {
            waiting.set(false);
            port.post_message(&JsValue::NULL).unwrap_throw();
        });
        let asked = scope
            .set_timeout_with_callback_and_timeout_and_arguments_0(over.unchecked_ref(), milliseconds.ceil() as i32);
        self.waiting.set(asked.is_ok());
    }

    /// Starts a pause, if there is none yet.
    pub fn take(&self) {
        if !self.resting.replace(true) {
            self.channel.port2().post_message(&JsValue::NULL).unwrap_throw();
        }
    }
}
