"""Runs that are killed on their way."""

import os
import signal
import subprocess
import time

PROGRAM = os.environ["TEGULA_PROGRAM"]
PARTIAL = ".tegula-partial"


def chunks_done(out):
    return len([path for path in (out / PARTIAL).glob("prediction.ome.zarr/0/c/*/*/*") if not path.name.startswith(".")])


def cut_off_when(is_time, command, signal_number=signal.SIGKILL):
    """Ends the program when `is_time()`: its exit code and what it said."""
    program = subprocess.Popen([PROGRAM, *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while program.poll() is None and not is_time():
        time.sleep(0.002)
    program.send_signal(signal_number)
    _, errors = program.communicate()
    return program.returncode, errors


def cut_off(command, out, chunks, signal_number=signal.SIGKILL):
    """The same when it has written so many chunks."""
    return cut_off_when(lambda: chunks_done(out) >= chunks, command, signal_number)
