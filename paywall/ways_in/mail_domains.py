"""Domains of mail addresses that stand for one institution each: reading them, and refusing those that anybody may have
an address at.
"""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

LONGEST = 253
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# Where anybody gets an address. The list cannot be complete: that a domain is the institution's, staff confirm.
PUBLIC_PROVIDERS = frozenset(
    """
    126.com 163.com 1und1.de aim.com alice.it aol.com arcor.de att.net bell.net bigpond.com bluewin.ch bol.com.br
    btinternet.com centrum.cz charter.net comcast.net cox.net docomo.ne.jp duck.com earthlink.net email.cz email.de
    ezweb.ne.jp fastmail.com fastmail.fm foxmail.com free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net
    googlemail.com hanmail.net hey.com hotmail.co.uk hotmail.com hotmail.de hotmail.es hotmail.fr hotmail.it
    hushmail.com icloud.com inbox.lv inbox.ru interia.pl kakao.com laposte.net libero.it list.ru live.co.uk live.com
    live.de live.fr mac.com mail.com mail.de mail.ru mailbox.org mailinator.com me.com msn.com naver.com neuf.fr
    ntlworld.com o2.pl online.de onet.pl optonline.net orange.fr outlook.com outlook.de outlook.es outlook.fr pm.me
    posteo.de posteo.net proton.me protonmail.ch protonmail.com qq.com rambler.ru rediffmail.com riseup.net
    rocketmail.com rogers.com runbox.com sbcglobal.net seznam.cz sfr.fr shaw.ca sina.com sky.com softbank.ne.jp
    sohu.com startmail.com sympatico.ca t-online.de talktalk.net telenet.be terra.com.br tiscali.it tuta.com
    tutanota.com tutanota.de ukr.net uol.com.br verizon.net virgilio.it virginmedia.com wanadoo.fr web.de wp.pl
    xtra.co.nz yahoo.ca yahoo.co.in yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.br yahoo.de yahoo.es yahoo.fr yahoo.it
    yandex.com yandex.ru yeah.net ymail.com zoho.com
    """.split()
)
# Below such a name of two parts, as in ac.uk, anybody or a whole country's institutions have names of their own.
SHARED_LABELS = frozenset(
    "ac co com edu ed gen go gob gouv gov gv lg ltd me mil ne net nhs nom or org plc police sch school".split()
)


class DomainRefused(Exception):
    """It cannot stand for one institution; the message says why, in words for staff."""


def clean_domain(text: str) -> str:
    """The domain as it is compared, in ASCII. Raises DomainRefused."""
    domain = ascii_domain(text.strip().removeprefix("@").rstrip("."))
    labels = domain.split(".")
    if len(labels) < 2 or len(domain) > LONGEST or not all(map(LABEL.fullmatch, labels)) or labels[-1].isdigit():
        raise DomainRefused(_("This is no domain; it is what stands behind the @, such as library.example.org."))
    if domain in PUBLIC_PROVIDERS:
        raise DomainRefused(_("Anybody may have an address at %(domain)s.") % {"domain": domain})
    if len(labels) == 2 and len(labels[1]) == 2 and labels[0] in SHARED_LABELS:
        raise DomainRefused(_("%(domain)s is shared by many institutions; name the whole domain.") % {"domain": domain})
    return domain


def ascii_domain(text: str) -> str:
    """In lower case, and as the network writes it; what cannot be written so is left as it is."""
    lowered = text.lower()
    try:
        return lowered.encode("idna").decode("ascii")
    except UnicodeError:
        return lowered


def domain_of(email: str) -> str:
    """The domain of a mail address, as `clean_domain` writes it; empty where there is none."""
    return ascii_domain(email.rpartition("@")[2]) if "@" in email else ""


def parents_of(domain: str) -> list[str]:
    """The domains that it lies below, the nearest first, without the last label."""
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(1, len(labels) - 1)]
