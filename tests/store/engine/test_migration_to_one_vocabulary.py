"""From version 15 to version 16: a stored timeline names members as the API does."""

import json
import sqlite3
from pathlib import Path

from dcvd.store.engine.migrate import load_migrations, migrate
from tests.store.engine import version_four


def test_a_stored_timeline_has_the_words_of_the_api_and_what_was_seen_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    version_four.make(path)
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection, load_migrations()[:15])
    seen = {"field": "errors", "before": [], "after": ['"field":"dnsState"']}
    connection.execute(
        "UPDATE timeline SET data = ? WHERE id = (SELECT max(id) FROM timeline WHERE kind = 1)",
        (json.dumps({"changes": [{"field": "dnsState", "before": "a", "after": "b"}, seen]}, separators=(",", ":")),),
    )
    before = dict(connection.execute("SELECT id, data FROM timeline"))
    migrate(connection)
    after = dict(connection.execute("SELECT id, data FROM timeline"))
    connection.close()
    renamed = 0
    for id_, data in before.items():
        old, new = json.loads(data).get("changes", []), json.loads(after[id_]).get("changes", [])
        for change in old:
            renamed += change["field"] == "dnsState"
            change["field"] = change["field"].replace("dnsState", "dnsStatus")
        assert new == old
    assert renamed > 3
