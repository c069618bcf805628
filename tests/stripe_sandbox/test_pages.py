"""The stand-in's own pages: what they show, what their forms do, and whom they refuse."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from stripe_sandbox.markup import BANNER, FORM_TOKEN, element, link, money
from stripe_sandbox.pages import Answer, handle

MARCH = 1_804_000_000  # 2 March 2027
SUCCESS = "http://localhost:8000/subscribe/welcome/?session_id={CHECKOUT_SESSION_ID}"
PRICE = {
    "id": "price_1",
    "unit_amount": 8900,
    "currency": "usd",
    "product": "prod_1",
    "recurring": {"interval": "year", "interval_count": 1},
}


@dataclass
class Post:
    mode: str = "normal"
    attempts: list[tuple[str, int | str]] = field(default_factory=list)
    flushed: int = 0

    def flush(self) -> int:
        self.flushed += 1
        return 0


@dataclass
class Fake:
    """The Sandbox's surface over a dict, with the calls that the pages made."""

    delivery: Post = field(default_factory=Post)
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    done: list[tuple[Any, ...]] = field(default_factory=list)

    def now(self) -> int:
        return int(time.time()) + 31 * 86400

    def get(self, object_id: str) -> dict[str, Any]:
        return self.known[object_id]

    def objects(self, kind: str) -> list[dict[str, Any]]:
        return [each for each in self.known.values() if each["object"] == kind]

    def pay(self, session_id: str, card: str, *, email: str = "") -> dict[str, Any]:
        self.done.append(("pay", session_id, card, *([email] if email else [])))
        if card in ("succeeds", "fails_at_renewal"):
            self.known[session_id]["status"] = "complete"
        return {}

    def apply_code(self, session_id: str, code: str) -> str:
        self.done.append(("code", session_id, code))
        return ""

    def give_address(self, session_id: str, country: str, tax_id: str) -> None:
        self.done.append(("address", session_id, country, tax_id))

    def asks_for_country(self, session_id: str) -> bool:
        return False

    def asks_for_card(self, session_id: str) -> bool:
        return True

    def countries(self) -> list[str]:
        return ["DE"]

    def awaits_debit(self, session_id: str) -> bool:
        return False

    def confirm_3ds(self, session_id: str, ok: bool) -> None:
        self.done.append(("confirm_3ds", session_id, ok))
        if ok:
            self.known[session_id]["status"] = "complete"

    def portal_cancel(self, subscription_id: str) -> None:
        self.done.append(("cancel", subscription_id))
        self.known[subscription_id]["cancel_at"] = MARCH

    def portal_keep(self, subscription_id: str) -> None:
        self.done.append(("keep", subscription_id))

    def set_card(self, customer_id: str, card: str) -> None:
        self.done.append(("card", customer_id, card))

    def advance(self, *, days: int) -> None:
        self.done.append(("advance", days))

    def advance_to_period_end(self, subscription_id: str) -> None:
        self.done.append(("period end", subscription_id))

    def fail(self, *, status: int, count: int, path: str) -> None:
        self.done.append(("fail", status, count, path))


def subscription(name: str, customer: str) -> dict[str, Any]:
    items = {"data": [{"price": PRICE, "current_period_end": MARCH}]}
    return {
        "id": name,
        "object": "subscription",
        "customer": customer,
        "status": "active",
        "items": items,
        "created": MARCH - 9,
    }


@pytest.fixture
def sandbox() -> Fake:
    line = {"description": "Annual <b>", "quantity": 1, "price": PRICE}
    session = {"id": "cs_1", "object": "checkout.session", "status": "open", "currency": "usd", "amount_total": 8900}
    session |= {"success_url": SUCCESS, "cancel_url": "http://localhost:8000/subscribe/", "customer": "cus_1"}
    session |= {"line_items": {"data": [line]}}
    portal = {"id": "bps_1", "object": "billing_portal.session", "customer": "cus_1"}
    event = {
        "id": "evt_1",
        "object": "event",
        "type": "invoice.paid",
        "created": MARCH,
        "data": {"object": {"id": "in_1"}},
    }
    invoice = {"id": "in_1", "object": "invoice", "number": "N-0001", "customer": "cus_1", "created": MARCH - 9}
    objects: list[dict[str, Any]] = [
        session,
        portal | {"return_url": "http://localhost:8000/account/"},
        {"id": "cus_1", "object": "customer", "email": "ann@example.org"},
        {"id": "cus_2", "object": "customer", "email": "bob@example.org"},
        {"id": "prod_1", "object": "product", "name": "Annual"},
        subscription("sub_1", "cus_1"),
        subscription("sub_2", "cus_2"),
        invoice | {"total": 8900, "currency": "usd", "status": "paid"},
        event,
    ]
    return Fake(known={each["id"]: each for each in objects})


def get(sandbox: Fake, path: str, **query: str) -> Answer:
    return handle(sandbox, "GET", path, query, {})


def post(sandbox: Fake, address: str, /, **form: str) -> Answer:
    return handle(sandbox, "POST", address, {}, {"token": FORM_TOKEN} | form)


@pytest.mark.parametrize("path", ["/c/pay/cs_1", "/c/pay/cs_1/3ds", "/p/session/bps_1", "/sandbox/", "/c/pay/none"])
def test_every_page_says_that_no_money_moves_and_allows_no_script(sandbox: Fake, path: str) -> None:
    answer = get(sandbox, path)
    assert BANNER in answer.html
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "<script" not in answer.html
    assert " style=" not in answer.html


def test_the_payment_page_shows_what_is_bought_and_escapes_it(sandbox: Fake) -> None:
    text = get(sandbox, "/c/pay/cs_1").html
    for part in ("Annual &lt;b&gt;", "$89.00 a year", "ann@example.org", ">Pay $89.00</button>", ">Go back</a>"):
        assert part in text
    assert "Annual <b>" not in text


@pytest.mark.parametrize(
    ("typed", "card"),
    [
        ({"card": "succeeds"}, "succeeds"),
        ({"card": "fails_at_renewal"}, "fails_at_renewal"),
        ({"card": "4242 4242 4242 4242"}, "succeeds"),
        ({"card": "declined", "number": "4000-0000-0000-0341"}, "fails_at_renewal"),
    ],
)
def test_a_good_card_leads_to_the_success_page_with_the_session_in_it(
    sandbox: Fake, typed: dict[str, str], card: str
) -> None:
    answer = post(sandbox, "/c/pay/cs_1", **typed)
    assert (answer.status, answer.location) == (303, SUCCESS.replace("{CHECKOUT_SESSION_ID}", "cs_1"))
    assert sandbox.done == [("pay", "cs_1", card)]


def test_the_policy_lets_the_payment_form_lead_to_the_site(sandbox: Fake) -> None:
    for path in ("/c/pay/cs_1", "/c/pay/cs_1/3ds"):
        policy = get(sandbox, path).headers["Content-Security-Policy"]
        assert "form-action 'self' http://localhost:8000;" in policy


def test_an_address_is_asked_for_only_where_none_is_known(sandbox: Fake) -> None:
    assert 'name="email"' not in get(sandbox, "/c/pay/cs_1").html
    sandbox.known["cs_1"]["customer"] = None
    assert 'name="email"' in get(sandbox, "/c/pay/cs_1").html
    assert "Please give your e-mail address." in post(sandbox, "/c/pay/cs_1", card="succeeds").html
    assert post(sandbox, "/c/pay/cs_1", card="succeeds", email="eve@example.org").status == 303
    assert sandbox.done == [("pay", "cs_1", "succeeds", "eve@example.org")]


def test_a_declined_card_is_told_in_words_and_can_be_changed(sandbox: Fake) -> None:
    answer = post(sandbox, "/c/pay/cs_1", card="declined")
    assert answer.status == 200
    assert re.search(r'role="alert">Your card was declined\.<', answer.html)
    assert post(sandbox, "/c/pay/cs_1", card="succeeds").status == 303


def test_an_unknown_number_is_neither_paid_with_nor_shown_again(sandbox: Fake) -> None:
    answer = post(sandbox, "/c/pay/cs_1", card="succeeds", number="5555444433332222")
    assert sandbox.done == []
    assert 'role="alert"' in answer.html
    assert "5555444433332222" not in answer.html


@pytest.mark.parametrize(("outcome", "is_paid"), [("complete", True), ("fail", False), ("", False)])
def test_three_d_secure_asks_and_pays_only_when_it_is_completed(sandbox: Fake, outcome: str, is_paid: bool) -> None:
    assert post(sandbox, "/c/pay/cs_1", card="needs_3ds").location == "/c/pay/cs_1/3ds"
    assert "Complete authentication" in get(sandbox, "/c/pay/cs_1/3ds").html
    answer = post(sandbox, "/c/pay/cs_1/3ds", outcome=outcome)
    assert sandbox.done[-1] == ("confirm_3ds", "cs_1", is_paid)
    assert (answer.status == 303) == is_paid
    assert ("could not authenticate" in answer.html) != is_paid


@pytest.mark.parametrize(("status", "words"), [("complete", "paid already"), ("expired", "has expired")])
@pytest.mark.parametrize("path", ["/c/pay/cs_1", "/c/pay/cs_1/3ds"])
def test_a_closed_session_says_so_and_takes_no_payment(sandbox: Fake, path: str, status: str, words: str) -> None:
    sandbox.known["cs_1"]["status"] = status
    for answer in (get(sandbox, path), post(sandbox, path, card="succeeds", outcome="complete")):
        assert words in answer.html
        assert "<form" not in answer.html
    assert sandbox.done == []


@pytest.mark.parametrize("path", ["/c/pay/no", "/c/pay/cus_1", "/p/session/no", "/p/session/cs_1", "/c/", "/sandbox/x"])
def test_an_unknown_address_is_404(sandbox: Fake, path: str) -> None:
    assert get(sandbox, path).status == 404


@pytest.mark.parametrize("token", [None, "", "guess", "café"])
@pytest.mark.parametrize("path", ["/c/pay/cs_1", "/c/pay/cs_1/3ds", "/p/session/bps_1", "/sandbox/advance"])
def test_a_form_without_the_token_does_nothing(sandbox: Fake, path: str, token: str | None) -> None:
    form = {"card": "succeeds", "outcome": "complete", "action": "cancel", "subscription": "sub_1", "days": "1"}
    form |= {} if token is None else {"token": token}
    assert handle(sandbox, "POST", path, {}, form).status == 403
    assert sandbox.done == []


def test_the_portal_shows_what_this_customer_has_and_nothing_else(sandbox: Fake) -> None:
    text = get(sandbox, "/p/session/bps_1").html
    for part in ("Annual", "$89.00 a year", "Renews on 2 March 2027", "N-0001", "Paid", "Back to localhost:8000"):
        assert part in text
    assert "sub_1" in text
    assert "sub_2" not in text


def test_cancelling_is_asked_first_then_done_and_can_be_undone(sandbox: Fake) -> None:
    assert ">Cancel subscription</button>" in get(sandbox, "/p/session/bps_1", cancel="sub_1").html
    assert sandbox.done == []
    assert post(sandbox, "/p/session/bps_1", action="cancel", subscription="sub_1").status == 303
    text = get(sandbox, "/p/session/bps_1").html
    assert "Ends on 2 March 2027" in text
    assert "Don’t cancel" in text
    post(sandbox, "/p/session/bps_1", action="keep", subscription="sub_1")
    assert sandbox.done == [("cancel", "sub_1"), ("keep", "sub_1")]


def test_the_portal_changes_nobody_else_and_nothing_unknown(sandbox: Fake) -> None:
    for form in (
        {"action": "cancel", "subscription": "sub_2"},
        {"action": "keep", "subscription": "cus_1"},
        {"action": "card", "card": "declined"},
        {},
    ):
        assert post(sandbox, "/p/session/bps_1", **form).status == 400
    assert sandbox.done == []


def test_the_portal_changes_the_card(sandbox: Fake) -> None:
    assert post(sandbox, "/p/session/bps_1", action="card", card="fails_at_renewal").status == 303
    assert sandbox.done == [("card", "cus_1", "fails_at_renewal")]


@pytest.mark.parametrize(
    ("control", "form", "done"),
    [
        ("advance", {"days": "366"}, ("advance", 366)),
        ("advance", {"subscription": "sub_1"}, ("period end", "sub_1")),
        ("fail", {"count": "3", "status": "429", "path": "/v1/checkout"}, ("fail", 429, 3, "/v1/checkout")),
    ],
)
def test_a_control_does_what_it_says_and_comes_back(
    sandbox: Fake, control: str, form: dict[str, str], done: tuple[Any, ...]
) -> None:
    answer = post(sandbox, f"/sandbox/{control}", **form)
    assert (answer.status, answer.location) == (303, "/sandbox/")
    assert sandbox.done == [done]


def test_delivery_is_chosen_and_what_is_held_is_sent(sandbox: Fake) -> None:
    assert post(sandbox, "/sandbox/delivery", mode="hold").status == 303
    assert sandbox.delivery.mode == "hold"
    assert post(sandbox, "/sandbox/flush").status == 303
    assert sandbox.delivery.flushed == 1


@pytest.mark.parametrize(
    ("control", "form"),
    [
        ("advance", {}),
        ("advance", {"days": "-1"}),
        ("advance", {"days": "99999999999999999999"}),
        ("advance", {"days": "²"}),
        ("advance", {"subscription": "cus_1"}),
        ("delivery", {"mode": "lose"}),
        ("fail", {"count": "1", "status": "404"}),
        ("fail", {"count": "0", "status": "500"}),
    ],
)
def test_a_control_refuses_what_is_not_offered(sandbox: Fake, control: str, form: dict[str, str]) -> None:
    assert post(sandbox, f"/sandbox/{control}", **form).status == 400
    assert sandbox.done == []
    assert sandbox.delivery.mode == "normal"


def test_the_control_page_shows_the_clock_the_events_and_who_there_is(sandbox: Fake) -> None:
    sandbox.delivery.attempts = [("evt_1", 500), ("evt_1", 200)]
    text = get(sandbox, "/sandbox/").html
    for part in ("Advanced by 31 days.", "invoice.paid", "in_1", "500, 200", "sub_2", "bob@example.org", "active"):
        assert part in text


def test_only_the_latest_fifty_events_are_listed(sandbox: Fake) -> None:
    for number in range(60):
        made = {"type": f"kind.{number:02}", "created": MARCH + number, "data": {"object": {}}}
        sandbox.known[f"evt_x{number}"] = {"id": f"evt_x{number}", "object": "event"} | made
    assert re.findall(r"kind\.(\d\d)", get(sandbox, "/sandbox/").html) == [f"{n:02}" for n in range(59, 9, -1)]


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (8900, "usd", "$89.00"),
        (5, "eur", "€0.05"),
        (123456789, "gbp", "£1,234,567.89"),
        (500, "jpy", "¥500"),
        (1234, "kwd", "KWD 1.234"),
        (-900, "chf", "−CHF 9.00"),
        (0, "usd", "$0.00"),
    ],
)
def test_money_is_written_with_the_places_of_its_currency(amount: int, currency: str, text: str) -> None:
    assert money(amount, currency) == text


def test_text_cannot_become_markup_and_no_script_hides_in_a_link() -> None:
    assert element("p", "<i>", title='"') == '<p title="&quot;">&lt;i&gt;</p>'
    assert "href" not in link("x", "javascript:alert(1)")
