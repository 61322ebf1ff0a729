"""snnTorch: Leaky neurons, its own rate coding, a Leaky without reset as the readout.

`reset_mechanism="zero"` with the delay that is snnTorch's default is our equation: the potential it keeps is the one
before the reset.
"""

import snntorch
import torch
from snntorch import spikegen, surrogate
from torch import nn

import harness
from harness import BETA, CLASSES, HIDDEN, PIXELS, SLOPE, THRESHOLD, TIME_STEPS


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.readout = nn.Linear(PIXELS, HIDDEN), nn.Linear(HIDDEN, CLASSES)
        spike = surrogate.fast_sigmoid(slope=SLOPE)
        self.neurons = snntorch.Leaky(beta=BETA, threshold=THRESHOLD, spike_grad=spike, reset_mechanism="zero")
        self.integrators = snntorch.Leaky(beta=BETA, spike_grad=spike, reset_mechanism="none")

    def forward(self, pixels):
        currents = self.hidden(spikegen.rate(pixels / 256, num_steps=TIME_STEPS))  # [T, B, H]
        membrane = torch.zeros_like(currents[0])
        spikes = []
        for current in currents.unbind(0):
            fired, membrane = self.neurons(current, membrane)
            spikes.append(fired)
        currents = self.readout(torch.stack(spikes))  # [T, B, C]
        membrane = torch.zeros_like(currents[0])
        total = 0
        for current in currents.unbind(0):
            _, membrane = self.integrators(current, membrane)
            total = total + membrane
        return total / TIME_STEPS


if __name__ == "__main__":
    harness.run(Network(), "snntorch")
