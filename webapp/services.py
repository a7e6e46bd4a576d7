"""The services of a running app: one typed object, built once by `create_app`.

Routes and commands take a service from here. The packages below receive what they need as arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import cast

import redis
from flask import Flask, current_app

from . import redis_client
from .accounts.password_reset import PasswordResets
from .accounts.sightings import Sightings
from .accounts.sign_in import SignIns
from .accounts.user_cache import UserCache
from .comments.limit import CommentLimit
from .concurrency.download_limit import DownloadLimit
from .concurrency.search_limit import SearchLimit
from .config import Config
from .doctor import readiness
from .doctor.readiness import HealthMonitor
from .invitations.limits import InvitationLimits
from .mail.mailer import Mailer
from .panels.cache import RenderCache
from .panels.scheduler import RenderScheduler
from .rate_limit.requests import RequestLimits
from .relay.notice import RelayNotices
from .second_factor.checks import SecondFactors
from .signals.log_follower import SignalLogs
from .sso.discovery import ProviderCache
from .sso.limit import SsoLimit
from .streams.hub import Hub
from .streams.opening import StreamOpener
from .streams.revocation import Revocations
from .tv.unknown_limit import UnknownTvLimit

KEY = "doorbell"


@dataclass(frozen=True)
class Services:
    """The objects that live as long as the app, beside Flask's extensions."""

    config: Config
    redis: redis.Redis
    users: UserCache
    sightings: Sightings
    sign_ins: SignIns
    password_resets: PasswordResets
    mail: Mailer
    second_factors: SecondFactors
    signal_logs: SignalLogs
    renders: RenderScheduler
    searches: SearchLimit
    downloads: DownloadLimit
    comment_limit: CommentLimit
    request_limits: RequestLimits
    health: HealthMonitor
    hub: Hub
    streams: StreamOpener
    relay_notices: RelayNotices
    unknown_tv_limit: UnknownTvLimit
    invitation_limits: InvitationLimits
    providers: ProviderCache
    sso_limit: SsoLimit


def init_app(app: Flask, config: Config) -> Services:
    """Build the services. None of them connects before its first use."""
    client = redis_client.connect(config.redis_url)
    users = UserCache(app, idle=timedelta(days=config.session_idle_days) if config.session_idle_days else None)
    hub = Hub(config, Revocations(app, users))
    built = app.extensions[KEY] = Services(
        config=config,
        redis=client,
        users=users,
        sightings=Sightings(app, users, hub.session_ids),
        sign_ins=SignIns(client),
        password_resets=PasswordResets(client),
        mail=Mailer(app, config.mail),
        second_factors=SecondFactors(client, (config.secret_key, *config.secret_key_fallbacks)),
        signal_logs=SignalLogs(config.redis_url),
        renders=RenderScheduler(RenderCache()),
        searches=SearchLimit(),
        downloads=DownloadLimit(),
        comment_limit=CommentLimit(client),
        request_limits=RequestLimits(client),
        health=readiness.monitor_of(app, client),
        hub=hub,
        streams=StreamOpener(hub, users, config.stream_transport),
        relay_notices=RelayNotices(client),
        unknown_tv_limit=UnknownTvLimit(client),
        invitation_limits=InvitationLimits(client),
        providers=ProviderCache(),
        sso_limit=SsoLimit(client),
    )
    return built


def services(app: Flask | None = None) -> Services:
    """The services of `app`, or of the current app."""
    return cast(Services, (app or current_app).extensions[KEY])
