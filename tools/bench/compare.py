#!/usr/bin/python3
# Jam beside what people would use instead, and beside what this machine allows at most: one table, measured in one run.
#   compare.py [--json]     inside a lab of one machine (tools/bench/run starts it); the peers come from the npm registry
# A figure is a rate or a size of this machine, today: what counts are the ratios.
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

top, room = os.environ["top"], os.environ["JAM_ROOM"]
build = os.environ["PATH"].split(":")[0]
sys.path.insert(0, top + "/tools")
sys.dont_write_bytecode = True
from wire import Short, dial, pack, unpack

ENTRIES = int(os.environ.get("ENTRIES", 100000))
APPENDS = int(os.environ.get("APPENDS", 1500))
CLIENTS = 30
PEER_LIMIT_S = 900

# peer, as the table calls it: (its file, what it does less than Jam)
PEERS = {
    "hypercore": ("hypercore", "no disk sync, no views"),
    "ssb-db2 + ebt": ("ssb", "no disk sync, no views but by type"),
    "automerge-repo": ("automerge", "no signatures, no disk"),
    "Yjs": ("yjs", "no signatures, no disk"),
}


def progress(text):
    print(f"... {text}", file=sys.stderr, flush=True)


def lines_of(command, **options):
    """What a program prints, one JSON object a line, as {what: value}; None if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    if done.returncode != 0:
        progress(f"{command[0]} failed: {done.stderr.strip().splitlines()[-1:]}")
        return None
    return {x["what"]: x["value"] for x in map(json.loads, done.stdout.splitlines())}


class Client:
    """One connection to the daemon, with one request open at a time."""

    def __init__(self):
        self.s, self.got, self.n = dial(room + "/1/socket"), b"", 0

    def fileno(self):
        return self.s.fileno()

    def ask(self, method, params):
        self.n += 1
        self.s.sendall(pack([0, self.n, method, params]))

    def answered(self):
        """Reads; true if the answer is whole."""
        self.got += self.s.recv(1 << 16)
        try:
            (_, _, error, _), used = unpack(self.got)
        except Short:
            return False
        self.got = self.got[used:]
        if error:
            raise SystemExit(f"refused: {error}")
        return True


def appends(count):
    """Notes by so many clients at once, each waiting for its answer, which comes when it is on the disk: notes a second."""
    clients, left, answers = [Client() for _ in range(count)], APPENDS, 0
    begun = time.monotonic()
    for c in clients:
        c.ask("note", {"text": "the deck holds 300 g"})
        left -= 1
    while answers < APPENDS:
        for c in select.select(clients, [], [])[0]:
            if c.answered():
                answers += 1
                if left > 0:
                    c.ask("note", {"text": "the deck holds 300 g"})
                    left -= 1
    return APPENDS / (time.monotonic() - begun)


def jam():
    """A daemon on its own, and catch-up without a network."""
    os.makedirs(room + "/1/state")
    daemon = subprocess.Popen(["jamd", "--state", room + "/1/state", "--socket", room + "/1/socket", "--no-beacon"],
                              stdout=subprocess.PIPE, text=True)
    if daemon.stdout.readline() != "ready\n":
        raise SystemExit("jamd doesn't start")
    words = room + "/passphrase"
    with open(words, "w") as f:
        f.write("cobweb item comet lamp domino\n")
    for command in (["class", "create", "Period 3", "--open", "--as", "lee", "--passphrase-file", words],
                    ["start", "bridge"]):
        subprocess.run(["jam", *command], env={**os.environ, "JAM_SOCKET": room + "/1/socket"}, check=True,
                       stdout=subprocess.DEVNULL)
    out = {"appends, one by one": appends(1), "appends, 30 at once": appends(CLIENTS)}
    daemon.send_signal(signal.SIGTERM)
    daemon.wait()
    caught = lines_of([build + "/tools/bench/catchup", "--json", str(ENTRIES)])
    if caught:
        out |= {"catch-up": caught["catching up, verified, on disk, folded"],
                "catch-up by processor time": caught["the same by processor time"],
                "catch-up, sent": caught["catching up, sent, payload included"]}
    return out


def peers_folder():
    """Where the peers are installed; None if they can't be."""
    folder = build + "/peers"
    if not shutil.which("npm"):
        progress("no npm here: no peers")
        return None
    shutil.copytree(top + "/tools/bench/peers", folder, dirs_exist_ok=True)
    progress("installing the peers")
    done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"],
                          cwd=folder, stdout=subprocess.DEVNULL)
    return folder if done.returncode == 0 else None


def peer(folder, name):
    work = tempfile.mkdtemp(dir=room)
    try:
        return lines_of(["node", "main.js", name, work, str(ENTRIES), str(APPENDS)], cwd=folder, timeout=PEER_LIMIT_S)
    except subprocess.TimeoutExpired:
        progress(f"{name} took longer than {PEER_LIMIT_S} s")
        return None
    finally:
        shutil.rmtree(work, ignore_errors=True)


ROWS = [  # what is compared, its unit, and which of the limits is nearest to it
    ("appends, one by one", "ops/s", "SQLite, synced commits"),
    ("appends, 30 at once", "ops/s", "SQLite, rows"),
    ("catch-up", "entries/s", "SQLite, rows"),
    ("catch-up by processor time", "entries/s", "SQLite, rows"),
    ("catch-up, sent", "bytes/entry", None),
]


def cell(value):
    return "-" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def table(ours, others, limits):
    names = ["Jam", *others, "limit"]
    print(f"{ENTRIES:,} entries by 30 authors, {APPENDS:,} appends; in brackets: Jam's as a multiple")
    print(f"{'':36}" + "".join(f"{n:>20}" for n in names))
    for what, unit, limit in ROWS:
        mine = ours.get(what)
        line = f"{what + ', ' + unit:36}{cell(mine):>20}"
        for value in [o.get(what) for o in others.values()] + [limits.get(limit)]:
            ratio = f" ({mine / value:.2g}×)" if mine and value else ""
            line += f"{cell(value) + ratio:>20}"
        print(line)
    for name, (_, less) in PEERS.items():
        if name in others:
            print(f"{name}: {less}")
    print("The limit beside appends one by one is " + ROWS[0][2] + ", beside the others " + ROWS[1][2] + ".")


def main():
    progress("what this machine allows")
    limits = lines_of([build + "/tools/bench/limits"]) or {}
    progress("Jam")
    ours = jam()
    folder, others = peers_folder(), {}
    for name, (file, _) in PEERS.items() if folder else ():
        progress(name)
        others[name] = peer(folder, file) or {}
    if "--json" in sys.argv[1:]:
        print(json.dumps({"limits": limits, "Jam": ours, **others}))
    else:
        table(ours, others, limits)


if __name__ == "__main__":
    main()
