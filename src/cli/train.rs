//! `spiking train`.

use super::arguments::Train;
use super::evaluate::check_fit;
use super::interrupt::Interrupted;
use super::origin::Origin;
use super::output::Output;
use super::report::{EpochReport, Lines, Progress};
use super::{data, files, interrupt, tell};
use crate::event::{EpochDone, Event, Flow, StepDone};
use crate::kernels::{self, Card};
use crate::network::Network;
use crate::spec::{FIELDS, Spec};
use crate::training::{Advance, Run};
use crate::weights::checkpoint;
use anyhow::{Context, anyhow, bail};
use burn::tensor::Device;
use pollster::block_on;
use std::time::Duration;

/// What a resumed run may do otherwise than before.
const MAY_CHANGE: &[&str] = &["epochs"];

/// Trains, prints a line for each epoch and saves after it.
///
/// # Errors
/// When the data or the folder cannot be used, or the loss is no number any more.
pub fn run(arguments: Train) -> anyhow::Result<()> {
    let card = arguments.on_card.then(|| block_on(kernels::card())).transpose()?;
    let device = card.as_ref().map_or_else(kernels::cpu, |card| card.device.clone()).autodiff();
    // A folder that is refused should be refused before anything is fetched.
    let resumed = arguments.resume.then(|| resume(&arguments, &device)).transpose()?;
    let spec = resumed.as_ref().map_or(&arguments.spec, |(_, run)| &run.spec);
    let data = data::load(&arguments.data_dir, spec.dataset)?;
    let (mut output, mut run) = match resumed {
        Some(found) => found,
        None => {
            let (network, origin) = start(&arguments, &data, &device)?;
            let run = Run::new(arguments.spec.clone(), network, data.train.len());
            (Output::new(arguments.output.clone(), arguments.force, origin)?, run)
        }
    };
    if run.images() != data.train.len() {
        bail!("the run was over {} images, and there are {}: give it the same data", run.images(), data.train.len());
    }
    tell(summary(&run, data.train.pixels(), data.train.classes()));
    if let Some(Card { name, is_software, .. }) = &card {
        let note =
            if *is_software { ", a program that computes what a card would: the CPU itself is faster" } else { "" };
        tell(format!("On {name}{note}"));
    }
    if run.is_finished() {
        bail!("the run has done its {} epochs: say --epochs N with a larger N to train on", run.spec.epochs);
    }
    interrupt::listen()?;
    let mut lines = Lines::default();
    while !run.is_finished() {
        match epoch(&mut run, &data)? {
            Some(report) => {
                // What is told is saved, and whether anybody hears it makes no difference to the run.
                output.save(&run, &report)?;
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

/// The run in the output folder, with the settings that may change as the command line has them.
fn resume(arguments: &Train, device: &Device) -> anyhow::Result<(Output, Run)> {
    let folder =
        arguments.output.as_ref().ok_or_else(|| anyhow!("--resume needs --output DIR: the folder of the run"))?;
    let (output, mut run) = Output::resume(folder, device)?;
    let given = FIELDS.iter().filter(|field| arguments.given.contains(&field.name));
    for field in given {
        let (asked, before) = (field.text(&arguments.spec), field.text(&run.spec));
        if MAY_CHANGE.contains(&field.name) {
            run.spec.set(field.name, &asked)?;
        } else if asked != before {
            bail!("the run has --{} {before}, which cannot be changed to {asked}: start a new one", field.name);
        }
    }
    Ok((output, run))
}

/// The network at the start of a run, and the file that it came from.
fn start(arguments: &Train, data: &data::DataSet, device: &Device) -> anyhow::Result<(Network, Option<Origin>)> {
    let (spec, train) = (&arguments.spec, &data.train);
    let Some(file) = &arguments.weights else {
        return Ok((Network::new(spec, train.pixels(), train.classes(), device), None));
    };
    if arguments.output.as_ref().is_some_and(|folder| Output::has(folder, file)) {
        bail!("--weights {} is in the folder whose run is to be replaced: name another --output", file.display());
    }
    let bytes = files::read_at_most(file, &files::WEIGHTS)?;
    let network = checkpoint::network_from_bytes(spec, &bytes, device).with_context(|| {
        let made = checkpoint::spec_from_bytes(&bytes).ok().map(|made| flags(&made)).filter(|made| !made.is_empty());
        let hint = made.map_or(String::new(), |made| format!(" (it was trained with {made})"));
        format!("cannot start from {}{hint}", file.display())
    })?;
    check_fit(&network, train, file)?;
    Ok((network, Some(Origin::new(file, &bytes))))
}

/// The settings that are not the defaults, as one would type them.
fn flags(spec: &Spec) -> String {
    let default = Spec::default();
    let differs = FIELDS.iter().filter(|field| field.text(spec) != field.text(&default));
    differs.map(|field| format!("--{} {}", field.name, field.text(spec))).collect::<Vec<_>>().join(" ")
}

fn summary(run: &Run, pixels: usize, classes: usize) -> String {
    let layers: Vec<String> = run.spec.hidden.iter().map(usize::to_string).collect();
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
            if interrupt::is_asked() { Flow::Stop } else { Flow::Go }
        }
        Event::Epoch(done) => {
            over = Some((*done, trained));
            Flow::Stop
        }
        Event::Diverged(done) => {
            diverged = Some(*done);
            Flow::Stop
        }
    };
    let error = loop {
        match run.advance(&data.train, Some(&data.test), &mut listener) {
            Advance::Stepped | Advance::Partly => {}
            Advance::Stopped => break None,
            Advance::Waiting(shard) => break Some(anyhow!("images of shard {shard} are not there")),
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
        bail!("the loss is {loss} at step {step}: try a smaller --learning-rate; what was saved before is whole");
    }
    match over {
        Some((done, time)) => Ok(Some(EpochReport { done, epochs, time })),
        None if interrupt::is_asked() => Ok(None),
        None => bail!("the training set is empty"),
    }
}
