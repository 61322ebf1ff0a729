//! The article's figures, on the main thread, beside the page.

fn main() {
    spiking_playground::article::start();
}
