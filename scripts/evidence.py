#!/usr/bin/env python3
"""What the simulator has been checked against: every comparison made anew with a built witin-sim, counted.

    evidence.py --witin-sim build/release/cli/witin-sim [--shared ../shared] [--check README.md | --update README.md]

Prints one row a source: values compared, values that differ. Status 0: none differs (and README.md holds these rows),
1: some differ, or README.md holds other rows, 2: a comparison could not be made. Without the measured data it says
"skipped: no ../shared" and ends with 0.
"""
import argparse
import glob
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "reference")]

import import_mapper  # noqa: E402
import measured_layers  # noqa: E402
import readme_block  # noqa: E402
import run_package  # noqa: E402
import wtm2101  # noqa: E402
from onnx_dialect import importer  # noqa: E402
from witin_checkpoint import checkpoint  # noqa: E402
from witin_checkpoint import importer as checkpoint_importer  # noqa: E402
from witin_checkpoint import network  # noqa: E402

BEGIN, END = "<!-- evidence: scripts/evidence.py --update -->", "<!-- end of evidence -->"
DCCRN_FIELDS = ("inp", "h_in", "c_in", "gates_ifo", "gates_c", "fc", "ic", "cx", "cy_tanh")


class Count:
    """Values compared and values that differ."""

    def __init__(self):
        self.values = self.different = 0

    def compare(self, found, expected, what):
        found, expected = np.asarray(found), np.asarray(expected)
        if found.shape != expected.shape:
            raise RuntimeError(f"{what}: shape {found.shape}, expected {expected.shape}")
        if not found.size:
            raise RuntimeError(f"{what}: nothing to compare")
        wrong = int((found.astype(np.int64) != expected.astype(np.int64)).sum())
        if wrong:
            print(f"{what}: {wrong} of {found.size} values differ", file=sys.stderr)
        self.values += found.size
        self.different += wrong


class Evidence:
    def __init__(self, program, shared, folder):
        self.program, self.shared, self.folder = program, shared, folder

    def path(self, *parts):
        return os.path.join(self.shared, *parts)

    def run(self, *arguments):
        done = subprocess.run([self.program, "run", *arguments, "--quiet"], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"witin-sim run {' '.join(arguments)}: status {done.returncode}: {done.stderr.strip()}")

    def trace(self, package, inputs):
        """{"node/field": codes} of a full trace."""
        model, trace = os.path.join(self.folder, "model.wpkg"), os.path.join(self.folder, "run.wtrace")
        package.write(model)
        named = []
        for name, values in inputs.items():
            path = os.path.join(self.folder, f"input_{len(named)}.npy")
            np.save(path, values)
            named += ["--input", f"{name}={path}"]
        self.run(model, *named, "--trace", trace, "--trace-level", "full")
        with np.load(trace) as members:
            return {key: members[key] for key in members.files if "/" in key}

    def cases(self, kind):
        """The packages an independent writer made of measured vectors."""
        count = Count()
        for folder in sorted(glob.glob(self.path("cases", kind, "*"))):
            named = []
            for path in sorted(glob.glob(os.path.join(folder, "input*.npy"))):
                name = os.path.basename(path)[5:-4].lstrip("_")
                named += ["--input", f"{name}={path}"] if name else [path]
            out = os.path.join(self.folder, "out.npy")
            self.run(os.path.join(folder, "model.wpkg"), *named, "-o", out)
            count.compare(np.load(out), np.load(os.path.join(folder, "expected.npy")), folder)
        return count

    def mapped(self, root, models):
        """Both ways in: the ONNX files and the mapper's folder; layer_debug of all frames, and expected_out, which is
        before ReLU."""
        count = Count()
        expected = wtm2101.read_expected(os.path.join(root, "map"))
        start, indices = random_indices(os.path.join(root, "map", "random_idx.txt"))
        layers = list(zip(wtm2101.read_folder(root), expected, indices, strict=True))
        for net, (model, data) in enumerate(models):
            onnx = importer.build(model)
            x = importer.convert_input(onnx, np.load(data))
            for package in (onnx, import_mapper.build(root, net)):
                fields = self.trace(package, {package.inputs[0]["name"]: x})
                for layer, (_, before), index in layers:
                    if layer["net"] != net:
                        continue
                    name = layer["name"].split("_", 1)[1]
                    own = fields[f"{name}/npu_y"]
                    shown = next((fields[f"{node['name']}/npu_y"] for node in package.nodes
                                  if node["op"] == "relu" and node["inputs"] == [name]), own)
                    count.compare(shown, layer["y"], f"{root} {name} layer_debug")
                    count.compare(own[start + index], before, f"{root} {name} expected_out")
        return count

    def speech5(self):
        return self.mapped(self.path("vendor", "speech5", "mapped"),
                           [(self.path("vendor", "speech5", "bestModel.onnx"),
                             self.path("vendor", "speech5", "test_data_0_100.npy"))])

    def attention(self):
        folder = self.path("vendor", "attention")
        return self.mapped(os.path.join(folder, "mapped"),
                           [(os.path.join(folder, model), os.path.join(folder, data))
                            for model, data in (("net1.onnx", "qkv_input.npy"), ("net2.onnx", "head_input.npy"))])

    def dccrn(self):
        """From the first input alone, state carried over all frames."""
        folder = self.path("vendor", "dccrn", "layer_debug")
        package = importer.build(self.path("vendor", "dccrn", "dccrn_denoise_net_base.onnx"))
        x = importer.convert_input(package, np.load(os.path.join(folder, "conv1_input.npy")))
        fields = self.trace(package, {package.inputs[0]["name"]: x})
        places = {f"conv{i}_output": f"conv{i}_relu/npu_y" for i in range(1, 6)}
        places |= {f"lstm6_{field}": f"lstm6/{field}" for field in DCCRN_FIELDS}
        places |= {"lstm6_output": "lstm6/npu_y", "linear7_output": "linear7/npu_y",
                   "deconv12_output": "deconv12/npu_y"}
        places |= {f"deconv{i}_output": f"deconv{i}_relu/npu_y" for i in range(8, 12)}
        count = Count()
        for file, field in places.items():
            found = fields[field]
            if found.ndim == 4:
                found = found.transpose(0, 3, 2, 1)
            found = found.reshape(len(x), -1)
            # A transposed convolution's file has one line more than frames: its last column in time.
            expected = read_lines(os.path.join(folder, file + ".txt"), len(x))
            count.compare(found, expected, f"dccrn {file}")
        return count

    def gru2array(self):
        package = importer.build(self.path("vendor", "gru2array", "enc2101_0301_net3.onnx"))
        x = importer.convert_input(package, np.load(self.path("vendor", "gru2array", "gru1_in.npy")))
        count = Count()
        fields = self.trace(package, {"gru1_in": x})
        count.compare(fields["gru1/npu_y"], np.load(self.path("vendor", "gru2array", "conv3_in.npy"))[0, :, 0].T,
                      "gru2array gru1")
        return count

    def models(self):
        """Every published model on random codes, every field of every node, against the NumPy oracle."""
        count, rng = Count(), np.random.default_rng(2101)
        for path in sorted(glob.glob(self.path("vendor", "*", "*.onnx"))):
            package = importer.build(path)
            inputs = {}
            for entry in package.inputs:
                low, high = package.input_range(entry)
                inputs[entry["name"]] = rng.integers(low, high + 1, [5, *entry["shape"]])
            found = self.trace(package, inputs)
            for name, fields in run_package.run(package, inputs).items():
                for field, values in fields.items():
                    count.compare(found[f"{name}/{field}"], values, f"{os.path.basename(path)} {name}/{field}")
        return count

    def layers(self):
        """Every measured layer of the training library, from its float weights, configuration and float inputs."""
        count = Count()
        model, out = os.path.join(self.folder, "layer.wpkg"), os.path.join(self.folder, "out.npy")
        for path in measured_layers.paths(self.shared):
            document, state, inputs, expected = measured_layers.read(path)
            described = network.check(document, "network", path)
            checkpoint_importer.build(described, checkpoint.State(state, path), True).package.write(model)
            named = []
            for name, values in inputs.items():
                file = os.path.join(self.folder, f"{name}.npy")
                np.save(file, values)
                named += ["--input", f"{name}={file}"]
            self.run(model, *named, "--quantize-input", "-o", out)
            count.compare(np.load(out), expected, path)
        return count

    def checkpoints(self):
        count = Count()
        for folder in sorted(glob.glob(self.path("checkpoints", "*"))):
            model, out = os.path.join(self.folder, "checkpoint.wpkg"), os.path.join(self.folder, "out.npy")
            subprocess.run([sys.executable, os.path.join(HERE, "import_witin_nn.py"),
                            os.path.join(folder, "checkpoint.pth"), "--network", os.path.join(folder, "network.json"),
                            "-o", model], check=True, capture_output=True)
            self.run(model, os.path.join(folder, "x.npy"), "--quantize-input", "-o", out)
            count.compare(np.load(out), np.load(os.path.join(folder, "expected.npy")), folder)
        return count


def read_lines(path, count):
    with open(path, encoding="ascii") as stream:
        text = [line for _, line in zip(range(count), stream)]
    return np.fromstring(" ".join(text), dtype=np.int64, sep=" ").reshape(len(text), -1)


def random_indices(path):
    """(calibration start, indices of the sampled frames of each layer)."""
    with open(path, encoding="ascii") as stream:
        lines = [line.strip() for line in stream if line.strip()]
    return int(lines[0].split()[2]), [np.array(line.strip(",").split(","), int) for line in lines[2::2]]


ROWS = (
    ("the chip vendor's simulator, one layer a package", lambda e: e.cases("wtm2101_array")),
    ("witin_nn 0.1.3, array operators", lambda e: e.cases("witin_nn_array")),
    ("witin_nn 0.1.3, digital operators", lambda e: e.cases("witin_nn_digital")),
    ("witin_nn 0.1.3, every measured layer from float weights and inputs", Evidence.layers),
    ("witin_nn 0.1.3, trained checkpoints, float input to codes", Evidence.checkpoints),
    ("published speech network, 5 layers, from ONNX and from the mapper's folder", Evidence.speech5),
    ("published attention networks, from ONNX and from the mapper's folder", Evidence.attention),
    ("published denoiser, 501 frames free running, 21 recorded signals", Evidence.dccrn),
    ("published encoder, Gru2Array free running", Evidence.gru2array),
    ("every published model, random codes, every field of every node, against NumPy", Evidence.models),
)


def table(rows):
    lines = ["| source | values compared | different |", "|---|---:|---:|"]
    lines += [f"| {source} | {count.values:,} | {count.different:,} |" for source, count in rows]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description="Compare witin-sim with everything that was measured.")
    parser.add_argument("--witin-sim", required=True, metavar="PROGRAM")
    parser.add_argument("--shared", default=os.environ.get("WITIN_SHARED") or os.path.join(HERE, "..", "..", "shared"))
    parser.add_argument("--check", metavar="README.md")
    parser.add_argument("--update", metavar="README.md")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not os.path.isdir(options.shared):
        print("skipped: no ../shared")
        return 0
    try:
        with tempfile.TemporaryDirectory() as folder:
            evidence = Evidence(options.witin_sim, options.shared, folder)
            rows = [(source, measure(evidence)) for source, measure in ROWS]
        text = table(rows)
        print(json.dumps({source: [count.values, count.different] for source, count in rows}) if options.json else text)
        same = True
        for path, update in ((options.check, False), (options.update, True)):
            if path and not readme_block.replace(path, BEGIN, END, text, update):
                print(f"{path}: its table is not this one; run evidence.py --update {path}", file=sys.stderr)
                same = False
    except (RuntimeError, OSError, ValueError, KeyError, subprocess.CalledProcessError) as error:
        print(f"evidence: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    return 0 if same and not any(count.different for _, count in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
