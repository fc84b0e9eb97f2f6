# The verbs of room.sh for tests that do more than a shell can in the time: machines of a lab whose daemons are started,
# killed, asked and looked at. JAM_ROOM, JAM_LAB and PATH come from the test that calls.
import os
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
top = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
sys.path.insert(0, os.path.join(top, "tools"))
from wire import Short, dial, pack, unpack

ROOM, LAB = os.environ["JAM_ROOM"], os.environ["JAM_LAB"]
READY_S = 300  # so generous that only a fault meets it


class Down(Exception):
    """The daemon ended, or never was, while it was asked."""


def await_that(condition, what, limit_s=READY_S):
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"waited in vain: {what}")
        time.sleep(0.01)


def lab(*arguments):
    subprocess.run([os.path.join(top, "tools/lab"), *map(str, arguments)], check=True)


class Machine:
    def __init__(self, number):
        self.number = number
        self.folder = f"{ROOM}/{number}"
        self.process = None  # if it was started here
        self.socket = None
        self.got = b""
        self.requests = 0

    # ---- its daemon

    def pid(self):
        try:
            return int(open(f"{self.folder}/pid").read())
        except (OSError, ValueError):
            return 0

    def runs(self):
        if self.process:
            return self.process.poll() is None
        try:  # one that the shell started, and hasn't collected yet, is no more either, once its last thread has ended
            state = open(f"/proc/{self.pid()}/stat").read().rsplit(")", 1)[1].split()[0]
            return state != "Z" or len(os.listdir(f"/proc/{self.pid()}/task")) > 1
        except OSError:
            return False

    def ending(self):
        """How it ended, as far as one can know it."""
        status = self.process.poll() if self.process else None
        if status is None:
            return "it still runs" if self.runs() else "it ended, nobody knows how"
        return f"it ended with status {status}"

    def start(self):
        """Starts it, without waiting for it."""
        with open(f"{self.folder}/out", "wb") as out, open(f"{self.folder}/log", "ab") as log:
            self.process = subprocess.Popen(
                ["nsenter", f"--net={LAB}/net/{self.number}", f"--uts={LAB}/uts/{self.number}", "--", "jamd",
                 "--state", f"{self.folder}/state", "--socket", f"{self.folder}/socket"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=log)
        with open(f"{self.folder}/pid", "w") as file:
            file.write(f"{self.process.pid}\n")

    def is_ready(self):
        return open(f"{self.folder}/out").read() == "ready\n"

    def ready(self):
        await_that(lambda: self.is_ready() or not self.runs(), f"machine {self.number} to be ready")
        if not self.runs():
            sys.exit(f"machine {self.number} did not start")

    def end(self, how=signal.SIGKILL):
        self.hang_up()
        os.kill(self.pid(), how)
        await_that(lambda: not self.runs(), f"machine {self.number} to end")
        os.unlink(f"{self.folder}/pid")

    def pause(self, on):
        os.kill(self.pid(), signal.SIGSTOP if on else signal.SIGCONT)

    # ---- what it is asked

    def hang_up(self):
        if self.socket:
            self.socket.close()
        self.socket, self.got = None, b""

    def ask(self, method, **params):
        """(error, result), one of them None. Down if there was no answer: it may have been done or not."""
        self.requests += 1
        try:
            if not self.socket:
                self.socket = dial(f"{self.folder}/socket")
            self.socket.sendall(pack([0, self.requests, method, params]))
            while True:
                try:
                    (_, number, error, result), end = unpack(self.got)
                    self.got = self.got[end:]
                    if number == self.requests:
                        return error, result
                except Short:
                    more = self.socket.recv(65536)
                    if not more:
                        raise Down("hung up")
                    self.got += more
        except (OSError, Down) as fault:
            self.hang_up()
            raise Down(f"{method}: {fault!r}") from None

    def status(self):
        return self.ask("status")[1]["status"]
