"""Addresses of invoices."""

from django.urls import path

from invoices.views import acts, bulks, documents, due_dates, editor, exports, lists, record

app_name = "invoices"

urlpatterns = [
    path("", lists.list_, name="list"),
    path("totals/", lists.totals, name="totals"),
    path("views/", lists.save_view, name="save_view"),
    path("views/<int:pk>/delete/", lists.delete_view, name="delete_view"),
    path("export.csv", exports.export, {"kind": "csv"}, name="export"),
    path("export.xlsx", exports.export, {"kind": "xlsx"}, name="export_xlsx"),
    path("bulk/", bulks.dry_run, name="bulk"),
    path("bulk/start/", bulks.start, name="bulk_start"),
    path("bulk/<int:pk>/retry/", bulks.retry, name="retry"),
    path("new/", editor.new, name="new"),
    path("autosave/", editor.autosave, name="autosave"),
    path("pick/", editor.pick, name="pick"),
    path("acknowledge/", editor.acknowledge, name="acknowledge"),
    path("<int:pk>/", record.detail, name="detail"),
    path("<int:pk>/edit/", editor.edit, name="edit"),
    path("<int:pk>/submit/", acts.submit, name="submit"),
    path("<int:pk>/withdraw/", acts.withdraw, name="withdraw"),
    path("<int:pk>/approve/", acts.approve, name="approve"),
    path("<int:pk>/reject/", acts.reject, name="reject"),
    path("<int:pk>/issue/", acts.issue, name="issue"),
    path("<int:pk>/send/", acts.send, name="send"),
    path("<int:pk>/copy/", acts.copy, name="copy"),
    path("<int:pk>/convert/", acts.convert, name="convert"),
    path("<int:pk>/final/", acts.final, name="final"),
    path("<int:pk>/deposits/", acts.deposits, name="deposits"),
    path("<int:pk>/rebill/", acts.rebill, name="rebill"),
    path("<int:pk>/credit/", acts.credit, name="credit"),
    path("<int:pk>/hold/", acts.hold, name="hold"),
    path("<int:pk>/due-date/", due_dates.ask, name="move_due_date"),
    path("due-dates/<int:pk>/", due_dates.detail, name="due_date"),
    path("due-dates/<int:pk>/approve/", due_dates.approve, name="due_date_approve"),
    path("due-dates/<int:pk>/reject/", due_dates.reject, name="due_date_reject"),
    path("<int:pk>/release/<int:hold_pk>/", acts.release, name="release"),
    path("<int:pk>/annotate/", acts.annotate, name="annotate"),
    path("<int:pk>/discard/", acts.discard, name="discard"),
    path("<int:pk>/pdf/", documents.pdf, name="pdf"),
    path("<int:pk>/paper/", documents.paper, name="paper"),
    path("<int:pk>/mail/", documents.mail, name="mail"),
]
