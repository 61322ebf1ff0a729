//! What lets a network leave for chips and other programs, and opens their files, in a worker of the page (`www/chips.js`). Its
//! functions are exported here: those of the library would be in every program.

use spiking_playground::chips::loihi::LoihiNetwork;
use spiking_playground::chips::nir::{End, to_group};
use spiking_playground::chips::source::IN_A_PROGRAM;
use spiking_playground::chips::source::{self, Library};
use spiking_playground::chips::trial::{PICOJOULES, Trial};
use spiking_playground::chips::{PlainNetwork, Synapses, file, hdf5, netx, nir};
use spiking_playground::digits::Digits;
use spiking_playground::digits::shard::{Manifest, Split, open};
use spiking_playground::pictures::chip_sheet::{bits_sheet, rasters};
use spiking_playground::pictures::palette::Palette;
use spiking_playground::sample::Sample;
use spiking_playground::spec::Spec;
use spiking_playground::spikes::encode::Pass;
use std::cell::RefCell;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

fn main() {
    console_error_panic_hook::set_once();
}

/// What the worker works on.
#[derive(Default)]
struct Desk {
    network: Option<PlainNetwork>,
    trial: Option<Trial>,
    /// Test images, and the number of the first of the newest shard.
    images: Vec<(usize, Digits)>,
}

thread_local! {
    static DESK: RefCell<Desk> = RefCell::default();
}

fn refused(error: impl std::fmt::Display) -> JsError {
    JsError::new(&error.to_string())
}

/// A network in another program's file (.nir, .net) as one of ours; `settings` has what the file does not say, as in a link.
///
/// # Errors
/// When it is none, or none of ours.
#[wasm_bindgen]
pub fn imported(bytes: &[u8], settings: &str) -> Result<Vec<u8>, JsError> {
    let root = hdf5::read(bytes).map_err(refused)?;
    let open = nir::own_spec(&root).unwrap_or_else(|| Spec::from_hash(&Spec::default(), settings).0);
    let network = match root.group("layer") {
        Some(_) => netx::to_plain(&netx::from_group(&root).map_err(refused)?, &open).map_err(refused)?,
        None => nir::from_group(&root, &open, None).map_err(refused)?.network,
    };
    network.spec.check().map_err(refused)?;
    Ok(file::to_bytes(&network))
}

/// Takes a network, and puts it on the chip with weights of so many bits; what it is there, as JSON.
///
/// # Errors
/// Where the chip has nothing like one of its settings.
#[wasm_bindgen]
pub fn put_on_chip(model: &[u8], bits: u32) -> Result<String, JsError> {
    DESK.with_borrow_mut(|desk| {
        desk.trial = None;
        let network = file::from_bytes(model).map_err(refused)?;
        desk.network = Some(network.clone());
        let trial = Trial::new(network, bits).map_err(refused)?;
        let (chip, spec) = (&trial.chip, &trial.network.spec);
        let told = serde_json::json!({
            "neurons": chip.neurons(),
            "synapses": chip.synapses(),
            "cores": chip.cores(),
            "steps": spec.time_steps + chip.layers.len(),
            "cutBiases": chip.cut_biases,
            "picojoules": PICOJOULES,
        });
        desk.trial = Some(trial);
        Ok(told.to_string())
    })
}

/// Takes a shard of test images: the data set's list as JSON, the shard's number, and its two gzipped files. How many images there are.
///
/// # Errors
/// When they do not match the list.
#[wasm_bindgen]
pub fn take_images(list: &str, shard: usize, images: &[u8], labels: &[u8]) -> Result<usize, JsError> {
    let manifest = Manifest::parse(list).map_err(refused)?;
    let digits = open(&manifest, Split::Test, shard, images, labels).map_err(refused)?;
    DESK.with_borrow_mut(|desk| {
        let first = desk.images.iter().map(|(_, digits)| digits.len()).sum();
        let count = digits.len();
        desk.images.push((first, digits));
        Ok(count)
    })
}

/// Forgets the images: those of another data set follow.
#[wasm_bindgen]
pub fn forget_images() {
    DESK.with_borrow_mut(|desk| desk.images.clear());
}

/// Shows the next `count` images to both; how they stand, as JSON.
///
/// # Errors
/// When there is no network.
#[wasm_bindgen]
pub fn show_images(count: usize) -> Result<String, JsError> {
    DESK.with_borrow_mut(|desk| {
        let Desk { trial: Some(trial), images, .. } = desk else { return Err(JsError::new("there is no network yet")) };
        let from = trial.standing.images;
        let all = images.iter().flat_map(|(first, digits)| {
            (0..digits.len()).map(move |image| (Sample::of(digits, image, *first), digits.label(image)))
        });
        trial.show(all.skip(from).take(count));
        serde_json::to_string(&trial.standing).map_err(refused)
    })
}

/// One picture in floats and on the chip: a drawing, and what is to be said of it, as JSON.
///
/// # Errors
/// When there is no network, or the picture is of another size.
#[wasm_bindgen]
pub fn compare(pixels: &[u8], number: u32, is_test: bool, dark: bool) -> Result<String, JsError> {
    DESK.with_borrow(|desk| {
        let Some(trial) = &desk.trial else { return Err(JsError::new("there is no network yet")) };
        if trial.network.layers.first().is_some_and(|layer| layer.inputs != pixels.len()) {
            return Err(JsError::new("the picture is of another size"));
        }
        let pass = if is_test { Pass::Evaluation } else { Pass::Drawing };
        let sample = Sample { pixels, label: None, number: number.into() };
        let Some(comparison) = trial.compare(&sample, pass) else { return Err(JsError::new("it has no spikes")) };
        let [both, floats, chip] = comparison.counts();
        let layers: Vec<_> = comparison.floats.iter().cloned().zip(comparison.chip.iter().cloned()).collect();
        let said = format!("{both} spikes in both, {floats} only in floats, {chip} only on the chip");
        let svg = rasters(&layers, &palette(dark), &said);
        let told = serde_json::json!({
            "svg": svg, "both": both, "floats": floats, "chip": chip, "answers": comparison.answers,
        });
        Ok(told.to_string())
    })
}

fn palette(dark: bool) -> Palette {
    if dark { Palette::dark() } else { Palette::light() }
}

/// Accuracy against bits, (bits, share) one after the other, as a drawing.
#[wasm_bindgen]
pub fn curve(points: &[f32], floats: f32, dark: bool) -> String {
    let points: Vec<(u32, f32)> = points.as_chunks().0.iter().map(|[bits, share]| (*bits as u32, *share)).collect();
    bits_sheet(&points, floats, &palette(dark))
}

/// The network for another program: `nir`, `currents` (NIR that ends at them), `netx`, `lava`, `numpy`, `snntorch` or `norse`. Of a
/// program this is the text.
///
/// # Errors
/// Where that has no word for one of its settings.
#[wasm_bindgen]
pub fn exported(kind: &str, name: &str, bits: u32) -> Result<Vec<u8>, JsError> {
    with_network(|network| match kind {
        "nir" | "currents" => {
            let end = if kind == "nir" { End::Integrator } else { End::Currents };
            hdf5::write(&to_group(network, end).map_err(refused)?).map_err(refused)
        }
        "netx" => {
            let chip = LoihiNetwork::of(network, bits).map_err(refused)?;
            hdf5::write(&netx::to_group(&chip).map_err(refused)?).map_err(refused)
        }
        "lava" => Ok(source::lava(&LoihiNetwork::of(network, bits).map_err(refused)?, name).into_bytes()),
        library => {
            let library = match library {
                "snntorch" => Library::SnnTorch,
                "norse" => Library::Norse,
                _ => Library::Numpy,
            };
            let network = network.written_out(IN_A_PROGRAM).map_err(refused)?;
            Ok(source::python(&network, library, name).map_err(refused)?.into_bytes())
        }
    })
}

/// The weights that such a program reads.
///
/// # Errors
/// As [`exported`].
#[wasm_bindgen]
pub fn weights_beside(kind: &str, bits: u32) -> Result<Vec<u8>, JsError> {
    with_network(|network| {
        if kind != "lava" {
            return Ok(file::to_bytes(&network.written_out(IN_A_PROGRAM).map_err(refused)?));
        }
        let chip = LoihiNetwork::of(network, bits).map_err(refused)?;
        Ok(file::to_bytes(&PlainNetwork {
            spec: chip.spec.clone(),
            layers: chip.layers.iter().map(Synapses::of_integers).collect(),
        }))
    })
}

fn with_network<T>(then: impl FnOnce(&PlainNetwork) -> Result<T, JsError>) -> Result<T, JsError> {
    DESK.with_borrow(|desk| match &desk.network {
        Some(network) => then(network),
        None => Err(JsError::new("there is no network yet")),
    })
}
