//! How the messages of [`crate::protocol`] travel between page and engine: a JavaScript array of one value and the byte
//! arrays beside it, whose memory moves along instead of being copied. Both sides encode and decode here; each posts for
//! itself.

use js_sys::{Array, Uint8Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::{JsCast, JsValue};

/// Why something is no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a message of this program: {0}")]
pub struct WireError(String);

/// The message to post, and what of it moves: the two arguments of `postMessage`.
///
/// # Errors
/// When the value does not fit into JavaScript's numbers.
pub fn encode<T: Serialize>(value: &T, bytes: &[&[u8]]) -> Result<(Array, Array), WireError> {
    // "JSON compatible": enums with data become plain objects and u64 becomes a number.
    let value = value.serialize(&Serializer::json_compatible()).map_err(|error| WireError(error.to_string()))?;
    let (message, transfer) = (Array::of1(&value), Array::new());
    for bytes in bytes {
        let array = Uint8Array::from(*bytes);
        transfer.push(&array.buffer());
        message.push(&array);
    }
    Ok((message, transfer))
}

/// The value and the byte arrays of a message's data.
///
/// # Errors
/// When the data is not what [`encode`] makes of a `T`.
pub fn decode<T: DeserializeOwned>(data: JsValue) -> Result<(T, Vec<Vec<u8>>), WireError> {
    let message: Array = data.dyn_into().map_err(|_| WireError("it is no array".to_owned()))?;
    let value = serde_wasm_bindgen::from_value(message.get(0)).map_err(|error| WireError(error.to_string()))?;
    let bytes = message.iter().skip(1).map(|array| match array.dyn_into::<Uint8Array>() {
        Ok(array) => Ok(array.to_vec()),
        Err(_) => Err(WireError("what stands beside the value is no byte array".to_owned())),
    });
    Ok((value, bytes.collect::<Result<_, _>>()?))
}
