"""What is sent in place of a passkey is refused in words."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from tests import make
from tests.accounts import doors

pytestmark = pytest.mark.django_db

ADD, LOGIN = "/account/passkeys/webauthn/add/", "/account/passkeys/webauthn/login/"


def coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


CLIENT_DATA = coded(
    json.dumps({"type": "webauthn.create", "challenge": coded(b"x" * 32), "origin": "http://testserver"}).encode()
)
ATTESTATION = b"\xa3cfmtdnoneg" + b"attStmt\xa0" + b"hauthDataX"
KEY: dict[str, Any] = {"id": "eA", "rawId": "eA", "type": "public-key"}
MALFORMED: dict[str, Any] = {
    "a number for an id": {"id": 1, "rawId": "x", "response": {}, "type": "public-key"},
    "no response": KEY,
    "a number for a response": {**KEY, "response": 5},
    "an empty response": {**KEY, "response": {}},
    "no client data": {**KEY, "response": {"attestationObject": coded(ATTESTATION + b"\x01x")}},
    "no attestation": {**KEY, "response": {"clientDataJSON": CLIENT_DATA}},
    "client data that is no JSON": {**KEY, "response": {"clientDataJSON": "eA", "attestationObject": "oA"}},
    "client data that is a list": {**KEY, "response": {"clientDataJSON": coded(b"[]"), "attestationObject": "oA"}},
    "an attestation that is no CBOR": {**KEY, "response": {"clientDataJSON": CLIENT_DATA, "attestationObject": "_w"}},
    "an empty attestation": {**KEY, "response": {"clientDataJSON": CLIENT_DATA, "attestationObject": ""}},
    "an attestation with nothing in it": {
        **KEY,
        "response": {"clientDataJSON": CLIENT_DATA, "attestationObject": "oA"},
    },
    "too short authenticator data": {
        **KEY,
        "response": {"clientDataJSON": CLIENT_DATA, "attestationObject": coded(ATTESTATION + b"\x01x")},
    },
    "authenticator data cut off in the key": {
        **KEY,
        "response": {
            "clientDataJSON": CLIENT_DATA,
            "attestationObject": coded(ATTESTATION + b"\x30" + b"x" * 32 + b"\x41" + b"x" * 15),
        },
    },
    "a challenge that nobody gave": {
        **KEY,
        "response": {
            "clientDataJSON": CLIENT_DATA,
            "attestationObject": coded(ATTESTATION + b"\x25" + b"x" * 32 + b"\x01" + b"\0" * 4),
        },
    },
    "a half number": {**KEY, "response": {"clientDataJSON": CLIENT_DATA, "attestationObject": coded(b"\x19\x00")}},
    "no map": {**KEY, "response": {"clientDataJSON": CLIENT_DATA, "attestationObject": "gA"}},
    "a list": [1],
    "a text": "x",
}


@pytest.mark.parametrize("credential", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_passkey_is_refused_in_words(credential: Any, registered: Client) -> None:
    registered.get(ADD)
    response = registered.post(ADD, {"name": "Mine", "credential": json.dumps(credential)})
    assert response.status_code == 400
    assert "This passkey could not be added. Please try again." in response.content.decode()
    assert not Authenticator.objects.exists()


def test_the_page_offers_a_key_that_is_enough_alone(registered: Client) -> None:
    text = registered.get(ADD).content.decode()
    assert "<h1>Add a passkey</h1>" in text
    assert ">Log in with this passkey alone</label>" in text
    form = registered.get(ADD).context["form"]
    assert (form["name"].value(), form["passwordless"].value()) == ("Passkey", True)


def signed(authenticator_data: bytes) -> dict[str, Any]:
    response = {"clientDataJSON": CLIENT_DATA, "authenticatorData": coded(authenticator_data), "signature": "eA"}
    return {**KEY, "response": response}


UNSIGNED: dict[str, Any] = {
    "no response": KEY,
    "a number for a response": {**KEY, "response": 5},
    "a number for a user": {**KEY, "response": {**signed(b"x" * 37)["response"], "userHandle": 5}},
    "too short": signed(b"x"),
    "extensions that are missing": signed(b"x" * 32 + b"\x81" + b"\0" * 4),
    "extensions that are cut off": signed(b"x" * 32 + b"\x81" + b"\0" * 4 + b"\x19\x00"),
    "a key that is cut off": signed(b"x" * 32 + b"\x41" + b"\0" * 4 + b"x" * 18),
    "a list": [1],
}


@pytest.mark.parametrize("credential", UNSIGNED.values(), ids=UNSIGNED.keys())
def test_what_no_passkey_has_signed_logs_nobody_in(credential: Any, stranger: Client) -> None:
    stranger.get(LOGIN, headers={"Accept": "application/json"})
    response = stranger.post(LOGIN, {"credential": json.dumps(credential)})
    assert response["Location"] == "/account/login/"
    assert not doors.is_logged_in(stranger)


def test_a_second_step_without_a_passkey_is_refused_too() -> None:
    user = make.user("owner@example.org")
    TOTP.activate(user, generate_totp_secret())
    credential = json.dumps(UNSIGNED["extensions that are missing"])
    fresh = Client()
    doors.ask_at_login(fresh, user.email)
    doors.type_code(fresh, doors.mailed_code(user.email))
    assert fresh.post("/account/passkeys/authenticate/", {"credential": credential}).status_code == 200
    assert not doors.is_logged_in(fresh)
