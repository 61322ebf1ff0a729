//! The subcommand `spiking evaluate`: the accuracy of a trained network.

use super::arguments::{Evaluate, Model};
use super::opened::{Opened, plain};
use super::train_stdp::in_pieces;
use super::{data, drawings, export, files, say, tell};
use crate::activity::Activity;
use crate::chips::trial::{PICOJOULES, Standing, Trial};
use crate::digits::Digits;
use crate::event::Accuracy;
use crate::kernels;
use crate::network::Network;
use crate::sample::Sample;
use crate::spec::{Rule, Spec};
use crate::weights::checkpoint::{WeightsError, import, settings_from_bytes, spec_from_bytes};
use crate::weights::pytorch::{Remark, hidden_sizes};
use anyhow::{Context, bail, ensure};
use std::path::Path;

/// Evaluates a trained network on the test set, or on a file of drawings.
///
/// # Errors
/// When the file or the data cannot be used, or do not match.
pub fn run(arguments: Evaluate) -> anyhow::Result<()> {
    let opened = Opened::open(&arguments.model)?;
    if let Some(file) = &arguments.drawings {
        return on_drawings(&opened, file, &arguments.model.file);
    }
    if let Some(bits) = arguments.loihi {
        let test = data::load(&arguments.data_dir, opened.spec().dataset)?.test;
        check_fit(opened.sizes(), &test, &arguments.model.file)?;
        return on_loihi(&opened, &test, bits);
    }
    let export = arguments.export.as_deref();
    let spec = opened.spec().clone();
    ensure!(
        export.is_none() || spec.rule == Rule::SurrogateGradient,
        "--export is for simulators of networks whose layers follow each other; the neurons of a layer that learnt by stdp also \
         inhibit each other: its file has all of its numbers"
    );
    let test = data::load(&arguments.data_dir, spec.dataset)?.test;
    check_fit(opened.sizes(), &test, &arguments.model.file)?;
    if let Some(file) = export {
        let inputs = data::files_of(&arguments.data_dir, spec.dataset);
        files::ensure_apart("--export", file, inputs.iter().chain([&arguments.model.file]))?;
    }
    let (score, activity) = opened.measure(&test);
    let line =
        format!("Test accuracy {:.2} % ({} of {} images)", 100.0 * score.fraction(), score.correct, score.images);
    let fired = activity_line(&activity);
    let write = |file: &Path| match &opened {
        Opened::Gradients(it) => files::write_whole(file, export::json(&it.0, &it.1, &test)?.as_bytes()),
        Opened::Stdp(_) => Ok(()),
    };
    // The accuracy is useful without the export.
    let exported = export.map_or(Ok(()), write);
    if export.is_some_and(files::is_stdout) {
        tell(line);
        tell(fired);
    } else {
        say(line)?;
        say(fired)?;
    }
    exported
}

/// How much a network fires, and what that takes beside a network that does not spike.
fn activity_line(activity: &Activity) -> String {
    let rates = activity.rates();
    let hidden: Vec<String> = rates[1..].iter().map(|rate| format!("{:.1} %", 100.0 * rate)).collect();
    format!(
        "A picture takes {:.0} synaptic operations ({} multiply-adds without spikes); of the time steps, an input spikes in \
         {:.1} %, a hidden neuron in {}",
        activity.synaptic_operations(),
        activity.synapses,
        100.0 * rates[0],
        hidden.join(", ")
    )
}

/// Evaluates it in Loihi's integers beside floats, and says what it takes there.
fn on_loihi(opened: &Opened, test: &Digits, bits: u32) -> anyhow::Result<()> {
    let trial = Trial::new(plain(opened)?, bits)?;
    let pieces = in_pieces(test.len(), |range| {
        let mut trial = trial.clone();
        trial.show(range.map(|image| (Sample::of(test, image, 0), test.label(image))));
        trial.standing
    });
    let all = pieces.into_iter().fold(Standing::default(), Standing::and);
    let chip = &trial.chip;
    let line = |name: &str, correct: usize| {
        let score = Accuracy { correct, images: all.images };
        format!("{name} {:.2} % ({} of {} images)", 100.0 * score.fraction(), score.correct, score.images)
    };
    say(line("Test accuracy", all.floats))?;
    say(line(&format!("On Loihi, {bits}-bit weights,"), all.chip))?;
    say(line("The same answer for", all.same))?;
    say(format!("Currents that wrapped around: {}; voltages at their bound: {}", all.wraps, all.saturations))?;
    if chip.cut_biases > 0 {
        say(format!("Biases larger than the chip has any, cut: {}", chip.cut_biases))?;
    }
    let operations = all.operations as f64 / all.images.max(1) as f64;
    let steps = opened.spec().time_steps + chip.layers.len();
    say(format!(
        "A picture takes {steps} time steps and {operations:.0} synaptic operations; at 23.6 pJ each, the least and before silicon \
         (Davies and others 2018, doi:10.1109/MM.2018.112130359, table 2), {:.1} µJ",
        operations * PICOJOULES / 1e6
    ))?;
    say(format!(
        "It has {} neurons and {} synapses: {} of the 128 cores of Loihi 1 at the least",
        chip.neurons(),
        chip.synapses(),
        chip.cores()
    ))
}

/// Evaluates it on the drawn digits of a file, in total and for each digit.
fn on_drawings(opened: &Opened, file: &Path, model: &Path) -> anyhow::Result<()> {
    let bytes = files::read_at_most(file, &files::DRAWINGS)?;
    let drawn = drawings::from_bytes(&bytes).with_context(|| format!("cannot use {}", file.display()))?;
    let drawn = drawings::digits(&drawn);
    ensure!(!drawn.is_empty(), "there is no drawing in {}", file.display());
    let (has, wants) = (opened.sizes().0, drawn.pixels());
    ensure!(has == wants, "{} reads images of {has} pixels; drawings have {wants}", model.display());
    let mut total = Accuracy::default();
    for digit in 0..10 {
        let own = drawn.of_class(digit);
        let score = opened.score(&own);
        if score.images > 0 {
            say(format!("{digit}: {:.2} % ({} of {})", 100.0 * score.fraction(), score.correct, score.images))?;
        }
        total += score;
    }
    say(format!("Accuracy on drawings {:.2} % ({} of {})", 100.0 * total.fraction(), total.correct, total.images))
}

/// The spec and the network that learns by gradients in the bytes of a file. Settings given on the command line override those in the header and stand in for
/// a missing header. What was done to a file of another program is printed.
///
/// # Errors
/// Names the file when it does not exist or holds no such network.
pub fn open_network(model: &Model, bytes: &[u8]) -> anyhow::Result<(Spec, Network)> {
    let cannot = || format!("cannot open {}", model.file.display());
    let is_typed = |name: &str| model.given.iter().any(|(given, _)| *given == name);
    let mut spec = match spec_from_bytes(bytes) {
        Ok(spec) => spec,
        Err(WeightsError::NoEntry(_)) => {
            let hidden = sizes(bytes)?;
            if model.given.is_empty() {
                let hidden = hidden.unwrap_or_else(|| "256".to_owned());
                bail!(
                    "{}: its header has no spec, so flags must say which network it is, for example --hidden {hidden} \
                     --time-steps 25",
                    cannot()
                );
            }
            let mut spec = Spec::default();
            if let Some(hidden) = hidden.filter(|_| !is_typed("hidden")) {
                spec.set("hidden", &hidden).with_context(cannot)?;
                tell(format_args!("{}: it says --hidden {hidden} by its shapes", model.file.display()));
            }
            spec
        }
        Err(error) => return Err(error).with_context(cannot),
    };
    for (name, text) in &model.given {
        spec.set(name, text)?;
    }
    spec.check()?;
    let settled = settings_from_bytes(bytes).with_context(cannot)?;
    let settled: Vec<&str> = model.given.iter().map(|(name, _)| *name).chain(settled).collect();
    let (network, remarks) = import(&spec, bytes, &settled, &kernels::cpu()).with_context(cannot)?;
    tell_of(&model.file, &remarks);
    Ok((spec, network))
}

/// The hidden layers inferred from the shapes in a file, as the flag takes them; `None` if they cannot be.
///
/// # Errors
/// When the file is damaged.
pub fn sizes(bytes: &[u8]) -> anyhow::Result<Option<String>> {
    let sizes = hidden_sizes(bytes)?;
    Ok(sizes.map(|sizes| sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(",")))
}

/// Prints what was done to another program's file so that it could be opened.
pub fn tell_of(file: &Path, remarks: &[Remark]) {
    remarks.iter().for_each(|remark| tell(format_args!("{}: {remark}", file.display())));
}

/// Checks that the network in `file` takes these images and has an output neuron for each of their labels. Not every
/// class must occur: a test set may be too small for that.
///
/// # Errors
/// When it does not.
pub fn check_fit(has: (usize, usize), digits: &Digits, file: &Path) -> anyhow::Result<()> {
    let wants = (digits.pixels(), digits.classes());
    ensure!(
        has.0 == wants.0,
        "{} reads images of {} pixels in {} classes; the data has {} pixels and {} classes",
        file.display(),
        has.0,
        has.1,
        wants.0,
        wants.1
    );
    if let Some(image) = digits.labels.iter().position(|label| usize::from(*label) >= has.1) {
        bail!(
            "{} reads images in {} classes, labelled 0 to {}; image {image} of the data has label {}: does the network belong \
             to this data, and do the labels?",
            file.display(),
            has.1,
            has.1.saturating_sub(1),
            digits.label(image)
        );
    }
    Ok(())
}
