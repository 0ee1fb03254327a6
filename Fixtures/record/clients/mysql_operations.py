"""What can be asked of MariaDB, by two drivers: python mysql_operations.py SCENARIO"""
import os
import struct

import mysql.connector
import pymysql
from mysql.connector.cursor import MySQLCursorPrepared
from pymysql.constants import CLIENT, COMMAND

from scenario import run

LOGIN = {"host": "127.0.0.1", "user": "shop", "password": "secret", "database": "shop"}


def failing(ask, *errors):
    try:
        ask()
    except errors or (pymysql.err.MySQLError, mysql.connector.Error):
        return
    raise AssertionError("no error")


def text():
    """Several statements in a text, procedures, a file, errors in the middle."""
    flags = CLIENT.MULTI_STATEMENTS
    with pymysql.connect(**LOGIN, ssl_disabled=True, client_flag=flags, local_infile=True, autocommit=True) as connection:
        with connection.cursor() as cursor:
            cursor.execute("create temporary table things (id int primary key, name varchar(2000), big longtext)")
            cursor.execute("insert into things values (1, 'a', null), (2, 'it''s', repeat('x', 300)); update things set name = 'b' where id > 0; select id, name from things")
            while cursor.nextset():
                cursor.fetchall()
            failing(lambda: [cursor.execute("select 1; select no_such from things; select 3"), cursor.nextset()])
            failing(lambda: cursor.execute("insert into things values (1, 'a secret', null)"))
            cursor.execute("drop procedure if exists both_of")
            cursor.execute("create procedure both_of(least int) begin select id from things where id >= least; select count(*) from things; end")
            cursor.execute("call both_of(1); select 'behind it'")
            while cursor.nextset():
                cursor.fetchall()
            cursor.callproc("both_of", (2,))
            while cursor.nextset():
                cursor.fetchall()
            # By a name without a folder: it goes over the wire.
            os.chdir(os.environ["HOME"])
            with open("things.tsv", "w") as file:
                file.write("".join(f"{n}\tfrom a file {n}\t\\N\n" for n in range(10, 400)))
            cursor.execute("load data local infile 'things.tsv' into table things")
            cursor.execute("select name, repeat(name, 40) from things where id between 10 and 40")
            cursor.execute("/* a comment */ delete from things where id = 10 -- the last one")
            cursor.execute("use shop")
            connection.select_db("information_schema")
            cursor.execute("select count(*) from schemata where schema_name in ('a', 'b', 'c')")
            connection.select_db("shop")
            connection.ping()
            cursor.execute("drop procedure both_of")
            cursor.execute("do sleep(0.01)")


def prepared():
    """The binary protocol: many executions, no rows, rows, errors, a second statement, long data, a cursor."""
    connection = mysql.connector.connect(**LOGIN, ssl_disabled=True, use_pure=True)
    cursor = connection.cursor(prepared=True)
    for least in (1, 2, 3, 99):
        cursor.execute("select id, name, price from items where id >= %s and name <> 'no one'", (least,))
        cursor.fetchall()
    insert = connection.cursor(prepared=True)
    insert.execute("insert into items (name, price) values (%s, %s)", ("Löwe", 3.25))
    insert.execute("insert into items (name, price) values (%s, %s)", (b"blob", None))
    connection.rollback()
    failing(lambda: connection.cursor(prepared=True).execute("select no_such from items where id = %s", (1,)))
    cursor.close()
    insert.close()
    connection.cmd_reset_connection()
    connection.close()
    with pymysql.connect(**LOGIN, ssl_disabled=True) as raw:
        number = prepare(raw, "select seq, repeat('y', 20) from seq_1_to_100 where seq > ?")
        # With a cursor for reading; one LONGLONG.
        raw._execute_command(COMMAND.COM_STMT_EXECUTE, struct.pack("<IBIBBHq", number, 1, 1, 0, 1, 8, 40))
        definitions(raw)
        for _ in range(3):
            raw._execute_command(COMMAND.COM_STMT_FETCH, struct.pack("<II", number, 25))
            while not raw._read_packet().is_eof_packet():
                pass
        raw._execute_command(COMMAND.COM_STMT_RESET, struct.pack("<I", number))
        raw._read_packet()
        raw._execute_command(COMMAND.COM_STMT_CLOSE, struct.pack("<I", number))
        # MariaDB: what was prepared last, before its number is known.
        other = "update items set price = price where id = ?"
        raw._execute_command(COMMAND.COM_STMT_PREPARE, other)
        raw._next_seq_id = 0
        raw.write_packet(b"\x17" + struct.pack("<IBIBBHq", 0xFFFFFFFF, 0, 1, 0, 1, 8, 1))
        raw._next_seq_id = 1
        number = struct.unpack_from("<I", raw._read_packet().get_all_data(), 1)[0]
        raw._read_packet()
        assert raw._read_packet().is_eof_packet()
        raw._next_seq_id = 1
        assert raw._read_packet().is_ok_packet()


def prepare(connection, statement):
    connection._execute_command(COMMAND.COM_STMT_PREPARE, statement)
    number, columns, parameters = struct.unpack_from("<IHH", connection._read_packet().get_all_data(), 1)
    for count in (parameters, columns):
        for _ in range(count):
            connection._read_packet()
        if count:
            assert connection._read_packet().is_eof_packet()
    return number


def definitions(connection):
    for _ in range(connection._read_packet().read_length_encoded_integer()):
        connection._read_packet()
    assert connection._read_packet().is_eof_packet()


def compressed():
    """Both sides compress; results larger and smaller than is worth it."""
    connection = mysql.connector.connect(**LOGIN, ssl_disabled=True, use_pure=True, compress=True)
    cursor = connection.cursor()
    cursor.execute("select id, name from items where name = 'cup'")
    cursor.fetchall()
    cursor.execute("select seq, repeat('x', 500) from seq_1_to_300")
    cursor.fetchall()
    failing(lambda: cursor.execute("select * from no_such_table where a = 'secret'"))
    cursor.execute("update items set price = 7 where name = 'cup'")
    connection.commit()
    connection.close()


def all():
    text()
    prepared()
    compressed()


run(globals())
