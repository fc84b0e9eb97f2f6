#!/usr/bin/python3
# What a room costs each of its machines, by how many there are. Runs inside the lab (tools/bench/run scale 60 starts it) and
# prints an object a line; or draws what was printed:
#   scale.py N                     one room
#   scale.py draw FILE OUT.svg     the rooms of FILE as a plot
import json
import math
import os
import resource
import select
import subprocess
import sys
import time

sys.dont_write_bytecode = True

CHANGES = 20
HEALS = 3
IDLE_S = int(os.environ.get("IDLE_S", 30))
SETTLE_S = 75  # links that nobody needs go after half a minute of silence
WAIT_S = 300
HEAL_WAIT_S = 60

GOALS = {"changes_ms": 1000, "sent": 500, "memory": 16, "heal_s": 5}


def links(pid):
    """Connections that this daemon made, and that stand."""
    out = 0
    for name in ("tcp", "tcp6"):
        with open(f"/proc/{pid}/net/{name}") as f:
            for line in f.readlines()[1:]:
                _, _, there, state = line.split()[:4]
                out += state == "01" and int(there.rpartition(":")[2], 16) == 7733
    return out


def progress(text):
    print(f"... {text}", file=sys.stderr, flush=True)


class Blind(Exception):
    pass


def sees_all(machines, n, wait_s=WAIT_S):
    """Until each of these machines says that n are here."""
    end, left = time.monotonic() + wait_s, list(machines)
    while left:
        left = [i for i in left if sees(i) != n]
        if time.monotonic() > end:
            raise Blind(f"{len(left)} machines, as {left[:3]}, don't see {n}")
    return time.monotonic()


def found(n):
    daemons = {}
    words = room + "/passphrase"
    with open(words, "w") as f:
        f.write("cobweb item comet lamp domino\n")
    for i in range(1, n + 1):
        daemons[i] = start(i)
        reach(i).close()
        if i == 1:
            made = jam(1, "class", "create", "Period 3", "--open", "--as", "lee", "--passphrase-file", words, "--json")
            invite = json.loads(made)["invite"].split()
            jam(1, "bye")
        else:
            jam(i, "class", "join", *invite)
    sees_all(range(1, n + 1), n)
    return daemons


def change(n):
    """How long until all watches, one at each machine, have been told of a move; in milliseconds, of many."""
    jam(2, "hello", "ana")
    jam(2, "start", "bridge")
    jam(2, "start", "volcano")
    watches = [Watch(i) for i in range(1, n + 1)]
    await_all(watches, lambda c: c["type"] == "state")
    times = []
    for turn in range(CHANGES):
        name = ("bridge", "volcano")[turn % 2]
        begun = time.monotonic()
        asked = subprocess.Popen(["jam", "join", name], env={**os.environ, "JAM_SOCKET": path(2)}, stdout=subprocess.DEVNULL)
        told = await_all(watches, lambda c: c.get("type") == "place" and (c.get("place") or {}).get("jam") == name)
        times.append(1000 * (told - begun))
        asked.wait()
    for w in watches:
        w.s.close()
    return sorted(times)


def heals(n):
    """From the return of the cable between two halves until all are here for all; in seconds. None if they aren't soon."""
    half, times = [str(i) for i in range(1, n // 2 + 1)], []
    for _ in range(HEALS):
        subprocess.run([top + "/tools/lab", "split", ",".join(half)], check=True)
        try:
            sees_all(range(1, n // 2 + 1), n // 2, HEAL_WAIT_S)
            sees_all(range(n // 2 + 1, n + 1), n - n // 2, HEAL_WAIT_S)
            subprocess.run([top + "/tools/lab", "heal"], check=True)
            begun = time.monotonic()
            times.append(sees_all(range(1, n + 1), n, HEAL_WAIT_S) - begun)
        except Blind as why:
            progress(f"after a split, {why} within {HEAL_WAIT_S} s")
            return [None]
    return sorted(times)


def measure(n):
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    progress(f"{n} machines come together")
    daemons = found(n)
    time.sleep(SETTLE_S)
    pids = [daemons[i].pid for i in range(1, n + 1)]
    progress("they idle")
    sent, used, begun = [sent_bytes(i) for i in range(1, n + 1)], [ticks(p) for p in pids], time.monotonic()
    time.sleep(IDLE_S)
    seconds = time.monotonic() - begun
    sent = [(sent_bytes(i) - s) / seconds for i, s in zip(range(1, n + 1), sent)]
    used = [(ticks(p) - u) / seconds for p, u in zip(pids, used)]
    made = [links(p) for p in pids]
    progress("they are told of changes")
    changes = change(n)
    progress("they are split in two")
    healed = heals(n)
    print(json.dumps({"machines": n, "sent": sum(sent) / n, "sent_most": max(sent), "processor": sum(used) / n,
                      "links": sum(made) / n, "links_most": max(made), "changes_ms": changes[len(changes) // 2],
                      "changes_most_ms": changes[-1], "heal_s": healed[len(healed) // 2], "heal_most_s": healed[-1],
                      "memory": max(resident_mb(p) for p in pids)}), flush=True)


# ---- the plot ----------------------------------------------------------------------------------------------------

PANELS = [("sent when idle, mean, bytes/s", "sent"), ("memory of a daemon, the greatest, MB", "memory"),
          ("links that a machine makes, the most", "links_most"), ("a change is told to all, median, ms", "changes_ms"),
          ("all see all after a split, median, s", "heal_s")]
WIDTH, HEIGHT, LEFT, TOP = 300, 190, 40, 34
NEAR, FAR = 20, 1000
HALO = 'paint-order="stroke" stroke="#fff" stroke-width="3"'  # figures stand out from the lines that they lie on


def said(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def panel(at, title, key, rooms):
    """One plot: points measured, the straight line through the last two, if it rises, on to a thousand, dashed."""
    goal = GOALS.get(key)
    points = [(r["machines"], r[key]) for r in rooms if r[key] is not None]
    beyond = []
    if len(points) > 1:
        (x1, y1), (x2, y2) = points[-2:]
        rise = max(0, (y2 - y1) / (x2 - x1))
        beyond = [(x, y2 + rise * (x - x2)) for x in (x2 * (FAR / x2) ** (i / 20) for i in range(21))]
    top_value = 1.15 * max([y for _, y in points + beyond] + [goal or 0])
    x0, y0 = at % 2 * WIDTH + LEFT, at // 2 * HEIGHT + TOP
    w, h = WIDTH - LEFT - 20, HEIGHT - TOP - 30

    def place(x, y):
        along = math.log(max(x, NEAR) / NEAR) / math.log(FAR / NEAR)
        return f"{x0 + w * along:.1f},{y0 + h - h * y / top_value:.1f}"

    def text(x, y, what, anchor="middle"):
        px, py = place(x, y).split(",")
        return f'<text x="{px}" y="{float(py) - 6:.1f}" text-anchor="{anchor}" {HALO}>{what}</text>'

    out = [f'<text x="{x0}" y="{y0 - 14}" font-weight="bold">{title}</text>',
           f'<path d="M{x0},{y0}v{h}h{w}" fill="none" stroke="#888"/>']
    for x in sorted({x for x, _ in points} | {FAR}):
        px = place(x, 0).split(",")[0]
        out.append(f'<text x="{px}" y="{y0 + h + 14}" text-anchor="middle">{x}</text>')
    if goal:
        out.append(f'<path d="M{place(0, goal)}L{place(FAR, goal)}" stroke="#c33" stroke-dasharray="2 3"/>')
        out.append(f'<text x="{x0 + w}" y="{float(place(0, goal).split(",")[1]) - 4:.1f}" text-anchor="end" fill="#c33">goal {goal}</text>')
    out.append(f'<polyline points="{" ".join(place(*p) for p in points)}" fill="none" stroke="#236" stroke-width="2"/>')
    for p in points:
        x, y = place(*p).split(",")
        out += [f'<circle cx="{x}" cy="{y}" r="3" fill="#236"/>', text(*p, said(p[1]))]
    if beyond:
        out += [f'<polyline points="{" ".join(place(*p) for p in beyond)}" fill="none" stroke="#236" stroke-dasharray="5 4"/>',
                text(*beyond[-1], said(beyond[-1][1]) + "?", "end")]
    return out


def draw(source, target):
    with open(source) as f:
        rooms = sorted(map(json.loads, f), key=lambda r: r["machines"])
    rows = (len(PANELS) + 1) // 2
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * WIDTH}" height="{rows * HEIGHT + 8}" font-family="sans-serif" font-size="10">',
           '<rect width="100%" height="100%" fill="#fff"/>']
    for at, (title, key) in enumerate(PANELS):
        out += panel(at, title, key, rooms)
    out += [f'<text x="{WIDTH + LEFT}" y="{(rows - 1) * HEIGHT + TOP + 20 + 14 * i}">{line}</text>' for i, line in enumerate(
        ["By machines in the room (a logarithmic scale),", "in a lab on one computer. Points: measured.", "Dashed, with a question mark: as much more for",
         "each machine as between the last two points,", "not measured. Red: the goal."])]
    with open(target, "w") as f:
        f.write("\n".join(out + ["</svg>"]) + "\n")


if __name__ == "__main__":
    if sys.argv[1] == "draw":
        draw(sys.argv[2], sys.argv[3])
    else:
        from figures import Watch, await_all, jam, path, reach, resident_mb, room, sees, sent_bytes, start, ticks, top
        measure(int(sys.argv[1]))
