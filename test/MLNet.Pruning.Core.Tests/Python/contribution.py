"""Shares of channels in the sums of convolutions, by PyTorch's own convolutions in double precision, one channel at a time."""
import json
import sys

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
results = []
for job in json.load(open(sys.argv[1])):
    a = torch.tensor(job["a"], dtype=torch.float64).view(job["shapeA"]).abs()
    w = torch.tensor(job["w"], dtype=torch.float64).view(job["shapeW"]).abs()

    def apply(x):
        if job["transposed"]:
            return F.conv_transpose2d(x, w, None, job["stride"], job["padding"], job["extra"], job["groups"], job["dilation"])
        return F.conv2d(x, w, None, job["stride"], job["padding"], job["dilation"], job["groups"])

    z = apply(a)
    average, maximum = [], []
    for c in range(a.shape[1]):
        only = torch.zeros_like(a)
        only[:, c] = a[:, c]
        share = torch.where(z == 0, torch.zeros_like(z), apply(only) / z)
        average.append(share.mean().item())
        maximum.append(share.max().item())
    results.append({"average": average, "maximum": maximum})
print(json.dumps(results))
