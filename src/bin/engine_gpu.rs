//! The engine on a graphics card, in a worker.

use spiking_playground::{engine, kernels};

fn main() {
    engine::start_with(async {
        let card = kernels::card().await.map_err(|error| error.to_string())?;
        Ok((card.device, card.name))
    });
}
