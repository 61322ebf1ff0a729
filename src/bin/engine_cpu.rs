//! The engine on the CPU, in a worker.

fn main() {
    spiking_playground::engine::start();
}
