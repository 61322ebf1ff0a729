"""snnTorch: Leaky neurons, its own rate coding, a Leaky without reset as the readout.

`reset_mechanism="zero"` with the delay that is snnTorch's default is our equation: the potential it keeps is the one
before the reset.
"""

import snntorch
import torch
from snntorch import spikegen, surrogate
from torch import nn

import harness
from harness import BETA, SLOPE, THRESHOLD, TIME_STEPS


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        *hidden, readout = (nn.Sequential(*parts) for parts in harness.maps())
        self.hidden, self.readout = nn.ModuleList(hidden), readout
        spike = surrogate.fast_sigmoid(slope=SLOPE)
        self.neurons = snntorch.Leaky(beta=BETA, threshold=THRESHOLD, spike_grad=spike, reset_mechanism="zero")
        self.integrators = snntorch.Leaky(beta=BETA, spike_grad=spike, reset_mechanism="none")

    def forward(self, pixels):
        spikes = harness.shaped(spikegen.rate(pixels / 256, num_steps=TIME_STEPS))  # [T, B, …]
        for layer in self.hidden:
            currents = over_time(layer, spikes)
            membrane = torch.zeros_like(currents[0])
            fired = []
            for current in currents.unbind(0):
                spike, membrane = self.neurons(current, membrane)
                fired.append(spike)
            spikes = torch.stack(fired)
        currents = over_time(self.readout, spikes)  # [T, B, C]
        membrane = torch.zeros_like(currents[0])
        total = 0
        for current in currents.unbind(0):
            _, membrane = self.integrators(current, membrane)
            total = total + membrane
        return total / TIME_STEPS


def over_time(layer, spikes):
    """A map over [T, B, …], for all time steps at once."""
    return layer(spikes.flatten(0, 1)).unflatten(0, spikes.shape[:2])


if __name__ == "__main__":
    harness.run(Network(), "snntorch")
