//! Programs in Python that compute what a network computes, for a student to read: the weights lie beside them as safetensors, and
//! they print the class scores of the images of `spiking evaluate MODEL --export images.json`.
//!
//! Where a library's cell is our neuron, it is used; where it is another one, the equation is written out, and a comment says so.
//! Which is which was tried with 64 neurons and 200 random inputs (`tests/peers/interchange.py` runs the programs).

use super::file::names;
use super::loihi::LoihiNetwork;
use super::{CannotSay, PlainNetwork};
use crate::spec::{Neuron, Readout, Reset, Spec};
use std::fmt::Write;

/// What a program is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// NumPy alone.
    Numpy,
    /// snnTorch 1.0.
    SnnTorch,
    /// Norse 1.1.
    Norse,
}

/// Where a network is to go, in words. A program reads its convolutions as matrices.
pub const IN_A_PROGRAM: &str = "in a program";

/// The file of weights beside a program that is called like it.
pub fn weights_file(name: &str) -> String {
    format!("{name}.safetensors")
}

/// A number as Python writes it.
fn number(value: f32) -> String {
    let text = value.to_string();
    if text.contains(['.', 'e', 'n', 'i']) { text } else { text + ".0" }
}

const READER: &str = r#"

def read_safetensors(path):
    """The tensors of a safetensors file: a length, a header in JSON, and the numbers."""
    data = Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header, numbers = json.loads(data[8 : 8 + length]), data[8 + length :]
    header.pop("__metadata__", None)

    def tensor(entry):
        start, end = entry["data_offsets"]
        return np.frombuffer(numbers[start:end], np.float32).reshape(entry["shape"])

    return {name: tensor(entry) for name, entry in header.items()}
"#;

const IMAGES: &str = r#"

def currents_of(image, weight, bias):
    """The currents into the first layer, [T, H]: of an image's input spikes, or of its constant currents."""
    if image["input"] is None:
        return np.tile(weight @ np.float32(image["currents"]) + bias, (T, 1))
    spikes = np.zeros((T, weight.shape[1]), np.float32)
    for t, firing in enumerate(image["input"]):
        spikes[t, firing] = 1
    return spikes @ weight.T + bias
"#;

const MAIN: &str = r#"

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"{sys.argv[0]} IMAGES.json, from: spiking evaluate MODEL --export IMAGES.json")
    weights = read_safetensors(Path(__file__).with_suffix(".safetensors"))
    images = json.loads(Path(sys.argv[1]).read_text())["images"]
    right, farthest = 0, 0.0
    for image in images:
        scores = scores_of(image, weights)
        right += int(np.argmax(scores)) == image["label"]
        farthest = max(farthest, float(np.abs(scores - np.float32(image["logits"])).max()))
        print(image["label"], "is read as", int(np.argmax(scores)), *(f"{score:.5f}" for score in scores))
    print(f"{right} of {len(images)} right; scores differ by at most {farthest:.1e} from those in the file")
"#;

fn constants(spec: &Spec) -> String {
    let Neuron { alpha, beta, gain, threshold, .. } = spec.neuron;
    let mut text = format!(
        "T = {}  # time steps\nALPHA, BETA = {}, {}  # what stays of the synaptic current and of the potential in a time step\n\
         GAIN, THETA = {}, {}  # the factor of the current, and the threshold\n",
        spec.time_steps,
        number(alpha),
        number(beta),
        number(gain),
        number(threshold),
    );
    if spec.neuron.is_adaptive() {
        let (raised, kept) = (number(spec.neuron.adaptation), number(spec.neuron.adaptation_decay));
        let _ = writeln!(
            text,
            "RAISED, KEPT = {raised}, {kept}  # by what a spike raises the threshold, and what of it stays"
        );
    }
    text
}

/// From the currents into the first layer to those into the readout, in Python.
fn later_layers(names: &[String]) -> String {
    let line = |name: &String| {
        format!("    currents = spiking_layer(currents) @ weights[\"{name}.weight\"].T + weights[\"{name}.bias\"]\n")
    };
    names.iter().skip(1).map(line).collect()
}

/// What is left of a potential after a spike, in Python.
fn reset(neuron: &Neuron, spikes: &str, potential: &str) -> String {
    match neuron.subtracted() {
        None => format!("{potential} * (1 - {spikes})"),
        Some(amount) => format!("{potential} - {} * {spikes}", number(amount)),
    }
}

/// The neuron's equations over all time steps, written out; `zeros` makes the state, `fires` the spikes of a comparison.
fn equations(neuron: &Neuron, zeros: &str, fires: &str, stack: &str) -> String {
    let adaptive = neuron.is_adaptive();
    let mut text = String::from(
        "def spiking_layer(currents):\n    \"\"\"The spikes of a layer, [T, H], for its input currents, [T, H].\"\"\"\n",
    );
    let _ = writeln!(text, "    i = v = {zeros}");
    if adaptive {
        let _ = writeln!(text, "    a = {zeros}");
    }
    text.push_str("    spikes = []\n    for current in currents:\n        i = ALPHA * i + current\n        u = BETA * v + GAIN * i\n");
    let threshold = if adaptive { "THETA + a" } else { "THETA" };
    let _ = writeln!(text, "        s = {}", fires.replace("{}", &format!("u > {threshold}")));
    let _ = writeln!(text, "        v = {}", reset(neuron, "s", "u"));
    if adaptive {
        text.push_str("        a = KEPT * a + RAISED * s\n");
    }
    let _ = writeln!(text, "        spikes.append(s)\n    return {stack}(spikes)");
    text
}

/// The readout in Python: from the last hidden layer's spikes to the scores.
fn readout(spec: &Spec, zeros: &str) -> String {
    match spec.readout {
        Readout::SpikeCount => "    return spiking_layer(currents).sum(0)".to_owned(),
        Readout::Membrane => format!(
            "    v, total = {zeros}, 0.0  # integrators that leak and never fire: the score is their mean potential\n    for current in \
             currents:\n        v = BETA * v + current\n        total = total + v\n    return total / T"
        ),
    }
}

fn about(name: &str, library: &str, spec: &Spec) -> String {
    let layers: Vec<String> = spec.layers.iter().map(ToString::to_string).collect();
    format!(
        "\"\"\"A network of leaky integrate-and-fire neurons ({} hidden, {} time steps) in {library}.\n\n    python {name}.py \
         IMAGES.json\n\nprints the class scores of the images that `spiking evaluate MODEL --export IMAGES.json` wrote. The weights are \
         in\n{} beside it. Written by Spiking Playground {}.\n\"\"\"\n",
        layers.join(" → "),
        spec.time_steps,
        weights_file(name),
        env!("CARGO_PKG_VERSION"),
    )
}

/// A program for that library, whose file of weights has that name too.
///
/// # Errors
/// Of a layer that learns by STDP, whose neurons inhibit each other.
pub fn python(network: &PlainNetwork, library: Library, name: &str) -> Result<String, CannotSay> {
    network.check_rule("in such a program")?;
    let spec = &network.spec;
    Ok(match library {
        Library::Numpy => numpy(spec, name),
        Library::SnnTorch => torch(spec, name, &snntorch_cell(&spec.neuron)),
        Library::Norse => torch(spec, name, &norse_cell(&spec.neuron)),
    })
}

fn numpy(spec: &Spec, name: &str) -> String {
    let layer =
        equations(&spec.neuron, "np.zeros(currents.shape[1], np.float32)", "({}).astype(np.float32)", "np.stack");
    let mut text = about(name, "NumPy", spec);
    text.push_str("import json\nimport sys\nfrom pathlib import Path\n\nimport numpy as np\n\n");
    text.push_str(&constants(spec));
    text.push_str(READER);
    text.push_str(IMAGES);
    let _ = write!(
        text,
        "\n\n{layer}\n\ndef scores_of(image, weights):\n    \"\"\"The class scores of an image, [C].\"\"\"\n"
    );
    let names = names(spec.layers.len());
    let _ =
        writeln!(text, "    currents = currents_of(image, weights[\"{0}.weight\"], weights[\"{0}.bias\"])", names[0]);
    text.push_str(&later_layers(&names));
    let _ = writeln!(text, "{}", readout(spec, "np.zeros(currents.shape[1], np.float32)"));
    text.push_str(MAIN);
    text
}

/// How a library has our neuron: what it imports, and a function over time.
struct Cell {
    library: &'static str,
    imports: &'static str,
    layer: String,
}

/// The neuron in plain PyTorch, where the library has no such cell.
fn by_hand(neuron: &Neuron, library: &'static str, why: &str) -> Cell {
    let layer = equations(neuron, "torch.zeros(currents.shape[1])", "({}).float()", "torch.stack");
    let layer = format!("# {library} has no cell that is this neuron ({why}), so these are its equations.\n{layer}");
    Cell { library, imports: "", layer }
}

fn snntorch_cell(neuron: &Neuron) -> Cell {
    let library = "snnTorch 1.0";
    let (mechanism, delay) = match neuron.reset {
        _ if neuron.is_adaptive() => return by_hand(neuron, library, "its threshold adapts"),
        _ if neuron.gain <= 0.0 => return by_hand(neuron, library, "its gain is 0"),
        Reset::Zero => ("zero", "False"),
        Reset::SubtractDelayed => ("subtract", "True"),
        Reset::Subtract => {
            return by_hand(
                neuron,
                library,
                "its own subtracts the threshold twice where the potential is over twice as high",
            );
        }
        Reset::SubtractBy(_) => return by_hand(neuron, library, "a spike subtracts something else than the threshold"),
    };
    let common = format!("threshold=THETA / GAIN, reset_mechanism=\"{mechanism}\", reset_delay={delay}");
    let (cell, state, step) = if neuron.alpha > 0.0 {
        (
            format!("snn.Synaptic(alpha=ALPHA, beta=BETA, {common})"),
            "i, v = cell.init_synaptic()",
            "s, i, v = cell(current, i, v)",
        )
    } else {
        (format!("snn.Leaky(beta=BETA, {common})"), "v = cell.init_leaky()", "s, v = cell(current, v)")
    };
    let layer = format!(
        "def spiking_layer(currents):\n    \"\"\"The spikes of a layer, [T, H], for its input currents, [T, H].\"\"\"\n    # Its potential is \
         ours over the gain.\n    cell = {cell}\n    {state}\n    spikes = []\n    for current in currents:\n        {step}\n        \
         spikes.append(s)\n    return torch.stack(spikes)\n"
    );
    Cell { library, imports: "import snntorch as snn\n", layer }
}

fn norse_cell(neuron: &Neuron) -> Cell {
    let library = "Norse 1.1";
    let reset = match neuron.reset {
        _ if neuron.is_adaptive() => return by_hand(neuron, library, "its threshold adapts by itself alone"),
        _ if neuron.gain <= 0.0 || neuron.beta >= 1.0 => {
            return by_hand(neuron, library, "it never leaks, or takes nothing in");
        }
        Reset::Zero => "reset_value",
        Reset::Subtract if neuron.alpha == 0.0 => "reset_subtract",
        Reset::Subtract | Reset::SubtractDelayed | Reset::SubtractBy(_) => {
            return by_hand(neuron, library, "its own is reset to a value");
        }
    };
    let step = "DT = 1e-4  # seconds: Norse counts in them\n";
    let layer = if neuron.alpha > 0.0 {
        format!(
            "{step}\n\ndef spiking_layer(currents):\n    \"\"\"The spikes of a layer, [T, H], for its input currents, [T, H].\"\"\"\n    # Its \
             potential is ours times (1 - BETA) / GAIN.\n    p = LIFParameters(\n        tau_syn_inv=torch.tensor((1 - ALPHA) / DT),\n        \
             tau_mem_inv=torch.tensor((1 - BETA) / DT),\n        v_th=torch.tensor(THETA * (1 - BETA) / GAIN),\n    )\n    cell, state = \
             LIFCell(p, dt=DT), None\n    spikes = []\n    for current in currents:\n        s, state = cell(current, state)\n        \
             spikes.append(s)\n    return torch.stack(spikes)\n"
        )
    } else {
        format!(
            "{step}\n\ndef spiking_layer(currents):\n    \"\"\"The spikes of a layer, [T, H], for its input currents, [T, H].\"\"\"\n    # Its \
             potential is ours times (1 - BETA) / GAIN.\n    p = LIFBoxParameters(\n        tau_mem_inv=torch.tensor((1 - BETA) / DT),\n        \
             v_th=torch.tensor(THETA * (1 - BETA) / GAIN),\n        reset_method={reset},\n    )\n    cell, state = LIFBoxCell(p, dt=DT), \
             None\n    spikes = []\n    for current in currents:\n        s, state = cell(current, state)\n        spikes.append(s)\n    return \
             torch.stack(spikes)\n"
        )
    };
    let imports = match (neuron.alpha > 0.0, reset) {
        (true, _) => "from norse.torch import LIFCell, LIFParameters\n",
        (false, "reset_value") => {
            "from norse.torch.functional.reset import reset_value\nfrom norse.torch.module.lif_box import LIFBoxCell, LIFBoxParameters\n"
        }
        (false, _) => {
            "from norse.torch.functional.reset import reset_subtract\nfrom norse.torch.module.lif_box import LIFBoxCell, LIFBoxParameters\n"
        }
    };
    Cell { library, imports, layer }
}

fn torch(spec: &Spec, name: &str, cell: &Cell) -> String {
    let mut text = about(name, cell.library, spec);
    text.push_str("import json\nimport sys\nfrom pathlib import Path\n\nimport numpy as np\nimport torch\n");
    text.push_str(cell.imports);
    text.push('\n');
    text.push_str(&constants(spec));
    text.push_str(READER);
    text.push_str(IMAGES);
    let _ = write!(
        text,
        "\n\n{}\n\ndef scores_of(image, weights):\n    \"\"\"The class scores of an image, [C].\"\"\"\n    with torch.no_grad():\n        return \
         forward(image, weights).numpy()\n\n\ndef forward(image, weights):\n",
        cell.layer
    );
    let names = names(spec.layers.len());
    let _ = writeln!(
        text,
        "    currents = torch.from_numpy(currents_of(image, weights[\"{0}.weight\"], weights[\"{0}.bias\"]))",
        names[0]
    );
    text.push_str("    weights = {name: torch.tensor(tensor) for name, tensor in weights.items()}\n");
    text.push_str(&later_layers(&names));
    let _ = writeln!(text, "{}", readout(spec, "torch.zeros(currents.shape[1])"));
    text.push_str(MAIN);
    text
}

/// A program that runs a network in Lava, in the integers of the chip; its weights lie beside it.
pub fn lava(network: &LoihiNetwork, name: &str) -> String {
    let spec = &network.spec;
    let mut text = format!(
        "\"\"\"A network of leaky integrate-and-fire neurons in Lava, in Loihi's integers.\n\n    python {name}.py IMAGES.json\n\nruns the images that \
         `spiking evaluate MODEL --export IMAGES.json` wrote and prints what they are read as. Its weights are in\n{} beside it. \
         lava-nc 0.10 needs Python 3.10 or older. Whoever has the chip takes Loihi2HwCfg in place of\nLoihi2SimCfg. Written by Spiking \
         Playground {}.\n\"\"\"\nimport json\nimport sys\nfrom pathlib import Path\n\nimport numpy as np\nfrom lava.magma.core.run_conditions \
         import RunSteps\nfrom lava.magma.core.run_configs import Loihi2SimCfg\nfrom lava.proc.dense.process import Dense\nfrom lava.proc.io.source \
         import RingBuffer as Source\nfrom lava.proc.lif.process import LIF\nfrom lava.proc.monitor.process import Monitor\nfrom \
         lava.utils.weightutils import SignMode\n\nT = {}  # time steps\n# Of each layer: decays of current and voltage, threshold, exponents of \
         weights and biases.\nLAYERS = [\n",
        weights_file(name),
        env!("CARGO_PKG_VERSION"),
        spec.time_steps,
    );
    for (layer, name) in network.layers.iter().zip(names(spec.layers.len())) {
        let _ = writeln!(
            text,
            "    (\"{name}\", dict(du={}, dv={}, vth={}, bias_exp={}), {}),",
            layer.current_decay, layer.voltage_decay, layer.threshold, layer.bias_exponent, layer.weight_exponent
        );
    }
    let counts = if spec.readout == Readout::SpikeCount { "True" } else { "False" };
    let _ = write!(
        text,
        "]\nCOUNTS_SPIKES = {counts}  # or reads the voltages of the last layer\nWEIGHT_BITS = {}\n",
        network.bits
    );
    text.push_str(READER);
    text.push_str(LAVA);
    text
}

const LAVA: &str = r#"

def scores_of(image, weights):
    """The class scores of an image, [C]: each layer is a time step late, so it runs so many more."""
    first = weights[f"{LAYERS[0][0]}.weight"]
    spikes = np.zeros((first.shape[1], T + len(LAYERS)), np.int32)
    for t, firing in enumerate(image["input"]):
        spikes[firing, t] = 1
    source = Source(data=spikes)
    out, last = source.s_out, None
    for name, neuron, exponent in LAYERS:
        weight = weights[f"{name}.weight"].astype(np.int32)
        dense = Dense(weights=weight, weight_exp=exponent, num_weight_bits=WEIGHT_BITS, sign_mode=SignMode.MIXED)
        last = LIF(shape=(weight.shape[0],), bias_mant=weights[f"{name}.bias"].astype(np.int32), **neuron)
        out.connect(dense.s_in)
        dense.a_out.connect(last.a_in)
        out = last.s_out
    monitor = Monitor()
    monitor.probe(last.s_out if COUNTS_SPIKES else last.v, T + len(LAYERS))
    # Lava waits for ever for processes that nobody stops.
    try:
        source.run(condition=RunSteps(num_steps=T + len(LAYERS)), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
        (data,) = monitor.get_data().values()
        (values,) = data.values()
    finally:
        source.stop()
    return values[len(LAYERS) :].sum(0)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"{sys.argv[0]} IMAGES.json, from: spiking evaluate MODEL --export IMAGES.json")
    weights = read_safetensors(Path(__file__).with_suffix(".safetensors"))
    images = json.loads(Path(sys.argv[1]).read_text())["images"]
    right = 0
    for image in images:
        scores = scores_of(image, weights)
        right += int(np.argmax(scores)) == image["label"]
        print(image["label"], "is read as", int(np.argmax(scores)), *scores)
    print(f"{right} of {len(images)} right")
"#;
