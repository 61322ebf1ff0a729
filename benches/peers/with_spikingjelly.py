"""SpikingJelly in its multi-step mode: LIF neurons, its Poisson encoder, non-spiking LIF neurons as the readout.

Its SoftSign(α) is α/2 times the fast sigmoid's slope at k = α, which Adam evens out. The readout's neurons scale the
current by 1/τ, so their mean potential is taken τ times. On a CPU its own fused kernels do not run: these are its PyTorch
operations.
"""

from functools import partial

import torch
from spikingjelly.activation_based import encoding, functional, layer, neuron, surrogate
from torch import nn

import harness
from harness import BETA, SLOPE, THRESHOLD, TIME_STEPS

TAU = 1 / (1 - BETA)


def lif() -> neuron.LIFNode:
    """The hidden layers' neurons."""
    return neuron.LIFNode(
        tau=TAU,
        decay_input=False,
        v_threshold=THRESHOLD,
        v_reset=0.0,
        surrogate_function=surrogate.SoftSign(alpha=SLOPE),
        detach_reset=True,
        step_mode="m",
    )


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = encoding.PoissonEncoder(step_mode="m")
        kinds = (partial(kind, step_mode="m") for kind in (layer.Linear, layer.Conv2d, layer.Flatten))
        *hidden, readout = harness.maps(*kinds)
        self.layers = nn.Sequential(
            *(part for parts in hidden for part in (*parts, lif())),
            *readout,
            neuron.NonSpikingLIFNode(tau=TAU, decode="mean-mem"),
        )

    def forward(self, pixels):
        spikes = self.encoder((pixels / 256).expand(TIME_STEPS, *pixels.shape))  # [T, B, N]
        return TAU * self.layers(harness.shaped(spikes))


if __name__ == "__main__":
    network = Network()
    harness.run(network, "spikingjelly", reset=lambda: functional.reset_net(network))
