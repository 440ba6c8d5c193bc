"""What one or the other version of the library computes otherwise than PyTorch."""
import torch
from torch import nn, optim
from torch.nn import functional as F, init
from torch.optim import lr_scheduler as lrs

from peer import answer

torch.manual_seed(51)
x = torch.randn(4, 3, dtype=torch.float64)
y = torch.randn(4, 3, dtype=torch.float64)


def seeded(make):
    torch.manual_seed(41)
    return make()


def rates(make, groups=2):
    optimizer = optim.SGD([{"params": [torch.zeros(2, requires_grad=True)], "lr": 0.1 / (k + 1)} for k in range(groups)], lr=0.1, momentum=0.9)
    scheduler = make(optimizer)
    found = []
    for _ in range(19):
        found.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step()
    return torch.tensor(found, dtype=torch.float64)


answer({
    "inputs": {"x": x, "y": y},
    "values": {
        "l1": F.l1_loss(x, y),
        "l1 summed": F.l1_loss(x, y, reduction="sum"),
        "hardtanh": F.hardtanh(x),
        "hardtanh bounded": F.hardtanh(x, -0.3, 0.2),
        "truncated normal": seeded(lambda: init.trunc_normal_(torch.empty(4, 6, dtype=torch.float64), 0.5, 2, -1, 1.5)),
        "xavier normal": seeded(lambda: init.xavier_normal_(torch.empty(4, 6), 1.5)),
        "orthogonal": seeded(lambda: init.orthogonal_(torch.empty(4, 6, dtype=torch.float64), 3)),
        "orthogonal upright": seeded(lambda: init.orthogonal_(torch.empty(5, 2, 2, dtype=torch.float64))),
        "group norm": nn.GroupNorm(2, 4).weight,
    },
    "rates": {
        "LinearLR": rates(lambda o: lrs.LinearLR(o, 0.25, 1.0, 6)),
        "SequentialLR": rates(lambda o: lrs.SequentialLR(o, [lrs.ConstantLR(o, 0.1, 2), lrs.ExponentialLR(o, 0.9)], [4])),
        "OneCycleLR": rates(lambda o: lrs.OneCycleLR(o, [0.5, 0.3], total_steps=20)),
        "OneCycleLR to its end": rates(lambda o: lrs.OneCycleLR(o, 0.5, total_steps=19), 1),
    },
})
