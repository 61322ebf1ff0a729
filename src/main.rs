//! The command-line program, which is in [`spiking_playground::cli`].

fn main() -> std::process::ExitCode {
    spiking_playground::cli::run()
}
