import sys
sys.path.insert(0, __file__.rsplit("/", 1)[0])
from room import Machine
m = Machine(int(sys.argv[1]))
for n in range(int(sys.argv[2]), int(sys.argv[3])+1):
    error, _ = m.ask("note", text=f"note {n} " + "x" * 600)
    if error: sys.exit(str(error))
