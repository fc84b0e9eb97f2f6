#!/usr/bin/python3
# A long lesson in a room of real daemons, from a seed: people come, write and go; cables are cut, machines are killed,
# stopped, put to sleep and started. What each daemon takes of the computer is written down.
#
#   soak.py run MACHINES SECONDS SEED SAMPLES   the lesson; at its end everybody is back, and samples are taken once more
#   soak.py judge SAMPLES                       prints what they grew; fails if the log doesn't explain it
import collections
import heapq
import os
import random
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

SAY_S = 0.5         # between two requests in the whole room
TROUBLE_S = 60      # so often something happens to a machine, in the mean
SAMPLES_COUNT = 200
PEOPLE = 40
JAMS_MAX = 12

# How a daemon may grow beyond what it took in the first tenth. SQLite's cache fills up to 2 MiB, and what is queued for
# machines that sleep comes and goes: so what counts is the least of each tenth. The rest is the log's: a feed in memory is
# a head, two fingerprints of ranges and a place in the lists of what is compared; on the disk an entry is its row, its
# places in four indexes, and what it adds to views.
MEMORY_SLACK, MEMORY_A_FEED, MEMORY_AN_ENTRY = 3 << 20, 600, 50
MEMORY_A_MACHINE = 256 << 10  # of queues, at any moment
DISK_SLACK, DISK_A_FEED, DISK_AN_ENTRY = 256 << 10, 2048, 2048
WAL_MAX = 2 * (4 << 20)  # twice its limit
FILES_SLACK, FILES_A_MACHINE = 8, 3  # links in and out, and one that is dying

Sample = collections.namedtuple("Sample", "second machine run memory files disk wal entries feeds")


# ---- what people do ------------------------------------------------------------------------------------------------

class Lesson:
    def __init__(self, rng, machines):
        self.rng, self.machines = rng, machines
        self.people = [f"pupil{n}" for n in range(PEOPLE)]
        self.jams = []
        self.texts = 0
        self.did = collections.Counter()

    def text(self):
        self.texts += 1
        return f"text {self.texts} " + "la " * self.rng.randrange(40)

    def choose(self):
        rng = self.rng
        jam = rng.choice(self.jams)
        task = f"task {rng.randrange(20)}"
        person = rng.choice(self.people)
        acts = [
            (3, "hello", {"handle": person, "take_over": True}),
            (1, "bye", {}),
            (1, "list", {}),
            (4, "join", {"jam": jam}),
            (2, "solo", {"task": "think"}),
            (2, "back", {}),
            (1, "leave", {}),
            (12, "note", {"text": self.text()}),
            (2, "feedback", {"person": person, "glow": self.text()}),
            (1, "feedback", {"jam": jam, "grow": self.text()}),
            (2, "task.add", {"title": task}), (2, "task.take", {"task": task}), (1, "task.done", {"task": task}),
            (1, "role.take", {"role": rng.choice(["recorder", "timekeeper"])}),
            (1, "role.drop", {"role": rng.choice(["recorder", "timekeeper"])}),
            (3, "journal", {"jam": jam}),
            (1, "redact", {"entry": 1, "why": "a mistake"}),
            (1, "inbox", {}), (1, "who", {}), (1, "here", {}),
        ]
        _, method, params = rng.choices(acts, [act[0] for act in acts])[0]
        return method, params

    def ask(self, machine, method, params):
        error, _ = machine.ask(method, **params)
        self.did[f"{method}: {error['code']}" if error else method] += 1
        return error and error["code"]

    def step(self, down):
        """Somebody somewhere does something. Who can't, because nobody is signed in or it takes a jam, sees to that."""
        machine = self.rng.choice(self.machines)
        if machine.number in down:
            return
        if len(self.jams) < JAMS_MAX and self.rng.random() < (0.02 if self.jams else 1):
            method, params = "start", {"name": f"jam {len(self.jams)}", "purpose": self.text()}
        else:
            method, params = self.choose()
        refused = self.ask(machine, method, params)
        if method == "start" and not refused:
            self.jams.append(params["name"])
        elif refused == "signed-out":
            self.ask(machine, "hello", {"handle": self.rng.choice(self.people)})
        elif refused == "not-in-a-jam":
            self.ask(machine, "join", {"jam": self.rng.choice(self.jams)})


# ---- what happens to machines --------------------------------------------------------------------------------------

class Trouble:
    """A machine in trouble is out of it after a while. A third of them is never killed: what leaks has time to show."""

    def __init__(self, rng, machines, lab):
        self.rng, self.machines, self.lab = rng, machines, lab
        self.down = {}  # number: what was done to it
        self.happened = collections.Counter()

    def cause(self):
        """Something happens: the machine and how long it lasts; None if enough has happened already."""
        machine = self.rng.choice(self.machines)
        if machine.number in self.down or len(self.down) >= max(1, len(self.machines) // 3):
            return None
        veteran = machine.number <= (len(self.machines) + 2) // 3
        kind = self.rng.choice(["cut", "split", "sleep"] if veteran else ["kill", "kill", "stop", "cut", "split", "sleep"])
        if kind == "cut":
            self.lab("cut", machine.number)
        elif kind == "split":
            self.lab("split", machine.number)
        elif kind == "sleep":
            machine.pause(True)
        else:
            machine.end(signal.SIGKILL if kind == "kill" else signal.SIGTERM)
        self.down[machine.number] = kind
        self.happened[kind] += 1
        return machine, self.rng.uniform(1, 25)

    def mend(self, machine):
        kind = self.down.pop(machine.number, None)
        if kind == "cut":
            self.lab("join", machine.number)
        elif kind == "split":
            self.lab("heal")
            for number in [n for n, k in self.down.items() if k == "split"]:
                self.lab("split", number)
        elif kind == "sleep":
            machine.pause(False)
        elif kind:
            machine.start()
            machine.ready()

    def asleep(self):
        """Those whom nobody can ask."""
        return {n for n, kind in self.down.items() if kind in ("kill", "stop", "sleep")}


# ---- what they take ------------------------------------------------------------------------------------------------

def size_of(paths):
    total = 0
    for path in paths:
        try:
            total += os.stat(path).st_size
        except FileNotFoundError:
            pass
    return total


def look(machine, second):
    status = machine.status()
    pid = machine.pid()
    state = f"{machine.folder}/state"
    names = [f"{state}/{name}" for name in os.listdir(state)]
    memory = next(int(line.split()[1]) << 10 for line in open(f"/proc/{pid}/status") if line.startswith("VmRSS"))
    return Sample(second, machine.number, status["run"], memory, len(os.listdir(f"/proc/{pid}/fd")),
                  size_of(n for n in names if n.endswith(".db")), size_of(n for n in names if n.endswith("-wal")),
                  status["entries"], status["feeds"])


def look_at_all(machines, asleep, second, file):
    from room import Down
    for machine in machines:
        if machine.number not in asleep:
            try:
                print(*look(machine, second), file=file, flush=True)
            except Down:
                sys.exit(f"machine {machine.number} does not answer")


def run(count, seconds, seed, samples):
    from room import Machine, lab
    rng = random.Random(seed)
    machines = [Machine(i + 1) for i in range(count)]
    lesson, trouble = Lesson(rng, machines), Trouble(rng, machines, lab)
    began = time.monotonic()
    due = [(0, 0, "look", None), (0, 1, "say", None), (TROUBLE_S / count, 2, "trouble", None)]
    turns = len(due)
    with open(samples, "w") as file:
        while due[0][0] < seconds:
            second, _, what, machine = heapq.heappop(due)
            time.sleep(max(0, began + second - time.monotonic()))
            again = None
            if what == "say":
                lesson.step(trouble.asleep())
                again = SAY_S
            elif what == "look":
                look_at_all(machines, trouble.asleep(), second, file)
                again = seconds / SAMPLES_COUNT
            elif what == "mend":
                trouble.mend(machine)
            else:
                caused = trouble.cause()
                if caused:
                    turns += 1
                    heapq.heappush(due, (second + caused[1], turns, "mend", caused[0]))
                again = rng.uniform(0, 2) * TROUBLE_S / count
            if again:
                turns += 1
                heapq.heappush(due, (max(second + again, time.monotonic() - began - 1), turns, what, None))
        for machine in machines:
            trouble.mend(machine)
        look_at_all(machines, set(), seconds, file)
    print(f"seed {seed}:", ", ".join(f"{n} {what}" for what, n in sorted(trouble.happened.items())), flush=True)
    print(", ".join(f"{n} {what}" for what, n in sorted(lesson.did.items())), flush=True)


# ---- whether they may ----------------------------------------------------------------------------------------------

def read(path):
    for line in open(path):
        words = line.split()
        yield Sample(float(words[0]), int(words[1]), words[2], *map(int, words[3:]))


def memory_limit(base, sample):
    return (base.memory + MEMORY_SLACK + (sample.feeds - base.feeds) * MEMORY_A_FEED
            + (sample.entries - base.entries) * MEMORY_AN_ENTRY)


def judge(path):
    samples = list(read(path))
    last = max(s.second for s in samples)
    machines = sorted({s.machine for s in samples})
    bad = []
    worst = collections.Counter()
    for machine in machines:
        own = [s for s in samples if s.machine == machine]
        early = [s for s in own if s.second <= max(last / 10, own[0].second)]
        base = Sample(*(max(column) for column in zip(*early)))
        for s in own:
            entries, feeds = s.entries - base.entries, s.feeds - base.feeds
            limits = {
                "memory": memory_limit(base, s) + MEMORY_A_MACHINE * len(machines),
                "disk": base.disk + DISK_SLACK + feeds * DISK_A_FEED + entries * DISK_AN_ENTRY,
                "files": base.files + FILES_SLACK + FILES_A_MACHINE * len(machines),
                "wal": WAL_MAX,
            }
            for what, limit in limits.items():
                value = getattr(s, what)
                worst[what] = max(worst[what], value)
                if s.second > last / 10:
                    worst[what + " beside its limit, %"] = max(worst[what + " beside its limit, %"], 100 * value // limit)
                if value > limit and s.second > last / 10:
                    bad.append(f"machine {machine}, {s.second:.0f} s: {what} is {value}, more than {limit}")
        for tenth in range(1, 10):
            least = min((s for s in own if tenth <= s.second * 10 / last < tenth + 1), key=lambda s: s.memory, default=base)
            if least.memory > memory_limit(base, least):
                bad.append(f"machine {machine} takes {least.memory} and more around {least.second:.0f} s,"
                           f" explained are {memory_limit(base, least)}")
        end = own[-1]
        if end.files > base.files + FILES_SLACK + 2 * len(machines):  # links that come and go just then, in and out
            bad.append(f"machine {machine} ends with {end.files} descriptors, it had {base.files}")
    for machine in machines:
        own = [s for s in samples if s.machine == machine]
        print(f"machine {machine:2}: {len({s.run for s in own}):3} runs, memory {own[0].memory >> 10} to {own[-1].memory >> 10} KiB"
              f" (at most {max(s.memory for s in own) >> 10}), descriptors {own[0].files} to {own[-1].files},"
              f" disk {own[0].disk >> 10} to {own[-1].disk >> 10} KiB, WAL at most {max(s.wal for s in own) >> 10} KiB,"
              f" entries {own[0].entries} to {own[-1].entries}, feeds {own[-1].feeds}")
    print(", ".join(f"{what}: {n}" for what, n in sorted(worst.items())))
    print("\n".join(bad[:40]))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    if sys.argv[1] == "run":
        run(int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
    else:
        judge(sys.argv[2])
