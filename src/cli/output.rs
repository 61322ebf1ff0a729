//! The folder of a run: `model.safetensors`, `checkpoint.safetensors`, `metrics.csv`, and its pictures `curves.svg`,
//! `digit.svg` and, of a layer that learns by STDP, `fields.svg` and `fields.png`.

use super::claim::{Claim, new_folder};
use super::digest::DataDigest;
use super::files::{self, WEIGHTS, write_whole};
use super::origin::Origin;
use super::report::EpochReport;
use crate::accuracy::evaluate;
use crate::digits::Digits;
use crate::event::Accuracy;
use crate::inspection::trace;
use crate::kernels;
use crate::network::Network;
use crate::pictures::curves::Epoch;
use crate::pictures::{curves_sheet, digit_sheet};
use crate::spikes::encode::Pass;
use crate::training::Run;
use crate::weights::checkpoint::{self, Notes, note_from_bytes};
use crate::weights::rounding::WeightsType;
use anyhow::{Context, anyhow, bail};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The trained network.
pub const MODEL: &str = "model.safetensors";
/// The run, to go on from.
pub const CHECKPOINT: &str = "checkpoint.safetensors";
const METRICS: &str = "metrics.csv";
/// How it learnt.
pub const CURVES: &str = "curves.svg";
/// A test image on its way through the network.
pub const DIGIT: &str = "digit.svg";
/// The receptive fields of a layer that learns by STDP.
pub const RECEPTIVE_FIELDS: [&str; 2] = ["fields.svg", "fields.png"];

/// The entry of a checkpoint's header that says how the run's model is written; there is none if it is in f32.
const WEIGHTS_TYPE: &str = "weights_type";

/// The files of a run.
const FILES: [&str; 7] = [MODEL, CHECKPOINT, METRICS, CURVES, DIGIT, RECEPTIVE_FIELDS[0], RECEPTIVE_FIELDS[1]];

/// A run's folder and its metrics so far.
#[derive(Debug)]
pub struct Output {
    folder: PathBuf,
    _claim: Claim,
    metrics: Vec<String>,
    origin: Option<Origin>,
    /// The digest of the run's images; `None` if its checkpoint has none.
    data: Option<DataDigest>,
    weights_type: WeightsType,
}

impl Output {
    /// An empty folder for a new run, or one whose run is replaced. `origin` is the file that the run starts from.
    ///
    /// # Errors
    /// When it holds a run that is not to be replaced, another program writes into it, or it cannot be written.
    pub fn new(folder: Option<PathBuf>, replace: bool, origin: Option<Origin>) -> anyhow::Result<Self> {
        let folder = folder.map_or_else(|| new_folder(Path::new("outputs"), &date_and_time(SystemTime::now())), Ok)?;
        if !replace {
            refuse_a_run_in(&folder)?;
        }
        let claim = Claim::new(&folder)?;
        if !replace {
            // One may have been written in between.
            refuse_a_run_in(&folder)?;
        }
        for path in FILES.map(|name| folder.join(name)) {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot remove {}", path.display()));
                }
                _ => {}
            }
        }
        Ok(Self { folder, _claim: claim, metrics: Vec::new(), origin, data: None, weights_type: WeightsType::F32 })
    }

    /// Whether this file belongs to a run in this folder: it is removed when the run is replaced.
    pub fn has(folder: &Path, file: &Path) -> bool {
        FILES.iter().any(|name| files::is_same(&folder.join(name), file))
    }

    /// The folder of a run to continue in, and the bytes of its checkpoint.
    ///
    /// # Errors
    /// When there is no run in it, or one that cannot be read, or another program writes into it.
    pub fn resume(folder: &Path) -> anyhow::Result<(Self, Vec<u8>)> {
        let path = folder.join(CHECKPOINT);
        if is_cut_off(folder) {
            bail!(
                "{} holds files of a run but no {CHECKPOINT} to go on with; was it cut off before its first? --force instead \
                 of --resume replaces them by a new run",
                folder.display()
            );
        }
        // No folder is created if there is nothing to continue.
        std::fs::metadata(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let claim = Claim::new(folder)?;
        let bytes = files::read_at_most(&path, &WEIGHTS)?;
        let cannot = || cannot_go_on(folder);
        let origin = Origin::of(&bytes).with_context(cannot)?;
        let data = DataDigest::of(&bytes).with_context(cannot)?;
        let weights_type = weights_type_of(&bytes).with_context(cannot)?;
        let metrics = std::fs::read_to_string(folder.join(METRICS)).unwrap_or_default();
        let metrics = metrics.lines().skip(1).map(str::to_owned).collect();
        Ok((Self { folder: folder.to_owned(), _claim: claim, metrics, origin, data, weights_type }, bytes))
    }

    /// Forgets the metrics that do not begin with a number up to this one: what came after the checkpoint will be trained again.
    pub fn forget_after(&mut self, last: u64) {
        let begins = |line: &String| line.split(',').next()?.parse::<u64>().ok();
        self.metrics.retain(|line| begins(line).is_some_and(|number| number <= last));
    }

    /// The digest of the images of the saved run; `None` if it is not known.
    pub const fn data(&self) -> Option<&DataDigest> {
        self.data.as_ref()
    }

    /// Sets the digest of the images from now on.
    pub fn set_data(&mut self, data: DataDigest) {
        self.data = Some(data);
    }

    /// Sets the type of the numbers in the model from now on.
    pub fn set_weights_type(&mut self, weights_type: WeightsType) {
        self.weights_type = weights_type;
    }

    /// The folder's path.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The lines of the metrics so far, without their header.
    pub fn metrics(&self) -> &[String] {
        &self.metrics
    }

    /// Saves the run and its metrics after an epoch.
    ///
    /// # Errors
    /// When a file cannot be written; the earlier one is then unchanged.
    pub fn save(&mut self, run: &Run, report: &EpochReport, test: &Digits) -> anyhow::Result<()> {
        // The checkpoint is written last: if the program ends before, a resumed run repeats the epoch.
        self.write(MODEL, &self.model(run, report.done.test, test)?)?;
        self.save_metrics(EpochReport::CSV_HEADER, report.csv())?;
        let epochs: Vec<Epoch> = self.metrics.iter().filter_map(|line| EpochReport::read(line)).collect();
        self.write(CURVES, curves_sheet::picture(&epochs).as_bytes())?;
        self.save_checkpoint(run)
    }

    /// Saves the model of a run that has nothing left to learn, in another type than before. It is as if the run had had that type
    /// from the start.
    ///
    /// # Errors
    /// As for [`Output::save`].
    pub fn save_in_other_type(&self, run: &Run, test: &Digits) -> anyhow::Result<()> {
        self.write(MODEL, &self.model(run, None, test)?)?;
        self.save_checkpoint(run)
    }

    /// Adds a line to the metrics.
    ///
    /// # Errors
    /// As for [`Output::save`].
    pub fn save_metrics(&mut self, header: &str, line: String) -> anyhow::Result<()> {
        self.metrics.push(line);
        let lines = std::iter::once(header).chain(self.metrics.iter().map(String::as_str));
        self.write(METRICS, lines.fold(String::new(), |text, line| text + line + "\n").as_bytes())
    }

    /// Writes one of the files of a run.
    ///
    /// # Errors
    /// As for [`Output::save`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        write_whole(&self.folder.join(name), bytes)
    }

    /// Saves the run's checkpoint, to continue from there.
    ///
    /// # Errors
    /// As for [`Output::save`].
    pub fn save_checkpoint(&self, run: &Run) -> anyhow::Result<()> {
        self.write(CHECKPOINT, &checkpoint::run_to_bytes(run, self.checkpoint_notes())?)
    }

    /// The entries of a checkpoint's header that say how the run was begun and goes on.
    pub fn checkpoint_notes(&self) -> Notes {
        let mut notes = self.notes();
        notes.0.extend(self.data.iter().flat_map(|data| data.notes().0));
        if self.weights_type != WeightsType::F32 {
            notes.0.push((WEIGHTS_TYPE.to_owned(), self.weights_type.word().to_owned()));
        }
        notes
    }

    /// Draws the trace of the first test image, if there is one.
    ///
    /// # Errors
    /// As for [`Output::save`].
    pub fn save_digit(&self, run: &Run, test: &Digits) -> anyhow::Result<()> {
        if test.is_empty() {
            return Ok(());
        }
        let trace = trace(&run.network, &run.spec, test.image(0), Pass::Evaluation, 0);
        let drawn = digit_sheet::picture(trace, Some(test.label(0)), &run.spec, "Test image 0");
        self.write(DIGIT, drawn.as_bytes())
    }

    /// The type of the numbers in the model.
    pub const fn weights_type(&self) -> WeightsType {
        self.weights_type
    }

    /// The entries on the run's start in the headers of its files.
    pub fn notes(&self) -> Notes {
        self.origin.as_ref().map_or(Notes::default(), Origin::notes)
    }

    /// The model's file, with the accuracy of what stands in it. `measured` is that of the run's own numbers, if it is known.
    fn model(&self, run: &Run, measured: Option<Accuracy>, test: &Digits) -> anyhow::Result<Vec<u8>> {
        let mut notes = self.notes();
        let file = |notes| checkpoint::model_to_bytes(&run.spec, &run.network, self.weights_type, notes);
        let measure = |network: &Network| evaluate(network, &run.spec, test, 0..test.len(), 0);
        let score = match (self.weights_type, measured) {
            _ if test.is_empty() => None,
            (WeightsType::F32, Some(score)) => Some(score),
            (WeightsType::F32, None) => Some(measure(&run.network)),
            (WeightsType::Bf16 | WeightsType::Fixed8, _) => {
                Some(measure(&checkpoint::network_from_bytes(&run.spec, &file(notes.clone())?, &kernels::cpu())?))
            }
        };
        notes.0.extend(score.into_iter().flat_map(|score| checkpoint::accuracy_notes(score).0));
        Ok(file(notes)?)
    }
}

/// The type of the numbers in the model of the run in a checkpoint.
///
/// # Errors
/// When the checkpoint is damaged, or names a type that is unknown.
fn weights_type_of(checkpoint: &[u8]) -> anyhow::Result<WeightsType> {
    let word = note_from_bytes(checkpoint, WEIGHTS_TYPE)?;
    let known = |word: String| {
        WeightsType::from_word(&word).ok_or_else(|| anyhow!("its `{WEIGHTS_TYPE}` is `{word}`, which is unknown here"))
    };
    word.map_or(Ok(WeightsType::F32), known)
}

/// The name of the folder of a run that starts now.
fn date_and_time(now: SystemTime) -> String {
    // A clock may be set to years beyond the calendar's range.
    jiff::ZonedDateTime::try_from(now).map_or("undated".to_owned(), |now| now.strftime("%Y-%m-%d-%H%M%S").to_string())
}

fn refuse_a_run_in(folder: &Path) -> anyhow::Result<()> {
    if is_cut_off(folder) {
        bail!(
            "{} holds files of a run, but no {CHECKPOINT} to go on with: say --force to replace them by a new run, or \
             another --output",
            folder.display()
        );
    }
    if FILES.iter().any(|name| folder.join(name).exists()) {
        bail!(
            "{} holds a run already: say --resume to go on with it, --force to replace it, or another --output",
            folder.display()
        );
    }
    Ok(())
}

/// What is said of a checkpoint that cannot be gone on with.
pub fn cannot_go_on(folder: &Path) -> String {
    format!("cannot go on with {}", folder.join(CHECKPOINT).display())
}

/// Whether there are files of a run, but no checkpoint.
fn is_cut_off(folder: &Path) -> bool {
    !folder.join(CHECKPOINT).exists() && FILES.iter().any(|name| folder.join(name).exists())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn every_clock_gives_a_name() {
        let at = |seconds: u64| date_and_time(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert!(at(1_700_000_000).starts_with("2023-11-1"));
        // The last second of the year 9999, and one thousands of years later.
        assert_eq!((at(253_402_300_799), at(1 << 40)), ("undated".to_owned(), "undated".to_owned()));
        assert_eq!(date_and_time(SystemTime::UNIX_EPOCH - Duration::from_secs(1)).len(), 17);
    }
}
