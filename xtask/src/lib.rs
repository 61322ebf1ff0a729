//! What the README's commands do on a fresh machine: `cargo xtask`, and what the benchmark shares of it.

/// Where things are.
mod build_script;
/// `cargo xtask test`.
pub mod check;
/// `cargo xtask fuzz`.
pub mod fuzz;
/// The engine for graphics cards.
pub mod gpu;
/// `cargo xtask hook`, which Trunk calls.
pub mod hook;
/// Elements of index.html.
mod html;
/// Shorter scripts and programs.
mod minify;
/// The page without a network.
mod offline;
/// `cargo xtask serve` and `cargo xtask build`.
pub mod page;
/// `cargo xtask peers`.
pub mod peers;
/// Where a build will be published.
mod published;
/// Other programs.
pub mod run;
/// What a visitor has to fetch.
mod sizes;
/// System packages.
mod system;
/// The tools.
pub mod tools;

use std::path::{Path, PathBuf};

/// The repository's folder.
pub fn root() -> PathBuf {
    // Cargo sets the variable for the program that it runs; without it, where this was built.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map_or(env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    let root = package.ancestors().find(|folder| folder.join("Cargo.lock").is_file()).map(Path::to_path_buf);
    root.unwrap_or(package)
}
