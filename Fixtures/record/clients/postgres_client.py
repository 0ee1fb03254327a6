"""psycopg against PostgreSQL: python postgres_client.py SCENARIO [PORT]"""
import asyncio
import threading

import asyncpg

import psycopg

from scenario import halfway, run
from traces import REFUSED, comment, traceparent


def connect(port="5432"):
    return psycopg.connect(f"host=shop.test port={port} user=shop dbname=shop sslmode=disable", autocommit=True)


def driver():
    """Parameters, a pipeline, and a notification that arrives between two queries."""
    with connect() as connection:
        connection.execute("select name from items where id = %s", (3,)).fetchall()
        connection.execute("select %s::jsonb, %s::bytea", ('{"a": 1}', b"\x00\xff")).fetchall()
        with connection.pipeline():
            for number in range(4):
                connection.execute("select price * %s from items where id = %s", (number, number + 1))
        connection.execute("listen news")
        with connect() as other:
            other.execute("notify news, 'something happened'")
        list(connection.notifies(timeout=5, stop_after=1))


def traces():
    """Of the traces that comments name: simple, with parameters, prepared by psycopg and by asyncpg, and what is in literals."""
    with connect() as connection:
        connection.execute("select name from items where id = 1 " + comment(1)).fetchall()
        connection.execute("select name from items where id = %s " + comment(2).replace("%", "%%"), (2,)).fetchall()
        for _ in range(3):
            # Prepared once: the trace is that of the first time.
            connection.execute("select price from items where id = %s " + comment(3).replace("%", "%%"), (3,), prepare=True).fetchall()
        connection.execute(comment(4) + " select id from items where name = '/*'")
        connection.execute("select id from items where name = '" + comment(8).replace("'", "''") + "'")
        connection.execute('select id as "' + comment(8) + '" from items')
        connection.execute("select 1 -- " + comment(8))
        connection.execute("select 2 /* nothing */ " + comment(5) + comment(8))
        connection.execute("select 3 /*xtraceparent='" + traceparent(8) + "'*/")
        for value in REFUSED:
            connection.execute(f"select 4 /*traceparent='{value}'*/")

    async def prepared():
        connection = await asyncpg.connect("postgresql://shop@shop.test/shop?sslmode=disable")
        for _ in range(2):
            await connection.fetch("select name from items where price > $1 " + comment(6), 3)
        await connection.close()

    asyncio.run(prepared())


def cancel():
    with connect() as connection:
        threading.Timer(0.3, connection.cancel).start()  # the query has to be under way first
        try:
            connection.execute("select pg_sleep(10)")
        except psycopg.errors.QueryCanceled as problem:
            print(problem)


def late(port="5432"):
    with connect(port) as connection:
        connection.execute("select 1")
        halfway()
        connection.execute("select * from items where id < %s", (5,)).fetchall()
        connection.execute("update items set price = price + 0 where id = 1")
        try:
            connection.execute("select no_such_column from items")
        except psycopg.errors.UndefinedColumn:
            pass


run(globals())
