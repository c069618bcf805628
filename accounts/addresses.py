"""One form of an e-mail address for every door: gate, login, change of address, commands. Knows not who holds it.

Two spellings of one mailbox must never make two accounts, and a look-alike must never reach somebody else's. So the
local part is plain ASCII in lower case, the domain is in its ASCII form (IDNA 2008, with the mapping of UTS 46), and
what is doubtful is refused instead of repaired. Dots and +tags are kept: their meaning is the mail server's affair.
"""

from __future__ import annotations

import re
import unicodedata

import idna
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext as _

LONGEST_ADDRESS = 254  # characters, RFC 5321 4.5.3.1.3 without the angle brackets
LONGEST_LOCAL_PART = 64  # RFC 5321 4.5.3.1.1
LOCAL_PART = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")  # dot-atom, RFC 5322 3.2.3
ALPHABETS_WITH_SHARED_SHAPES = {"LATIN", "CYRILLIC", "GREEK", "COPTIC", "ARMENIAN", "CHEROKEE"}  # as Unicode names them
LATIN_SHAPES_IN_CYRILLIC = frozenset("асеорхуіјѕһӏԁԛԝѵ")


class AddressRefused(Exception):
    """The text is no address that this site accepts; the message is a sentence for the reader."""


def normalise(raw: str) -> str:
    """The one form of this address, which differs from `raw` in case and IDNA spelling only. Raises AddressRefused."""
    text = unicodedata.normalize("NFC", raw.strip(" "))
    if not text:
        raise AddressRefused(_("Please type your e-mail address."))
    if not text.isprintable():
        raise AddressRefused(_("The address has a line break or an invisible character in it. Please type it again."))
    if len(text) > LONGEST_ADDRESS:
        raise AddressRefused(_("An e-mail address has at most 254 characters."))
    if re.search(r"[\s,;]", text):
        raise AddressRefused(_("Please give one address only, without a name and without spaces."))
    if text.count("@") > 1:
        raise AddressRefused(_("There is more than one @ in this address. It looks like name@example.org."))
    local, _at, domain = text.rpartition("@")
    if not local or not domain:
        raise AddressRefused(_("An e-mail address looks like name@example.org."))
    if not local.isascii() or unicodedata.normalize("NFKC", domain) != domain:
        raise AddressRefused(_("The address has a letter that only looks like a usual one. Please type it again."))
    address = f"{local.lower()}@{ascii_domain(domain)}"
    if len(local) > LONGEST_LOCAL_PART or not LOCAL_PART.fullmatch(local.lower()) or not is_accepted_by_models(address):
        raise AddressRefused(_("This is not a complete e-mail address. It looks like name@example.org."))
    return address


def ascii_domain(domain: str) -> str:
    """The domain as the DNS knows it. Raises AddressRefused."""
    try:
        encoded = idna.encode(domain, uts46=True, std3_rules=True).decode("ascii").lower()
        labels = idna.decode(encoded).split(".")
    except idna.IDNAError:
        raise AddressRefused(_("The part after the @ is not the name of a mail domain.")) from None
    if any(is_look_alike(label, top=labels[-1]) for label in labels):
        raise AddressRefused(_("The address has a letter that only looks like a usual one. Please type it again."))
    return encoded


def is_look_alike(label: str, *, top: str) -> bool:
    """Whether the label mixes alphabets that share shapes, or spells a Latin name in Cyrillic letters (UTS 39).

    Under a top-level domain that is not ASCII, such as .рф, Cyrillic letters are what they look like.
    """
    letters = {character for character in label if character.isalpha()}
    alphabets = {unicodedata.name(letter, "").partition(" ")[0] for letter in letters} & ALPHABETS_WITH_SHARED_SHAPES
    return len(alphabets) > 1 or (bool(letters) and letters <= LATIN_SHAPES_IN_CYRILLIC and top.isascii())


def is_accepted_by_models(address: str) -> bool:
    """Whether the fields that store addresses take this one. A bare host such as localhost is none."""
    try:
        EmailValidator(allowlist=[])(address)
    except ValidationError:
        return False
    return len(address) <= LONGEST_ADDRESS
