//! `cargo xtask test`: everything that is checked before a change is taken.

use crate::gpu;
use crate::page;
use crate::peers;
use crate::run::{Result, Steps, run, says};
use crate::sizes;
use crate::tools::{STEPS, Tools, WASM, target};
use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Instant;

/// The features that hold all of the code, the pure half of the page included: linted and tested. A second set over
/// wgpu's tree would cost its building once more.
const ALL: &str = "web,gpu";

/// The feature sets of the programs that are made of less of it: nothing may lie idle in them.
const PARTS: [&str; 4] = ["cli", "cli,engine", "web", "web,engine"];

/// A part: its name, and what it does.
type Part<'a> = (&'static str, &'a dyn Fn(&mut Steps) -> Result<()>);

/// Runs all parts, those that need other simulators where they are asked for, stops at the first that fails, and says
/// how long each took.
pub fn test(with_peers: bool) -> Result<()> {
    let mut steps = Steps::new(STEPS + 9 + usize::from(with_peers));
    let start = Instant::now();
    let tools = Tools::bring(&mut steps)?;
    let browser = tools.browser(&mut steps)?;
    let mut lines = vec![line("ok", "tools", start)];
    let cargo = |arguments: &[&str]| run(tools.command("cargo").args(arguments));
    let beside = RefCell::new(None);
    let parts: [Part<'_>; 8] = [
        ("format", &|steps| {
            begin(steps, "Format");
            cargo(&["fmt", "--all", "--check"])
        }),
        ("lints", &|steps| {
            begin(steps, "Lints");
            let clippy = |features: &[&str]| {
                let mut all = vec!["clippy", "--release"];
                all.extend_from_slice(features);
                all.extend(["--", "-D", "warnings"]);
                cargo(&all)
            };
            clippy(&["--workspace", "--all-targets", "--features", ALL])?;
            // The page's programs too are linted for this machine, which shares what it knows of burn with the line above;
            // whether they compile for the web is seen when they are built.
            PARTS.iter().try_for_each(|part| clippy(&["--no-default-features", "--features", part]))
        }),
        ("data", &|steps| page::shards(&tools, steps)),
        ("tests", &|steps| {
            // Much of building the page is one thread's work, so it goes on beside the tests.
            *beside.borrow_mut() = Some(Beside::start(&tools, steps)?);
            begin(steps, "Tests: some 20 minutes the first time on two cores");
            tools.graphics(steps)?;
            cargo(&["test", "--workspace", "--release", "--features", ALL])
        }),
        ("peers", &|steps| peers::check(&tools, steps)),
        ("page without burn", &|steps| {
            begin(steps, "The page must not depend on burn");
            without_burn(&tools)
        }),
        ("page", &|steps| {
            begin(steps, "Waiting for the page and its engines");
            beside.take().map_or(Ok(()), Beside::wait)?;
            sizes::check(&tools)
        }),
        ("browser", &|steps| {
            begin(steps, "Tests in a browser");
            let script = Path::new("tests/page/run.mjs");
            if !script.is_file() {
                return Err(format!("{} is not there", script.display()));
            }
            run(tools.command("node").arg(script).arg("dist").env("CHROMIUM", &browser))
        }),
    ];
    let mut result = Ok(());
    for (name, part) in parts.into_iter().filter(|(name, _)| with_peers || *name != "peers") {
        let start = Instant::now();
        result = part(&mut steps).map_err(|error| format!("{name}: {error}"));
        lines.push(line(if result.is_ok() { "ok" } else { "FAILED" }, name, start));
        if result.is_err() {
            break;
        }
    }
    eprintln!("\n{}", lines.join("\n"));
    result
}

/// The page and its engines on their way into dist/.
struct Beside {
    building: JoinHandle<Result<()>>,
    log: PathBuf,
}

impl Beside {
    fn start(tools: &Tools, steps: &mut Steps) -> Result<Self> {
        let log = target().join("page.log");
        begin(steps, &format!("Page and engines: they are built beside what follows, see {}", log.display()));
        let tools = tools.writing_to(&log)?;
        let building = std::thread::spawn(move || {
            page::programs(&tools, &mut Steps::silent(), &[])?;
            gpu::build(&tools, &mut Steps::silent())?;
            gpu::add_to(Path::new("dist"))
        });
        Ok(Self { building, log })
    }

    fn wait(self) -> Result<()> {
        let built = self.building.join().unwrap_or_else(|_| Err("it was broken off".to_owned()));
        built.map_err(|error| {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            format!("{error}\n{}", lines[lines.len().saturating_sub(60)..].join("\n"))
        })
    }
}

fn begin(steps: &mut Steps, what: &str) {
    steps.next();
    steps.say(what);
}

fn line(mark: &str, name: &str, start: Instant) -> String {
    format!("{mark:<7}{:>5} s  {name}", start.elapsed().as_secs())
}

fn without_burn(tools: &Tools) -> Result<()> {
    let mut cargo = tools.command("cargo");
    cargo.args(["tree", "--no-default-features", "--features", "web", "--target", WASM, "--edges", "normal"]);
    let tree = says(cargo.args(["--prefix", "none"])).ok_or("cargo tree failed")?;
    match tree.lines().find(|line| line.starts_with("burn") || line.starts_with("cubecl")) {
        Some(package) => Err(format!("the page depends on {package}")),
        None => Ok(()),
    }
}
