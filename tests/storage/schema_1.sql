BEGIN TRANSACTION;
CREATE TABLE conversations (
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
        );
INSERT INTO "conversations" VALUES('c1','thesis.ipynb','Größe der Stichprobe','lab','tiny','Be brief.','{"temperature":0.2}','m6',3,1764000000.0,1764000300.0);
INSERT INTO "conversations" VALUES('c2','旅行','','','',NULL,'{}','m8',1,1764000100.0,1764000200.5);
INSERT INTO "conversations" VALUES('c3','empty','','','',NULL,'{}',NULL,0,1764000150.0,1764000150.0);
CREATE TABLE message_pieces (
            position INTEGER NOT NULL REFERENCES messages (position) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            parts TEXT NOT NULL,
            PRIMARY KEY (position, number)
        ) WITHOUT ROWID;
INSERT INTO "message_pieces" VALUES(6,1,'[{"text":"A zebra needs ","type":"text"}]');
INSERT INTO "message_pieces" VALUES(6,2,'[{"text":"more than ","type":"text"}]');
CREATE TABLE messages (
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
        );
INSERT INTO "messages" VALUES(1,'m1','c1',NULL,'user','[{"text":"Wie groß muss die Stichprobe sein?","type":"text"}]','complete',1,NULL,NULL,1764000001.0,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(2,'m2','c1','m1','assistant','[{"text":"Let me think.","seconds":1.5,"type":"reasoning"},{"text":"Mindestens 30, it depends on the quagga.","type":"text"}]','complete',1,'stop','lab/tiny',1764000001.0,'{"input_tokens":12,"cached_tokens":null,"cache_write_tokens":null,"output_tokens":34,"reasoning_tokens":null,"certainty":"reported"}','{"amount":"0.000123","certainty":"reported","source":"","currency":"USD"}',NULL);
INSERT INTO "messages" VALUES(3,'m3','c1','m1','assistant','[{"text":"It can''t be said without the variance.","type":"text"}]','stopped',2,NULL,'lab/tiny',1764000060.0,'{"input_tokens":12,"cached_tokens":null,"cache_write_tokens":null,"output_tokens":34,"reasoning_tokens":null,"certainty":"reported"}','{"amount":"0.000123","certainty":"reported","source":"","currency":"USD"}',NULL);
INSERT INTO "messages" VALUES(4,'m4','c1','m2','user','[{"text":"And for a zebra?","type":"text"}]','complete',2,NULL,NULL,1764000100.0,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(5,'m5','c1','m4','assistant','[]','error',2,NULL,'lab/tiny',1764000100.0,NULL,NULL,'{"kind":"network","text":"The connection was cut.","hint":"Ask again."}');
INSERT INTO "messages" VALUES(6,'m6','c1','m4','assistant','[]','streaming',3,NULL,'lab/tiny',1764000300.0,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(7,'m7','c2',NULL,'user','[{"text":"東京でお勧めの場所は？","type":"text"}]','complete',1,NULL,NULL,1764000200.0,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(8,'m8','c2','m7','assistant','[{"text":"浅草寺 and 😀 the zebra crossing of 渋谷","type":"text"}]','complete',1,'stop','hub/large',1764000200.0,'{"input_tokens":12,"cached_tokens":null,"cache_write_tokens":null,"output_tokens":34,"reasoning_tokens":null,"certainty":"reported"}','{"amount":"0.000123","certainty":"reported","source":"","currency":"USD"}',NULL);
CREATE TABLE providers (
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
        );
INSERT INTO "providers" VALUES(1,'lab','http://127.0.0.1:8000/v1','openai','Lab','env','LAB_KEY','[["X-Team","a"]]',1,1,1764000000.0);
CREATE TABLE requests (
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
        );
INSERT INTO "requests" VALUES(1,'r-t1','c1','thesis.ipynb','t1','m2','answer','lab','tiny','complete',1764000001.0,1764000003.5,0.4,12,NULL,NULL,34,NULL,'reported','0.000123','USD','reported','provider','{"input":"1.50","output":"1E-7","source":"prices","dated":"2026-01-01"}','{"prompt_tokens": 12}');
INSERT INTO "requests" VALUES(2,'r-old','gone','a deleted one','t0','m0','answer','lab','tiny','complete',1764000001.0,1764000003.5,0.4,12,NULL,NULL,34,NULL,'reported','0.5','USD','reported','provider',NULL,'{"prompt_tokens": 12}');
INSERT INTO "requests" VALUES(3,'r-t4','c2','旅行','t4','m8','answer','lab','tiny','complete',1764000001.0,1764000003.5,0.4,12,NULL,NULL,34,NULL,'reported',NULL,'USD','reported','provider',NULL,'{"prompt_tokens": 12}');
CREATE TABLE schema_version (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied REAL NOT NULL);
INSERT INTO "schema_version" VALUES(1,'conversations, messages, turns, ledger, settings, providers',1764000000.0);
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "settings" VALUES('model','"lab/tiny"');
CREATE TABLE turns (
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
        );
INSERT INTO "turns" VALUES('t1','c1',1,'m1','m2','r-t1','cell-1','elsewhere|boot|pid:[1]|7|123',1764000310.0,1764000002.0,1764000005.0);
INSERT INTO "turns" VALUES('t2','c1',2,'m4','m5','r-t2',NULL,'elsewhere|boot|pid:[1]|7|123',1764000310.0,1764000003.0,1764000101.0);
INSERT INTO "turns" VALUES('t3','c1',3,'m4','m6','r-t3',NULL,'elsewhere|boot|pid:[1]|7|123',1764000310.0,1764000004.0,NULL);
INSERT INTO "turns" VALUES('t4','c2',1,'m7','m8','r-t4',NULL,'elsewhere|boot|pid:[1]|7|123',1764000310.0,1764000002.0,1764000201.0);
CREATE INDEX conversations_by_update ON conversations (updated, id);
CREATE INDEX messages_by_conversation ON messages (conversation_id, position);
CREATE INDEX messages_by_parent ON messages (parent_id);
CREATE INDEX turns_by_cell ON turns (conversation_id, cell, generation) WHERE cell IS NOT NULL;
CREATE INDEX turns_running ON turns (owner) WHERE ended IS NULL;
CREATE INDEX requests_by_conversation ON requests (conversation_id, position);
CREATE INDEX requests_by_time ON requests (started);
CREATE TRIGGER requests_never_change BEFORE UPDATE ON requests
           BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER requests_never_vanish BEFORE DELETE ON requests
           BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER requests_first_wins BEFORE INSERT ON requests
           WHEN EXISTS (SELECT 1 FROM requests WHERE id = NEW.id)
           BEGIN SELECT RAISE(IGNORE); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('messages',8);
INSERT INTO "sqlite_sequence" VALUES('requests',3);
INSERT INTO "sqlite_sequence" VALUES('providers',1);
COMMIT;
