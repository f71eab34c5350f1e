"""Runs a command and writes what it cost: costs.py FILE PROGRAM WORDS... leaves CPU seconds and peak memory in MB in FILE.

A small process on purpose: the system counts what started a process as part of it, and tests hold whole frameworks.
"""

import os
import sys

_, status, usage = os.wait4(os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ), 0)
with open(sys.argv[1], "w") as file:
    file.write(f"{usage.ru_utime + usage.ru_stime} {usage.ru_maxrss / 1000}")
sys.exit(os.waitstatus_to_exitcode(status))
