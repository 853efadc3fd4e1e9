"""A mail that came in, read into plain text and named files. Nothing active in it survives, no I/O.

Every byte here is the sender's: headers lose control characters, wrong charsets are read with replacement
marks, HTML becomes text, files must be what their name says. A mail that cannot be read at all is
`UnreadableMail`, with the reason.
"""

from __future__ import annotations

import email
import email.header
import email.policy
import hashlib
import re
from dataclasses import dataclass, field
from email.errors import MessageError
from email.message import Message
from email.utils import getaddresses, parseaddr
from html.parser import HTMLParser

from conversations.files import File, refusal_of
from conversations.rules import BODY_LENGTH
from core.errors import Invalid

MAIL_BYTES = 25 * 1024 * 1024
FILES = 20
_HEADER_LENGTH = 250
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_CONTROL_IN_BODY = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,248}>")
_STATUS = re.compile(r"^\s*([245])\.\d{1,3}\.\d{1,3}")
_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})
_DAEMONS = ("mailer-daemon", "postmaster", "no-reply", "noreply", "donotreply")


class UnreadableMail(Invalid):
    """These bytes are no mail, or one too large to take."""


@dataclass(frozen=True)
class Bounce:
    """A report that a mail of ours did not arrive: its Message-ID, to whom, why, and whether for good."""

    mail_id: str
    recipient: str
    reason: str
    permanent: bool


@dataclass(frozen=True)
class IncomingMail:
    """One mail, safe to store and show. `faults` tell the reader what was changed or left out."""

    message_id: str
    sender: str
    sender_name: str
    recipients: tuple[str, ...]
    subject: str
    body: str
    answers: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    faults: tuple[str, ...] = ()
    is_automatic: bool = False
    bounces: tuple[Bounce, ...] = ()


def read_mail(raw: bytes) -> IncomingMail:
    """The mail in these bytes. Never raises anything but UnreadableMail."""
    if len(raw) > MAIL_BYTES:
        raise UnreadableMail(
            f"The mail has {len(raw):,} bytes; {MAIL_BYTES:,} are the most.", rule="a_mail_has_a_largest_size"
        )
    try:
        mail = email.message_from_bytes(raw, policy=email.policy.compat32)
        return _read(mail, raw)
    except UnreadableMail:
        raise
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as fault:
        raise UnreadableMail(
            f"The mail cannot be read: {type(fault).__name__}.", rule="a_mail_is_well_formed"
        ) from fault


def _read(mail: Message, raw: bytes) -> IncomingMail:
    name, sender = parseaddr(_header(mail, "From", 2_000))
    if not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+", sender) or len(sender) > 254:
        raise UnreadableMail("The mail names no sender.", rule="a_mail_has_a_sender")
    parts = _Parts()
    for part in mail.walk():
        parts.take(part)
    body, faults = parts.body()
    return IncomingMail(
        message_id=_own_id(mail, raw),
        sender=sender.lower(),
        sender_name=name[:120],
        recipients=_recipients(mail),
        subject=_header(mail, "Subject"),
        body=body,
        answers=_answers(mail),
        files=tuple(parts.files),
        faults=tuple(faults),
        is_automatic=_is_automatic(mail, sender),
        bounces=_bounces(mail),
    )


# ------------------------------------------------------------------------------------------------ headers
def _header(mail: Message, name: str, length: int = _HEADER_LENGTH) -> str:
    """The header's text on one line, without anything that would break a header of ours."""
    value = mail.get(name)
    if value is None:
        return ""
    try:
        text = str(email.header.make_header(email.header.decode_header(value)))
    except (LookupError, ValueError, UnicodeError, MessageError):
        text = str(value)
    text = text.encode("utf-8", "replace").decode("utf-8")
    return " ".join(_CONTROL.sub(" ", text).split())[:length]


def _own_id(mail: Message, raw: bytes) -> str:
    """Its Message-ID; one made from its bytes where it has none, so that it is still taken once."""
    found = _MESSAGE_ID.search(_header(mail, "Message-ID"))
    return found.group() if found else f"<{hashlib.sha256(raw).hexdigest()}@no-id.invalid>"


def _answers(mail: Message) -> tuple[str, ...]:
    """The Message-IDs it answers, the nearest first."""
    nearest = _MESSAGE_ID.findall(_header(mail, "In-Reply-To"))
    others = _MESSAGE_ID.findall(_header(mail, "References", 8_000))
    return tuple(dict.fromkeys([*nearest, *reversed(others)]))[:30]


def _recipients(mail: Message) -> tuple[str, ...]:
    texts = [_header(mail, name, 4_000) for name in ("Delivered-To", "X-Original-To", "To", "Cc")]
    # One header at a time: newer versions of Python drop all of them when one is empty or cannot be read.
    found = [one for text in texts if text for one in getaddresses([text])]
    return tuple(dict.fromkeys(address.lower() for _, address in found if "@" in address))[:50]


def _is_automatic(mail: Message, sender: str) -> bool:
    """Whether a machine wrote it (RFC 3834 and what is used beside it): nobody waits for an answer."""
    submitted = _header(mail, "Auto-Submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return True
    if _header(mail, "Precedence").lower() in _BULK or mail.get("List-Id") or mail.get("X-Autoreply"):
        return True
    if mail.get("X-Auto-Response-Suppress") or _header(mail, "Return-Path") == "<>":
        return True
    return sender.partition("@")[0].lower() in _DAEMONS


def _bounces(mail: Message) -> tuple[Bounce, ...]:
    """What a delivery status report says (RFC 3464); () for every other mail."""
    if mail.get_content_type() != "multipart/report" or mail.get_param("report-type") != "delivery-status":
        return ()
    parts = list(mail.walk())
    mail_id = next((found for part in parts if (found := _returned_id(part))), "")
    groups = [
        group
        for part in parts
        if part.get_content_type() == "message/delivery-status" and isinstance(part.get_payload(), list)
        for group in part.get_payload()
        if isinstance(group, Message) and group.get("Final-Recipient")
    ]
    return tuple(_bounce(group, mail_id) for group in groups if _header(group, "Action").lower() == "failed")


def _returned_id(part: Message) -> str:
    """The Message-ID of the mail that came back, from the copy or the headers in the report."""
    if part.get_content_type() == "message/rfc822" and isinstance(part.get_payload(), list):
        inner = part.get_payload(0)
    elif part.get_content_type() == "text/rfc822-headers":
        inner = email.message_from_bytes(_bytes(part), policy=email.policy.compat32)
    else:
        return ""
    found = _MESSAGE_ID.search(_header(inner, "Message-ID")) if isinstance(inner, Message) else None
    return found.group() if found else ""


def _bounce(group: Message, mail_id: str) -> Bounce:
    status = _STATUS.match(_header(group, "Status"))
    return Bounce(
        mail_id=mail_id,
        recipient=_header(group, "Final-Recipient").partition(";")[2].strip().strip("<>").lower()[:254],
        reason=(_header(group, "Diagnostic-Code") or _header(group, "Status") or "failed"),
        permanent=status is None or status.group(1) == "5",
    )


# --------------------------------------------------------------------------------------------------- parts
@dataclass
class _Parts:
    """Text and files gathered while walking through a mail."""

    plain: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def take(self, part: Message) -> None:
        if part.is_multipart():
            return
        kind = part.get_content_type()
        name = part.get_filename()
        attached = part.get_content_disposition() == "attachment" or name is not None
        if kind in {"text/plain", "text/html"} and not attached:
            (self.plain if kind == "text/plain" else self.html).append(self._text(part))
        elif attached or not kind.startswith(("text/", "message/")):
            self._file(part, name)

    def _text(self, part: Message) -> str:
        charset = part.get_content_charset() or "utf-8"
        data = _bytes(part)
        try:
            return data.decode(charset)
        except (LookupError, UnicodeDecodeError):
            self.faults.append("Some characters could not be read and were replaced.")
            return data.decode("utf-8" if charset == "utf-8" else "latin-1", "replace")

    def _file(self, part: Message, name: str | None) -> None:
        shown = _filename(name, part.get_content_type())
        data = _bytes(part)
        if len(self.files) >= FILES:
            reason = f"More than {FILES} files"
        else:
            reason = refusal_of(shown, part.get_content_type(), data)
        if reason:
            self.faults.append(f"The file “{shown}” was not kept: {reason}.")
        else:
            self.files.append(File(shown, part.get_content_type()[:80], data))

    def body(self) -> tuple[str, list[str]]:
        """The text, from the plain part where there is one, and everything to know about it."""
        text = "\n\n".join(piece for piece in self.plain if piece.strip())
        if not text:
            text = "\n\n".join(text_of_html(piece) for piece in self.html)
        text = _CONTROL_IN_BODY.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
        text = text.encode("utf-8", "replace").decode("utf-8").strip()
        if len(text) > BODY_LENGTH:
            self.faults.append(f"Only the first {BODY_LENGTH:,} characters are shown.")
            text = text[:BODY_LENGTH]
        return text, list(dict.fromkeys(self.faults))


def _bytes(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _filename(name: str | None, kind: str) -> str:
    """The last part of the name without anything a path, header or page could trip over."""
    try:
        text = str(email.header.make_header(email.header.decode_header(name or "")))
    except (LookupError, ValueError, UnicodeError, MessageError):
        text = name or ""
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = re.split(r"[\\/]", _CONTROL.sub("", text))[-1].strip(" .")
    return text[-160:] or f"file.{kind.rpartition('/')[2][:20]}"


class _Text(HTMLParser):
    """Collects what a reader of a page would see, as lines of text."""

    _HIDDEN = frozenset({"script", "style", "head", "title", "template", "noscript", "svg", "math", "object"})
    _BREAKS = frozenset({"p", "div", "tr", "table", "ul", "ol", "blockquote", "h1", "h2", "h3", "h4", "pre"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in self._HIDDEN:
            self.hidden += 1
        elif tag == "br":
            self.pieces.append("\n")
        elif tag == "li":
            self.pieces.append("\n- ")
        elif tag in self._BREAKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._HIDDEN:
            self.hidden = max(0, self.hidden - 1)
        elif tag in self._BREAKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.pieces.append(re.sub(r"\s+", " ", data))


def text_of_html(source: str) -> str:
    """The words of an HTML text, one line per block; links, pictures, scripts and styles are left out."""
    reader = _Text()
    reader.feed(source[: BODY_LENGTH * 20])
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.pieces).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
