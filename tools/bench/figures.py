#!/usr/bin/python3
# Measures a lab full of real daemons and prints each figure beside its goal. Runs inside the lab (tools/bench/run
# starts it). Every time is from one monotonic clock, from the act to the last machine that shows it.
import ctypes
import ctypes.util
import json
import os
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

top, room, lab = os.environ["top"], os.environ["JAM_ROOM"], os.environ["JAM_LAB"]
sys.path.insert(0, top + "/tools")
sys.dont_write_bytecode = True
from wire import Short, pack, unpack

GOALS = {  # figure: (goal, unit); all of them upper limits
    "fresh daemon is seen by all, median": (100, "ms"),
    "fresh daemon sees all, median": (100, "ms"),
    "leaving daemon is known as left by all, median": (20, "ms"),
    "crashed daemon is known as gone by all, median": (4000, "ms"),
    "cut cable is known as gone by all, median": (4000, "ms"),
    "jam join to a watch elsewhere, median": (15, "ms"),
    "jam join to a watch elsewhere, 99 %": (50, "ms"),
    "a note to a watch elsewhere, median": (10, "ms"),
    "the same, beside a round trip and a synced commit, ratio": (3, ""),
    "jam, start to exit, median": (10, "ms"),
    "signing in, median": (600, "ms"),
    "signing in, beside Argon2id alone, ratio": (1.2, ""),
    "idle, sent by a machine, mean": (500, "bytes/s"),
    "idle, processor share of a daemon, mean": (0.25, "%"),
    "memory of a daemon, greatest": (10, "MB"),
    "false alarms while idle": (0, ""),
}
STARTS = 5
SIGN_INS = 20
ARGON_PASSES, ARGON_MIB = 3, 64  # COST_WORDS in proto/keys.c
JOINS = 200
NOTES = 100  # with the joins less than a machine takes at once
IDLE_S = int(os.environ.get("IDLE_S", 60))
PAUSE_S = 3  # a machine that comes is one that was away
LIMIT_S = 120


def now():
    return time.monotonic()


def report(name, value):
    goal, unit = GOALS[name]
    if os.environ.get("JAM_JSON"):
        print(json.dumps({"what": name, "value": round(value, 3), "unit": unit, "goal": goal}), flush=True)
        return value <= goal
    mark = "" if value <= goal else "   OVER"
    print(f"{name:52} {value:10.2f} {unit:10} goal {goal:g}{mark}", flush=True)
    return value <= goal


def at(i, *command):
    return ["nsenter", f"--net={lab}/net/{i}", f"--uts={lab}/uts/{i}", "--", *command]


def path(i):
    return f"{room}/{i}/socket"


def jam(i, *arguments):
    return subprocess.run(["jam", *arguments], env={**os.environ, "JAM_SOCKET": path(i)}, check=True,
                          capture_output=True, text=True).stdout


def start(i):
    os.makedirs(f"{room}/{i}/state", exist_ok=True)
    log = open(f"{room}/{i}/log", "ab")
    return subprocess.Popen(at(i, "jamd", "--state", f"{room}/{i}/state", "--socket", path(i)),
                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def reach(i):
    """A socket that is connected to machine i's daemon, as soon as that listens."""
    end = now() + LIMIT_S
    while True:
        s = socket.socket(socket.AF_UNIX)
        try:
            s.connect(path(i))
            return s
        except OSError:
            s.close()
            if now() > end:
                raise
            time.sleep(0.001)


class Watch:
    """One client of one machine that watches its changes."""

    def __init__(self, i):
        self.i, self.bytes = i, b""
        self.s = reach(i)
        self.s.sendall(pack([0, 1, "watch", {"how": "changes"}]))

    def fileno(self):
        return self.s.fileno()

    def changes(self):
        """What has come in: the params of notifications, and the first state as {"type": "state"}."""
        self.bytes += self.s.recv(1 << 16)
        out = []
        while self.bytes:
            try:
                message, used = unpack(self.bytes)
            except Short:
                break
            self.bytes = self.bytes[used:]
            if message[0] == 1:
                out.append({**(message[3] or {}), "type": "state"})
            elif message[1] == "change":
                out.append(message[2][0] if isinstance(message[2], list) else message[2])
        return out


def await_all(watches, wanted):
    """Until wanted(change) held at each watch; returns when it held at the last."""
    left, end = set(watches), now() + LIMIT_S
    while left:
        ready, _, _ = select.select(list(watches), [], [], max(0, end - now()))
        if not ready:
            raise SystemExit("waited in vain at machines " + str(sorted(w.i for w in left)))
        for w in ready:
            if any([wanted(c) for c in w.changes()]):
                left.discard(w)
    return now()


def machine(host, states):
    return lambda c: c.get("type") == "machine" and c.get("host") == host and c.get("state") in states


def status(i):
    s = socket.socket(socket.AF_UNIX)
    s.connect(path(i))
    s.sendall(pack([0, 1, "status", {}]))
    got = b""
    while True:
        got += s.recv(1 << 16)
        try:
            return unpack(got)[0][3]["status"]
        except Short:
            pass


def sees(i):
    try:
        return 1 + sum(1 for m in status(i)["machines"] if m["state"] == "here")
    except (OSError, TypeError, KeyError):
        return 0


def ms(seconds):
    return 1000 * seconds


def await_start(watches, host, n):
    """Until all watches saw machine n come, and it saw all; returns both times."""
    left, seen, saw, end = set(watches), None, None, now() + LIMIT_S
    own = Watch(n)
    met = 1
    while seen is None or saw is None:
        for w in select.select([*watches, own], [], [], max(0, end - now()))[0]:
            changes = w.changes()
            if w is own:
                for c in changes:
                    met = c["state"]["machines"] if c["type"] == "state" else met + machine(c.get("host"), ("here",))(c)
            elif any(machine(host, ("here",))(c) for c in changes):
                left.discard(w)
        seen = now() if seen is None and not left else seen
        saw = now() if saw is None and met >= n else saw
        if now() > end:
            raise SystemExit(f"machine {n}: not seen by {sorted(w.i for w in left)}, sees {met}")
    own.s.close()
    return seen, saw


def coming_and_going(n, daemons):
    """The last machine starts, leaves, starts, crashes, ..., while all others are watched."""
    watches = [Watch(i) for i in range(1, n)]
    await_all(watches, lambda c: c["type"] == "state")  # or the first change may come before the watch
    host, seen, saw, left, gone, cut = f"pc{n}", [], [], [], [], []
    for turn in range(2 * STARTS):
        signal_, states, times = ((signal.SIGTERM, ("left",), left), (signal.SIGKILL, ("gone",), gone))[turn % 2]
        begun = now()
        daemons[n].send_signal(signal_)
        times.append(ms(await_all(watches, machine(host, states)) - begun))
        daemons[n].wait()
        time.sleep(PAUSE_S)
        begun = now()
        daemons[n] = start(n)
        seen_at, saw_at = await_start(watches, host, n)
        seen.append(ms(seen_at - begun))
        saw.append(ms(saw_at - begun))
    for turn in range(STARTS):
        begun = now()
        subprocess.run([top + "/tools/lab", "cut", str(n)], check=True)
        cut.append(ms(await_all(watches, machine(host, ("gone",))) - begun))
        subprocess.run([top + "/tools/lab", "join", str(n)], check=True)
        await_all(watches, machine(host, ("here",)))
    for w in watches:
        w.s.close()
    return {
        "fresh daemon is seen by all, median": statistics.median(seen),
        "fresh daemon sees all, median": statistics.median(saw),
        "leaving daemon is known as left by all, median": statistics.median(left),
        "crashed daemon is known as gone by all, median": statistics.median(gone),
        "cut cable is known as gone by all, median": statistics.median(cut),
    }


def joins(here, there):
    """`jam join` at one machine, until its line is read from `jam watch --json` at another."""
    jam(here, "hello", "ana")
    jam(here, "start", "bridge")
    jam(here, "start", "volcano")
    watch = subprocess.Popen(["jam", "watch", "--json"], env={**os.environ, "JAM_SOCKET": path(there)},
                             stdout=subprocess.PIPE, text=True, bufsize=1)
    watch.stdout.readline()
    times = []
    for turn in range(JOINS):
        name = ("bridge", "volcano")[turn % 2]
        begun = now()
        asked = subprocess.Popen(["jam", "join", name], env={**os.environ, "JAM_SOCKET": path(here)},
                                 stdout=subprocess.DEVNULL)
        for line in watch.stdout:
            said = json.loads(line)
            if said.get("type") == "place" and (said.get("place") or {}).get("jam") == name:
                times.append(ms(now() - begun))
                break
        if asked.wait() != 0:
            raise SystemExit("jam join was refused")
    watch.kill()
    watch.wait()
    times.sort()
    return {
        "jam join to a watch elsewhere, median": statistics.median(times),
        "jam join to a watch elsewhere, 99 %": times[len(times) * 99 // 100 - 1],
    }


def bare_ms():
    """A round trip of libzmq and a synced commit of SQLite, by themselves."""
    said = subprocess.run([os.path.dirname(shutil.which("jamd")) + "/tools/bench/limits"], check=True, capture_output=True,
                          text=True).stdout
    limits = {x["what"]: x["value"] for x in map(json.loads, said.splitlines())}
    return limits["libzmq round trip on loopback"] / 1000 + 1000 / limits["SQLite, synced commits"]


def notes(here, there):
    """A note of who sits at one machine, from its request until it is told at another."""
    watch, s, times = Watch(there), reach(here), []
    await_all([watch], lambda c: c["type"] == "state")
    for turn in range(NOTES):
        begun = now()
        s.sendall(pack([0, turn, "note", {"text": f"note {turn}"}]))
        times.append(ms(await_all([watch], lambda c: f"note {turn}" in json.dumps(c, default=str)) - begun))
        s.recv(1 << 16)
    watch.s.close()
    s.close()
    median = statistics.median(times)
    return {
        "a note to a watch elsewhere, median": median,
        "the same, beside a round trip and a synced commit, ratio": median / bare_ms(),
    }


def one_command(i):
    times = []
    for _ in range(JOINS):
        begun = now()
        jam(i)
        times.append(ms(now() - begun))
    return {"jam, start to exit, median": statistics.median(times)}


def argon(sodium):
    """Argon2id alone, as libsodium computes it for a passphrase."""
    out, salt, words = ctypes.create_string_buffer(32), b"0123456789abcdef", b"river lamp comet"
    begun = now()
    if sodium.crypto_pwhash(out, ctypes.c_ulonglong(32), words, ctypes.c_ulonglong(len(words)), salt,
                            ctypes.c_ulonglong(ARGON_PASSES), ctypes.c_size_t(ARGON_MIB << 20), 2) != 0:
        raise SystemExit("Argon2id failed")
    return ms(now() - begun)


def sign_ins(i):
    """`jam hello` at a machine's second class, which has passphrases; Argon2id is measured between the times."""
    words, sodium = room + "/passphrase", ctypes.CDLL(ctypes.util.find_library("sodium"))
    sodium.sodium_init()  # or it takes its slowest way
    jam(i, "class", "create", "Period 4", "--as", "lee", "--passphrase-file", words)
    jam(i, "bye")
    times, alone = [], []
    for _ in range(SIGN_INS + 1):  # the first is the sign-up
        begun = now()
        jam(i, "hello", "ana", "--passphrase-file", words)
        times.append(ms(now() - begun))
        jam(i, "bye")
        alone.append(argon(sodium))
    jam(i, "class", "use", "Period 3")
    median = statistics.median(times[1:])
    return {
        "signing in, median": median,
        "signing in, beside Argon2id alone, ratio": median / statistics.median(alone[1:]),
    }


def sent_bytes(i):
    with_eth0 = subprocess.run(at(i, "cat", "/proc/net/dev"), capture_output=True, text=True, check=True).stdout
    line = next(x for x in with_eth0.splitlines() if x.strip().startswith("eth0:"))
    return int(line.split(":")[1].split()[8])


def ticks(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def resident_mb(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(x.split()[1]) for x in f if x.startswith("VmRSS")) / 1024


def idle(n, daemons):
    pids = [daemons[i].pid for i in range(1, n + 1)]
    sent, used, begun = [sent_bytes(i) for i in range(1, n + 1)], [ticks(p) for p in pids], now()
    watches = [Watch(i) for i in range(1, n + 1)]
    await_all(watches, lambda c: c["type"] == "state")
    alarms = 0
    while now() < begun + IDLE_S:
        for w in select.select(watches, [], [], 1)[0]:
            for c in w.changes():
                if c.get("type") == "machine" and c.get("state") != "here":
                    alarms += 1
                    print(f"    {now() - begun:.1f} s: machine {w.i} says that {c['host']} is {c['state']}; load "
                          f"{os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
    for w in watches:
        w.s.close()
    seconds = now() - begun
    used = [ticks(p) - u for p, u in zip(pids, used)]
    sent = [sent_bytes(i) - s for i, s in zip(range(1, n + 1), sent)]
    return {
        "idle, sent by a machine, mean": statistics.mean(sent) / seconds,
        "idle, processor share of a daemon, mean": 100 * statistics.mean(used) / os.sysconf("SC_CLK_TCK") / seconds,
        "memory of a daemon, greatest": max(resident_mb(p) for p in pids),
        "false alarms while idle": alarms,
    }


def main():
    n = int(sys.argv[1])
    if not os.environ.get("JAM_JSON"):
        print(f"{n} machines in a lab on {os.cpu_count()} processors", flush=True)
    daemons = {}
    for i in range(1, n + 1):
        daemons[i] = start(i)
        reach(i).close()
        if i == 1:
            passphrase = room + "/passphrase"
            with open(passphrase, "w") as f:
                f.write("cobweb item comet lamp domino\n")
            made = jam(1, "class", "create", "Period 3", "--open", "--as", "lee", "--passphrase-file", passphrase,
                       "--json")
            words = json.loads(made)["invite"].split()
            jam(1, "bye")
        else:
            jam(i, "class", "join", *words)
    end = now() + LIMIT_S
    while not all(sees(i) == n for i in range(1, n + 1)):
        if now() > end:
            raise SystemExit("the machines did not find each other")
        time.sleep(0.2)

    good = True
    for figures in (lambda: coming_and_going(n, daemons), lambda: joins(1, n // 2 + 1), lambda: notes(1, n // 2 + 1),
                    lambda: one_command(2), lambda: idle(n, daemons), lambda: sign_ins(2)):
        for name, value in figures().items():
            good = report(name, value) and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
