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


@migrations(name="0002_time_isolation_faults")
def _time_isolation_faults(db: Database) -> None:
    for statement in _TIME_ISOLATION_FAULTS:
        db.execute(statement)
    for table in KEPT_IN_SNAPSHOTS:
        db.execute(f"CREATE TABLE saved_{table} AS SELECT 0 AS snapshot, * FROM {table} WHERE 0")
        db.execute(f"CREATE INDEX saved_{table}_snapshot ON saved_{table}(snapshot)")


# All but the account itself, in an order in which they can be filled.
KEPT_IN_SNAPSHOTS = (
    "numbers",
    "messages",
    "agenda",
    "opt_outs",
    "automatic_texts",
    "exchanges",
    "rules",
    "treatments",
    "sinks",
)

_TIME_ISOLATION_FAULTS = (
    "ALTER TABLE accounts ADD COLUMN origin TEXT NOT NULL DEFAULT 'file'",
    "ALTER TABLE accounts ADD COLUMN ids_from TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE accounts ADD COLUMN clock TEXT",
    "ALTER TABLE accounts ADD COLUMN holding TEXT",
    "ALTER TABLE accounts ADD COLUMN expires_at INTEGER",
    "ALTER TABLE agenda ADD COLUMN rules TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE exchanges ADD COLUMN rules TEXT NOT NULL DEFAULT ''",
    # Two accounts that were leased with the same seed have the same ids: that is what the seed is for.
    "DROP INDEX messages_id",
    "CREATE UNIQUE INDEX messages_id ON messages(sms_message_id, account)",
    """CREATE TABLE events (
        id INTEGER PRIMARY KEY,
        account INTEGER NOT NULL REFERENCES accounts(id),
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        message INTEGER REFERENCES messages(seq),
        status TEXT,
        data TEXT NOT NULL
    )""",
    "CREATE INDEX events_account ON events(account)",
    """CREATE TABLE rules (
        account INTEGER NOT NULL REFERENCES accounts(id),
        id TEXT NOT NULL,
        place INTEGER NOT NULL,
        scenario TEXT NOT NULL,
        written TEXT NOT NULL,
        count TEXT NOT NULL,
        PRIMARY KEY (account, id)
    ) WITHOUT ROWID""",
    """CREATE TABLE treatments (
        message INTEGER PRIMARY KEY REFERENCES messages(seq),
        account INTEGER NOT NULL REFERENCES accounts(id),
        rules TEXT NOT NULL,
        callbacks TEXT NOT NULL
    )""",
    "CREATE INDEX treatments_account ON treatments(account)",
    """CREATE TABLE sinks (
        account INTEGER NOT NULL REFERENCES accounts(id),
        path TEXT NOT NULL,
        script TEXT NOT NULL,
        answered INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (account, path)
    ) WITHOUT ROWID""",
    """CREATE TABLE snapshots (
        id INTEGER PRIMARY KEY,
        account INTEGER NOT NULL REFERENCES accounts(id),
        name TEXT NOT NULL,
        made_at INTEGER NOT NULL,
        state TEXT NOT NULL,
        UNIQUE (account, name)
    )""",
)


@migrations(name="0003_console")
def _console(db: Database) -> None:
    for statement in _CONSOLE:
        db.execute(statement)


# What is rare alone is indexed: a message that is queued, sent and received costs no more than before.
_CONSOLE = (
    """CREATE INDEX messages_bad ON messages(account, status, requested_at)
        WHERE status IN ('failed', 'undelivered')""",
    "CREATE INDEX messages_replies ON messages(account, requested_at) WHERE type = 'reply'",
    """CREATE TABLE handsets (
        account INTEGER NOT NULL REFERENCES accounts(id),
        number TEXT NOT NULL,
        place INTEGER NOT NULL,
        name TEXT NOT NULL,
        texts TEXT NOT NULL,
        PRIMARY KEY (account, number)
    ) WITHOUT ROWID""",
    "CREATE INDEX automatic_texts_handset ON automatic_texts(account, handset, id)",
    "CREATE INDEX exchanges_bad ON exchanges(account, n) WHERE outcome <> 'ok'",
)
