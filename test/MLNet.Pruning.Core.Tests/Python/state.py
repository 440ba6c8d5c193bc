"""State dictionaries: state.py write FOLDER writes some, state.py read FOLDER tells what PyTorch sees in ours."""
import json
import struct
import sys

import torch


def network():
    torch.manual_seed(5)
    return torch.nn.Sequential(torch.nn.Linear(7, 5), torch.nn.BatchNorm1d(5), torch.nn.ReLU(), torch.nn.Linear(5, 3))


def safetensors(path):
    """The format by its description: a length, a JSON header, bytes."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    kinds = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64}
    state = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            state[name] = torch.frombuffer(bytearray(data[begin:end]), dtype=kinds[entry["dtype"]]).reshape(entry["shape"])
    return state, header.get("__metadata__", {})


mode, folder = sys.argv[1:3]
rows = torch.linspace(-1, 1, 28).reshape(4, 7)
if mode == "write":
    model = network()
    model.train()
    model(torch.randn(20, 7))
    model.eval()
    torch.save(model.state_dict(), folder + "/plain.pth")
    torch.save({"epoch": 3, "state_dict": model.state_dict(), "optimizer": {"lr": 0.1, "betas": (0.9, 0.999)}, "note": None}, folder + "/script.pth")
    torch.save({name: t.half() if t.is_floating_point() else t for name, t in model.state_dict().items()}, folder + "/half.pth")
    strange = dict(model.state_dict())
    strange["0.weight"] = model[0].weight.detach().t().contiguous().t()
    strange["3.weight"] = torch.cat([model[3].weight.detach(), torch.zeros(2, 5)])[:3]
    torch.save(strange, folder + "/strided.pth")
    print(json.dumps(model(rows).detach().flatten().tolist()))
else:
    results = {}
    for name, state in [("pth", torch.load(folder + "/ours.pth")), ("safetensors", safetensors(folder + "/ours.safetensors")[0]),
                        ("bf16", safetensors(folder + "/ours-bf16.safetensors")[0])]:
        model = network()
        model.load_state_dict(state)
        model.eval()
        results[name] = model(rows).detach().flatten().tolist()
    results["metadata"] = [len(safetensors(folder + "/ours.safetensors")[1])]
    print(json.dumps(results))
