"""Parts of a page that a program writes: the text between two marker lines."""


def replace(path, begin, end, text, update):
    """True when the file holds `text` between its markers; with `update` it does afterwards."""
    with open(path, encoding="utf-8") as stream:
        page = stream.read()
    before, found, rest = page.partition(begin)
    old, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{path}: has no place for this text ({begin})")
    if update:
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(f"{before}{begin}\n{text}\n{end}{after}")
    return update or old == f"\n{text}\n"
