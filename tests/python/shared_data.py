"""Where the tests find the measured cases: ../shared beside the repository, or $WITIN_SHARED."""
import os
import sys
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SHARED = os.environ.get("WITIN_SHARED") or os.path.join(os.path.dirname(ROOT), "shared")
sys.path[:0] = [os.path.join(ROOT, "scripts"), os.path.join(ROOT, "scripts", "reference")]


def needs_shared(test):
    """Decorator: without the shared data the test says so and is skipped."""
    if os.path.isdir(SHARED):
        return test
    print("skipped: no ../shared", file=sys.stderr)
    return unittest.skip("skipped: no ../shared")(test)


def shared(*parts):
    return os.path.join(SHARED, *parts)
