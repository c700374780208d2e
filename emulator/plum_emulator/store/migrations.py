"""The tables, built up step by step. A step that has been released is never edited: add another."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("plum_emulator")


def known_names() -> set[str]:
    """The names of all steps that this version knows."""
    with Database(memory=True, execute_plugins=False) as nothing_yet:
        return {migration.name for migration in migrations.pending(nothing_yet)}


@migrations(name="0001_first_tables")
def _first_tables(db: Database) -> None:
    for statement in _FIRST_TABLES:
        db.execute(statement)


_FIRST_TABLES = (
    """CREATE TABLE emulator (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE accounts (
        id INTEGER PRIMARY KEY,
        username TEXT NOT NULL UNIQUE,
        seed TEXT NOT NULL,
        reserved INTEGER NOT NULL DEFAULT 0
    )""",
    """CREATE TABLE numbers (
        number TEXT PRIMARY KEY,
        account INTEGER NOT NULL REFERENCES accounts(id),
        place INTEGER NOT NULL,
        application_url TEXT NOT NULL DEFAULT '',
        pci INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID""",
    "CREATE INDEX numbers_account ON numbers(account, place)",
    """CREATE TABLE messages (
        seq INTEGER PRIMARY KEY,
        sms_message_id TEXT NOT NULL,
        account INTEGER NOT NULL REFERENCES accounts(id),
        type TEXT NOT NULL,
        "to" TEXT NOT NULL,
        "from" TEXT NOT NULL,
        body TEXT NOT NULL,
        result_url TEXT NOT NULL,
        status TEXT NOT NULL,
        requested_at INTEGER NOT NULL,
        sent_at INTEGER,
        settled_at INTEGER,
        notification TEXT,
        reason TEXT,
        exchange INTEGER,
        in_reply_to INTEGER REFERENCES messages(seq)
    )""",
    "CREATE UNIQUE INDEX messages_id ON messages(sms_message_id)",
    "CREATE INDEX messages_inbound ON messages(account, requested_at) WHERE type = 'inbound'",
    "CREATE INDEX messages_outbound ON messages(account, requested_at) WHERE type <> 'inbound'",
    'CREATE INDEX messages_to ON messages(account, "to", requested_at)',
    'CREATE INDEX messages_from ON messages(account, "from", requested_at)',
    "CREATE INDEX messages_in_reply_to ON messages(in_reply_to) WHERE in_reply_to IS NOT NULL",
    """CREATE VIRTUAL TABLE messages_fts USING fts5(
        body, content="messages", content_rowid='seq', columnsize=0, tokenize='unicode61 remove_diacritics 2'
    )""",
    """CREATE TABLE agenda (
        id INTEGER PRIMARY KEY,
        account INTEGER NOT NULL REFERENCES accounts(id),
        due_at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        message INTEGER NOT NULL REFERENCES messages(seq),
        status TEXT,
        notification TEXT,
        reason TEXT,
        attempt INTEGER NOT NULL DEFAULT 1
    )""",
    "CREATE INDEX agenda_due ON agenda(account, state, due_at)",
    "CREATE INDEX agenda_callbacks ON agenda(message) WHERE kind = 'callback'",
    """CREATE TABLE opt_outs (
        account INTEGER NOT NULL REFERENCES accounts(id),
        number TEXT NOT NULL,
        handset TEXT NOT NULL,
        since INTEGER NOT NULL,
        PRIMARY KEY (account, number, handset)
    ) WITHOUT ROWID""",
    """CREATE TABLE automatic_texts (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        account INTEGER NOT NULL REFERENCES accounts(id),
        message INTEGER NOT NULL REFERENCES messages(seq),
        handset TEXT NOT NULL,
        number TEXT NOT NULL,
        body TEXT NOT NULL,
        at INTEGER NOT NULL
    )""",
    "CREATE INDEX automatic_texts_message ON automatic_texts(message)",
    "CREATE INDEX automatic_texts_account ON automatic_texts(account)",
    """CREATE TABLE exchanges (
        id INTEGER PRIMARY KEY,
        account INTEGER REFERENCES accounts(id),
        n INTEGER NOT NULL,
        at INTEGER NOT NULL,
        direction TEXT NOT NULL,
        operation TEXT NOT NULL,
        method TEXT NOT NULL,
        url TEXT NOT NULL,
        request_headers TEXT NOT NULL,
        request_body TEXT NOT NULL,
        status INTEGER,
        response_headers TEXT NOT NULL,
        response_body TEXT NOT NULL,
        duration_ms REAL NOT NULL,
        outcome TEXT NOT NULL,
        message INTEGER REFERENCES messages(seq),
        attempt INTEGER
    )""",
    "CREATE INDEX exchanges_account ON exchanges(account, n)",
    "CREATE INDEX exchanges_message ON exchanges(message) WHERE message IS NOT NULL",
    """CREATE VIEW messages_readable AS
        SELECT messages.sms_message_id, accounts.username AS account, messages.type, messages."to",
               messages."from", messages.body, messages.status,
               strftime('%Y-%m-%dT%H:%M:%fZ', requested_at / 1000.0, 'unixepoch') AS requested,
               strftime('%Y-%m-%dT%H:%M:%fZ', sent_at / 1000.0, 'unixepoch') AS sent,
               strftime('%Y-%m-%dT%H:%M:%fZ', settled_at / 1000.0, 'unixepoch') AS settled,
               messages.result_url, messages.notification, messages.reason
        FROM messages JOIN accounts ON accounts.id = messages.account
        ORDER BY messages.seq""",
)
