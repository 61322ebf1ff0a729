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
                #[target_feature(enable = "avx512f")]
                fn avx512$(<const $size: usize>)?($($argument: $type),*) {
                    plain$(::<$size>)?($($argument),*);
                }
                #[target_feature(enable = "avx2")]
                fn avx2$(<const $size: usize>)?($($argument: $type),*) {
                    plain$(::<$size>)?($($argument),*);
                }
                if std::arch::is_x86_feature_detected!("avx512f") {
                    // SAFETY: the machine has just said that it has these instructions.
                    return unsafe { avx512$(::<$size>)?($($argument),*) };
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: as above.
                    return unsafe { avx2$(::<$size>)?($($argument),*) };
                }
            }
            plain$(::<$size>)?($($argument),*)
        }
    };
}

pub(super) use widest;
