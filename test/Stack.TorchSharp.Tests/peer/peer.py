"""What the scripts beside this file share: tensors as JSON."""
import json
import math

import torch

torch.set_num_threads(1)


def number(value):
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value


def tensor(value):
    if not isinstance(value, torch.Tensor):
        value = torch.tensor(value)
    value = value.detach()
    return {
        "shape": list(value.shape),
        "dtype": str(value.dtype).replace("torch.", ""),
        "values": [number(v) for v in value.contiguous().flatten().tolist()],
    }


def encode(value):
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    return tensor(value)


def answer(groups):
    print(json.dumps({name: encode(group) for name, group in groups.items()}))
