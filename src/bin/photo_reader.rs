//! What reads picture files, in a worker.

fn main() {
    spiking_playground::photo_reader::start();
}
