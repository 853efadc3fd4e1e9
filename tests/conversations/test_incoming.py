"""Mails from outside are read into harmless text, named files and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.files import FILE_BYTES, refusal_of
from conversations.incoming import MAIL_BYTES, UnreadableMail, read_mail, text_of_html


def raw(body="Hello", *, content_type="text/plain; charset=utf-8", **headers):
    names = {"From": "Orla Byrne <orla@customer.example>", "To": "billing@northwind.example"}
    names |= {"Subject": "Question", "Message-ID": "<a1@customer.example>", "Content-Type": content_type}
    names |= {key.replace("_", "-"): value for key, value in headers.items()}
    head = "".join(f"{name}: {value}\n" for name, value in names.items() if value is not None)
    return (head + "\n").encode() + (body if isinstance(body, bytes) else body.encode())


def with_file(name, kind, data):
    import base64

    return raw(
        "--b\nContent-Type: text/plain\n\nSee attached\n"
        f'--b\nContent-Type: {kind}\nContent-Disposition: attachment; filename="{name}"\n'
        f"Content-Transfer-Encoding: base64\n\n{base64.b64encode(data).decode()}\n--b--\n",
        content_type='multipart/mixed; boundary="b"',
    )


def test_a_plain_mail_is_read():
    mail = read_mail(raw("Why 120?\r\nThanks", In_Reply_To="<x@us> and <y@us>", References="<z@us> <x@us>"))

    assert mail.message_id == "<a1@customer.example>"
    assert (mail.sender, mail.subject, mail.body) == ("orla@customer.example", "Question", "Why 120?\nThanks")
    assert mail.answers == ("<x@us>", "<y@us>", "<z@us>")
    assert mail.recipients == ("billing@northwind.example",)
    assert not mail.is_automatic
    assert not mail.faults


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Auto-Submitted", "auto-replied; owner-email=x"),
        ("Auto-Submitted", "auto-generated"),
        ("Precedence", "bulk"),
        ("X-Autoreply", "yes"),
        ("X-Auto-Response-Suppress", "All"),
        ("Return-Path", "<>"),
        ("List-Id", "<news.example>"),
        ("From", "MAILER-DAEMON@mx.example"),
    ],
)
def test_what_a_machine_wrote_is_known(header, value):
    assert read_mail(raw(**{header: value})).is_automatic


def test_auto_submitted_no_is_a_person():
    assert not read_mail(raw(Auto_Submitted="no")).is_automatic


def test_html_becomes_text_without_anything_active():
    html = (
        "<html><head><title>x</title><style>p{}</style></head><body onload=evil()><p>Dear&nbsp;team,</p>"
        "<script>alert(1)</script><p>we paid <b>120</b> &lt;today&gt;.<br>Bye</p><img src=http://t/x.gif>"
        "<svg><text>no</text></svg><ul><li>one<li>two</ul></body></html>"
    )

    mail = read_mail(raw(html, content_type="text/html; charset=utf-8"))

    assert mail.body == "Dear team,\n\nwe paid 120 <today>.\nBye\n\n- one\n- two"


def test_plain_text_wins_over_its_html_twin():
    body = "--b\nContent-Type: text/html\n\n<p>html</p>\n--b\nContent-Type: text/plain\n\nplain\n--b--\n"

    assert read_mail(raw(body, content_type='multipart/alternative; boundary="b"')).body == "plain"


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        ("iso-8859-1", "Grüße".encode("latin-1"), "Grüße"),
        ("windows-1252", "“99 €”".encode("cp1252"), "“99 €”"),
        ("utf-8", "Grüße".encode("latin-1"), "Gr\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}e"),
        ("x-unknown", "Grüße".encode("latin-1"), "Grüße"),
        ("utf-8", b"a\x00b\x07c\xe2\x80\xaed", "abcd"),
    ],
)
def test_charsets_are_read_or_replaced(charset, data, text):
    mail = read_mail(raw(data, content_type=f"text/plain; charset={charset}"))

    assert mail.body == text
    assert bool(mail.faults) == (charset == "x-unknown" or "\N{REPLACEMENT CHARACTER}" in text)


def test_headers_lose_line_breaks_and_direction_marks():
    folded = "=?utf-8?q?Bill=0D=0ABcc:_evil@x.example=E2=80=AE?="

    mail = read_mail(raw(Subject=folded))

    assert mail.subject == "Bill Bcc: evil@x.example"


@pytest.mark.parametrize("sender", [None, "", "nobody", "<>", "a b@c", "x@" + "y" * 300])
def test_a_mail_without_a_sender_is_unreadable(sender):
    with pytest.raises(UnreadableMail):
        read_mail(raw(From=sender))


def test_a_mail_without_an_id_gets_one_from_its_bytes():
    one, same, other = (read_mail(raw(body, Message_ID=None)) for body in ("a", "a", "b"))

    assert one.message_id == same.message_id != other.message_id


def test_a_mail_beyond_the_largest_size_is_unreadable():
    with pytest.raises(UnreadableMail, match="bytes"):
        read_mail(raw() + b"x" * MAIL_BYTES)


def test_a_file_is_kept_with_its_hash():
    [file] = read_mail(with_file("order.pdf", "application/pdf", b"%PDF-1.7 x")).files

    assert (file.filename, file.media_type, file.data) == ("order.pdf", "application/pdf", b"%PDF-1.7 x")
    assert len(file.sha256) == 64


@pytest.mark.parametrize(
    ("name", "kind", "data", "why"),
    [
        ("x.html", "text/html", b"<script>", "kind"),
        ("x.svg", "image/svg+xml", b"<svg>", "kind"),
        ("x.exe", "application/pdf", b"MZ", "kind"),
        ("x.pdf", "application/pdf", b"MZ not a pdf", "content"),
        ("x.png", "image/png", b"<script>", "content"),
        ("x.csv", "text/csv", b"a\x00b", "content"),
        ("x.pdf", "application/pdf", b"", "empty"),
    ],
)
def test_files_that_are_not_what_they_say_are_refused_with_the_reason(name, kind, data, why):
    mail = read_mail(with_file(name, kind, data))

    assert not mail.files
    assert why in mail.faults[0]
    assert mail.body == "See attached"


def test_a_file_name_is_no_path():
    [file] = read_mail(with_file(r"..\\..\\etc/pass.pdf", "application/pdf", b"%PDF-1")).files

    assert file.filename == "pass.pdf"


def test_a_file_beyond_the_largest_size_is_refused():
    assert "larger" in refusal_of("a.pdf", "application/pdf", b"%PDF-" + b"x" * FILE_BYTES)


def test_a_delivery_report_names_the_mail_that_came_back():
    body = (
        "--b\nContent-Type: text/plain\n\nSorry\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
        "Final-Recipient: rfc822; ap@customer.example\nAction: failed\nStatus: 5.1.1\n"
        "Diagnostic-Code: smtp; 550 no such user\n\n"
        "--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <ours@northwind.example>\nSubject: Invoice\n"
        "--b--\n"
    )

    mail = read_mail(raw(body, content_type='multipart/report; report-type=delivery-status; boundary="b"'))

    [bounce] = mail.bounces
    assert (bounce.mail_id, bounce.recipient, bounce.permanent) == (
        "<ours@northwind.example>",
        "ap@customer.example",
        True,
    )
    assert "550 no such user" in bounce.reason


@given(st.binary(max_size=600))
def test_no_bytes_raise_anything_but_unreadable(data):
    try:
        read_mail(raw() + data)
        read_mail(data)
    except UnreadableMail:
        pass


@given(st.text(max_size=300))
def test_text_of_html_never_keeps_a_script(text):
    assert "alert(1)" not in text_of_html(
        f"{text.replace('<', '').replace('&', '')}<script>alert(1)</script>"
    )
