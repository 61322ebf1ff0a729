//! HDF5 files as trees of groups and data sets, read and written by the library hdf5-pure: nothing here knows what they hold.
//! What is read may be anything, so depth, counts and sizes are bounded before anything is made of them.

use hdf5_pure::{DType, Dataset, File, FileBuilder};
use std::collections::BTreeMap;

/// Groups may lie so deep in each other.
const MOST_DEPTH: usize = 12;
/// Groups and data sets of a file.
const MOST_ENTRIES: usize = 4096;
/// Bytes of all data sets of a file together, as they are inflated.
const MOST_BYTES: u64 = 1 << 28;

/// Why a file cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Hdf5Error {
    /// It is damaged, or none.
    #[error("this is no HDF5 file that can be read ({0}): it may have been cut off, or be of a newer kind")]
    Damaged(String),
    /// It is larger than what is made of any.
    #[error("it has more than {0}, which no network needs")]
    TooLarge(&'static str),
    /// A data set holds something else than numbers or texts.
    #[error("`{0}` holds {1}, and numbers or texts are wanted")]
    OtherType(String, String),
    /// The library refuses to write it.
    #[error("it cannot be written: {0}")]
    Unwritten(String),
}

/// The numbers or texts of a data set.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 64-bit floats.
    F64(Vec<f64>),
    /// Whole numbers.
    I64(Vec<i64>),
    /// Texts of any length.
    Text(Vec<String>),
    /// Texts of one length, filled up with zeros.
    FixedText(Vec<String>),
}

/// A data set.
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    /// Its sizes; none where it is a single value.
    pub shape: Vec<usize>,
    /// Its values, the last size running fastest.
    pub values: Values,
}

/// What stands in a group.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A group in turn.
    Group(Group),
    /// A data set.
    Set(Set),
}

/// A group: entries by their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group(pub BTreeMap<String, Entry>);

impl Set {
    /// A single text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { shape: Vec::new(), values: Values::Text(vec![text.into()]) }
    }

    /// A single whole number.
    pub fn whole(number: i64) -> Self {
        Self { shape: Vec::new(), values: Values::I64(vec![number]) }
    }

    /// 32-bit floats of this shape.
    pub const fn floats(shape: Vec<usize>, values: Vec<f32>) -> Self {
        Self { shape, values: Values::F32(values) }
    }

    /// Whole numbers in a row.
    pub fn wholes(values: Vec<i64>) -> Self {
        Self { shape: vec![values.len()], values: Values::I64(values) }
    }

    /// How many values it has.
    pub fn len(&self) -> usize {
        match &self.values {
            Values::F32(values) => values.len(),
            Values::F64(values) => values.len(),
            Values::I64(values) => values.len(),
            Values::Text(values) | Values::FixedText(values) => values.len(),
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its numbers, whatever their type; none where it has texts.
    pub fn numbers(&self) -> Option<Vec<f64>> {
        match &self.values {
            Values::F32(values) => Some(values.iter().map(|value| f64::from(*value)).collect()),
            Values::F64(values) => Some(values.clone()),
            Values::I64(values) => Some(values.iter().map(|value| *value as f64).collect()),
            Values::Text(_) | Values::FixedText(_) => None,
        }
    }

    /// Its texts; none where it has numbers.
    pub fn texts(&self) -> Option<&[String]> {
        match &self.values {
            Values::Text(values) | Values::FixedText(values) => Some(values),
            Values::F32(_) | Values::F64(_) | Values::I64(_) => None,
        }
    }
}

impl Group {
    /// The group with these data sets.
    pub fn of(entries: impl IntoIterator<Item = (&'static str, Set)>) -> Self {
        Self(entries.into_iter().map(|(name, set)| (name.to_owned(), Entry::Set(set))).collect())
    }

    /// Puts a group into this one.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, group: Self) -> Self {
        self.0.insert(name.into(), Entry::Group(group));
        self
    }

    /// The group of that name.
    pub fn group(&self, name: &str) -> Option<&Self> {
        match self.0.get(name)? {
            Entry::Group(group) => Some(group),
            Entry::Set(_) => None,
        }
    }

    /// The data set of that name.
    pub fn set(&self, name: &str) -> Option<&Set> {
        match self.0.get(name)? {
            Entry::Set(set) => Some(set),
            Entry::Group(_) => None,
        }
    }

    /// The first text of the data set of that name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.set(name)?.texts()?.first().map(String::as_str)
    }
}

/// The tree in a file.
///
/// # Errors
/// When it is damaged, is larger than any network's, or holds something else than numbers and texts.
pub fn read(bytes: &[u8]) -> Result<Group, Hdf5Error> {
    let file = File::from_bytes(bytes.to_vec()).map_err(damaged)?;
    let mut reader = Reader { entries: 0, bytes: 0 };
    reader.group(&file.root(), "", 0)
}

fn damaged(error: hdf5_pure::Error) -> Hdf5Error {
    Hdf5Error::Damaged(error.to_string())
}

/// What of the bounds is used up.
struct Reader {
    entries: usize,
    bytes: u64,
}

impl Reader {
    fn group(&mut self, group: &hdf5_pure::Group, path: &str, depth: usize) -> Result<Group, Hdf5Error> {
        if depth > MOST_DEPTH {
            return Err(Hdf5Error::TooLarge("twelve groups in each other"));
        }
        let mut read = Group::default();
        for name in group.groups().map_err(damaged)? {
            self.count()?;
            let own = group.group(&name).map_err(damaged)?;
            let entry = self.group(&own, &format!("{path}/{name}"), depth + 1)?;
            read.0.insert(name, Entry::Group(entry));
        }
        for name in group.datasets().map_err(damaged)? {
            self.count()?;
            let own = group.dataset(&name).map_err(damaged)?;
            let entry = self.set(&own, &format!("{path}/{name}"))?;
            read.0.insert(name, Entry::Set(entry));
        }
        Ok(read)
    }

    fn count(&mut self) -> Result<(), Hdf5Error> {
        self.entries += 1;
        if self.entries > MOST_ENTRIES { Err(Hdf5Error::TooLarge("4,096 entries")) } else { Ok(()) }
    }

    /// So many values of that size will be read.
    fn spend(&mut self, sizes: &[u64], each: u64) -> Result<(), Hdf5Error> {
        let bytes = sizes.iter().try_fold(each.max(1), |bytes, size| bytes.checked_mul(*size));
        let bytes = bytes.and_then(|bytes| self.bytes.checked_add(bytes)).filter(|bytes| *bytes <= MOST_BYTES);
        self.bytes = bytes.ok_or(Hdf5Error::TooLarge("256 MiB of numbers"))?;
        Ok(())
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the library's types may become more, and none of them is a number or text"
    )]
    fn set(&mut self, set: &Dataset, path: &str) -> Result<Set, Hdf5Error> {
        let shape = set.shape().map_err(damaged)?;
        self.spend(&shape, set.element_size().map_err(damaged)?)?;
        // A piece is inflated whole, however little of it is wanted.
        if let Some(chunk) = set.chunk_shape().map_err(damaged)? {
            self.spend(&chunk, set.element_size().map_err(damaged)?)?;
        }
        let values = match set.dtype().map_err(damaged)? {
            DType::F32 => Values::F32(set.read_f32().map_err(damaged)?),
            DType::F64 => Values::F64(set.read_f64().map_err(damaged)?),
            DType::I8
            | DType::I16
            | DType::I32
            | DType::I64
            | DType::U8
            | DType::U16
            | DType::U32
            | DType::U64
            | DType::Enum(_) => Values::I64(set.read_i64().map_err(damaged)?),
            DType::String => Values::FixedText(set.read_string().map_err(damaged)?),
            DType::VariableLengthString => {
                self.spend(&[set.vlen_string_payload_size().map_err(damaged)?], 1)?;
                Values::Text(set.read_string().map_err(damaged)?)
            }
            other => return Err(Hdf5Error::OtherType(path.to_owned(), other.to_string())),
        };
        let set = Set { shape: shape.into_iter().map(|size| size as usize).collect(), values };
        let all = set.shape.iter().product::<usize>();
        // The library would have said so; but nobody is to count on it.
        if set.len() == all {
            Ok(set)
        } else {
            Err(Hdf5Error::Damaged(format!("{path} has {} of {all} values", set.len())))
        }
    }
}

/// The bytes of a file with this tree.
///
/// # Errors
/// When the library cannot write it, which no tree of ours leads to.
pub fn write(root: &Group) -> Result<Vec<u8>, Hdf5Error> {
    let mut file = FileBuilder::new();
    for (name, entry) in &root.0 {
        match entry {
            Entry::Set(set) => put(set, file.create_dataset(name))?,
            Entry::Group(group) => {
                let mut builder = file.create_group(name);
                fill(group, &mut builder)?;
                file.add_group(builder.finish());
            }
        }
    }
    file.finish().map_err(|error| Hdf5Error::Unwritten(error.to_string()))
}

fn fill(group: &Group, builder: &mut hdf5_pure::GroupBuilder) -> Result<(), Hdf5Error> {
    for (name, entry) in &group.0 {
        match entry {
            Entry::Set(set) => put(set, builder.create_dataset(name))?,
            Entry::Group(inner) => {
                let mut own = builder.create_group(name);
                fill(inner, &mut own)?;
                builder.add_group(own.finish());
            }
        }
    }
    Ok(())
}

fn put(set: &Set, builder: &mut hdf5_pure::DatasetBuilder) -> Result<(), Hdf5Error> {
    let shape: Vec<u64> = set.shape.iter().map(|size| *size as u64).collect();
    match &set.values {
        Values::F32(values) => builder.with_f32_data(values),
        Values::F64(values) => builder.with_f64_data(values),
        Values::I64(values) => builder.with_i64_data(values),
        Values::Text(values) => builder.with_vlen_strings(&slices(values)),
        Values::FixedText(values) => {
            builder.with_ascii_strings(&slices(values)).map_err(|error| Hdf5Error::Unwritten(error.to_string()))?
        }
    }
    .with_shape(&shape);
    Ok(())
}

fn slices(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_read_as_it_was_written() {
        let inner = Group::of([
            ("type", Set::text("LIF")),
            ("weight", Set::floats(vec![2, 3], vec![0.5, -1.0, 2.0, 3.0, 4.0, 5.5])),
            ("shape", Set::wholes(vec![12])),
            ("of one length", Set { shape: vec![1], values: Values::FixedText(vec!["input".to_owned()]) }),
            ("count", Set::whole(-7)),
            ("wide", Set { shape: vec![2], values: Values::F64(vec![1e-300, 0.1]) }),
        ]);
        let edges = ["a", "b", "b", "ü c"].map(str::to_owned).to_vec();
        let root = Group::of([("version", Set::text("1.0.8"))]).with(
            "node",
            Group::of([("edges", Set { shape: vec![2, 2], values: Values::Text(edges) })])
                .with("nodes", Group::default().with("the output", inner)),
        );
        let bytes = write(&root).unwrap();
        assert_eq!(read(&bytes).unwrap(), root);
        for end in (0..bytes.len()).step_by(7) {
            assert!(read(&bytes[..end]).is_err(), "cut off at {end}");
        }
    }
}
