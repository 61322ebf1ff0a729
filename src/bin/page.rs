//! The page, on the main thread.

fn main() {
    spiking_playground::page::start();
}
