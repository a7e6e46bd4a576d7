"""The matrix of writing routes and the audit log: what each route records, or why nothing. A new route needs a row here.

A row of TABLE has the endpoint, the kinds of its entries, and what proves them: "requested" is a real request of actions.py or
of ACTIONS below, after which exactly these kinds were recorded; "relay:" names the verb that writes the entry. A route of
ELSEWHERE has a test of its own package. A request that failed leaves no entry, except those of sign-ins.
"""

from __future__ import annotations

from collections.abc import Callable

from ..support.browser import Person
from ..support.invitations import ACCEPT, USERS, link_in
from ..support.uploads import begin
from .actions import Stage, upload

TABLE = """
# endpoint                         kinds                                       proof
auth.sign_in                       sign_in,sign_in_failed,sign_in_refused      requested
auth.sign_out                      sign_out                                    requested
invitation.accept                  invitation_accepted,sign_in                 requested
workspace.save                     settings_changed                            requested
board_settings.save                settings_changed                            requested
settings.save_profile              user_renamed                                requested
targets.save                       target_changed                              requested
targets.add_holiday                holiday_changed                             requested
targets.remove_holiday             holiday_changed                             requested
tv_settings.create                 tv_link_created                             requested
tv_settings.save                   tv_link_changed                             requested
tv_settings.renew                  tv_link_renewed                             requested
tv_settings.revoke                 tv_link_revoked                             requested
order_actions.refunds              order_refunded                              requested
order_actions.payment_correction   payment_corrected                           requested
order_actions.shipment_correction  shipment_corrected                          requested
imports.receive                    import_uploaded                             requested
imports.check                      import_started                              requested
imports.import_orders              import_started                              requested
imports.cancel                     import_cancelled                            requested
imports.remove                     import_removed                              requested
attached.remove                    detach                                      requested
users.invite                       user_invited                                requested
users.renew                        user_invited                                requested
users.revoke                       invitation_revoked                          requested
users.rename                       user_renamed                                requested
users.set_role                     role_changed                                requested
users.disable                      user_disabled                               requested
users.enable                       user_enabled                                requested
users.sign_out                     sessions_ended                              requested
privacy.save_retention             retention_changed                           requested
relay.pause                        relay_verb                                  requested
relay.resume                       relay_verb                                  requested
relay.remove                       relay_verb                                  requested
relay.replay                       relay_verb           relay:replay
relay.cancel_replay                relay_verb           relay:cancel_replay
relay.retry                        relay_verb           relay:_request
relay.skip                         relay_verb           relay:_request
relay.resend                       relay_verb           relay:resend
relay.resend_failed                relay_verb           relay:resend_failed
relay.rotate                       relay_verb           relay:rotate
"""
# A test of another package that finds the entry, and what it proves.
ELSEWHERE: dict[str, dict[str, str]] = {
    "pages/test_users_page.py::test_an_admin_resets_the_two_step_sign_in_of_a_user": {
        "users.reset_second_factor": "second_factor_off"
    },
    "accounts/test_own_sessions.py::test_signing_out_everywhere_ends_all_sessions_and_streams": {
        "security.end_all": "sessions_ended"
    },
    "accounts/test_own_sessions.py::test_one_session_ends_with_its_streams_and_the_others_go_on": {
        "security.end_session": "sessions_ended"
    },
    "accounts/test_own_sessions.py::test_a_new_password_keeps_this_session_and_ends_the_others": {
        "security.change_password": "password_changed"
    },
    "accounts/test_password_reset.py::test_a_link_sets_a_new_password_once_and_ends_all_sessions": {
        "password_reset.ask": "password_reset_requested",
        "password_reset.choose": "password_changed",
    },
    "second_factor/test_set_up.py::test_the_password_check_has_the_limits_of_a_sign_in": {
        "recent_check.check": "sign_in_failed"
    },
    "second_factor/test_second_step.py::test_failures_are_in_the_audit_log": {
        "second_step.check": "second_factor_failed"
    },
    "second_factor/test_passkeys.py::test_a_passkey_alone_signs_in": {"second_step.passkey": "sign_in"},
    "second_factor/test_set_up.py::test_an_app_turned_off_is_asked_for_no_more": {
        "second_factor.confirm_app": "second_factor_on",
        "second_factor.remove_app": "second_factor_off",
    },
    "second_factor/test_passkeys.py::test_the_first_passkey_comes_with_recovery_codes": {
        "second_factor.renew_codes": "second_factor_codes_renewed"
    },
    "second_factor/test_passkeys.py::test_a_removed_passkey_signs_in_no_more": {
        "passkeys.add": "passkey_added",
        "passkeys.remove": "passkey_removed",
    },
    "second_factor/test_requirement.py::test_the_rule_can_be_taken_back_and_both_are_in_the_audit_log": {
        "sign_in_settings.save": "second_factor_rule_changed"
    },
    "sso/test_settings.py::test_saved_settings_are_shown_without_the_secret_and_stored_encrypted": {
        "sso_settings.save": "sso_changed"
    },
    "sso/test_settings.py::test_an_unlocked_browser_changes_no_provider_without_the_password": {
        "sso_settings.remove": "sso_changed"
    },
    "pages/test_privacy_pages.py::test_a_customer_is_counted_downloaded_and_erased": {
        "privacy.export": "privacy_export",
        "privacy.erase": "privacy_erasure",
    },
    "pages/test_privacy_pages.py::test_a_company_is_deleted_with_its_name_and_the_password_and_kept_by_a_click": {
        "privacy.delete_company": "settings_changed",
        "privacy.keep_company": "settings_changed",
    },
}
_OF_THE_ORDER = "an event of the order has the user and the time"
_OWN = "a preference of the user, which concerns no one else"
NOTHING = {
    "orders.place": _OF_THE_ORDER,
    "order_actions.payment": _OF_THE_ORDER,
    "order_actions.shipment": _OF_THE_ORDER,
    "order_actions.cancellation": _OF_THE_ORDER,
    "order_actions.owner": _OF_THE_ORDER,
    "comments.add": "the comment has its author and time",
    "comments.remove": "the place of the comment keeps that it was deleted",
    "inbox.read_all": _OWN,
    "inbox.read_selected": _OWN,
    "inbox.read_one": _OWN,
    "notification_settings.save": _OWN,
    "notification_settings.mute": _OWN,
    "notification_settings.unmute": _OWN,
    "notification_settings.turn_on_background": _OWN,
    "notification_settings.push_subscribe": _OWN,
    "notification_settings.push_unsubscribe": _OWN,
    "settings.save_theme": _OWN,
    "imports.save_options": "of the preview; the import itself is recorded",
    "attached.propose": "shows the command that attaches a table; changes nothing",
    "attached.check": "compares the orders with their table; changes nothing",
    "workspace.rebuild": "repeats a job that failed",
    "privacy.retry": "repeats a job that failed; its request is recorded",
    "relay.test": "connects to the destination, or sends it a test message; changes nothing",
    "sso_settings.test": "asks the provider; changes nothing",
    "sso.begin": "leads to the provider, whose answer is recorded",
    "second_factor.begin_app": "shows a secret that is not in use yet",
    "passkeys.options": "a challenge for the browser",
    "second_step.passkey_options": "a challenge for the browser",
    "second_step.leave": "the sign-in that was begun is given up",
}
Row = tuple[frozenset[str], str]


def rows() -> dict[str, Row]:
    """The kinds and the proof of each endpoint."""
    found: dict[str, Row] = {}
    for line in TABLE.strip().splitlines()[1:]:
        endpoint, kinds, proof = line.split()
        assert endpoint not in found, f"{endpoint} has two rows"
        found[endpoint] = frozenset(kinds.split(",")), proof
    for proof, proven in ELSEWHERE.items():
        for endpoint, kind in proven.items():
            assert endpoint not in found, f"{endpoint} has two rows"
            found[endpoint] = frozenset((kind,)), proof
    return found


def change_users(stage: Stage) -> None:
    path = f"{USERS}/{stage.world.user(stage.tenant, 'Ben Sales')}"
    stage.post(f"{path}/name", name="Ben Okafor")
    stage.post(f"{path}/role", role="viewer")
    for verb in ("disabling", "enabling", "sign-out"):
        stage.post(f"{path}/{verb}")


def invite(stage: Stage) -> None:
    stage.post(USERS, email="ines@example.com", name="", role="sales")
    row = stage.world.conn.execute("SELECT max(id) FROM invitations").fetchone()
    assert row is not None
    link = link_in(stage.post(f"{USERS}/invitations/{row[0]}/link"))
    assert Person(stage.app).post(link, ACCEPT).status_code == 303
    stage.post(USERS, email="max@example.com", name="", role="sales")
    row = stage.world.conn.execute("SELECT max(id) FROM invitations").fetchone()
    assert row is not None
    stage.post(f"{USERS}/invitations/{row[0]}/revocation")


def change_settings(stage: Stage) -> None:
    stage.admin.send(stage.admin.page("/settings/profile"), "/settings/profile", name="Mia Berg")
    stage.post("/settings/board", **{"shown-shows_ranking": "on"})
    stage.post("/targets/holidays/2030-12-24/removal")
    stage.post("/settings/privacy/retention", forever="1")


def check_an_import(stage: Stage) -> None:
    upload(stage)
    begin(stage.admin, stage.made["upload"], "checks")


def end_the_relay(stage: Stage) -> None:
    stage.post("/relay/stream/resumption")
    stage.post("/relay/stream/removal")


# After those of actions.py.
ACTIONS: tuple[Callable[[Stage], object], ...] = (change_users, invite, change_settings, check_an_import, end_the_relay)
