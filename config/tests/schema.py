"""What a database holds beside rows, as its engine says it; the same for two that were made on different ways."""

from collections.abc import Iterator

from django.db import connection

# An older installation has its later columns at the end, so columns stand by name.
POSTGRESQL = {
    "columns": """
        SELECT attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull, attidentity, pg_get_expr(adbin, adrelid)
        FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE attnum > 0 AND NOT attisdropped AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)""",
    "constraints": """
        SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "triggers": "SELECT tgrelid::regclass, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "functions": "SELECT oid::regprocedure, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "extensions": "SELECT extname FROM pg_extension",
}


def schema() -> dict[str, list[str]]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL")
            return {f"{kind} {name}": sorted(parts(sql)) for kind, name, sql in cursor.fetchall()}
        found = {}
        for name, statement in POSTGRESQL.items():
            cursor.execute(statement)
            found[name] = sorted(" | ".join(map(str, row)) for row in cursor.fetchall())
        return found


def parts(statement: str) -> Iterator[str]:
    """Of a CREATE TABLE its columns and constraints, each by itself; anything else is one."""
    if not statement.startswith("CREATE TABLE"):
        yield statement
        return
    depth = start = 0
    for place, sign in enumerate(statement):
        depth += (sign == "(") - (sign == ")")
        if (sign, depth) in {("(", 1), (",", 1), (")", 0)}:
            yield statement[start:place].strip()
            start = place + 1
