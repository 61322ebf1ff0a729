//! The command line's arguments and their meaning. The flags of a run are the fields of its spec.

use super::help;
use crate::spec::{Dataset, FIELDS, Field, Rule, Spec, field};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// Settings that do not affect a trained network.
const TRAINING: [&str; 16] = [
    "rule",
    "augment",
    "reset-gradient",
    "surrogate",
    "epochs",
    "batch-size",
    "learning-rate",
    "schedule",
    "adaptation-min",
    "target-spikes",
    "learning-rate-min",
    "youth",
    "depression",
    "presynaptic-decay",
    "postsynaptic-decay",
    "mean-weight",
];
const FLAGS_OF_A_NETWORK: &str = "The flags count more than what stands in the file. A file of another program, which says \
     nothing of its network, needs those that differ from the defaults of `spiking train`.";

/// The arguments of `spiking train`.
#[derive(Debug)]
pub struct Train {
    /// The run; if it is resumed, only the settings in `given` apply.
    pub spec: Spec,
    /// The settings given on the command line.
    pub given: Vec<&'static str>,
    /// The folder of the data set.
    pub data_dir: PathBuf,
    /// The file whose weights the run starts from; `None` for weights drawn from the seed.
    pub weights: Option<PathBuf>,
    /// The word for the type of the numbers in `model.safetensors`; `None` if it is not given.
    pub weights_type: Option<String>,
    /// The folder for the results; `None` for a new folder in `outputs/`.
    pub output: Option<PathBuf>,
    /// Continue the run in the folder.
    pub resume: bool,
    /// Replace the run in the folder; with `resume`, continue it even if the images are others.
    pub force: bool,
    /// Compute on the GPU.
    pub on_card: bool,
}

/// A network in a file.
#[derive(Debug)]
pub struct Model {
    /// The file.
    pub file: PathBuf,
    /// The settings given on the command line, with their texts: they override those in the file.
    pub given: Vec<(&'static str, String)>,
}

/// The arguments of `spiking evaluate`.
#[derive(Debug)]
pub struct Evaluate {
    /// The weights.
    pub model: Model,
    /// The folder of the data set.
    pub data_dir: PathBuf,
    /// A file for spikes and class scores of the first test images.
    pub export: Option<PathBuf>,
    /// A file of drawn digits to evaluate instead of the test set.
    pub drawings: Option<PathBuf>,
    /// Whether it is measured in Loihi's integers too, with weights of so many bits.
    pub loihi: Option<u32>,
}

/// What `spiking export` writes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// NIR, which simulators exchange.
    Nir,
    /// Lava's netx, for Loihi.
    Netx,
    /// A program for Lava.
    Lava,
    /// A program for snnTorch.
    SnnTorch,
    /// A program for Norse.
    Norse,
    /// A program for NumPy.
    Numpy,
}

crate::spec::words!(
    Target, "nir" => Self::Nir, "netx" => Self::Netx, "lava" => Self::Lava, "snntorch" => Self::SnnTorch, "norse" => Self::Norse,
    "numpy" => Self::Numpy
);

/// The arguments of `spiking export`.
#[derive(Debug)]
pub struct Export {
    /// The weights.
    pub model: Model,
    /// What for.
    pub to: Target,
    /// The file to write.
    pub output: Option<PathBuf>,
    /// Whether a NIR graph ends at the currents into the outputs.
    pub currents: bool,
    /// Bits of a weight on the chip.
    pub bits: u32,
}

/// The arguments of `spiking import`.
#[derive(Debug)]
pub struct Import {
    /// The other program's file.
    pub model: Model,
    /// A time step of it in seconds.
    pub dt: Option<f64>,
    /// The file to write.
    pub output: Option<PathBuf>,
}

/// The arguments of `spiking predict`.
#[derive(Debug)]
pub struct Predict {
    /// The weights; `None` for those that are built in.
    pub file: Option<PathBuf>,
    /// The settings given on the command line, as in [`Model::given`].
    pub given: Vec<(&'static str, String)>,
    /// The pictures.
    pub images: Vec<PathBuf>,
    /// A file for a drawing of the picture's trace through the network.
    pub svg: Option<PathBuf>,
}

/// The arguments of `spiking shards`.
#[derive(Debug)]
pub struct Shards {
    /// The folder of the data set.
    pub data_dir: PathBuf,
    /// The folder for the shards, with a folder for each data set.
    pub output: PathBuf,
    /// The data sets.
    pub dataset: Dataset,
}

/// The definition of all arguments.
pub fn command() -> Command {
    Command::new("spiking")
        .about("Trains a network of spiking neurons on images of handwritten digits, and measures it.")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(train_command())
        .subcommand(evaluate_command())
        .subcommand(predict_command())
        .subcommand(export_command())
        .subcommand(import_command())
        .subcommand(shards_command())
        .subcommand(page_settings_command())
}

fn data_dir() -> Arg {
    Arg::new("data-dir")
        .long("data-dir")
        .value_name("DIR")
        .default_value("data")
        .value_parser(value_parser!(PathBuf))
        .help_heading("Data")
        .help("Where the data set's idx files are, raw or .gz; what is missing is fetched into it")
}

fn train_command() -> Command {
    let switch = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help_heading("Output").help(help)
    };
    let output = Arg::new("output")
        .long("output")
        .value_name("DIR")
        .value_parser(value_parser!(PathBuf))
        .help_heading("Output")
        .help("Folder for weights, checkpoint and metrics [default: outputs/<date-time>]");
    let weights = Arg::new("weights")
        .long("weights")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .conflicts_with("resume")
        .help_heading("Training")
        .help("Start from the weights in a safetensors file instead of the seed's; the flags say the network");
    let weights_type = Arg::new("weights-type")
        .long("weights-type")
        .value_name("TYPE")
        .value_parser(["f32", "bf16", "fixed8"])
        .help_heading("Output")
        .help(
            "Numbers in model.safetensors: f32, as they were trained; bf16; or fixed8, multiples of 1/256 in f16, the \
             smallest when compressed. The checkpoint is always f32 [default: f32; with --resume: as before]",
        );
    let device = Arg::new("device")
        .long("device")
        .value_name("DEVICE")
        .value_parser(["cpu", "gpu"])
        .default_value("cpu")
        .help_heading("Output")
        .help("What to compute on; gpu is any graphics card, in a build with `--features gpu`");
    Command::new("train")
        .about("Trains a network and saves it after every epoch")
        .after_help("Example: spiking train --data-dir data --epochs 10 --batch-size 64")
        .arg(data_dir())
        .args(FIELDS.iter().map(flag))
        .arg(weights)
        .arg(output)
        .arg(weights_type)
        .arg(switch("resume", "Go on with the run in the output folder, as if it had never stopped"))
        .arg(switch(
            "force",
            "Replace the run in the output folder; with --resume: go on with it though the images are others",
        ))
        .arg(device)
}

fn model() -> Arg {
    Arg::new("model")
        .value_name("MODEL")
        .required(true)
        .value_parser(value_parser!(PathBuf))
        .help("A model.safetensors or checkpoint.safetensors")
}

/// The help on settings of a network that its file does not contain.
fn network_flags() -> impl Iterator<Item = Arg> {
    FIELDS.iter().filter(|field| !TRAINING.contains(&field.name)).map(bare_flag)
}

fn evaluate_command() -> Command {
    let export = Arg::new("export").long("export").value_name("FILE").value_parser(value_parser!(PathBuf)).help(
        "Write spikes and class scores of the first test images into this file, as JSON, for other simulators; - for \
             standard output",
    );
    let drawings = Arg::new("drawings")
        .long("drawings")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .conflicts_with("export")
        .help(
            "Measure on drawn digits instead of the test set, one a line: {\"label\": 7, \"strokes\": [[[x, y], …], …]}, \
             or x,y,x,y,…,digit as in UCI's pendigits",
        );
    let loihi = Arg::new("loihi")
        .long("loihi")
        .action(ArgAction::SetTrue)
        .conflicts_with_all(["export", "drawings"])
        .help("Measure it in the integers of Intel's Loihi too: accuracy, spikes and what it takes there");
    Command::new("evaluate")
        .about("Measures a trained network on the test set")
        .after_help(FLAGS_OF_A_NETWORK)
        .arg(model())
        .arg(data_dir())
        .arg(export)
        .arg(drawings)
        .arg(loihi)
        .arg(weight_bits().requires("loihi"))
        .args(network_flags())
}

fn predict_command() -> Command {
    let files = Arg::new("files")
        .value_name("[MODEL] IMAGE")
        .required(true)
        .num_args(1..)
        .value_parser(value_parser!(PathBuf))
        .help(
            "A model.safetensors or checkpoint.safetensors, or nothing for the network that reads hands best (models/mnist-conv.safetensors); \
             then PNG, JPEG, WebP, GIF or BMP files of one digit (or whatever the network learnt) each, of any size: drawings, scans, photos",
        );
    let svg = Arg::new("svg")
        .long("svg")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("Draw the picture's spikes and voltages into this file, or - for standard output; for one picture");
    Command::new("predict")
        .about("Says what is on a picture, how surely, and since when it was known")
        .after_help(format!(
            "Examples: spiking predict photo.jpg drawing.png\n          spiking predict models/mnist.safetensors photo.jpg\n\n{FLAGS_OF_A_NETWORK}"
        ))
        .arg(files)
        .arg(svg)
        .args(network_flags())
}

fn weight_bits() -> Arg {
    Arg::new("weight-bits")
        .long("weight-bits")
        .value_name("BITS")
        .default_value("8")
        .value_parser(value_parser!(u32).range(2..=8))
        .help("Bits of a weight on the chip, 2 to 8")
}

fn output(help: &'static str) -> Arg {
    Arg::new("output").long("output").value_name("FILE").value_parser(value_parser!(PathBuf)).help(help)
}

fn export_command() -> Command {
    let to = Arg::new("to")
        .long("to")
        .value_name("FORMAT")
        .required(true)
        .value_parser(["nir", "netx", "lava", "snntorch", "norse", "numpy"])
        .help(
            "nir: the graph that simulators and chips exchange; netx: the .net file that Lava loads for Loihi; lava: a program for Lava; \
             snntorch, norse, numpy: a program to read, with its weights beside it",
        );
    let currents = Arg::new("currents").long("currents").action(ArgAction::SetTrue).help(
        "With --to nir: end at the currents into the outputs, which every library reads, and not in integrators, which few do",
    );
    Command::new("export")
        .about("Writes a network for other simulators, for Intel's Loihi or as a program in Python")
        .after_help("Example: spiking export models/mnist.safetensors --to nir")
        .arg(model())
        .arg(to)
        .arg(output("The file to write [default: the model's name with another ending, here]"))
        .arg(currents)
        .arg(weight_bits())
        .args(network_flags())
}

fn import_command() -> Command {
    let dt = Arg::new("dt").long("dt").value_name("SECONDS").value_parser(positive).help(
        "The time step that the file's time constants mean [default: what its metadata says, or 0.0001 as in snnTorch]",
    );
    Command::new("import")
        .about("Makes a safetensors file of another program's: .nir, or a .net for Loihi")
        .after_help(format!("Example: spiking import network.nir --time-steps 50\n\n{FLAGS_OF_A_NETWORK}"))
        .arg(
            Arg::new("model")
                .value_name("FILE")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("A .nir or .net"),
        )
        .arg(output("The file to write [default: the file's name with the ending .safetensors, here]"))
        .arg(dt)
        .args(network_flags())
}

/// A number of seconds.
fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "it is no number above 0".to_owned())
}

fn shards_command() -> Command {
    let output = Arg::new("output")
        .long("output")
        .value_name("DIR")
        .default_value("www/shards")
        .value_parser(value_parser!(PathBuf))
        .help("Folder to write into, one folder a data set");
    Command::new("shards")
        .about("Cuts the data set into the pieces that the page fetches")
        .args(field("dataset").map(flag))
        .arg(data_dir())
        .arg(output)
}

/// What the build of the page asks: nobody needs it by hand.
fn page_settings_command() -> Command {
    Command::new("page-settings").about("Lists the page's own settings for its scripts").hide(true)
}

/// The flag of a spec's field, with the default spec's value as its default.
fn flag(field: &'static Field) -> Arg {
    bare_flag(field).default_value(field.text(&Spec::default()))
}

/// The flag of a spec's field, whose text is checked during parsing, so that a wrong one is a usage error.
fn bare_flag(field: &'static Field) -> Arg {
    let check = |text: &str| Spec::default().set(field.name, text).map(|()| text.to_owned()).map_err(|e| e.to_string());
    let arg = Arg::new(field.name).long(field.name).value_name("VALUE");
    let arg =
        if field.is_switch() { arg.num_args(0..=1).require_equals(true).default_missing_value("on") } else { arg };
    arg.value_parser(check).allow_hyphen_values(true).help_heading(heading(field)).help(format!(
        "{}: {}{}",
        help::line(field.name),
        field.values,
        stdp_default(field)
    ))
}

/// What the default is where weights learn by STDP, if it is another one.
fn stdp_default(field: &Field) -> String {
    let [plain, stdp] = [Rule::SurrogateGradient, Rule::Stdp].map(|rule| field.text(&Spec::of_rule(rule)));
    let differs = field.name != "rule" && field.applies_to(Rule::Stdp) && stdp != plain;
    if differs { format!(" [with --rule stdp: {stdp}]") } else { String::new() }
}

fn heading(field: &Field) -> &'static str {
    if !field.applies_to(Rule::SurrogateGradient) {
        return "With --rule stdp";
    }
    match field.name {
        "dataset" | "augment" | "noise" | "encoding" | "time-steps" => "Data",
        "rule" | "epochs" | "batch-size" | "learning-rate" | "schedule" | "seed" => "Training",
        _ => "Network",
    }
}

fn path(matches: &ArgMatches, name: &str) -> Option<PathBuf> {
    matches.get_one::<PathBuf>(name).cloned()
}

/// The arguments of `spiking train`, from its flags.
pub fn train(matches: &ArgMatches) -> Train {
    let names: Vec<&'static str> = FIELDS.iter().map(|field| field.name).collect();
    Train {
        spec: spec_of(matches, &names),
        given: names.into_iter().filter(|name| is_typed(matches, name)).collect(),
        data_dir: path(matches, "data-dir").unwrap_or_default(),
        weights: path(matches, "weights"),
        weights_type: matches.get_one::<String>("weights-type").cloned(),
        output: path(matches, "output"),
        resume: matches.get_flag("resume"),
        force: matches.get_flag("force"),
        on_card: matches.get_one::<String>("device").is_some_and(|device| device == "gpu"),
    }
}

/// The same, of settings that belong together.
///
/// # Errors
/// Wrong usage: settings that do not.
pub fn checked_train(matches: &ArgMatches) -> Result<Train, clap::Error> {
    let train = train(matches);
    // The settings of a resumed run are in its checkpoint.
    match train.spec.check() {
        Err(error) if !train.resume => Err(command().error(ErrorKind::ArgumentConflict, error)),
        Ok(()) | Err(_) => Ok(train),
    }
}

fn is_typed(matches: &ArgMatches, name: &str) -> bool {
    matches.value_source(name) == Some(ValueSource::CommandLine)
}

/// The file of a network, and the settings given for it.
fn model_of(matches: &ArgMatches) -> Model {
    Model { file: path(matches, "model").unwrap_or_default(), given: given(matches) }
}

/// The settings of a network that were typed, with their texts.
fn given(matches: &ArgMatches) -> Vec<(&'static str, String)> {
    let names = FIELDS.iter().map(|field| field.name).filter(|name| !TRAINING.contains(name));
    let typed = names.filter(|name| is_typed(matches, name));
    typed.filter_map(|name| Some((name, matches.get_one::<String>(name)?.clone()))).collect()
}

/// The arguments of `spiking evaluate`, from its flags.
pub fn evaluate(matches: &ArgMatches) -> Evaluate {
    Evaluate {
        model: model_of(matches),
        data_dir: path(matches, "data-dir").unwrap_or_default(),
        export: path(matches, "export"),
        drawings: path(matches, "drawings"),
        loihi: matches.get_flag("loihi").then(|| bits(matches)),
    }
}

fn bits(matches: &ArgMatches) -> u32 {
    matches.get_one("weight-bits").copied().unwrap_or(8)
}

/// The arguments of `spiking export`, from its flags.
pub fn export(matches: &ArgMatches) -> Export {
    let to = matches.get_one::<String>("to").and_then(|word| Target::from_word(word));
    Export {
        model: model_of(matches),
        to: to.unwrap_or(Target::Nir),
        output: path(matches, "output"),
        currents: matches.get_flag("currents"),
        bits: bits(matches),
    }
}

/// The arguments of `spiking import`, from its flags.
pub fn import(matches: &ArgMatches) -> Import {
    Import { model: model_of(matches), dt: matches.get_one("dt").copied(), output: path(matches, "output") }
}

/// The arguments of `spiking predict`, from its flags.
///
/// # Errors
/// Wrong usage: no picture.
pub fn predict(matches: &ArgMatches) -> Result<Predict, clap::Error> {
    let mut files: VecDeque<PathBuf> = matches.get_many("files").into_iter().flatten().cloned().collect();
    let is_model = files.front().is_some_and(|file| !is_picture(file));
    let file = if is_model { files.pop_front() } else { None };
    if files.is_empty() {
        let missing = "the following required arguments were not provided: <IMAGE>..., pictures to read";
        return Err(command().error(ErrorKind::MissingRequiredArgument, missing));
    }
    Ok(Predict { given: given(matches), file, images: files.into(), svg: path(matches, "svg") })
}

/// Whether a file is a picture by its name.
fn is_picture(file: &Path) -> bool {
    let ending = file.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    ["png", "jpg", "jpeg", "webp", "gif", "bmp"].contains(&ending.as_str())
}

/// The arguments of `spiking shards`, from its flags.
pub fn shards(matches: &ArgMatches) -> Shards {
    Shards {
        data_dir: path(matches, "data-dir").unwrap_or_default(),
        output: path(matches, "output").unwrap_or_default(),
        dataset: spec_of(matches, &["dataset"]).dataset,
    }
}

/// The spec that these flags describe; their texts were checked during parsing. Whether they belong together is not.
fn spec_of(matches: &ArgMatches, flags: &[&str]) -> Spec {
    let mut spec = Spec::default();
    // The rule stands first, and has defaults of its own: of the others only what was typed counts.
    for name in flags.iter().filter(|name| is_typed(matches, name)) {
        if let Some(text) = matches.get_one::<String>(name) {
            let _checked = spec.set(name, text);
        }
    }
    spec
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::command().debug_assert();
    }
}
