"""Trains a feed-forward network in PyTorch with masks laid over its weights by hand, cut as the job says, and prints every loss, every mask's count and what is left."""
import json
import math
import sys

import numpy as np
import torch

torch.set_num_threads(1)
job = json.load(open(sys.argv[1]))
sizes = job["sizes"]
shapes = [s for i in range(1, len(sizes)) for s in ((sizes[i], sizes[i - 1]), (sizes[i],))]
parameters = [torch.nn.Parameter(torch.tensor(v).view(s)) for v, s in zip(job["parameters"], shapes)]
weights = parameters[0::2]
masks = [torch.ones_like(w, dtype=torch.bool) for w in weights]
x = torch.tensor(job["x"]).view(-1, sizes[0])
y = torch.tensor(job["y"])
rate, decay = job["rate"], job["decay"]
optimizer = {
    "Adam": lambda: torch.optim.Adam(parameters, lr=rate, weight_decay=decay),
    "AdamW": lambda: torch.optim.AdamW(parameters, lr=rate, weight_decay=decay),
    "Sgd": lambda: torch.optim.SGD(parameters, lr=rate, momentum=0.9, weight_decay=decay),
}[job["optimizer"]]()
persistent, start, end, target, every, total = job["persistent"], job["start"], job["end"], job["target"], job["every"], job["total"]


def fraction(step):
    if step < start:
        return 0.0
    if step >= end:
        return target
    return target - target * (1 - (step - start) / (end - start)) ** 3


def due(step):
    return step > start and ((step - start) % every == 0 or step == end)


def largest(scores, keep):
    """The keep largest of a flat array; of equals, the lower index."""
    on = np.zeros(len(scores), dtype=bool)
    on[np.argsort(-scores, kind="stable")[:keep]] = True
    return on


def cut(values, gradients, before, sparsity, step):
    """One flat mask. Also says which weights begin at zero."""
    count = len(values)
    keep = count - round(sparsity * count)
    scores = np.abs(values * gradients) if job["criterion"] == "product" else np.abs(values)
    if job["rule"] == "largest":
        return largest(scores, keep), np.zeros(count, dtype=bool)
    part = 0.3 / 2 * (1 + math.cos(math.pi * step / total))
    stay = min(int(before.sum()), keep - round(part * keep))
    on = largest(np.where(before, scores, -np.inf), stay)
    grown = largest(np.where(on, -np.inf, np.abs(gradients)), keep - stay)
    return on | grown, grown & ~before


losses, counts, reactivated = [], [], []
step = 0
while step < total:
    for begin in range(0, len(y), job["batch"]):
        h = x[begin:begin + job["batch"]]
        seen = [(w.detach() * m).requires_grad_() for w, m in zip(weights, masks)]
        optimizer.zero_grad()
        for layer, w in enumerate(seen):
            h = torch.nn.functional.linear(h, w, parameters[2 * layer + 1])
            if layer + 1 < len(seen):
                h = torch.relu(h)
        loss = torch.nn.functional.cross_entropy(h, y[begin:begin + job["batch"]])
        loss.backward()
        raw = [w.grad.clone() for w in seen]
        before = [w.detach().clone() for w in weights]
        with torch.no_grad():
            for w, g, m in zip(weights, raw, masks):
                w.grad = g.clone() if persistent else g * m
                if not persistent:
                    w.mul_(m)
        if job["clip"]:
            torch.nn.utils.clip_grad_norm_(parameters, job["clip"])
        optimizer.step()
        with torch.no_grad():
            if persistent:
                for w, m in zip(weights, masks):
                    w.copy_(torch.where(m, w, w * (1 - job["fading"])))
            else:
                for w, b, m in zip(weights, before, masks):
                    w.copy_(torch.where(m, w, b))
        losses.append(loss.item())
        step += 1
        if due(step):
            lengths = [w.numel() for w in weights]
            flat = lambda tensors: [t.detach().numpy().reshape(-1) for t in tensors]
            W, G, M = flat(weights), flat(raw), flat(masks)
            if job["distribution"] == "global":
                W, G, M = [np.concatenate(W)], [np.concatenate(G)], [np.concatenate(M)]
            results = [cut(w, g, m, fraction(step), step) for w, g, m in zip(W, G, M)]
            on, fresh = np.concatenate([r[0] for r in results]), np.concatenate([r[1] for r in results])
            old = np.concatenate(M)
            counts.append(int(on.sum()))
            reactivated.append(int((on & ~old).sum()))
            at = 0
            with torch.no_grad():
                for w, m, n in zip(weights, masks, lengths):
                    m.copy_(torch.tensor(on[at:at + n]).view_as(m))
                    if not persistent:
                        w[torch.tensor(fresh[at:at + n]).view_as(w)] = 0
                    at += n
print(json.dumps({
    "losses": losses, "counts": counts, "reactivated": reactivated,
    "masks": [m.flatten().tolist() for m in masks],
    "dense": [w.detach().flatten().tolist() for w in weights],
    "parameters": [(p * masks[i // 2] if i % 2 == 0 else p).detach().flatten().tolist() for i, p in enumerate(parameters)],
}))
