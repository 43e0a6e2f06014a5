"""Reshape, Flatten, Slice, Split, Concat, Transpose: codes move, values stay.

Reshape is row-major (C, H, W) within a frame, except between maps [1, C, H, T] and rows [T, H*C], where the chip's
memory order holds: row = time, then H, then C.
"""
import numpy as np

from onnx_dialect.graph import NeedsStreaming

FAR = 1 << 31


def _target(node, value, target, elements):
    """The frame shape a plain Reshape asks for; `target` includes the batch."""
    shape = [value.shape[i - 1] if n == 0 and 0 < i <= len(value.shape) else n for i, n in enumerate(target)][1:]
    if shape.count(-1) > 1 or any(n == 0 or n < -1 for n in shape):
        node.refuse(f"target {target} is not usable")
    known = int(np.prod([n for n in shape if n != -1], dtype=np.int64))
    if -1 in shape and known and elements % known == 0:
        shape[shape.index(-1)] = elements // known
    if int(np.prod(shape, dtype=np.int64)) != elements:
        node.refuse(f"frames {value.shape} do not fill the target {target}")
    return shape


def reshape(graph, node):
    value = graph.input(node)
    target = graph.integers(node, 1)
    target = [int(n) for n in (node.get("shape") if target is None else target.reshape(-1))]
    elements = int(np.prod(value.shape, dtype=np.int64))
    if len(value.shape) == 3 and len(target) == 2 and target[0] != 1:
        channels, height, width = value.shape
        rows = target[1] if target[1] > 0 else channels * height
        if rows == channels * height and (value.time or width not in (1, None)):
            if not graph.streaming:
                raise NeedsStreaming
            graph.add(node, "reshape", [value], [rows], value.range, time=False,
                      attributes={"shape": [rows], "order": "memory"})
            return
    if len(value.shape) == 1 and len(target) == 4 and target[3] > 1 and target[1] * target[2] == elements:
        if not graph.streaming:
            raise NeedsStreaming
        shape = [target[1], target[2], 1]
        graph.add(node, "reshape", [value], shape, value.range, time=True,
                  attributes={"shape": shape, "order": "memory"})
        return
    if value.time and (len(target) != 4 or target[3] == 1):
        node.refuse(f"target {target}: the last axis is time, one column a frame, which cannot be mixed")
    if value.time:
        target = target[:3] + [1]
    shape = _target(node, value, target, elements)
    graph.add(node, "reshape", [value], shape, value.range, attributes={"shape": shape})


def flatten(graph, node):
    value = graph.input(node)
    if node.get("axis", 1) not in (1, -len(value.shape)) or value.time:
        node.refuse("only all axes of one frame can be flattened")
    shape = [int(np.prod(value.shape, dtype=np.int64))]
    graph.add(node, "reshape", [value], shape, value.range, attributes={"shape": shape})


def identity(graph, node):
    graph.values[node.outputs[0]] = graph.input(node)


def _window(extent, start, end, step):
    return len(range(*slice(start, end if abs(end) < FAR else None, step).indices(extent)))


def slice_(graph, node):
    value = graph.input(node)
    lists = [graph.integers(node, i) for i in (1, 2, 3, 4)]
    starts, ends, axes, steps = (given if given is not None else node.get(name)
                                 for given, name in zip(lists, ("starts", "ends", "axes", "steps")))
    if starts is None or ends is None:
        node.refuse("starts and ends have to be constants")
    starts, ends = ([int(v) for v in np.asarray(t).reshape(-1)] for t in (starts, ends))
    axes = list(range(len(starts))) if axes is None else [int(v) for v in np.asarray(axes).reshape(-1)]
    steps = [1] * len(starts) if steps is None else [int(v) for v in np.asarray(steps).reshape(-1)]
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        node.refuse("starts, ends, axes and steps do not fit each other")
    shape, kept, rank = list(value.shape), [], len(value.shape) + 1
    for axis, start, end, step in zip(axes, starts, ends, steps):
        if axis % rank == 0 and (start, step) == (0, 1) and (end >= FAR - 1 or end == 1):
            continue  # all of the batch
        axis = graph.axis(node, axis, value)
        count = _window(shape[axis], start, end, step)
        if not count:
            node.refuse(f"takes nothing of axis {axis} of {value.shape}")
        limit = shape[axis] + 1
        kept.append((axis, max(-limit, min(start, limit)), max(-limit, min(end, limit)), step))
        shape[axis] = count
    graph.add(node, "slice", [value], shape, value.range,
              attributes={"starts": [k[1] for k in kept], "ends": [k[2] for k in kept], "axes": [k[0] for k in kept],
                          "steps": [k[3] for k in kept]})


def split(graph, node):
    value = graph.input(node)
    axis = graph.axis(node, node.get("axis", 0), value)
    extent, count = value.shape[axis], len(node.outputs)
    parts = graph.integers(node, 1)
    parts = node.get("split") if parts is None else parts.reshape(-1).tolist()
    if parts is None:
        if extent % count:
            node.refuse(f"axis of {extent} does not split into {count} equal parts")
        parts = [extent // count] * count
    if len(parts) != count or sum(parts) != extent or min(parts) < 1:
        node.refuse(f"parts {list(parts)} do not make up an axis of {extent}")
    start = 0
    for output, part in zip(node.outputs, parts):
        shape = value.shape[:axis] + [part] + value.shape[axis + 1:]
        graph.add(node, "slice", [value], shape, value.range, output=output, name=output,
                  attributes={"starts": [start], "ends": [start + int(part)], "axes": [axis], "steps": [1]})
        start += int(part)


def concat(graph, node):
    values = [graph.input(node, i) for i in range(len(node.inputs))]
    first = values[0]
    axis = graph.axis(node, node.get("axis", 1), first)
    for value in values[1:]:
        fitting = value.shape[:axis] + [first.shape[axis]] + value.shape[axis + 1:]
        if len(value.shape) != len(first.shape) or fitting != first.shape or value.time != first.time:
            node.refuse(f"inputs {first.shape} and {value.shape} do not fit beside axis {axis}")
    shape = list(first.shape)
    shape[axis] = sum(value.shape[axis] for value in values)
    limits = min(v.range[0] for v in values), max(v.range[1] for v in values)
    graph.add(node, "concat", values, shape, limits, attributes={"axis": axis})


def transpose(graph, node):
    value, order = graph.input(node), node.get("dims", node.get("perm"))
    rank = len(value.shape) + 1
    if order is None or sorted(order) != list(range(rank)) or order[0] != 0:
        node.refuse(f"order {order}: axis 0 counts frames and has to stay")
    if value.time and order[-1] != rank - 1:
        node.refuse("the last axis is time and has to stay")
    axes = [a - 1 for a in order[1:]]
    graph.add(node, "permute", [value], [value.shape[a] for a in axes], value.range, attributes={"axes": axes})


OPERATORS = {"Reshape": reshape, "Flatten": flatten, "Identity": identity, "Slice": slice_, "Split": split,
             "Concat": concat, "Transpose": transpose, "Permute": transpose}
