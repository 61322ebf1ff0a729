//! The line to a worker: the only place of the page that posts messages.

use super::document::{in_words, listen};
use super::input::{Input, Post};
use crate::protocol::Request;
use crate::wire;
use wasm_bindgen::JsValue;
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

/// Which worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The engine on the CPU, which is always there.
    Cpu,
    /// The one on the graphics card.
    Card,
    /// What reads pictures.
    Reader,
}

/// A running worker. Dropping it ends it.
pub struct Link {
    worker: Worker,
}

impl Link {
    /// Starts the program at that address. What it reports, and its end, is told to `post`.
    ///
    /// # Errors
    /// When the browser refuses to start a worker.
    pub fn start(who: Who, path: &str, post: &Post) -> Result<Self, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(path, &options)?;
        let (hearing, failing) = (post.clone(), post.clone());
        listen(&worker, "message", move |event: MessageEvent| match wire::report(event.data()) {
            Ok((report, bytes)) => hearing.tell(Input::Report(who, report, bytes)),
            Err(error) => hearing.tell(Input::EngineLost(who, error.to_string())),
        });
        listen(&worker, "error", move |event: ErrorEvent| {
            // A script that could not be loaded gives a plain event, without a message.
            let message = js_sys::Reflect::get(&event, &"message".into()).ok().and_then(|text| text.as_string());
            failing
                .tell(Input::EngineLost(who, message.unwrap_or_else(|| "its program could not be loaded".to_owned())));
        });
        Ok(Self { worker })
    }

    /// Asks it for something, with its byte arrays.
    ///
    /// # Errors
    /// When the message cannot be written or posted.
    #[expect(clippy::disallowed_methods, reason = "the page posts its messages here")]
    pub fn ask(&self, request: &Request, bytes: &[&[u8]]) -> Result<(), String> {
        let (message, transfer) = wire::plain(request, bytes).map_err(|error| error.to_string())?;
        self.worker.post_message_with_transfer(&message, &transfer).map_err(|error| in_words(&error))
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}
