"""Trains a vision transformer on the same rows in PyTorch. Arguments: x.f32 y.i64.
Lines it reads: 'epoch THREADS' trains one epoch and prints images/s, 'epoch cuda' one on that device; 'memory' prints the most memory that the process has used, in MB."""
import resource
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional as F

x, y = (torch.from_numpy(numpy.fromfile(p, d)) for p, d in zip(sys.argv[1:3], ["f4", "i8"]))
batch = int(sys.argv[3])
x = x.view(len(y), -1)
SIDE, PATCH, DIM, DEPTH, HEADS, HIDDEN, CLASSES = 28, 4, 64, 4, 4, 128, 10
PATCHES = (SIDE // PATCH) ** 2


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.qkv, self.projection = nn.LayerNorm(DIM), nn.Linear(DIM, 3 * DIM), nn.Linear(DIM, DIM)
        self.norm2, self.hidden, self.output = nn.LayerNorm(DIM), nn.Linear(DIM, HIDDEN), nn.Linear(HIDDEN, DIM)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, n, 3, HEADS, d // HEADS).permute(2, 0, 3, 1, 4).unbind(0)
        weights = (q * (d // HEADS) ** -0.5 @ k.transpose(-2, -1)).softmax(-1)
        x = x + self.projection((weights @ v).transpose(1, 2).reshape(b, n, d))
        return x + self.output(F.gelu(self.hidden(self.norm2(x))))


class Vit(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Linear(PATCH * PATCH, DIM)
        self.positions = nn.Parameter(0.02 * torch.randn(PATCHES, DIM))
        self.blocks = nn.Sequential(*[Block() for _ in range(DEPTH)])
        self.norm, self.logits = nn.LayerNorm(DIM), nn.Linear(DIM, CLASSES)

    def forward(self, x):
        side = SIDE // PATCH
        patches = x.view(-1, side, PATCH, side, PATCH).transpose(2, 3).reshape(-1, PATCHES, PATCH * PATCH)
        return self.logits(self.norm(self.blocks(self.embedding(patches) + self.positions).mean(1)))


torch.manual_seed(1)
on = {}


def epoch(where):
    device = "cuda" if where == "cuda" else "cpu"
    if device not in on:
        model = Vit().to(device)
        on[device] = model, torch.optim.AdamW(model.parameters(), foreach=True), x.to(device), y.to(device)
    model, optimizer, images, labels = on[device]
    if device == "cpu":
        torch.set_num_threads(int(where))
    order = torch.randperm(len(y), device=device)
    began = time.perf_counter()
    for i in range(0, len(y), batch):
        rows = order[i:i + batch]
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(images[rows]), labels[rows])
        loss.backward()
        optimizer.step()
        loss.item()
    return len(y) / (time.perf_counter() - began)


print("ready", flush=True)
for line in sys.stdin:
    word, *rest = line.split()
    print(epoch(rest[0]) if word == "epoch" else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)
