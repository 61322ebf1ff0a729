//! The widest instructions that the machine has, found out when the program runs: a plain build uses them too.

/// Compiles functions for several instruction sets and lets each call take the widest. Their bodies are ordinary code,
/// whose loops the compiler turns into vectors; without fused multiply-add, so that all of them give the same bits.
/// Arrays of a block's width that live in a loop stay in registers.
macro_rules! widest {
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
                match $crate::kernels::cpu::lanes::level() {
                    // SAFETY: the machine has said that it has these instructions.
                    $crate::kernels::cpu::lanes::Level::Avx512 => return unsafe { avx512$(::<$size>)?($($argument),*) },
                    // SAFETY: as above.
                    $crate::kernels::cpu::lanes::Level::Avx2 => return unsafe { avx2$(::<$size>)?($($argument),*) },
                    $crate::kernels::cpu::lanes::Level::Plain => {}
                }
            }
            plain$(::<$size>)?($($argument),*)
        }
    };
}

pub(super) use widest;

/// Instruction sets of which kernels have a version.
#[cfg(target_arch = "x86_64")]
pub(super) enum Level {
    /// Vectors of 16 numbers.
    Avx512,
    /// Vectors of 8 numbers.
    Avx2,
    /// What every machine has.
    Plain,
}

/// The widest that this machine has. The standard library remembers what it found.
#[cfg(target_arch = "x86_64")]
pub(super) fn level() -> Level {
    use std::arch::is_x86_feature_detected as has;
    if !(has!("bmi1") && has!("bmi2") && has!("lzcnt") && has!("popcnt")) {
        Level::Plain
    } else if has!("avx512f") {
        Level::Avx512
    } else if has!("avx2") {
        Level::Avx2
    } else {
        Level::Plain
    }
}
