"""Channel pruning (He et al., 2017) of a small network: LASSO by proximal gradients on the written-out columns, then least squares."""
import json
import sys

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
job = json.load(open(sys.argv[1]))
p = {name: torch.tensor(v["values"], dtype=torch.float64).view(v["shape"]) for name, v in job["parameters"].items()}
x = torch.tensor(job["input"]["values"], dtype=torch.float64).view(job["input"]["shape"])
keep = job["keep"]


def select(columns, y, keep):
    """columns: one [N] vector a channel. The penalty rises until no more than keep are left."""
    z, n = torch.stack(columns, 1), len(y)
    step = 1 / torch.linalg.eigvalsh(z.t() @ z / n)[-1]
    products, targets = z.t() @ z / n, z.t() @ y / n

    def solve(penalty):
        beta = torch.zeros_like(targets)
        for _ in range(5000):
            beta = beta - step * (products @ beta - targets)
            beta = beta.sign() * (beta.abs() - step * penalty).clamp(min=0)
        return beta

    low, high = 0.0, targets.abs().max()
    for _ in range(40):
        middle = (low + high) / 2
        left = solve(middle).nonzero().flatten()
        if len(left) == keep:
            return left.tolist()
        low, high = (middle, high) if len(left) > keep else (low, middle)
    raise SystemExit("no penalty leaves exactly so many")


def prune(rows, weight, y, owners, keep):
    """rows [N, features], weight [out, features], y [N, out]; owners: the features of each channel."""
    columns = [(rows[:, o] @ weight[:, o].t()).flatten() for o in owners]
    left = select(columns, y.flatten(), keep)
    features = [f for c in left for f in owners[c]]
    before = ((y - rows[:, features] @ weight[:, features].t()) ** 2).sum() / (y ** 2).sum()
    # Of several solutions the one that is nearest to the present weights: where an input is always 0, these stay.
    change = torch.linalg.lstsq(rows[:, features], y - rows[:, features] @ weight[:, features].t(), driver="gelsd").solution
    fitted = weight[:, features] + change.t()
    after = ((y - rows[:, features] @ fitted.t()) ** 2).sum() / (y ** 2).sum()
    return left, features, fitted, before, after


za = F.conv2d(x, p["a.weight"], p["a.bias"], 1, 1)
scale = p["bn.weight"] / (p["bn.running_var"] + 1e-5).sqrt()
shift = p["bn.bias"] - p["bn.running_mean"] * scale
pooled = F.max_pool2d((za * scale.view(1, -1, 1, 1) + shift.view(1, -1, 1, 1)).clamp(min=0), 2)
wb = p["b.weight"]
patches = F.unfold(pooled, (3, 3), (1, 2), (1, 2), (2, 1))
shape = F.conv2d(pooled, wb, None, (2, 1), (1, 2), (1, 2)).shape
rows = patches.transpose(1, 2).reshape(-1, patches.shape[1])
flat = wb.flatten(1)
yb = rows @ flat.t()


def hidden(y):
    z = y.reshape(x.shape[0], shape[2], shape[3], -1).permute(0, 3, 1, 2) + p["b.bias"].view(1, -1, 1, 1)
    return z.clamp(min=0).flatten(1)


first = prune(rows, flat, yb, [list(range(9 * c, 9 * c + 9)) for c in range(wb.shape[1])], keep[0])
wc = p["c.weight"]
whole, pruned = hidden(yb), hidden(rows[:, first[1]] @ first[2].t())
area = shape[2] * shape[3]
second = prune(pruned, wc, whole @ wc.t(), [list(range(area * c, area * c + area)) for c in range(wb.shape[0])], keep[1])
print(json.dumps([{"left": r[0], "weights": r[2].flatten().tolist(), "before": r[3].item(), "after": r[4].item()} for r in (first, second)]))
