//! Files for the reader.

use crate::dom::document::create;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsValue;
use web_sys::{Blob, HtmlAnchorElement, Url};

/// The bytes as a file without a name.
///
/// # Errors
/// What the browser says when it makes no file of them.
pub fn blob(bytes: &[u8]) -> Result<Blob, JsValue> {
    Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes)))
}

/// Hands a file to the reader.
///
/// # Errors
/// What the browser says when it cannot be had.
pub fn download(blob: &Blob, name: &str) -> Result<(), JsValue> {
    let url = Url::create_object_url_with_blob(blob)?;
    let link: HtmlAnchorElement = create("a");
    link.set_href(&url);
    link.set_download(name);
    link.click();
    Url::revoke_object_url(&url)
}
