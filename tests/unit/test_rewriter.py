"""The program that rewrites images runs under limits, without credentials, and its end is known."""

import ast
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from samtranslator.yaml_helper import yaml_parse

from blog.media import reasons, rewriter
from blog.media.rewriter import Refused, RewriterFailed, Rewritten, rewrite
from tests.support.images import encoded, photo
from tests.support.samples import ROOT

PNG, JPEG = "image/png", "image/jpeg"
MIB = 1024 * 1024


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    path = tmp_path / "upload"
    path.write_bytes(encoded(photo(700, 500), JPEG))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "images"
    path.mkdir()
    return path


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Return a function that puts other code in the place of the program."""

    def replace(code: str) -> None:
        package = tmp_path / "other" / "blog" / "media"
        package.mkdir(parents=True)
        for init in (package / "__init__.py", package.parent / "__init__.py"):
            init.touch()
        (package / "rewriting.py").write_text(code)
        monkeypatch.setattr(sys, "path", [str(tmp_path / "other"), *sys.path])

    return replace


def test_an_image_is_written_in_each_width(upload: Path, folder: Path) -> None:
    result = rewrite(upload, folder, JPEG)
    assert isinstance(result, Rewritten)
    assert (result.width, result.height) == (700, 500)
    assert result.color.startswith("#")
    assert [*result.sizes] == [480, 700]
    written = {int(path.stem): path.stat().st_size for path in folder.iterdir()}
    assert written == result.sizes
    assert all(path.suffix == ".webp" for path in folder.iterdir())


def test_paths_may_be_relative(upload: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(upload.parent)
    assert isinstance(rewrite(Path(upload.name), Path(folder.name), JPEG), Rewritten)


@pytest.mark.parametrize(
    ("content", "content_type", "reason"),
    [
        (b"", PNG, reasons.EMPTY),
        (b"<html>", PNG, reasons.UNKNOWN),
        (b"\x89PNG\r\n\x1a\n", PNG, reasons.DAMAGED),
        (b"\x89PNG\r\n\x1a\n", JPEG, "The file is a PNG image, but it was announced as JPEG."),
    ],
)
def test_what_is_no_image_is_refused_and_nothing_is_written(
    upload: Path, folder: Path, content: bytes, content_type: str, reason: str
) -> None:
    upload.write_bytes(content)
    assert rewrite(upload, folder, content_type) == Refused(reason)
    assert not [*folder.iterdir()]


def test_an_image_that_needs_too_much_memory_is_refused(upload: Path, folder: Path) -> None:
    assert isinstance(rewrite(upload, folder, JPEG, memory=200 * MIB), Rewritten)
    upload.write_bytes(encoded(Image.new("RGB", (6000, 6000)), PNG, compress_level=1))
    refused = rewrite(upload, folder, PNG, memory=200 * MIB)
    assert refused == Refused(reasons.TOO_MUCH_MEMORY)


def test_a_program_that_takes_too_long_is_ended(upload: Path, folder: Path, program: Any) -> None:
    program("import threading; threading.Event().wait()")
    assert rewrite(upload, folder, JPEG, seconds=0.3) == Refused(reasons.TOO_SLOW)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("SIGSEGV", reasons.DAMAGED),
        ("SIGABRT", reasons.DAMAGED),
        ("SIGBUS", reasons.DAMAGED),
        ("SIGILL", reasons.DAMAGED),
        ("SIGKILL", reasons.TOO_MUCH_MEMORY),
    ],
)
def test_a_crash_is_a_refusal(
    upload: Path, folder: Path, program: Any, name: str, reason: str
) -> None:
    program(f"import os, signal; os.kill(os.getpid(), signal.{name})")
    assert rewrite(upload, folder, JPEG) == Refused(reason)


@pytest.mark.parametrize(
    "code",
    [
        "import no_such_module",
        "raise OSError(28, 'No space left on device')",
        "print('nothing that is JSON')",
        "print('[]')",
        "print('{}')",
        "",
        'print(\'{"width": 1, "height": 1, "color": "#000000", "sizes": [1]}\')',
    ],
)
def test_a_failure_of_the_machine_is_an_error(
    upload: Path, folder: Path, program: Any, code: str
) -> None:
    program(code)
    with pytest.raises(RewriterFailed):
        rewrite(upload, folder, JPEG)


def test_a_failure_names_its_cause(upload: Path, folder: Path, program: Any) -> None:
    program("import sys; sys.exit('the cause')")
    with pytest.raises(RewriterFailed, match="code 1: the cause"):
        rewrite(upload, folder, JPEG)


@pytest.mark.parametrize("content", [b"<script>alert(1)</script>", b"RIFF\4\0\0\0WEBPVP8 more"])
def test_a_file_that_is_not_what_the_program_says_is_an_error(
    upload: Path, folder: Path, program: Any, content: bytes
) -> None:
    program(
        "import sys\n"
        f"open(sys.argv[2] + '/9.webp', 'wb').write({content!r})\n"
        'print(\'{"width": 9, "height": 9, "color": "#000000", "sizes": {"9": 25}}\')'
    )
    with pytest.raises(RewriterFailed, match="another file"):
        rewrite(upload, folder, JPEG)


@pytest.mark.parametrize(
    "wrong",
    [
        {"color": '"><script>alert(1)</script>'},
        {"color": "#00000g"},
        {"color": "#000"},
        {"sizes": {"8": 4}},
        {"sizes": {}},
        {"width": "9\\"},
    ],
)
def test_a_result_of_another_form_is_an_error(
    upload: Path, folder: Path, program: Any, wrong: dict[str, Any]
) -> None:
    """The numbers and the colour become part of HTML, and a decoder may have been taken over."""
    result = {"width": 9, "height": 9, "color": "#000000", "sizes": {"9": 4}} | wrong
    program(f"print({json.dumps(result)!r})")
    with pytest.raises(RewriterFailed):
        rewrite(upload, folder, JPEG)


def test_a_folder_that_cannot_be_written_is_an_error(upload: Path, folder: Path) -> None:
    for missing in (folder / "missing", upload):
        with pytest.raises(RewriterFailed):
            rewrite(upload, missing, JPEG)
    with pytest.raises(RewriterFailed, match="No such file"):
        rewrite(folder / "no upload", folder, JPEG)


def test_a_full_disk_is_an_error(upload: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("/dev/full is missing: this system is not Linux")
    folder = upload.parent / "full"
    folder.mkdir()
    for width in (480, 700):
        (folder / f"{width}.webp").symlink_to(full)
    with pytest.raises(RewriterFailed, match="No space left"):
        rewrite(upload, folder, JPEG)


def test_a_python_that_cannot_start_is_an_error(
    upload: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(folder / "no-python"))
    with pytest.raises(FileNotFoundError):
        rewrite(upload, folder, JPEG)


def test_the_environment_has_no_credentials(
    upload: Path, folder: Path, program: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "TABLE_NAME"):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/var/lang/lib")
    program("import json, os, sys; sys.exit(json.dumps(dict(os.environ)))")
    with pytest.raises(RewriterFailed) as failed:
        rewrite(upload, folder, JPEG)
    environment = ast.literal_eval(str(failed.value).partition(": ")[2])
    assert environment.keys() - {"LC_CTYPE"} == {"PYTHONPATH", "LD_LIBRARY_PATH"}  # Python sets it
    assert "secret" not in str(failed.value)


def test_the_program_has_no_open_files_of_ours(upload: Path, folder: Path, program: Any) -> None:
    read, write = os.pipe()
    os.set_inheritable(write, True)
    program("import os, sys; sys.exit(' '.join(sorted(os.listdir('/dev/fd'))))")
    with pytest.raises(RewriterFailed) as failed:
        rewrite(upload, folder, JPEG)
    os.close(read)
    os.close(write)
    assert str(write) not in str(failed.value).partition(": ")[2].split()


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_the_output_is_bounded(upload: Path, folder: Path, program: Any, stream: str) -> None:
    program(f"import sys; sys.{stream}.write('x' * 10**6); sys.{stream}.flush(); sys.exit(3)")
    with pytest.raises(RewriterFailed) as failed:
        rewrite(upload, folder, JPEG)
    assert len(str(failed.value)) < rewriter.MAX_OUTPUT + 100


def test_the_limits_hold_in_the_program(upload: Path, folder: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("this system has no limit of address space: run it on Linux")
    code = (
        "import resource, runpy, sys\n"
        "from blog.media import rewriting\n"
        "rewriting.limit(400 << 20)\n"
        "get = resource.getrlimit\n"
        "print(get(resource.RLIMIT_AS)[1], get(resource.RLIMIT_CORE))\n"
        "try: bytearray(400 << 20)\n"
        "except MemoryError: print('no memory')\n"
        "try: open(sys.argv[1], 'wb').write(bytes(rewriting.MAX_FILE + 1))\n"
        "except OSError as e: print(e.strerror)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder / "file")],
        env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[:2] == [f"{400 << 20} (0, 0)", "no memory"]
    assert (folder / "file").stat().st_size <= 2 * 32 * MIB


def test_the_limits_fit_into_those_of_the_function() -> None:
    template = yaml_parse((ROOT / "template.yaml").read_text())
    function = template["Resources"]["InspectorFunction"]["Properties"]
    assert function["Timeout"] >= rewriter.SECONDS + 10
    assert rewriter.MEMORY <= 1.5 * 1024 * MIB


def test_an_error_while_waiting_ends_the_program(
    upload: Path, folder: Path, program: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    program("import threading; threading.Event().wait()")
    started: list[subprocess.Popen[bytes]] = []
    wait = subprocess.Popen.wait

    def fail(process: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        if timeout is None:
            return wait(process)
        started.append(process)
        raise InterruptedError

    monkeypatch.setattr(subprocess.Popen, "wait", fail)
    with pytest.raises(InterruptedError):
        rewrite(upload, folder, JPEG)
    assert [process.returncode for process in started] == [-signal.SIGKILL]
