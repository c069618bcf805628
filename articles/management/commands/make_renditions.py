"""manage.py make_renditions: the files that photos of an earlier release lack."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from articles import renditions
from articles.models import Photo
from articles.uploads import DAMAGE

BATCH = 100  # rows read at once


class Command(BaseCommand):
    help = (
        "Make the sizes and crops that photos lack: those stored by an earlier release, or whose files could not be "
        "made when they were saved. Pages show what there was until a photo is done. It may be stopped and run again "
        "at any time, also while the site runs: it goes on with those that are left."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--limit", type=int, metavar="N", help="stop after so many photos (default: all)")

    def handle(self, *, limit: int | None, verbosity: int, **options: Any) -> None:
        photos = Photo.objects.unfinished().order_by("-pk")
        total = min(photos.count(), limit if limit is not None else photos.count())
        failed = 0
        bar = tqdm(total=total, unit="photo", disable=True if verbosity == 0 else None)
        with bar:
            for photo in photos[:limit].iterator(chunk_size=BATCH):
                try:
                    renditions.make(photo)
                except DAMAGE as error:
                    failed += 1
                    with bar.external_write_mode():
                        self.stderr.write(f"photo {photo.pk} ({photo.image.name}): {error}")
                bar.update()
        if verbosity:
            self.stdout.write(f"{total - failed} photos done.")
        if failed:
            raise CommandError(f"{failed} photos could not be done; pages go on showing what there is of them.")
