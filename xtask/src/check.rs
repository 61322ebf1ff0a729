//! `cargo xtask test`: everything that is checked before a change is taken.

use crate::build_script;
use crate::gpu;
use crate::page;
use crate::peers;
use crate::run::{Steps, says};
use crate::sizes;
use crate::tools::{STEPS, Tools, WASM, target};
use anyhow::{Context, Result, anyhow, bail, ensure};
use fs_err as fs;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Instant;

/// The features that hold all of the code, the pure half of the page included: linted and tested. A second set over
/// wgpu's tree would cost its building once more.
const ALL: &str = "web,gpu";

/// The feature sets of the programs that are made of less of it: nothing may lie idle in them.
const PARTS: [&str; 6] = ["cli", "cli,engine,photo", "web", "web,engine", "web,photo", "web,chips"];

/// What tsc checks: scripts that know the same globals are a project.
const PROJECTS: [&str; 3] = [".", "tsconfig.service.json", BROWSER_TESTS];

/// The tests that drive a browser.
const BROWSER_TESTS: &str = "tests/page";

/// A part: its name, and what it does.
type Part<'a> = (&'static str, &'a dyn Fn() -> Result<()>);

/// Runs all parts, those that need other simulators where they are asked for, stops at the first that fails, and says
/// how long each took.
///
/// # Errors
/// That of the part that failed.
pub fn test(with_peers: bool) -> Result<()> {
    let steps = &Steps::new(STEPS + 10 + usize::from(with_peers));
    let start = Instant::now();
    let tools = Tools::bring(steps)?;
    let browser = tools.browser(steps)?;
    tools.graphics(steps)?;
    let mut lines = vec![line("ok", "tools", start)];
    let cargo = |arguments: &[&str]| -> Result<()> { Ok(tools.cmd("cargo", arguments).run().map(drop)?) };
    let beside = RefCell::new(None);
    let parts: [Part<'_>; 9] = [
        ("format", &|| {
            steps.begin("Format");
            cargo(&["fmt", "--all", "--check"])
        }),
        ("scripts", &|| {
            steps.begin("Scripts, styles and documents: format, lints, types");
            tools.cmd("biome", ["ci", "--error-on-warnings"]).run()?;
            PROJECTS.iter().try_for_each(|project| Ok(tools.cmd("tsc", ["-p", project]).run().map(drop)?))
        }),
        ("lints", &|| {
            steps.begin("Lints");
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
        ("data", &|| page::shards(&tools, steps)),
        ("tests", &|| {
            // Much of building the page is one thread's work, so it goes on beside the tests.
            *beside.borrow_mut() = Some(Beside::start(&tools, steps)?);
            steps.begin("Tests: some 20 minutes the first time on two cores");
            // The data are there, so no test may be left out for lack of them.
            let tests = tools.cmd("cargo", ["test", "--workspace", "--release", "--features", ALL]);
            Ok(tests.env("SPIKING_DATA", "there").run().map(drop)?)
        }),
        ("peers", &|| peers::check(&tools, steps)),
        ("page without burn", &|| {
            steps.begin("The page must not depend on burn");
            without_burn(&tools)
        }),
        ("page", &|| {
            steps.begin("Waiting for the page and its engines");
            beside.take().map_or(Ok(()), Beside::wait)?;
            sizes::check(&tools)
        }),
        ("browser", &|| {
            steps.begin("Tests in a browser");
            // One after the other: some of them measure how fast the page is.
            let flags = ["--test", "--test-concurrency=1", "--test-reporter=spec"].map(PathBuf::from);
            let tests = tools.cmd("node", flags.into_iter().chain(browser_tests()?));
            Ok(tests.env("CHROMIUM", &browser).run().map(drop)?)
        }),
    ];
    let mut result = Ok(());
    for (name, part) in parts.into_iter().filter(|(name, _)| with_peers || *name != "peers") {
        let start = Instant::now();
        result = part().context(name);
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
    fn start(tools: &Tools, steps: &Steps) -> Result<Self> {
        let log = target()?.join("page.log");
        steps.begin(&format!("Page and engines: they are built beside what follows, see {}", log.display()));
        let tools = tools.writing_to(&log)?;
        let building = std::thread::spawn(move || {
            page::programs(&tools, &Steps::silent(), &[], None)?;
            gpu::build(&tools, &Steps::silent())?;
            gpu::add_to(Path::new("dist"))
        });
        Ok(Self { building, log })
    }

    fn wait(self) -> Result<()> {
        let built = self.building.join().unwrap_or_else(|_| Err(anyhow!("it was broken off")));
        built.with_context(|| {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            format!("{}\nthe page cannot be built", lines[lines.len().saturating_sub(60)..].join("\n"))
        })
    }
}

fn line(mark: &str, name: &str, start: Instant) -> String {
    format!("{mark:<7}{:>5} s  {name}", start.elapsed().as_secs())
}

/// The files of tests that drive a browser, in order.
fn browser_tests() -> Result<Vec<PathBuf>> {
    let mut files = build_script::files(Path::new(BROWSER_TESTS))?;
    files.retain(|file| file.to_string_lossy().ends_with(".test.mjs"));
    ensure!(!files.is_empty(), "{BROWSER_TESTS} has no tests");
    Ok(files)
}

/// The page, the article, what reads pictures and what lets networks leave must not depend on burn.
fn without_burn(tools: &Tools) -> Result<()> {
    let tree =
        ["tree", "--no-default-features", "--features", "web,photo,chips", "--target", WASM, "--edges", "normal"];
    let tree = says(&tools.cmd("cargo", tree.iter().chain(&["--prefix", "none"]))).context("cargo tree failed")?;
    match tree.lines().find(|line| line.starts_with("burn") || line.starts_with("cubecl")) {
        Some(package) => bail!("the page depends on {package}"),
        None => Ok(()),
    }
}
