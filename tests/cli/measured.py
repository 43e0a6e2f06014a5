"""Runs a command and says what it took. A process of its own, because what a child takes is counted from its fork on,
and a test with NumPy is larger than the program: this one imports nothing that is.

    python3 -I -S measured.py RESULT COMMAND...     writes "STATUS KIB SECONDS" to RESULT; the streams are the command's
"""
import os
import sys


def main():
    command = sys.argv[2:]
    child = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    with open(sys.argv[1], "w", encoding="ascii") as stream:
        stream.write(f"{os.waitstatus_to_exitcode(status)} {usage.ru_maxrss} {usage.ru_utime + usage.ru_stime}")


if __name__ == "__main__":
    main()
