#!/usr/bin/python3
# Looks where private text might have leaked.
#
#   seek.py memory PID TEXT    is it anywhere in the memory of this process? Exit 0: yes, 1: no
#   seek.py sniff FILE         all frames of all interfaces here into a file, until it is ended; says `ready`
#   seek.py send HOST TEXT     a datagram with this text, to see that sniffing works
import socket
import sys

CHUNK = 1 << 20


def memory(pid, text):
    text = text.encode()
    searched = 0
    with open("/proc/%s/maps" % pid) as maps, open("/proc/%s/mem" % pid, "rb", 0) as mem:
        for line in maps:
            span, rights = line.split()[:2]
            begin, end = (int(x, 16) for x in span.split("-"))
            if "r" not in rights or "[v" in line:
                continue
            tail = b""
            for at in range(begin, end, CHUNK):
                try:
                    mem.seek(at)
                    piece = mem.read(min(CHUNK, end - at))
                except OSError:  # mapped, and beyond its file
                    break
                searched += len(piece)
                if text in tail + piece:
                    return 0
                tail = piece[-len(text):]
    if searched < CHUNK:
        sys.exit("almost nothing could be read of %s" % pid)
    return 1


def sniff(file):
    everything = 3  # ETH_P_ALL
    frames = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(everything))
    frames.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    print("ready", flush=True)
    with open(file, "wb", 0) as out:
        while True:
            out.write(frames.recv(65536) + b"\n")


def send(host, text):
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(text.encode(), (host, 9))
    return 0


sys.exit({"memory": memory, "sniff": sniff, "send": send}[sys.argv[1]](*sys.argv[2:]))
