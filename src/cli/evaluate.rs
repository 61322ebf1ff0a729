//! `spiking evaluate`.

use super::arguments::Evaluate;
use super::{data, files, say};
use crate::evaluation::evaluate;
use crate::kernels;
use crate::weights::checkpoint::model_from_bytes;
use anyhow::{Context, bail};

/// Measures a trained network on the test set.
///
/// # Errors
/// When the file or the data cannot be used, or do not fit each other.
pub fn run(arguments: Evaluate) -> anyhow::Result<()> {
    let model = arguments.model.display();
    let (spec, network) = model_from_bytes(&files::read(&arguments.model)?, &kernels::cpu())
        .with_context(|| format!("cannot open {model}"))?;
    let test = data::load(&arguments.data_dir, spec.dataset)?.test;
    if (network.pixels(), network.classes()) != (test.pixels(), test.classes()) {
        bail!(
            "{model} reads images of {} pixels in {} classes; the test set has {} pixels and {} classes",
            network.pixels(),
            network.classes(),
            test.pixels(),
            test.classes()
        );
    }
    let score = evaluate(&network, &spec, &test, 0..test.len(), 0);
    say(format!("Test accuracy {:.2} % ({} of {} images)", 100.0 * score.accuracy(), score.correct, score.images))
}
