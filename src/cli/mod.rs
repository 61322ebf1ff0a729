//! The command-line program.

pub mod data;
mod fetch;
pub mod files;
pub mod shards;

use clap::Parser;
use std::process::ExitCode;

/// Trains a network of spiking neurons and shows every spike of it.
#[derive(Debug, Parser)]
#[command(name = "spiking", version)]
enum Command {
    /// Cut the data set into the pieces that the page fetches
    Shards(shards::ShardsArgs),
}

/// Runs the program with the arguments of the process.
pub fn run() -> ExitCode {
    let Command::Shards(args) = Command::parse();
    match shards::run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
