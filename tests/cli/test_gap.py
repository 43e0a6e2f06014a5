"""witin-sim gap against the NumPy reference, which runs the network and each of its nodes alone on both profiles."""
import os
import sys
import unittest
from fractions import Fraction

import numpy as np
from program import DIGITS, GOLDEN, ROOT, CliTest, wpkg
from test_documents import HEAD, IDENTITY, NONE, mismatch

sys.path.insert(0, os.path.join(ROOT, "scripts", "reference"))
import run_package  # noqa: E402
from rules import Node  # noqa: E402

MODEL, INPUT, LABELS = (os.path.join(DIGITS, name) for name in ("model.wpkg", "input.npy", "labels.npy"))
LABELLED = {"correct": int, "accuracy": float}
ERRORS = {"different": int, "error_sum": int, "absolute_error_sum": int, "largest_error": int, "histogram": [[int]]}
GAP = {**HEAD, "package": IDENTITY, "profiles": [str], "first_frame": int, "frames": int,
       "labels": ({"witin_nn": LABELLED, "wtm2101": LABELLED}, NONE), "conclusion": str,
       "outputs": [{"name": str, "frames_different": int, "classes_changed": (int, NONE)}],
       "nodes": [{"name": str, "op": str, "inputs": [str], "shape": [int], "why_same": (str, NONE), "values": int,
                  "free": ERRORS, "born": ERRORS, "inherited": int, "frames_different": int,
                  "causes": {"half": int, "negative": int, "other": int}}]}


def compute(package, entry, profile, codes, ranges):
    entry = {**entry, "attributes": dict(entry.get("attributes", {}))}
    attributes = entry["attributes"]
    if profile == "wtm2101" and "divisor" in attributes:
        attributes["g"] = attributes.pop("divisor") / attributes.pop("multiplier")
        attributes.pop("clip_value", None)
    node = Node(package, entry, [codes[i] for i in entry["inputs"]], [ranges[i] for i in entry["inputs"]], profile)
    fields, limits = run_package.OPERATORS[entry["op"]](node)
    return fields, limits, attributes


def errors_of(errors):
    errors = errors[errors != 0]
    bins = np.clip(errors, -9, 9)
    return {"different": errors.size, "error_sum": int(errors.sum()), "absolute_error_sum": int(np.abs(errors).sum()),
            "largest_error": int(np.abs(errors).max(initial=0)),
            "histogram": [[int(e), int((bins == e).sum())] for e in np.unique(bins)]}


def oracle(package, inputs, kept=(), first=0, last=None):
    """What `nodes` of the document must hold, and {output: (library, chip)}."""
    window = slice(first, last)
    ranges = {entry["name"]: package.input_range(entry) for entry in package.inputs}
    library = {name: np.asarray(values, np.int64) for name, values in inputs.items()}
    chip, chip_ranges = dict(library), dict(ranges)
    nodes = []
    for entry in package.nodes:
        same = entry["name"] in kept or "arithmetic" in entry
        own = entry.get("arithmetic", "witin_nn")
        profiles = (own, own) if same else ("witin_nn", "wtm2101")
        isolated = compute(package, entry, profiles[1], library, ranges)[0]["npu_y"]
        lib_fields, limits, _ = compute(package, entry, profiles[0], library, ranges)
        chip_fields, chip_limits, attributes = compute(package, entry, profiles[1], chip, chip_ranges)
        library[entry["name"]], ranges[entry["name"]] = lib_fields["npu_y"], limits
        chip[entry["name"]], chip_ranges[entry["name"]] = chip_fields["npu_y"], chip_limits
        a, b, c = (values[window] for values in (lib_fields["npu_y"], isolated, chip_fields["npu_y"]))
        causes = {"half": 0, "negative": 0, "other": int((b != a).sum())}
        acc = lib_fields.get("npu_acc")
        if acc is not None and acc.shape == lib_fields["npu_y"].shape and "npu_y_d" not in lib_fields \
                and "g" in attributes and not same:
            born = acc[window][b != a]
            g = Fraction(attributes["g"])
            half = np.array([(Fraction(int(v)) / g - Fraction(1, 2)).denominator == 1 for v in born], bool)
            causes = {"half": int(half.sum()), "negative": int((born[~half] < 0).sum()),
                      "other": int((born[~half] >= 0).sum())}
        nodes.append({"name": entry["name"], "values": a.size, "free": errors_of(c - a), "born": errors_of(b - a),
                      "inherited": int(((c != a) & (b == a)).sum()),
                      "frames_different": int((c != a).reshape(len(a), -1).any(axis=1).sum()), "causes": causes})
    return nodes, {name: (library[name][window], chip[name][window]) for name in package.outputs}


class Gap(CliTest):
    def agrees(self, model, *arguments, inputs, kept=(), first=0, last=None):
        document = self.document("gap", model, *arguments, "--json")
        self.assertIsNone(mismatch(document, GAP))
        package = wpkg.Package.read(os.path.join(self.dir, model))
        nodes, outputs = oracle(package, inputs, kept, first, last)
        self.assertEqual(len(document["nodes"]), len(nodes))
        for found, expected in zip(document["nodes"], nodes):
            self.assertEqual({key: found[key] for key in expected}, expected, (model, found["name"]))
            self.assertEqual(found["why_same"] is not None, found["name"] in kept, found["why_same"])
        for found in document["outputs"]:
            library, chip = (values.reshape(len(values), -1) for values in outputs[found["name"]])
            self.assertEqual(found["frames_different"], int((library != chip).any(axis=1).sum()))
            if library.shape[1] > 1:
                self.assertEqual(found["classes_changed"],
                                 int((library.argmax(axis=1) != chip.argmax(axis=1)).sum()))
            else:
                self.assertIsNone(found["classes_changed"])
        return document

    def test_digits_with_labels(self):
        x = np.load(INPUT)[:120]
        self.save("x.npy", x)
        labels = np.load(LABELS)[:120]
        self.save("labels.npy", labels)
        document = self.agrees(MODEL, "x.npy", "--labels", "labels.npy", inputs={"image": x})
        package = wpkg.Package.read(MODEL)
        _, outputs = oracle(package, {"image": x})
        for profile, scores in zip(("witin_nn", "wtm2101"), outputs["fc_1"]):
            correct = int((scores.argmax(axis=1) == labels).sum())
            self.assertEqual(document["labels"][profile], {"correct": correct, "accuracy": correct / 120})
        self.assertGreater(document["nodes"][0]["born"]["different"], 0)

    def test_every_shipped_network_of_several_kinds(self):
        for name in ("gru", "gru2array", "gru_single", "lstm", "tdnn", "streaming", "wide_inputs", "shifted_inputs",
                     "requantize", "pools", "movement"):
            folder = os.path.join(GOLDEN, "operators", name)
            package = wpkg.Package.read(os.path.join(folder, "model.wpkg"))
            single = os.path.join(folder, "input.npy")
            if os.path.exists(single):
                arguments, inputs = [single], {package.inputs[0]["name"]: np.load(single)}
            else:
                files = {e["name"]: os.path.join(folder, f"input_{e['name']}.npy") for e in package.inputs}
                arguments = [word for n, f in files.items() for word in ("--input", f"{n}={f}")]
                inputs = {n: np.load(f) for n, f in files.items()}
            with self.subTest(name):
                self.agrees(os.path.join(folder, "model.wpkg"), *arguments, inputs=inputs)

    def test_frames_of_a_network_with_state(self):
        folder = os.path.join(GOLDEN, "operators", "gru")
        package = wpkg.Package.read(os.path.join(folder, "model.wpkg"))
        x = np.load(os.path.join(folder, "input.npy"))
        document = self.agrees(os.path.join(folder, "model.wpkg"), os.path.join(folder, "input.npy"), "--frames",
                               "5:17",
                               inputs={package.inputs[0]["name"]: x}, first=5, last=17)
        self.assertEqual((document["first_frame"], document["frames"]), (5, 12))

    def write_library_network(self):
        """A linear with the library's float scales, an add only the library has, a node with a profile of its own, a
        linear on top; two inputs."""
        random = np.random.default_rng(11)
        package = wpkg.Package("own", "witin_nn")
        package.input("a", (12,), signed=True)
        package.input("b", (8,), signed=True)
        weight = lambda k, n: random.integers(-60, 61, (k, n)).astype(np.int8)  # noqa: E731
        package.node("scaled", "linear", ["a"], {"weight": weight(12, 8)},
                     {"divisor": 24.0, "multiplier": 0.0625, "neg_in": "pn"})
        package.node("sum", "add", ["scaled", "b"], None,
                     {"scale_left": 16, "scale_right": 16, "scale_y": 16, "y_bits": 8})
        package.node("mine", "linear", ["sum"], {"weight": weight(8, 8)},
                     {"g": 256, "neg_in": "pn"}, arithmetic="nb01")
        package.node("top", "linear", ["mine"], {"weight": weight(8, 1)}, {"g": 512, "neg_in": "pn"})
        package.output("top")
        package.write(self.path("own.wpkg"))
        inputs = {"a": random.integers(-128, 128, (500, 12)), "b": random.integers(-128, 128, (500, 8))}
        for name, values in inputs.items():
            self.save(f"{name}.npy", values, np.int8)
        return inputs

    def test_nodes_only_one_profile_has(self):
        inputs = self.write_library_network()
        arguments = ("--input", "a=a.npy", "--input", "b=b.npy")
        document = self.agrees("own.wpkg", *arguments, inputs=inputs, kept=("sum", "mine"))
        reasons = [node["why_same"] for node in document["nodes"]]
        self.assertIn("scale_left", reasons[1])
        self.assertEqual(reasons[2], "the package gives it the profile nb01")
        self.assertGreater(document["nodes"][0]["born"]["different"], 0)
        self.assertEqual(document["nodes"][1]["born"]["different"], 0)
        self.assertGreater(document["nodes"][1]["inherited"], 0)
        text = self.done("gap", "own.wpkg", *arguments)
        self.assertIn("computed the same on both sides: sum, ", text)

    def test_threads_and_the_page_do_not_matter(self):
        inputs = self.write_library_network()
        self.assertEqual(len(inputs["a"]), 500)
        own = ("own.wpkg", "--input", "a=a.npy", "--input", "b=b.npy")
        for arguments in ((MODEL, INPUT, "--labels", LABELS), own):
            plain = self.done("gap", *arguments, "--json", "--threads", 1)
            self.assertEqual(self.done("gap", *arguments, "--json", "--threads", 3, "--html", "gap.html"), plain)
            with open(self.path("gap.html"), "rb") as stream:
                page = stream.read()
            self.done("gap", *arguments, "--threads", 1, "--html", "gap.html")
            with open(self.path("gap.html"), "rb") as stream:
                self.assertEqual(stream.read(), page)

    def test_the_closing_sentence_names_the_node_and_the_reason(self):
        text = self.done("gap", MODEL, INPUT)
        document = self.document("gap", MODEL, INPUT, "--json")
        worst = max(document["nodes"], key=lambda node: node["born"]["different"])
        self.assertEqual(text.splitlines()[-1], document["conclusion"])
        self.assertIn(f"in {worst['name']} ({worst['op']})", document["conclusion"])
        self.assertIn("the chip cuts a negative sum towards zero", document["conclusion"])

    def test_nothing_born(self):
        package = wpkg.Package("exact", "wtm2101")
        package.input("x", (4,))
        package.node("y", "linear", ["x"], {"weight": np.full((4, 2), 64, np.int8)}, {"g": 256})
        package.output("y")
        package.write(self.path("exact.wpkg"))
        self.save("x.npy", 4 * np.arange(40).reshape(10, 4) % 128, np.uint8)
        self.assertIn("Training saw everything", self.done("gap", "exact.wpkg", "x.npy", "--html", "gap.html"))

    def test_refusals(self):
        package = wpkg.Package("fixed", "wtm2101")
        package.input("x", (3,), signed=True)
        package.node("y", "relu", ["x"], arithmetic="wtm2101")
        package.output("y")
        package.write(self.path("fixed.wpkg"))
        self.write_input()
        self.refused("gap.same", "gap", "fixed.wpkg", "x.npy", "--html", "gap.html")
        self.refused("usage.input", "gap", MODEL)
        self.refused("usage.frames", "gap", MODEL, INPUT, "--frames", "9:9")
        self.refused("input.shape", "gap", MODEL, "x.npy")
        self.save("labels.npy", np.zeros(7, np.uint8))
        self.refused("labels.frames", "gap", MODEL, INPUT, "--labels", "labels.npy", "--html", "gap.html")
        self.refused("usage.overwrite", "gap", "fixed.wpkg", "x.npy", "--html", "x.npy")
        self.refused("output.open", "gap", MODEL, INPUT, "--html", "no/folder/gap.html")


if __name__ == "__main__":
    unittest.main()
