from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    """What the index of a section's list serves too."""

    atomic = False

    dependencies = [("articles", "0024_add_section_list_index")]

    operations = [RemoveIndexConcurrently("article", "article_by_section")]
