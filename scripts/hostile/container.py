"""What is wrong with the zip: ends, members, headers, names, checksums."""
import struct
import zlib

from hostile.archive import Archive, Member, archive, network, tensors

WEIGHT, BIAS, MANIFEST = "tensors/w.npy", "tensors/b.npy", "manifest.json"


def good():
    return archive().bytes()


def changed(change):
    made = archive()
    change(made)
    return made.bytes()


def on_weight(change):
    """network()'s archive after change(its member of the weight)."""
    made = archive()
    change(made[WEIGHT])
    return made.bytes()


def named(name):
    """An archive with one more member of that name."""
    made = archive()
    made.members.append(Member("other", b"data"))
    made.members[-1].both(name=name)
    return made.bytes()


def repeated(name):
    made = archive()
    made.members.append(Member(name, made[WEIGHT].data))
    return made.bytes()


def without(name):
    made = archive()
    made.members.remove(made[name])
    return made.bytes()


def shifted(prefix, data):
    """data behind a prefix, its offsets moved: what a self-extracting archive looks like."""
    made = bytearray(data)
    end = made.rindex(b"PK\5\6")
    place = struct.unpack_from("<I", made, end + 16)[0]
    at = place
    while made[at:at + 4] == b"PK\1\2":
        struct.pack_into("<I", made, at + 42, struct.unpack_from("<I", made, at + 42)[0] + len(prefix))
        at += 46 + sum(struct.unpack_from("<HHH", made, at + 28))
    struct.pack_into("<I", made, end + 16, place + len(prefix))
    return prefix + bytes(made)


def deflated():
    made = archive()
    member = made[WEIGHT]
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    member.data = packer.compress(member.data) + packer.flush()
    member.both(method=8, stored=len(member.data))
    return made.bytes()


def bomb(count):
    """count members whose directory entries share one piece of data."""
    made = archive()
    made.members += [Member(f"tensors/t{i}.npy", b"") for i in range(count)]
    data = bytes(64 << 10)
    target = made.members[3]
    target.data = data
    for member in made.members[3:]:
        member.both(crc=zlib.crc32(data), stored=len(data), size=len(data))
        member.local.name = target.central.name
    raw = made.bytes()
    place = raw.index(b"PK\3\4", raw.index(b"tensors/b.npy"))
    for member in made.members[4:]:
        member.offset = place
    # Only the directory knows the other members: their local headers are left out.
    kept = Archive([])
    kept.members = made.members[:4]
    body = kept.bytes()
    body = body[:body.index(b"PK\1\2")]
    made_bytes = made.bytes()
    directory = made_bytes[made_bytes.index(b"PK\1\2"):-22]
    return body + directory + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, len(made.members), len(made.members),
                                                      len(directory), len(body), 0)


def shared_header():
    """Two names, one local header."""
    made = archive()
    made[BIAS].offset = len(b"PK\3\4" + made[MANIFEST].local.common() + b"manifest.json" + made[MANIFEST].data)
    return made.bytes()


def damaged(crc_too):
    made = archive()
    member = made[WEIGHT]
    member.data = member.data[:-1] + bytes([member.data[-1] ^ 1])
    if crc_too:
        member.both(crc=zlib.crc32(member.data))
    return made.bytes()


def zip64_size(size):
    def change(member):
        extra = struct.pack("<HHQQ", 1, 16, size, size)
        member.both(size=0xffffffff, stored=0xffffffff, extra=extra)
    return on_weight(change)


def other_network():
    """A second, different package."""
    return archive(network(name="other"), tensors()).bytes()


def cases():
    def lies(**fields):
        return on_weight(lambda m: m.both(**fields))

    def local(**fields):
        return on_weight(lambda m: [setattr(m.local, k, v) for k, v in fields.items()])

    def central(**fields):
        return on_weight(lambda m: [setattr(m.central, k, v) for k, v in fields.items()])

    def member(**fields):
        return on_weight(lambda m: [setattr(m, k, v) for k, v in fields.items()])

    def whole(**fields):
        return changed(lambda a: [setattr(a, k, v) for k, v in fields.items()])

    size = len(archive()[WEIGHT].data)
    crc = zlib.crc32(archive()[WEIGHT].data)
    descriptor = b"PK\7\10" + struct.pack("<III", crc ^ 1, size, size)
    return [
        ("zip_text", "not a zip", b"a text, not a package\n", "zip.not_a_zip"),
        ("zip_empty", "not a zip", b"", "zip.not_a_zip"),
        ("zip_truncated_in_end", "truncated", good()[:-1], "zip.truncated"),
        ("zip_truncated_half", "truncated", good()[:len(good()) // 2], "zip.truncated"),
        ("zip_trailing_byte", "trailing data", good() + b"\0", "zip.trailing_data"),
        ("zip_two", "two zips in one", good() + other_network(), "zip.end_record"),
        ("zip_two_moved", "two zips in one", shifted(good(), other_network()), "zip.gap"),
        ("zip_two_in_comment", "two zips in one", whole(comment=other_network()), "zip.end_record"),
        ("zip_two_in_longer_comment", "two zips in one", whole(comment=other_network() + b"!"), "zip.ambiguous_end"),
        ("zip_prefix", "data before the first member", shifted(b"#!/bin/sh\n", good()), "zip.gap"),
        ("zip_encrypted", "encrypted member", lies(flags=1), "zip.encrypted"),
        ("zip_strongly_encrypted", "encrypted member", lies(flags=0x41), "zip.encrypted"),
        ("zip_compressed", "compressed member", deflated(), "zip.compressed"),
        ("zip_duplicate", "duplicate member", repeated(WEIGHT), "zip.duplicate_member"),
        ("zip_duplicate_case", "duplicate member, case ignored", repeated("tensors/W.npy"), "zip.duplicate_member"),
        ("zip_unlisted", "unlisted member", named(b"tensors/other.npy"), "package.unlisted_member"),
        ("zip_unlisted_script", "unlisted member", named(b"setup.py"), "package.unlisted_member"),
        ("zip_no_manifest", "missing member", without(MANIFEST), "package.missing_member"),
        ("zip_no_tensor", "missing member", without(BIAS), "package.missing_member"),
        ("zip_name_parent", "path tricks", named(b"tensors/../../../home/x.npy"), "zip.name"),
        ("zip_name_here", "path tricks", named(b"./tensors/w.npy"), "zip.name"),
        ("zip_name_absolute", "path tricks", named(b"/tmp/x.npy"), "package.unlisted_member"),
        ("zip_name_backslash", "path tricks", named(b"tensors\\w.npy"), "zip.name"),
        ("zip_name_nul", "path tricks", named(b"tensors/w.npy\0.txt"), "zip.name"),
        ("zip_name_newline", "oddly named member", named(b"a\nwitin-sim: done"), "zip.name"),
        ("zip_name_not_ascii", "oddly named member", named("tensors/\u202ew.npy".encode()), "zip.name"),
        ("zip_name_empty", "oddly named member", named(b""), "zip.name"),
        ("zip_name_long", "oddly named member", named(b"n" * 513), "zip.name"),
        ("zip_folder", "oddly named member", named(b"tensors/"), "zip.name"),
        ("zip_link", "links", member(attributes=0o120777 << 16), "zip.not_regular"),
        ("zip_device", "links", member(attributes=0o020644 << 16), "zip.not_regular"),
        ("zip_crc", "CRC mismatch", damaged(False), "zip.crc"),
        ("zip_sha256", "sha256 mismatch", damaged(True), "package.sha256"),
        ("zip_local_name", "headers that disagree", local(name=b"tensors/v.npy"), "zip.header_mismatch"),
        ("zip_local_size", "headers that disagree", local(stored=size - 1, size=size - 1), "zip.header_mismatch"),
        ("zip_local_crc", "headers that disagree", local(crc=crc ^ 1), "zip.header_mismatch"),
        ("zip_local_method", "headers that disagree", local(method=8), "zip.header_mismatch"),
        ("zip_local_flags", "headers that disagree", local(flags=0x800), "zip.header_mismatch"),
        ("zip_central_name", "headers that disagree", central(name=b"tensors/v.npy"), "zip.header_mismatch"),
        ("zip_two_sizes", "lying sizes", lies(stored=size - 1), "zip.size"),
        ("zip_size_short", "lying sizes", lies(stored=size - 1, size=size - 1), "zip.gap"),
        ("zip_size_long", "lying sizes", lies(stored=size + 1, size=size + 1), "zip.overlap"),
        ("zip_size_4g", "lying sizes", lies(stored=0xfffffffe, size=0xfffffffe), "zip.overlap"),
        ("zip_size_sentinel", "lying sizes", lies(stored=0xffffffff, size=0xffffffff), "zip.zip64"),
        ("zip_size_2_63", "lying sizes", zip64_size(1 << 63), "zip.overlap"),
        ("zip_size_2_64", "lying sizes", zip64_size((1 << 64) - 1), "zip.overlap"),
        ("zip_overlap", "overlapping members", shared_header(), "zip.overlap"),
        ("zip_member_in_directory", "overlapping members", member(offset=1 << 20), "zip.overlap"),
        ("zip_bomb", "a bomb: 500 members that share 64 KiB", bomb(500), "zip.overlap"),
        ("zip_gap", "data between members", member(before=b"\0" * 16), "zip.gap"),
        ("zip_descriptor", "headers that disagree", on_weight(
            lambda m: (m.both(flags=8), setattr(m, "descriptor", descriptor))), "zip.descriptor"),
        ("zip_no_descriptor", "headers that disagree", lies(flags=8), "zip.descriptor"),
        ("zip_unicode_path", "a second name in an extra field",
         lies(extra=struct.pack("<HHBI", 0x7075, 7, 1, 0) + b"ab"), "zip.extra_field"),
        ("zip_extra_cut", "damaged extra field", lies(extra=struct.pack("<HH", 0x5455, 200)), "zip.extra_field"),
        ("zip_extra_zip64_twice", "damaged extra field", lies(extra=struct.pack("<HHHH", 1, 0, 1, 0)),
         "zip.extra_field"),
        ("zip_flags", "unknown flags", lies(flags=0x20), "zip.flags"),
        ("zip_version", "unsupported zip version", lies(needed=99), "zip.version"),
        ("zip_multi_disk", "split archive", whole(disk=1), "zip.multi_disk"),
        ("zip_member_disk", "split archive", member(disk=1), "zip.multi_disk"),
        ("zip_directory_bytes", "damaged directory", whole(in_directory=b"PK\1\2"), "zip.directory"),
        ("zip_directory_fewer", "damaged directory", whole(entries=2), "zip.directory"),
        ("zip_directory_more", "damaged directory", whole(entries=4), "zip.directory"),
        ("zip_directory_offset", "lying sizes", whole(directory_offset=0xfffffff0), "zip.end_record"),
        ("zip_members_2_40", "lying sizes", whole(zip64_entries=1 << 40), "zip.too_many_members"),
    ]
