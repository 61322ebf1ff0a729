//! Debian's packages, for machines that rustup and browsers' own servers cannot be reached from.

use crate::run::{Result, at, run, says, text};
use crate::tools::{Tools, WASM, cache};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The name under which rustup knows Debian's compiler.
pub const TOOLCHAIN: &str = "debian";
/// Where Debian's compiler keeps the standard libraries.
const LIBRARIES: &str = "/usr/lib/rustlib";

/// Installs system packages, as root or by a sudo that asks for no password.
pub fn install(tools: &Tools, packages: &[&str]) -> Result<()> {
    let by_hand =
        format!("install {} (on Debian: sudo apt-get install {})", packages.join(" and "), packages.join(" "));
    if !tools.has("apt-get") {
        return Err(by_hand);
    }
    let apt = |arguments: &[&str]| {
        as_root(tools, "env").map(|mut command| {
            command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]).args(arguments);
            command
        })
    };
    // An old list of packages is better than none, where no newer one can be had.
    let _ = run(&mut apt(&["update"]).ok_or(by_hand)?);
    let mut command = apt(&["install", "-y", "--no-install-recommends"]).ok_or("root is needed")?;
    run(command.args(packages))
}

/// A command with the rights of root, where they can be had without asking.
fn as_root(tools: &Tools, program: &str) -> Option<Command> {
    if says(tools.command("id").arg("-u")).as_deref() == Some("0") {
        return Some(tools.command(program));
    }
    says(tools.command("sudo").args(["-n", "true"]))?;
    let mut command = tools.command("sudo");
    command.args(["-n", program]);
    Some(command)
}

/// Makes Debian's compiler build for the web: its packages, and the standard library built from its sources. Gives the
/// name of the rustup toolchain, where there is a rustup.
pub fn wasm_target(tools: &Tools) -> Result<Option<String>> {
    let lld = linker(tools);
    install(tools, &["rustc-web", "cargo-web", "rust-web-src", lld])?;
    let root = |program: &str| as_root(tools, program).ok_or("root is needed");
    let programs = format!("{LIBRARIES}/x86_64-unknown-linux-gnu/bin");
    let host = says(Command::new("/usr/bin/rustc").args(["--print", "host-tuple"]));
    let programs = host.map_or(programs, |host| format!("{LIBRARIES}/{host}/bin"));
    run(root("mkdir")?.args(["-p", &programs]))?;
    run(root("ln")?.args(["-sf", &format!("/usr/bin/{lld}"), &format!("{programs}/rust-lld")]))?;
    let built = standard_library()?;
    let libraries = format!("{LIBRARIES}/{WASM}/lib");
    run(root("mkdir")?.args(["-p", &libraries]))?;
    // libstd last: with it there, the target counts as there.
    let (last, first): (Vec<_>, Vec<_>) = built.into_iter().partition(|file| file.contains("/libstd-"));
    run(root("cp")?.args(first).arg(&libraries))?;
    run(root("cp")?.args(last).arg(&libraries))?;
    if !tools.has("rustup") {
        return Ok(None);
    }
    let known = says(tools.command("rustup").args(["toolchain", "list"])).unwrap_or_default();
    if !known.lines().any(|line| line.split_whitespace().next() == Some(TOOLCHAIN)) {
        run(tools.command("rustup").args(["toolchain", "link", TOOLCHAIN, "/usr"]))?;
    }
    Ok(Some(TOOLCHAIN.to_owned()))
}

/// The linker that the list of packages has, newest first.
fn linker(tools: &Tools) -> &'static str {
    let there =
        |name: &&&str| says(tools.command("apt-cache").args(["show", name])).is_some_and(|said| !said.is_empty());
    ["lld-22", "lld-21", "lld-20", "lld-19"].iter().find(there).unwrap_or(&"lld-22")
}

/// Builds the standard library for the web with Debian's compiler; gives the files.
fn standard_library() -> Result<Vec<String>> {
    let here = std::env::current_dir().map_err(at(Path::new(".")))?;
    let folder = here.join(cache()).join("wasm-std");
    let write = |file: &str, contents: &str| fs::write(folder.join(file), contents).map_err(at(&folder.join(file)));
    fs::create_dir_all(folder.join("src")).map_err(at(&folder))?;
    write("src/lib.rs", "")?;
    write("Cargo.toml", "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[workspace]\n")?;
    let mut cargo = Command::new("/usr/bin/cargo");
    cargo.args(["build", "--quiet", "--release", "--target", WASM, "-Zbuild-std=std,panic_abort"]);
    cargo.current_dir(&folder).env("CARGO_TARGET_DIR", folder.join("target"));
    // The compiler is the stable one; building its own library is what the variable is for.
    cargo.env("RUSTC", "/usr/bin/rustc").env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", "-C embed-bitcode=yes");
    run(&mut cargo)?;
    let built = folder.join("target").join(WASM).join("release/deps");
    let files =
        fs::read_dir(&built).map_err(at(&built))?.filter_map(|file| file.ok()?.path().to_str().map(str::to_owned));
    let files: Vec<String> = files.filter(|file| file.ends_with(".rlib") && !file.contains("/libempty-")).collect();
    if files.is_empty() { Err(format!("`{}` built nothing", text(&cargo))) } else { Ok(files) }
}
