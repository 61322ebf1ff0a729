//! The engine on the GPU, in a worker.

fn main() {
    spiking_playground::engine::start_on_gpu();
}
