//! How long training will take, in words.

use crate::digits::shard::Split;
use crate::page::model::forecast::{Forecast, Going, forecast as forecast_of, said};
use crate::page::model::phrases::{Phrase, Phrases};
use crate::page::model::run::Phase;
use crate::page::model::state::Model;
use crate::spec::MAX_EPOCHS;

/// The sentence; nothing where it stands still or nothing can be said.
pub fn forecast(model: &Model, phrases: &Phrases) -> String {
    let Some(speed) = model.progress.images_per_second.filter(|_| model.run.phase == Phase::Training) else {
        return String::new();
    };
    let images = model.manifest.as_ref().map_or(0, |manifest| manifest.images(Split::Train));
    let going = Going {
        measured: model.history.measured(),
        epochs: model.progress.epochs,
        epoch: images as f64 / speed,
        target: model.link.stop_at.map(|target| f64::from(target) / 100.0),
        last: Some(model.link.spec.epochs).filter(|epochs| *epochs < MAX_EPOCHS),
    };
    let said_as = |phrase, what: String, seconds| phrases.say(phrase, &[("what", what), ("time", said(seconds))]);
    match forecast_of(&going) {
        None => String::new(),
        Some(Forecast::Target(seconds)) => {
            said_as(Phrase::ForecastWish, model.link.stop_at.unwrap_or_default().to_string(), seconds)
        }
        Some(Forecast::Epoch(epoch, seconds)) => said_as(Phrase::ForecastEpoch, epoch.to_string(), seconds),
    }
}
