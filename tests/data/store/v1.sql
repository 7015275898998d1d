-- A state file as version 1 wrote it: two answers of one session, one of another scope in a session of the same name,
-- one without a session.
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
PRAGMA user_version = 1;
