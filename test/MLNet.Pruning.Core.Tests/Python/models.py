"""Builds a convolutional network or a variational autoencoder in PyTorch with the test's weights, and prints what it computes."""
import json
import sys

import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)
job = json.load(open(sys.argv[1]))
ACTIVATIONS = {"Relu": nn.ReLU, "Tanh": nn.Tanh, "Gelu": nn.GELU, "LeakyRelu": nn.LeakyReLU, "Silu": nn.SiLU, "Sigmoid": nn.Sigmoid}
activation = ACTIVATIONS[job["activation"]]
image = job["image"]


def blocks(channels, norm):
    layers, inputs = [], image[0]
    for outputs in channels:
        layers.append(nn.Conv2d(inputs, outputs, 3, padding=1))
        if norm:
            layers.append(nn.BatchNorm2d(outputs))
        layers += [activation(), nn.MaxPool2d(2)]
        inputs = outputs
    return layers


def dense(sizes, last):
    layers = []
    for i in range(1, len(sizes)):
        layers.append(nn.Linear(sizes[i - 1], sizes[i]))
        if last or i < len(sizes) - 1:
            layers.append(activation())
    return layers


height, width = image[1] >> len(job["channels"]), image[2] >> len(job["channels"])
flat = job["channels"][-1] * height * width
x = torch.tensor(job["x"]).view(-1, *image)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(*blocks(job["channels"], job["batchNorm"]), nn.Flatten(), *dense([flat, *job["hidden"], job["classes"]], False))

    def forward(self, x):
        return self.net(x)

    def loss(self):
        return F.cross_entropy(self(x), torch.tensor(job["y"]))


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(*blocks(job["channels"], False), nn.Flatten(), *dense([flat, *job["hidden"]], True))
        self.mean = nn.Linear(job["hidden"][-1], job["latent"])
        self.log_variance = nn.Linear(job["hidden"][-1], job["latent"])
        back = job["channelsBack"]
        self.expansion = nn.Sequential(*dense([job["latent"], *job["hiddenBack"], back[0] * height * width], True))
        decoder = []
        for i, outputs in enumerate([*back[1:], image[0]]):
            if i > 0:
                decoder.append(activation())
            decoder.append(nn.ConvTranspose2d(back[i], outputs, 4, stride=2, padding=1))
        self.decoder = nn.Sequential(*decoder, nn.Sigmoid())

    def decode(self, z):
        return self.decoder(self.expansion(z).view(len(z), -1, height, width))

    def forward(self, x):
        return self.decode(self.mean(self.encoder(x)))

    def loss(self):
        h = self.encoder(x)
        mean, log_variance = self.mean(h), self.log_variance(h)
        noise = torch.tensor(job["noise"]).view_as(mean)
        reconstructed = self.decode(torch.distributions.Normal(mean, torch.exp(log_variance / 2)).mean + torch.exp(log_variance / 2) * noise)
        entropy = F.binary_cross_entropy(reconstructed, x, reduction="sum") / len(x)
        q = torch.distributions.Normal(mean, torch.exp(log_variance / 2))
        divergence = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0)).sum() / len(x)
        return job["reconstruction"] * entropy + job["divergence"] * divergence


model = Classifier() if job["kind"] == "conv-net" else Autoencoder()
with torch.no_grad():
    for parameter, values in zip(model.parameters(), job["parameters"], strict=True):
        parameter.copy_(torch.tensor(values).view_as(parameter))
model.train()
optimizer = torch.optim.SGD(model.parameters(), lr=job["rate"])
loss = model.loss()
loss.backward()
gradients = [p.grad.flatten().tolist() for p in model.parameters()]
optimizer.step()
model.eval()
with torch.no_grad():
    outputs = model(x).flatten().tolist()
print(json.dumps({"loss": loss.item(), "gradients": gradients, "outputs": outputs}))
