"""What all PyTorch peers have in common: the data, the training loop, the clock and what is printed.

    python benches/peers/by_hand.py --data data --steps 300           # the loss and the accuracy after 300 steps
    python benches/peers/by_hand.py --data data --seconds 10          # images per second
    python benches/peers/by_hand.py --data data --seconds 10 --compile

A peer is a module that takes pixels, bytes [B, 784], to class scores, [B, 10]: rate coding is part of it, so it is part
of the time. Standard output gets one `name value` a line; `cargo xtask bench` reads it.

Other sizes come from the environment, for peers that take them: HIDDEN=512,512 TIME_STEPS=100 BATCH=256, or
HIDDEN=16c5s2,32c5s2 for convolutions as `spiking train --hidden` has them.
"""

import argparse
import importlib.metadata
import os
import pathlib
import re
import time

import torch
from torch import nn

LAYERS = os.environ.get("HIDDEN", "256").split(",")
SIDE, PIXELS, CLASSES = 28, 784, 10
TIME_STEPS, BATCH, RATE = int(os.environ.get("TIME_STEPS", 25)), int(os.environ.get("BATCH", 64)), 1e-3
BETA, THRESHOLD, SLOPE = 0.9, 1.0, 10.0


def maps(linear=nn.Linear, convolution=nn.Conv2d, flatten=nn.Flatten) -> list[list[nn.Module]]:
    """What is in front of the neurons of each hidden layer, and of the outputs; a batch is [B, 1, 28, 28] or flat."""
    channels, side, inputs, has_places, parts = 1, SIDE, PIXELS, False, []
    for text in [*LAYERS, str(CLASSES)]:
        if match := re.fullmatch(r"(\d+)c(\d+)(?:s(\d+))?(?:p(\d+))?", text):
            outputs, kernel, stride, padding = (int(number or default) for number, default in zip(match.groups(), (0, 0, 1, 0)))
            parts.append([convolution(channels, outputs, kernel, stride=stride, padding=padding)])
            side = (side + 2 * padding - kernel) // stride + 1
            channels, inputs, has_places = outputs, outputs * side * side, True
        else:
            parts.append([*([flatten()] if has_places else []), linear(inputs, int(text))])
            inputs, has_places = int(text), False
    return parts


def shaped(spikes: torch.Tensor) -> torch.Tensor:
    """Spikes [T, B, 784] as the first layer takes them: images, if it is a convolution."""
    return spikes.unflatten(-1, (1, SIDE, SIDE)) if "c" in LAYERS[0] else spikes


class Digits:
    """Images, bytes [n, 784], and labels of one of MNIST's parts, in the order of the file."""

    def __init__(self, folder: pathlib.Path, part: str):
        read = lambda name, header: torch.frombuffer(bytearray((folder / name).read_bytes()[header:]), dtype=torch.uint8)
        self.images = read(f"{part}-images-idx3-ubyte", 16).view(-1, PIXELS)
        self.labels = read(f"{part}-labels-idx1-ubyte", 8).long()

    def batch(self, step: int):
        """The images and labels of a step, from the front again after the last."""
        at = step * BATCH % (len(self.labels) - BATCH + 1)
        return self.images[at : at + BATCH], self.labels[at : at + BATCH]


def run(network: nn.Module, package: str, reset=lambda: None):
    """Trains the network as the command line says. `reset` is called before each batch, for networks with a state."""
    arguments = parse()
    train, test = (Digits(arguments.data, part) for part in ("train", "t10k"))
    forward = torch.compile(network) if arguments.compile else network
    adam = torch.optim.Adam(network.parameters(), lr=RATE, fused=True)
    loss_of = nn.CrossEntropyLoss()

    def step(number: int) -> torch.Tensor:
        images, labels = train.batch(number)
        reset()
        loss = loss_of(forward(images), labels)
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()
        return loss.detach()

    own = "" if package == "torch" else f"{package} {importlib.metadata.version(package)}, "
    print("version", f"{own}torch {torch.__version__}, {torch.get_num_threads()} threads", flush=True)
    if arguments.steps:
        losses = [step(number).item() for number in range(arguments.steps)]
        last = losses[-max(1, len(losses) // 5) :]
        print("loss", sum(last) / len(last), flush=True)
        print("accuracy", accuracy(network, test, reset, arguments.tests), flush=True)
    if arguments.seconds:
        for number in range(arguments.warm_up):
            step(number)
        start, steps = time.perf_counter(), 0
        while (elapsed := time.perf_counter() - start) < arguments.seconds:
            step(arguments.warm_up + steps)
            steps += 1
        print("images_per_second", steps * BATCH / elapsed, flush=True)


@torch.no_grad()
def accuracy(network: nn.Module, test: Digits, reset, images: int) -> float:
    """The share of the first test images that are read rightly."""
    right = 0
    for at in range(0, images, BATCH):
        here = slice(at, min(at + BATCH, images))
        reset()
        right += (network(test.images[here]).argmax(1) == test.labels[here]).sum().item()
    return right / images


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("data"), help="folder of MNIST's idx files")
    parser.add_argument("--steps", type=int, default=0, help="train so many steps; print loss and accuracy")
    parser.add_argument("--tests", type=int, default=1000, help="test images for the accuracy")
    parser.add_argument("--seconds", type=float, default=0, help="train so long; print images per second")
    parser.add_argument("--warm-up", type=int, default=20, help="steps before the clock runs")
    parser.add_argument("--compile", action="store_true", help="under torch.compile")
    arguments = parser.parse_args()
    torch.manual_seed(1)
    return arguments
