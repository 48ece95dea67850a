"""The order of the tests, and which of them run in the same worker: those that share a stack.

A stack costs seconds to start, and its schedules cost time as long as it runs. So each starts once,
at the beginning, and ends after its last test.
"""

from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

from tests.support.samples import ROOT

# The folders with the longest groups come first, so that all workers end at about the same time.
FOLDERS = ("e2e/browser", "e2e", "integration/accounts", "integration")
# It waits for real seconds, so it begins before others, and each of its tests is a group.
FAULTS = "tests/integration/test_faults.py"
WITHOUT_A_SHARED_STACK = {
    "test_conformance.py",
    "test_debugging.py",
    "test_devserver.py",
    "test_kept_data.py",
    "test_spa_server.py",
}


class ScheduleByStack(LoadScopeScheduling):
    """Give a worker all tests that share a stack, all tests of another file, or one of FAULTS."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder, _, name = file.rpartition("/")
        if file == FAULTS:
            return nodeid.partition("[")[0]
        shares = folder.startswith("tests/e2e") and name not in WITHOUT_A_SHARED_STACK
        return folder if shares else file


def rank(path: Path) -> int:
    """Return the place of a test file in the order of the tests."""
    if path == ROOT / FAULTS:
        return FOLDERS.index("e2e")
    folder = path.parent.relative_to(ROOT / "tests").as_posix()
    return FOLDERS.index(folder) if folder in FOLDERS else len(FOLDERS)
