//! The subcommand `spiking predict`: the class of a picture, its probability, and the time of the decision.

use super::arguments::{Model, Predict};
use super::opened::Opened;
use super::{files, say, tell, told};
use crate::photo::{self, Prepared};
use crate::pictures::digit_sheet;
use crate::spec::Dataset;
use crate::spikes::encode::Pass;
use crate::trace::Trace;
use anyhow::{Context, bail, ensure};
use std::path::Path;

/// The network that reads hands best of those that ship, its name and its bytes.
const BUILT_IN: (&str, &[u8]) =
    ("models/mnist-conv.safetensors", include_bytes!("../../models/mnist-conv.safetensors"));

/// Prints a line for each picture. One that cannot be read is reported, and the others are still classified.
///
/// # Errors
/// When the model cannot be used, or a picture could not be classified.
pub fn run(arguments: &Predict) -> anyhow::Result<()> {
    let given = arguments.given.clone();
    let mut opened = match &arguments.file {
        Some(file) => Opened::open(&Model { file: file.clone(), given })?,
        None => Opened::from_bytes(BUILT_IN.1, &Model { file: BUILT_IN.0.into(), given }, None)?,
    };
    ensure!(
        arguments.svg.is_none() || arguments.images.len() == 1,
        "--svg draws one picture, and there are {}",
        arguments.images.len()
    );
    let svg = arguments.svg.as_deref();
    if let Some(file) = svg {
        files::ensure_apart("--svg", file, arguments.images.iter().chain(&arguments.file))?;
    }
    let mut failed = 0;
    for image in &arguments.images {
        match read(&mut opened, image) {
            Ok((line, picture)) => {
                let line = format!("{}: {line}", image.display());
                // The prediction is useful without the drawing.
                let drawn = svg.map_or(Ok(()), |file| files::write_whole(file, picture.as_bytes()));
                if svg.is_some_and(files::is_stdout) {
                    tell(line)
                } else {
                    say(line)?
                }
                drawn?;
            }
            Err(error) => {
                tell(format!("error: {}", told(&error)));
                failed += 1;
            }
        }
    }
    if failed > 0 {
        bail!("{failed} of {} pictures could not be read", arguments.images.len());
    }
    Ok(())
}

/// The line for one picture, and a drawing of its trace.
fn read(opened: &mut Opened, path: &Path) -> anyhow::Result<(String, String)> {
    let (spec, (inputs, _)) = (opened.spec().clone(), opened.sizes());
    let cannot = || format!("cannot read {}", path.display());
    let file = files::read(path)?;
    let Prepared { pixels, ink } = photo::read(&file, spec.dataset, inputs).with_context(cannot)?;
    let trace = opened.trace(&pixels, Pass::Drawing, 0);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let doubt = if ink.is_some_and(|ink| ink.has_rival) { DOUBT } else { "" };
    Ok((format!("{}{doubt}", answer(spec.dataset, &trace)), digit_sheet::picture(trace, None, &spec, &name)))
}

/// The note on a picture with more than one digit, or something like one.
const DOUBT: &str = "; unsure which: something else on the picture could be a digit too, so let only one be on it";

/// The class, its probability, and the time step, counted from 1, since which it has led.
fn answer(dataset: Dataset, trace: &Trace) -> String {
    let Some(class) = trace.answer() else {
        return "no answer: all classes have the same evidence".to_owned();
    };
    let name = dataset.class_names().and_then(|names| names.get(class).copied());
    let name = name.map_or(String::new(), |name| format!(" ({name})"));
    let percent = 100.0 * trace.probabilities()[class];
    let steps = trace.time_steps;
    let since = trace.settled_at().map_or(String::new(), |t| format!(", since time step {} of {steps}", t + 1));
    format!("{class}{name}, probability {percent:.1} %{since}")
}
