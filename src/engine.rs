//! The program behind the message port: it brings requests to a [`Session`](crate::session::Session) and its reports back, and lets it work in
//! between, one piece at a time, so that no request waits much longer than 20 ms.

use crate::helpers::{self, Helpers, News};
use crate::kernels::{self, GpuDevice};
use crate::port::{self, Rest};
use crate::protocol::{BUILD, Outgoing, Report};
use crate::session::Session;
use std::cell::RefCell;
use std::rc::{Rc, Weak};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::DedicatedWorkerGlobalScope;

/// The engine on the CPU. Listens to the worker's port and never comes back.
pub fn start() {
    console_error_panic_hook::set_once();
    if port::scope().name() == helpers::NAME {
        return helpers::help();
    }
    listen(
        |clock| {
            let mut session = Session::new(kernels::cpu(), clock);
            session.set_cores(cores());
            session
        },
        "CPU".to_owned(),
        false,
    );
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
            Err(error) => port::post(&port::scope(), vec![Outgoing::unasked(Report::Lost(error.to_string()))]),
        }
    });
}

/// The cores that may train: those that the browser says there are, less one for the page; of a phone, whose battery they would
/// empty, one.
fn cores() -> usize {
    let get = |of: &JsValue, name: &str| js_sys::Reflect::get(of, &name.into()).ok();
    let cores = || {
        let navigator = get(&js_sys::global(), "navigator")?;
        let is_phone = get(&navigator, "userAgent")?.as_string()?.contains("Mobi");
        get(&navigator, "hardwareConcurrency")?.as_f64().filter(|_| !is_phone)
    };
    cores().map_or(1, |cores| (cores as usize).saturating_sub(1))
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
    let scope = port::scope();
    let performance = scope.performance();
    let clock = Box::new(move || performance.as_ref().map_or(0.0, web_sys::Performance::now));
    let session = Rc::new(RefCell::new(open(clock)));
    let worker = Rc::new_cyclic(|this: &Weak<Worker>| {
        let worker = this.clone();
        let hear = move |news| {
            if let Some(worker) = worker.upgrade() {
                worker.hear(news);
            }
        };
        Worker { scope: scope.clone(), session, rest: Rest::default(), helpers: RefCell::new(Helpers::new(hear)) }
    });

    let working = worker.clone();
    worker.rest.on_return(move || {
        let reports = working.session.borrow_mut().work();
        working.clone().send(reports);
    });
    let receiving = worker.clone();
    port::listen(&scope, move |id, request, bytes| {
        let reports = receiving.session.borrow_mut().receive(id, request, bytes);
        receiving.clone().send(reports);
    });
    worker.send(vec![Outgoing::unasked(Report::Ready { build: BUILD.to_owned(), device: name, is_software })]);
}

struct Worker {
    scope: DedicatedWorkerGlobalScope,
    session: Rc<RefCell<Session>>,
    rest: Rest,
    helpers: RefCell<Helpers>,
}

impl Worker {
    /// Takes in what a helper says, or what became of one.
    fn hear(self: Rc<Self>, news: News) {
        let reports = match news {
            News::There(count) => {
                if self.helpers.borrow_mut().introduce(count).is_err() {
                    self.session.borrow_mut().helper_died();
                }
                Vec::new()
            }
            News::Said(message, bytes) => self.session.borrow_mut().hear_helper(message, bytes),
            News::Died => {
                self.session.borrow_mut().helper_died();
                Vec::new()
            }
        };
        self.send(reports);
    }

    /// Posts the reports, and comes back later if there is work left, or when what is brought from a GPU is there.
    fn send(self: Rc<Self>, reports: Vec<Outgoing>) {
        // Helpers wait for what they are sent; nobody waits for what comes behind it.
        let sent = self.send_to_helpers();
        port::post(&self.scope, reports);
        match sent.and_then(|()| {
            self.session.borrow_mut().look_ahead();
            self.send_to_helpers()
        }) {
            Ok(()) => self.session.borrow_mut().has_helpers(self.helpers.borrow().there()),
            Err(_) => self.session.borrow_mut().helper_died(),
        }
        let task = self.session.borrow_mut().gpu_task();
        if let Some(task) = task {
            let worker = self.clone();
            spawn_local(async move {
                let result = task.run().await;
                let reports = worker.session.borrow_mut().complete(result);
                worker.send(reports);
            });
        }
        let session = self.session.borrow();
        if session.is_busy() {
            self.rest.take();
        } else if let Some(rest) = session.rest() {
            self.rest.take_long(&self.scope, rest);
        }
    }

    /// Has as many helpers as are wanted, and sends them what is for them.
    fn send_to_helpers(&self) -> Result<(), JsValue> {
        let (wanted, sent) = {
            let mut session = self.session.borrow_mut();
            (session.wanted_helpers(), session.sent_to_helpers())
        };
        let mut helpers = self.helpers.borrow_mut();
        wanted.map_or(Ok(()), |wanted| helpers.have(wanted))?;
        helpers.send(sent)
    }
}
