"""The two ceremonies of WebAuthn, by the library `webauthn`: making a passkey and asking for one. Reads and writes nothing.

The library is imported at its first use: it would be a tenth of a second of each process's start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ..models import Passkey, User
from .challenges import SECONDS, Challenge
from .relying_party import RelyingParty

_MS = SECONDS * 1000


class PasskeyInvalid(Exception):
    """The browser's answer does not prove a passkey. The text is for the log."""


@dataclass(frozen=True)
class NewPasskey:
    """The stored parts of a passkey. `is_synced`: the user's password manager keeps a copy."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: list[str]
    is_synced: bool


def user_handle(user_id: int) -> bytes:
    """The user as passkeys name them: the same for all of a user's passkeys, and no personal data."""
    return sha256(b"doorbell user %d" % user_id).digest()


def creation_options(user: User, party: RelyingParty, challenge: Challenge, known: Iterable[Passkey]) -> str:
    """JSON for navigator.credentials.create(). An authenticator that has one of the `known` passkeys makes no second one."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers import structs

    selection = structs.AuthenticatorSelectionCriteria(
        resident_key=structs.ResidentKeyRequirement.REQUIRED,
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    options = generate_registration_options(
        rp_id=party.domain,
        rp_name="Doorbell",
        user_id=user_handle(user.id),
        user_name=user.email,
        user_display_name=user.name,
        challenge=challenge.value,
        timeout=_MS,
        authenticator_selection=selection,
        exclude_credentials=_descriptors(known),
    )
    return options_to_json(options)


def request_options(party: RelyingParty, challenge: Challenge, allowed: Iterable[Passkey]) -> str:
    """JSON for navigator.credentials.get(). Without `allowed` the user chooses among all passkeys of the domain."""
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers import structs

    options = generate_authentication_options(
        rp_id=party.domain,
        challenge=challenge.value,
        timeout=_MS,
        allow_credentials=_descriptors(allowed) or None,
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


def new_passkey(answer: Mapping[str, Any], party: RelyingParty, challenge: Challenge) -> NewPasskey:
    """The passkey that a browser has made. Raises PasskeyInvalid."""
    from webauthn import verify_registration_response
    from webauthn.helpers.exceptions import WebAuthnException
    from webauthn.helpers.parse_registration_credential_json import parse_registration_credential_json
    from webauthn.helpers.structs import CredentialDeviceType

    try:
        credential = parse_registration_credential_json(dict(answer))
        made = verify_registration_response(
            credential=credential,
            expected_challenge=challenge.value,
            expected_rp_id=party.domain,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError) as error:
        raise PasskeyInvalid(str(error)) from error
    transports = [transport.value for transport in credential.response.transports or ()]
    is_synced = made.credential_device_type == CredentialDeviceType.MULTI_DEVICE
    return NewPasskey(made.credential_id, made.credential_public_key, made.sign_count, transports, is_synced)


def credential_id(answer: Mapping[str, Any]) -> bytes:
    """The id of the passkey that has answered. Raises PasskeyInvalid."""
    from webauthn.helpers import base64url_to_bytes

    try:
        return base64url_to_bytes(str(answer["id"]))
    except (KeyError, ValueError) as error:
        raise PasskeyInvalid(f"no credential id: {error}") from None


def verified_count(answer: Mapping[str, Any], party: RelyingParty, challenge: Challenge, passkey: Passkey) -> int:
    """The sign counter of an answer by this passkey, whose user was verified. Raises PasskeyInvalid.

    A counter that does not grow is refused: two devices then have the same key. Synced passkeys always count 0.
    """
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException
    from webauthn.helpers.parse_authentication_credential_json import parse_authentication_credential_json

    try:
        credential = parse_authentication_credential_json(dict(answer))
        handle = credential.response.user_handle
        if handle is not None and handle != user_handle(passkey.user_id):
            raise PasskeyInvalid("the passkey names another user")
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge.value,
            expected_rp_id=party.domain,
            expected_origin=party.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError) as error:
        raise PasskeyInvalid(str(error)) from error
    return verified.new_sign_count


def _descriptors(passkeys: Iterable[Passkey]) -> list[Any]:
    from webauthn.helpers import structs

    return [
        structs.PublicKeyCredentialDescriptor(
            id=passkey.credential_id,
            transports=[structs.AuthenticatorTransport(transport) for transport in passkey.transports],
        )
        for passkey in passkeys
    ]
