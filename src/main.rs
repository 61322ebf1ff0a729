//! The command-line program; all of it is in [`spiking_playground::cli`].

fn main() -> std::process::ExitCode {
    spiking_playground::cli::run()
}
