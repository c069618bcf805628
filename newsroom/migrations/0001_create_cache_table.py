"""The table of the default cache: the limits that allauth counts there must hold across processes, so it lies in the
database unless Redis is given.
"""

from typing import Any

from django.core.management import call_command
from django.db import migrations


def create_cache_table(_apps: Any, schema_editor: Any) -> None:
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = []
    operations = [migrations.RunPython(create_cache_table, migrations.RunPython.noop)]
