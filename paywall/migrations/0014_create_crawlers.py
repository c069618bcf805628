from django.db import migrations, models

import articles.fields


class Migration(migrations.Migration):
    dependencies = [
        ("paywall", "0013_create_institution_triggers"),
    ]

    operations = [
        migrations.CreateModel(
            name="Crawler",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", articles.fields.PlainCharField(max_length=80, unique=True, verbose_name="name")),
                (
                    "is_active",
                    models.BooleanField(
                        default=False,
                        help_text="Its requests get the whole text of every article.",
                        verbose_name="reads in full",
                    ),
                ),
                (
                    "user_agent",
                    articles.fields.PlainCharField(
                        help_text="A word of its User-Agent, such as Googlebot. Only requests with it are checked; it never suffices.",
                        max_length=80,
                        verbose_name="calls itself",
                    ),
                ),
                (
                    "address_list",
                    models.TextField(
                        blank=True,
                        help_text="The list that its operator publishes, as JSON or one range a line.",
                        verbose_name="published addresses",
                    ),
                ),
                (
                    "host_suffixes",
                    models.TextField(
                        blank=True,
                        help_text="Domains that its machines have names in, one a line, such as googlebot.com. The name of the sender's address is looked up, and has to lead back to that address.",
                        verbose_name="host names",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("modified_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "verbose_name": "crawler",
                "verbose_name_plural": "crawlers",
                "ordering": ("name",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_active", False),
                            models.Q(("address_list", ""), ("host_suffixes", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="crawler_in_use_can_be_verified",
                        violation_error_message="Give its addresses or its host names before it is switched on.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("user_agent", ""), _negated=True), name="crawler_has_a_user_agent"
                    ),
                ],
            },
        ),
    ]
