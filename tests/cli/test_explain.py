"""witin-sim diff --explain: networks with seeded defects, made by the NumPy oracle, and whether their cause is named.

EXPLAIN_TABLE=FILE writes what was found for every defect."""
import os
import sys

import numpy as np
from program import SANITIZED, CliTest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "explain"))
import defects as d  # noqa: E402
from defects import Bench, Edited  # noqa: E402

RNG = np.random.default_rng(20240611)
CHANNEL = {name: int(RNG.integers(count))
           for name, count in (("conv_1", 8), ("conv_2", 16), ("fc_2", 64), ("fc_3", 10))}
BY = int(RNG.integers(2, 9)) * (1 if RNG.integers(2) else -1)
LEVEL = int(RNG.integers(-60, 60))


def row(cause):
    """A bias row is named together with those that hold the same cells."""
    return lambda found: found.startswith(cause)


# name, golden case, node, defect, the causes that must come first: {id: cause or a test of it}
SEEDED = [
    ("rounded half to even", "digits_cnn", "conv_2", d.rounded("half_even"), {"rounding": "half_even"}),
    ("rounded half up", "digits_mlp", "fc_2", d.rounded("half_up"), {"rounding": "half_up"}),
    ("rounded half away from zero", "digits_mlp", "fc_3", d.rounded("half_away"), {"rounding": "half_away"}),
    ("rounded down", "digits_cnn", "conv_1", d.rounded("floor"), {"rounding": "floor"}),
    ("truncated", "digits_mlp", "fc_1", d.rounded("trunc"), {"rounding": "trunc"}),
    ("the new chip's rounding on the old one", "operators/older_chip", "fc_1", d.rounded("chip"), {"rounding": "chip"}),
    ("ReLU missing", "digits_cnn", "relu_2", lambda node: node.x, {"relu_missing": ""}),
    ("ReLU applied where there is none", "digits_mlp", "fc_3", d.after(lambda y: np.maximum(y, 0)), {"relu_added": ""}),
    ("G twice as large", "digits_cnn", "fc_1", d.divided(2), {"g": "1"}),
    ("G a quarter", "digits_mlp", "fc_2", d.divided(0.25), {"g": "-2"}),
    ("a bias row lost", "digits_cnn", "conv_2", d.bias_row(False, -1), {"bias_row": row("lost 1,")}),
    ("a bias row doubled", "digits_mlp", "fc_3", d.bias_row(False, 1), {"bias_row": row("doubled 1,")}),
    ("the last bias row lost", "digits_mlp", "fc_2", d.bias_row(True, -1), {"bias_row": "lost 8 of 8"}),
    ("bias rows rounded", "digits_cnn", "fc_1", d.biased(d.bias_rounded),
     {"bias_rounded": "rounded 1024 half away from zero"}),
    ("bias omitted", "digits_mlp", "fc_2", d.biased(lambda units, rows: 0 * units), {"bias_omitted": "omitted"}),
    ("one column's bias lost", "digits_cnn", "conv_2", d.bias_of(CHANNEL["conv_2"], 0),
     {"bias_column": f"lost, column {CHANNEL['conv_2']}"}),
    ("-(-128) saturated", "vectors/array_06_linear_PN_x8_y8", "linear", d.negated(127),
     {"negation_saturates": "weight"}),
    ("-(-128) not saturated", "vectors/array_49_conv2d_PN_weight_minus128", "conv2d", d.negated(500),
     {"negation_exact": "weight"}),
    ("unsigned read as signed", "digits_cnn", "conv_1", d.as_signed(), {"input_sign": "signed"}),
    ("signed read as unsigned", "operators/streaming", "conv_1", d.as_unsigned(), {"input_sign": "unsigned"}),
    ("high part dropped", "operators/wide_inputs", "conv_1", d.inputs(d.low_part), {"high_part": "dropped"}),
    ("padding 0 instead of the shift", "operators/shifted_inputs", "conv_1", d.attribute("shift", 0),
     {"padding_value": "0"}),
    ("padding 128 instead of 0", "digits_cnn", "conv_2", d.padded(128), {"padding_value": "128"}),
    ("kernel flipped in H", "digits_cnn", "conv_1", d.kernel(0), {"kernel_flipped": "h"}),
    ("kernel flipped in W", "digits_cnn", "conv_2", d.kernel(1), {"kernel_flipped": "w"}),
    ("kernel flipped in both", "vectors/array_47_conv2d_depthwise32_3x3_14x14_PN", "conv2d", d.kernel(0, 1),
     {"kernel_flipped": "hw"}),
    ("kernel of a transposed convolution flipped", "vectors/array_51_convt_FALSE_x10_y12", "convt", d.kernel(0, 1),
     {"kernel_flipped": "hw"}),
    ("H and W of the input swapped", "digits_cnn", "conv_2", d.inputs(d.swapped), {"input_order": "h_w"}),
    ("channels last in a flattened map", "digits_cnn", "flat_1", d.inputs(d.channels_last),
     {"input_order": "channels_last"}),
    ("channels last before a matrix", "digits_cnn", "fc_1",
     d.inputs(lambda x: d.channels_last(x.reshape(-1, 16, 3, 3)).reshape(x.shape)), {"input_order": "channels_last"}),
    ("channels last in an output", "digits_cnn", "pool_1", d.after(d.channels_last), {"output_order": "channels_last"}),
    ("input frames one late", "digits_mlp", "fc_1", d.inputs(d.late), {"frames": "late"}),
    ("output frames one early", "digits_cnn", "conv_2", d.after(d.early), {"frames": "early"}),
    ("a column offset", "digits_mlp", "fc_2", d.after(d.offset(CHANNEL["fc_2"], BY)),
     {"column_offset": f"column {CHANNEL['fc_2']}: {BY:+d}"}),
    ("columns stuck", "digits_cnn", "conv_2", d.after(d.stuck([CHANNEL["conv_2"]], LEVEL)),
     {"column_stuck": f"column {CHANNEL['conv_2']}: {LEVEL}"}),
    ("gates in the other order", "operators/gru", "gru", d.attribute("order", "rz"), {"gate_order": ""}),
    ("G of one matrix of an LSTM", "operators/lstm", "lstm", d.attribute("g_ifo", 2048), {"g": "g_ifo 1"}),
    ("context reversed", "operators/tdnn", "tdnn_1",
     d.weights(lambda w: w.reshape(3, 10, -1)[::-1].reshape(w.shape)), {"context_reversed": ""}),
    # two at once
    ("rounding and a column offset", "digits_cnn", "fc_1", d.both(d.rounded("half_even"), d.offset(2, -4)),
     {"rounding": "half_even", "column_offset": "column 2: -4"}),
    ("G and a ReLU", "digits_mlp", "fc_2", d.both(d.divided(2), lambda y: np.maximum(y, 0)),
     {"g": "1", "relu_added": ""}),
    ("kernel flipped and bias omitted", "digits_cnn", "conv_2",
     d.edited(lambda n: Edited(n, {"weight": np.flip(n.tensor("weight"), 3)}), lambda n: Edited(n, {"bias": None})),
     {"kernel_flipped": "w", "bias_omitted": "omitted"}),
    ("frames late and a column stuck", "digits_mlp", "fc_1", d.both(d.inputs(d.late), d.stuck([40], -9)),
     {"frames": "late", "column_stuck": "column 40: -9"}),
    ("H and W swapped and rounded down", "digits_cnn", "conv_2",
     lambda n: d.rounded("floor")(Edited(n, xs=[d.swapped(n.x)])), {"input_order": "h_w", "rounding": "floor"}),
    ("bias omitted and a column offset", "digits_mlp", "fc_3",
     d.both(d.biased(lambda units, rows: 0 * units), d.offset(6, 11)),
     {"bias_omitted": "omitted", "column_offset": "column 6: +11"}),
]

# Defects the program does not know: nothing may be called certain.
UNKNOWN = [
    ("a row of weights is 0", "digits_mlp", "fc_2", d.weights(lambda w: w * (np.arange(len(w)) != 3)[:, None])),
    ("a column of weights is one more", "digits_mlp", "fc_3",
     d.weights(lambda w: np.where(np.arange(w.shape[1]) == 3, w + 1, w))),
    ("a column of weights is 0", "digits_cnn", "conv_2",
     d.weights(lambda w: w * (np.arange(16) != 4)[:, None, None, None])),
    ("one bit of a weight", "digits_cnn", "conv_2",
     d.weights(lambda w: w ^ ((np.arange(w.size) == 77).reshape(w.shape) * 64))),
    ("noise", "digits_mlp", "fc_2",
     d.after(lambda y: np.clip(y + np.random.default_rng(1).integers(-1, 2, y.shape), -128, 127))),
    ("one value", "digits_mlp", "fc_2", d.after(lambda y: y ^ (np.arange(y.size) == 777).reshape(y.shape))),
    ("two columns swapped", "digits_mlp", "fc_2", d.after(lambda y: y[:, np.r_[1, 0, 2:64]])),
    ("inputs doubled", "digits_mlp", "fc_2", d.inputs(lambda x: np.minimum(2 * x, 255))),
    ("an input channel dead", "digits_cnn", "conv_2", d.inputs(lambda x: x * (np.arange(8) != 2)[:, None, None])),
    ("one frame repeated", "digits_mlp", "fc_2", d.after(lambda y: np.concatenate([y[:100], y[99:100], y[101:]]))),
    ("three at once", "digits_cnn", "conv_2",
     lambda n: d.stuck([1], 5)(d.rounded("half_even")(
         Edited(n, {"weight": np.flip(n.tensor("weight"), 3), "bias": None})))),
]

FEWEST_NAMED_FIRST = len(SEEDED) - 1
FEWEST_CERTAIN = 38


class Explain(CliTest):
    benches = {}

    def bench(self, folder):
        if folder not in self.benches:
            self.benches[folder] = Bench(folder)
        return self.benches[folder]

    def explained(self, folder, node, defect, swap=False):
        """The explanation of a node with this defect."""
        bench = self.bench(folder)
        values = bench.defective(node, defect)
        self.assertFalse(np.array_equal(values[node], bench.right()[node]), "the defect changes nothing")
        bench.write(self.path("right.wtrace"), bench.right())
        bench.write(self.path("wrong.wtrace"), values)
        sides = ("wrong.wtrace", "right.wtrace") if swap else ("right.wtrace", "wrong.wtrace")
        inputs = [word for name, file in bench.files.items() for word in ("--input", f"{name}={file}")]
        document = self.document("diff", *sides, "--explain", bench.model, *inputs, "--json", status=1)
        nodes = {entry["node"]: entry for entry in document["explanations"]["nodes"]}
        self.assertIn(node, nodes)
        found = nodes[node]
        self.assertEqual((found["wrong_side"], found["reason"]), ("left" if swap else "right", ""))
        wrong = values[node] != bench.right()[node]
        self.assertEqual(found["left" if swap else "right"]["differing"], wrong.sum())
        # Later nodes are right, given what they got.
        others = [entry for name, entry in nodes.items() if name != node]
        self.assertTrue(all(entry["wrong_side"] in ("neither", "unknown") for entry in others), nodes.keys())
        return found

    @staticmethod
    def is_true(finding, causes):
        found = dict(zip(finding["ids"], finding["causes"]))
        return found.keys() == causes.keys() and all(
            cause(found[id]) if callable(cause) else cause == found[id] for id, cause in causes.items())

    def test_names_seeded_defects_first_and_no_wrong_one_as_certain(self):
        table, first, certain = [], 0, 0
        seeded = SEEDED[::12] if SANITIZED else SEEDED
        for i, (name, folder, node, defect, causes) in enumerate(seeded):
            with self.subTest(name):
                findings = self.explained(folder, node, defect, swap=i % 3 == 1)["findings"]
                named = bool(findings) and self.is_true(findings[0], causes)
                sure = [finding for finding in findings if finding["certain"]]
                for finding in sure:
                    self.assertTrue(self.is_true(finding, causes), f"wrong and certain: {finding}")
                    self.assertEqual((finding["share"], finding["broken"]), (1, 0))
                first, certain = first + named, certain + bool(sure)
                table.append(f"{name} | {folder} {node} | {'first' if named else 'NOT FIRST'} | "
                             f"{'certain' if sure else f'possible, of {len(findings)}'} | "
                             f"{findings[0]['sentence'] if findings else '-'}")
        if os.environ.get("EXPLAIN_TABLE"):
            with open(os.environ["EXPLAIN_TABLE"], "w", encoding="utf-8") as stream:
                stream.write("\n".join(table) + f"\n{first} of {len(seeded)} first, {certain} certain\n")
        if seeded is SEEDED:
            self.assertGreaterEqual(first, FEWEST_NAMED_FIRST, "\n".join(table))
            self.assertGreaterEqual(certain, FEWEST_CERTAIN, "\n".join(table))

    def test_is_not_certain_of_what_it_does_not_know(self):
        for name, folder, node, defect in UNKNOWN[::12] if SANITIZED else UNKNOWN:
            with self.subTest(name):
                for finding in self.explained(folder, node, defect)["findings"]:
                    self.assertFalse(finding["certain"], finding)


class Words(CliTest):
    """What is said around the findings."""

    def setUp(self):
        super().setUp()
        self.bench = Bench("digits_mlp")
        self.bench.write(self.path("right.wtrace"), self.bench.right())

    def wrong(self, node, defect, name="wrong.wtrace"):
        self.bench.write(self.path(name), self.bench.defective(node, defect))
        return name

    def test_text_names_the_cause_and_its_share(self):
        self.wrong("fc_2", d.rounded("half_even"))
        text = self.done("diff", "right.wtrace", "wrong.wtrace", "--explain", self.bench.model, status=1)
        self.assertIn("fc_2: the right side is not what the model computes in ", text)
        self.assertRegex(text, r"certain:  The sum is rounded half to even at once, .*\. Explains every difference\.\n")

    def test_says_why_it_cannot_tell(self):
        self.wrong("fc_1", d.rounded("half_even"))
        node = self.explanations("right.wtrace", "wrong.wtrace")[0]
        self.assertEqual((node["node"], node["wrong_side"], node["findings"]), ("fc_1", "unknown", []))
        self.assertIn("--input", node["reason"])
        bench = Bench("operators/gru")
        self.assertIn("no node of this name",
                      self.explanations("right.wtrace", "wrong.wtrace", bench.model)[0]["reason"])

    def explanations(self, left, right, model=None):
        return self.document("diff", left, right, "--explain", model or self.bench.model, "--json",
                             status=1)["explanations"]["nodes"]

    def test_takes_the_driven_codes_of_a_full_trace(self):
        self.done("run", self.bench.model, *self.bench.files.values(), "--trace", "full.wtrace",
                  "--trace-level", "full")
        self.wrong("fc_1", d.rounded("half_even"))
        node = self.explanations("full.wtrace", "wrong.wtrace")[0]
        self.assertEqual((node["wrong_side"], node["findings"][0]["ids"]), ("right", ["rounding"]))

    def test_explains_both_sides_where_both_are_wrong(self):
        self.wrong("fc_2", d.rounded("half_even"), "a.wtrace")
        self.wrong("fc_2", d.after(d.offset(5, 3)), "b.wtrace")
        node = self.explanations("a.wtrace", "b.wtrace")[0]
        self.assertEqual(node["wrong_side"], "both")
        self.assertEqual({f["side"]: f["ids"] for f in node["findings"] if f["certain"]},
                         {"left": ["rounding"], "right": ["column_offset"]})

    def test_refuses_what_is_no_model_and_an_input_without_one(self):
        self.wrong("fc_2", d.rounded("half_even"))
        self.refused("file.open", "diff", "right.wtrace", "wrong.wtrace", "--explain", "none.wpkg")
        result = self.run_program("diff", "right.wtrace", "wrong.wtrace", "--input", "x.npy")
        self.assertEqual(result.returncode, 2)

    def test_equal_sides_have_nothing_to_explain(self):
        document = self.document("diff", "right.wtrace", "right.wtrace", "--explain", self.bench.model, "--json")
        self.assertEqual(document["explanations"], {"nodes": [], "left_out": 0})
