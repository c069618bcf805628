"""What the database holds of a row that is edited: by it `save` knows what changes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar, Self

from django.db import models, transaction
from django.db.models.fetch_modes import FetchMode


class Stored(models.Model):
    """A row that remembers its stored value of one field; None where it has none, or where that was not fetched."""

    remembered: ClassVar[str]

    _stored: str | None = None

    class Meta:
        abstract = True

    @classmethod
    def from_db(
        cls,
        db: str | None,
        field_names: Collection[str],
        values: Collection[Any],
        *,
        fetch_mode: FetchMode | None = None,
    ) -> Self:
        row = super().from_db(db, field_names, values, fetch_mode=fetch_mode)
        row._remember()
        return row

    def _remember(self) -> None:
        value = vars(self).get(self.remembered)
        self._stored = None if value is None else str(value)


class Slugged(Stored):
    """A row with an address of its own, which leads to it for ever."""

    remembered = "slug"
    slug: models.SlugField[str, str]

    class Meta:
        abstract = True

    def save(self, **options: Any) -> None:
        """Also keeps the former address as a redirect, whoever changes the slug."""
        is_slug_saved = options.get("update_fields") is None or "slug" in options["update_fields"]
        with transaction.atomic():
            super().save(**options)
            if is_slug_saved and self._stored is not None and self._stored != self.slug:
                self._keep_redirect(self._stored)
        if is_slug_saved:
            self._remember()

    def _keep_redirect(self, former_slug: str) -> None:
        """That address leads here from now on, whoever had it before; the new one leads nowhere else."""
        raise NotImplementedError
