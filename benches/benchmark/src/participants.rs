//! Who is measured, how, and who counts as learning.

use crate::Options;
use crate::limited::output;
use crate::report::median;
use crate::setup::{Setup, had};
use anyhow::{Context, Result, bail, ensure};
use duct::{Expression, cmd};
use std::ffi::OsString;
use std::time::Duration;
use xtask::run::{find, says};
use xtask::tools::{locked, target};

/// The hidden layers of the network of convolutions, as `spiking train --hidden` has them.
pub const CONVOLUTIONS: &str = "16c5s2,32c5s2";

/// One line of the table.
pub struct Participant {
    /// As it stands there.
    pub name: String,
    /// Whether it is we.
    pub ours: bool,
    /// Whether it is a PyTorch peer, of which the fastest is the measure.
    pub peer: bool,
    kind: Kind,
    /// Its hidden layers, if they are not those of the defaults.
    hidden: Option<&'static str>,
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
    /// The page, with so many workers.
    Page { workers: usize },
    /// The network in burn's own operations.
    Plain,
    /// A script, the package it needs, and whether it runs under torch.compile.
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
        ours: matches!(kind, Kind::Program { .. } | Kind::Page { .. })
            && !matches!((&kind, &setup.browser), (Kind::Page { .. }, Err(_))),
        peer: matches!(kind, Kind::Python { .. }),
        kind,
        hidden: options.convolutions.then_some(CONVOLUTIONS),
        steps: shorter(steps),
        tests: if steps >= 100 { 1000 } else { 128 },
        warm_up: if steps >= 100 { 20 } else { 2 },
        seconds,
    };
    let epochs = if options.quick || options.convolutions { 3 } else { 10 };
    let program = |threads| Kind::Program { threads, epochs };
    let python = |file, package, compiled| Kind::Python { file, package, compiled };
    let browser = |module, device, isolated| Kind::Browser { module, device, isolated };
    let mut ours = vec![
        of("Spiking Playground, native, all threads", program(None), 0),
        of("Spiking Playground, native, 1 thread", program(Some(1)), 0),
        of("Spiking Playground, in the browser, 1 worker", Kind::Page { workers: 1 }, 0),
    ];
    // Those whose own kinds of layers there are.
    let with_snntorch = |compiled| python("benches/peers/with_snntorch.py", "snntorch", compiled);
    let with_spikingjelly = |compiled| python("benches/peers/with_spikingjelly.py", "spikingjelly", compiled);
    let peers = [
        of("snnTorch", with_snntorch(false), 300),
        of("snnTorch, torch.compile", with_snntorch(true), 300),
        of("SpikingJelly", with_spikingjelly(false), 300),
        of("SpikingJelly, torch.compile", with_spikingjelly(true), 300),
    ];
    if options.convolutions {
        return ours.into_iter().chain(peers).collect();
    }
    // Convolutions are trained by one.
    ours.push(of("Spiking Playground, in the browser, 2 workers", Kind::Page { workers: 2 }, 0));
    let others = [
        of("plain burn operations (Flex)", Kind::Plain, 300),
        of("PyTorch by hand", python("benches/peers/by_hand.py", "torch", false), 300),
        of("PyTorch by hand, torch.compile", python("benches/peers/by_hand.py", "torch", true), 300),
        of("Norse", python("benches/peers/with_norse.py", "norse", false), 300),
        of("jax-js wasm, in the browser", browser("jax", "wasm", false), 300),
        of("jax-js wasm, in the browser, with threads", browser("jax", "wasm", true), 300),
        of("TensorFlow.js wasm, in the browser", browser("tensorflow", "wasm", false), 100),
        of("TensorFlow.js webgl, in the browser", browser("tensorflow", "webgl", false), 50),
        of("TensorFlow.js webgpu, in the browser", browser("tensorflow", "webgpu", false), 20),
    ];
    ours.into_iter().chain(peers).chain(others).collect()
}

impl Participant {
    /// What it learns in its steps.
    ///
    /// # Errors
    /// When that is not what we learn in as many, or it cannot be run.
    pub fn validated(&self, setup: &Setup) -> Result<Figures> {
        let said = match &self.kind {
            Kind::Program { threads, .. } => return self.epoch(setup, *threads),
            Kind::Page { .. } => output(&self.command(setup, &["--steps", "1"])?, Duration::from_secs(180))?,
            _ => output(&self.command(setup, &words(&self.trained()))?, Duration::from_secs(900))?,
        };
        let (loss, accuracy) = (value(&said, "loss")?, value(&said, "accuracy")?);
        let version =
            word(&said, "version").map_or_else(|| Ok(format!("burn {}", locked("burn")?)), Ok::<_, anyhow::Error>)?;
        if let Kind::Page { .. } = self.kind {
            sane("the page", (loss, accuracy), (0.5, 0.85))?;
            return Ok(Figures { version, loss, accuracy, after: soon(&said), one_thread: false });
        }
        let trained = self.trained();
        let arguments = ["--who", "ours"].into_iter().chain(self.network()).chain(words(&trained));
        let ours = cmd(setup.program("plain")?, arguments);
        let judge = output(&ours, Duration::from_secs(300))?;
        let (our_loss, our_accuracy) = (value(&judge, "loss")?, value(&judge, "accuracy")?);
        // Noise of few steps and few test images; other than that, what learns the same network is as good.
        let slack = if self.steps >= 100 { 0.05 } else { 0.25 };
        sane("our network", (loss, accuracy), (1.5 * our_loss + 0.1, our_accuracy - slack))?;
        let one_thread = self.peer && self.rate(setup, 3.0, true)? > self.rate(setup, 3.0, false)?;
        let version = if one_thread { format!("{version}, faster on 1") } else { version };
        Ok(Figures { version, loss, accuracy, after: format!("{} steps", self.steps), one_thread })
    }

    /// Images per second.
    ///
    /// # Errors
    /// When it cannot be run or says none.
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
        let arguments = ["--seconds", &seconds.to_string(), "--warm-up", &self.warm_up.to_string()];
        let mut command = self.command(setup, &arguments)?;
        if one_thread {
            command = command.env("OMP_NUM_THREADS", "1");
        }
        let said = output(&command, Duration::from_secs_f64(600.0 + seconds))?;
        let rate = value(&said, "images_per_second")?;
        ensure!(rate.is_finite() && rate > 0.0, "{rate} images per second");
        Ok(rate)
    }

    fn trained(&self) -> [String; 4] {
        ["--steps".to_owned(), self.steps.to_string(), "--tests".to_owned(), self.tests.to_string()]
    }

    /// The arguments that say its network.
    fn network(&self) -> Vec<&'static str> {
        self.hidden.map_or(Vec::new(), |hidden| vec!["--hidden", hidden])
    }

    /// What runs it, with these arguments behind its own.
    fn command(&self, setup: &Setup, arguments: &[&str]) -> Result<Expression> {
        let with = |own: &[&'static str]| own.iter().chain(arguments).copied().collect::<Vec<_>>();
        match self.kind {
            Kind::Program { .. } => Ok(cmd(setup.program("spiking")?, arguments)),
            Kind::Plain => Ok(cmd(setup.program("plain")?, arguments)),
            Kind::Page { workers } => {
                let workers = workers.to_string();
                let own = ["page", "dist", "--limit", "170", "--workers", &workers];
                let all = own.into_iter().chain(self.network()).chain(arguments.iter().copied());
                Ok(had(&setup.browser)?.driver(all))
            }
            Kind::Browser { module, device, isolated } => {
                had(&setup.npm)?;
                let isolated: &[&str] = if isolated { &["--isolated"] } else { &[] };
                Ok(had(&setup.browser)?.driver(with(&[&[module, device, "--limit", "590"], isolated].concat())))
            }
            Kind::Python { file, package, compiled } => {
                let python = had(&setup.python)?;
                if let Some(reason) = setup.absent.get(package) {
                    bail!("{package} cannot be had: {reason}");
                }
                ensure!(!compiled || has_compiler(), "torch.compile needs a C++ compiler (g++), which is not here");
                let compile: &[&str] = if compiled { &["--compile"] } else { &[] };
                // So that what was compiled once is there in the next round.
                let cache = target()?.join("inductor");
                let command = cmd(python, with(&[&[file], compile].concat())).env("TORCHINDUCTOR_CACHE_DIR", cache);
                Ok(self.hidden.map_or(command.clone(), |hidden| command.env("HIDDEN", hidden)))
            }
        }
    }

    /// The lines that `spiking train` prints of its epochs.
    fn epochs(&self, setup: &Setup, threads: Option<usize>, epochs: usize) -> Result<Vec<String>> {
        let folder = std::env::temp_dir().join(format!("spiking-bench-{}", std::process::id()));
        let epochs = epochs.to_string();
        let arguments = ["train", "--data-dir", "data", "--force", "--epochs", &epochs, "--output"].map(OsString::from);
        let network = self.network().into_iter().map(OsString::from);
        let all = arguments.into_iter().chain([folder.clone().into_os_string()]).chain(network);
        let mut command = cmd(setup.program("spiking")?, all);
        if let Some(threads) = threads {
            command = command.env("RAYON_NUM_THREADS", threads.to_string());
        }
        let said = output(&command, Duration::from_secs(1200));
        let _ = std::fs::remove_dir_all(&folder);
        let lines: Vec<String> = said?.lines().filter(|line| line.starts_with("Epoch")).map(str::to_owned).collect();
        ensure!(!lines.is_empty(), "it printed no epoch");
        Ok(lines)
    }

    /// One epoch of ours, which must reach what one epoch does.
    fn epoch(&self, setup: &Setup, threads: Option<usize>) -> Result<Figures> {
        let lines = self.epochs(setup, threads, 1)?;
        let after = |name: &str| {
            let (_, rest) = lines[0].split_once(name)?;
            rest.split_whitespace().next()?.parse::<f64>().ok()
        };
        let (loss, accuracy) =
            after("loss").zip(after("test")).with_context(|| format!("no figures in: {}", lines[0]))?;
        sane("one epoch", (loss, accuracy / 100.0), (0.5, 0.92))?;
        let version = says(&self.command(setup, &["--version"])?).unwrap_or_default();
        Ok(Figures { version, loss, accuracy: accuracy / 100.0, after: "1 epoch".to_owned(), one_thread: false })
    }
}

/// After how many seconds the page had reached what.
fn soon(said: &str) -> String {
    let reached = said.lines().filter_map(|line| {
        let (mark, seconds) = line.strip_prefix("seconds_to_")?.split_once(' ')?;
        Some(format!("{mark} % {:.1} s", seconds.parse::<f64>().ok()?))
    });
    format!("less than an epoch; since the page was asked for: {}", reached.collect::<Vec<_>>().join(", "))
}

/// Whether loss and accuracy are within what is asked.
fn sane(of: &str, (loss, accuracy): (f64, f64), (most, least): (f64, f64)) -> Result<()> {
    // So that NaN is not sane.
    ensure!(
        loss <= most && accuracy >= least,
        "does not learn: loss {loss:.3}, accuracy {accuracy:.3}; {of} allows {most:.3} and asks {least:.3}"
    );
    Ok(())
}

/// Whether there is what torch.compile calls.
fn has_compiler() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::var_os("CXX").is_some() || ["g++", "clang++"].iter().any(|name| find(name, &path).is_some())
}

fn words(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

/// The rest of the line that begins with a name.
fn word(said: &str, name: &str) -> Option<String> {
    said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).map(str::to_owned)
}

fn value(said: &str, name: &str) -> Result<f64> {
    let text = word(said, name).with_context(|| format!("it said nothing of {name}"))?;
    text.parse().with_context(|| format!("its {name} is {text}"))
}

/// The number before a word.
fn before(line: &str, unit: &str) -> Result<f64> {
    let number = line.split(unit).next().and_then(|start| start.split_whitespace().last());
    number.and_then(|number| number.parse().ok()).with_context(|| format!("no {unit} in: {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read() {
        let said = "version torch 2.9.1\nloss 0.25\nlossless 3\n";
        assert_eq!(word(said, "version").as_deref(), Some("torch 2.9.1"));
        assert_eq!(value(said, "loss").unwrap(), 0.25);
        assert!(value(said, "accuracy").is_err());
        assert_eq!(before("Epoch 1/9  loss 0.3  0.6 s  99000 images/s", "images/s").unwrap(), 99000.0);
    }

    #[test]
    fn what_was_reached_is_said() {
        let said = "seconds_to_90 2.34\nloss 0.3\nseconds_to_95 4\n";
        assert_eq!(soon(said), "less than an epoch; since the page was asked for: 90 % 2.3 s, 95 % 4.0 s");
    }

    #[test]
    fn who_does_not_learn_is_found_out() {
        assert!(sane("x", (0.3, 0.9), (0.5, 0.85)).is_ok());
        for figures in [(f64::NAN, 0.9), (0.6, 0.9), (0.3, 0.1), (0.3, f64::NAN)] {
            assert!(sane("x", figures, (0.5, 0.85)).is_err());
        }
    }
}
