//! The recognition of files of other formats by their first bytes: users have other programs' files at hand, and each
//! format needs another step before it can be opened here.

use std::fmt;

/// The format of a file that is not a safetensors file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// PyTorch's `torch.save`: a zip archive with a pickle in it, or, before version 1.6, a pickle.
    Torch,
    /// NumPy's `savez`: a zip archive of arrays.
    Npz,
    /// NumPy's `save`: one array.
    Npy,
    /// Another zip archive.
    Zip,
    /// Git LFS's pointer to a file that is stored elsewhere.
    LfsPointer,
    /// HDF5, in which Keras and NIR keep networks.
    Hdf5,
    /// A graph of ONNX.
    Onnx,
    /// llama.cpp's format.
    Gguf,
    /// Any file, compressed.
    Gzip,
    /// A PNG or JPEG.
    Picture,
    /// HTML.
    WebPage,
}

impl Format {
    /// The format of a file that begins with these bytes; `None` if it is unknown.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let begins = |magic: &[u8]| bytes.starts_with(magic);
        // The header of a safetensors file, 8 bytes of length and then JSON: it may have any length.
        if bytes.get(8) == Some(&b'{') {
            return None;
        }
        Some(match bytes {
            _ if begins(b"PK\x03\x04") && contains(bytes, b"data.pkl") => Self::Torch,
            _ if begins(b"PK\x03\x04") && contains(bytes, b".npy") => Self::Npz,
            _ if begins(b"PK\x03\x04") => Self::Zip,
            // A pickle's protocol; no other of these formats begins so.
            [0x80, 2..=5, ..] => Self::Torch,
            _ if begins(b"\x93NUMPY") => Self::Npy,
            _ if begins(b"version https://git-lfs") => Self::LfsPointer,
            _ if begins(b"\x89HDF\r\n\x1a\n") => Self::Hdf5,
            _ if begins(b"GGUF") => Self::Gguf,
            _ if begins(b"\x1f\x8b") => Self::Gzip,
            _ if begins(b"\x89PNG\r\n") || begins(b"\xff\xd8\xff") => Self::Picture,
            _ if is_web_page(bytes) => Self::WebPage,
            // Field 1, the version of the format, and then who made it, or the graph.
            [8, 1..=20, 0x12 | 0x3a, ..] => Self::Onnx,
            _ => return None,
        })
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn is_web_page(bytes: &[u8]) -> bool {
    let start: Vec<u8> = bytes.trim_ascii_start().iter().take(14).map(u8::to_ascii_lowercase).collect();
    start.starts_with(b"<!doctype html") || start.starts_with(b"<html")
}

/// The format, and how to convert it into a file that can be opened.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Torch => {
                "it is a file of torch.save, and safetensors are read. In Python: import torch; from safetensors.torch import \
                 save_file; save_file(torch.load(\"x.pt\", map_location=\"cpu\"), \"x.safetensors\") (of a whole module its \
                 .state_dict(), of a training checkpoint its [\"state_dict\"])"
            }
            Self::Npz => {
                "it is an .npz of NumPy, and safetensors are read. In Python: import numpy; from safetensors.numpy import \
                 save_file; save_file(dict(numpy.load(\"x.npz\")), \"x.safetensors\")"
            }
            Self::Npy => {
                "it is a single array of NumPy, and a network has several, in a safetensors file. In Python: import numpy; from \
                 safetensors.numpy import save_file; save_file({\"layers.0.weight\": numpy.load(\"x.npy\"), …}, \
                 \"x.safetensors\")"
            }
            Self::Zip => "it is a zip archive, and safetensors are read: unpack it, or save its weights as safetensors",
            Self::LfsPointer => "it is a pointer of Git LFS in place of the file: `git lfs pull` fetches the file itself",
            Self::Hdf5 => {
                "it is an HDF5 file (as of Keras or NIR), and safetensors are read. In Python: import h5py; from \
                 safetensors.numpy import save_file; x = h5py.File(\"x.h5\"); save_file({\"layers.0.weight\": x[…][:], …}, \
                 \"x.safetensors\"), weights as [out, in]"
            }
            Self::Onnx => {
                "it is a graph of ONNX, and safetensors are read. In Python: import onnx; from safetensors.numpy import \
                 save_file; save_file({t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(\"x.onnx\").graph.initializer}, \
                 \"x.safetensors\")"
            }
            Self::Gguf => "it is a GGUF file of a language model, and safetensors of a spiking network are read",
            Self::Gzip => "it is gzipped: unpack it first, with gunzip",
            Self::Picture => "it is a picture, and weights are wanted: the network comes first, pictures behind it",
            Self::WebPage => "it is a web page in place of the file: the address from which it was fetched is another one's",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_other_programs_are_known_by_their_first_bytes() {
        for (bytes, format) in [
            (&b"PK\x03\x04\0\0\0\0\0\0archive/data.pkl"[..], Format::Torch),
            (b"PK\x03\x04\0\0\0\0\0\0layers.0.weight.npy", Format::Npz),
            (b"PK\x03\x04\0\0\0\0\0\0config.json", Format::Zip),
            (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", Format::Torch),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:", Format::LfsPointer),
            (b"\x89HDF\r\n\x1a\n\0\0", Format::Hdf5),
            (b"\x93NUMPY\x01\0", Format::Npy),
            (b"\x08\x08\x12\x07pytorch", Format::Onnx),
            (b"GGUF\x03\0\0\0", Format::Gguf),
            (b"\n<!DOCTYPE html><html>", Format::WebPage),
        ] {
            assert_eq!(Format::of(bytes), Some(format));
        }
        // A header of 640 bytes begins as a pickle does.
        assert_eq!(Format::of(b"\x80\x02\0\0\0\0\0\0{\"__metadata__\":"), None);
        assert_eq!(Format::of(b""), None);
        assert_eq!(Format::of(b"not weights"), None);
    }
}
