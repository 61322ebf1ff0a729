//! `cargo xtask`: what the README's commands do on a fresh machine. It uses nothing but the standard library, so it is
//! built in seconds.

mod bench;
mod check;
mod debian;
mod fuzz;
mod gpu;
mod hook;
mod html;
mod offline;
mod page;
mod peers;
mod run;
mod sizes;
mod tools;

use run::Result;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask COMMAND

  serve [ARGS]   build the page and serve it here, anew when a file changes; ARGS go to `trunk serve` (--port 9000, --open)
  build [ARGS]   build the page into dist/, plain files for any host; ARGS go to `trunk build` (--public-url /spikes/)
                 both: --no-gpu leaves out the engine for graphics cards, which takes longest
  test           format, lints, tests, the page and its tests in a browser: what continuous integration runs;
                 with --peers PyTorch too, which it installs into a folder of its own
  peers          only what --peers adds
  bench [ARGS]   how fast we train, beside others, validated first; into BENCHMARKS.md. --rounds N (3), --quick (a try-out,
                 not written), --grid (how the cost grows), --cards (where a graphics card pays), --no-browser,
                 --no-python, --only PART-OF-A-NAME
  fuzz [ARGS]    what is read from files, links and messages, with inputs that a fuzzer thinks of: each target of fuzz/ for
                 --seconds N (60), or --only TARGET
  setup          only bring the tools that the others need

Each brings what it needs and is not there: WebAssembly for the compiler, Trunk, wasm-bindgen, a few npm packages, the
data sets; `test` a Chromium too. Tools are installed by cargo as usual, system packages as root only.
The first time takes some 15 minutes on two cores; what was interrupted goes on where it stopped.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    std::env::set_current_dir(root()).map_err(|error| format!("cannot enter {}: {error}", root().display()))?;
    let (command, rest) = arguments.split_first().map_or(("--help", &[][..]), |(first, rest)| (first, rest));
    match command {
        "serve" => page::serve(rest),
        "build" => page::build(rest),
        "hook" => hook::run(),
        "test" if rest == ["--peers"] => check::test(true),
        "test" | "peers" | "setup" if !rest.is_empty() => Err(format!("`{command}` does not take {}", rest.join(" "))),
        "test" => check::test(false),
        "peers" => peers::alone(),
        "bench" => bench::run(rest),
        "fuzz" => fuzz::fuzz(rest),
        "setup" => tools::setup(),
        "help" | "-h" | "--help" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("there is no command `{other}`\n\n{HELP}")),
    }
}

/// The repository's folder.
fn root() -> PathBuf {
    // Cargo sets the variable for the program that it runs; without it, where the program was built.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map_or(env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    package.parent().map_or(package.clone(), Path::to_path_buf)
}
