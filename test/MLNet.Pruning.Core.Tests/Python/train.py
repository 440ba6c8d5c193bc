"""Trains a feed-forward network in PyTorch on the same weights, rows and batches as the test, and prints every loss."""
import json
import sys

import torch

torch.set_num_threads(1)
job = json.load(open(sys.argv[1]))
sizes = job["sizes"]
layers = []
for i in range(1, len(sizes)):
    layers.append(torch.nn.Linear(sizes[i - 1], sizes[i]))
    if i < len(sizes) - 1:
        layers.append(torch.nn.Tanh())
model = torch.nn.Sequential(*layers)
with torch.no_grad():
    for parameter, values in zip(model.parameters(), job["parameters"]):
        parameter.copy_(torch.tensor(values).view_as(parameter))
x = torch.tensor(job["x"]).view(-1, sizes[0])
y = torch.tensor(job["y"])
make = {
    "Adam": lambda p: torch.optim.Adam(p, lr=job["rate"], weight_decay=job["decay"]),
    "AdamW": lambda p: torch.optim.AdamW(p, lr=job["rate"], weight_decay=job["decay"]),
    "Sgd": lambda p: torch.optim.SGD(p, lr=job["rate"], momentum=job["momentum"], weight_decay=job["decay"], nesterov=job["nesterov"]),
    "RmsProp": lambda p: torch.optim.RMSprop(p, lr=job["rate"], momentum=job["momentum"], weight_decay=job["decay"]),
}
optimizer = make[job["optimizer"]](model.parameters())
losses, clipped = [], 0
for epoch in range(job["epochs"]):
    for start in range(0, len(y), job["batch"]):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x[start:start + job["batch"]]), y[start:start + job["batch"]])
        loss.backward()
        if job["clip"]:
            clipped += torch.nn.utils.clip_grad_norm_(model.parameters(), job["clip"]).item() > job["clip"]
        optimizer.step()
        losses.append(loss.item())
print(json.dumps({"losses": losses, "parameters": [p.detach().flatten().tolist() for p in model.parameters()], "clipped": clipped}))
