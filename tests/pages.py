"""The one list of page types. The checks in a browser (tests/browser/test_page_types.py), the HTML checker and
`make screenshots` walk it.

To add a page, add one row to PAGES where it belongs: a name that nobody else has, and the address.

    PageType("feeds", "/feeds/"),

If only some readers see it, say `who`; if it is no 200, say `status`. If an address alone does not lead there (it
answers a POST, it needs something to fail), write a function in tests/page_ways.py that takes a browser of `who` and
returns the answer, and name it instead of the address. If it shows a row that is not there yet, make the row in
tests/page_library.py. Every page is asked for in a transaction that is rolled back: no row disturbs another.

A row that is a mere state of another type says `of`: the same template and sheets, with a sentence, a field or a list
that is other or missing. A type is loaded on a phone and on a desk, a state on a phone alone: what it says is looked at
there by axe, by day and by night, and it is laid out at every width as ever, yet no sheet or script comes in that its
type has not been watched with on a desk. tests/test_page_list.py holds a state to the template and sheets of its type.
Where in doubt, and where a long or an odd text or another picture changes how the page is laid out, it is a type.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.test import override_settings

from tests import migrated_rows, page_library, page_ways
from tests import page_ways_changes as changes
from tests import page_ways_groups as groups
from tests import page_ways_leaving as leaving
from tests import page_ways_money as money
from tests import page_ways_once as once
from tests.page_library import Who, browser_of
from tests.page_ways import Way


@dataclass(frozen=True, slots=True)
class PageType:
    name: str
    way: str | Way  # its address, or how to get there
    who: Who = "stranger"
    status: int = 200
    of: str = ""  # the page type of which it is a mere state

    def __str__(self) -> str:
        return self.name


PAGES: list[PageType] = [
    # Lists
    PageType("front", "/"),
    PageType("front for a subscriber", "/", "subscriber", of="front"),
    PageType("empty front", page_ways.front_of_nothing),
    PageType("section", "/sections/security/"),
    PageType("section, page 2", page_ways.second_page, of="section"),
    PageType("empty section", "/sections/diplomacy/", of="section"),
    PageType("topic", "/topics/ports/"),
    PageType("author", "/authors/ilse-marchetti/"),
    PageType("series", "/series/the-long-harbour/"),
    PageType("archive", "/archive/"),
    PageType("archive of a month", "/archive/2025/03/"),
    PageType("sections", "/sections/"),
    PageType("topics", "/topics/"),
    PageType("authors", "/authors/"),
    PageType("all series", "/series/"),
    # What is open, and why
    PageType("what is open", "/access/"),
    PageType("what is open to a registered reader", "/access/", "registered", of="what is open"),
    PageType("what is open to a subscriber", "/access/", "subscriber", of="what is open"),
    PageType("what is open while paused", changes.open_while_paused, "payer", of="what is open"),
    PageType("why an article does not open", "/access/?article=harbour-1"),
    PageType(
        "why an article does not open, allowance used",
        "/access/?article=harbour-1",
        "spent",
        of="why an article does not open",
    ),
    PageType("why an article opens", "/access/?article=harbour-1", "subscriber", of="why an article does not open"),
    PageType("why, of no article", "/access/?article=nothing-here", status=404),
    PageType("why, of a withdrawn article", "/access/?article=withdrawn-story", status=410, of="why, of no article"),
    # Search
    PageType("search", "/search/"),
    PageType("search with hits", "/search/?q=harbour"),
    PageType("search narrowed", "/search/?q=harbour&section=security&topic=ports&sort=date", of="search with hits"),
    PageType("search for a subscriber", "/search/?q=berth+clerks", "subscriber"),
    PageType("search without hits", "/search/?q=nothingatall"),
    PageType("search for small words", "/search/?q=the", of="search without hits"),
    PageType("feeds", "/feeds/"),
    # Articles
    PageType("article at the gate", "/articles/harbour-1/"),
    PageType("article at the gate, without photo", "/articles/harbour-3/"),
    PageType("article at the gate, lapsed", "/articles/harbour-1/", "lapsed", of="article at the gate"),
    PageType("article at the gate, paused", changes.gate_while_paused, "payer", of="article at the gate"),
    PageType("article at the gate, allowance used", "/articles/harbour-1/", "spent", of="article at the gate"),
    PageType("article at the gate, free for strangers", page_ways.offered_to_strangers, of="article at the gate"),
    PageType("article by a stranger's free read", page_ways.read_by_a_stranger, of="article for a subscriber"),
    PageType("no free article for strangers", page_ways.no_more_for_strangers, status=429),
    PageType(
        "article at the gate, light plan used up", page_ways.light_plan_used_up, "payer", of="article at the gate"
    ),
    PageType("article at the registration", "/articles/registered-story/"),
    PageType("article with a read to spend", page_ways.fetched_ahead, "registered"),
    PageType("article by a free read", "/articles/harbour-1/", "registered", of="article for a subscriber"),
    PageType("article for a subscriber", "/articles/harbour-1/", "subscriber"),
    PageType("article for an editor", "/articles/harbour-1/", "editor", of="article for a subscriber"),
    PageType("free article", "/articles/free-story/"),
    PageType("article by a gift", page_ways.by_a_gift, of="article for a subscriber"),
    PageType("article by a link in a mail", page_ways.by_a_mail_link, of="article for a subscriber"),
    PageType("corrections", "/corrections/"),
    PageType("article with footnotes and corrections", "/articles/noted-story/"),
    PageType("article with footnotes, at the gate", "/articles/noted-premium/"),
    PageType("article with open blocks, at the gate", "/articles/partly-open-story/"),
    PageType("article with blocks for a subscriber", "/articles/partly-open-story/", "subscriber"),
    PageType("free article with blocks for subscribers", "/articles/partly-closed-story/"),
    PageType("right-to-left article", "/articles/harbour-in-arabic/"),
    PageType("very long article", "/articles/long-story/"),
    PageType("very short article", "/articles/short-story/"),
    # The gate's own pages and the subscription
    PageType("plans", "/subscribe/"),
    PageType("plans for a subscriber", "/subscribe/", "payer", of="plans"),
    PageType("plans with a code", "/subscribe/?code=SPRING", of="plans"),
    PageType("plans with a trial", money.plans_with_a_trial, of="plans"),
    PageType("plans with an offer by link", money.plans_with_an_offer, of="plans"),
    PageType("what a code gives", money.code),
    PageType("plans, offer that has ended", "/subscribe/?offer=former", status=404, of="plans"),
    PageType("gate with an error", page_ways.gate_error, status=400),
    PageType("payments not open", page_ways.payments_not_open),
    PageType("payments away", page_ways.payments_away, status=503),
    PageType("welcome", "/subscribe/welcome/?session_id=cs_paid", "payer"),
    PageType("welcome, waiting", "/subscribe/welcome/?session_id=cs_open", "payer"),
    PageType(
        "welcome, waiting for long", "/subscribe/welcome/?session_id=cs_open&look=40", "payer", of="welcome, waiting"
    ),
    PageType("welcome, not paid", "/subscribe/welcome/?session_id=cs_expired", "payer"),
    PageType("welcome elsewhere", "/subscribe/welcome/?session_id=cs_paid", status=404),
    PageType("cancel", page_ways.cancel, "payer"),
    PageType("cancel or withdraw", "/cancel/"),
    PageType("cancel or withdraw, with a mistake", leaving.form_with_mistakes, status=400, of="cancel or withdraw"),
    PageType("declaration received", leaving.received),
    PageType("declaration received, wrong code", leaving.wrong_code, status=400, of="declaration received"),
    PageType("declaration received by name", leaving.received_by_name, of="declaration received"),
    PageType("declaration carried out", leaving.done),
    PageType("cancel, or less of it", changes.cancel_by_the_month, "payer", of="cancel"),
    PageType("change of plan", changes.change, "payer"),
    PageType("change of plan, not now", changes.no_change, "payer", of="change of plan"),
    PageType("what a change costs", changes.upgrade, "payer"),
    PageType("what a change costs later", changes.downgrade, "payer", of="what a change costs"),
    PageType("what a change costs by now", changes.change_stale, "payer", status=409, of="what a change costs"),
    PageType("account with a change to come", changes.change_planned, "payer", of="account of a payer"),
    PageType("account with a change to be paid", changes.change_unpaid, "payer", of="account of a payer"),
    PageType("pause", changes.pause, "payer"),
    PageType("no pause", changes.no_pause, "payer", of="pause"),
    PageType("account of who pauses", changes.paused, "payer", of="account of a payer"),
    PageType("resume", changes.resume, "payer"),
    PageType("resume before it is paused", changes.resume_before, "payer", of="resume"),
    # What is paid once
    PageType("article at the gate, sold by itself", once.at_the_gate, of="article at the gate"),
    PageType("why an article does not open, sold by itself", once.why_with_an_offer),
    PageType("plans with passes", once.plans_with_passes),
    PageType("not bought", once.not_bought, status=400),
    PageType("gift shop", once.gift_shop),
    PageType("gift shop, closed", "/gift-subscription/", of="gift shop"),
    PageType("gift shop, refused", once.gift_refused, status=400),
    PageType("gift to redeem", once.redeem),
    PageType("gift to redeem, logged in", once.redeem, "registered", of="gift to redeem"),
    PageType("gift redeemed already", once.redeemed_already, status=410, of="gift to redeem"),
    PageType("gift of nobody", "/gift-subscription/nothing/", status=404),
    PageType("gift card", once.card, "payer"),
    PageType("gifts given", once.gifts_given, "payer"),
    PageType("no gifts given", "/account/gift-subscriptions/", "payer", of="gifts given"),
    PageType("welcome to a pass", once.welcome_pass, "payer"),
    PageType("welcome to a gift", once.welcome_gift, "payer", of="welcome to a pass"),
    # Groups
    PageType("plans with seats", groups.plans_with_seats),
    PageType("group", groups.group, "payer"),
    PageType("group without readers", groups.group_at_first, "payer", of="group"),
    PageType("group that has ended", groups.group_ended, "payer", of="group"),
    PageType("group, invitations refused", groups.invitations_refused, "payer", status=400, of="group"),
    PageType("no group", "/account/group/", "registered"),
    PageType("group's reader to be removed", groups.reader_to_be_removed, "payer"),
    PageType(
        "group's invitation to be withdrawn",
        groups.invitation_to_be_withdrawn,
        "payer",
        of="group's reader to be removed",
    ),
    PageType("more seats", groups.more_seats, "payer"),
    PageType("fewer seats", groups.fewer_seats, "payer", of="more seats"),
    PageType("seat to be given up", groups.seat_to_be_given_up, "registered"),
    PageType("invitation to a seat", groups.invitation, "registered"),
    PageType("invitation, not logged in", groups.invitation, of="invitation to a seat"),
    PageType(
        "invitation for somebody else", groups.invitation_for_somebody_else, "registered", of="invitation to a seat"
    ),
    PageType(
        "invitation to a full group",
        groups.invitation_to_a_full_group,
        "registered",
        status=409,
        of="invitation to a seat",
    ),
    PageType("invitation that is not valid", "/group/invitation/none/", status=404),
    PageType("account of who has a seat", groups.account_with_a_seat, "registered", of="account of a payer"),
    # Logging in and the account
    PageType("login", "/account/login/"),
    PageType("login with an error", page_ways.login_error, status=400, of="login"),
    PageType("code entry", page_ways.code_entry),
    PageType("code entry with an error", page_ways.code_error, status=400, of="code entry"),
    PageType("code entry, sent again", page_ways.code_resent, of="code entry"),
    PageType("code that has ended", page_ways.code_ended, status=400),
    PageType("password reset", "/account/password/reset/"),
    PageType("password reset code", page_ways.password_reset_code),
    PageType("password set", "/account/password/set/", "registered"),
    PageType("password change", "/account/password/change/", "with_password"),
    PageType("account", "/account/", "registered"),
    PageType("account of a payer", "/account/", "payer"),
    PageType("account of who has cancelled", page_ways.subscription_cancelled, "payer", of="account of a payer"),
    PageType("account of who has not paid", page_ways.subscription_unpaid, "payer", of="account of a payer"),
    PageType("account of a subscriber", "/account/", "subscriber", of="account of a payer"),
    PageType("account with cards and invoices", money.with_cards, "payer", of="account of a payer"),
    PageType("article while a payment fails", money.article_while_unpaid, "payer", of="article for a subscriber"),
    PageType("invoices", money.invoices, "payer"),
    PageType("no invoices", "/account/invoices/", "payer", of="invoices"),
    PageType("account of a long address", page_ways.account_of_a_long_address, "registered"),
    PageType("e-mail addresses", "/account/email/", "registered"),
    PageType("own feed, to be made", "/account/feed/", "subscriber"),
    PageType("own feed, for subscribers alone", "/account/feed/", "registered", of="own feed, to be made"),
    PageType("own feed, made", page_ways.feed_made, "subscriber"),
    PageType("institution, network not known", "/access/institution/?next=/articles/harbour-1/"),
    PageType("institution's usage", page_ways.institution_usage, "registered"),
    PageType("institution's usage, for librarians alone", "/account/institution/", "registered"),
    PageType("article by an institution", page_ways.on_campus, of="article for a subscriber"),
    PageType("gift to be made", page_ways.gift_to_be_made, "subscriber"),
    PageType("gift, for subscribers alone", page_ways.gift_to_be_made, "registered", of="gift to be made"),
    PageType("gift of an open article", page_ways.gift_of_an_open_article, "subscriber", of="gift to be made"),
    PageType("gift, name refused", page_ways.gift_name_refused, "subscriber", status=400, of="gift to be made"),
    PageType("gift made", page_ways.gift_made, "subscriber"),
    PageType("gift links", page_ways.gift_links, "subscriber"),
    PageType("no gift links", "/account/gifts/", "subscriber", of="gift links"),
    PageType("reading history", page_ways.reading_erased, "spent"),
    PageType("no reading history", "/account/reading/", "registered", of="reading history"),
    PageType("reading to be erased", page_ways.reading_to_be_erased, "spent"),
    PageType("reading history to be erased", "/account/reading/erase/", "spent", of="reading to be erased"),
    PageType("saved articles", page_ways.saved, "registered"),
    PageType("no saved articles", "/account/saved/", "registered", of="saved articles"),
    PageType("article to be saved", page_ways.to_be_saved, "registered"),
    PageType("following", page_ways.following, "registered"),
    PageType("following nobody", "/account/following/", "registered", of="following"),
    PageType("author to follow", "/account/following/author/ilse-marchetti/", "registered"),
    PageType("topic that is followed", page_ways.topic_followed, "registered", of="author to follow"),
    PageType("daily mail to be stopped", page_ways.mail_to_be_stopped),
    PageType("daily mail stopped", page_ways.mail_stopped, of="daily mail to be stopped"),
    PageType("daily mail, broken link", "/account/mail/stop/1.cut-off/", status=404),
    PageType("devices", "/account/sessions/", "registered"),
    PageType("agreements", leaving.agreements, "payer"),
    PageType("copy of one's data", "/account/export/", "registered"),
    PageType("erasing the account", "/account/erase/", "registered"),
    PageType("erasing the account, code sent", leaving.erasing, "registered", of="erasing the account"),
    PageType("erasing the account, not yet", leaving.erasing_refused, "payer", of="erasing the account"),
    PageType("passkeys", "/account/passkeys/", "registered"),
    PageType("passkey to add", "/account/passkeys/webauthn/add/", "registered"),
    PageType("logout", "/account/logout/", "registered"),
    PageType("inbox of the demonstration", "/demo/inbox/"),
    # The pages of the house
    PageType("about", "/about/"),
    PageType("contact", "/contact/", of="about"),
    PageType("accessibility", "/accessibility/"),
    PageType("privacy", "/privacy/"),
    PageType("terms", "/terms/"),
    # Refusals and outages
    PageType("400", "/?q=%00", status=400),
    PageType("403", page_ways.form_from_elsewhere, status=403),
    PageType("404", "/nothing-here/", status=404),
    PageType("405", page_ways.wrong_method, status=405),
    PageType("410", "/articles/withdrawn-story/", status=410),
    PageType("413", page_ways.too_large, status=413),
    PageType("429", page_ways.too_often, status=429),
    PageType("500", page_ways.failing_view, status=500),
    PageType("503", page_ways.database_away, status=503),
    PageType("reader who cannot be looked up", page_ways.undecided, "subscriber", status=503),
]


@dataclass(slots=True)
class Shown:
    """The answer to a page type: what a browser gets, and under which path it stands."""

    path: str
    status: int
    headers: dict[str, str]
    html: str
    template: str  # the one that the view named


@dataclass(slots=True)
class Publication:
    """The library as it stands; each page is asked for once and kept."""

    kept: dict[str, Shown] = field(default_factory=dict)

    def show(self, page: PageType) -> Shown:
        if page.name not in self.kept:
            self.kept[page.name] = shown(page)
        return self.kept[page.name]


def shown(page: PageType) -> Shown:
    """Ask for the page, and leave nothing behind. Raises AssertionError where another page answers."""
    with transaction.atomic():
        browser = browser_of(page.who)
        response: HttpResponse = browser.get(page.way) if isinstance(page.way, str) else page.way(browser)
        transaction.set_rollback(True)
    request = response.request
    path = request["PATH_INFO"] + (f"?{request['QUERY_STRING']}" if request["QUERY_STRING"] else "")
    assert response.status_code == page.status, (page.name, response.status_code, response.get("Location", ""))
    headers = {name: value for name, value in response.items() if name.lower() != "content-length"}
    template = next((each.name for each in response.templates if str(each.name).endswith(".html")), "")
    return Shown(path, response.status_code, headers, response.content.decode(), template)


@contextmanager
def publication(media_root: str) -> Iterator[Publication]:
    """The library, committed for as long as the block lasts."""
    with override_settings(MEDIA_ROOT=media_root), committed():
        page_library.build()
        yield Publication()


@contextmanager
def committed() -> Iterator[None]:
    """What the block makes is there for all tests of a module. Afterwards the database is as migrations left it."""
    migrated_rows.begin_anew()
    try:
        yield
    finally:
        migrated_rows.begin_anew()


assert len({page.name for page in PAGES}) == len(PAGES), "two pages of one name"
assert {page.of for page in PAGES} - {""} <= {page.name for page in PAGES if not page.of}, "a state of no type"
assert settings.MONTHLY_ALLOWANCE == page_library.ALLOWANCE
