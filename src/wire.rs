//! The encoding of the messages of [`crate::protocol`] between page and engine: a JavaScript array of one value and the
//! byte arrays beside it, whose memory is transferred instead of copied. Both sides encode and decode here; each posts
//! for itself. The number of a request, which its answer carries, stands last; a message without one is no answer, and a
//! request without one has the number 0.
//!
//! Messages of our programs travel packed ([postcard](https://postcard.jamesmunns.com)): the code for it is a third of the size.
//! Any script can drive an engine in plain JavaScript values: a request may be one, and an engine whose worker is called
//! [`PLAIN`](crate::wire::PLAIN) reports in them too.

use crate::protocol::{Report, Request, RequestId};
use js_sys::{Array, Uint8Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::{JsCast, JsValue};

/// The name of a worker whose engine reports in plain values.
pub const PLAIN: &str = "plain";

/// Why data is not a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a message of this program: {0}")]
pub struct WireError(String);

/// The plain message to post and its transfer list: the two arguments of `postMessage`.
///
/// # Errors
/// When the value does not fit into JavaScript's numbers.
pub fn plain<T: Serialize>(value: &T, id: Option<RequestId>, bytes: &[&[u8]]) -> Result<(Array, Array), WireError> {
    // "JSON compatible": enums with data become plain objects and u64 becomes a number.
    let value = value.serialize(&Serializer::json_compatible()).map_err(|error| WireError(error.to_string()))?;
    Ok(with_bytes(value, id, bytes))
}

/// The packed message to post and its transfer list.
///
/// # Errors
/// When the value cannot be packed.
pub fn packed<T: Serialize>(value: &T, id: Option<RequestId>, bytes: &[&[u8]]) -> Result<(Array, Array), WireError> {
    Ok(with_bytes(Uint8Array::from(&pack(value)?[..]).into(), id, bytes))
}

fn with_bytes(value: JsValue, id: Option<RequestId>, bytes: &[&[u8]]) -> (Array, Array) {
    let (message, transfer) = (Array::of1(&value), Array::new());
    for bytes in bytes {
        let array = Uint8Array::from(*bytes);
        transfer.push(&array.buffer());
        message.push(&array);
    }
    if let Some(id) = id {
        message.push(&id.into());
    }
    (message, transfer)
}

/// What a message says, the number of the request that it is or answers, and its byte arrays.
pub type Message<T> = (T, Option<RequestId>, Vec<Vec<u8>>);

/// The request of a message's data.
///
/// # Errors
/// When the data is not what [`packed`] or [`plain`] makes of one.
pub fn request(data: JsValue) -> Result<Message<Request>, WireError> {
    let (value, id, bytes) = taken_apart(data)?;
    let request = match value.dyn_into::<Uint8Array>() {
        Ok(packed) => unpack(&packed.to_vec())?,
        Err(value) => serde_wasm_bindgen::from_value(value).map_err(|error| WireError(error.to_string()))?,
    };
    Ok((request, id, bytes))
}

/// The report of a message's data.
///
/// # Errors
/// When the data is not what [`packed`] makes of one.
pub fn report(data: JsValue) -> Result<Message<Report>, WireError> {
    unpacked(data)
}

/// A packed value of any kind, with what stands beside it.
///
/// # Errors
/// When the data is not what [`packed`] makes of one.
pub fn unpacked<T: DeserializeOwned>(data: JsValue) -> Result<Message<T>, WireError> {
    let (value, id, bytes) = taken_apart(data)?;
    let value: Uint8Array = value.dyn_into().map_err(|_| WireError("it is not packed".to_owned()))?;
    Ok((unpack(&value.to_vec())?, id, bytes))
}

fn taken_apart(data: JsValue) -> Result<Message<JsValue>, WireError> {
    let message: Array = data.dyn_into().map_err(|_| WireError("it is no array".to_owned()))?;
    let id = message.at(-1).as_f64().map(|id| id as RequestId);
    let arrays = message.length() as usize - usize::from(id.is_some());
    let bytes = message.iter().take(arrays).skip(1).map(|array| match array.dyn_into::<Uint8Array>() {
        Ok(array) => Ok(array.to_vec()),
        Err(_) => Err(WireError("what stands beside the value is no byte array".to_owned())),
    });
    Ok((message.get(0), id, bytes.collect::<Result<_, _>>()?))
}

/// A value, packed.
///
/// # Errors
/// When it cannot be packed.
pub fn pack<T: Serialize>(value: &T) -> Result<Vec<u8>, WireError> {
    postcard::to_allocvec(value).map_err(|_| WireError("it cannot be packed".to_owned()))
}

/// The value that [`pack`] packed.
///
/// # Errors
/// When the bytes are something else.
pub fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, WireError> {
    // The reason would help no user, and its text would have to be fetched.
    postcard::from_bytes(bytes).map_err(|_| WireError("it is none of ours".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digits::shard::Split;
    use crate::event::{Accuracy, EpochDone, StepDone};
    use crate::protocol::Picture;
    use crate::spec::{Dataset, Neuron, Spec, dense};

    #[test]
    fn what_is_packed_is_unpacked() {
        let score = Accuracy { correct: 3, images: 1 << 40 };
        let done = StepDone { step: u64::MAX, epoch: 7, images: 64, images_in_epoch: 60_000, loss: 0.1, score };
        let reports = [
            Report::Ready { build: "a".to_owned(), device: String::new(), is_software: true },
            Report::Need(Split::Test, 3),
            Report::Step { done, loss: f32::INFINITY, score, images_per_second: 1e9 },
            Report::Epoch(EpochDone { epoch: 0, loss: -0.5, score, test: None }),
            Report::Epoch(EpochDone { epoch: 0, loss: 0.5, score, test: Some(score) }),
            Report::Paused,
            Report::SamplesRefused(Dataset::FashionMnist, "why".to_owned()),
            Report::Trace { picture: Picture::Test(12), label: Some(4), step: 0 },
            Report::Fields(1, vec![0, 700]),
            Report::Checked(11, Some("no".to_owned())),
        ];
        for report in reports {
            assert_eq!(unpack(&pack(&report).unwrap()), Ok(report));
        }
    }

    #[test]
    fn requests_travel_as_they_are_in_both_forms() {
        let spec = Spec { seed: 9, noise: 0.25, layers: dense([8, 3]), learning_rate: 0.1 + 0.2, ..Spec::default() };
        let requests = [
            Request::Open,
            Request::Start(spec.clone()),
            Request::Continue(Spec::default()),
            Request::Change(Spec { neuron: Neuron { adaptation: 0.5, ..Neuron::default() }, ..spec }),
            Request::Shard(Split::Train, 7),
            Request::Samples(Dataset::Folder),
            Request::Trace { picture: Picture::Test(12) },
            Request::TestImages(vec![0, 9999]),
            Request::Fields(2, vec![1, 2]),
        ];
        for request in requests {
            assert_eq!(unpack(&pack(&request).unwrap()), Ok(request.clone()));
            let plain = serde_json::to_string(&request).unwrap();
            assert_eq!(serde_json::from_str::<Request>(&plain).unwrap(), request, "{plain}");
        }
        // A hash that says no spec.
        assert!(unpack::<Request>(&[1, 3, b'x', b'=', b'1']).is_err());
    }

    #[test]
    fn what_is_no_report_is_told() {
        assert!(unpack::<Report>(&[]).is_err() && unpack::<Report>(&[255; 9]).is_err());
    }
}
