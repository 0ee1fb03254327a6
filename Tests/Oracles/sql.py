"""Holds what Tapedeck read of statements against pglast (PostgreSQL's own grammar) and sqlglot.

Reads JSON lines: dialect, sql, normalized, targets. Writes a JSON line for each statement on which an oracle that understands it
differs, and at the end one with the number of statements that each understood.
"""
import json
import logging
import sys

import pglast
import pglast.visitors
import sqlglot
from sqlglot import exp
from sqlglot.tokens import TokenType

logging.disable(logging.CRITICAL)
NAMES = {"postgreSQL": "postgres", "mySQL": "mysql", "transactSQL": "tsql", "standard": "oracle"}
LITERALS = {t for t in TokenType if "STRING" in t.name and t.name != "STRING_ESCAPE"} | {TokenType.NUMBER}
MARKS = set("ZQJ79")


def plain(name):
    return "".join(c for c in name if c not in '"`[]').lower()


def values(texts):
    """Of the texts of literals the marks that stand nowhere else in a made statement."""
    return [t for t in texts if set(t) & MARKS]


def by_pglast(sql):
    raw = sql.encode()
    tokens = [raw[t.start:t.end + 1].decode() for t in pglast.parser.scan(sql) if t.name.endswith("CONST")]
    relations = pglast.visitors.referenced_relations(sql)
    return tokens, sorted(plain(r) for r in relations)


def by_sqlglot(sql, dialect):
    tokens = [t.text for t in sqlglot.tokenize(sql, dialect=dialect) if t.token_type in LITERALS]
    names = set()
    for tree in sqlglot.parse(sql, dialect=dialect):
        if tree is None or isinstance(tree, exp.Command):
            raise ValueError("no tree")
        common = {c.alias_or_name.lower() for c in tree.find_all(exp.CTE)}
        for table in tree.find_all(exp.Table):
            if not isinstance(table.this, exp.Identifier):
                continue
            name = ".".join(p.name for p in table.parts)
            if name.lower() not in common:
                names.add(plain(name))
    return tokens, sorted(names)


counts = {"pglast": 0, "sqlglot": 0}
for line in sys.stdin:
    one = json.loads(line)
    oracles = [("sqlglot", lambda: by_sqlglot(one["sql"], NAMES[one["dialect"]]))]
    if one["dialect"] == "postgreSQL":
        oracles.append(("pglast", lambda: by_pglast(one["sql"])))
    for name, oracle in oracles:
        try:
            literals, tables = oracle()
        except Exception:
            continue
        counts[name] += 1
        left = [v for v in values(literals) if v in one["normalized"]] if one["isMade"] else []
        seen = sorted({plain(t) for t in one["targets"]})
        if left or (one["comparesTables"] and tables != seen):
            print(json.dumps({"oracle": name, "sql": one["sql"], "left": left, "tables": tables, "targets": seen}))
print(json.dumps({"counts": counts}))
