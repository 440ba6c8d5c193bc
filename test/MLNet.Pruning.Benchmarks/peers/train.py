"""Trains the same network on the same rows in PyTorch. Arguments: x.f32 y.i64 test_x.f32 test_y.i64 sizes batch.
Lines it reads: 'epoch THREADS' trains one epoch and prints images/s; 'accuracy' prints that on the test rows; 'reset' starts anew."""
import sys
import time

import numpy
import torch

x, y, test_x, test_y = (torch.from_numpy(numpy.fromfile(p, d)) for p, d in zip(sys.argv[1:5], ["f4", "i8", "f4", "i8"]))
sizes = [int(s) for s in sys.argv[5].split("-")]
batch = int(sys.argv[6])
x, test_x = x.view(-1, sizes[0]), test_x.view(-1, sizes[0])


def reset():
    global model, optimizer
    torch.manual_seed(1)
    layers = []
    for i in range(1, len(sizes)):
        layers.append(torch.nn.Linear(sizes[i - 1], sizes[i]))
        if i < len(sizes) - 1:
            layers.append(torch.nn.ReLU())
    model = torch.nn.Sequential(*layers)
    optimizer = torch.optim.Adam(model.parameters())


def epoch(threads):
    torch.set_num_threads(threads)
    order = torch.randperm(len(y))
    began = time.perf_counter()
    for i in range(0, len(y), batch):
        rows = order[i:i + batch]
        optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.cross_entropy(model(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
        loss.item()
    return len(y) / (time.perf_counter() - began)


def accuracy():
    with torch.no_grad():
        return (model(test_x).argmax(1) == test_y).float().mean().item()


reset()
print("ready", flush=True)
for line in sys.stdin:
    word, *rest = line.split()
    print({"epoch": lambda: epoch(int(rest[0])), "accuracy": accuracy, "reset": lambda: reset() or 0}[word](), flush=True)
