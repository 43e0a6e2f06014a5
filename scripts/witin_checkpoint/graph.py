"""Nodes of the package under construction, and the float tensors of the network as codes.

The library hands floats from layer to layer and every layer quantises its input for itself. Here a tensor is codes at a
scale (Tensor), a layer says which codes it wants (Quantiser), and Graph.quantised() puts a requantize node between
where the two differ: code -> clip(rne(f32(f32(f32(code / scale) * scale_to) + shift))).

A network input is a float that nobody has quantised yet. Operations that only move or select values (relu, reshape,
slice, max_pool2d, ...) are repeated on the codes of each quantisation of it. Quantisations of one scale and shift share
a package input of the widest range. Different ones cannot be derived from each other (a float rounded twice is not the
float rounded once), so each is a package input of its own, and its key x-quantises names the network input whose floats
it takes.
"""
import dataclasses

import numpy as np

from witin_checkpoint.errors import CheckpointError
from witin_checkpoint.quantise import F32, I64, is_power_of_two, pn_range, signed_range, unsigned_range

MAX_INPUT_BITS = 16


@dataclasses.dataclass(frozen=True)
class Tensor:
    """Codes `low`..`high` of a node; the library's float is code / scale. `shape` has no batch axis."""
    node: str
    shape: tuple
    scale: float
    low: int
    high: int


@dataclasses.dataclass(frozen=True)
class FloatInput:
    """A network input after `moves`, operations that commute with rounding and clipping (layers_movement)."""
    source: str
    shape: tuple
    moves: tuple = ()


@dataclasses.dataclass(frozen=True)
class Quantiser:
    """x -> clip(rne(f32(f32(x * scale) + shift)), low, high)"""
    scale: float
    low: int
    high: int
    shift: int = 0

    def of_codes(self, tensor):
        """What every code of the tensor becomes, as the library computes it."""
        value = np.arange(tensor.low, tensor.high + 1).astype(F32) / F32(tensor.scale) * F32(self.scale)
        return np.clip(np.rint(value + F32(self.shift)), self.low, self.high).astype(I64)

    def zero(self):
        """The code of 0.0"""
        return min(max(self.shift, self.low), self.high)


def range_attributes(low, high, shift=0):
    """bits, signed and neg_in of the narrowest input or requantize node that holds low..high."""
    for bits in range(1, MAX_INPUT_BITS + 1):
        if low >= 0 and high <= unsigned_range(bits)[1]:
            return {"bits": bits, "neg_in": "shift"} if shift else {"bits": bits}
        if signed_range(bits)[0] <= low and high <= signed_range(bits)[1]:
            return {"bits": bits, "signed": True}
        if pn_range(bits)[0] <= low and high <= pn_range(bits)[1]:
            return {"bits": bits, "neg_in": "pn"}
    raise CheckpointError(f"codes {low}..{high} need more than {MAX_INPUT_BITS} bits, which a package cannot hold")


def range_of(attributes):
    if attributes.get("neg_in") == "pn":
        return pn_range(attributes["bits"])
    return signed_range(attributes["bits"]) if attributes.get("signed") else unsigned_range(attributes["bits"])


class Plan:
    """What the layers of a network want of its float inputs: {input: {(scale, shift): [low, high, first reader]}}."""

    def __init__(self, inputs):
        self.wanted = {name: {} for name in inputs}

    def want(self, source, quantiser, reader):
        entry = self.wanted[source].setdefault((quantiser.scale, quantiser.shift),
                                               [quantiser.low, quantiser.high, reader])
        entry[:2] = min(entry[0], quantiser.low), max(entry[1], quantiser.high)


class Graph:
    """Writes nodes into `package`. `names`: of layers and inputs, which nodes put between them must not take."""

    def __init__(self, package, names, plan):
        self.package, self.plan, self.names = package, plan, set(names)
        self.inputs, self.requantised, self.moved = {}, {}, {}
        self.used = set()       # names of nodes written

    def add_input(self, name, shape):
        """Declares the package inputs for all quantisations of a network input; the first has its name."""
        for index, ((scale, shift), (low, high, reader)) in enumerate(self.plan.wanted[name].items()):
            own = name if index == 0 else self.free_name(f"{name}:{reader}")
            extra = range_attributes(low, high, shift)
            self.inputs[name, scale, shift] = Tensor(own, shape, scale, *range_of(extra))
            extra.update({"scale": scale, **({"shift": shift} if shift else {})})
            if len(self.plan.wanted[name]) > 1:
                extra["x-quantises"] = name
            self.package.input(own, shape, **extra)

    def free_name(self, wanted):
        name, count = wanted, 1
        while name in self.names:
            count += 1
            name = f"{wanted}.{count}"
        self.names.add(name)
        return name

    def node(self, name, op, inputs, tensors=None, attributes=None, **extra):
        """A node that bears a layer's name, or one from free_name()."""
        self.used.add(name)
        return self.package.node(name, op, inputs, tensors, attributes, **extra)

    def quantised(self, value, quantiser, reader, role="x"):
        """The codes that `quantiser` makes of a Tensor or FloatInput, as a Tensor. A new node is called READER:ROLE."""
        own = isinstance(value, FloatInput)
        tensor = self._moved(value, quantiser, reader) if own else value
        key = (tensor.node, quantiser)
        if key not in self.requantised:
            node = self._requantised(tensor, quantiser, own, f"{reader}:{role}")
            self.requantised[key] = Tensor(node, tensor.shape, quantiser.scale, quantiser.low, quantiser.high)
        return self.requantised[key]

    def _moved(self, value, quantiser, reader):
        """The codes of the network input at the quantiser's scale and shift, after the moves."""
        tensor = self.inputs[value.source, quantiser.scale, quantiser.shift]
        for move in value.moves:
            key = (tensor.node, move.name)
            if key not in self.moved:
                name = self.free_name(f"{move.name}:{reader}") if move.name in self.used else move.name
                self.moved[key] = move.on_codes(self, tensor, quantiser.zero(), name)
            tensor = self.moved[key]
        return tensor

    def _requantised(self, tensor, quantiser, own, name):
        """own: the codes already are the quantiser's, but for its range."""
        codes = np.arange(tensor.low, tensor.high + 1)
        wanted = np.clip(codes, quantiser.low, quantiser.high) if own else quantiser.of_codes(tensor)
        if np.array_equal(wanted, codes):
            return tensor.node
        name = self.free_name(name)
        scales = (1, 1) if own else (tensor.scale, quantiser.scale)
        shift = 0 if own else quantiser.shift
        scale = None if quantiser.shift else quantiser.scale
        if not all(map(is_power_of_two, scales)) and fits_table(wanted):
            return self.table(name, tensor, wanted, scale)
        return self.node(name, "requantize", [tensor.node], None,
                         {"scale_from": scales[0], "scale_to": scales[1], "shift": shift or None,
                          **range_attributes(quantiser.low, quantiser.high, quantiser.shift)}, scale=scale)

    def table(self, name, tensor, wanted, scale):
        """A lut from the tensor's codes (low..high in order) to `wanted`; above int16 a requantize follows."""
        if not fits_table(wanted):
            raise CheckpointError(f"{name}: a table with entries {wanted.min()}..{wanted.max()} does not fit int16")
        length = max(256, 1 << (len(wanted) - 1).bit_length())
        offset = 1 << 15 if wanted.max() >= 1 << 15 else 0
        table = np.zeros(length, I64)
        table[np.arange(tensor.low, tensor.high + 1) % length] = wanted - offset
        if not offset:
            return self.node(name, "lut", [tensor.node], {"table": table}, {"y_bits": table_bits(table)}, scale=scale)
        low = self.node(self.free_name(f"{name}:low"), "lut", [tensor.node], {"table": table}, {"y_bits": 16})
        return self.node(name, "requantize", [low], None, {"scale_from": 1, "scale_to": 1, "shift": offset,
                                                           **range_attributes(int(wanted.min()), int(wanted.max()))},
                         scale=scale)


def fits_table(wanted):
    return len(wanted) <= 1 << 16 and wanted.min() >= (0 if wanted.max() >= 1 << 15 else -(1 << 15)) \
        and wanted.max() < 1 << 16


def table_bits(table):
    """y_bits of a lut with these entries: all signed, or none negative and all unsigned."""
    bits = 8
    while not (signed_range(bits)[0] <= table.min() and table.max() <= signed_range(bits)[1]
               or 0 <= table.min() and table.max() <= unsigned_range(bits)[1]):
        bits += 1
    return bits
