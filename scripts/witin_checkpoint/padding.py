"""padding_mode reflect, replicate and circular: the library pads the float map before it quantises it, so the padded
codes are copies of codes. Slices and a concat for each padded axis.
"""
from witin_checkpoint.graph import Tensor


def pad_codes(graph, x, mode, pads, layer, refuse):
    """x [C, H, W] with pads [top, left, bottom, right] filled as torch's padding_mode says."""
    for axis, before, after in ((1, pads[0], pads[2]), (2, pads[1], pads[3])):
        extent = x.shape[axis]
        if max(before, after) > {"reflect": extent - 1, "circular": extent, "replicate": max(before, after)}[mode]:
            refuse(f"padding {max(before, after)} is too large for padding_mode {mode} on an axis of {extent}")
        if before or after:
            x = _pad_axis(graph, x, mode, axis, before, after, layer)
    return x


def _pad_axis(graph, x, mode, axis, before, after, layer):
    extent, pieces = x.shape[axis], {}

    def piece(start, end, step=1):
        """A node with x[start:end:step] along the axis."""
        if (start, end, step) not in pieces:
            pieces[start, end, step] = graph.node(
                graph.free_name(f"{layer}:pad"), "slice", [x.node], None,
                {"starts": [start], "ends": [end], "axes": [axis], "steps": [step]})
        return pieces[start, end, step]

    if mode == "replicate":
        first = [piece(0, 1)] * before if before else []
        last = [piece(extent - 1, extent)] * after if after else []
    elif mode == "circular":
        first = [piece(extent - before, extent)] if before else []
        last = [piece(0, after)] if after else []
    else:
        first = [piece(i, i + 1) for i in range(before, 0, -1)]
        last = [piece(extent - 1 - i, extent - i) for i in range(1, after + 1)]
    node = graph.node(graph.free_name(f"{layer}:padded"), "concat", first + [x.node] + last, None, {"axis": axis})
    shape = x.shape[:axis] + (extent + before + after,) + x.shape[axis + 1:]
    return Tensor(node, shape, x.scale, x.low, x.high)
