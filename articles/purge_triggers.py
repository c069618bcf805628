"""The SQL of the triggers that tell which pages a change has made old. Migrations use it, so what it answers for given
arguments must never change.

Triggers, since a change may come from anywhere: admin, an import with COPY, a bare `save()` or `update()` in a shell,
psql. They fire once a statement and send each key once; the message arrives with the commit, or never.
"""

from __future__ import annotations

# Keys for the outbox of a CDN and for every listening web process. An import touches more than anybody wants listed.
PURGE_FUNCTION = """
CREATE FUNCTION newsroom_purge(changed text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    names text[] := ARRAY(SELECT DISTINCT name FROM unnest(changed) AS name WHERE name IS NOT NULL ORDER BY name);
BEGIN
    IF cardinality(names) = 0 THEN
        RETURN;
    ELSIF cardinality(names) > 100 THEN
        names := ARRAY['everything'];
    END IF;
    INSERT INTO articles_cachepurge (keys, due_at, attempts, is_repeated)
    VALUES (array_to_string(names, ' '), clock_timestamp(), 0, false);
    PERFORM pg_notify('newsroom_purge', array_to_string(names, ' '));
END
$$;
"""

DROP_PURGE_FUNCTION = "DROP FUNCTION newsroom_purge(text[]);"

DIFFERS = "o IS DISTINCT FROM n"
ROWS = {
    "INSERT": "REFERENCING NEW TABLE AS new_rows",
    "UPDATE": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "REFERENCING OLD TABLE AS old_rows",
    "TRUNCATE": "",
}


def create_triggers(
    table: str, keys: str, *, key: str = "id", differs: str = DIFFERS, on: tuple[str, ...] = tuple(ROWS)
) -> str:
    """SQL that purges on any change of the table, to be run by itself: a busy table is waited for no longer than four
    seconds. `keys` is a query of one column over `changed` rows, those of the table before and after; `key` its
    primary key. `differs` says when the row `o` has become another one, `n`.
    """
    triggers = [create_trigger(table, operation, changed_rows(operation, key, differs), keys) for operation in on]
    return "SET LOCAL lock_timeout = '4s';" + "".join(triggers)


def changed_rows(operation: str, key: str, differs: str) -> str:
    match operation:
        case "INSERT":
            return "SELECT * FROM new_rows"
        case "DELETE":
            return "SELECT * FROM old_rows"
        case _:
            both = f"FROM old_rows AS o JOIN new_rows AS n ON n.{key} = o.{key} WHERE {differs}"
            return f"SELECT o.* {both} UNION ALL SELECT n.* {both}"


def create_trigger(table: str, operation: str, changed: str, keys: str) -> str:
    name = f"purge_{table}_{operation.lower()}"
    sent = "ARRAY['everything']" if operation == "TRUNCATE" else f"ARRAY(WITH changed AS ({changed}) {keys})"
    return f"""
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM newsroom_purge({sent});
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER {name} AFTER {operation} ON {table} {ROWS[operation]}
    FOR EACH STATEMENT EXECUTE FUNCTION {name}();
"""


def drop_triggers(table: str, *, on: tuple[str, ...] = tuple(ROWS)) -> str:
    names = [f"purge_{table}_{operation.lower()}" for operation in on]
    return "".join(f"DROP TRIGGER IF EXISTS {name} ON {table}; DROP FUNCTION IF EXISTS {name}();" for name in names)
