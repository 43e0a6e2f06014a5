"""ONNX networks over time: one frame of the package is one time step, state is carried from frame to frame.

Tensors have a batch axis N, a time axis T and one axis F of channels, in any order; axes of one (directions, unsqueezed
ones) are noted as 1. The package has none of them: transposing, squeezing and taking the last step change nothing.
Conv1d becomes a time-delay layer, which is exact where it looks into the past only.
"""
from dataclasses import dataclass, replace

import numpy as np

from . import constants
from .graph import IDENTITY, QuantError
from .importer import Importer, Ref
from .map_import import window_pads

LAYOUTS = ("NTF", "NFT", "TNF")
GATE_ORDER = {"GRU": 3, "LSTM": 4}


class AxisError(QuantError):
    """The tensor's axes are not what the operator needs: perhaps another layout of the input fits."""


@dataclass(frozen=True)
class Stack(Ref):
    """Last states of several layers side by side, as exporters join them: only one of them can be taken out again."""
    parts: tuple = ()


class StreamImporter(Importer):
    streaming = True

    def __init__(self, model, name, shapes, layout):
        super().__init__(model, name)
        self.shapes, self.layout = shapes, layout

    def read_inputs(self):
        for value in self.model.graph.input:
            if value.name in self.env:
                continue
            shape = self.shapes[value.name]
            if len(shape) != 3:
                raise QuantError(f"input {value.name}: a network over time takes three axes (batch, time, channels), "
                                 f"found shape {list(shape)}")
            name = self.unique(value.name)
            self.graph.inputs[name] = (shape[self.layout.index("F")],)
            dims = tuple(1 if axis == "N" else n for axis, n in zip(self.layout, shape))
            self.env[value.name] = Ref(name, dims, self.layout)

    def need(self, node, ref, axes):
        """Refuses a tensor whose axes are others; ones where `axes` has the batch are the batch."""
        if ref.axes != axes:
            raise AxisError(f"node {node.name} ({node.op}): needs axes {axes}, the tensor has {ref.axes} "
                            "(N batch, T time, F channels); give --layout if the input's axes were taken wrongly")

    def dense(self, node, ref, weight, bias):
        if ref.axes[-1:] != "F":
            raise AxisError(f"node {node.name} ({node.op}): the last axis of {ref.axes} is not that of the channels")
        return super().dense(node, ref, weight, bias)

    def computed(self, node, inputs):
        if isinstance(inputs[0], Stack) and node.op in ("Gather", "Slice"):
            return self.taken_out(node, inputs)
        if any(isinstance(x, Stack) for x in inputs):
            node.refuse("takes the states of several layers together; only one of them can be taken")
        return super().computed(node, inputs)

    def put_out(self, name):
        if isinstance(self.env.get(name), Stack):
            raise QuantError(f"output {name} joins the states of several layers; put out one of them")
        super().put_out(name)

    def taken_out(self, node, inputs):
        stack, axis = inputs[0], int(node.attrs.get("axis", 0))
        if node.op == "Gather":
            index = self.constant(node, inputs, 1, "the index")
            if axis == 0 and np.ndim(index) == 0:
                part = stack.parts[int(index)]
                return replace(part, dims=part.dims[1:], axes=part.axes[1:])
        else:
            starts, ends, axes, steps = constants.slice_arguments(node.attrs, inputs, len(stack.dims))
            kept = stack.parts[slice(starts[0], ends[0], steps[0])]
            if axes == [0] and len(kept) == 1:
                return kept[0]
        node.refuse("of the states of several layers only one can be taken")

    # ------------------------------------------------------------------------------------------------ over time
    def op_Pad(self, node, inputs):
        ref = inputs[0]
        pads, value = self.constant(node, inputs, 1, "pads"), self.constant(node, inputs, 2, "the value")
        pads = [int(p) for p in (node.attrs["pads"] if pads is None else np.ravel(pads))]
        value = node.attrs.get("value", 0.0) if value is None or not np.size(value) else float(np.ravel(value)[0])
        time, rank = ref.axes.find("T"), len(ref.dims)
        others = [p for k, p in enumerate(pads) if k % rank != time]
        if any(others):
            raise AxisError(f"node {node.name} ({node.op}): pads more than the time axis of {ref.axes}")
        if node.attrs.get("mode", b"constant") != b"constant" or value != 0 or min(pads) < 0:
            node.refuse("only zeros can be padded")
        before, after = pads[time], pads[time + rank]
        dims = tuple(n + before + after if a == "T" else n for a, n in zip(ref.axes, ref.dims))
        return replace(ref, dims=dims, padded=(ref.padded[0] + before, ref.padded[1] + after))

    def op_Conv(self, node, inputs):
        weight, bias = self.constant(node, inputs, 1, "the weight"), self.constant(node, inputs, 2, "the bias")
        ref, groups = inputs[0], int(node.attrs.get("group", 1))
        if weight.ndim != 3:
            node.refuse("in a network over time only convolutions along time are supported")
        self.need(node, ref, "NFT")
        if ref.warm_up and ref.padded != (0, 0):
            node.refuse(f"pads a value that lags {ref.warm_up} frames behind the input")
        kernel, stride = weight.shape[2], int(node.attrs.get("strides", [1])[0])
        dilation = int(node.attrs.get("dilations", [1])[0])
        if stride != 1:
            node.refuse(f"stride {stride} in time changes the frame rate; only 1 can stream")
        if weight.shape[1] * groups != ref.frame[0]:
            node.refuse(f"a kernel of shape {list(weight.shape)} with {groups} groups over {ref.frame[0]} channels")
        pads = window_pads(node, [ref.dims[2]], [kernel], [1], [dilation])
        before, after, reach = pads[0] + ref.padded[0], pads[1] + ref.padded[1], (kernel - 1) * dilation
        if after or before not in (0, reach):
            node.refuse(f"pads {before} frames before and {after} after; a stream needs {reach} before and none after, "
                        "or none")
        whole = np.zeros((weight.shape[0], ref.frame[0], kernel))
        out, inner = weight.shape[0] // groups, weight.shape[1]
        for g in range(groups):
            whole[g * out:(g + 1) * out, g * inner:(g + 1) * inner] = weight[g * out:(g + 1) * out]
        params = {"weight": whole.transpose(2, 1, 0).reshape(-1, weight.shape[0]),
                  "bias": np.zeros(weight.shape[0]) if bias is None else bias}
        offsets = {} if kernel == 1 else {"time_offsets": [(j - kernel + 1) * dilation for j in range(kernel)],
                                         "zero_history": before > 0}
        layer = self.add(node.name, "tdnn" if offsets else "linear", [self.exact(ref)], weight.shape[:1], params,
                         offsets)
        steps = ref.dims[2] - ref.padded[0] - ref.padded[1]
        return Ref(layer, (1, weight.shape[0], steps if before else steps - reach), "NFT",
                   warm_up=ref.warm_up + (0 if before else reach))

    def recurrent(self, node, inputs):
        """(input layer, Ref, units, W, R, B) of a GRU or LSTM, one forward direction from zero state."""
        attrs, ref = node.attrs, inputs[0]
        direction = attrs.get("direction", b"forward").decode()
        if direction != "forward":
            node.refuse(f"direction {direction} needs the future; only forward can stream")
        usual = {"GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"]}[node.op]
        if [a.decode() for a in attrs.get("activations", [])] not in ([], usual) or attrs.get("clip") or \
                attrs.get("input_forget"):
            node.refuse("only the usual activations, no clip and no input_forget are supported")
        self.need(node, ref, "NTF" if attrs.get("layout", 0) else "TNF")
        if ref.warm_up or ref.padded != (0, 0):
            node.refuse(f"its input lags {ref.warm_up} frames behind the network's; pad convolutions before it with "
                        "zeros in the past")
        names = {4: "sequence_lens", 5: "initial_h", 6: "initial_c", 7: "the peephole weights"}
        for position in range(4, len(inputs)):
            given = self.constant(node, inputs, position, names[position])
            if given is not None and (position == 4 or np.any(given)):
                node.refuse(f"{names[position]} must be absent" + (" or zero" if position > 4 else ""))
        w, r, b = (self.constant(node, inputs, k, "a weight") for k in (1, 2, 3))
        units, gates = r.shape[2], GATE_ORDER[node.op]
        if w.shape != (1, gates * units, ref.frame[0]):
            node.refuse(f"weights of shape {list(w.shape)} for {units} units over {ref.frame[0]} channels")
        b = np.zeros(2 * gates * units) if b is None else b[0]
        return self.exact(ref), ref, units, w[0].T, r[0].T, np.split(b, 2)

    def recurrent_outputs(self, node, ref, layer, units):
        """(Y, Y_h) in the operator's layout; Y_c is not available."""
        steps = ref.dims[ref.axes.index("T")]
        made = Ref(layer, (1, steps, 1, units), "NT1F") if node.attrs.get("layout", 0) else \
            Ref(layer, (steps, 1, 1, units), "T1NF")
        return made, Ref(layer, (1, 1, units), "1NF", last=True)

    def op_GRU(self, node, inputs):
        name, ref, units, w, r, (bw, br) = self.recurrent(node, inputs)
        layer = self.add(node.name, "gru", [name], (units,), {"wx": w, "wh": r, "bx": bw, "bh": br},
                         {"reset_after": bool(node.attrs.get("linear_before_reset", 0))})
        return self.recurrent_outputs(node, ref, layer, units)

    def op_LSTM(self, node, inputs):
        name, ref, units, w, r, (bw, br) = self.recurrent(node, inputs)
        order = np.concatenate([np.arange(k * units, (k + 1) * units) for k in (0, 2, 1, 3)])     # i o f c to i f o c
        layer = self.add(node.name, "lstm", [name], (units,),
                         {"wx": w[:, order], "wh": r[:, order], "b": (bw + br)[order]})
        return self.recurrent_outputs(node, ref, layer, units)

    # ------------------------------------------------------------------------------------------------ axes
    def op_Transpose(self, node, inputs):
        ref = inputs[0]
        order = [int(p) for p in node.attrs.get("perm", range(len(ref.dims))[::-1])]
        return replace(ref, dims=tuple(ref.dims[p] for p in order), axes="".join(ref.axes[p] for p in order))

    def op_Squeeze(self, node, inputs):
        ref, axes = inputs[0], self.constant(node, inputs, 1, "axes")
        axes = node.attrs.get("axes") if axes is None else np.ravel(axes)
        if axes is None:
            axes = [k for k, a in enumerate(ref.axes) if a == "1"]
        axes = [int(a) % len(ref.dims) for a in axes]
        if any(ref.dims[a] != 1 or ref.axes[a] == "F" for a in axes):
            node.refuse(f"axes {axes} of {ref.axes} {list(ref.dims)} are not all of one")
        kept = [k for k in range(len(ref.dims)) if k not in axes]
        return replace(ref, dims=tuple(ref.dims[k] for k in kept), axes="".join(ref.axes[k] for k in kept))

    def op_Unsqueeze(self, node, inputs):
        ref, axes = inputs[0], self.constant(node, inputs, 1, "axes")
        axes = [int(a) for a in np.ravel(node.attrs["axes"] if axes is None else axes)]
        rank = len(ref.dims) + len(axes)
        axes, dims, letters = [a % rank for a in axes], list(ref.dims), list(ref.axes)
        for axis in sorted(axes):
            dims.insert(axis, 1)
            letters.insert(axis, "1")
        return replace(ref, dims=tuple(dims), axes="".join(letters))

    def op_Reshape(self, node, inputs):
        ref = inputs[0]
        dims = [int(n) for n in np.ravel(self.constant(node, inputs, 1, "the shape"))]
        dims = [ref.dims[k] if n == 0 else n for k, n in enumerate(dims)]
        if -1 in dims:
            rest = -int(np.prod(dims))
            dims[dims.index(-1)] = int(np.prod(ref.dims)) // rest if rest > 0 else -1
        known = [(a, n) for a, n in zip(ref.axes, ref.dims) if n != 1 or a in "FT"]
        letters = []
        for n in dims:
            if known and known[0][1] == n:
                letters.append(known.pop(0)[0])
            elif n == 1:
                letters.append("N" if "N" in ref.axes and "N" not in letters else "1")
            else:
                node.refuse(f"shape {dims} from {ref.axes} {list(ref.dims)} joins or splits axes")
        if known:
            node.refuse(f"shape {dims} from {ref.axes} {list(ref.dims)} joins or splits axes")
        return replace(ref, dims=tuple(dims), axes="".join(letters))

    def op_Flatten(self, node, inputs):
        ref = inputs[0]
        if int(node.attrs.get("axis", 1)) != 1 or int(np.prod(ref.dims[1:])) != ref.frame[0]:
            node.refuse(f"joins axes of {ref.axes} {list(ref.dims)}")
        return replace(ref, dims=(ref.dims[0], ref.frame[0]), axes=ref.axes[0] + "F")

    def op_Concat(self, node, inputs):
        if not all(isinstance(x, Ref) for x in inputs):
            node.refuse("with constants is not supported")
        first, axis = inputs[0], int(node.attrs["axis"]) % len(inputs[0].dims)
        if axis == 0 and all(x.axes == "1NF" and x.last and x.dims == first.dims for x in inputs):
            return Stack(first.source, (len(inputs),) + first.dims[1:], first.axes, last=True, parts=tuple(inputs))
        if first.axes[axis] != "F" or any(x.axes != first.axes or x.warm_up != first.warm_up or x.last != first.last
                                          for x in inputs):
            node.refuse("only along the channels, of values that lag alike, is supported")
        count = sum(x.frame[0] for x in inputs)
        layer = self.add(node.name, "concat", [self.exact(x) for x in inputs], (count,), attrs={"axis": 0})
        dims = tuple(count if a == "F" else n for a, n in zip(first.axes, first.dims))
        return replace(first, source=layer, dims=dims, function=IDENTITY)

    def part(self, node, wanted, ref, start, end, step):
        """Channels start..end of a frame."""
        start, end, step = slice(start, end, step).indices(ref.frame[0])
        if step < 1 or start >= end:
            node.refuse("leaves nothing, or goes backwards")
        count = -(-(end - start) // step)
        layer = self.add(wanted, "slice", [self.exact(ref)], (count,),
                         attrs={"axes": [0], "starts": [start], "ends": [end], "steps": [step]})
        dims = tuple(count if a == "F" else n for a, n in zip(ref.axes, ref.dims))
        return replace(ref, source=layer, dims=dims, function=IDENTITY)

    def op_Slice(self, node, inputs):
        ref = inputs[0]
        for position in range(1, len(inputs)):
            self.constant(node, inputs, position, "a bound")
        for start, end, axis, step in zip(*constants.slice_arguments(node.attrs, inputs, len(ref.dims))):
            if ref.axes[axis] == "F":
                ref = self.part(node, node.name, ref, start, end, step)
                continue
            kept = range(*slice(start, end, step).indices(ref.dims[axis]))
            if len(kept) == ref.dims[axis]:
                continue
            if ref.axes[axis] != "T" or list(kept) != [ref.dims[axis] - 1]:
                node.refuse("of time only the last step can be taken in a stream")
            dims = tuple(1 if k == axis else n for k, n in enumerate(ref.dims))
            ref = replace(ref, dims=dims, axes=ref.axes[:axis] + "1" + ref.axes[axis + 1:], last=True)
        return ref

    def op_Split(self, node, inputs):
        ref, axis = inputs[0], int(node.attrs.get("axis", 0)) % len(inputs[0].dims)
        parts = self.constant(node, inputs, 1, "the split")
        parts = node.attrs.get("split") if parts is None else np.ravel(parts)
        if ref.axes[axis] != "F":
            node.refuse("only channels can be split")
        if parts is None:
            parts = [ref.frame[0] // len(node.outputs)] * len(node.outputs)
        ends = np.cumsum([int(p) for p in parts])
        return tuple(self.part(node, f"{node.name}.{k}", ref, int(e - p), int(e), 1)
                     for k, (p, e) in enumerate(zip(parts, ends)))

    def op_Gather(self, node, inputs):
        ref, index = inputs[0], self.constant(node, inputs, 1, "the index")
        axis = int(node.attrs.get("axis", 0)) % len(ref.dims)
        if np.size(index) != 1 or np.ndim(index):
            node.refuse("of more than one index is not supported")
        at = int(index) % ref.dims[axis]
        if ref.axes[axis] == "F" or at != ref.dims[axis] - 1:
            node.refuse("of time only the last step can be taken in a stream")
        kept = [k for k in range(len(ref.dims)) if k != axis]
        return replace(ref, dims=tuple(ref.dims[k] for k in kept), axes="".join(ref.axes[k] for k in kept),
                       last=ref.last or ref.axes[axis] == "T")

    def op_ReduceMean(self, node, inputs):
        node.refuse("a mean over time is not known before the sequence ends; it cannot stream")

    op_GlobalAveragePool = op_GlobalMaxPool = op_ReduceMean
