//! `spiking export` and `spiking import`: networks that leave for other programs and chips, and come back.

use super::arguments::{Export, Import, Target};
use super::opened::{Opened, plain};
use super::{files, tell};
use crate::chips::file::names;
use crate::chips::hdf5;
use crate::chips::loihi::LoihiNetwork;
use crate::chips::nir::{End, to_group};
use crate::chips::source::{self, Library};
use crate::chips::{PlainNetwork, Synapses, netx};
use crate::network::{Network, Parameter};
use crate::weights::checkpoint::{Notes, model_to_bytes};
use crate::weights::format::Format;
use crate::weights::rounding::WeightsType;
use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};

/// Writes a network for another program.
///
/// # Errors
/// Where the other program has no word for a setting, or a file cannot be written.
pub fn export(arguments: &Export) -> Result<()> {
    let opened = Opened::open(&arguments.model)?;
    let network = plain(&opened)?;
    let output = output(arguments);
    files::ensure_apart("--output", &output, [&arguments.model.file])?;
    match arguments.to {
        Target::Nir => {
            let end = if arguments.currents { End::Currents } else { End::Integrator };
            write(&output, &hdf5::write(&to_group(&network, end)?)?)?;
            tell(read_by(&network, end));
        }
        Target::Netx => {
            let chip = on_chip(&network, arguments.bits)?;
            write(&output, &hdf5::write(&netx::to_group(&chip)?)?)?;
            tell("In Python 3.10: from lava.lib.dl import netx; net = netx.hdf5.Network(net_config=\"FILE.net\")");
        }
        Target::Lava => {
            let chip = on_chip(&network, arguments.bits)?;
            program(
                arguments,
                &output,
                &source::lava(&chip, &stem(&output)?),
                &PlainNetwork {
                    spec: chip.spec.clone(),
                    layers: chip.layers.iter().map(Synapses::of_integers).collect(),
                },
            )?;
        }
        Target::Numpy | Target::SnnTorch | Target::Norse => {
            let library = match arguments.to {
                Target::SnnTorch => Library::SnnTorch,
                Target::Norse => Library::Norse,
                Target::Numpy | Target::Nir | Target::Netx | Target::Lava => Library::Numpy,
            };
            let network = network.written_out(source::IN_A_PROGRAM)?;
            program(arguments, &output, &source::python(&network, library, &stem(&output)?)?, &network)?;
        }
    }
    Ok(())
}

/// Where it is written: what was asked for, or beside where the program runs.
fn output(arguments: &Export) -> PathBuf {
    let ending = match arguments.to {
        Target::Nir => "nir",
        Target::Netx => "net",
        Target::Lava | Target::Numpy | Target::SnnTorch | Target::Norse => "py",
    };
    let stem =
        arguments.model.file.file_stem().map_or_else(|| "network".to_owned(), |stem| stem.to_string_lossy().into());
    // Python imports no name with a hyphen; and the weights beside a program are not those that it was made of.
    let stem =
        if ending == "py" { format!("{}_{}", stem.replace(['-', ' ', '.'], "_"), arguments.to.word()) } else { stem };
    arguments.output.clone().unwrap_or_else(|| PathBuf::from(format!("{stem}.{ending}")))
}

fn stem(output: &Path) -> Result<String> {
    ensure!(
        !files::is_stdout(output),
        "a program has its weights beside it: --output wants a file's name, like network.py"
    );
    let stem = output.file_stem().context("--output wants a file's name, like network.py")?;
    ensure!(output.extension().is_some_and(|ending| ending == "py"), "--output wants a name that ends in .py");
    Ok(stem.to_string_lossy().into_owned())
}

fn write(output: &Path, bytes: &[u8]) -> Result<()> {
    files::write_whole(output, bytes)?;
    if !files::is_stdout(output) {
        tell(format_args!("Wrote {}", output.display()));
    }
    Ok(())
}

/// A program, and the file of weights that it reads.
fn program(arguments: &Export, output: &Path, text: &str, network: &PlainNetwork) -> Result<()> {
    let weights = output.with_extension("safetensors");
    files::ensure_apart("--output", &weights, [&arguments.model.file])?;
    write(&weights, &safetensors(network)?)?;
    write(output, text.as_bytes())?;
    tell(format_args!(
        "To run it: spiking evaluate MODEL --export images.json, and then: python {} images.json",
        output.display()
    ));
    Ok(())
}

fn on_chip(network: &PlainNetwork, bits: u32) -> Result<LoihiNetwork> {
    let chip = LoihiNetwork::of(network, bits)?;
    if chip.cut_biases > 0 {
        tell(format_args!("{} biases are larger than the chip has any, and were cut", chip.cut_biases));
    }
    Ok(chip)
}

/// The parameters as they stand in files.
pub fn parameters(network: &PlainNetwork) -> Vec<Parameter> {
    let of = |(name, layer): (String, &Synapses)| {
        let weight = Parameter { name: format!("{name}.weight"), shape: layer.shape(), values: layer.weight.clone() };
        [weight, Parameter { name: format!("{name}.bias"), shape: vec![layer.bias.len()], values: layer.bias.clone() }]
    };
    names(network.spec.layers.len()).into_iter().zip(&network.layers).flat_map(of).collect()
}

/// The network that these numbers are.
///
/// # Errors
/// When they do not belong together.
pub fn network(plain: &PlainNetwork) -> Result<Network> {
    plain.spec.check()?;
    Ok(Network::with_parameters(&plain.spec, &parameters(plain), Some(plain.pixels()), &crate::kernels::cpu())?)
}

fn safetensors(plain: &PlainNetwork) -> Result<Vec<u8>> {
    Ok(model_to_bytes(&plain.spec, &network(plain)?, WeightsType::F32, Notes::default())?)
}

/// Who reads such a file, and how.
fn read_by(network: &PlainNetwork, end: End) -> String {
    let integrates = !network.output_spikes() && end == End::Integrator;
    let who = if integrates {
        "It ends in leaky integrators (LI), which snnTorch and SpikingJelly refuse and Norse leaves out: with --currents it ends at the \
         currents into them, which all three read"
    } else {
        "snnTorch: snntorch.import_nir.import_from_nir(nir.read(f)); Norse: norse.torch.from_nir(nir.read(f), dt=1e-4); \
         SpikingJelly: spikingjelly.activation_based.nir_exchange.import_from_nir(nir.read(f), dt=1e-4)"
    };
    who.to_owned()
}

/// Writes the network of another program's file as one of ours.
///
/// # Errors
/// When the file is none, or its network is none of ours.
pub fn import(arguments: &Import) -> Result<()> {
    let file = &arguments.model.file;
    let format = Format::of(&files::read_at_most(file, &files::WEIGHTS)?);
    ensure!(
        format == Some(Format::Hdf5),
        "{} is no .nir and no .net: safetensors are opened as they are, by `evaluate` and `train --weights`",
        file.display()
    );
    let Opened::Gradients(inner) = Opened::open_with(&arguments.model, arguments.dt)? else {
        bail!("{} holds a layer that learns by stdp", file.display());
    };
    let name = arguments.model.file.with_extension("safetensors");
    let output = arguments.output.clone().unwrap_or_else(|| name.file_name().map(PathBuf::from).unwrap_or(name));
    files::ensure_apart("--output", &output, [&arguments.model.file])?;
    write(&output, &model_to_bytes(&inner.0, &inner.1, WeightsType::F32, Notes::default())?)
}
