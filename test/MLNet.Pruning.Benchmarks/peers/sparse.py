"""A linear layer with most weights off as PyTorch multiplies it when told that it is sparse (CSR times the turned batch). Prints microseconds for each line it reads:
outputs, inputs, percent of weights on, rows, repetitions."""
import sys
import time
import warnings

import torch

torch.manual_seed(1)
warnings.simplefilter("ignore")
torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
print("ready", flush=True)
for line in sys.stdin:
    outputs, inputs, percent, rows, repeat = map(int, line.split())
    weight = torch.randn(outputs, inputs) * (torch.rand(outputs, inputs) < percent / 100)
    x, sparse = torch.randn(rows, inputs), weight.to_sparse_csr()
    best = float("inf")
    with torch.no_grad():
        assert torch.allclose((sparse @ x.t()).t(), x @ weight.t(), atol=1e-3)
        for _ in range(repeat):
            began = time.perf_counter()
            sparse @ x.t()
            best = min(best, time.perf_counter() - began)
    print(best * 1e6, flush=True)
