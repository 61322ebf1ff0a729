//! The choice of the widest SIMD instructions at run time, so that a plain build uses them too.

/// Compiles functions for several instruction sets; each call takes the widest available. Their bodies are ordinary
/// code, whose loops the compiler vectorises, without fused multiply-add, so that all versions are bit-identical.
/// Arrays of a block's width in a loop stay in registers.
macro_rules! multiversion {
    ($(#[$meta:meta])* $visibility:vis fn $name:ident $(<const $size:ident: usize>)? ($($argument:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$meta])*
        // Kernels are not inlined into each other: they would compete for registers.
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
                match $crate::simd::level() {
                    // SAFETY: `level` has detected these instructions.
                    $crate::simd::SimdLevel::Avx512 => return unsafe { avx512$(::<$size>)?($($argument),*) },
                    // SAFETY: as above.
                    $crate::simd::SimdLevel::Avx2 => return unsafe { avx2$(::<$size>)?($($argument),*) },
                    $crate::simd::SimdLevel::Plain => {}
                }
            }
            plain$(::<$size>)?($($argument),*)
        }
    };
}

pub(crate) use multiversion;

/// The instruction sets of which kernels have a version.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(crate) enum SimdLevel {
    /// The baseline of the target.
    Plain,
    /// Vectors of 8 numbers.
    Avx2,
    /// Vectors of 16 numbers.
    Avx512,
}

/// The widest level of this machine, limited by the variable `SPIKING_LANES` (`plain`, `avx2`): a test compares their
/// results, which are bit-identical.
#[cfg(target_arch = "x86_64")]
pub(crate) fn level() -> SimdLevel {
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
