#!/usr/bin/python3
# Somebody at a terminal, and a daemon that says what it was told to.
#
#   terminal.py type CMD...          runs it on a terminal of its own and does there what stdin says, a line each:
#       expect REGEX                     waits until that stands there, after what was expected before
#       type TEXT                        types it, and Enter; {1} is what an expect caught last
#       key TEXT                         types it without Enter; \xNN and so on as in Python
#       mute, echo                       waits until what is typed isn't shown, or is
#       signal NAME                      sends it to the command
#       columns N                        the terminal is so wide from now on
#     prints all that stood there; its exit status is the command's, 128 + N if signal N ended it, 99 if it waited in vain
#   terminal.py daemon SOCKET ANSWERS QUESTIONS
#     answers with one line of ANSWERS after the other, {"code": ...} is a refusal; writes what it was asked to QUESTIONS
import fcntl
import json
import os
import re
import select
import signal
import socket
import struct
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools"))
sys.dont_write_bytecode = True
from wire import Short, pack, unpack

LIMIT_S = 30


def fail(why):
    print(why, file=sys.stderr)
    sys.exit(99)  # as no command does


class Terminal:
    def __init__(self, command):
        self.master, self.slave = os.openpty()
        self.columns(80)
        self.seen = b""
        self.at = 0
        self.caught = ()
        ready, tell = os.pipe()
        self.shell = os.fork()
        if self.shell == 0:
            self.be_shell(command, tell)
        self.child = int(os.read(ready, 16))

    # as a shell does it: the command has a group of its own and a parent in its session, else it couldn't be stopped
    def be_shell(self, command, tell):
        os.setsid()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            os.tcsetpgrp(self.slave, os.getpid())
            for name in ("TTOU", "INT", "QUIT"):  # what runs in the background ignores the last two
                signal.signal(signal.Signals["SIG" + name], signal.SIG_DFL)
            for fd in range(3):
                os.dup2(self.slave, fd)
            os.close(self.master)
            os.write(tell, b"%d" % os.getpid())
            os.execvp(command[0], command)
        status = os.waitpid(child, 0)[1]
        os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))

    def columns(self, n):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(n), 0, 0))

    def await_that(self, holds, what):
        end = time.monotonic() + LIMIT_S
        while not holds():
            if select.select([self.master], [], [], 0.02)[0]:
                self.seen += os.read(self.master, 65536)
            if time.monotonic() > end:
                fail("waited in vain for: %s\nthere stood:\n%s" % (what, self.seen.decode(errors="replace")))

    def expect(self, regex):
        def there():
            found = re.search(regex, self.seen.decode(errors="replace").replace("\r", "")[self.at:])
            if found:
                self.at += found.end()
                self.caught = found.groups() or self.caught
            return found
        self.await_that(there, regex)

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def end(self):
        status = None

        def ended():
            nonlocal status
            pid, status = os.waitpid(self.shell, os.WNOHANG)
            return pid
        self.await_that(ended, "its end")
        while select.select([self.master], [], [], 0.1)[0]:
            self.seen += os.read(self.master, 65536)
        sys.stdout.write(self.seen.decode(errors="replace").replace("\r", ""))
        if not self.echoes():
            fail("the terminal stays mute")
        return os.WEXITSTATUS(status)


def type_at(command):
    terminal = Terminal(command)
    for line in sys.stdin:
        verb, _, text = line.rstrip("\n").partition(" ")
        if verb == "expect":
            terminal.expect(text)
        elif verb == "type":
            for i, caught in enumerate(terminal.caught):
                text = text.replace("{%d}" % (i + 1), caught)
            os.write(terminal.master, text.encode() + b"\n")
        elif verb == "key":
            os.write(terminal.master, text.encode().decode("unicode_escape").encode())
        elif verb in ("mute", "echo"):
            terminal.await_that(lambda: terminal.echoes() == (verb == "echo"), verb)
        elif verb == "signal":
            os.kill(terminal.child, signal.Signals["SIG" + text])
        elif verb == "columns":
            terminal.columns(text)
        else:
            fail("what is %s?" % verb)
    sys.exit(terminal.end())


def read_question(client):
    got = b""
    while True:
        more = client.recv(65536)
        if not more:
            return None
        got += more
        try:
            return unpack(got)[0]
        except Short:
            pass


def daemon(path, answers, questions):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen()
    with open(answers) as told, open(questions, "w") as asked:
        client = None
        for line in told:
            question = client and read_question(client)
            while not question:
                client = listener.accept()[0]
                question = read_question(client)
            _, number, method, params = question
            params.pop("id")
            asked.write(json.dumps({"method": method, **params}) + "\n")
            asked.flush()
            answer = json.loads(line)
            refused = "code" in answer
            client.sendall(pack([1, number, answer if refused else None, None if refused else answer]))
        while client.recv(65536):
            pass


if __name__ == "__main__":
    verb, *rest = sys.argv[1:] or [""]
    if verb == "type":
        type_at(rest)
    elif verb == "daemon":
        daemon(*rest)
    else:
        sys.exit(__doc__ or "usage: see the top of this file")
