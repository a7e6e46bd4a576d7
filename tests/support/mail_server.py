"""A real SMTP server with TLS and passwords, its certificate, and the mails that it received."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .ports import free_port
from .wait import eventually

USER, PASSWORD = "doorbell", "p@ss word"


class MailServer:
    """`answers` are the first answers to further mails, for example "451 try later"; then mails are accepted."""

    def __init__(self, ca_file: Path, tls: str) -> None:
        self.ca_file, self.tls, self.port = ca_file, tls, free_port()
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.encrypted: list[bool] = []
        self.answers: list[str] = []

    @property
    def url(self) -> str:
        """The address for SMTP."""
        scheme, option = ("smtps", "") if self.tls == "implicit" else ("smtp", f"&tls={self.tls}")
        login = "" if self.tls == "none" else "doorbell:p%40ss%20word@"
        return f"{scheme}://{login}127.0.0.1:{self.port}?ca={self.ca_file}{option}"

    @property
    def settings(self) -> dict[str, str]:
        return {"SMTP": self.url, "MAIL_FROM": "Doorbell <bell@example.com>", "PUBLIC_URL": "https://bell.example.com"}

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.answers:
            return self.answers.pop(0)
        assert isinstance(envelope.content, bytes)
        parsed = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.encrypted.append(session.ssl is not None or self.tls == "implicit")
        self.recipients.append(envelope.rcpt_tos)
        self.mails.append(parsed)
        return "250 OK"

    def newest(self, count: int) -> EmailMessage:
        """The mail of this number, as soon as it has arrived."""
        eventually(lambda: len(self.mails) >= count)
        return self.mails[count - 1]


def _authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object) -> AuthResult:
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=known)


@contextmanager
def mail_server(folder: Path, tls: str = "starttls") -> Iterator[MailServer]:
    """A running server with a certificate of its own; `tls` as in webapp/config/mail.py."""
    context, ca_file = _certificate(folder)
    server = MailServer(ca_file, tls)
    options: dict[str, object] = {"hostname": "127.0.0.1", "port": server.port}
    if tls == "implicit":
        options["ssl_context"] = context
    if tls == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if tls != "none":
        options |= {"authenticator": _authenticate, "auth_required": True, "auth_require_tls": tls == "starttls"}
    controller = Controller(server, **options)  # type: ignore[arg-type]
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def text_of(mail: EmailMessage) -> str:
    return str(mail.get_content())


def _certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail of the tests")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = builder.not_valid_after(now + datetime.timedelta(days=1)).add_extension(address, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    ca_file, chain = folder / "ca.pem", folder / "chain.pem"
    ca_file.write_bytes(certificate)
    chain.write_bytes(private + certificate)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain)
    return context, ca_file
