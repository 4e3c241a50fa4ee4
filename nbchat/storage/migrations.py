"""The schema, as numbered steps that were true once and are never edited again. A change is a new step at the end.

Each step runs in its own transaction with its entry in `schema_version`: a crash leaves the old or the new schema whole.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbchat.core.errors import StorageError

if TYPE_CHECKING:
    from nbchat.storage.database import Database

__all__ = ["LATEST", "MIGRATIONS", "Migration", "check", "migrate"]


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: its number, what it is for, and its statements in order."""

    number: int
    name: str
    statements: tuple[str, ...]


_FIRST = Migration(
    1,
    "conversations, messages, turns, ledger, settings, providers",
    (
        # `generation` is the last one given to a turn: it never repeats, whatever is deleted.
        """CREATE TABLE conversations (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            title TEXT NOT NULL DEFAULT '',
            provider TEXT NOT NULL DEFAULT '',
            model TEXT NOT NULL DEFAULT '',
            system TEXT,
            parameters TEXT NOT NULL DEFAULT '{}',
            head TEXT,
            generation INTEGER NOT NULL DEFAULT 0,
            created REAL NOT NULL,
            updated REAL NOT NULL
        )""",
        "CREATE INDEX conversations_by_update ON conversations (updated, id)",
        # `position` is the order of creation over all processes. No foreign key on parent_id: a message whose parent is
        # missing starts a path of its own, which is better than refusing what was said.
        """CREATE TABLE messages (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
            parent_id TEXT,
            role TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant', 'tool')),
            parts TEXT NOT NULL,
            status TEXT NOT NULL CHECK (status IN ('streaming', 'complete', 'stopped', 'error', 'interrupted')),
            generation INTEGER NOT NULL DEFAULT 0,
            finish_reason TEXT,
            model TEXT,
            created REAL NOT NULL,
            usage TEXT,
            cost TEXT,
            error TEXT
        )""",
        "CREATE INDEX messages_by_conversation ON messages (conversation_id, position)",
        "CREATE INDEX messages_by_parent ON messages (parent_id)",
        # What a running answer has so far, appended; folded into messages.parts at the end.
        """CREATE TABLE message_pieces (
            position INTEGER NOT NULL REFERENCES messages (position) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            parts TEXT NOT NULL,
            PRIMARY KEY (position, number)
        ) WITHOUT ROWID""",
        # A turn runs while `ended` is NULL. `lease` is the time until which its owner said to be alive.
        """CREATE TABLE turns (
            id TEXT PRIMARY KEY,
            conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
            generation INTEGER NOT NULL,
            user_message TEXT NOT NULL,
            assistant_message TEXT NOT NULL,
            request_id TEXT NOT NULL UNIQUE,
            cell TEXT,
            owner TEXT NOT NULL,
            lease REAL NOT NULL,
            started REAL NOT NULL,
            ended REAL,
            UNIQUE (conversation_id, generation)
        )""",
        "CREATE INDEX turns_by_cell ON turns (conversation_id, cell, generation) WHERE cell IS NOT NULL",
        "CREATE INDEX turns_running ON turns (owner) WHERE ended IS NULL",
        # The ledger refers to conversations, turns and messages by value: it outlives them.
        """CREATE TABLE requests (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            conversation_id TEXT NOT NULL,
            conversation_name TEXT NOT NULL,
            turn_id TEXT NOT NULL,
            message_id TEXT NOT NULL,
            purpose TEXT NOT NULL,
            provider TEXT NOT NULL,
            model TEXT NOT NULL,
            status TEXT NOT NULL,
            started REAL NOT NULL,
            ended REAL NOT NULL,
            first_token_seconds REAL,
            input_tokens INTEGER,
            cached_tokens INTEGER,
            cache_write_tokens INTEGER,
            output_tokens INTEGER,
            reasoning_tokens INTEGER,
            usage_certainty TEXT NOT NULL,
            cost_amount TEXT,
            cost_currency TEXT NOT NULL,
            cost_certainty TEXT NOT NULL,
            cost_source TEXT NOT NULL,
            price TEXT,
            raw_usage TEXT
        )""",
        "CREATE INDEX requests_by_conversation ON requests (conversation_id, position)",
        "CREATE INDEX requests_by_time ON requests (started)",
        """CREATE TRIGGER requests_never_change BEFORE UPDATE ON requests
           BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
        """CREATE TRIGGER requests_never_vanish BEFORE DELETE ON requests
           BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
        # INSERT OR REPLACE deletes without firing delete triggers: the first row of an id stays.
        """CREATE TRIGGER requests_first_wins BEFORE INSERT ON requests
           WHEN EXISTS (SELECT 1 FROM requests WHERE id = NEW.id)
           BEGIN SELECT RAISE(IGNORE); END""",
        "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        # Where a key is to be found, never a key.
        """CREATE TABLE providers (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            base_url TEXT NOT NULL,
            preset TEXT NOT NULL,
            name TEXT NOT NULL,
            key_kind TEXT NOT NULL,
            key_name TEXT NOT NULL,
            headers TEXT NOT NULL,
            insecure INTEGER NOT NULL,
            enabled INTEGER NOT NULL,
            created REAL NOT NULL
        )""",
    ),
)

_SECOND = Migration(
    2,
    "search, marks, archives, what made an answer",
    (
        "ALTER TABLE messages ADD COLUMN parameters TEXT",
        "ALTER TABLE messages ADD COLUMN first_token_seconds REAL",
        "ALTER TABLE messages ADD COLUMN seconds REAL",
        "ALTER TABLE messages ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE messages ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0",
        "CREATE INDEX messages_deleted ON messages (conversation_id) WHERE deleted",
        "ALTER TABLE conversations ADD COLUMN titled INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE conversations ADD COLUMN archived INTEGER NOT NULL DEFAULT 0",
        "CREATE INDEX conversations_by_archive ON conversations (archived, updated, id)",
        # Messages that changed since they were indexed, with the parts that the index has of them, NULL for none (see
        # `index`). An answer that is being written is not in the index. The note that is there already is the right one.
        "CREATE TABLE unindexed (position INTEGER PRIMARY KEY, parts TEXT)",
        "INSERT INTO unindexed SELECT position, NULL FROM messages WHERE status <> 'streaming'",
        """CREATE TRIGGER messages_added AFTER INSERT ON messages WHEN NEW.status <> 'streaming'
           BEGIN INSERT INTO unindexed SELECT NEW.position, NULL; END""",
        """CREATE TRIGGER messages_changed AFTER UPDATE OF parts, status ON messages
           WHEN NOT EXISTS (SELECT 1 FROM unindexed WHERE position = OLD.position)
           BEGIN INSERT INTO unindexed SELECT OLD.position, CASE WHEN OLD.status <> 'streaming' THEN OLD.parts END; END""",
        """CREATE TRIGGER messages_removed AFTER DELETE ON messages
           WHEN NOT EXISTS (SELECT 1 FROM unindexed WHERE position = OLD.position)
           BEGIN INSERT INTO unindexed SELECT OLD.position, CASE WHEN OLD.status <> 'streaming' THEN OLD.parts END; END""",
    ),
)

_THIRD = Migration(
    3,
    "what providers were last asked and refuse, budgets, full contexts, what a character is worth",
    (
        "ALTER TABLE providers ADD COLUMN proxy TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE providers ADD COLUMN ca_bundle TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE providers ADD COLUMN last_used REAL NOT NULL DEFAULT 0",
        "ALTER TABLE providers ADD COLUMN last_model TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE providers ADD COLUMN learned TEXT NOT NULL DEFAULT '{}'",
        "ALTER TABLE conversations ADD COLUMN budget TEXT",
        "ALTER TABLE conversations ADD COLUMN when_full TEXT NOT NULL DEFAULT 'refuse'",
        "ALTER TABLE messages ADD COLUMN omitted INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE requests ADD COLUMN notebook TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE requests ADD COLUMN input_characters INTEGER",
        "ALTER TABLE requests ADD COLUMN output_characters INTEGER",
        "ALTER TABLE requests ADD COLUMN input_audio_tokens INTEGER",
        "ALTER TABLE requests ADD COLUMN input_image_tokens INTEGER",
        "ALTER TABLE requests ADD COLUMN output_audio_tokens INTEGER",
        "ALTER TABLE requests ADD COLUMN output_image_tokens INTEGER",
        "CREATE INDEX requests_by_model ON requests (provider, model, position)",
    ),
)

_FOURTH = Migration(4, "what a cell asked", ("ALTER TABLE turns ADD COLUMN asked TEXT NOT NULL DEFAULT ''",))

MIGRATIONS: tuple[Migration, ...] = (_FIRST, _SECOND, _THIRD, _FOURTH)
LATEST = MIGRATIONS[-1].number


def check(db: Database, latest: int = LATEST) -> int:
    """Return the schema's version, 0 for an empty file; reads only.

    Raises StorageError for a database that a newer nbchat made, or that is another program's.
    """
    tables = {name for (name,) in db.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return 0
    if "schema_version" not in tables:
        raise StorageError(
            f"{db.place} is another program's database.",
            hint="Nothing was changed. Set NBCHAT_STORE to a path of its own.",
        )
    (version,) = db.row("SELECT MAX(version) FROM schema_version") or (0,)
    if version > latest:
        raise StorageError(
            f"{db.place} was made by a newer nbchat (schema {version}; this one knows {latest}).",
            hint="Nothing was changed. Upgrade with `pip install -U jupyter-nbchat`, or set NBCHAT_STORE to another path.",
        )
    return int(version)


def migrate(db: Database, migrations: tuple[Migration, ...] = MIGRATIONS) -> None:
    """Bring the schema up to date, one transaction a step; safe when several processes start at once."""
    latest = migrations[-1].number
    if check(db, latest) == latest:
        return
    for step in migrations:
        with db.transaction():
            # Asked again inside: another process may have taken the step while this one waited for the lock.
            if check(db, latest) >= step.number:
                continue
            if step.number == 1:
                db.execute("CREATE TABLE schema_version (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied REAL NOT NULL)")
            for statement in step.statements:
                db.execute(statement)
            db.execute("INSERT INTO schema_version VALUES (?, ?, ?)", (step.number, step.name, time.time()))
