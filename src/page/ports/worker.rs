//! The worker of an engine: the only place of the page that posts messages.

use crate::dom::document::{in_words, listen};
use crate::page::model::input::{EngineKind, Input};
use crate::page::queue::Queue;
use crate::protocol::{Request, RequestId};
use crate::wire;
use wasm_bindgen::JsValue;
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

/// A running engine. Dropping it ends the worker.
pub struct EngineWorker {
    worker: Worker,
}

impl EngineWorker {
    /// Starts the engine at that address. What it reports, and its end, goes to `queue`.
    ///
    /// # Errors
    /// When the browser refuses to start a worker.
    pub fn start(kind: EngineKind, path: &str, queue: &Queue) -> Result<Self, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(path, &options)?;
        let (reporting, failing) = (queue.clone(), queue.clone());
        listen(&worker, "message", move |event: MessageEvent| match wire::report(event.data()) {
            Ok((report, answers, bytes)) => {
                reporting.send(Input::Report { engine: kind, answers, report, bytes });
            }
            Err(error) => reporting.send(Input::EngineLost(kind, error.to_string())),
        });
        listen(&worker, "error", move |event: ErrorEvent| {
            // A script that could not be loaded gives a plain event, without a message.
            let message = js_sys::Reflect::get(&event, &"message".into()).ok().and_then(|text| text.as_string());
            let reason = message.unwrap_or_else(|| "its program could not be loaded".to_owned());
            failing.send(Input::EngineLost(kind, reason));
        });
        Ok(Self { worker })
    }

    /// Asks the engine for something, with its byte arrays.
    ///
    /// # Errors
    /// When the message cannot be written or posted.
    #[expect(clippy::disallowed_methods, reason = "the page posts its messages here")]
    pub fn ask(&self, id: RequestId, request: &Request, bytes: &[Vec<u8>]) -> Result<(), String> {
        let bytes: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
        let (message, transfer) = wire::packed(request, Some(id), &bytes).map_err(|error| error.to_string())?;
        self.worker.post_message_with_transfer(&message, &transfer).map_err(|error| in_words(&error))
    }
}

impl Drop for EngineWorker {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}
