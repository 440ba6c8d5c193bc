"""The learning rates of PyTorch's schedulers, one step at a time, from a rate of 1."""
import json
import sys

import torch
from torch.optim import lr_scheduler as s

STEPS = 40


def rates(make):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler, found = make(optimizer), []
    for _ in range(STEPS):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(found) < STEPS:
            scheduler.step()
    return found


print(json.dumps({
    "step": rates(lambda o: s.StepLR(o, 7, 0.5)),
    "milestones": rates(lambda o: s.MultiStepLR(o, [3, 10, 31], 0.3)),
    "exponential": rates(lambda o: s.ExponentialLR(o, 0.9)),
    "linear": rates(lambda o: s.LinearLR(o, 0.25, 0.75, 16)),
    "linear whole": rates(lambda o: s.LinearLR(o, 1.0, 0.1, STEPS)),
    "polynomial": rates(lambda o: s.PolynomialLR(o, 25, 2.0)),
    "polynomial whole": rates(lambda o: s.PolynomialLR(o, STEPS, 0.5)),
    "cosine": rates(lambda o: s.CosineAnnealingLR(o, STEPS, 0.1)),
    "one cycle": rates(lambda o: s.OneCycleLR(o, 1.0, total_steps=STEPS)),
    "one cycle early": rates(lambda o: s.OneCycleLR(o, 1.0, total_steps=STEPS, pct_start=0.1, div_factor=10, final_div_factor=100)),
    "warm cosine": rates(lambda o: s.SequentialLR(o, [s.LinearLR(o, 0.1, 1.0, 8), s.CosineAnnealingLR(o, STEPS - 8, 0.0)], [8])),
}))
