"""Norse: LIF neurons without a synaptic current (LIFBox), its Poisson encoder, a leaky integrator (LIBox) as the readout.

Norse scales the current by dt/τ = 1 - β = 0.1 and its reset is part of the gradient. Its currents are therefore ten times
ours, and its reset is left as it is.
"""

import norse.torch as norse
import torch
from torch import nn

import harness
from harness import BETA, CLASSES, LAYERS, PIXELS, SLOPE, THRESHOLD, TIME_STEPS

STEP = 0.001  # dt in seconds
GAIN = 1 / (1 - BETA)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        hidden = int(LAYERS[0])
        self.hidden, self.readout = nn.Linear(PIXELS, hidden), nn.Linear(hidden, CLASSES)
        constant = torch.as_tensor
        rate = constant((1 - BETA) / STEP)
        neuron = norse.LIFBoxParameters(
            tau_mem_inv=rate, v_th=constant(THRESHOLD), method="super", alpha=constant(SLOPE)
        )
        self.encoder = norse.PoissonEncoder(TIME_STEPS, f_max=1 / STEP, dt=STEP)
        self.neurons = norse.LIFBoxCell(neuron, dt=STEP)
        self.integrators = norse.LIBoxCell(norse.LIBoxParameters(tau_mem_inv=rate), dt=STEP)

    def forward(self, pixels):
        currents = GAIN * self.hidden(self.encoder(pixels / 256))  # [T, B, H]
        state, spikes = None, []
        for current in currents.unbind(0):
            fired, state = self.neurons(current, state)
            spikes.append(fired)
        currents = GAIN * self.readout(torch.stack(spikes))  # [T, B, C]
        state, total = None, 0
        for current in currents.unbind(0):
            membrane, state = self.integrators(current, state)
            total = total + membrane
        return total / TIME_STEPS


if __name__ == "__main__":
    harness.run(Network(), "norse")
