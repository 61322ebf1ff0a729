//! `spiking train`.

use super::arguments::{Model, Train};
use super::digest::DataDigest;
use super::evaluate::{check_fit, sizes, tell_of};
use super::interchange::parameters;
use super::interrupt::Interrupted;
use super::opened::foreign;
use super::origin::Origin;
use super::output::{Output, cannot_go_on};
use super::report::{EpochReport, Lines, Progress};
use super::{data, files, interrupt, tell};
use crate::chips::nir::SETTLED;
use crate::event::{EpochDone, Event, StepDone};
use crate::kernels::{self, GpuDevice};
use crate::network::{Misfit, Network};
use crate::spec::{FIELDS, Rule, Spec, field};
use crate::training::{Advance, Launch, Run, RunSnapshot};
use crate::weights::checkpoint;
use crate::weights::format::Format;
use crate::weights::rounding::WeightsType;
use anyhow::{Context, anyhow, bail, ensure};
use burn::tensor::Device;
use pollster::block_on;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a resumed run may do otherwise than before.
const MAY_CHANGE: &[&str] = &["epochs"];

/// Trains, prints a line for each epoch and saves after it.
///
/// # Errors
/// When the data or the folder cannot be used, or the loss is no number any more.
pub fn run(arguments: Train) -> anyhow::Result<()> {
    // A folder that is refused should be refused before anything is fetched.
    let resumed = arguments.resume.then(|| resumed(&arguments)).transpose()?;
    let rule = match &resumed {
        Some(Resumed { bytes, folder, .. }) => {
            checkpoint::spec_from_bytes(bytes).with_context(|| cannot_go_on(folder))?.rule
        }
        None => arguments.spec.rule,
    };
    match rule {
        Rule::SurrogateGradient => by_gradients(arguments, resumed),
        Rule::Stdp => super::train_stdp::run(arguments, resumed),
    }
}

/// Trains by surrogate gradients.
fn by_gradients(arguments: Train, resumed: Option<Resumed>) -> anyhow::Result<()> {
    let gpu = arguments.on_card.then(|| block_on(kernels::open_gpu())).transpose()?;
    let device = gpu.as_ref().map_or_else(kernels::cpu, |gpu| gpu.device.clone()).autodiff();
    let resumed = resumed.map(|resumed| resume(&arguments, resumed, &device)).transpose()?;
    let spec = resumed.as_ref().map_or(&arguments.spec, |(_, run)| &run.spec);
    let data = data::load(&arguments.data_dir, spec.dataset)?;
    check_labels(&data)?;
    let digest = DataDigest::new(&data);
    let (mut output, mut run) = match resumed {
        Some((output, run)) => {
            let fit = |pixels, classes| run.network.check_fit(pixels, classes);
            check_same(run.images, fit, output.data(), &data, &digest, arguments.force)?;
            (output, run.into_run())
        }
        None => {
            let (network, origin) = start(&arguments, &data, &device)?;
            let run = Run::new(arguments.spec.clone(), network, data.train.len());
            (Output::new(arguments.output.clone(), arguments.force, origin)?, run)
        }
    };
    output.set_data(digest);
    let before = output.weights_type();
    if let Some(weights_type) = arguments.weights_type.as_deref().and_then(WeightsType::from_word) {
        output.set_weights_type(weights_type);
    }
    tell(summary(&run));
    if let Some(GpuDevice { name, is_software, .. }) = &gpu {
        let note =
            if *is_software { ", a program that computes what a card would: the CPU itself is faster" } else { "" };
        tell(format!("On {name}{note}"));
    }
    if run.is_finished() {
        if output.weights_type() == before {
            bail!("the run has done its {} epochs: say --epochs N with a larger N to train on", run.spec.epochs);
        }
        output.save_in_other_type(&run, &data.test)?;
        tell(format!("Saved in {}", output.folder().display()));
        return Ok(());
    }
    interrupt::listen()?;
    let mut lines = Lines::default();
    while !run.is_finished() {
        match epoch(&mut run, &data)? {
            Some(report) => {
                // What is told is saved, and whether anybody hears it makes no difference to the run.
                output.save(&run, &report, &data.test)?;
                lines.say(report.line());
            }
            None => {
                output.save_checkpoint(&run)?;
                output.save_digit(&run, &data.test)?;
                return Err(interrupted(&run, &output).into());
            }
        }
    }
    output.save_digit(&run, &data.test)?;
    tell(format!("Saved in {}", output.folder().display()));
    lines.end()
}

/// A run that is gone on with: its folder, and the bytes of its checkpoint.
#[derive(Debug)]
pub struct Resumed {
    /// Where it is.
    pub folder: PathBuf,
    /// The folder to write to.
    pub output: Output,
    /// The checkpoint.
    pub bytes: Vec<u8>,
}

fn resumed(arguments: &Train) -> anyhow::Result<Resumed> {
    let folder =
        arguments.output.as_ref().ok_or_else(|| anyhow!("--resume needs --output DIR: the folder of the run"))?;
    let (output, bytes) = Output::resume(folder)?;
    Ok(Resumed { folder: folder.clone(), output, bytes })
}

/// The run, with the settings that may change as the command line has them.
fn resume(arguments: &Train, resumed: Resumed, device: &Device) -> anyhow::Result<(Output, RunSnapshot)> {
    let Resumed { folder, mut output, bytes } = resumed;
    let mut run = checkpoint::snapshot_from_bytes(&bytes, device).with_context(|| cannot_go_on(&folder))?;
    change(&mut run.spec, arguments)?;
    output.forget_after(u64::from(run.position.epoch));
    Ok((output, run))
}

/// Gives a resumed run's spec the settings that may change, as the command line has them.
///
/// # Errors
/// Names one that may not.
pub fn change(spec: &mut Spec, arguments: &Train) -> anyhow::Result<()> {
    let given = FIELDS.iter().filter(|field| arguments.given.contains(&field.name));
    for field in given {
        let (asked, before) = (field.text(&arguments.spec), field.text(spec));
        if MAY_CHANGE.contains(&field.name) {
            spec.set(field.name, &asked)?;
        } else if asked != before {
            bail!("the run has --{} {before}, which cannot be changed to {asked}: start a new one", field.name);
        }
    }
    Ok(())
}

/// Whether training shows each class that the test asks for.
///
/// # Errors
/// Names the first label that it does not.
pub fn check_labels(data: &data::DataSet) -> anyhow::Result<()> {
    let classes = data.train.classes();
    let unknown = data.test.labels.iter().position(|label| usize::from(*label) >= classes);
    if let Some(image) = unknown {
        bail!(
            "test image {image} has label {}, which no training image has (theirs are 0 to {}): do both label files belong \
             together?",
            data.test.label(image),
            classes.saturating_sub(1)
        );
    }
    Ok(())
}

/// Whether a run may go on over these images: they must be those that it was over, or, if `force` says so, others of
/// the same number, size and classes.
///
/// # Errors
/// Says what differs.
pub fn check_same(
    run_images: usize,
    check_fit: impl FnOnce(usize, usize) -> Result<(), Misfit>,
    before: Option<&DataDigest>,
    data: &data::DataSet,
    now: &DataDigest,
    force: bool,
) -> anyhow::Result<()> {
    const SAME: &str = "give it the same data (--data-dir), or start a new run in another --output";
    let train = &data.train;
    if run_images != train.len() {
        bail!("the run was over {run_images} images, and there are {}: {SAME}", train.len());
    }
    let is_same = before.is_some_and(|before| before.train == now.train);
    let (pixels, classes) = (train.pixels(), train.classes());
    // The same images fit, even if none of them shows the last of the network's classes.
    if !is_same {
        check_fit(pixels, classes).map_err(|misfit| anyhow!("the run's network {misfit}: {SAME}"))?;
    }
    let Some(before) = before else { return Ok(()) };
    ensure!(
        is_same || force,
        "the run was over other images than there are, of the same number and size: {SAME}; --force goes on with these all \
         the same"
    );
    if !is_same {
        tell("Going on over other images than before");
    }
    if before.test != now.test {
        tell("The test set is another one than before: its accuracies are not to be compared with those before");
    }
    Ok(())
}

/// The network at the start of a run, and the file that it came from.
fn start(arguments: &Train, data: &data::DataSet, device: &Device) -> anyhow::Result<(Network, Option<Origin>)> {
    let (spec, train) = (&arguments.spec, &data.train);
    spec.check_fit(train.pixels())?;
    let Some(file) = &arguments.weights else {
        return Ok((Network::new(spec, train.pixels(), train.classes(), device), None));
    };
    if arguments.output.as_ref().is_some_and(|folder| Output::has(folder, file)) {
        bail!("--weights {} is in the folder whose run is to be replaced: name another --output", file.display());
    }
    let bytes = files::read_at_most(file, &files::WEIGHTS)?;
    if Format::of(&bytes) == Some(Format::Hdf5) {
        let network = from_other_program(spec, file, &bytes, device)?;
        check_fit((network.pixels(), network.classes()), train, file)?;
        return Ok((network, Some(Origin::new(file, &bytes))));
    }
    let (network, remarks) = checkpoint::import(spec, &bytes, &arguments.given, device).with_context(|| {
        let made = checkpoint::spec_from_bytes(&bytes).ok().map(|made| flags(&made)).filter(|made| !made.is_empty());
        let made = made.map(|made| format!(" (it was trained with {made})"));
        // Another program's file says it by its shapes alone.
        let sizes = || Some(format!(" (its layers are --hidden {})", sizes(&bytes).ok()??));
        let hint = made.or_else(sizes).unwrap_or_default();
        format!("cannot start from {}{hint}", file.display())
    })?;
    check_fit((network.pixels(), network.classes()), train, file)?;
    tell_of(file, &remarks);
    Ok((network, Some(Origin::new(file, &bytes))))
}

/// The network of another program's file, whose settings are those of the flags.
fn from_other_program(spec: &Spec, file: &Path, bytes: &[u8], device: &Device) -> anyhow::Result<Network> {
    let plain = foreign(&Model { file: file.to_owned(), given: Vec::new() }, bytes, None)
        .with_context(|| format!("cannot start from {}", file.display()))?;
    let said = &plain.spec;
    let is_same = SETTLED.iter().filter_map(|name| field(name)).all(|field| field.text(said) == field.text(spec));
    ensure!(is_same, "cannot start from {} (it is a network of {})", file.display(), flags(said));
    Ok(Network::with_parameters(spec, &parameters(&plain), Some(plain.pixels()), device)?)
}

/// The settings that are not the defaults, as one would type them.
fn flags(spec: &Spec) -> String {
    let default = Spec::default();
    let differs = FIELDS.iter().filter(|field| field.text(spec) != field.text(&default));
    differs.map(|field| format!("--{} {}", field.name, field.text(spec))).collect::<Vec<_>>().join(" ")
}

fn summary(run: &Run) -> String {
    let (pixels, classes) = (run.network.pixels(), run.network.classes());
    let layers: Vec<String> = run.spec.layers.iter().map(ToString::to_string).collect();
    let settings = run.spec.to_hash(&Spec::default());
    let settings = if settings.is_empty() { "the defaults".to_owned() } else { settings.replace('&', " ") };
    format!(
        "Training {pixels}-{}-{classes} spiking neurons over {} time steps on {} images ({settings})",
        layers.join("-"),
        run.spec.time_steps,
        run.images()
    )
}

fn interrupted(run: &Run, output: &Output) -> Interrupted {
    let (step, folder) = (run.adam.step(), output.folder().display());
    Interrupted(format!("Stopped after step {step}; go on with: spiking train --resume --output {folder}"))
}

/// Trains to the end of the epoch; none if somebody asked to end before.
fn epoch(run: &mut Run, data: &data::DataSet) -> anyhow::Result<Option<EpochReport>> {
    let (epochs, position) = (run.spec.epochs, run.position);
    let mut progress = Progress::new(position.epoch, epochs, run.images(), position.images);
    let mut over: Option<(EpochDone, Duration)> = None;
    let mut diverged: Option<StepDone> = None;
    let mut trained = Duration::ZERO;
    let mut listener = |event: &Event| match event {
        Event::Step(done) => {
            progress.step(done);
            trained = progress.time();
            if interrupt::is_asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
        Event::Epoch(done) => {
            over = Some((*done, trained));
            ControlFlow::Break(())
        }
        Event::Diverged(done) => {
            diverged = Some(*done);
            ControlFlow::Break(())
        }
    };
    let max_images = run.images_at_once();
    let missing = |shard: usize| anyhow!("images of shard {shard} are not there");
    let error = loop {
        let advance = match run.launch(max_images, &data.train) {
            // What has passed of the batch passes again when the run goes on.
            Launch::Partial if interrupt::is_asked() => break None,
            Launch::Partial => continue,
            Launch::Step => run.record_due(Some(&data.test), &mut listener),
            Launch::NoImages => break None,
            Launch::Waiting(shard) => break Some(missing(shard)),
        };
        match advance {
            Advance::Stepped => {}
            Advance::Stopped => break None,
            Advance::Waiting(shard) => break Some(missing(shard)),
            Advance::Lost(reason) => {
                break Some(anyhow!(
                    "the graphics card is lost ({reason}); what was saved before is whole: go on with --resume"
                ));
            }
        }
    };
    progress.clear();
    if let Some(error) = error {
        return Err(error);
    }
    if let Some(StepDone { step, loss, .. }) = diverged {
        let what =
            if loss.is_finite() { "a weight is NaN or infinite".to_owned() } else { format!("the loss is {loss}") };
        bail!("{what} at step {step}: try a smaller --learning-rate; what was saved before is whole");
    }
    // What is saved replaces what is good.
    let step = run.adam.step();
    ensure!(
        run.is_finite(),
        "a weight is NaN or infinite at step {step}: try a smaller --learning-rate; what was saved before is whole"
    );
    match over {
        Some((done, time)) => Ok(Some(EpochReport { done, epochs, time })),
        None if interrupt::is_asked() => Ok(None),
        None => bail!("the training set is empty"),
    }
}
