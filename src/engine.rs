//! The program behind the message port: it brings requests to a [`Session`](crate::session::Session) and its reports back, and lets it work in
//! between, one piece at a time, so that no request waits much longer than 20 ms.

#![expect(clippy::disallowed_methods, reason = "the engine posts its messages here")]

use crate::kernels::{self, GpuDevice};
use crate::protocol::{BUILD, Report};
use crate::session::{Outgoing, Session};
use crate::wire;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::{Closure, JsValue};
use wasm_bindgen::{JsCast, UnwrapThrowExt};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel, MessageEvent};

/// The engine on the CPU. Listens to the worker's port and never comes back.
pub fn start() {
    console_error_panic_hook::set_once();
    listen(|clock| Session::new(kernels::cpu(), clock).with_pictures(), "CPU".to_owned(), false);
}

/// The same on a GPU, once it is open.
pub fn start_on_gpu() {
    console_error_panic_hook::set_once();
    spawn_local(async {
        match kernels::open_gpu().await {
            Ok(gpu) => {
                let GpuDevice { device, name, is_software } = match gpu.name.is_empty() {
                    true => gpu.named(name_of_gpu().await.unwrap_or_else(|| "GPU".to_owned())),
                    false => gpu,
                };
                listen(|clock| Session::new(device, clock), name, is_software);
            }
            Err(error) => post(&js_sys::global().unchecked_into(), vec![unasked(Report::Lost(error.to_string()))]),
        }
    });
}

/// What the browser says of its GPU: a description, or at least the maker and the make.
async fn name_of_gpu() -> Option<String> {
    let get = |of: &JsValue, name: &str| js_sys::Reflect::get(of, &name.into()).ok();
    let gpu = get(&get(&js_sys::global(), "navigator")?, "gpu")?;
    let request: js_sys::Function = get(&gpu, "requestAdapter")?.dyn_into().ok()?;
    let adapter: js_sys::Promise = request.call0(&gpu).ok()?.dyn_into().ok()?;
    let info = get(&JsFuture::from(adapter).await.ok()?, "info")?;
    let word = |name: &str| get(&info, name)?.as_string().filter(|word| !word.is_empty());
    word("description").or_else(|| {
        let words: Vec<String> = ["vendor", "architecture"].into_iter().filter_map(word).collect();
        (!words.is_empty()).then(|| words.join(" "))
    })
}

/// What gives milliseconds.
type Clock = Box<dyn Fn() -> f64>;

fn listen(open: impl FnOnce(Clock) -> Session, name: String, is_software: bool) {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let performance = scope.performance();
    let clock = Box::new(move || performance.as_ref().map_or(0.0, web_sys::Performance::now));
    let session = Rc::new(RefCell::new(open(clock)));
    let worker = Rc::new(Worker { scope: scope.clone(), session, rest: Rest::new() });

    let working = worker.clone();
    worker.rest.on_return(move || {
        let reports = working.session.borrow_mut().work();
        working.clone().send(reports);
    });
    let receiving = worker.clone();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let reports = match wire::request(event.data()) {
            Ok((request, id, bytes)) => receiving.session.borrow_mut().receive(id.unwrap_or(0), request, bytes),
            Err(error) => vec![unasked(Report::Failed(error.to_string()))],
        };
        receiving.clone().send(reports);
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    worker.send(vec![unasked(Report::Ready { build: BUILD.to_owned(), device: name, is_software })]);
}

/// A report that answers no request.
const fn unasked(report: Report) -> Outgoing {
    Outgoing { answers: None, report, bytes: Vec::new() }
}

fn post(scope: &DedicatedWorkerGlobalScope, reports: Vec<Outgoing>) {
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

struct Worker {
    scope: DedicatedWorkerGlobalScope,
    session: Rc<RefCell<Session>>,
    rest: Rest,
}

impl Worker {
    /// Posts the reports, and comes back later if there is work left, or when what is brought from a GPU is there.
    fn send(self: Rc<Self>, reports: Vec<Outgoing>) {
        post(&self.scope, reports);
        let task = self.session.borrow_mut().gpu_task();
        if let Some(task) = task {
            let worker = self.clone();
            spawn_local(async move {
                let result = task.run().await;
                let reports = worker.session.borrow_mut().complete(result);
                worker.send(reports);
            });
        }
        if self.session.borrow().is_busy() {
            self.rest.take();
        }
    }
}

/// A pause in which messages come in: a round trip through a port of our own, which unlike a timer is not slowed down.
struct Rest {
    channel: MessageChannel,
    resting: Rc<Cell<bool>>,
}

impl Rest {
    fn new() -> Self {
        Self { channel: MessageChannel::new().unwrap_throw(), resting: Rc::new(Cell::new(false)) }
    }

    fn on_return(&self, mut then: impl FnMut() + 'static) {
        let resting = self.resting.clone();
        let on_message = Closure::<dyn FnMut()>::new(move || {
            resting.set(false);
            then();
        });
        self.channel.port1().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        on_message.forget();
    }

    /// Starts a pause, if there is none yet.
    fn take(&self) {
        if !self.resting.replace(true) {
            self.channel.port2().post_message(&JsValue::NULL).unwrap_throw();
        }
    }
}
