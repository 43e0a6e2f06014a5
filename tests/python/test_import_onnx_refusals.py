"""scripts/import_onnx.py: what cannot be mapped is named with its node and the reason; the command line."""
import contextlib
import io
import os

import numpy as np

import shared_data  # noqa: F401  the way to scripts/
import import_onnx
from onnx_dialect.importer import Options, build
from onnx_dialect.model import ImportRefused
from onnx_models import ModelTest, node, write_model


class Refusals(ModelTest):
    def refused(self, message, nodes, constants=None, inputs=None, outputs=("out",), **options):
        write_model(self.path, nodes, inputs or {"in": [1, 4]}, {name: None for name in outputs}, constants or {})
        with self.assertRaisesRegex(ImportRefused, message):
            self.imported(**options)

    def test_each_reason_names_its_node(self):
        w, b = np.ones((4, 4)), np.zeros(4)
        gemm = lambda scale=2.0**-10, **a: [node("Gemm", ["in", "w", "b"], ["acc"], "fc", **a),
                                            node("Scale", ["acc"], ["out"], "s", scale=scale)]
        tables = np.zeros((2, 1024))
        with_scale = gemm()
        cases = [
            ("Gelu act: operator is not part", [node("Gelu", ["in"], ["out"], "act")], {}),
            (r"Gemm fc: w: value 0.5 at index \[2, 1\] is not an integer", with_scale,
             {"w": np.where(np.arange(16).reshape(4, 4) == 9, 0.5, 1), "b": b}),
            (r"Gemm fc: b: value nan at index \[0\]", with_scale, {"w": w, "b": b * np.nan}),
            (r"Gemm fc: w: weight 276 at index \[0, 0\] is outside", with_scale, {"w": w * 276, "b": b}),
            ("Gemm fc: input .* do not fit", with_scale, {"w": np.ones((5, 4)), "b": b}),
            ("Gemm fc: b: 3 values for 4 columns", with_scale, {"w": w, "b": np.zeros(3)}),
            ("Gemm fc: attribute transA = 1", gemm(transA=1), {"w": w, "b": b}),
            ("Scale s: g = 3 is not a power of two", gemm(scale=1 / 3), {"w": w, "b": b}),
            ("Scale s: g = 0 is not", gemm(scale=-1.0), {"w": w, "b": b}),
            ("Gemm fc: output acc is read by a Scale as well", with_scale, {"w": w, "b": b}, ("out", "acc")),
            ("Relu r: input acc is an array operation that a Scale reads",
             with_scale + [node("Relu", ["acc"], ["x"], "r")],
             {"w": w, "b": b}),
            ("Relu r: input gone is not produced earlier", [node("Relu", ["gone"], ["out"], "r")], {}),
            ("output gone: no node", [node("Relu", ["in"], ["out"], "r")], {}, ("gone",)),
            ("Relu r: input 0 .w. has to be computed", [node("Relu", ["w"], ["out"], "r")], {"w": w}),
            ("Gemm fc: input 1 .in. has to be a constant", [node("Gemm", ["in", "in"], ["out"], "fc")], {}),
            ("MatMul m: inputs .* are no matrices", [node("MatMul", ["in", "in"], ["out"], "m")], {}),
            ("Scale s: scale 0.3", [node("Scale", ["in"], ["out"], "s", scale=0.3)], {}),
            ("Scale s: scale 1.5", [node("Scale", ["in"], ["out"], "s", scale=1.5)], {}),
            ("Scale s: scale 200", [node("Scale", ["in"], ["out"], "s", scale=200.0)], {}),
            ("Scalar s: op_types div", [node("Scalar", ["in"], ["out"], "s", op_types="div", scale=2)], {}),
            ("Scalar s: scale: value 0.5", [node("Scalar", ["in"], ["out"], "s", op_types="mul", scale=0.5)], {}),
            ("ActLut a: table_params has 8 entries", [node("ActLut", ["in"], ["out"], "a", table_params=np.zeros(8))],
             {}),
            ("FloatScale f: attributes scale", [node("FloatScale", ["in"], ["out"], "f")], {}),
            ("ClearLowBits c: attribute bits", [node("ClearLowBits", ["in"], ["out"], "c")], {}),
            ("Add a: shapes .4. and .3. do not fit", [node("Add", ["in", "c"], ["out"], "a")], {"c": np.arange(3)}),
            ("Add a: constant of shape .2, 4. has more axes", [node("Add", ["in", "c"], ["out"], "a")],
             {"c": np.ones((2, 4))}),
            ("Softmax s: input codes -255..255", [node("Softmax", ["in"], ["out"], "s", axis=1)], {}),
            ("Softmax s: axis 0 counts frames",
             [node("Relu", ["in"], ["r"]), node("Softmax", ["r"], ["out"], "s", axis=0)], {}),
            ("Concat c: axis 3 of a value with 2 axes", [node("Concat", ["in", "in"], ["out"], "c", axis=3)], {}),
            ("Split out_a: parts", [node("Split", ["in"], ["out_a", "out"], axis=1, split=[3, 2])], {}),
            ("Slice s: takes nothing", [node("Slice", ["in", "a", "a", "one"], ["out"], "s")], {"a": [2], "one": [1]}),
            ("Transpose t: order", [node("Transpose", ["in"], ["out"], "t", perm=[1, 0])], {}),
            ("Reshape r: frames .* do not fill", [node("Reshape", ["in", "t"], ["out"], "r")], {"t": [1, 3]}),
            ("Reshape r: t: value 1.5", [node("Reshape", ["in", "t"], ["out"], "r")], {"t": [1, 1.5]}),
            ("Tdnn t: input .* 2 offsets",
             [node("Tdnn", ["in", "w"], ["out"], "t", time_offsets=np.arange(2), scale_params=1024)],
             {"w": w}),
            ("Tdnn t: attribute scale_params is missing",
             [node("Tdnn", ["in", "w"], ["out"], "t", time_offsets=np.arange(1))],
             {"w": w}),
            ("Gru2Array g: input codes -255..255 do not fit",
             [node("Relu", ["in"], ["r"]), node("Scalar", ["in"], ["s"]), node("Concat", ["in", "s"], ["c"], axis=1),
              node("Gru2Array", ["c", "w", "w"], ["out"], "g")], {"w": w}),
            ("Gru g: has 3 inputs", [node("Gru", ["in", "w", "w"], ["out"], "g", activate_table=tables)], {"w": w}),
            ("Gru2Array g: attribute input_offset", [node("Gru2Array", ["in", "w", "w"], ["out"], "g", input_offset=3)],
             {"w": w}),
            ("Gru2Array g: weight_x has shape",
             [node("Gru2Array", ["in", "w", "w"], ["out"], "g", activate_table=tables)],
             {"w": w}),
            ("Lstm l: attribute activate_table is missing", [node("Lstm", ["in", "wi", "wc"], ["out"], "l")],
             {"wi": np.ones((6, 6)), "wc": np.ones((6, 2))}),
            (r"Lstm l: bi: bias 5 at index \[1\]", [node("Lstm", ["in", "wi", "wc", "bi", "bi"], ["out"], "l")],
             {"wi": np.ones((6, 6)), "wc": np.ones((6, 2)), "bi": np.array([0, 5, 0, 0, 0, 0])}),
        ]
        for message, nodes, constants, *outputs in cases:
            with self.subTest(message):
                self.refused(message, nodes, constants, **({"outputs": outputs[0]} if outputs else {}))

    def test_maps(self):
        w = np.ones((2, 2, 3, 3))
        conv = lambda **a: [node("Conv", ["in", "w"], ["out"], "c", **a)]
        cases = [
            ("Conv c: kernel .* is larger", conv(), {"w": np.ones((2, 2, 7, 7))}),
            ("Conv c: attribute auto_pad", conv(auto_pad="SAME_UPPER"), {"w": w}),
            ("Conv c: strides .* have to be positive", conv(strides=[0, 1]), {"w": w}),
            ("Conv c: input .* group 2 do not fit", conv(group=2), {"w": w}),
            ("Gemm g: input", [node("Gemm", ["in", "m"], ["out"], "g")], {"m": np.ones((4, 4))}),
            ("AveragePool p: attribute ceil_mode",
             [node("AveragePool", ["in"], ["out"], "p", kernel_shape=[2, 2], ceil_mode=1)], {}),
            ("MaxPool p: kernel", [node("MaxPool", ["in"], ["out"], "p", kernel_shape=[9, 9])], {}),
            ("GroupNorm g: num_groups 3",
             [node("GroupNorm", ["in", "a", "a"], ["out"], "g", num_groups=3, scale_out=1.0)],
             {"a": np.ones(2)}),
            ("BatchNormalization b: gamma", [node("BatchNormalization", ["in", "a", "a", "a", "z"], ["out"], "b")],
             {"a": np.ones(2), "z": np.ones(3)}),
            ("Add a: shapes .* do not fit", [node("MaxPool", ["in"], ["p"], kernel_shape=[2, 2]),
                                                   node("Add", ["in", "p"], ["out"], "a")], {}),
        ]
        for message, nodes, constants in cases:
            with self.subTest(message):
                self.refused(message, nodes, constants, {"in": [1, 2, 4, 4]})

    def test_time_cannot_be_mixed(self):
        w = {"w": np.ones((2, 2, 1, 2)), "t": [4, 8]}
        rows = [node("Reshape", ["in", "t"], ["out"], "rows")]
        cases = [
            ("Conv c: W is time, which a stride", [node("Conv", ["in", "w"], ["x"], "c", strides=[1, 2])]),
            ("Conv c: W is time: 0 and 0 columns", [node("Conv", ["in", "w"], ["x"], "c")]),
            ("MaxPool p: W is time", [node("MaxPool", ["in"], ["x"], "p", kernel_shape=[1, 2])]),
            ("GlobalAveragePool p: W is time", [node("GlobalAveragePool", ["in"], ["x"], "p")]),
            ("Concat c: the last axis is time", [node("Concat", ["in", "in"], ["x"], "c", axis=3)]),
            ("Transpose t: the last axis is time", [node("Transpose", ["in"], ["x"], "t", perm=[0, 3, 2, 1])]),
        ]
        for message, nodes in cases:
            with self.subTest(message):
                self.refused(message, rows + nodes, w, {"in": [1, 2, 4, 5]})

    def test_files(self):
        for content, message in ((b"", "not an ONNX model with nodes"), (b"no protobuf at all", "not an ONNX")):
            with open(self.path, "wb") as stream:
                stream.write(content)
            with self.assertRaisesRegex(ImportRefused, message):
                build(self.path)
        with self.assertRaisesRegex(ImportRefused, "No such file"):
            build(self.path + ".gone")

    def test_external_data_is_not_read(self):
        import onnx
        write_model(self.path, [node("Gemm", ["in", "w"], ["out"])], {"in": [1, 4]}, {"out": [1, 4]},
                    {"w": np.ones((4, 4))})
        model = onnx.load(self.path)
        tensor = model.graph.initializer[0]
        tensor.data_location = onnx.TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", "/etc/passwd"
        onnx.save(model, self.path)
        with self.assertRaisesRegex(ImportRefused, "tensor w: data outside"):
            build(self.path)

    def test_open_shapes(self):
        write_model(self.path, [node("Relu", ["in"], ["out"])], {"in": ["batch", "features"]}, {"out": None}, {})
        with self.assertRaisesRegex(ImportRefused, "input in: shape .* --input-shape"):
            build(self.path)
        self.assertEqual(build(self.path, Options(shapes={"in": [1, 6]})).inputs[0]["shape"], [6])
        with self.assertRaisesRegex(ImportRefused, "has no input x, but in"):
            build(self.path, Options(codes={"x": "signed"}))


class CommandLine(ModelTest):
    def call(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = import_onnx.main(list(arguments))
            except SystemExit as stop:
                status = stop.code
        return status, out.getvalue(), err.getvalue()

    def test_run(self):
        write_model(self.path,
                    [node("Gemm", ["in", "w"], ["acc"], "fc"), node("Scale", ["acc"], ["out"], scale=2.0**-10)],
                    {"in": [1, 4]}, {"out": [1, 4]}, {"w": np.ones((4, 4))})
        target, source, frames = (os.path.join(self.folder, n) for n in ("out.wpkg", "in.npy", "frames.npy"))
        status, out, err = self.call(self.path, "-o", target, "--unsigned-input")
        self.assertEqual((status, err), (0, ""))
        self.assertIn("input in [4]: codes 0..255", out)
        self.assertIn("Gemm fc -> linear fc [4] (g 1024)", out)
        np.save(source, np.arange(8.0).reshape(2, 4))
        self.assertEqual(self.call(self.path, "--convert-input", source, frames)[0], 0)
        self.assertEqual(np.load(frames).dtype, np.int8)
        np.save(source, np.full((2, 4), 300.0))
        os.unlink(frames)
        status, _, err = self.call(self.path, "--convert-input", "in=" + source, frames)
        self.assertEqual((status, err.count("\n"), os.path.exists(frames)), (2, 1, False))

    def test_errors(self):
        write_model(self.path, [node("Gelu", ["in"], ["out"], "act")], {"in": [1, 4]}, {"out": [1, 4]}, {})
        target = os.path.join(self.folder, "out.wpkg")
        status, _, err = self.call(self.path, "-o", target)
        self.assertEqual((status, err), (2, "import_onnx: Gelu act: operator is not part of the mapper's dialect\n"))
        self.assertFalse(os.path.exists(target))
        for arguments in ((self.path,), (self.path, "-o", target, "--signed-input", "--unsigned-input"),
                          (self.path, "-o", target, "--input-codes", "in=odd"),
                          (self.path, "-o", target, "--input-shape", "in")):
            self.assertEqual(self.call(*arguments)[0], 2)


if __name__ == "__main__":
    import unittest
    unittest.main()
