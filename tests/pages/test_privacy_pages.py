"""The page of privacy: what is found, downloaded, erased, kept and deleted, and what is refused."""

from __future__ import annotations

import json
import threading
from io import BytesIO
from zipfile import ZipFile

import psycopg
import pytest
from flask import Flask

from webapp.accounts import passwords
from webapp.accounts.sign_in_throttle import PAIR_ATTEMPTS

from ..support.browser import Person
from ..support.uploads import Uploads, csv
from ..support.wait import eventually
from ..support.world import World

pytestmark = pytest.mark.web_role

PATH = "/settings/privacy"
ERIKA = "Erika Müßtermann"


@pytest.fixture
def ada(app: Flask, world: World, tenant: int) -> Person:
    return Person(
        app,
        world.user(tenant, "Ada Admin", role="admin", password_hash=passwords.hash_password("correct horse battery")),
    )


def words(person: Person, path: str, status: int = 200) -> str:
    main = person.page(path, status).select_one("main")
    assert main is not None
    return main.get_text(" ", strip=True)


def test_only_admins_open_it(mia: Person, ada: Person) -> None:
    assert mia.get(PATH).status_code == 403
    assert "Find a customer or a person" in words(ada, PATH)
    assert ada.page(PATH).select_one(f'nav a[href="{PATH}"][aria-current]')


def test_a_customer_is_counted_downloaded_and_erased(
    world: World, conn: psycopg.Connection, tenant: int, ada: Person, uploads: Uploads
) -> None:
    order = world.order(tenant, 1250, customer=ERIKA)
    world.change(order, customer=ERIKA.upper())
    world.order(tenant, 99, customer="Someone Else")
    uploads.add(csv(f"A-1,{ERIKA},2026-11-02,1.00,", "A-2,Someone Else,2026-11-02,1.00,"))
    shown = words(ada, f"{PATH}/subject?customer=erika+MÜSSTERMANN")
    assert "Orders 1" in shown
    assert "1 imported file is searched" in shown

    answer = ada.post(f"{PATH}/export", {"customer": ERIKA})
    assert answer.mimetype == "application/zip"
    with ZipFile(BytesIO(answer.data)) as file:
        assert {"README.txt", "orders.json", "order_events.json"} <= set(file.namelist())
        (row,) = json.loads(file.read("orders.json"))
        assert (row["customer"], row["total_minor"]) == (ERIKA.upper(), 1250)
        events = json.loads(file.read("order_events.json"))
        assert {"customer": ERIKA} in [event["old_values"] for event in events]
        assert b"Data about the customer" in file.read("README.txt")
        (lines,) = [name for name in file.namelist() if name.startswith("uploaded_files/")]
        assert file.read(lines).decode() == f"A-1,{ERIKA},2026-11-02,1.00,\n", "no line of another customer"
        assert not any(b"Someone Else" in file.read(name) for name in file.namelist())

    wrong = ada.post(f"{PATH}/erasures", {"customer": ERIKA, "typed": "Erika"})
    assert (wrong.status_code, "to confirm" in wrong.text) == (422, True)
    assert conn.execute("SELECT count(*) FROM privacy_jobs").fetchone() == (0,)
    assert ada.post(f"{PATH}/erasures", {"customer": ERIKA, "typed": ERIKA}).status_code == 303
    assert "Erased customer" in words(ada, PATH)
    kinds = [row[0] for row in conn.execute("SELECT kind FROM audit_log ORDER BY id")]
    assert kinds == ["privacy_export", "privacy_erasure"]


def test_an_erased_user_is_signed_out_at_once(
    app: Flask, world: World, conn: psycopg.Connection, tenant: int, ada: Person, mia: Person
) -> None:
    (mia_id,) = conn.execute("SELECT id FROM users WHERE role = 'manager'").fetchone() or (0,)
    shown = words(ada, f"{PATH}/subject?user={mia_id}")
    assert "Account 1" in shown
    with ZipFile(BytesIO(ada.post(f"{PATH}/export", {"user": mia_id}).data)) as file:
        (row,) = json.loads(file.read("users.json"))
        assert (row["name"], row["password_hash"]) == ("Mia Manager", None)
    assert mia.get("/").status_code == 200
    assert ada.post(f"{PATH}/erasures", {"user": mia_id, "typed": "mia manager"}).status_code == 303
    assert mia.get("/").status_code == 303, "led to the sign-in"
    name, email = conn.execute("SELECT name, email FROM users WHERE id = %s", [mia_id]).fetchone() or ("", "")
    assert name.startswith("Erased user ")
    assert email.endswith("@erased.invalid")


def test_admins_erase_neither_themselves_nor_people_of_others(
    conn: psycopg.Connection, world: World, ada: Person
) -> None:
    (ada_id,) = conn.execute("SELECT id FROM users WHERE role = 'admin'").fetchone() or (0,)
    answer = ada.post(f"{PATH}/erasures", {"user": ada_id, "typed": "Ada Admin"})
    assert (answer.status_code, "cannot erase yourself" in answer.text) == (422, True)
    stranger = world.user(world.tenant("other"), "Olga Other")
    assert ada.get(f"{PATH}/subject?user={stranger}").status_code == 404
    assert ada.post(f"{PATH}/erasures", {"user": stranger, "typed": "Olga Other"}).status_code == 404
    assert ada.get(f"{PATH}/subject?customer=+").status_code == 303


@pytest.mark.usefixtures("long_locks")
def test_of_two_admins_who_erase_each_other_at_once_one_stays(
    app: Flask, world: World, conn: psycopg.Connection, tenant: int
) -> None:
    names = ("Ada Admin", "Ben Admin")
    pair = [world.user(tenant, name, role="admin") for name in names]
    answers: list[int] = []

    def erase(person: Person, token: str, user: int, name: str) -> None:
        form = {"csrf_token": token, "user": user, "typed": name}
        answers.append(person.client.post(f"{PATH}/erasures", data=form).status_code)

    threads = []
    for actor, user, name in zip(pair, pair[::-1], names[::-1], strict=True):
        person = Person(app, actor)
        threads.append(threading.Thread(target=erase, args=(person, person.csrf_token(), user, name)))
    # Both requests wait for this lock, and are then let go at once.
    with conn.transaction():
        conn.execute("SELECT FROM users WHERE tenant_id = %s FOR NO KEY UPDATE", [tenant])
        for thread in threads:
            thread.start()
        waiting = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"
        eventually(lambda: conn.execute(waiting).fetchone() == (2,))
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == [303, 409]
    assert conn.execute("SELECT count(*) FROM users WHERE disabled_at IS NULL").fetchone() == (1,)


def test_retention_shows_what_would_go_before_it_is_turned_on(
    world: World, conn: psycopg.Connection, tenant: int, ada: Person
) -> None:
    old = "2020-01-02 10:00+00"
    world.order(tenant, 10, placed_at=old, paid_at=old, shipped_at=old)
    world.order(tenant, 20, placed_at=old)
    assert "1 order would be removed now" in words(ada, f"{PATH}?months=24")
    assert "2 orders would be removed now" in words(ada, f"{PATH}?months=24&open=removed")
    assert "“2” is not valid. Enter 3 to 240." in ada.page(f"{PATH}?months=2").get_text(" ", strip=True)
    ada.post(f"{PATH}/retention", {"months": "24", "open": "kept"})
    assert conn.execute("SELECT orders_keep_months, orders_open_kept FROM tenants").fetchone() == (24, True)
    assert "removed 24 months after their last change" in words(ada, PATH)
    ada.post(f"{PATH}/retention", {"forever": "1"})
    assert conn.execute("SELECT orders_keep_months FROM tenants").fetchone() == (None,)


def test_a_company_is_deleted_with_its_name_and_the_password_and_kept_by_a_click(
    conn: psycopg.Connection, ada: Person, mia: Person
) -> None:
    for form in ({"typed": "acme", "password": "wrong"}, {"typed": "Acme!", "password": "correct horse battery"}):
        ada.post(f"{PATH}/deletion", form)
        assert conn.execute("SELECT deletion_at FROM tenants").fetchone() == (None,)
    assert mia.get("/").status_code == 200
    ada.post(f"{PATH}/deletion", {"typed": "acme", "password": "correct horse battery"})
    assert "This company will be deleted." in words(ada, PATH)
    assert mia.get("/").status_code == 303
    assert conn.execute("SELECT deletion_at > now() + interval '6 days' FROM tenants").fetchone() == (True,)
    ada.post(f"{PATH}/deletion/cancellation")
    assert conn.execute("SELECT deletion_at FROM tenants").fetchone() == (None,)
    entries = "SELECT details ->> 'deletion' IS NULL FROM audit_log WHERE kind = 'settings_changed' ORDER BY id"
    assert conn.execute(entries).fetchall() == [(False,), (True,)]


def test_the_password_of_the_deletion_cannot_be_guessed(conn: psycopg.Connection, ada: Person) -> None:
    for _ in range(PAIR_ATTEMPTS):
        ada.post(f"{PATH}/deletion", {"typed": "acme", "password": "wrong"})
    assert "The password is not yours." in words(ada, PATH)
    ada.post(f"{PATH}/deletion", {"typed": "acme", "password": "correct horse battery"})
    assert f"Sign-in failed {PAIR_ATTEMPTS} times." in ada.page(PATH).get_text(" ", strip=True)
    assert conn.execute("SELECT deletion_at FROM tenants").fetchone() == (None,)
    tried = conn.execute("SELECT kind, subject_id IS NOT NULL FROM audit_log").fetchall()
    assert tried == [("sign_in_failed", True)] * PAIR_ATTEMPTS + [("sign_in_refused", True)]


def test_other_spellings_may_have_any_character(ada: Person, conn: psycopg.Connection) -> None:
    hostile = "\0\n\0Erika\0\n(?:\n[[\n%s\n\\\n"
    shown = ada.post(f"{PATH}/erasures", {"customer": ERIKA, "typed": "x", "also": hostile})
    assert shown.status_code == 422
    assert ada.post(f"{PATH}/erasures", {"customer": ERIKA, "typed": ERIKA, "also": hostile}).status_code == 303
    assert conn.execute("SELECT names FROM privacy_jobs").fetchone() == ([ERIKA, "Erika", "(?:", "[[", "%s", "\\"],)
