"""Full-text vectors as generated columns: PostgreSQL keeps them true under every kind of write, also COPY and bulk
updates.

PostgreSQL's own parser skips tags and entities, so HTML goes in as it is.
"""

from __future__ import annotations

import functools
import operator

from django.contrib.postgres.search import SearchVector, SearchVectorCombinable, SearchVectorField
from django.db.models import Case, F, GeneratedField, Q, Value, When
from django.db.models.functions import Left

# ISO 639-1 codes and the built-in configurations of PostgreSQL 15 and later; any other language is indexed word by
# word.
CONFIGURATIONS = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian",
    "id": "indonesian", "it": "italian", "lt": "lithuanian", "ne": "nepali", "nl": "dutch", "no": "norwegian",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil",
    "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
FALLBACK_CONFIGURATION = "simple"
# A tsvector holds at most 1 MiB; this many characters always fit, whatever is written in them.
INDEXED_CHARACTERS = 150_000


def configuration_for(language: str) -> str:
    """The text search configuration for a language tag such as "en" or "pt-BR"."""
    return CONFIGURATIONS.get(language.lower().partition("-")[0], FALLBACK_CONFIGURATION)


def generated_vector(**weights: str) -> GeneratedField:
    """A stored column that indexes the named columns of its own row, each with its weight, by the row's `language`."""

    def vector(configuration: str) -> SearchVectorCombinable:
        parts = [
            SearchVector(Left(F(column), INDEXED_CHARACTERS), weight=Value(weight), config=configuration)
            for column, weight in weights.items()
        ]
        return functools.reduce(operator.add, parts)

    cases = [
        When(Q(language=code) | Q(language__startswith=f"{code}-"), then=vector(name))
        for code, name in CONFIGURATIONS.items()
    ]
    return GeneratedField(
        expression=Case(*cases, default=vector(FALLBACK_CONFIGURATION)),
        output_field=SearchVectorField(),
        db_persist=True,
        editable=False,
    )
