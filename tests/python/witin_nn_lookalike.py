"""Torch modules named and configured as the training library's, for --model: floats in and out, weights and io_max in
the state dict. They compute in float only; the integers are the importer's business.
"""
import enum

import torch


class HandleNegInType(enum.Enum):
    FALSE = 1
    PN = 2
    Shift = 3


class Config:
    def __init__(self, **fields):
        self.use_quantization, self.use_auto_scale = True, True
        self.handle_neg_in, self.bias_d = HandleNegInType.PN, torch.tensor(0)
        self.index, self.target_platform, self.noise_level = None, HandleNegInType.FALSE, 0
        self.__dict__.update(fields)


class _AutoScale(torch.nn.Module):
    def __init__(self, io_max):
        super().__init__()
        self.register_buffer("io_max", torch.tensor(float(io_max)))


def _configured(module, layer_config, **io_max):
    module.layer_config = layer_config
    for name, value in io_max.items():
        setattr(module, f"autoscale_{name}_obj", _AutoScale(value))


class WitinConv2d(torch.nn.Conv2d):
    def __init__(self, *arguments, layer_config=None, **keys):
        super().__init__(*arguments, **keys)
        _configured(self, layer_config, x=3.5, weight=1.5, y=7.5)


class WitinLinear(torch.nn.Linear):
    def __init__(self, *arguments, layer_config=None, **keys):
        super().__init__(*arguments, **keys)
        _configured(self, layer_config, x=3.5, weight=1.5, y=7.5)


class WitinSigmoid(torch.nn.Module):
    def __init__(self, layer_config=None):
        super().__init__()
        _configured(self, layer_config, x=7.0, y=0.9)

    def forward(self, x):
        return torch.sigmoid(x)


class WitinElementMul(torch.nn.Module):
    def __init__(self, layer_config=None):
        super().__init__()
        _configured(self, layer_config, x1=3.0, x2=1.0, y=2.0)

    def forward(self, a, b):
        return a * b


class WitinCat(torch.nn.Module):
    def __init__(self, dim=1, layer_config=None):
        super().__init__()
        self.dim = dim
        _configured(self, layer_config, x1=3.0, x2=1.0, y=2.0)

    def forward(self, a, b):
        return torch.cat((a, b), self.dim)


class Network(torch.nn.Module):
    """Every operation between the layers that --model knows."""

    def __init__(self, **fields):
        super().__init__()
        config = Config(**fields)
        self.features = torch.nn.Sequential(WitinConv2d(2, 4, 3, padding=1, layer_config=config), torch.nn.ReLU(),
                                            torch.nn.MaxPool2d(2), torch.nn.Dropout(0.5))
        self.gate = WitinConv2d(4, 4, 1, bias=False, layer_config=Config(x_quant_bits=10))
        self.sigmoid, self.multiply, self.cat = WitinSigmoid(config), WitinElementMul(config), WitinCat(1, config)
        self.fc = WitinLinear(35, 5, layer_config=config)

    def forward(self, x):
        x = self.features(x)
        y = self.multiply(x, self.sigmoid(self.gate(x)))
        y = self.cat(y, torch.relu(x))
        y = y.transpose(2, 3)[:, 1:7, :, 0:]
        y = y.permute(0, 2, 3, 1).contiguous().view(y.shape[0], -1, 3, 2)
        y = torch.nn.functional.max_pool2d(y, kernel_size=(2, 1), stride=1)
        return self.fc(torch.flatten(y, 1)[..., 1:].reshape(y.size(0), -1))


def network():
    torch.manual_seed(1)
    return Network()


def unconfigured():
    model = network()
    model.fc.layer_config = None
    return model


def plain_addition():
    class Adds(Network):
        def forward(self, x):
            return self.features(x) + 1
    return Adds()
