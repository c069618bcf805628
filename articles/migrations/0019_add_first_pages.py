"""The five pages that a site is asked for from its first day. They are true of the software as it is delivered, and name
no publisher; editors make them their own in admin.
"""

from typing import Any

from django.db import migrations

ABOUT = """
<p>{site_name} publishes articles that its readers pay for. Some are free to read for everybody, some for readers with an
account, and the rest for subscribers; a mark beside each headline says which, and every article shows its opening to
everyone.</p>
<h2>Who writes</h2>
<p>An article names its authors in the byline, and each author has a <a href="/authors/">page</a> with all that they
have written here. A picture names who made it.</p>
<h2>Who pays</h2>
<p>Readers do, by subscription. There is no advertising on these pages, nobody follows you across them, and no article
is shown to one reader for a price that another does not see.</p>
<h2>Corrections</h2>
<p>What was wrong is put right in the article itself, and a note at its foot says what was changed and when. All such
notes stand together under <a href="/corrections/">corrections</a>. An article that has to be withdrawn altogether is
not silently removed: its address says that it was withdrawn.</p>
<p>If you have found a mistake, please tell us: the <a href="/contact/">contact page</a> says how.</p>
"""

CONTACT = """
<p>The editors read what is sent to {mail}.</p>
<h2>Your subscription</h2>
<p>You can do most things yourself, at any hour: your <a href="/account/">account page</a> shows what you have and what
it costs, and there you can change your card, see your invoices, and cancel.</p>
<p>If you cannot log in, ask for <a href="/account/">a new code</a>; it goes to the address that you gave when you
subscribed. Look in your spam folder too.</p>
<h2>A mistake in an article</h2>
<p>Please name the article and the sentence. What we correct is listed under <a href="/corrections/">corrections</a>.</p>
<h2>A weakness in this site</h2>
<p>If you have found a way to see or to change what you should not, please tell us before you tell others.</p>
<p>Reports of weaknesses are read at {security}, as <a href="/.well-known/security.txt">security.txt</a> says to
machines.</p>
"""

ACCESSIBILITY = """
<p>We want everybody to be able to read {site_name}: by eye, by ear or by touch, with a mouse, a keyboard or a voice, on
a telephone or a wide screen.</p>
<h2>What we hold to</h2>
<p>The measure is level AA of the <a href="https://www.w3.org/TR/WCAG22/">Web Content Accessibility Guidelines 2.2</a>.
Each release of this site is tested against it before it comes out, on every kind of page, narrow and wide, light and
dark:</p>
<ul>
<li>by a program that looks for known barriers, such as too little contrast or fields without a name;</li>
<li>with the keyboard alone, from the front page through subscribing to the end of an article;</li>
<li>enlarged to four times its size, without anything to be read sideways;</li>
<li>without motion, and in colours that the reader’s system forces.</li>
</ul>
<p>Programs find only some barriers. People find the others, and we are grateful to those who tell us.</p>
<h2>What helps</h2>
<p>Every page can be read without scripts. Pictures that say something have a description. Nothing moves by itself, and
nothing has to be done within seconds: a code that we mail is good for a quarter of an hour, and another can be asked
for. Logging in asks for no puzzle and no memory: a code by mail or a passkey is enough.</p>
<h2>What we know to fall short</h2>
<p>Some articles that were taken over from older collections have tables without headings of their own, or pictures that
gave way to their description. Payment, and the pages where a card is changed, are those of our payment service.</p>
<h2>Have you met a barrier?</h2>
<p>Please tell us which page it was, what you wanted to do, and which browser or aid you use. The
<a href="/contact/">contact page</a> says how. If we cannot remove the barrier soon, we send you what you wanted to read
in another form.</p>
"""

PRIVACY = """
<p>{site_name} lives on subscriptions and not on what it knows about you. It keeps what it needs in order to let you in,
to charge you rightly and to answer you. This page says what that is.</p>
<h2>If you only read</h2>
<p>Nothing is kept about you. Whoever has no account here gets no cookie by reading. There is no tracking: no advertising,
no counting service, no code and no picture from other sites, neither on the pages nor in our mails. The site’s own log
of requests holds no network address, and not what you searched for.</p>
<h2>If you give us your address</h2>
<ul>
<li>Your e-mail address is your account. If nobody confirms it with the code that we send, the account is removed after
seven days.</li>
<li>Of the form at an article we keep the address, the option that you chose, the words that stood beside the field, the
page and the day. So it can be shown later what was agreed.</li>
<li>Where your account opens some articles each month, we note which, so that we can count them and open them
again.</li>
<li>The articles that you save and the authors and topics that you follow are kept until you take them off your lists.
Which articles a daily mail told you of is forgotten after thirty days.</li>
<li>What you set up yourself, such as a password or a passkey, is kept until you change it. A password is kept in a
form from which nobody can read it.</li>
<li>For as long as you are logged in, we keep the network address and the name of your browser, so that you can see your
devices and log them out. A login that is not used for sixty days ends.</li>
<li>How often a code was asked for or a password was tried is counted for a day at most, under a fingerprint of the
address and the network.</li>
</ul>
<h2>If you subscribe</h2>
<p>We keep what you subscribed to, at which price, since when and until when, the numbers and amounts of your invoices,
and the mails that we sent you about it, for as long as the law on accounts asks for them. Your card is never known to
us: you give it to our payment service, Stripe, which also keeps your address and
your payments (<a href="https://stripe.com/privacy">its own account of privacy</a>).</p>
<h2>Who else gets to know anything</h2>
<p>Stripe, if you pay. The mail service that carries our mails, which sees your address and what we write to you. Nobody
else.</p>
<h2>Cookies</h2>
<p>All of them are needed for what you asked for, and none is read by anybody else. If you choose another size of letters,
your browser keeps that by itself and tells nobody.</p>
<ul>
<li><code>sessionid</code> knows your login, or the code that you are about to type. It is set when you ask for a code or
log in, and lasts for sixty days; while a code is awaited, for half an hour.</li>
<li><code>csrftoken</code> proves that a form was sent from our own page. It is set on pages with such a form, as the
login, and lasts for a year.</li>
<li><code>pass</code> lets the browser that paid read on for a day before anybody has logged in. It is set when you go to
pay, and kept for two days, since a payment page stays open for one of them.</li>
<li><code>device</code> knows a browser in which your account was used before, so that we can tell you of a new one. It is
set when you log in, is sent to the account pages alone, and lasts for four hundred days.</li>
</ul>
<h2>Your rights</h2>
<p>You may ask what is kept about you, get a copy of it, and have it corrected or erased, as far as no law obliges us to
keep it. You may object to what we do with it, and complain to the authority for data protection where you live.</p>
<p>Please write to {mail}, from the address of your account if you can.</p>
<p>The <a href="/contact/">contact page</a> says how to reach us.</p>
"""

TERMS = """
<p>These terms hold between you and the publisher of {site_name}, from the moment you make an account or subscribe.</p>
<h2>Reading</h2>
<p>Free articles may be read by everybody. An account costs nothing, and opens what the page of
<a href="/subscribe/">options</a> says. A subscription opens all articles for as long as it runs. It is for you: please do
not pass on your login, and do not publish what you read here elsewhere.</p>
<h2>Subscribing</h2>
<p>The price, the period and what you get stand beside each option before you order, and once more on the page where you
pay. With the payment the subscription begins, and you get a receipt by mail.</p>
<h2>Renewal</h2>
<p>A subscription renews itself at the end of each period, for another of the same length and at the price that your
<a href="/account/">account page</a> shows, until you cancel it. The day of the next payment stands there too. If a
payment fails, we say so there, and you can give another card.</p>
<h2>Cancelling</h2>
<p>You can cancel at any time on your account page, without giving a reason and without writing to anybody. You read on to
the end of the time that you have paid for, and nothing more is charged. Until that day you can take the cancellation
back.</p>
<h2>Withdrawing</h2>
<p>Where the law gives you a right to withdraw from a contract made at a distance – in the European Union and the United
Kingdom within fourteen days – you have it here too. Tell us in any form that you withdraw, for instance by mail; a reason
is not needed. We then return what you have paid, by the way it came, within fourteen days. For what you have already
read at your own express wish, the law may let us keep a part in proportion.</p>
<p>A withdrawal can be sent to {mail}.</p>
<p>The <a href="/contact/">contact page</a> says how to reach us.</p>
<h2>If something does not work</h2>
<p>Now and then the site is updated, or something fails. If you cannot read for longer than a day what you have paid for,
tell us, and we make it good. Your rights under the law are not touched by these terms.</p>
<h2>Changes</h2>
<p>If these terms change to your disadvantage, we tell you by mail before they do, and you can cancel. The day of the present
text stands at the top.</p>
"""

FIRST_PAGES = [
    ("about", "About", "Who writes here, who pays for it, and what happens when we are wrong.", ABOUT),
    ("contact", "Contact", "How to reach the editors, and where to help yourself at once.", CONTACT),
    ("accessibility", "Accessibility", "What we do so that everybody can read, and where to report a barrier.", ACCESSIBILITY),
    ("privacy", "Privacy", "What we know about you, for how long, and who else gets to know it.", PRIVACY),
    ("terms", "Terms", "What holds between you and us: subscribing, renewal, cancelling, withdrawing.", TERMS),
]  # fmt: skip


def add_first_pages(apps: Any, _schema_editor: Any) -> None:
    page = apps.get_model("articles", "Page")
    page.objects.bulk_create(
        [
            page(
                slug=slug,
                title=title,
                standfirst=standfirst,
                html=" ".join(html.split()),
                position=position,
                is_as_delivered=True,
            )
            for position, (slug, title, standfirst, html) in enumerate(FIRST_PAGES, start=1)
        ],
        ignore_conflicts=True,
    )


def remove_first_pages(apps: Any, _schema_editor: Any) -> None:
    """Those that nobody has made their own."""
    apps.get_model("articles", "Page").objects.filter(is_as_delivered=True).delete()


class Migration(migrations.Migration):
    dependencies = [("articles", "0018_create_page_triggers")]
    operations = [migrations.RunPython(add_first_pages, remove_first_pages)]
