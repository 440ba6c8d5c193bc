"""Relevance by the epsilon or the alpha-1 beta-0 rule, layer by layer, in double precision: every linear map as a dense matrix, no gradients."""
import json
import sys

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
job = json.load(open(sys.argv[1]))
eps = job["epsilon"]
p = {name: torch.tensor(v["values"], dtype=torch.float64).view(v["shape"]) for name, v in job["parameters"].items()}
x = torch.tensor(job["input"]["values"], dtype=torch.float64).view(job["input"]["shape"])


def dense(function, shape):
    """The matrix of a linear map of one image."""
    count = int(torch.tensor(shape).prod())
    return function(torch.eye(count, dtype=torch.float64).view(count, *shape)).flatten(1).t()


def back(relevance, a, matrix, bias):
    """R_i = sum_j a_i w_ji R_j / (z_j + eps sign z_j), rows at once."""
    flat = a.flatten(1)
    if job["rule"] == "Alpha1Beta0":
        # R_i = sum_j (a_i w_ji)+ / (sum_k (a_k w_jk)+) R_j, all terms of all rows written out
        terms = (flat.unsqueeze(1) * matrix.unsqueeze(0)).clamp(min=0)
        total = terms.sum(2, keepdim=True)
        share = torch.where(total > 0, terms / total, torch.zeros_like(terms))
        return (share * relevance.flatten(1).unsqueeze(2)).sum(1).view(a.shape)
    z = flat @ matrix.t() + bias
    z = z + eps * torch.where(z >= 0, torch.ones_like(z), -torch.ones_like(z))
    return (flat * ((relevance.flatten(1) / z) @ matrix)).view(a.shape)


def conv_b(v):
    return F.conv2d(v, p["b.weight"], None, (2, 1), (1, 2), (1, 2))


# a, bn, relu, max pooling, b, relu, flatten, c
za = F.conv2d(x, p["a.weight"], p["a.bias"], 1, 1)
scale = p["bn.weight"] / (p["bn.running_var"] + 1e-5).sqrt()
shift = p["bn.bias"] - p["bn.running_mean"] * scale
normal = za * scale.view(1, -1, 1, 1) + shift.view(1, -1, 1, 1)
active = normal.clamp(min=0)
pooled, winners = F.max_pool2d(active, 2, return_indices=True)
zb = conv_b(pooled) + p["b.bias"].view(1, -1, 1, 1)
hidden = zb.clamp(min=0)
logits = hidden.flatten(1) @ p["c.weight"].t() + p["c.bias"]

start = torch.zeros_like(logits)
classes = torch.tensor(job["labels"]) if job["labels"] else logits.argmax(1)
start.scatter_(1, classes.unsqueeze(1), logits.gather(1, classes.unsqueeze(1)))
r_hidden = back(start, hidden, p["c.weight"], p["c.bias"])
area = hidden.shape[2] * hidden.shape[3]
r_pooled = back(r_hidden, pooled, dense(conv_b, pooled.shape[1:]), p["b.bias"].repeat_interleave(area))


def score(relevance):
    return relevance.flatten(2).sum(2).abs().mean(0).tolist()


print(json.dumps([score(r_pooled), score(r_hidden)]))
