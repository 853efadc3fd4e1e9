"""A mail server's report that a mail of ours did not arrive."""


def bounce_of(delivery, *, status="5.1.1"):
    return (
        "From: MAILER-DAEMON@mx.example\nTo: billing@northwind.example\nSubject: Undelivered\n"
        "Return-Path: <>\nMessage-ID: <report@mx.example>\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nSorry\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
        f"Final-Recipient: rfc822; {delivery.email}\nAction: failed\nStatus: {status}\n"
        "Diagnostic-Code: smtp; 550 no such user\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {delivery.mail_id}\n--b--\n"
    ).encode()
