#!/usr/bin/python3
# The same room with HashiCorp's serf in the place of jamd, with its defaults for a LAN: how soon machines are seen to come,
# to leave and to be gone, and what an idle agent costs. serf neither encrypts nor authenticates here, and keeps no log.
#   serf.py MACHINES     inside the lab (tools/bench/run serf starts it)
import ctypes
import json
import os
import select
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time

from figures import IDLE_S, LIMIT_S, PAUSE_S, STARTS, at, lab, ms, now, resident_mb, room, sent_bytes, ticks
from wire import Short, pack, unpack

CLONE_NEWNET = 0x40000000
RPC = 7373


def start(i):
    log = open(f"{room}/serf{i}", "ab")
    joins = [] if i == 1 else ["-retry-join=10.77.0.1", "-retry-interval=1s"]
    return subprocess.Popen(at(i, "serf", "agent", f"-node=pc{i}", f"-bind=10.77.0.{i}", f"-rpc-addr=127.0.0.1:{RPC}",
                               "-log-level=err", *joins), stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def reach(i):
    """A connection to the agent at machine i, from within: a thread goes to that network and makes it."""
    out, libc = [], ctypes.CDLL(None, use_errno=True)

    def connect():
        with open(f"{lab}/net/{i}") as net:
            if libc.setns(net.fileno(), CLONE_NEWNET) != 0:
                return
        end = now() + LIMIT_S
        while now() < end:
            try:
                out.append(socket.create_connection(("127.0.0.1", RPC)))
                return
            except OSError:
                time.sleep(0.005)

    thread = threading.Thread(target=connect)
    thread.start()
    thread.join()
    if not out:
        raise SystemExit(f"no agent answers at machine {i}")
    return out[0]


class Watch:
    """The events of one agent, as they come."""

    def __init__(self, i):
        self.i, self.bytes, self.s = i, b"", reach(i)
        self.s.sendall(pack({"Command": "handshake", "Seq": 0}) + pack({"Version": 1}))
        self.s.sendall(pack({"Command": "stream", "Seq": 1}) + pack({"Type": "member-join,member-leave,member-failed"}))
        self.open = False  # the last header is still without its body
        while b"Seq" not in self.bytes[1:] or self.bytes.count(b"Seq") < 2:
            self.bytes += self.s.recv(1 << 16)
        for _ in range(2):
            _, used = unpack(self.bytes)
            self.bytes = self.bytes[used:]

    def fileno(self):
        return self.s.fileno()

    def events(self):
        """(event, machine) for each that has come in."""
        self.bytes += self.s.recv(1 << 16)
        out = []
        while self.bytes:
            try:
                message, used = unpack(self.bytes)
            except Short:
                break
            self.bytes = self.bytes[used:]
            if "Members" in message:
                out += [(message["Event"], m["Name"]) for m in message["Members"]]
        return out


def await_all(watches, event, host):
    left, end = set(watches), now() + LIMIT_S
    while left:
        ready, _, _ = select.select(list(watches), [], [], max(0, end - now()))
        if not ready:
            raise SystemExit(f"waited in vain for {event} of {host} at machines {sorted(w.i for w in left)}")
        for w in ready:
            if (event, host) in w.events():
                left.discard(w)
    return now()


def members(i):
    s = reach(i)
    s.sendall(pack({"Command": "handshake", "Seq": 0}) + pack({"Version": 1}) + pack({"Command": "members", "Seq": 1}))
    got, objects = b"", []
    while len(objects) < 3:
        got += s.recv(1 << 16)
        try:
            while len(objects) < 3:
                thing, used = unpack(got)
                got = got[used:]
                objects.append(thing)
        except Short:
            pass
    s.close()
    return sum(m["Status"] == "alive" for m in objects[2]["Members"])


def coming_and_going(n, agents):
    watches = [Watch(i) for i in range(1, n)]
    host, seen, left, gone = f"pc{n}", [], [], []
    for turn in range(2 * STARTS):
        signal_, event, times = ((signal.SIGINT, "member-leave", left), (signal.SIGKILL, "member-failed", gone))[turn % 2]
        begun = now()
        agents[n].send_signal(signal_)
        times.append(ms(await_all(watches, event, host) - begun))
        agents[n].wait()
        time.sleep(PAUSE_S)
        begun = now()
        agents[n] = start(n)
        seen.append(ms(await_all(watches, "member-join", host) - begun))
    for w in watches:
        w.s.close()
    return {"fresh agent is seen by all, median": (seen, "ms"), "leaving agent is known as left by all, median": (left, "ms"),
            "crashed agent is known as gone by all, median": (gone, "ms")}


def idle(n, agents):
    pids = [agents[i].pid for i in range(1, n + 1)]
    sent, used, begun = [sent_bytes(i) for i in range(1, n + 1)], [ticks(p) for p in pids], now()
    time.sleep(IDLE_S)
    seconds = now() - begun
    used = [100 * (ticks(p) - u) / os.sysconf("SC_CLK_TCK") / seconds for p, u in zip(pids, used)]
    sent = [(sent_bytes(i) - s) / seconds for i, s in zip(range(1, n + 1), sent)]
    return {"idle, sent by a machine, mean": ([statistics.mean(sent)], "bytes/s"),
            "idle, processor share of an agent, mean": ([statistics.mean(used)], "%"),
            "memory of an agent, greatest": ([max(resident_mb(p) for p in pids)], "MB")}


def main():
    n = int(sys.argv[1])
    if not os.environ.get("JAM_JSON"):
        print(f"serf: {n} machines in a lab on {os.cpu_count()} processors", flush=True)
    agents = {i: start(i) for i in range(1, n + 1)}
    end = now() + LIMIT_S
    while not all(members(i) == n for i in range(1, n + 1)):
        if now() > end:
            raise SystemExit("the agents did not find each other")
        time.sleep(0.2)
    for figures in (coming_and_going, idle):
        for name, (values, unit) in figures(n, agents).items():
            value = statistics.median(values)
            if os.environ.get("JAM_JSON"):
                print(json.dumps({"what": "serf: " + name, "value": round(value, 3), "unit": unit}), flush=True)
            else:
                print(f"{'serf: ' + name:58} {value:10.2f} {unit}", flush=True)


if __name__ == "__main__":
    main()
