"""Starting values from known seeds."""
import torch
from torch import nn
from torch.nn import init

from peer import answer


def seeded(make):
    torch.manual_seed(41)
    return make()


layers = {
    "Linear": lambda: nn.Linear(5, 4),
    "Linear without bias": lambda: nn.Linear(5, 4, bias=False),
    "Conv1d": lambda: nn.Conv1d(4, 6, 3, groups=2),
    "Conv2d": lambda: nn.Conv2d(3, 4, (3, 2)),
    "ConvTranspose1d": lambda: nn.ConvTranspose1d(4, 2, 3),
    "ConvTranspose2d": lambda: nn.ConvTranspose2d(4, 6, 3, groups=2),
    "BatchNorm2d": lambda: nn.BatchNorm2d(3),
    "LayerNorm": lambda: nn.LayerNorm([2, 3]),
    "Embedding": lambda: nn.Embedding(5, 3, padding_idx=1),
}
matrix = lambda: torch.empty(4, 6)
filter_ = lambda: torch.empty(4, 3, 2, 2)
fills = {
    "uniform": lambda: init.uniform_(matrix(), -2, 3),
    "normal": lambda: init.normal_(matrix(), 1, 0.5),
    "constant": lambda: init.constant_(matrix(), 0.25),
    "ones": lambda: init.ones_(matrix()),
    "zeros": lambda: init.zeros_(matrix()),
    "eye": lambda: init.eye_(matrix()),
    "dirac": lambda: init.dirac_(torch.empty(3, 4, 3, 3)),
    "xavier uniform": lambda: init.xavier_uniform_(filter_(), 1.5),
    "kaiming uniform": lambda: init.kaiming_uniform_(filter_(), 0.3),
    "kaiming uniform out": lambda: init.kaiming_uniform_(matrix(), mode="fan_out", nonlinearity="relu"),
    "kaiming normal": lambda: init.kaiming_normal_(filter_(), nonlinearity="relu"),
    "kaiming normal out": lambda: init.kaiming_normal_(filter_(), mode="fan_out", nonlinearity="relu"),
}

answer({
    "fills": {name: seeded(make) for name, make in fills.items()},
    **{name: seeded(make).state_dict() for name, make in layers.items()},
})
