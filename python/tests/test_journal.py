"""What a journal knows of submits of a process that was killed."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from both import CLIENTS, run
from image_intelligence import ConfigError, InvalidRequestError, Recovered, StoreError, SubmitOutcome
from jobs import Jobs
from scripted import Answer, Hang, Request, Scripted
from test_interrupts import finish, program

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills a program")

SUBMITS = """
    import sys
    from image_intelligence import Client
    client = Client(journal={journal!r})
    print("opened", flush=True)
    client.{call}
"""


def killed(server: Scripted, journal: Path, call: str) -> None:
    """A program that submits, and is killed while the server does not answer."""
    process = program(server, SUBMITS.format(journal=str(journal), call=call))
    server.until(lambda server: server.hanging == 1)
    process.kill()
    finish(process)
    server.until(lambda server: server.hanging == 0)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_submit_whose_answer_nobody_saw_is_found(client: str, scripted: Scripted, tmp_path: Path) -> None:
    jobs = Jobs()

    def script(request: Request) -> Answer | Hang:
        answer = jobs(request)
        return Hang() if request.method == "POST" else answer

    scripted.script = script
    journal = tmp_path / "submits.jsonl"
    killed(scripted, journal, 'detect([b"a", b"b"], classes=["person"])')
    submits: list[Recovered] = run(scripted, client, lambda c: c.recover(), journal=journal)
    [submit] = submits
    assert (submit.kind, submit.images, submit.outcome) == ("detect", 2, SubmitOutcome.ACCEPTED)
    assert submit.custom_id == submit.rid == jobs.made[0]["customId"] and submit.candidates == []
    assert submit.sent_at > 1487648348000 and submit.message is None and submit.namespace is None
    with scripted.client(journal=str(journal)) as opened:
        assert opened.resume(submit.resume_token or "").id == "job-0"
        assert opened.recover() == [submit]
        assert [done.ok for done in opened.track([submit.resume_token or ""])] == [True]
    run(scripted, client, lambda c: c.forget(submit), journal=journal)
    assert run(scripted, client, lambda c: c.recover(), journal=journal) == []
    assert len(jobs.made) == 1


def test_a_submit_that_never_left_may_be_sent_again(scripted: Scripted, tmp_path: Path) -> None:
    def script(request: Request) -> Any:
        pytest.fail("nothing was sent")

    scripted.script = script
    token, scripted.token = scripted.token, Hang()
    journal = tmp_path / "submits.jsonl"
    killed(scripted, journal, 'recognize([b"a"], namespace="staff", custom_id="door-7")')
    scripted.token = token
    with scripted.client(journal=journal) as opened:
        [submit] = opened.recover()
        assert (submit.kind, submit.namespace, submit.custom_id) == ("recognize", "staff", "door-7")
        assert submit.outcome == "not_sent" and submit.resume_token is None
        with pytest.raises(StoreError, match="journal"):
            scripted.client(journal=journal)
        with pytest.raises(InvalidRequestError, match="submit: one of those that recover gives wanted, str given"):
            opened.forget(submit.rid)  # type: ignore[arg-type]


def test_what_is_done_is_not_listed(scripted: Scripted, tmp_path: Path) -> None:
    scripted.script = Jobs()
    journal = tmp_path / "submits.jsonl"
    with scripted.client(journal=journal) as client:
        client.detect([b"a"], classes=["person"]).wait()
        left = client.detect([b"b"], classes=["person"])
        assert client.recover() == []
    assert "b" not in [word for line in journal.read_text().splitlines() for word in json.loads(line)]
    with scripted.client(journal=journal) as client:
        assert [submit.resume_token for submit in client.recover()] == [left.resume_token]


def test_what_is_no_file_is_refused(scripted: Scripted, tmp_path: Path) -> None:
    for bad, error in ((7, ConfigError), ("", ConfigError), ("\ud800", ConfigError), (tmp_path, StoreError)):
        with pytest.raises(error, match="journal"):
            scripted.client(journal=bad)
