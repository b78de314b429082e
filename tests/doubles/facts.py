"""The table of an embedded database that tests fill."""

from __future__ import annotations

from gateway.admission.sqlite_file import Layout

LAYOUT = Layout(
    application_id=7, version=1, schema="CREATE TABLE fact (name TEXT); CREATE INDEX by_name ON fact (name)"
)


def add(database, name="x"):
    with database.transaction() as rows:
        rows.execute("INSERT INTO fact VALUES (?)", (name,))


def names(database):
    with database.transaction() as rows:
        return [name for (name,) in rows.execute("SELECT name FROM fact")]
