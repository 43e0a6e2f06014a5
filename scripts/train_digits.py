#!/usr/bin/env python3
"""Trains two networks on sklearn's handwritten digits and writes them as golden cases in the chip's arithmetic.

    train_digits.py -o golden                    golden/digits_cnn and golden/digits_mlp
    train_digits.py --export-float DIR           the float networks only: digits_cnn.onnx, digits_mlp.onnx

1797 images of 8 x 8 pixels 0..16; pixel / 16 is the network's input, `clip(rne(256 * pixel / 16))` its uint8 code.
360 images, drawn once per class with a fixed seed, are the test set and take no part in training or calibration.

The float network is trained first (batch normalisation, small shifts), its batch normalisation is folded, the
scales are chosen on the training images, then it is trained on with the chip's forward arithmetic and straight-through
gradients:

    acc = x w + b,  b a multiple of 128 that bias_rows rows hold        exact integers
    y   = clip((trunc(acc / (g / 4)) + 2) >> 2, -128, 127)              g = scale_x scale_weight / scale_y = 2^n

Seeded and single-threaded: the same torch build on the same kind of processor gives the same bytes.
Needs python3-torch, python3-sklearn, numpy; --export-float also python3-onnx.
"""
import argparse
import os
import sys

import numpy as np
import sklearn
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn import functional as F

from golden_case import accuracy, write_case
from quant.ranges import Histogram, choose_scale
from wpkg import Package

VERSION = "train_digits 1.0.0"
TEST_IMAGES, INPUT_SCALE, BIAS_ROWS = 360, 256, 8
G_RANGE = (256, 8192)


# ------------------------------------------------------------------------------------------------ float network
def digits():
    """(train images, train labels, test images, test labels); images [N, 1, 8, 8] float32 in 0..1."""
    data = load_digits()
    images = (data.images / 16).astype(np.float32)[:, None]
    train, test = train_test_split(np.arange(len(images)), test_size=TEST_IMAGES, random_state=0, stratify=data.target)
    test.sort()
    return images[train], data.target[train], images[test], data.target[test]


def input_codes(images):
    return np.clip(np.rint(images * np.float32(INPUT_SCALE)), 0, 255).astype(np.uint8)


def float_network(kind):
    """A Sequential of the layer types fold() knows."""
    if kind == "cnn":
        return nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
                             nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
                             nn.Flatten(), nn.Linear(144, 10))
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 128), nn.BatchNorm1d(128), nn.ReLU(),
                         nn.Linear(128, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 10))


def shifted(images, generator):
    """A copy moved by -1..1 pixels in each direction, zeros moved in."""
    dy, dx = torch.randint(0, 3, (2,), generator=generator).tolist()
    return F.pad(images, (1, 1, 1, 1))[:, :, dy:dy + 8, dx:dx + 8]


def fit(forward, parameters, images, labels, epochs, rate, generator, shift_share, after_step=lambda: None):
    optimizer = torch.optim.Adam(parameters, lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        for batch in torch.randperm(len(images), generator=generator).split(32):
            x = images[batch]
            if torch.rand((), generator=generator) < shift_share:
                x = shifted(x, generator)
            optimizer.zero_grad()
            F.cross_entropy(forward(x), labels[batch], label_smoothing=0.05).backward()
            optimizer.step()
            after_step()
        schedule.step()


def train_float(kind, images, labels, epochs, seed):
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = float_network(kind)
    model.train()
    fit(model, model.parameters(), torch.tensor(images), torch.tensor(labels), epochs, 4e-3, generator, 0.3)
    return model.eval()


# ------------------------------------------------------------------------------------------------ chip network
class RoundEven(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return torch.round(x)

    @staticmethod
    def backward(ctx, gradient):
        return gradient


class ArrayOutput(torch.autograd.Function):
    """y of the contract above; the gradient is that of clip(acc / g)."""

    @staticmethod
    def forward(ctx, acc, g):
        y = torch.floor((torch.trunc(acc / (g / 4)) + 2) / 4)
        ctx.save_for_backward((y >= -128) & (y <= 127))
        ctx.g = g
        return y.clamp(-128, 127)

    @staticmethod
    def backward(ctx, gradient):
        return gradient * ctx.saved_tensors[0] / ctx.g, None


class ArrayLayer(nn.Module):
    """conv2d or linear on codes. weight and bias are float parameters; scales are powers of two and stay fixed."""

    def __init__(self, layer, weight, bias):
        super().__init__()
        self.pads = layer.padding if isinstance(layer, nn.Conv2d) else None
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)
        self.scale_weight = choose_scale(Histogram(weight.numpy()), "minmax", -128, 127)
        self.scale_x = self.scale_y = self.g = None

    def product(self, x, weight, bias):
        if self.pads is None:
            return F.linear(x, weight, bias)
        return F.conv2d(x, weight, bias, padding=self.pads)

    def calibrate(self, scale_x, values):
        """scale_y from the float outputs, g within what the chip offers."""
        self.scale_x = scale_x
        self.scale_y = choose_scale(Histogram(values), "mse", -128, 127)
        g = self.scale_x * self.scale_weight / self.scale_y
        self.scale_y *= g / min(max(g, G_RANGE[0]), G_RANGE[1])
        self.g = int(self.scale_x * self.scale_weight / self.scale_y)

    def codes(self):
        """(weight, bias) as the chip holds them."""
        weight = RoundEven.apply(self.weight * self.scale_weight).clamp(-128, 127)
        units = RoundEven.apply(self.bias * (self.scale_x * self.scale_weight / 128))
        return weight, 128 * units.clamp(-128 * BIAS_ROWS, 127 * BIAS_ROWS)

    def forward(self, x):
        return ArrayOutput.apply(self.product(x, *self.codes()), self.g)


def fold(model):
    """[(name, ArrayLayer | other module)] with batch normalisation folded into the layer before it."""
    layers, counts = [], {}
    modules = list(model)
    for index, module in enumerate(modules):
        kind = type(module).__name__
        if kind.startswith("BatchNorm"):
            continue
        name = {"Conv2d": "conv", "Linear": "fc", "ReLU": "relu", "MaxPool2d": "pool", "Flatten": "flat"}[kind]
        counts[name] = counts.get(name, 0) + 1
        if name in ("conv", "fc"):
            weight, bias = module.weight.detach().clone(), module.bias.detach().clone()
            following = modules[index + 1] if index + 1 < len(modules) else None
            if type(following).__name__.startswith("BatchNorm"):
                factor = following.weight.detach() / torch.sqrt(following.running_var + following.eps)
                weight *= factor.reshape([-1] + [1] * (weight.dim() - 1))
                bias = (bias - following.running_mean) * factor + following.bias.detach()
            module = ArrayLayer(module, weight, bias)
        layers.append((f"{name}_{counts[name]}", module))
    return layers


def calibrate(layers, images):
    """Fixes every scale from the float values of the training images."""
    values, scale = torch.tensor(images), INPUT_SCALE
    with torch.no_grad():
        for index, (_, layer) in enumerate(layers):
            if not isinstance(layer, ArrayLayer):
                values = layer(values)
                continue
            values = layer.product(values, layer.weight, layer.bias)
            rectified = index + 1 < len(layers) and isinstance(layers[index + 1][1], nn.ReLU)
            layer.calibrate(scale, (values.clamp(min=0) if rectified else values).numpy())
            scale = layer.scale_y


def chip_forward(layers, codes):
    for _, layer in layers:
        codes = layer(codes)
    return codes


def train_chip(layers, images, labels, epochs, seed):
    arrays = [layer for _, layer in layers if isinstance(layer, ArrayLayer)]
    logits = lambda x: chip_forward(layers, x) / arrays[-1].scale_y

    def keep_in_range():
        with torch.no_grad():
            for layer in arrays:
                layer.weight.clamp_(-128 / layer.scale_weight, 127 / layer.scale_weight)

    codes = torch.tensor(input_codes(images).astype(np.float32))
    generator = torch.Generator().manual_seed(seed)
    fit(logits, [p for layer in arrays for p in layer.parameters()], codes, torch.tensor(labels), epochs, 1e-3,
        generator, 0.3, keep_in_range)


# ------------------------------------------------------------------------------------------------ files
INPUT_SHAPE = {"cnn": [1, 8, 8], "mlp": [64]}      # the mlp's Flatten is left to whoever prepares the input


def to_package(kind, layers):
    package = Package(f"digits_{kind}", "wtm2101", producer=VERSION,
                      description="handwritten digits 0..9 of scikit-learn, 8 x 8 pixels, trained in the chip's "
                                  "arithmetic")
    previous, scale = package.input("image", INPUT_SHAPE[kind], bits=8, signed=False, scale=INPUT_SCALE), INPUT_SCALE
    for name, layer in layers:
        if isinstance(layer, ArrayLayer):
            weight, bias = (t.detach().numpy() for t in layer.codes())
            attributes, scale = {"g": layer.g, "bias_rows": BIAS_ROWS}, layer.scale_y
            if layer.pads is None:
                op, weight = "linear", weight.T
            else:
                op, attributes["pads"] = "conv2d", list(layer.pads) * 2
            previous = package.node(name, op, [previous], {"weight": weight, "bias": bias}, attributes, scale=scale)
        elif isinstance(layer, nn.ReLU):
            previous = package.node(name, "relu", [previous], scale=scale)
        elif isinstance(layer, nn.MaxPool2d):
            previous = package.node(name, "max_pool", [previous], None, {"kernel": [2, 2], "strides": [2, 2]},
                                    scale=scale)
        elif package.nodes:
            previous = package.node(name, "reshape", [previous], None, {"shape": [layers[-1][1].weight.shape[1]]},
                                    scale=scale)
    package.output(previous)
    return package


def export_float(kind, model, path):
    """The trained float network as ONNX, batch normalisation unfolded."""
    from onnx import TensorProto, checker, helper, numpy_helper, save
    tensors, nodes, value = [], [], "image"

    def tensor(name, data):
        tensors.append(numpy_helper.from_array(data.detach().numpy(), name))
        return name

    for index, layer in enumerate(model):
        kind_of = type(layer).__name__
        name, target = f"{kind_of.lower()}_{index}", f"value_{index}" if index + 1 < len(model) else "scores"
        if kind_of in ("Conv2d", "Linear"):
            inputs = [value, tensor(f"{name}.weight", layer.weight), tensor(f"{name}.bias", layer.bias)]
            node = (helper.make_node("Gemm", inputs, [target], name, transB=1) if kind_of == "Linear" else
                    helper.make_node("Conv", inputs, [target], name, kernel_shape=layer.kernel_size,
                                     pads=list(layer.padding) * 2))
        elif kind_of.startswith("BatchNorm"):
            roles = {"scale": layer.weight, "offset": layer.bias, "mean": layer.running_mean, "var": layer.running_var}
            node = helper.make_node("BatchNormalization",
                                    [value] + [tensor(f"{name}.{r}", t) for r, t in roles.items()],
                                    [target], name, epsilon=layer.eps)
        elif kind_of == "MaxPool2d":
            node = helper.make_node("MaxPool", [value], [target], name, kernel_shape=[2, 2], strides=[2, 2])
        elif kind_of == "Flatten" and not nodes:
            continue
        else:
            node = helper.make_node({"ReLU": "Relu"}.get(kind_of, kind_of), [value], [target], name)
        nodes.append(node)
        value = target
    graph = helper.make_graph(nodes, f"digits_{kind}",
                              [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", *INPUT_SHAPE[kind]])],
                              [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", 10])], tensors)
    document = helper.make_model(graph, producer_name=VERSION, opset_imports=[helper.make_opsetid("", 13)])
    document.ir_version = 7
    checker.check_model(document)
    save(document, path)


def deterministic():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)


def train(kind, epochs, chip_epochs, seed):
    """(float model, package in chip arithmetic)"""
    images, labels, _, _ = digits()
    model = train_float(kind, images, labels, epochs, seed)
    layers = fold(model)
    calibrate(layers, images)
    train_chip(layers, images, labels, chip_epochs, seed)
    return model, to_package(kind, layers)


def write_digits_case(kind, package, folder, command):
    _, _, images, labels = digits()
    codes = input_codes(images).reshape([-1] + INPUT_SHAPE[kind])
    network = {"cnn": "Convolutional network", "mlp": "Dense network"}[kind]
    return write_case(folder, package, {"image": codes},
                      f"{network} on the {TEST_IMAGES} test images of scikit-learn's "
                      "handwritten digits, trained in the chip's arithmetic; expected values from the NumPy oracle",
                      command, labels=labels, tools={"torch": torch.__version__, "scikit-learn": sklearn.__version__})


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Train the digits networks and write them as golden cases.")
    parser.add_argument("-o", "--output", metavar="DIR", help="writes DIR/digits_cnn and DIR/digits_mlp")
    parser.add_argument("--export-float", metavar="DIR", help="writes DIR/digits_cnn.onnx and DIR/digits_mlp.onnx")
    parser.add_argument("--epochs", type=int, default=30, help="in float (%(default)s)")
    parser.add_argument("--chip-epochs", type=int, default=15, help="in the chip's arithmetic (%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    if not options.output and not options.export_float:
        parser.error("nothing to write: give -o or --export-float")
    deterministic()
    for kind in ("cnn", "mlp"):
        model, package = train(kind, options.epochs, options.chip_epochs if options.output else 0, options.seed)
        if options.export_float:
            os.makedirs(options.export_float, exist_ok=True)
            export_float(kind, model, os.path.join(options.export_float, f"digits_{kind}.onnx"))
        _, _, images, labels = digits()
        with torch.no_grad():
            share = accuracy(model(torch.tensor(images)).numpy(), labels)
        print(f"digits_{kind}: float accuracy {100 * share:.2f} %")
        if options.output:
            case = write_digits_case(kind, package, os.path.join(options.output, f"digits_{kind}"),
                                     "scripts/train_digits.py -o golden")
            case_share = case["accuracy"]
            print(f"digits_{kind}: accuracy {100 * case_share:.2f} % in the chip's arithmetic, "
                  f"{case['frames']} test images")
    return 0


if __name__ == "__main__":
    sys.exit(main())
