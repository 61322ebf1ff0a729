//! The kernels on a graphics card, or on a program that computes what a card would: one test program, for a card is opened
//! once. `cargo test --release --features gpu --test gpu`

#[path = "kernels.rs"]
mod kernels_on_the_cpu;

use kernels_on_the_cpu::{agrees, stored_images_are_coded_alike_on};
use pollster::block_on;
use spiking_playground::kernels::{self, Card};
use spiking_playground::parity::Problem;
use std::sync::LazyLock;

static CARD: LazyLock<Card> = LazyLock::new(|| {
    let card = block_on(kernels::card()).unwrap_or_else(|error| {
        panic!("{error}; a driver that computes on the CPU does as well (Debian: mesa-vulkan-drivers)")
    });
    eprintln!("on {}", card.name);
    card
});

#[test]
fn kernels_agree_with_the_reference() {
    let whole = Problem::table().iter().filter(|problem| agrees(problem, &CARD.device)).count();
    assert!(whole > 60, "spikes differ at the threshold so often that hardly anything is compared: {whole}");
}

#[test]
fn stored_images_are_coded_alike() {
    stored_images_are_coded_alike_on(&CARD.device);
}
