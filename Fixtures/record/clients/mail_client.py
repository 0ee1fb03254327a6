"""Python's own mail clients: python mail_client.py SCENARIO [PORT]"""
import imaplib
import poplib
import smtplib

from scenario import run


def smtp(port):
    with smtplib.SMTP("127.0.0.1", int(port)) as server:
        server.sendmail("anna@shop.test", ["root@shop.test"], "Subject: hello\r\n\r\nGET / HTTP/1.1 is not a request here.\r\n")


def imap():
    with imaplib.IMAP4("127.0.0.1") as server:
        server.login("anna", "secret")
        server.select("INBOX")
        server.fetch("1", "(FLAGS BODY[])")


def pop3():
    server = poplib.POP3("127.0.0.1")
    server.user("anna")
    server.pass_("secret")
    server.list()
    server.retr(1)
    server.quit()


run(globals())
