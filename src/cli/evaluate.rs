//! `spiking evaluate`.

use super::arguments::{Evaluate, Model};
use super::{data, drawings, export, files, say, tell};
use crate::digits::Digits;
use crate::evaluation::evaluate;
use crate::event::Score;
use crate::kernels;
use crate::network::Network;
use crate::spec::Spec;
use crate::weights::checkpoint::{WeightsError, network_from_bytes, spec_from_bytes};
use anyhow::{Context, bail, ensure};
use std::path::Path;

/// Measures a trained network on the test set.
///
/// # Errors
/// When the file or the data cannot be used, or do not fit each other.
pub fn run(arguments: Evaluate) -> anyhow::Result<()> {
    let (spec, network) = open(&arguments.model)?;
    if let Some(file) = &arguments.drawings {
        return on_drawings(&spec, &network, file, &arguments.model.file);
    }
    let test = data::load(&arguments.data_dir, spec.dataset)?.test;
    check_fit(&network, &test, &arguments.model.file)?;
    let export = arguments.export.as_deref();
    if let Some(file) = export {
        let inputs = data::files_of(&arguments.data_dir, spec.dataset);
        files::ensure_apart("--export", file, inputs.iter().chain([&arguments.model.file]))?;
    }
    let score = evaluate(&network, &spec, &test, 0..test.len(), 0);
    let line =
        format!("Test accuracy {:.2} % ({} of {} images)", 100.0 * score.accuracy(), score.correct, score.images);
    let write = |file: &Path| files::write_whole(file, export::json(&spec, &network, &test)?.as_bytes());
    // The one is worth having without the other.
    let exported = export.map_or(Ok(()), write);
    if export.is_some_and(files::is_stdout) {
        tell(line)
    } else {
        say(line)?
    }
    exported
}

/// Measures it on the drawn digits of a file, in all and digit by digit.
fn on_drawings(spec: &Spec, network: &Network, file: &Path, model: &Path) -> anyhow::Result<()> {
    let bytes = files::read_at_most(file, &files::DRAWINGS)?;
    let drawn = drawings::from_bytes(&bytes).with_context(|| format!("cannot use {}", file.display()))?;
    let drawn = drawings::digits(&drawn);
    ensure!(!drawn.is_empty(), "there is no drawing in {}", file.display());
    let (has, wants) = (network.pixels(), drawn.pixels());
    ensure!(has == wants, "{} reads images of {has} pixels; drawings have {wants}", model.display());
    let mut total = Score::default();
    for digit in 0..10 {
        let own = drawn.of_class(digit);
        let score = evaluate(network, spec, &own, 0..own.len(), 0);
        if score.images > 0 {
            say(format!("{digit}: {:.2} % ({} of {})", 100.0 * score.accuracy(), score.correct, score.images))?;
        }
        total += score;
    }
    say(format!("Accuracy on drawings {:.2} % ({} of {})", 100.0 * total.accuracy(), total.correct, total.images))
}

/// The network in a file and its spec: what was typed counts more than what the header says, and is all there is where
/// it says nothing.
///
/// # Errors
/// Names the file when it is not there or holds no such network.
pub fn open(model: &Model) -> anyhow::Result<(Spec, Network)> {
    let bytes = files::read_at_most(&model.file, &files::WEIGHTS)?;
    let cannot = || format!("cannot open {}", model.file.display());
    let mut spec = match spec_from_bytes(&bytes) {
        Ok(spec) => spec,
        Err(WeightsError::NoEntry(_)) if !model.given.is_empty() => Spec::default(),
        Err(WeightsError::NoEntry(_)) => bail!(
            "{}: its header has no spec, so flags must say which network it is, for example --hidden 256 --time-steps 25",
            cannot()
        ),
        Err(error) => return Err(error).with_context(cannot),
    };
    for (name, text) in &model.given {
        spec.set(name, text)?;
    }
    let network = network_from_bytes(&spec, &bytes, &kernels::cpu()).with_context(cannot)?;
    Ok((spec, network))
}

/// Whether the network in `file` takes these images and has an output neuron for each of their classes.
///
/// # Errors
/// When it does not.
pub fn check_fit(network: &Network, digits: &Digits, file: &Path) -> anyhow::Result<()> {
    let (has, wants) = ((network.pixels(), network.classes()), (digits.pixels(), digits.classes()));
    ensure!(
        has == wants,
        "{} reads images of {} pixels in {} classes; the data has {} pixels and {} classes",
        file.display(),
        has.0,
        has.1,
        wants.0,
        wants.1
    );
    Ok(())
}
