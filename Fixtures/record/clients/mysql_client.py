"""PyMySQL against MariaDB: python mysql_client.py SCENARIO [PORT]"""
import struct

import mysql.connector
import pymysql
from pymysql.constants import COMMAND

from scenario import halfway, run
from traces import comment


def connect(port="3306"):
    return pymysql.connect(host="127.0.0.1", port=int(port), user="shop", password="secret", database="shop", ssl_disabled=True)


def driver():
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("select id, name, price from items where name like %s", ("%o%",))
        cursor.execute("insert into items (name, price) values (%s, %s)", ("Löwe", 3.25))
        connection.rollback()
        connection.ping()
        cursor.execute("select seq, repeat('x', seq % 20) from seq_1_to_400")
        cursor.fetchall()


def prepared():
    """PyMySQL only knows the text protocol, so the binary one's commands are sent by its packet layer."""
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("prepare by_text from 'select * from items where id = ?'")
        cursor.execute("set @id = 2")
        cursor.execute("execute by_text using @id")

        connection._execute_command(COMMAND.COM_STMT_PREPARE, "select id, name, price from items where id >= ?")
        answer = connection._read_packet().get_all_data()
        statement, columns, parameters = struct.unpack_from("<IHH", answer, 1)
        for count in (parameters, columns):
            read_definitions(connection, count)
        for least in (1, 3):
            # statement, no cursor, one iteration, no NULLs, types follow, one LONGLONG
            execute = struct.pack("<IBIBBHq", statement, 0, 1, 0, 1, 8, least)
            connection._execute_command(COMMAND.COM_STMT_EXECUTE, execute)
            read_definitions(connection, connection._read_packet().read_length_encoded_integer())
            while not connection._read_packet().is_eof_packet():
                pass
        connection._execute_command(COMMAND.COM_STMT_CLOSE, struct.pack("<I", statement))


def traces():
    """Of the traces that comments name: as text, several statements in one, and prepared by mysql-connector, once for two executions."""
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("select name from items where id = 1 " + comment(1))
        cursor.execute("select id from items where name = '" + comment(8).replace("'", "\\'") + "'")
        cursor.execute("select 1 # " + comment(8))
        cursor.execute("select /*! 2, */ 3 " + comment(2))
    with mysql.connector.connect(
        host="127.0.0.1", user="shop", password="secret", database="shop", ssl_disabled=True, use_pure=True
    ) as connection:
        cursor = connection.cursor(prepared=True)
        statement = "select name from items where id >= %s " + comment(3)
        for least in (1, 3):
            cursor.execute(statement, (least,))
            cursor.fetchall()
        cursor.close()


def read_definitions(connection, count):
    for _ in range(count):
        connection._read_packet()
    if count:
        assert connection._read_packet().is_eof_packet()


def late(port="3306"):
    with connect(port) as connection, connection.cursor() as cursor:
        cursor.execute("select 1")
        halfway()
        cursor.execute("select * from items")
        cursor.execute("update items set price = price where id = 1")
        connection.commit()
        try:
            cursor.execute("select * from no_such_table")
        except pymysql.err.ProgrammingError:
            pass


run(globals())
