"""Losses as PyTorch computes them: value and the gradients of both inputs, in float64."""
import torch
from torch.nn import functional as F

from peer import answer

torch.manual_seed(21)


def draw(*shape):
    return torch.randn(*shape, dtype=torch.float64)


logits = draw(4, 3)
maps = draw(2, 3, 2, 2)
classes = torch.tensor([2, 0, 1, 2])
pixels = torch.tensor([[[0, 1], [2, 1]], [[1, 1], [0, 2]]])
shares = torch.softmax(draw(4, 3), 1)
other = draw(4, 3)
weight = torch.tensor([0.5, 2.0, 1.5], dtype=torch.float64)
signs = torch.sign(draw(4, 3))
log_probabilities = torch.log_softmax(logits, 1)
chances = torch.sigmoid(logits)

cases = {
    "cross entropy": (F.cross_entropy, logits, classes, {}),
    "cross entropy weighted": (F.cross_entropy, logits, classes, {"weight": weight}),
    "cross entropy ignoring": (F.cross_entropy, logits, classes, {"ignore_index": 2}),
    "cross entropy smoothed": (F.cross_entropy, logits, classes, {"label_smoothing": 0.1}),
    "cross entropy smoothed and weighted": (F.cross_entropy, logits, classes, {"weight": weight, "label_smoothing": 0.2, "reduction": "sum"}),
    "cross entropy of each": (F.cross_entropy, logits, classes, {"reduction": "none"}),
    "cross entropy of shares": (F.cross_entropy, logits, shares, {}),
    "cross entropy over images": (F.cross_entropy, maps, pixels, {}),
    "nll": (F.nll_loss, log_probabilities, classes, {}),
    "nll weighted": (F.nll_loss, log_probabilities, classes, {"weight": weight, "reduction": "sum"}),
    "nll over images": (F.nll_loss, torch.log_softmax(maps, 1), pixels, {"weight": weight}),
    "mse": (F.mse_loss, logits, other, {}),
    "mse of each": (F.mse_loss, logits, other, {"reduction": "none"}),
    "smooth l1": (F.smooth_l1_loss, logits, other, {}),
    "smooth l1 narrow": (F.smooth_l1_loss, logits, other, {"beta": 0.3}),
    "huber": (F.huber_loss, logits, other, {"delta": 0.7}),
    "binary cross entropy": (F.binary_cross_entropy, chances, shares, {}),
    "binary cross entropy weighted": (F.binary_cross_entropy, chances, shares, {"weight": weight, "reduction": "sum"}),
    "binary cross entropy with logits": (F.binary_cross_entropy_with_logits, logits, shares, {}),
    "binary cross entropy with logits weighted": (F.binary_cross_entropy_with_logits, logits, shares, {"weight": weight, "pos_weight": weight + 1}),
    "kl": (F.kl_div, log_probabilities, shares, {}),
    "kl summed of logarithms": (F.kl_div, log_probabilities, shares.log(), {"reduction": "sum", "log_target": True}),
    "soft margin": (F.soft_margin_loss, logits, signs, {}),
}


def run(function, x, target, options):
    x = x.detach().clone().requires_grad_()
    learned = target.is_floating_point() and function not in (F.binary_cross_entropy, F.soft_margin_loss)
    target = target.detach().clone().requires_grad_(learned)
    y = function(x, target, **options)
    (y * torch.cos(torch.arange(y.numel(), dtype=torch.float64)).view_as(y)).sum().backward()
    result = {"input": x, "target": target, "output": y, "gradient": x.grad}
    if learned:
        result["target gradient"] = target.grad
    return result


answer({"weight": {"value": weight}, **{name: run(*case) for name, case in cases.items()}})
