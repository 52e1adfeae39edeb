"""The guard of statements knows what every version of SQLite calls a scan, and catches each in a growing table."""

from collections.abc import Iterator

import pytest

from tests.plans import Plans, read_from_end_to_end, walks_through_an_index


@pytest.fixture(scope="module")
def plans() -> Iterator[Plans]:
    made = Plans()
    yield made
    made.close()


@pytest.mark.parametrize(
    ("detail", "name"),
    [
        ("SCAN TABLE domains", "domains"),  # up to 3.35
        ("SCAN TABLE domains AS d", "domains"),
        ("SCAN TABLE domains USING COVERING INDEX domains_by_org", "domains"),
        ("SEARCH TABLE domains USING AUTOMATIC COVERING INDEX (org_id=?)", "domains"),
        ("SCAN domains", "domains"),  # since 3.36
        ("SCAN d", "d"),
        ("SCAN domains USING INDEX domains_by_org", "domains"),
        ("SCAN domains USING COVERING INDEX domains_by_org", "domains"),
        ("SEARCH domains USING AUTOMATIC COVERING INDEX (org_id=?)", "domains"),
        ("SEARCH domains USING AUTOMATIC PARTIAL COVERING INDEX (org_id=?)", "domains"),
        ("SCAN TABLE json_each VIRTUAL TABLE INDEX 1:", "json_each"),
        ("SCAN json_each VIRTUAL TABLE INDEX 1:", "json_each"),
        ("BLOOM FILTER ON domains (org_id=?)", "domains"),  # since 3.38
        ("SCAN domains LEFT-JOIN", "domains"),  # since 3.39
        ("SEARCH domains USING AUTOMATIC COVERING INDEX (org_id=?) LEFT-JOIN", "domains"),
        ("RIGHT-JOIN domains", "domains"),
        ("SCAN domains EXISTS", "domains"),  # since 3.51
        ("SEARCH domains EXISTS USING AUTOMATIC PARTIAL COVERING INDEX (org_id=?)", "domains"),
    ],
)
def test_a_line_that_reads_a_table_as_a_whole_names_it(detail: str, name: str) -> None:
    assert read_from_end_to_end(detail) == name


@pytest.mark.parametrize(
    "detail",
    [
        "SCAN CONSTANT ROW",
        "SCAN 1 CONSTANT ROW",
        "SCAN 8 CONSTANT ROWS",
        "SCAN 8-ROW VALUES CLAUSE",  # since 3.46
        "SCAN SUBQUERY 3",  # up to 3.35
        "SCAN SUBQUERY 3 AS latest",
        "SCAN (subquery-3)",
        "SCAN (subquery-3) LEFT-JOIN",
        "SCAN (join-1)",
        "RIGHT-JOIN (subquery-1)",
        "BLOOM FILTER ON (subquery-1) (org_id=?)",
        "SEARCH (subquery-1) USING AUTOMATIC COVERING INDEX (org_id=?)",
        "SEARCH (join-1) USING AUTOMATIC COVERING INDEX (id=?) LEFT-JOIN",
    ],
)
def test_rows_that_the_statement_itself_holds_or_makes_are_no_table(detail: str) -> None:
    assert read_from_end_to_end(detail) is None


@pytest.mark.parametrize(
    "detail",
    [
        "SEARCH TABLE domains USING INTEGER PRIMARY KEY (rowid=?)",
        "SEARCH domains USING INDEX domains_by_org (org_id=?)",
        "SEARCH domains USING COVERING INDEX domains_by_org (org_id=? AND id>?) LEFT-JOIN",
        "MULTI-INDEX OR",
        "INDEX 1",
        "CO-ROUTINE few",
        "CO-ROUTINE (subquery-1)",
        "MATERIALIZE few",
        "CORRELATED SCALAR SUBQUERY 2",
        "LIST SUBQUERY 1",
        "CREATE BLOOM FILTER",
        "USING INDEX sqlite_autoindex_organizations_1 FOR IN-OPERATOR",
        "COMPOUND QUERY",
        "LEFT-MOST SUBQUERY",
        "UNION USING TEMP B-TREE",
        "MERGE (UNION ALL)",
        "LEFT",
        "RIGHT",
        "SETUP",
        "RECURSIVE STEP",
        "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY",
        "USE TEMP B-TREE FOR LAST TERM OF ORDER BY",
    ],
)
def test_a_line_that_looks_up_joins_or_sorts_reads_no_table_as_a_whole(detail: str) -> None:
    assert read_from_end_to_end(detail) is None


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM jobs WHERE kind = ? AND state = 'pending'",
        "SELECT id FROM jobs WHERE kind = ? AND state = 'pending' AND ready = 1 AND blocked = 0 ORDER BY turn, id",
        "SELECT count(*) FROM domains WHERE lane = ?",
        "UPDATE jobs SET turn = 0 WHERE state = 'dead' AND state <> 'pending'",
    ],
)
def test_a_statement_that_walks_through_an_index_is_a_fault(plans: Plans, sql: str) -> None:
    assert plans.faults(sql) != []


@pytest.mark.parametrize(
    ("detail", "table"),
    [
        ("SEARCH TABLE jobs USING INDEX jobs_ready (kind=?)", "jobs"),
        ("SEARCH jobs USING COVERING INDEX jobs_ended (state=?)", "jobs"),
        ("SEARCH j USING INDEX jobs_ready (kind=? AND state=?)", "j"),
        ("SEARCH jobs USING INDEX jobs_turn_of_org (kind=? AND org_id=?)", None),
        ("SEARCH jobs USING INDEX jobs_ready (kind=? AND turn<?)", None),
        ("SEARCH jobs USING INDEX jobs_not_ready (next_attempt_at<?)", None),
        ("SEARCH domains USING INTEGER PRIMARY KEY (rowid=?)", None),
        ("SCAN jobs USING INDEX jobs_ready", None),  # the other rule's
    ],
)
def test_a_walk_is_one_that_only_columns_of_few_values_bound(detail: str, table: str | None) -> None:
    assert walks_through_an_index(detail, "SELECT 1") == table
    assert walks_through_an_index(detail, "SELECT 1 LIMIT 1") is None


# Whatever the SQLite of this machine says of them.
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM domains",
        "SELECT * FROM domains AS d WHERE d.error_code = ?",
        "SELECT count(*) FROM domains",
        "SELECT id FROM domains ORDER BY id",
        "UPDATE domains SET looks = 0",
        "SELECT * FROM (SELECT count(*) AS n FROM domains) AS few",
        "WITH few(n) AS (VALUES (1), (2)) SELECT * FROM few JOIN domains ON domains.error_code = few.n",
        "SELECT * FROM organizations o JOIN domains d ON d.error_code = o.name",
        "SELECT * FROM organizations o WHERE EXISTS (SELECT 1 FROM domains WHERE error_code = o.name)",
        "SELECT * FROM organizations WHERE id IN (SELECT org_id FROM domains)",
        "SELECT id FROM domains UNION ALL SELECT id FROM organizations",
    ],
)
def test_a_statement_that_reads_a_growing_table_as_a_whole_is_a_fault(plans: Plans, sql: str) -> None:
    assert plans.faults(sql) != []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "SELECT * FROM (VALUES (?), (?), (?), (?), (?), (?), (?), (?))",
        "WITH few(n) AS (VALUES (1), (2)) SELECT * FROM few",
        "SELECT d.* FROM (VALUES (1), (2)) JOIN domains d ON d.id = column1",
        "SELECT * FROM json_each(?1) JOIN domains ON domains.id = json_each.value",
        "SELECT * FROM organizations",
        "SELECT * FROM (SELECT id FROM domains WHERE id > ? LIMIT 5) AS few JOIN jobs ON jobs.id = few.id",
        "SELECT * FROM domains WHERE id = 1 OR id IN (SELECT value FROM json_each(?1))",
    ],
)
def test_a_statement_that_reads_what_it_was_given_and_looks_up_the_rest_is_none(plans: Plans, sql: str) -> None:
    assert plans.faults(sql) == []


def test_the_check_names_the_line_and_the_statement_and_judges_each_statement_once(plans: Plans) -> None:
    plans.note("SELECT * FROM domains")
    with pytest.raises(AssertionError, match=r"SCAN (TABLE )?domains in: SELECT \* FROM domains"):
        plans.check()
    plans.check()
