"""What every quantised layer has: its parameters taken from the state dict, its quantisers, its output range."""
import numpy as np

from witin_checkpoint.errors import CheckpointError
from witin_checkpoint.graph import Quantiser, Tensor
from witin_checkpoint.quantise import signed_range, unsigned_range
from witin_checkpoint.scales import Scales


class QuantisedLayer:
    """A layer made from its description, its parameters and the shapes of its inputs (without the batch axis).

    After construction: `quantisers`, one for each input; `shape`, `scale`, `low`, `high` of the output; `summary`, what
    was mapped; `warnings` and `notes`. emit() writes the nodes for inputs that are codes of the quantisers.
    """
    initial = None      # io_max before training, by statistic

    def __init__(self, layer, state, shapes):
        self.layer, self.name, self.config, self.arguments = layer, layer.name, layer.config, layer.arguments
        self.state, self.shapes, self.warnings, self.notes = state, shapes, [], []
        self.scales = Scales(layer, state, self.initial_io_max())
        self.prepare()
        self._check_statistics()

    def initial_io_max(self):
        return {}

    def refuse(self, message):
        raise CheckpointError(f"layer {self.name} ({self.layer.kind}): {message}")

    def _check_statistics(self):
        if self.scales.untouched and not self.scales.trained:
            self.warnings.append(f"every io_max still has its initial value ({', '.join(self.scales.untouched)}): the "
                                 f"checkpoint lost its statistics, or .train() was called just before it was saved")
        elif self.scales.untouched:
            self.warnings.append(f"io_max of {', '.join(self.scales.untouched)} is its initial value: check that the "
                                 f"statistics were taken")

    def parameter(self, role, shape=None):
        """A float tensor of the layer; `shape` is what the constructor's arguments and the inputs ask for."""
        key = f"{self.name}.{role}"
        values = self.state.take(key)
        if shape is not None and values.shape != tuple(shape):
            self.refuse(f"{key} has shape {list(values.shape)}, expected {list(shape)}")
        return values.astype(np.float32)

    def agree(self, argument, found):
        """A constructor argument, where the network file states it, is what the tensors say."""
        stated = self.arguments.get(argument)
        if stated is not None and stated != found:
            self.refuse(f"{argument} is {stated} in the network file, {found} in the checkpoint")

    def quantiser(self, scale, low_high, shift=0):
        return Quantiser(float(scale), low_high[0], low_high[1], shift)

    def output(self, shape, scale, low_high):
        self.shape, self.scale, (self.low, self.high) = tuple(shape), float(scale), low_high

    def result(self, node):
        return Tensor(node, self.shape, self.scale, self.low, self.high)

    def bits(self, field):
        return self.config[field]


def describe_range(low, high):
    for bits in range(1, 18):
        if (low, high) == signed_range(bits):
            return f"int{bits}"
        if (low, high) == unsigned_range(bits):
            return f"uint{bits}"
        if (low, high) == (-unsigned_range(bits)[1], unsigned_range(bits)[1]):
            return f"+-{high}"
    return f"{low}..{high}"


def number(value):
    """A scale as a person writes it."""
    return f"{value:g}" if value < 1e6 else f"2^{np.log2(value):g}"
