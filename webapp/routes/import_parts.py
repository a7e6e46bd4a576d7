"""The parts of the pages of imports: the list of uploads, the state of one, and its options with the preview. For managers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import psycopg
from flask import abort
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError

from ..accounts.current import current_locale, current_tenant
from ..accounts.permissions import Permission
from ..concurrency import native_thread
from ..db import db, driver_connection
from ..display import clock
from ..display.filters import per_render
from ..language import in_locale, stored_text
from ..panels.render import Render
from ..queries.day import today
from ..services import services
from ..uploads import preview, status_words, store
from ..uploads.options import OFFERED, chosen, column_index
from ..uploads.order_fields import field_groups
from ..uploads.preview import Preview
from ..uploads.upload import MAX_ATTEMPTS, Upload
from ..uploads.words import options_in_page
from .access import needs
from .page_parts import part_of
from .panels import bp, fragment

T = TypeVar("T")

# English texts that a worker or PostgreSQL stored, in the reader's language. Of imports, with the names of the page.
bp.app_template_filter("stored")(per_render(stored_text))
bp.app_template_filter("in_page")(per_render(options_in_page))


def find(upload_id: int) -> Upload:
    """The upload; 404 when the user's tenant has no such upload."""
    with driver_connection() as conn:
        upload = store.find(conn, current_tenant().id, upload_id)
    if upload is None:
        abort(404)
    return upload


def list_part() -> Render:
    with driver_connection() as conn:
        found = store.newest(conn, current_tenant().id)
    return part_of(
        "panels/uploads.html",
        uploads=found,
        today=_today(),
        max_uploads=store.MAX_UPLOADS,
        keep_days=services().config.import_keep_days,
    )


def upload_part(upload: Upload) -> Render:
    return part_of(
        "panels/upload.html",
        upload=upload,
        today=_today(),
        tenant=current_tenant(),
        max_attempts=MAX_ATTEMPTS,
        in_page=options_in_page,
    )


def setup_part(upload: Upload, problem: str = "") -> Render:
    """The options and the preview. `problem` is why a change was not saved."""
    seen = read_preview(upload)
    return part_of(
        "panels/upload_setup.html",
        upload=upload,
        preview=seen,
        words=status_words.offered(upload.options, seen.words),
        meanings=status_words.MEANINGS,
        today=_today(),
        tenant=current_tenant(),
        choices=OFFERED,
        chosen=chosen,
        column_index=column_index,
        groups=field_groups(),
        problem=problem,
    )


def read_preview(upload: Upload) -> Preview:
    url, slug = services().config.database_url, current_tenant().slug
    return _in_thread(lambda: preview.read(url, upload, slug))


def read_header(upload: Upload) -> tuple[str, ...]:
    url = services().config.database_url
    return _in_thread(lambda: preview.header(url, upload))


def _in_thread(read: Callable[[], T]) -> T:
    """Read a file in a thread, because that takes CPU time. The request holds no connection meanwhile.

    Raises SQLAlchemy's errors in place of psycopg's, as db.driver_connection().
    """
    locale = current_locale()

    def read_in_locale() -> T:
        with in_locale(locale):
            return read()

    db.session.close()
    try:
        return native_thread.run(read_in_locale)
    except psycopg.Error as error:
        raise DBAPIError.instance(None, None, error, psycopg.Error, hide_parameters=True) from error


def _today() -> object:
    return today(current_tenant().timezone, clock.now()).date


@bp.get("/uploads", endpoint="uploads")
@needs(Permission.IMPORT_ORDERS)
def show_uploads() -> ResponseReturnValue:
    return fragment(list_part())


@bp.get("/uploads/<int:upload_id>", endpoint="upload")
@needs(Permission.IMPORT_ORDERS)
def show_upload(upload_id: int) -> ResponseReturnValue:
    """The state of one upload. For one that was removed, a notice in its place."""
    with driver_connection() as conn:
        upload = store.find(conn, current_tenant().id, upload_id)
    return fragment(part_of("panels/upload_gone.html") if upload is None else upload_part(upload))


@bp.get("/uploads/<int:upload_id>/setup", endpoint="upload_setup")
@needs(Permission.IMPORT_ORDERS)
def show_setup(upload_id: int) -> ResponseReturnValue:
    """The options and the preview; empty while the upload has a job, because its options cannot be changed then."""
    upload = find(upload_id)
    return fragment(part_of("panels/upload_busy.html") if upload.is_active else setup_part(upload))
