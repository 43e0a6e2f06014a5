"""What is wrong with manifest.json: its text, its keys, its names; and with the npy files it lists."""
import json

from hostile.archive import archive, describe, dictionary, network, npy, npy_header, tensors, with_manifest, with_tensor


def text():
    """A right manifest, with its tensors."""
    manifest = network()
    describe(manifest, tensors())
    return json.dumps(manifest)


def replaced(old, new):
    made = text()
    assert old in made, old
    return with_manifest(made.replace(old, new, 1)).bytes()


def edited(change):
    """network()'s package after change(manifest)."""
    manifest = network()
    members = describe(manifest, tensors())
    change(manifest)
    made = with_manifest(json.dumps(manifest))
    assert len(made.members) == 1 + len(members)
    return made.bytes()


def relu(name, source):
    return {"name": name, "op": "relu", "inputs": [source]}


def chain(nodes, outputs=None):
    """Nodes without tensors."""
    return archive(network(nodes, outputs=outputs)).bytes()


def many_nodes(count):
    return chain([relu(f"n{i}", f"n{i - 1}" if i else "x") for i in range(count)])


def keys(where, **values):
    """The package with values put at a place of the manifest: path of keys and indices."""
    def change(manifest):
        for step in where:
            manifest = manifest[step]
        manifest.update(values)
    return edited(change)


def json_cases():
    deep = '{"x-deep": ' + "[" * 32 + "]" * 32 + ", "
    return [
        ("json_deep_33", "deeper than 32", with_manifest(deep + text()[1:]).bytes(), "json.too_deep"),
        ("json_deep_100000", "deeper than 32", with_manifest("[" * 100_000).bytes(), "json.too_deep"),
        ("json_duplicate_key", "duplicate keys", with_manifest('{"version": 1, ' + text()[1:]).bytes(),
         "json.duplicate_key"),
        ("json_duplicate_deep", "duplicate keys", replaced('"g": 1024', '"g": 1024, "g": 8'), "json.duplicate_key"),
        ("json_duplicate_escaped", "duplicate keys", replaced('"g": 1024', '"g": 1024, "\\u0067": 8'),
         "json.duplicate_key"),
        ("json_nan", "NaN", replaced("1024", "NaN"), "json.syntax"),
        ("json_infinity", "numbers out of range", replaced("1024", "-Infinity"), "json.syntax"),
        ("json_beyond_double", "numbers out of range", replaced("1024", "1e999"), "json.number"),
        ("json_beyond_64_bits", "numbers out of range", replaced("1024", "18446744073709551616"), "json.number"),
        ("json_beyond_signed", "numbers out of range", replaced("1024", "9223372036854775808"), "json.number"),
        ("json_comment", "not JSON", replaced("1024", "1024 /* the divisor */"), "json.syntax"),
        ("json_trailing_comma", "not JSON", replaced("1024", "1024,"), "json.syntax"),
        ("json_two_documents", "not JSON", with_manifest(text() + text()).bytes(), "json.syntax"),
        ("json_empty", "not JSON", with_manifest("").bytes(), "json.syntax"),
        ("json_nul", "not JSON", with_manifest(text() + "\0").bytes(), "json.syntax"),
        ("json_bom", "byte order mark", with_manifest(b"\xef\xbb\xbf" + text().encode()).bytes(), "json.bom"),
        ("json_utf8", "not UTF-8", with_manifest(text().encode().replace(b"hostile", b"host\xffle")).bytes(),
         "json.utf8"),
        ("json_utf8_overlong", "not UTF-8",
         with_manifest(text().encode().replace(b"hostile", b"host\xc0\xafe")).bytes(),
         "json.utf8"),
        ("json_lone_surrogate", "not UTF-8", replaced("hostile", "\\ud800"), "json.syntax"),
        ("json_list", "wrong types", with_manifest("[]").bytes(), "manifest.type"),
    ]


def manifest_cases():
    def top(**values):
        return keys((), **values)

    def node(**values):
        return keys(("nodes", 0), **values)

    def entry(**values):
        return keys(("inputs", 0), **values)

    def tensor(**values):
        return keys(("tensors", "w"), **values)

    def drop(where, key):
        def change(manifest):
            for step in where:
                manifest = manifest[step]
            del manifest[key]
        return edited(change)

    return [
        ("manifest_format", "unsupported version", top(format="witin.wtrace"), "manifest.format"),
        ("manifest_version", "unsupported version", top(version=2), "manifest.version"),
        ("manifest_version_text", "wrong types", top(version="1"), "manifest.type"),
        ("manifest_version_true", "wrong types", top(version=True), "manifest.type"),
        ("manifest_version_real", "wrong types", top(version=1.0), "manifest.type"),
        ("manifest_no_arithmetic", "missing key", drop((), "arithmetic"), "manifest.missing_key"),
        ("manifest_no_sha256", "missing key", drop(("tensors", "w"), "sha256"), "manifest.missing_key"),
        ("manifest_unknown_key", "unknown keys", top(arithmetics="nb01"), "manifest.unknown_key"),
        ("manifest_unknown_node_key", "unknown keys", node(attribute={"g": 8}), "manifest.unknown_key"),
        ("manifest_unknown_input_key", "unknown keys", entry(sign=True), "manifest.unknown_key"),
        ("manifest_arithmetic", "unknown profile", top(arithmetic="wtm2102"), "manifest.value"),
        ("manifest_nodes_object", "wrong types", top(nodes={}), "manifest.type"),
        ("manifest_shape_text", "wrong types", entry(shape="4"), "manifest.type"),
        ("manifest_attribute_object", "wrong types", node(attributes={"g": {"value": 8}}), "manifest.type"),
        ("manifest_attribute_null", "wrong types", node(attributes={"g": None}), "manifest.type"),
        ("manifest_list_of_lists", "wrong types", node(attributes={"g": [[8]]}), "manifest.type"),
        ("manifest_extent_0", "numbers out of range", entry(shape=[0]), "manifest.value"),
        ("manifest_extent_negative", "numbers out of range", entry(shape=[-4]), "manifest.value"),
        ("manifest_extent_real", "wrong types", entry(shape=[4.0]), "manifest.type"),
        ("manifest_frame_2_27", "a frame of too many values", entry(shape=[1 << 26, 2]), "manifest.too_large"),
        ("manifest_shape_overflow", "product of the shape overflowing", entry(shape=[1 << 32, 1 << 32]),
         "manifest.too_large"),
        ("manifest_rank_9", "wrong ranks", entry(shape=[1] * 9), "manifest.too_many"),
        ("manifest_bits_17", "numbers out of range", entry(bits=17), "manifest.value"),
        ("manifest_bits_0", "numbers out of range", entry(bits=0), "manifest.value"),
        ("manifest_scale_0", "numbers out of range", entry(scale=0), "manifest.value"),
        ("manifest_sha256_short", "wrong digest", tensor(sha256="00"), "manifest.value"),
        ("manifest_sha256_upper", "wrong digest", tensor(sha256="A" * 64), "manifest.value"),
        ("manifest_dtype", "dtype not allowed", tensor(dtype="object"), "manifest.value"),
        ("manifest_dtype_other", "npy that is not the manifest's", tensor(dtype="uint8"), "package.dtype"),
        ("manifest_shape_other", "npy that is not the manifest's", tensor(shape=[2, 4]), "package.shape"),
        ("manifest_name_parent", "path tricks", chain([relu("../../home/x", "x")]), "manifest.name"),
        ("manifest_name_inside", "path tricks", chain([relu("a/../b", "x")]), "manifest.name"),
        ("manifest_name_space", "oddly named node", chain([relu("a b", "x")]), "manifest.name"),
        ("manifest_name_newline", "oddly named node", chain([relu("a\nwitin-sim: done", "x")]), "manifest.name"),
        ("manifest_name_empty", "oddly named node", chain([relu("", "x")]), "manifest.name"),
        ("manifest_name_201", "name too long", chain([relu("n" * 201, "x")]), "manifest.name"),
        ("manifest_id_slash", "path tricks", edited(
            lambda m: m["tensors"].update({"../w": m["tensors"].pop("w")})), "manifest.name"),
        ("manifest_text_65537", "text too long", top(description="d" * 65537), "manifest.too_long"),
        ("manifest_dangling", "dangling name", chain([relu("a", "y")]), "manifest.unknown_name"),
        ("manifest_dangling_output", "dangling name", top(outputs=["x"]), "manifest.unknown_name"),
        ("manifest_dangling_tensor", "dangling name", node(tensors={"weight": "w", "bias": "c"}),
         "manifest.unknown_tensor"),
        ("manifest_unused_tensor", "unlisted tensor", node(tensors={"weight": "w"}), "manifest.unused_tensor"),
        ("manifest_duplicate_node", "duplicate name", chain([relu("a", "x"), relu("a", "x")]),
         "manifest.duplicate_name"),
        ("manifest_node_as_input", "duplicate name", chain([relu("x", "x")]), "manifest.duplicate_name"),
        ("manifest_duplicate_output", "duplicate name", top(outputs=["fc", "fc"]), "manifest.duplicate_name"),
        ("manifest_later", "later-defined name", chain([relu("a", "b"), relu("b", "x")]), "manifest.later_name"),
        ("manifest_cycle", "a cycle", chain([relu("a", "b"), relu("b", "a")]), "manifest.later_name"),
        ("manifest_self", "a cycle", chain([relu("a", "a")]), "manifest.later_name"),
        ("manifest_no_inputs", "nothing", top(inputs=[]), "manifest.empty"),
        ("manifest_no_nodes", "nothing", top(nodes=[]), "manifest.empty"),
        ("manifest_no_outputs", "nothing", top(outputs=[]), "manifest.empty"),
        ("manifest_list_4097", "too many", node(attributes={"g": [1] * 4097}), "manifest.too_many"),
        ("manifest_attributes_257", "too many", node(attributes={f"a{i}": 1 for i in range(257)}),
         "manifest.too_many"),
    ]


def npy_cases():
    weight = npy(tensors()["w"])
    data = bytes(8)

    def header(*arguments, **options):
        return with_tensor(npy_header(dictionary(*arguments), **options) + data).bytes()

    def raw(content, **options):
        return with_tensor(content, **options).bytes()

    return [
        ("npy_text", "not an npy", raw(b"weights\n"), "npy.magic"),
        ("npy_empty", "not an npy", raw(b""), "npy.magic"),
        ("npy_version", "unsupported version", raw(weight[:6] + b"\4\0" + weight[8:]), "npy.version"),
        ("npy_truncated", "truncated", raw(weight[:40]), "npy.truncated"),
        ("npy_header_65537", "npy header over 64 KiB", header(version=(2, 0), length=65537), "npy.header_size"),
        ("npy_header_4g", "npy header over 64 KiB", header(version=(3, 0), length=0xffffffff), "npy.header_size"),
        ("npy_header_code", "code in a header",
         raw(npy_header("__import__('os').system('true')") + data), "npy.header"),
        ("npy_header_key", "unknown keys", raw(npy_header(dictionary()[:-1] + "'x': 1, }") + data), "npy.header"),
        ("npy_header_twice", "duplicate keys", raw(npy_header(dictionary()[:-1] + "'shape': (8,), }") + data),
         "npy.header"),
        ("npy_object", "dtype not allowed", header("'|O'"), "npy.dtype"),
        ("npy_structure", "dtype not allowed", header("[('a', '|i1')]"), "npy.dtype"),
        ("npy_big_endian", "dtype not allowed", header("'>i4'"), "npy.dtype"),
        ("npy_float16", "dtype not allowed", header("'<f2'"), "npy.dtype"),
        ("npy_fortran", "order not allowed", header("'|i1'", "True"), "npy.order"),
        ("npy_rank_9", "wrong ranks", header("'|i1'", "False", "(1, 1, 1, 1, 1, 1, 1, 1, 8)"), "npy.rank"),
        ("npy_overflow", "product of the shape overflowing", header("'|i1'", "False", "(4294967296, 4294967296)"),
         "npy.too_large"),
        ("npy_extent_2_64", "product of the shape overflowing", header("'|i1'", "False", "(18446744073709551616,)"),
         "npy.header"),
        ("npy_extent_negative", "numbers out of range", header("'|i1'", "False", "(-4, 2)"), "npy.header"),
        ("npy_short", "length differs from the shape", header("'|i1'", "False", "(5, 2)"), "npy.length"),
        ("npy_long", "length differs from the shape", header("'|i1'", "False", "(3, 2)"), "npy.length"),
        ("npy_wide", "length differs from the shape", header("'<i8'"), "npy.length"),
        ("npy_shape", "npy that is not the manifest's", header("'|i1'", "False", "(2, 4)"), "package.shape"),
        ("npy_dtype", "npy that is not the manifest's", header("'|u1'"), "package.dtype"),
    ]


def large_cases():
    """Files that are too large to keep: they are made for every test."""
    text_and_spaces = text() + " " * ((16 << 20) + 1 - len(text()))
    values = '{"x-values": [' + ",".join(["0"] * 500_000) + "], " + text()[1:]
    return [
        ("large_manifest_16m", "manifest over 16 MiB",
         lambda: with_manifest(text_and_spaces).bytes(), "json.too_large"),
        ("large_values", "too many", lambda: with_manifest(values).bytes(), "json.too_many_values"),
        ("large_graph_10001", "too many", lambda: many_nodes(10_001), "manifest.too_many"),
        ("large_graph_100000", "a graph with 100,000 nodes", lambda: many_nodes(100_000), "json.too_many_values"),
    ]
