//! The knobs of the page. What is allowed at all is in [`crate::spec::FIELDS`]; a knob turns within the part that makes sense
//! on the page, and whatever is allowed can be typed.

use crate::knob::{Knob, at, even};
use crate::spec::MAX_EPOCHS;

/// Neurons of a layer.
const SIZES: &[f64] = &[8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// Feature maps of a convolution.
const MAPS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

/// Every knob of the page.
pub const KNOBS: &[Knob] = &[
    even("time-steps", 1.0, 100.0, 1.0, 0),
    even("input-rate", 0.05, 1.0, 0.05, 2),
    even("noise", 0.0, 1.0, 0.05, 2),
    even("layers", 1.0, 4.0, 1.0, 0),
    at("hidden", SIZES),
    at("hidden-2", SIZES),
    at("hidden-3", SIZES),
    at("hidden-4", SIZES),
    at("maps", MAPS),
    even("kernel", 1.0, 9.0, 1.0, 0),
    even("stride", 1.0, 4.0, 1.0, 0),
    at("maps-2", MAPS),
    even("kernel-2", 1.0, 9.0, 1.0, 0),
    even("stride-2", 1.0, 4.0, 1.0, 0),
    even("beta", 0.0, 1.0, 0.01, 2),
    even("gain", 0.05, 5.0, 0.05, 2),
    even("threshold", 0.05, 5.0, 0.05, 2),
    even("adaptation", 0.0, 5.0, 0.05, 2),
    even("adaptation-decay", 0.0, 1.0, 0.01, 2),
    even("slope", 1.0, 100.0, 1.0, 0),
    at("batch-size", &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0]),
    at(
        "learning-rate",
        &[0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5],
    ),
    at("inhibition", &[0.0, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0]),
    even("depression", 0.0, 1.0, 0.05, 2),
    at("youth", &[0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]).with_off(0.0),
    even("mean-weight", 0.0, 0.5, 0.01, 2).with_off(0.0),
    at("rate-penalty", &[0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]).with_off(0.0),
    even("rate-target", 0.0, 1.0, 0.01, 2),
    at("stop-at", &[0.0, 50.0, 80.0, 90.0, 95.0, 96.0, 97.0, 98.0, 99.0]).with_off(0.0),
    at("epochs", &[1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0, MAX_EPOCHS as f64]).with_off(MAX_EPOCHS as f64),
    at("certainty", &[50.0, 60.0, 70.0, 80.0, 90.0, 95.0, 99.0, 99.9]),
    even("seed", 0.0, 999.0, 1.0, 0),
    even("speed", 1.0, 25.0, 1.0, 0),
];

/// The knob with that name.
pub fn knob(name: &str) -> Option<&'static Knob> {
    KNOBS.iter().find(|knob| knob.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Values, field};

    #[test]
    fn knobs_turn_within_what_is_allowed() {
        for knob in KNOBS {
            let allowed = match field(knob.name).map(|field| field.values) {
                Some(Values::Whole(low, high)) => low as f64..=high as f64,
                Some(Values::Real(low, high)) => low..=high,
                Some(Values::Words(_)) => panic!("{} is no number", knob.name),
                Some(Values::Other(_)) | None => continue,
            };
            assert!(allowed.contains(&knob.low) && allowed.contains(&knob.high), "{}", knob.name);
        }
    }

    #[test]
    fn turning_back_comes_back() {
        for knob in KNOBS {
            let middle = knob.turn(knob.low, 2);
            assert_eq!(knob.turn(knob.turn(middle, 1), -1), middle, "{}", knob.name);
        }
    }
}
