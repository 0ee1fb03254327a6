"""All that asks PostgreSQL for something, by psycopg, asyncpg and pg8000: python postgres_operations.py all"""
import asyncio

import asyncpg
import pg8000.native
import psycopg

from scenario import run

DSN = "host=shop.test user=shop dbname=shop sslmode=disable"


def failing(action):
    try:
        action()
    except psycopg.Error as problem:
        print(problem.sqlstate)


def simple():
    """Queries with several statements, one of which fails; a transaction; text in every syntax."""
    with psycopg.connect(DSN, autocommit=True) as connection:
        connection.execute("select 1; select name from items where id in (1, 2, 3); select 'it''s'")
        failing(lambda: connection.execute("select 2; select no_such from items; select 3"))
        connection.execute("create temp table things (id int primary key, name text)")
        connection.execute("insert into things values (1, 'a'), (2, E'b\\n'), (3, $$c$$); update things set name = 'x' where id > 1")
        failing(lambda: connection.execute("insert into things values (1, 'secret')"))
        connection.execute("begin; delete from things where id = 3; rollback")
        connection.execute("with gone as (delete from things where id = 2 returning *) select * from gone")
        connection.execute("prepare pick (int) as select * from things where id = $1")
        connection.execute("execute pick(1); deallocate pick")
        connection.execute("do $$ begin perform 1; end $$")
        connection.execute(";")


def extended():
    """Prepared statements, a pipeline with an error in it, cursors, and copies in both directions."""
    with psycopg.connect(DSN, autocommit=True) as connection:
        for number in range(7):  # from the sixth on it is prepared by name
            connection.execute("select price from items where id = %s and name <> 'q'", (number,)).fetchall()
        connection.execute("select * from items where id = any(%s)", ([1, 2],), prepare=True).fetchall()

        def pipeline():
            with connection.pipeline():
                connection.execute("select %s::int", (1,))
                connection.execute("select %s::int / 0", (2,))
                connection.execute("select %s::int", (3,))

        failing(pipeline)
        connection.execute("select %s::text", ("after",))
        with connection.transaction():
            with connection.cursor(name="big") as cursor:
                cursor.itersize = 2
                cursor.execute("select * from items order by id limit 5")
                cursor.fetchall()
        with connection.cursor() as cursor:
            with cursor.copy("copy (select * from items where id < %s) to stdout", (4,)) as copy:
                list(copy.rows())
            with cursor.copy("copy items from stdin") as copy:
                copy.write_row((900, "copied", 1))
                copy.write_row((901, "copied", 2))
        connection.execute("delete from items where id >= 900")
        failing(lambda: connection.execute("select %s from nowhere", (1,)))


async def asynchronous():
    """asyncpg prepares by itself, and fetches from portals in parts."""
    connection = await asyncpg.connect(host="shop.test", user="shop", database="shop", ssl=False)
    for number in range(3):
        await connection.fetch("select * from items where id = $1", number)
    async with connection.transaction():
        cursor = await connection.cursor("select id from items order by id limit 6")
        while await cursor.fetch(2):
            pass
    await connection.executemany("update items set price = price where id = $1", [(1,), (2,), (3,)])
    try:
        await connection.fetch("select $1::int / 0", 5)
    except asyncpg.PostgresError as problem:
        print(problem.sqlstate)
    await connection.close()


def native():
    connection = pg8000.native.Connection("shop", host="shop.test", database="shop", ssl_context=False)
    connection.run("select id, name from items where id = :id", id=3)
    connection.run("insert into items values (:id, 'native', 0)", id=800)
    connection.run("delete from items where id = :id", id=800)
    connection.close()


def all():
    simple()
    extended()
    asyncio.run(asynchronous())
    native()


run(globals())
