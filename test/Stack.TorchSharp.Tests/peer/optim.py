"""Twenty steps of each optimizer on one small problem, and the learning rates of each scheduler."""
import torch
from torch import optim
from torch.optim import lr_scheduler as lrs

from peer import answer

STEPS = 20


def problem(dtype):
    torch.manual_seed(31)
    first = torch.randn(4, 3, dtype=torch.float64)
    second = torch.randn(3, dtype=torch.float64)
    x = torch.randn(6, 4, dtype=torch.float64)
    y = torch.randn(6, 3, dtype=torch.float64)
    return [v.to(dtype) for v in (first, second, x, y)]


def loss(first, second, x, y):
    return ((torch.tanh(x @ first) * second - y) ** 2).sum()


cases = {
    "SGD": lambda p, q: optim.SGD([p, q], lr=0.05),
    "SGD with momentum": lambda p, q: optim.SGD([p, q], lr=0.02, momentum=0.9),
    "SGD dampened": lambda p, q: optim.SGD([p, q], lr=0.02, momentum=0.9, dampening=0.3, weight_decay=0.1),
    "SGD Nesterov": lambda p, q: optim.SGD([p, q], lr=0.02, momentum=0.8, nesterov=True, weight_decay=0.05),
    "SGD upwards": lambda p, q: optim.SGD([p, q], lr=0.001, maximize=True),
    "SGD in groups": lambda p, q: optim.SGD([{"params": [p], "lr": 0.01, "momentum": 0.5}, {"params": [q], "weight_decay": 0.2}], lr=0.03),
    "Adam": lambda p, q: optim.Adam([p, q]),
    "Adam tuned": lambda p, q: optim.Adam([p, q], lr=0.05, betas=(0.7, 0.95), eps=1e-4, weight_decay=0.1),
    "Adam AMSGrad": lambda p, q: optim.Adam([p, q], lr=0.1, betas=(0.5, 0.6), amsgrad=True),
    "Adam upwards": lambda p, q: optim.Adam([p, q], lr=0.01, maximize=True, weight_decay=0.1),
    "Adam in groups": lambda p, q: optim.Adam([{"params": [p], "lr": 0.1}, {"params": [q], "betas": (0.5, 0.9)}], lr=0.02),
    "AdamW": lambda p, q: optim.AdamW([p, q], lr=0.05, weight_decay=0.3),
    "AdamW AMSGrad": lambda p, q: optim.AdamW([p, q], lr=0.1, betas=(0.5, 0.6), weight_decay=0.01, amsgrad=True),
    "RMSProp": lambda p, q: optim.RMSprop([p, q], lr=0.01),
    "RMSProp centered": lambda p, q: optim.RMSprop([p, q], lr=0.02, alpha=0.8, eps=1e-5, centered=True, weight_decay=0.05),
    "RMSProp with momentum": lambda p, q: optim.RMSprop([p, q], lr=0.005, momentum=0.9),
    "RMSProp centered with momentum": lambda p, q: optim.RMSprop([p, q], lr=0.005, momentum=0.7, centered=True),
}


def steps(make, dtype):
    first, second, x, y = problem(dtype)
    first.requires_grad_()
    second.requires_grad_()
    optimizer = make(first, second)
    paths = ([], [])
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss(first, second, x, y).backward()
        optimizer.step()
        paths[0].append(first.detach().clone())
        paths[1].append(second.detach().clone())
    return {"first": torch.stack(paths[0]), "second": torch.stack(paths[1])}


schedulers = {
    "StepLR": lambda o: lrs.StepLR(o, 3, gamma=0.5),
    "MultiStepLR": lambda o: lrs.MultiStepLR(o, [2, 5, 9], gamma=0.3),
    "ExponentialLR": lambda o: lrs.ExponentialLR(o, 0.9),
    "LambdaLR": lambda o: lrs.LambdaLR(o, lambda epoch: 1 / (1 + epoch)),
    "MultiplicativeLR": lambda o: lrs.MultiplicativeLR(o, lambda epoch: 0.8 + 0.01 * epoch),
    "CosineAnnealingLR": lambda o: lrs.CosineAnnealingLR(o, 7, eta_min=0.001),
    "ConstantLR": lambda o: lrs.ConstantLR(o, 0.25, 4),
    "OneCycleLR": lambda o: lrs.OneCycleLR(o, 0.5, total_steps=20, pct_start=0.25, final_div_factor=100),
    "OneCycleLR in three phases": lambda o: lrs.OneCycleLR(o, [0.5, 0.2], epochs=4, steps_per_epoch=5, anneal_strategy="linear", three_phase=True, pct_start=0.4),
    "PolynomialLR": lambda o: lrs.PolynomialLR(o, 8, 2.0) if hasattr(lrs, "PolynomialLR") else None,
    "ChainedLR": lambda o: lrs.ChainedScheduler([lrs.ConstantLR(o, 0.1, 3), lrs.ExponentialLR(o, 0.9)]),
}


def rates(make, groups):
    parameters = [torch.zeros(2, requires_grad=True) for _ in range(groups)]
    optimizer = optim.SGD([{"params": [p], "lr": 0.1 / (k + 1)} for k, p in enumerate(parameters)], lr=0.1, momentum=0.9)
    scheduler = make(optimizer)
    found, momenta = [], []
    for _ in range(STEPS - 1):
        found.append([group["lr"] for group in optimizer.param_groups])
        momenta.append([group["momentum"] for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step()
    return {"rates": torch.tensor(found, dtype=torch.float64), "momenta": torch.tensor(momenta, dtype=torch.float64)}


def plateau():
    p = torch.zeros(2, requires_grad=True)
    optimizer = optim.SGD([p], lr=0.1)
    scheduler = lrs.ReduceLROnPlateau(optimizer, factor=0.5, patience=2, cooldown=1, min_lr=0.02)
    found = []
    for metric in (5, 4, 4, 4, 4, 4, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3):
        scheduler.step(metric)
        found.append(optimizer.param_groups[0]["lr"])
    return {"rates": torch.tensor(found, dtype=torch.float64)}


first, second, x, y = problem(torch.float64)
groups = {"problem": {"first": first, "second": second, "x": x, "y": y}, "ReduceLROnPlateau": plateau()}
for name, make in cases.items():
    groups[name] = steps(make, torch.float64)
    groups[name + " single"] = steps(make, torch.float32)
for name, make in schedulers.items():
    groups["schedule " + name] = rates(make, 1 if name == "OneCycleLR" else 2)
answer(groups)
