"""SMTP, MAIL_FROM, MAIL_FOLDER and PUBLIC_URL."""

from __future__ import annotations

import pytest

from webapp.config.env import EnvReader
from webapp.config.mail import MailConfig, Smtp, read_mail

FROM = {"MAIL_FROM": "Doorbell <bell@example.com>", "PUBLIC_URL": "https://bell.example.com/"}


def read(env: dict[str, str], demo: bool = False) -> tuple[MailConfig, list[str]]:
    reader = EnvReader(env)
    return read_mail(reader, demo), reader.faults


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("smtp://mail.example.com", Smtp("mail.example.com", 587, "", "", "starttls", "")),
        (
            "smtp://u%40x:p%2Fw@mail.example.com:25?tls=starttls",
            Smtp("mail.example.com", 25, "u@x", "p/w", "starttls", ""),
        ),
        ("smtps://u:p@mail.example.com", Smtp("mail.example.com", 465, "u", "p", "implicit", "")),
        ("smtp://127.0.0.1:1025?tls=none", Smtp("127.0.0.1", 1025, "", "", "none", "")),
    ],
)
def test_an_address_names_server_login_and_encryption(address: str, expected: Smtp) -> None:
    mail, faults = read({"SMTP": address, **FROM})
    assert (mail.smtp, faults) == (expected, [])
    assert mail.public_url == "https://bell.example.com"


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("http://u:secret@mail.example.com", "smtps://"),
        ("smtp://", "names no host"),
        ("smtp://u:secret@mail.example.com:x", "Port"),
        ("smtp://u:secret@mail.example.com?tls=maybe", "'maybe'"),
        ("smtp://u:secret@mail.example.com?tls=none", "unencrypted"),
        ("smtp://u:secret@mail.example.com?speed=1", "'speed'"),
        ("smtp://mail.example.com?ca=/no/file.pem", "/no/file.pem"),
        ("smtp://u@mail.example.com", "without a password"),
        ("smtp://u:secret@mail.example.com/inbox", "only ?tls= and ?ca="),
    ],
)
def test_an_address_that_is_not_valid_is_named_without_its_password(address: str, named: str) -> None:
    _mail, faults = read({"SMTP": address, **FROM})
    assert len(faults) == 1
    assert named in faults[0]
    assert "secret" not in faults[0]


def test_smtp_needs_a_sender_and_the_address_of_this_doorbell() -> None:
    _mail, faults = read({"SMTP": "smtp://mail.example.com"})
    assert [fault.split()[3:6] for fault in faults] == [["but", "MAIL_FROM", "is"], ["but", "PUBLIC_URL", "is"]]


@pytest.mark.parametrize("sender", ["Doorbell", "a@", "Doorbell\n<a@example.com>", "Bell <a b@example.com>"])
def test_a_sender_without_a_mailbox_is_a_fault(sender: str) -> None:
    _mail, faults = read({"SMTP": "smtp://mail.example.com", "PUBLIC_URL": "https://a.example", "MAIL_FROM": sender})
    assert len(faults) == 1
    assert "MAIL_FROM" in faults[0]


@pytest.mark.parametrize("address", ["bell.example.com", "https://a.example/path", "javascript:alert(1)"])
def test_a_public_url_with_a_path_or_without_a_scheme_is_a_fault(address: str) -> None:
    assert "PUBLIC_URL" in read({"PUBLIC_URL": address})[1][0]


def test_a_folder_of_mails_is_for_development() -> None:
    assert read({"MAIL_FOLDER": "/var/mails"}, demo=True) == (
        MailConfig(None, "Doorbell <doorbell@localhost>", "/var/mails"),
        [],
    )
    assert "SMTP" in read({"MAIL_FOLDER": "/var/mails"})[1][0]
