"""Clients of the TLS fixtures: Python's ssl writes the sessions' secrets where SSLKEYLOGFILE says."""

import http.client
import ssl
import sys


def context() -> ssl.SSLContext:
    made = ssl.create_default_context()
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


def https() -> None:
    connection = http.client.HTTPSConnection("shop.test", 8443, context=context())
    for path in ("/python/1", "/python/2"):
        connection.request("GET", path)
        print(connection.getresponse().read())
    connection.close()


def postgres() -> None:
    import pg8000.dbapi

    connection = pg8000.dbapi.connect(
        user="shop", host="shop.test", database="shop", ssl_context=context()
    )
    cursor = connection.cursor()
    cursor.execute("select id, name from items where id < %s order by id", (4,))
    print(cursor.fetchall())
    connection.rollback()
    connection.close()


{"https": https, "postgres": postgres}[sys.argv[1]]()
