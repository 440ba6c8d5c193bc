"""A ResNet of 20 layers in PyTorch, with torchvision's names.

    python3 resnet.py train DATA OUT [EPOCHS [ROWS]]    trains on the CIFAR-10 binary batches in DATA, and saves the state dictionary
    python3 resnet.py random OUT                        saves random weights, and prints pixels and their logits as JSON
"""
import glob
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

MEAN, STD = torch.tensor([0.4914, 0.4822, 0.4465]).view(3, 1, 1), torch.tensor([0.2470, 0.2435, 0.2616]).view(3, 1, 1)


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride > 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet20(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        self.layer1, self.layer2, self.layer3 = self.stage(16, 16, 1), self.stage(16, 32, 2), self.stage(32, 64, 2)
        self.fc = nn.Linear(64, classes)

    @staticmethod
    def stage(inputs, outputs, stride):
        return nn.Sequential(BasicBlock(inputs, outputs, stride), BasicBlock(outputs, outputs, 1), BasicBlock(outputs, outputs, 1))

    def forward(self, pixels):
        x = F.relu(self.bn1(self.conv1((pixels - MEAN) / STD)))
        return self.fc(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


def batches(pattern):
    raw = b"".join(open(path, "rb").read() for path in sorted(glob.glob(pattern)))
    rows = torch.frombuffer(bytearray(raw), dtype=torch.uint8).view(-1, 3073)
    return rows[:, 1:].view(-1, 3, 32, 32), rows[:, 0].long()


def train(data, out, epochs, count):
    torch.manual_seed(1)
    (pixels, labels), (test_pixels, test_labels) = batches(data + "/data_batch_*.bin"), batches(data + "/test_batch.bin")
    pixels, labels = pixels[:count], labels[:count]
    model = ResNet20()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    steps = epochs * (len(pixels) // 128)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.2, total_steps=steps)
    for epoch in range(epochs):
        began = time.time()
        model.train()
        order = torch.randperm(len(pixels))
        for i in range(len(pixels) // 128):
            rows = order[i * 128:(i + 1) * 128]
            x = pixels[rows].float() / 255
            # Shifted by up to four pixels, and mirrored.
            dx, dy = torch.randint(0, 9, (2,)).tolist()
            x = F.pad(x, (4, 4, 4, 4))[:, :, dy:dy + 32, dx:dx + 32]
            if torch.rand(()) < 0.5:
                x = x.flip(3)
            loss = F.cross_entropy(model(x), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        model.eval()
        with torch.no_grad():
            right = sum((model(test_pixels[i:i + 500].float() / 255).argmax(1) == test_labels[i:i + 500]).sum().item()
                        for i in range(0, len(test_pixels), 500))
        print(f"epoch {epoch + 1} of {epochs}: test accuracy {right / len(test_pixels):.1%}, {time.time() - began:.0f} s", flush=True)
    torch.save(model.state_dict(), out)


if sys.argv[1] == "train":
    train(sys.argv[2], sys.argv[3], int((sys.argv + ["30"])[4]), int((sys.argv[:6] + ["50000"] * 6)[5]))
else:
    torch.manual_seed(7)
    model = ResNet20()
    x = torch.linspace(0, 1, 2 * 3 * 32 * 32).mul(41).sin().abs().view(2, 3, 32, 32)
    model.train()
    model(x)  # running statistics that are not those of the beginning
    model.eval()
    torch.save(model.state_dict(), sys.argv[2])
    with torch.no_grad():
        print(json.dumps({"pixels": x.flatten().tolist(), "logits": model(x).flatten().tolist()}))
