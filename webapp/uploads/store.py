"""Uploaded files in PostgreSQL: written and read in chunks, so that neither a web process nor a worker holds a whole one.

Each function does one step on the caller's connection; the caller commits. All are limited to one tenant.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import psycopg
from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb

from ..models import UPLOAD_NAME_MAX_CHARS
from .upload import ACTIVE, COLUMNS, IDLE, READY, SELECTED, Upload, many, one

CHUNK_BYTES = 262_144
# Uploads kept per tenant; a new one removes the oldest that is at rest.
MAX_UPLOADS = 10
FILE, REPORT = "file", "report"
# The first of the two keys of the lock under which a tenant's uploads are counted; the second is the tenant's id.
_COUNT_LOCK = 0x00D0_0BE6

_CREATE = f"""
INSERT INTO uploads (tenant_id, name, uploaded_by) VALUES (%(tenant)s, %(name)s, %(by)s)
RETURNING {COLUMNS}, false AS lease_expired
"""  # noqa: S608 - constants
_APPEND = """
INSERT INTO upload_chunks (tenant_id, upload_id, kind, position, content)
VALUES (%(tenant)s, %(id)s, %(kind)s, %(position)s, %(content)s)
"""
_CHUNK = """
SELECT content FROM upload_chunks
WHERE tenant_id = %(tenant)s AND upload_id = %(id)s AND kind = %(kind)s AND position = %(position)s
"""
_MAKE_ROOM = f"""
DELETE FROM uploads WHERE tenant_id = %(tenant)s AND id IN (
    SELECT id FROM uploads WHERE tenant_id = %(tenant)s AND state NOT IN {ACTIVE}
    ORDER BY changed_at, id LIMIT greatest(0, (SELECT count(*) FROM uploads WHERE tenant_id = %(tenant)s) - %(kept)s)
)
"""  # noqa: S608 - constants
_FIND = f"SELECT {SELECTED} FROM uploads WHERE tenant_id = %(tenant)s AND id = %(id)s"  # noqa: S608 - constants
_LIST = f"SELECT {SELECTED} FROM uploads WHERE tenant_id = %(tenant)s ORDER BY id DESC"  # noqa: S608 - constants
_SET_OPTIONS = f"""
UPDATE uploads
SET options = %(options)s, state = '{READY}', version = version + 1, result = NULL, problem = NULL, report_bytes = 0,
    changed_at = now()
WHERE tenant_id = %(tenant)s AND id = %(id)s AND state IN {IDLE} AND options IS DISTINCT FROM %(options)s
"""  # noqa: S608 - constants


class TooManyUploads(Exception):
    """All uploads that a tenant may keep have a job, so none can be removed for a new one."""


def create(conn: psycopg.Connection[Any], tenant_id: int, name: str, uploaded_by: str) -> Upload:
    """A new upload without bytes; the oldest ones are removed to make room. Raises TooManyUploads."""
    values = {"tenant": tenant_id, "name": shortened(name), "by": uploaded_by, "kept": MAX_UPLOADS - 1}
    conn.execute("SELECT pg_advisory_xact_lock(%s, hashint8(%s))", [_COUNT_LOCK, tenant_id])
    conn.execute(_MAKE_ROOM.encode(), values)
    count = conn.cursor(row_factory=tuple_row).execute("SELECT count(*) FROM uploads WHERE tenant_id = %s", [tenant_id])
    if (row := count.fetchone()) is not None and row[0] >= MAX_UPLOADS:
        raise TooManyUploads
    upload = one(conn, _CREATE, values)
    assert upload is not None
    return upload


def append(conn: psycopg.Connection[Any], upload: Upload, position: int, content: bytes, kind: str = FILE) -> None:
    values = {"tenant": upload.tenant_id, "id": upload.id, "kind": kind, "position": position, "content": content}
    conn.execute(_APPEND, values)


def complete(conn: psycopg.Connection[Any], upload: Upload, size_bytes: int) -> None:
    """All chunks of the file were appended."""
    conn.execute(
        "UPDATE uploads SET state = 'ready', size_bytes = %s, changed_at = now() WHERE tenant_id = %s AND id = %s",
        [size_bytes, upload.tenant_id, upload.id],
    )


def find(conn: psycopg.Connection[Any], tenant_id: int, upload_id: int) -> Upload | None:
    return one(conn, _FIND, {"tenant": tenant_id, "id": upload_id})


def newest(conn: psycopg.Connection[Any], tenant_id: int) -> list[Upload]:
    """The tenant's uploads, newest first: MAX_UPLOADS at most."""
    return many(conn, _LIST, {"tenant": tenant_id})


def set_options(conn: psycopg.Connection[Any], upload: Upload, options: dict[str, Any]) -> None:
    """Change the options. A result of other options is forgotten, with its report."""
    values = {"tenant": upload.tenant_id, "id": upload.id, "options": Jsonb(options)}
    if conn.execute(_SET_OPTIONS.encode(), values).rowcount:
        remove_report(conn, upload)


def remove(conn: psycopg.Connection[Any], upload: Upload) -> bool:
    """Delete the upload. False while it has a job."""
    statement = f"DELETE FROM uploads WHERE tenant_id = %s AND id = %s AND state NOT IN {ACTIVE}"  # noqa: S608 - a constant
    return bool(conn.execute(statement.encode(), [upload.tenant_id, upload.id]).rowcount)


def remove_report(conn: psycopg.Connection[Any], upload: Upload) -> None:
    conn.execute(
        "DELETE FROM upload_chunks WHERE tenant_id = %s AND upload_id = %s AND kind = %s",
        [upload.tenant_id, upload.id, REPORT],
    )


def chunk(conn: psycopg.Connection[Any], upload: Upload, position: int, kind: str = FILE) -> bytes | None:
    """The bytes at a position, None after the last."""
    values = {"tenant": upload.tenant_id, "id": upload.id, "kind": kind, "position": position}
    row = conn.cursor(row_factory=tuple_row, binary=True).execute(_CHUNK, values).fetchone()
    return None if row is None else bytes(row[0])


def chunks(conn: psycopg.Connection[Any], upload: Upload, kind: str = FILE) -> Iterator[bytes]:
    """The bytes in order, one chunk in memory."""
    position = 0
    while (content := chunk(conn, upload, position, kind)) is not None:
        yield content
        position += 1


def copy_to(conn: psycopg.Connection[Any], upload: Upload, file: BinaryIO, limit: int | None = None) -> bool:
    """Write the file's bytes, or whole chunks of up to `limit` bytes. Returns whether that is all of it."""
    written = 0
    for content in chunks(conn, upload):
        written += file.write(content)
        if limit is not None and written >= limit:
            break
    return written >= upload.size_bytes


def save_report(conn: psycopg.Connection[Any], upload: Upload, path: Path) -> int:
    """Replace the report by the file at `path`. Returns its size in bytes."""
    remove_report(conn, upload)
    size = 0
    with path.open("rb") as file:
        for position, content in enumerate(iter(lambda: file.read(CHUNK_BYTES), b"")):
            append(conn, upload, position, content, REPORT)
            size += len(content)
    return size


def shortened(name: str) -> str:
    """A file's name without folders and unprintable characters, cut in its middle so that the suffix stays."""
    name = name.replace("\\", "/").rpartition("/")[2]
    name = "".join(letter if letter.isprintable() else "_" for letter in name).strip() or "orders.csv"
    if len(name) <= UPLOAD_NAME_MAX_CHARS:
        return name
    return f"{name[: UPLOAD_NAME_MAX_CHARS - 21]}…{name[-20:]}"
