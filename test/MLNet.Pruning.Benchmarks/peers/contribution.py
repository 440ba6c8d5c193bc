"""Contribution scores by broadcasting in PyTorch: every share in one samples x consumers x neurons tensor. Prints ms for each line it reads."""
import sys
import time

import torch

torch.set_num_threads(1)
torch.manual_seed(1)


def scores(a, w):
    terms = w.abs().unsqueeze(0) * a.abs().unsqueeze(1)
    share = terms / terms.sum(2, keepdim=True)
    return share.mean((0, 1)), share.amax((0, 1))


def layer(samples, neurons, consumers):
    return torch.randn(samples, neurons).relu(), torch.randn(consumers, neurons)


work = {
    "digits": [layer(5000, 50, 30), layer(5000, 30, 10)],
    "wide": [layer(64, 1024, 2048)],
    "narrowing": [layer(64, 2048, 1024)],
}


def measure(layers, repeat):
    best = float("inf")
    with torch.no_grad():
        for _ in range(repeat):
            began = time.perf_counter()
            for a, w in layers:
                scores(a, w)
            best = min(best, time.perf_counter() - began)
    return 1000 * best


print("ready", flush=True)
for line in sys.stdin:
    name, repeat = line.split()
    print(measure(work[name], int(repeat)), flush=True)
