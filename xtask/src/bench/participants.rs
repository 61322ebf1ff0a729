//! Who is measured, how, and who counts as learning.

use super::Options;
use super::process::{Limit, output};
use super::report::median;
use super::setup::Setup;
use crate::run::{Result, find, says};
use crate::tools::{locked, target};
use std::path::Path;
use std::process::Command;

/// One line of the table.
pub struct Participant {
    /// As it stands there.
    pub name: String,
    /// Whether it is we.
    pub ours: bool,
    /// Whether it is a PyTorch peer, of which the fastest is the measure.
    pub peer: bool,
    kind: Kind,
    /// Steps and test images of the validation.
    steps: usize,
    tests: usize,
    /// Steps before the clock runs.
    warm_up: usize,
    /// Seconds of a measurement.
    seconds: f64,
}

/// How it is run.
enum Kind {
    /// `spiking train`, on so many threads; none for all.
    Program { threads: Option<usize>, epochs: usize },
    /// The page.
    Page,
    /// The network in burn's own operations.
    Plain,
    /// A file in benches/peers, the package it needs, and whether it runs under torch.compile.
    Python { file: &'static str, package: &'static str, compiled: bool },
    /// A module in benches/browser, the device it runs on, and whether its site lets it use threads.
    Browser { module: &'static str, device: &'static str, isolated: bool },
}

/// What a participant said of itself.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Its version.
    pub version: String,
    loss: f64,
    accuracy: f64,
    /// After how much training.
    after: String,
    /// For PyTorch: whether it is faster on one thread than on all, as it is where threads have to wait for each other.
    one_thread: bool,
}

impl Figures {
    /// Loss and accuracy in words.
    pub fn text(&self) -> String {
        format!("{:.3}, {:.1} % after {}", self.loss, 100.0 * self.accuracy, self.after)
    }
}

/// All of them, in the order of the table.
pub fn all(setup: &Setup, options: &Options) -> Vec<Participant> {
    let seconds = options.seconds;
    let shorter = |steps: usize| if options.quick { (steps / 5).max(5) } else { steps };
    let of = |name: &str, kind: Kind, steps: usize| Participant {
        name: name.to_owned(),
        ours: matches!(kind, Kind::Program { .. } | Kind::Page)
            && !matches!((&kind, &setup.browser), (Kind::Page, Err(_))),
        peer: matches!(kind, Kind::Python { .. }),
        kind,
        steps: shorter(steps),
        tests: if steps >= 100 { 1000 } else { 128 },
        warm_up: if steps >= 100 { 20 } else { 2 },
        seconds,
    };
    let epochs = if options.quick { 3 } else { 10 };
    let program = |threads| Kind::Program { threads, epochs };
    let python = |file, package, compiled| Kind::Python { file, package, compiled };
    let browser = |module, device, isolated| Kind::Browser { module, device, isolated };
    vec![
        of("Spiking Playground, native, all threads", program(None), 0),
        of("Spiking Playground, native, 1 thread", program(Some(1)), 0),
        of("Spiking Playground, in the browser, 1 worker", Kind::Page, 0),
        of("plain burn operations (Flex)", Kind::Plain, 300),
        of("PyTorch by hand", python("by_hand.py", "torch", false), 300),
        of("PyTorch by hand, torch.compile", python("by_hand.py", "torch", true), 300),
        of("snnTorch", python("with_snntorch.py", "snntorch", false), 300),
        of("Norse", python("with_norse.py", "norse", false), 300),
        of("SpikingJelly", python("with_spikingjelly.py", "spikingjelly", false), 300),
        of("SpikingJelly, torch.compile", python("with_spikingjelly.py", "spikingjelly", true), 300),
        of("jax-js wasm, in the browser", browser("jax", "wasm", false), 300),
        of("jax-js wasm, in the browser, with threads", browser("jax", "wasm", true), 300),
        of("TensorFlow.js wasm, in the browser", browser("tensorflow", "wasm", false), 100),
        of("TensorFlow.js webgl, in the browser", browser("tensorflow", "webgl", false), 50),
        of("TensorFlow.js webgpu, in the browser", browser("tensorflow", "webgpu", false), 20),
    ]
}

impl Participant {
    /// What it learns in its steps; an error if that is not what we learn in as many.
    pub fn validated(&self, setup: &Setup) -> Result<Figures> {
        let said = match &self.kind {
            Kind::Program { threads, .. } => return self.epoch(setup, *threads),
            Kind::Page => output(self.command(setup)?.args(["--steps", "1"]), Limit::seconds(180.0))?,
            _ => output(&mut self.trained(self.command(setup)?), Limit::seconds(900.0))?,
        };
        let (loss, accuracy) = (value(&said, "loss")?, value(&said, "accuracy")?);
        let version =
            word(&said, "version").map_or_else(|| Ok(format!("burn {}", locked("burn")?)), Ok::<_, String>)?;
        if let Kind::Page = self.kind {
            sane("the page", (loss, accuracy), (0.5, 0.85))?;
            return Ok(Figures { version, loss, accuracy, after: "less than an epoch".to_owned(), one_thread: false });
        }
        let mut ours = Command::new(setup.program("plain")?);
        ours.args(["--who", "ours"]);
        let judge = output(&mut self.trained(ours), Limit::seconds(300.0))?;
        let (our_loss, our_accuracy) = (value(&judge, "loss")?, value(&judge, "accuracy")?);
        // Noise of few steps and few test images; other than that, what learns the same network is as good.
        let slack = if self.steps >= 100 { 0.05 } else { 0.25 };
        sane("our network", (loss, accuracy), (1.5 * our_loss + 0.1, our_accuracy - slack))?;
        let one_thread = self.peer && self.rate(setup, 3.0, true)? > self.rate(setup, 3.0, false)?;
        let version = if one_thread { format!("{version}, faster on 1") } else { version };
        Ok(Figures { version, loss, accuracy, after: format!("{} steps", self.steps), one_thread })
    }

    /// Images per second.
    pub fn measured(&self, setup: &Setup, figures: &Figures) -> Result<f64> {
        if let Kind::Program { threads, epochs } = self.kind {
            let lines = self.epochs(setup, threads, epochs)?;
            let rates = lines.iter().map(|line| before(line, "images/s")).collect::<Result<Vec<f64>>>()?;
            // The first epoch warms up.
            return Ok(median(&rates[1.min(rates.len() - 1)..]));
        }
        self.rate(setup, self.seconds, figures.one_thread)
    }

    /// Images per second over so many seconds.
    fn rate(&self, setup: &Setup, seconds: f64, one_thread: bool) -> Result<f64> {
        let mut command = self.command(setup)?;
        command.args(["--seconds", &seconds.to_string(), "--warm-up", &self.warm_up.to_string()]);
        command.envs(one_thread.then_some(("OMP_NUM_THREADS", "1")));
        let said = output(&mut command, Limit::seconds(600.0 + seconds))?;
        let rate = value(&said, "images_per_second")?;
        if rate.is_finite() && rate > 0.0 { Ok(rate) } else { Err(format!("{rate} images per second")) }
    }

    fn trained(&self, mut command: Command) -> Command {
        command.args(["--steps", &self.steps.to_string(), "--tests", &self.tests.to_string()]);
        command
    }

    /// What runs it, without what it shall do.
    fn command(&self, setup: &Setup) -> Result<Command> {
        match self.kind {
            Kind::Program { .. } => Ok(Command::new(setup.program("spiking")?)),
            Kind::Plain => Ok(Command::new(setup.program("plain")?)),
            Kind::Page => {
                let mut node = setup.browser.as_ref().map_err(Clone::clone)?.driver();
                node.args(["page", "dist", "--limit", "170"]);
                Ok(node)
            }
            Kind::Browser { module, device, isolated } => {
                let mut node = setup.browser.as_ref().map_err(Clone::clone)?.driver();
                setup.npm.as_ref().map_err(Clone::clone)?;
                node.args([module, device, "--limit", "590"]).args(isolated.then_some("--isolated"));
                Ok(node)
            }
            Kind::Python { file, package, compiled } => {
                let python = setup.python.as_ref().map_err(Clone::clone)?;
                if let Some(reason) = setup.absent.get(package) {
                    return Err(format!("{package} cannot be had: {reason}"));
                }
                if compiled && !has_compiler() {
                    return Err("torch.compile needs a C++ compiler (g++), which is not here".to_owned());
                }
                let mut command = Command::new(python);
                // So that what was compiled once is there in the next round.
                command.env(
                    "TORCHINDUCTOR_CACHE_DIR",
                    std::path::absolute(target().join("inductor")).map_err(|error| error.to_string())?,
                );
                command.arg(Path::new("benches/peers").join(file)).args(compiled.then_some("--compile"));
                Ok(command)
            }
        }
    }

    /// The lines that `spiking train` prints of its epochs.
    fn epochs(&self, setup: &Setup, threads: Option<usize>, epochs: usize) -> Result<Vec<String>> {
        let folder = std::env::temp_dir().join(format!("spiking-bench-{}", std::process::id()));
        let mut command = self.command(setup)?;
        command.args(["train", "--data-dir", "data", "--force", "--epochs", &epochs.to_string(), "--output"]);
        command.arg(&folder).envs(threads.map(|threads| ("RAYON_NUM_THREADS", threads.to_string())));
        let said = output(&mut command, Limit::seconds(1200.0));
        let _ = std::fs::remove_dir_all(&folder);
        let lines: Vec<String> = said?.lines().filter(|line| line.starts_with("Epoch")).map(str::to_owned).collect();
        if lines.is_empty() { Err("it printed no epoch".to_owned()) } else { Ok(lines) }
    }

    /// One epoch of ours, which must reach what one epoch does.
    fn epoch(&self, setup: &Setup, threads: Option<usize>) -> Result<Figures> {
        let lines = self.epochs(setup, threads, 1)?;
        let after = |name: &str| {
            let (_, rest) = lines[0].split_once(name)?;
            rest.split_whitespace().next()?.parse::<f64>().ok()
        };
        let (loss, accuracy) =
            after("loss").zip(after("test")).ok_or_else(|| format!("no figures in: {}", lines[0]))?;
        sane("one epoch", (loss, accuracy / 100.0), (0.5, 0.92))?;
        let version = says(self.command(setup)?.arg("--version")).unwrap_or_default();
        Ok(Figures { version, loss, accuracy: accuracy / 100.0, after: "1 epoch".to_owned(), one_thread: false })
    }
}

/// Whether loss and accuracy are within what is asked.
fn sane(of: &str, (loss, accuracy): (f64, f64), (most, least): (f64, f64)) -> Result<()> {
    // So that NaN is not sane.
    if loss <= most && accuracy >= least {
        return Ok(());
    }
    Err(format!("does not learn: loss {loss:.3}, accuracy {accuracy:.3}; {of} allows {most:.3} and asks {least:.3}"))
}

/// Whether there is what torch.compile calls.
fn has_compiler() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::var_os("CXX").is_some() || ["g++", "clang++"].iter().any(|name| find(name, &path).is_some())
}

/// The rest of the line that begins with a name.
fn word(said: &str, name: &str) -> Option<String> {
    said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).map(str::to_owned)
}

fn value(said: &str, name: &str) -> Result<f64> {
    let text = word(said, name).ok_or_else(|| format!("it said nothing of {name}"))?;
    text.parse().map_err(|_| format!("its {name} is {text}"))
}

/// The number before a word.
fn before(line: &str, unit: &str) -> Result<f64> {
    let number = line.split(unit).next().and_then(|start| start.split_whitespace().last());
    number.and_then(|number| number.parse().ok()).ok_or_else(|| format!("no {unit} in: {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read() {
        let said = "version torch 2.9.1\nloss 0.25\nlossless 3\n";
        assert_eq!(word(said, "version").as_deref(), Some("torch 2.9.1"));
        assert_eq!(value(said, "loss"), Ok(0.25));
        assert!(value(said, "accuracy").is_err());
        assert_eq!(before("Epoch 1/9  loss 0.3  0.6 s  99000 images/s", "images/s"), Ok(99000.0));
    }

    #[test]
    fn who_does_not_learn_is_found_out() {
        assert!(sane("x", (0.3, 0.9), (0.5, 0.85)).is_ok());
        for figures in [(f64::NAN, 0.9), (0.6, 0.9), (0.3, 0.1), (0.3, f64::NAN)] {
            assert!(sane("x", figures, (0.5, 0.85)).is_err());
        }
    }
}
