"""`flask push-keys`: new keys for push notifications."""

from __future__ import annotations

import click

from . import echo


@click.command("push-keys")
@click.option("--subject", default="mailto:admin@example.com", help="How push services reach you: mailto: or https:.")
def push_keys(subject: str) -> None:
    """Print the two settings with which push notifications can be turned on.

    Set them for the web and relay processes, and keep the private key: with another one each browser has to turn push
    notifications on again.
    """
    from ..push.vapid import new_private_key

    echo(f"VAPID_PRIVATE_KEY={new_private_key()}\nVAPID_SUBJECT={subject}")
