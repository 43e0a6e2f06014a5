"""The mapper's dialect of ONNX, node by node, as a package.

    model.py      the ONNX file as plain data
    graph.py      the package being built: values, names, ranges, the printed mapping
    array.py      Gemm, MatMul, Conv, ConvTranspose, Tdnn
    recurrent.py  Lstm, Gru, Gru2Array
    digital.py    Scale, Relu, ActLut, Add, Mul, pools, norms
    movement.py   Reshape, Slice, Split, Concat, Transpose
    importer.py   one table of operators, streaming or whole maps

To add an operator: a function (graph, node) in the module it belongs to, and its name in that module's OPERATORS.
"""
