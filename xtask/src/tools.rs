//! The tools that the page is built and tested with: found, or brought once into a cache of this project's own.

use crate::run::{Steps, find, says};
use crate::system;
use anyhow::{Context, Result, anyhow, bail};
use duct::{Expression, cmd};
use fs_err as fs;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The target of the page's programs.
pub const WASM: &str = "wasm32-unknown-unknown";
/// Steps of [`Tools::bring`].
pub const STEPS: usize = 4;

/// A program that is used in exactly one version.
struct Program {
    name: &'static str,
    package: &'static str,
    version: String,
    /// How it is built.
    flags: &'static [&'static str],
    /// About how long that takes on two cores.
    minutes: u32,
}

impl Program {
    /// Without the check for updates. It cannot be built without TLS.
    fn trunk() -> Self {
        let flags = &["--locked", "--no-default-features", "--features", "rustls"];
        Self { name: "trunk", package: "trunk", version: "0.22.1".to_owned(), flags, minutes: 4 }
    }

    /// Of the version that the page's programs are linked with. Without --locked: its lock file names a version of
    /// another package that is not served everywhere. Without the runner of tests and its TLS.
    fn wasm_bindgen() -> Result<Self> {
        let flags = &["--no-default-features", "--bin", "wasm-bindgen"];
        let (name, package, version) = ("wasm-bindgen", "wasm-bindgen-cli", locked("wasm-bindgen")?);
        Ok(Self { name, package, version, flags, minutes: 1 })
    }

    fn cargo_fuzz() -> Self {
        let (name, version) = ("cargo-fuzz", "0.13.2".to_owned());
        Self { name, package: name, version, flags: &["--locked"], minutes: 1 }
    }
}

/// Where the tools are.
#[derive(Clone)]
pub struct Tools {
    /// The search path with all of them first.
    path: OsString,
    /// The cache, as an absolute path.
    cache: PathBuf,
    /// Where they write, where it is not the terminal.
    log: Option<Arc<fs::File>>,
}

/// Brings the tools, a browser included, and does nothing else.
///
/// # Errors
/// Says what cannot be had, and what to do.
pub fn setup() -> Result<()> {
    let steps = Steps::new(STEPS + 1);
    let tools = Tools::bring(&steps)?;
    tools.browser(&steps).map(drop)
}

/// The folder for what is brought once for all: in the user's cache, or beside the build where there is no such.
pub fn cache() -> PathBuf {
    let home =
        || std::env::var_os("HOME").filter(|home| !home.is_empty()).map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute()).or_else(home);
    cache.map_or(PathBuf::from("target/tools"), |cache| cache.join("spiking-playground"))
}

impl Tools {
    /// Where tools are looked for: nothing is brought yet.
    ///
    /// # Errors
    /// When there is no folder for them.
    pub fn here() -> Result<Self> {
        let cache = std::path::absolute(cache()).context("there is no folder for the tools")?;
        let own = [std::path::absolute("node_modules/.bin")?, cache.join("bin")];
        let usual = std::env::var_os("PATH").unwrap_or_default();
        let folders = own.into_iter().chain(std::env::split_paths(&usual));
        let path = std::env::join_paths(folders).context("PATH cannot be used")?;
        Ok(Self { path, cache, log: None })
    }

    /// Finds cargo-fuzz, or brings it.
    ///
    /// # Errors
    /// Says what cannot be had, and what to do.
    pub fn bring_fuzzer(steps: &Steps) -> Result<Self> {
        let tools = Self::here()?;
        tools.programs(steps, &[Program::cargo_fuzz()])?;
        Ok(tools)
    }

    /// Finds what is there and brings the rest.
    ///
    /// # Errors
    /// Says what cannot be had, and what to do.
    pub fn bring(steps: &Steps) -> Result<Self> {
        Self::bring_beside(steps, |_, _| Ok(()))
    }

    /// The same, while something else is done that takes none of the tools. It is told whether they have to be built
    /// first: much of that is one thread's work, so that other builds may use the time.
    ///
    /// # Errors
    /// Says what cannot be had, and what to do; the error of what is done beside.
    pub fn bring_beside(steps: &Steps, other: impl FnOnce(&Self, bool) -> Result<()> + Send) -> Result<Self> {
        let tools = Self::here()?;
        // What only a person can bring comes first: nobody should wait in vain.
        tools.wasm_target(steps)?;
        system::node(&tools, steps)?;
        let programs = [Program::trunk(), Program::wasm_bindgen()?];
        let are_missing = programs.iter().any(|program| !tools.is_there(program));
        let told = |result: Result<()>| {
            // What goes on beside may take minutes.
            result.inspect_err(|error| steps.note(&format!("Error: {error:#}")))
        };
        let results = std::thread::scope(|scope| {
            let packages = scope.spawn(|| told(tools.node_packages(steps)));
            let programs = scope.spawn(|| told(tools.programs(steps, &programs)));
            let other = told(other(&tools, are_missing));
            [packages.join(), programs.join(), Ok(other)]
        });
        for result in results {
            result.map_err(|_| anyhow!("bringing the tools was broken off"))??;
        }
        Ok(tools)
    }

    /// The same, writing into a file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn writing_to(&self, path: &Path) -> Result<Self> {
        Ok(Self { log: Some(Arc::new(fs::File::create(path)?)), ..self.clone() })
    }

    /// A command that finds the tools.
    pub fn cmd<A: Into<OsString>>(&self, program: &str, arguments: impl IntoIterator<Item = A>) -> Expression {
        // Where PATH is changed, it is our PATH that a bare name must be looked up in, on every system.
        let file = find(program, &self.path).unwrap_or_else(|| program.into());
        let command = cmd(file, arguments).env("PATH", &self.path).env_remove("CARGO");
        match self.log.as_ref().and_then(|log| log.try_clone().ok()) {
            Some(log) => command.stderr_to_stdout().stdout_file(log.into_file()),
            None => command,
        }
    }

    /// Makes sure that the compiler builds for the web. rustup may add that to its own toolchain: it is the only thing
    /// that is written outside this repository and its cache.
    fn wasm_target(&self, steps: &Steps) -> Result<()> {
        if self.builds_wasm() {
            steps.begin("WebAssembly for the compiler: there");
            return Ok(());
        }
        let by_hand = format!(
            "the compiler cannot build for the web: its standard library for {WASM} is missing. Install Rust by rustup \
             (https://rustup.rs), which brings it, or your system's package of it (Debian: libstd-rust-dev-wasm32, \
             Fedora: rust-std-static-wasm32-unknown-unknown, Arch: rust-wasm)"
        );
        if !self.has("rustup") {
            bail!(by_hand);
        }
        steps.begin(&format!("WebAssembly for the compiler: rustup adds {WASM} to its toolchain"));
        self.cmd("rustup", ["target", "add", WASM])
            .run()
            .with_context(|| format!("rustup cannot fetch the standard library for {WASM}"))?;
        if self.builds_wasm() { Ok(()) } else { bail!("rustup added {WASM}, but {by_hand}") }
    }

    /// Whether the compiler has the standard library for the web.
    fn builds_wasm(&self) -> bool {
        let folder = says(&self.cmd("rustc", ["--print", "target-libdir", "--target", WASM]));
        let files = folder.and_then(|folder| fs::read_dir(folder).ok());
        files.is_some_and(|mut files| {
            files.any(|file| file.is_ok_and(|file| file.file_name().to_string_lossy().starts_with("libstd-")))
        })
    }

    /// Whether the program is there in the right version.
    fn is_there(&self, program: &Program) -> bool {
        let said = says(&self.cmd(program.name, ["--version"]));
        said.is_some_and(|said| said == format!("{} {}", program.name, program.version))
    }

    /// Brings programs, a step each, one after the other: what they have in common is built once.
    fn programs(&self, steps: &Steps, programs: &[Program]) -> Result<()> {
        let build = self.cache.join("build");
        for program in programs {
            self.program(steps, program, &build)?;
        }
        if build.exists() { Ok(fs::remove_dir_all(&build)?) } else { Ok(()) }
    }

    /// Finds a program of exactly this version, in PATH too, or brings it into the cache.
    fn program(&self, steps: &Steps, program: &Program, build: &Path) -> Result<()> {
        let Program { name, package, version, flags, minutes } = program;
        if self.is_there(program) {
            steps.begin(&format!("{name} {version}: there"));
            return Ok(());
        }
        let versioned = format!("{package}@{version}");
        let into = |arguments: &[&str]| {
            let all = arguments.iter().map(OsString::from);
            self.cmd("cargo", all.chain(["--root".into(), self.cache.clone().into_os_string()]))
        };
        if self.has("cargo-binstall") {
            steps.begin(&format!("{name} {version}: cargo binstall looks for a built one"));
            // Of those who wrote it, not of others.
            let from = ["--disable-strategies", "quick-install,compile"];
            let fetched = into(&[&["binstall", "--no-confirm"], &from[..], &[&versioned]].concat()).run();
            if fetched.is_ok() && self.is_there(program) {
                return Ok(());
            }
            steps.note(&format!("{name} {version}: there is none; building it, some {minutes} minutes on two cores"));
        } else {
            steps.begin(&format!("{name} {version}: building it, some {minutes} minutes on two cores"));
        }
        let install = ["install", "--quiet", "--ignore-rust-version", &versioned];
        into(&[&install, *flags].concat())
            // What was built stays there if this is interrupted.
            .env("CARGO_TARGET_DIR", build)
            // Quick to build matters more than quick to run: at level 1 both tools take nearly twice as long to build, and save a
            // second of a build of the page.
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .run()
            .with_context(|| format!("{name} {version} cannot be built"))?;
        if self.is_there(program) { Ok(()) } else { bail!("{name} {version} was built, but is not found") }
    }

    /// The npm packages of package-lock.json: wasm-opt and esbuild, and what checks and drives the page.
    fn node_packages(&self, steps: &Steps) -> Result<()> {
        let stamp = Path::new("node_modules/.installed");
        let wanted = fs::read_to_string("package-lock.json")?;
        if fs::read_to_string(stamp).is_ok_and(|installed| installed == wanted) {
            steps.begin("npm packages: there");
            return Ok(());
        }
        steps.begin("npm packages: fetching them");
        self.cmd("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]).run()?;
        Ok(fs::write(stamp, wanted)?)
    }

    /// The browser that the tests drive.
    ///
    /// # Errors
    /// Says what to install, where there is none and this must not install it.
    pub fn browser(&self, steps: &Steps) -> Result<PathBuf> {
        if let Some(browser) = self.installed_browser() {
            steps.begin(&format!("Browser: {}", browser.display()));
            return Ok(browser);
        }
        steps.begin("Browser: there is none");
        system::install(self, steps, &["chromium"])
            .context("the tests need Chromium (or set CHROMIUM to a program like it)")?;
        self.installed_browser().context("Chromium is installed, but not in PATH")
    }

    /// Something that computes as a graphics card does, for the tests: on Linux a driver, real or in software; elsewhere
    /// the system has one.
    ///
    /// # Errors
    /// Says what to install, where there is none and this must not install it.
    pub fn graphics(&self, steps: &Steps) -> Result<()> {
        let folders = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
        let there = |folder: &&str| fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some());
        if !cfg!(target_os = "linux") || folders.iter().any(there) {
            return Ok(());
        }
        // Mesa's has one that computes on the CPU.
        system::install(self, steps, &["mesa-vulkan-drivers", "libvulkan1"])
            .context("the tests of the graphics card's kernels need a Vulkan driver")
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
///
/// # Errors
/// When cargo does not say.
pub fn target() -> Result<PathBuf> {
    let arguments = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let said = cmd("cargo", arguments).env_remove("CARGO").read().context("cargo does not say where it builds")?;
    let metadata: serde_json::Value = serde_json::from_str(&said).context("what cargo says is no JSON")?;
    metadata["target_directory"].as_str().map(PathBuf::from).context("cargo does not say where it builds")
}

/// The version of a package in Cargo.lock.
///
/// # Errors
/// When Cargo.lock does not name it.
pub fn locked(package: &str) -> Result<String> {
    let said = cmd("cargo", ["pkgid", package]).env_remove("CARGO").stderr_null().read();
    let id = said.with_context(|| format!("Cargo.lock does not name {package}"))?;
    version(&id).map(str::to_owned).with_context(|| format!("`{id}` has no version"))
}

/// The version at the end of what cargo calls a package.
fn version(id: &str) -> Option<&str> {
    let (_, end) = id.trim().rsplit_once('#')?;
    Some(end.rsplit_once('@').map_or(end, |(_, version)| version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_off_cargo() {
        let index = "registry+https://github.com/rust-lang/crates.io-index";
        assert_eq!(version(&format!("{index}#wasm-bindgen@0.2.130\n")), Some("0.2.130"));
        assert_eq!(version("path+file:///x/wasm#0.1.0"), Some("0.1.0"));
        assert_eq!(version("wasm"), None);
        // The page's programs and the tool that links them must be of one version: Cargo.toml says which.
        let manifest = fs::read_to_string(crate::root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains(&format!("wasm-bindgen = {{ version = \"={}\"", locked("wasm-bindgen").unwrap())));
    }

    #[test]
    fn cargo_says_where_it_builds() {
        assert!(target().unwrap().is_absolute());
    }

    #[cfg(unix)]
    #[test]
    fn only_a_program_of_the_right_version_is_there() {
        use std::os::unix::fs::PermissionsExt;
        let folder = std::env::temp_dir().join(format!("spiking-tools-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("written");
        fs::write(&file, "#!/bin/sh\necho trunk 0.22.1\n").unwrap();
        fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        // Copied by another program: a test in another thread may have inherited our open file, which cannot be run then.
        cmd("cp", [&file, &folder.join("trunk")]).run().unwrap();
        let tools = Tools { path: folder.clone().into_os_string(), cache: folder.clone(), log: None };
        let of = |version: &str| tools.is_there(&Program { version: version.to_owned(), ..Program::trunk() });
        let (right, newer, prefix) = (of("0.22.1"), of("0.22.2"), of("0.22"));
        let missing = tools.is_there(&Program::cargo_fuzz());
        fs::remove_dir_all(&folder).unwrap();
        assert!(right && !newer && !prefix && !missing);
    }
}
