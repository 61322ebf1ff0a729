//! `spiking evaluate`.

use super::arguments::Evaluate;
use super::{data, files, say};
use crate::digits::Digits;
use crate::evaluation::evaluate;
use crate::kernels;
use crate::network::Network;
use crate::spec::Spec;
use crate::weights::checkpoint::model_from_bytes;
use anyhow::{Context, ensure};
use std::path::Path;

/// Measures a trained network on the test set.
///
/// # Errors
/// When the file or the data cannot be used, or do not fit each other.
pub fn run(arguments: Evaluate) -> anyhow::Result<()> {
    let (spec, network) = open(&arguments.model)?;
    let test = data::load(&arguments.data_dir, spec.dataset)?.test;
    check_fit(&network, &test, &arguments.model)?;
    let score = evaluate(&network, &spec, &test, 0..test.len(), 0);
    say(format!("Test accuracy {:.2} % ({} of {} images)", 100.0 * score.accuracy(), score.correct, score.images))
}

/// The spec and the network in a file.
///
/// # Errors
/// Names the file when it is not there or holds none.
pub fn open(model: &Path) -> anyhow::Result<(Spec, Network)> {
    model_from_bytes(&files::read(model)?, &kernels::cpu()).with_context(|| format!("cannot open {}", model.display()))
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
