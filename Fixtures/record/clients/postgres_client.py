"""psycopg against PostgreSQL: python postgres_client.py SCENARIO [PORT]"""
import threading

import psycopg

from scenario import halfway, run


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
