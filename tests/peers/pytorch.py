"""PyTorch as the judge: files go both ways, and the same spikes give the same class scores.

    python pytorch.py PROGRAM MODEL DATA_DIR

PROGRAM is `spiking`, MODEL one of its networks. Ends with exit code 1 when anything differs.
"""

import json
import math
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

# Sums of some hundred f32 in another order differ by about 1e-6 of the largest.
TOLERANCE = 1e-5


class Network(torch.nn.Module):
    """Layers named as in the files: layers.0.weight [out, in], layers.0.bias, ..., readout.weight, readout.bias. A hidden layer is a
    number of neurons, or a convolution as 16c5s2p1."""

    def __init__(self, pixels, hidden, classes):
        super().__init__()
        self.pixels, self.layers = pixels, torch.nn.ModuleList()
        inputs, channels, side = pixels, 1, math.isqrt(pixels)
        for text in map(str, hidden):
            if match := re.fullmatch(r"(\d+)c(\d+)(?:s(\d+))?(?:p(\d+))?", text):
                outputs, kernel, stride, padding = (int(number or default) for number, default in zip(match.groups(), (0, 0, 1, 0)))
                self.layers.append(torch.nn.Conv2d(channels, outputs, kernel, stride=stride, padding=padding))
                side = (side + 2 * padding - kernel) // stride + 1
                channels, inputs = outputs, outputs * side * side
            else:
                self.layers.append(torch.nn.Linear(inputs, int(text)))
                inputs = int(text)
        self.readout = torch.nn.Linear(inputs, classes)

    def forward(self, inputs, neuron, readout):
        """Input [T, N] to class scores, and (potentials [T, H], spikes [T, H]) of each spiking layer."""
        recorded = []
        for layer in self.layers:
            if isinstance(layer, torch.nn.Conv2d):
                side = math.isqrt(inputs.shape[1] // layer.in_channels)
                currents = layer(inputs.unflatten(1, (layer.in_channels, side, side))).flatten(1)
            else:
                currents = layer(inputs)
            potentials, inputs = lif(currents, neuron)
            recorded.append((potentials, inputs))
        currents = self.readout(inputs)
        if readout == "spike-count":
            potentials, spikes = lif(currents, neuron)
            recorded.append((potentials, spikes))
            return spikes.sum(0), recorded
        y, mean = torch.zeros_like(currents[0]), torch.zeros_like(currents[0])
        for current in currents:
            y = neuron["beta"] * y + current
            mean = mean + y
        return mean / len(currents), recorded


def lif(currents, neuron):
    """i = alpha i + I; u = beta v + g i; s = u > theta + a; v after the reset; a = rho a + b s. Currents [T, H] to (u, s)."""
    alpha, beta, gain, theta = (neuron[name] for name in ("alpha", "beta", "gain", "threshold"))
    # Files of neurons whose threshold stays do not name these.
    step, decay = neuron.get("adaptation", 0.0), neuron.get("adaptation-decay", 0.95)
    i = v = a = torch.zeros_like(currents[0])
    potentials, spikes = [], []
    for current in currents:
        i = alpha * i + current
        u = beta * v + gain * i
        s = (u > theta + a).float()
        a = decay * a + step * s
        v = reset(u, s, neuron)
        potentials.append(u)
        spikes.append(s)
    return torch.stack(potentials), torch.stack(spikes)


def reset(u, s, neuron):
    if neuron["reset"] == "zero":
        return u * (1 - s)
    if neuron["reset"] == "subtract":
        return u - neuron["threshold"] * s
    raise SystemExit(f"this script knows no reset `{neuron['reset']}`")


def dense(times, neurons):
    """The neurons that fire at each time step, as 0 and 1, [T, N]."""
    spikes = torch.zeros(len(times), neurons)
    for t, firing in enumerate(times):
        spikes[t, firing] = 1
    return spikes


def differing(image, recorded, theta, name):
    """Whether a spike differs. That is said and let pass only where the first one to differ is at the threshold."""
    for number, (times, (potentials, spikes)) in enumerate(zip(image["spikes"], recorded)):
        places = (dense(times, spikes.shape[1]) != spikes).nonzero()
        if len(places) == 0:
            continue
        t, neuron = places[0].tolist()
        distance = abs(potentials[t, neuron].item() - theta)
        where = f"{name}: neuron {neuron} of layer {number} at time step {t}"
        if distance > TOLERANCE:
            raise SystemExit(f"FAILED {where} fires in one program only, {distance:.1e} from the threshold")
        print(f"  {where} lies {distance:.1e} from the threshold and fires in one program only: image left out")
        return True
    return False


def compare(name, network, exported):
    """Holds the exported scores of a network against PyTorch's."""
    spec = exported["spec"]
    theta, compared, worst, near, fired = spec["neuron"]["threshold"], 0, 0.0, 0, 0
    for number, image in enumerate(exported["images"]):
        pixels = network.pixels
        if image["input"] is None:
            inputs = torch.tensor(image["currents"]).repeat(spec["time-steps"], 1)
        else:
            inputs = dense(image["input"], pixels)
        with torch.no_grad():
            scores, recorded = network(inputs, spec["neuron"], spec["readout"])
        near += sum(((potentials - theta).abs() < TOLERANCE).sum().item() for potentials, _ in recorded)
        fired += sum(spikes.sum().item() for _, spikes in recorded)
        if differing(image, recorded, theta, f"{name}, image {number}"):
            continue
        ours = torch.tensor(image["logits"])
        error = ((ours - scores).abs().max() / scores.abs().max()).item()
        if not error <= TOLERANCE:
            raise SystemExit(f"FAILED {name}, image {number}: {ours.tolist()}, and {scores.tolist()} in PyTorch")
        compared, worst = compared + 1, max(worst, error)
    if compared < len(exported["images"]) / 2 or fired == 0:
        raise SystemExit(f"FAILED {name}: {compared} images compared, {fired} spikes")
    print(f"ok {name}: {compared} images, {fired:.0f} spikes, scores within {worst:.1e} of the largest, "
          f"{near} potentials within {TOLERANCE:.0e} of the threshold")


def spiking(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def exported(program, model, data, folder, *flags):
    file = folder / "export.json"
    code, said = spiking(program, "evaluate", model, "--data-dir", data, "--export", file, *flags)
    if code != 0:
        raise SystemExit(f"FAILED evaluate {model}: {said}")
    return json.loads(file.read_text())


def from_our_file(program, model, data, folder):
    """A file of ours, opened in PyTorch."""
    with safe_open(model, "pt") as file:
        spec = json.loads(file.metadata()["spec"])
    tensors = load_file(model)
    network = Network(784, spec["hidden"], len(tensors["readout.bias"]))
    # A model may be in 16 bits; a module computes in f32, and takes each number as it is.
    network.load_state_dict(tensors)
    types = ", ".join(sorted({str(tensor.dtype) for tensor in tensors.values()}))
    compare(f"{Path(model).name} ({types})", network, exported(program, model, data, folder))


def made_here(seed, hidden, gain):
    """A network made by PyTorch, with weights large enough for spikes in every layer."""
    torch.manual_seed(seed)
    network = Network(784, hidden, 10)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter *= gain
    return network


def to_our_program(program, data, folder):
    """Files made by PyTorch, with a spec in the header and without one."""
    spec = {"hidden": [48, 32], "time-steps": 40, "readout": "membrane"}
    network, file = made_here(1, [48, 32], 4.0), folder / "with-spec.safetensors"
    save_file(network.state_dict(), file, metadata={"spec": json.dumps(spec)})
    compare("784-48-32-10, T = 40, spec in the header", network, exported(program, file, data, folder))

    convolutions = ["6c5s2", "9c3p1", 20]
    spec = {"hidden": convolutions, "time-steps": 20, "readout": "spike-count"}
    network, file = made_here(4, convolutions, 4.0), folder / "convolutions.safetensors"
    save_file(network.state_dict(), file, metadata={"spec": json.dumps(spec)})
    compare("784-6c5s2-9c3p1-20-10, T = 20, spec in the header", network, exported(program, file, data, folder))
    renamed = {f"net.{place}": tensor for place, tensor in network.state_dict().items()}
    save_file(renamed, file)
    flags = ["--hidden", ",".join(map(str, convolutions)), "--time-steps", "20", "--encoding", "current"]
    compare("784-6c5s2-9c3p1-20-10, constant currents", network, exported(program, file, data, folder, *flags))

    network, file = made_here(2, [64, 24], 4.0), folder / "bare.safetensors"
    save_file(network.state_dict(), file)
    code, said = spiking(program, "evaluate", file, "--data-dir", data)
    if code != 1 or "--hidden" not in said:
        raise SystemExit(f"FAILED a file without a spec: {said}")
    flags = ["--hidden", "64,24", "--time-steps", "33", "--readout", "spike-count", "--reset", "subtract"]
    flags += ["--alpha", "0.5", "--beta", "0.8", "--gain", "0.7"]
    found = exported(program, file, data, folder, *flags)
    compare("784-64-24-10, T = 33, current-based, counting, described by flags", network, found)
    current = exported(program, file, data, folder, "--hidden", "64,24", "--encoding", "current")
    compare("784-64-24-10, T = 25, constant currents", network, current)
    code, said = spiking(program, "evaluate", file, "--data-dir", data, "--hidden", "65,24")
    if code != 1 or "layers.0.weight" not in said:
        raise SystemExit(f"FAILED flags of another network: {said}")
    trained_on(program, network, file, folder)


def trained_on(program, network, file, folder):
    """A run that starts from the file: after one step of Adam every weight is where it was, to the learning rate."""
    generator, images = torch.Generator().manual_seed(3), 64
    data, rate = folder / "data", 1e-5
    data.mkdir()
    for name in ("train", "t10k"):
        pixels = torch.randint(0, 256, (images * 784,), generator=generator, dtype=torch.uint8)
        heads = struct.pack(">4I", 2051, images, 28, 28), struct.pack(">2I", 2049, images)
        (data / f"{name}-images-idx3-ubyte").write_bytes(heads[0] + bytes(pixels.tolist()))
        (data / f"{name}-labels-idx1-ubyte").write_bytes(heads[1] + bytes(i % 10 for i in range(images)))
    output = folder / "run"
    flags = ["--hidden", "64,24", "--epochs", 1, "--batch-size", images, "--learning-rate", rate]
    places = ["--dataset", "folder", "--data-dir", data, "--weights", file, "--output", output]
    code, said = spiking(program, "train", *flags, *places)
    if code != 0:
        raise SystemExit(f"FAILED train --weights: {said}")
    trained = load_file(output / "model.safetensors")
    rounded_in_file(program, trained, output, [*flags, *places])
    moved = {name: (trained[name] - value).abs().max().item() for name, value in network.state_dict().items()}
    if set(trained) != set(moved) or not all(0 < distance < 1.1 * rate for distance in moved.values()):
        raise SystemExit(f"FAILED train --weights: weights moved by {moved}")
    print(f"ok train --weights: one step from PyTorch's weights, by at most {max(moved.values()):.1e}")


def rounded_in_file(program, trained, output, arguments):
    """The same run once more, its model in 16 bits: the nearest numbers of PyTorch's own, of two the even one."""
    fixed = lambda value: (torch.round(value * 256) / 256).half()
    for name, nearest in (("bf16", lambda value: value.bfloat16()), ("fixed8", fixed)):
        again = output.with_name(name)
        arguments = [again if argument == output else argument for argument in arguments]
        code, said = spiking(program, "train", *arguments, "--weights-type", name)
        if code != 0:
            raise SystemExit(f"FAILED train --weights-type {name}: {said}")
        model = load_file(again / "model.safetensors")
        if set(model) != set(trained) or not all(torch.equal(model[key], nearest(trained[key])) for key in trained):
            raise SystemExit(f"FAILED train --weights-type {name}: the model is not what PyTorch rounds to")
        output = again
        print(f"ok train --weights-type {name}: {sum(value.numel() for value in model.values())} numbers as PyTorch rounds them")


def main():
    program, model, data = sys.argv[1:]
    torch.set_num_threads(1)
    print(f"PyTorch {torch.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        from_our_file(program, model, data, Path(folder))
        to_our_program(program, data, Path(folder))


main()
