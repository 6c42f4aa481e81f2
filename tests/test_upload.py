"""The upload hook: what it writes where, what it answers, and what it does when writing goes wrong."""

from __future__ import annotations

import gc
import hashlib
import json
import logging
import os
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import fsspec
import pytest

from llmotel.config.config import Config
from llmotel.content.policy import ContentPolicy, load_hook
from llmotel.content.redaction import KINDS, Redactor
from llmotel.content.upload import UploadHook
from llmotel.errors import ConfigurationError
from llmotel.model.inference import Inference

INPUTS = [{"role": "user", "parts": [{"type": "text", "content": "Grüße"}]}, {"role": "user", "parts": []}]
OUTPUTS = [{"role": "assistant", "parts": [{"type": "text", "content": "Hallo"}]}]
SYSTEM = [{"type": "text", "content": "Be brief."}]
TOOLS = [{"type": "function", "name": "find", "parameters": {"type": "object"}}]
Make: TypeAlias = Callable[..., UploadHook]


def upload(hook: UploadHook, **content: list[dict[str, Any]]) -> dict[str, str]:
    content = {"inputs": [], "outputs": [], "system": [], "tools": [], **content}
    return hook(**content)


def written(uri: str) -> Any:
    with fsspec.open(uri) as file:
        return json.load(file)


class Disk:
    """A real file system whose writes can be held up or made to fail, and are listed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.free = threading.Event()
        self.free.set()
        self.busy = threading.Event()
        self.broken = False
        self.writes: list[str] = []
        write = fsspec.get_filesystem_class("memory").pipe_file

        def pipe_file(file_system: Any, path: str, value: bytes, **options: Any) -> Any:
            self.busy.set()
            self.free.wait(30)
            self.writes.append(path)
            if self.broken:
                raise PermissionError(path)
            return write(file_system, path, value, **options)

        monkeypatch.setattr(fsspec.get_filesystem_class("memory"), "pipe_file", pipe_file)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.fixture
def make(base: str, disk: Disk) -> Iterator[Make]:
    """Makes upload hooks, and ends them after the test while their place is still there."""
    made: list[UploadHook] = []

    def make(*arguments: Any, **options: Any) -> UploadHook:
        made.append(UploadHook(*arguments, **options))
        return made[-1]

    yield make
    disk.free.set()
    for hook in made:
        hook.shutdown()


@pytest.fixture
def base() -> Iterator[str]:
    """A place in memory, of each test's own."""
    yield "memory://content"
    fsspec.filesystem("memory").store.clear()


def test_content_is_written_where_the_references_say(make: Make, base: str) -> None:
    hook = make(base)
    references = upload(hook, inputs=INPUTS, outputs=OUTPUTS, system=SYSTEM, tools=TOOLS)
    assert hook.flush()
    assert {name: written(uri) for name, uri in references.items()} == {
        "gen_ai.input.messages_ref": INPUTS,
        "gen_ai.output.messages_ref": OUTPUTS,
        "gen_ai.system_instructions_ref": SYSTEM,
        "gen_ai.tool.definitions_ref": TOOLS,
    }
    assert all(uri.startswith("memory://") and "/content/" in uri for uri in references.values())
    assert (hook.dropped, hook.failed) == (0, 0)


@pytest.mark.parametrize("as_uri", [True, False])
def test_a_directory_is_made_when_it_is_missing(make: Make, tmp_path: Path, as_uri: bool) -> None:
    directory = tmp_path / "not" / "there yet"
    hook = make(f"file://{directory}" if as_uri else str(directory))
    references = upload(hook, inputs=INPUTS)
    assert hook.flush()
    (file,) = directory.iterdir()
    assert references == {"gen_ai.input.messages_ref": f"file://{file}"}
    assert json.loads(file.read_text("utf-8")) == INPUTS


def test_jsonl_has_one_numbered_message_a_line(make: Make, tmp_path: Path) -> None:
    hook = make(str(tmp_path), "jsonl")
    reference = upload(hook, inputs=INPUTS)["gen_ai.input.messages_ref"]
    assert hook.flush()
    lines = Path(reference.removeprefix("file://")).read_text("utf-8").splitlines()
    assert reference.endswith("_inputs.jsonl")
    assert [json.loads(line) for line in lines] == [{**INPUTS[0], "index": 0}, {**INPUTS[1], "index": 1}]


def test_every_call_has_files_of_its_own(make: Make, base: str) -> None:
    hook = make(base)
    references = [upload(hook, inputs=INPUTS)["gen_ai.input.messages_ref"] for _ in range(5)]
    assert len(set(references)) == 5


def test_the_same_instructions_and_tools_are_written_once(make: Make, base: str, disk: Disk) -> None:
    hook = make(base)
    references = [upload(hook, system=SYSTEM, tools=TOOLS) for _ in range(3)]
    assert hook.flush()
    references += [upload(hook, system=SYSTEM, tools=TOOLS), upload(make(base), system=SYSTEM, tools=TOOLS)]
    assert hook.flush()
    assert all(reference == references[0] for reference in references)
    assert len(disk.writes) == 2
    name = hashlib.sha256(json.dumps(SYSTEM, separators=(",", ":")).encode()).hexdigest()
    assert references[0]["gen_ai.system_instructions_ref"].endswith(f"/{name}_system_instructions.json")


def test_different_instructions_have_different_files(make: Make, base: str) -> None:
    hook = make(base)
    assert upload(hook, system=SYSTEM) != upload(hook, system=[{"type": "text", "content": "Be long."}])


def test_instructions_whose_write_failed_are_written_the_next_time(make: Make, base: str, disk: Disk) -> None:
    hook = make(base)
    disk.broken = True
    upload(hook, system=SYSTEM)
    hook.flush()
    disk.broken = False
    reference = upload(hook, system=SYSTEM)["gen_ai.system_instructions_ref"]
    hook.flush()
    assert written(reference) == SYSTEM


def test_a_call_without_content_writes_nothing_and_has_no_reference(make: Make, base: str, disk: Disk) -> None:
    hook = make(base)
    assert upload(hook) == {}
    assert hook.flush()
    assert disk.writes == []


def test_the_caller_does_not_wait_and_what_overflows_is_dropped_and_counted(make: Make, base: str, disk: Disk) -> None:
    hook = make(base, max_queue=2)
    disk.free.clear()
    upload(hook, inputs=INPUTS)
    assert disk.busy.wait(30)
    references = [upload(hook, inputs=INPUTS) for _ in range(5)]
    assert [bool(reference) for reference in references] == [True, True, False, False, False]
    assert hook.dropped == 3
    assert not hook.flush(0.01)
    disk.free.set()
    assert hook.flush()
    assert len(disk.writes) == 3


def test_a_flush_is_told_of_what_was_lost_since_the_last_one(make: Make, base: str, disk: Disk) -> None:
    hook = make(base)
    disk.broken = True
    upload(hook, inputs=INPUTS)
    assert not hook.flush()
    disk.broken = False
    upload(hook, inputs=INPUTS)
    assert hook.flush()


def test_what_is_stored_already_needs_no_place_among_the_waiting(make: Make, base: str, disk: Disk) -> None:
    hook = make(base, max_queue=1)
    reference = upload(hook, system=SYSTEM)
    assert hook.flush()
    disk.busy.clear()
    disk.free.clear()
    upload(hook, inputs=INPUTS)
    assert disk.busy.wait(30)
    upload(hook, inputs=INPUTS)
    assert upload(hook, system=SYSTEM) == reference
    assert hook.dropped == 0


def test_failed_writes_are_counted_and_logged_once(
    make: Make, base: str, disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    disk.broken = True
    hook = make(base)
    with caplog.at_level(logging.WARNING, "llmotel"):
        for _ in range(3):
            upload(hook, inputs=INPUTS)
        assert not hook.flush()
    assert hook.failed == 3
    assert [record.getMessage() for record in caplog.records] == [
        "llmotel: content could not be written below memory:///content: PermissionError (logged once; check the path "
        "and its permissions)"
    ]


def test_shutdown_writes_what_waits_and_then_takes_no_more(make: Make, base: str) -> None:
    hook = make(base)
    reference = upload(hook, inputs=INPUTS)["gen_ai.input.messages_ref"]
    hook.shutdown()
    assert written(reference) == INPUTS
    assert upload(hook, inputs=INPUTS) == {}
    assert hook.dropped == 1
    hook.shutdown()


def test_many_threads_may_upload(make: Make, base: str) -> None:
    hook = make(base, max_queue=1000)
    references: list[str] = []

    def work(number: int) -> None:
        references.extend(upload(hook, inputs=[{"role": str(number)}])["gen_ai.input.messages_ref"] for _ in range(20))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert hook.flush()
    assert len({written(uri)[0]["role"] for uri in references}) == 8
    assert len(set(references)) == 160


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_uploads_on_a_thread_of_its_own(make: Make, tmp_path: Path) -> None:
    hook = make(str(tmp_path))
    upload(hook, system=SYSTEM)
    assert hook.flush()
    child = os.fork()
    if child == 0:
        reference = upload(hook, outputs=OUTPUTS).get("gen_ai.output.messages_ref", "")
        done = hook.flush() and Path(reference.removeprefix("file://")).exists()
        os._exit(0 if done else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    upload(hook, inputs=INPUTS)
    assert hook.flush()
    assert sorted(file.name.split("_")[1] for file in tmp_path.iterdir()) == ["inputs.json", "outputs.json", "system"]


def test_a_hook_that_was_shut_down_is_forgotten_with_its_thread(base: str) -> None:
    hook = UploadHook(base)
    upload(hook, inputs=INPUTS)
    hook.shutdown()
    forgotten = weakref.ref(hook)
    del hook
    gc.collect()
    assert forgotten() is None


def test_secrets_are_redacted_before_they_are_uploaded(make: Make, base: str) -> None:
    hook = make(base)
    inference = Inference("chat", "openai", input=[{"role": "user", "parts": [{"type": "text", "content": "a@b.com"}]}])
    rendered = ContentPolicy(hook=hook, redactor=Redactor(KINDS)).render(inference, failed=False)
    assert hook.flush()
    assert list(rendered.span) == ["gen_ai.input.messages_ref"]
    assert written(str(rendered.span["gen_ai.input.messages_ref"]))[0]["parts"][0]["content"] == "[REDACTED:email]"


def test_content_on_the_span_is_as_it_was_uploaded(make: Make, base: str) -> None:
    hook = make(base)
    blob = {"type": "blob", "modality": "image", "content": "AAAA"}
    inference = Inference("chat", "openai", input=[{"role": "user", "parts": [blob]}], system=[dict(SYSTEM[0])])
    rendered = ContentPolicy(mode="SPAN_ONLY", hook=hook).render(inference, failed=False)
    assert hook.flush()
    assert written(str(rendered.span["gen_ai.input.messages_ref"]))[0]["parts"] == [blob]
    assert json.loads(str(rendered.span["gen_ai.input.messages"]))[0]["parts"] == [
        {"type": "blob", "modality": "image", "size": 3}
    ]


# Settings


def test_the_hook_called_upload_takes_its_settings_from_the_configuration(tmp_path: Path) -> None:
    config = Config.load(
        {},
        {
            "OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK": "upload",
            "OTEL_INSTRUMENTATION_GENAI_UPLOAD_BASE_PATH": str(tmp_path),
            "OTEL_INSTRUMENTATION_GENAI_UPLOAD_FORMAT": "jsonl",
        },
    )
    hook = load_hook("upload", config)
    assert isinstance(hook, UploadHook)
    assert upload(hook, inputs=INPUTS)["gen_ai.input.messages_ref"].endswith(".jsonl")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("",), "UPLOAD_BASE_PATH is not set: the upload hook needs a path"),
        (("nosuch://bucket",), "UPLOAD_BASE_PATH='nosuch://bucket': fsspec cannot open it: .*nosuch"),
        (("nosuch://user:password@host",), r"UPLOAD_BASE_PATH='nosuch://\*\*\*@host': "),
        (("memory://x", "xml"), "UPLOAD_FORMAT='xml': use json or jsonl"),
        (("memory://x", "json", 0), "UPLOAD_MAX_QUEUE_SIZE=0: use 1 or more"),
    ],
)
def test_a_wrong_setting_is_a_clear_error(arguments: tuple[Any, ...], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        UploadHook(*arguments)


def test_a_missing_fsspec_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(ConfigurationError, match=r"needs fsspec: pip install 'llmotel\[upload\]'"):
        UploadHook("memory://content")
