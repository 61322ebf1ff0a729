//! The engine on a graphics card, in a worker.

fn main() {
    spiking_playground::engine::start_on_gpu();
}
