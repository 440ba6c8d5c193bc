"""A vision transformer in PyTorch on the test's weights: loss, gradients and logits of one batch, then what some steps of AdamW make of it."""
import json
import sys

import torch
from torch.nn import functional as F

torch.set_num_threads(1)
job = json.load(open(sys.argv[1]))
channels, height, width = job["image"]
p, head_size = job["patchSize"], job["headSize"]
dtype = torch.float64 if job["exact"] else torch.float32
w = {name: torch.tensor(values, dtype=dtype).view(job["shapes"][name]).requires_grad_() for name, values in job["parameters"].items()}
y = torch.tensor(job["y"])
x = torch.tensor(job["x"]).view(len(y), -1)


def match(tokens, r, apart):
    """For one image: the survivor of each token, by the definition, in Python floats."""
    rows = tokens.detach().double().tolist()
    n = len(rows)

    def similarity(a, b):
        aa, bb, ab = sum(v * v for v in a), sum(v * v for v in b), sum(u * v for u, v in zip(a, b))
        if aa == 0 or bb == 0:
            return 1.0 if aa == bb else 0.0
        return ab / aa ** 0.5 / bb ** 0.5

    best = []
    for e in range(apart, n, 2):
        scores = [(similarity(rows[e], rows[o]), o) for o in range(apart + 1, n, 2)]
        top = max((round(s, 6) for s, _ in scores), default=-2)
        best.append((top, next((o for s, o in scores if round(s, 6) == top), e), e))
    order = sorted(range(len(best)), key=lambda i: (-best[i][0], best[i][2]))
    goes = list(range(n))
    for i in order[:r]:
        goes[best[i][2]] = best[i][1]
    kept = [t for t in range(n) if goes[t] == t]
    return [kept.index(goes[t]) for t in range(n)]


def merged(values, sizes, sources):
    """Size-weighted means, image by image; and the sizes that they have."""
    out, out_sizes = [], []
    for v, s, source in zip(values, sizes, sources):
        k = max(source) + 1
        total = [sum(s[t] for t in range(len(source)) if source[t] == j) for j in range(k)]
        out.append(torch.stack([sum(s[t] * v[t] for t in range(len(source)) if source[t] == j) / total[j] for j in range(k)]))
        out_sizes.append(torch.stack([torch.as_tensor(t, dtype=dtype) for t in total]))
    return torch.stack(out), torch.stack(out_sizes)


def linear(values, name):
    return F.linear(values, w[name + ".weight"], w[name + ".bias"])


def norm(values, name):
    return F.layer_norm(values, values.shape[-1:], w[name + ".weight"], w[name + ".bias"])


def attention(values, sizes, name):
    b, n, _ = values.shape
    heads = w[name + ".projection.weight"].shape[1] // head_size
    q, k, v = linear(values, name + ".qkv").view(b, n, 3, heads, head_size).permute(2, 0, 3, 1, 4)
    logits = q @ k.transpose(-2, -1) / head_size ** 0.5 + sizes.log()[:, None, None, :]
    return linear((logits.softmax(-1) @ v).transpose(1, 2).reshape(b, n, -1), name + ".projection")


ACTIVATIONS = {"Relu": F.relu, "Gelu": F.gelu, "Silu": F.silu, "Tanh": torch.tanh, "Sigmoid": torch.sigmoid, "LeakyRelu": F.leaky_relu}


def forward(rows):
    b = len(rows)
    images = rows.view(b, channels, height, width).to(dtype)
    patches = images.unfold(2, p, p).unfold(3, p, p).permute(0, 2, 3, 4, 5, 1).reshape(b, -1, p * p * channels)
    n = patches.shape[1]
    # Embedded first and merged afterwards, unlike the model.
    values = F.linear(patches, w["embedding.weight"], w["embedding.bias"]) + w["positions.weight"]
    sizes = torch.ones(b, n, dtype=dtype)
    if job["merge"] > 0:
        sources = [match(image, job["merge"], 0) for image in patches]
        values, sizes = merged(values, sizes, sources)
    apart = 0
    if "classToken.weight" in w:
        apart = 1
        values = torch.cat([w["classToken.weight"].expand(b, 1, -1), values], 1)
        sizes = torch.cat([torch.ones(b, 1, dtype=dtype), sizes], 1)
    for i, r in enumerate(job["layerMerges"]):
        name = f"blocks.{i}."
        values = values + attention(norm(values, name + "attentionNorm"), sizes, name + "attention")
        if r > 0:
            sources = [match(image, r, apart) for image in norm(values, name + "hiddenNorm")]
            values, sizes = merged(values, sizes, sources)
        hidden = ACTIVATIONS[job["activation"]](linear(norm(values, name + "hiddenNorm"), name + "hidden"))
        values = values + linear(hidden, name + "output")
    pooled = values[:, 0] if apart else (values * sizes[..., None]).sum(1) / sizes.sum(1, keepdim=True)
    return linear(norm(pooled, "norm"), "logits")


loss = F.cross_entropy(forward(x), y)
loss.backward()
answer = {"loss": loss.item(), "logits": forward(x).flatten().tolist(), "gradients": {name: t.grad.flatten().tolist() for name, t in w.items()}}
optimizer = torch.optim.AdamW(list(w.values()), lr=job["rate"])
losses = []
for step in range(job["steps"]):
    rows = [(step * job["batch"] + i) % len(x) for i in range(job["batch"])]
    optimizer.zero_grad()
    loss = F.cross_entropy(forward(x[rows]), y[rows])
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
answer["losses"] = losses
answer["trained"] = forward(x).flatten().tolist()
print(json.dumps(answer))
