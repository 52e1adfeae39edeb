"""An SQL dump is read as it was written, and can do nothing but fill the tables that are known."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.errors import InvalidInput
from dcvd.store.predecessor.dump import load_dump
from tests.predecessor.dumps import ACME, cut, earliest_dump, full_dump

TABLE = (
    "CREATE TABLE organizations (id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at TEXT DEFAULT (datetime('now')));\n"
)
SECRET = "a-secret-of-theirs"


def rows(dump: str, table: str = "organizations", *, size: int = 1 << 16) -> list[dict[str, Any]]:
    with load_dump(cut(dump, size), ["organizations", "domains"]) as loaded:
        return list(loaded.rows(table))


def refusal(dump: str) -> str:
    with pytest.raises(InvalidInput) as caught, load_dump([dump], ["organizations", "domains"]):
        pass
    assert caught.value.code == "bad_dump"
    assert caught.value.__cause__ is None
    assert SECRET not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 100_000])
def test_a_dump_says_the_same_however_its_text_is_cut(size: int) -> None:
    found = rows(full_dump(), "domains", size=size)
    assert len(found) == 7
    assert found[2]["cf_verification_errors"].endswith('line\ntwo"}')
    assert found[3]["error_message"] == "It is blocked.\nAsk them."


def test_rows_that_sqlite_numbers_are_read() -> None:
    dump = (
        "CREATE TABLE organizations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT);\n"
        "INSERT INTO organizations VALUES (7, 'A');\nINSERT INTO organizations (name) VALUES ('B');\n"
        "DELETE FROM sqlite_sequence;\nINSERT INTO sqlite_sequence VALUES ('organizations', 1);\n"
    )
    assert [row["id"] for row in rows(dump)] == [7, 8]


def test_a_null_character_is_named() -> None:
    assert "line 2: the query contains a null character" in refusal(f"{TABLE}INSERT INTO organizations VALUES ('\0');")


def test_what_is_not_known_is_counted_and_not_carried_out() -> None:
    with load_dump([full_dump()], ["organizations"]) as loaded:
        content = loaded.content
        assert loaded.count("organizations") == 3
        assert (loaded.count("domains"), list(loaded.rows("domains"))) == (0, [])
    assert content.tables["organizations"][-1] == "custom_domain"
    assert content.left_out == 2
    assert {name: content.other_rows[name] for name in ("jobs", "domains", "sqlite_sequence")} == {
        "jobs": 2,
        "domains": 7,
        "sqlite_sequence": 1,
    }


def test_two_tables_of_one_name_that_nobody_reads_harm_nothing() -> None:
    with load_dump([earliest_dump()], ["organizations"]) as loaded:
        assert [row["id"] for row in loaded.rows("organizations")] == ["o1"]


@pytest.mark.parametrize(
    "statement",
    [
        "ATTACH 'x.db' AS x;",
        f"ATTACH '{SECRET}' AS x;",
        "DROP TABLE organizations;",
        "UPDATE organizations SET name = 'x';",
        "DELETE FROM organizations;",
        "VACUUM INTO 'x.db';",
        "ALTER TABLE organizations ADD COLUMN x;",
        "SELECT 1;",
        "WITH a AS (SELECT 1) INSERT INTO organizations SELECT * FROM a;",
        "REPLACE INTO organizations VALUES ('a','b','c');",
        ".read other.sql\n;",
        "garbage;",
        "INSERT INTO organizations SELECT name, sql, type FROM sqlite_temp_master;",
        "INSERT INTO organizations VALUES ('a', load_extension('x'), 'c');",
        "INSERT INTO organizations VALUES ('a', (SELECT group_concat(file) FROM pragma_database_list), 'c');",
        "INSERT INTO organizations VALUES ('a', (SELECT value FROM json_each('[1]')), 'c');",
        "INSERT INTO organizations VALUES ('a', (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c)"
        " SELECT count(*) FROM c), 'c');",
        "INSERT INTO organizations VALUES ('a', zeroblob(1000000000), 'c');",
        "INSERT INTO sqlite_master VALUES ('table','x','x',0,'CREATE TABLE x(a)');\nINSERT INTO organizations;",
        f"INSERT INTO organizations VALUES ('a', '{SECRET}');",
        f"INSERT INTO organizations VALUES ('a' '{SECRET}', 'c');",
        f"INSERT INTO organizations VALUES ('{SECRET}', NULL, 1);",
        f"INSERT INTO organizations VALUES ('{SECRET}\0', 1, 1);",
        "INSERT INTO domains VALUES ('a');",
        "CREATE TABLE organizations (id);",
        "CREATE TABLE domains (id TEXT CHECK (load_extension('x')));\nINSERT INTO domains VALUES ('a');",
        "CREATE TABLE domains AS SELECT * FROM sqlite_temp_master;",
        "CREATE TRIGGER t AFTER INSERT ON organizations BEGIN SELECT 1;",
        "INSERT INTO organizations VALUES ('a', 'b",
        "INSERT INTO organizations VALUES ('a', 'b', 'c')",
        "/* a comment without an end",
    ],
)
def test_a_hostile_or_broken_dump_gives_a_sentence_that_quotes_no_value(statement: str, tmp_path: Path) -> None:
    message = refusal(f"{TABLE}{statement}")
    assert message.startswith("The dump cannot be read: ")
    assert "line " in message or "the table" in message


def test_a_row_cannot_take_for_ever() -> None:
    many = ", ".join("organizations" for _ in range(8))
    filled = "".join(f"INSERT INTO organizations VALUES ('{number}', 'x', 'y');\n" for number in range(30))
    sql = f"{TABLE}{filled}INSERT INTO organizations SELECT count(*), 'x', 'y' FROM {many};"
    assert "interrupted" in refusal(sql.replace(many, ", ".join(f"organizations t{n}" for n in range(8))))


def test_a_statement_is_no_longer_than_a_row_can_be() -> None:
    assert "longer than 8 MiB" in refusal(f"{TABLE}INSERT INTO organizations VALUES ('{'x' * (9 << 20)}');")


def test_nothing_is_written_to_the_directory_that_it_is_run_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert rows(full_dump())[0]["id"] == ACME
    assert list(tmp_path.iterdir()) == []


_VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=40),
    st.text("';\"-/*[]`\n\r()x", max_size=20),
    st.binary(max_size=20),
)


@given(values=st.lists(st.tuples(_VALUES, _VALUES), max_size=6), size=st.integers(1, 50))
def test_what_sqlite_dumps_is_read_back(values: list[tuple[Any, Any]], size: int) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE organizations (id, \"odd ; 'name'\")")
        connection.executemany("INSERT INTO organizations VALUES (?, ?)", values)
        dump = "\n".join(connection.iterdump())
    assert [tuple(row.values()) for row in rows(dump, size=size)] == values


@given(data=st.data())
def test_a_dump_that_is_damaged_anywhere_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    dump = TABLE + "".join(f"INSERT INTO organizations VALUES ('{n}', 'it''s -- /* ; {n}', NULL);\n" for n in range(4))
    start = data.draw(st.integers(0, len(dump)))
    end = data.draw(st.integers(start, len(dump)))
    noise = data.draw(st.text(max_size=5) | st.text("';\"-/*[]`\n\0()", max_size=5))
    damaged = dump[:start] + noise.encode(errors="replace").decode() + dump[end:]
    with suppress(InvalidInput), load_dump([damaged], ["organizations"]) as loaded:
        for row in loaded.rows("organizations"):
            assert len(row) <= 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"a\u000ab", "a\nb"),
        (r"\000d\U0001f600\+01F600", "\r\U0001f600\U0001f600"),
        (r"c:\\dir", "c:\\dir"),
        ("it''s", "it's"),
    ],
)
def test_texts_are_read_in_the_form_of_newer_releases_of_sqlite(text: str, expected: str) -> None:
    dump = f"{TABLE}INSERT INTO organizations VALUES ('a', unistr('{text}'), NULL);\n"
    assert rows(dump)[0]["name"] == expected
