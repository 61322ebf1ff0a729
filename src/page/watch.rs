//! What the page watches of its own layout.

use super::input::{Input, Post};
use crate::dom::document::{self, find, window};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{
    Element, HtmlDetailsElement, IntersectionObserver, IntersectionObserverInit, MediaQueryListEvent, ResizeObserver,
};

/// On a narrow screen the sentences of settings are folded, so that pictures come first.
pub fn fold_where_narrow() {
    let fold = |narrow: bool| {
        for details in document::all::<HtmlDetailsElement>(".tune") {
            details.set_open(!narrow);
        }
    };
    if let Ok(Some(narrow)) = window().match_media("(max-width: 760px)") {
        fold(narrow.matches());
        document::listen(&narrow, "change", move |event: MediaQueryListEvent| fold(event.matches()));
    }
}

/// The weights are asked for when they are about to be scrolled into sight.
pub fn watch_weights(post: &Post) {
    let tell = post.clone();
    let seen = Closure::<dyn FnMut()>::new(move || tell.tell(Input::Seen));
    let options = IntersectionObserverInit::new();
    options.set_root_margin("400px");
    if let Ok(observer) = IntersectionObserver::new_with_options(seen.as_ref().unchecked_ref(), &options) {
        observer.observe(&find("mosaic"));
        observer.observe(&find("graph"));
    }
    seen.forget();
}

/// Pictures whose size changes are drawn anew.
pub fn watch_sizes(post: &Post) {
    let tell = post.clone();
    let seen = Closure::<dyn FnMut()>::new(move || tell.tell(Input::Look));
    if let Ok(observer) = ResizeObserver::new(seen.as_ref().unchecked_ref()) {
        document::all::<Element>("canvas").iter().for_each(|canvas| observer.observe(canvas));
    }
    seen.forget();
}
