"""The stored document: rendered once, kept with its hash, found again, never silently another one."""

import hashlib
import threading

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connections

from core.errors import Invalid, Refused
from invoices import operations
from invoices.models import Document, Snapshot
from tests.world import NOW, make_world
from trail.models import Entry


def stored(document: Document) -> bytes:
    with default_storage.open(document.stored_name) as file:
        return file.read()


@pytest.mark.django_db
class TestOneWorker:
    def test_it_is_made_once_and_kept_with_its_hash(self):
        invoice = make_world().issued("100.00")
        assert invoice.documents.get().state == "pending"

        first = operations.render_document(invoice, now=NOW)
        again = operations.render_document(invoice, now=NOW)

        content = stored(first)
        assert content.startswith(b"%PDF-")
        assert hashlib.sha256(content).hexdigest() == first.sha256
        assert (first.pk, first.rendered_at, first.size) == (again.pk, again.rendered_at, len(content))
        assert Entry.objects.filter(fact="document.rendered").count() == 1

    def test_a_draft_has_none(self):
        world = make_world()
        draft = operations.write_draft(world.draft("10.00"), actor=world.clerk, now=NOW)

        with pytest.raises(Refused) as refusal:
            operations.render_document(draft, now=NOW)

        assert refusal.value.rule == "a_document_is_made_of_the_snapshot"
        assert not Document.objects.exists()

    def test_a_lost_file_comes_back_as_it_was(self):
        invoice = make_world().issued("100.00")
        before = operations.render_document(invoice, now=NOW)
        content = stored(before)
        default_storage.delete(before.stored_name)

        after = operations.render_document(invoice, now=NOW)

        assert (stored(after), after.sha256) == (content, before.sha256)
        assert Entry.objects.filter(fact="document.rendered").count() == 1

    def test_a_lost_file_does_not_come_back_as_another(self, monkeypatch):
        invoice = make_world().issued("100.00")
        before = operations.render_document(invoice, now=NOW)
        default_storage.delete(before.stored_name)
        monkeypatch.setattr(
            "invoices.operations._documents.render_with_limits", lambda *_args, **_more: b"%PDF-another"
        )

        with pytest.raises(Refused, match="would not be the same") as refusal:
            operations.render_document(invoice, now=NOW)

        assert refusal.value.mend == "Bring the file back from the backup."
        assert not default_storage.exists(before.stored_name)

    def test_a_failure_is_noted_and_mended_by_the_next_try(self, monkeypatch):
        invoice = make_world().issued("100.00")

        def fails(*_args: object, **_more: object) -> bytes:
            raise Invalid("The logo is no picture.", field="logo", rule="a_logo_is_a_picture")

        with monkeypatch.context() as patch:
            patch.setattr("invoices.operations._documents.render_with_limits", fails)
            with pytest.raises(Invalid):
                operations.render_document(invoice, now=NOW)
        failed = invoice.documents.get()
        assert (failed.state, failed.error) == ("failed", "The logo is no picture.")

        assert operations.render_document(invoice, now=NOW).state == "ready"

    def test_it_is_made_of_the_snapshot_not_of_what_changed_since(self):
        world = make_world()
        invoice = world.issued("100.00")
        operations.render_document(invoice, now=NOW)
        digest = Snapshot.objects.get(pk=invoice.pk).sha256
        world.customer.name = world.customer.legal_name = "Renamed since"
        world.customer.save(update_fields=["name", "legal_name"])
        default_storage.delete(invoice.documents.get().stored_name)

        operations.render_document(invoice, now=NOW)  # would be refused if one byte differed

        assert Snapshot.objects.get(pk=invoice.pk).sha256 == digest


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_keep_one_document():
    invoice = make_world().issued("100.00")
    ready = threading.Barrier(2)
    made: list[Document] = []
    raised: list[BaseException] = []

    def work() -> None:
        try:
            ready.wait(120)
            made.append(operations.render_document(invoice, now=NOW))
        except BaseException as error:  # noqa: BLE001 (the test looks at it)
            raised.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert raised == []
    assert {(row.pk, row.sha256) for row in made} == {(made[0].pk, made[0].sha256)}
    assert hashlib.sha256(stored(made[0])).hexdigest() == made[0].sha256
    assert Entry.objects.filter(fact="document.rendered").count() == 1


@pytest.mark.django_db
def test_a_file_already_there_under_the_same_hash_is_used():
    """Named by its hash: the same bytes of an earlier try that was cut off before its commit."""
    invoice = make_world().issued("100.00")
    first = operations.render_document(invoice, now=NOW)
    content, name = stored(first), first.stored_name
    default_storage.delete(name)
    default_storage.save(name, ContentFile(content))

    assert operations.render_document(invoice, now=NOW).stored_name == name
