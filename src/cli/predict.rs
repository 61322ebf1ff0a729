//! `spiking predict`: which digit is on a picture, how surely, and since when that was known.

use super::arguments::Predict;
use super::evaluate::open;
use super::{files, photo, say, tell};
use crate::digits::drawing::{PIXELS, SIDE, picture};
use crate::evaluation::trace;
use crate::network::Network;
use crate::spec::Spec;
use crate::spikes::encode::Pass;
use anyhow::{Context, bail, ensure};
use std::path::Path;

/// Prints a line for each picture. One that cannot be read is told, and the others are still answered.
///
/// # Errors
/// When the model cannot be used, or a picture could not be answered.
pub fn run(arguments: &Predict) -> anyhow::Result<()> {
    let (spec, network) = open(&arguments.model)?;
    ensure!(
        network.pixels() == PIXELS,
        "{} reads images of {} pixels; pictures are brought to {SIDE} × {SIDE}",
        arguments.model.display(),
        network.pixels()
    );
    let mut failed = 0;
    for image in &arguments.images {
        match answer(&spec, &network, image) {
            Ok(line) => say(format!("{}: {line}", image.display()))?,
            Err(error) => {
                tell(format!("error: {error:#}"));
                failed += 1;
            }
        }
    }
    if failed > 0 {
        bail!("{failed} of {} pictures could not be read", arguments.images.len());
    }
    Ok(())
}

/// The class, its probability, and the time step, counted from 1, since which it leads.
fn answer(spec: &Spec, network: &Network, path: &Path) -> anyhow::Result<String> {
    let photo = photo::decode(&files::read(path)?).with_context(|| format!("cannot open {}", path.display()))?;
    let ink = photo.ink().with_context(|| format!("there is nothing on {}", path.display()))?;
    let trace = trace(network, spec, &picture(photo.width, photo.height, &ink), Pass::Drawing, 0);
    let Some(class) = trace.answer() else {
        return Ok("no answer: all classes have the same evidence".to_owned());
    };
    let percent = 100.0 * trace.probabilities()[class];
    let since =
        trace.known_since().map_or(String::new(), |t| format!(", since time step {} of {}", t + 1, spec.time_steps));
    Ok(format!("{class}, probability {percent:.1} %{since}"))
}
