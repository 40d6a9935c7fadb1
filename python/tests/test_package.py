"""The package as it ships: its surface, its size, what it loads, its docs and its examples."""

import doctest
import importlib
import inspect
import json
import pickle
import signal
import subprocess
import sys
import typing
import zipfile
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

import image_intelligence
from conftest import handed_over
from image_intelligence import ImageIntelligenceError, WaitTimeoutError, webhooks

MODULES = [
    "",
    "._all",
    "._async_all",
    "._async_client",
    "._async_inbox",
    "._async_many",
    "._async_recognition",
    "._client",
    "._handles",
    "._images",
    "._inbox",
    "._items",
    "._many",
    "._receiver",
    "._recognition",
    "._results",
    "._rooms",
    ".errors",
    ".models",
    ".webhooks",
]


ALIASES = {
    "AnyHandle",
    "AnyJob",
    "AsyncAnyHandle",
    "ClassLike",
    "Completed",
    "DeliveredEvent",
    "Item",
    "Moment",
    "Picture",
    "WebhookEvent",
}


def public(module: ModuleType, prefix: str = "") -> set[str]:
    """The names that a program may use: exports, and members of exported classes that this package defines."""
    names = set()
    for name in set(module.__all__) - {"__version__", "webhooks"}:
        names.add(prefix + name)
        found = getattr(module, name)
        if not inspect.isclass(found) or issubclass(found, (BaseException, str)):
            continue
        fields = set(getattr(found, "__struct_fields__", ()))
        ours = [base for base in found.__mro__ if base.__module__.startswith("image_intelligence")]
        for member in {member for base in ours for member in vars(base)} - fields:
            member_of = inspect.getattr_static(found, member)
            called = callable(member_of) or isinstance(member_of, (property, classmethod))
            # What has slots has a descriptor for each, which is a field by another name.
            if not member.startswith("_") and called and not inspect.ismemberdescriptor(member_of):
                names.add(f"{prefix}{name}.{member}")
    return names


def test_the_surface_is_that_of_the_table_of_calls() -> None:
    table = json.loads(Path(handed_over("II_PARITY_JSON")).read_text())["python"]
    named = [name for part in ("calls", "types", "errors") for names in table[part].values() for name in names]
    named += table["own"]
    assert len(named) == len(set(named)), "a name stands in the table twice"
    ours = public(image_intelligence) | public(webhooks, "webhooks.")
    assert set(named) - ours == set(), "in the table, and not here"
    assert ours - set(named) == set(), "here, and not in the table"
    for kind, names in table["errors"].items():
        for name in names:
            found = getattr(image_intelligence, name)
            assert issubclass(found, ImageIntelligenceError)
            assert found.kind in (kind, "")


def test_every_export_is_there_and_documented() -> None:
    # Two are generic unions, which have no docs of their own.
    for name in set(image_intelligence.__all__) - {"__version__", "Completed", "Item"}:
        assert inspect.getdoc(getattr(image_intelligence, name)), name
    assert set(dir(image_intelligence)) == set(image_intelligence.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Clients'"):
        _ = image_intelligence.Clients  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_docs_run(
    name: str, environment: dict[str, str], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    failed, tried = doctest.testmod(importlib.import_module(f"image_intelligence{name}"), optionflags=doctest.ELLIPSIS)
    assert failed == 0
    assert tried > 0 or name == ".models"


def test_type_hints_can_be_asked_for() -> None:
    """As frameworks do, of every class and every call."""
    for module in (image_intelligence, webhooks):
        for name in set(module.__all__) - {"__version__", "webhooks"} - ALIASES:
            found = getattr(module, name)
            typing.get_type_hints(found)
            members = inspect.getmembers_static(found) if inspect.isclass(found) else []
            for _, member in members:
                call = member.fget if isinstance(member, property) else member
                if inspect.isfunction(call) and call.__module__.startswith("image_intelligence"):
                    typing.get_type_hints(call)
    assert typing.get_type_hints(image_intelligence.Client.match)["return"] is image_intelligence.MatchHandle
    assert typing.get_type_hints(image_intelligence.Identities.update)["return"] is image_intelligence.Identity
    classes = typing.get_type_hints(image_intelligence.Client.detect)["classes"]
    assert typing.get_args(classes) == (image_intelligence.ClassLike,)


def run(arguments: list[str], environment: dict[str, str], root: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=root, timeout=60, check=False)


def test_the_programs_of_the_readme_find_the_person(environment: dict[str, str], root: Path, tmp_path: Path) -> None:
    programs = sorted(Path(handed_over("II_README_DIR")).glob("python*.py"))
    assert len(programs) == 3
    # One leaves its inbox where it runs.
    (tmp_path / "examples").symlink_to(root / "examples")
    for program in programs:
        ran = run([str(program)], environment, tmp_path)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "astronaut.jpg 0.73" in ran.stdout


def test_the_example_finds_the_person(environment: dict[str, str], root: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    photos = [str(root / "examples" / "photos" / name) for name in ("astronaut.jpg", "rocket.jpg")]
    example = str(root / "examples" / "python" / "detect.py")
    ran = run([example, *photos, str(tmp_path / "broken.jpg")], environment, root)
    assert (ran.returncode, ran.stdout) == (0, f"{photos[0]} 0.73\n")
    assert ran.stderr == f"{tmp_path / 'broken.jpg'}: INVALID_IMAGE_FORMAT_ERROR\n"
    assert run([example], environment, root).stdout.endswith("astronaut.jpg 0.73\n")


def test_the_example_looks_through_a_folder(environment: dict[str, str], root: Path, tmp_path: Path) -> None:
    example = str(root / "examples" / "python" / "folder.py")
    ran = run([example], environment, root)
    assert ran.returncode == 0, ran.stderr
    found = dict(line.split(": ") for line in ran.stdout.splitlines())
    assert {Path(name).name: classes for name, classes in found.items()} == {
        "astronaut.jpg": "person",
        "chelsea.jpg": "cat",
        "coffee.jpg": "-",
        "rocket.jpg": "-",
    }
    assert "4 of 4 done" not in ran.stderr and "4 done, 0 failed, 0 in flight" in ran.stderr
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "astronaut.jpg").write_bytes((root / "examples/photos/astronaut.jpg").read_bytes())
    for _ in range(2):
        ran = run([example, str(tmp_path), str(tmp_path / "run.jsonl")], environment, root)
        assert ran.returncode == 0, ran.stderr
        lines = sorted(ran.stdout.splitlines())
        assert lines[0].startswith(f"{tmp_path / 'broken.jpg'}: ") and "INVALID_IMAGE_FORMAT_ERROR" in lines[0]
        assert lines[1:] == [f"{tmp_path / 'deeper' / 'astronaut.jpg'}: person"]
    # The second time nothing was sent: a job is taken up again, or not even that.
    assert (tmp_path / "run.jsonl").exists()


def test_the_example_of_a_receiver_is_told_of_the_person(
    environment: dict[str, str], root: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    example = str(root / "examples" / "python" / "receiver.py")
    photo = str(root / "examples" / "photos" / "astronaut.jpg")
    command = [sys.executable, "-P", example, str(tmp_path / "inbox.db"), photo, str(tmp_path / "broken.jpg")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as ran:
        assert ran.stdout is not None and ran.stderr is not None
        try:
            assert ran.stdout.readline() == f"{photo} 0.73\n"
            assert ran.stderr.readline() == f"{tmp_path / 'broken.jpg'}: INVALID_IMAGE_FORMAT_ERROR\n"
            ran.send_signal(signal.SIGINT)
            out, err = ran.communicate(timeout=30)
        finally:
            ran.kill()
    assert (ran.returncode, out, err) == (0, "", "")


def loaded(statement: str) -> set[str]:
    program = f"import sys; {statement}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


def test_only_what_is_used_is_loaded() -> None:
    client = loaded("from image_intelligence import Client; Client(client_id='a', client_secret='b')")
    assert "image_intelligence._core" in client
    ours = {name.removeprefix("image_intelligence.") for name in client if name.startswith("image_intelligence.")}
    assert ours == {"_arguments", "_checks", "_client", "_core", "_images", "_log", "_many", "errors"}
    assert "asyncio" not in client
    assert not {"logging", "threading"} & loaded("from image_intelligence import Client, Inbox, Receiver")
    assert "asyncio" not in loaded("from image_intelligence import webhooks")
    assert "asyncio" in loaded("from image_intelligence import AsyncClient")


def test_the_wheel_is_small_and_has_no_model_in_it() -> None:
    wheel = Path(handed_over("II_WHEEL"))
    print(f"{wheel.name}: {wheel.stat().st_size:,} bytes")
    assert wheel.stat().st_size < 6_000_000
    with zipfile.ZipFile(wheel) as files:
        names = files.namelist()
        assert "image_intelligence/py.typed" in names and "image_intelligence/_core.pyi" in names
        assert not [name for name in names if ".onnx" in name or "/tests/" in name or "/bench/" in name]
        [library] = [
            name for name in names if name.startswith("image_intelligence/_core.") and not name.endswith(".pyi")
        ]
        code = files.read(library)
    for word in (b"rten-0.", b"rten::", b"nanodet", b"onnx"):
        assert word not in code


def test_exceptions_can_be_pickled() -> None:
    error = WaitTimeoutError("waited", retryable=True, last_status="IN_PROGRESS", resume_token="ii1_x")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is WaitTimeoutError
    assert (str(again), vars(again)) == ("waited", vars(error))


def test_models_are_plain_data() -> None:
    job = webhooks.parse(b'{"id": "1", "status": "PAUSED", "jobResults": [{"class": "x"}]}')
    assert isinstance(job, image_intelligence.DetectJob)
    assert not job.is_done and job.status == "PAUSED"
    assert msgspec.json.decode(msgspec.json.encode(job), type=type(job)) == job
    match job:
        case image_intelligence.DetectJob(
            status="PAUSED", job_results=[image_intelligence.DetectJobResult(class_="x")]
        ):
            pass
        case _:
            pytest.fail("a pattern should match")
