import django.contrib.postgres.constraints
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import articles.fields
import paywall.models.institution


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0026_add_series_list_index"),
        ("paywall", "0011_alter_metered_read_keys"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Institution",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    articles.fields.PlainCharField(
                        help_text="Its readers see: You are reading this with City Library.",
                        max_length=120,
                        unique=True,
                        verbose_name="name",
                    ),
                ),
                (
                    "starts_on",
                    models.DateField(
                        help_text="Of the contract, in the publication's time zone.", verbose_name="first day"
                    ),
                ),
                (
                    "ends_on",
                    models.DateField(help_text="Access ends with this day, at midnight.", verbose_name="last day"),
                ),
                (
                    "roaming_days",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Who was seen in its network reads elsewhere for so many days. 0: in its network alone.",
                        validators=[django.core.validators.MaxValueValidator(366)],
                        verbose_name="days away",
                    ),
                ),
                (
                    "notes",
                    articles.fields.PlainTextField(blank=True, help_text="For staff alone.", verbose_name="notes"),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("modified_at", models.DateTimeField(auto_now=True)),
                (
                    "contacts",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Librarians who see its usage on their account page. They need an account here.",
                        related_name="institutions",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="contacts",
                    ),
                ),
            ],
            options={
                "verbose_name": "institution",
                "verbose_name_plural": "institutions",
                "ordering": ("name", "pk"),
            },
        ),
        migrations.CreateModel(
            name="CampusVisit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seen_on", models.DateField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="campus_visits",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="paywall.institution"
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="AddressRange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("network", paywall.models.institution.NetworkField()),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="ranges", to="paywall.institution"
                    ),
                ),
            ],
            options={
                "ordering": ("network",),
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="InstitutionUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                ("opened", models.PositiveIntegerField(default=0)),
                (
                    "article",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="articles.article"
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="uses", to="paywall.institution"
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="MailDomain",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "domain",
                    models.CharField(
                        help_text="What stands behind the @.", max_length=253, unique=True, verbose_name="domain"
                    ),
                ),
                (
                    "has_subdomains",
                    models.BooleanField(
                        default=False,
                        help_text="Also addresses at staff.example.org, not only example.org.",
                        verbose_name="with all below it",
                    ),
                ),
                ("verified_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="verified")),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="domains", to="paywall.institution"
                    ),
                ),
                (
                    "verified_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
            ],
            options={
                "verbose_name": "mail domain",
                "verbose_name_plural": "mail domains",
                "ordering": ("domain",),
                "default_permissions": (),
            },
        ),
        migrations.AddConstraint(
            model_name="institution",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on__gte", models.F("starts_on"))),
                name="institution_ends_after_start",
                violation_error_message="The last day comes before the first.",
            ),
        ),
        migrations.AddConstraint(
            model_name="institution",
            constraint=models.CheckConstraint(
                condition=models.Q(("roaming_days__lte", 366)), name="institution_roaming_is_within_reason"
            ),
        ),
        migrations.AddConstraint(
            model_name="campusvisit",
            constraint=models.UniqueConstraint(fields=("user", "institution"), name="campus_visit_once_a_reader"),
        ),
        migrations.AddConstraint(
            model_name="addressrange",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=((django.contrib.postgres.indexes.OpClass("network", name="inet_ops"), "&&"),),
                name="address_range_overlaps_no_other",
            ),
        ),
        migrations.AddConstraint(
            model_name="institutionuse",
            constraint=models.UniqueConstraint(
                fields=("institution", "month", "article"), name="institution_use_once_a_month"
            ),
        ),
    ]
