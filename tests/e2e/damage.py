#!/usr/bin/python3
# Damages a class's database, or its log (WAL), as a bad disk would.
#
#   damage.py DATABASE WHERE [TEXT]   one bit of it flips: in the `header`, an `interior` page of the log, a `leaf` of the log,
#                                     an `index` of the log; `payload`, `view`, `wal`: in TEXT, where the log keeps it, a view
#                                     shows it, the WAL has it
#   damage.py DATABASE cut            the WAL ends in the middle
import sqlite3
import sys

PAGE = 4096


def flip(path, at, bit=2):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1 << bit]))


def tree(data, root):
    """The pages of a B-tree, (number, kind): 2 and 5 are interior pages, of an index and of a table."""
    start = (root - 1) * PAGE
    kind = data[start]
    yield root, kind
    if kind in (2, 5):
        count = int.from_bytes(data[start + 3:start + 5], "big")
        cells = [int.from_bytes(data[start + 12 + 2 * i:start + 14 + 2 * i], "big") for i in range(count)]
        children = [data[start + at:start + at + 4] for at in cells] + [data[start + 8:start + 12]]
        for child in children:
            yield from tree(data, int.from_bytes(child, "big"))


def pages(path, name):
    db = sqlite3.connect(f"file:{path}?immutable=1", uri=True)
    root = db.execute("SELECT rootpage FROM sqlite_schema WHERE name=?", (name,)).fetchone()[0]
    db.close()
    data = open(path, "rb").read()
    return data, list(tree(data, root))


def text_at(data, text, of):
    """Where it stands in one of these pages."""
    for number, kind in of:
        at = data.find(text, (number - 1) * PAGE, number * PAGE)
        if kind == 13 and at >= 0:
            return at
    sys.exit(f"{text} isn't there")


def main(path, where, text=""):
    text = text.encode()
    if where == "header":
        flip(path, 100 + 3)  # how many tables there are
    elif where == "interior":
        number = next(number for number, kind in pages(path, "entry")[1] if kind == 5)
        flip(path, (number - 1) * PAGE + 12)  # where its first cell stands
    elif where == "leaf":
        number = [number for number, kind in pages(path, "entry")[1] if kind == 13][1]
        flip(path, (number - 1) * PAGE + 8)
    elif where == "index":
        data, found = pages(path, "entry_hash")
        number = [number for number, kind in found if kind == 10][-1]
        flip(path, number * PAGE - 30)  # in a key of a cell: they fill the page from its end
    elif where in ("payload", "view"):
        data, found = pages(path, "entry" if where == "payload" else "story")
        flip(path, text_at(data, text, found))
    elif where == "wal":
        data = open(path + "-wal", "rb").read()
        at = data.find(text)
        at >= 0 or sys.exit("the WAL hasn't got it")
        flip(path + "-wal", at)
    elif where == "cut":
        data = open(path + "-wal", "rb").read()
        open(path + "-wal", "r+b").truncate(len(data) // 2 + 100)
    else:
        sys.exit("damage.py DATABASE WHERE [TEXT]")


main(*sys.argv[1:])
