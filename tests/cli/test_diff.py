"""diff: equal or not, where first, by how much, and what cannot be compared. Expected figures are NumPy's."""
import json
import os
import random
import shutil
import sys
import unittest
import xml.etree.ElementTree as ET
import zipfile

import numpy as np

from program import DIGITS, ROOT, CliTest

SHARED = os.environ.get("WITIN_SHARED") or os.path.join(ROOT, "..", "shared")


def read_members(path):
    with zipfile.ZipFile(path) as archive:
        return [(info.filename, archive.read(info)) for info in archive.infolist()]


def write_members(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data)


class DiffTest(CliTest):
    def setUp(self):
        super().setUp()
        self.done("run", os.path.join(DIGITS, "model.wpkg"), os.path.join(DIGITS, "input.npy"), "--frames", "0:60",
                  "--trace", "a.wtrace", "--trace-level", "full", "--quiet", "-o", "out.npy")
        with np.load(self.path("a.wtrace")) as members:
            self.arrays = {name: members[name] for name in members.files if "/" in name}
        self.members = read_members(self.path("a.wtrace"))

    def write(self, name, arrays):
        """The trace with other arrays."""
        import io
        members = []
        for member, data in self.members:
            key = member[:-4]
            if key in arrays:
                stream = io.BytesIO()
                np.save(stream, arrays[key])
                data = stream.getvalue()
            members.append((member, data))
        write_members(self.path(name), members)
        return name

    def changed(self, key, index, value, name="b.wtrace"):
        values = self.arrays[key].copy()
        values[index] = value
        return self.write(name, {key: values})

    def compare(self, *arguments, status=1):
        return json.loads(self.done("diff", *arguments, "--json", status=status))

    def test_a_trace_equals_itself(self):
        document = self.compare("a.wtrace", "a.wtrace", status=0)
        total = sum(array.size for array in self.arrays.values())
        self.assertEqual(document["counts"], {"compared": total, "equal": total, "different": 0, "beyond_tolerance": 0,
                                              "missing_left": 0, "missing_right": 0})
        self.assertEqual((document["format"], document["verdict"], document["first"]), ("witin.diff", "equal", None))
        self.assertIn(f"equal: {total} values\n", self.done("diff", "a.wtrace", "a.wtrace"))

    def test_one_value_anywhere_is_found(self):
        random.seed(5)
        for key in sorted(self.arrays):
            for _ in range(3):
                array = self.arrays[key]
                index = tuple(random.randrange(extent) for extent in array.shape)
                old = int(array[index])
                new = old ^ (1 << random.randrange(7))
                if new > 127:
                    new = old - 1
                document = self.compare("a.wtrace", self.changed(key, index, new))
                node, field = key.rsplit("/", 1)
                self.assertEqual(document["first"], {"node": node, "field": field, "frame": index[0],
                                                     "index": list(index[1:]), "left": old, "right": new})
                self.assertEqual(document["counts"]["different"], 1)

    def test_statistics_are_numpys(self):
        rng = np.random.default_rng(7)
        key = "conv_2/npu_y"
        left = self.arrays[key]
        noise = np.where(rng.random(left.shape) < 0.1, rng.integers(-20, 21, left.shape), 0)
        right = np.clip(left.astype(int) + noise, -128, 127).astype(np.int8)
        self.write("b.wtrace", {key: right})
        error = right.astype(int) - left
        for threads in (1, 3):
            document = self.compare("a.wtrace", "b.wtrace", "--tolerance", 4, "--threads", threads, "--max-report", 7)
            node = next(node for node in document["nodes"] if node["node"] == "conv_2")
            field = next(field for field in node["fields"] if field["field"] == "npu_y")
            self.assertEqual(field["different"], np.count_nonzero(error))
            self.assertEqual(field["beyond_tolerance"], np.count_nonzero(abs(error) > 4))
            self.assertEqual(document["counts"]["beyond_tolerance"], np.count_nonzero(abs(error) > 4))
            self.assertEqual(field["largest_error"], abs(error).max())
            self.assertAlmostEqual(field["mean_error"], error.mean(), places=12)
            self.assertAlmostEqual(field["mean_absolute_error"], abs(error).mean(), places=12)
            self.assertEqual(field["frames_different"], np.count_nonzero(error.any((1, 2, 3))))
            self.assertEqual(sum(count for _, _, count in field["histogram"]), error.size)
            for lo, hi, count in field["histogram"]:
                self.assertEqual(count, np.count_nonzero((error >= lo) & (error <= hi)))
            self.assertEqual(field["channels"]["groups"],
                             [[np.count_nonzero(error[:, c]), int(error[:, c].sum())] for c in range(16)])
            self.assertEqual(field["map"]["different"],
                             [np.count_nonzero(error[f, c]) for f in range(60) for c in range(16)])
            places = np.argwhere(error)[:7]
            self.assertEqual([[e["frame"], *e["index"]] for e in field["examples"]], places.tolist())
        self.assertEqual(document["verdict"], "different")
        self.done("diff", "a.wtrace", "b.wtrace", "--tolerance", abs(error).max())
        self.done("diff", "a.wtrace", "b.wtrace", "--tolerance", abs(error).max() - 1, status=1)

    def test_culprit_and_heirs(self):
        """A ReLU that is wrong in frames 3 and 5; what follows is computed from it in frame 5 only."""
        relu = self.arrays["relu_1/npu_y"].copy()
        relu[[3, 5], 0, 0, 0] += 1
        pool = self.arrays["pool_1/npu_y"].copy()
        pool[5, 0, 0, 0] += 1
        last = self.arrays["fc_1/npu_y"].copy()
        last[9, 0] ^= 1
        self.write("b.wtrace", {"relu_1/npu_y": relu, "pool_1/npu_y": pool, "fc_1/npu_y": last})
        nodes = {node["node"]: node for node in self.compare("a.wtrace", "b.wtrace")["nodes"]}
        figures = {name: (node["origin"], node["frames_born"], node["frames_inherited"], node["assumes_equal_input"])
                   for name, node in nodes.items()}
        self.assertEqual(figures["relu_1"], ("culprit", 2, 0, False))
        self.assertEqual(figures["pool_1"], ("inherited", 0, 1, False))
        self.assertEqual(figures["fc_1"], ("culprit", 1, 0, False))
        self.assertEqual(figures["conv_1"], ("equal", 0, 0, False))

    def test_npz_knows_no_inputs(self):
        values = dict(self.arrays)
        np.savez(self.path("a.npz"), **values)
        values["pool_1/npu_y"] = values["pool_1/npu_y"].copy()
        values["pool_1/npu_y"][0, 0, 0, 0] ^= 1
        np.savez(self.path("b.npz"), **{key: array.astype(np.int64) for key, array in values.items()})
        document = self.compare("a.npz", "b.npz")
        self.assertEqual(document["counts"]["different"], 1)
        origins = {node["node"]: node["origin"] for node in document["nodes"]}
        self.assertEqual(origins["pool_1"], "unknown")
        # One side that knows the graph is enough.
        origins = {node["node"]: node["origin"] for node in self.compare("a.wtrace", "b.npz")["nodes"]}
        self.assertEqual(origins["pool_1"], "culprit")

    def test_folders_and_single_arrays(self):
        os.mkdir(self.path("folder"))
        for key in ("relu_1/npu_y", "fc_1/npu_y"):
            os.makedirs(self.path("folder", os.path.dirname(key)))
            np.save(self.path("folder", key + ".npy"), self.arrays[key].astype(np.int32))
        document = self.compare("folder", "a.wtrace", status=0)
        self.assertEqual(document["counts"]["compared"],
                         self.arrays["relu_1/npu_y"].size + self.arrays["fc_1/npu_y"].size)
        self.assertGreater(document["counts"]["missing_left"], 0)
        # An array without a name is the network's output.
        document = self.compare("a.wtrace", "out.npy", status=0)
        self.assertEqual(document["counts"]["compared"], self.arrays["fc_1/npu_y"].size)
        self.assertEqual(document["nodes"][0]["node"], "fc_1")

    def test_missing_frames_and_names(self):
        half = {key: array[:20] for key, array in self.arrays.items() if not key.startswith("pool_1/")}
        np.savez(self.path("half.npz"), **half)
        document = self.compare("a.wtrace", "half.npz", status=0)
        total = sum(array.size for array in self.arrays.values())
        compared = sum(array.size for array in half.values())
        self.assertEqual(document["counts"]["compared"], compared)
        self.assertEqual(document["counts"]["missing_right"], total - compared)
        self.assertEqual(document["counts"]["missing_left"], 0)
        self.assertEqual(self.compare("a.wtrace", "half.npz", "--complete")["verdict"], "different")
        self.assertIn("pool_1", self.done("diff", "a.wtrace", "half.npz"))
        self.done("diff", "a.wtrace", "half.npz", "--complete", "--frames", "0:20", "--nodes", "fc_*")

    def test_options_narrow(self):
        self.changed("conv_2/npu_y", (30, 1, 1, 1), 99)
        self.done("diff", "a.wtrace", "b.wtrace", status=1)
        self.done("diff", "a.wtrace", "b.wtrace", "--frames", "0:30")
        self.done("diff", "a.wtrace", "b.wtrace", "--frames", "30:31", status=1)
        self.done("diff", "a.wtrace", "b.wtrace", "--nodes", "relu_*")
        self.refused("usage.frames", "diff", "a.wtrace", "b.wtrace", "--frames", "50:70")
        document = self.compare("a.wtrace", "b.wtrace", "--max-report", "0")
        self.assertEqual(document["first"]["node"], "conv_2")
        self.assertTrue(all(not field["examples"] for node in document["nodes"] for field in node["fields"]))

    def test_junit(self):
        self.changed("conv_2/npu_y", (30, 1, 1, 1), 99)
        self.done("diff", "a.wtrace", "b.wtrace", "--junit", "x.xml", status=1)
        suite = ET.parse(self.path("x.xml")).getroot()
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("7", "1"))
        failed = [case.get("name") for case in suite if case.find("failure") is not None]
        self.assertEqual(failed, ["conv_2"])

    def test_nothing_to_compare(self):
        os.mkdir(self.path("empty"))
        self.refused("trace.empty", "diff", "a.wtrace", "empty")
        os.mkdir(self.path("foreign"))
        with open(self.path("foreign", "readme.txt"), "w", encoding="ascii") as stream:
            stream.write("nothing\n")
        self.refused("trace.empty", "diff", "a.wtrace", "foreign")
        np.savez(self.path("other.npz"), **{"someone/npu_y": np.zeros((60, 3), np.int8)})
        self.refused("diff.nothing", "diff", "a.wtrace", "other.npz")
        np.savez(self.path("shape.npz"), **{"fc_1/npu_y": np.zeros((60, 3), np.int8)})
        self.refused("diff.nothing", "diff", "a.wtrace", "shape.npz")
        np.savez(self.path("none.npz"), **{"fc_1/npu_y": np.zeros((0, 10), np.int8)})
        self.refused("diff.nothing", "diff", "a.wtrace", "none.npz")
        np.savez(self.path("float.npz"), **{"fc_1/npu_y": np.zeros((60, 10), np.float32)})
        self.refused("diff.dtype", "diff", "a.wtrace", "float.npz")
        self.refused("file.open", "diff", "a.wtrace", "absent.wtrace")

    def test_damage_is_told(self):
        with open(self.path("a.wtrace"), "rb") as stream:
            data = bytearray(stream.read())
        random.seed(11)
        for _ in range(12):
            with open(self.path("cut.wtrace"), "wb") as stream:
                stream.write(data[:random.randrange(len(data))])
            result = self.run_program("diff", "a.wtrace", "cut.wtrace")
            self.assertEqual(result.returncode, 2)
            self.assertRegex(result.stderr, r"\Awitin-sim: [^\n]+ \[[a-z0-9_.]+\]\n\Z")
        for _ in range(40):
            bad = bytearray(data)
            at = random.randrange(len(bad))
            bad[at] ^= 1 << random.randrange(8)
            with open(self.path("bad.wtrace"), "wb") as stream:
                stream.write(bad)
            for sides in (("a.wtrace", "bad.wtrace"), ("bad.wtrace", "a.wtrace")):
                result = self.run_program("diff", *sides)
                # Bytes that nothing reads (times, padding, versions) may change; no value may, as the CRC covers them.
                self.assertIn(result.returncode, (0, 2), f"bit of byte {at}: {result.stdout} {result.stderr}")
                if result.returncode:
                    self.assertRegex(result.stderr, r"\Awitin-sim: [^\n]+ \[[a-z0-9_.]+\]\n\Z")


class CaptureTest(CliTest):
    """One layer on the array and what a chip made of it."""

    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(3)
        self.expected = rng.integers(-100, 100, (50, 12))
        noise = np.round(rng.normal(0, 2, self.expected.shape) + np.arange(12)).astype(int)
        self.chip = np.clip(self.expected + noise, -128, 127)
        np.savez(self.path("run.npz"), **{"fc/npu_y": self.expected.astype(np.int8)})
        self.save_text("infer_output.txt", self.chip)

    def save_text(self, name, values):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="ascii") as stream:
            stream.writelines(" ".join(map(str, row)) + " \n" for row in values.tolist())
        return name

    def figures(self, expected, chip):
        error = chip - expected
        slope, intercept = np.polyfit(expected.ravel(), chip.ravel(), 1)
        return {"frame_deviation_max": error.std(1).max(), "frame_deviation_mean": error.std(1).mean(),
                "column_deviation_max": error.std(0).max(), "column_deviation_mean": error.std(0).mean(),
                "frame_mean_max": abs(error.mean(1)).max(), "frame_mean": abs(error.mean(1)).mean(),
                "column_mean_max": abs(error.mean(0)).max(), "column_mean": abs(error.mean(0)).mean(),
                "slope": slope, "intercept": intercept,
                "cosine": (chip * expected).sum() / np.linalg.norm(chip) / np.linalg.norm(expected)}

    def check(self, capture, chip_side):
        self.assertEqual(capture["chip"], chip_side)
        offsets = (self.chip - self.expected).mean(0)
        for key, chip in (("raw", self.chip), ("corrected", self.chip - offsets)):
            for name, value in self.figures(self.expected, chip).items():
                self.assertAlmostEqual(capture[key][name], value, places=8, msg=f"{key} {name}")

    def compare(self, left, right, status=1):
        return json.loads(self.done("diff", left, right, "--json", status=status))

    def test_figures_are_numpys(self):
        for left, right, side in (("run.npz", "infer_output.txt", "right"), ("infer_output.txt", "run.npz", "left")):
            document = self.compare(left, right)
            field = document["nodes"][0]["fields"][0]
            self.assertEqual(document["nodes"][0]["node"], "fc")
            self.assertEqual(field["different"], np.count_nonzero(self.chip != self.expected))
            self.check(field["capture"], side)
        self.assertIn("column offset removed", self.done("diff", "run.npz", "infer_output.txt", status=1))

    def test_layers_of_a_network(self):
        """tmp_output/L<k>.txt: the k-th layer on the array of a trace; program.log beside our figures."""
        self.done("run", os.path.join(DIGITS, "model.wpkg"), os.path.join(DIGITS, "input.npy"), "--frames", "0:40",
                  "--trace", "a.wtrace", "--quiet", "-o", "out.npy")
        with np.load(self.path("a.wtrace")) as members:
            self.expected = members["fc_1/npu_y"].astype(int)
        self.chip = np.clip(self.expected + np.arange(10) - 3, -128, 127)
        self.save_text("capture/tmp_output/L2.txt", self.chip)
        self.save_text("capture/tmp_output/EL2.txt", self.expected)
        rows = [[2, *(0.5 * i for i in range(11))], [2, *(0.25 * i for i in range(11))]]
        with open(self.path("capture", "program.log"), "w", encoding="ascii") as stream:
            stream.write("boot\nSTAT START 0\n" + "".join("\t".join(map(str, row)) + "\n" for row in rows) +
                         "STAT END 0\nbye\n")
        document = self.compare("a.wtrace", "capture")
        capture = document["nodes"][0]["fields"][0]["capture"]
        self.assertEqual(document["nodes"][0]["node"], "fc_1")
        self.check(capture, "right")
        self.assertEqual(list(capture["logged_raw"].values()), rows[0][1:])
        self.assertEqual(list(capture["logged_corrected"].values()), rows[1][1:])
        self.compare("a.wtrace", "capture/tmp_output/EL2.txt", status=0)

    def test_two_captures(self):
        """Layer by layer, in their order; the chip's tenth layer comes after its second."""
        for layer in (2, 10):
            self.save_text(f"first/tmp_output/L{layer}.txt", self.expected)
            self.save_text(f"second/tmp_output/L{layer}.txt", self.chip)
        self.compare("first", "first", status=0)
        document = self.compare("first", "second")
        self.assertEqual([node["node"] for node in document["nodes"]], ["layer2", "layer10"])
        different = np.count_nonzero(self.chip != self.expected)
        self.assertEqual([node["fields"][0]["different"] for node in document["nodes"]], [different, different])
        self.save_text("first/tmp_output/L02.txt", self.chip)
        for folder in ("first", "first/tmp_output"):
            self.refused("capture.twice", "diff", folder, "second")

    def test_damaged_text(self):
        for text, code in (("", "text.empty"), ("1 2\n3\n", "text.columns"), ("1 x\n", "text.byte"),
                           ("1 -\n", "text.byte"), ("1 3000000000\n", "text.range"), ("1 1-2\n", "text.byte"),
                           ("9" * 1000 + "\n", "text.range"), ("\0\1", "text.byte")):
            with open(self.path("bad.txt"), "w", encoding="latin1") as stream:
                stream.write(text)
            self.refused(code, "diff", "run.npz", "bad.txt")


@unittest.skipUnless(os.path.isdir(SHARED), "skipped: no ../shared")
class VendorTest(CliTest):
    """The published traces of the mapper against ours: of every frame after the ReLU, of the sampled ones before it."""

    MODELS = (("speech5", "bestModel.onnx", "test_data_0_100.npy", 410000),
              ("attention", "net1.onnx", "qkv_input.npy", 115200), ("attention", "net2.onnx", "head_input.npy", 104400))

    def trace(self, network, model, data):
        sys.path[:0] = [os.path.join(ROOT, "scripts"), os.path.join(ROOT, "scripts", "reference")]
        from onnx_dialect import importer
        package = importer.build(os.path.join(SHARED, "vendor", network, model))
        package.write(self.path("m.wpkg"))
        recorded = np.load(os.path.join(SHARED, "vendor", network, data))
        np.save(self.path("x.npy"), importer.convert_input(package, recorded))
        self.done("run", "m.wpkg", "x.npy", "--trace", "ours.wtrace", "--trace-level", "full", "--quiet")
        return os.path.join(SHARED, "vendor", network, "mapped")

    def test_published_traces_are_equal(self):
        for network, model, data, compared in self.MODELS:
            mapped = self.trace(network, model, data)
            for sides in ((mapped, "ours.wtrace"), ("ours.wtrace", mapped)):
                document = json.loads(self.done("diff", *sides, "--json"))
                self.assertEqual((document["counts"]["compared"], document["counts"]["different"]), (compared, 0))

    def test_one_value_of_a_folder(self):
        mapped = self.trace(*self.MODELS[0][:3])
        shutil.copytree(mapped, self.path("folder"), copy_function=shutil.copyfile)
        for folder, _, _ in os.walk(self.path("folder")):
            os.chmod(folder, 0o755)
        self.done("diff", "folder", mapped)
        path = self.path("folder", "layer_debug", "net0", "2_linear_2", "round1", "output0.txt")
        with open(path, encoding="ascii") as stream:
            rows = [line.split() for line in stream]
        old = int(rows[70][33])
        rows[70][33] = str(old + 1)
        with open(path, "w", encoding="ascii") as stream:
            stream.writelines(" ".join(row) + "\n" for row in rows)
        document = json.loads(self.done("diff", "ours.wtrace", "folder", "--json", status=1))
        self.assertEqual(document["counts"]["different"], 1)
        with np.load(self.path("ours.wtrace")) as members:
            header = json.loads(members["trace.json"])
        relu = next(node["name"] for node in header["nodes"] if node.get("x-inputs") == ["linear_2"])
        self.assertEqual(document["first"], {"node": relu, "field": "npu_y", "frame": 70, "index": [33], "left": old,
                                             "right": old + 1})
        # A sampled value, before the ReLU.
        shutil.copyfile(os.path.join(mapped, "layer_debug", "net0", "2_linear_2", "round1", "output0.txt"), path)
        place = self.path("folder", "map", "expected_out.bin")
        values = np.fromfile(place, "<i2")
        at = 256 * 100 + 5 * 256 + 9  # second layer, sixth sampled frame
        values[at] += 1
        values.tofile(place)
        with open(os.path.join(mapped, "map", "random_idx.txt"), encoding="ascii") as stream:
            frame = 10 + int(stream.read().split("\n")[3].split(",")[5])
        document = json.loads(self.done("diff", "ours.wtrace", "folder", "--json", status=1))
        self.assertEqual(document["first"], {"node": "linear_2", "field": "npu_y", "frame": frame, "index": [9],
                                             "left": int(values[at]) - 1, "right": int(values[at])})
        for size in (0, 1, 2, 1001, len(values)):
            with open(place, "wb") as stream:
                stream.write(values.tobytes()[:size])
            self.refused("mapper.size", "diff", "ours.wtrace", "folder")


if __name__ == "__main__":
    unittest.main()
