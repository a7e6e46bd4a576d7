"""HTTP only: each module serves one resource, and calls accounts, orders, queries, panels or notifications."""

from __future__ import annotations

from flask import Flask

from .. import stream
from . import (
    access,
    attached,
    audit_log,
    auth,
    background_alerts,
    board,
    board_settings,
    comments,
    connect,
    downloads,
    health,
    history,
    import_actions,
    import_parts,
    imports,
    inbox,
    installation,
    invitation,
    metrics,
    notification_settings,
    order_actions,
    orders,
    orders_list,
    page_parts,
    panel_fast_path,
    panels,
    passkeys,
    password_reset,
    privacy,
    privacy_parts,
    push,
    recent_check,
    relay,
    relay_actions,
    relay_parts,
    second_factor,
    second_step,
    security,
    service_worker,
    settings,
    sign_in_settings,
    single_sign_on,
    sso_settings,
    stream_fast_path,
    targets,
    tv,
    tv_settings,
    user_invitations,
    users,
    users_parts,
    workspace,
    workspace_parts,
)
from .order_number import OrderNumber

_MODULES = (
    auth,
    password_reset,
    second_step,
    second_factor,
    passkeys,
    recent_check,
    single_sign_on,
    sso_settings,
    board,
    board_settings,
    settings,
    security,
    workspace,
    sign_in_settings,
    privacy,
    inbox,
    notification_settings,
    orders,
    order_actions,
    comments,
    downloads,
    history,
    connect,
    imports,
    relay,
    attached,
    targets,
    tv,
    tv_settings,
    audit_log,
    users,
    invitation,
    health,
    metrics,
    service_worker,
    installation,
)


def register(app: Flask) -> None:
    app.url_map.converters["order_number"] = OrderNumber
    # These modules add routes to the blueprint of another one; importing them is enough.
    assert page_parts.bp is orders_list.bp is relay_parts.bp is import_parts.bp is workspace_parts.bp is panels.bp
    assert users_parts.bp is privacy_parts.bp is panels.bp
    assert relay_actions.bp is relay.bp
    assert user_invitations.bp is users.bp
    assert import_actions.bp is imports.bp
    assert push.bp is background_alerts.bp is notification_settings.bp
    access.serve_fragments(app, panels.bp, stream.bp)
    for module in _MODULES:
        app.register_blueprint(module.bp)
    panel_fast_path.init_app(app)
    stream_fast_path.init_app(app)
