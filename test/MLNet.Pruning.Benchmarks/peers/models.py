#!/usr/bin/env python3
"""Writes the networks that are measured, each as an ONNX model and as its weights by PyTorch's names: models.py FOLDER."""
import struct
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Net:
    """Collects nodes and weights. Weights of which a part is inactive have zeros."""

    def __init__(self, name, seed, inactive=0.0):
        self.name, self.random, self.inactive = name, np.random.default_rng(seed), inactive
        self.nodes, self.constants, self.weights, self.count = [], [], {}, 0

    def add(self, op, *inputs, **attributes):
        self.count += 1
        output = f"v{self.count}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], **attributes))
        return output

    def constant(self, value, dtype=np.float32):
        self.count += 1
        name = f"c{self.count}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def weight(self, name, shape, scale, center=0.0, sparse=False):
        value = (center + scale * (2 * self.random.random(shape) - 1)).astype(np.float32)
        if sparse and self.inactive > 0:
            value[self.random.random(shape) < self.inactive] = 0
        self.weights[name] = value
        return value

    def linear(self, name, x, outputs, inputs, scale=None, sparse=True):
        scale = scale or 1 / np.sqrt(inputs * (1 - self.inactive))
        w = self.weight(name + ".weight", (outputs, inputs), scale, sparse=sparse)
        b = self.weight(name + ".bias", (outputs,), scale)
        return self.add("Add", self.add("MatMul", x, self.constant(w.T)), self.constant(b))

    def gemm(self, name, x, outputs, inputs):
        scale = 1 / np.sqrt(inputs * (1 - self.inactive))
        w = self.weight(name + ".weight", (outputs, inputs), scale, sparse=True)
        b = self.weight(name + ".bias", (outputs,), scale)
        return self.add("Gemm", x, self.constant(w), self.constant(b), transB=1)

    def norm(self, name, x, width):
        w, b = self.weight(name + ".weight", (width,), 0.2, 1), self.weight(name + ".bias", (width,), 0.1)
        return self.add("LayerNormalization", x, self.constant(w), self.constant(b), axis=-1, epsilon=1e-5)

    def gelu(self, x):
        erf = self.add("Erf", self.add("Div", x, self.constant(np.sqrt(2))))
        return self.add("Mul", self.add("Mul", x, self.add("Add", erf, self.constant(1))), self.constant(0.5))

    def save(self, folder, inputs, output, shape):
        self.nodes.append(helper.make_node("Identity", [output], ["scores"]))
        graph = helper.make_graph(
            self.nodes, self.name,
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in inputs],
            [helper.make_tensor_value_info("scores", TensorProto.FLOAT, shape)], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        onnx.save(model, f"{folder}/{self.name}.onnx")
        with open(f"{folder}/{self.name}.weights", "wb") as file:
            file.write(struct.pack("<i", len(self.weights)))
            for name, value in self.weights.items():
                text = name.encode()
                file.write(struct.pack("<i", len(text)) + text + struct.pack("<i", value.ndim) + struct.pack(f"<{value.ndim}i", *value.shape))
                file.write(value.tobytes())


def feed_forward(folder, name, sizes, inactive=0.0, softmax=True):
    net, x = Net(name, 1, inactive), "x"
    for i in range(1, len(sizes)):
        x = net.gemm(f"layers.linear{i}", x, sizes[i], sizes[i - 1])
        if i < len(sizes) - 1:
            x = net.add("Relu", x)
    if softmax:
        x = net.add("Softmax", x, axis=1)
    net.save(folder, [("x", ["n", sizes[0]])], x, ["n", sizes[-1]])


def vit(folder, name, tokens, patch_values, patches, dim=64, depth=4, heads=4, head_size=16, hidden=128, classes=10, inactive=0.0, sized=False, class_token=False):
    """With sizes: inputs x [n, tokens, values], shares [n, tokens, patches], sizes [n, tokens]; otherwise x alone, and every token is a patch."""
    net, width = Net(name, 2, inactive), heads * head_size
    x = net.linear("embedding", "x", dim, patch_values)
    positions = net.weight("positions.weight", (patches, dim), 0.3)
    x = net.add("Add", x, net.add("MatMul", "shares", net.constant(positions)) if sized else net.constant(positions[:tokens]))
    sizes = "sizes"
    if class_token:
        token = net.weight("classToken.weight", (1, dim), 0.3).reshape(1, 1, dim)
        first = net.add("Slice", x, net.constant([0], np.int64), net.constant([1], np.int64), net.constant([1], np.int64))
        x = net.add("Concat", net.add("Add", net.add("Mul", first, net.constant(0)), net.constant(token)), x, axis=1)
        if sized:
            one = net.add("Slice", sizes, net.constant([0], np.int64), net.constant([1], np.int64), net.constant([1], np.int64))
            sizes = net.add("Concat", net.add("Add", net.add("Mul", one, net.constant(0)), net.constant(1)), sizes, axis=1)
        tokens += 1
    if sized:
        log_sizes = net.add("Unsqueeze", net.add("Log", sizes), net.constant([1, 2], np.int64))
    for b in range(depth):
        name = f"blocks.{b}"
        normed = net.norm(f"{name}.attentionNorm", x, dim)
        qkv = net.linear(f"{name}.attention.qkv", normed, 3 * width, dim)
        parts = net.add("Reshape", qkv, net.constant([0, tokens, 3 * heads, head_size], np.int64))
        parts = net.add("Transpose", parts, perm=[0, 2, 1, 3])
        slices = []
        for part in range(3):
            slices.append(net.add("Slice", parts, net.constant([part * heads], np.int64), net.constant([(part + 1) * heads], np.int64), net.constant([1], np.int64)))
        queries = net.add("Mul", slices[0], net.constant(1 / np.sqrt(head_size)))
        scores = net.add("MatMul", queries, net.add("Transpose", slices[1], perm=[0, 1, 3, 2]))
        if sized:
            scores = net.add("Add", scores, log_sizes)
        mixed = net.add("Transpose", net.add("MatMul", net.add("Softmax", scores, axis=-1), slices[2]), perm=[0, 2, 1, 3])
        mixed = net.add("Reshape", mixed, net.constant([0, tokens, width], np.int64))
        x = net.add("Add", x, net.linear(f"{name}.attention.projection", mixed, dim, width))
        normed = net.norm(f"{name}.hiddenNorm", x, dim)
        x = net.add("Add", x, net.linear(f"{name}.output", net.gelu(net.linear(f"{name}.hidden", normed, hidden, dim)), dim, hidden))
    if class_token:
        x = net.add("Gather", x, net.constant(0, np.int64), axis=1)
    elif sized:
        weighted = net.add("ReduceSum", net.add("Mul", x, net.add("Unsqueeze", sizes, net.constant([2], np.int64))), net.constant([1], np.int64), keepdims=0)
        x = net.add("Div", weighted, net.constant(patches))
    else:
        x = net.add("ReduceMean", x, axes=[1], keepdims=0)
    x = net.linear("logits", net.norm("norm", x, dim), classes, dim, sparse=False)
    x = net.add("Softmax", x, axis=1)
    inputs = [("x", ["n", tokens - (1 if class_token else 0), patch_values])]
    if sized:
        inputs += [("shares", ["n", tokens - (1 if class_token else 0), patches]), ("sizes", ["n", tokens - (1 if class_token else 0)])]
    net.save(folder, inputs, x, ["n", classes])


def convolution(net, name, x, outputs, inputs, batch_norm=None):
    scale = 1 / np.sqrt(9 * inputs * (1 - net.inactive))
    w = net.weight(name + ".weight", (outputs, inputs, 3, 3), scale, sparse=True)
    b = net.weight(name + ".bias", (outputs,), scale)
    x = net.add("Conv", x, net.constant(w), net.constant(b), kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    if batch_norm:
        parts = [net.weight(f"{batch_norm}.{part}", (outputs,), 0.3, center) for part, center in (("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1))]
        x = net.add("BatchNormalization", x, *[net.constant(part) for part in parts], epsilon=1e-5)
    return net.add("MaxPool", net.add("Relu", x), kernel_shape=[2, 2], strides=[2, 2])


def conv_net(folder, name, image, channels, hidden, classes=10, inactive=0.0, batch_norm=False):
    net, x, before, side = Net(name, 3, inactive), "x", image[0], image[1:]
    for i, count in enumerate(channels, 1):
        x = convolution(net, f"features.conv{i}", x, count, before, f"features.norm{i}" if batch_norm else None)
        before, side = count, [s // 2 for s in side]
    flat = before * side[0] * side[1]
    x = net.add("Flatten", x)
    for i, count in enumerate(hidden, 1):
        x, flat = net.add("Relu", net.gemm(f"classifier.linear{i}", x, count, flat)), count
    x = net.add("Softmax", net.gemm("classifier.logits", x, classes, flat), axis=1)
    net.save(folder, [("x", ["n", *image])], x, ["n", classes])


def vae(folder, name, image, channels, hidden, latent):
    net, x, before, side = Net(name, 4), "x", image[0], image[1:]
    for i, count in enumerate(channels, 1):
        x = convolution(net, f"encoder.conv{i}", x, count, before)
        before, side = count, [s // 2 for s in side]
    area, flat = side, before * side[0] * side[1]
    last, x = flat, net.add("Flatten", x)
    for i, count in enumerate(hidden, 1):
        x, flat = net.add("Relu", net.gemm(f"encoder.linear{i}", x, count, flat)), count
    mean, spread = net.gemm("mean", x, latent, flat), net.gemm("logVariance", x, latent, flat)
    x, flat = mean, latent
    for i, count in enumerate([*reversed(hidden), last], 1):
        x, flat = net.add("Relu", net.gemm(f"expansion.linear{i}", x, count, flat)), count
    x = net.add("Reshape", x, net.constant([0, before, *area], np.int64))
    sizes = [*reversed(channels), image[0]]
    for i in range(1, len(sizes)):
        scale = 1 / np.sqrt(4 * sizes[i - 1])
        w = net.weight(f"decoder.deconv{i}.weight", (sizes[i - 1], sizes[i], 4, 4), scale)
        b = net.weight(f"decoder.deconv{i}.bias", (sizes[i],), scale)
        x = net.add("ConvTranspose", x, net.constant(w), net.constant(b), kernel_shape=[4, 4], strides=[2, 2], pads=[1, 1, 1, 1])
        if i < len(sizes) - 1:
            x = net.add("Relu", x)
    values = int(np.prod(image))
    logits, target = net.add("Flatten", x), net.add("Flatten", "x")
    softplus = net.add("Log", net.add("Add", net.add("Exp", net.add("Neg", net.add("Abs", logits))), net.constant(1)))
    entropy = net.add("Add", net.add("Sub", net.add("Relu", logits), net.add("Mul", logits, target)), softplus)
    distance = net.add("Sub", net.add("Sub", net.add("Add", net.add("Mul", mean, mean), net.add("Exp", spread)), net.constant(1)), spread)
    loss = net.add("Add", net.add("ReduceSum", entropy, net.constant([1], np.int64), keepdims=1),
                   net.add("Mul", net.add("ReduceSum", distance, net.constant([1], np.int64), keepdims=1), net.constant(0.5)))
    net.save(folder, [("x", ["n", *image])], net.add("Concat", mean, net.add("Sigmoid", logits), loss, axis=1), ["n", latent + values + 1])


def conv(net, name, x, outputs, inputs, kernel, stride=1, groups=1, bias=True, norm=None):
    scale = 1 / np.sqrt(kernel * kernel * inputs / groups)
    w = net.weight(name + ".weight", (outputs, inputs // groups, kernel, kernel), scale)
    arrays = [net.constant(w)] + ([net.constant(net.weight(name + ".bias", (outputs,), scale))] if bias else [])
    x = net.add("Conv", x, *arrays, kernel_shape=[kernel, kernel], pads=[kernel // 2] * 4, strides=[stride, stride], group=groups)
    if norm:
        parts = [net.weight(f"{norm}.{part}", (outputs,), 0.3, center) for part, center in (("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1))]
        x = net.add("BatchNormalization", x, *[net.constant(part) for part in parts], epsilon=1e-5)
    return x


def resnet(folder, name):
    net = Net(name, 6)
    x = net.add("Relu", conv(net, "conv1", "x", 16, 3, 3, bias=False, norm="bn1"))
    before = 16
    for i, width in enumerate([16] * 3 + [32] * 3 + [64] * 3):
        block, stride = f"blocks.{i}", 1 if width == before else 2
        y = net.add("Relu", conv(net, f"{block}.conv1", x, width, before, 3, stride, bias=False, norm=f"{block}.bn1"))
        y = conv(net, f"{block}.conv2", y, width, width, 3, bias=False, norm=f"{block}.bn2")
        if stride == 2:
            x = conv(net, f"{block}.downsample.0", x, width, before, 1, 2, bias=False, norm=f"{block}.downsample.1")
        x, before = net.add("Relu", net.add("Add", y, x)), width
    x = net.add("Flatten", net.add("GlobalAveragePool", x))
    net.save(folder, [("x", ["n", 3, 32, 32])], net.add("Softmax", net.gemm("fc", x, 10, before), axis=1), ["n", 10])


def depthwise(folder, name):
    net = Net(name, 7)
    low, high = net.constant(0), net.constant(6)
    x = net.add("Clip", conv(net, "layers.0", "x", 32, 3, 3), low, high)
    before = 32
    for i, (width, stride) in enumerate([(64, 1), (128, 2), (128, 1), (256, 2), (256, 1)]):
        x = net.add("Clip", conv(net, f"layers.{2 + 4 * i}", x, before, before, 3, stride, before), low, high)
        x, before = net.add("Clip", conv(net, f"layers.{4 + 4 * i}", x, width, before, 1), low, high), width
    x = net.add("Flatten", net.add("GlobalAveragePool", x))
    net.save(folder, [("x", ["n", 3, 32, 32])], net.add("Softmax", net.gemm("layers.24", x, 10, before), axis=1), ["n", 10])


def main(folder):
    resnet(folder, "resnet20")
    depthwise(folder, "depthwise")
    feed_forward(folder, "feed-forward", [784, 50, 30, 10])
    feed_forward(folder, "wide", [4096, 1024], inactive=0.95, softmax=False)
    vit(folder, "vit8", 8, 49, 8)
    vit(folder, "vit8-80", 8, 49, 8, inactive=0.8)
    vit(folder, "vit49", 49, 16, 49)
    vit(folder, "vit49-90", 49, 16, 49, inactive=0.9)
    vit(folder, "vit-sized", 8, 49, 16, sized=True)
    vit(folder, "vit-sized-80", 8, 49, 16, sized=True, inactive=0.8)
    vit(folder, "vit-class", 9, 48, 16, dim=44, depth=2, heads=3, head_size=12, hidden=70, sized=True, class_token=True, inactive=0.7)
    conv_net(folder, "conv-net", [3, 32, 32], [16, 32], [256, 128])
    conv_net(folder, "conv-net-90", [3, 32, 32], [16, 32], [256, 128], inactive=0.9)
    conv_net(folder, "conv-net-norm", [2, 19, 23], [5, 9, 6], [21], 7, inactive=0.6, batch_norm=True)
    vae(folder, "vae", [1, 28, 28], [16, 32], [256, 128], 32)
    vae(folder, "vae-small", [3, 12, 20], [5, 7], [30, 22], 6)


main(sys.argv[1])
