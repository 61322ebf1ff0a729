"""The network written by hand in PyTorch, as fast as plain operations make it.

The neuron and the surrogate are ours to the letter. The readout is linear, so it is a weighted spike count followed by
one product, as in our kernels.
"""

import torch
from torch import nn

import harness
from harness import BETA, CLASSES, LAYERS, PIXELS, SLOPE, THRESHOLD, TIME_STEPS


class Spike(torch.autograd.Function):
    """1 where x > 0; the derivative of the fast sigmoid instead of its own."""

    @staticmethod
    def forward(x):
        return (x > 0).float()

    @staticmethod
    def setup_context(context, inputs, output):
        context.save_for_backward(*inputs)

    @staticmethod
    def backward(context, gradient):
        (x,) = context.saved_tensors
        return gradient / (1 + SLOPE * x.abs()).square()


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        hidden = int(LAYERS[0])
        self.hidden, self.readout = nn.Linear(PIXELS, hidden), nn.Linear(hidden, CLASSES)
        # What a spike at time step t adds to the mean over time of a leaky integrator's potential.
        self.coefficients = [sum(BETA**k for k in range(TIME_STEPS - t)) / TIME_STEPS for t in range(TIME_STEPS)]

    def forward(self, pixels):
        spikes = (torch.rand(TIME_STEPS, *pixels.shape) < pixels / 256).float()  # [T, B, N]
        currents = self.hidden(spikes)  # [T, B, H]
        after = torch.zeros_like(currents[0])  # v [B, H]
        counts = torch.zeros_like(after)
        # unbind: the derivative of 25 indexings would be 25 tensors of the whole size.
        for current, coefficient in zip(currents.unbind(0), self.coefficients):
            potential = BETA * after + current
            fired = Spike.apply(potential - THRESHOLD)
            after = potential * (1 - fired.detach())
            counts = counts + coefficient * fired
        return counts @ self.readout.weight.T + sum(self.coefficients) * self.readout.bias


if __name__ == "__main__":
    harness.run(Network(), "torch")
