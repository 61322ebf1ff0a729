//! The page, on the main thread.

/// It hands out memory in constant time and little code.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

fn main() {
    spiking_playground::page::start();
}
