//! The networks that ship: each loads, and reads the real test digits as well as models/README.md says.

use spiking_playground::cli::arguments::Model;
use spiking_playground::cli::data;
use spiking_playground::cli::opened::Opened;
use spiking_playground::digits::Digits;
use spiking_playground::spec::Dataset;
use std::path::{Path, PathBuf};

/// The folder of the data sets, if this one is there. If it is not, the test that asks says what it lacks and is left out:
/// `cargo test` needs no network. `cargo xtask test` fetches the data first and sets `SPIKING_DATA`, so that there nothing is.
pub fn data_dir(dataset: Dataset) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    if data::files_of(&folder, dataset).len() == 4 {
        return Some(folder);
    }
    let name = dataset.word();
    assert!(std::env::var_os("SPIKING_DATA").is_none(), "{name} is not in {}", folder.display());
    eprintln!("left out, for {name} is not in data/: `cargo run --release -- train --dataset {name}` fetches it");
    None
}

/// The test images of a data set, if they are there, as [`data_dir`] says.
pub fn test_set(dataset: Dataset) -> Option<Digits> {
    data_dir(dataset).map(|folder| data::load(&folder, dataset).unwrap().test)
}

/// (file, accuracy in percent, synaptic operations) of the table in models/README.md.
fn claims(folder: &Path) -> Vec<(String, f64, f64)> {
    let text = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let file = cells.get(1)?.strip_prefix('`')?.strip_suffix('`')?;
        let operations = cells.get(5)?.replace(',', "");
        Some((file.to_owned(), cells.get(3)?.strip_suffix(" %")?.parse().ok()?, operations.parse().ok()?))
    };
    text.lines().filter_map(row).collect()
}

#[test]
fn every_model_is_as_good_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let claims = claims(&folder);
    let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<String> = entries.filter(|name| name.ends_with(".safetensors")).collect();
    files.sort();
    let mut claimed: Vec<String> = claims.iter().map(|(file, ..)| file.clone()).collect();
    claimed.sort();
    assert_eq!(files, claimed, "models/README.md lists the files that are there");
    assert!(!files.is_empty());
    for (file, accuracy, operations) in claims {
        let bytes = std::fs::read(folder.join(&file)).unwrap();
        assert!(bytes.len() < 1_000_000, "{file} is over 1 MB");
        let opened = Opened::open(&Model { file: folder.join(&file), given: Vec::new() }).unwrap();
        let Some(test) = test_set(opened.spec().dataset) else { continue };
        let (score, activity) = opened.measure(&test);
        assert_eq!(score, opened.score(&test), "{file}: one pass tells both");
        let measured = 100.0 * score.fraction();
        // Kernels that add in another order may read an image or two otherwise, and so may other machines: 5 of 10,000.
        assert!((measured - accuracy).abs() < 0.0501, "{file}: {measured} measured, {accuracy} claimed");
        let measured = activity.synaptic_operations();
        assert!((measured / operations - 1.0).abs() < 0.001, "{file}: {measured} measured, {operations} claimed");
        // A quiet network does what it is there for.
        if opened.spec().rate_penalty > 0.0 {
            assert!(measured <= activity.synapses as f64, "{file} takes {measured} synaptic operations");
        }
    }
}
