"""Where sentences end in plain text, without knowing its language. In doubt there is no end.

So two sentences may pass for one, but half a sentence never for a whole. The text may hold marks at the place of what
stands there in the HTML, so that its positions are those of the HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

OPENED, CLOSED, FILLER = "\x01", "\x02", "\x03"  # an inline tag that opens or closes; the rest of a character reference
MARKS = OPENED + CLOSED + FILLER
BLANK = MARKS + " \t\n\r\f\xa0\u3000"

# Written without spaces between words: each character counts as a word.
IDEOGRAPHS = "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{IDEOGRAPHS}]|[^\W{IDEOGRAPHS}][^\s{IDEOGRAPHS}]*+")

_PAIRS = ("“”", "„“", "«»", "‹›", "()", "[]", "「」", "『』", "（）", "《》", "【】")
_CLOSERS = "\"'“”’«»‹›)]」』）》】" + CLOSED + FILLER
_CLOSER = rf"[{re.escape(_CLOSERS)}]"
_QUOTE_AFTER = re.compile("[\"'“”’«»‹›」』]")
_STOPS = ".!?…؟।։።‼⁇⁈⁉"
_EVENT = re.compile(
    rf"""
      (?P<stop>[{_STOPS}]++) (?P<after>{_CLOSER}*+) (?=[{OPENED}]*+(?:\s|\Z))
    | (?P<wide>[。！？｡．]++) (?P<wide_after>{_CLOSER}*+)
    | [{_STOPS}]++
    | [{re.escape("".join(_PAIRS))}"]
    """,
    re.VERBOSE,
)
_GAP = re.compile(rf"[\s{MARKS}\"'“‘„«»‹(\[¿¡—–-]*+")  # between a full stop and the next word
_NEXT_WORD = re.compile(r"\w*+")
_LAST_WORD = re.compile(rf"[^\s(\[“„\"'‘«»\-{MARKS}]*+\Z")
_REACH = 120  # characters looked back at from a full stop, tags included

ABBREVIATIONS = frozenset(
    """mr mrs ms mx dr prof revd messrs mme mlle fr sr jr st mt ft nos nr vol vols figs eds pp chap sect ibid al
    seq viz vs etc eg ie cf esp approx ca resp incl excl est tel inc corp ltd plc llc bros cie dept div univ
    assn assoc intl natl govt pres supt capt cmdr maj sgt cpl pvt hwy blvd bldg bzw usw ggf evtl vgl hrsg mio
    mrd avr janv févr juil oct nov déc sra srta ud uds núm pág págs""".split()
)
# Words of their own as well, unless they begin with a capital letter.
CAPITALISED = frozenset(
    """No Co Gen Gov Sen Rep Col Lt Adm Hon Rev Jan Feb Mar Apr Jun Jul Aug Sep Sept Dec Mon Tue Tues Wed Thu
    Thurs Fri Sat Sun Ala Ariz Ark Calif Colo Conn Del Fla Ga Ill Ind Kan Ky La Md Mass Mich Minn Miss Mo
    Mont Neb Nev Okla Ore Pa Tenn Tex Va Vt Wash Wis Wyo Ave Rd Sq Fig Art Ch Ph Abs Bd Hr Av Ed Op""".split()
)
# These often end a sentence: they do where a word follows that begins one and is no name.
MAY_END = frozenset("inc co corp ltd plc llc bros cie etc jr sr dept univ".split())
NEVER_END = frozenset("e.g i.e n.b z.b d.h u.a v.a".split())
STARTERS = frozenset(
    """The A An It He She They We You I In On At By For From To But And Or So Yet If When While As After Before
    This That These Those There Here His Her Its Their Our What Who Why How Not Now One Some Many Most All
    Both Such Since With Under""".split()
)
# German, where "am 3. Mai" is the third of May.
BEFORE_ORDINALS = frozenset("am der die das dem den des vom zum zur beim im bis seit ab und".split())
_DOTTED = re.compile(r"(?:[^\W\d_]{1,3}\.)+[^\W\d_]{1,3}")
_SHORT_NUMBER = re.compile(r"[0-9]{1,2}")


def count_words(text: str) -> int:
    """Runs of characters between white space that hold a letter or digit; of Chinese and Japanese, the characters."""
    return len(_WORD.findall(text))


def sentence_ends(text: str) -> Iterator[int]:
    """The positions after each sentence of one block of text, closing quotes included; the last is the text's end."""
    sides = _paired_marks(text)
    depth, in_quotes, last = 0, False, 0
    for match in _EVENT.finditer(text):
        closing = match["after"] or match["wide_after"] or ""
        for mark in closing if match["stop"] or match["wide"] else match[0]:
            depth += sides.get(mark, 0)
            in_quotes ^= mark == '"' and mark in sides
        if (match["stop"] or match["wide"]) and depth <= 0 and not in_quotes and _ends_sentence(text, match, last):
            last = match.end()
            yield last
    if text[last:].strip(BLANK):
        yield len(text)


def _paired_marks(text: str) -> dict[str, int]:
    """Which marks open (1) and close (-1) something in this text. A kind that does not come in pairs says nothing."""
    found: dict[str, int] = {}
    for opening, closing in map(tuple, _PAIRS):
        if (number := text.count(opening)) and number == text.count(closing) and opening not in found:
            is_reversed = text.index(closing) < text.index(opening)  # »so«
            found |= {opening: -1, closing: 1} if is_reversed else {opening: 1, closing: -1}
    straight = text.count('"')
    if straight and straight % 2 == 0:
        found['"'] = 0
    return found


def _ends_sentence(text: str, match: re.Match[str], begins: int) -> bool:
    gap = _GAP.match(text, match.end())
    following = gap.end() if gap else match.end()
    if following == len(text):
        return True
    if match["wide"]:
        return not _QUOTE_AFTER.search(match["wide_after"]) or text[match.end()].isspace()
    if text[following].islower():
        return False
    if match["stop"] == ".":
        return not _is_abbreviation(text, match.start(), following, begins)
    return not match["stop"].strip(".…") or not _QUOTE_AFTER.search(match["after"])


def _is_abbreviation(text: str, dot: int, following: int, begins: int) -> bool:
    """Whether the full stop at `dot` more likely belongs to the word before it than to the sentence."""
    tail = text[max(begins, dot - _REACH) : dot].rstrip(_CLOSERS + MARKS)
    word = _last_word(tail)
    plain = word.lower()
    if not word:
        return True
    if _SHORT_NUMBER.fullmatch(word):
        before = tail[: -len(word)].strip(BLANK)
        return not before or _last_word(before).lower() in BEFORE_ORDINALS
    is_dotted = _DOTTED.fullmatch(word) is not None
    if plain in MAY_END or (is_dotted and plain not in NEVER_END):
        next_word = _NEXT_WORD.match(text, following)
        return next_word is None or next_word[0] not in STARTERS
    if len(word) == 1 or is_dotted or plain in ABBREVIATIONS or word in CAPITALISED:
        return True
    return text[following].isdigit() and len(word) <= 4 and word.isalpha()


def _last_word(text: str) -> str:
    match = _LAST_WORD.search(text)
    return match[0] if match else ""
