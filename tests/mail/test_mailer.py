"""Mails reach a real mail server, encrypted, with safe headers, and failures are logged."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from webapp import create_app
from webapp.config import Config
from webapp.mail import mailer as mailers
from webapp.mail.delivery import MailNotSent
from webapp.mail.mailer import Mailer

from ..support.logfmt import structured
from ..support.mail_server import MailServer, mail_server, text_of
from ..support.ports import free_port
from ..support.processes import SECRET
from ..support.wait import eventually


def config(**changes: str) -> Config:
    """Sending a mail connects to neither service."""
    services = {"DATABASE_URL": "postgresql://localhost/none", "REDIS_URL": "redis://localhost:1/0"}
    return Config.from_env({**services, "SECRET_KEY": SECRET, "DOORBELL_DEMO": "1", **changes})


@pytest.fixture(scope="module")
def app() -> Flask:
    return create_app(config())


@pytest.fixture(params=["starttls", "implicit", "none"])
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[MailServer]:
    with mail_server(tmp_path, request.param) as started:
        yield started


@pytest.fixture
def starttls(tmp_path: Path) -> Iterator[MailServer]:
    with mail_server(tmp_path) as started:
        yield started


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailers, "RETRY_SECONDS", (0.0, 0.0))


def mailer(app: Flask, settings: dict[str, str]) -> Mailer:
    return Mailer(app, config(**settings).mail)


def ended(events: list[str]) -> list[str]:
    """The events once the mail is given up."""
    return events if "mail not sent" in events else []


def test_a_mail_arrives_with_each_kind_of_encryption(app: Flask, server: MailServer) -> None:
    mailer(app, server.settings).send("ana@example.com", "Grüße", "Line 1\n\nÄrger mit مرحبا\n")
    mail = server.newest(1)
    assert server.recipients == [["ana@example.com"]]
    assert server.encrypted == [server.tls != "none"]
    assert (mail["From"], mail["To"], mail["Subject"]) == ("Doorbell <bell@example.com>", "ana@example.com", "Grüße")
    assert text_of(mail).replace("\r\n", "\n").strip() == "Line 1\n\nÄrger mit مرحبا"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@example.com>")


def test_line_breaks_in_a_subject_add_no_header(app: Flask, starttls: MailServer) -> None:
    sender = mailer(app, starttls.settings)
    sender.send_now("ana@example.com", "Hello\r\nBcc: eve@example.com\n\nBody\x00\u2028!", "text")
    assert starttls.mails[0]["Subject"] == "Hello Bcc: eve@example.com Body !"
    assert starttls.mails[0]["Bcc"] is None
    assert starttls.recipients == [["ana@example.com"]]


@pytest.mark.parametrize("to", ["ana@example.com\nBcc: eve@example.com", "ana@example.com\r\n.\r\n", "not an address"])
def test_an_address_with_a_line_break_or_of_no_mailbox_is_refused(app: Flask, starttls: MailServer, to: str) -> None:
    with pytest.raises(MailNotSent):
        mailer(app, starttls.settings).send_now(to, "Hello", "text")
    assert starttls.mails == []


@pytest.mark.parametrize("server", ["starttls", "implicit"], indirect=True)
def test_a_certificate_that_is_not_trusted_is_refused(app: Flask, server: MailServer) -> None:
    settings = {**server.settings, "SMTP": server.url.replace(f"ca={server.ca_file}", "ca=")}
    with pytest.raises(MailNotSent, match="CERTIFICATE_VERIFY_FAILED"):
        mailer(app, settings).send_now("ana@example.com", "Hello", "text")
    assert server.mails == []


def test_a_mail_server_that_is_busy_gets_the_mail_again(app: Flask, starttls: MailServer) -> None:
    starttls.answers = ["451 try again", "451 try again"]
    mailer(app, starttls.settings).send("ana@example.com", "Hello", "text")
    assert starttls.newest(1)["Subject"] == "Hello"


def test_a_mail_that_is_refused_for_good_is_logged_without_its_address(
    app: Flask, starttls: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    starttls.answers = ["550 no such mailbox"]
    sender = mailer(app, starttls.settings)
    sender.send("ana@example.com", "Hello", "text")
    sender.send("bea@example.com", "Hello again", "text")
    assert starttls.newest(1)["Subject"] == "Hello again"
    (line,) = structured(caplog, "doorbell.mail")
    assert (line["event"], line["level"]) == ("mail not sent", "error")
    assert "550" in line["error"]
    assert "ana@" not in caplog.text


def test_a_mail_server_that_is_away_costs_the_sender_no_time_and_is_logged(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    settings = {
        "SMTP": f"smtp://127.0.0.1:{free_port()}",
        "MAIL_FROM": "a@example.com",
        "PUBLIC_URL": "http://a.example",
    }
    sender = mailer(app, settings)
    sender.send("ana@example.com", "Hello", "text")
    events = eventually(lambda: ended([line["event"] for line in structured(caplog, "doorbell.mail")]))
    assert events == ["mail not sent yet; trying again"] * 2 + ["mail not sent"]


def test_the_end_of_a_process_waits_for_its_mails(app: Flask, starttls: MailServer) -> None:
    sender = mailer(app, starttls.settings)
    for number in range(5):
        sender.send("ana@example.com", f"Mail {number}", "text")
    sender.close()
    assert [mail["Subject"] for mail in starttls.mails] == [f"Mail {number}" for number in range(5)]


def test_in_development_a_mail_is_a_file_that_the_log_links_to(
    app: Flask, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sender = mailer(app, {"MAIL_FOLDER": str(tmp_path / "mail")})
    with caplog.at_level(logging.INFO, "doorbell.mail"):
        sender.send_now("ana@example.com", "Hello", "Open https://example.com/secret")
    (file,) = (tmp_path / "mail").glob("*.eml")
    assert [line["file"] for line in structured(caplog, "doorbell.mail")] == [file.as_uri()]
    assert "https://example.com/secret" in file.read_text()
    assert file.stat().st_mode & 0o077 == 0


def test_a_mail_that_cannot_be_encoded_leaves_no_part_of_a_file(app: Flask, tmp_path: Path) -> None:
    sender = mailer(app, {"MAIL_FOLDER": str(tmp_path)})
    with pytest.raises(MailNotSent):
        sender.send_now("ana@example.com", "Hello", "\ud800")
    assert list(tmp_path.iterdir()) == []
    sender.send_now("ana@example.com", "Hello", "text")
    assert [file.suffix for file in tmp_path.iterdir()] == [".eml"], "guard: the folder can be written"


def test_without_settings_mail_is_not_set_up(app: Flask, tmp_path: Path) -> None:
    assert not mailer(app, {}).is_set_up()
    assert mailer(app, {"MAIL_FOLDER": str(tmp_path)}).is_set_up()
    with pytest.raises(MailNotSent, match="SMTP"):
        mailer(app, {}).send_now("ana@example.com", "Hello", "text")
