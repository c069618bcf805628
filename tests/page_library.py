"""The small publication whose pages tests/pages.py lists: an article of each sort under an address that never changes,
and a reader of each kind.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from django.test import Client
from django.utils import timezone

from accounts.models import User
from articles.models import Article, ArticleRedirect, Correction, CorrectionKind, Status, Tier
from paywall.meters.periods import period_of
from paywall.models import MeteredRead
from subscriptions.models import CheckoutAttempt, Lead, Plan
from tests import make

type Who = Literal["stranger", "registered", "spent", "lapsed", "subscriber", "payer", "with_password", "editor"]

PASSWORD = "a-long-quay-in-the-fog"
LONG_WORD = "Unterseekabelverlegungsschiffsbetriebsgesellschaft"
ALLOWANCE = 5  # what MONTHLY_ALLOWANCE is unless somebody sets it
# A month that is over, so that the address of its archive page stays what it is.
LONG_AGO = datetime(2025, 3, 14, 9, tzinfo=UTC)
RICH_BODY = """
<h2>What the clerks wrote down</h2>
<p>The ferry left before dawn, and <em>nobody</em> on the quay had slept; the <a href="/sections/security/">harbour
master</a> counted the <strong>lamps</strong> twice.</p>
<blockquote><p>We counted the lamps, not the ships.</p></blockquote>
<h3>Three berths</h3>
<ul><li>The inner basin.</li><li>The coal quay.</li></ul>
<ol><li>First the pilot.</li><li>Then the ledger.</li></ol>
<table><thead><tr><th>Berth</th><th>Ships of the year that was written down</th><th>Lamps</th></tr></thead>
<tbody><tr><td>1</td><td>Quarantine vessel of the northern approach</td><td>4</td></tr></tbody></table>
<p>The ledger reads <code>berth = lamps - 1</code>.</p>
<pre><code>for each berth of the inner basin and of the coal quay, write both numbers down</code></pre>
<hr>
"""

NOTED_BODY = (
    '<p>The ferry left.<sup class="note"><a href="#note-1">1</a></sup> Nobody slept.</p>'
    + make.long_body(0, length=6)
    + '<blockquote class="pull">We counted the lamps, not the ships.</blockquote>'
    + "<table><caption>Lamps</caption><thead><tr><th>Berth</th><th>Lamps</th></tr></thead>"
    + '<tbody><tr><td>1</td><td>4</td></tr></tbody></table><p>They were lit.<sup class="note"><a href="#note-2">2</a>'
    + '</sup></p><ol class="notes"><li id="note-1">The ledger, p. 4.</li><li id="note-2">Twice.</li></ol>'
)

PARTLY_OPEN_BODY = (
    make.long_body(0, length=5)
    + '<section class="block-open"><h2>What everybody may know</h2><p>The lamps were lit at six. Nobody may sail '
    + "before they are, whatever the ledger says.</p><blockquote class='pull'>We counted the lamps.</blockquote>"
    + "<ul><li>The inner basin.</li><li>The coal quay.</li></ul></section>"
    + make.paragraphs("The clerks went home", 2)
    + '<section class="block-subscribers"><h3>The numbers behind it</h3><p>Each berth has its own ledger.'
    + '<sup class="note"><a href="#note-1">1</a></sup></p><table><caption>Lamps</caption><thead><tr><th>Berth</th>'
    + "<th>Lamps</th></tr></thead><tbody><tr><td>1</td><td>4</td></tr></tbody></table></section>"
    + make.paragraphs("The pilot came back", 2)
    + '<section class="block-open"><p>The port reads the ledger out on the first of each month.</p></section>'
    + '<ol class="notes"><li id="note-1">The ledger, p. 4.</li></ol>'
)


def build() -> None:
    """Everything that the list of pages names. Takes about a second."""
    people()
    security, ports = make.section(description="Straits, fleets and cables."), make.topic()
    make.section("Diplomacy")
    ilse = make.author(role="Correspondent", biography="Writes about ports.", portrait=make.photo(alt="Ilse Marchetti"))
    both = [ilse, make.author("Anatole Prewitt")]
    common = {"section": security, "topics": [ports], "authors": both}
    for part in (1, 2, 3):
        make.article(
            slug=f"harbour-{part}",
            headline=f"The long harbour, part {part}",
            photo=make.photo() if part < 3 else None,
            series=make.series(),
            series_part=part,
            **common,
        )
    rich = RICH_BODY + make.long_body(0) + RICH_BODY
    make.article(slug="free-story", headline="Free harbour", tier=Tier.FREE, photo=make.photo(), body=rich, **common)
    make.article(slug="registered-story", headline="Registered harbour", tier=Tier.REGISTERED, **common)
    make.article(
        slug="long-story",
        headline=f"{LONG_WORD} and the very long headline that an editor wrote on a Friday evening " * 2,
        standfirst="A standfirst that goes on for as long as nobody stops the editor who writes it. " * 4,
        tier=Tier.FREE,
        photo=make.photo(caption="A caption of more than one line. " * 6),
        body=make.long_body(0, length=120) + RICH_BODY,
        **common,
    )
    corrected(common)
    for slug, tier in (("partly-open-story", Tier.PREMIUM), ("partly-closed-story", Tier.FREE)):
        make.article(slug=slug, headline="Harbour in parts", tier=tier, body=PARTLY_OPEN_BODY, **common)
    make.article(slug="short-story", headline="Fog", standfirst="", tier=Tier.FREE, body="<p>The port is closed.</p>")
    make.article(slug="withdrawn-story", status=Status.WITHDRAWN)
    moved = make.article(slug="moved-story", section=security)
    ArticleRedirect.objects.create(slug="former-story", article=moved)
    for number in range(24):  # more than one page of a list
        made = LONG_AGO - timedelta(hours=number)
        make.article(slug=f"old-{number}", headline=f"Old lamps {number}", published_at=made, **common)


def corrected(common: dict[str, Any]) -> None:
    """Two articles with footnotes, a pull quote and corrections, and one that is read from the right."""
    for slug, tier in (("noted-story", Tier.FREE), ("noted-premium", Tier.PREMIUM)):
        made = make.article(slug=slug, headline="Noted harbour", tier=tier, body=NOTED_BODY, **common)
        for kind in CorrectionKind:
            Correction.objects.create(article=made, kind=kind, text="The lamps were four.\n\nNot five.")
    arabic = {"headline": "ميناء بني للتجارة", "standfirst": "طريق مختصر بين محيطين.", "language": "ar"}
    make.article(slug="harbour-in-arabic", tier=Tier.FREE, body="<p>" + "كان الميناء طريقا مختصرا. " * 20, **arabic)


def people() -> None:
    """A reader of each kind; their addresses begin with the name of the kind."""
    now = timezone.now()
    make.user(address_of("registered"))
    spent = make.user(address_of("spent"))
    for slot in range(1, ALLOWANCE + 1):
        read = {"article": make.article(slug=f"read-{slot}"), "period": period_of(now), "slot": slot}
        MeteredRead.objects.create(user=spent, **read)
    make.grant(make.user(address_of("lapsed")), starts_at=now - timedelta(days=30), ends_at=now - timedelta(days=1))
    make.grant(make.user(address_of("subscriber"), name="Ada Subscriber"))
    payer = make.user(address_of("payer"))
    paid = make.subscription(payer)
    with_password = make.user(address_of("with_password"))
    with_password.set_password(PASSWORD)
    with_password.save()
    make.editor(address_of("editor"))
    for state in ("open", "paid", "expired"):
        lead = Lead.objects.create(email=payer.email, plan=Plan.objects.get(key="annual"), consent_version="1")
        CheckoutAttempt.objects.create(
            user=payer,
            lead=lead,
            price=make.plan_price(),
            next_path="/articles/harbour-1/#continue",
            session_id=f"cs_{state}",
            state=state,
            subscription=paid if state == "paid" else None,
            paid_at=now if state == "paid" else None,
        )


def address_of(who: Who) -> str:
    return f"{who}@example.org"


def browser_of(who: Who) -> Client:
    """A browser of that reader, who has just logged in. It gets the page of an error, as a real one does."""
    client = Client() if who == "stranger" else make.logged_in(User.objects.get(email=address_of(who)))
    client.raise_request_exception = False
    return client


def article(slug: str) -> Article:
    return Article.objects.get(slug=slug)
