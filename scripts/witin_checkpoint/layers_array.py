"""linear, conv2d, conv_transpose2d: which path of the library runs, and its node. Formulas: sim/arith/numerics.md.

core      linear, and convolutions with to_linear: x wider than 8 bits split into array and digital part
native    convolutions on the array: one pass, -w quantised on its own under PN
digital   convolutions with hardware VPU: signed x, any integer bias
"""
import numpy as np

from witin_checkpoint import quantise
from witin_checkpoint.layer import QuantisedLayer, describe_range, number
from witin_checkpoint.layers_movement import pair
from witin_checkpoint.padding import pad_codes
from witin_checkpoint.quantise import is_power_of_two, pn_range, signed_range, unsigned_range

MAX_X_BITS, MAX_WEIGHT = 12, 275
EXACT_SUM = 1 << 24     # float32 sums of the library are exact below


class ArrayLayer(QuantisedLayer):
    """Subclasses give: read_weight() -> float weight, geometry(), output_axis of the weight, node()."""
    op = None
    native_shift_limit = None       # of S; None: Shift does not exist on the native path

    def initial_io_max(self):
        return {"x": self.bits("x_quant_bits"), "y": self.bits("y_quant_bits"), "weight": 8}

    # ------------------------------------------------------------------------------------------ what runs
    def path(self):
        if self.op == "linear":
            return "core"
        if self.config["hardware"] == "VPU":
            return "digital"
        return "core" if self.config["to_linear"] else "native"

    def prepare(self):
        self.x_bits, self.y_bits, weight_bits = (self.bits(f"{t}_quant_bits") for t in ("x", "y", "weight"))
        if self.x_bits > MAX_X_BITS:
            self.refuse(f"x_quant_bits is {self.x_bits}, a package holds at most {MAX_X_BITS} on the array")
        self.way = self.path()
        self.neg_in = "FALSE" if self.way == "digital" else self.config["handle_neg_in"]
        self.split = self.way == "core" and self.x_bits > 8
        weight = self.read_weight()
        self.outputs = weight.shape[self.output_axis]
        self.geometry(weight)
        signed = self.way == "digital" or (self.op == "conv2d" and self.way == "native" and self.neg_in == "FALSE")
        self.scale_x = self.scales.scale("x", "scale_x", self.x_bits + (not signed and self.neg_in != "Shift"))
        self.scale_w = self.scales.scale("weight", "scale_weight", weight_bits)
        self.scale_y = self.scales.scale("y", "scale_y", self.y_bits)
        self.g_algo = 1.0 if self.way == "digital" else float(self.config["G_algo"])
        self._quantise_x(signed)
        self._quantise_weight(weight, weight_bits)
        self._quantise_bias()
        self.y_limit = min(8, self.y_bits) if self._gives_int8() else self.y_bits
        self.output(self.output_shape(), self.scale_y, signed_range(self.y_limit))
        self._check_divider()
        self._summarise()

    def _gives_int8(self):
        """The paths that end in int8 whatever y_quant_bits says."""
        if self.way == "native":
            return self.op == "conv2d" and self.neg_in == "PN"
        return self.way == "core" and self.op != "linear"

    def _quantise_x(self, signed):
        limits = {"FALSE": signed_range if signed else unsigned_range, "PN": pn_range, "Shift": unsigned_range}
        low_high = limits[self.neg_in](self.x_bits)
        self.shift = 0
        if self.neg_in == "Shift":
            if self.op == "conv_transpose2d":
                self.refuse("handle_neg_in Shift does not exist for transposed convolutions on the array")
            limit = 1 << self.x_bits if self.way == "core" else self.native_shift_limit
            self.shift = quantise.shift_code(self.config["shift_num"], self.scale_x, limit)
        self.quantisers = [self.quantiser(self.scale_x, low_high, self.shift)]

    def _quantise_weight(self, weight, bits):
        clip = self.config["w_clip"]
        self.weight = quantise.weights(weight, self.scale_w, bits, clip)
        self.weight_neg = None
        if self.way == "native" and self.neg_in == "PN":
            negative = quantise.weights(-weight, self.scale_w, bits, clip)
            self.weight_neg = None if np.array_equal(negative, -self.weight) else negative
        largest = int(np.abs(self.weight).max(initial=0))
        if largest > MAX_WEIGHT:
            self.refuse(f"a weight code is {largest}: a package holds +-{MAX_WEIGHT}; weight_quant_bits is {bits}")

    def _quantise_bias(self):
        key = f"{self.name}.bias"
        has_bias = self.arguments["bias"]
        if key in self.state or has_bias:
            bias = self.parameter("bias", [self.outputs])
            if not has_bias and bias.any():
                self.notes.append("bias is false, but the checkpoint's bias is not zero: the library adds it, so does "
                                  "the package")
        else:
            bias = np.zeros(self.outputs, np.float32)
        self.bias_d = None
        if self.way == "digital":
            self.bias = quantise.plain_bias(bias, self.scale_x, self.scale_w)
        else:
            self.bias, digital, lost = quantise.bias_rows(
                bias, self.scale_x, self.scale_w, self.config["bias_row_N"], self.shift,
                self._per_output(self.weight),
                self._digital_bias() if self.split else None)
            self.bias_d = digital if self.split else None
            if lost:
                self.warnings.append(f"the bias of {lost} of {self.outputs} channels does not fit into "
                                     f"{self.config['bias_row_N']} bias rows and is cut, as the library cuts it: raise "
                                     f"bias_row_N or move a part to bias_d")
        for values in (self.bias, self.bias_d):
            if values is not None and np.abs(values).max(initial=0) >= 1 << 31:
                self.refuse("a bias code needs more than 32 bits")
        largest = (int(self._per_output(np.abs(self.weight)).max())
                   * max(abs(self.quantisers[0].low), self.quantisers[0].high) + int(np.abs(self.bias).max(initial=0)))
        if largest > EXACT_SUM:
            self.notes.append(f"sums can reach {largest / EXACT_SUM:.2g} x 2^24, where the library's own float32 sums "
                              f"round; the package's are exact")

    def _per_output(self, weight):
        """Sums of the weights that feed each output channel."""
        return weight.sum(tuple(a for a in range(weight.ndim) if a != self.output_axis))

    def _digital_bias(self):
        values = np.asarray(self.config["bias_d"], np.float32).reshape(-1)
        if values.size not in (1, self.outputs):
            self.refuse(f"bias_d has {values.size} entries, expected 1 or {self.outputs}")
        return values if values.size > 1 else values[0]

    def _check_divider(self):
        self.g = self.scale_x * self.scale_w * self.g_algo / self.scale_y
        if self.split and round(self.g) < 1:
            self.refuse(f"g is {self.g:g}: the digital part of a wide input divides by round(g) = 0, the library "
                        f"returns NaN")

    # ------------------------------------------------------------------------------------------ the node
    def array_attributes(self):
        low, high = self.quantisers[0].low, self.quantisers[0].high
        if self.way == "digital":
            return {"x_bits": self.x_bits, "x_signed": True, "y_bits": self.y_bits, "mode": "digital", "g": self.g}
        attributes = {"x_bits": self.x_bits, "y_bits": self.y_bits, "bias_rows": self.config["bias_row_N"]}
        if self.neg_in != "FALSE":
            attributes["neg_in"] = "pn" if self.neg_in == "PN" else "shift"
        elif low < 0:
            attributes["x_signed"] = True
        if self.shift:
            attributes["shift"] = min(self.shift, high)
        if self.x_bits > 8 or (self.way == "core" and self.op != "linear"):
            attributes["split"] = self.way == "core"  # of 8 bits: run as a matrix, which noise depends on
        if self.y_limit != self.y_bits:
            if self.split:
                attributes["y_limit_bits"] = self.y_limit
            else:
                attributes["y_bits"] = self.y_limit
        clip = self.config["output_fp_clip"] if self.way == "native" else None
        if clip or not all(map(is_power_of_two, (self.scale_x, self.scale_w, self.scale_y, self.g_algo))):
            attributes["divisor"], attributes["multiplier"] = self.scale_x * self.scale_w * self.g_algo, self.scale_y
            attributes["clip_value"] = clip or None
        else:
            attributes["g"] = self.g
        return attributes

    def tensors(self, turn=lambda w: w):
        tensors = {"weight": turn(self.weight), "bias": self.bias, "bias_d": self.bias_d}
        if self.weight_neg is not None:
            tensors["weight_neg"] = turn(self.weight_neg)
        return tensors

    def _summarise(self):
        x = self.quantisers[0]
        g = f"g {number(self.g)}"
        way = {"core": "split" if self.split else "array", "native": "array", "digital": "digital"}[self.way]
        self.summary = (f"{way}, x {describe_range(x.low, x.high)} at {number(x.scale)}"
                        + (f" shifted {x.shift}" if self.neg_in == "Shift" else "")
                        + f", w {list(self.weight.shape)} at {number(self.scale_w)}, "
                        f"y {describe_range(self.low, self.high)} at {number(self.scale_y)}, {g}")


class Linear(ArrayLayer):
    op, output_axis = "linear", 0

    def read_weight(self):
        weight = self.parameter("weight")
        if weight.ndim != 2 or weight.shape[1] != self.shapes[0][-1]:
            self.refuse(f"{self.name}.weight has shape {list(weight.shape)}, expected [out, {self.shapes[0][-1]}] for "
                        f"an input {list(self.shapes[0])}")
        self.agree("in_features", weight.shape[1])
        self.agree("out_features", weight.shape[0])
        return weight

    def geometry(self, weight):
        pass

    def output_shape(self):
        return self.shapes[0][:-1] + (self.outputs,)

    def emit(self, graph, xs):
        return self.result(graph.node(self.name, "linear", [xs[0].node], self.tensors(np.transpose),
                                      self.array_attributes(), scale=self.scale))


class Convolution(ArrayLayer):
    def read_weight(self):
        weight = self.parameter("weight")
        if weight.ndim != 4 or len(self.shapes[0]) != 3:
            self.refuse(f"{self.name}.weight has shape {list(weight.shape)} and the input {list(self.shapes[0])}, "
                        f"expected a weight of four dimensions and a map [C, H, W]")
        self.groups = self.arguments["groups"]
        self.inputs = self.shapes[0][0]
        self.check_channels(weight)
        self.agree("in_channels", self.inputs)
        if self.arguments["kernel_size"] is not None and pair(self.arguments["kernel_size"]) != weight.shape[2:]:
            self.refuse(f"kernel_size is {self.arguments['kernel_size']} in the network file, "
                        f"{list(weight.shape[2:])} in the checkpoint")
        return weight

    def geometry(self, weight):
        self.strides, self.dilations = pair(self.arguments["stride"]), pair(self.arguments["dilation"])
        self.kernel = weight.shape[2:]
        self.pads = self.read_pads()

    def attributes(self, pads):
        return {"strides": list(self.strides), "pads": list(pads), "dilations": list(self.dilations),
                "groups": self.groups, **self.array_attributes()}


class Conv2d(Convolution):
    op, output_axis, native_shift_limit = "conv2d", 0, 128

    def check_channels(self, weight):
        if self.inputs % self.groups or weight.shape[0] % self.groups or weight.shape[1] * self.groups != self.inputs:
            self.refuse(f"{self.name}.weight has shape {list(weight.shape)}, expected [out, "
                        f"{self.inputs}/{self.groups}, kh, kw] "
                        f"for an input {list(self.shapes[0])} in {self.groups} groups")
        self.agree("out_channels", weight.shape[0])
        if self.config["to_linear"] and self.groups != 1:
            self.refuse("to_linear exists for groups 1 only; the library asserts")

    def read_pads(self):
        """[top, left, bottom, right]"""
        padding = self.arguments["padding"]
        if padding == "valid":
            return 0, 0, 0, 0
        if padding == "same":
            if self.strides != (1, 1):
                self.refuse("padding 'same' exists for stride 1 only")
            totals = [d * (k - 1) for d, k in zip(self.dilations, self.kernel)]
            return (*(t // 2 for t in totals), *(t - t // 2 for t in totals))
        return pair(padding) * 2

    def output_shape(self):
        top, left, bottom, right = self.pads
        padded = self.shapes[0][1] + top + bottom, self.shapes[0][2] + left + right
        extents = tuple((n - d * (k - 1) - 1) // s + 1
                        for n, k, s, d in zip(padded, self.kernel, self.strides, self.dilations))
        if any(n < d * (k - 1) + 1 for n, k, d in zip(padded, self.kernel, self.dilations)):
            self.refuse(f"the kernel {list(self.kernel)} is larger than the padded map {list(padded)}")
        return (self.outputs,) + extents

    def emit(self, graph, xs):
        x, pads = xs[0], self.pads
        if self.arguments["padding_mode"] != "zeros" and any(pads):
            x, pads = pad_codes(graph, x, self.arguments["padding_mode"], pads, self.name, self.refuse), (0, 0, 0, 0)
        return self.result(graph.node(self.name, "conv2d", [x.node], self.tensors(), self.attributes(pads),
                                      scale=self.scale))


class ConvTranspose2d(Convolution):
    op, output_axis = "conv_transpose2d", 1

    def check_channels(self, weight):
        if self.groups != 1:
            self.refuse("groups must be 1 for transposed convolutions; the library asserts")
        if weight.shape[0] != self.inputs:
            self.refuse(f"{self.name}.weight has shape {list(weight.shape)}, expected [{self.inputs}, out, kh, kw] "
                        f"for an input {list(self.shapes[0])}")
        self.agree("out_channels", weight.shape[1])
        if self.arguments["padding_mode"] != "zeros":
            self.refuse("padding_mode must be zeros for transposed convolutions, as in torch")

    def read_pads(self):
        if self.way == "core" and self.strides != (1, 1):
            self.refuse("to_linear works for stride 1 only in transposed convolutions")
        self.output_padding = pair(self.arguments["output_padding"])
        if any(o >= max(s, d) for o, s, d in zip(self.output_padding, self.strides, self.dilations)):
            self.refuse(f"output_padding {list(self.output_padding)} must be smaller than stride or dilation, as in "
                        f"torch")
        return pair(self.arguments["padding"]) * 2

    def output_shape(self):
        extents = tuple((n - 1) * s - 2 * p + d * (k - 1) + o + 1 for n, s, p, d, k, o in zip(
            self.shapes[0][1:], self.strides, self.pads[:2], self.dilations, self.kernel, self.output_padding))
        if min(extents) < 1:
            self.refuse(f"the output would be {list(extents)}")
        return (self.outputs,) + extents

    def emit(self, graph, xs):
        attributes = {**self.attributes(self.pads), "output_padding": list(self.output_padding)}
        return self.result(graph.node(self.name, "conv_transpose2d", [xs[0].node], self.tensors(), attributes,
                                      scale=self.scale))


LAYERS = {"linear": Linear, "conv2d": Conv2d, "conv_transpose2d": ConvTranspose2d}
