"""The library's digital layers as nodes. Formulas: sim/arith/numerics.md."""
import numpy as np

from witin_checkpoint import float_functions, quantise
from witin_checkpoint.layer import QuantisedLayer, describe_range, number
from witin_checkpoint.layers_movement import frame_axis
from witin_checkpoint.quantise import F32, signed_range, unsigned_range

EXACT_SUM = 1 << 24
MAX_MEAN = 4096


class DigitalLayer(QuantisedLayer):
    """One node: subclasses set quantisers and output() in prepare(), and give op, tensors and attributes."""
    op = None
    tensors = None

    def attributes(self):
        return {}

    def emit(self, graph, xs):
        return self.result(graph.node(self.name, self.op, [x.node for x in xs], self.tensors, self.attributes(),
                                      scale=self.scale))

    @property
    def summary(self):
        x = ", ".join(f"x {describe_range(q.low, q.high)} at {number(q.scale)}" for q in self.quantisers)
        return f"{x}, y {describe_range(self.low, self.high)} at {number(self.scale)}"

    def limit(self, field="output_fp_clip"):
        """A clip of the configuration; None and 0 are none."""
        return self.config[field] or None

    def shifted_root(self, width, bits):
        """sqrt_left_shift_bits, within what the library accepts: even, and width * bits of x beside it in 32 bits."""
        left = self.config["sqrt_left_shift_bits"]
        if left % 2 or left + width * bits > 32:
            self.refuse(f"sqrt_left_shift_bits is {left}: it must be even and at most {32 - width * bits} for inputs "
                        f"of {bits} bits")
        return left

    def element_count(self, count):
        if count > MAX_MEAN:
            self.refuse(f"a mean over {count} values: the library asserts at most {MAX_MEAN}")
        return count


# ------------------------------------------------------------------------------------------------ tables
class Function(DigitalLayer):
    """sigmoid, tanh, gelu: the library's float32 function of every code, as a lut."""
    unsigned_output = False

    def prepare(self):
        self.x_bits, self.y_bits = self.bits("x_quant_bits"), self.bits("y_quant_bits") + self.extra_bit()
        self.quantisers = [self.quantiser(self.scales.scale("x", "scale_x", self.x_bits), signed_range(self.x_bits))]
        scale_y = self.scales.scale("y", "scale_y", self.y_bits)
        self.output(self.shapes[0], scale_y, (unsigned_range if self.unsigned_output else signed_range)(self.y_bits))

    def extra_bit(self):
        return 0

    def values(self, codes):
        """float32 results of codes"""
        raise NotImplementedError

    def emit(self, graph, xs):
        codes = np.arange(xs[0].low, xs[0].high + 1)
        wanted = np.clip(np.rint(self.values(codes) * F32(self.scale)), self.low, self.high).astype(quantise.I64)
        return self.result(graph.table(self.name, xs[0], wanted, self.scale))


class Sigmoid(Function):
    unsigned_output = True

    def values(self, codes):
        return float_functions.sigmoid(self.clipped(codes) / F32(self.quantisers[0].scale))

    def clipped(self, codes):
        """x_clip limits the float before it is quantised, so the codes by the codes of +-x_clip."""
        limit = self.limit("x_clip")
        if limit is None:
            return codes.astype(F32)
        edge = np.rint(F32(limit) * F32(self.quantisers[0].scale))
        return np.clip(codes.astype(F32), -edge, edge)


class Tanh(Sigmoid):
    unsigned_output = False

    def values(self, codes):
        return float_functions.tanh(self.clipped(codes) / F32(self.quantisers[0].scale))


class Gelu(Function):
    def extra_bit(self):
        return 1 if self.config["gelu_shift_num"] else 0

    def values(self, codes):
        value = float_functions.gelu(codes.astype(F32) / F32(self.quantisers[0].scale), self.arguments["approximate"])
        if self.config["gelu_shift_num"]:
            value = value + F32(self.config["gelu_shift_num"])
        limit = self.limit()
        return value if limit is None else np.clip(value, -F32(limit), F32(limit))


class Prelu(DigitalLayer):
    op = "prelu"

    def prepare(self):
        x_bits, y_bits, weight_bits = (self.bits(f"{t}_quant_bits") for t in ("x", "y", "weight"))
        weight = self.parameter("weight")
        channels = self.shapes[0][0]
        if weight.ndim != 1 or weight.size not in (1, channels):
            self.refuse(f"{self.name}.weight has shape {list(weight.shape)}, expected 1 or {channels} entries")
        self.agree("num_parameters", weight.size)
        self.quantisers = [self.quantiser(self.scales.scale("x", "scale_x", x_bits), signed_range(x_bits))]
        self.scale_weight = self.scales.scale("weight", "scale_weight", weight_bits)
        self.tensors = {"weight": quantise.codes(weight, self.scale_weight, signed_range(weight_bits))}
        self.output(self.shapes[0], self.scales.scale("y", "scale_y", y_bits), signed_range(y_bits))
        self.y_bits = y_bits

    def attributes(self):
        return {"scale_x": self.quantisers[0].scale, "scale_weight": self.scale_weight, "scale_y": self.scale,
                "y_bits": self.y_bits}

    def emit(self, graph, xs):
        limit = self.limit()
        if limit is None:
            return super().emit(graph, xs)
        inner = graph.node(graph.free_name(f"{self.name}:unclipped"), self.op, [xs[0].node], self.tensors,
                           self.attributes())
        edge = int(np.rint(F32(limit) * F32(self.scale)))
        codes = np.arange(self.low, self.high + 1)
        tensor = self.result(inner)
        return self.result(graph.table(self.name, tensor, np.clip(codes, -edge, edge), self.scale))


# ------------------------------------------------------------------------------------------------ two inputs
class TwoInputs(DigitalLayer):
    clips = False

    def prepare(self):
        self.left_bits, self.right_bits = self.bits("x_left_quant_bits"), self.bits("x_right_quant_bits")
        self.y_bits = self.bits("y_quant_bits")
        self.inputs()
        shape = self.combined(*self.shapes)
        self.output(shape, self.scales.scale("y", "scale_y", self.y_bits), signed_range(self.y_bits))

    def inputs(self):
        left = self.scales.scale("x1", "scale_x_left", self.left_bits)
        right = self.scales.scale("x2", "scale_x_right", self.right_bits)
        self.quantisers = [self.quantiser(left, signed_range(self.left_bits)),
                           self.quantiser(right, signed_range(self.right_bits))]

    def combined(self, left, right):
        if len(left) != len(right):
            self.refuse(f"inputs {list(left)} and {list(right)} have different numbers of dimensions")
        try:
            return np.broadcast_shapes(left, right)
        except ValueError:
            self.refuse(f"inputs {list(left)} and {list(right)} do not broadcast")

    def attributes(self):
        attributes = {"scale_left": self.quantisers[0].scale, "scale_right": self.quantisers[1].scale,
                      "scale_y": self.scale, "y_bits": self.y_bits}
        return {**attributes, "clip_value": self.limit()} if self.clips else attributes


class ElementAdd(TwoInputs):
    """Both inputs are quantised at the smaller of the two scales, each with its own width."""
    op = "add"

    def inputs(self):
        super().inputs()
        smaller = min(q.scale for q in self.quantisers)
        self.quantisers = [self.quantiser(smaller, (q.low, q.high)) for q in self.quantisers]


class ElementMul(TwoInputs):
    op = "mul"


class ElementDivide(TwoInputs):
    op, clips = "div", True


class Cat(TwoInputs):
    """Both inputs are quantised with the wider width B, the narrower one's scale times 2^(B - b)."""
    op, clips = "cat", True

    def inputs(self):
        super().inputs()
        wide = max(self.left_bits, self.right_bits)
        self.quantisers = [self.quantiser(q.scale * 2.0 ** (wide - bits), signed_range(wide))
                           for q, bits in zip(self.quantisers, (self.left_bits, self.right_bits))]

    def combined(self, left, right):
        if len(left) != len(right):
            self.refuse(f"inputs {list(left)} and {list(right)} have different numbers of dimensions")
        self.axis = frame_axis(self.arguments["dim"], len(left), self.refuse)
        if any(a != b for i, (a, b) in enumerate(zip(left, right)) if i != self.axis):
            self.refuse(f"inputs {list(left)} and {list(right)} differ outside dim {self.arguments['dim']}")
        return left[:self.axis] + (left[self.axis] + right[self.axis],) + left[self.axis + 1:]

    def attributes(self):
        return {"axis": self.axis, **super().attributes()}


class MatMul(TwoInputs):
    op = "matmul"

    def combined(self, left, right):
        if len(left) != len(right) or len(left) < 2 or left[-1] != right[-2]:
            self.refuse(f"inputs {list(left)} and {list(right)} are no matrices that multiply")
        largest = left[-1] << (self.left_bits + self.right_bits - 2)
        if largest > EXACT_SUM:
            self.notes.append(f"sums can reach {largest / EXACT_SUM:.2g} x 2^24, where the library's own float32 sums "
                              f"round; the package's are exact")
        try:
            return np.broadcast_shapes(left[:-2], right[:-2]) + (left[-2], right[-1])
        except ValueError:
            self.refuse(f"inputs {list(left)} and {list(right)} do not broadcast")


# ------------------------------------------------------------------------------------------------ roots
class Sqrt(DigitalLayer):
    """Unsigned codes in and out; auto-scale counts one bit more."""
    op = "sqrt"

    def prepare(self):
        self.x_bits, self.y_bits = self.bits("x_quant_bits"), self.bits("y_quant_bits")
        self.left_shift = self.shifted_root(1, self.x_bits)
        scale_x = self.scales.scale("x", "scale_x", self.x_bits + 1)
        self.quantisers = [self.quantiser(scale_x, unsigned_range(self.x_bits))]
        self.output(self.shapes[0], self.scales.scale("y", "scale_y", self.y_bits + 1), unsigned_range(self.y_bits))

    def attributes(self):
        return {"scale_x": self.quantisers[0].scale, "scale_y": self.scale, "x_bits": self.x_bits,
                "y_bits": self.y_bits,
                "left_shift": self.left_shift, "clip_value": self.limit()}


class InvSqrt(Sqrt):
    op = "inv_sqrt"


class Hypot(TwoInputs):
    """One scale and width for both inputs, x_left; unsigned output."""
    op, clips = "hypot", True

    def prepare(self):
        bits = self.bits("x_left_quant_bits")
        self.y_bits, self.left_shift = self.bits("y_quant_bits"), self.shifted_root(2, bits)
        scale = self.scales.scale("x1", "scale_x_left", bits)
        self.quantisers = [self.quantiser(scale, signed_range(bits))] * 2
        if self.shapes[0] != self.shapes[1]:
            self.refuse(f"inputs {list(self.shapes[0])} and {list(self.shapes[1])} differ; hypot does not broadcast")
        self.output(self.shapes[0], self.scales.scale("y", "scale_y", self.y_bits + 1), unsigned_range(self.y_bits))

    def attributes(self):
        return {"scale_left": self.quantisers[0].scale, "scale_y": self.scale, "y_bits": self.y_bits,
                "left_shift": self.left_shift, "clip_value": self.limit()}


# ------------------------------------------------------------------------------------------------ means and norms
class Mean(DigitalLayer):
    """The output keeps the input's scale."""
    op = "mean"

    def prepare(self):
        bits, shape = self.bits("x_quant_bits"), self.shapes[0]
        scale = self.scales.scale("x", "scale_x", bits)
        self.quantisers = [self.quantiser(scale, signed_range(bits))]
        dim, keep = self.arguments["dim"], self.arguments["keepdim"]
        if dim is None:
            self.axis, out = None, (1,) * len(shape) if keep else ()
            self.element_count(int(np.prod(shape)))
            self.warnings.append("without dim the library averages over the batch as well; the package averages each "
                                 "frame, which is the same for a batch of one")
        else:
            self.axis = frame_axis(dim, len(shape), self.refuse)
            self.element_count(shape[self.axis])
            out = shape[:self.axis] + ((1,) if keep else ()) + shape[self.axis + 1:]
        self.output(out, scale, signed_range(bits))

    def attributes(self):
        return {"axis": self.axis, "keepdims": self.arguments["keepdim"],
                "sum_bits": self.config["mean_sum_quant_bits"]}


class BatchNorm2d(DigitalLayer):
    op = "batch_norm"

    def prepare(self):
        shape = self.shapes[0]
        if len(shape) != 3:
            self.refuse(f"a frame is [C, H, W], found {list(shape)}")
        if not self.arguments["track_running_stats"]:
            self.refuse("track_running_stats false: statistics of the batch are no constants")
        x_bits, y_bits, weight_bits = (self.bits(f"{t}_quant_bits") for t in ("x", "y", "weight"))
        self.eps, channels = self.arguments["eps"], [shape[0]]
        mean, variance = self.parameter("running_mean", channels), self.parameter("running_var", channels)
        self.agree("num_features", mean.size)
        self.state.take_optional(f"{self.name}.num_batches_tracked")
        scale_x = self.scales.scale("x", "scale_x", x_bits)
        self.quantisers = [self.quantiser(scale_x, signed_range(x_bits))]
        self.output(shape, self.scales.scale("y", "scale_y", y_bits), signed_range(y_bits))
        self.y_bits, self.scale_weight = y_bits, None
        if (variance < 0).any():
            self.refuse(f"{self.name}.running_var is negative")
        if self.arguments["affine"]:
            self.scale_weight = self.scales.scale("weight", "scale_weight", weight_bits)
            if (variance + F32(self.eps) <= 0).any():
                self.refuse("running_var + eps is 0 in a channel")
            weight, bias = quantise.batch_norm(self.parameter("weight", channels), self.parameter("bias", channels),
                                               mean,
                                               variance, self.eps, scale_x, self.scale_weight, x_bits, weight_bits)
            self.tensors = {"weight": weight, "bias": bias}
            return
        if self.scales.auto:
            self.state.take_optional(f"{self.name}.autoscale_weight_obj.io_max")
        std = quantise.codes(np.sqrt(variance), scale_x, signed_range(x_bits))
        if self.eps <= 0 and not std.all():
            self.refuse("eps is 0 and a deviation's code is 0: the library divides 0 by 0")
        self.tensors = {"mean": quantise.codes(mean, scale_x, signed_range(x_bits)), "std": std}

    def attributes(self):
        attributes = {"scale_x": self.quantisers[0].scale, "scale_y": self.scale, "y_bits": self.y_bits}
        if self.scale_weight is None:
            return {**attributes, "eps": self.eps}
        return {**attributes, "scale_weight": self.scale_weight}


class ClnBn2d(DigitalLayer):
    op = "cln_bn"

    def prepare(self):
        shape, bits = self.shapes[0], self.bits("x_quant_bits")
        if len(shape) != 3:
            self.refuse(f"a frame is [C, T, F], found {list(shape)}")
        self.element_count(shape[0] * shape[2])
        self.left_shift, self.y_bits = self.shifted_root(2, bits), self.bits("y_quant_bits")
        self.quantisers = [self.quantiser(self.scales.scale("x", "scale_x", bits), signed_range(bits))]
        self.output(shape, self.scales.scale("y", "scale_y", self.y_bits), signed_range(self.y_bits))

    def attributes(self):
        return {"scale_y": self.scale, "y_bits": self.y_bits, "left_shift": self.left_shift,
                "sum_bits": self.config["mean_sum_quant_bits"], "simple": self.config["cln_simple"],
                "clip_value": self.limit()}


LAYERS = {"gelu": Gelu, "sigmoid": Sigmoid, "tanh": Tanh, "prelu": Prelu, "element_add": ElementAdd,
          "element_mul": ElementMul, "element_divide": ElementDivide, "cat": Cat, "sqrt": Sqrt, "inv_sqrt": InvSqrt,
          "hypot": Hypot, "mean": Mean, "batch_norm2d": BatchNorm2d, "cln_bn2d": ClnBn2d, "mat_mul": MatMul}
