from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    """Reads the whole table, and locks out neither readers nor writers."""

    dependencies = [("subscriptions", "0005_add_plan_allowance")]

    operations = [ValidateConstraint(model_name="lead", name="lead_source_is_known")]
