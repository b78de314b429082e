"""The tables of ``jobs.sqlite``.

The calls of a chunk stand apart: its row changes with each write, and SQLite writes whole rows.
"""

from __future__ import annotations

from gateway.admission.sqlite_file import Layout

LAYOUT = Layout(
    application_id=0x62756A62,
    version=2,
    schema="""
        CREATE TABLE job (
            id TEXT PRIMARY KEY, principal TEXT NOT NULL, resource TEXT NOT NULL, state TEXT NOT NULL,
            why TEXT NOT NULL DEFAULT '', label TEXT NOT NULL, max_failed_percent REAL, pause_after INTEGER,
            key TEXT UNIQUE, fingerprint TEXT NOT NULL, request_id TEXT NOT NULL, traceparent TEXT NOT NULL,
            retry_of TEXT, retried_as TEXT, keys_of TEXT NOT NULL, parts INTEGER NOT NULL DEFAULT 0, version INTEGER NOT NULL DEFAULT 1,
            total INTEGER NOT NULL DEFAULT 0, applied INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
            unknown INTEGER NOT NULL DEFAULT 0, errors TEXT NOT NULL DEFAULT '{}', samples TEXT NOT NULL DEFAULT '[]',
            created_at REAL NOT NULL, queued_at REAL, started_at REAL, progress_at REAL, ended_at REAL,
            expires_at REAL NOT NULL, part_at REAL NOT NULL, due_at REAL NOT NULL DEFAULT 0,
            turn INTEGER NOT NULL DEFAULT 0
        );
        CREATE INDEX job_by_principal ON job (principal, id);
        CREATE INDEX job_by_state ON job (state);
        CREATE TABLE part (
            job TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL, items INTEGER NOT NULL,
            is_refused INTEGER NOT NULL, traceparent TEXT NOT NULL DEFAULT '', PRIMARY KEY (job, number)
        ) WITHOUT ROWID;
        CREATE TABLE item (
            job TEXT NOT NULL, id TEXT NOT NULL, part INTEGER NOT NULL, line INTEGER NOT NULL, PRIMARY KEY (job, id)
        ) WITHOUT ROWID;
        CREATE TABLE chunk (
            number INTEGER PRIMARY KEY, job TEXT NOT NULL, part INTEGER NOT NULL, line INTEGER NOT NULL,
            items INTEGER NOT NULL, first_index INTEGER NOT NULL DEFAULT 0, is_done INTEGER NOT NULL DEFAULT 0,
            owner TEXT NOT NULL DEFAULT '', closed_by TEXT NOT NULL DEFAULT '', lease_until REAL NOT NULL DEFAULT 0,
            due_at REAL NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, base INTEGER NOT NULL DEFAULT 0,
            writes INTEGER NOT NULL DEFAULT 0, settled TEXT NOT NULL DEFAULT '0'
        );
        CREATE TABLE calls (chunk INTEGER PRIMARY KEY, body BLOB NOT NULL);
        CREATE INDEX chunk_not_done ON chunk (job, number) WHERE is_done = 0;
        CREATE INDEX chunk_by_part ON chunk (job, part, line);
        CREATE INDEX chunk_open ON chunk (job, part, line, due_at, first_index) WHERE is_done = 0 AND owner = '';
        CREATE INDEX chunk_leased ON chunk (job, part, line) WHERE owner <> '';
        CREATE TABLE event (
            chunk INTEGER NOT NULL, number INTEGER NOT NULL, body BLOB NOT NULL, result INTEGER NOT NULL,
            PRIMARY KEY (chunk, number)
        ) WITHOUT ROWID;
        CREATE TABLE result (
            number INTEGER PRIMARY KEY, job TEXT NOT NULL, chunk INTEGER NOT NULL, applied INTEGER NOT NULL,
            failed INTEGER NOT NULL, unknown INTEGER NOT NULL, body BLOB NOT NULL
        );
        CREATE INDEX result_by_job ON result (job, number);
        CREATE TABLE partner (principal TEXT PRIMARY KEY, turn INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE worker (name TEXT PRIMARY KEY, beat_at REAL NOT NULL) WITHOUT ROWID;
        CREATE TABLE counter (name TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID
    """,
)
