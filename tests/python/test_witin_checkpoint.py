"""What scripts/import_witin_nn.py reads and refuses: checkpoints as data only, network files, torch models."""
import collections
import contextlib
import io
import json
import os
import pickle
import subprocess
import sys
import tempfile
import unittest
import zipfile

import numpy as np

from shared_data import ROOT
import import_witin_nn
import witin_nn_files as files
import wpkg
from witin_checkpoint import checkpoint, chip, importer, network
from witin_checkpoint.errors import CheckpointError

try:
    import torch
except ImportError:
    torch = None


def needs_torch(test):
    if torch is not None:
        return test
    print("skipped: no torch", file=sys.stderr)
    return unittest.skip("skipped: no torch")(test)


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def build(self, document, tensors, **options):
        return importer.build(network.check(document, "net", "net.json"), checkpoint.State(tensors, "net.pth"),
                              **options)

    def refused(self, pattern, document=None, tensors=None):
        with self.assertRaisesRegex(CheckpointError, pattern) as caught:
            self.build(files.document() if document is None else document,
                       files.tensors() if tensors is None else tensors)
        self.assertEqual(len(str(caught.exception).splitlines()), 1)


class Loading(Folder):
    def load(self, document, storages=None, **options):
        return checkpoint.load(files.archive(document, storages or {}, self.path("c.pth"), **options))

    def refuse(self, pattern, document, storages=None, **options):
        with self.assertRaisesRegex(CheckpointError, pattern):
            self.load(document, storages, **options)

    def test_written_by_hand(self):
        state = checkpoint.load(files.write_checkpoint(self.path("c.pth"), files.tensors()))
        self.assertEqual(list(state.tensors), list(files.tensors()))
        for key, value in files.tensors().items():
            np.testing.assert_array_equal(state.tensors[key], value)

    @needs_torch
    def test_written_by_torch(self):
        """Every form a tensor can have in a state dict, against torch.load."""
        base = torch.arange(24, dtype=torch.float32)
        saved = collections.OrderedDict(
            plain=torch.randn(3, 4), scalar=torch.tensor(2.5), turned=base.reshape(4, 6).t(), part=base[5:17:3],
            half=torch.randn(5).half(), brain=torch.randn(5).bfloat16(), count=torch.tensor(7), empty=torch.zeros(0, 3),
            parameter=torch.nn.Parameter(torch.randn(2)), double=torch.randn(3).double().float().double())
        for form in (saved, {"state_dict": saved, "epoch": 3, "best": 0.5, "name": "x", "history": [1.5, (2, None)]},
                     {"module." + key: value for key, value in saved.items()}):
            torch.save(form, self.path("t.pth"))
            state = checkpoint.load(self.path("t.pth"))
            self.assertEqual(list(state.tensors), list(saved))
            for key, value in saved.items():
                expected = value.detach().to(torch.int64 if key == "count" else torch.float32).numpy()
                np.testing.assert_array_equal(state.tensors[key], expected, key)

    @needs_torch
    def test_a_module_state_dict_with_metadata(self):
        model = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3))
        torch.save(model.state_dict(), self.path("t.pth"))
        self.assertEqual(set(checkpoint.load(self.path("t.pth")).tensors), set(model.state_dict()))

    def test_nothing_is_executed(self):
        trap = self.path("trap")
        for document in (files.call("os", "system", f"touch {trap}"), files.call("posix", "system", f"touch {trap}"),
                         {"w": files.call("builtins", "eval", f"open({trap!r}, 'w')")},
                         collections.OrderedDict(a=files.call("torch.jit", "load", trap))):
            self.refuse("not part of a state dict; nothing was executed", document)
        for protocol in (0, 2, 4):
            with zipfile.ZipFile(self.path("c.pth"), "w") as out:
                out.writestr("a/data.pkl", pickle.dumps({"w": files.System(f"touch {trap}")}, protocol))
            with self.assertRaises(CheckpointError):
                checkpoint.load(self.path("c.pth"))
        self.assertFalse(os.path.exists(trap))
        os.system(f"touch {trap}")      # the trap would have been seen
        self.assertTrue(os.path.exists(trap))

    @needs_torch
    def test_a_whole_model_is_refused(self):
        torch.save(torch.nn.Linear(2, 2), self.path("t.pth"))
        with self.assertRaisesRegex(CheckpointError, r"torch\.nn\.modules\.linear\.Linear.*state_dict"):
            checkpoint.load(self.path("t.pth"))

    @needs_torch
    def test_the_old_format_is_refused_with_a_hint(self):
        torch.save(files.tensors(), self.path("t.pth"), _use_new_zipfile_serialization=False)
        with self.assertRaisesRegex(CheckpointError, "old format.*save it again"):
            checkpoint.load(self.path("t.pth"))

    def test_damaged_files(self):
        one = files.tensor("0", np.zeros((2, 3), np.float32))
        raw = {"0": bytes(24)}
        self.refuse("bytes, expected 24", {"w": one}, {"0": bytes(20)})
        self.refuse("data/0 is missing", {"w": one})
        self.refuse("is compressed", {"w": one}, {"0": bytes(4000)}, compression=zipfile.ZIP_DEFLATED)
        self.refuse("big-endian", {"w": one}, raw, extra={"byteorder": "big"})
        huge = files.tensor("0", np.zeros(6, np.float32), shape=(1 << 40,), strides=(0,))
        self.refuse("does not fit its storage", {"w": huge}, raw)
        outside = files.tensor("0", np.zeros(6, np.float32), shape=(2, 3), strides=(3, 1), offset=2)
        self.refuse("does not fit its storage", {"w": outside}, raw)
        self.refuse("holds no state dict", {"w": 3})
        self.refuse("holds no state dict", [1, 2])
        self.refuse("arguments torch does not write", {"w": files.call("torch._utils", "_rebuild_tensor_v2", 1, 2, 3,
                                                                       4)})
        cycle = {}
        cycle["again"] = cycle
        self.refuse("contain themselves", cycle)

    def test_other_files(self):
        for content, pattern in ((b"", "not a torch checkpoint"), (b"PK\3\4rubbish", "not a readable zip"),
                                 (b"\x80\x02}q\x00.", "old format")):
            with open(self.path("c.pth"), "wb") as stream:
                stream.write(content)
            with self.assertRaisesRegex(CheckpointError, pattern):
                checkpoint.load(self.path("c.pth"))
        with self.assertRaisesRegex(CheckpointError, "No such file"):
            checkpoint.load(self.path("none.pth"))
        with zipfile.ZipFile(self.path("c.pth"), "w") as out:
            out.writestr("model/weights", "x")
        with self.assertRaisesRegex(CheckpointError, "found 0"):
            checkpoint.load(self.path("c.pth"))

    def test_truncated_pickles(self):
        """Every prefix of a good pickle is an error, none an exception of another kind."""
        files.write_checkpoint(self.path("good.pth"), {"w": np.ones(2, np.float32)})
        with zipfile.ZipFile(self.path("good.pth")) as archive:
            data = archive.read("checkpoint/data.pkl")
        for length in range(len(data)):
            with zipfile.ZipFile(self.path("c.pth"), "w") as out:
                out.writestr("a/data.pkl", data[:length])
                out.writestr("a/data/0", bytes(8))
            with self.assertRaises(CheckpointError):
                checkpoint.load(self.path("c.pth"))

    def test_numbers_that_cannot_be_used(self):
        for value, pattern in ((np.nan, "value nan at index \\[1, 0\\] is not finite"), (np.inf, "is not finite")):
            tensors = files.tensors()
            tensors["fc.weight"][1, 0] = value
            self.refused(pattern, tensors=tensors)
        tensors = files.tensors()
        tensors["fc.weight"] = tensors["fc.weight"].astype(np.float64) + 1e-12
        self.refused("float64", tensors=tensors)


class Statistics(Folder):
    def test_lost(self):
        tensors = files.tensors()
        del tensors["fc.autoscale_x_obj.io_max"]
        self.refused("fc.autoscale_x_obj.io_max is missing: the checkpoint has lost its io_max", tensors=tensors)
        for value in (0.0, -1.0):
            tensors = files.tensors()
            tensors["fc.autoscale_y_obj.io_max"] = np.array(value, np.float32)
            self.refused("fc.autoscale_y_obj.io_max is", tensors=tensors)

    def initial(self, *layers):
        tensors = files.tensors()
        for layer in layers:
            for statistic, value in (("x", 10 if layer == "fc" else 8), ("weight", 8), ("y", 8)):
                tensors[f"{layer}.autoscale_{statistic}_obj.io_max"] = np.array(value, np.float32)
        return tensors

    def test_initial_values(self):
        self.assertEqual(self.build(files.document(), files.tensors()).warnings, [])
        warnings = self.build(files.document(), self.initial("fc")).warnings
        self.assertRegex(warnings[0], "fc: every io_max still has its initial value .x 10, weight 8, y 8.: .*lost its "
                                      "statistics")
        self.refused("every io_max still has its initial value", tensors=self.initial("conv", "fc"))
        result = self.build(files.document(), self.initial("conv", "fc"), accept_initial=True)
        self.assertEqual(len(result.warnings), 2)
        some = files.tensors()
        some["fc.autoscale_y_obj.io_max"] = np.array(8, np.float32)
        self.assertRegex(self.build(files.document(), some).warnings[0], "fc: io_max of y 8 is its initial value")

    def test_explicit_scales_need_none(self):
        document = files.document()
        document["defaults"].update(use_auto_scale=False, scale_x=64, scale_weight=64, scale_y=16)
        tensors = {key: value for key, value in files.tensors().items() if "io_max" not in key}
        package = self.build(document, tensors).package
        self.assertEqual(package.find("fc")["attributes"]["g"], 256)
        document["defaults"]["scale_y"] = 12.5
        attributes = self.build(document, tensors).package.find("fc")["attributes"]
        self.assertEqual((attributes["divisor"], attributes["multiplier"], "g" in attributes), (4096, 12.5, False))


class NetworkFiles(Folder):
    def edited(self, change):
        document = files.document()
        change(document)
        return document

    def test_refusals(self):
        layer = lambda index, **entries: lambda d: d["layers"][index].update(entries)
        for pattern, change in (
                ("layers/0 .conv.: the layer has no config", lambda d: d.pop("defaults")),
                ("use_quantization is not given", lambda d: d["defaults"].pop("use_quantization")),
                ("use_quantization is false", lambda d: d["defaults"].update(use_quantization=False)),
                ("defaults/x_quant_bit: the library has no such field; did you mean x_quant_bits",
                 lambda d: d["defaults"].update(x_quant_bit=8)),
                ("handle_neg_in: expected one of FALSE, PN, Shift", lambda d: d["defaults"].update(handle_neg_in="no")),
                ("x_quant_bits: expected an integer 2..16, found 8.0",
                 lambda d: d["defaults"].update(x_quant_bits=8.0)),
                ("bias_row_N: expected an integer 1..32", lambda d: d["defaults"].update(bias_row_N=33)),
                ("scale_x: expected a number above 0", lambda d: d["defaults"].update(scale_x=0)),
                ("layers/1/type: unknown layer type 'softmax'; known are linear", layer(1, type="softmax")),
                ("layers/3 .fc.: linear has no argument 'in_feature'; its arguments are: in_features",
                 layer(3, in_feature=48)),
                ("in_features is 47 in the network file, 48 in the checkpoint", layer(3, in_features=47)),
                ("out_channels is 4 in the network file, 3", layer(0, out_channels=4)),
                ("kernel_size is", layer(0, kernel_size=5)),
                ("stride: 0 is not a value", layer(0, stride=0)),
                ("padding_mode", layer(0, padding_mode="mirror")),
                ("\"nowhere\" is no input and no earlier layer", layer(1, inputs=["nowhere"])),
                ("is no input and no earlier layer", layer(1, inputs=["fc"])),
                ("has 1 inputs, found 2", layer(1, inputs=["conv", "conv"])),
                ("'conv' occurs twice", layer(1, name="conv")),
                ("torch operation and has no config", layer(1, config={"x_quant_bits": 8})),
                ("w_clip: expected null or a number, 0 or more", lambda d: d["defaults"].update(w_clip=-1)),
                ("name: expected a string, found 3", lambda d: d.update(name=3)),
                ("'a/../b' is not", layer(1, name="a/../b")),
                ("unknown key 'layer'", lambda d: d.update(layer=[])),
                ("either 'input' or 'inputs'", lambda d: d.pop("input")),
                ("either 'output' or 'outputs'", lambda d: d.pop("output")),
                ("does not name layers", lambda d: d.update(output="none")),
                ("output in is the float input", lambda d: d.update(output="in")),
                ("expected .out, 24. for an input", lambda d: (d["input"].update(shape=[2, 4, 2]),
                                                               d["layers"][3].pop("in_features"))),
                ("larger than the padded map", lambda d: (d["input"].update(shape=[2, 4, 1]),
                                                          d["layers"][0].update(padding=[1, 0]))),
                ("expected 1 to 7 positive extents", lambda d: d["input"].update(shape=[2, 0, 4])),
                ("extra.weight is missing; no tensor of the checkpoint begins with extra",
                 lambda d: d["layers"].append({"name": "extra", "type": "linear", "inputs": ["fc"]})),
                ("5 tensors belong to no layer of the network file: fc.weight, fc.bias, ",
                 lambda d: (d["layers"].pop(), d.update(output="flat"))),
                ("expected .out, 2/2, kh, kw. for an input .2, 4, 4. in 2 groups", layer(0, groups=2))):
            self.refused(pattern, self.edited(change))

    def test_grouped_convolutions_have_no_to_linear(self):
        document = self.edited(lambda d: d["layers"][0].update(groups=2, out_channels=4, config={"to_linear": True}))
        tensors = {**files.tensors(), "conv.weight": np.ones((4, 1, 3, 3), np.float32),
                   "conv.bias": np.ones(4, np.float32)}
        self.refused("to_linear exists for groups 1", document, tensors)

    def test_convolutions_run_as_matrices_say_so(self):
        for bits, to_linear, expected in ((8, True, True), (8, False, None), (10, True, True), (10, False, False)):
            with self.subTest(bits=bits, to_linear=to_linear):
                config = {"to_linear": to_linear, "x_quant_bits": bits}
                result = self.build(self.edited(lambda d: d["layers"][0].update(config=config)), files.tensors())
                attributes = result.package.find("conv")["attributes"]
                self.assertEqual(attributes.get("split"), expected)
                texts = [t for t in chip.to_wtm2101(result.package) if t.startswith("conv") and "digital part" in t]
                self.assertEqual(len(texts), 1 if to_linear and bits > 8 else 0)

    def test_what_the_package_cannot_hold(self):
        config = lambda index, **fields: lambda d: d["layers"][index].update(config=fields)
        for pattern, change in (
                ("x_quant_bits is 13, a package holds at most 12", config(3, x_quant_bits=13)),
                ("a weight code is .*: a package holds .*275", config(3, weight_quant_bits=10)),
                ("bias_d has 3 entries, expected 1 or 5", config(3, x_quant_bits=9, bias_d=[1, 2, 3])),
                ("round.g. = 0", config(3, x_quant_bits=9, use_auto_scale=False, scale_y=1000))):
            self.refused(pattern, self.edited(change))

    def test_json(self):
        for text, pattern in (("{", "line 1"), ("[]", "expected an object"), ('{"a": 1, "a": 2}', "'a' occurs twice"),
                              ('{"input": NaN}', "NaN is not a JSON number"), ("\xff", "codec")):
            with open(self.path("n.json"), "wb") as stream:
                stream.write(text.encode("latin-1"))
            with self.assertRaisesRegex(CheckpointError, pattern):
                network.read(self.path("n.json"))

    def test_shapes_as_torch_writes_them(self):
        """reshape and permute with and without the batch dimension say the same."""
        def shapes(kind, **arguments):
            document = self.edited(lambda d: d["layers"].insert(2,
                                                                {"name": "m", "type": kind, "inputs": ["relu"],
                                                                 **arguments}))
            document["layers"][3]["inputs"] = ["m"]
            return self.build(document, files.tensors()).package.find("m")["attributes"]
        self.assertEqual(shapes("reshape", shape=[-1, 4, 12]), {"shape": [4, 12]})
        self.assertEqual(shapes("reshape", shape=[4, -1]), {"shape": [4, 12]})
        self.assertEqual(shapes("permute", dims=[0, 2, 1, 3]), {"axes": [1, 0, 2]})
        self.assertEqual(shapes("permute", dims=[1, 0, 2]), {"axes": [1, 0, 2]})
        self.refused("batch", self.edited(lambda d: d["layers"].insert(
            2, {"name": "m", "type": "slice", "inputs": ["relu"], "dim": 0, "start": 1})))


class Command(Folder):
    def run_import(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = import_witin_nn.main(list(arguments))
        return status, out.getvalue(), err.getvalue()

    def files(self):
        return (files.write_checkpoint(self.path("c.pth"), files.tensors()), "--network",
                files.write_network(self.path("n.json"), files.document()), "-o", self.path("m.wpkg"))

    def test_prints_what_it_mapped(self):
        status, out, err = self.run_import(*self.files())
        self.assertEqual((status, err), (0, ""))
        lines = out.splitlines()
        self.assertEqual([line.split(":")[0] for line in lines[:4]], ["conv", "relu", "flat", "fc"])
        self.assertRegex(lines[3], r"fc: linear of flat: split, x \+-1023 at 256, w \[5, 48\] at 32, y int8 at 16, g "
                                   r"512; "
                                   r"requantised in fc:x")
        self.assertIn(f"{self.path('m.wpkg')}: 4 layers as 5 nodes on witin_nn", lines[-1])
        self.assertEqual(wpkg.Package.read(self.path("m.wpkg")).producer, importer.PRODUCER)

    def test_the_same_bytes_again(self):
        arguments = self.files()
        self.run_import(*arguments)
        with open(self.path("m.wpkg"), "rb") as stream:
            first = stream.read()
        self.run_import(*arguments)
        with open(self.path("m.wpkg"), "rb") as stream:
            self.assertEqual(stream.read(), first)

    def test_refuses_in_one_line_and_writes_nothing(self):
        arguments = self.files()
        tensors = files.tensors()
        tensors["conv.weight"][0, 0, 0, 0] = np.nan
        files.write_checkpoint(self.path("c.pth"), tensors)
        status, out, err = self.run_import(*arguments)
        self.assertEqual((status, out, len(err.splitlines())), (2, "", 1))
        self.assertIn("conv.weight: value nan at index [0, 0, 0, 0]", err)
        self.assertFalse(os.path.exists(self.path("m.wpkg")))
        status, _, err = self.run_import(*arguments[:-1], os.path.join(self.folder, "no", "m.wpkg"))
        self.assertEqual(status, 2)

    def test_the_chips_version(self):
        status, out, err = self.run_import(*self.files(), "--arithmetic", "wtm2101")
        self.assertEqual(status, 0)
        self.assertIn("fc: the rounding of the chip's digital part is unknown", err)
        self.assertEqual(wpkg.Package.read(self.path("m.wpkg")).arithmetic, "wtm2101")

    def test_needs_neither_torch_nor_the_library(self):
        script = "import sys; sys.modules['torch'] = sys.modules['witin_nn'] = None; import import_witin_nn; " \
                 "sys.exit(import_witin_nn.main(sys.argv[1:]))"
        run = subprocess.run([sys.executable, "-c", script, *self.files()], capture_output=True, text=True,
                             env={**os.environ, "PYTHONPATH": os.path.join(ROOT, "scripts")})
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_usage(self):
        for arguments in (["-o", "m.wpkg"], ["--network", "n.json", "-o", "m.wpkg"],
                          ["c.pth", "--network", "n.json", "--model", "m:f", "-o", "m.wpkg"],
                          ["c.pth", "--network", "n.json", "--input-shape", "1,0", "-o", "m.wpkg"]):
            with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit) as caught:
                import_witin_nn.main(arguments)
            self.assertEqual(caught.exception.code, 2)


if __name__ == "__main__":
    unittest.main()
