//! What is watched of the page's layout.

use crate::dom::document::{self, find};
use crate::page::model::input::{Input, Region};
use crate::page::queue::Queue;
use js_sys::{Array, Reflect};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, IntersectionObserver, IntersectionObserverInit, ResizeObserver};

/// What is looked after only where it can be seen, or could after a little scrolling, tells when that is.
pub fn watch_regions(queue: &Queue) {
    for (id, region) in [("graph", Region::Connections), ("mosaic", Region::WeightGrid), ("fields", Region::Fields)] {
        let sender = queue.clone();
        let seen = Closure::<dyn FnMut(Array)>::new(move |entries: Array| {
            let entry = entries.pop();
            let is_seen = Reflect::get(&entry, &"isIntersecting".into()).is_ok_and(|is_seen| is_seen.is_truthy());
            sender.send(Input::InView(region, is_seen));
        });
        let options = IntersectionObserverInit::new();
        options.set_root_margin("400px");
        if let Ok(observer) = IntersectionObserver::new_with_options(seen.as_ref().unchecked_ref(), &options) {
            observer.observe(&find(id));
        }
        seen.forget();
    }
}

/// Pictures whose size changes are drawn anew.
pub fn watch_sizes(queue: &Queue) {
    let sender = queue.clone();
    let seen = Closure::<dyn FnMut()>::new(move || sender.send(Input::Look));
    if let Ok(observer) = ResizeObserver::new(seen.as_ref().unchecked_ref()) {
        document::all::<Element>("canvas").iter().for_each(|canvas| observer.observe(canvas));
    }
    seen.forget();
}
