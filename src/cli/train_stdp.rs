//! `spiking train --rule stdp`: learning without labels. Pictures are answered before they are learnt; every now and then the neurons
//! are labelled by training images, and the test images are read.

use super::arguments::Train;
use super::digest::DataDigest;
use super::fields;
use super::interrupt::Interrupted;
use super::output::{CHECKPOINT, CURVES, DIGIT, MODEL, Output, RECEPTIVE_FIELDS, cannot_go_on};
use super::report::{Lines, Progress};
use super::train::{Resumed, change, check_labels, check_same};
use super::{data, interrupt, tell};
use crate::digits::Digits;
use crate::event::Accuracy;
use crate::kernels;
use crate::network::Misfit;
use crate::pictures::curves_sheet::{self, Measured};
use crate::pictures::digit_sheet;
use crate::plasticity::failing::Failing;
use crate::plasticity::labels::Responses;
use crate::plasticity::layer::StdpLayer;
use crate::plasticity::network::StdpNetwork;
use crate::plasticity::run::{Live, StdpAdvance, StdpRun, responses};
use crate::spec::Spec;
use crate::spikes::encode::Pass;
use crate::weights::checkpoint::{accuracy_notes, spec_from_bytes};
use crate::weights::rounding::WeightsType;
use crate::weights::stdp::{model_from_bytes, model_to_bytes, run_from_bytes, run_to_bytes};
use anyhow::{Context, bail, ensure};
use std::ops::Range;
use std::time::{Duration, Instant};

/// Pictures between two measurements.
const EVERY: usize = 10_000;
/// Training images that label the neurons for a measurement: the first ones.
const LABELLED: usize = 10_000;
/// Images that one thread reads at a time.
const PIECE: usize = 500;

/// Learns, prints a line for each measurement and saves after it.
///
/// # Errors
/// When the data or the folder cannot be used.
pub fn run(arguments: Train, resumed: Option<Resumed>) -> anyhow::Result<()> {
    ensure!(
        !arguments.on_card,
        "a layer that learns by stdp is computed on the processor, one picture after the other: leave --device gpu out"
    );
    ensure!(
        arguments.weights.is_none(),
        "a layer that learns by stdp starts from its seed: leave --weights out, or go on with a run by --resume"
    );
    let resumed = resumed.map(|resumed| resume(&arguments, resumed)).transpose()?;
    let spec = resumed.as_ref().map_or(&arguments.spec, |(_, run)| run.spec());
    let data = data::load(&arguments.data_dir, spec.dataset)?;
    check_labels(&data)?;
    let digest = DataDigest::new(&data);
    let (mut output, mut run) = match resumed {
        Some((output, run)) => {
            let fit = |pixels, classes| Misfit::between(run.sizes(), (pixels, classes));
            check_same(run.images(), fit, output.data(), &data, &digest, arguments.force)?;
            (output, run)
        }
        None => {
            let train = &data.train;
            let run = StdpRun::new(arguments.spec.clone(), train.pixels(), train.classes(), train.len());
            (Output::new(arguments.output.clone(), arguments.force, None)?, run)
        }
    };
    output.set_data(digest);
    if let Some(weights_type) = arguments.weights_type.as_deref().and_then(WeightsType::from_word) {
        output.set_weights_type(weights_type);
    }
    tell(summary(&run));
    if run.is_finished() {
        bail!("the run has done its {} epochs: say --epochs N with a larger N to train on", run.spec().epochs);
    }
    interrupt::listen()?;
    let mut lines = Lines::default();
    while !run.is_finished() {
        let Some(time) = stretch(&mut run, &data)? else {
            output.write(CHECKPOINT, &run_to_bytes(&run, output.checkpoint_notes())?)?;
            let (step, folder) = (run.shown(), output.folder().display());
            let go_on = format!("spiking train --resume --output {folder}");
            return Err(Interrupted(format!("Stopped after {step} pictures; go on with: {go_on}")).into());
        };
        let report = save(&mut output, &mut run, &data, time)?;
        lines.say(report.line());
        if let Some(cure) = report.cure(run.spec()) {
            tell(cure);
        }
    }
    tell(format!("Saved in {}", output.folder().display()));
    lines.end()
}

fn resume(arguments: &Train, resumed: Resumed) -> anyhow::Result<(Output, StdpRun)> {
    let Resumed { folder, mut output, bytes } = resumed;
    let cannot = || cannot_go_on(&folder);
    let mut spec = spec_from_bytes(&bytes).with_context(cannot)?;
    change(&mut spec, arguments)?;
    let run = run_from_bytes(spec, &bytes).with_context(cannot)?;
    output.forget_after(run.shown());
    Ok((output, run))
}

fn summary(run: &StdpRun) -> String {
    let (inputs, neurons, spec) = (run.layer().inputs(), run.layer().neurons(), run.spec());
    let settings = spec.to_hash(&Spec::of_rule(spec.rule));
    let settings = if settings.is_empty() { "the defaults".to_owned() } else { settings.replace('&', " ") };
    format!(
        "Learning without labels: {inputs} inputs to {neurons} spiking neurons over {} time steps, {} images ({settings})",
        spec.time_steps,
        run.images()
    )
}

/// Learns up to the next measurement; how long that took, or none if somebody asked to end before.
fn stretch(run: &mut StdpRun, data: &data::DataSet) -> anyhow::Result<Option<Duration>> {
    let (position, start) = (run.position(), Instant::now());
    let bar = Progress::new(position.epoch, run.spec().epochs, run.images(), position.images);
    let end = loop {
        if interrupt::is_asked() {
            break None;
        }
        match run.advance(&data.train) {
            StdpAdvance::Shown(_) => {}
            StdpAdvance::EpochOver => bail!("the training set is empty"),
            StdpAdvance::Waiting(shard) => bail!("images of shard {shard} are not there"),
        }
        let shown = run.position().images;
        if shown.is_multiple_of(100) {
            let Live { score, silent } = run.position().live;
            bar.show(shown, format!("live {:.2} %{}", 100.0 * score.fraction(), silent_note(silent)));
        }
        if shown.is_multiple_of(EVERY) || shown == run.images() {
            break Some(start.elapsed());
        }
    };
    bar.clear();
    Ok(end)
}

fn silent_note(silent: usize) -> String {
    if silent > 0 { format!("  {silent} silent") } else { String::new() }
}

/// What a measurement came to.
struct Report {
    epoch: u32,
    epochs: u32,
    /// Pictures of the epoch so far, and of the whole run.
    images: usize,
    shown: u64,
    live: Live,
    test: Option<Accuracy>,
    /// Test images at which no neuron fired.
    silent: usize,
    /// Why nothing is learnt, where that is so.
    failing: Option<Failing>,
    time: Duration,
}

impl Report {
    const CSV_HEADER: &str =
        "pictures,live_accuracy,test_accuracy,silent_pictures,silent_test_pictures,seconds,images_per_second";

    fn rate(&self) -> f64 {
        self.live.score.images as f64 / self.time.as_secs_f64().max(1e-9)
    }

    fn csv(&self) -> String {
        let test = self.test.map_or(String::new(), |score| format!("{:.6}", score.fraction()));
        let Live { score, silent } = self.live;
        format!(
            "{},{:.6},{test},{silent},{},{:.2},{:.0}",
            self.shown,
            score.fraction(),
            self.silent,
            self.time.as_secs_f64(),
            self.rate()
        )
    }

    fn line(&self) -> String {
        let test = self.test.map_or(String::new(), |score| format!("  test {:.2} %", 100.0 * score.fraction()));
        format!(
            "Epoch {}/{}  {:>6} images  live {:.2} %{test}{}  {:.1} s  {:.0} images/s",
            self.epoch + 1,
            self.epochs,
            self.images,
            100.0 * self.live.score.fraction(),
            silent_note(self.live.silent + self.silent),
            self.time.as_secs_f64(),
            self.rate(),
        )
    }

    /// What to do where nothing is learnt.
    fn cure(&self, spec: &Spec) -> Option<String> {
        Some(match self.failing? {
            Failing::Raised(raised) => format!(
                "At most pictures no neuron fires: thresholds have risen by {raised:.1} on average, since many fired at once before. A \
                 higher --inhibition (it is {}) lets few win",
                spec.stdp.inhibition
            ),
            Failing::Silent => format!(
                "At most pictures no neuron fires: a lower --threshold (it is {}), a higher --gain ({}) or more --time-steps ({}) \
                 would wake them",
                spec.neuron.threshold, spec.neuron.gain, spec.time_steps
            ),
            Failing::OneWins(share) => format!(
                "One neuron has {:.0} % of all spikes: --adaptation (it is {}) and --inhibition ({}) share them out",
                100.0 * share,
                spec.stdp.adaptation,
                spec.stdp.inhibition
            ),
        })
    }
}

/// A line of the metrics as a point of the curves; `None` if it is not such a line.
fn read(line: &str) -> Option<Measured> {
    let mut columns = line.split(',');
    let pictures = columns.next()?.parse::<u64>().ok()?;
    let live = columns.next()?.parse().ok()?;
    Some(Measured { pictures, live, test: columns.next()?.parse().ok() })
}

/// Labels the neurons, reads the test images, and saves all that came of it.
fn save(output: &mut Output, run: &mut StdpRun, data: &data::DataSet, time: Duration) -> anyhow::Result<Report> {
    let (spec, train, test) = (run.spec().clone(), &data.train, &data.test);
    let classes = run.classes();
    let labelled = label(run.layer(), (&spec, classes), &data.train);
    let rates = labelled.rates();
    let bytes = |notes| model_to_bytes(&spec, run.layer(), &rates, output.weights_type(), notes);
    // What is measured is what stands in the file, rounded or not.
    let network = model_from_bytes(spec.clone(), &bytes(output.notes())?)?;
    let (answers, _) = measure(&network, test);
    let score = (!test.is_empty()).then(|| Accuracy::of_answers(&answers, &test.labels));
    let silent = answers.iter().filter(|answer| answer.is_none()).count();
    let mut notes = output.notes();
    notes.0.extend(score.into_iter().flat_map(|score| accuracy_notes(score).0));
    let model = bytes(notes)?;
    let position = run.position();
    let report = Report {
        epoch: position.epoch,
        epochs: spec.epochs,
        images: position.images,
        shown: run.shown(),
        live: position.live,
        test: score,
        silent,
        failing: Failing::of(run.layer(), position.live, &labelled, spec.neuron.threshold),
        time,
    };
    run.measured();
    if position.images == run.images() {
        run.end_epoch();
    }
    output.write(MODEL, &model)?;
    output.save_metrics(Report::CSV_HEADER, report.csv())?;
    let points: Vec<Measured> = output.metrics().iter().filter_map(|line| read(line)).collect();
    output.write(CURVES, curves_sheet::answers(&points).as_bytes())?;
    let (svg, png) = fields::pictures(&network.layer, &network.voters, train.width, spec.dataset)?;
    output.write(RECEPTIVE_FIELDS[0], svg.as_bytes())?;
    output.write(RECEPTIVE_FIELDS[1], &png)?;
    save_digit(output, network, test)?;
    // Last: if the program ends before, a resumed run repeats the stretch.
    output.write(CHECKPOINT, &run_to_bytes(run, output.checkpoint_notes())?)?;
    Ok(report)
}

/// How the neurons answer to the first training images, on all threads.
fn label(layer: &StdpLayer, (spec, classes): (&Spec, usize), train: &Digits) -> Responses {
    let mut all = Responses::new(layer.neurons(), classes);
    let answer = |range| responses(&mut layer.clone(), (spec, classes), train, range, 0);
    in_pieces(LABELLED.min(train.len()), answer).into_iter().for_each(|piece| all += piece);
    all
}

/// What the test images are read as, and the spikes of the inputs and of the layer over all of them, on all threads.
pub fn measure(network: &StdpNetwork, test: &Digits) -> (Vec<Option<u8>>, [u64; 2]) {
    let pieces = in_pieces(test.len(), |range| network.clone().measure(test, range, 0));
    let (mut answers, mut spikes) = (Vec::with_capacity(test.len()), [0, 0]);
    for (some, [inputs, layer]) in pieces {
        answers.extend(some);
        spikes = [spikes[0] + inputs, spikes[1] + layer];
    }
    (answers, spikes)
}

/// What some images each come to, in their order, on all threads.
pub fn in_pieces<T: Send>(images: usize, of: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
    let mut pieces: Vec<Option<T>> = (0..images.div_ceil(PIECE)).map(|_| None).collect();
    kernels::par_for_each(pieces.iter_mut().enumerate().collect(), |(number, piece)| {
        *piece = Some(of(number * PIECE..((number + 1) * PIECE).min(images)));
    });
    pieces.into_iter().flatten().collect()
}

/// Draws the trace of the first test image, if there is one.
fn save_digit(output: &Output, mut network: StdpNetwork, test: &Digits) -> anyhow::Result<()> {
    if test.is_empty() {
        return Ok(());
    }
    let trace = network.trace(test.image(0), Pass::Evaluation, 0);
    let drawn = digit_sheet::picture(trace, Some(test.label(0)), &network.spec, "Test image 0");
    output.write(DIGIT, drawn.as_bytes())
}
