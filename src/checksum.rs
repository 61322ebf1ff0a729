//! SHA-256 checksums as text: of files, shards and data sets.

use sha2::{Digest, Sha256};

/// SHA-256 of `parts` one after the other, as 64 lower-case hexadecimal digits.
pub fn sha256<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    parts.into_iter().for_each(|part| hash.update(part));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of FIPS 180-2, appendix B, and of no bytes at all.
    #[test]
    fn the_standards_examples_hold_however_they_are_cut() {
        let long = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        for (bytes, sum) in [
            (&b""[..], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (long, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
        ] {
            assert_eq!(sha256([bytes]), sum);
            let (first, second) = bytes.split_at(bytes.len() / 2);
            assert_eq!(sha256([first, second]), sum);
        }
    }
}
