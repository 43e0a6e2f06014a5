"""Random networks by the rules of the training library's layers: a network file's document and a state dict.

io_max comes from the data the network itself computes (witin_nn_oracle.py), so that codes fill their ranges, saturate
now and then, and layers need requantisation between them.
"""
import numpy as np

import witin_nn_oracle as oracle

F32 = np.float32
FRAMES = 3
ARRAY, TWO_INPUTS = ("linear", "conv2d", "conv_transpose2d"), ("element_add", "element_mul", "element_divide", "hypot")
SAME_SHAPE = ("gelu", "sigmoid", "tanh", "prelu", "sqrt", "inv_sqrt")
MAPS_ONLY = ("conv2d", "conv_transpose2d", "batch_norm2d", "cln_bn2d", "cat", "mat_mul", "mean")
KINDS = 3 * ARRAY + TWO_INPUTS + SAME_SHAPE + MAPS_ONLY[2:] + ("move",)


class RandomNetwork:
    """document, tensors, inputs {"in": float32}; grows by layer(). scales: "auto", "pow2" or "any"."""

    def __init__(self, seed, scales="auto", shape=None):
        self.rng, self.scales = np.random.default_rng(seed), scales
        shape = shape or tuple(int(n) for n in self.rng.integers(3, 8, 3))
        x = self.rng.standard_normal((FRAMES,) + shape).astype(F32)
        if self.rng.random() < 0.5:       # on a grid of 1/512: ties everywhere
            x = np.rint(x * F32(512)) / F32(512)
        self.inputs, self.values, self.tensors = {"in": x}, {"in": x}, {}
        self.document = {"input": {"name": "in", "shape": list(shape)},
                         "defaults": {"use_quantization": True, "use_auto_scale": scales == "auto"}, "layers": []}
        self.covered, self.distinct = set(), {}

    # ------------------------------------------------------------------------------------------ choices
    def chance(self, share):
        return bool(self.rng.random() < share)

    def choice(self, values):
        return values[int(self.rng.integers(len(values)))]

    def integer(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def width(self):
        return 8 if self.chance(0.4) else self.integer(8, 12)

    def source(self, test=lambda shape: True):
        """A recent tensor whose values differ, or the input."""
        names = [name for name, value in self.values.items()
                 if test(value.shape[1:]) and self.distinct.get(name, 9) > 8]
        return self.choice(names[-3:] + names[:1]) if names else None

    def magnitude(self, name):
        return max(float(np.abs(self.values[name]).max()), 0.05) * self.choice([0.6, 1, 1, 1.4])

    # ------------------------------------------------------------------------------------------ layers
    def grow(self, layers, kinds=KINDS):
        while len(self.document["layers"]) < layers:
            self.layer(self.choice(kinds))
        self.document["output"] = next(layer["name"] for layer in reversed(self.document["layers"])
                                       if layer["name"] in self.values and layer["type"] not in MOVES)
        return self

    def layer(self, kind, config=None, **arguments):
        """Adds a layer of the kind where a tensor fits it; returns its name or None."""
        make = getattr(self, "_" + kind, None) or (self._same_shape if kind in SAME_SHAPE else self._two)
        entry = make(kind, dict(arguments), config or {})
        return entry and entry["name"]

    def add(self, kind, inputs, arguments, config, parameters=None, statistics=()):
        """statistics: of x (x, or x1 and x2) and weight, each (key, field, bits, largest value)."""
        name = f"{kind}_{len(self.document['layers'])}"
        for role, value in (parameters or {}).items():
            self.tensors[f"{name}.{role}"] = value
        for key, field, bits, largest in statistics:
            if self.scales == "auto":
                self.tensors[f"{name}.autoscale_{key}_obj.io_max"] = F32(largest)
            else:
                config[field] = self._scale(bits, largest)
        entry = {"name": name, "type": kind, "inputs": list(inputs), **arguments}
        if kind not in MOVES:
            entry["config"] = config
            self._choose_output(entry)
        result = self._run(entry)
        self.document["layers"].append(entry)
        self.values[name] = result if isinstance(result, np.ndarray) else result.value
        self.distinct[name] = len(np.unique(self.values[name]))
        return entry

    def _scale(self, bits, largest):
        scale = 2.0 ** (bits - 1) / largest
        return float(2.0 ** np.rint(np.log2(scale))) if self.scales == "pow2" else float(f"{scale:.3g}")

    def _run(self, entry):
        config = {**oracle.FIELDS, **self.document["defaults"], **entry.get("config", {})}
        return oracle.run(entry, config, self.tensors, [self.values[name] for name in entry["inputs"]])

    def _choose_output(self, entry):
        """A scale of y at which the codes differ most, or the next finer one, at which more of them saturate."""
        if entry["type"] == "mean":         # keeps the scale of x
            return
        part, distinct = self.choice([0.6, 0.9, 1]), {}
        for exponent in range(-5, 11):
            self._set_output(entry, part * 2.0 ** exponent)
            try:
                distinct[exponent] = len(np.unique(self._run(entry).y))
            except ZeroDivisionError:       # a divider of 0: the library gives NaN
                continue
        best = max(distinct, key=distinct.get)
        self._set_output(entry, part * 2.0 ** (best - 1 if best - 1 in distinct and self.chance(0.3) else best))

    def _set_output(self, entry, largest):
        if self.scales == "auto":
            self.tensors[f"{entry['name']}.autoscale_y_obj.io_max"] = F32(largest)
        else:
            entry["config"]["scale_y"] = self._scale(entry["config"].get("y_quant_bits", 8), largest)

    # ------------------------------------------------------------------------------------------ parts of the array
    def _array_config(self, kind, config, source):
        if "handle_neg_in" not in config:
            config["handle_neg_in"] = self.choice(["FALSE", "PN", "Shift"])
        for key in ("x_quant_bits", "y_quant_bits"):
            config.setdefault(key, self.width())
        if kind != "linear":
            config.setdefault("hardware", "VPU" if self.chance(0.15) else "ARRAY")
            config.setdefault("to_linear", self.chance(0.3))
        if kind == "conv_transpose2d" and config["hardware"] == "ARRAY" and config["handle_neg_in"] == "Shift":
            config["handle_neg_in"] = "PN"
        config["weight_quant_bits"] = self.choice([8, 8, 8, 7, 9])
        config["bias_row_N"] = self.choice([1, 4, 8, 32])
        config["shift_num"] = self.choice([0.37, 1.0, 2.5])
        if self.chance(0.2):
            config["G_algo"] = self.choice([2, 4] if self.scales != "any" else [3, 1.7])
        if self.chance(0.2):
            config["w_clip"] = 0.5
        if self.chance(0.2):
            config["output_fp_clip"] = self.choice([1.0, 0.73])
        self.covered.add((kind, config["handle_neg_in"], config["x_quant_bits"], config.get("to_linear", False),
                          config.get("hardware", "ARRAY")))
        return config

    def _array_parameters(self, config, shape, outputs, source):
        weight = (self.rng.standard_normal(shape) * self.choice([0.1, 0.3, 0.5])).astype(F32)
        weight.reshape(-1)[:1] = -np.abs(weight).max()
        reach = np.abs(weight).max() * self.magnitude(source) * np.sqrt(weight.size / outputs)
        bias = (self.rng.standard_normal(outputs) * reach * self.choice([0, 0.3, 3])).astype(F32)
        config["bias_d"] = self.choice([0, float(reach), [float(b) for b in bias / 2]])
        x = self.magnitude(source)
        largest = float(np.abs(weight).max()) * self.choice([1, 1, 0.7])
        return {"weight": weight, "bias": bias}, [("x", "scale_x", config["x_quant_bits"], x),
                                                  ("weight", "scale_weight", config["weight_quant_bits"], largest)]

    def _linear(self, kind, arguments, config):
        source = self.source()
        config, outputs = self._array_config(kind, config, source), self.integer(1, 9)
        parameters, statistics = self._array_parameters(config, (outputs, self.values[source].shape[-1]), outputs,
                                                        source)
        if self.chance(0.3):
            arguments["out_features"] = outputs
        return self.add(kind, [source], arguments, config, parameters, statistics)

    def _conv2d(self, kind, arguments, config):
        source = self.source(lambda s: len(s) == 3 and min(s[1:]) > 2)
        if source is None:
            return None
        config, channels = self._array_config(kind, config, source), self.values[source].shape[1]
        groups = self.choice([n for n in (1, channels) if channels % n == 0])
        if config["to_linear"]:
            groups = 1
        kernel = [self.integer(1, 3), self.integer(1, 3)]
        outputs = groups * self.integer(1, 4 if groups == 1 else 2)
        arguments = {"stride": self.choice([1, [2, 1], [1, 2]]), "padding": self.choice([0, [1, 1], [1, 0]]),
                     "groups": groups,
                     "dilation": self.choice([1, [1, 2]]) if kernel[1] < 3 else 1, "kernel_size": kernel, **arguments}
        if arguments["padding"] and self.chance(0.3):
            arguments["padding_mode"] = self.choice(["reflect", "replicate", "circular"])
        parameters, statistics = self._array_parameters(config, (outputs, channels // groups, *kernel), outputs, source)
        return self.add(kind, [source], arguments, config, parameters, statistics)

    def _conv_transpose2d(self, kind, arguments, config):
        source = self.source(lambda s: len(s) == 3 and 1 < min(s[1:]) and max(s[1:]) < 12)
        if source is None:
            return None
        config, channels = self._array_config(kind, config, source), self.values[source].shape[1]
        kernel, outputs = [self.integer(2, 3), self.integer(1, 3)], self.integer(1, 4)
        core = config["to_linear"] and config["hardware"] == "ARRAY"
        stride = 1 if core else self.choice([1, [2, 1], [2, 3]])
        arguments = {"stride": stride, "padding": self.choice([0, [1, 0]]),
                     "output_padding": [1, 0] if stride in ([2, 1], [2, 3]) and self.chance(0.5) else 0, **arguments}
        parameters, statistics = self._array_parameters(config, (channels, outputs, *kernel), outputs, source)
        return self.add(kind, [source], arguments, config, parameters, statistics)

    # ------------------------------------------------------------------------------------------ digital
    def _limits(self, config, *keys):
        for key in keys:
            if self.chance(0.3):
                config[key] = self.choice([0.5, 0.81, 2.0])
        return config

    def _one(self, config, source):
        config.setdefault("x_quant_bits", self.width())
        config.setdefault("y_quant_bits", self.width())
        return [("x", "scale_x", config["x_quant_bits"], self.magnitude(source))]

    def _same_shape(self, kind, arguments, config):
        source = self.source()
        statistics, parameters = self._one(config, source), {}
        if kind in ("gelu", "sigmoid") and not oracle.HAS_TORCH:        # exact without torch up to 8 bits
            config["x_quant_bits"] = 8
            statistics = self._one(config, source)
        if kind == "gelu":
            arguments["approximate"] = self.choice(["none", "tanh"])
            if self.chance(0.4):
                config["gelu_shift_num"] = self.choice([0.25, 0.17])
        if kind == "prelu":
            count = self.choice([1, self.values[source].shape[1]])
            parameters["weight"] = self.rng.standard_normal(count).astype(F32)
            statistics.append(("weight", "scale_weight", 8, float(np.abs(parameters["weight"]).max())))
        self._limits(config, *(("x_clip",) if kind in ("sigmoid", "tanh") else ("output_fp_clip",)))
        if kind in ("sqrt", "inv_sqrt"):
            config["sqrt_left_shift_bits"] = self.choice([0, 8, 16])
        self.covered.add((kind, config["x_quant_bits"]))
        return self.add(kind, [source], arguments, config, parameters, statistics)

    def _pair(self, config, names):
        config.setdefault("y_quant_bits", self.width())
        for key in ("x_left_quant_bits", "x_right_quant_bits"):
            config.setdefault(key, self.width())
        return [(key, f"scale_x_{side}", config[f"x_{side}_quant_bits"], self.magnitude(name))
                for key, side, name in zip(("x1", "x2"), ("left", "right"), names)]

    def _two(self, kind, arguments, config):
        left = self.source()
        right = self.source(lambda s: s == self.values[left].shape[1:])
        if kind == "hypot":
            config["sqrt_left_shift_bits"] = self.choice([0, 4, 8])
        statistics = self._pair(config, (left, right))[:1 if kind == "hypot" else 2]
        if kind in ("hypot", "element_divide"):
            self._limits(config, "output_fp_clip")
        self.covered.add((kind, config["x_left_quant_bits"]))
        return self.add(kind, [left, right], arguments, config, None, statistics)

    def _cat(self, kind, arguments, config):
        left = self.source(lambda s: len(s) == 3)
        dim = self.integer(1, 3)
        same = lambda s: len(s) == 3 and all(a == b for i, (a, b) in enumerate(zip(s, self.values[left].shape[1:]))
                                             if i != dim - 1)
        right = left and self.source(same)
        if not right or self.values[left].size > 3000:
            return None
        statistics = self._pair(config, (left, right))
        self._limits(config, "output_fp_clip")
        self.covered.add((kind, config["x_left_quant_bits"]))
        return self.add(kind, [left, right], {"dim": self.choice([dim, dim - 4])}, config, None, statistics)

    def _mat_mul(self, kind, arguments, config):
        source = self.source(lambda s: len(s) == 3)
        if source is None:
            return None
        turned = self.add("permute", [source], {"dims": [0, 1, 3, 2]}, {})["name"]
        statistics = self._pair(config, (source, turned))
        self.covered.add((kind, config["x_left_quant_bits"]))
        return self.add(kind, [source, turned], {}, config, None, statistics)

    def _mean(self, kind, arguments, config):
        source = self.source(lambda s: len(s) == 3)
        if source is None:
            return None
        statistics = self._one(config, source)
        self.covered.add((kind, config["x_quant_bits"]))
        return self.add(kind, [source], {"dim": self.choice([1, 2, 3, -1, -2]), "keepdim": self.chance(0.6)}, config,
                        None,
                        statistics)

    def _batch_norm2d(self, kind, arguments, config):
        source = self.source(lambda s: len(s) == 3)
        if source is None:
            return None
        statistics, channels = self._one(config, source), self.values[source].shape[1]
        parameters = {"running_mean": self.rng.standard_normal(channels).astype(F32),
                      "running_var": self.rng.uniform(0.2, 3, channels).astype(F32), "num_batches_tracked": np.int64(7)}
        arguments = {"affine": self.chance(0.6), "eps": self.choice([1e-5, 1e-3])}
        if arguments["affine"]:
            parameters["weight"] = self.rng.standard_normal(channels).astype(F32)
            parameters["bias"] = self.rng.standard_normal(channels).astype(F32)
            statistics.append(("weight", "scale_weight", 8, 3.0))
        self.covered.add((kind, config["x_quant_bits"]))
        return self.add(kind, [source], arguments, config, parameters, statistics)

    def _cln_bn2d(self, kind, arguments, config):
        source = self.source(lambda s: len(s) == 3)
        if source is None:
            return None
        config["x_quant_bits"] = self.choice([8, 9, 10])      # sums of squares below 2^24, where the library is exact
        statistics = self._one(config, source)
        config["sqrt_left_shift_bits"] = self.choice([0, 8, 12])
        config["cln_simple"] = self.chance(0.5)
        self._limits(config, "output_fp_clip")
        self.covered.add((kind, config["x_quant_bits"]))
        return self.add(kind, [source], {}, config, None, statistics)

    # ------------------------------------------------------------------------------------------ torch operations
    def _move(self, kind, arguments, config):
        source = self.source()
        shape = self.values[source].shape[1:]
        moves = [("relu", {}), ("slice", {"dim": self.integer(1, len(shape)), "start": self.choice([0, -2]),
                                          "end": None})]
        if len(shape) == 3:
            moves += [("permute", {"dims": [0, 2, 1, 3]}), ("reshape", {"shape": [shape[0], shape[1] * shape[2], 1]})]
        if len(shape) == 3 and min(shape[1:]) > 3:
            moves += [("max_pool2d", {"kernel_size": [2, 3], "stride": [2, 1], "padding": [0, 1]})]
        if len(shape) > 1 and len(self.document["layers"]) > 2:
            moves += [("flatten", {})]
        kind, arguments = self.choice(moves)
        self.covered.add((kind,))
        return self.add(kind, [source], arguments, {})


MOVES = ("relu", "slice", "permute", "reshape", "max_pool2d", "flatten")
