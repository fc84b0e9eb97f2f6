#!/usr/bin/python3
# many.py SOCKET METHOD: asks it once for each line of stdin, a line its params as JSON; fails with the first refusal.
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools"))
sys.dont_write_bytecode = True
from wire import Short, dial, pack, unpack

daemon = dial(sys.argv[1])
for line in sys.stdin:
    daemon.sendall(pack([0, 1, sys.argv[2], json.loads(line)]))
    got = b""
    while True:
        try:
            answer = unpack(got)[0]
            break
        except Short:
            got += daemon.recv(65536)
    if answer[2]:
        sys.exit(str(answer[2]))
