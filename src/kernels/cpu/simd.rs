//! The widest instructions that the machine has, found out when the program runs: a plain build uses them too.

/// Compiles functions for several instruction sets and lets each call take the widest. Their bodies are ordinary code,
/// whose loops the compiler turns into vectors; without fused multiply-add, so that all of them give the same bits.
/// Arrays of a block's width that live in a loop stay in registers.
macro_rules! multiversion {
    ($(#[$meta:meta])* $visibility:vis fn $name:ident $(<const $size:ident: usize>)? ($($argument:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$meta])*
        // Kernels stay functions of their own: inlined into each other they would fight for registers.
        #[inline(never)]
        #[allow(unsafe_code, clippy::too_many_arguments)]
        $visibility fn $name$(<const $size: usize>)?($($argument: $type),*) {
            #[inline(always)]
            fn plain$(<const $size: usize>)?($($argument: $type),*) $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,bmi1,bmi2,lzcnt,popcnt")]
                fn avx512$(<const $size: usize>)?($($argument: $type),*) {
                    plain$(::<$size>)?($($argument),*);
                }
                #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
                fn avx2$(<const $size: usize>)?($($argument: $type),*) {
                    plain$(::<$size>)?($($argument),*);
                }
                match $crate::kernels::cpu::simd::level() {
                    // SAFETY: the machine has said that it has these instructions.
                    $crate::kernels::cpu::simd::SimdLevel::Avx512 => return unsafe { avx512$(::<$size>)?($($argument),*) },
                    // SAFETY: as above.
                    $crate::kernels::cpu::simd::SimdLevel::Avx2 => return unsafe { avx2$(::<$size>)?($($argument),*) },
                    $crate::kernels::cpu::simd::SimdLevel::Plain => {}
                }
            }
            plain$(::<$size>)?($($argument),*)
        }
    };
}

pub(super) use multiversion;

/// Instruction sets of which kernels have a version.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(super) enum SimdLevel {
    /// What every machine has.
    Plain,
    /// Vectors of 8 numbers.
    Avx2,
    /// Vectors of 16 numbers.
    Avx512,
}

/// The widest that this machine has, or what the variable `SPIKING_LANES` allows (`plain`, `avx2`): the results are the
/// same, which is how a test knows it.
#[cfg(target_arch = "x86_64")]
pub(super) fn level() -> SimdLevel {
    use std::arch::is_x86_feature_detected as has;
    use std::sync::OnceLock;
    static LEVEL: OnceLock<SimdLevel> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        let allowed = match std::env::var("SPIKING_LANES").as_deref() {
            Ok("plain") => SimdLevel::Plain,
            Ok("avx2") => SimdLevel::Avx2,
            _ => SimdLevel::Avx512,
        };
        let bits = has!("bmi1") && has!("bmi2") && has!("lzcnt") && has!("popcnt");
        match (bits && has!("avx2"), has!("avx512f")) {
            (true, true) if allowed >= SimdLevel::Avx512 => SimdLevel::Avx512,
            (true, _) if allowed >= SimdLevel::Avx2 => SimdLevel::Avx2,
            _ => SimdLevel::Plain,
        }
    })
}
