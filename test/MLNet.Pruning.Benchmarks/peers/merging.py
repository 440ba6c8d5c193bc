"""Bipartite token merging in PyTorch, as ToMe (Bolya et al., 2023) does it: cosines of even with odd tokens, the best r edges, a
size-weighted mean by scatter. No class token. Prints images a second for each line it reads: images, tokens, width, merged, repetitions."""
import sys
import time
import warnings

import torch

warnings.simplefilter("ignore")


def matching(metric, r):
    metric = metric / metric.norm(dim=-1, keepdim=True)
    scores = metric[:, ::2] @ metric[:, 1::2].transpose(1, 2)
    best, partner = scores.max(dim=-1)
    order = best.argsort(dim=-1, descending=True).unsqueeze(-1)
    stay, go = order[:, r:], order[:, :r]
    to = partner.unsqueeze(-1).gather(1, go)

    def add_up(x):
        width = x.shape[-1]
        even, odd = x[:, ::2], x[:, 1::2]
        gone = even.gather(1, go.expand(-1, -1, width))
        odd = odd.scatter_reduce(1, to.expand(-1, -1, width), gone, reduce="sum")
        return torch.cat([even.gather(1, stay.expand(-1, -1, width)), odd], dim=1)

    return add_up


def merge(x, r):
    size = torch.ones_like(x[..., :1])
    add_up = matching(x, r)
    total = add_up(size)
    return add_up(x * size) / total, total


if __name__ == "__main__":
    torch.manual_seed(1)
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    torch.set_num_threads(threads)
    print("ready", flush=True)
    for line in sys.stdin:
        images, tokens, width, r, repeat = map(int, line.split())
        x = torch.randn(images, tokens, width)
        best = float("inf")
        with torch.no_grad():
            merge(x, r)
            for _ in range(repeat):
                began = time.perf_counter()
                merge(x, r)
                best = min(best, time.perf_counter() - began)
        print(images / best, flush=True)
