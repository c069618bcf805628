"""The consent ledger is added to, never changed. One thing passes: an account that is erased loses its link, and so does
an address that was given at the gate.
"""

from django.db import migrations

KEEP = """
CREATE FUNCTION subscriptions_keep_agreements() RETURNS trigger LANGUAGE plpgsql AS $keep$
BEGIN
    IF TG_OP = 'UPDATE'
        AND to_jsonb(NEW) - 'user_id' - 'lead_id' = to_jsonb(OLD) - 'user_id' - 'lead_id'
        AND (NEW.user_id IS NULL OR NEW.user_id IS NOT DISTINCT FROM OLD.user_id)
        AND (NEW.lead_id IS NULL OR NEW.lead_id IS NOT DISTINCT FROM OLD.lead_id)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'what readers agreed to is only added to' USING ERRCODE = 'restrict_violation';
END
$keep$;
CREATE TRIGGER subscriptions_keep_agreements BEFORE UPDATE OR DELETE ON subscriptions_agreement
    FOR EACH ROW EXECUTE FUNCTION subscriptions_keep_agreements();
"""
FORGET = """
DROP TRIGGER subscriptions_keep_agreements ON subscriptions_agreement;
DROP FUNCTION subscriptions_keep_agreements();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0017_create_agreements"),
    ]

    operations = [
        migrations.RunSQL(KEEP, FORGET),
    ]
