"""The same integers on profile wtm2101: the chip's ADC rule on the array nodes, the library's rules beside the array.

The chip computes less than the library allows. What differs is said node by node; what the array cannot do is refused.
"""
from witin_checkpoint.errors import CheckpointError

ON_ARRAY = {"linear", "conv2d", "conv_transpose2d"}
SAME_ON_ALL = {"relu", "lut", "requantize", "reshape", "permute", "slice", "concat", "max_pool"}
G_RANGE = (256, 8192)


def to_wtm2101(package):
    """Changes the package in place; returns what the chip does differently, one line a node."""
    package.arithmetic = "wtm2101"
    warnings = []
    for node in package.nodes:
        if node["op"] in ON_ARRAY and node["attributes"].get("mode") != "digital":
            warnings += [f"{node['name']}: {text}" for text in _array_node(node["name"], node["attributes"])]
        elif node["op"] not in SAME_ON_ALL:
            node["arithmetic"] = "witin_nn"
    return warnings


def _array_node(name, attributes):
    texts = []
    if "divisor" in attributes:
        attributes["g"] = attributes.pop("divisor") / attributes.pop("multiplier")
        texts.append(f"scales are no powers of two: the chip divides by g = {attributes['g']:g} in one step")
        if attributes.pop("clip_value", None):
            texts.append("output_fp_clip does not exist on the chip and is left out")
    g = attributes["g"]
    if not G_RANGE[0] <= g <= G_RANGE[1] or g != int(g) or int(g) & (int(g) - 1):
        texts.append(f"g = {g:g} is not one of the array's 256, 512, ..., 8192; the ADC rule is applied all the same")
    if attributes.get("y_bits", 8) > 8:
        texts.append(f"the array gives int8; y_bits {attributes['y_bits']} is kept, the chip has no such output")
    wide = attributes.get("x_bits", 8) > 8
    if wide and attributes.get("split"):
        texts.append("the rounding of the chip's digital part is unknown; the library's integer divider is used")
    elif wide:
        texts.append(f"the array takes 8 bits; x_bits {attributes['x_bits']} without a split does not fit it")
    if not g > 0:
        raise CheckpointError(f"{name}: g is {g:g}")
    return texts
