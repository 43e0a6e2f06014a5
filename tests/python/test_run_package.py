"""scripts/reference: the oracle against measured cases, the table of numerics.md and definitions in plain Python."""
import contextlib
import glob
import io
import os
import tempfile
import unittest
from fractions import Fraction

import numpy as np

from shared_data import needs_shared, shared
import run_package
import wpkg
import wtm2101
from rules import Node, OutputRule, RunError, shifted

ACC = [0, 511, 512, 1535, 1536, -256, -511, -512, -767, -768, -1024, -1536, -1791, -1792, 130559, 130560, -131840]
CHIP = [0, 0, 1, 1, 2, 0, 0, 0, 0, -1, -1, -1, -1, -2, 127, 127, -128]
RNE = [0, 0, 0, 1, 2, 0, 0, 0, -1, -1, -1, -2, -2, -2, 127, 127, -128]


def one_node(op, arithmetic="wtm2101", tensors=None, frame=(4,), inputs=1, input_options=None, **attributes):
    package = wpkg.Package("one", arithmetic)
    names = [package.input(f"in{i}", frame, 16, signed=True, **(input_options or {})) for i in range(inputs)]
    package.node("n", op, names, tensors, attributes)
    package.output("n")
    return package


def run_node(package, *arrays):
    return run_package.run(package, {f"in{i}": values for i, values in enumerate(arrays)})["n"]["npu_y"]


class Rules(unittest.TestCase):
    def rule(self, profile, **attributes):
        entry = {"name": "n", "op": "linear", "attributes": attributes}
        return OutputRule(Node(None, entry, [np.zeros(1)], [(0, 0)], profile))

    def test_table_of_the_numerics_page(self):
        self.assertEqual(self.rule("wtm2101", g=1024)(np.array(ACC)).tolist(), CHIP)
        for profile in ("witin_nn", "nb01"):
            self.assertEqual(self.rule(profile, g=1024)(np.array(ACC)).tolist(), RNE)

    def test_any_divisor_is_exact(self):
        rng = np.random.default_rng(3)
        acc = rng.integers(-(2**31), 2**31, 400)
        for g in (0.75, 1, 2.5, 3, 100.1, 1024, 2.0**20):
            exact = Fraction(g)
            chip, rne = [], []
            for value in acc.tolist():
                v = int(value * 4 / exact) if value >= 0 else -int(-value * 4 / exact)
                chip.append(min(max((v + 2) >> 2, -2048), 2047))
                rne.append(min(max(round(value / exact), -2048), 2047))
            self.assertEqual(self.rule("wtm2101", g=g, y_bits=12)(acc).tolist(), chip)
            self.assertEqual(self.rule("witin_nn", g=g, y_bits=12)(acc).tolist(), rne)

    def test_shifts_against_fractions(self):
        values = np.arange(-300, 300)
        floor = lambda q: q.numerator // q.denominator
        for bits in range(1, 7):
            exact = [Fraction(int(v), 1 << bits) for v in values]
            for rounding, rule in (("floor", floor), ("half_up", lambda q: floor(q + Fraction(1, 2))),
                                   ("half_even", round),
                                   ("trunc", int), ("half_away", lambda q: int(q + (q > 0) - Fraction(1, 2))
                                                    if q else 0)):
                self.assertEqual(shifted(values, -bits, rounding).tolist(), [rule(q) for q in exact], (rounding, bits))
        self.assertEqual(shifted(np.array([-3]), 2, "trunc").tolist(), [-12])

    def test_a_divisor_that_is_not_positive(self):
        with self.assertRaisesRegex(RunError, "g = 0 is not positive"):
            self.rule("wtm2101", g=0)


class Arrays(unittest.TestCase):
    def setUp(self):
        self.rng = np.random.default_rng(5)

    def test_linear_with_every_way_to_drive_codes(self):
        weight, bias = self.rng.integers(-128, 128, (6, 5)), 128 * self.rng.integers(-99, 99, 5)
        run = lambda x, **attributes: run_node(one_node("linear", "nb01", {"weight": weight, "bias": bias}, (6,), g=64,
                                                        y_bits=16, **attributes), x)
        signed = self.rng.integers(-128, 128, (40, 6))
        expected = np.array([[round(Fraction(int(v), 64)) for v in row] for row in signed @ weight + bias])
        self.assertEqual(run(signed, x_signed=True).tolist(), expected.tolist())
        self.assertEqual(run(signed, neg_in="pn").tolist(), expected.tolist())
        with self.assertRaisesRegex(RunError,
                                    r"node n \(linear\): input code -\d+ at index \[\d+, \d+\] is outside 0..255"):
            run(signed)
        negative = one_node("linear", "nb01", {"weight": weight, "weight_neg": 0 * weight, "bias": bias}, (6,), g=64,
                            y_bits=16, neg_in="pn")
        self.assertEqual(run_node(negative, signed).tolist(), run(np.maximum(signed, 0)).tolist())

    def test_wide_inputs_split(self):
        weight = self.rng.integers(-128, 128, (6, 5))
        package = one_node("linear", "witin_nn", {"weight": weight}, (6,), g=128, x_bits=12, y_bits=12)
        x = self.rng.integers(0, 4096, (20, 6))
        low, high = (x & 255) @ weight, (x & ~255) @ weight
        rne = lambda a: np.array([[round(Fraction(int(v), 128)) for v in row] for row in a])
        expected = np.clip(np.clip(rne(low), -2048, 2047) + rne(high), -2048, 2047)
        results = run_package.run(package, {"in0": x})["n"]
        self.assertEqual(results["npu_y"].tolist(), expected.tolist())
        self.assertEqual(results["npu_y_d"].tolist(), rne(high).tolist())
        self.assertEqual(results["npu_x"].tolist(), (x & 255).tolist())

    def test_padding_under_shift_is_the_shift(self):
        weight, shift = self.rng.integers(-128, 128, (3, 2, 3, 3)), 77
        x = self.rng.integers(0, 256, (2, 2, 5, 4))
        tensors = {"weight": weight}
        padded = np.pad(x, ((0, 0), (0, 0), (1, 2), (0, 1)), constant_values=shift)
        whole = run_node(one_node("conv2d", "nb01", tensors, (2, 8, 5), g=512), padded)
        found = run_node(one_node("conv2d", "nb01", tensors, (2, 5, 4), g=512, neg_in="shift", shift=shift,
                                  pads=[1, 0, 2, 1]), x)
        self.assertEqual(found.tolist(), whole.tolist())

    def test_transposed_convolution_is_the_adjoint(self):
        # <conv(x), y> = <x, conv_transpose(y)> for every geometry
        for strides, pads, dilations, groups, extra in (((2, 3), (1, 0, 2, 1), (1, 2), 1, (1, 2)),
                                                        ((1, 1), (0, 0, 0, 0), (2, 1), 2, (0, 0)),
                                                        ((3, 2), (2, 1, 0, 1), (1, 1), 2, (2, 0))):
            weight = self.rng.integers(-9, 10, (4, 3, 3, 2))  # [O, I/groups, kH, kW] and [I, O/groups, kH, kW] alike
            y = self.rng.integers(0, 10, (1, 4, 4, 3))
            attributes = dict(strides=list(strides), pads=list(pads), dilations=list(dilations), groups=groups)
            up = one_node("conv_transpose2d", "nb01", {"weight": weight}, y.shape[1:], g=1, y_bits=16,
                          output_padding=list(extra), **attributes)
            transposed = run_node(up, y)
            x = self.rng.integers(0, 10, transposed.shape)
            down = one_node("conv2d", "nb01", {"weight": weight}, x.shape[1:], g=1, y_bits=16, **attributes)
            convolved = run_node(down, x)
            self.assertEqual(convolved.shape, y.shape)
            self.assertEqual(int((convolved * y).sum()), int((x * transposed).sum()))

    def test_a_matrix_in_parts_is_converted_part_by_part(self):
        x, weight = self.rng.integers(0, 256, (3, 4, 6, 5)), self.rng.integers(-128, 128, (7, 4, 3, 2))
        bias, parts = 128 * self.rng.integers(-99, 99, 7), [5, 12, 7]
        rows, matrix = wtm2101.im2col(x, 3, 2, 1, 1, (0, 0, 0, 0)), wtm2101.conv_weight_rows(weight)
        expected, start = 0, 0
        for count in parts:
            acc = rows[..., start:start + count] @ matrix[start:start + count] + (bias if start == 0 else 0)
            expected, start = expected + wtm2101.array_out(acc, 256), start + count
        expected = np.clip(expected, -128, 127)
        convolved = run_node(one_node("conv2d", tensors={"weight": weight, "bias": bias}, frame=(4, 6, 5), g=256,
                                      k_split=parts), x)
        self.assertEqual(convolved.tolist(), expected.transpose(0, 3, 1, 2).tolist())
        flat = one_node("linear", tensors={"weight": matrix, "bias": bias}, frame=(24,), g=256, k_split=parts)
        self.assertEqual(run_node(flat, rows.reshape(-1, 24)).tolist(), expected.reshape(-1, 7).tolist())
        flipped = np.ascontiguousarray(weight.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1])
        back = one_node("conv_transpose2d", tensors={"weight": flipped, "bias": bias}, frame=(4, 6, 5), g=256,
                        k_split=parts, pads=[2, 1, 2, 1])
        self.assertEqual(run_node(back, x).tolist(), convolved.tolist())

    def test_tdnn_waits_for_its_context(self):
        package = one_node("tdnn", "nb01", {"weight": [[1], [10], [100]]}, (1,), g=1, y_bits=16,
                           time_offsets=[-2, 0, 1],
                           x_bits=8)
        self.assertEqual(run_node(package, np.arange(1, 7)[:, None]).ravel().tolist(), [100, 210, 320, 431, 542, 653])


class Digital(unittest.TestCase):
    def test_memory_order(self):
        x = np.arange(24).reshape(1, 2, 3, 4)
        flat = run_node(one_node("reshape", frame=(2, 3, 4), shape=[24], order="memory"), x)
        self.assertEqual(flat[0].tolist(), x[0].transpose(2, 1, 0).ravel().tolist())
        again = run_node(one_node("reshape", frame=(24,), shape=[2, 3, 4], order="memory"), flat)
        self.assertEqual(again.tolist(), x.tolist())

    def test_ranges_follow_the_codes(self):
        package = one_node("requantize", "witin_nn", scale_from=16, scale_to=4, bits=10, neg_in="pn")
        self.assertEqual(run_node(package, np.array([[-32768, -6, 2, 10]])).tolist(), [[-1023, -2, 0, 2]])
        package = one_node("lut", tensors={"table": np.arange(1024) % 256 - 128}, index="half_lsb")
        self.assertEqual(run_node(package, np.array([[0, 1, -1, 3000]])).tolist(), [[-128, -126, 126, 127]])

    @needs_shared
    def test_the_microcontrollers_events(self):
        with np.load(shared("vectors", "wtm2101_events", "events.npz")) as file:
            events = dict(file)
        compared = 0
        for k in range(20):
            for name, op in (("softmax", "softmax"), ("sumnorm", "sum_norm")):
                rows, n, _, out_type, scale_in, scale_out = events[f"{name}_{k}_p"]
                x, expected = (a.reshape(int(rows), int(n)).astype(np.int64) for a in events[f"{name}_{k}"])
                distance = np.arange(256, dtype=np.float32) * np.float32(-scale_in)
                exponentials = np.exp(distance.astype(np.float64)).astype(np.float32)
                table = {"exp_table": exponentials} if op == "softmax" else None
                package = one_node(op, tensors=table, frame=(int(n),), axis=0, scale_in=scale_in, scale_out=scale_out,
                                   signed=bool(out_type == 1))
                self.assertTrue(np.array_equal(run_node(package, x), expected), f"{name}_{k}")
                compared += expected.size
            groups, scale_out = events[f"gn_{k}_p"]
            x, expected = (events[f"gn_{k}_{t}"].astype(np.int64).transpose(2, 1, 0)[None] for t in "xy")
            package = one_node("group_norm", tensors={"alpha": events[f"gn_{k}_a"], "beta": events[f"gn_{k}_b"]},
                               frame=x.shape[1:], groups=int(groups), scale_out=scale_out)
            self.assertTrue(np.array_equal(run_node(package, x), expected), f"gn_{k}")
            compared += expected.size
        self.assertEqual(compared, 11670)


@needs_shared
class Cases(unittest.TestCase):
    def test_every_case(self):
        compared = 0
        for folder in sorted(glob.glob(shared("cases", "*", "*"))):
            with self.subTest(os.path.basename(folder)):
                package = wpkg.Package.read(os.path.join(folder, "model.wpkg"))
                single = os.path.join(folder, "input.npy")
                inputs = {entry["name"]: np.load(single if os.path.exists(single) else
                                                 os.path.join(folder, f"input_{entry['name']}.npy"))
                          for entry in package.inputs}
                results = run_package.run(package, inputs)
                found, expected = results[package.outputs[0]]["npu_y"], np.load(os.path.join(folder, "expected.npy"))
                self.assertEqual((found.shape, int((found != expected).sum())), (expected.shape, 0))
                compared += expected.size
        self.assertEqual(compared, 331390)


class Pools(unittest.TestCase):
    def test_padding_that_does_not_count(self):
        package = one_node("avg_pool", frame=(1, 2, 2), kernel=[2, 2], pads=[1, 1, 1, 1], count_include_pad=False)
        found = run_node(package, np.array([[[[10, 21], [30, -41]]]]))
        # 15.5 and 20 and 5 and -10 and -5.5 of what lies inside, cut off toward zero; -10 and -5 then rise by one half
        # up
        self.assertEqual(found.tolist(), [[[[10, 15, 21], [20, 5, -9], [30, -4, -40]]]])


class ClippedSums(unittest.TestCase):
    def test_clip_value_limits_the_code(self):
        for op, expected in (("add", [[24, -24, 7]]), ("mul", [[24, 24, 1]])):
            package = one_node(op, "witin_nn", frame=(3,), inputs=2, scale_left=16, scale_right=16, scale_y=16,
                               clip_value=1.5)
            found = run_node(package, np.array([[100, -60, 4]]), np.array([[20, -60, 3]]))
            self.assertEqual(found.tolist(), expected, op)


class CommandLine(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = lambda name: os.path.join(folder.name, name)
        package = one_node("add", frame=(2,), inputs=2, shift=-1)
        package.node("r", "relu", ["n"])
        package.output("r")
        package.write(self.path("m.wpkg"))
        np.save(self.path("a.npy"), np.array([[3, -5], [200, 4]], np.int16))
        np.save(self.path("b.npy"), np.array([[4, -5], [100, 4]], np.int16))

    def call(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = run_package.main([self.path("m.wpkg"), *arguments])
        return status, err.getvalue()

    def test_outputs_and_trace(self):
        inputs = ("--input", "in0=" + self.path("a.npy"), "--input", "in1=" + self.path("b.npy"))
        self.assertEqual(self.call(*inputs, "-o", self.path("out.npz"), "--trace", self.path("t.wtrace"))[0], 0)
        with np.load(self.path("out.npz")) as out:
            self.assertEqual((out["n"].dtype, out["n"].tolist(), out["r"].tolist()),
                             (np.int8, [[3, -5], [127, 4]], [[3, 0], [127, 4]]))
        header, values = wpkg.read_trace(self.path("t.wtrace"))
        self.assertEqual((header["frames"], [n["name"] for n in header["nodes"]]), (2, ["n", "r"]))
        self.assertEqual(values["r"]["npu_y"].tolist(), [[3, 0], [127, 4]])
        status, error = self.call(*inputs, "-o", self.path("out.npy"))
        self.assertEqual((status, error), (2, "run_package: the network has 2 outputs, name an .npz\n"))
        self.assertFalse(os.path.exists(self.path("out.npy")))

    def test_inputs_are_checked(self):
        self.assertEqual(self.call("--input", "in0=" + self.path("a.npy")), (2, "run_package: input in1 is missing\n"))
        np.save(self.path("b.npy"), np.zeros((2, 3), np.int8))
        both = ("--input", "in0=" + self.path("a.npy"), "--input", "in1=" + self.path("b.npy"))
        self.assertEqual(self.call(*both), (2, "run_package: input in1: shape [2, 3], expected [frames, 2]\n"))
        np.save(self.path("b.npy"), np.array([[0, 0], [0, 40000]]))
        self.assertEqual(self.call(*both), (2, "run_package: input in1: value 40000 at index [1, 1] is outside "
                                               "-32768..32767\n"))


if __name__ == "__main__":
    unittest.main()
