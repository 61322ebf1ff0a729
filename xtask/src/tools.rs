//! The tools that the page is built with: found, or brought once.

use crate::debian;
use crate::run::{Result, Steps, at, find, run, says};
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// The target of the page's programs.
pub const WASM: &str = "wasm32-unknown-unknown";
/// Steps of [`Tools::bring`], and the one more that a browser takes.
pub const STEPS: usize = 4;
const TRUNK: &str = "0.22.1";
const CARGO_FUZZ: &str = "0.13.2";

/// Where the tools are.
#[derive(Clone)]
pub struct Tools {
    /// The search path with all of them first.
    path: OsString,
    /// The rustup toolchain that builds for the web, where it is not the usual one.
    toolchain: Option<String>,
    /// Where they write, where it is not the terminal.
    log: Option<Arc<File>>,
}

/// Brings the tools, a browser included, and does nothing else.
pub fn setup() -> Result<()> {
    let mut steps = Steps::new(STEPS + 1);
    let tools = Tools::bring(&mut steps)?;
    tools.browser(&mut steps).map(drop)
}

/// The folder for what is brought once for all: in the user's cache, or beside the build where there is no such.
pub fn cache() -> PathBuf {
    let home =
        || std::env::var_os("HOME").filter(|home| !home.is_empty()).map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute()).or_else(home);
    cache.map_or(PathBuf::from("target/tools"), |cache| cache.join("spiking-playground"))
}

impl Tools {
    /// Where tools are looked for.
    fn here() -> Result<Self> {
        let here = std::env::current_dir().map_err(at(Path::new(".")))?;
        let own = [here.join("node_modules/.bin"), here.join(cache()).join("bin")];
        let usual = std::env::var_os("PATH").unwrap_or_default();
        let folders = own.into_iter().chain(std::env::split_paths(&usual));
        let path = std::env::join_paths(folders).map_err(|error| format!("PATH cannot be used: {error}"))?;
        Ok(Self { path, toolchain: None, log: None })
    }

    /// Finds cargo-fuzz, or brings it.
    pub fn bring_fuzzer(steps: &mut Steps) -> Result<Self> {
        let tools = Self::here()?;
        tools.program(steps, "cargo-fuzz", CARGO_FUZZ, 2, &["--locked"])?;
        Ok(tools)
    }

    /// Finds what is there and brings the rest.
    pub fn bring(steps: &mut Steps) -> Result<Self> {
        let mut tools = Self::here()?;
        tools.wasm_target(steps)?;
        tools.program(steps, "trunk", TRUNK, 6, &["--locked", "--no-default-features", "--features", "rustls"])?;
        // Without --locked: its lock file names a version of another package that is not served everywhere.
        tools.program(steps, "wasm-bindgen", &locked("wasm-bindgen")?, 3, &[])?;
        tools.node_packages(steps)?;
        Ok(tools)
    }

    /// The same, writing into a file.
    pub fn writing_to(&self, path: &Path) -> Result<Self> {
        let log = File::create(path).map_err(at(path))?;
        Ok(Self { log: Some(Arc::new(log)), ..self.clone() })
    }

    /// A command that finds the tools.
    pub fn command(&self, program: &str) -> Command {
        // Where PATH is changed, it is our PATH that a bare name must be looked up in, on every system.
        let mut command = Command::new(find(program, &self.path).unwrap_or_else(|| program.into()));
        command.env("PATH", &self.path).env_remove("CARGO");
        if let Some([out, err]) = self.log.as_ref().and_then(|log| Some([log.try_clone().ok()?, log.try_clone().ok()?]))
        {
            command.stdout(out).stderr(err);
        }
        command
    }

    /// A command that builds for the web.
    pub fn wasm_command(&self, program: &str) -> Command {
        let mut command = self.command(program);
        command.envs(self.toolchain.as_ref().map(|name| ("RUSTUP_TOOLCHAIN", name)));
        command
    }

    fn wasm_target(&mut self, steps: &mut Steps) -> Result<()> {
        steps.next();
        if self.builds_wasm() {
            steps.say("WebAssembly for the compiler: there");
            return Ok(());
        }
        self.toolchain = Some(debian::TOOLCHAIN.to_owned());
        if find("rustup", &self.path).is_some() && self.builds_wasm() {
            steps.say("WebAssembly for the compiler: there, in Debian's");
            return Ok(());
        }
        self.toolchain = None;
        if find("rustup", &self.path).is_some() {
            steps.say("WebAssembly for the compiler: rustup fetches it");
            if run(self.command("rustup").args(["target", "add", WASM])).is_ok() && self.builds_wasm() {
                return Ok(());
            }
        }
        if find("apt-get", &self.path).is_none() {
            return Err(format!(
                "the compiler cannot build for the web; install the target {WASM} (rustup target add {WASM})"
            ));
        }
        steps.say("WebAssembly for the compiler: not to be fetched; Debian's compiler and its library instead, some 3 minutes");
        self.toolchain = debian::wasm_target(self)?;
        if self.builds_wasm() { Ok(()) } else { Err(format!("Debian's compiler has no library for {WASM} either")) }
    }

    /// Whether the compiler has the standard library for the web.
    fn builds_wasm(&self) -> bool {
        let folder = says(self.wasm_command("rustc").args(["--print", "target-libdir", "--target", WASM]));
        let files = folder.and_then(|folder| fs::read_dir(folder).ok());
        files.is_some_and(|mut files| {
            files.any(|file| file.is_ok_and(|file| file.file_name().to_string_lossy().starts_with("libstd-")))
        })
    }

    /// A program that cargo installs, of exactly this version.
    fn program(&self, steps: &mut Steps, name: &str, version: &str, minutes: u32, flags: &[&str]) -> Result<()> {
        steps.next();
        let wanted = format!("{name} {version}");
        if says(self.command(name).arg("--version")).is_some_and(|said| said == wanted) {
            steps.say(&format!("{wanted}: there"));
            return Ok(());
        }
        steps.say(&format!("{wanted}: building it, some {minutes} minutes the first time on two cores"));
        let package = if name == "wasm-bindgen" { "wasm-bindgen-cli" } else { name };
        let build = cache().join("build");
        let mut install = self.command("cargo");
        install.args(["install", "--quiet", &format!("{package}@{version}"), "--ignore-rust-version"]).args(flags);
        if self.has(name) {
            // Another version is somebody's: ours goes elsewhere.
            install.arg("--root").arg(cache());
        }
        // What was built stays there if this is interrupted. Quick to build matters more than quick to run.
        install.env("CARGO_TARGET_DIR", &build).env("CARGO_PROFILE_RELEASE_LTO", "off");
        install.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16").env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
        run(&mut install)?;
        if build.exists() { fs::remove_dir_all(&build).map_err(at(&build)) } else { Ok(()) }
    }

    /// The npm packages of package-lock.json: wasm-opt, and the driver of the browser tests.
    fn node_packages(&self, steps: &mut Steps) -> Result<()> {
        steps.next();
        let (lock, stamp) = (Path::new("package-lock.json"), Path::new("node_modules/.installed"));
        let wanted = fs::read_to_string(lock).map_err(at(lock))?;
        if fs::read_to_string(stamp).is_ok_and(|installed| installed == wanted) && find("node", &self.path).is_some() {
            steps.say("npm packages: there");
            return Ok(());
        }
        let missing = |program: &&str| find(program, &self.path).is_none();
        let (nodejs, npm) = (missing(&"node"), missing(&"npm"));
        if nodejs || npm {
            steps.say("npm packages: Node.js is not here yet");
            debian::install(self, &["nodejs", "npm"])
                .map_err(|error| format!("Node.js and npm are needed: {error}"))?;
        }
        steps.say("npm packages: fetching them");
        run(self.command("npm").args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]))?;
        fs::write(stamp, wanted).map_err(at(stamp))
    }

    /// The browser that the tests drive.
    pub fn browser(&self, steps: &mut Steps) -> Result<PathBuf> {
        steps.next();
        if let Some(browser) = self.installed_browser() {
            steps.say(&format!("Browser: {}", browser.display()));
            return Ok(browser);
        }
        steps.say("Browser: installing Chromium");
        debian::install(self, &["chromium"])
            .map_err(|error| format!("the tests need Chromium (or set CHROMIUM to a program like it): {error}"))?;
        self.installed_browser().ok_or_else(|| "Chromium is installed, but not in PATH".to_owned())
    }

    /// Something that computes as a graphics card does, for the tests: on Linux a driver, real or in software; elsewhere
    /// the system has one.
    pub fn graphics(&self, steps: &Steps) -> Result<()> {
        let folders = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
        let there = |folder: &&str| fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some());
        if !cfg!(target_os = "linux") || folders.iter().any(there) {
            return Ok(());
        }
        steps.say("Graphics: installing Mesa's driver, which computes on the CPU");
        debian::install(self, &["mesa-vulkan-drivers", "libvulkan1"])
            .map_err(|error| format!("the tests of the graphics card's kernels need a Vulkan driver: {error}"))
    }

    fn installed_browser(&self) -> Option<PathBuf> {
        let named = std::env::var_os("CHROMIUM").map(PathBuf::from).filter(|program| program.is_file());
        let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
        named.or_else(|| names.iter().find_map(|name| find(name, &self.path)))
    }

    /// Whether a program is there.
    pub fn has(&self, program: &str) -> bool {
        find(program, &self.path).is_some()
    }
}

/// Cargo's folder for what is built.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from)
}

/// The version of a package in Cargo.lock.
pub fn locked(package: &str) -> Result<String> {
    let lock = fs::read_to_string("Cargo.lock").map_err(at(Path::new("Cargo.lock")))?;
    version_in(&lock, package).ok_or_else(|| format!("Cargo.lock does not name {package}"))
}

fn version_in(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
    lines.next()?.strip_prefix("version = \"")?.strip_suffix('"').map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locked_version_is_found() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"1.0.0\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(version_in(lock, "wasm-bindgen").as_deref(), Some("0.2.130"));
        assert_eq!(version_in(lock, "wasm"), None);
    }
}
