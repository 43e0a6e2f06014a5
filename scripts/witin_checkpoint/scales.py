"""Scales of a layer: 2^(q-1) / 2^ceil(log2(io_max)) from the checkpoint, or the numbers of its configuration.

io_max and log2 are float32, so an io_max a few ulp above a power of two may count as that power.
"""
import math

import numpy as np

from witin_checkpoint.errors import CheckpointError

INITIAL_DIGITAL = 8.0     # of every statistic of a digital layer; an array layer's starts at its bit count


def auto_scale(io_max, bits):
    """io_max: a positive float32."""
    exponent = math.ceil(float(np.float32(math.log2(float(np.float32(io_max))))))
    return math.ldexp(1.0, bits - 1 - exponent)


class Scales:
    """Scales of one layer by statistic: x, x1, x2, weight, y. Collects what it should warn about."""

    def __init__(self, layer, state, initial=None):
        """initial: {statistic: io_max before training}; INITIAL_DIGITAL where not given."""
        self.layer, self.state, self.initial = layer, state, initial or {}
        self.untouched, self.trained = [], []
        self.auto = layer.config["use_auto_scale"]

    def scale(self, statistic, field, bits):
        """bits: q of the rule for this statistic; field: the configuration's name for the explicit scale."""
        key = f"{self.layer.name}.autoscale_{statistic}_obj.io_max"
        if not self.auto:
            self.state.take_optional(key)
            return float(self.layer.config[field])
        if key not in self.state:
            raise CheckpointError(f"{self.state.where}: layer {self.layer.name}: {key} is missing: the checkpoint has "
                                  f"lost its io_max; save it in eval mode, or give scales with use_auto_scale false")
        io_max = self.state.take(key)
        if io_max.size != 1:
            raise CheckpointError(f"{self.state.where}: {key} has shape {list(io_max.shape)}, expected one number")
        value = float(io_max.reshape(()))
        if not value > 0:
            raise CheckpointError(f"{self.state.where}: {key} is {value:g}: the statistic was lost or never taken, no "
                                  f"scale follows from it; run a few batches in train mode, then eval, then save")
        initial = self.initial.get(statistic, INITIAL_DIGITAL)
        (self.untouched if value == initial else self.trained).append(f"{statistic} {value:g}")
        scale = auto_scale(value, bits)
        if not 2.0 ** -100 < scale < 2.0 ** 100:
            raise CheckpointError(f"{self.state.where}: {key} is {value:g}, which gives a scale of {scale:g}")
        return scale
