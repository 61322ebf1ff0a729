//! The program that reads picture files, in a worker of its own: most readers give none, and what decodes them and finds
//! the ink is a quarter of what the engine would be with it. It knows no network, and answers [`Request::Photo`] alone.

use crate::photo::{self, Prepared};
use crate::port;
use crate::protocol::{BUILD, Outgoing, PREVIEW, Report, Request, RequestId};

/// Listens to the worker's port and never comes back.
pub fn start() {
    console_error_panic_hook::set_once();
    let scope = port::scope();
    let posting = scope.clone();
    port::listen(&scope, move |id, request, bytes| port::post(&posting, vec![answer(id, &request, &bytes)]));
    let ready = Report::Ready { build: BUILD.to_owned(), device: "CPU".to_owned(), is_software: false };
    port::post(&scope, vec![Outgoing::unasked(ready)]);
}

/// What a network sees of a picture file.
pub fn answer(id: RequestId, request: &Request, bytes: &[Vec<u8>]) -> Outgoing {
    let failed = |reason: String| (Report::Failed(reason), Vec::new());
    let Request::Photo { dataset, pixels } = request else {
        let (report, bytes) = failed("Only pictures are read here.".to_owned());
        return Outgoing { answers: Some(id), report, bytes };
    };
    let (report, bytes) = match photo::read(bytes.first().map_or(&[], Vec::as_slice), *dataset, *pixels) {
        Ok(Prepared { pixels, ink }) => {
            let has_rival = ink.as_ref().is_some_and(|ink| ink.has_rival);
            let preview = ink.map_or(Vec::new(), |ink| ink.preview(PREVIEW));
            (Report::Photo(has_rival), vec![pixels, preview])
        }
        Err(error) => failed(error.to_string()),
    };
    Outgoing { answers: Some(id), report, bytes }
}
