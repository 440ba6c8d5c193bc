"""Modules as PyTorch computes them: state, output and the gradients of input and parameters, all in float64."""
import torch
from torch import nn

from peer import answer


def draw(*shape):
    return torch.randn(*shape, dtype=torch.float64)


# name: (module, input, training)
torch.manual_seed(11)
line = draw(3, 5)
sound = draw(2, 3, 9)
image = draw(2, 4, 6, 6)
index = torch.tensor([[1, 0, 3], [2, 2, 4]])


def trained(module, *inputs):
    """A norm whose statistics are not those it started with."""
    for x in inputs:
        module(x)
    return module


cases = {
    "Linear": (nn.Linear(5, 4), line, True),
    "Linear without bias": (nn.Linear(5, 4, bias=False), line, True),
    "Linear over batches": (nn.Linear(9, 2), sound, True),
    "Conv1d": (nn.Conv1d(3, 4, 3), sound, True),
    "Conv1d strided and padded": (nn.Conv1d(3, 6, 4, stride=2, padding=3, groups=3), sound, True),
    "Conv1d same": (nn.Conv1d(3, 2, 4, padding="same", dilation=2), sound, True),
    "Conv1d reflecting": (nn.Conv1d(3, 2, 3, padding=2, padding_mode="reflect"), sound, True),
    "Conv1d unbatched": (nn.Conv1d(3, 2, 3), sound[0], True),
    "Conv2d": (nn.Conv2d(4, 3, 3), image, True),
    "Conv2d oblong": (nn.Conv2d(4, 6, (3, 2), stride=(1, 2), padding=(2, 1), dilation=(2, 1), groups=2, bias=False), image, True),
    "Conv2d same": (nn.Conv2d(4, 2, (2, 3), padding="same"), image, True),
    "Conv2d valid": (nn.Conv2d(4, 2, 3, padding="valid", stride=2), image, True),
    "Conv2d circular": (nn.Conv2d(4, 2, 3, padding=1, padding_mode="circular"), image, True),
    "Conv2d replicating the same": (nn.Conv2d(4, 2, 4, padding="same", padding_mode="replicate"), image, True),
    "ConvTranspose1d": (nn.ConvTranspose1d(3, 2, 4, stride=2, padding=1, output_padding=1), sound, True),
    "ConvTranspose2d": (nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1, output_padding=1, groups=2), image, True),
    "BatchNorm1d": (nn.BatchNorm1d(5), line, True),
    "BatchNorm1d over time": (nn.BatchNorm1d(3, eps=1e-3, momentum=0.3), sound, True),
    "BatchNorm1d evaluating": (trained(nn.BatchNorm1d(5).double(), line, line + 1), line, False),
    "BatchNorm2d": (nn.BatchNorm2d(4), image, True),
    "BatchNorm2d evaluating": (trained(nn.BatchNorm2d(4).double(), image * 2), image, False),
    "BatchNorm2d plain": (nn.BatchNorm2d(4, affine=False), image, True),
    "BatchNorm2d untracked": (nn.BatchNorm2d(4, track_running_stats=False), image, False),
    "InstanceNorm1d": (nn.InstanceNorm1d(3), sound, True),
    "InstanceNorm2d": (nn.InstanceNorm2d(4, affine=True, track_running_stats=True), image, True),
    "LayerNorm": (nn.LayerNorm(5), line, True),
    "LayerNorm over two": (nn.LayerNorm([6, 6], eps=1e-3), image, True),
    "LayerNorm plain": (nn.LayerNorm(5, elementwise_affine=False), line, True),
    "GroupNorm": (nn.GroupNorm(2, 4), image, True),
    "Embedding": (nn.Embedding(5, 3), index, True),
    "Embedding with padding": (nn.Embedding(5, 3, padding_idx=2), index, True),
    "Embedding with a norm": (nn.Embedding(5, 3, max_norm=1.0), index, True),
    "ReLU": (nn.ReLU(), line, True),
    "ReLU6": (nn.ReLU6(), line * 5, True),
    "LeakyReLU": (nn.LeakyReLU(0.2), line, True),
    "ELU": (nn.ELU(0.7), line, True),
    "CELU": (nn.CELU(0.7), line, True),
    "SELU": (nn.SELU(), line, True),
    "GELU": (nn.GELU(), line, True),
    "SiLU": (nn.SiLU(), line, True),
    "Mish": (nn.Mish(), line, True),
    "Sigmoid": (nn.Sigmoid(), line, True),
    "Tanh": (nn.Tanh(), line, True),
    "Tanhshrink": (nn.Tanhshrink(), line, True),
    "Softsign": (nn.Softsign(), line, True),
    "Softplus": (nn.Softplus(beta=2, threshold=1), line, True),
    "Hardsigmoid": (nn.Hardsigmoid(), line * 3, True),
    "Hardswish": (nn.Hardswish(), line * 3, True),
    "Threshold": (nn.Threshold(0.3, -2), line, True),
    "Softmax": (nn.Softmax(1), line, True),
    "Softmax2d": (nn.Softmax2d(), image, True),
    "Softmin": (nn.Softmin(0), line, True),
    "LogSoftmax": (nn.LogSoftmax(1), line, True),
    "GLU": (nn.GLU(1), image, True),
    "MaxPool1d": (nn.MaxPool1d(2), sound, True),
    "MaxPool1d padded": (nn.MaxPool1d(3, stride=2, padding=1, dilation=2, ceil_mode=True), sound, True),
    "MaxPool2d": (nn.MaxPool2d(2), image, True),
    "MaxPool2d oblong": (nn.MaxPool2d((3, 2), stride=(1, 2), padding=(1, 0)), image, True),
    "AvgPool1d": (nn.AvgPool1d(3, stride=2, padding=1, count_include_pad=False), sound, True),
    "AvgPool2d": (nn.AvgPool2d(2), image, True),
    "AvgPool2d divided": (nn.AvgPool2d((2, 3), stride=(1, 2), divisor_override=5), image, True),
    "AdaptiveAvgPool1d": (nn.AdaptiveAvgPool1d(4), sound, True),
    "AdaptiveAvgPool2d": (nn.AdaptiveAvgPool2d((2, 4)), image, True),
    "AdaptiveMaxPool1d": (nn.AdaptiveMaxPool1d(4), sound, True),
    "AdaptiveMaxPool2d": (nn.AdaptiveMaxPool2d((3, 2)), image, True),
    "Flatten": (nn.Flatten(), image, True),
    "Flatten some": (nn.Flatten(0, 1), image, True),
    "Unflatten": (nn.Unflatten(1, (2, 2)), image, True),
    "Identity": (nn.Identity(), line, True),
    "Upsample nearest": (nn.Upsample(scale_factor=2), image, True),
    "Upsample bilinear": (nn.Upsample(size=(9, 7), mode="bilinear", align_corners=False), image, True),
    "Upsample bilinear aligned": (nn.Upsample(size=(9, 7), mode="bilinear", align_corners=True), image, True),
    "Upsample linear": (nn.Upsample(scale_factor=1.5, mode="linear"), sound, True),
    "PixelShuffle": (nn.PixelShuffle(2), image, True),
    "PixelUnshuffle": (nn.PixelUnshuffle(3), image, True),
    "ZeroPad2d": (nn.ZeroPad2d((1, 2, 3, 0)), image, True),
    "ConstantPad1d": (nn.ConstantPad1d(2, 1.5), sound, True),
    "ConstantPad2d": (nn.ConstantPad2d(1, -1), image, True),
    "ReflectionPad2d": (nn.ReflectionPad2d(2), image, True),
    "ReplicationPad2d": (nn.ReplicationPad2d((1, 0, 2, 3)), image, True),
    "Dropout": (nn.Dropout(0.3), line, True),
    "Dropout evaluating": (nn.Dropout(0.3), line, False),
    "Dropout1d": (nn.Dropout1d(0.4), sound, True),
    "Dropout2d": (nn.Dropout2d(0.4), image, True),
    "AlphaDropout": (nn.AlphaDropout(0.4), line, True),
    "Sequential": (nn.Sequential(nn.Conv2d(4, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 4)), image, True),
}


def run(module, x, training):
    module = module.double()
    module.train(training)
    floating = x.is_floating_point()
    x = x.clone().requires_grad_(floating)
    before = {key: value.clone() for key, value in module.state_dict().items()}
    torch.manual_seed(5)
    y = module(x)
    weights = torch.cos(torch.arange(y.numel(), dtype=torch.float64)).view_as(y)
    (y * weights).sum().backward()
    gradients = {name: parameter.grad for name, parameter in module.named_parameters()}
    if floating:
        gradients["input"] = x.grad
    return {"input": x, "before": before, "output": y, "gradients": gradients, "after": module.state_dict()}


answer({name: run(*case) for name, case in cases.items()})
