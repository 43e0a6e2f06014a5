"""The package while it is built: what each ONNX value became, the codes it can take, and the mapping that is printed.

A value's shape is that of one frame. Axis 0 of every ONNX value counts frames, except that the maps [1, C, H, T] of a
streaming graph have theirs as W: one frame is [C, H, 1].
"""
import re
from dataclasses import dataclass

import numpy as np

import wpkg
from onnx_dialect.model import ImportRefused

INT8, UINT8, PN8 = (-128, 127), (0, 255), (-255, 255)


@dataclass
class Value:
    name: str      # in the package
    shape: list    # of one frame
    range: tuple   # lowest and highest code
    time: bool = False  # a map whose W counts frames

    def within(self, limits):
        return limits[0] <= self.range[0] and self.range[1] <= limits[1]


@dataclass
class Pending:
    """An array operation whose g comes with the Scale that reads it. emit(g, name, source) makes the node."""
    emit: object
    value: dict  # g -> Value


class NeedsStreaming(Exception):
    """The graph turns W into rows: time has to be frames."""


class Graph:
    def __init__(self, model, package, streaming, default_g, state_min, report):
        self.model, self.package, self.streaming = model, package, streaming
        self.default_g, self.state_min, self._report = default_g, state_min, report
        self.values, self._names = {}, set()

    # ---------------------------------------------------------------- what a node reads
    def input(self, node, index=0):
        """The value at an input; ImportRefused where it is a constant or not a finished value."""
        name = node.inputs[index] if index < len(node.inputs) else ""
        value = self.values.get(name)
        if value is None:
            node.refuse(f"input {index} ({name or 'absent'}) has to be computed by the graph, not a constant")
        if isinstance(value, Pending):
            node.refuse(f"input {name} is an array operation that a Scale reads as well; its own divisor is not told")
        return value

    def constant(self, node, index, default=None):
        """The constant at an input as floats, or `default` where the input is absent."""
        if index >= len(node.inputs) or not node.inputs[index]:
            return default
        if node.inputs[index] not in self.model.constants:
            node.refuse(f"input {index} ({node.inputs[index]}) has to be a constant")
        return np.asarray(self.model.constants[node.inputs[index]])

    def is_constant(self, node, index):
        return index < len(node.inputs) and node.inputs[index] in self.model.constants

    def integers(self, node, index, default=None):
        """The constant at an input, whose values have to be integers."""
        values = self.constant(node, index)
        return default if values is None else self.whole(node, node.inputs[index], values)

    def whole(self, node, what, values):
        try:
            return wpkg.integers(values, what)
        except wpkg.PackageError as error:
            node.refuse(str(error))

    def axis(self, node, axis, value):
        """An ONNX axis as an axis of the frame."""
        rank = len(value.shape) + 1
        if not -rank <= axis < rank:
            node.refuse(f"axis {axis} of a value with {rank} axes")
        axis %= rank
        if axis == 0:
            node.refuse("axis 0 counts frames, which cannot be mixed")
        if value.time and axis == len(value.shape):
            node.refuse("the last axis is time, one column a frame, which cannot be mixed")
        return axis - 1

    # ---------------------------------------------------------------- what a node makes
    def unique(self, wanted):
        base = re.sub(r"[^A-Za-z0-9_./:-]", "_", wanted)[:190] or "node"
        name, count = base, 1
        while name in self._names:
            count += 1
            name = f"{base}_{count}"
        self._names.add(name)
        return name

    def add_input(self, name, shape, limits, time):
        kinds = {INT8: {"signed": True}, UINT8: {"signed": False}, PN8: {"signed": True, "neg_in": "pn"}}
        value = Value(self.unique(name), shape, limits, time)
        self.package.input(value.name, shape, 8, **kinds[limits])
        self.values[name] = value
        self._report(f"input {value.name} {shape}: codes {limits[0]}..{limits[1]}" +
                     (", one time step a frame" if time else ""))

    def add(self, node, op, inputs, shape, limits, tensors=None, attributes=None, output=None, name=None,
            time=None):
        """Appends a package node and returns its Value. `output`: the ONNX value it computes, by default the node's
        first; "" for a step in between. `time`: whether W counts frames, by default as in the inputs."""
        source = node.outputs[0] if output is None else output
        value = Value(self.unique(name or node.name), [int(n) for n in shape], (int(limits[0]), int(limits[1])),
                      any(i.time for i in inputs) if time is None else time)
        try:
            self.package.node(value.name, op, [i.name for i in inputs], tensors, attributes,
                              **({"x-onnx": source} if source else {}))
        except wpkg.PackageError as error:
            node.refuse(str(error))
        if source:
            self.values[source] = value
        shown = ", ".join(f"{k} {v}" for k, v in (attributes or {}).items() if v is not None and v is not False)
        self._report(f"{node.op} {node.name} -> {op} {value.name} {value.shape}" + (f" ({shown})" if shown else ""))
        return value

    def note(self, node, text):
        self._report(f"note: {node.op} {node.name}: {text}")


def refuse_attributes(node, **expected):
    """Refuses a node whose attribute differs from the only value that is mapped."""
    for name, allowed in expected.items():
        if node.get(name, allowed) != allowed:
            node.refuse(f"attribute {name} = {node.get(name)} is not part of the dialect, expected {allowed}")


__all__ = ["Graph", "ImportRefused", "NeedsStreaming", "Pending", "Value", "refuse_attributes"]
