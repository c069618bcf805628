"""Which Stripe account serves the site, or that its stand-in does: read from the environment, with every refusal.

Knows neither Django nor the stripe package, and asks nobody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from newsroom.env import Environment, parse_origin
from newsroom.local_secret import local_secret

STRIPE_API = "https://api.stripe.com"
STRIPE_PAGES = ("https://checkout.stripe.com", "https://billing.stripe.com")  # hosted checkout and portal
SANDBOX_KEY = "sk_test_sandbox_"
SECRET_KEY_FORM = re.compile(r"(sk|rk)_(test|live)_[\x21-\x7e]+")
LIVE_KEYS = ("sk_live_", "rk_live_")
PORT_STEP = 10_000
WHY_KEY = "the secret key of the Stripe account, sk_live_… or, to try, sk_test_…"
WHY_SIGNING = "the signing secret of the webhook endpoint at Stripe, whsec_…"


@dataclass(frozen=True, slots=True)
class StripeAccount:
    """`is_sandbox`: the stand-in that the demo starts, with a key made here. With an empty key payments are closed."""

    secret_key: str = field(repr=False)
    webhook_secrets: list[str] = field(repr=False)
    api_base: str
    is_sandbox: bool = False

    @property
    def is_live(self) -> bool:
        return self.secret_key.startswith(LIVE_KEYS)


def read_stripe_account(env: Environment, *, is_local: bool, site_port: int, secrets_folder: Path) -> StripeAccount:
    """The account of the environment; in local mode without a key, the stand-in beside the site. What is missing or
    must not be goes to the problems of `env`.
    """
    if is_local and not env.has("STRIPE_SECRET_KEY") and not env.has("STRIPE_API_BASE"):
        return StripeAccount(
            secret_key=SANDBOX_KEY + local_secret(secrets_folder / "stripe_key"),
            webhook_secrets=env.listed("STRIPE_WEBHOOK_SECRET")
            or [f"whsec_{local_secret(secrets_folder / 'stripe_webhook_secret')}"],
            api_base=sandbox_url(site_port),
            is_sandbox=True,
        )
    account = StripeAccount(
        secret_key=env.required("STRIPE_SECRET_KEY", WHY_KEY),
        webhook_secrets=env.required_list("STRIPE_WEBHOOK_SECRET", WHY_SIGNING),
        api_base=env.parsed("STRIPE_API_BASE", STRIPE_API, parse_origin),
    )
    if problem := refusal(account, is_local=is_local, may_stand_in=is_local or env.flag("ALLOW_STRIPE_SANDBOX")):
        env.problems.append(problem)
    return account


def refusal(account: StripeAccount, *, is_local: bool, may_stand_in: bool) -> str:
    """Why the site must not start with this account, or nothing. Never names the key."""
    is_stripe = account.api_base == STRIPE_API
    is_sandbox_key = account.secret_key.startswith(SANDBOX_KEY)
    if account.secret_key and not SECRET_KEY_FORM.fullmatch(account.secret_key):
        return "STRIPE_SECRET_KEY is no secret key: it must begin with sk_live_, rk_live_, sk_test_ or rk_test_"
    if is_sandbox_key and not may_stand_in:
        return "STRIPE_SECRET_KEY is a key of the stand-in, which pays nobody: on a public host give one of Stripe's"
    if not is_stripe and not may_stand_in:
        return (
            f"STRIPE_API_BASE must be {STRIPE_API} on a public host (a trial with the stand-in: ALLOW_STRIPE_SANDBOX=1)"
        )
    if account.is_live and is_local:
        return "STRIPE_SECRET_KEY is a live key, and this is local mode, where no money must move: give a test key"
    if account.is_live and not is_stripe:
        return f"STRIPE_API_BASE must be {STRIPE_API} with a live key"
    if is_sandbox_key and is_stripe:
        return "STRIPE_API_BASE is missing: STRIPE_SECRET_KEY is a key of the stand-in, whose address must be given"
    return ""


def sandbox_url(site_port: int) -> str:
    """Where the stand-in of a site in local mode answers."""
    return f"http://127.0.0.1:{sandbox_port(site_port)}"


def sandbox_port(site_port: int) -> int:
    return site_port + PORT_STEP if site_port + PORT_STEP <= 65535 else site_port - PORT_STEP
