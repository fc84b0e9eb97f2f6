#!/usr/bin/python3
# A client and a neighbour with bad manners: says to a daemon what the real programs never would.
#
#   hostile.py call SOCKET METHOD PARAMS [ID]  one request by hand; PARAMS and the answer are JSON, ID is hex
#   hostile.py udp HOST PORT COUNT             datagrams of noise, also broadcast
#   hostile.py tcp HOST PORT COUNT             connections that send noise, nothing, or half a greeting
#   hostile.py local SOCKET                    half requests, huge ones, lying lengths, noise
#   hostile.py latency HERE THERE COUNT        the way of a note from one socket's machine to a watch at the other's, us: what
#                                              three in four don't exceed
#   hostile.py probe HERE THERE FILE           the way of a note every tenth of a second, us, a line each, until it is ended
#   hostile.py many SOCKET COUNT               so many long notes by who sits there, without waiting for each
#   hostile.py served SOCKET COUNT             so many clients at once that ask something: how many are answered, and how many refused
#   hostile.py unread SOCKET COUNT             so many that ask and ask and never read, and as many with half a request; one that
#                                              watches and never reads, too; while stdin is open
#   hostile.py crowd SOCKET COUNT              so many clients at once that say nothing, while stdin is open
import json
import os
import random
import signal
import socket
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools"))
sys.dont_write_bytecode = True
from wire import Short, dial, pack, unpack


def call(path, method, params, request=None):
    params = json.loads(params)
    if request:
        params["id"] = bytes.fromhex(request)
    s = dial(path)
    s.sendall(pack([0, 1, method, params]))
    got = b""
    while True:
        more = s.recv(65536)
        got += more
        try:
            _, _, error, result = unpack(got)[0]
            break
        except Short:
            if not more:
                sys.exit("hung up")
    print(json.dumps(error if error is not None else result))
    sys.exit(1 if error is not None else 0)


def noise(rng):
    n = rng.choice([0, 1, 7, 64, 127, 128, 129, 512, 1400, 9000])
    return rng.randbytes(n)


def udp(host, port, count):
    rng = random.Random(7)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    for i in range(int(count)):
        s.sendto(noise(rng), (host, int(port)))


def tcp(host, port, count):
    rng = random.Random(7)
    kept = []
    for i in range(int(count)):
        s = socket.create_connection((host, int(port)), 10)
        said = [b"", b"GET / HTTP/1.0\r\n\r\n", b"\xff" + bytes(8) + b"\x7f",
                b"\xff" + bytes(8) + b"\x7f\x03\x00CURVE" + bytes(47),
                b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(48) + b"\x06" + b"\x7f" + b"\xff" * 7,
                noise(rng)][i % 6]
        try:
            s.sendall(said)
        except OSError:
            pass
        kept = kept[-100:] + [s]


def local(path):
    rng = random.Random(7)
    request = pack([0, 1, "here", {}])
    for said in ([request[:-1], b"\x94", b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xdb\x7f\xff\xff\xff",
                  b"\xc6\xff\xff\xff\xff", b"\x91" * 5000, b"\xc1", pack([0, 1, "x" * 200, {}]), pack([1, 1, None, {}]),
                  pack([0, 1, "note", {"text": "\x00\x1b[2J\x07"}]), pack([0, 1, "join", {"jam": 7}]), pack([]), pack({}),
                  b"\x94\x00\x01\xa4note\x81\xa4text\xdb\x00\xa0\x00\x00" + b"a" * (10 << 20)]
                 + [rng.randbytes(rng.randrange(1, 3000)) for _ in range(200)]):
        s = dial(path)
        try:
            s.sendall(said)
            s.shutdown(socket.SHUT_WR)
            while s.recv(65536):
                pass
        except (BrokenPipeError, ConnectionResetError):
            pass
        s.close()


def ways(here, there, count):
    """How long each of so many notes takes, in us, from one socket's machine to a watch at the other's."""
    writer, watch = dial(here), dial(there)
    watch.sendall(pack([0, 1, "watch", {"how": "changes"}]))
    got = b""

    def changes():
        nonlocal got
        while True:
            try:
                message, used = unpack(got)
                break
            except Short:
                more = watch.recv(65536)
                if not more:
                    raise ConnectionResetError
                got += more
        got = got[used:]
        return message

    changes()
    for i in range(count):
        text, begun = f"{os.getpid()} {i}", time.monotonic()
        writer.sendall(pack([0, i, "note", {"text": text}]))
        while True:
            message = changes()
            if message[0] == 2 and message[1] == "change" and text in str(message[2]):
                break
            if time.monotonic() - begun > 60:
                sys.exit("the note doesn't come")
        took = time.monotonic() - begun
        answer = unpack(writer.recv(65536))[0]
        if answer[2] is not None:
            sys.exit(f"refused: {answer[2]}")
        yield int(took * 1e6)


def latency(here, there, count):
    print(int(statistics.quantiles(ways(here, there, int(count)))[2]))


def probe(here, there, path):
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    with open(path, "w") as out:
        try:
            for n, way in enumerate(ways(here, there, 1 << 20)):
                print(way, file=out, flush=True)
                if ended and n >= 7:
                    break
                time.sleep(0.1)
        except (OSError, Short):
            print("ended", file=out)  # the test has stopped a machine


def many(path, count):
    s, got, seen, count = dial(path), b"", 0, int(count)
    for first in range(0, count, 50):
        s.sendall(b"".join(pack([0, i, "note", {"text": "x" * 2000}]) for i in range(first, first + 50)))
        while seen < first + 50:
            try:
                answer, used = unpack(got)
            except Short:
                got += s.recv(65536)
                continue
            got, seen = got[used:], seen + 1
            if answer[2] is not None:
                sys.exit(f"refused: {answer[2]}")


def served(path, count):
    clients, answers = [dial(path) for _ in range(int(count))], []
    for s in clients:
        try:
            s.sendall(pack([0, 1, "here", {}]))
        except BrokenPipeError:
            pass  # it was refused before it could ask
        error = unpack(s.recv(65536))[0][2]
        answers.append(error and error["code"])
    print("answered", answers.count(None), "busy", answers.count("busy"))


def unread(path, count):
    kept = []
    for i in range(2 * int(count)):
        s = dial(path)
        kept.append(s)
        s.setblocking(False)
        try:
            while i % 2:
                s.send(pack([0, 1, "status", {}]) * 100)
            s.send(pack([0, 1, "status", {}])[:-1])
        except BlockingIOError:
            pass
    kept.append(dial(path))
    kept[-1].sendall(pack([0, 1, "watch", {"how": "changes"}]))
    print("there", flush=True)
    sys.stdin.read()


def crowd(path, count):
    kept = []
    for _ in range(int(count)):
        try:
            kept.append(dial(path))
        except OSError:
            break
    print("there", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    {"call": call, "udp": udp, "tcp": tcp, "local": local, "latency": latency, "probe": probe, "many": many,
     "served": served, "unread": unread, "crowd": crowd}[sys.argv[1]](*sys.argv[2:])
