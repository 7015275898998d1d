-- A state file as version 3 wrote it.
CREATE TABLE texts (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, value TEXT NOT NULL);
CREATE TABLE answers (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, session TEXT, tenant INTEGER, user INTEGER,
  scope INTEGER NOT NULL, question INTEGER, status TEXT NOT NULL, query INTEGER, options INTEGER, route TEXT,
  created_ms INTEGER NOT NULL, latency_us INTEGER NOT NULL, bytes_scanned INTEGER NOT NULL, rows INTEGER NOT NULL,
  versions INTEGER, cost REAL NOT NULL);
CREATE INDEX answers_by_session ON answers (session, number) WHERE session IS NOT NULL;
-- The digest is the first half of the SHA-256 of the value.
INSERT INTO texts VALUES
  (1, x'25bf8e1a2393f1108d37029b3df55932', 'local'),
  (2, x'29d3768879d1e9c8be14f63f6729b523', 'revenue by region'),
  (3, x'5e75cb8339b87e3f689cecd78b133ed4', 'only West'),
  (4, x'5bfad45391fc34e2638702bcde0a5925', '{"metrics":["revenue"]}'),
  (5, x'd9298a10d1b0735837dc4bd85dac641b', 'other'),
  (6, x'30ff2a37f853fc0eb4be2bfddb25660b', 'their question');
INSERT INTO answers VALUES
  (1, 'a1', 's1', NULL, NULL, 1, 2, 'answered', 4, NULL, 'rules', 1000, 10, 0, 4, NULL, 0),
  (2, 'a2', 's1', NULL, NULL, 1, 3, 'answered', 4, NULL, 'rules', 2000, 10, 0, 1, NULL, 0),
  (3, 'a3', 's1', NULL, NULL, 5, 6, 'refused', NULL, NULL, 'rules', 3000, 10, 0, 0, NULL, 0),
  (4, 'a4', NULL, NULL, NULL, 1, 2, 'answered', 4, NULL, 'rules', 4000, 10, 0, 4, NULL, 0);

-- step 2: threads, and what an answer follows
ALTER TABLE answers ADD COLUMN after TEXT;
ALTER TABLE answers ADD COLUMN as_of TEXT;
ALTER TABLE answers ADD COLUMN restatement INTEGER;
CREATE TABLE threads (  id TEXT NOT NULL, scope INTEGER NOT NULL, title TEXT NOT NULL, turns INTEGER NOT NULL,  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, PRIMARY KEY (id, scope)) WITHOUT ROWID;
CREATE INDEX threads_by_time ON threads (scope, updated_ms);
INSERT INTO threads SELECT a.session, a.scope, coalesce((SELECT t.value FROM answers f JOIN texts t ON t.id = f.question    WHERE f.session = a.session AND f.scope = a.scope ORDER BY f.number LIMIT 1), ''),  count(*), min(a.created_ms), max(a.created_ms) FROM answers a WHERE a.session IS NOT NULL GROUP BY a.session, a.scope;
UPDATE answers SET after = 'a1', as_of = '2020-12-30', restatement = 3 WHERE id = 'a2';
UPDATE threads SET title = 'My regions' WHERE id = 's1' AND scope = 1;

-- step 3: pins, feedback, links
CREATE TABLE records (  number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, id TEXT NOT NULL, scope INTEGER NOT NULL, subject TEXT,  body TEXT NOT NULL, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,  UNIQUE (kind, id));
CREATE INDEX records_by_scope ON records (kind, scope, number);
CREATE INDEX records_by_subject ON records (kind, subject) WHERE subject IS NOT NULL;
INSERT INTO records VALUES (1, 0, 'p1', 1, NULL, '{"title":"Revenue"}', 5000, 5000, 0), (2, 1, 'f1', 1, 'a2', '{"verdict":"down"}', 6000, 6000, 0);
PRAGMA user_version = 3;
