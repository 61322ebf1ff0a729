//! stub
use crate::digits::Digits;
use std::path::Path;
pub struct DataSet {
    pub train: Digits,
    pub test: Digits,
}
pub fn load(dir: &Path, _: crate::spec::Dataset) -> anyhow::Result<DataSet> {
    let r = |n: &str| super::read(&dir.join(n));
    Ok(DataSet {
        train: Digits::from_idx(&r("train-images-idx3-ubyte")?, &r("train-labels-idx1-ubyte")?)?,
        test: Digits::from_idx(&r("t10k-images-idx3-ubyte")?, &r("t10k-labels-idx1-ubyte")?)?,
    })
}
