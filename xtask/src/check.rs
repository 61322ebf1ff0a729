//! `cargo xtask test`: everything that is checked before a change is taken.

use crate::gpu;
use crate::page;
use crate::peers;
use crate::run::{Result, Steps, run, says};
use crate::sizes;
use crate::tools::{STEPS, Tools, WASM};
use std::path::Path;
use std::time::Instant;

/// The feature sets of the page's programs.
const WEB: [&str; 3] = ["web", "web,engine", "web,gpu"];

/// A part: its name, and what it does.
type Part<'a> = (&'static str, &'a dyn Fn(&mut Steps) -> Result<()>);

/// Runs all parts, those that need other simulators where they are asked for, stops at the first that fails, and says
/// how long each took.
pub fn test(with_peers: bool) -> Result<()> {
    let mut steps = Steps::new(STEPS + 10 + usize::from(with_peers));
    let start = Instant::now();
    let tools = Tools::bring(&mut steps)?;
    let browser = tools.browser(&mut steps)?;
    let mut lines = vec![line("ok", "tools", start)];
    let cargo = |arguments: &[&str]| run(tools.command("cargo").args(arguments));
    let parts: [Part<'_>; 8] = [
        ("format", &|steps| {
            begin(steps, "Format");
            cargo(&["fmt", "--all", "--check"])
        }),
        ("lints", &|steps| {
            begin(steps, "Lints");
            cargo(&["clippy", "--workspace", "--release", "--all-targets", "--", "-D", "warnings"])?;
            cargo(&["clippy", "--workspace", "--release", "--all-targets", "--features", "gpu", "--", "-D", "warnings"])
        }),
        ("lints for the web", &|steps| {
            begin(steps, "Lints of page and engine");
            WEB.iter().try_for_each(|features| lint_web(&tools, features))
        }),
        ("tests", &|steps| {
            begin(steps, "Tests: some 14 minutes the first time on two cores");
            tools.graphics(steps)?;
            // With `web`, so that the pure half of the page is tested too.
            cargo(&["test", "--workspace", "--release", "--features", "web,gpu"])
        }),
        ("peers", &|steps| peers::check(&tools, steps)),
        ("page without burn", &|steps| {
            begin(steps, "The page must not depend on burn");
            without_burn(&tools)
        }),
        ("page", &|steps| {
            page::bundle(&tools, steps, &[])?;
            gpu::build(&tools, steps)?;
            gpu::add_to(Path::new("dist"))?;
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

fn begin(steps: &mut Steps, what: &str) {
    steps.next();
    steps.say(what);
}

fn line(mark: &str, name: &str, start: Instant) -> String {
    format!("{mark:<7}{:>5} s  {name}", start.elapsed().as_secs())
}

/// Lints what runs in the browser. Where the compiler for the web comes without clippy (Debian's does), the same code is
/// linted for this machine: whether it compiles for the web is seen when the page is built.
fn lint_web(tools: &Tools, features: &str) -> Result<()> {
    let for_web = says(tools.wasm_command("cargo").args(["clippy", "--version"])).is_some();
    let mut cargo = if for_web { tools.wasm_command("cargo") } else { tools.command("cargo") };
    cargo.args(["clippy", "--no-default-features", "--features", features]);
    cargo.args(if for_web { &["--target", WASM, "--profile", "web"][..] } else { &["--release"] });
    run(cargo.args(["--", "-D", "warnings"]))
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
