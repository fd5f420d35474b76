#!/usr/bin/python3
"""Writes a ResNet up to layer3 as ONNX, for onnxruntime to run beside our own.

usage: export.py WEIGHTS.safetensors MODEL.onnx NETWORK HEIGHT WIDTH

NETWORK is resnet18 or wide_resnet50_2. The weights have torchvision's names, with
batch norm folded into the convolutions, whose biases stand beside their weights.
The model has one input, "picture" (1,3,HEIGHT,WIDTH), and one output, "layer3".
"""

import json
import struct
import sys

import numpy
import torch
from torch.nn import functional

BLOCKS = {"resnet18": (2, 2, 2), "wide_resnet50_2": (3, 4, 6)}


def read(path):
    """Returns a safetensors file's float32 tensors by name."""
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    body = data[8 + length :]
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name == "__metadata__":
            continue
        assert entry["dtype"] == "F32", (name, entry["dtype"])
        start, end = entry["data_offsets"]
        values = numpy.frombuffer(body[start:end], dtype="<f4").reshape(entry["shape"])
        tensors[name] = torch.from_numpy(values.copy())
    return tensors


class Network(torch.nn.Module):
    def __init__(self, weights, blocks):
        super().__init__()
        self.blocks = blocks
        self.convs = torch.nn.ModuleDict()
        for name, weight in weights.items():
            if name.endswith(".weight"):
                name = name[: -len(".weight")]
                outputs, inputs, size, _ = weight.shape
                conv = torch.nn.Conv2d(inputs, outputs, size, padding=size // 2)
                conv.weight.data, conv.bias.data = weight, weights[name + ".bias"]
                self.convs[name.replace(".", "/")] = conv

    def has(self, name):
        return name.replace(".", "/") in self.convs

    def conv(self, name, x, stride=1):
        conv = self.convs[name.replace(".", "/")]
        conv.stride = (stride, stride)
        return conv(x)

    def block(self, name, x, stride):
        bottleneck = self.has(name + ".conv3")
        y = functional.relu(self.conv(name + ".conv1", x, 1 if bottleneck else stride))
        y = self.conv(name + ".conv2", y, stride if bottleneck else 1)
        if bottleneck:
            y = self.conv(name + ".conv3", functional.relu(y))
        if self.has(name + ".downsample.0"):
            x = self.conv(name + ".downsample.0", x, stride)
        return functional.relu(x + y)

    def forward(self, x):
        x = functional.max_pool2d(functional.relu(self.conv("conv1", x, 2)), 3, 2, 1)
        for stage, count in enumerate(self.blocks, start=1):
            for i in range(count):
                x = self.block(f"layer{stage}.{i}", x, 2 if i == 0 and stage > 1 else 1)
        return x


def main():
    weights, model, network, height, width = sys.argv[1:]
    net = Network(read(weights), BLOCKS[network]).eval()
    with torch.no_grad():
        torch.onnx.export(
            net,
            torch.zeros(1, 3, int(height), int(width)),
            model,
            opset_version=13,
            input_names=["picture"],
            output_names=["layer3"],
        )


main()
