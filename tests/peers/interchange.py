"""Other simulators as the judges of what leaves for them: NIR graphs, Loihi's files, and programs in Python.

    python interchange.py PROGRAM DATA_DIR

PROGRAM is `spiking`. Ends with exit code 1 when anything differs.
"""

import contextlib
import copy
import io
import itertools
import json
import logging
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

import h5py
import nir
import norse.torch
import numpy as np
import torch
from safetensors.numpy import save_file
from snntorch.import_nir import import_from_nir as snntorch_import
from spikingjelly.activation_based import nir_exchange

DT = 1e-4
HIDDEN, CLASSES, TIME_STEPS = 48, 10, 25
# Sums of some hundred f32 in another order differ by about 1e-6 of the largest.
TOLERANCE = 1e-4


def spec_of(**settings):
    neuron = {"alpha": 0.0, "beta": 0.9, "gain": 1.0, "threshold": 1.0, "reset": "zero"}
    neuron |= {name: value for name, value in settings.items() if name in {*neuron, "adaptation"}}
    return {"hidden": [HIDDEN], "time-steps": TIME_STEPS, "readout": settings.get("readout", "membrane"), "neuron": neuron}


def model(folder, number, **settings):
    """A file of random weights with this spec, its path."""
    random = np.random.default_rng(number)
    gain = settings.get("gain", 1.0)
    layer = lambda out, inputs, size: (random.normal(0.02, 1, (out, inputs)) * size / gain).astype(np.float32)
    tensors = {
        "layers.0.weight": layer(HIDDEN, 784, 0.05),
        "layers.0.bias": layer(1, HIDDEN, 0.02)[0],
        "readout.weight": layer(CLASSES, HIDDEN, 0.3) + np.float32(0.1 / gain),
        "readout.bias": layer(1, CLASSES, 0.02)[0],
    }
    path = folder / f"model_{number}.safetensors"
    save_file(tensors, path, metadata={"spec": json.dumps(spec_of(**settings))})
    return path


def convolutional(folder, number, **settings):
    """The same of a network of two convolutions, its path."""
    random = np.random.default_rng(number)
    layer = lambda size, *shape: random.normal(0.02, size, shape).astype(np.float32)
    tensors = {
        "layers.0.weight": layer(0.25, 6, 1, 5, 5),
        "layers.0.bias": layer(0.02, 6),
        "layers.1.weight": layer(0.25, 5, 6, 3, 3),
        "layers.1.bias": layer(0.02, 5),
        "readout.weight": layer(0.2, CLASSES, 5 * 12 * 12) + np.float32(0.02),
        "readout.bias": layer(0.02, CLASSES),
    }
    path = folder / f"convolutions_{number}.safetensors"
    spec = spec_of(**settings) | {"hidden": ["6c5s2", "5c3p1"]}
    save_file(tensors, path, metadata={"spec": json.dumps(spec)})
    return path


def spiking(*arguments):
    done = subprocess.run([*map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{arguments}: {done.stderr}")
    return done.stdout


def dense(steps, size):
    values = np.zeros((len(steps), size), np.float32)
    for t, firing in enumerate(steps):
        values[t, firing] = 1
    return torch.from_numpy(values)


def opened(graph, library):
    """The network that a library makes of a graph. What it prints on the way is not for us."""
    imported = {
        "snnTorch": lambda: snntorch_import(nir.read(graph)),
        "Norse": lambda: norse.torch.from_nir(nir.read(graph), dt=DT),
        "SpikingJelly": lambda: nir_exchange.import_from_nir(nir.read(graph), dt=DT),
    }
    with contextlib.redirect_stdout(io.StringIO()):
        return imported[library]()


def run(network, inputs):
    """The outputs [T, C] for inputs [T, N], from rest: each library keeps states elsewhere."""
    network, state, outputs = copy.deepcopy(network), None, []
    for x in inputs:
        out, state = network(x[None], state)
        outputs.append(out.reshape(-1))
    return torch.stack(outputs)


def check_nir(program, folder, data):
    """Networks that count spikes, in all three libraries: every spike of the outputs."""
    settings = [dict(alpha=a, gain=g, threshold=th) for a, g, th in itertools.product((0.0, 0.6), (0.5, 1.0), (1.0, 0.7))]
    shapes = [(model, (784,))] * len(settings) + [(convolutional, (1, 28, 28))] * 2
    for number, (setting, (make, shape)) in enumerate(zip(settings + settings[3:5], shapes)):
        file = make(folder, number, readout="spike-count", **setting)
        graph, export = file.with_suffix(".nir"), file.with_suffix(".json")
        spiking(program, "export", file, "--to", "nir", "--output", graph)
        spiking(program, "evaluate", file, "--export", export, "--data-dir", data)
        images = json.loads(export.read_text())["images"]
        for library in ("snnTorch", "Norse", "SpikingJelly"):
            network, bits, fired = opened(graph, library), 0, 0
            for image in images:
                with torch.no_grad():
                    outputs = run(network, dense(image["input"], 784).unflatten(1, shape))
                wanted = dense(image["spikes"][-1], CLASSES)
                bits += int((outputs != wanted).sum())
                fired += int(wanted.sum())
            print(f"{library}: {make.__name__}, {setting}: {fired} output spikes, {bits} differ")
            if bits or fired < 50:
                raise SystemExit("the spikes are others")


def check_files(program, folder, data):
    """What nir.read and h5py find in our files, and a graph that comes back."""
    file = model(folder, 100)
    graph, currents, net = (file.with_suffix(ending) for ending in (".nir", ".currents.nir", ".net"))
    spiking(program, "export", file, "--to", "nir", "--output", graph)
    spiking(program, "export", file, "--to", "nir", "--currents", "--output", currents)
    spiking(program, "export", file, "--to", "netx", "--output", net)
    kinds = [type(node).__name__ for node in nir.read(graph).nodes.values()]
    if sorted(kinds) != ["Affine", "Affine", "Input", "LI", "LIF", "Output"]:
        raise SystemExit(f"nir.read finds {kinds}")
    with h5py.File(net) as opened:
        weight, neuron = opened["layer/1/weight"][:], opened["layer/1/neuron"]
        if opened["layer/1/type"][0] != b"dense" or neuron["type"][()] != b"CUBA" or np.any(weight % 2):
            raise SystemExit(f"{net}: {opened['layer/1/type'][0]}, {neuron['type'][()]}")
    # A graph that nir.read understands and nir.write wrote anew is the same network here.
    again, back = file.with_suffix(".again.nir"), file.with_suffix(".back.safetensors")
    nir.write(again, nir.read(graph))
    spiking(program, "import", again, "--output", back)
    accuracy = [spiking(program, "evaluate", f, "--data-dir", data).splitlines()[0] for f in (file, back)]
    print(f"as it was: {accuracy[0]}; by nir.read and nir.write: {accuracy[1]}")
    if accuracy[0] != accuracy[1]:
        raise SystemExit("it came back as another network")


def check_programs(program, folder, data):
    """The programs print our class scores, with every kind of neuron."""
    settings = [
        dict(),
        dict(alpha=0.6, gain=0.5),
        dict(reset="subtract", gain=2.0),
        dict(reset="subtract-delayed"),
        dict(reset="subtract-delayed", alpha=0.5),
        dict(reset={"subtract-by": 0.5}),
        dict(adaptation=0.2),
        dict(readout="spike-count"),
    ]
    for number, setting in enumerate(settings, 200):
        file = model(folder, number, **setting)
        export = file.with_suffix(".json")
        spiking(program, "evaluate", file, "--export", export, "--data-dir", data)
        for library in ("numpy", "snntorch", "norse"):
            script = folder / f"run_{number}_{library}.py"
            spiking(program, "export", file, "--to", library, "--output", script)
            said = spiking(sys.executable, script, export).splitlines()[-1]
            print(f"{library}: {setting}: {said}")
            if float(said.split("at most ")[1].split()[0]) > TOLERANCE:
                raise SystemExit("the scores are others")


if __name__ == "__main__":
    program, data = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        for check in (check_files, check_nir, check_programs):
            check(program, Path(folder), data)
