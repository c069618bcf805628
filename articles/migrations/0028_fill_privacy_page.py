from importlib import import_module
from typing import Any

from django.db import migrations

delivered = import_module("articles.migrations.0019_add_first_pages")

# What stood there, and what is said instead; blanks and ends of lines are all one.
CHANGES = [
    (
        "Whoever has no account here gets no cookie by reading.",
        """
Whoever has no account here gets no cookie by reading, apart from three that are named below: one if you open a free
article without an account, one if you open an article that somebody has sent you, and one if you read in the network
of an institution that has a contract with us. We count how many people go on from an article to our offers and to a
payment, as numbers alone.
""",
    ),
    (
        """
<li>Where your account opens some articles each month, we note which, so that we can count them and open them
again.</li>
""",
        """
<li>Where your account opens some articles in each period, we note which and when, so that we can count them and open
them again. Your account shows you this list, and you can erase single articles or all of it. What you do not erase is
forgotten thirteen months after its period.</li>
<li>If you give an article to somebody, we keep the link, the name that you let it show and in how many browsers it was
opened, until half a year after its end. We do not know who opened it.</li>
""",
    ),
    (
        "<h2>If you subscribe</h2>",
        """
<h2>If you read with an institution</h2>
<p>Libraries, universities and companies tell us the addresses of their networks, and whoever comes from there can read.
They are told how often each article was opened in a month, and never by whom. Where your institution lets you go on
reading elsewhere for some days and you are logged in, we keep the day on which your account was last seen in its
network, until those days are over.</p>
<h2>If you subscribe</h2>
""",
    ),
    (
        "and lasts for four hundred days.</li>",
        """
and lasts for four hundred days.</li>
<li><code>meter</code> holds a number under which we count the free articles that you open without an account. It is set
when you open the first of them, and lasts until the last of them no longer counts. We keep the number and the articles
for as long, and nothing about you with them.</li>
<li><code>gift</code> knows the articles that you opened by a gift or by a link in one of our mails, so that they open
again. It is set when you open one, and lasts for fourteen days.</li>
<li><code>institution</code> tells that you came from the network of an institution. It is set when you read there, and
lasts for a day, or for as many days as your institution lets you read elsewhere.</li>
""",
    ),
]


def text_of(html: str) -> str:
    return " ".join(html.split())


def changed(html: str) -> str:
    for before, after in CHANGES:
        html = html.replace(text_of(before), text_of(after))
    return html


def replace(apps: Any, before: str, after: str) -> None:
    """Only the text that came with the site: one that somebody has made their own stays theirs."""
    apps.get_model("articles", "Page").objects.filter(slug="privacy", html=before).update(html=after)


def fill(apps: Any, _schema_editor: Any) -> None:
    first = text_of(delivered.PRIVACY)
    replace(apps, first, changed(first))


def take_back(apps: Any, _schema_editor: Any) -> None:
    first = text_of(delivered.PRIVACY)
    replace(apps, changed(first), first)


class Migration(migrations.Migration):
    """What the page on privacy says of free articles, gifts and institutions."""

    dependencies = [("articles", "0027_add_open_blocks")]

    operations = [migrations.RunPython(fill, take_back)]
