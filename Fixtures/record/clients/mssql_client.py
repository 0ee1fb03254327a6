"""python-tds against the minimal peer: python mssql_client.py SCENARIO [ARGUMENT]"""
import socket
import ssl

import pytds

from scenario import halfway, run


def connect(port="1433", **options):
    return pytds.connect("127.0.0.1", "shop", "sa", "secret", port=int(port), autocommit=True, **options)


def queries(port="1433"):
    with connect(port) as connection, connection.cursor() as cursor:
        cursor.execute("select id, name from items")
        cursor.fetchall()
        cursor.execute("select id, name from items -- every one of them")
        cursor.fetchall()
        cursor.execute("select id, name from items where id = %s and name <> %s", (1, "Löwe"))
        cursor.fetchall()
        cursor.execute("update items set price = 1 where id = 1")
        try:
            cursor.execute("select nosuch")
        except pytds.Error:
            pass
    with pytds.connect("127.0.0.1", "shop", "sa", "secret", port=int(port), autocommit=False) as connection:
        connection.cursor().execute("insert into items values (9, 'in a transaction')")
        connection.commit()


def encrypted(certificate, **options):
    with connect(cafile=certificate, validate_host=False, **options) as connection, connection.cursor() as cursor:
        cursor.execute("select id, name from items")
        cursor.fetchall()
        cursor.execute("select id, name from items where id = %s", (1,))
        cursor.fetchall()


def login_encrypted(certificate):
    encrypted(certificate, enc_login_only=True)


def strict(certificate):
    """python-tds knows no TDS 8.0: it speaks 7.4 within the TLS of 8.0."""
    context = ssl.create_default_context(cafile=certificate)
    context.set_alpn_protocols(["tds/8.0"])
    with socket.create_connection(("127.0.0.1", 1433)) as plain:
        with context.wrap_socket(plain, server_hostname="shop.test") as tls:
            with connect(sock=tls) as connection, connection.cursor() as cursor:
                cursor.execute("select id, name from items")
                cursor.fetchall()


def late(port="1433"):
    with connect(port) as connection, connection.cursor() as cursor:
        cursor.execute("select 1")
        halfway()
        cursor.execute("select id, name from items")
        cursor.fetchall()
        cursor.execute("select id, name from items where id = %s", (1,))
        cursor.fetchall()
        try:
            cursor.execute("select nosuch")
        except pytds.Error:
            pass


run(globals())
