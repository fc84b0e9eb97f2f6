#!/usr/bin/python3
# Damages a class's database, or its log (WAL), as a bad disk would; and makes one that is large enough for that.
#
#   damage.py DATABASE WHERE [TEXT]   one bit of it flips: in the `header`, in an `interior` page, a `leaf` or an `index` of the
#                                     table of entries; `payload`, `view`, `wal`: in TEXT, where the log keeps it, where a view
#                                     does, and in the WAL
#   damage.py DATABASE spread         a bit of every 40th page flips
#   damage.py DATABASE first          its first page is overwritten
#   damage.py DATABASE cut            the WAL ends in the middle
#   damage.py fill MACHINE NAME JAM   as this person, in this jam: more notes than a daemon keeps in memory
import os
import sqlite3
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

PAGE = 4096
NOTES, NOTE_BYTES = 900, 2500


def write(path, at, data):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)


def flip(path, at):
    with open(path, "rb") as file:
        file.seek(at)
        byte = file.read(1)[0]
    write(path, at, bytes([byte ^ 4]))


def tree(data, root):
    """The pages of a B-tree, (number, kind): 2 and 5 are interior pages, 10 and 13 leaves, of an index and of a table."""
    start = (root - 1) * PAGE
    kind = data[start]
    yield root, kind
    if kind in (2, 5):
        count = int.from_bytes(data[start + 3:start + 5], "big")
        cells = [int.from_bytes(data[start + 12 + 2 * i:start + 14 + 2 * i], "big") for i in range(count)]
        for child in [data[start + at:start + at + 4] for at in cells] + [data[start + 8:start + 12]]:
            yield from tree(data, int.from_bytes(child, "big"))


def pages(path, name, kinds):
    """What the file holds, and the pages of these kinds that a table or an index has."""
    db = sqlite3.connect(f"file:{path}?immutable=1", uri=True)
    root = db.execute("SELECT rootpage FROM sqlite_schema WHERE name=?", (name,)).fetchone()[0]
    db.close()
    data = open(path, "rb").read()
    return data, [number for number, kind in tree(data, root) if kind in kinds]


def place_of(path, where, text):
    if where == "header":
        return 100 + 3  # how many cells it has
    if where == "interior":
        return (pages(path, "entry", (5,))[1][0] - 1) * PAGE + 12  # where its first cell stands
    if where == "leaf":
        return (pages(path, "entry", (13,))[1][1] - 1) * PAGE + 8
    if where == "index":
        return pages(path, "entry_hash", (10,))[1][-1] * PAGE - 30  # cells fill a page from its end
    data, numbers = pages(path, "entry" if where == "payload" else "story", (10, 13))
    for number in numbers:
        at = data.find(text, (number - 1) * PAGE, number * PAGE)
        if at >= 0:
            return at
    sys.exit(f"{text} isn't there")


def damage(path, where, text=""):
    if where == "spread":
        for page in range(100, os.path.getsize(path) // PAGE, 40):
            flip(path, page * PAGE + 1000)
    elif where == "first":
        write(path, 0, b"\xa5" * 1000)
    elif where == "wal":
        at = open(path + "-wal", "rb").read().find(text.encode())
        at >= 0 or sys.exit("the WAL hasn't got it")
        flip(path + "-wal", at)
    elif where == "cut":
        os.truncate(path + "-wal", os.path.getsize(path + "-wal") // 2)
    else:
        flip(path, place_of(path, where, text.encode()))


def fill(machine, name, jam):
    from room import Machine
    mouth = Machine(int(machine))
    for method, params in [("hello", {"handle": name}), ("join", {"jam": jam})]:
        mouth.ask(method, **params)
    for n in range(NOTES):
        error, _ = mouth.ask("note", text=f"{n} " + "x" * NOTE_BYTES)
        error and sys.exit(str(error))


fill(*sys.argv[2:]) if sys.argv[1] == "fill" else damage(*sys.argv[1:])
