//! The folder of a run: `model.safetensors`, `checkpoint.safetensors`, `metrics.csv`, and its pictures `curves.svg` and
//! `digit.svg`.

use super::digest::DataDigest;
use super::files::{self, write_whole};
use super::origin::Origin;
use super::picture::curves::{self, Epoch};
use super::picture::digit::{self, Shown};
use super::report::EpochReport;
use crate::digits::Digits;
use crate::evaluation::trace;
use crate::spec::Spec;
use crate::spikes::encode::Pass;
use crate::training::{AtRest, Run};
use crate::weights::checkpoint::{self, Notes};
use anyhow::{Context, bail};
use burn::tensor::Device;
use std::path::{Path, PathBuf};

const MODEL: &str = "model.safetensors";
const CHECKPOINT: &str = "checkpoint.safetensors";
const METRICS: &str = "metrics.csv";
const CURVES: &str = "curves.svg";
const DIGIT: &str = "digit.svg";

/// A run's folder, and its metrics so far.
#[derive(Debug)]
pub struct Output {
    folder: PathBuf,
    metrics: Vec<String>,
    origin: Option<Origin>,
    /// Which images the run is over; `None` if its checkpoint does not say.
    data: Option<DataDigest>,
}

impl Output {
    /// An empty folder for a new run, or one whose run is to be replaced. `origin` is the file that it starts from.
    ///
    /// # Errors
    /// When a run is in it that is not to be replaced.
    pub fn new(folder: Option<PathBuf>, replace: bool, origin: Option<Origin>) -> anyhow::Result<Self> {
        let folder = folder.unwrap_or_else(|| {
            PathBuf::from("outputs").join(jiff::ZonedDateTime::now().strftime("%Y-%m-%d-%H%M%S").to_string())
        });
        for name in [MODEL, CHECKPOINT, METRICS, CURVES, DIGIT] {
            let path = folder.join(name);
            if path.exists() && !replace {
                bail!(
                    "{} holds a run already: say --resume to go on with it, --force to replace it, or another --output",
                    folder.display()
                );
            }
            if path.exists() {
                std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        Ok(Self { folder, metrics: Vec::new(), origin, data: None })
    }

    /// The run in a folder, and the folder to go on in.
    ///
    /// # Errors
    /// When there is no run in it, or one that cannot be read.
    pub fn resume(folder: &Path, device: &Device) -> anyhow::Result<(Self, AtRest)> {
        let path = folder.join(CHECKPOINT);
        let bytes = files::read(&path)?;
        let cannot = || format!("cannot go on with {}", path.display());
        let run = checkpoint::at_rest_from_bytes(&bytes, device).with_context(cannot)?;
        let origin = Origin::of(&bytes).with_context(cannot)?;
        let data = DataDigest::of(&bytes).with_context(cannot)?;
        let metrics = std::fs::read_to_string(folder.join(METRICS)).unwrap_or_default();
        // Epochs that the checkpoint does not know will be trained again.
        let metrics = metrics.lines().skip(1).take(run.position.epoch as usize).map(str::to_owned).collect();
        Ok((Self { folder: folder.to_owned(), metrics, origin, data }, run))
    }

    /// Which images the run was over when it was saved, if that is known.
    pub const fn data(&self) -> Option<&DataDigest> {
        self.data.as_ref()
    }

    /// Which images it is over from now on.
    pub fn set_data(&mut self, data: DataDigest) {
        self.data = Some(data);
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Saves what an epoch came to.
    ///
    /// # Errors
    /// When a file cannot be written; the older one is still whole then.
    pub fn save(&mut self, run: &Run, report: &EpochReport) -> anyhow::Result<()> {
        self.metrics.push(report.csv());
        let csv: String = std::iter::once(EpochReport::CSV_HEADER)
            .chain(self.metrics.iter().map(String::as_str))
            .fold(String::new(), |text, line| text + line + "\n");
        // The checkpoint goes last: whatever is cut off before it is done again by a resumed run.
        write_whole(&self.folder.join(MODEL), &self.model(run, report)?)?;
        write_whole(&self.folder.join(METRICS), csv.as_bytes())?;
        let epochs: Vec<Epoch> = self.metrics.iter().filter_map(|line| EpochReport::read(line)).collect();
        write_whole(&self.folder.join(CURVES), curves::picture(&epochs).as_bytes())?;
        self.save_checkpoint(run)
    }

    /// Saves where the run is, to go on from there.
    ///
    /// # Errors
    /// As [`Output::save`].
    pub fn save_checkpoint(&self, run: &Run) -> anyhow::Result<()> {
        let mut notes = self.notes();
        notes.0.extend(self.data.iter().flat_map(|data| data.notes().0));
        write_whole(&self.folder.join(CHECKPOINT), &checkpoint::run_to_bytes(run, notes)?)
    }

    /// Draws how the run's network reads the first of the test images, where there is one.
    ///
    /// # Errors
    /// As [`Output::save`].
    pub fn save_digit(&self, run: &Run, test: &Digits) -> anyhow::Result<()> {
        if test.is_empty() {
            return Ok(());
        }
        let trace = trace(&run.network, &run.spec, test.image(0), Pass::Evaluation, 0);
        let Spec { neuron, encoding, .. } = &run.spec;
        let label = Some(test.label(0));
        let shown = Shown { trace: &trace, neuron, encoding: *encoding, name: "Test image 0", label };
        write_whole(&self.folder.join(DIGIT), digit::picture(&shown).as_bytes())
    }

    /// What the headers of the run's files say of its start.
    fn notes(&self) -> Notes {
        self.origin.as_ref().map_or(Notes::default(), Origin::notes)
    }

    fn model(&self, run: &Run, report: &EpochReport) -> anyhow::Result<Vec<u8>> {
        let mut notes = self.notes();
        let accuracy = report.done.test.map(|score| ("test_accuracy".to_owned(), format!("{:.4}", score.accuracy())));
        notes.0.extend(accuracy);
        Ok(checkpoint::model_to_bytes(&run.spec, &run.network, notes)?)
    }
}
