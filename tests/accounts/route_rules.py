"""The matrix of routes and users: what each route answers to whom. A new route needs a row here, or a name in KNOWN_PUBLIC.

A row has the endpoint, and the answers to a viewer, a salesperson, a manager and an admin of the tenant, and to an admin of
another tenant (`other`):

    yes   the route answers: a page, a file, a redirect, or what is wrong with an empty form (200 to 304, 400, 409, 410, 422)
    403   the role may not, and the text names whom to ask
    404   what the address names does not exist for this user; any other number is that status

Three more users get the same from every row, so they have no column: a request without a session, of a disabled user, and of
a session that has ended is redirected to the sign-in page, or answered 401 below /panels and by the stream.

The request is a GET, or an empty form with a valid token. Its address has the values of `route_data.py`: an order with the
number SECRET-7 whose owner is a colleague, an upload, a destination, an attached table, a TV, … of the tenant. A new argument
of an address needs a value there. Rows are requested in this order, all GETs first: a row that removes what others name stands
below them. Panels of the board and other fragments that all users may request need no row (PANEL).
"""

from __future__ import annotations

# Routes that need no sign-in. Their reasons stand at the routes; this list makes each addition a decision.
KNOWN_PUBLIC = {
    "static",
    "auth.sign_in",
    "auth.demo",
    "password_reset.ask",
    "password_reset.sent",
    "password_reset.open_link",
    "password_reset.choose",
    "second_step.show",
    "sso.ask",
    "sso.begin",
    "sso.answer",
    "second_step.check",
    "second_step.leave",
    "second_step.passkey_options",
    "second_step.passkey",
    "health.healthz",
    "health.readyz",
    "metrics.metrics",
    "service_worker.script",
    "installation.manifest",
    "installation.offline",
    "tv.page",
    "tv.screen",
    "tv.paid",
    "tv.stream",
    "invitation.show",
    "invitation.accept",
}

# The roles of a tenant, in the order of the columns.
COLUMNS = ("viewer", "sales", "manager", "admin", "other")

TABLE = """
# endpoint                                viewer   sales    manager  admin    other
auth.sign_out                             yes      yes      yes      yes      yes
board.index                               yes      yes      yes      yes      yes
inbox.index                               yes      yes      yes      yes      yes
inbox.read_all                            yes      yes      yes      yes      yes
inbox.read_selected                       yes      yes      yes      yes      yes
inbox.read_one                            yes      yes      yes      yes      yes
notification_settings.index               yes      yes      yes      yes      yes
notification_settings.save                yes      yes      yes      yes      yes
notification_settings.mute                yes      yes      yes      yes      yes
notification_settings.turn_on_background  yes      yes      yes      yes      yes
notification_settings.unmute              yes      yes      yes      yes      yes
notification_settings.push_key            404      404      404      404      404
notification_settings.push_subscribe      404      404      404      404      404
notification_settings.push_unsubscribe    yes      yes      yes      yes      yes
orders.index                              yes      yes      yes      yes      yes
orders.new                                403      yes      yes      yes      yes
orders.place                              403      yes      yes      yes      yes
orders.show                               yes      yes      yes      yes      404
connect.index                             yes      yes      yes      yes      yes
downloads.orders                          yes      yes      yes      yes      yes
downloads.figures                         yes      yes      yes      yes      yes
history.index                             yes      yes      yes      yes      yes
history.download                          yes      yes      yes      yes      yes
order_actions.payment                     403      403      yes      yes      404
order_actions.shipment                    403      403      yes      yes      404
order_actions.refunds                     403      403      yes      yes      404
order_actions.cancellation                403      403      yes      yes      404
order_actions.owner                       403      403      yes      yes      404
order_actions.payment_correction          403      403      yes      yes      404
order_actions.shipment_correction         403      403      yes      yes      404
comments.add                              403      403      yes      yes      404
comments.remove                           403      403      yes      yes      404
panels.recent_order                       yes      yes      yes      yes      404
imports.index                             403      403      yes      yes      yes
imports.receive                           403      403      yes      yes      yes
imports.show                              403      403      yes      yes      404
imports.report                            403      403      yes      yes      404
imports.save_options                      403      403      yes      yes      404
imports.check                             403      403      yes      yes      404
imports.import_orders                     403      403      yes      yes      404
imports.cancel                            403      403      yes      yes      404
imports.remove                            403      403      yes      yes      404
relay.index                               403      403      403      yes      yes
relay.show                                403      403      403      yes      404
relay.delivery                            403      403      403      yes      404
relay.pause                               403      403      403      yes      404
relay.resume                              403      403      403      yes      404
relay.replay                              403      403      403      yes      404
relay.cancel_replay                       403      403      403      yes      404
relay.retry                               403      403      403      yes      404
relay.skip                                403      403      403      yes      404
relay.resend                              403      403      403      yes      404
relay.resend_failed                       403      403      403      yes      404
relay.test                                403      403      403      yes      404
relay.rotate                              403      403      403      yes      404
relay.remove                              403      403      403      yes      404
panels.uploads                            403      403      yes      yes      yes
panels.upload_setup                       403      403      yes      yes      404
panels.upload                             403      403      yes      yes      yes
panels.relay                              403      403      403      yes      yes
panels.relay_badge                        403      403      403      yes      yes
panels.relay_destination                  403      403      403      yes      yes
panels.relay_delivery                     403      403      403      yes      404
panels.journey                            403      403      403      yes      yes
settings.index                            yes      yes      yes      yes      yes
settings.profile                          yes      yes      yes      yes      yes
settings.save_profile                     yes      yes      yes      yes      yes
settings.save_theme                       yes      yes      yes      yes      yes
workspace.index                           403      403      yes      yes      yes
workspace.save                            403      403      yes      yes      yes
workspace.rebuild                         403      403      yes      yes      yes
panels.workspace_rebuild                  403      403      yes      yes      yes
panels.workspace_sample                   403      403      yes      yes      yes
panels.workspace_zone                     403      403      yes      yes      yes
board_settings.index                      403      403      yes      yes      yes
board_settings.save                       403      403      yes      yes      yes
attached.index                            403      403      yes      yes      yes
attached.propose                          403      403      404      404      404
attached.check                            403      403      yes      yes      404
attached.remove                           403      403      yes      yes      404
panels.attached                           403      403      yes      yes      yes
targets.index                             403      403      yes      yes      yes
targets.save                              403      403      yes      yes      yes
targets.add_holiday                       403      403      yes      yes      yes
targets.remove_holiday                    403      403      yes      yes      yes
tv_settings.index                         403      403      yes      yes      yes
tv_settings.new                           403      403      yes      yes      yes
tv_settings.create                        403      403      yes      yes      yes
tv_settings.edit                          403      403      yes      yes      404
tv_settings.save                          403      403      yes      yes      404
tv_settings.renew                         403      403      yes      yes      404
tv_settings.revoke                        403      403      yes      yes      yes
tv_settings.preview                       403      403      yes      yes      404
tv_settings.preview_screen                403      403      yes      yes      404
tv_settings.preview_paid                  403      403      yes      yes      404
tv_settings.preview_stream                403      403      yes      yes      404
audit_log.index                           403      403      403      yes      yes
audit_log.download                        403      403      403      yes      yes
security.index                            yes      yes      yes      yes      yes
security.change_password                  yes      yes      yes      yes      yes
security.end_session                      yes      yes      yes      yes      yes
users.index                               403      403      403      yes      yes
users.new                                 403      403      403      yes      yes
users.invite                              403      403      403      yes      yes
users.show                                403      403      403      yes      404
users.rename                              403      403      403      yes      404
users.set_role                            403      403      403      yes      404
users.disable                             403      403      403      yes      404
users.enable                              403      403      403      yes      404
users.sign_out                            403      403      403      yes      404
users.reset_second_factor                 403      403      403      yes      404
users.renew                               403      403      403      yes      404
users.revoke                              403      403      403      yes      404
panels.users                              403      403      403      yes      yes
panels.user_card                          403      403      403      yes      404
second_factor.index                       yes      yes      yes      yes      yes
second_factor.begin_app                   yes      yes      yes      yes      yes
second_factor.app                         yes      yes      yes      yes      yes
second_factor.confirm_app                 yes      yes      yes      yes      yes
second_factor.remove_app                  yes      yes      yes      yes      yes
second_factor.renew_codes                 yes      yes      yes      yes      yes
passkeys.options                          yes      yes      yes      yes      yes
passkeys.add                              yes      yes      yes      yes      yes
passkeys.remove                           yes      yes      yes      yes      yes
recent_check.show                         yes      yes      yes      yes      yes
recent_check.check                        yes      yes      yes      yes      yes
sign_in_settings.index                    403      403      403      yes      yes
sign_in_settings.save                     403      403      403      yes      yes
sso_settings.index                        403      403      403      yes      yes
sso_settings.save                         403      403      403      yes      yes
sso_settings.test                         403      403      403      yes      yes
sso_settings.remove                       403      403      403      yes      yes
privacy.index                             403      403      403      yes      yes
privacy.subject                           403      403      403      yes      yes
privacy.export                            403      403      403      yes      yes
privacy.erase                             403      403      403      yes      yes
privacy.retry                             403      403      403      yes      yes
privacy.save_retention                    403      403      403      yes      yes
privacy.delete_company                    403      403      403      yes      yes
privacy.keep_company                      403      403      403      yes      yes
panels.privacy_jobs                       403      403      403      yes      yes
stream.stream                             yes      yes      yes      yes      yes
security.end_all                          yes      yes      yes      yes      yes
"""
PANEL = ("yes",) * len(COLUMNS)  # all other routes below /panels
YES = {200, 204, 302, 303, 304, 400, 409, 410, 422}
# Their answers do not end, so only the status is read.
ENDLESS = {"stream.stream", "tv_settings.preview_stream"}
# Required query strings.
QUERIES = {
    "panels.inbox_new_items": "?seen=3:3:",
    "panels.batch": "?names=revenue",
    "panels.orders_rows": "?ids=1,2,3&since=0",
}


def _rows() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in TABLE.strip().splitlines():
        name, *answers = line.split()
        if name == "#":
            continue
        assert len(answers) == len(COLUMNS), f"{name} has {len(answers)} answers; {len(COLUMNS)} are needed"
        assert name not in found, f"{name} has two rows"
        found[name] = tuple(answers)
    return found


RULES = _rows()


def expected(endpoint: str, column: str) -> str:
    """The answer of the table: "yes", or a status."""
    return RULES.get(endpoint, PANEL)[COLUMNS.index(column)]
