#!/usr/bin/python3
# Kills daemons with SIGKILL at random instants while several clients write through each, and starts them again; also while
# they start. What was acknowledged is written down; what wasn't answered is asked again with the same id.
#
#   kill.py run MACHINES KILLS SEED RECORD   the killing; afterwards all run. RECORD: what was acknowledged
#   kill.py judge MACHINES RECORD            with all stopped: is each of it in each database, once?
import os
import random
import signal
import sqlite3
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

WRITERS = 3
PAUSE_S = 0.02        # between two writes of one writer, at most
LIFE_S = 0.15         # a daemon that is ready lives so long, at most
BIRTH_S = 0.1         # one that is killed while it starts, this
BIRTHS = 0.25         # so many of the kills are such
STATUS_EACH = 5       # so many starts are between two looks at the status
OP_NOTE = 15


class Room:
    def __init__(self, machines, rng, record):
        self.machines, self.rng, self.record = machines, rng, record
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self.failed = None
        self.acknowledged, self.retried, self.refolds = 0, 0, 0

    def fail(self, why):
        with self.lock:
            self.failed = self.failed or why
        self.stop.set()

    def keep(self, kind, text, entry):
        with self.lock:
            print(kind, entry, text, file=self.record, flush=True)
            self.acknowledged += 1


def sign_in(room, machine):
    """False: no answer."""
    from room import Down
    try:
        for method, params in (("hello", {"handle": f"pupil{machine.number}"}), ("join", {"jam": "bridge"})):
            error, _ = machine.ask(method, **params)
            if error and error["code"] != "already-there":
                room.fail(f"machine {machine.number}, {method}: {error}")
        return True
    except Down as down:
        room.fail(f"machine {machine.number}: {down}, {machine.ending()}")
        return False


def write(room, machine, number, alive):
    """One writer: each text is another, and each is asked for until it is acknowledged."""
    from room import Down, Machine
    mouth = Machine(machine.number)
    rng = random.Random(f"{machine.number} {number} {room.rng.random()}")
    n, waits = 0, None
    while not room.failed and (not room.stop.is_set() or waits):
        alive.wait(1)
        if not waits:
            n += 1
            text = f"machine {machine.number} writer {number} text {n}"
            waits = (("note", {"text": text}) if rng.random() < 0.7 else ("task.add", {"title": text}), rng.randbytes(16))
        (method, params), request = waits
        try:
            error, result = mouth.ask(method, id=request, **params)
        except Down:
            room.retried += 1
            time.sleep(0.005)
            continue
        if error and error["code"] in ("signed-out", "not-in-a-jam"):
            time.sleep(0.005)  # it has just started: somebody is about to sign in
        elif error:
            room.fail(f"{method}: {error}")
            return
        else:
            room.keep("note" if method == "note" else "task", next(iter(params.values())), result["entry"])
            waits = None
            time.sleep(rng.random() * PAUSE_S)
    mouth.hang_up()


def watched(room, act, *arguments):
    """A thread that ends by a fault ends all."""
    try:
        act(room, *arguments)
    except BaseException as fault:
        room.fail(f"{act.__name__}: {fault!r}")
        raise


def kill(room, machine, kills, alive):
    rng = random.Random(f"{machine.number} {room.rng.random()}")
    for n in range(kills):
        if room.failed:
            return
        if n == 0 or rng.random() >= BIRTHS:
            machine.ready()
            if not sign_in(room, machine):
                return
            look(room, machine, n)
            alive.set()
            time.sleep(rng.random() * LIFE_S)
        else:
            time.sleep(rng.random() * BIRTH_S)
        if not machine.runs():
            room.fail(f"machine {machine.number} ended by itself, {machine.ending()}")
            return
        machine.end(signal.SIGKILL)
        alive.clear()
        machine.start()
    machine.ready()
    if sign_in(room, machine):
        look(room, machine, 0)
        alive.set()


def look(room, machine, n):
    if n % STATUS_EACH:
        return
    status = machine.status()
    room.refolds = max(room.refolds, status["refolds"])
    if status["refolds"] > 1 or status["disk"] or status["forks"]:
        room.fail(f"machine {machine.number}: {status}")


def run(count, kills, seed, path):
    from room import Machine
    rng = random.Random(seed)
    with open(path, "a") as record:
        room = Room([Machine(i + 1) for i in range(count)], rng, record)
        killers, writers = [], []
        for i, machine in enumerate(room.machines):
            alive = threading.Event()
            share = kills // count + (i < kills % count)
            killers.append(threading.Thread(target=watched, args=(room, kill, machine, share, alive)))
            writers += [threading.Thread(target=watched, args=(room, write, machine, n, alive)) for n in range(WRITERS)]
        for thread in killers + writers:
            thread.start()
        for thread in killers:
            thread.join()
        room.stop.set()
        for thread in writers:
            thread.join()
    print(f"seed {seed}: {kills} kills, {room.acknowledged} acknowledged, {room.retried} without an answer,"
          f" at most {room.refolds} folds of the log after a start")
    if room.failed:
        sys.exit(room.failed)


def texts_of(db):
    notes = db.execute("SELECT text, lower(hex(id)) FROM story WHERE op=?", (OP_NOTE,))
    tasks = db.execute("SELECT title, lower(hex(task)) FROM task")
    return {("note", *row) for row in notes} | {("task", *row) for row in tasks}


def judge(count, path):
    acknowledged = {(kind, text, entry) for kind, entry, text in (line.rstrip("\n").split(" ", 2) for line in open(path))}
    bad = []
    for number in range(1, count + 1):
        state = f"{os.environ['JAM_ROOM']}/{number}/state"
        names = [name for name in os.listdir(state) if name.startswith("class-") and name.endswith(".db")]
        db = sqlite3.connect(f"{state}/{names[0]}")
        there = texts_of(db)
        sound = db.execute("PRAGMA integrity_check").fetchone()[0]
        bad += [f"machine {number} lacks {lost}" for lost in sorted(acknowledged - there)]
        bad += [f"machine {number} has {more}, which was never acknowledged" for more in sorted(there - acknowledged)]
        bad += [f"machine {number}: {sound}"] if sound != "ok" else []
        bad += [f"machine {number} has {names}"] if len(names) != 1 else []
    if len({text for _, text, _ in acknowledged}) != len(acknowledged):
        bad.append("something was acknowledged twice, as two acts")
    print(f"{len(acknowledged)} acknowledged")
    print("\n".join(bad[:40]))
    sys.exit(1 if bad or not acknowledged else 0)


if __name__ == "__main__":
    if sys.argv[1] == "run":
        run(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5])
    else:
        judge(int(sys.argv[2]), sys.argv[3])
