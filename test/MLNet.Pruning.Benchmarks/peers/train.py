"""Trains a network (fc, tabular, cnn, vit or vit25) in PyTorch. Arguments: its name, and where its rows lie (NAME.f32, NAME.i64).
Lines it reads: 'epoch THREADS' trains one epoch and prints images/s; 'memory' prints the most megabytes that the process has used."""
import resource
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional as F

from merging import matching

BATCH, CLASSES, SIDE, PATCH, DIM, DEPTH, HEADS, HIDDEN = 128, 10, 28, 4, 64, 4, 4, 128
PATCHES = (SIDE // PATCH) ** 2


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.qkv, self.projection = nn.LayerNorm(DIM), nn.Linear(DIM, 3 * DIM), nn.Linear(DIM, DIM)
        self.norm2, self.hidden, self.output = nn.LayerNorm(DIM), nn.Linear(DIM, HIDDEN), nn.Linear(HIDDEN, DIM)

    def forward(self, x, log_sizes):
        b, n, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, n, 3, HEADS, d // HEADS).permute(2, 0, 3, 1, 4).unbind(0)
        weights = q * (d // HEADS) ** -0.5 @ k.transpose(-2, -1)
        weights = (weights if log_sizes is None else weights + log_sizes).softmax(-1)
        x = x + self.projection((weights @ v).transpose(1, 2).reshape(b, n, d))
        return x + self.output(F.gelu(self.hidden(self.norm2(x))))


class Vit(nn.Module):
    def __init__(self, merge):
        super().__init__()
        self.merge = merge
        self.embedding = nn.Linear(PATCH * PATCH, DIM)
        self.positions = nn.Parameter(0.02 * torch.randn(PATCHES, DIM))
        self.blocks = nn.ModuleList([Block() for _ in range(DEPTH)])
        self.norm, self.logits = nn.LayerNorm(DIM), nn.Linear(DIM, CLASSES)

    def forward(self, x):
        side = SIDE // PATCH
        patches = x.view(-1, side, PATCH, side, PATCH).transpose(2, 3).reshape(-1, PATCHES, PATCH * PATCH)
        tokens, sizes, log_sizes = self.embedding(patches) + self.positions, None, None
        if self.merge:
            with torch.no_grad():
                add_up = matching(patches, self.merge)
                sizes = add_up(torch.ones_like(patches[..., :1]))
                log_sizes = sizes.log().transpose(1, 2).unsqueeze(1)
            tokens = add_up(tokens) / sizes
        for block in self.blocks:
            tokens = block(tokens, log_sizes)
        pooled = tokens.mean(1) if sizes is None else (tokens * sizes).sum(1) / sizes.sum(1)
        return self.logits(self.norm(pooled))


def build(name):
    if name == "fc":
        return nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 30), nn.ReLU(), nn.Linear(30, CLASSES))
    if name == "tabular":
        return nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 2))
    if name == "cnn":
        return nn.Sequential(
            nn.Unflatten(1, (3, 32, 32)), nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(2048, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, CLASSES))
    return Vit(24 if name == "vit25" else 0)


name, rows = sys.argv[1:]
y = torch.from_numpy(numpy.fromfile(rows + ".i64", "i8"))
x = torch.from_numpy(numpy.fromfile(rows + ".f32", "f4")).view(len(y), -1)
batch = 256 if name == "tabular" else BATCH
torch.manual_seed(1)
model = build(name)
optimizer = torch.optim.AdamW(model.parameters(), foreach=True) if name.startswith("vit") else torch.optim.Adam(model.parameters())


def epoch(threads):
    torch.set_num_threads(threads)
    order = torch.randperm(len(y))
    began = time.perf_counter()
    for i in range(0, len(y), batch):
        rows = order[i:i + batch]
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
        loss.item()
    return len(y) / (time.perf_counter() - began)


epoch(1)
print("ready", flush=True)
for line in sys.stdin:
    word, *rest = line.split()
    print(epoch(int(rest[0])) if word == "epoch" else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)
