"""The SQL of the triggers that keep, beside each byline and each topic of an article, the moment at which it is out:
null unless it is published. Lists of authors and topics are walked in that order, and the articles themselves are
scattered over the library. Migrations use it, so what it answers must never change.

Triggers, since articles are written by admin, by COPY, by `update()` and by psql. FOR SHARE: who files an article while
another transaction publishes it waits for that one, or is waited for.
"""

TABLES = ("articles_byline", "articles_article_topics")

SET_FUNCTION = """
CREATE FUNCTION newsroom_set_out_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT CASE WHEN status = 'published' THEN published_at END INTO NEW.out_at
    FROM articles_article WHERE id = NEW.article_id FOR SHARE;
    RETURN NEW;
END
$$;
"""

# Also where an article comes after its bylines in one transaction, as foreign keys allow.
MOVED = {
    "insert": "SELECT n.* FROM new_rows AS n",
    "update": """SELECT n.* FROM new_rows AS n JOIN old_rows AS o ON o.id = n.id
                 WHERE (o.status, o.published_at) IS DISTINCT FROM (n.status, n.published_at)""",
}
MOVE = """
    UPDATE {table} AS entry SET out_at = moved.out_at
    FROM (SELECT id, CASE WHEN status = 'published' THEN published_at END AS out_at FROM ({moved}) AS article) AS moved
    WHERE entry.article_id = moved.id AND entry.out_at IS DISTINCT FROM moved.out_at;"""
ROWS = {
    "insert": "REFERENCING NEW TABLE AS new_rows",
    "update": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
}


def create_out_at_triggers() -> str:
    """SQL to be run by itself: a busy table is waited for no longer than four seconds."""
    setting = [
        f"CREATE TRIGGER set_out_at BEFORE INSERT OR UPDATE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION newsroom_set_out_at();"
        for table in TABLES
    ]
    return "SET LOCAL lock_timeout = '4s';" + SET_FUNCTION + "".join([*setting, *map(create_move_trigger, MOVED)])


def create_move_trigger(operation: str) -> str:
    name = f"newsroom_move_out_at_{operation}"
    moves = [MOVE.format(table=table, moved=MOVED[operation]) for table in TABLES]
    return f"""
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN{"".join(moves)}
    RETURN NULL;
END
$$;
CREATE TRIGGER move_out_at_{operation} AFTER {operation.upper()} ON articles_article {ROWS[operation]}
    FOR EACH STATEMENT EXECUTE FUNCTION {name}();
"""


def drop_out_at_triggers() -> str:
    setting = [f"DROP TRIGGER set_out_at ON {table};" for table in TABLES]
    moving = [
        f"DROP TRIGGER move_out_at_{operation} ON articles_article; DROP FUNCTION newsroom_move_out_at_{operation}();"
        for operation in MOVED
    ]
    return "".join([*setting, "DROP FUNCTION newsroom_set_out_at();", *moving])
